/* Layout by axes: see kernel.h for the picture. */
#include "codegen/layout.h"

#include "codegen/kernel.h"

static bool is_activation(const IrType *t) {
    for (int i = 0; i < t->rank; i++)
        if (t->axis[i] != IR_AXIS_N && t->axis[i] != IR_AXIS_C && t->axis[i] != IR_AXIS_H &&
            t->axis[i] != IR_AXIS_W)
            return false;
    return ir_type_find(t, IR_AXIS_N) >= 0;
}

Layout layout_of(const IrType *type) {
    Layout l = {.kind = LAYOUT_DENSE, .n = 1, .c = 1, .h = 1, .w = 1};
    l.elements = ir_type_elements(type);
    if (type->rank == 0) {
        l.kind = LAYOUT_SCALAR;
    } else if (is_activation(type)) {
        l.kind = LAYOUT_LANES;
        l.n = ir_type_size(type, IR_AXIS_N);
        l.c = ir_type_size(type, IR_AXIS_C);
        l.h = ir_type_size(type, IR_AXIS_H);
        l.w = ir_type_size(type, IR_AXIS_W);
        l.blocks = (l.n + LANES - 1) / LANES;
        l.elements = l.blocks * l.c * l.h * l.w * LANES;
    } else if (type->rank == 1 && type->axis[0] == IR_AXIS_C) {
        l.kind = LAYOUT_VECTOR;
        l.c = type->size[0];
    }
    l.bytes = (l.elements * (int64_t)sizeof(float) + 63) / 64 * 64;
    return l;
}
