/* How many points a space has: raw, within its constraints, up to its symmetries, and as different
 * networks. In: a space. Out: an exact number, an estimate with an interval that says so, or
 * nothing. Exact numbers come from formulas, and where conditions compile from diagrams and fast walks;
 * from visiting every point where there are few; estimates from points drawn at random. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/points.h"

enum { MAX_VISITED = 100000 };

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
    bool ok = walk_requires(&w, leaf, NULL);
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

bool count_network(Session *s, SpaceUse *use, Arena *scratch, Hash128 *out) {
    NetworkUse *net = session_network(s, use, NULL);
    IrModule m;
    if (!net || !session_network_build(s, net, 1, scratch, &m))
        return false;
    IrModule canonical = ir_canonicalise(scratch, &m);
    *out = ir_hash(&canonical);
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
        Hash128 network;
        v->satisfying++;
        ok = !v->want_networks || count_network(&s, use, &scratch, &network);
        if (ok && v->want_networks)
            hash_set_add(&v->networks, network);
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
        estimate_satisfying(space, raw, arena, interrupt, out);
}

static bool few(const SpaceCount *c) {
    return c->n && c->exact && strlen(c->n) <= 6 && atol(c->n) <= MAX_VISITED;
}

/* Of what is out of reach. */
static void say_why(SpaceCount *out, unsigned wanted, const SpaceCount *satisfying,
                    const volatile int *interrupt) {
    static const char *const why[SPACE_COUNTS] = {
        "choices stand in bodies, or what they can be depends on a network",
        "no formula counts the points, and they are too many to be visited",
        "the points are too many to be compared one by one",
        "not every network builds",
    };
    for (int i = 0; i < SPACE_COUNTS; i++) {
        if (out[i].n || !(wanted & 1u << i))
            continue;
        out[i].why = why[i];
        if (i == SPACE_NETWORKS && !satisfying->n)
            out[i].why = "the points are not counted";
        if (interrupt && *interrupt)
            out[i].why = "interrupted";
    }
}

static void count_networks(Space *space, const Natural *raw, const SpaceCount *satisfying,
                           Arena *arena, const CountOptions *options, SpaceCount *out) {
    if (few(satisfying))
        count_by_visits(space, true, options->interrupt, arena, out);
    if (out->n || !satisfying->n || !raw)
        return;
    if (!count_networks_listed(space, arena, options, out))
        estimate_networks(space, raw, satisfying, arena, options->interrupt, out);
}

void space_count(Space *space, unsigned wanted, Arena *arena, const CountOptions *options,
                 SpaceCount out[SPACE_COUNTS]) {
    static const CountOptions none;
    options = options ? options : &none;
    const volatile int *interrupt = options->interrupt;
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
    if (wanted & 1u << SPACE_DISTINCT && !space_has_symmetry(space))
        out[SPACE_DISTINCT] = satisfying;
    else if (wanted & 1u << SPACE_DISTINCT)
        count_architectures(space, arena, options, &out[SPACE_DISTINCT]);
    if (wanted & 1u << SPACE_NETWORKS)
        count_networks(space, raw_known ? &raw.total : NULL, &satisfying, arena, options,
                       &out[SPACE_NETWORKS]);
    say_why(out, wanted, &satisfying, interrupt);
    natural_free(&raw.total);
}

const char *space_raw_count(Space *space, Arena *arena) {
    SpaceCount counts[SPACE_COUNTS];
    space_count(space, 1u << SPACE_RAW, arena, NULL, counts);
    return counts[SPACE_RAW].n;
}
