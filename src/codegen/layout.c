/* Layout by axes: see kernel.h for the picture. */
#include "codegen/layout.h"

#include "codegen/kernel.h"

#include <string.h>

static bool is_image_axis(IrAxis a) {
    return a == IR_AXIS_N || a == IR_AXIS_C || a == IR_AXIS_H || a == IR_AXIS_W;
}

static bool is_image(const IrType *t) {
    for (int i = 0; i < t->rank; i++)
        if (!is_image_axis(t->axis[i]))
            return false;
    return true;
}

Layout layout_of(const IrType *type) {
    Layout l = {.kind = LAYOUT_DENSE, .n = 1, .c = 1, .h = 1, .w = 1};
    l.elements = ir_type_elements(type);
    if (type->rank == 0) {
        l.kind = LAYOUT_SCALAR;
    } else if (ir_type_find(type, IR_AXIS_N) >= 0) {
        bool image = is_image(type);
        l.kind = LAYOUT_LANES;
        l.n = ir_type_size(type, IR_AXIS_N);
        l.c = ir_type_size(type, IR_AXIS_C);
        l.h = image ? ir_type_size(type, IR_AXIS_H) : l.elements / (l.n * l.c);
        l.w = image ? ir_type_size(type, IR_AXIS_W) : 1;
        l.blocks = (l.n + LANES - 1) / LANES;
        l.elements = l.blocks * l.c * l.h * l.w * LANES;
    } else if (type->rank == 1 && type->axis[0] == IR_AXIS_C) {
        l.kind = LAYOUT_VECTOR;
        l.c = type->size[0];
    }
    l.bytes = (l.elements * (int64_t)sizeof(float) + 63) / 64 * 64;
    return l;
}

/* Whether axis a lies outside of axis b in the lanes: c first, then by name. */
static bool lies_before(IrAxis a, IrAxis b) {
    if (a == IR_AXIS_C || b == IR_AXIS_C)
        return a == IR_AXIS_C;
    char x[9], y[9];
    ir_axis_text(a, x);
    ir_axis_text(b, y);
    return strcmp(x, y) < 0;
}

int layout_axes(const IrType *type, IrAxis axes[IR_MAX_AXES]) {
    bool lanes = ir_type_find(type, IR_AXIS_N) >= 0;
    int n = 0;
    for (int i = 0; i < type->rank; i++) {
        if (type->axis[i] == IR_AXIS_N)
            continue;
        int k = n++;
        for (; lanes && k > 0 && lies_before(type->axis[i], axes[k - 1]); k--)
            axes[k] = axes[k - 1];
        axes[k] = type->axis[i];
    }
    return n;
}

int64_t layout_stride(const IrType *type, IrAxis axis) {
    IrAxis axes[IR_MAX_AXES];
    int n = layout_axes(type, axes);
    bool lanes = ir_type_find(type, IR_AXIS_N) >= 0;
    int64_t stride = (int64_t)sizeof(float) * (lanes ? LANES : 1);
    for (int i = n - 1; i >= 0; i--) {
        if (axes[i] == axis)
            return stride;
        stride *= ir_type_size(type, axes[i]);
    }
    return 0;
}

bool layout_covers(const IrType *out_type, const IrType *in_type) {
    Layout out = layout_of(out_type), in = layout_of(in_type);
    if (in.kind == LAYOUT_SCALAR)
        return true;
    if (out.kind == LAYOUT_LANES) {
        int64_t places = in.h * in.w;
        return in.kind == LAYOUT_VECTOR ||
               (in.kind == LAYOUT_LANES && (places == out.h * out.w || places == 1));
    }
    if (out.kind != in.kind || in_type->rank != out_type->rank)
        return false;
    for (int i = 0; i < in_type->rank; i++)
        if (in_type->axis[i] != out_type->axis[i])
            return false;
    return true;
}

bool layout_reduces(const IrType *in, const IrType *out) {
    Layout a = layout_of(in), b = layout_of(out);
    if (b.kind == LAYOUT_SCALAR)
        return true;
    if (a.kind != LAYOUT_LANES)
        return false;
    if (b.kind == LAYOUT_VECTOR)
        return true;
    bool keeps_c = (ir_type_find(out, IR_AXIS_C) >= 0) == (ir_type_find(in, IR_AXIS_C) >= 0);
    int others = out->rank - 1 - (ir_type_find(out, IR_AXIS_C) >= 0);
    return b.kind == LAYOUT_LANES && others == 0 && keeps_c;
}
