/* An order of a group's nodes by what they compute and what is made of them, not by their numbers
 * in the module, so that networks which hold the same computation get the same program text and
 * share its kernel. A hash goes up from the inputs, another down from the results; ties stay in the
 * order of numbers. */
#include "codegen/lower.h"

/* Bits do not depend on the order of two operands of these. (A maximum of a NaN does.) */
bool lower_commutes(IrOp op) {
    return op == IR_OP_add || op == IR_OP_mul || op == IR_OP_equal;
}

static int find(const IrRef *sorted, size_t n, IrRef r) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (sorted[mid] < r)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && sorted[lo] == r ? (int)lo : -1;
}

int lower_position(const Group *g, IrRef r) {
    return find(g->nodes, g->nnodes, r);
}

uint64_t lower_key(const LowerOrder *o, IrRef r) {
    int at = lower_position(o->group, r);
    if (at >= 0)
        return o->node[at];
    at = find(o->group->ins, o->group->nins, r);
    return at >= 0 ? o->in[at] : (uint64_t)lower_input_kind(o->group, ir_get(o->g, r));
}

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t parts[3] = {a, b, c};
    return hash128(parts, sizeof parts, 0).lo;
}

/* The hash of what r computes from its operands' hashes; two operands that commute count as one
 * pair. */
static uint64_t upward(const LowerOrder *o, const IrNode *n) {
    uint64_t h = mix((uint64_t)n->op, n->nin, 1);
    for (uint32_t k = 0; k < n->nin; k++) {
        uint64_t key = lower_key(o, n->in[k]);
        if (k == 0 && n->nin > 1 && lower_commutes(n->op)) {
            h = mix(h, key + lower_key(o, n->in[1]), 2);
            k = 1;
        } else {
            h = mix(h, key, 3);
        }
    }
    return h;
}

/* Adds to the operands of node i what is made of them there. */
static void downward(const LowerOrder *o, size_t i, uint64_t *below_node, uint64_t *below_in) {
    const IrNode *n = ir_get(o->g, o->group->nodes[i]);
    for (uint32_t k = 0; k < n->nin; k++) {
        uint32_t place = k < 2 && lower_commutes(n->op) ? 0 : k;
        uint64_t use = mix(o->node[i], below_node[i], place);
        int at = lower_position(o->group, n->in[k]);
        if (at >= 0) {
            below_node[at] += use;
            continue;
        }
        at = find(o->group->ins, o->group->nins, n->in[k]);
        if (at >= 0)
            below_in[at] += use;
    }
}

LowerOrder lower_order(Arena *arena, const IrModule *m, const Group *g) {
    LowerOrder o = {.g = m->graph, .group = g};
    o.node = ARENA_ARRAY(arena, uint64_t, g->nnodes);
    o.in = ARENA_ARRAY(arena, uint64_t, g->nins);
    o.order = ARENA_ARRAY(arena, uint32_t, g->nnodes);
    uint64_t *below_node = ARENA_ARRAY(arena, uint64_t, g->nnodes);
    uint64_t *below_in = ARENA_ARRAY(arena, uint64_t, g->nins);
    for (size_t i = 0; i < g->nins; i++)
        o.in[i] = (uint64_t)lower_input_kind(g, ir_get(o.g, g->ins[i]));
    for (size_t i = 0; i < g->nnodes; i++)
        o.node[i] = upward(&o, ir_get(o.g, g->nodes[i]));
    for (size_t i = 0; i < g->nouts; i++)
        below_node[lower_position(g, g->outs[i])] = 1;
    for (size_t i = g->nnodes; i-- > 0;)
        downward(&o, i, below_node, below_in);
    for (size_t i = 0; i < g->nins; i++)
        o.in[i] = mix(o.in[i], below_in[i], 4);
    for (size_t i = 0; i < g->nnodes; i++)
        o.node[i] = mix(upward(&o, ir_get(o.g, g->nodes[i])), below_node[i], 5);
    for (size_t i = 0; i < g->nnodes; i++) {
        size_t at = i;
        for (; at > 0 && o.node[o.order[at - 1]] > o.node[i]; at--)
            o.order[at] = o.order[at - 1];
        o.order[at] = (uint32_t)i;
    }
    return o;
}
