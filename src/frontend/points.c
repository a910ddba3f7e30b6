/* Points within constraints: a decision diagram for each leaf of structural decisions, made by one budget.
 * In: a space, constraints. Out: a table of weights, and points drawn by it. Invariant: a decision that
 * no diagram and no leaf names takes all its values equally often, or by its prior. */
#include "frontend/points.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_POINT_LEAVES = 2000 };

typedef struct Making {
    uint64_t constraints;
    bool by_probability, complete;
    Arena *arena;
    DiagramBudget budget;
    long double weight;
    VEC(PointLeaf) leaves;
} Making;

static bool compile(const Making *m, Walkthrough *w, Leaf *leaf) {
    bool complete = true;
    const Ast *require;
    for (int i = 0; (require = space_require(leaf->space->definition, i)); i++) {
        bool wanted = i >= 64 || m->constraints >> i & 1;
        if (wanted && (i >= 64 || !walk_require(w, leaf, require)))
            complete = false;
    }
    return complete;
}

/* Structural decisions are part of the leaf; those that no condition names multiply its weight. */
static void make_decisions(const Making *m, const Walkthrough *w, const Leaf *leaf, PointLeaf *p) {
    size_t n = leaf->variables.len;
    p->made.addresses = ARENA_ARRAY(m->arena, const char *, n + 1);
    p->made.indices = ARENA_ARRAY(m->arena, int64_t, n + 1);
    p->weight = p->diagram.weight;
    for (size_t i = 0; i < n; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        const Domain *d = &v->domain->domain;
        if (v->index >= 0) {
            p->made.addresses[p->made.n] = arena_strdup(m->arena, v->address);
            p->made.indices[p->made.n++] = v->index;
            if (m->by_probability)
                p->weight *= (long double)domain_probability(d, domain_prior_sum(d), v->index);
        } else if (!w->used[i] && !m->by_probability) {
            p->weight *= (long double)d->count;
        }
    }
}

static bool make_leaf(void *user, Leaf *leaf) {
    Making *m = user;
    size_t n = leaf->variables.len;
    PointLeaf p = {0};
    PredCompiler c;
    pred_init(&c, leaf->session.eval, leaf->variables.items, n);
    Walkthrough w = {
        .compiler = &c, .nvariables = n, .used = ARENA_ARRAY(leaf->session.arena, bool, n + 1)};
    m->complete &= compile(m, &w, leaf);
    bool ok = diagram_build(m->arena, &w, m->by_probability, &m->budget, &p.diagram);
    if (ok && p.diagram.weight > 0) {
        make_decisions(m, &w, leaf, &p);
        m->weight += p.weight;
        VEC_PUSH(m->leaves, p);
    }
    VEC_FREE(w.conditions);
    pred_free(&c);
    return ok && m->leaves.len <= MAX_POINT_LEAVES;
}

const PointTable *points_within(const Space *space, uint64_t constraints, bool by_probability,
                                Arena *arena) {
    Making m = {.constraints = constraints,
                .by_probability = by_probability,
                .complete = true,
                .arena = arena,
                .budget = DIAGRAM_BUDGET};
    PointTable *t = NULL;
    if (count_leaves(space, make_leaf, &m) && isfinite(m.weight)) {
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
