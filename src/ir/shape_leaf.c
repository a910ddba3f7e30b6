/* Shape rules of leaves: the type is written in the attributes. */
#include "ir/shape.h"

static bool written(const char *op, const IrAttr *attr, IrType *out, IrError *err) {
    if (attr->shape_rank > IR_MAX_AXES)
        return ir_fail(err, NULL, "%s: a tensor has at most %d axes", op, IR_MAX_AXES);
    *out = ir_type(attr->shape_rank, attr->axes, attr->shape);
    return true;
}

static bool trained(const char *op, const IrAttr *attr, IrType *out, IrError *err) {
    if (attr->mode < 0 || attr->mode >= IR_INIT_COUNT)
        return ir_fail(err, NULL, "%s: unknown initialisation %d", op, attr->mode);
    return written(op, attr, out, err);
}

#define LEAF(name)                                                                                 \
    bool ir_shape_##name(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,   \
                         IrError *err)

LEAF(input) {
    (void)in, (void)nin;
    return written("input", attr, out, err);
}

LEAF(param) {
    (void)in, (void)nin;
    return trained("param", attr, out, err);
}

LEAF(frozen) {
    (void)in, (void)nin;
    return trained("frozen", attr, out, err);
}

LEAF(constant) {
    (void)in, (void)nin, (void)attr, (void)err;
    *out = (IrType){0};
    return true;
}

LEAF(table) {
    (void)in, (void)nin, (void)err;
    *out = ir_type(1, &attr->axis, &attr->size);
    return true;
}

LEAF(random) {
    (void)in, (void)nin;
    if (attr->mode < IR_DIST_UNIFORM || attr->mode > IR_DIST_SIGN)
        return ir_fail(err, NULL, "random: unknown distribution %d", attr->mode);
    return written("random", attr, out, err);
}
