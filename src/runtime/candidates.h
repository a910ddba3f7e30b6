/* Where the candidates of an action come from: points drawn from a space, rows of a table, a list.
 */
#ifndef NASC_RUNTIME_CANDIDATES_H
#define NASC_RUNTIME_CANDIDATES_H

#include "runtime/rank.h"

/* Fills result->n, candidates (set, arch, metric, and SCORE_INVALID for strings that are no point) in the order of the
 * action's sets, result->sets, metric_name, inputs. Points are drawn without repetition while the space has new ones to give. */
NascStatus candidates_gather(const RankJob *job, RankResult *result, NascError *err);

#endif
