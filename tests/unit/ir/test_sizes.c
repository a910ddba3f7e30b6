/* Sizes: counts worked out by hand for small graphs, and the published counts of NAS-Bench-201
 * nets. */
#include "build_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static Arena arena;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, "test");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(&arena);
    return 0;
}

static IrSizes sizes_of(IrGraph *g, IrRef root) {
    IrModule m = {.graph = g, .nroots = 1, .roots = &root};
    IrSizes s;
    assert_true(ir_sizes(&m, &s));
    return s;
}

/* 2 images of 5 tokens of 6 numbers: a weight [o=7, c=6] costs 5 * 7 * 6 products an image; a product
 * of two activations, one for each pair of tokens, costs nothing, nor does one of two weights. */
static void contractions_with_a_weight_count(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrAxis t = ir_axis("t", 1), s = ir_axis("s", 1);
    IrType tokens = ir_type(3, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, t}, (int64_t[]){2, 6, 5});
    IrType keys = ir_type(3, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, s}, (int64_t[]){2, 6, 5});
    IrType matrix = ir_type(2, (IrAxis[]){IR_AXIS_O, IR_AXIS_C}, (int64_t[]){7, 6});
    IrRef x = ir_input(g, &tokens, 0, "x"), w = ir_leaf(g, IR_OP_param, &matrix, NULL, "w");
    IrAttr over = {.naxes = 1, .axes = {IR_AXIS_C}};
    IrSizes sizes = sizes_of(g, ir_must(g, IR_OP_contract, (IrRef[]){w, x}, 2, &over));
    assert_int_equal(sizes.macs, 5 * 7 * 6);
    assert_int_equal(sizes.live_macs, 5 * 7 * 6);
    assert_int_equal(sizes.counted_macs, 5 * 7 * 6);
    assert_int_equal(sizes.params, 42);
    IrRef y = ir_input(g, &keys, 1, "y");
    sizes = sizes_of(g, ir_must(g, IR_OP_contract, (IrRef[]){x, y}, 2, &over));
    assert_int_equal(sizes.macs, 0);
    assert_int_equal(sizes.counted_macs, 0);
    IrRef square = ir_must(g, IR_OP_contract, (IrRef[]){w, w}, 2, &over);
    assert_int_equal(sizes_of(g, square).macs, 0);
}

/* 2 images [3, 6, 6] -> conv3x3 stride 2 to 4, biased -> [4, 3, 3]: 36 outputs of 27 products
 * each. */
static void each_op_counts_as_defined(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType in = image(2, 3, 6, 6);
    IrRef x = net_conv(g, ir_input(g, &in, 0, "x"), 3, 4, 2, true);
    IrSizes s = sizes_of(g, x);
    assert_int_equal(s.macs, 36 * 27);
    assert_int_equal(s.live_macs, 36 * 27);
    assert_int_equal(s.conv_count, 36 * 27 + 36);
    assert_int_equal(s.counted_macs, 36 * 27 + 36);
    assert_int_equal(s.params, 4 * 27 + 4);

    x = ir_unary(g, IR_OP_relu, net_norm(g, net_norm(g, x, true), false));
    s = sizes_of(g, x);
    assert_int_equal(s.bn_count, 2 * 36 + 36);
    assert_int_equal(s.relu_count, 36);
    assert_int_equal(s.params, 4 * 27 + 4 + 4 + 4);

    IrAttr pool = window(3, 2, 0);
    IrAttr up = {.out_size = {9, 9}}, down = {.out_size = {2, 2}};
    IrRef a = ir_must(g, IR_OP_avg_pool, &x, 1, &pool);
    IrRef b = ir_must(g, IR_OP_resize, &x, 1, &up);
    IrRef c = ir_must(g, IR_OP_resize, &b, 1, &down);
    assert_int_equal(sizes_of(g, a).pool_count, 36);
    assert_int_equal(sizes_of(g, c).resize_count, 4 * 81);
    IrRef mean = ir_reduce(g, IR_OP_reduce_mean, x, (IrAxis[]){IR_AXIS_W, IR_AXIS_H}, 2);
    IrRef other = ir_reduce(g, IR_OP_reduce_mean, x, (IrAxis[]){IR_AXIS_H}, 1);
    assert_int_equal(sizes_of(g, mean).pool_count, 36);
    assert_int_equal(sizes_of(g, other).pool_count, 0);

    IrType oi = ir_type(2, (IrAxis[]){IR_AXIS_O, IR_AXIS_I}, (int64_t[]){10, 4});
    IrRef dense = ir_binary(g, IR_OP_dense, mean, ir_leaf(g, IR_OP_param, &oi, NULL, "w"));
    assert_int_equal(sizes_of(g, dense).macs, 36 * 27 + 40);
}

static void frozen_leaves_do_not_count(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType in = image(4, 8, 5, 5), w = kernel(8, 1, 3, 3);
    IrAttr attr = window(3, 1, 1);
    attr.groups = 8;
    IrRef pair[] = {ir_input(g, &in, 0, "x"), ir_leaf(g, IR_OP_frozen, &w, NULL, "w")};
    IrSizes s = sizes_of(g, ir_must(g, IR_OP_conv, pair, 2, &attr));
    assert_int_equal(s.macs, 8 * 25 * 9);
    assert_int_equal(s.params, 0);
}

/* Behind and before a zero all is counted as written; live is what a path of data passes
 * through. */
static void a_zero_cuts_live_macs_only(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType in = image(1, 1, 4, 4);
    IrRef x = ir_input(g, &in, 0, "x");
    IrRef before = net_conv(g, x, 3, 1, 1, false);                               /* 144 */
    IrRef behind = net_conv(g, ir_unary(g, IR_OP_zero, before), 1, 1, 1, false); /* 16 */
    IrRef alive = net_conv(g, x, 1, 1, 1, false);                                /* 16 */
    IrRef unused = net_conv(g, x, 3, 1, 1, false);
    IrSizes s = sizes_of(g, ir_binary(g, IR_OP_add, behind, alive));
    assert_int_equal(s.macs, 144 + 16 + 16);
    assert_int_equal(s.live_macs, 16);
    assert_int_equal(s.counted_macs, 144 + 16 + 16);
    assert_int_equal(s.params, 9 + 1 + 1);
    assert_int_equal(sizes_of(g, unused).macs, 144);
}

static void sums_beyond_64_bits_are_refused(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType in = ir_type(2, (IrAxis[]){IR_AXIS_N, IR_AXIS_C}, (int64_t[]){1, 1 << 20});
    IrType oi = ir_type(2, (IrAxis[]){IR_AXIS_O, IR_AXIS_I}, (int64_t[]){1 << 20, 1 << 20});
    IrType big = image(1, 1024, 1 << 15, 1 << 15);
    IrRef x = ir_input(g, &in, 0, "x");
    assert_int_equal(
        sizes_of(g, ir_binary(g, IR_OP_dense, x, ir_leaf(g, IR_OP_param, &oi, NULL, "w"))).macs,
        (int64_t)1 << 40);
    /* each of 2^40 outputs sums 2^24 products: 2^64 in all */
    IrRef y = net_conv(g, ir_input(g, &big, 1, "y"), 127, 1024, 1, false);
    IrModule m = {.graph = g, .nroots = 1, .roots = &y};
    IrSizes s;
    assert_false(ir_sizes(&m, &s));
}

/* The macro network of NAS-Bench-201 with one and the same operation on all edges. */
typedef IrRef EdgeOp(IrGraph *g, IrRef x);

static IrRef edge_conv(IrGraph *g, IrRef x) {
    int64_t c = ir_type_size(&ir_get(g, x)->type, IR_AXIS_C);
    return net_norm(g, net_conv(g, ir_unary(g, IR_OP_relu, x), 3, c, 1, true), false);
}

static IrRef edge_none(IrGraph *g, IrRef x) {
    return ir_unary(g, IR_OP_zero, x);
}

static IrRef edge_skip(IrGraph *g, IrRef x) {
    return ir_unary(g, IR_OP_identity, x);
}

static IrRef cell(IrGraph *g, IrRef x, EdgeOp *op) {
    IrRef node[4] = {x};
    for (int j = 1; j < 4; j++) {
        node[j] = op(g, node[0]);
        for (int i = 1; i < j; i++)
            node[j] = ir_binary(g, IR_OP_add, node[j], op(g, node[i]));
    }
    return node[3];
}

static IrRef residual(IrGraph *g, IrRef x, int64_t c) {
    IrAttr half = window(2, 2, 0);
    IrRef a = net_norm(g, net_conv(g, ir_unary(g, IR_OP_relu, x), 3, c, 2, false), true);
    a = net_norm(g, net_conv(g, ir_unary(g, IR_OP_relu, a), 3, c, 1, false), true);
    IrRef b = net_conv(g, ir_must(g, IR_OP_avg_pool, &x, 1, &half), 1, c, 1, false);
    return ir_binary(g, IR_OP_add, a, b);
}

static IrSizes bench201(EdgeOp *op) {
    IrGraph *g = ir_graph_new(&arena);
    ir_set_merging(g, false); /* three edges leave node 0, each with a ReLU of its own */
    IrType in = image(16, 3, 32, 32);
    IrRef x = net_norm(g, net_conv(g, ir_input(g, &in, 0, "x"), 3, 16, 1, false), true);
    for (int stage = 0; stage < 3; stage++) {
        if (stage)
            x = residual(g, x, 16 << stage);
        for (int i = 0; i < 5; i++)
            x = cell(g, x, op);
    }
    ir_verify(g);
    return sizes_of(g, x);
}

static void published_counts_of_bench201(void **state) {
    (void)state;
    IrSizes s = bench201(edge_conv);
    assert_int_equal(s.counted_macs, 222842880);
    assert_int_equal(s.conv_count, 220979200);
    assert_int_equal(s.macs, 220119040);
    assert_int_equal(s.live_macs, 220119040);
    assert_int_equal(s.bn_count, 942080);
    assert_int_equal(s.relu_count, 897024);
    assert_int_equal(s.pool_count, 24576);
    assert_int_equal(bench201(edge_skip).counted_macs, 7925760);
    s = bench201(edge_none);
    assert_int_equal(s.counted_macs, 7925760);
    assert_int_equal(s.live_macs, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_op_counts_as_defined, setup, teardown),
        cmocka_unit_test_setup_teardown(contractions_with_a_weight_count, setup, teardown),
        cmocka_unit_test_setup_teardown(frozen_leaves_do_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(a_zero_cuts_live_macs_only, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_beyond_64_bits_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(published_counts_of_bench201, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
