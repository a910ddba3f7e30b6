/* What plans of trainings keep in memory, counted from what gradients need. */
#include "runtime/nets.h"
#include "runtime/plan_case.h"

enum { CHANNELS = 64, SIDE = 8, MAP_BYTES = 16 * CHANNELS * SIDE * SIDE * 4 };

/* A stem and n layers of batch norm, relu and 1x1 convolution, or of relu and frozen 3x3 convolution, trained to
 * a small mean of squares. */
static int64_t chain_bytes(int n, bool frozen) {
    Arena arena;
    arena_init(&arena, "test");
    Net s = {ir_graph_new(&arena)};
    IrType t = ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                       (int64_t[]){16, 3, SIDE, SIDE});
    IrRef x =
        net_bn(&s, net_conv(&s, ir_input(s.g, &t, 0, "image"), 1, 1, CHANNELS, false, IR_OP_param));
    for (int i = 0; i < n; i++)
        x = frozen ? net_conv(&s, ir_unary(s.g, IR_OP_relu, x), 3, 1, CHANNELS, false, IR_OP_frozen)
                   : net_relu_conv_bn(&s, x, 1, 1, CHANNELS);
    IrRef loss = ir_reduce(s.g, IR_OP_reduce_mean, ir_binary(s.g, IR_OP_mul, x, x),
                           (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W}, 4);
    IrModule m = net_module(&arena, &s, loss, loss);
    PlanUpdate updates[256];
    size_t nupdates = 0;
    for (size_t i = 0; i < ir_graph_len(s.g); i++) {
        const IrNode *node = ir_get(s.g, (IrRef)i);
        if (node->op == IR_OP_param)
            updates[nupdates++] = (PlanUpdate){node->attr->uid, 0.05, 0.9, 0, 0};
    }
    Plan plan;
    NascError err = {0};
    PlanOptions options = {.fuse = true};
    assert_true(plan_make(NULL, &arena, &m, updates, nupdates, &options, &plan, &err));
    arena_free(&arena);
    return plan.arena_bytes;
}

static void assert_grows(bool frozen, int64_t a_layer) {
    int64_t grown = chain_bytes(12, frozen) - chain_bytes(4, frozen);
    assert_in_range(grown, 8 * a_layer, 8 * a_layer * 102 / 100);
}

/* A layer keeps what its batch norm reads and no result of a relu, beside its weight, the momentum and a few vectors. */
static void test_one_map_a_layer(void **state) {
    (void)state;
    assert_grows(false, MAP_BYTES + 2 * CHANNELS * CHANNELS * 4);
}

/* A frozen filter is kept as it is applied, forward and for the gradient, by tiles of 6x6, and not as it was drawn;
 * a relu between frozen layers keeps its result. */
static void test_frozen_filters(void **state) {
    (void)state;
    assert_grows(true, MAP_BYTES + 2 * 36 * CHANNELS * CHANNELS * 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_map_a_layer),
        cmocka_unit_test(test_frozen_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
