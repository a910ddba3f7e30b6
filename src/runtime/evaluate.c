#include "runtime/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Columns {
    size_t n;
    double *reference; /* the metric, or the score without a table */
    double *score, *sizes[EVAL_SIZES], *random;
    const Candidate **of;
} Columns;

static const char *const size_names[EVAL_SIZES] = {"params", "macs", "live_macs", "counted_macs"};

static double size_of(const Candidate *c, int which) {
    int64_t sizes[EVAL_SIZES] = {c->sizes.params, c->sizes.macs, c->sizes.live_macs,
                                 c->sizes.counted_macs};
    return (double)sizes[which];
}

static Columns columns_make(const RankResult *r, uint64_t seed) {
    Columns k = {0};
    double *block = nasc_alloc(MAX(r->n, 1) * (EVAL_SIZES + 3) * sizeof *block);
    k.reference = block;
    k.score = block + r->n;
    k.random = block + 2 * r->n;
    for (int s = 0; s < EVAL_SIZES; s++)
        k.sizes[s] = block + (size_t)(3 + s) * r->n;
    k.of = nasc_alloc(MAX(r->n, 1) * sizeof *k.of);
    for (size_t i = 0; i < r->n; i++) {
        const Candidate *c = &r->candidates[i];
        if (c->status == SCORE_INVALID || c->status == SCORE_MISSING)
            continue;
        k.of[k.n] = c;
        k.score[k.n] = c->status == SCORE_OK ? c->score : -INFINITY;
        k.reference[k.n] = r->has_metric ? c->metric : k.score[k.n];
        /* by the name, so that a string keeps its number whatever stands beside it */
        RandomStream s =
            random_stream(seed, 0, RANDOM_BASELINE, hash128(c->arch, strlen(c->arch), 0));
        k.random[k.n] = random_uniform(s, 0);
        for (int z = 0; z < EVAL_SIZES; z++)
            k.sizes[z][k.n] = size_of(c, z);
        k.n++;
    }
    return k;
}

static void columns_free(Columns *k) {
    free(k->reference);
    free(k->of);
}

static EvalRow row_make(const char *name, const double *x, const Columns *k, uint64_t seed) {
    size_t top = MAX(k->n / 10, 1);
    return (EvalRow){.name = name,
                     .spearman = stats_spearman(x, k->reference, k->n),
                     .kendall = stats_kendall_tau_b(x, k->reference, k->n),
                     .interval = stats_spearman_interval(x, k->reference, k->n, seed),
                     .precision = stats_precision_at(x, k->reference, k->n, top)};
}

static void per_repeat_rows(const RankResult *r, const Columns *k, uint64_t seed, const char *proxy,
                            Evaluation *e) {
    if (r->sizes_only || r->repeats < 2)
        return;
    e->nrepeats = (size_t)r->repeats;
    e->per_repeat = nasc_alloc(e->nrepeats * sizeof *e->per_repeat);
    double *x = nasc_alloc(MAX(k->n, 1) * sizeof *x);
    for (size_t rep = 0; rep < e->nrepeats; rep++) {
        for (size_t i = 0; i < k->n; i++) {
            double s = k->of[i]->repeat_scores[rep];
            x[i] = isnan(s) ? -INFINITY : s;
        }
        e->per_repeat[rep] = row_make(proxy, x, k, seed);
    }
    free(x);
}

/* Spread between repeats of one network, against the spread between networks; each network counts
 * once. */
static void spreads(const RankResult *r, Evaluation *e) {
    double *means = nasc_alloc(MAX(r->networks, 1) * sizeof *means), within = 0;
    bool *seen = nasc_alloc_zero(MAX(r->networks, 1) * sizeof *seen);
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const Candidate *c = &r->candidates[i];
        if (c->status != SCORE_OK || seen[c->network])
            continue;
        seen[c->network] = true;
        means[n++] = c->score;
        within += stats_deviation(c->repeat_scores, (size_t)r->repeats);
    }
    e->spread_networks = n > 1 ? stats_deviation(means, n) : NAN;
    e->spread_repeats = n && r->repeats > 1 ? within / (double)n : NAN;
    free(means);
    free(seen);
}

static double *signed_copy(const double *x, size_t n, double sign) {
    double *y = nasc_alloc(MAX(n, 1) * sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = sign * x[i];
    return y;
}

/* Compares the proxy with the strongest size. A size that correlates negatively would be used
 * turned round, and a fair comparison lets it; the proxy is not, since its direction is its own
 * claim. */
static void compare_sizes(const Columns *k, bool scored, int first_size, uint64_t seed,
                          Evaluation *e) {
    e->strongest = -1;
    for (int s = 0; s < EVAL_SIZES; s++) {
        int row = first_size + s;
        double rho = fabs(e->rows[row].spearman);
        if (!isnan(rho) && (e->strongest < 0 || rho > fabs(e->rows[e->strongest].spearman)))
            e->strongest = row;
    }
    if (e->strongest < 0 || !scored)
        return;
    const double *size = k->sizes[e->strongest - first_size];
    double *turned = signed_copy(size, k->n, e->rows[e->strongest].spearman < 0 ? -1 : 1);
    e->difference = stats_difference_interval(k->score, turned, k->reference, k->n, seed);
    e->verdict = stats_verdict(e->difference);
    e->partial = stats_partial_spearman(k->score, k->reference, size, k->n);
    free(turned);
}

static void write_verdict(const Evaluation *e, const char *proxy, char *out, size_t len) {
    const EvalRow *size = &e->rows[e->strongest];
    const char *turn = size->spearman < 0 ? "-" : "";
    static const char *const words[] = {"better than", "equal within noise to", "worse than"};
    if (isnan(e->difference.lo)) {
        snprintf(out, len, "Too few or constant values to compare %s with the sizes.", proxy);
        return;
    }
    snprintf(out, len,
             "%s (rho %.3f) is %s the strongest size row, %s%s (rho %.3f): difference %+.3f, 95 %% "
             "interval "
             "%+.3f to %+.3f, n = %zu.",
             proxy, e->rows[0].spearman, words[e->verdict], turn, size->name, fabs(size->spearman),
             e->rows[0].spearman - fabs(size->spearman), e->difference.lo, e->difference.hi, e->n);
}

static void write_explained(const Evaluation *e, const char *proxy, char *out, size_t len) {
    const EvalRow *size = &e->rows[e->strongest];
    snprintf(out, len,
             "Without a table nothing says which networks are good; %s alone explains %.0f %% of "
             "the variance of "
             "the ranks that %s gives (rho %+.3f, n = %zu).",
             size->name, 100 * size->spearman * size->spearman, proxy, size->spearman, e->n);
}

void evaluate(const RankResult *r, const char *proxy, uint64_t seed, Evaluation *e) {
    Columns k = columns_make(r, seed);
    *e = (Evaluation){.n = k.n,
                      .strongest = -1,
                      .partial = NAN,
                      .difference = {NAN, NAN},
                      .spread_repeats = NAN,
                      .spread_networks = NAN,
                      .verdict = VERDICT_EQUAL};
    bool reference = r->has_metric || !r->sizes_only;
    if (reference && !r->sizes_only && r->has_metric)
        e->rows[e->nrows++] = row_make(proxy, k.score, &k, seed);
    int first_size = (int)e->nrows;
    for (int s = 0; reference && s < EVAL_SIZES; s++)
        e->rows[e->nrows++] = row_make(size_names[s], k.sizes[s], &k, seed);
    if (reference)
        e->rows[e->nrows++] = row_make("random", k.random, &k, seed);
    if (reference && r->has_metric)
        per_repeat_rows(r, &k, seed, proxy, e);
    if (!r->sizes_only)
        spreads(r, e);
    if (reference)
        compare_sizes(&k, !r->sizes_only, first_size, seed, e);
    if (e->strongest >= 0 && !r->sizes_only && r->has_metric)
        write_verdict(e, proxy, e->sentence, sizeof e->sentence);
    else if (e->strongest >= 0 && !r->has_metric)
        write_explained(e, proxy, e->sentence, sizeof e->sentence);
    columns_free(&k);
}

void evaluation_free(Evaluation *e) {
    free(e->per_repeat);
}
