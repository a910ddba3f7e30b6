/* Training by the reference: the update rule against its recurrence written out, gradients in
 * another order of axes, and a small network through both ways of convolution. */
#include "runtime/ref_check.h"
#include "runtime/ref_train.h"

/* loss = (w x - t)^2 with x = 3, t = 6 */
static IrModule parabola(Arena *arena) {
    IrGraph *g = ir_graph_new(arena);
    IrType scalar = {0};
    IrRef w = ir_leaf(g, IR_OP_param, &scalar, NULL, "w");
    IrRef error =
        ir_binary(g, IR_OP_sub, ir_binary(g, IR_OP_mul, w, ir_constant(g, 3)), ir_constant(g, 6));
    IrRef loss = ir_binary(g, IR_OP_mul, error, error);
    const char *name = "loss";
    IrModule m = {g, 1, &loss, &name}, out;
    assert_true(ir_gradient(arena, &m, 0, &w, 1, &out, NULL));
    return out;
}

static void test_update_rule(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "train");
    IrModule m = parabola(&arena);
    RefOptions options = {.precision = REF_DOUBLE};
    double value = 1, losses[6];
    RefParam p = {
        .uid = 0, .gradient = 1, .lr = 0.02, .momentum = 0.9, .decay = 0.5, .value = &value};
    assert_true(ref_train(&m, 1, &p, 1, 6, &options, losses, NULL));
    double w = 1, v = 0;
    for (int s = 0; s < 6; s++) {
        assert_true(fabs(losses[s] - (3 * w - 6) * (3 * w - 6)) < 1e-12);
        v = 0.9 * v + (2 * 3 * (3 * w - 6) + 0.5 * w);
        w -= 0.02 * v;
    }
    assert_true(fabs(value - w) < 1e-12);
    arena_free(&arena);
}

/* Bit for bit: each operation of the rule is rounded to float on its own. */
static void test_float_updates(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "train");
    IrModule m = parabola(&arena);
    RefOptions options = {.precision = REF_FLOAT};
    double value = 1, losses[2];
    RefParam p = {
        .uid = 0, .gradient = 1, .lr = 0.01, .momentum = 0.9, .decay = 4e-5, .value = &value};
    assert_true(ref_train(&m, 1, &p, 1, 2, &options, losses, NULL));
    float w = 1, v = 0, decayed;
    for (int s = 0; s < 2; s++) {
        float g = 3 * w - 6;
        g = 6 * g;
        decayed = 4e-5f * w;
        v = 0.9f * v + (g + decayed);
        w = w - 0.01f * v;
    }
    assert_true(value == (double)w);
    arena_free(&arena);
}

static void test_gradient_in_another_order(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "train");
    IrGraph *g = ir_graph_new(&arena);
    IrType type = op_matrix(IR_AXIS_O, 2, IR_AXIS_I, 3),
           turned = op_matrix(IR_AXIS_I, 3, IR_AXIS_O, 2);
    IrRef w = ir_leaf(g, IR_OP_param, &type, NULL, "w");
    IrRef roots[] = {ir_reduce(g, IR_OP_reduce_sum, w, type.axis, 2), ir_input(g, &turned, 0, "g")};
    const char *names[] = {"loss", "d:0"};
    IrModule m = {g, 2, roots, names};
    double grad[] = {1, 10, 2, 20, 3, 30}, value[6] = {0}, loss;
    Tensor in = {turned, grad};
    RefOptions options = {.precision = REF_DOUBLE, .leaf = checked_leaf, .user = &in};
    RefParam p = {.uid = 0, .gradient = 1, .lr = 1, .value = value};
    assert_true(ref_train(&m, 1, &p, 1, 1, &options, &loss, NULL));
    const double want[] = {-1, -2, -3, -10, -20, -30};
    assert_memory_equal(value, want, sizeof want);
    arena_free(&arena);
}

/* x -> conv3x3 -> batch norm -> relu -> conv1x1 -> mean square, all four leaves trained. */
enum { PARAMS = 4, STEPS = 8 };

typedef struct Net {
    Arena arena;
    IrModule m;
    IrRef leaf[PARAMS];
    RefParam params[PARAMS];
    Tensor x;
    double losses[STEPS];
} Net;

static IrRef net_loss(Net *n, IrGraph *g, IrRef x) {
    IrAttr window = {
        .kernel = {3, 3}, .stride = {1, 1}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 2};
    IrRef y = ir_must(g, IR_OP_conv, (IrRef[]){x, n->leaf[0]}, 2, &window);
    y = ir_must(g, IR_OP_batch_norm, (IrRef[]){y, n->leaf[1], n->leaf[2]}, 3,
                &(IrAttr){.value = 1e-5});
    y = ir_unary(g, IR_OP_relu, y);
    IrAttr one = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    y = ir_must(g, IR_OP_conv, (IrRef[]){y, n->leaf[3]}, 2, &one);
    y = ir_binary(g, IR_OP_sub, y, ir_constant(g, 1));
    IrRef square = ir_binary(g, IR_OP_mul, y, y);
    return ir_reduce(g, IR_OP_reduce_mean, square, ir_get(g, square)->type.axis, 4);
}

static void net_run(Net *n, RefPrecision precision, bool plain, int steps) {
    memset(n, 0, sizeof *n);
    arena_init(&n->arena, "net");
    IrGraph *g = ir_graph_new(&n->arena);
    IrType types[PARAMS] = {op_weight(6, 2, 3, 3), op_vector(6), op_vector(6),
                            op_weight(3, 6, 1, 1)};
    IrAttr one = {.mode = IR_INIT_VALUE, .value = 1}, zero = {.mode = IR_INIT_VALUE};
    IrAttr init[PARAMS] = {{.mode = IR_INIT_DEFAULT}, one, zero, {.mode = IR_INIT_DEFAULT}};
    for (int k = 0; k < PARAMS; k++)
        n->leaf[k] = ir_leaf(g, IR_OP_param, &types[k], &init[k], "w");
    OpCase image = {.op = IR_OP_identity, .nin = 1, .in = {op_image(5, 4, 6, 6)}};
    n->x = (Tensor){image.in[0], ARENA_ARRAY(&n->arena, double, ir_type_elements(&image.in[0]))};
    op_case_fill(&image, 0, OP_VALUES_PLAIN, n->x.at);
    IrRef loss = net_loss(n, g, ir_input(g, &image.in[0], 0, "x"));
    const char *name = "loss";
    IrModule forward = {g, 1, &loss, &name};
    assert_true(ir_gradient(&n->arena, &forward, 0, n->leaf, PARAMS, &n->m, NULL));
    for (int k = 0; k < PARAMS; k++) {
        double *value = ARENA_ARRAY(&n->arena, double, ir_type_elements(&types[k]));
        init_leaf(ir_get(g, n->leaf[k]), 1, 0, (Hash128){1, 1}, value);
        n->params[k] = (RefParam){(uint64_t)k, (size_t)(1 + k), 0.1, 0.9, 4e-5, value};
    }
    RefOptions options = {
        .precision = precision, .plain = plain, .leaf = checked_leaf, .user = &n->x};
    assert_true(ref_train(&n->m, 1, n->params, PARAMS, steps, &options, n->losses, NULL));
}

static void test_network_learns(void **state) {
    (void)state;
    Net plain, gemm, single;
    net_run(&plain, REF_DOUBLE, true, STEPS);
    net_run(&gemm, REF_DOUBLE, false, STEPS);
    net_run(&single, REF_FLOAT, true, STEPS);
    assert_true(plain.losses[STEPS - 1] < plain.losses[0] / 2);
    assert_true(tensor_distance(gemm.losses, plain.losses, STEPS) < 1e-11);
    assert_true(tensor_distance(single.losses, plain.losses, STEPS) < 1e-4);
    arena_free(&plain.arena);
    arena_free(&gemm.arena);
    arena_free(&single.arena);
}

static void test_prefix_and_repeat(void **state) {
    (void)state;
    Net all, first, again;
    net_run(&all, REF_FLOAT, true, STEPS);
    net_run(&again, REF_FLOAT, true, STEPS);
    net_run(&first, REF_FLOAT, true, 3);
    assert_memory_equal(all.losses, again.losses, sizeof all.losses);
    assert_memory_equal(all.losses, first.losses, 3 * sizeof(double));
    assert_memory_equal(all.params[0].value, again.params[0].value, sizeof(double) * 108);
    arena_free(&all.arena);
    arena_free(&again.arena);
    arena_free(&first.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update_rule),
        cmocka_unit_test(test_float_updates),
        cmocka_unit_test(test_gradient_in_another_order),
        cmocka_unit_test(test_network_learns),
        cmocka_unit_test(test_prefix_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
