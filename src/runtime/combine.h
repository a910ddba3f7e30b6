/* A proxy and a size together: what a ranking by both is worth, where the weights come from architectures that take
 * no part in the judgement.
 *
 * The combination is a weighted sum of two ranks among the networks that are judged. Ranks need no scale, and a
 * failed score is the last of them; no metric of these networks enters.
 */
#ifndef NASC_RUNTIME_COMBINE_H
#define NASC_RUNTIME_COMBINE_H

#include "runtime/evaluate.h"

typedef struct CombinationFit {
    int size; /* of eval_size_names: the one that correlates most with the metric; -1: none does */
    StatsWeights weights; /* x: proxy, z: size */
} CombinationFit;

/* Least squares on ranks over n architectures: `score` NaN where it failed. `rho` is what the proxy's correlation
 * with the metric counts as: of a proxy that was chosen by these metrics its own is optimistic. */
CombinationFit combine_fit(const double *score, double *const sizes[EVAL_SIZES],
                           const double *metric, size_t n, double rho);

typedef struct Combination {
    CombinationFit fit;
    double spearman;
    StatsInterval interval;
    SizeComparison against_size; /* with the strongest size row of the evaluation */
} Combination;

/* The combination on the architectures of an evaluation, whose sizes it is compared with. False if there is nothing to
 * say: no size fitted or no metric. */
bool combine_judge(const CombinationFit *fit, const RankResult *r, const Evaluation *e,
                   const char *proxy, uint64_t seed, Combination *out);

#endif
