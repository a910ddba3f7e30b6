/* What a ranking is worth: the proxy beside the sizes and chance, with intervals, and a sentence.
 *
 * With a table the reference is its metric and the rows are correlations with it; without one the
 * reference is the proxy's own score and the rows tell how much of the ranking size alone explains.
 */
#ifndef NASC_RUNTIME_EVALUATE_H
#define NASC_RUNTIME_EVALUATE_H

#include "runtime/rank.h"
#include "runtime/stats.h"

typedef struct EvalRow {
    const char *name; /* the proxy's, params, macs, live_macs, counted_macs, random */
    double spearman, kendall;
    StatsInterval interval; /* of spearman */
    double precision;       /* share of the true top tenth among the row's top tenth */
} EvalRow;

enum { EVAL_SIZES = 4, EVAL_MAX_ROWS = EVAL_SIZES + 2 };

typedef struct Evaluation {
    size_t n; /* candidates that entered: all but invalid and missing ones */
    size_t nrows;
    EvalRow rows[EVAL_MAX_ROWS];
    size_t nrepeats; /* per_repeat rows, where repeats > 1 */
    EvalRow *per_repeat;
    int strongest;  /* row of the size that correlates most, by absolute value; -1: none is defined
                     */
    double partial; /* proxy and metric with the strongest size removed; NaN if undefined */
    StatsInterval
        difference; /* |rho| of proxy minus |rho| of the strongest size, paired bootstrap */
    StatsVerdict verdict;
    char sentence[320];
    double spread_repeats;  /* mean over networks of the deviation between repeats; NaN with one
                               repeat */
    double spread_networks; /* deviation between networks of the mean score */
} Evaluation;

/* Failed candidates count as the worst score. `proxy` names the first row. Fill with zero, free
 * after use. */
void evaluate(const RankResult *r, const char *proxy, uint64_t seed, Evaluation *out);
void evaluation_free(Evaluation *e);

#endif
