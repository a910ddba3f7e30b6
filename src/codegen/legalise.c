/* Rewriting to forms that kernels cover; see legalise.h. Works in number order, so every operand
 * has been rewritten before its user; hash-consing keeps shared parts shared. */
#include "codegen/legalise.h"

#include "codegen/layout.h"

#include <math.h>
#include <stdlib.h>

typedef struct Legalise {
    IrGraph *g;
    IrRef *to; /* old node -> new node */
    NascError *err;
} Legalise;

static IrRef constant_like(Legalise *l, double value, const IrType *type) {
    IrRef c = ir_constant(l->g, value);
    if (type->rank == 0)
        return c;
    IrAttr a = {.shape_rank = (uint8_t)type->rank};
    for (int i = 0; i < type->rank; i++) {
        a.axes[i] = type->axis[i];
        a.shape[i] = type->size[i];
    }
    return ir_must(l->g, IR_OP_expand, &c, 1, &a);
}

static bool is_constant(const Legalise *l, IrRef r, double *value) {
    const IrNode *n = ir_get(l->g, r);
    if (n->op != IR_OP_constant)
        return false;
    *value = n->attr->value;
    return true;
}

/* The float that an op on constants gives; false if it is not one of these ops. */
static bool fold(const Legalise *l, IrOp op, const IrRef *in, uint32_t nin, float *out) {
    double value[2] = {0};
    if (nin > 2)
        return false;
    for (uint32_t k = 0; k < nin; k++)
        if (!is_constant(l, in[k], &value[k]))
            return false;
    float a = (float)value[0], b = nin == 2 ? (float)value[1] : 0;
    switch (op) {
    case IR_OP_neg:
        *out = -a;
        return true;
    case IR_OP_recip:
        *out = 1 / a;
        return true;
    case IR_OP_sqrt:
        *out = sqrtf(a);
        return true;
    case IR_OP_add:
        *out = nin == 2 ? a + b : a;
        return true;
    case IR_OP_sub:
        *out = a - b;
        return true;
    case IR_OP_mul:
        *out = a * b;
        return true;
    case IR_OP_div:
        *out = a / b;
        return true;
    default:
        return false;
    }
}

static IrRef rewrite_pow(Legalise *l, const IrRef *in, const IrAttr *attr) {
    double p;
    IrRef x = in[0];
    if (!is_constant(l, in[1], &p))
        p = NAN;
    if (p == 1)
        return x;
    if (p == 0.5)
        return ir_unary(l->g, IR_OP_sqrt, x);
    if (p == -1)
        return ir_unary(l->g, IR_OP_recip, x);
    if (p != 2 && p != 3)
        return ir_must(l->g, IR_OP_pow, in, 2, attr);
    IrRef square = ir_binary(l->g, IR_OP_mul, x, x);
    return p == 2 ? square : ir_binary(l->g, IR_OP_mul, square, x);
}

/* A reduction of lanes over everything goes by way of [c]. */
static IrRef rewrite_reduce(Legalise *l, IrOp op, IrRef x, const IrAxis *axes, int naxes) {
    const IrType *type = &ir_get(l->g, x)->type;
    bool all = naxes == type->rank;
    if (layout_of(type).kind != LAYOUT_LANES || !all || ir_type_find(type, IR_AXIS_C) < 0)
        return ir_reduce(l->g, op, x, axes, naxes);
    IrAxis others[IR_MAX_AXES], c = IR_AXIS_C;
    int n = 0;
    for (int i = 0; i < naxes; i++)
        if (axes[i] != c)
            others[n++] = axes[i];
    return ir_reduce(l->g, op, ir_reduce(l->g, op, x, others, n), &c, 1);
}

static IrRef rewrite_mean(Legalise *l, IrRef x, const IrAxis *axes, int naxes) {
    const IrType *type = &ir_get(l->g, x)->type;
    int64_t count = 1;
    for (int i = 0; i < naxes; i++)
        count *= ir_type_size(type, axes[i]);
    IrRef sum = rewrite_reduce(l, IR_OP_reduce_sum, x, axes, naxes);
    return ir_binary(l->g, IR_OP_div, sum, ir_constant(l->g, (double)(float)count));
}

static IrRef rewrite_rstd(Legalise *l, IrRef x, double eps) {
    const IrType *type = &ir_get(l->g, x)->type;
    IrAxis axes[IR_MAX_AXES];
    int n = 0;
    for (int i = 0; i < type->rank; i++)
        if (type->axis[i] != IR_AXIS_C)
            axes[n++] = type->axis[i];
    IrRef centred = ir_binary(l->g, IR_OP_sub, x, rewrite_mean(l, x, axes, n));
    IrRef variance = rewrite_mean(l, ir_binary(l->g, IR_OP_mul, centred, centred), axes, n);
    IrRef shifted = ir_binary(l->g, IR_OP_add, variance, ir_constant(l->g, (double)(float)eps));
    return ir_unary(l->g, IR_OP_recip, ir_unary(l->g, IR_OP_sqrt, shifted));
}

/* x with all axes of `type`, if a kernel that computes values of this type cannot address x as it is. */
static IrRef spread(Legalise *l, IrRef x, const IrType *type) {
    if (layout_covers(type, &ir_get(l->g, x)->type))
        return x;
    IrAttr a = {.shape_rank = (uint8_t)type->rank};
    for (int i = 0; i < type->rank; i++) {
        a.axes[i] = type->axis[i];
        a.shape[i] = type->size[i];
    }
    return ir_must(l->g, IR_OP_expand, &x, 1, &a);
}

static IrRef rewrite_ew(Legalise *l, const IrNode *n, IrRef *in) {
    for (uint32_t k = 0; k < n->nin; k++)
        in[k] = spread(l, in[k], &n->type);
    return ir_must(l->g, n->op, in, n->nin, n->attr);
}

/* Kernels read and write weights as [o, i] or [o, i, kh, kw], in this order. */
static bool has_plain_weight(const IrGraph *g, const IrNode *n) {
    static const IrAxis order[4] = {IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW};
    bool makes_weight = n->op == IR_OP_conv_dw || n->op == IR_OP_dense_dw;
    const IrType *weight = makes_weight ? &n->type : &ir_get(g, n->in[1])->type;
    for (int i = 0; i < weight->rank; i++)
        if (i >= 4 || weight->axis[i] != order[i])
            return false;
    return true;
}

/* The batch lies in the lanes; nothing is moved between it and other axes. */
static bool moves_batch(const IrNode *n) {
    const IrAttr *a = n->attr;
    bool moves = (a->axis == IR_AXIS_N || a->axis2 == IR_AXIS_N) && n->op != IR_OP_expand;
    for (int i = 0; i < MAX(a->naxes, a->shape_rank); i++)
        moves |= n->op != IR_OP_expand && a->axes[i] == IR_AXIS_N;
    return moves;
}

/* Whether some kernel computes the node, as far as its axes go. */
static bool supported(const IrGraph *g, const IrNode *n) {
    switch (ir_op_info(n->op)->class) {
    case IR_CLASS_SRC:
        return n->op != IR_OP_table && n->op != IR_OP_random;
    case IR_CLASS_MOVE:
        return n->op != IR_OP_shuffle && !moves_batch(n);
    case IR_CLASS_NORM:
    case IR_CLASS_LINALG:
        return false;
    case IR_CLASS_CONV:
        return has_plain_weight(g, n);
    default:
        return true;
    }
}

static void unsupported(Legalise *l, IrRef r) {
    const IrNode *n = ir_get(l->g, r);
    Buf text = {0};
    for (uint32_t k = 0; k < n->nin && k < 4; k++) {
        buf_puts(&text, k ? ", " : "");
        ir_type_print(&text, &ir_get(l->g, n->in[k])->type);
    }
    buf_puts(&text, " -> ");
    ir_type_print(&text, &n->type);
    nasc_fail(l->err, NASC_PROGRAM_ERROR,
              "%s cannot be compiled with these axes: %s; a proxy of precision \"double\" runs "
              "without kernels",
              ir_op_info(n->op)->name, text.text);
    buf_free(&text);
}

static IrRef rewrite(Legalise *l, const IrNode *n, IrRef *in) {
    const IrAttr *a = n->attr;
    float value;
    switch (n->op) {
    case IR_OP_zero:
        return constant_like(l, 0, &n->type);
    case IR_OP_identity:
        return in[0];
    case IR_OP_pow:
        return rewrite_pow(l, in, a);
    case IR_OP_reduce_mean:
        return rewrite_mean(l, in[0], a->axes, a->naxes);
    case IR_OP_reduce_sum:
    case IR_OP_reduce_max:
        return rewrite_reduce(l, n->op, in[0], a->axes, a->naxes);
    case IR_OP_bn_rstd:
        return rewrite_rstd(l, in[0], a->value);
    default:
        if (fold(l, n->op, in, n->nin, &value) && n->type.rank == 0)
            return ir_constant(l->g, value);
        return ir_op_info(n->op)->class == IR_CLASS_EW ? rewrite_ew(l, n, in)
                                                       : ir_must(l->g, n->op, in, n->nin, a);
    }
}

static bool *live_nodes(Arena *arena, const IrModule *m) {
    size_t n = ir_graph_len(m->graph);
    bool *live = ARENA_ARRAY(arena, bool, n);
    for (size_t i = 0; i < m->nroots; i++)
        live[m->roots[i]] = true;
    for (size_t i = n; i-- > 0;) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        for (uint32_t k = 0; k < node->nin && live[i]; k++)
            live[node->in[k]] = true;
    }
    return live;
}

/* relu[x]: the live node relu(x) of the old graph. */
static IrRef *relus(Arena *arena, const IrModule *m, const bool *live, size_t n) {
    IrRef *relu = ARENA_ARRAY(arena, IrRef, n);
    for (size_t i = 0; i < n; i++)
        relu[i] = IR_NONE;
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        if (live[i] && node->op == IR_OP_relu)
            relu[node->in[0]] = (IrRef)i;
    }
    return relu;
}

static void root_places(Legalise *l, IrModule *m) {
    for (size_t i = 0; i < m->nroots; i++) {
        const IrNode *root = ir_get(l->g, m->roots[i]);
        if (ir_op_info(root->op)->class == IR_CLASS_SRC)
            m->roots[i] = ir_unary(l->g, IR_OP_identity, m->roots[i]);
    }
}

bool legalise(Arena *arena, const IrModule *m, IrModule *out, NascError *err) {
    size_t n = ir_graph_len(m->graph);
    bool *live = live_nodes(arena, m);
    IrRef *relu = relus(arena, m, live, n);
    Legalise l = {m->graph, ARENA_ARRAY(arena, IrRef, n), err};
    VEC(IrRef) in = {0};
    for (size_t i = 0; i < n; i++) {
        const IrNode node = *ir_get(m->graph, (IrRef)i);
        if (!live[i])
            continue;
        l.to[i] = (IrRef)i;
        if (ir_op_info(node.op)->class == IR_CLASS_SRC)
            continue;
        in.len = 0;
        for (uint32_t k = 0; k < node.nin; k++)
            VEC_PUSH(in, l.to[node.in[k]]);
        if (node.op == IR_OP_step && relu[node.in[0]] < i)
            in.items[0] = l.to[relu[node.in[0]]];
        l.to[i] = rewrite(&l, &node, in.items);
    }
    VEC_FREE(in);
    IrModule all = {m->graph, m->nroots, ARENA_ARRAY(arena, IrRef, m->nroots), m->root_names};
    for (size_t i = 0; i < m->nroots; i++)
        all.roots[i] = l.to[m->roots[i]];
    root_places(&l, &all);
    *out = ir_prune(arena, &all);
    for (size_t i = 0; i < ir_graph_len(out->graph); i++)
        if (!supported(out->graph, ir_get(out->graph, (IrRef)i))) {
            l.g = out->graph;
            unsupported(&l, (IrRef)i);
            return false;
        }
    return true;
}
