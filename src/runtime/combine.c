#include "runtime/combine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

CombinationFit combine_fit(const double *score, double *const sizes[EVAL_SIZES],
                           const double *metric, size_t n, double rho) {
    CombinationFit fit = {.size = -1};
    double strongest = 0;
    for (int s = 0; s < EVAL_SIZES; s++) {
        double own = stats_spearman(sizes[s], metric, n);
        if (fabs(own) > fabs(strongest)) {
            fit.size = s;
            strongest = own;
        }
    }
    if (fit.size < 0)
        return fit;
    double *ranked = nasc_alloc(MAX(n, 1) * sizeof *ranked);
    for (size_t i = 0; i < n; i++)
        ranked[i] = isnan(score[i]) ? -INFINITY : score[i];
    double between = stats_spearman(ranked, sizes[fit.size], n);
    fit.weights = stats_rank_weights(rho, between, strongest);
    free(ranked);
    return fit;
}

bool combine_judge(const CombinationFit *fit, const RankResult *r, const Evaluation *e,
                   const char *proxy, uint64_t seed, Combination *out) {
    *out = (Combination){.fit = *fit};
    if (fit->size < 0 || e->strongest < 0 || !r->has_metric || r->sizes_only)
        return false;
    Columns k = columns_make(r, seed);
    double *both = nasc_alloc(MAX(k.n, 1) * sizeof *both);
    char name[160];
    snprintf(name, sizeof name, "%.100s with %s", proxy, eval_size_names[fit->size]);
    stats_rank_sum(k.score, fit->weights.x, k.sizes[fit->size], fit->weights.z, k.n, both);
    out->spearman = stats_spearman(both, k.reference, k.n);
    out->interval = stats_spearman_interval(both, k.reference, k.n, seed);
    compare_with_size(&k, e, name, both, out->spearman, seed, &out->against_size);
    free(both);
    columns_free(&k);
    return true;
}
