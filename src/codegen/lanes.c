/* Copies between row-major tensors and the lanes layout; lanes beyond the batch are set to zero. */
#include "codegen/layout.h"
#include "codegen/plan.h"

/* Strides, in elements, of n, c, h, w in a row-major tensor of this type; 0 where the axis is
 * absent. */
static void dense_strides(const IrType *type, int64_t stride[4]) {
    static const IrAxis axes[4] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    for (int a = 0; a < 4; a++) {
        int at = ir_type_find(type, axes[a]);
        stride[a] = at < 0 ? 0 : 1;
        for (int i = type->rank - 1; i > at && at >= 0; i--)
            stride[a] *= type->size[i];
    }
}

void plan_write_lanes(const IrType *type, const float *dense, float *lanes) {
    Layout l = layout_of(type);
    CHECK(l.kind == LAYOUT_LANES);
    int64_t s[4];
    dense_strides(type, s);
    for (int64_t b = 0; b < l.blocks; b++)
        for (int64_t c = 0; c < l.c; c++)
            for (int64_t h = 0; h < l.h; h++)
                for (int64_t w = 0; w < l.w; w++)
                    for (int64_t i = b * LANES; i < (b + 1) * LANES; i++)
                        *lanes++ = i < l.n ? dense[i * s[0] + c * s[1] + h * s[2] + w * s[3]] : 0;
}

void plan_read_lanes(const IrType *type, const float *lanes, float *dense) {
    Layout l = layout_of(type);
    CHECK(l.kind == LAYOUT_LANES);
    int64_t s[4];
    dense_strides(type, s);
    for (int64_t b = 0; b < l.blocks; b++)
        for (int64_t c = 0; c < l.c; c++)
            for (int64_t h = 0; h < l.h; h++)
                for (int64_t w = 0; w < l.w; w++, lanes += LANES)
                    for (int64_t i = b * LANES; i < MIN((b + 1) * LANES, l.n); i++)
                        dense[i * s[0] + c * s[1] + h * s[2] + w * s[3]] = lanes[i - b * LANES];
}
