/* Simplification, the first part of canonicalisation: one sweep in number order over the live
 * nodes, each made anew from its simplified inputs, so that a fixed point is reached bottom-up.
 *
 *   zeros    spread by traits: a zero is expand(constant 0). In a biased convolution it becomes the
 *            bias, expanded; what is one number a channel becomes zero in batch norm, or its shift:
 *            a learned constant, which passes ops of one input before it is expanded
 *   sums     zero terms dropped, nested sums flattened into every sum that uses them (also when
 *            they are used elsewhere), one term unwrapped; x + x stays add(x, x)
 *   numbers  elementwise ops on uniform values computed in double
 *   no-ops   identity, expand and resize to the same size, whole slices, single concats, 1x1
 *            pooling; slices of slices joined; relu(relu(x)) = relu(x)
 *
 * Values stay the same up to rounding in the order of sums and up to the order of named axes.
 * Average pooling is not distributed over sums. */
#include "ir/canon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef VEC(IrRef) RefVec;

/* Order of an axis among others: n, c, h, w, then by letters. */
static uint64_t axis_rank(IrAxis a) {
    switch (a) {
    case IR_AXIS_N:
        return 0;
    case IR_AXIS_C:
        return 1;
    case IR_AXIS_H:
        return 2;
    case IR_AXIS_W:
        return 3;
    default:
        return a;
    }
}

static IrRef expand_to(IrGraph *g, IrRef r, const IrType *type) {
    IrAttr attr = {.shape_rank = (uint8_t)type->rank};
    for (int i = 0; i < type->rank; i++) {
        int k = i;
        for (; k > 0 && axis_rank(attr.axes[k - 1]) > axis_rank(type->axis[i]); k--) {
            attr.axes[k] = attr.axes[k - 1];
            attr.shape[k] = attr.shape[k - 1];
        }
        attr.axes[k] = type->axis[i];
        attr.shape[k] = type->size[i];
    }
    return ir_must(g, IR_OP_expand, &r, 1, &attr);
}

IrRef ir_fit(IrGraph *g, IrRef r, const IrType *type) {
    const IrNode *n = ir_get(g, r);
    if (ir_type_same(&n->type, type))
        return r;
    return expand_to(g, n->op == IR_OP_expand ? n->in[0] : r, type);
}

IrRef ir_spread(IrGraph *g, double value, const IrType *type) {
    return ir_fit(g, ir_constant(g, value), type);
}

bool ir_uniform(const IrGraph *g, IrRef r, double *value) {
    const IrNode *n = ir_get(g, r);
    if (n->op == IR_OP_expand)
        n = ir_get(g, n->in[0]);
    if (n->op != IR_OP_constant)
        return false;
    *value = n->attr->value;
    return true;
}

bool ir_fold(IrOp op, const double *in, uint32_t nin, double *out) {
    double a = in[0], b = nin > 1 ? in[1] : 0;
    switch (op) {
    case IR_OP_zero:
        *out = 0;
        break;
    case IR_OP_identity:
        *out = a;
        break;
    case IR_OP_neg:
        *out = a == 0 ? 0 : -a;
        break;
    case IR_OP_abs:
        *out = fabs(a);
        break;
    case IR_OP_sign:
        *out = a > 0 ? 1 : a < 0 ? -1 : a;
        break;
    case IR_OP_step:
        *out = a > 0;
        break;
    case IR_OP_floor:
        *out = floor(a);
        break;
    case IR_OP_relu:
        *out = a > 0 ? a : a == a ? 0 : a;
        break;
    case IR_OP_sqrt:
        *out = sqrt(a);
        break;
    case IR_OP_recip:
        *out = 1 / a;
        break;
    case IR_OP_exp:
        *out = exp(a);
        break;
    case IR_OP_log:
        *out = log(a);
        break;
    case IR_OP_sin:
        *out = sin(a);
        break;
    case IR_OP_cos:
        *out = cos(a);
        break;
    case IR_OP_tanh:
        *out = tanh(a);
        break;
    case IR_OP_sigmoid:
        *out = 1 / (1 + exp(-a));
        break;
    case IR_OP_add:
        *out = a;
        for (uint32_t i = 1; i < nin; i++)
            *out += in[i];
        break;
    case IR_OP_sub:
        *out = a - b;
        break;
    case IR_OP_mul:
        *out = a * b;
        break;
    case IR_OP_div:
        *out = a / b;
        break;
    case IR_OP_pow:
        *out = pow(a, b);
        break;
    case IR_OP_maximum:
        *out = a > b || a != a ? a : b;
        break;
    case IR_OP_minimum:
        *out = a < b || a != a ? a : b;
        break;
    case IR_OP_mod:
        *out = a - b * floor(a / b);
        break;
    case IR_OP_less:
        *out = a < b;
        break;
    case IR_OP_equal:
        *out = a == b;
        break;
    case IR_OP_select:
        *out = a != 0 ? b : in[2];
        break;
    default:
        return false;
    }
    return true;
}

static bool uniform_is(const IrGraph *g, IrRef r, double value) {
    double v;
    return ir_uniform(g, r, &v) && v == value;
}

static bool all_uniform(const IrGraph *g, const IrRef *in, uint32_t nin, double *values) {
    for (uint32_t i = 0; i < nin; i++)
        if (!ir_uniform(g, in[i], &values[i]))
            return false;
    return nin > 0;
}

/* A sum of simplified terms. Whether nested sums are flattened depends on the number of terms
 * alone, not on their order. */
static IrRef simplify_add(IrGraph *g, const IrNode *n, const IrRef *in) {
    size_t total = 0;
    for (uint32_t i = 0; i < n->nin; i++) {
        const IrNode *term = ir_get(g, in[i]);
        total += term->op == IR_OP_add ? term->nin : 1;
    }
    RefVec terms = {0};
    for (uint32_t i = 0; i < n->nin; i++) {
        const IrNode *term = ir_get(g, in[i]);
        if (uniform_is(g, in[i], 0))
            continue;
        if (term->op != IR_OP_add || total > CANON_MAX_TERMS) {
            VEC_PUSH(terms, in[i]);
            continue;
        }
        for (uint32_t k = 0; k < term->nin; k++)
            VEC_PUSH(terms, term->in[k]);
    }
    IrRef sum = terms.len == 0   ? ir_spread(g, 0, &n->type)
                : terms.len == 1 ? terms.items[0]
                                 : ir_must(g, IR_OP_add, terms.items, (uint32_t)terms.len, NULL);
    VEC_FREE(terms);
    return ir_fit(g, sum, &n->type);
}

static IrRef simplify_ew(IrGraph *g, const IrNode *n, const IrRef *in) {
    const IrNode *first = ir_get(g, in[0]);
    if (n->nin == 1 && first->op == IR_OP_expand && n->op != IR_OP_zero && n->op != IR_OP_identity)
        return ir_fit(g, ir_unary(g, n->op, first->in[0]), &n->type);
    switch (n->op) {
    case IR_OP_zero:
        return ir_spread(g, 0, &n->type);
    case IR_OP_identity:
        return in[0];
    case IR_OP_add:
        return simplify_add(g, n, in);
    case IR_OP_relu:
        return first->op == IR_OP_relu ? in[0] : IR_NONE;
    case IR_OP_sub:
        if (uniform_is(g, in[1], 0))
            return ir_fit(g, in[0], &n->type);
        if (uniform_is(g, in[0], 0))
            return ir_fit(g, ir_unary(g, IR_OP_neg, in[1]), &n->type);
        return IR_NONE;
    case IR_OP_mul:
        for (int i = 0; i < 2; i++) {
            if (uniform_is(g, in[i], 0))
                return ir_spread(g, 0, &n->type);
            if (uniform_is(g, in[i], 1))
                return ir_fit(g, in[1 - i], &n->type);
        }
        return IR_NONE;
    case IR_OP_div:
        return uniform_is(g, in[1], 1) ? ir_fit(g, in[0], &n->type) : IR_NONE;
    default:
        return IR_NONE;
    }
}

static IrRef simplify_slice(IrGraph *g, const IrNode *n, IrRef x) {
    const IrNode *inner = ir_get(g, x);
    if (ir_type_same(&inner->type, &n->type))
        return x;
    if (inner->op != IR_OP_slice || inner->attr->axis != n->attr->axis)
        return IR_NONE;
    IrAttr attr = *n->attr;
    attr.lo += inner->attr->lo;
    attr.hi += inner->attr->lo;
    return ir_must(g, IR_OP_slice, inner->in, 1, &attr);
}

static IrRef simplify_move(IrGraph *g, const IrNode *n, const IrRef *in) {
    double value;
    switch (n->op) {
    case IR_OP_expand:
        return ir_fit(g, in[0], &n->type);
    case IR_OP_rename:
        return n->attr->axis == n->attr->axis2 ? in[0] : IR_NONE;
    case IR_OP_embed:
        return ir_type_same(&ir_get(g, in[0])->type, &n->type) ? in[0] : IR_NONE;
    case IR_OP_concat:
        if (n->nin == 1)
            return in[0];
        if (!ir_uniform(g, in[0], &value))
            return IR_NONE;
        for (uint32_t i = 1; i < n->nin; i++)
            if (!uniform_is(g, in[i], value))
                return IR_NONE;
        return ir_spread(g, value, &n->type);
    case IR_OP_slice:
        if (!ir_uniform(g, in[0], &value))
            return simplify_slice(g, n, in[0]);
        return ir_spread(g, value, &n->type);
    default:
        return ir_uniform(g, in[0], &value) ? ir_spread(g, value, &n->type) : IR_NONE;
    }
}

static IrRef simplify_reduce(IrGraph *g, const IrNode *n, IrRef x) {
    double value;
    if (!ir_uniform(g, x, &value) || (n->op == IR_OP_reduce_sum && value != 0))
        return IR_NONE;
    return ir_spread(g, value, &n->type);
}

static IrRef simplify_pool(IrGraph *g, const IrNode *n, const IrRef *in) {
    (void)g;
    const IrAttr *a = n->attr;
    bool point = a->kernel[0] == 1 && a->kernel[1] == 1 && a->stride[0] == 1 && a->stride[1] == 1 &&
                 a->pad[0] == 0 && a->pad[1] == 0;
    return point && n->op != IR_OP_max_pool_dx ? in[0] : IR_NONE;
}

/* Whether each channel of r is one number everywhere: batch norm centres it to zero. */
static bool even_channels(const IrGraph *g, IrRef r) {
    const IrNode *n = ir_get(g, r);
    if (n->op != IR_OP_expand)
        return false;
    const IrType *t = &ir_get(g, n->in[0])->type;
    return t->rank == 0 || (t->rank == 1 && t->axis[0] == IR_AXIS_C);
}

/* What a zero becomes in an op other than elementwise and moves; IR_NONE if it does not pass as
 * one. */
static IrRef simplify_zero(IrGraph *g, const IrNode *n, const IrRef *in) {
    bool zero_first = uniform_is(g, in[0], 0);
    switch (n->op) {
    case IR_OP_bn_rstd:
        return even_channels(g, in[0]) ? ir_spread(g, 1 / sqrt(n->attr->value), &n->type) : IR_NONE;
    case IR_OP_conv:
    case IR_OP_dense:
    case IR_OP_batch_norm:
        if (n->op == IR_OP_batch_norm ? !even_channels(g, in[0]) : !zero_first)
            return IR_NONE;
        return n->nin == 3 ? ir_fit(g, in[2], &n->type) : ir_spread(g, 0, &n->type);
    case IR_OP_conv_dx:
    case IR_OP_conv_dw:
    case IR_OP_dense_dx:
    case IR_OP_dense_dw:
    case IR_OP_max_pool_dx:
    case IR_OP_contract:
        return zero_first || uniform_is(g, in[1], 0) ? ir_spread(g, 0, &n->type) : IR_NONE;
    default:
        return zero_first && (ir_op_info(n->op)->traits & IR_T_Z) ? ir_spread(g, 0, &n->type)
                                                                  : IR_NONE;
    }
}

/* The simple form of n with the inputs `in`, or IR_NONE if it is as simple as it can be. */
static IrRef simplify(IrGraph *g, const IrNode *n, const IrRef *in, double *values) {
    double folded;
    if (ir_op_info(n->op)->class == IR_CLASS_EW && all_uniform(g, in, n->nin, values) &&
        ir_fold(n->op, values, n->nin, &folded))
        return ir_spread(g, folded, &n->type);
    switch (ir_op_info(n->op)->class) {
    case IR_CLASS_SRC:
        return IR_NONE;
    case IR_CLASS_EW: {
        IrRef simple = simplify_ew(g, n, in);
        return simple != IR_NONE ? simple : simplify_zero(g, n, in);
    }
    case IR_CLASS_REDUCE:
        return simplify_reduce(g, n, in[0]);
    case IR_CLASS_MOVE:
        return simplify_move(g, n, in);
    case IR_CLASS_POOL: {
        IrRef simple = simplify_pool(g, n, in);
        return simple != IR_NONE ? simple : simplify_zero(g, n, in);
    }
    case IR_CLASS_RESIZE:
        if (ir_type_same(&ir_get(g, in[0])->type, &n->type))
            return in[0];
        return simplify_zero(g, n, in);
    case IR_CLASS_CONV:
    case IR_CLASS_NORM:
    case IR_CLASS_CONTRACT:
    case IR_CLASS_LINALG:
        return simplify_zero(g, n, in);
    }
    BUG("class of %s", ir_op_info(n->op)->name);
}

IrModule canon_simplify(Arena *arena, const IrModule *m) {
    IrModule out = *m;
    out.graph = ir_graph_new(arena);
    out.roots = ARENA_ARRAY(arena, IrRef, m->nroots + 1);
    bool *live = ir_live(arena, m);
    IrRef *map = ARENA_ARRAY(arena, IrRef, ir_graph_len(m->graph) + 1);
    RefVec in = {0};
    VEC(double) values = {0};
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++) {
        if (!live[r])
            continue;
        const IrNode *n = ir_get(m->graph, r);
        VEC_RESERVE(in, n->nin + 1);
        VEC_RESERVE(values, n->nin + 1);
        for (uint32_t i = 0; i < n->nin; i++)
            in.items[i] = map[n->in[i]];
        ir_set_place(out.graph, n->place);
        map[r] = simplify(out.graph, n, in.items, values.items);
        if (map[r] == IR_NONE)
            map[r] = ir_copy(out.graph, n, in.items);
    }
    VEC_FREE(in);
    VEC_FREE(values);
    for (size_t i = 0; i < m->nroots; i++)
        out.roots[i] = map[m->roots[i]];
    return out;
}
