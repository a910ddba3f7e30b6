/* Rank statistics. Definitions: Spearman's rho with average ranks, Kendall's tau-b (ties
 * corrected), percentile bootstrap over items. NaN where a coefficient is undefined (constant
 * input, n < 2). */
#ifndef NASC_RUNTIME_STATS_H
#define NASC_RUNTIME_STATS_H

#include "base/philox.h"

/* Average ranks (1-based) of x[0..n). -inf ranks lowest; x holds no NaN. */
void stats_ranks(const double *x, size_t n, double *ranks);
double stats_pearson(const double *x, const double *y, size_t n);
double stats_spearman(const double *x, const double *y, size_t n);
/* O(n log n), Knight 1966. */
double stats_kendall_tau_b(const double *x, const double *y, size_t n);
/* Spearman of x and y with the ranks of z removed from both (first-order partial correlation). */
double stats_partial_spearman(const double *x, const double *y, const double *z, size_t n);

/* What two rankings x and z weigh in the prediction of the ranks of y, from their three rank correlations: least
 * squares where each counts in the direction of its own correlation with y, or not at all. Two rankings that say much
 * the same would otherwise be set against each other by chance. The magnitudes add up to 1; x weighs 0 if z says the
 * same or the fit is undefined. */
typedef struct StatsWeights {
    double x, z;
} StatsWeights;
StatsWeights stats_rank_weights(double xy, double xz, double yz);
/* out[i] = weighted sum of the ranks of x[i] and y[i]. */
void stats_rank_sum(const double *x, double x_weight, const double *y, double y_weight, size_t n,
                    double *out);
/* Share of the `top` best by x that are among the `top` best by y; ties at the border count by
 * their share of the places left. top >= 1. */
double stats_precision_at(const double *x, const double *y, size_t n, size_t top);

typedef struct StatsInterval {
    double lo, hi;
} StatsInterval;

enum { STATS_RESAMPLES = 1000 };

/* 95 % percentile bootstrap interval of Spearman's rho over items. */
StatsInterval stats_spearman_interval(const double *x, const double *y, size_t n, uint64_t seed);
/* The same for the paired difference rho(a, y) - rho(b, y), on the same resamples. */
StatsInterval stats_difference_interval(const double *a, const double *b, const double *y, size_t n,
                                        uint64_t seed);
/* The same for stats_partial_spearman. */
StatsInterval stats_partial_interval(const double *x, const double *y, const double *z, size_t n,
                                     uint64_t seed);

typedef enum StatsVerdict { VERDICT_BETTER, VERDICT_EQUAL, VERDICT_WORSE } StatsVerdict;
/* Whether a ranks y better than b: by the sign of the paired interval, equal if it holds 0. */
StatsVerdict stats_verdict(StatsInterval difference);

double stats_mean(const double *x, size_t n);
/* Sample standard deviation (n - 1); 0 if n < 2. */
double stats_deviation(const double *x, size_t n);

#endif
