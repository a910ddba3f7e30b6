/* Shape rules of convolution, dense layers and batch norm, with the gradients that are ops of
 * their own. Activations are [n, c, h, w] in any order (the result in this one), weights [o, i,
 * kh, kw]. */
#include "ir/shape.h"

#include <stdio.h>

#define RULE(name)                                                                                 \
    bool ir_shape_##name(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,   \
                         IrError *err)

static bool expect_weight(const char *op, const IrType *w, const IrAttr *attr, IrError *err) {
    IrAxis axes[] = {IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW};
    if (!ir_expect_axes(op, "weight", w, axes, 4, err))
        return false;
    if (ir_type_size(w, IR_AXIS_KH) != attr->kernel[0] ||
        ir_type_size(w, IR_AXIS_KW) != attr->kernel[1])
        return ir_fail(err, NULL, "%s: the kernel is %dx%d, but the weight is %s", op,
                       attr->kernel[0], attr->kernel[1], type_text(w).s);
    return true;
}

static bool check_groups(const char *op, int64_t channels, const char *which, int32_t groups,
                         IrError *err) {
    if (groups >= 1 && channels % groups == 0)
        return true;
    return ir_fail(err, "the number of groups must divide both numbers of channels",
                   "%s: %lld %s channels cannot be split into %d groups", op, (long long)channels,
                   which, groups);
}

static bool expect_vector(const char *op, const char *what, const IrType *t, int64_t channels,
                          IrError *err) {
    if (t->rank == 1 && t->axis[0] == IR_AXIS_C && t->size[0] == channels)
        return true;
    return ir_fail(err, NULL, "%s: the %s must be [c=%lld], but is %s", op, what,
                   (long long)channels, type_text(t).s);
}

static bool windows(const char *op, const IrType *t, const IrAttr *attr, int64_t out[2],
                    IrError *err) {
    int64_t map[2] = {ir_type_size(t, IR_AXIS_H), ir_type_size(t, IR_AXIS_W)};
    return ir_window_sizes(op, map, attr, out, err);
}

/* x [n, c, h, w], weight [o, i, kh, kw], bias [c = o] -> [n, c = o, h, w] */
RULE(conv) {
    const IrType *x = in[0], *w = in[1];
    if (!ir_expect_image("conv", "input", x, err) || !ir_check_window("conv", attr, err) ||
        !expect_weight("conv", w, attr, err))
        return false;
    int64_t c = ir_type_size(x, IR_AXIS_C), o = ir_type_size(w, IR_AXIS_O);
    if (!check_groups("conv", c, "input", attr->groups, err) ||
        !check_groups("conv", o, "output", attr->groups, err))
        return false;
    if (ir_type_size(w, IR_AXIS_I) != c / attr->groups)
        return ir_fail(err, NULL,
                       "conv: the input %s has %lld channels in %d group%s, but the "
                       "weight %s expects %lld in each",
                       type_text(x).s, (long long)c, attr->groups, attr->groups == 1 ? "" : "s",
                       type_text(w).s, (long long)ir_type_size(w, IR_AXIS_I));
    int64_t map[2];
    if (!windows("conv", x, attr, map, err))
        return false;
    if (nin == 3 && !expect_vector("conv", "bias", in[2], o, err))
        return false;
    *out = ir_image_type(ir_type_size(x, IR_AXIS_N), o, map[0], map[1]);
    return true;
}

/* The map of `grad` is what the window makes of the forward op's input, `map`. */
static bool expect_grad_map(const char *op, const IrType *grad, const int64_t map[2],
                            const IrAttr *attr, IrError *err) {
    int64_t size[2];
    if (!ir_window_sizes(op, map, attr, size, err))
        return false;
    if (ir_type_size(grad, IR_AXIS_H) == size[0] && ir_type_size(grad, IR_AXIS_W) == size[1])
        return true;
    return ir_fail(err, NULL, "%s: an input of %lldx%lld gives %lldx%lld, but the gradient is %s",
                   op, (long long)map[0], (long long)map[1], (long long)size[0], (long long)size[1],
                   type_text(grad).s);
}

/* grad [n, c = o, h, w], weight [o, i, kh, kw] -> [n, c = i * groups, in_size] */
RULE(conv_dx) {
    (void)nin;
    const IrType *grad = in[0], *w = in[1];
    if (!ir_expect_image("conv_dx", "gradient", grad, err) ||
        !ir_check_window("conv_dx", attr, err) || !expect_weight("conv_dx", w, attr, err) ||
        !ir_check_map_size("conv_dx", attr->in_size, err))
        return false;
    int64_t o = ir_type_size(w, IR_AXIS_O), c;
    if (!check_groups("conv_dx", o, "output", attr->groups, err))
        return false;
    if (ir_type_size(grad, IR_AXIS_C) != o)
        return ir_fail(err, NULL, "conv_dx: the gradient %s does not fit the weight %s",
                       type_text(grad).s, type_text(w).s);
    if (!expect_grad_map("conv_dx", grad, attr->in_size, attr, err))
        return false;
    if (!mul_checked(ir_type_size(w, IR_AXIS_I), attr->groups, &c))
        return ir_fail(err, NULL, "conv_dx: too many channels");
    *out = ir_image_type(ir_type_size(grad, IR_AXIS_N), c, attr->in_size[0], attr->in_size[1]);
    return true;
}

/* x [n, c, h, w], grad [n, c = o, h, w] -> [o, i = c / groups, kh, kw] */
RULE(conv_dw) {
    (void)nin;
    const IrType *x = in[0], *grad = in[1];
    if (!ir_expect_image("conv_dw", "input", x, err) ||
        !ir_expect_image("conv_dw", "gradient", grad, err) ||
        !ir_check_window("conv_dw", attr, err))
        return false;
    int64_t c = ir_type_size(x, IR_AXIS_C), o = ir_type_size(grad, IR_AXIS_C);
    if (!check_groups("conv_dw", c, "input", attr->groups, err) ||
        !check_groups("conv_dw", o, "output", attr->groups, err))
        return false;
    if (ir_type_size(x, IR_AXIS_N) != ir_type_size(grad, IR_AXIS_N))
        return ir_fail(err, NULL, "conv_dw: the batch sizes differ: %s and %s", type_text(x).s,
                       type_text(grad).s);
    int64_t map[2] = {ir_type_size(x, IR_AXIS_H), ir_type_size(x, IR_AXIS_W)};
    if (!expect_grad_map("conv_dw", grad, map, attr, err))
        return false;
    *out = ir_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                   (int64_t[]){o, c / attr->groups, attr->kernel[0], attr->kernel[1]});
    return true;
}

static const IrAxis nc[] = {IR_AXIS_N, IR_AXIS_C};
static const IrAxis oi[] = {IR_AXIS_O, IR_AXIS_I};

/* x [n, c], weight [o, i = c], bias [c = o] -> [n, c = o] */
RULE(dense) {
    (void)attr;
    const IrType *x = in[0], *w = in[1];
    if (!ir_expect_axes("dense", "input", x, nc, 2, err)) {
        if (err && ir_type_find(x, IR_AXIS_H) >= 0)
            snprintf(err->hint, sizeof err->hint, "average the map first: global_pool");
        return false;
    }
    if (!ir_expect_axes("dense", "weight", w, oi, 2, err))
        return false;
    if (ir_type_size(x, IR_AXIS_C) != ir_type_size(w, IR_AXIS_I))
        return ir_fail(err, NULL,
                       "dense: the input %s has %lld channels, the weight %s expects %lld",
                       type_text(x).s, (long long)ir_type_size(x, IR_AXIS_C), type_text(w).s,
                       (long long)ir_type_size(w, IR_AXIS_I));
    int64_t o = ir_type_size(w, IR_AXIS_O);
    if (nin == 3 && !expect_vector("dense", "bias", in[2], o, err))
        return false;
    *out = ir_type(2, nc, (int64_t[]){ir_type_size(x, IR_AXIS_N), o});
    return true;
}

/* grad [n, c = o], weight [o, i] -> [n, c = i] */
RULE(dense_dx) {
    (void)attr, (void)nin;
    const IrType *grad = in[0], *w = in[1];
    if (!ir_expect_axes("dense_dx", "gradient", grad, nc, 2, err) ||
        !ir_expect_axes("dense_dx", "weight", w, oi, 2, err))
        return false;
    if (ir_type_size(grad, IR_AXIS_C) != ir_type_size(w, IR_AXIS_O))
        return ir_fail(err, NULL, "dense_dx: the gradient %s does not fit the weight %s",
                       type_text(grad).s, type_text(w).s);
    *out = ir_type(2, nc, (int64_t[]){ir_type_size(grad, IR_AXIS_N), ir_type_size(w, IR_AXIS_I)});
    return true;
}

/* x [n, c], grad [n, c = o] -> [o, i = c] */
RULE(dense_dw) {
    (void)attr, (void)nin;
    const IrType *x = in[0], *grad = in[1];
    if (!ir_expect_axes("dense_dw", "input", x, nc, 2, err) ||
        !ir_expect_axes("dense_dw", "gradient", grad, nc, 2, err))
        return false;
    if (ir_type_size(x, IR_AXIS_N) != ir_type_size(grad, IR_AXIS_N))
        return ir_fail(err, NULL, "dense_dw: the batch sizes differ: %s and %s", type_text(x).s,
                       type_text(grad).s);
    *out = ir_type(2, oi, (int64_t[]){ir_type_size(grad, IR_AXIS_C), ir_type_size(x, IR_AXIS_C)});
    return true;
}

/* The input of a batch norm: n and c, with h and w or without. */
static bool expect_normed(const char *op, const IrType *x, const IrAttr *attr, IrError *err) {
    if (!(attr->value >= 0 && attr->value <= 1e30))
        return ir_fail(err, NULL, "%s: eps must be a number >= 0, not %g", op, attr->value);
    for (int i = 0; i < x->rank; i++)
        if (x->axis[i] != IR_AXIS_N && x->axis[i] != IR_AXIS_C && x->axis[i] != IR_AXIS_H &&
            x->axis[i] != IR_AXIS_W)
            return ir_fail(err, NULL, "%s: the input must have no axes but n, c, h, w, but is %s",
                           op, type_text(x).s);
    if (ir_type_find(x, IR_AXIS_N) < 0 || ir_type_find(x, IR_AXIS_C) < 0)
        return ir_fail(err, NULL, "%s: the input must have the axes n and c, but is %s", op,
                       type_text(x).s);
    return true;
}

/* x, scale [c], shift [c] -> as x */
RULE(batch_norm) {
    int64_t c = ir_type_size(in[0], IR_AXIS_C);
    if (!expect_normed("batch_norm", in[0], attr, err) ||
        (nin > 1 && !expect_vector("batch_norm", "scale", in[1], c, err)) ||
        (nin > 2 && !expect_vector("batch_norm", "shift", in[2], c, err)))
        return false;
    *out = *in[0];
    return true;
}

/* x -> [c] */
RULE(bn_rstd) {
    (void)nin;
    if (!expect_normed("bn_rstd", in[0], attr, err))
        return false;
    *out = ir_type(1, (IrAxis[]){IR_AXIS_C}, (int64_t[]){ir_type_size(in[0], IR_AXIS_C)});
    return true;
}
