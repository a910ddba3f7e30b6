/* Shape rules of pooling and resizing with their gradients, and the arithmetic of windows that
 * convolutions share. */
#include "ir/shape.h"

#define RULE(name)                                                                                 \
    bool ir_shape_##name(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,   \
                         IrError *err)

int64_t ir_window_size(int64_t in, int32_t kernel, int32_t stride, int32_t pad, int32_t dilation) {
    int64_t extent = (int64_t)(kernel - 1) * dilation + 1, padded = in + 2 * (int64_t)pad;
    return stride < 1 || padded < extent ? 0 : (padded - extent) / stride + 1;
}

bool ir_check_window(const char *op, const IrAttr *attr, IrError *err) {
    for (int i = 0; i < 2; i++) {
        if (attr->kernel[i] < 1 || attr->kernel[i] > IR_MAX_KERNEL)
            return ir_fail(err, NULL, "%s: the kernel %dx%d is not within 1 and %d", op,
                           attr->kernel[0], attr->kernel[1], IR_MAX_KERNEL);
        if (attr->stride[i] < 1 || attr->stride[i] > IR_MAX_STRIDE)
            return ir_fail(err, NULL, "%s: the stride %dx%d is not within 1 and %d", op,
                           attr->stride[0], attr->stride[1], IR_MAX_STRIDE);
        if (attr->pad[i] < 0 || attr->pad[i] > IR_MAX_STRIDE)
            return ir_fail(err, NULL, "%s: the padding %dx%d is not within 0 and %d", op,
                           attr->pad[0], attr->pad[1], IR_MAX_STRIDE);
        if (attr->dilation[i] < 1 || attr->dilation[i] > IR_MAX_STRIDE)
            return ir_fail(err, NULL, "%s: the dilation %dx%d is not within 1 and %d", op,
                           attr->dilation[0], attr->dilation[1], IR_MAX_STRIDE);
    }
    return true;
}

bool ir_check_map_size(const char *op, const int64_t size[2], IrError *err) {
    for (int i = 0; i < 2; i++)
        if (size[i] < 1 || size[i] > IR_MAX_ELEMENTS)
            return ir_fail(err, NULL, "%s: a map of %lldx%lld is not possible", op,
                           (long long)size[0], (long long)size[1]);
    return true;
}

bool ir_window_sizes(const char *op, const int64_t in[2], const IrAttr *attr, int64_t out[2],
                     IrError *err) {
    for (int i = 0; i < 2; i++) {
        out[i] = ir_window_size(in[i], attr->kernel[i], attr->stride[i], attr->pad[i],
                                attr->dilation[i]);
        if (out[i] < 1)
            return ir_fail(
                err, "`pad: same` keeps the size; a map shrinks with every stride before",
                "%s: a %dx%d kernel with dilation %dx%d and padding %dx%d does not fit "
                "a map of %lldx%lld",
                op, attr->kernel[0], attr->kernel[1], attr->dilation[0], attr->dilation[1],
                attr->pad[0], attr->pad[1], (long long)in[0], (long long)in[1]);
    }
    return true;
}

/* A pooling window must never lie in the padding alone: its maximum or mean would not exist.
 * Windows start at -pad at the earliest and before the end of the map at the latest, so it is
 * enough that the first one reaches the map and that its taps cannot step over the map. */
static bool pool_sizes(const char *op, const int64_t in[2], const IrAttr *attr, int64_t out[2],
                       IrError *err) {
    if (!ir_check_window(op, attr, err) || !ir_window_sizes(op, in, attr, out, err))
        return false;
    for (int i = 0; i < 2; i++) {
        int64_t reach = (int64_t)(attr->kernel[i] - 1) * attr->dilation[i];
        if (attr->pad[i] > reach || (attr->pad[i] > 0 && in[i] < attr->dilation[i]))
            return ir_fail(err, "use a padding below the kernel size",
                           "%s: with a %dx%d kernel and padding %dx%d some windows over a map of "
                           "%lldx%lld hold nothing but padding",
                           op, attr->kernel[0], attr->kernel[1], attr->pad[0], attr->pad[1],
                           (long long)in[0], (long long)in[1]);
    }
    return true;
}

/* x [n, c, h, w] -> [n, c, h, w] */
static bool pool(const char *op, const IrType *x, const IrAttr *attr, IrType *out, IrError *err) {
    if (!ir_expect_image(op, "input", x, err))
        return false;
    int64_t map[2] = {ir_type_size(x, IR_AXIS_H), ir_type_size(x, IR_AXIS_W)}, size[2];
    if (!pool_sizes(op, map, attr, size, err))
        return false;
    *out = ir_image_type(ir_type_size(x, IR_AXIS_N), ir_type_size(x, IR_AXIS_C), size[0], size[1]);
    return true;
}

RULE(max_pool) {
    (void)nin;
    return pool("max_pool", in[0], attr, out, err);
}

RULE(avg_pool) {
    (void)nin;
    return pool("avg_pool", in[0], attr, out, err);
}

/* x [n, c, h, w], grad of the pooled map -> as x */
RULE(max_pool_dx) {
    (void)nin;
    const IrType *x = in[0], *grad = in[1];
    IrType pooled;
    if (!pool("max_pool_dx", x, attr, &pooled, err) ||
        !ir_expect_image("max_pool_dx", "gradient", grad, err))
        return false;
    if (!ir_type_same(&pooled, grad))
        return ir_fail(err, NULL, "max_pool_dx: the gradient must be %s, but is %s",
                       type_text(&pooled).s, type_text(grad).s);
    *out = ir_image_type(ir_type_size(x, IR_AXIS_N), ir_type_size(x, IR_AXIS_C),
                         ir_type_size(x, IR_AXIS_H), ir_type_size(x, IR_AXIS_W));
    return true;
}

/* grad [n, c, h, w] -> [n, c, in_size] */
RULE(avg_pool_dx) {
    (void)nin;
    const IrType *grad = in[0];
    int64_t size[2];
    if (!ir_expect_image("avg_pool_dx", "gradient", grad, err) ||
        !ir_check_map_size("avg_pool_dx", attr->in_size, err) ||
        !pool_sizes("avg_pool_dx", attr->in_size, attr, size, err))
        return false;
    if (ir_type_size(grad, IR_AXIS_H) != size[0] || ir_type_size(grad, IR_AXIS_W) != size[1])
        return ir_fail(err, NULL, "avg_pool_dx: the gradient must be of %lldx%lld, but is %s",
                       (long long)size[0], (long long)size[1], type_text(grad).s);
    *out = ir_image_type(ir_type_size(grad, IR_AXIS_N), ir_type_size(grad, IR_AXIS_C),
                         attr->in_size[0], attr->in_size[1]);
    return true;
}

static bool resized(const char *op, const IrType *x, int32_t mode, const int64_t size[2],
                    IrType *out, IrError *err) {
    if (mode != IR_RESIZE_NEAREST && mode != IR_RESIZE_BILINEAR)
        return ir_fail(err, NULL, "%s: unknown mode %d", op, mode);
    if (!ir_expect_image(op, "input", x, err) || !ir_check_map_size(op, size, err))
        return false;
    *out = ir_image_type(ir_type_size(x, IR_AXIS_N), ir_type_size(x, IR_AXIS_C), size[0], size[1]);
    return true;
}

/* x [n, c, h, w] -> [n, c, out_size] */
RULE(resize) {
    (void)nin;
    return resized("resize", in[0], attr->mode, attr->out_size, out, err);
}

/* grad [n, c, h, w] -> [n, c, in_size] */
RULE(resize_dx) {
    (void)nin;
    return resized("resize_dx", in[0], attr->mode, attr->in_size, out, err);
}
