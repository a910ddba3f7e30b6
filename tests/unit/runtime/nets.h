/* Networks for tests of plans, made node by node. */
#ifndef NASC_TESTS_NETS_H
#define NASC_TESTS_NETS_H

#include "ir/passes.h"

typedef struct Net {
    IrGraph *g;
} Net;

static inline IrRef net_vector(Net *s, int64_t c, double value) {
    IrType t = ir_type(1, (IrAxis[]){IR_AXIS_C}, &c);
    return ir_leaf(s->g, IR_OP_param, &t, &(IrAttr){.mode = IR_INIT_VALUE, .value = value}, "v");
}

/* Square kernel, "same" padding; `op` of the weight: param or frozen. */
static inline IrRef net_conv(Net *s, IrRef x, int32_t k, int32_t stride, int64_t out, bool bias,
                             IrOp op) {
    int64_t in = ir_type_size(&ir_get(s->g, x)->type, IR_AXIS_C);
    IrType t = ir_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                       (int64_t[]){out, in, k, k});
    IrAttr a = {.kernel = {k, k},
                .stride = {stride, stride},
                .pad = {k / 2, k / 2},
                .dilation = {1, 1},
                .groups = 1};
    IrRef inputs[3] = {x, ir_leaf(s->g, op, &t, &(IrAttr){.mode = IR_INIT_DEFAULT}, "w"), IR_NONE};
    if (bias) {
        IrType v = ir_type(1, (IrAxis[]){IR_AXIS_C}, &out);
        inputs[2] = ir_leaf(s->g, op, &v, &(IrAttr){.mode = IR_INIT_DEFAULT}, "b");
    }
    return ir_must(s->g, IR_OP_conv, inputs, bias ? 3 : 2, &a);
}

static inline IrRef net_bn(Net *s, IrRef x) {
    int64_t c = ir_type_size(&ir_get(s->g, x)->type, IR_AXIS_C);
    IrRef in[3] = {x, net_vector(s, c, 1), net_vector(s, c, 0)};
    return ir_must(s->g, IR_OP_batch_norm, in, 3, &(IrAttr){.value = 1e-5});
}

static inline IrRef net_relu_conv_bn(Net *s, IrRef x, int32_t k, int32_t stride, int64_t out) {
    return net_bn(s,
                  net_conv(s, ir_unary(s->g, IR_OP_relu, x), k, stride, out, false, IR_OP_param));
}

static inline IrRef net_avg_pool(Net *s, IrRef x, int32_t k, int32_t stride) {
    int32_t pad = stride == 1 ? k / 2 : 0;
    IrAttr a = {
        .kernel = {k, k}, .stride = {stride, stride}, .pad = {pad, pad}, .dilation = {1, 1}};
    return ir_must(s->g, IR_OP_avg_pool, &x, 1, &a);
}

/* NB201's operation number `op` (none, skip, conv 1x1, conv 3x3, avg pool); IR_NONE for none. */
static inline IrRef net_edge(Net *s, IrRef x, int op, int64_t c) {
    switch (op) {
    case 0:
        return IR_NONE;
    case 1:
        return x;
    case 2:
        return net_relu_conv_bn(s, x, 1, 1, c);
    case 3:
        return net_relu_conv_bn(s, x, 3, 1, c);
    default:
        return net_avg_pool(s, x, 3, 1);
    }
}

/* A cell: edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. */
static inline IrRef net_cell(Net *s, IrRef x, const int ops[6], int64_t c) {
    IrRef node[4] = {x, IR_NONE, IR_NONE, IR_NONE};
    for (int to = 1, edge = 0; to < 4; to++) {
        IrRef terms[3];
        uint32_t n = 0;
        for (int from = 0; from < to; from++, edge++) {
            IrRef y = node[from] == IR_NONE ? IR_NONE : net_edge(s, node[from], ops[edge], c);
            if (y != IR_NONE)
                terms[n++] = y;
        }
        node[to] = n == 0 ? IR_NONE : n == 1 ? terms[0] : ir_must(s->g, IR_OP_add, terms, n, NULL);
    }
    return node[3];
}

static inline IrRef net_reduction(Net *s, IrRef x, int64_t c) {
    IrRef a = net_relu_conv_bn(s, net_relu_conv_bn(s, x, 3, 2, c), 3, 1, c);
    IrRef b = net_conv(s, net_avg_pool(s, x, 2, 2), 1, 1, c, false, IR_OP_param);
    return ir_binary(s->g, IR_OP_add, a, b);
}

/* Head, barrier and mean squared error of one tap, as the proxies have it. */
static inline IrRef net_tap_loss(Net *s, IrRef x, int64_t head, int64_t last, uint64_t slot) {
    IrRef h = net_bn(s, ir_unary(s->g, IR_OP_relu, net_conv(s, x, 1, 1, head, true, IR_OP_param)));
    IrRef y = net_conv(s, h, 3, 1, last, true, IR_OP_frozen);
    IrRef target = ir_input(s->g, &ir_get(s->g, y)->type, slot, "target");
    IrRef d = ir_binary(s->g, IR_OP_sub, y, target);
    const IrAxis all[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    return ir_reduce(s->g, IR_OP_reduce_mean, ir_binary(s->g, IR_OP_mul, d, d), all, 4);
}

static inline IrModule net_module(Arena *arena, Net *s, IrRef loss, IrRef measure) {
    IrModule m = {s->g, 2, ARENA_ARRAY(arena, IrRef, 2), ARENA_ARRAY(arena, const char *, 2)};
    m.roots[0] = loss;
    m.roots[1] = measure;
    m.root_names[0] = "loss";
    m.root_names[1] = "measure";
    return m;
}

/* Stem, cells of stage width c, 2c, 4c with reductions between them, taps after each stage. The
 * measure is the sum of tap losses weighed 1, 1/2, 1/4 from the deepest on. */
static inline IrModule net_nb201(Arena *arena, const int ops[6], int64_t batch, int64_t side,
                                 int64_t c, int cells, bool pools, int64_t head) {
    Net s = {ir_graph_new(arena)};
    IrType t = ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                       (int64_t[]){batch, 3, side, side});
    IrRef x = net_bn(&s, net_conv(&s, ir_input(s.g, &t, 0, "image"), 3, 1, c, false, IR_OP_param));
    IrRef losses[3];
    for (int stage = 0; stage < 3; stage++) {
        for (int i = 0; i < cells; i++)
            x = net_cell(&s, x, ops, c << stage);
        IrRef tap = x;
        int64_t size = ir_type_size(&ir_get(s.g, tap)->type, IR_AXIS_H);
        if (pools && size != side / 4)
            tap = ir_must(s.g, IR_OP_resize, &tap, 1,
                          &(IrAttr){.mode = IR_RESIZE_NEAREST, .out_size = {side / 4, side / 4}});
        losses[stage] = net_tap_loss(&s, tap, head, head, 1 + (uint64_t)stage);
        if (stage < 2)
            x = pools ? net_reduction(&s, x, c << (stage + 1))
                      : net_relu_conv_bn(&s, x, 3, 2, c << (stage + 1));
    }
    IrRef loss = ir_must(s.g, IR_OP_add, losses, 3, NULL);
    IrRef half = ir_binary(s.g, IR_OP_mul, losses[1], ir_constant(s.g, 0.5));
    IrRef quarter = ir_binary(s.g, IR_OP_mul, losses[0], ir_constant(s.g, 0.25));
    IrRef measure = ir_must(s.g, IR_OP_add, (IrRef[]){losses[2], half, quarter}, 3, NULL);
    return net_module(arena, &s, loss, measure);
}

#endif
