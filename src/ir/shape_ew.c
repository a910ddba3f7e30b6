/* Shape rule of elementwise ops: the result has the axes of the first input in order, then the
 * new axes of the following ones. Axes meet by name and must agree in size; an absent axis is
 * broadcast, an axis of size 1 is not (so that a mistake of one channel is not hidden). */
#include "ir/shape.h"

#include <stdio.h>

static const char *plural(IrAxis axis, char buf[32]) {
    switch (axis) {
    case IR_AXIS_N:
        return "batch sizes";
    case IR_AXIS_C:
        return "channels";
    case IR_AXIS_H:
        return "heights";
    case IR_AXIS_W:
        return "widths";
    default:
        snprintf(buf, 32, "sizes along axis %s", axis_text(axis).s);
        return buf;
    }
}

static bool differ(const char *op, const IrType *a, const IrType *b, IrAxis axis, IrError *err) {
    char hint[200] = "", word[32];
    long long want = (long long)ir_type_size(a, axis), got = (long long)ir_type_size(b, axis);
    if (axis == IR_AXIS_C)
        snprintf(hint, sizeof hint,
                 "give both %lld channels: with conv(k, %lld), or project with conv(1, %lld)", want,
                 want, want);
    else if (axis == IR_AXIS_H || axis == IR_AXIS_W)
        snprintf(hint, sizeof hint,
                 "give both paths the same strides and `pad: same`, or bring one to the other's "
                 "size with resize(like: y)");
    else if (want == 1 || got == 1)
        snprintf(hint, sizeof hint, "an axis of size 1 is not broadcast; an absent axis is");
    return ir_fail(err, hint, "%s: the %s differ: %s and %s", op, plural(axis, word),
                   type_text(a).s, type_text(b).s);
}

static bool broadcast(const char *op, const IrType *const *in, uint32_t nin, IrType *out,
                      IrError *err) {
    *out = *in[0];
    for (uint32_t k = 1; k < nin; k++) {
        const IrType *t = in[k];
        for (int i = 0; i < t->rank; i++) {
            int at = ir_type_find(out, t->axis[i]);
            if (at >= 0 && out->size[at] != t->size[i]) {
                uint32_t first = 0;
                while (ir_type_find(in[first], t->axis[i]) < 0)
                    first++;
                return differ(op, in[first], t, t->axis[i], err);
            }
            if (at >= 0)
                continue;
            if (out->rank == IR_MAX_AXES)
                return ir_fail(err, NULL,
                               "%s: the result of %s and %s would have more than %d axes", op,
                               type_text(out).s, type_text(t).s, IR_MAX_AXES);
            out->axis[out->rank] = t->axis[i];
            out->size[out->rank++] = t->size[i];
        }
    }
    return true;
}

#define RULE_SRC(name)
#define RULE_REDUCE(name)
#define RULE_MOVE(name)
#define RULE_CONV(name)
#define RULE_POOL(name)
#define RULE_RESIZE(name)
#define RULE_NORM(name)
#define RULE_LINALG(name)
#define RULE_CONTRACT(name)
#define RULE_EW(name)                                                                              \
    bool ir_shape_##name(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,   \
                         IrError *err) {                                                           \
        (void)attr;                                                                                \
        return broadcast(#name, in, nin, out, err);                                                \
    }
#define OP(name, class, min_in, max_in, traits) RULE_##class(name)
#include "ir/ops.def"
#undef OP
