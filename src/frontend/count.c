/* How many points a space has: raw, within its constraints, up to its symmetries, and as different
 * networks. In: a space. Out: an exact number, an estimate with an interval that says so, or
 * nothing. Exact numbers come from formulas, and where conditions compile from diagrams and fast walks;
 * from visiting every point where there are few; estimates from points drawn at random. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/points.h"

enum { MAX_VISITED = 100000, DRAWS = 400 };

/* ---- raw ---- */

typedef struct Raw {
    Natural total;
} Raw;

static bool raw_leaf(void *user, Leaf *leaf) {
    Raw *raw = user;
    Natural n = {0};
    natural_set(&n, 1);
    for (size_t i = 0; i < leaf->variables.len; i++)
        if (leaf->variables.items[i].index < 0)
            natural_multiply(&n, (uint64_t)leaf->variables.items[i].domain->domain.count);
    natural_add(&raw->total, &n);
    natural_free(&n);
    return true;
}

/* ---- within constraints ---- */

typedef struct Satisfying {
    Natural total;
    DiagramBudget budgets[LEAF_ORDERS];
    const volatile int *interrupt;
} Satisfying;

static bool walk_leaf(const Satisfying *s, Leaf *leaf, bool *used, Natural *out) {
    PredCompiler c;
    pred_init(&c, leaf->session.eval, leaf->variables.items, leaf->variables.len);
    Walkthrough w = {.compiler = &c,
                     .nvariables = leaf->variables.len,
                     .budget = COUNT_BUDGET,
                     .interrupt = s->interrupt,
                     .used = used};
    bool ok = walk_requires(&w, leaf);
    if (ok) {
        walk_use_nodes(&w);
        ok = walk_points(&w);
        natural_set(out, w.found);
    }
    VEC_FREE(w.conditions);
    pred_free(&c);
    return ok;
}

static bool satisfying_leaf(void *user, Leaf *leaf) {
    Satisfying *s = user;
    size_t n = leaf->variables.len;
    bool *walked = ARENA_ARRAY(leaf->session.arena, bool, n + 1);
    Natural points = {0};
    LeafDiagram d;
    bool ok = leaf_diagram(leaf, &(PointQuery){.constraints = ALL_CONSTRAINTS}, leaf->session.arena,
                           s->interrupt, s->budgets, &d);
    if (ok && d.complete) {
        diagram_count(&d.diagram, &points);
    } else {
        d = (LeafDiagram){.variables = leaf->variables.items, .used = walked};
        ok = walk_leaf(s, leaf, walked, &points);
    }
    for (size_t i = 0; i < n; i++)
        if (!d.used[i] && d.variables[i].index < 0)
            natural_multiply(&points, (uint64_t)d.variables[i].domain->domain.count);
    natural_add(&s->total, &points);
    natural_free(&points);
    return ok;
}

/* ---- visiting every point ---- */

typedef struct Odometer {
    VEC(int64_t) digits, limits;
    size_t asked;
} Odometer;

static int64_t pick_digit(void *user, Session *s, const char *address, const EvalDomain *d) {
    (void)s;
    (void)address;
    Odometer *o = user;
    if (o->asked == o->digits.len) {
        VEC_PUSH(o->digits, 0);
        VEC_PUSH(o->limits, 0);
    }
    o->limits.items[o->asked] = d->domain.count;
    return o->digits.items[o->asked++];
}

static bool advance(Odometer *o) {
    while (o->digits.len) {
        size_t last = o->digits.len - 1;
        if (++o->digits.items[last] < o->limits.items[last])
            return true;
        o->digits.len--;
        o->limits.len--;
    }
    return false;
}

typedef struct Visit {
    const Space *space;
    uint64_t visited, satisfying;
    bool want_networks;
    HashSet networks;
} Visit;

static bool add_network(Visit *v, Session *s, SpaceUse *use, Arena *scratch) {
    NetworkUse *net = session_network(s, use, NULL);
    IrModule m;
    if (!net || !session_network_build(s, net, 1, scratch, &m))
        return false;
    IrModule canonical = ir_canonicalise(scratch, &m);
    hash_set_add(&v->networks, ir_hash(&canonical));
    return true;
}

static bool visit_point(Visit *v, Odometer *o) {
    Arena scratch;
    Session s;
    arena_init(&scratch, "count");
    o->asked = 0;
    session_begin(&s, v->space->program,
                  &(SessionConfig){.arena = &scratch,
                                   .oracle = {.user = o, .pick = pick_digit},
                                   .unnamed = true});
    SpaceUse *use = session_space(&s, v->space);
    bool ok = use && session_decide_all(&s, v->space, use);
    int violated = ok ? session_first_violated(&s, use) : -2;
    ok = violated != -2;
    if (violated == -1) {
        v->satisfying++;
        ok = !v->want_networks || add_network(v, &s, use, &scratch);
    }
    ok = session_end(&s, true) && ok;
    arena_free(&scratch);
    return ok;
}

static bool visit_all(Visit *v, const volatile int *interrupt) {
    Odometer o = {0};
    bool ok;
    do {
        ok = ++v->visited <= MAX_VISITED && !(interrupt && *interrupt) && visit_point(v, &o);
    } while (ok && advance(&o));
    VEC_FREE(o.digits);
    VEC_FREE(o.limits);
    return ok;
}

/* ---- estimates: points drawn uniformly ---- */

typedef struct Uniform {
    RandomStream stream;
    uint64_t asked;
    double total, at;            /* of raw points; the leaf that holds number `at` is taken */
    VEC(const char *) addresses; /* of its structural decisions */
    VEC(int64_t) indices;
    Arena *arena;
    bool found;
} Uniform;

static bool uniform_leaf(void *user, Leaf *leaf) {
    Uniform *u = user;
    double points = 1;
    for (size_t i = 0; i < leaf->variables.len; i++)
        if (leaf->variables.items[i].index < 0)
            points *= (double)leaf->variables.items[i].domain->domain.count;
    if (u->at >= points) {
        u->at -= points;
        return true;
    }
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        if (v->index < 0)
            continue;
        VEC_PUSH(u->addresses, arena_strdup(u->arena, v->address));
        VEC_PUSH(u->indices, v->index);
    }
    u->found = true;
    return false;
}

static int64_t pick_uniform(void *user, Session *s, const char *address, const EvalDomain *d) {
    Uniform *u = user;
    (void)s;
    for (size_t i = 0; i < u->addresses.len; i++)
        if (strcmp(u->addresses.items[i], address) == 0)
            return u->indices.items[i];
    return (int64_t)random_below(u->stream, u->asked++, (uint64_t)d->domain.count);
}

/* 1 within constraints, 0 not, -1 a mistake. */
static int draw_satisfies(const Space *space, const Natural *raw, uint64_t draw) {
    Arena arena;
    Session s;
    arena_init(&arena, "count");
    Uniform u = {.stream =
                     stream_below(random_stream(0, 0, RANDOM_SAMPLE, hash128("count", 5, 0)), draw),
                 .arena = &arena};
    u.at = random_uniform(u.stream, u.asked++) * natural_double(raw);
    count_leaves(space, uniform_leaf, &u);
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = &arena, .oracle = {.user = &u, .pick = pick_uniform}});
    SpaceUse *use = session_space(&s, space);
    int result = -1;
    if (use && session_decide_all(&s, space, use)) {
        int violated = session_first_violated(&s, use);
        result = violated == -2 ? -1 : violated == -1;
    }
    session_end(&s, true);
    VEC_FREE(u.addresses);
    VEC_FREE(u.indices);
    arena_free(&arena);
    return result;
}

/* raw * share, a 95 % interval by Wilson's formula. */
static bool estimate(const Space *space, const Natural *raw, Arena *arena,
                     const volatile int *interrupt, SpaceCount *out) {
    double hits = 0, z = 1.96, n = DRAWS, total = natural_double(raw);
    if (!isfinite(total))
        return false;
    for (uint64_t i = 0; i < DRAWS; i++) {
        int holds = interrupt && *interrupt ? -1 : draw_satisfies(space, raw, i);
        if (holds < 0)
            return false;
        hits += holds;
    }
    double p = hits / n, middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    out->n = arena_printf(arena, "%.0f", total * p);
    out->lo = arena_printf(arena, "%.0f", hits > 0 ? total * fmax(middle - half, 0) : 0);
    out->hi = arena_printf(arena, "%.0f", total * fmin(middle + half, 1));
    out->exact = false;
    return true;
}

/* ---- what program.h promises ---- */

static void exact(SpaceCount *out, const Natural *n, Arena *arena) {
    *out = (SpaceCount){.n = natural_text(n, arena), .exact = true};
}

static void exact_number(SpaceCount *out, uint64_t v, Arena *arena) {
    Natural n = {0};
    natural_set(&n, v);
    exact(out, &n, arena);
    natural_free(&n);
}

static bool has_requires(const Space *space) {
    return space_require(space->definition, 0) != NULL;
}

static void count_by_visits(Space *space, bool networks, const volatile int *interrupt,
                            Arena *arena, SpaceCount *out) {
    Visit v = {.space = space, .want_networks = networks};
    if (visit_all(&v, interrupt))
        exact_number(out, networks ? v.networks.used : v.satisfying, arena);
    hash_set_free(&v.networks);
}

static void count_satisfying(Space *space, const Natural *raw, bool raw_known, Arena *arena,
                             const volatile int *interrupt, SpaceCount *out) {
    Satisfying s = {.budgets = {DIAGRAM_BUDGET, DIAGRAM_BUDGET}, .interrupt = interrupt};
    bool ok = raw_known && count_leaves(space, satisfying_leaf, &s);
    if (ok)
        exact(out, &s.total, arena);
    natural_free(&s.total);
    if (ok)
        return;
    if (!raw_known || natural_double(raw) <= MAX_VISITED / 10)
        count_by_visits(space, false, interrupt, arena, out);
    if (!out->n && raw_known)
        estimate(space, raw, arena, interrupt, out);
}

static bool few(const SpaceCount *c) {
    return c->n && c->exact && strlen(c->n) <= 6 && atol(c->n) <= MAX_VISITED;
}

void space_count(Space *space, unsigned wanted, Arena *arena, const volatile int *interrupt,
                 SpaceCount out[SPACE_COUNTS]) {
    memset(out, 0, SPACE_COUNTS * sizeof *out);
    Raw raw = {0};
    SpaceCount satisfying = {0};
    bool raw_known = count_leaves(space, raw_leaf, &raw);
    if (raw_known && wanted & 1u << SPACE_RAW)
        exact(&out[SPACE_RAW], &raw.total, arena);
    if (wanted & ~(1u << SPACE_RAW)) {
        if (raw_known && !has_requires(space))
            exact(&satisfying, &raw.total, arena);
        else
            count_satisfying(space, &raw.total, raw_known, arena, interrupt, &satisfying);
    }
    if (wanted & 1u << SPACE_SATISFYING)
        out[SPACE_SATISFYING] = satisfying;
    if (wanted & 1u << SPACE_DISTINCT) {
        Natural n = {0};
        if (!space_has_symmetry(space))
            out[SPACE_DISTINCT] = satisfying;
        else if (count_distinct(space, &n, interrupt))
            exact(&out[SPACE_DISTINCT], &n, arena);
        natural_free(&n);
    }
    if (wanted & 1u << SPACE_NETWORKS && few(&satisfying))
        count_by_visits(space, true, interrupt, arena, &out[SPACE_NETWORKS]);
    natural_free(&raw.total);
}

const char *space_raw_count(Space *space, Arena *arena) {
    SpaceCount counts[SPACE_COUNTS];
    space_count(space, 1u << SPACE_RAW, arena, NULL, counts);
    return counts[SPACE_RAW].n;
}
