/* What an evaluation compares, as columns over the candidates that enter it: all but invalid and missing ones, and,
 * where there is a metric, those without one. */
#ifndef NASC_RUNTIME_COLUMNS_H
#define NASC_RUNTIME_COLUMNS_H

#include "runtime/rank.h"

enum { EVAL_SIZES = 4 };
extern const char *const eval_size_names[EVAL_SIZES]; /* params, macs, live_macs, counted_macs */

typedef struct Columns {
    size_t n;
    double *reference; /* the metric, or the score without a table */
    double *score;     /* of a failed candidate -INFINITY */
    double *sizes[EVAL_SIZES], *random;
    const Candidate **of;
} Columns;

/* Whether a candidate enters correlations. */
bool columns_count(const RankResult *r, const Candidate *c);
Columns columns_make(const RankResult *r, uint64_t seed);
void columns_free(Columns *k);

double eval_size(const Candidate *c, int which);

#endif
