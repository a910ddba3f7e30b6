/* Seeded random cases of every op: input types, attributes and values, for comparing one
 * implementation with another. A case is a function of (op, seed, size) alone.
 *
 *     OpCase c = op_case(IR_OP_conv, seed, OP_CASE_FULL);
 *     op_case_fill(&c, 0, OP_VALUES_PLAIN, x);       values of input 0, in the order of c.in[0]
 *     IrRef r = op_case_build(g, &c, inputs);        input k is an `input` leaf of slot k
 *
 * Full cases have batches of 1, 5, 16 and 33, odd maps and channels, windows of 1x1 to 7x7 and 1x7,
 * strides, dilation, groups, depthwise, padding; small ones are for finite differences and naive
 * loops. */
#ifndef NASC_TESTS_OP_CASES_H
#define NASC_TESTS_OP_CASES_H

#include "base/philox.h"
#include "ir/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OP_CASE_INPUTS = 6 };

typedef enum OpCaseSize { OP_CASE_SMALL, OP_CASE_FULL } OpCaseSize;

typedef struct OpCase {
    IrOp op;
    uint64_t seed;
    OpCaseSize size;
    uint32_t nin;
    IrType in[OP_CASE_INPUTS];
    IrAttr attr;
} OpCase;

typedef enum OpValues {
    OP_VALUES_PLAIN, /* floats in the op's domain, of size about 1 */
    OP_VALUES_TIES,  /* multiples of 1/4: many equal elements, many zeros, exact sums */
    OP_VALUES_APART, /* all different by 1/256 and away from integers: no kink within 1e-3 */
} OpValues;

typedef struct OpDraw {
    RandomStream stream;
    uint64_t at;
} OpDraw;

static inline OpDraw op_draw(const OpCase *c, uint64_t purpose) {
    Hash128 identity = {(uint64_t)c->op << 8 | (uint64_t)c->size, purpose};
    return (OpDraw){random_stream(c->seed, 0, RANDOM_TEST, identity), 0};
}
static inline int64_t op_below(OpDraw *d, int64_t n) {
    return (int64_t)random_below(d->stream, d->at++, (uint64_t)n);
}
static inline int64_t op_between(OpDraw *d, int64_t lo, int64_t hi) {
    return lo + op_below(d, hi - lo + 1);
}
#define OP_PICK(draw, ...)                                                                         \
    (((const int64_t[]){__VA_ARGS__})[op_below(                                                    \
        (draw), (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))])

static inline IrType op_type(int rank, const IrAxis *axes, const int64_t *sizes) {
    IrType t = {.rank = rank};
    for (int k = 0; k < rank; k++) {
        t.axis[k] = axes[k];
        t.size[k] = sizes[k];
    }
    return t;
}
static inline IrType op_image(int64_t n, int64_t c, int64_t h, int64_t w) {
    return op_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                   (int64_t[]){n, c, h, w});
}
static inline IrType op_vector(int64_t c) {
    return op_type(1, (IrAxis[]){IR_AXIS_C}, &c);
}
static inline IrType op_weight(int64_t o, int64_t i, int64_t kh, int64_t kw) {
    return op_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                   (int64_t[]){o, i, kh, kw});
}
static inline IrType op_matrix(IrAxis a, int64_t m, IrAxis b, int64_t n) {
    return op_type(2, (IrAxis[]){a, b}, (int64_t[]){m, n});
}

static inline int64_t op_batch(OpCase *c, OpDraw *d) {
    return c->size == OP_CASE_SMALL ? op_between(d, 1, 3) : OP_PICK(d, 1, 5, 16, 16, 33);
}
static inline int64_t op_channels(OpCase *c, OpDraw *d) {
    return c->size == OP_CASE_SMALL ? op_between(d, 1, 4)
                                    : OP_PICK(d, 1, 2, 3, 5, 8, 13, 16, 17, 24);
}
static inline int64_t op_map(OpCase *c, OpDraw *d) {
    return c->size == OP_CASE_SMALL ? op_between(d, 1, 4)
                                    : OP_PICK(d, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16);
}
static inline IrType op_any_image(OpCase *c, OpDraw *d) {
    int64_t n = op_batch(c, d), ch = op_channels(c, d), h = op_map(c, d);
    return op_image(n, ch, h, op_below(d, 3) ? h : op_map(c, d));
}

/* [n, head, t, s], as attention has them. */
static inline IrType op_any_tokens(OpCase *c, OpDraw *d) {
    int64_t n = op_batch(c, d), head = op_between(d, 1, 3), t = op_map(c, d), s = op_map(c, d);
    return op_type(4, (IrAxis[]){IR_AXIS_N, ir_axis("head", 4), ir_axis("t", 1), ir_axis("s", 1)},
                   (int64_t[]){n, head, t, s});
}
/* Four axes, the first of them n. */
static inline IrType op_any_activation(OpCase *c, OpDraw *d) {
    return op_below(d, 3) ? op_any_image(c, d) : op_any_tokens(c, d);
}

/* Axes in another order. */
static inline IrType op_permuted(const IrType *t, OpDraw *d) {
    IrType p = *t;
    for (int k = p.rank - 1; k > 0; k--) {
        int j = (int)op_below(d, k + 1);
        IrAxis axis = p.axis[k];
        int64_t size = p.size[k];
        p.axis[k] = p.axis[j], p.size[k] = p.size[j];
        p.axis[j] = axis, p.size[j] = size;
    }
    return p;
}
/* Some of the axes, in order. */
static inline IrType op_subset(const IrType *t, OpDraw *d) {
    int64_t keep = op_below(d, (int64_t)1 << t->rank);
    IrType s = {0};
    for (int k = 0; k < t->rank; k++)
        if (keep >> k & 1) {
            s.axis[s.rank] = t->axis[k];
            s.size[s.rank++] = t->size[k];
        }
    return s;
}
/* What an elementwise op may meet: an image, [n, c], a weight, a vector or a scalar. */
static inline IrType op_any_type(OpCase *c, OpDraw *d) {
    switch (op_below(d, 10)) {
    case 4:
    case 5:
        return op_any_tokens(c, d);
    case 0:
        return op_matrix(IR_AXIS_N, op_batch(c, d), IR_AXIS_C, op_channels(c, d));
    case 1:
        return op_weight(op_channels(c, d), op_channels(c, d), op_between(d, 1, 3), 3);
    case 2:
        return op_vector(op_channels(c, d));
    case 3:
        return (IrType){0};
    default:
        return op_any_image(c, d);
    }
}

/* Kernel, stride, padding, dilation over a map of t; the map is made large enough for one window.
 */
static inline void op_draw_window(OpCase *c, OpDraw *d, IrType *t) {
    static const int32_t kernels[][2] = {{1, 1}, {3, 3}, {3, 3}, {5, 5}, {7, 7},
                                         {1, 7}, {7, 1}, {1, 3}, {3, 1}, {2, 2}};
    bool pool = ir_op_info(c->op)->class == IR_CLASS_POOL, small = c->size == OP_CASE_SMALL;
    const int32_t *kernel = kernels[op_below(d, small ? 3 : (int64_t)ARRAY_LEN(kernels))];
    bool square = op_below(d, 4) > 0;
    int64_t style = op_below(d, 4);
    for (int k = 0; k < 2; k++) {
        IrAttr *a = &c->attr;
        a->kernel[k] = pool && small ? (int32_t)op_between(d, 1, 3) : kernel[k];
        a->stride[k] = k && square ? a->stride[0] : (int32_t)OP_PICK(d, 1, 1, 2, 2, 3);
        a->dilation[k] = k && square ? a->dilation[0] : (int32_t)OP_PICK(d, 1, 1, 1, 2);
        if (pool)
            a->dilation[k] = 1;
        int32_t same = a->dilation[k] * (a->kernel[k] - 1) / 2;
        a->pad[k] = style == 0 ? 0 : style == 1 ? (int32_t)op_below(d, a->kernel[k]) : same;
        int64_t extent = (int64_t)(a->kernel[k] - 1) * a->dilation[k] + 1;
        if (t->size[2 + k] + 2 * a->pad[k] < extent)
            t->size[2 + k] = extent;
    }
}
static inline IrType op_window_result(const OpCase *c, const IrType *t, int64_t channels) {
    const IrAttr *a = &c->attr;
    int64_t size[2];
    for (int k = 0; k < 2; k++)
        size[k] =
            ir_window_size(t->size[2 + k], a->kernel[k], a->stride[k], a->pad[k], a->dilation[k]);
    return op_image(t->size[0], channels, size[0], size[1]);
}

static inline void op_case_conv(OpCase *c, OpDraw *d) {
    IrType x = op_any_image(c, d);
    int64_t out = op_channels(c, d);
    c->attr.groups = 1;
    switch (op_below(d, 4)) {
    case 0: /* depthwise, now and then with two outputs for each input */
        c->attr.groups = (int32_t)x.size[1];
        out = x.size[1] * op_between(d, 1, 2);
        break;
    case 1:
        c->attr.groups = (int32_t)op_between(d, 2, 3);
        x.size[1] *= c->attr.groups;
        out *= c->attr.groups;
        break;
    default:
        break;
    }
    op_draw_window(c, d, &x);
    IrType w = op_weight(out, x.size[1] / c->attr.groups, c->attr.kernel[0], c->attr.kernel[1]);
    IrType y = op_window_result(c, &x, out);
    c->attr.in_size[0] = c->op == IR_OP_conv_dx ? x.size[2] : 0;
    c->attr.in_size[1] = c->op == IR_OP_conv_dx ? x.size[3] : 0;
    c->nin = c->op == IR_OP_conv ? (uint32_t)op_between(d, 2, 3) : 2;
    c->in[0] = c->op == IR_OP_conv_dx ? y : x;
    c->in[1] = c->op == IR_OP_conv_dw ? y : w;
    c->in[2] = op_vector(out);
}

static inline void op_case_dense(OpCase *c, OpDraw *d) {
    int64_t n = op_batch(c, d), i = op_channels(c, d), o = op_channels(c, d);
    IrType x = op_matrix(IR_AXIS_N, n, IR_AXIS_C, i), y = op_matrix(IR_AXIS_N, n, IR_AXIS_C, o);
    IrType w = op_matrix(IR_AXIS_O, o, IR_AXIS_I, i);
    c->nin = c->op == IR_OP_dense ? (uint32_t)op_between(d, 2, 3) : 2;
    c->in[0] = c->op == IR_OP_dense_dx ? y : x;
    c->in[1] = c->op == IR_OP_dense_dw ? y : w;
    c->in[2] = op_vector(o);
}

static inline void op_case_pool(OpCase *c, OpDraw *d) {
    IrType x = op_any_image(c, d);
    op_draw_window(c, d, &x);
    IrType y = op_window_result(c, &x, x.size[1]);
    bool avg = c->op == IR_OP_avg_pool || c->op == IR_OP_avg_pool_dx;
    c->attr.count_padding = avg && op_below(d, 2);
    c->nin = c->op == IR_OP_max_pool_dx ? 2 : 1;
    c->in[0] = c->op == IR_OP_avg_pool_dx ? y : x;
    c->in[1] = y;
    c->attr.in_size[0] = c->op == IR_OP_avg_pool_dx ? x.size[2] : 0;
    c->attr.in_size[1] = c->op == IR_OP_avg_pool_dx ? x.size[3] : 0;
}

static inline void op_case_resize(OpCase *c, OpDraw *d) {
    c->nin = 1;
    c->in[0] = op_any_image(c, d);
    c->attr.mode = op_below(d, 2) ? IR_RESIZE_BILINEAR : IR_RESIZE_NEAREST;
    int64_t *size = c->op == IR_OP_resize ? c->attr.out_size : c->attr.in_size;
    size[0] = op_map(c, d);
    size[1] = op_below(d, 2) ? size[0] : op_map(c, d);
}

static inline void op_case_elementwise(OpCase *c, OpDraw *d) {
    const IrOpInfo *info = ir_op_info(c->op);
    c->nin = (uint32_t)info->min_in;
    if (c->op == IR_OP_add)
        c->nin = (uint32_t)op_between(d, 2, OP_CASE_INPUTS);
    IrType whole = op_any_type(c, d);
    bool same = op_below(d, 2);
    for (uint32_t k = 0; k < c->nin; k++) {
        c->in[k] = whole;
        if (k > 0 && !same)
            c->in[k] = op_subset(&whole, d);
        if (k > 0 && op_below(d, 4) == 0)
            c->in[k] = op_permuted(&c->in[k], d);
    }
    if (c->nin == 2 && op_below(d, 3) == 0) { /* the first one is the smaller */
        IrType t = c->in[0];
        c->in[0] = c->in[1];
        c->in[1] = t;
    }
    if (c->op == IR_OP_pow) {
        c->in[0] = whole;
        c->in[1] = (IrType){0};
    }
}

static inline void op_case_reduce(OpCase *c, OpDraw *d) {
    c->nin = 1;
    do
        c->in[0] = op_any_type(c, d);
    while (c->in[0].rank == 0);
    IrType axes = {0};
    while (axes.rank == 0)
        axes = op_subset(&c->in[0], d);
    c->attr.naxes = (uint8_t)axes.rank;
    memcpy(c->attr.axes, axes.axis, sizeof axes.axis);
}

static inline void op_case_shape(OpCase *c, const IrType *t) {
    c->attr.shape_rank = (uint8_t)t->rank;
    memcpy(c->attr.axes, t->axis, sizeof t->axis);
    memcpy(c->attr.shape, t->size, sizeof t->size);
}

static inline void op_case_merge(OpCase *c, OpDraw *d) {
    IrType t = op_any_activation(c, d), picked = {0};
    while (picked.rank < 2)
        picked = op_subset(&t, d);
    picked = op_permuted(&picked, d);
    c->in[0] = t;
    c->attr.axis = ir_axis("m", 1);
    c->attr.naxes = (uint8_t)picked.rank;
    memcpy(c->attr.axes, picked.axis, sizeof picked.axis);
}

static inline void op_case_unmerge(OpCase *c, OpDraw *d) {
    c->in[0] = op_any_activation(c, d);
    int at = (int)op_below(d, 4);
    int64_t sizes[2] = {op_between(d, 1, 4), op_between(d, 1, 3)};
    c->in[0].size[at] = sizes[0] * sizes[1];
    c->attr.axis = c->in[0].axis[at];
    IrType parts = op_matrix(ir_axis("p", 1), sizes[0], ir_axis("q", 1), sizes[1]);
    op_case_shape(c, &parts);
}

static inline void op_case_cut(OpCase *c, OpDraw *d) {
    IrType t = op_any_activation(c, d);
    int at = (int)op_below(d, 4);
    c->attr.axis = t.axis[at];
    c->attr.lo = op_below(d, t.size[at]);
    c->attr.hi = op_between(d, c->attr.lo + 1, t.size[at]);
    if (c->op == IR_OP_embed) {
        c->attr.size = t.size[at];
        t.size[at] = c->attr.hi - c->attr.lo;
    }
    c->in[0] = t;
}

static inline void op_case_concat(OpCase *c, OpDraw *d) {
    c->nin = (uint32_t)op_between(d, 1, OP_CASE_INPUTS);
    IrType t = op_any_activation(c, d);
    int at = op_below(d, 2) ? 1 : (int)op_below(d, 4);
    c->attr.axis = t.axis[at];
    for (uint32_t k = 0; k < c->nin; k++) {
        t.size[at] = at == 1 ? op_channels(c, d) : op_between(d, 1, 4);
        c->in[k] = k > 0 && op_below(d, 4) == 0 ? op_permuted(&t, d) : t;
    }
}

static inline void op_case_move(OpCase *c, OpDraw *d) {
    c->nin = 1;
    switch (c->op) {
    case IR_OP_expand: {
        IrType whole = op_any_activation(c, d);
        op_case_shape(c, &whole);
        c->in[0] = op_subset(&whole, d);
        break;
    }
    case IR_OP_merge:
        op_case_merge(c, d);
        break;
    case IR_OP_unmerge:
        op_case_unmerge(c, d);
        break;
    case IR_OP_rename:
        c->in[0] = op_any_activation(c, d);
        c->attr.axis = c->in[0].axis[op_below(d, 4)];
        c->attr.axis2 = ir_axis("z", 1);
        break;
    case IR_OP_concat:
        op_case_concat(c, d);
        break;
    case IR_OP_slice:
    case IR_OP_embed:
        op_case_cut(c, d);
        break;
    case IR_OP_shuffle:
        c->in[0] = op_any_image(c, d);
        c->attr.axis = c->in[0].axis[op_below(d, 4)];
        c->attr.axis2 = op_below(d, 2) ? c->in[0].axis[op_below(d, 4)] : 0;
        if (c->attr.axis2 == c->attr.axis)
            c->attr.axis2 = 0;
        c->attr.key = (Hash128){7, c->seed};
        break;
    default:
        abort();
    }
}

static inline void op_case_norm(OpCase *c, OpDraw *d) {
    c->in[0] = op_any_image(c, d);
    if (op_below(d, 6) == 0) /* [n, c]: only n is averaged */
        c->in[0].rank = 2;
    if (c->size == OP_CASE_SMALL) /* of few elements the variance bends too much for differences */
        c->in[0].size[0] = MAX(c->in[0].size[0], 2);
    c->in[1] = c->in[2] = op_vector(c->in[0].size[1]);
    c->attr.value = 1e-5;
    c->nin = c->op == IR_OP_batch_norm ? (uint32_t)op_between(d, 1, 3) : 1;
}

static inline void op_case_linalg(OpCase *c, OpDraw *d) {
    c->nin = 1;
    if (c->op == IR_OP_gram) {
        c->in[0] = op_any_image(c, d);
        c->attr.axis = c->in[0].axis[op_below(d, 4)];
        c->attr.axis2 = ir_axis("m", 1);
        return;
    }
    int64_t n = op_channels(c, d);
    c->in[0] = op_matrix(ir_axis("a", 1), n, ir_axis("b", 1), n);
}

/* Axes of both, of one, summed over; the batch in both, in one of the two, summed over, in none. */
static inline void op_case_contract(OpCase *c, OpDraw *d) {
    IrAxis shared[] = {ir_axis("head", 4), IR_AXIS_H}, summed[] = {IR_AXIS_C, ir_axis("d", 1)};
    IrAxis own[2][2] = {{ir_axis("t", 1), IR_AXIS_O}, {ir_axis("s", 1), ir_axis("e", 1)}};
    int64_t batch = op_below(d, 5), n = op_batch(c, d), kept = op_below(d, 3) == 0;
    int64_t nsummed = op_between(d, batch == 3 ? 0 : 1, 2);
    c->nin = 2;
    c->attr.naxes = 0;
    for (int k = 0; k < 2; k++)
        if (batch == 0 || batch == 3 || batch == 1 + k) {
            c->in[k].axis[c->in[k].rank] = IR_AXIS_N;
            c->in[k].size[c->in[k].rank++] = n;
        }
    if (batch == 3)
        c->attr.axes[c->attr.naxes++] = IR_AXIS_N;
    for (int i = 0; i < 2; i++) {
        int64_t both = op_between(d, 1, 3), sum = op_channels(c, d);
        for (int k = 0; k < 2; k++) {
            IrType *t = &c->in[k];
            if (i < kept)
                t->axis[t->rank] = shared[i], t->size[t->rank++] = both;
            if (i < nsummed)
                t->axis[t->rank] = summed[i], t->size[t->rank++] = sum;
            if (op_below(d, 1 + i + (i && c->size == OP_CASE_FULL)) == 0)
                t->axis[t->rank] = own[k][i],
                t->size[t->rank++] = i ? op_between(d, 1, 3) : op_map(c, d);
        }
        if (i < nsummed)
            c->attr.axes[c->attr.naxes++] = summed[i];
    }
    for (int k = 0; k < 2; k++)
        c->in[k] = op_permuted(&c->in[k], d);
}

/* A case of any op but a leaf. */
static inline OpCase op_case(IrOp op, uint64_t seed, OpCaseSize size) {
    OpCase c = {.op = op, .seed = seed, .size = size};
    OpDraw d = op_draw(&c, 0);
    switch (ir_op_info(op)->class) {
    case IR_CLASS_EW:
        op_case_elementwise(&c, &d);
        break;
    case IR_CLASS_REDUCE:
        op_case_reduce(&c, &d);
        break;
    case IR_CLASS_MOVE:
        op_case_move(&c, &d);
        break;
    case IR_CLASS_CONV:
        if (op == IR_OP_dense || op == IR_OP_dense_dx || op == IR_OP_dense_dw)
            op_case_dense(&c, &d);
        else
            op_case_conv(&c, &d);
        break;
    case IR_CLASS_POOL:
        op_case_pool(&c, &d);
        break;
    case IR_CLASS_RESIZE:
        op_case_resize(&c, &d);
        break;
    case IR_CLASS_NORM:
        op_case_norm(&c, &d);
        break;
    case IR_CLASS_LINALG:
        op_case_linalg(&c, &d);
        break;
    case IR_CLASS_CONTRACT:
        op_case_contract(&c, &d);
        break;
    case IR_CLASS_SRC:
        abort();
    }
    return c;
}

static inline bool op_needs_positive(IrOp op, uint32_t input) {
    return op == IR_OP_log || op == IR_OP_sqrt || (op == IR_OP_pow && input == 0);
}
static inline bool op_needs_nonzero(IrOp op, uint32_t input) {
    return op == IR_OP_recip || ((op == IR_OP_div || op == IR_OP_mod) && input == 1);
}

/* Values of input `input`, all of them floats. */
static inline void op_case_fill(const OpCase *c, uint32_t input, OpValues kind, double *out) {
    size_t n = (size_t)ir_type_elements(&c->in[input]);
    OpDraw d = op_draw(c, 1 + input);
    uint32_t *order = malloc(sizeof *order * n);
    random_permutation(d.stream, n, n, order);
    for (size_t i = 0; i < n; i++) {
        double u = random_uniform(d.stream, i), x = 2 * u - 1;
        if (kind == OP_VALUES_TIES)
            x = floor(8 * u) / 4 - 1;
        if (kind == OP_VALUES_APART)
            x = (((double)order[i] - (double)(n / 2)) * c->nin + input + 0.37) / 256;
        if (op_needs_positive(c->op, input))
            x = 0.5 + fabs(x);
        if (op_needs_nonzero(c->op, input))
            x = x < 0 ? x - 0.5 : x + 0.5;
        out[i] = (double)(float)x;
    }
    free(order);
}

/* The exponent of a `pow` case, which is a constant of the graph. */
static inline double op_case_exponent(const OpCase *c) {
    static const double exponents[] = {2, 3, 0.5, -1, 1.5};
    return exponents[c->seed % ARRAY_LEN(exponents)];
}

/* The node over `input` leaves of slots 0 .. nin-1 (a constant as pow's exponent). */
static inline IrRef op_case_build(IrGraph *g, const OpCase *c, IrRef inputs[OP_CASE_INPUTS]) {
    for (uint32_t k = 0; k < c->nin; k++)
        inputs[k] = c->op == IR_OP_pow && k == 1 ? ir_constant(g, op_case_exponent(c))
                                                 : ir_input(g, &c->in[k], k, "x");
    return ir_must(g, c->op, inputs, c->nin, &c->attr);
}

#endif
