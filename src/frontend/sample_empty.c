/* Why a space has no points, or so few that none is found. In: a space. Out: a diagnostic with the
 * constraints at fault and the nearest values found. A set of constraints is asked for a point by drawing
 * within it alone: draws within more would say nothing about what is left out. */
#include "frontend/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROBES = 400,
    MAX_PROBES = 5000,
    STARTS = 20,
    MAX_STEPS = 1000,
    MAX_VALUES_TRIED = 64,
    MAX_CONSTRAINTS = 64
};

/* A point with what every constraint says of it. */
typedef struct Probe {
    Assignment made;
    const int64_t *counts; /* values of each decision */
    uint64_t broken;       /* a bit a constraint */
    const Value *values;   /* by constraint: of the side that it bounds, or poison */
} Probe;

typedef struct Inquiry {
    Space *space;
    RandomStream stream;
    bool by_probability;
    int n; /* constraints */
    uint64_t drawn;
    Arena arena;
    VEC(Probe) probes;
} Inquiry;

/* `e <= bound` and its kin: whether the smaller value is the closer one. */
static bool bounded(const Ast *x, bool *smaller) {
    *smaller = false;
    if (x->kind != AST_BINARY)
        return false;
    *smaller = x->oper == OPER_LE || x->oper == OPER_LT;
    return *smaller || x->oper == OPER_GE || x->oper == OPER_GT;
}

static void keep_point(Inquiry *q, const Point *from, Probe *p) {
    size_t n = from->genotype.len;
    int64_t *counts = ARENA_ARRAY(&q->arena, int64_t, n + 1);
    p->made = (Assignment){.addresses = ARENA_ARRAY(&q->arena, const char *, n + 1),
                           .indices = ARENA_ARRAY(&q->arena, int64_t, n + 1),
                           .n = n};
    for (size_t i = 0; i < n; i++) {
        const Decision *d = &from->genotype.items[i];
        p->made.addresses[i] = arena_strdup(&q->arena, d->address);
        p->made.indices[i] = d->index;
        counts[i] = d->domain.count;
    }
    p->counts = counts;
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
        Value v = bounded(x, &smaller) ? value_plain(eval_expr(s->eval, use->frame, x->a))
                                       : value_poison();
        values[i] = value_is_number(v) ? v : value_poison();
    }
    p->values = values;
    return ok;
}

/* A point with these decisions, the others drawn. NULL on a mistake, or after too many. */
static const Probe *probe(Inquiry *q, const Assignment *made) {
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

static uint64_t bit(int i) {
    return (uint64_t)1 << i;
}

/* Up to n draws within the set, as far as it can be counted; whether one met all of it. Ends with that one
 * if only the answer is wanted. */
static bool draw_within(Inquiry *q, uint64_t set, int n, bool answer) {
    Arena arena;
    arena_init(&arena, "sample");
    const PointTable *t = points_within(q->space, set, q->by_probability, &arena);
    bool possible = !t || t->weight > 0, found = false;
    for (int i = 0; possible && i < n && !(found && answer); i++) {
        Assignment made = {0};
        if (t)
            made = points_draw(t, stream_below(q->stream, q->drawn), &arena);
        const Probe *p = probe(q, &made);
        found |= p && !(p->broken & set);
    }
    arena_free(&arena);
    return found;
}

/* Whether some point meets all constraints of the set, as far as can be told: after too many probes every set may. */
static bool reachable(Inquiry *q, uint64_t set) {
    for (size_t i = 0; i < q->probes.len; i++)
        if (!(q->probes.items[i].broken & set))
            return true;
    return draw_within(q, set, PROBES, true) || q->drawn >= MAX_PROBES;
}

/* Constraints that leave nothing, while any of them left out leaves something. */
static uint64_t irreducible(Inquiry *q) {
    uint64_t set = q->n >= 64 ? UINT64_MAX : bit(q->n) - 1;
    for (int i = 0; i < q->n; i++) {
        uint64_t without = set & ~bit(i);
        if (without && !reachable(q, without))
            set = without;
    }
    return set;
}

static bool proved_empty(Inquiry *q, uint64_t set) {
    Arena arena;
    arena_init(&arena, "sample");
    const PointTable *t = points_within(q->space, set, q->by_probability, &arena);
    bool empty = t && !(t->weight > 0);
    arena_free(&arena);
    return empty;
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
            const Probe *p = *index == was ? NULL : probe(q, &best->made);
            *index = was;
            if (p && admissible(p, others, i) && closer(p, best, i, smaller)) {
                *best = *p;
                improved = true;
            }
        }
    }
    return improved;
}

/* The point nearest to what constraint i wants among those that meet the others of the set: the best one drawn,
 * improved one decision at a time. */
static bool nearest(Inquiry *q, uint64_t set, int i, bool smaller, Probe *best) {
    uint64_t others = set & ~bit(i);
    bool any = false;
    int steps = 0;
    draw_within(q, others, STARTS, false);
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

static void note_value(Value v, Buf *b) {
    double x = value_number(v);
    value_print(b, v);
    if (fabs(x) >= 1e6)
        buf_printf(b, " (%.4gM)", x / 1e6);
}

static void note_constraint(Inquiry *q, DiagSink *sink, Diag *d, uint64_t set, int i, bool proved) {
    const Ast *require = space_require(q->space->definition, i);
    bool several = (set & (set - 1)) != 0, smaller;
    Probe best;
    Buf text = {0};
    buf_printf(&text, "no %s meets this%s", proved ? "point" : "draw",
               several ? " together with the others named here" : "");
    if (bounded(require->a, &smaller) && nearest(q, set, i, smaller, &best)) {
        buf_printf(&text, ": the %s value found%s is ", smaller ? "smallest" : "largest",
                   several ? " where those hold" : "");
        note_value(best.values[i], &text);
        if (!(best.broken & bit(i)))
            buf_puts(&text, ", which few points reach");
    }
    diag_note(sink, d, require->place, "%s", text.text);
    buf_free(&text);
}

void report_empty(Space *space, RandomStream stream, bool by_probability, size_t draws) {
    Inquiry q = {.space = space, .stream = stream, .by_probability = by_probability};
    DiagSink sink;
    arena_init(&q.arena, "sample");
    while (q.n < MAX_CONSTRAINTS && space_require(space->definition, q.n))
        q.n++;
    uint64_t set = irreducible(&q);
    bool proved = proved_empty(&q, set);
    diag_init(&sink, &q.arena, &space->program->sources);
    Diag *d = diag_at(
        &sink, space->definition->name_place, DIAG_empty_space,
        proved ? "no point of the space meets its constraints"
               : arena_printf(&q.arena, "no point of the space was found in %zu draws", draws));
    for (int i = 0; d && i < q.n; i++)
        if (set >> i & 1)
            note_constraint(&q, &sink, d, set, i, proved);
    program_adopt(space->program, &sink);
    diag_free(&sink);
    VEC_FREE(q.probes);
    arena_free(&q.arena);
}
