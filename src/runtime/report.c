#include "runtime/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <jansson.h>

#include "base/files.h"

int64_t report_peak_memory(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *text_or_null(const char *s) {
    return s ? json_string(s) : json_null();
}

static json_t *interval(StatsInterval i) {
    json_t *pair = json_array();
    json_array_append_new(pair, number(i.lo));
    json_array_append_new(pair, number(i.hi));
    return pair;
}

static json_t *row_json(const EvalRow *r) {
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(r->name));
    json_object_set_new(o, "spearman", number(r->spearman));
    json_object_set_new(o, "spearman_ci", interval(r->interval));
    json_object_set_new(o, "kendall_tau_b", number(r->kendall));
    json_object_set_new(o, "precision_top_10", number(r->precision));
    if (!isnan(r->rank_sum)) {
        json_object_set_new(o, "proxy_partial_spearman", number(r->partial));
        json_object_set_new(o, "proxy_partial_spearman_ci", interval(r->partial_interval));
        json_object_set_new(o, "proxy_rank_sum_spearman", number(r->rank_sum));
    }
    return o;
}

static json_t *settings_json(const ProgramParam *p, size_t n) {
    json_t *o = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(o, p[i].name, text_or_null(p[i].value));
    return o;
}

static json_t *inputs_json(const Inputs *in) {
    json_t *list = json_array();
    for (size_t i = 0; i < in->items.len; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "path", json_string(in->items.items[i].path));
        json_object_set_new(o, "sha256", json_string(in->items.items[i].sha256));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *verdict_json(const Evaluation *e) {
    static const char *const words[] = {"better", "equal", "worse"};
    json_t *o = json_object();
    json_object_set_new(o, "strongest_size", json_string(e->rows[e->strongest].name));
    json_object_set_new(o, "difference_ci", interval(e->against_size.difference));
    json_object_set_new(o, "verdict",
                        isnan(e->against_size.difference.lo)
                            ? json_null()
                            : json_string(words[e->against_size.verdict]));
    json_object_set_new(o, "partial_spearman", number(e->rows[e->strongest].partial));
    return o;
}

static json_t *numbers(const double *x, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, number(x[i]));
    return list;
}

static json_t *curve_json(const Curve *c) {
    json_t *o = json_object(), *steps = json_array();
    for (size_t k = 0; k < c->npoints; k++)
        json_array_append_new(steps, json_integer((json_int_t)c->steps[k]));
    json_object_set_new(o, "steps", steps);
    json_object_set_new(o, "spearman", numbers(c->spearman, c->npoints));
    json_object_set_new(o, "kendall_tau_b", numbers(c->kendall, c->npoints));
    if (!c->per_repeat)
        return o;
    json_t *repeats = json_array();
    for (size_t i = 0; i < c->nrepeats; i++)
        json_array_append_new(repeats, numbers(c->per_repeat + i * c->npoints, c->npoints));
    json_object_set_new(o, "per_repeat_spearman", repeats);
    return o;
}

/* The spaces of a ranking over several. */
static json_t *sets_json(const RankResult *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->nsets; i++) {
        json_t *o = json_object();
        size_t n = 0;
        for (size_t k = 0; k < r->n; k++)
            n += r->candidates[k].set == i;
        json_object_set_new(o, "space", json_string(r->sets[i].name));
        json_object_set_new(o, "n", json_integer((json_int_t)n));
        if (r->sets[i].law)
            json_object_set_new(o, "law", json_string(r->sets[i].law));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *action_json(const ActionReport *a) {
    const RankResult *r = a->result;
    const Evaluation *e = a->evaluation;
    json_t *o = json_object(), *rows = json_array();
    json_object_set_new(o, "kind", json_string(r->has_metric ? "evaluate" : "rank"));
    json_object_set_new(o, "space", json_string(a->space));
    json_object_set_new(o, "proxy", r->sizes_only ? json_null() : json_string(a->proxy));
    json_object_set_new(o, "settings", settings_json(a->settings, a->nsettings));
    if (!r->sizes_only)
        json_object_set_new(o, "executor", json_string(r->by_reference ? "reference" : "kernels"));
    json_object_set_new(o, "metric", text_or_null(r->metric_name));
    if (r->nsets > 1)
        json_object_set_new(o, "spaces", sets_json(r));
    else if (r->sets[0].law)
        json_object_set_new(o, "law", json_string(r->sets[0].law));
    json_object_set_new(o, "n", json_integer((json_int_t)r->n));
    json_object_set_new(o, "networks", json_integer((json_int_t)r->networks));
    json_object_set_new(o, "failed", json_integer((json_int_t)r->failed));
    json_object_set_new(o, "missing", json_integer((json_int_t)r->missing));
    json_object_set_new(o, "interrupted", json_boolean(r->interrupted));
    if (e->unmeasured)
        json_object_set_new(o, "without_metric", json_integer((json_int_t)e->unmeasured));
    json_object_set_new(o, "repeats", json_integer(r->repeats));
    json_object_set_new(o, "inputs", inputs_json(&r->inputs));
    for (size_t i = 0; i < e->nrows; i++)
        json_array_append_new(rows, row_json(&e->rows[i]));
    json_object_set_new(o, "rows", rows);
    if (e->nrepeats) {
        json_t *repeats = json_array();
        for (size_t i = 0; i < e->nrepeats; i++)
            json_array_append_new(repeats, row_json(&e->per_repeat[i]));
        json_object_set_new(o, "per_repeat", repeats);
    }
    if (e->curve.npoints)
        json_object_set_new(o, "curve", curve_json(&e->curve));
    if (e->strongest >= 0 && !r->sizes_only)
        json_object_set_new(o, "size_comparison", verdict_json(e));
    if (e->against_size.sentence[0])
        json_object_set_new(o, "sentence", json_string(e->against_size.sentence));
    if (!r->sizes_only) {
        json_object_set_new(o, "spread_between_repeats", number(e->spread_repeats));
        json_object_set_new(o, "spread_between_networks", number(e->spread_networks));
    }
    if (a->search) {
        json_object_set_new(o, "kind", json_string("search"));
        json_object_set_new(o, "search", report_search_json(a));
    }
    return o;
}

static void dump(Buf *b, json_t *o) {
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    CHECK(text);
    buf_puts(b, text);
    buf_putc(b, '\n');
    free(text);
    json_decref(o);
}

static json_t *profile_json(const RunProfile *p) {
    json_t *o = json_object(), *kernels = json_array();
    for (int i = 0; i < KERNEL_KIND_COUNT; i++) {
        if (p->kernels.kind[i].calls == 0)
            continue;
        json_t *k = json_object();
        json_object_set_new(k, "kind", json_string(kernel_kind_name((KernelKind)i)));
        json_object_set_new(k, "calls", json_integer(p->kernels.kind[i].calls));
        json_object_set_new(k, "seconds", number(p->kernels.kind[i].seconds));
        json_object_set_new(k, "flops", number(p->kernels.kind[i].flops));
        json_object_set_new(k, "bytes", number(p->kernels.kind[i].bytes));
        json_array_append_new(kernels, k);
    }
    json_object_set_new(o, "kernels", kernels);
    json_object_set_new(o, "waiting_seconds", number(p->waiting));
    return o;
}

static json_t *timing_json(const ActionReport *actions, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const ActionReport *a = &actions[i];
        json_t *t = json_object();
        json_object_set_new(t, "seconds", number(a->result->seconds));
        json_object_set_new(t, "cpu_seconds", number(a->result->cpu_seconds));
        json_object_set_new(t, "compile_seconds", number(a->compile_seconds));
        json_object_set_new(t, "kernels_compiled", json_integer(a->kernels_compiled));
        json_object_set_new(t, "peak_memory_bytes", json_integer(a->peak_memory_bytes));
        json_object_set_new(t, "workers", json_integer(a->workers));
        if (a->profile)
            json_object_set_new(t, "profile", profile_json(a->profile));
        json_array_append_new(list, t);
    }
    return list;
}

void report_json(Buf *b, const ReportHeader *h, const ActionReport *actions, size_t n) {
    json_t *o = json_object(), *nasc = json_object(), *program = json_object(),
           *list = json_array();
    json_object_set_new(nasc, "version", json_string(h->version));
    json_object_set_new(nasc, "llvm", text_or_null(h->llvm));
    json_object_set_new(nasc, "blas", text_or_null(h->blas));
    json_object_set_new(nasc, "cpu", text_or_null(h->cpu));
    json_object_set_new(nasc, "target", text_or_null(h->target));
    json_object_set_new(nasc, "algorithm", text_or_null(h->algorithm));
    json_object_set_new(program, "path", json_string(h->program_path));
    json_object_set_new(program, "sha256", json_string(h->program_sha256));
    json_object_set_new(program, "parameters", settings_json(h->params, h->nparams));
    json_object_set_new(program, "seed", json_integer((json_int_t)h->seed));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, action_json(&actions[i]));
    json_object_set_new(o, "nasc", nasc);
    json_object_set_new(o, "program", program);
    json_object_set_new(o, "actions", list);
    if (h->timing)
        json_object_set_new(o, "timing", timing_json(actions, n));
    dump(b, o);
}

static void put_number(Buf *b, double x) {
    if (isnan(x))
        return; /* an empty cell */
    buf_put_double(b, x);
}

static void scores_header(Buf *b, const RankResult *r, bool several, bool spaces) {
    buf_printf(b, "%s%sarch\tscore\tstatus\tparams\tmacs\tlive_macs\tcounted_macs\thash",
               several ? "action\t" : "", spaces ? "space\t" : "");
    if (r->has_metric)
        buf_puts(b, "\tmetric");
    for (int64_t k = 0; r->repeats > 1 && k < r->repeats; k++)
        buf_printf(b, "\trepeat_%lld", (long long)k + 1);
    buf_putc(b, '\n');
}

static void scores_row(Buf *b, const RankResult *r, const Candidate *c) {
    char hash[HASH128_TEXT];
    hash128_text(c->hash, hash);
    buf_printf(b, "%s\t", c->arch);
    if (!r->sizes_only)
        put_number(b, c->score);
    buf_printf(b, "\t%s\t", score_status_text(c->status));
    if (c->status == SCORE_INVALID || !(c->hash.hi | c->hash.lo))
        buf_puts(b, "\t\t\t\t");
    else
        buf_printf(b, "%lld\t%lld\t%lld\t%lld\t%s", (long long)c->sizes.params,
                   (long long)c->sizes.macs, (long long)c->sizes.live_macs,
                   (long long)c->sizes.counted_macs, hash);
    if (r->has_metric) {
        buf_putc(b, '\t');
        put_number(b, c->metric);
    }
    for (int64_t k = 0; r->repeats > 1 && k < r->repeats; k++) {
        buf_putc(b, '\t');
        if (c->repeat_scores)
            put_number(b, c->repeat_scores[k]);
    }
    buf_putc(b, '\n');
}

/* Whether rows say which space they are of. */
static bool has_spaces(const ActionReport *actions, size_t n) {
    bool several = false;
    for (size_t a = 0; a < n; a++)
        several |= actions[a].result->nsets > 1;
    return several;
}

static void put_space(Buf *b, const RankResult *r, const Candidate *c) {
    buf_printf(b, "%s\t", r->sets[c->set].name);
}

void report_scores(Buf *b, const ActionReport *actions, size_t n) {
    bool spaces = has_spaces(actions, n);
    for (size_t a = 0; a < n; a++) {
        const RankResult *r = actions[a].result;
        size_t *order = rank_order(r);
        if (a == 0)
            scores_header(b, r, n > 1, spaces);
        for (size_t i = 0; i < r->n; i++) {
            if (n > 1)
                buf_printf(b, "%zu\t", a + 1);
            if (spaces)
                put_space(b, r, &r->candidates[order[i]]);
            scores_row(b, r, &r->candidates[order[i]]);
        }
        free(order);
    }
}

void report_timing_json(Buf *b, const ActionReport *actions, size_t n) {
    json_t *o = json_object();
    json_object_set_new(o, "actions", timing_json(actions, n));
    dump(b, o);
}

void report_timing_tsv(Buf *b, const ActionReport *actions, size_t n) {
    bool spaces = has_spaces(actions, n);
    buf_printf(b, "%sarch\tseconds\n", spaces ? "space\t" : "");
    for (size_t a = 0; a < n; a++) {
        const RankResult *r = actions[a].result;
        for (size_t i = 0; i < r->n; i++) {
            const Candidate *c = &r->candidates[i];
            if (spaces)
                put_space(b, r, c);
            buf_printf(b, "%s\t%.6f\n", c->arch, c->seconds);
        }
    }
}

static bool write_one(const char *dir, const char *name, Buf *content, NascError *err) {
    Buf path = {0};
    buf_printf(&path, "%s/%s", dir, name);
    bool ok = file_write(path.text, content->text, content->len, err);
    buf_free(&path);
    buf_free(content);
    return ok;
}

/* The curve of one evaluation as a plot and the scores it is made of; numbered where there are several actions. */
static bool write_curve(const char *dir, const ActionReport *a, const char *number,
                        NascError *err) {
    const Evaluation *e = a->evaluation;
    CurveLevel levels[2];
    size_t nlevels = 0;
    for (size_t i = 0; i < e->nrows; i++)
        if (!strcmp(e->rows[i].name, "live_macs") || !strcmp(e->rows[i].name, "counted_macs"))
            levels[nlevels++] = (CurveLevel){e->rows[i].name, e->rows[i].spearman};
    Buf title = {0}, plot = {0}, table = {0}, name = {0};
    buf_printf(&title, "%s by %s: rank correlation after every step, n = %zu", a->space, a->proxy,
               e->n);
    curve_plot(&e->curve, title.text, levels, nlevels, &plot);
    curve_table(a->result, &table);
    buf_printf(&name, "curve%s.svg", number);
    bool ok = write_one(dir, name.text, &plot, err);
    buf_clear(&name);
    buf_printf(&name, "curve%s.tsv", number);
    ok = write_one(dir, name.text, &table, err) && ok;
    buf_free(&title);
    buf_free(&name);
    return ok;
}

static bool write_curves(const char *dir, const ActionReport *actions, size_t n, NascError *err) {
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        char number[24] = "";
        if (n > 1)
            snprintf(number, sizeof number, "-%zu", i + 1);
        if (actions[i].evaluation->curve.npoints)
            ok = write_curve(dir, &actions[i], number, err);
    }
    return ok;
}

bool report_write(const char *dir, const ReportHeader *h, const ActionReport *actions, size_t n,
                  NascError *err) {
    Buf json = {0}, scores = {0}, timing = {0}, seconds = {0};
    report_json(&json, h, actions, n);
    report_scores(&scores, actions, n);
    report_timing_json(&timing, actions, n);
    report_timing_tsv(&seconds, actions, n);
    bool ok = write_one(dir, "scores.tsv", &scores, err);
    ok = write_one(dir, "timing.tsv", &seconds, err) && ok;
    ok = write_one(dir, "timing.json", &timing, err) && ok;
    ok = write_curves(dir, actions, n, err) && ok;
    return write_one(dir, "report.json", &json, err) && ok;
}
