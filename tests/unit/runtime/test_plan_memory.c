/* What plans of trainings keep in memory, counted from what gradients need. */
#include "runtime/nets.h"
#include "runtime/plan_case.h"

enum { SIDE = 32, CHANNELS = 16, MAP_BYTES = 16 * CHANNELS * SIDE * SIDE * 4 };

/* A stem and n times relu, 1x1 convolution and batch norm, trained to a small mean of squares. */
static int64_t chain_bytes(int n) {
    Arena arena;
    arena_init(&arena, "test");
    Net s = {ir_graph_new(&arena)};
    IrType t = ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                       (int64_t[]){16, 3, SIDE, SIDE});
    IrRef x =
        net_bn(&s, net_conv(&s, ir_input(s.g, &t, 0, "image"), 1, 1, CHANNELS, false, IR_OP_param));
    for (int i = 0; i < n; i++)
        x = net_relu_conv_bn(&s, x, 1, 1, CHANNELS);
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

/* A layer keeps what its batch norm reads, and no result of a relu. What it has of weights, momenta and vectors is
 * less than a tenth of a map. */
static void test_one_map_a_layer(void **state) {
    (void)state;
    int64_t grown = chain_bytes(12) - chain_bytes(4);
    assert_in_range(grown, 8 * (int64_t)MAP_BYTES, 8 * (int64_t)MAP_BYTES * 11 / 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_map_a_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
