/* What a search found, on architectures that took no part: alone, with a size, beside the fixed proxy and beside the
 * best point without size factor. */
#include "runtime/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *search_without_size(const Architecture *point) {
    const DecisionView *d;
    size_t n = architecture_decisions(point, &d);
    Buf b = {0};
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        bool alpha = strcmp(d[i].address, "alpha") == 0;
        found |= alpha;
        buf_printf(&b, "%s%s=%s", i ? "," : "", d[i].address, alpha ? "0" : d[i].value);
    }
    if (!found)
        buf_free(&b);
    return b.text;
}

static NascStatus rank_by(const RankJob *job, const SearchResult *r, const Action *set,
                          const char *choices, RankResult *out, NascError *err) {
    Action action = *set;
    RankJob rank = *job;
    Hash128 *taken = nasc_alloc(MAX(r->ntaken, 1) * sizeof *taken);
    for (size_t i = 0; i < r->ntaken; i++)
        taken[i] = r->taken[i].form;
    rank.action = &action;
    if (set->sets[0].drop_overlap && r->action->evaluation) {
        rank.without = taken;
        rank.nwithout = r->ntaken;
    }
    Proxy *own = choices ? proxy_open(set->proxy, choices) : NULL;
    if (own)
        action.proxy = own;
    NascStatus status = rank_run(&rank, out, err);
    if (own)
        proxy_close(own);
    free(taken);
    return status;
}

/* Scores of the fixed proxy on the selection: it has to be seen there before it can be weighed. Malloc'd. */
static double *fixed_on_selection(const RankJob *job, const SearchResult *r, NascError *err) {
    Action set = *r->action;
    CandidateSet rows = set.sets[0];
    rows.drop_overlap = false;
    set.sets = &rows;
    set.proxy = r->action->against->proxy;
    RankResult ranking;
    double *scores = NULL;
    if (rank_by(job, r, &set, NULL, &ranking, err) == NASC_OK && !ranking.interrupted) {
        CHECK(ranking.n == r->selection.n);
        scores = nasc_alloc(MAX(r->nselection, 1) * sizeof *scores);
        for (size_t k = 0; k < r->nselection; k++)
            scores[k] = ranking.candidates[r->selected[k]].score;
    }
    rank_free(&ranking);
    return scores;
}

/* Weighs a proxy and a size by the selection and judges both on the evaluation. `rho` is what the proxy's correlation
 * with the selection counts as. */
static void combine(const RankJob *job, const SearchResult *r, const char *name,
                    const double *scores, double rho, SearchValue *v) {
    double *sizes[EVAL_SIZES], *block = nasc_alloc(EVAL_SIZES * r->nselection * sizeof *block);
    for (int s = 0; s < EVAL_SIZES; s++) {
        sizes[s] = block + (size_t)s * r->nselection;
        for (size_t k = 0; k < r->nselection; k++)
            sizes[s][k] = eval_size(&r->selection.candidates[r->selected[k]], s);
    }
    CombinationFit fit = combine_fit(scores, sizes, r->metric, r->nselection, rho);
    v->combined = combine_judge(&fit, &v->ranking, &v->value, name, job->seed, &v->with_size);
    free(block);
}

static NascStatus value_of(const RankJob *job, const SearchResult *r, const Action *set,
                           const char *choices, const char *name, SearchValue *v, NascError *err) {
    NascStatus status = rank_by(job, r, set, choices, &v->ranking, err);
    v->scored = true;
    if (status == NASC_OK)
        evaluate(&v->ranking, name, job->seed, &v->value);
    return status;
}

static NascStatus value_tuned(const RankJob *job, const Action *set, SearchResult *r,
                              NascError *err) {
    const SearchPoint *p = &r->points[r->best];
    NascStatus status = value_of(job, r, set, p->choices, r->action->name, &r->tuned, err);
    double rho = isnan(r->estimate.spearman) ? p->rho : r->estimate.spearman;
    if (status == NASC_OK && r->evaluated)
        combine(job, r, r->action->name, p->scores, rho, &r->tuned);
    return status;
}

static NascStatus value_zero(const RankJob *job, const Action *set, SearchResult *r,
                             NascError *err) {
    const SearchPoint *p = &r->points[r->best_zero];
    Arena arena;
    arena_init(&arena, "point");
    const Architecture *point =
        space_parse(proxy_space(r->action->proxy), &arena, p->choices, strlen(p->choices), true);
    char *text = point ? search_without_size(point) : NULL;
    const char *name = "the best at alpha 0";
    NascStatus status = NASC_OK;
    double rho = isnan(r->estimate_zero.spearman) ? p->rho_zero : r->estimate_zero.spearman;
    if (text)
        status = value_of(job, r, set, text, name, &r->zero, err);
    if (text && status == NASC_OK && r->evaluated)
        combine(job, r, name, p->zero_scores, rho, &r->zero);
    free(text);
    arena_free(&arena);
    return status;
}

static NascStatus value_fixed(const RankJob *job, SearchResult *r, NascError *err) {
    const Action *against = r->action->against;
    const char *name = proxy_name(against->proxy);
    NascStatus status = value_of(job, r, against, NULL, name, &r->fixed, err);
    double *scores = status == NASC_OK && r->evaluated ? fixed_on_selection(job, r, err) : NULL;
    if (err->message[0])
        status = err->status;
    if (scores) {
        double *ranked = nasc_alloc(MAX(r->nselection, 1) * sizeof *ranked);
        for (size_t k = 0; k < r->nselection; k++)
            ranked[k] = isnan(scores[k]) ? -INFINITY : scores[k];
        combine(job, r, name, ranked, stats_spearman(ranked, r->metric, r->nselection), &r->fixed);
        free(ranked);
    }
    free(scores);
    return status;
}

/* What the size factor of what was found does, from the best points with and without one on the same architectures. */
static void note_size_factor(const RankJob *job, SearchResult *r) {
    if (!r->zero.scored || r->tuned.value.strongest < 0 || !r->tuned.ranking.has_metric)
        return;
    Columns with = columns_make(&r->tuned.ranking, job->seed),
            without = columns_make(&r->zero.ranking, job->seed);
    double rho = r->tuned.value.rows[0].spearman, rho_zero = r->zero.value.rows[0].spearman;
    bool same = with.n == without.n;
    StatsInterval d = same ? stats_difference_interval(with.score, without.score, with.reference,
                                                       with.n, job->seed)
                           : (StatsInterval){NAN, NAN};
    columns_free(&with);
    columns_free(&without);
    if (isnan(d.lo))
        return;
    bool wins = r->tuned.value.against_size.verdict == VERDICT_BETTER,
         wins_without = r->zero.value.against_size.verdict == VERDICT_BETTER;
    const char *so = "the size factor makes no difference beyond noise";
    if (wins && !wins_without)
        so = "it is better than the strongest size row by its size factor alone";
    else if (d.lo > 0)
        so = "the size factor does part of the work";
    else if (d.hi < 0)
        so = "the size factor does harm";
    snprintf(r->size_note, sizeof r->size_note,
             "With its size factor %s reaches %.3f, the best point without one %.3f: difference "
             "%+.3f, 95 %% interval %+.3f to %+.3f; %s.",
             r->action->name, rho, rho_zero, rho - rho_zero, d.lo, d.hi, so);
}

/* Whether what was found has no size factor at all, or one that is 0. */
static bool is_without_size(const SearchResult *r) {
    const SearchPoint *p = &r->points[r->best];
    for (size_t k = 0; k < r->nselection; k++)
        if (p->scores[k] != p->zero_scores[k])
            return false;
    return true;
}

NascStatus search_evaluate(const RankJob *job, SearchResult *r, NascError *err) {
    const Action *a = r->action, *set = a->evaluation ? a->evaluation : a;
    r->evaluated = a->evaluation != NULL;
    RankJob quiet = *job;
    quiet.warn = NULL;
    NascStatus status = value_tuned(job, set, r, err);
    if (status == NASC_OK && a->against)
        status = value_fixed(&quiet, r, err);
    if (status == NASC_OK && r->best_zero >= 0)
        status = value_zero(&quiet, set, r, err);
    if (status == NASC_OK && r->has_zero && is_without_size(r))
        snprintf(r->size_note, sizeof r->size_note,
                 "The size factor takes no part in what was found.");
    else if (status == NASC_OK)
        note_size_factor(job, r);
    return status;
}
