/* The report as a person reads it. */
#include "runtime/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of an architecture's text, in bytes: those of the published spaces are shorter. */
enum { SHOWN_ARCHITECTURE = 2000 };

static void put_correlation(Buf *b, double x) {
    if (isnan(x))
        buf_printf(b, "%8s", "-");
    else
        buf_printf(b, "%8.3f", x);
}

static void put_interval(Buf *b, StatsInterval i) {
    if (isnan(i.lo))
        buf_printf(b, "  %-18s", "-");
    else
        buf_printf(b, "  %7.3f .. %-7.3f", i.lo, i.hi);
}

static void put_row(Buf *b, const EvalRow *r, const char *name) {
    buf_printf(b, "  %-16s", name);
    put_correlation(b, r->spearman);
    put_interval(b, r->interval);
    put_correlation(b, r->kendall);
    put_correlation(b, r->precision);
    if (!isnan(r->rank_sum)) {
        put_correlation(b, r->partial);
        put_interval(b, r->partial_interval);
        put_correlation(b, r->rank_sum);
    }
    buf_putc(b, '\n');
}

static void put_millions(Buf *b, int64_t n) {
    buf_printf(b, "%10.3f", (double)n / 1e6);
}

/* How wide the column is that names the space: 0 where there is one. */
static int space_width(const RankResult *r) {
    size_t width = 0;
    for (size_t i = 0; r->nsets > 1 && i < r->nsets; i++)
        width = MAX(width, strlen(r->sets[i].name));
    return (int)width;
}

static void put_candidate(Buf *b, const RankResult *r, size_t place, const Candidate *c) {
    buf_printf(b, "%6zu", place);
    if (!r->sizes_only) {
        if (c->status == SCORE_OK)
            buf_printf(b, "  %12.6g", c->score);
        else
            buf_printf(b, "  %12s", score_status_text(c->status));
    }
    if (r->has_metric && isnan(c->metric))
        buf_printf(b, "%10s", "-");
    else if (r->has_metric)
        buf_printf(b, "%10.4g", c->metric);
    put_millions(b, c->sizes.params);
    put_millions(b, c->sizes.macs);
    put_millions(b, c->sizes.live_macs);
    if (r->nsets > 1)
        buf_printf(b, "  %-*s", *c->arch ? space_width(r) : 0, r->sets[c->set].name);
    if (r->nsets == 1 || *c->arch)
        buf_puts(b, "  ");
    buf_put_shown(b, c->arch, SHOWN_ARCHITECTURE);
    buf_putc(b, '\n');
}

static void put_ranking(Buf *b, const ActionReport *a, size_t top) {
    const RankResult *r = a->result;
    size_t *order = rank_order(r);
    buf_printf(b, "\n%6s", "rank");
    if (!r->sizes_only)
        buf_printf(b, "  %12s", "score");
    if (r->has_metric) {
        char name[10];
        snprintf(name, sizeof name, "%s%.8s", r->negated ? "-" : "", r->metric_name);
        buf_printf(b, "%10s", name);
    }
    buf_printf(b, "%10s%10s%10s", "params M", "MACs M", "live M");
    if (r->nsets > 1)
        buf_printf(b, "  %-*s", space_width(r), "space");
    buf_puts(b, "  architecture\n");
    for (size_t i = 0; i < r->n; i++) {
        if (i == top && r->n > 2 * top)
            buf_puts(b, "   ...\n");
        if (i < top || i + top >= r->n)
            put_candidate(b, r, i + 1, &r->candidates[order[i]]);
    }
    free(order);
}

static void put_spread(Buf *b, const RankResult *r, const Evaluation *e) {
    if (r->sizes_only || isnan(e->spread_networks))
        return;
    if (isnan(e->spread_repeats))
        buf_printf(
            b, "Spread of the score between networks %.4g; between repeats unknown (repeats=1).\n",
            e->spread_networks);
    else
        buf_printf(
            b, "Spread of the score between networks %.4g, between repeats of one network %.4g.\n",
            e->spread_networks, e->spread_repeats);
}

static void put_rows(Buf *b, const ActionReport *a) {
    const Evaluation *e = a->evaluation;
    const RankResult *r = a->result;
    if (e->nrows == 0)
        return;
    bool beside = r->has_metric && !r->sizes_only;
    buf_printf(b, "\n  %-16s%8s  %-18s%8s%8s%s\n",
               r->has_metric ? "against metric" : "against score", "Spearman", "  95 % interval",
               "tau-b", "top 10%", beside ? " partial    95 % interval  rank sum" : "");
    for (size_t i = 0; i < e->nrows; i++)
        put_row(b, &e->rows[i], e->rows[i].name);
    for (size_t i = 0; i < e->nrepeats; i++) {
        char name[32];
        snprintf(name, sizeof name, "  repeat %zu", i + 1);
        put_row(b, &e->per_repeat[i], name);
    }
    if (beside)
        buf_printf(b,
                   "  partial: %s with the metric, this size removed from both; rank sum: %s and "
                   "this size, weighing the same\n",
                   e->rows[0].name, e->rows[0].name);
}

static void put_laws(Buf *b, const RankResult *r) {
    for (size_t i = 0; i < r->nsets; i++)
        if (r->sets[i].law && r->nsets > 1)
            buf_printf(b, "Drawn from %s: %s.\n", r->sets[i].name, r->sets[i].law);
        else if (r->sets[i].law)
            buf_printf(b, "Drawn: %s.\n", r->sets[i].law);
}

void report_text(Buf *b, const ActionReport *a, size_t top) {
    const RankResult *r = a->result;
    if (a->search)
        report_search_text(b, a);
    if (a->search && !a->search->tuned.scored)
        return;
    buf_printf(b, "%s by %s: %zu architectures, %zu networks, %zu failed", a->space,
               r->sizes_only ? "size" : a->proxy, r->n, r->networks, r->failed);
    if (r->repeats > 1 && !r->sizes_only)
        buf_printf(b, ", %lld repeats", (long long)r->repeats);
    if (r->refused)
        buf_printf(b, "; %zu rows left out", r->refused);
    if (r->interrupted)
        buf_printf(b, "; interrupted, %zu not scored", r->missing);
    buf_putc(b, '\n');
    put_laws(b, r);
    put_ranking(b, a, top);
    put_rows(b, a);
    buf_putc(b, '\n');
    if (a->evaluation->unmeasured)
        buf_printf(b, "%zu of %zu have no %s: ranked, and left out of the correlations.\n",
                   a->evaluation->unmeasured, r->n, r->metric_name);
    put_spread(b, r, a->evaluation);
    curve_text(&a->evaluation->curve, b);
    if (a->evaluation->against_size.sentence[0])
        buf_printf(b, "%s\n", a->evaluation->against_size.sentence);
}

void report_profile_text(Buf *b, const ActionReport *a) {
    if (!a->profile)
        return;
    double all = a->result->seconds * a->workers;
    plan_profile_print(b, &a->profile->kernels);
    buf_printf(b, "%-12s%12lld%10.3f\n", "compiling", (long long)a->kernels_compiled,
               a->compile_seconds);
    buf_printf(b, "%-12s%12s%10.3f%7.1f%% of %d worker%s' %.3f s\n", "waiting", "",
               a->profile->waiting, all > 0 ? 100 * a->profile->waiting / all : 0, a->workers,
               a->workers == 1 ? "" : "s", a->result->seconds);
}
