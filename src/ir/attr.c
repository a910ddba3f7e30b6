/* The table of attributes: which op reads which field, and records brought to one form. */
#include "ir/attr.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(IrAttr) == 264, "IrAttr is hashed as bytes and must have no padding");

static unsigned source_fields(IrOp op) {
    switch (op) {
    case IR_OP_input:
        return ATTR_SHAPE | ATTR_UID;
    case IR_OP_param:
    case IR_OP_frozen:
        return ATTR_SHAPE | ATTR_MODE | ATTR_SIZE | ATTR_VALUE | ATTR_MIN | ATTR_MAX | ATTR_UID;
    case IR_OP_constant:
        return ATTR_VALUE;
    case IR_OP_table:
        return ATTR_AXIS | ATTR_SIZE | ATTR_KEY;
    case IR_OP_random:
        return ATTR_SHAPE | ATTR_MODE | ATTR_MIN | ATTR_MAX | ATTR_KEY;
    default:
        BUG("%s is not a leaf", ir_op_info(op)->name);
    }
}

static unsigned move_fields(IrOp op) {
    switch (op) {
    case IR_OP_expand:
        return ATTR_SHAPE;
    case IR_OP_merge:
        return ATTR_AXES | ATTR_AXIS;
    case IR_OP_unmerge:
        return ATTR_SHAPE | ATTR_AXIS;
    case IR_OP_rename:
        return ATTR_AXIS | ATTR_AXIS2;
    case IR_OP_concat:
        return ATTR_AXIS;
    case IR_OP_slice:
        return ATTR_AXIS | ATTR_LO | ATTR_HI;
    case IR_OP_embed:
        return ATTR_AXIS | ATTR_LO | ATTR_HI | ATTR_SIZE;
    case IR_OP_shuffle:
        return ATTR_AXIS | ATTR_AXIS2 | ATTR_KEY;
    default:
        BUG("%s does not move elements", ir_op_info(op)->name);
    }
}

unsigned ir_attr_fields(IrOp op) {
    switch (ir_op_info(op)->class) {
    case IR_CLASS_SRC:
        return source_fields(op);
    case IR_CLASS_EW:
        return 0;
    case IR_CLASS_REDUCE:
    case IR_CLASS_CONTRACT:
        return ATTR_AXES;
    case IR_CLASS_MOVE:
        return move_fields(op);
    case IR_CLASS_NORM:
        return ATTR_VALUE;
    case IR_CLASS_LINALG:
        return op == IR_OP_gram ? ATTR_AXIS | ATTR_AXIS2 : 0;
    default:
        break;
    }
    switch (op) {
    case IR_OP_conv:
    case IR_OP_conv_dw:
        return ATTR_WINDOW | ATTR_GROUPS;
    case IR_OP_conv_dx:
        return ATTR_WINDOW | ATTR_GROUPS | ATTR_IN_SIZE;
    case IR_OP_max_pool:
    case IR_OP_max_pool_dx:
        return ATTR_WINDOW;
    case IR_OP_avg_pool:
        return ATTR_WINDOW | ATTR_COUNT_PADDING;
    case IR_OP_avg_pool_dx:
        return ATTR_WINDOW | ATTR_COUNT_PADDING | ATTR_IN_SIZE;
    case IR_OP_resize:
        return ATTR_MODE | ATTR_OUT_SIZE;
    case IR_OP_resize_dx:
        return ATTR_MODE | ATTR_IN_SIZE;
    default:
        return 0;
    }
}

static double clean_double(double x) {
    return isnan(x) ? (double)NAN : x;
}

static void copy_arrays(unsigned fields, const IrAttr *from, IrAttr *to) {
    int n = 0;
    if (fields & ATTR_AXES)
        n = to->naxes = MIN(from->naxes, IR_MAX_AXES + 1);
    if (fields & ATTR_SHAPE)
        n = to->shape_rank = MIN(from->shape_rank, IR_MAX_AXES + 1);
    for (int i = 0; i < MIN(n, IR_MAX_AXES); i++) {
        to->axes[i] = from->axes[i];
        if (fields & ATTR_SHAPE)
            to->shape[i] = from->shape[i];
    }
}

IrAttr ir_attr_clean(IrOp op, const IrAttr *attr) {
    IrAttr out;
    memset(&out, 0, sizeof out);
    unsigned fields = ir_attr_fields(op);
    if (!attr || !fields)
        return out;
    copy_arrays(fields, attr, &out);
    for (int i = 0; i < 2; i++) {
        out.kernel[i] = fields & ATTR_KERNEL ? attr->kernel[i] : 0;
        out.stride[i] = fields & ATTR_STRIDE ? attr->stride[i] : 0;
        out.pad[i] = fields & ATTR_PAD ? attr->pad[i] : 0;
        out.dilation[i] = fields & ATTR_DILATION ? attr->dilation[i] : 0;
        out.in_size[i] = fields & ATTR_IN_SIZE ? attr->in_size[i] : 0;
        out.out_size[i] = fields & ATTR_OUT_SIZE ? attr->out_size[i] : 0;
    }
    out.groups = fields & ATTR_GROUPS ? attr->groups : 0;
    out.mode = fields & ATTR_MODE ? attr->mode : 0;
    out.count_padding = fields & ATTR_COUNT_PADDING && attr->count_padding;
    out.axis = fields & ATTR_AXIS ? attr->axis : 0;
    out.axis2 = fields & ATTR_AXIS2 ? attr->axis2 : 0;
    out.lo = fields & ATTR_LO ? attr->lo : 0;
    out.hi = fields & ATTR_HI ? attr->hi : 0;
    out.size = fields & ATTR_SIZE ? attr->size : 0;
    out.value = fields & ATTR_VALUE ? clean_double(attr->value) : 0;
    out.min = fields & ATTR_MIN ? clean_double(attr->min) : 0;
    out.max = fields & ATTR_MAX ? clean_double(attr->max) : 0;
    out.uid = fields & ATTR_UID ? attr->uid : 0;
    if (fields & ATTR_KEY)
        out.key = attr->key;
    return out;
}
