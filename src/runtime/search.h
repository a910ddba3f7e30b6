/* Discrete proxy search: of the points of a proxy's space, the one that ranks a selection set best; then what it is
 * worth on architectures that took no part.
 *
 * Points are proposed by random search or regularised evolution (Real et al., AAAI 2019, with the parameters of
 * arXiv 2210.09459). Point t is bred from the results of points up to t - lag, and a point's fitness is a function of
 * what its trainings measure alone: a search gives the same bytes for any number of workers, and after being killed.
 */
#ifndef NASC_RUNTIME_SEARCH_H
#define NASC_RUNTIME_SEARCH_H

#include "base/buf.h"
#include "runtime/evaluate.h"

/* Fitness of a point that gives no number for some architecture, or one number for all. */
#define SEARCH_FAILED (-1.0)
/* What twice the work costs in fitness where a search is `per second`. */
#define SEARCH_PER_DOUBLING 0.02

typedef struct SearchPoint {
    const char *choices; /* text of the point */
    int64_t parent;      /* number of the point it was mutated from, -1: drawn */
    double fitness;  /* what the search maximises; SEARCH_FAILED, or NaN if it was not finished */
    double rho;      /* coefficient on the selection set; NaN if undefined */
    double rho_zero; /* the same without the size factor; NaN if the space has none */
    size_t failed;   /* architectures without a score */
    double work;     /* multiply-accumulates of its trainings on the selection set */
    double *scores, *zero_scores; /* by network of the selection */
} SearchPoint;

typedef struct SearchResult {
    Arena arena;
    const Action *action;
    RankResult selection;  /* sizes only: the set as read */
    size_t nselection;     /* networks that count */
    const char **selected; /* their texts */
    double *metric;        /* of them, larger = better */
    size_t npoints, finished;
    SearchPoint *points;
    int64_t best, best_zero; /* numbers of points, -1: none; the latter by rho_zero */
    bool has_zero;           /* the space has a size factor `alpha` that can be 0 */
    double estimate; /* out-of-bag estimate of the best point's coefficient; NaN if undefined */
    StatsInterval estimate_interval;
    bool evaluated; /* the three below are of the evaluation set; else of the selection set */
    RankResult tuned, fixed, zero;
    Evaluation tuned_value, fixed_value, zero_value;
    bool has_tuned, has_fixed, has_zero_ranking;
    bool interrupted;
} SearchResult;

/* The job's action is the search. NASC_OK also when interrupted; NASC_PROGRAM_ERROR with err if the sets cannot serve (too few, constant, overlapping),
 * NASC_NOTHING_SCORED if no point ranks the selection. */
NascStatus search_run(const RankJob *job, SearchResult *out, NascError *err);
void search_free(SearchResult *r);

/* Coefficient and fitness of a point from its scores (NaN: failed). */
void search_rate(const SearchResult *r, SearchPoint *p);
/* Best points, and the out-of-bag estimate: points are chosen anew on resamples of the selection set and judged by
 * the architectures that the resample leaves out (Efron and Tibshirani, JASA 1997). */
void search_choose(SearchResult *r, uint64_t seed);

/* The program that defines what was found, under the search's name, and evaluates it again. */
void search_program(const SearchResult *r, const char *main_path, Buf *out);
/* point fitness spearman spearman_alpha_0 failed parent choices, one point a line. */
void search_points(const SearchResult *r, Buf *out);

#endif
