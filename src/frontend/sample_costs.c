/* Costs of networks as constraints on decisions. In: a space with `require cost <= bound`. Out: the smallest
 * network and what each value of each decision adds to it. A cost made of sums and products of what grows is
 * at least the sum of these, which prunes decisions as they are made. Other costs are found out by trying
 * every pair of decisions and a number of larger changes, and left alone. */
#include <stdlib.h>
#include <string.h>

#include "frontend/probe.h"

enum { MAX_SINGLE = 2000, MAX_PAIRS = 1500, CHANGES = 200 };

typedef struct Costing {
    Inquiry inquiry;
    int constraint;
    Probe least;
    CostBound bound;
    /* By term: the value that adds most, or one with which there are other decisions. */
    size_t *widest;
    RandomStream stream;
} Costing;

static double cost_of(const Costing *c, const Probe *p) {
    return value_number(p->values[c->constraint]);
}

/* With other values of the same decisions: false where there are other decisions now, whose values play a part. */
static bool comparable(const Costing *c, const Probe *p) {
    if (!p || p->made.n != c->least.made.n || value_is_poison(p->values[c->constraint]))
        return false;
    for (size_t i = 0; i < p->made.n; i++)
        if (strcmp(p->made.addresses[i], c->least.made.addresses[i]) != 0)
            return false;
    return true;
}

/* The smallest network with the values `index` of some decisions, as a point of its own. */
static Assignment copy_least(Costing *c) {
    const Assignment *from = &c->least.made;
    Assignment out = {.addresses = from->addresses,
                      .indices = ARENA_ARRAY(&c->inquiry.arena, int64_t, from->n + 1),
                      .n = from->n};
    memcpy(out.indices, from->indices, from->n * sizeof *out.indices);
    return out;
}

/* What each value of decision k adds; false if one is cheaper, so that this is not the smallest network. */
static bool fill_term(Costing *c, size_t k, Arena *arena) {
    size_t n = (size_t)c->least.counts[k];
    CostTerm *t = &c->bound.terms[k];
    *t = (CostTerm){.address = arena_strdup(arena, c->least.made.addresses[k]),
                    .n = n,
                    .values = ARENA_ARRAY(arena, const char *, n),
                    .adds = ARENA_ARRAY(arena, double, n)};
    Assignment made = copy_least(c);
    bool others = false;
    c->widest[k] = (size_t)c->least.made.indices[k];
    for (size_t v = 0; v < n; v++) {
        made.indices[k] = (int64_t)v;
        const Probe *p = made.indices[k] == c->least.made.indices[k]
                             ? &c->least
                             : inquiry_probe(&c->inquiry, &made);
        bool known = comparable(c, p);
        t->values[v] = p ? arena_strdup(arena, p->texts[k]) : "";
        t->adds[v] = known ? cost_of(c, p) - c->bound.least : 0;
        if (t->adds[v] < 0)
            return false;
        others |= !known;
        if (!known || (!others && t->adds[v] > t->adds[c->widest[k]]))
            c->widest[k] = v;
    }
    return true;
}

static bool fill_terms(Costing *c, Arena *arena) {
    const Probe *least = &c->least;
    int64_t values = 0;
    for (size_t k = 0; k < least->made.n; k++) {
        if (least->counts[k] > MAX_SINGLE || (values += least->counts[k]) > MAX_SINGLE)
            return false;
    }
    c->bound.n = least->made.n;
    c->bound.terms = ARENA_ARRAY(arena, CostTerm, c->bound.n + 1);
    c->widest = ARENA_ARRAY(&c->inquiry.arena, size_t, c->bound.n + 1);
    for (size_t k = 0; k < c->bound.n; k++)
        if (!fill_term(c, k, arena))
            return false;
    return true;
}

static double added(const CostBound *b, const char *address, const char *text) {
    for (size_t k = 0; k < b->n; k++)
        for (size_t v = 0; strcmp(b->terms[k].address, address) == 0 && v < b->terms[k].n; v++)
            if (strcmp(b->terms[k].values[v], text) == 0)
                return b->terms[k].adds[v];
    return 0;
}

/* Whether the bound holds for a point, up to rounding. */
static bool holds(Costing *c, const Assignment *made) {
    const Probe *p = inquiry_probe(&c->inquiry, made);
    if (!p || value_is_poison(p->values[c->constraint]))
        return false;
    double sum = c->bound.least;
    for (size_t i = 0; i < p->made.n; i++)
        sum += added(&c->bound, p->made.addresses[i], p->texts[i]);
    return cost_of(c, p) >= sum * (1 - 1e-12);
}

/* Each two decisions at what adds most. */
static bool pairs_hold(Costing *c) {
    size_t n = c->bound.n, pairs = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++) {
            Assignment made = copy_least(c);
            made.indices[a] = (int64_t)c->widest[a];
            made.indices[b] = (int64_t)c->widest[b];
            if (made.indices[a] == c->least.made.indices[a] ||
                made.indices[b] == c->least.made.indices[b])
                continue;
            if (++pairs > MAX_PAIRS || !holds(c, &made))
                return false;
        }
    return true;
}

/* From two decisions to half of them, at any values. */
static bool changes_hold(Costing *c) {
    size_t n = c->bound.n;
    for (uint64_t i = 0; i < CHANGES; i++) {
        RandomStream s = stream_below(c->stream, i);
        Assignment made = copy_least(c);
        size_t changed = 2 + random_below(s, 0, n / 2 + 1);
        for (size_t k = 0; k < changed; k++) {
            size_t at = random_below(s, 2 * k + 1, n);
            made.indices[at] = (int64_t)random_below(s, 2 * k + 2, (uint64_t)c->least.counts[at]);
        }
        if (!holds(c, &made))
            return false;
    }
    return true;
}

static bool bound_cost(Space *space, bool by_probability, int i, Arena *arena, CostBound *out) {
    RandomStream stream = random_stream(0, 0, RANDOM_SAMPLE, hash128("costs", 5, 0));
    Costing c = {.constraint = i, .stream = stream_below(stream, UINT64_MAX)};
    inquiry_begin(&c.inquiry, space, stream, by_probability);
    bool ok = inquiry_nearest(&c.inquiry, constraint_bit(i), i, true, &c.least) && c.least.made.n;
    if (ok) {
        c.bound = (CostBound){.constraint = i, .least = cost_of(&c, &c.least)};
        ok = fill_terms(&c, arena) && pairs_hold(&c) && changes_hold(&c);
    }
    *out = c.bound;
    inquiry_end(&c.inquiry);
    return ok;
}

/* Whether it must be asked of a network. */
static bool compiles(const Space *space, int i) {
    Arena arena;
    arena_init(&arena, "costs");
    PointQuery query = {.constraints = constraint_bit(i)};
    const PointTable *t = points_within(space, &query, &arena);
    bool complete = t && t->complete;
    arena_free(&arena);
    return complete;
}

const CostBound *cost_bounds(Space *space, bool by_probability, Arena *arena, size_t *n) {
    CostBound *out = ARENA_ARRAY(arena, CostBound, MAX_CONSTRAINTS);
    const Ast *require;
    *n = 0;
    for (int i = 0; i < MAX_CONSTRAINTS && (require = space_require(space->definition, i)); i++) {
        bool smaller;
        if (constraint_bounds(require->a, &smaller) && smaller && !compiles(space, i) &&
            bound_cost(space, by_probability, i, arena, &out[*n]))
            ++*n;
    }
    return out;
}
