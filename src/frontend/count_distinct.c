/* Points up to the symmetries that a space states. In: a space with `same up to ..`. Out: the number
 * of its classes. Orders of an index are counted by formula where no constraint sees them, else by
 * their sorted representatives; graphs are counted by their skeletons first, whose vertices get
 * labels only once per class of skeletons. Invariant: two points are one class exactly if the stated
 * symmetries take one to the other. */
#include <stdlib.h>
#include <string.h>

#include "frontend/count.h"
#include "frontend/isomorphism.h"

static const Ast *symmetry(const Space *space, int i) {
    for (size_t k = 0; k < space->definition->list.len; k++)
        if (space->definition->list.items[k]->kind == AST_SAME && i-- == 0)
            return space->definition->list.items[k];
    return NULL;
}

bool space_has_symmetry(const Space *space) {
    return symmetry(space, 0) != NULL;
}

static bool names(const Ast *same, const Ast *choice) {
    for (size_t i = 0; i < same->list.len; i++)
        if (same->list.items[i]->resolved == (const void *)choice)
            return true;
    return false;
}

/* ---- the order of an index ---- */

/* Decisions that change places together: one place an element of the index. */
typedef struct SlotGroup {
    int *variables;  /* one a choice of the symmetry */
    uint64_t values; /* combinations */
} SlotGroup;

typedef struct Group {
    SlotGroup *places;
    size_t nplaces;
    bool seen; /* by a constraint */
} Group;

typedef struct Orders {
    VEC(Group) groups;
    size_t width; /* choices of the symmetry that is being read */
} Orders;

static int index_position(const Ast *choice, const char *index) {
    for (size_t i = 0; i < choice->index.len; i++)
        if (choice->index.items[i]->text && strcmp(choice->index.items[i]->text, index) == 0)
            return (int)i;
    return -1;
}

static bool same_but(const PredVariable *a, const PredVariable *b, int at, int other_at) {
    if (a->nindices != b->nindices)
        return false;
    size_t k = 0;
    for (size_t i = 0; i < a->nindices; i++) {
        if ((int)i == at)
            continue;
        k += (int)k == other_at;
        bool known;
        if (!value_equal(a->indices[i], b->indices[k++], &known) || !known)
            return false;
    }
    return true;
}

/* The variable of `choice` in the place of variable v of another choice: equal indices in all. */
static int partner(const Leaf *leaf, const PredVariable *v, int at, const Ast *choice,
                   int other_at) {
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *u = &leaf->variables.items[i];
        bool known;
        if (u->choice == choice && same_but(v, u, at, other_at) &&
            value_equal(v->indices[at], u->indices[other_at], &known) && known)
            return (int)i;
    }
    return -1;
}

static bool read_order(Orders *o, Leaf *leaf, const Ast *same, bool *taken) {
    const Ast *first = same->list.items[0]->resolved;
    int at = index_position(first, same->alias);
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        if (v->choice != first || taken[i])
            continue;
        Group g = {.places = ARENA_ARRAY(leaf->session.arena, SlotGroup, leaf->variables.len)};
        for (size_t k = i; k < leaf->variables.len; k++) {
            const PredVariable *u = &leaf->variables.items[k];
            if (u->choice != first || taken[k] || !same_but(v, u, at, at))
                continue;
            SlotGroup p = {.variables = ARENA_ARRAY(leaf->session.arena, int, same->list.len),
                           .values = 1};
            for (size_t c = 0; c < same->list.len; c++) {
                const Ast *choice = same->list.items[c]->resolved;
                int x = partner(leaf, u, at, choice, index_position(choice, same->alias));
                if (x < 0 || taken[x] || leaf->variables.items[x].index >= 0)
                    return false;
                taken[x] = true;
                p.variables[c] = x;
                p.values *= (uint64_t)leaf->variables.items[x].domain->domain.count;
            }
            if (g.nplaces && p.values != g.places[0].values)
                return false;
            g.places[g.nplaces++] = p;
        }
        o->width = same->list.len;
        VEC_PUSH(o->groups, g);
    }
    return true;
}

/* Multisets of n places with m values each. */
static void multiply_multisets(Natural *n, uint64_t m, size_t places) {
    for (size_t i = 0; i < places; i++) {
        natural_multiply(n, m + i);
        natural_divide(n, (uint32_t)(i + 1));
    }
}

typedef struct OrderCount {
    Natural *total;
    const volatile int *interrupt;
} OrderCount;

typedef struct OrderVisit {
    const Leaf *leaf;
    const Orders *orders;
    uint64_t sorted;
    size_t width;
} OrderVisit;

static uint64_t place_code(const Leaf *leaf, const SlotGroup *p, size_t width,
                           const int64_t *taken) {
    uint64_t code = 0;
    for (size_t c = 0; c < width; c++)
        code = code * (uint64_t)leaf->variables.items[p->variables[c]].domain->domain.count +
               (uint64_t)taken[p->variables[c]];
    return code;
}

static bool visit_sorted(void *user, const int64_t *taken, const double *values) {
    (void)values;
    OrderVisit *v = user;
    for (size_t i = 0; i < v->orders->groups.len; i++) {
        const Group *g = &v->orders->groups.items[i];
        for (size_t k = 1; g->seen && k < g->nplaces; k++)
            if (place_code(v->leaf, &g->places[k - 1], v->width, taken) >
                place_code(v->leaf, &g->places[k], v->width, taken))
                return true;
    }
    v->sorted++;
    return true;
}

static void mark_seen(Orders *o, bool *used) {
    for (size_t i = 0; i < o->groups.len; i++) {
        Group *g = &o->groups.items[i];
        for (size_t k = 0; k < g->nplaces; k++)
            for (size_t c = 0; c < o->width; c++)
                g->seen |= used[g->places[k].variables[c]];
        for (size_t k = 0; k < g->nplaces && g->seen; k++)
            for (size_t c = 0; c < o->width; c++)
                used[g->places[k].variables[c]] = true;
    }
}

static bool order_leaf(void *user, Leaf *leaf) {
    OrderCount *count = user;
    size_t n = leaf->variables.len;
    bool *taken = ARENA_ARRAY(leaf->session.arena, bool, n + 1);
    Orders o = {0};
    PredCompiler c;
    pred_init(&c, leaf->session.eval, leaf->variables.items, n);
    Walkthrough w = {.compiler = &c,
                     .nvariables = n,
                     .used = ARENA_ARRAY(leaf->session.arena, bool, n + 1),
                     .budget = COUNT_BUDGET,
                     .interrupt = count->interrupt};
    bool ok = walk_requires(&w, leaf) && !symmetry(leaf->space, 1) &&
              read_order(&o, leaf, symmetry(leaf->space, 0), taken);
    if (ok) {
        OrderVisit v = {.leaf = leaf, .orders = &o, .width = o.width};
        w.visit = visit_sorted;
        w.user = &v;
        walk_use_nodes(&w);
        mark_seen(&o, w.used);
        ok = walk_points(&w);
        Natural points = {0};
        natural_set(&points, v.sorted);
        for (size_t i = 0; i < o.groups.len; i++)
            if (!o.groups.items[i].seen)
                multiply_multisets(&points, o.groups.items[i].places[0].values,
                                   o.groups.items[i].nplaces);
        for (size_t i = 0; i < n; i++)
            if (!w.used[i] && !taken[i] && leaf->variables.items[i].index < 0)
                natural_multiply(&points, (uint64_t)leaf->variables.items[i].domain->domain.count);
        natural_add(count->total, &points);
        natural_free(&points);
    }
    VEC_FREE(o.groups);
    VEC_FREE(w.conditions);
    pred_free(&c);
    return ok;
}

/* ---- isomorphism ---- */

enum { MAX_LABELINGS = 2000000 };

typedef struct Isomorphism {
    HashSet graphs, skeletons, labelled;
    Natural *total;
    const volatile int *interrupt;
} Isomorphism;

typedef struct IsoLeaf {
    Isomorphism *iso;
    Leaf *leaf;
    int n; /* vertices */
    int64_t id[ISO_MAX_VERTICES];
    int link[ISO_MAX_VERTICES][ISO_MAX_VERTICES]; /* variable, -1: none */
    int label[ISO_MAX_VERTICES];                  /* variable of what a vertex is, -1: nothing */
    int alive[ISO_MAX_VERTICES];                  /* node, -1: always */
    const uint8_t *edge_label[ISO_MAX_VERTICES][ISO_MAX_VERTICES];
    bool *own; /* variables that matter through the graph alone */
    const bool *used;
    Natural others; /* combinations of what nothing sees */
    bool labels_known;
} IsoLeaf;

static int vertex(IsoLeaf *x, Value v) {
    if (v.kind != VALUE_INT)
        return -1;
    for (int i = 0; i < x->n; i++)
        if (x->id[i] == v.u.integer)
            return i;
    if (x->n == ISO_MAX_VERTICES)
        return -1;
    int at = x->n++;
    for (; at > 0 && x->id[at - 1] > v.u.integer; at--)
        x->id[at] = x->id[at - 1];
    x->id[at] = v.u.integer;
    return at;
}

/* Which values of a link are an edge, and of what kind: none and false are none. */
static const uint8_t *edge_labels(IsoLeaf *x, const PredVariable *v) {
    int64_t n = v->domain->domain.count;
    uint8_t *labels = ARENA_ARRAY(x->leaf->session.arena, uint8_t, n);
    for (int64_t i = 0; i < n && i < 255; i++) {
        Value value = value_plain(domain_value(x->leaf->session.eval, v->domain, i));
        bool none = value.kind == VALUE_NONE || (value.kind == VALUE_BOOL && !value.u.boolean) ||
                    (value.kind == VALUE_INT && value.u.integer == 0);
        labels[i] = none ? 0 : (uint8_t)(i + 1);
    }
    return n < 255 ? labels : NULL;
}

static bool read_vertices(IsoLeaf *x, const Ast *same) {
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < x->leaf->variables.len; i++) {
            const PredVariable *v = &x->leaf->variables.items[i];
            if (!names(same, v->choice))
                continue;
            x->own[i] = true;
            int a = v->nindices > 0 ? vertex(x, v->indices[0]) : 0;
            int b = v->nindices > 1 ? vertex(x, v->indices[1]) : 0;
            if (a < 0 || b < 0 || (v->nindices > 0 && v->index >= 0))
                return false;
            if (pass == 1 && v->nindices == 2) {
                x->link[a][b] = (int)i;
                x->edge_label[a][b] = edge_labels(x, v);
                if (!x->edge_label[a][b])
                    return false;
            } else if (pass == 1 && v->nindices == 1) {
                if (x->label[a] >= 0)
                    return false;
                x->label[a] = (int)i;
            }
        }
        for (int i = 0; i < ISO_MAX_VERTICES && pass == 0; i++) {
            x->label[i] = x->alive[i] = -1;
            for (int k = 0; k < ISO_MAX_VERTICES; k++)
                x->link[i][k] = -1;
        }
    }
    return true;
}

static int64_t values_of(const IsoLeaf *x, int variable) {
    return x->leaf->variables.items[variable].domain->domain.count;
}

/* The graph of the vertices that are alive, labels aside; map: their numbers. */
static IsoGraph graph_of(const IsoLeaf *x, const int64_t *taken, const double *values, int *map) {
    IsoGraph g = {0};
    for (int i = 0; i < x->n; i++)
        if (x->alive[i] < 0 || values[x->alive[i]] != 0)
            map[g.n++] = i;
    for (int i = 0; i < g.n; i++) {
        int label = x->label[map[i]];
        g.colour[i] = label < 0 ? 1 + (uint64_t)i : (uint64_t)(1000 + values_of(x, label));
        if (label < 0) /* each of its kind: told apart by how many of them come before it */
            for (int k = 0; k < i; k++)
                g.colour[i] -= x->label[map[k]] >= 0;
        for (int k = 0; k < g.n; k++)
            if (x->link[map[i]][map[k]] >= 0)
                g.edge[i][k] = x->edge_label[map[i]][map[k]][taken[x->link[map[i]][map[k]]]];
    }
    return g;
}

/* Decisions outside the graph tell points apart. */
static Hash128 outside(const IsoLeaf *x, const int64_t *taken) {
    Hash128 h = {0};
    for (size_t i = 0; i < x->leaf->variables.len; i++) {
        const PredVariable *v = &x->leaf->variables.items[i];
        if (x->own[i] || (v->index < 0 && !x->used[i]))
            continue;
        int64_t index = v->index >= 0 ? v->index : taken[i];
        h = hash128_combine(h, hash128(v->address, strlen(v->address), (uint64_t)index));
    }
    return h;
}

/* Classes of the labels that a skeleton's vertices can have. */
static bool count_labelings(IsoLeaf *x, IsoGraph *g, const int *map, uint64_t *out) {
    uint64_t base[ISO_MAX_VERTICES], total = 1;
    for (int i = 0; i < g->n; i++) {
        base[i] = g->colour[i] << 20;
        if (x->label[map[i]] >= 0)
            total *= (uint64_t)values_of(x, x->label[map[i]]);
        if (total > MAX_LABELINGS)
            return false;
    }
    HashSet *seen = &x->iso->labelled;
    hash_set_clear(seen);
    for (uint64_t k = 0; k < total; k++) {
        uint64_t rest = k;
        for (int i = 0; i < g->n; i++) {
            g->colour[i] = base[i];
            if (x->label[map[i]] < 0)
                continue;
            uint64_t n = (uint64_t)values_of(x, x->label[map[i]]);
            g->colour[i] += rest % n;
            rest /= n;
        }
        Hash128 h;
        if (!iso_hash(g, &h))
            return false;
        hash_set_add(seen, h);
    }
    *out = seen->used;
    return true;
}

static bool visit_graph(void *user, const int64_t *taken, const double *values) {
    IsoLeaf *x = user;
    int map[ISO_MAX_VERTICES];
    IsoGraph g = graph_of(x, taken, values, map);
    for (int i = 0; i < g.n && x->labels_known; i++)
        if (x->label[map[i]] >= 0)
            g.colour[i] = (g.colour[i] << 20) + (uint64_t)taken[x->label[map[i]]];
    Hash128 rest = outside(x, taken), skeleton;
    if (!hash_set_add(&x->iso->graphs, hash128_combine(rest, hash128(&g, sizeof g, 1))))
        return true;
    if (!iso_hash(&g, &skeleton))
        return false;
    if (!hash_set_add(&x->iso->skeletons, hash128_combine(rest, skeleton)))
        return true;
    uint64_t labelings = 1;
    if (!x->labels_known && !count_labelings(x, &g, map, &labelings))
        return false;
    Natural points = {0};
    natural_copy(&points, &x->others);
    natural_multiply(&points, labelings);
    natural_add(x->iso->total, &points);
    natural_free(&points);
    return true;
}

static bool compile_alive(IsoLeaf *x, PredCompiler *c, const Ast *same) {
    for (int i = 0; i < x->n && same->b; i++) {
        x->alive[i] = same->b->kind == AST_NAME
                          ? pred_element(c, x->leaf->use->frame, same->b, value_int(x->id[i]))
                          : -1;
        if (x->alive[i] < 0)
            return false;
    }
    return true;
}

/* Links are walked; labels only where a constraint sees one of them. */
static void choose_used(IsoLeaf *x, bool *used) {
    for (int i = 0; i < x->n; i++)
        x->labels_known |= x->label[i] >= 0 && used[x->label[i]];
    for (int i = 0; i < x->n; i++) {
        if (x->labels_known && x->label[i] >= 0)
            used[x->label[i]] = true;
        for (int k = 0; k < x->n; k++)
            if (x->link[i][k] >= 0)
                used[x->link[i][k]] = true;
    }
}

static bool iso_leaf(void *user, Leaf *leaf) {
    Isomorphism *iso = user;
    const Ast *same = symmetry(leaf->space, 0);
    size_t n = leaf->variables.len;
    PredCompiler c;
    pred_init(&c, leaf->session.eval, leaf->variables.items, n);
    bool *used = ARENA_ARRAY(leaf->session.arena, bool, n + 1);
    IsoLeaf x = {.iso = iso,
                 .leaf = leaf,
                 .own = ARENA_ARRAY(leaf->session.arena, bool, n + 1),
                 .used = used};
    Walkthrough w = {.compiler = &c,
                     .nvariables = n,
                     .used = used,
                     .visit = visit_graph,
                     .user = &x,
                     .budget = COUNT_BUDGET,
                     .interrupt = iso->interrupt};
    bool ok = !symmetry(leaf->space, 1) && walk_requires(&w, leaf) && read_vertices(&x, same) &&
              compile_alive(&x, &c, same);
    if (ok) {
        walk_use_nodes(&w);
        choose_used(&x, used);
        natural_set(&x.others, 1);
        for (size_t i = 0; i < n; i++)
            if (!used[i] && !x.own[i] && leaf->variables.items[i].index < 0)
                natural_multiply(&x.others,
                                 (uint64_t)leaf->variables.items[i].domain->domain.count);
        ok = walk_points(&w);
        natural_free(&x.others);
    }
    VEC_FREE(w.conditions);
    pred_free(&c);
    return ok;
}

bool count_distinct(const Space *space, Natural *out, const volatile int *interrupt) {
    const Ast *same = symmetry(space, 0);
    if (!same)
        return false;
    if (same->alias) {
        OrderCount count = {.total = out, .interrupt = interrupt};
        return count_leaves(space, order_leaf, &count);
    }
    Isomorphism iso = {.total = out, .interrupt = interrupt};
    bool ok = count_leaves(space, iso_leaf, &iso);
    hash_set_free(&iso.graphs);
    hash_set_free(&iso.skeletons);
    hash_set_free(&iso.labelled);
    return ok;
}
