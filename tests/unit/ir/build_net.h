/* Layers for tests: each makes its own leaves. */
#ifndef NASC_TESTS_BUILD_NET_H
#define NASC_TESTS_BUILD_NET_H

#include "ir/passes.h"

static inline IrType image(int64_t n, int64_t c, int64_t h, int64_t w) {
    return ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                   (int64_t[]){n, c, h, w});
}

static inline IrType vector(int64_t c) {
    return ir_type(1, (IrAxis[]){IR_AXIS_C}, (int64_t[]){c});
}

static inline IrType kernel(int64_t o, int64_t i, int64_t kh, int64_t kw) {
    return ir_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                   (int64_t[]){o, i, kh, kw});
}

static inline IrAttr window(int k, int stride, int pad) {
    return (IrAttr){
        .kernel = {k, k}, .stride = {stride, stride}, .pad = {pad, pad}, .dilation = {1, 1}};
}

static inline IrRef net_conv(IrGraph *g, IrRef x, int k, int64_t o, int stride, bool bias) {
    IrType w = kernel(o, ir_type_size(&ir_get(g, x)->type, IR_AXIS_C), k, k), b = vector(o);
    IrAttr attr = window(k, stride, (k - 1) / 2);
    attr.groups = 1;
    IrRef in[3] = {x, ir_leaf(g, IR_OP_param, &w, NULL, "weight"), 0};
    if (bias)
        in[2] = ir_leaf(g, IR_OP_param, &b, NULL, "bias");
    return ir_must(g, IR_OP_conv, in, bias ? 3 : 2, &attr);
}

static inline IrRef net_norm(IrGraph *g, IrRef x, bool affine) {
    IrType c = vector(ir_type_size(&ir_get(g, x)->type, IR_AXIS_C));
    IrRef in[3] = {x, 0, 0};
    if (affine) {
        in[1] = ir_leaf(g, IR_OP_param, &c, &(IrAttr){.mode = IR_INIT_VALUE, .value = 1}, "scale");
        in[2] = ir_leaf(g, IR_OP_param, &c, &(IrAttr){.mode = IR_INIT_VALUE}, "shift");
    }
    return ir_must(g, IR_OP_batch_norm, in, affine ? 3 : 1, &(IrAttr){.value = 1e-5});
}

#endif
