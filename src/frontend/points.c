/* Points within constraints: a decision diagram for each leaf of structural decisions, made by one budget.
 * In: a space, constraints. Out: a table of weights, and points drawn by it. Invariant: a decision that
 * no diagram and no leaf names takes all its values equally often, or by its prior. */
#include "frontend/points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A cost is counted in so many units between the least and the bound. */
enum { MAX_POINT_LEAVES = 2000, COST_UNITS = 1000, MAX_COSTED_VALUES = 1 << 16 };

static const CostTerm *find_term(const CostBound *cost, const char *address) {
    for (size_t i = 0; i < cost->n; i++)
        if (strcmp(cost->terms[i].address, address) == 0)
            return &cost->terms[i];
    return NULL;
}

/* What each value of the variable adds, in whole units, rounded down. */
static double *added(Eval *e, const PredVariable *v, const CostTerm *term, double unit) {
    int64_t n = v->domain->domain.count;
    double *table = ARENA_ARRAY(eval_arena(e), double, n);
    Buf text = {0};
    for (int64_t i = 0; i < n; i++) {
        buf_clear(&text);
        domain_text(e, v->domain, i, &text);
        table[i] = 0;
        for (size_t k = 0; k < term->n; k++)
            if (text.text && strcmp(text.text, term->values[k]) == 0)
                table[i] = floor(term->adds[k] / unit);
    }
    buf_free(&text);
    return table;
}

/* As conditions: after each decision, what it and those before add leaves the bound in reach. */
static void compile_cost(Walkthrough *w, Leaf *leaf, const CostBound *cost) {
    PredCompiler *c = w->compiler;
    const Ast *x = space_require(leaf->space->definition, cost->constraint)->a;
    int bound = pred_condition(c, leaf->use->frame, x->b);
    if (bound < 0 || c->nodes.items[bound].op != PRED_CONST)
        return;
    double slack = c->nodes.items[bound].value - cost->least, unit = fmax(slack, 1) / COST_UNITS;
    int limit = pred_constant(c, floor(slack / unit)), total = pred_constant(c, 0);
    VEC_PUSH(w->conditions, pred_operation(c, PRED_LE, total, limit));
    for (size_t i = 0; i < w->nvariables; i++) {
        const PredVariable *v = &c->variables[i];
        const CostTerm *term = find_term(cost, v->address);
        if (!term || v->domain->domain.count > MAX_COSTED_VALUES)
            continue;
        const double *table = added(c->eval, v, term, unit);
        int more = v->index >= 0 ? pred_constant(c, table[v->index]) : pred_table(c, (int)i, table);
        total = pred_operation(c, PRED_ADD, total, more);
        VEC_PUSH(w->conditions, pred_operation(c, PRED_LE, total, limit));
    }
}

static bool compile(Walkthrough *w, Leaf *leaf, const PointQuery *query) {
    bool complete = true;
    const Ast *require;
    for (int i = 0; (require = space_require(leaf->space->definition, i)); i++) {
        bool wanted = i >= 64 || query->constraints >> i & 1;
        if (wanted && (i >= 64 || !walk_require(w, leaf, require)))
            complete = false;
    }
    for (size_t i = 0; i < query->ncosts; i++)
        compile_cost(w, leaf, &query->costs[i]);
    return complete;
}

typedef struct ByIndex {
    double index; /* the first one; what has none comes first */
    size_t declared;
} ByIndex;

static int by_index(const void *a, const void *b) {
    const ByIndex *x = a, *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return x->declared < y->declared ? -1 : x->declared > y->declared;
}

static const PredVariable *order_by_index(const Leaf *leaf) {
    size_t n = leaf->variables.len;
    Arena *arena = leaf->session.arena;
    PredVariable *out = ARENA_ARRAY(arena, PredVariable, n + 1);
    ByIndex *order = ARENA_ARRAY(arena, ByIndex, n + 1);
    for (size_t i = 0; i < n; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        bool number = v->nindices && value_is_number(v->indices[0]);
        order[i] = (ByIndex){number ? value_number(v->indices[0]) : -INFINITY, i};
    }
    qsort(order, n, sizeof *order, by_index);
    for (size_t i = 0; i < n; i++)
        out[i] = leaf->variables.items[order[i].declared];
    return out;
}

bool leaf_diagram(Leaf *leaf, const PointQuery *query, Arena *arena, const volatile int *interrupt,
                  DiagramBudget budgets[LEAF_ORDERS], LeafDiagram *out) {
    size_t n = leaf->variables.len;
    bool ok = false;
    for (int order = 0; !ok && order < LEAF_ORDERS; order++) {
        bool *used = ARENA_ARRAY(leaf->session.arena, bool, n + 1);
        PredCompiler c;
        *out = (LeafDiagram){.variables = order ? order_by_index(leaf) : leaf->variables.items,
                             .used = used};
        pred_init(&c, leaf->session.eval, out->variables, n);
        Walkthrough w = {.compiler = &c, .nvariables = n, .used = used, .interrupt = interrupt};
        out->complete = compile(&w, leaf, query);
        ok = diagram_build(arena, &w, query->by_probability, &budgets[order], &out->diagram);
        VEC_FREE(w.conditions);
        pred_free(&c);
    }
    return ok;
}

typedef struct Making {
    const PointQuery *query;
    bool complete;
    Arena *arena;
    DiagramBudget budgets[LEAF_ORDERS];
    long double weight;
    VEC(PointLeaf) leaves;
} Making;

/* Structural decisions are part of the leaf; those that no condition names multiply its weight. */
static void make_decisions(const Making *m, const LeafDiagram *d, size_t n, PointLeaf *p) {
    p->made.addresses = ARENA_ARRAY(m->arena, const char *, n + 1);
    p->made.indices = ARENA_ARRAY(m->arena, int64_t, n + 1);
    p->weight = p->diagram.weight;
    for (size_t i = 0; i < n; i++) {
        const PredVariable *v = &d->variables[i];
        const Domain *domain = &v->domain->domain;
        if (v->index >= 0) {
            p->made.addresses[p->made.n] = arena_strdup(m->arena, v->address);
            p->made.indices[p->made.n++] = v->index;
            if (m->query->by_probability)
                p->weight *=
                    (long double)domain_probability(domain, domain_prior_sum(domain), v->index);
        } else if (!d->used[i] && !m->query->by_probability) {
            p->weight *= (long double)domain->count;
        }
    }
}

static bool make_leaf(void *user, Leaf *leaf) {
    Making *m = user;
    LeafDiagram d;
    if (m->leaves.len >= MAX_POINT_LEAVES ||
        !leaf_diagram(leaf, m->query, m->arena, NULL, m->budgets, &d))
        return false;
    PointLeaf p = {.diagram = d.diagram};
    m->complete &= d.complete;
    if (d.diagram.weight > 0) {
        make_decisions(m, &d, leaf->variables.len, &p);
        m->weight += p.weight;
        VEC_PUSH(m->leaves, p);
    }
    return true;
}

const PointTable *points_within(const Space *space, const PointQuery *query, Arena *arena) {
    Making m = {.query = query,
                .complete = true,
                .arena = arena,
                .budgets = {DIAGRAM_BUDGET, DIAGRAM_BUDGET}};
    PointTable *t = NULL;
    if (count_outer_leaves(space, make_leaf, &m) && isfinite(m.weight)) {
        t = ARENA_NEW(arena, PointTable);
        *t = (PointTable){.n = m.leaves.len, .weight = m.weight, .complete = m.complete};
        t->leaves = ARENA_ARRAY(arena, PointLeaf, m.leaves.len + 1);
        for (size_t i = 0; i < m.leaves.len; i++)
            t->leaves[i] = m.leaves.items[i];
    }
    VEC_FREE(m.leaves);
    return t;
}

Assignment points_draw(const PointTable *t, RandomStream stream, Arena *arena) {
    CHECK(t->weight > 0);
    long double at = t->weight * (long double)random_uniform(stream, 0);
    size_t k = 0;
    while (k + 1 < t->n && (at -= t->leaves[k].weight) >= 0)
        k++;
    const PointLeaf *leaf = &t->leaves[k];
    size_t n = leaf->made.n + leaf->diagram.nlevels;
    Assignment out = {.addresses = ARENA_ARRAY(arena, const char *, n + 1),
                      .indices = ARENA_ARRAY(arena, int64_t, n + 1),
                      .n = leaf->made.n};
    for (size_t i = 0; i < leaf->made.n; i++) {
        out.addresses[i] = leaf->made.addresses[i];
        out.indices[i] = leaf->made.indices[i];
    }
    diagram_draw(&leaf->diagram, stream_below(stream, 1), &out);
    return out;
}
