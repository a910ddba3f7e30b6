/* Map and small groups: nodes to program and arguments.
 *
 * A node's segment is the number of reductions before it. Each segment stores and reduces what is
 * ready; activations that it needs are read (or read back, if this kernel has stored them) and
 * computed anew, since a channel's vectors lie in the cache while registers do not reach from one
 * loop to the next. */
#include "codegen/lower.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Builder {
    Arena *arena;
    const IrGraph *g;
    const Group *group;
    LowerOrder keys;
    int *ready;     /* of each group node: first segment in which it exists */
    int *slot;      /* of each group node: its value, or NO_VALUE */
    int *out_index; /* of each group node stored so far: its number among the outputs, or -1 */
    int segment;
    VEC(MapInstr) instrs;
    VEC(char) kinds;
    VEC(IrRef) in;
    VEC(float) values;
    VEC(int) in_last;
    VEC(IrRef) out;
    VEC(int) out_first;
} Builder;

/* Values while building: instruction i is i, input k is -1 - k. */
enum { NO_VALUE = INT32_MIN };

static bool is_out(const Group *g, IrRef r) {
    for (size_t i = 0; i < g->nouts; i++)
        if (g->outs[i] == r)
            return true;
    return false;
}

static bool is_vectors(const Builder *b, const IrNode *n) {
    return b->group->domain.kind == GROUP_MAP ? fuse_is_lanes(n) : n->type.rank > 0;
}

static int push(Builder *b, MapCode code, IrOp op, int nsrc, const int *src) {
    MapInstr in = {.code = code, .op = op, .nsrc = nsrc};
    for (int k = 0; k < nsrc; k++)
        in.src[k] = src[k];
    VEC_PUSH(b->instrs, in);
    return (int)b->instrs.len - 1;
}

char lower_input_kind(const Group *g, const IrNode *n) {
    if (n->op == IR_OP_constant) {
        float v = (float)n->attr->value;
        return v == 1 ? MAP_ONE : v == 0 && !signbit(v) ? MAP_ZERO : MAP_CONST;
    }
    Layout l = layout_of(&n->type);
    if (l.kind == LAYOUT_SCALAR)
        return MAP_SCALAR;
    if (g->domain.kind == GROUP_SMALL)
        return MAP_LANES;
    if (l.kind == LAYOUT_VECTOR)
        return MAP_VECTOR;
    return l.h * l.w == g->domain.hw ? MAP_LANES : MAP_IMAGE;
}

static int input(Builder *b, IrRef r) {
    const IrNode *n = ir_get(b->g, r);
    char kind = lower_input_kind(b->group, n);
    float value = n->op == IR_OP_constant ? (float)n->attr->value : 0;
    size_t k = 0;
    for (; k < b->in.len; k++)
        if (n->op == IR_OP_constant
                ? b->in.items[k] == IR_NONE && !memcmp(&b->values.items[k], &value, sizeof value)
                : b->in.items[k] == r)
            break;
    if (k == b->in.len) {
        VEC_PUSH(b->kinds, kind);
        VEC_PUSH(b->in, n->op == IR_OP_constant ? IR_NONE : r);
        VEC_PUSH(b->values, value);
        VEC_PUSH(b->in_last, 0);
    }
    b->in_last.items[k] = b->segment;
    return -1 - (int)k;
}

static int value_of(Builder *b, IrRef r);

static int compute(Builder *b, const IrNode *n) {
    if (n->op == IR_OP_identity || n->op == IR_OP_expand || (n->op == IR_OP_add && n->nin == 1))
        return value_of(b, n->in[0]);
    bool swap = n->nin >= 2 && lower_commutes(n->op) &&
                lower_key(&b->keys, n->in[0]) > lower_key(&b->keys, n->in[1]);
    int src[3];
    for (uint32_t k = 0; k < MIN(n->nin, 3u) && (k < 2 || n->op != IR_OP_add); k++)
        src[k] = value_of(b, n->in[k < 2 && swap ? 1 - k : k]);
    if (n->op != IR_OP_add)
        return push(b, MAP_OP, n->op, (int)n->nin, src);
    int sum = push(b, MAP_OP, IR_OP_add, 2, src);
    for (uint32_t k = 2; k < n->nin; k++)
        sum = push(b, MAP_OP, IR_OP_add, 2, (int[]){sum, value_of(b, n->in[k])});
    return sum;
}

/* The value of r in the current segment. */
static int value_of(Builder *b, IrRef r) {
    int at = lower_position(b->group, r);
    if (at < 0)
        return input(b, r);
    if (b->slot[at] != NO_VALUE)
        return b->slot[at];
    const IrNode *n = ir_get(b->g, r);
    if (b->out_index[at] >= 0 && is_vectors(b, n) && b->ready[at] < b->segment)
        b->slot[at] = push(b, MAP_RELOAD, 0, 1, &b->out_index[at]);
    else
        b->slot[at] = compute(b, n);
    return b->slot[at];
}

static void put(Builder *b, MapCode code, int at, int value) {
    push(b, code, 0, 1, &value);
    b->out_index[at] = (int)b->out.len;
    VEC_PUSH(b->out, b->group->nodes[at]);
    VEC_PUSH(b->out_first, b->segment);
}

/* Segments of all nodes; returns the last one. */
static int find_segments(Builder *b) {
    int last = 0;
    for (size_t i = 0; i < b->group->nnodes; i++) {
        const IrNode *n = ir_get(b->g, b->group->nodes[i]);
        int ready = 0;
        for (uint32_t k = 0; k < n->nin; k++) {
            int at = lower_position(b->group, n->in[k]);
            if (at >= 0)
                ready = MAX(ready, b->ready[at]);
        }
        b->ready[i] = ready + (fuse_is_reduction(n->op) && !is_vectors(b, n));
        b->slot[i] = NO_VALUE;
        b->out_index[i] = -1;
        last = MAX(last, b->ready[i]);
    }
    return last;
}

static void channel_part(Builder *b) {
    for (size_t o = 0; o < b->group->nnodes; o++) {
        size_t i = b->keys.order[o];
        IrRef r = b->group->nodes[i];
        if (b->ready[i] != b->segment || is_vectors(b, ir_get(b->g, r)))
            continue;
        int v = value_of(b, r);
        if (is_out(b->group, r))
            put(b, MAP_PUT_VECTOR, (int)i, v);
    }
}

static void reduce(Builder *b, size_t i, const IrNode *n) {
    bool max = n->op == IR_OP_reduce_max, plane = is_vectors(b, n);
    CHECK(max || n->op == IR_OP_reduce_sum);
    int v = value_of(b, n->in[0]);
    v = push(b, plane ? (max ? MAP_PLANE_MAX : MAP_PLANE_SUM) : max ? MAP_MAX : MAP_SUM, 0, 1, &v);
    if (plane)
        put(b, MAP_PUT_IMAGE, (int)i, v);
    else
        b->slot[i] = v;
}

static void lanes_part(Builder *b) {
    for (size_t o = 0; o < b->group->nnodes; o++) {
        size_t i = b->keys.order[o];
        IrRef r = b->group->nodes[i];
        const IrNode *n = ir_get(b->g, r);
        bool reduction = fuse_is_reduction(n->op), vectors = is_vectors(b, n);
        int segment = b->ready[i] - (reduction && !vectors);
        if (segment != b->segment)
            continue;
        if (reduction)
            reduce(b, i, n);
        else if (vectors && is_out(b->group, r))
            put(b, MAP_PUT_LANES, (int)i, value_of(b, r));
    }
}

static void next_segment(Builder *b) {
    b->segment++;
    push(b, MAP_PHASE, 0, 0, NULL);
    for (size_t i = 0; i < b->group->nnodes; i++)
        if (is_vectors(b, ir_get(b->g, b->group->nodes[i])))
            b->slot[i] = NO_VALUE;
}

static void *copy(Arena *arena, const void *items, size_t bytes) {
    void *to = arena_alloc(arena, bytes);
    if (bytes)
        memcpy(to, items, bytes);
    return to;
}
#define COPY_VEC(arena, v) copy((arena), (v).items, (v).len * sizeof *(v).items)

static MapLowered finish(Builder *b) {
    MapLowered out = {.program = {.ninputs = b->in.len, .ninstrs = b->instrs.len}};
    for (size_t i = 0; i < b->instrs.len; i++) {
        MapInstr *in = &b->instrs.items[i];
        for (int k = 0; k < in->nsrc && in->code != MAP_RELOAD; k++)
            in->src[k] = in->src[k] < 0 ? -1 - in->src[k] : (int)b->in.len + in->src[k];
    }
    out.program.input = arena_strndup(b->arena, b->kinds.items ? b->kinds.items : "", b->in.len);
    out.program.instr = COPY_VEC(b->arena, b->instrs);
    map_program_finish(b->arena, &out.program);
    out.in = COPY_VEC(b->arena, b->in);
    out.value = COPY_VEC(b->arena, b->values);
    out.in_last = COPY_VEC(b->arena, b->in_last);
    out.out = COPY_VEC(b->arena, b->out);
    out.out_first = COPY_VEC(b->arena, b->out_first);
    VEC_FREE(b->instrs);
    VEC_FREE(b->kinds);
    VEC_FREE(b->in);
    VEC_FREE(b->values);
    VEC_FREE(b->in_last);
    VEC_FREE(b->out);
    VEC_FREE(b->out_first);
    return out;
}

MapLowered lower_map_program(Arena *arena, const IrModule *m, const Group *group) {
    Builder b = {
        .arena = arena, .g = m->graph, .group = group, .keys = lower_order(arena, m, group)};
    b.ready = ARENA_ARRAY(arena, int, group->nnodes);
    b.slot = ARENA_ARRAY(arena, int, group->nnodes);
    b.out_index = ARENA_ARRAY(arena, int, group->nnodes);
    int last = find_segments(&b);
    for (;;) {
        channel_part(&b);
        lanes_part(&b);
        if (b.segment == last)
            break;
        next_segment(&b);
    }
    CHECK(b.out.len == group->nouts);
    return finish(&b);
}
