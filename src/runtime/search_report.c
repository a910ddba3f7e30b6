/* What a search says of itself: the fitness it chose by, marked as optimistic, an estimate that is not, and the value
 * on architectures that took no part, beside a fixed proxy and the same search without size factor. */
#include "runtime/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *interval_json(StatsInterval i) {
    json_t *pair = json_array();
    json_array_append_new(pair, number(i.lo));
    json_array_append_new(pair, number(i.hi));
    return pair;
}

static json_t *engine_json(const Action *a) {
    const SearchEngine *e = &a->engine;
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(e->random ? "random" : "evolution"));
    json_object_set_new(o, "budget", json_integer(e->budget));
    if (!e->random) {
        json_object_set_new(o, "population", json_integer(e->population));
        json_object_set_new(o, "tournament", json_integer(e->tournament));
        json_object_set_new(o, "mutation", json_real(e->mutation));
    }
    json_object_set_new(o, "lag", json_integer(e->lag));
    json_object_set_new(o, "seed", json_integer((json_int_t)e->seed));
    return o;
}

static json_t *point_json(const SearchResult *r, int64_t at) {
    if (at < 0)
        return json_null();
    const SearchPoint *p = &r->points[at];
    json_t *o = json_object();
    json_object_set_new(o, "point", json_integer(at + 1));
    json_object_set_new(o, "choices", json_string(p->choices));
    json_object_set_new(o, "selection_fitness", number(p->fitness));
    json_object_set_new(o, "selection_rho", number(p->rho));
    json_object_set_new(o, "selection_rho_alpha_0", number(p->rho_zero));
    json_object_set_new(o, "optimistic", json_true());
    return o;
}

static json_t *combination_json(const Combination *c) {
    static const char *const words[] = {"better", "equal", "worse"};
    json_t *o = json_object(), *weights = json_object();
    bool known = !isnan(c->against_size.difference.lo);
    json_object_set_new(o, "size", json_string(eval_size_names[c->fit.size]));
    json_object_set_new(weights, "proxy", number(c->fit.weights.x));
    json_object_set_new(weights, "size", number(c->fit.weights.z));
    json_object_set_new(o, "rank_weights", weights);
    json_object_set_new(o, "spearman", number(c->spearman));
    json_object_set_new(o, "spearman_ci", interval_json(c->interval));
    json_object_set_new(o, "difference_ci", interval_json(c->against_size.difference));
    json_object_set_new(o, "verdict",
                        known ? json_string(words[c->against_size.verdict]) : json_null());
    json_object_set_new(o, "sentence", json_string(c->against_size.sentence));
    return o;
}

static json_t *partials_json(const Evaluation *e) {
    json_t *o = json_object();
    for (size_t i = 0; i < e->nrows; i++)
        if (!isnan(e->rows[i].partial))
            json_object_set_new(o, e->rows[i].name, number(e->rows[i].partial));
    return o;
}

static json_t *value_json(const SearchValue *v) {
    if (!v->scored)
        return json_null();
    const Evaluation *e = &v->value;
    json_t *o = json_object();
    json_object_set_new(o, "n", json_integer((json_int_t)e->n));
    json_object_set_new(o, "spearman", number(e->nrows ? e->rows[0].spearman : NAN));
    json_object_set_new(o, "spearman_ci",
                        e->nrows ? interval_json(e->rows[0].interval) : json_null());
    json_object_set_new(o, "partial_spearman", partials_json(e));
    json_object_set_new(o, "sentence", json_string(e->against_size.sentence));
    json_object_set_new(o, "with_size",
                        v->combined ? combination_json(&v->with_size) : json_null());
    return o;
}

static size_t failed_points(const SearchResult *r) {
    size_t n = 0;
    for (size_t t = 0; t < r->npoints; t++)
        n += r->points[t].choices && r->points[t].failed > 0;
    return n;
}

struct json_t *report_search_json(const ActionReport *a) {
    const SearchResult *r = a->search;
    json_t *o = json_object(), *set = json_object();
    json_object_set_new(o, "name", json_string(r->action->name));
    json_object_set_new(o, "coefficient", json_string(r->action->kendall ? "kendall" : "spearman"));
    json_object_set_new(o, "per_second", json_boolean(r->action->per_second));
    json_object_set_new(o, "engine", engine_json(r->action));
    json_object_set_new(set, "table", json_string(r->action->sets[0].table));
    json_object_set_new(set, "sha256",
                        r->selection.inputs.items.len
                            ? json_string(r->selection.inputs.items.items[0].sha256)
                            : json_null());
    json_object_set_new(set, "metric",
                        json_string(r->selection.metric_name ? r->selection.metric_name : ""));
    json_object_set_new(set, "networks", json_integer((json_int_t)r->nselection));
    json_object_set_new(o, "selection", set);
    json_object_set_new(o, "points", json_integer((json_int_t)r->finished));
    json_object_set_new(o, "points_failed", json_integer((json_int_t)failed_points(r)));
    json_object_set_new(o, "best", point_json(r, r->best));
    json_object_set_new(o, "best_alpha_0", point_json(r, r->best_zero));
    json_object_set_new(o, "out_of_bag", number(r->estimate.coefficient));
    json_object_set_new(o, "out_of_bag_interval", interval_json(r->estimate.interval));
    json_object_set_new(o, "out_of_bag_alpha_0", number(r->estimate_zero.coefficient));
    json_object_set_new(o, "out_of_bag_alpha_0_interval", interval_json(r->estimate_zero.interval));
    json_object_set_new(o, "evaluated", json_boolean(r->evaluated));
    json_object_set_new(o, "left_out", json_integer((json_int_t)r->tuned.ranking.dropped));
    json_object_set_new(o, "tuned", value_json(&r->tuned));
    json_object_set_new(o, "fixed", value_json(&r->fixed));
    json_object_set_new(o, "at_alpha_0", value_json(&r->zero));
    json_object_set_new(o, "size_factor",
                        r->size_note[0] ? json_string(r->size_note) : json_null());
    return o;
}

static void put_estimate(Buf *b, const char *what, double rho, const StatsInterval *i,
                         const char *note) {
    buf_printf(b, "  %-26s", what);
    if (isnan(rho))
        buf_printf(b, "%7s", "-");
    else
        buf_printf(b, "%7.3f", rho);
    if (i && !isnan(i->lo))
        buf_printf(b, "  %6.3f .. %.3f", i->lo, i->hi);
    else
        buf_printf(b, "%17s", "");
    buf_printf(b, "  %s\n", note);
}

/* A proxy on the evaluation set, and below it the proxy with a size. */
static void put_value(Buf *b, const char *name, const SearchValue *v) {
    if (!v->scored || !v->value.nrows)
        return;
    put_estimate(b, name, v->value.rows[0].spearman, &v->value.rows[0].interval, "");
    if (!v->combined)
        return;
    const Combination *c = &v->with_size;
    char with[40], note[120];
    snprintf(with, sizeof with, "  with %s", eval_size_names[c->fit.size]);
    snprintf(note, sizeof note, "ranks weigh %.2f and %.2f, by the selection alone",
             c->fit.weights.x, c->fit.weights.z);
    put_estimate(b, with, c->spearman, &c->interval, note);
}

static void put_sentences(Buf *b, const SearchResult *r) {
    const SearchValue *values[] = {&r->tuned, &r->zero, &r->fixed};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const SearchValue *v = values[i];
        if (i && v->scored && v->value.against_size.sentence[0])
            buf_printf(b, "%s\n", v->value.against_size.sentence);
        if (v->combined)
            buf_printf(b, "%s\n", v->with_size.against_size.sentence);
    }
    if (r->size_note[0])
        buf_printf(b, "%s\n", r->size_note);
}

void report_search_text(Buf *b, const ActionReport *a) {
    const SearchResult *r = a->search;
    const Action *action = r->action;
    buf_printf(
        b, "search %s in %s by %s%s on %zu networks of %s: %zu of %zu points, %zu of them failed\n",
        action->name, a->proxy, action->kendall ? "kendall" : "spearman",
        action->per_second ? " per second" : "", r->nselection, action->sets[0].table, r->finished,
        r->npoints, failed_points(r));
    if (r->interrupted || r->best < 0) {
        buf_puts(b, "interrupted before the search was done; the same command goes on\n");
        return;
    }
    buf_printf(b, "  point %lld: %s\n\n", (long long)r->best + 1, r->points[r->best].choices);
    put_estimate(b, "on the selection", r->points[r->best].rho, NULL,
                 "optimistic: chosen by this number");
    if (r->has_zero)
        put_estimate(b, "on the selection, alpha 0",
                     r->points[r->best_zero >= 0 ? r->best_zero : r->best].rho_zero, NULL,
                     "optimistic: the best point without size factor");
    put_estimate(b, "out of bag", r->estimate.coefficient, &r->estimate.interval,
                 "chosen on some of the selection, judged on the rest");
    if (r->has_zero)
        put_estimate(b, "out of bag, alpha 0", r->estimate_zero.coefficient,
                     &r->estimate_zero.interval, "");
    buf_printf(b, "\n%s %s",
               r->evaluated ? "Evaluation:"
                            : "No evaluation set is given; on the selection itself, optimistic:",
               "");
    if (r->tuned.ranking.dropped)
        buf_printf(b, "(%zu rows left out: networks of the selection)", r->tuned.ranking.dropped);
    buf_putc(b, '\n');
    put_value(b, action->name, &r->tuned);
    put_value(b, "best without size factor", &r->zero);
    if (action->against)
        put_value(b, proxy_name(action->against->proxy), &r->fixed);
    put_sentences(b, r);
    buf_putc(b, '\n');
}

void search_points(const SearchResult *r, Buf *b) {
    buf_puts(b, "point\tfitness\tcoefficient\tcoefficient_alpha_0\tfailed\tparent\tchoices\n");
    for (size_t t = 0; t < r->npoints; t++) {
        const SearchPoint *p = &r->points[t];
        if (!p->choices || isnan(p->fitness))
            continue;
        const double columns[] = {p->fitness, p->rho, p->rho_zero};
        buf_printf(b, "%zu", t + 1);
        for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
            buf_putc(b, '\t');
            if (!isnan(columns[i]))
                buf_put_double(b, columns[i]);
        }
        buf_printf(b, "\t%zu\t", p->failed);
        if (p->parent >= 0)
            buf_printf(b, "%lld", (long long)p->parent + 1);
        buf_printf(b, "\t%s\n", p->choices);
    }
}

static void put_rank(Buf *b, const SearchResult *r) {
    const CandidateSet *set = r->action->evaluation ? &r->action->evaluation->sets[0] : NULL;
    if (!set || !set->space_text)
        return;
    buf_puts(b, "\n");
    if (r->tuned.ranking.dropped)
        buf_printf(b, "// The search left out %zu of these rows, networks of its selection.\n",
                   r->tuned.ranking.dropped);
    buf_printf(b, "rank rows(\"%s\", %s", set->table, set->space_text);
    if (set->n != INT64_MAX)
        buf_printf(b, ", %lld", (long long)set->n);
    buf_printf(b, ", seed: %llu", (unsigned long long)set->sample);
    if (set->metric)
        buf_printf(b, ", metric: \"%s\"", set->metric);
    if (set->smaller_is_better)
        buf_puts(b, ", better: smaller");
    buf_printf(b, ")\n  by %s;\n", r->action->name);
}

void search_program(const SearchResult *r, const char *main_path, Buf *b) {
    const Action *a = r->action;
    const SearchPoint *p = &r->points[r->best];
    Buf uses[2] = {{0}, {0}};
    buf_printf(b,
               "// Found by `search %s` of %s: point %lld of %zu.\n"
               "// On the selection set (%s, %zu networks) %.3f, which is optimistic",
               a->name, main_path, (long long)r->best + 1, r->finished, a->sets[0].table,
               r->nselection, p->rho);
    if (isfinite(r->estimate.coefficient))
        buf_printf(b, "; out of bag %.3f", r->estimate.coefficient);
    buf_puts(b, ".\n");
    if (r->evaluated)
        buf_printf(b, "// %s\n", r->tuned.value.against_size.sentence);
    buf_printf(b, "use \"%s\";\n", main_path);
    proxy_use_text(a->proxy, &uses[0]);
    space_use_text(a->sets[0].space, &uses[1]);
    Buf own = {0};
    buf_printf(&own, "use \"%s\";\n", main_path);
    for (int i = 0; i < 2; i++)
        if (strcmp(uses[i].text, own.text) != 0 &&
            (i == 0 || strcmp(uses[0].text, uses[1].text) != 0))
            buf_puts(b, uses[i].text);
    buf_printf(b, "\n%s = ", a->name);
    proxy_call_text(a->proxy, p->choices, b);
    buf_puts(b, ";\n");
    put_rank(b, r);
    buf_free(&uses[0]);
    buf_free(&uses[1]);
    buf_free(&own);
}
