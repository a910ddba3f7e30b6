/* Points up to several symmetries at once. In: a space whose symmetries share choices, or that has
 * several graphs. Out: the number of classes. Every point is visited; each statement alone gives it
 * a key that all points have to which that statement takes it, and points with a key in common are
 * united. Invariant: what is united is the closure of the statements, in whatever order they apply. */
#include <stdint.h>

#include "frontend/distinct.h"
#include "frontend/eval_impl.h"

enum { MAX_POINTS = 1000000 };

typedef struct Union {
    Arena arena;
    EvalMap first;        /* key -> 1 + number of a point that has it */
    VEC(uint32_t) parent; /* by point: another one of its class, or itself */
    uint64_t classes;
    Natural *total;
    DistinctTable *list; /* every point, at the end one of each class; or NULL */
    bool *left;
    const volatile int *interrupt;
} Union;

/* One statement in one leaf. */
typedef struct Statement {
    bool is_order;
    Orders orders;
    GraphShape shape;
    bool *own;
} Statement;

typedef struct UnionLeaf {
    Union *all;
    Leaf *leaf;
    VEC(Statement) statements;
    bool *used;
    long double others; /* points that each point seen stands for */
} UnionLeaf;

static uint32_t class_of(const Union *c, uint32_t p) {
    while (c->parent.items[p] != p)
        p = c->parent.items[p] = c->parent.items[c->parent.items[p]];
    return p;
}

/* The first point of a class is its root. */
static void unite(Union *c, uint32_t a, uint32_t b) {
    a = class_of(c, a);
    b = class_of(c, b);
    c->parent.items[MAX(a, b)] = MIN(a, b);
    c->classes -= a != b;
}

static bool statement_key(const UnionLeaf *x, const Statement *s, const int64_t *taken,
                          const double *values, Hash128 *key) {
    if (s->is_order) {
        *key = orders_key(&s->orders, x->leaf, taken);
    } else {
        int map[ISO_MAX_VERTICES];
        IsoGraph g = graph_of(&s->shape, taken, values, map);
        graph_colour(&s->shape, taken, map, &g);
        if (!iso_hash(&g, key))
            return false;
    }
    *key = hash128_combine(*key, point_outside(x->leaf, s->own, x->used, taken));
    return true;
}

static bool visit_point(void *user, const int64_t *taken, const double *values) {
    UnionLeaf *x = user;
    Union *c = x->all;
    uint32_t point = (uint32_t)c->parent.len;
    if (point == MAX_POINTS)
        return false;
    VEC_PUSH(c->parent, point);
    c->classes++;
    if (c->list && !distinct_add(c->list, taken, NULL, x->others))
        return false;
    for (size_t i = 0; i < x->statements.len; i++) {
        Hash128 key;
        if (!statement_key(x, &x->statements.items[i], taken, values, &key))
            return false;
        uintptr_t *first = (uintptr_t *)map_slot(
            &c->arena, &c->first, hash128_combine(key, (Hash128){i, x->statements.len}));
        if (*first)
            unite(c, point, (uint32_t)(*first - 1));
        else
            *first = (uintptr_t)point + 1;
    }
    return true;
}

static bool read_statement(UnionLeaf *x, PredCompiler *c, const Ast *same) {
    Statement s = {.is_order = same->alias != NULL};
    bool ok;
    if (s.is_order) {
        s.own = ARENA_ARRAY(x->leaf->session.arena, bool, x->leaf->variables.len + 1);
        ok = orders_read(&s.orders, x->leaf, same, s.own);
    } else {
        ok = graph_read(&s.shape, c, x->leaf, same);
        s.own = s.shape.own;
    }
    VEC_PUSH(x->statements, s);
    return ok;
}

/* A graph that owns a known variable is the same graph in other leaves: then every variable is
 * walked, so that classes that cross leaves are counted by what their points are. */
static void choose_walked(UnionLeaf *x, Natural *others) {
    size_t n = x->leaf->variables.len;
    bool crosses = false;
    for (size_t k = 0; k < x->statements.len; k++)
        for (size_t i = 0; i < n; i++) {
            bool own = x->statements.items[k].own[i];
            bool known = x->leaf->variables.items[i].index >= 0;
            x->used[i] |= own && !known;
            crosses |= own && known;
        }
    natural_set(others, 1);
    for (size_t i = 0; i < n; i++) {
        if (x->leaf->variables.items[i].index >= 0)
            continue;
        if (crosses)
            x->used[i] = true;
        else if (!x->used[i])
            natural_multiply(others, (uint64_t)x->leaf->variables.items[i].domain->domain.count);
    }
}

static bool walk_classes(UnionLeaf *x, Walkthrough *w) {
    Union *c = x->all;
    Natural others = {0};
    walk_use_nodes(w);
    choose_walked(x, &others);
    uint64_t before = c->classes;
    x->others = (long double)natural_double(&others);
    if (c->list)
        distinct_begin_leaf(c->list, x->leaf, x->used, x->used, NULL);
    bool ok = walk_points(w);
    Natural more = {0};
    if (ok && natural_double(&others) != 1) {
        natural_copy(&more, &others);
        natural_multiply(&more, c->classes - before);
        natural_add(c->total, &more);
        c->classes = before;
    }
    natural_free(&more);
    natural_free(&others);
    return ok;
}

static bool union_leaf(void *user, Leaf *leaf) {
    Union *all = user;
    size_t n = leaf->variables.len;
    PredCompiler c;
    pred_init(&c, leaf->session.eval, leaf->variables.items, n);
    UnionLeaf x = {.all = all, .leaf = leaf, .used = ARENA_ARRAY(leaf->session.arena, bool, n + 1)};
    Walkthrough w = {.compiler = &c,
                     .nvariables = n,
                     .used = x.used,
                     .visit = visit_point,
                     .user = &x,
                     .budget = COUNT_BUDGET,
                     .interrupt = all->interrupt};
    bool ok = walk_requires(&w, leaf, all->left);
    const Ast *same;
    for (int i = 0; ok && (same = space_symmetry(leaf->space, i)); i++)
        ok = read_statement(&x, &c, same);
    ok = ok && walk_classes(&x, &w);
    for (size_t i = 0; i < x.statements.len; i++)
        VEC_FREE(x.statements.items[i].orders.groups);
    VEC_FREE(x.statements);
    VEC_FREE(w.conditions);
    pred_free(&c);
    return ok;
}

bool count_closure(const Space *space, Natural *out, DistinctTable *list, bool *left,
                   const volatile int *interrupt) {
    Union c = {.total = out, .list = list, .left = left, .interrupt = interrupt};
    arena_init(&c.arena, "count");
    bool ok = count_leaves(space, union_leaf, &c);
    Natural classes = {0};
    natural_set(&classes, c.classes);
    natural_add(out, &classes);
    natural_free(&classes);
    for (uint32_t p = 0; list && ok && p < c.parent.len; p++)
        if (c.parent.items[p] != p)
            distinct_forget(list, p);
    VEC_FREE(c.parent);
    arena_free(&c.arena);
    return ok;
}
