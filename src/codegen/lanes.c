/* Copies between row-major tensors and the lanes layout; lanes beyond the batch are set to zero. */
#include "codegen/layout.h"
#include "codegen/plan.h"

#include <string.h>

/* Position in lanes of element `at` of a row-major tensor. */
static int64_t lane_of(const IrType *type, const int64_t *stride, int64_t block, int64_t at) {
    int64_t to = 0;
    for (int i = type->rank - 1; i >= 0; i--) {
        int64_t index = at % type->size[i];
        at /= type->size[i];
        to +=
            type->axis[i] == IR_AXIS_N ? index / LANES * block + index % LANES : index * stride[i];
    }
    return to;
}

/* Strides in floats of the axes of a type, and floats of one block. */
static int64_t lane_strides(const IrType *type, int64_t stride[IR_MAX_AXES]) {
    Layout l = layout_of(type);
    CHECK(l.kind == LAYOUT_LANES);
    for (int i = 0; i < type->rank; i++)
        stride[i] = layout_stride(type, type->axis[i]) / (int64_t)sizeof(float);
    return l.elements / l.blocks;
}

void plan_write_lanes(const IrType *type, const float *dense, float *lanes) {
    int64_t stride[IR_MAX_AXES], block = lane_strides(type, stride);
    memset(lanes, 0, (size_t)layout_of(type).elements * sizeof *lanes);
    for (int64_t i = 0, n = ir_type_elements(type); i < n; i++)
        lanes[lane_of(type, stride, block, i)] = dense[i];
}

void plan_read_lanes(const IrType *type, const float *lanes, float *dense) {
    int64_t stride[IR_MAX_AXES], block = lane_strides(type, stride);
    for (int64_t i = 0, n = ir_type_elements(type); i < n; i++)
        dense[i] = lanes[lane_of(type, stride, block, i)];
}
