/* Shape rule of contract: both inputs have the axes that are summed over; the result has what is left
 * of the first, then what the second adds. An axis of both that is not summed over is kept: one
 * product for each index of it, as for the images of a batch. */
#include "ir/shape.h"

static bool summed(const IrAttr *attr, IrAxis axis) {
    for (int i = 0; i < attr->naxes; i++)
        if (attr->axes[i] == axis)
            return true;
    return false;
}

static bool check_axes(const IrType *const *in, const IrAttr *attr, IrError *err) {
    if (attr->naxes < 1 || attr->naxes > IR_MAX_AXES)
        return ir_fail(err, NULL, "contract: sums over %d axes, expected 1 to %d", attr->naxes,
                       IR_MAX_AXES);
    for (int i = 0; i < attr->naxes; i++) {
        IrAxis axis = attr->axes[i];
        for (int k = 0; k < 2; k++)
            if (ir_type_find(in[k], axis) < 0)
                return ir_fail(err, "an axis that only one of them has is summed by sum(x, axis)",
                               "contract: %s has no axis %s", type_text(in[k]).s,
                               axis_text(axis).s);
        for (int j = 0; j < i; j++)
            if (attr->axes[j] == axis)
                return ir_fail(err, NULL, "contract: axis %s is named twice", axis_text(axis).s);
    }
    return true;
}

bool ir_shape_contract(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,
                       IrError *err) {
    (void)nin;
    if (!check_axes(in, attr, err))
        return false;
    *out = (IrType){0};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < in[k]->rank; i++) {
            IrAxis axis = in[k]->axis[i];
            int64_t size = in[k]->size[i];
            if (k == 1 && ir_type_find(in[0], axis) >= 0) {
                if (ir_type_size(in[0], axis) != size)
                    return ir_fail(err, "rename one of the axes if they are not the same",
                                   "contract: the sizes along axis %s differ: %s and %s",
                                   axis_text(axis).s, type_text(in[0]).s, type_text(in[1]).s);
                continue;
            }
            if (summed(attr, axis))
                continue;
            if (out->rank == IR_MAX_AXES)
                return ir_fail(err, NULL,
                               "contract: the result of %s and %s would have more than %d axes",
                               type_text(in[0]).s, type_text(in[1]).s, IR_MAX_AXES);
            out->axis[out->rank] = axis;
            out->size[out->rank++] = size;
        }
    return true;
}
