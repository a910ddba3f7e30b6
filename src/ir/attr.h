/* Which fields of IrAttr each op reads. Fields that an op does not read are cleared when a node
 * is made, so that equal nodes have equal records, byte for byte. */
#ifndef NASC_IR_ATTR_H
#define NASC_IR_ATTR_H

#include "ir/graph.h"

enum {
    ATTR_KERNEL = 1 << 0,
    ATTR_STRIDE = 1 << 1,
    ATTR_PAD = 1 << 2,
    ATTR_DILATION = 1 << 3,
    ATTR_GROUPS = 1 << 4,
    ATTR_MODE = 1 << 5,
    ATTR_COUNT_PADDING = 1 << 6,
    ATTR_AXES = 1 << 7,  /* naxes, axes */
    ATTR_SHAPE = 1 << 8, /* shape_rank, axes, shape */
    ATTR_AXIS = 1 << 9,
    ATTR_AXIS2 = 1 << 10,
    ATTR_IN_SIZE = 1 << 11,
    ATTR_OUT_SIZE = 1 << 12,
    ATTR_LO = 1 << 13,
    ATTR_HI = 1 << 14,
    ATTR_SIZE = 1 << 15,
    ATTR_VALUE = 1 << 16,
    ATTR_MIN = 1 << 17,
    ATTR_MAX = 1 << 18,
    ATTR_UID = 1 << 19,
    ATTR_KEY = 1 << 20,
    ATTR_WINDOW = ATTR_KERNEL | ATTR_STRIDE | ATTR_PAD | ATTR_DILATION,
};

/* The ATTR_* that `op` reads. */
unsigned ir_attr_fields(IrOp op);

/* A copy of `attr` (NULL: all zero) with only the fields of `op`, unused entries of arrays and
 * padding zero, and every NaN the same. */
IrAttr ir_attr_clean(IrOp op, const IrAttr *attr);

/* Whether two param or frozen leaves have one uid (any of those), which no graph may hold. */
bool ir_uid_is_twice(const IrGraph *g, uint64_t *uid);

#endif
