/* Probing: points drawn within constraints, and the nearest to a bound. In: a space. Out: points with
 * what each constraint says. Invariant: the same stream and questions give the same points; nothing is reported. */
#include "frontend/probe.h"

#include <stdlib.h>
#include <string.h>

enum { STARTS = 20, MAX_STEPS = 1000, MAX_VALUES_TRIED = 64 };

void inquiry_begin(Inquiry *q, Space *space, RandomStream stream, bool by_probability) {
    *q = (Inquiry){.space = space, .stream = stream, .by_probability = by_probability};
    arena_init(&q->arena, "probe");
    while (q->n < MAX_CONSTRAINTS && space_require(space->definition, q->n))
        q->n++;
}

void inquiry_end(Inquiry *q) {
    VEC_FREE(q->probes);
    arena_free(&q->arena);
}

bool constraint_bounds(const Ast *x, bool *smaller) {
    *smaller = false;
    if (x->kind != AST_BINARY)
        return false;
    *smaller = x->oper == OPER_LE || x->oper == OPER_LT;
    return *smaller || x->oper == OPER_GE || x->oper == OPER_GT;
}

static void keep_point(Inquiry *q, const Point *from, Probe *p) {
    size_t n = from->genotype.len;
    int64_t *counts = ARENA_ARRAY(&q->arena, int64_t, n + 1);
    const char **texts = ARENA_ARRAY(&q->arena, const char *, n + 1);
    p->made = (Assignment){.addresses = ARENA_ARRAY(&q->arena, const char *, n + 1),
                           .indices = ARENA_ARRAY(&q->arena, int64_t, n + 1),
                           .n = n};
    for (size_t i = 0; i < n; i++) {
        const Decision *d = &from->genotype.items[i];
        p->made.addresses[i] = arena_strdup(&q->arena, d->address);
        p->made.indices[i] = d->index;
        counts[i] = d->domain.count;
        texts[i] = arena_strdup(&q->arena, from->texts.items[i]);
    }
    p->counts = counts;
    p->texts = texts;
}

static bool ask(Inquiry *q, Session *s, SpaceUse *use, Probe *p) {
    Value *values = ARENA_ARRAY(&q->arena, Value, q->n + 1);
    bool ok = true;
    for (int i = 0; ok && i < q->n; i++) {
        const Ast *x = space_require(q->space->definition, i)->a;
        bool holds = false, smaller;
        ok =
            eval_bool(s->eval, eval_expr(s->eval, use->frame, x), x->place, "a constraint", &holds);
        p->broken |= (uint64_t)!holds << i;
        Value v = constraint_bounds(x, &smaller) ? value_plain(eval_expr(s->eval, use->frame, x->a))
                                                 : value_poison();
        values[i] = value_is_number(v) ? v : value_poison();
    }
    p->values = values;
    return ok;
}

const Probe *inquiry_probe(Inquiry *q, const Assignment *made) {
    if (q->drawn >= MAX_PROBES)
        return NULL;
    Session s;
    Arena scratch;
    arena_init(&scratch, "sample");
    Draw draw = {.stream = q->stream, .attempt = q->drawn++, .made = made};
    SpaceUse *use = draw_decisions(q->space, &draw, &s, &scratch);
    Probe p = {0};
    bool ok = use && ask(q, &s, use, &p);
    if (ok)
        keep_point(q, &s.point, &p);
    ok = session_end(&s, true) && ok;
    arena_free(&scratch);
    if (ok)
        VEC_PUSH(q->probes, p);
    return ok ? &q->probes.items[q->probes.len - 1] : NULL;
}

bool inquiry_draw(Inquiry *q, uint64_t set, int n, bool answer) {
    Arena arena;
    arena_init(&arena, "sample");
    const PointTable *t = points_within(
        q->space, &(PointQuery){.constraints = set, .by_probability = q->by_probability}, &arena);
    bool possible = !t || t->weight > 0, found = false;
    for (int i = 0; possible && i < n && !(found && answer); i++) {
        Assignment made = {0};
        if (t)
            made = points_draw(t, stream_below(q->stream, q->drawn), &arena);
        const Probe *p = inquiry_probe(q, &made);
        found |= p && !(p->broken & set);
    }
    arena_free(&arena);
    return found;
}

static bool closer(const Probe *a, const Probe *b, int i, bool smaller) {
    double x = value_number(a->values[i]), y = value_number(b->values[i]);
    return smaller ? x < y : x > y;
}

static bool admissible(const Probe *p, uint64_t others, int i) {
    return !(p->broken & others) && !value_is_poison(p->values[i]);
}

/* One sweep over the decisions, each taking the value that brings constraint i closest while the others hold. */
static bool improve(Inquiry *q, Probe *best, uint64_t others, int i, bool smaller, int *steps) {
    bool improved = false;
    for (size_t k = 0; k < best->made.n; k++) {
        int64_t n = best->counts[k], tried = MIN(n, MAX_VALUES_TRIED);
        for (int64_t v = 0; v < tried && ++*steps <= MAX_STEPS; v++) {
            int64_t *index = &best->made.indices[k], was = *index;
            *index = v == tried - 1 ? n - 1 : v * (n / tried);
            const Probe *p = *index == was ? NULL : inquiry_probe(q, &best->made);
            *index = was;
            if (p && admissible(p, others, i) && closer(p, best, i, smaller)) {
                *best = *p;
                improved = true;
            }
        }
    }
    return improved;
}

bool inquiry_nearest(Inquiry *q, uint64_t set, int i, bool smaller, Probe *best) {
    uint64_t others = set & ~constraint_bit(i);
    bool any = false;
    int steps = 0;
    inquiry_draw(q, others, STARTS, false);
    for (size_t k = 0; k < q->probes.len; k++) {
        const Probe *p = &q->probes.items[k];
        if (admissible(p, others, i) && (!any || closer(p, best, i, smaller))) {
            *best = *p;
            any = true;
        }
    }
    while (any && improve(q, best, others, i, smaller, &steps))
        ;
    return any;
}
