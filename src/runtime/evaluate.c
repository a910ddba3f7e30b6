#include "runtime/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/columns.h"

static EvalRow row_make(const char *name, const double *x, const Columns *k, uint64_t seed) {
    size_t top = MAX(k->n / 10, 1);
    return (EvalRow){.name = name,
                     .partial = NAN,
                     .partial_interval = {NAN, NAN},
                     .rank_sum = NAN,
                     .spearman = stats_spearman(x, k->reference, k->n),
                     .kendall = stats_kendall_tau_b(x, k->reference, k->n),
                     .interval = stats_spearman_interval(x, k->reference, k->n, seed),
                     .precision = stats_precision_at(x, k->reference, k->n, top)};
}

/* What the proxy knows beyond a size, and both together. */
static void beside_proxy(const Columns *k, const double *size, uint64_t seed, EvalRow *row) {
    double *sum = nasc_alloc(MAX(k->n, 1) * sizeof *sum);
    stats_rank_sum(k->score, 1, size, 1, k->n, sum);
    row->partial = stats_partial_spearman(k->score, k->reference, size, k->n);
    row->partial_interval = stats_partial_interval(k->score, k->reference, size, k->n, seed);
    row->rank_sum = stats_spearman(sum, k->reference, k->n);
    free(sum);
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

static void find_strongest(Evaluation *e) {
    for (int row = e->first_size; row < e->first_size + EVAL_SIZES; row++) {
        double rho = fabs(e->rows[row].spearman);
        if (!isnan(rho) && (e->strongest < 0 || rho > fabs(e->rows[e->strongest].spearman)))
            e->strongest = row;
    }
}

static void write_verdict(const Evaluation *e, const char *name, double rho, SizeComparison *c) {
    const EvalRow *size = &e->rows[e->strongest];
    const char *turn = size->spearman < 0 ? "-" : "";
    static const char *const words[] = {"better than", "equal within noise to", "worse than"};
    if (isnan(c->difference.lo)) {
        snprintf(c->sentence, sizeof c->sentence,
                 "Too few or constant values to compare %s with the sizes.", name);
        return;
    }
    snprintf(c->sentence, sizeof c->sentence,
             "%s (rho %.3f) is %s the strongest size row, %s%s (rho %.3f): difference %+.3f, 95 %% "
             "interval "
             "%+.3f to %+.3f, n = %zu.",
             name, rho, words[c->verdict], turn, size->name, fabs(size->spearman),
             rho - fabs(size->spearman), c->difference.lo, c->difference.hi, e->n);
}

void compare_with_size(const Columns *k, const Evaluation *e, const char *name, const double *x,
                       double rho, uint64_t seed, SizeComparison *out) {
    const double *size = k->sizes[e->strongest - e->first_size];
    double *turned = nasc_alloc(MAX(k->n, 1) * sizeof *turned);
    for (size_t i = 0; i < k->n; i++)
        turned[i] = e->rows[e->strongest].spearman < 0 ? -size[i] : size[i];
    out->difference = stats_difference_interval(x, turned, k->reference, k->n, seed);
    out->verdict = stats_verdict(out->difference);
    write_verdict(e, name, rho, out);
    free(turned);
}

static void write_explained(const Evaluation *e, const char *proxy, char *out, size_t len) {
    const EvalRow *size = &e->rows[e->strongest];
    snprintf(out, len,
             "Without a table nothing says which networks are good; %s alone explains %.0f %% of "
             "the variance of "
             "the ranks that %s gives (rho %+.3f, n = %zu).",
             size->name, 100 * size->spearman * size->spearman, proxy, size->spearman, e->n);
}

/* The rows: the proxy where there is a metric to compare it with, the sizes, chance. */
static void fill_rows(const RankResult *r, const Columns *k, const char *proxy, uint64_t seed,
                      Evaluation *e) {
    bool judged = r->has_metric && !r->sizes_only;
    if (judged)
        e->rows[e->nrows++] = row_make(proxy, k->score, k, seed);
    e->first_size = (int)e->nrows;
    for (int s = 0; s < EVAL_SIZES; s++) {
        EvalRow *row = &e->rows[e->nrows++];
        *row = row_make(eval_size_names[s], k->sizes[s], k, seed);
        if (judged)
            beside_proxy(k, k->sizes[s], seed, row);
    }
    e->rows[e->nrows++] = row_make("random", k->random, k, seed);
    if (r->has_metric)
        per_repeat_rows(r, k, seed, proxy, e);
    find_strongest(e);
}

static size_t count_unmeasured(const RankResult *r) {
    size_t n = 0;
    for (size_t i = 0; r->has_metric && i < r->n; i++)
        n += isnan(r->candidates[i].metric);
    return n;
}

void evaluate(const RankResult *r, const char *proxy, uint64_t seed, Evaluation *e) {
    Columns k = columns_make(r, seed);
    *e = (Evaluation){.n = k.n,
                      .unmeasured = count_unmeasured(r),
                      .strongest = -1,
                      .against_size = {.difference = {NAN, NAN}, .verdict = VERDICT_EQUAL},
                      .spread_repeats = NAN,
                      .spread_networks = NAN};
    if (r->has_metric || !r->sizes_only)
        fill_rows(r, &k, proxy, seed, e);
    if (!r->sizes_only)
        spreads(r, e);
    if (e->strongest >= 0 && r->has_metric && !r->sizes_only)
        compare_with_size(&k, e, proxy, k.score, e->rows[0].spearman, seed, &e->against_size);
    else if (e->strongest >= 0 && !r->has_metric)
        write_explained(e, proxy, e->against_size.sentence, sizeof e->against_size.sentence);
    columns_free(&k);
    curve_make(r, &e->curve);
}

void evaluation_free(Evaluation *e) {
    curve_free(&e->curve);
    free(e->per_repeat);
}
