/* The distinct architectures of a space, listed and drawn. In: classes as they are counted, each with its first
 * point. Out: points drawn with equal probability for every class. Invariant: the weights add up to the number of
 * classes; a class drawn in parts (labels of a graph, an order that nothing sees, decisions that nothing names) is
 * as likely as one that is listed. */
#include "frontend/distinct.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_LISTED_BYTES = 512 << 20 };

/* Choices whose order does not matter, drawn as a multiset. */
typedef struct FreeGroup {
    const OrderPlace *places;
    size_t nplaces, width;
} FreeGroup;

typedef enum FoundBy { FOUND_FIXED, FOUND_WALKED, FOUND_AS_PART, FOUND_FREE } FoundBy;

typedef struct DistinctLeaf {
    size_t n, nwalked, ngroups;
    const char **addresses;
    int64_t *counts, *fixed; /* by variable; fixed: of structural decisions */
    FoundBy *by;
    FreeGroup *groups;
} DistinctLeaf;

typedef struct DistinctClass {
    size_t leaf;
    const int32_t *taken; /* of the leaf's walked variables, in order */
    const GraphLabels *labels;
    long double weight, upto; /* upto: the weight of this one and those before */
} DistinctClass;

struct DistinctTable {
    Arena *arena;
    VEC(DistinctLeaf) growing_leaves;
    VEC(DistinctClass) growing;
    const DistinctLeaf *leaves;
    const DistinctClass *classes;
    size_t n, bytes;
    bool left; /* a constraint was left out */
    long double weight;
};

/* ---- listing ---- */

static void copy_groups(Arena *arena, const Orders *orders, DistinctLeaf *l) {
    l->groups = ARENA_ARRAY(arena, FreeGroup, orders->groups.len + 1);
    for (size_t i = 0; i < orders->groups.len; i++) {
        const OrderGroup *g = &orders->groups.items[i];
        if (g->seen)
            continue;
        OrderPlace *places = ARENA_ARRAY(arena, OrderPlace, g->nplaces);
        for (size_t k = 0; k < g->nplaces; k++) {
            int *variables = ARENA_ARRAY(arena, int, g->width);
            for (size_t c = 0; c < g->width; c++)
                variables[c] = g->places[k].variables[c];
            places[k] = (OrderPlace){.variables = variables, .values = g->places[k].values};
        }
        l->groups[l->ngroups++] = (FreeGroup){places, g->nplaces, g->width};
    }
}

void distinct_begin_leaf(DistinctTable *t, const Leaf *leaf, const bool *walked, const bool *own,
                         const Orders *orders) {
    size_t n = leaf->variables.len;
    DistinctLeaf l = {.n = n,
                      .addresses = ARENA_ARRAY(t->arena, const char *, n + 1),
                      .counts = ARENA_ARRAY(t->arena, int64_t, n + 1),
                      .fixed = ARENA_ARRAY(t->arena, int64_t, n + 1),
                      .by = ARENA_ARRAY(t->arena, FoundBy, n + 1)};
    for (size_t i = 0; i < n; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        l.addresses[i] = arena_strdup(t->arena, v->address);
        l.counts[i] = v->domain->domain.count;
        l.fixed[i] = v->index;
        l.by[i] = v->index >= 0 ? FOUND_FIXED
                  : walked[i]   ? FOUND_WALKED
                  : own[i]      ? FOUND_AS_PART
                                : FOUND_FREE;
        l.nwalked += l.by[i] == FOUND_WALKED;
    }
    if (orders)
        copy_groups(t->arena, orders, &l);
    VEC_PUSH(t->growing_leaves, l);
}

bool distinct_add(DistinctTable *t, const int64_t *taken, const GraphLabels *labels,
                  long double weight) {
    const DistinctLeaf *l = &t->growing_leaves.items[t->growing_leaves.len - 1];
    int32_t *kept = ARENA_ARRAY(t->arena, int32_t, l->nwalked + 1);
    for (size_t i = 0, k = 0; i < l->n; i++)
        if (l->by[i] == FOUND_WALKED)
            kept[k++] = (int32_t)taken[i]; /* walks end before a value is as large */
    DistinctClass c = {.leaf = t->growing_leaves.len - 1, .taken = kept, .weight = weight};
    t->bytes += sizeof c + (l->nwalked + 1) * sizeof *kept;
    if (labels) {
        GraphLabels *copy = ARENA_NEW(t->arena, GraphLabels);
        *copy = *labels;
        c.labels = copy;
        t->bytes += sizeof *copy;
    }
    VEC_PUSH(t->growing, c);
    return t->bytes <= MAX_LISTED_BYTES;
}

void distinct_forget(DistinctTable *t, size_t i) {
    t->growing.items[i].weight = 0;
}

/* What has grown, at its final place. */
static void settle(DistinctTable *t) {
    DistinctLeaf *leaves = ARENA_ARRAY(t->arena, DistinctLeaf, t->growing_leaves.len + 1);
    DistinctClass *classes = ARENA_ARRAY(t->arena, DistinctClass, t->growing.len + 1);
    for (size_t i = 0; i < t->growing_leaves.len; i++)
        leaves[i] = t->growing_leaves.items[i];
    for (size_t i = 0; i < t->growing.len; i++) {
        classes[i] = t->growing.items[i];
        classes[i].upto = t->weight += classes[i].weight;
    }
    t->leaves = leaves;
    t->classes = classes;
    t->n = t->growing.len;
}

const DistinctTable *distinct_list(const Space *space, Arena *arena,
                                   const volatile int *interrupt) {
    Natural n = {0};
    DistinctTable *t = ARENA_NEW(arena, DistinctTable);
    *t = (DistinctTable){.arena = arena};
    bool ok = count_distinct(space, &n, t, &t->left, interrupt);
    natural_free(&n);
    if (ok)
        settle(t);
    ok = ok && isfinite(t->weight);
    VEC_FREE(t->growing_leaves);
    VEC_FREE(t->growing);
    return ok ? t : NULL;
}

bool distinct_complete(const DistinctTable *t) {
    return !t->left;
}

long double distinct_weight(const DistinctTable *t) {
    return t->weight;
}

/* ---- drawing ---- */

static const DistinctClass *find_class(const DistinctTable *t, long double at) {
    size_t lo = 0, hi = t->n - 1;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (at < t->classes[middle].upto)
            hi = middle;
        else
            lo = middle + 1;
    }
    return &t->classes[lo];
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A multiset of k of m values in order: k different numbers below m + k - 1 by Floyd's algorithm, each less as many as
 * are smaller. */
static void draw_multiset(RandomStream stream, uint64_t m, size_t k, uint64_t *out) {
    for (size_t i = 0; i < k; i++) {
        uint64_t last = m - 1 + i, v = random_below(stream, i, last + 1);
        for (size_t j = 0; j < i; j++)
            if (out[j] == v) {
                v = last;
                break;
            }
        out[i] = v;
    }
    qsort(out, k, sizeof *out, by_size);
    for (size_t i = 0; i < k; i++)
        out[i] -= i;
}

/* C(n, k); no overflow where it, times k, is below 2^64. */
static uint64_t combinations(uint64_t n, uint64_t k) {
    uint64_t c = 1;
    for (uint64_t i = 0; i < k; i++)
        c = c * (n - i) / (i + 1);
    return c;
}

static uint64_t take_digit(uint64_t *number, uint64_t n) {
    uint64_t digit = *number % n;
    *number /= n;
    return digit;
}

/* Multiset number 0 .. C(m + k - 1, k) - 1, by the combinatorial number system. */
static void nth_multiset(uint64_t number, uint64_t m, size_t k, uint64_t *out) {
    for (uint64_t n = m + k - 1; k > 0; k--) {
        while (combinations(n, k) > number)
            n--;
        number -= combinations(n, k);
        out[k - 1] = n - (k - 1);
    }
}

/* What a class leaves open is drawn, or the mixed digits of a number. */
typedef struct Chooser {
    const RandomStream *stream; /* NULL: by number */
    uint64_t number;
} Chooser;

static uint64_t choose(Chooser *c, uint64_t at, uint64_t n) {
    return c->stream ? random_below(*c->stream, at, n) : take_digit(&c->number, n);
}

static void choose_group(Chooser *chooser, uint64_t at, const DistinctLeaf *l, const FreeGroup *g,
                         int64_t *indices) {
    uint64_t *codes = nasc_alloc((g->nplaces + 1) * sizeof *codes), m = g->places[0].values;
    if (chooser->stream)
        draw_multiset(stream_below(*chooser->stream, at), m, g->nplaces, codes);
    else
        nth_multiset(take_digit(&chooser->number, combinations(m + g->nplaces - 1, g->nplaces)), m,
                     g->nplaces, codes);
    for (size_t k = 0; k < g->nplaces; k++)
        for (size_t c = g->width; c-- > 0;) {
            int v = g->places[k].variables[c];
            indices[v] = (int64_t)take_digit(&codes[k], (uint64_t)l->counts[v]);
        }
    free(codes);
}

static void choose_labels(Chooser *chooser, uint64_t at, const GraphLabels *labels,
                          int64_t *indices) {
    HashSet seen = {0};
    GraphLabels chosen = *labels;
    CHECK(graph_labelings(&chosen, &seen, choose(chooser, at, labels->classes)));
    hash_set_free(&seen);
    for (int i = 0; i < chosen.graph.n; i++)
        if (chosen.variable[i] >= 0)
            indices[chosen.variable[i]] = chosen.taken[i];
}

static Assignment make_point(const DistinctTable *t, const DistinctClass *c, Chooser *chooser,
                             Arena *arena) {
    const DistinctLeaf *l = &t->leaves[c->leaf];
    Assignment out = {.addresses = ARENA_ARRAY(arena, const char *, l->n + 1),
                      .indices = ARENA_ARRAY(arena, int64_t, l->n + 1),
                      .n = l->n};
    for (size_t i = 0, k = 0; i < l->n; i++) {
        out.addresses[i] = l->addresses[i];
        switch (l->by[i]) {
        case FOUND_FIXED:
            out.indices[i] = l->fixed[i];
            break;
        case FOUND_WALKED:
            out.indices[i] = c->taken[k++];
            break;
        case FOUND_AS_PART: /* what a vertex is that is left out: the first value */
            out.indices[i] = 0;
            break;
        case FOUND_FREE:
            out.indices[i] = (int64_t)choose(chooser, 2 + i, (uint64_t)l->counts[i]);
            break;
        }
    }
    if (c->labels)
        choose_labels(chooser, 1, c->labels, out.indices);
    for (size_t i = 0; i < l->ngroups; i++)
        choose_group(chooser, 2 + l->n + i, l, &l->groups[i], out.indices);
    return out;
}

Assignment distinct_draw(const DistinctTable *t, RandomStream stream, Arena *arena) {
    CHECK(t->weight > 0);
    const DistinctClass *c = find_class(t, t->weight * (long double)random_uniform(stream, 0));
    return make_point(t, c, &(Chooser){.stream = &stream}, arena);
}

Assignment distinct_point(const DistinctTable *t, uint64_t number, Arena *arena) {
    CHECK((long double)number < t->weight && t->weight < 0x1p53L);
    const DistinctClass *c = find_class(t, (long double)number);
    uint64_t within = number - (uint64_t)(c->upto - c->weight);
    return make_point(t, c, &(Chooser){.number = within}, arena);
}
