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
#include "runtime/combine.h"

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

/* What choosing by a selection is worth: points are chosen anew on resamples of it and judged by the architectures that
 * the resample leaves out (Efron and Tibshirani, JASA 1997). NaN if undefined. */
typedef struct SearchEstimate {
    double coefficient; /* the search's, mean over resamples */
    StatsInterval interval;
    double spearman; /* the same, whatever the search's coefficient is */
} SearchEstimate;

/* A network that the evaluation must not hold, and the selection's text of it. */
typedef struct TakenNetwork {
    Hash128 form;
    const char *arch;
} TakenNetwork;

/* A proxy on the evaluation set, alone and with a size. */
typedef struct SearchValue {
    bool scored;
    RankResult ranking;
    Evaluation value;
    bool combined; /* with an evaluation set: weights from the selection, judged here */
    Combination with_size;
} SearchValue;

typedef struct SearchResult {
    Arena arena;
    const Action *action;
    RankResult selection; /* sizes only: the set as read */
    size_t nselection;    /* networks that count */
    size_t *selected;     /* their candidates */
    double *metric;       /* of them, larger = better */
    TakenNetwork *taken;
    size_t ntaken;
    size_t npoints, finished;
    SearchPoint *points;
    int64_t best, best_zero; /* numbers of points, -1: none; the latter by rho_zero */
    bool has_zero;           /* the space has a size factor `alpha` that can be 0 */
    SearchEstimate estimate, estimate_zero; /* of the best points */
    bool evaluated; /* the three below are of the evaluation set; else of the selection set */
    SearchValue tuned, fixed, zero; /* found; the fixed proxy; the best without size factor */
    char size_note[400]; /* what the size factor of what was found does; empty if there is none */
    bool interrupted;
} SearchResult;

/* The job's action is the search. NASC_OK also when interrupted; NASC_PROGRAM_ERROR with err if the sets cannot serve (too few, constant, overlapping),
 * NASC_NOTHING_SCORED if no point ranks the selection. */
NascStatus search_run(const RankJob *job, SearchResult *out, NascError *err);
void search_free(SearchResult *r);

/* Coefficient and fitness of a point from its scores (NaN: failed). */
void search_rate(const SearchResult *r, SearchPoint *p);
/* Best points, and the estimates of what they are worth. */
void search_choose(SearchResult *r, uint64_t seed);

/* The text of a point with its size factor 0; NULL if it has none. Malloc'd. */
char *search_without_size(const Architecture *point);
/* What was found, the best without size factor and the fixed proxy on architectures that took no part. */
NascStatus search_evaluate(const RankJob *job, SearchResult *r, NascError *err);

/* The program that defines what was found, under the search's name, and evaluates it again. */
void search_program(const SearchResult *r, const char *main_path, Buf *out);
/* point fitness spearman spearman_alpha_0 failed parent choices, one point a line. */
void search_points(const SearchResult *r, Buf *out);

#endif
