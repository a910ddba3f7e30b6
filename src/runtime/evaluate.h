/* What a ranking is worth: the proxy beside the sizes and chance, with intervals, and a sentence.
 *
 * With a table the reference is its metric and the rows are correlations with it; without one the
 * reference is the proxy's own score and the rows tell how much of the ranking size alone explains.
 */
#ifndef NASC_RUNTIME_EVALUATE_H
#define NASC_RUNTIME_EVALUATE_H

#include "runtime/columns.h"
#include "runtime/curve.h"
#include "runtime/stats.h"

typedef struct EvalRow {
    const char *name; /* the proxy's, params, macs, live_macs, counted_macs, random */
    double spearman, kendall;
    StatsInterval interval; /* of spearman */
    double precision;       /* share of the true top tenth among the row's top tenth */
    /* Of a size, beside a proxy and a metric; else NaN. */
    double partial; /* Spearman of proxy and metric with the size removed from both */
    StatsInterval partial_interval;
    double rank_sum; /* Spearman of the sum of both ranks with the metric */
} EvalRow;

/* How a ranking does beside the strongest size row; a size that correlates negatively counts turned round, since it
 * would be used so, while a proxy's direction is its own claim. */
typedef struct SizeComparison {
    StatsInterval difference; /* rho of the ranking minus |rho| of the size, paired bootstrap */
    StatsVerdict verdict;
    char sentence[400];
} SizeComparison;

enum { EVAL_MAX_ROWS = EVAL_SIZES + 2 };

typedef struct Evaluation {
    size_t
        n; /* candidates that entered: all but invalid and missing ones, and those without a metric */
    size_t unmeasured; /* those that have no metric where others do */
    size_t nrows;
    EvalRow rows[EVAL_MAX_ROWS];
    size_t nrepeats; /* per_repeat rows, where repeats > 1 */
    EvalRow *per_repeat;
    int first_size; /* the row of the first size */
    int strongest; /* row of the size that correlates most, by absolute value; -1: none is defined */
    SizeComparison against_size; /* of the proxy; without a table its sentence alone */
    double spread_repeats;  /* mean over networks of the deviation between repeats; NaN with one
                               repeat */
    double spread_networks; /* deviation between networks of the mean score */
    Curve curve;
} Evaluation;

/* Failed candidates count as the worst score. `proxy` names the first row. Fill with zero, free
 * after use. */
void evaluate(const RankResult *r, const char *proxy, uint64_t seed, Evaluation *out);
/* Compares any column over the candidates of an evaluation, whose Spearman with the metric is rho, with its strongest
 * size. */
void compare_with_size(const Columns *k, const Evaluation *e, const char *name, const double *x,
                       double rho, uint64_t seed, SizeComparison *out);
void evaluation_free(Evaluation *e);

#endif
