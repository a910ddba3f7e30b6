/* Points up to the symmetries that a space states. In: a space with `same up to ..`. Out: the number
 * of its classes. Orders of an index are counted by formula where no constraint sees them, else by
 * what their classes hold, or beyond a million by representatives in order; graphs are counted by their skeletons first, whose vertices get
 * labels only once per class of skeletons. Symmetries that share no choice multiply; those that do,
 * and several graphs, are left to count_closure.c. Invariant: two points are one class exactly if
 * the stated symmetries take one to the other. */
#include <string.h>

#include "frontend/distinct.h"

const Ast *space_symmetry(const Space *space, int i) {
    for (size_t k = 0; k < space->definition->list.len; k++)
        if (space->definition->list.items[k]->kind == AST_SAME && i-- == 0)
            return space->definition->list.items[k];
    return NULL;
}

bool space_has_symmetry(const Space *space) {
    return space_symmetry(space, 0) != NULL;
}

bool symmetry_names(const Ast *same, const Ast *choice) {
    for (size_t i = 0; i < same->list.len; i++)
        if (same->list.items[i]->resolved == (const void *)choice)
            return true;
    return false;
}

Hash128 point_outside(const Leaf *leaf, const bool *own, const bool *used, const int64_t *taken) {
    Hash128 h = {0};
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        if (own[i] || (v->index < 0 && !used[i]))
            continue;
        int64_t index = v->index >= 0 ? v->index : taken[i];
        h = hash128_combine(h, hash128(v->address, strlen(v->address), (uint64_t)index));
    }
    return h;
}

/* A list that is still to be asked what networks cost is of use only if it is short. */
enum { MAX_KEPT = 1000000, LISTED_BUDGET = 20000000 };

/* A space with orders and at most one graph. */
typedef struct Classes {
    const Ast *graph; /* its statement, or NULL */
    HashSet graphs, skeletons, labelled;
    Natural *total;
    DistinctTable *list; /* or NULL */
    bool *left;
    const volatile int *interrupt;
} Classes;

typedef struct ClassLeaf {
    Classes *classes;
    Leaf *leaf;
    Orders orders;
    GraphShape shape;
    const bool *used;
    Natural others; /* classes of what nothing sees */
    bool labels_known;
    bool *own;       /* variables of orders and of the graph */
    HashSet kept;    /* classes, where there is no graph, while they are few */
    uint64_t sorted; /* representatives in order */
} ClassLeaf;

static bool visit_graph(ClassLeaf *x, const int64_t *taken, const double *values) {
    Classes *all = x->classes;
    int map[ISO_MAX_VERTICES];
    IsoGraph g = graph_of(&x->shape, taken, values, map);
    if (x->labels_known)
        graph_colour(&x->shape, taken, map, &g);
    Hash128 skeleton, rest = hash128_combine(point_outside(x->leaf, x->own, x->used, taken),
                                             orders_key(&x->orders, x->leaf, taken));
    if (!hash_set_add(&all->graphs, hash128_combine(rest, hash128(&g, sizeof g, 1))))
        return true;
    if (!iso_hash(&g, &skeleton))
        return false;
    if (!hash_set_add(&all->skeletons, hash128_combine(rest, skeleton)))
        return true;
    GraphLabels labels = graph_labels(&x->shape, &g, map);
    labels.classes = 1;
    if (!x->labels_known && !graph_labelings(&labels, &all->labelled, ALL_LABELINGS))
        return false;
    Natural points = {0};
    natural_copy(&points, &x->others);
    natural_multiply(&points, labels.classes);
    natural_add(all->total, &points);
    bool ok = !all->list || distinct_add(all->list, taken, x->labels_known ? NULL : &labels,
                                         (long double)natural_double(&points));
    natural_free(&points);
    return ok;
}

static bool visit_class(void *user, const int64_t *taken, const double *values) {
    ClassLeaf *x = user;
    if (x->classes->graph)
        return visit_graph(x, taken, values);
    x->sorted += orders_sorted(&x->orders, x->leaf, taken);
    DistinctTable *list = x->classes->list;
    if (x->kept.used > MAX_KEPT)
        return !list;
    Hash128 key = hash128_combine(point_outside(x->leaf, x->own, x->used, taken),
                                  orders_key(&x->orders, x->leaf, taken));
    return !hash_set_add(&x->kept, key) || !list ||
           distinct_add(list, taken, NULL, (long double)natural_double(&x->others));
}

/* Links are walked; labels only where a constraint sees one of them. */
static void walk_links(ClassLeaf *x, bool *used) {
    const GraphShape *g = &x->shape;
    for (int i = 0; i < g->n; i++)
        x->labels_known |= g->label[i] >= 0 && used[g->label[i]];
    for (int i = 0; i < g->n; i++) {
        if (x->labels_known && g->label[i] >= 0)
            used[g->label[i]] = true;
        for (int k = 0; k < g->n; k++)
            if (g->link[i][k] >= 0)
                used[g->link[i][k]] = true;
    }
}

static bool read_symmetries(ClassLeaf *x, PredCompiler *c, bool *ordered) {
    const Ast *same;
    for (int i = 0; (same = space_symmetry(x->leaf->space, i)); i++)
        if (same->alias ? !orders_read(&x->orders, x->leaf, same, ordered)
                        : !graph_read(&x->shape, c, x->leaf, same))
            return false;
    return true;
}

static bool count_classes(ClassLeaf *x, Walkthrough *w, const bool *ordered) {
    const Leaf *leaf = x->leaf;
    walk_use_nodes(w);
    if (x->classes->graph)
        walk_links(x, w->used);
    orders_mark_seen(&x->orders, w->used);
    natural_set(&x->others, 1);
    orders_multiply_unseen(&x->orders, &x->others);
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        x->own[i] = ordered[i] || (x->classes->graph && x->shape.own[i]);
        if (!w->used[i] && !x->own[i] && v->index < 0)
            natural_multiply(&x->others, (uint64_t)v->domain->domain.count);
    }
    if (x->classes->list)
        distinct_begin_leaf(x->classes->list, leaf, w->used, x->own, &x->orders);
    bool ok = walk_points(w);
    if (ok && !x->classes->graph) {
        natural_multiply(&x->others, x->kept.used <= MAX_KEPT ? x->kept.used : x->sorted);
        natural_add(x->classes->total, &x->others);
    }
    natural_free(&x->others);
    return ok;
}

static bool class_leaf(void *user, Leaf *leaf) {
    Classes *classes = user;
    size_t n = leaf->variables.len;
    bool *used = ARENA_ARRAY(leaf->session.arena, bool, n + 1);
    bool *ordered = ARENA_ARRAY(leaf->session.arena, bool, n + 1);
    PredCompiler c;
    pred_init(&c, leaf->session.eval, leaf->variables.items, n);
    ClassLeaf x = {.classes = classes,
                   .leaf = leaf,
                   .used = used,
                   .own = ARENA_ARRAY(leaf->session.arena, bool, n + 1)};
    Walkthrough w = {.compiler = &c,
                     .nvariables = n,
                     .used = used,
                     .visit = visit_class,
                     .user = &x,
                     .budget = COUNT_BUDGET,
                     .interrupt = classes->interrupt};
    bool ok = walk_requires(&w, leaf, classes->left);
    if (classes->left && *classes->left)
        w.budget = LISTED_BUDGET;
    ok = ok && read_symmetries(&x, &c, ordered) && count_classes(&x, &w, ordered);
    hash_set_free(&x.kept);
    VEC_FREE(x.orders.groups);
    VEC_FREE(w.conditions);
    pred_free(&c);
    return ok;
}

static bool share_a_choice(const Ast *a, const Ast *b) {
    for (size_t i = 0; i < a->list.len; i++)
        if (symmetry_names(b, a->list.items[i]->resolved))
            return true;
    return false;
}

bool count_distinct(const Space *space, Natural *out, DistinctTable *list, bool *left,
                    const volatile int *interrupt) {
    Classes classes = {.total = out, .list = list, .left = left, .interrupt = interrupt};
    const Ast *same;
    for (int i = 0; (same = space_symmetry(space, i)); i++) {
        if (!same->alias && classes.graph)
            return count_closure(space, out, list, left, interrupt);
        for (int k = 0; k < i; k++)
            if (share_a_choice(same, space_symmetry(space, k)))
                return count_closure(space, out, list, left, interrupt);
        if (!same->alias)
            classes.graph = same;
    }
    bool ok = count_leaves(space, class_leaf, &classes);
    hash_set_free(&classes.graphs);
    hash_set_free(&classes.skeletons);
    hash_set_free(&classes.labelled);
    return ok;
}
