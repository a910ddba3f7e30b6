/* Colours for the nodes of a simplified module, by which it is put in canonical order.
 *
 * A colour is a 64-bit number that depends on the structure around a node alone. It starts as the
 * hash of the node itself (and of the roots it is) and is refined in sweeps: upwards by the colours
 * of the inputs, downwards by those of the users, until no class of equal colours splits any more.
 * Inputs of commutative ops count as a multiset, others by position; a sum of mixed colours is the
 * hash of a multiset.
 *
 * What is still tied is mostly symmetric (two branches alike). Ties are broken by giving one member
 * a colour of its own and refining again. Which member would matter only if they were not
 * symmetric, so each is tried and the one with the smallest signature of the refined colours is
 * kept; within a work budget, after which the first is taken: then a form could depend on the
 * numbering, but only in graphs with huge tied classes that are not symmetric. Tied nodes influence
 * each other only through tied nodes, so each component of tied classes is solved alone and only
 * its own nodes are visited.
 *
 * Refinement is that of Weisfeiler and Leman; individualisation as in McKay, "Practical graph
 * isomorphism", 1981. */
#include "ir/canon.h"

#include <stdlib.h>

enum { TRIAL_BUDGET = 1000000 }; /* visits of nodes while ties are broken */

typedef struct Use {
    uint32_t user, position; /* position + 1, or 0 in a commutative op */
} Use;

/* Live nodes in number order; edges as ranges of two flat arrays. */
typedef struct Order {
    uint32_t n;
    IrRef *ref;
    uint32_t *in_at, *in; /* inputs of i: in[in_at[i] .. in_at[i+1]) */
    uint32_t *use_at;
    Use *use;
    bool *commutes;
    uint64_t *colour, *scratch;
    int64_t budget;
} Order;

static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t h = a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2));
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

static int compare_u64(const void *pa, const void *pb) {
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
    return a < b ? -1 : a > b;
}

static void order_fill(Order *o, Arena *arena, const IrModule *m, const bool *live) {
    size_t len = ir_graph_len(m->graph), edges = 0;
    uint32_t *local = ARENA_ARRAY(arena, uint32_t, len + 1);
    o->ref = ARENA_ARRAY(arena, IrRef, len + 1);
    for (IrRef r = 0; r < len; r++) {
        if (!live[r])
            continue;
        local[r] = o->n;
        o->ref[o->n++] = r;
        edges += ir_get(m->graph, r)->nin;
    }
    o->in_at = ARENA_ARRAY(arena, uint32_t, o->n + 1);
    o->use_at = ARENA_ARRAY(arena, uint32_t, o->n + 2);
    o->in = ARENA_ARRAY(arena, uint32_t, edges + 1);
    o->use = ARENA_ARRAY(arena, Use, edges + 1);
    o->commutes = ARENA_ARRAY(arena, bool, o->n + 1);
    o->colour = ARENA_ARRAY(arena, uint64_t, o->n + 1);
    o->scratch = ARENA_ARRAY(arena, uint64_t, o->n + 1);
    uint32_t at = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        const IrNode *n = ir_get(m->graph, o->ref[i]);
        uint64_t words[IR_NODE_WORDS];
        size_t nwords = ir_node_words(n, words);
        for (size_t k = 0; k < nwords; k++)
            o->colour[i] = mix(o->colour[i], words[k]);
        if (n->op == IR_OP_input)
            o->colour[i] = mix(o->colour[i], n->attr->uid);
        o->commutes[i] = ir_op_info(n->op)->traits & IR_T_C;
        o->in_at[i] = at;
        for (uint32_t k = 0; k < n->nin; k++) {
            o->in[at++] = local[n->in[k]];
            o->use_at[local[n->in[k]] + 2]++;
        }
    }
    o->in_at[o->n] = at;
    for (uint32_t i = 2; i <= o->n; i++)
        o->use_at[i] += o->use_at[i - 1];
    for (uint32_t i = 0; i < o->n; i++)
        for (uint32_t k = o->in_at[i]; k < o->in_at[i + 1]; k++)
            o->use[o->use_at[o->in[k] + 1]++] = (Use){i, o->commutes[i] ? 0 : k - o->in_at[i] + 1};
    for (size_t k = 0; k < m->nroots; k++)
        o->scratch[local[m->roots[k]]] += mix(0x726f6f74, k);
    for (uint32_t i = 0; i < o->n; i++)
        o->colour[i] = mix(o->colour[i], o->scratch[i]);
}

static void colour_from_inputs(Order *o, uint32_t i) {
    uint64_t c = mix(o->colour[i], 1), sum = 0;
    for (uint32_t k = o->in_at[i]; k < o->in_at[i + 1]; k++) {
        if (o->commutes[i])
            sum += mix(o->colour[o->in[k]], 2);
        else
            c = mix(c, o->colour[o->in[k]]);
    }
    o->colour[i] = mix(c, sum);
}

static void colour_from_users(Order *o, uint32_t i) {
    uint64_t sum = 0;
    for (uint32_t k = o->use_at[i]; k < o->use_at[i + 1]; k++)
        sum += mix(o->colour[o->use[k].user], 3 + o->use[k].position);
    o->colour[i] = mix(o->colour[i], sum);
}

/* Number of different colours among nodes[0..n). */
static uint32_t count_colours(Order *o, const uint32_t *nodes, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        o->scratch[i] = o->colour[nodes[i]];
    qsort(o->scratch, n, sizeof *o->scratch, compare_u64);
    uint32_t distinct = n > 0;
    for (uint32_t i = 1; i < n; i++)
        distinct += o->scratch[i] != o->scratch[i - 1];
    return distinct;
}

/* Refines the colours of `nodes` (ascending), all others fixed, until no class splits. Returns how
 * many there are. */
static uint32_t refine(Order *o, const uint32_t *nodes, uint32_t n) {
    uint32_t distinct = 0, before;
    do {
        before = distinct;
        for (uint32_t i = 0; i < n; i++)
            colour_from_inputs(o, nodes[i]);
        for (uint32_t i = n; i-- > 0;)
            colour_from_users(o, nodes[i]);
        distinct = count_colours(o, nodes, n);
        o->budget -= 2 * (int64_t)n;
    } while (distinct > before && distinct < n);
    return distinct;
}

/* The colour of the smallest class with two members or more (scratch is sorted), and its size. */
static uint64_t pick_class(const Order *o, uint32_t n, uint32_t *size) {
    uint64_t best = 0;
    *size = UINT32_MAX;
    for (uint32_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo + 1; hi < n && o->scratch[hi] == o->scratch[lo];)
            hi++;
        if (hi - lo >= 2 && hi - lo < *size) {
            *size = hi - lo;
            best = o->scratch[lo];
        }
    }
    return best;
}

/* Gives every node of a component of tied classes a colour of its own. */
static void break_ties(Order *o, const uint32_t *nodes, uint32_t n, uint64_t *saved,
                       uint64_t *kept) {
    while (count_colours(o, nodes, n) < n) {
        uint32_t size;
        uint64_t tied = pick_class(o, n, &size), smallest = UINT64_MAX;
        bool found = false;
        for (uint32_t i = 0; i < n; i++)
            saved[i] = o->colour[nodes[i]];
        for (uint32_t t = 0; t < n && !(found && o->budget < 0); t++) {
            if (saved[t] != tied)
                continue;
            o->colour[nodes[t]] = mix(tied, 0x6f6e65);
            refine(o, nodes, n);
            uint64_t signature = 0;
            for (uint32_t i = 0; i < n; i++)
                signature += mix(o->colour[nodes[i]], 4);
            if (!found || signature < smallest) {
                smallest = signature;
                for (uint32_t i = 0; i < n; i++)
                    kept[i] = o->colour[nodes[i]];
            }
            found = true;
            for (uint32_t i = 0; i < n; i++)
                o->colour[nodes[i]] = saved[i];
        }
        for (uint32_t i = 0; i < n; i++)
            o->colour[nodes[i]] = kept[i];
    }
}

static uint32_t find(uint32_t *parent, uint32_t i) {
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

typedef struct Tied {
    uint64_t key;
    uint32_t node;
} Tied;

static int compare_tied(const void *pa, const void *pb) {
    const Tied *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

/* Tied nodes grouped by component (ascending within each): sets *n and returns pairs (component,
 * node). */
static Tied *tied_components(Order *o, Arena *arena, uint32_t *count) {
    Tied *t = ARENA_ARRAY(arena, Tied, o->n + 1);
    uint32_t *parent = ARENA_ARRAY(arena, uint32_t, o->n + 1), tied = 0;
    bool *is_tied = ARENA_ARRAY(arena, bool, o->n + 1);
    for (uint32_t i = 0; i < o->n; i++) {
        t[i] = (Tied){o->colour[i], i};
        parent[i] = i;
    }
    qsort(t, o->n, sizeof *t, compare_tied);
    for (uint32_t i = 1; i < o->n; i++) {
        if (t[i].key != t[i - 1].key)
            continue;
        is_tied[t[i].node] = is_tied[t[i - 1].node] = true;
        parent[find(parent, t[i].node)] = find(parent, t[i - 1].node);
    }
    for (uint32_t i = 0; i < o->n; i++)
        for (uint32_t k = o->in_at[i]; is_tied[i] && k < o->in_at[i + 1]; k++)
            if (is_tied[o->in[k]])
                parent[find(parent, i)] = find(parent, o->in[k]);
    for (uint32_t i = 0; i < o->n; i++)
        if (is_tied[i])
            t[tied++] = (Tied){find(parent, i), i};
    qsort(t, tied, sizeof *t, compare_tied);
    *count = tied;
    return t;
}

uint64_t *canon_colours(Arena *arena, const IrModule *m, const bool *live) {
    uint64_t *colours = ARENA_ARRAY(arena, uint64_t, ir_graph_len(m->graph) + 1);
    Arena scratch;
    arena_init(&scratch, "canon_order");
    Order o = {.budget = TRIAL_BUDGET};
    order_fill(&o, &scratch, m, live);
    uint32_t *nodes = ARENA_ARRAY(&scratch, uint32_t, o.n + 1);
    for (uint32_t i = 0; i < o.n; i++)
        nodes[i] = i;
    if (refine(&o, nodes, o.n) < o.n) {
        uint32_t tied;
        Tied *t = tied_components(&o, &scratch, &tied);
        uint64_t *saved = ARENA_ARRAY(&scratch, uint64_t, tied);
        uint64_t *kept = ARENA_ARRAY(&scratch, uint64_t, tied);
        for (uint32_t lo = 0, hi; lo < tied; lo = hi) {
            for (hi = lo; hi < tied && t[hi].key == t[lo].key; hi++)
                nodes[hi - lo] = t[hi].node;
            break_ties(&o, nodes, hi - lo, saved, kept);
        }
    }
    for (uint32_t i = 0; i < o.n; i++)
        colours[o.ref[i]] = o.colour[i];
    arena_free(&scratch);
    return colours;
}
