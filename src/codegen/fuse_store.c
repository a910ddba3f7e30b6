/* What is stored: results of anchors, what anchors read, roots, reductions and scalars that another
 * group reads; of the other elementwise values those that would cost the reader more than they
 * save. From this follows what each group computes, reads and stores. */
#include "codegen/fuse.h"

#include <stdlib.h>

/* A value is computed again in a group that reads it if that takes at most so many operations and
 * reads at most one activation that is not there for ever. */
enum { MAX_AGAIN_OPS = 8, DEAR_OP = 4 };

typedef struct Need {
    uint32_t group;
    IrRef node;
} Need;

typedef struct Store {
    const Grouping *g;
    const IrGraph *graph;
    bool *stored;
    uint64_t *wanted, *read; /* [group][node] bits: computed in the group, read by it */
    size_t words;
    VEC(Need) stack;
    uint32_t *seen; /* of each node: the walk that met it last */
    uint32_t walk;
} Store;

static bool is_leaf(const Store *s, IrRef r) {
    return ir_op_info(ir_get(s->graph, r)->op)->class == IR_CLASS_SRC;
}

static bool is_anchor(const Store *s, uint32_t group) {
    return s->g->domain[group].kind == GROUP_ANCHOR;
}

/* What may be computed twice: elementwise activations, and vectors [c] that no map makes on its
 * way. */
static bool is_again(const Store *s, IrRef r) {
    const IrNode *n = ir_get(s->graph, r);
    if (is_leaf(s, r) || !fuse_is_map_node(s->graph, n) || fuse_is_reduction(n->op))
        return false;
    return fuse_is_lanes(n) || (layout_of(&n->type).kind == LAYOUT_VECTOR &&
                                s->g->domain[s->g->group[r]].kind == GROUP_SMALL);
}

int fuse_op_cost(const IrNode *n) {
    switch (n->op) {
    case IR_OP_expand:
        return 0;
    case IR_OP_exp:
    case IR_OP_log:
    case IR_OP_sin:
    case IR_OP_cos:
    case IR_OP_tanh:
    case IR_OP_sigmoid:
    case IR_OP_pow:
        return DEAR_OP;
    default:
        return n->nin > 1 ? (int)MIN(n->nin - 1, 100u) : 1;
    }
}

/* Counts operations and passing activations that computing r from stored values takes. */
static void cone(Store *s, IrRef r, int *ops, int *reads) {
    const IrNode *n = ir_get(s->graph, r);
    if (s->seen[r] == s->walk || *ops > MAX_AGAIN_OPS)
        return;
    s->seen[r] = s->walk;
    *ops += fuse_op_cost(n);
    for (uint32_t k = 0; k < n->nin; k++) {
        IrRef x = n->in[k];
        if (is_again(s, x) && !s->stored[x]) {
            cone(s, x, ops, reads);
        } else if (fuse_is_lanes(ir_get(s->graph, x)) && !is_leaf(s, x) && s->seen[x] != s->walk) {
            s->seen[x] = s->walk;
            ++*reads;
        }
    }
}

static void mark_fixed(Store *s) {
    const IrModule *m = s->g->m;
    for (IrRef r = 0; r < s->g->nnodes; r++) {
        uint32_t group = s->g->group[r];
        if (group == GROUP_NONE)
            continue;
        const IrNode *n = ir_get(s->graph, r);
        s->stored[r] |= !s->g->fuse;
        if (!is_anchor(s, group))
            continue;
        s->stored[r] = true;
        for (uint32_t k = 0; k < n->nin; k++)
            s->stored[n->in[k]] = s->g->group[n->in[k]] != group && !is_leaf(s, n->in[k]);
    }
    for (size_t i = 0; i < m->nroots; i++)
        s->stored[m->roots[i]] = true;
}

/* Number order: when a value's turn comes, it is settled which of its operands are stored. */
static void mark_activations(Store *s, const bool *crosses) {
    for (IrRef r = 0; r < s->g->nnodes; r++) {
        if (!crosses[r] || s->stored[r] || !is_again(s, r))
            continue;
        int ops = 0, reads = 0;
        s->walk++;
        cone(s, r, &ops, &reads);
        s->stored[r] = ops > MAX_AGAIN_OPS || reads > 1;
    }
}

static bool *crossing(Arena *arena, const Store *s) {
    bool *crosses = ARENA_ARRAY(arena, bool, s->g->nnodes);
    for (IrRef r = 0; r < s->g->nnodes; r++) {
        const IrNode *n = ir_get(s->graph, r);
        for (uint32_t k = 0; k < n->nin && s->g->group[r] != GROUP_NONE; k++)
            crosses[n->in[k]] |= s->g->group[n->in[k]] != s->g->group[r];
    }
    return crosses;
}

static void want(Store *s, uint32_t group, IrRef node) {
    uint64_t *word = &s->wanted[group * s->words + node / 64], bit = (uint64_t)1 << (node % 64);
    if (*word & bit)
        return;
    *word |= bit;
    VEC_PUSH(s->stack, ((Need){group, node}));
}

static void use(Store *s, uint32_t group, IrRef x) {
    if (ir_get(s->graph, x)->op == IR_OP_constant)
        return;
    uint32_t owner = s->g->group[x];
    if (owner == group || (owner != GROUP_NONE && !s->stored[x] && is_again(s, x))) {
        want(s, group, x);
        return;
    }
    s->read[group * s->words + x / 64] |= (uint64_t)1 << (x % 64);
    if (owner != GROUP_NONE) {
        s->stored[x] = true;
        want(s, owner, x);
    }
}

static void follow(Store *s) {
    for (size_t i = 0; i < s->g->m->nroots; i++)
        want(s, s->g->group[s->g->m->roots[i]], s->g->m->roots[i]);
    while (s->stack.len > 0) {
        Need need = s->stack.items[--s->stack.len];
        const IrNode *n = ir_get(s->graph, need.node);
        for (uint32_t k = 0; k < n->nin; k++)
            use(s, need.group, n->in[k]);
    }
}

static size_t bits(const uint64_t *row, size_t words) {
    size_t n = 0;
    for (size_t w = 0; w < words; w++)
        n += (size_t)__builtin_popcountll(row[w]);
    return n;
}

static size_t list(const uint64_t *row, size_t nnodes, IrRef *out) {
    size_t n = 0;
    for (size_t r = 0; r < nnodes; r++)
        if (row[r / 64] >> (r % 64) & 1)
            out[n++] = (IrRef)r;
    return n;
}

static void fill_group(Arena *arena, const Store *s, uint32_t k, Group *group) {
    const uint64_t *wanted = s->wanted + k * s->words, *read = s->read + k * s->words;
    *group = (Group){.domain = s->g->domain[k]};
    group->nodes = ARENA_ARRAY(arena, IrRef, bits(wanted, s->words));
    group->ins = ARENA_ARRAY(arena, IrRef, bits(read, s->words));
    group->nnodes = list(wanted, s->g->nnodes, group->nodes);
    group->nins = list(read, s->g->nnodes, group->ins);
    group->outs = ARENA_ARRAY(arena, IrRef, group->nnodes);
    for (size_t i = 0; i < group->nnodes; i++) {
        IrRef r = group->nodes[i];
        if (s->g->group[r] == k && s->stored[r])
            group->outs[group->nouts++] = r;
    }
    CHECK(group->nouts > 0);
    group->part = s->g->part[group->outs[0]];
}

void fuse_store(Arena *arena, const Grouping *g, Fusion *out) {
    Store s = {.g = g, .graph = g->m->graph, .words = g->nnodes / 64 + 1};
    s.stored = ARENA_ARRAY(arena, bool, g->nnodes);
    s.seen = ARENA_ARRAY(arena, uint32_t, g->nnodes);
    s.wanted = nasc_alloc_zero((g->ngroups + 1) * s.words * sizeof(uint64_t));
    s.read = nasc_alloc_zero((g->ngroups + 1) * s.words * sizeof(uint64_t));
    mark_fixed(&s);
    mark_activations(&s, crossing(arena, &s));
    follow(&s);
    out->owner = ARENA_ARRAY(arena, uint32_t, g->nnodes);
    out->again = ARENA_ARRAY(arena, uint32_t, g->nnodes);
    for (size_t r = 0; r < g->nnodes; r++)
        out->owner[r] = out->again[r] = GROUP_NONE;
    out->groups = ARENA_ARRAY(arena, Group, g->ngroups);
    for (uint32_t k = 0; k < g->ngroups; k++) {
        if (bits(s.wanted + k * s.words, s.words) == 0)
            continue;
        Group *group = &out->groups[out->ngroups];
        fill_group(arena, &s, k, group);
        for (size_t i = 0; i < group->nouts; i++)
            out->owner[group->outs[i]] = (uint32_t)out->ngroups;
        out->ngroups++;
    }
    free(s.wanted);
    free(s.read);
    VEC_FREE(s.stack);
}
