/* Ranges of a convolution's loops: blocks of channels and columns, and which taps of a window meet
 * the source at a given output position, as run-time values with the window's numbers folded in.
 * Taps come in ascending order of the weight index in both directions, which is the order that sums
 * over the window have. */
#include "codegen/conv_nest.h"

#include <stdlib.h>

static int32_t gcd(int32_t a, int32_t b) {
    return b == 0 ? a : gcd(b, a % b);
}

/* Table over (position + pad) mod stride: the first tap that divides, or `kernel` if none does. */
static Value first_taps(Emit *e, const ConvAxis *a) {
    Value *entry = nasc_alloc((size_t)a->stride * sizeof *entry);
    for (int32_t phase = 0; phase < a->stride; phase++) {
        int32_t tap = 0;
        while (tap < a->kernel && (phase - (int64_t)tap * a->dilation) % a->stride != 0)
            tap++;
        entry[phase] = emit_int(e, tap);
    }
    Value table = LLVMConstArray2(e->i64, entry, (uint64_t)a->stride);
    free(entry);
    Value global = LLVMAddGlobal(e->module, LLVMTypeOf(table), "taps");
    LLVMSetInitializer(global, table);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

ConvAxis conv_axis(Emit *e, const WindowDesc *w, int axis, bool transposed, Value size) {
    ConvAxis a = {.kernel = w->kernel[axis],
                  .stride = w->stride[axis],
                  .pad = w->pad[axis],
                  .dilation = w->dilation[axis],
                  .transposed = transposed,
                  .size = size};
    if (transposed && a.stride > 1)
        a.first = first_taps(e, &a);
    return a;
}

static ConvTaps forward_taps(Emit *e, const ConvAxis *a, Value position) {
    ConvTaps t = {.step = a->dilation, .tap_step = 1, .tap = emit_int(e, 0)};
    t.start = emit_addi(e, emit_muli(e, position, a->stride), -(int64_t)a->pad);
    t.count = emit_int(e, a->kernel);
    Value below = emit_ceil_div(e, emit_sub(e, emit_int(e, 0), t.start), a->dilation);
    Value above = emit_ceil_div(e, emit_sub(e, a->size, t.start), a->dilation);
    t.begin = emit_max(e, emit_int(e, 0), below);
    t.end = emit_min(e, t.count, above);
    return t;
}

static ConvTaps transposed_taps(Emit *e, const ConvAxis *a, Value position) {
    int32_t common = gcd(a->stride, a->dilation);
    ConvTaps t = {.tap_step = a->stride / common, .step = -(int64_t)(a->dilation / common)};
    Value from = emit_addi(e, position, a->pad);
    t.tap = emit_int(e, 0);
    if (a->first) {
        Value phase = LLVMBuildURem(e->b, from, emit_int(e, a->stride), "");
        t.tap = LLVMBuildLoad2(e->b, e->i64, emit_at(e, a->first, emit_muli(e, phase, 8)), "");
    }
    Value left = emit_sub(e, emit_int(e, a->kernel + t.tap_step - 1), t.tap);
    t.count = emit_divi(e, left, t.tap_step);
    t.start = emit_floor_div(e, emit_sub(e, from, emit_muli(e, t.tap, a->dilation)), a->stride);
    Value below = emit_floor_div(e, emit_sub(e, t.start, a->size), -t.step);
    t.begin = emit_max(e, emit_int(e, 0), emit_addi(e, below, 1));
    t.end = emit_min(e, t.count, emit_addi(e, emit_floor_div(e, t.start, -t.step), 1));
    return t;
}

ConvTaps conv_taps(Emit *e, const ConvAxis *axis, Value position) {
    return axis->transposed ? transposed_taps(e, axis, position) : forward_taps(e, axis, position);
}

static void range_loop(Emit *e, Value from, Value to, int size, ConvRangeBody *body, void *user) {
    EmitLoop l;
    Value last = emit_addi(e, to, -size);
    emit_loop_begin(e, &l, from, to, emit_int(e, size), NULL, 0);
    body(user, size, size == 1 ? l.i : emit_min(e, l.i, last));
    emit_loop_end(e, &l, NULL);
}

void conv_blocked_range(Emit *e, Value from, Value to, int size, ConvRangeBody *body, void *user) {
    if (size == 1) {
        range_loop(e, from, to, 1, body, user);
        return;
    }
    EmitIf f;
    emit_if(e, &f, emit_cmp(e, LLVMIntSGE, emit_sub(e, to, from), emit_int(e, size)));
    range_loop(e, from, to, size, body, user);
    emit_else(e, &f);
    range_loop(e, from, to, 1, body, user);
    emit_endif(e, &f);
}

Value conv_zeros(Emit *e, unsigned vectors) {
    LLVMTypeRef type = LLVMArrayType2(e->vf, vectors);
    Value global = LLVMAddGlobal(e->module, type, "zero");
    LLVMSetInitializer(global, LLVMConstNull(type));
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetAlignment(global, 64);
    return global;
}

bool conv_is_pointwise(const WindowDesc *w) {
    for (int a = 0; a < 2; a++) {
        if (w->kernel[a] != 1 || w->stride[a] != 1 || w->pad[a] != 0)
            return false;
    }
    return true;
}
