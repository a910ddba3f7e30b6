/* Which point of a search is best, and what its fitness is worth. */
#include "runtime/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double coefficient(const SearchResult *r, const double *x, const double *y, size_t n) {
    return r->action->kendall ? stats_kendall_tau_b(x, y, n) : stats_spearman(x, y, n);
}

static bool all_finite(const double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* What the search maximises: the coefficient, less what the work costs where that is weighed. */
static double fitness_of(const SearchResult *r, double rho, double work) {
    if (isnan(rho))
        return SEARCH_FAILED;
    return r->action->per_second ? rho - SEARCH_PER_DOUBLING * log2(MAX(work, 1) / 1e9) : rho;
}

void search_rate(const SearchResult *r, SearchPoint *p) {
    size_t n = r->nselection;
    p->failed = 0;
    for (size_t i = 0; i < n; i++)
        p->failed += !isfinite(p->scores[i]);
    p->rho = p->failed ? NAN : coefficient(r, p->scores, r->metric, n);
    bool zero = r->has_zero && all_finite(p->zero_scores, n);
    p->rho_zero = zero ? coefficient(r, p->zero_scores, r->metric, n) : NAN;
    p->fitness = fitness_of(r, p->rho, p->work);
}

static bool is_rated(const SearchPoint *p) {
    return p->choices && !isnan(p->fitness);
}

static const double *scores_of(const SearchPoint *p, bool zero) {
    return zero ? p->zero_scores : p->scores;
}

/* The best point by the architectures of a resample. */
static const SearchPoint *best_in_bag(const SearchResult *r, bool zero, const size_t *bag,
                                      double *x, double *y) {
    const SearchPoint *best = NULL;
    double most = -INFINITY;
    for (size_t t = 0; t < r->npoints; t++) {
        const SearchPoint *p = &r->points[t];
        if (!is_rated(p) || p->failed)
            continue;
        for (size_t i = 0; i < r->nselection; i++) {
            x[i] = scores_of(p, zero)[bag[i]];
            y[i] = r->metric[bag[i]];
        }
        double rho = coefficient(r, x, y, r->nselection);
        double fitness = zero ? rho : fitness_of(r, rho, p->work);
        if (fitness > most) {
            most = fitness;
            best = p;
        }
    }
    return best;
}

typedef struct Judged {
    double coefficient, spearman;
} Judged;

/* One resample: the best point by the architectures drawn, judged by the others. NaN if nothing can be said. */
static Judged out_of_bag(const SearchResult *r, bool zero, RandomStream s, uint64_t round,
                         double *x, double *y) {
    size_t n = r->nselection, out = 0;
    bool *drawn = nasc_alloc_zero(n);
    size_t *bag = nasc_alloc(n * sizeof *bag);
    for (size_t i = 0; i < n; i++) {
        bag[i] = (size_t)random_below(s, round * n + i, n);
        drawn[bag[i]] = true;
    }
    const SearchPoint *best = best_in_bag(r, zero, bag, x, y);
    for (size_t i = 0; best && i < n; i++)
        if (!drawn[i]) {
            x[out] = scores_of(best, zero)[i];
            y[out++] = r->metric[i];
        }
    free(drawn);
    free(bag);
    if (out < 3)
        return (Judged){NAN, NAN};
    return (Judged){coefficient(r, x, y, out), stats_spearman(x, y, out)};
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { ROUNDS = 200 };

static SearchEstimate estimate(const SearchResult *r, bool zero, uint64_t seed) {
    SearchEstimate e = {NAN, {NAN, NAN}, NAN};
    RandomStream s = random_stream(seed, 0, RANDOM_BOOTSTRAP, hash128("search", 6, 0));
    double *x = nasc_alloc(2 * r->nselection * sizeof *x), rounds[ROUNDS], sum = 0, spearman = 0;
    size_t n = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        Judged j = out_of_bag(r, zero, s, round, x, x + r->nselection);
        if (isnan(j.coefficient) || isnan(j.spearman))
            continue;
        rounds[n++] = j.coefficient;
        sum += j.coefficient;
        spearman += j.spearman;
    }
    free(x);
    if (n < ROUNDS / 4)
        return e;
    qsort(rounds, n, sizeof *rounds, by_value);
    e.coefficient = sum / (double)n;
    e.interval = (StatsInterval){rounds[n / 40], rounds[n - 1 - n / 40]};
    e.spearman = spearman / (double)n;
    return e;
}

void search_choose(SearchResult *r, uint64_t seed) {
    r->best = r->best_zero = -1;
    r->estimate = r->estimate_zero = (SearchEstimate){NAN, {NAN, NAN}, NAN};
    for (size_t t = 0; t < r->npoints; t++) {
        const SearchPoint *p = &r->points[t];
        if (!is_rated(p))
            continue;
        if (!isnan(p->rho) && (r->best < 0 || p->fitness > r->points[r->best].fitness))
            r->best = (int64_t)t;
        if (!isnan(p->rho_zero) &&
            (r->best_zero < 0 || p->rho_zero > r->points[r->best_zero].rho_zero))
            r->best_zero = (int64_t)t;
    }
    if (r->best >= 0)
        r->estimate = estimate(r, false, seed);
    if (r->best_zero >= 0)
        r->estimate_zero = estimate(r, true, seed);
}
