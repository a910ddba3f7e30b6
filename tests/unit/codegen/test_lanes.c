/* The lanes layout against its definition: element [n, c, h, w] lies at ((block c' h' w') * 16 +
 * lane). */
#include "codegen/layout.h"
#include "codegen/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static IrType image(int64_t n, int64_t c, int64_t h, int64_t w) {
    return ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                   (int64_t[]){n, c, h, w});
}

static float *numbered(int64_t n) {
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(i + 1);
    return x;
}

static void test_places(void **state) {
    (void)state;
    IrType t = image(33, 2, 3, 5);
    float *dense = numbered(ir_type_elements(&t));
    Layout l = layout_of(&t);
    assert_int_equal(l.blocks, 3);
    assert_int_equal(l.elements, 3 * 2 * 3 * 5 * 16);
    float *lanes = malloc((size_t)l.bytes);
    plan_write_lanes(&t, dense, lanes);
    for (int64_t n = 0; n < 48; n++)
        for (int64_t c = 0; c < 2; c++)
            for (int64_t h = 0; h < 3; h++)
                for (int64_t w = 0; w < 5; w++) {
                    int64_t at = ((((n / 16 * 2 + c) * 3 + h) * 5) + w) * 16 + n % 16;
                    float want = n < 33 ? (float)(((n * 2 + c) * 3 + h) * 5 + w + 1) : 0;
                    assert_true(lanes[at] == want);
                }
    free(dense);
    free(lanes);
}

/* Axes in another order, or absent, still come back. */
static void test_round_trip(void **state) {
    (void)state;
    const IrType types[] = {
        image(1, 1, 1, 1),
        image(16, 3, 4, 4),
        ir_type(2, (IrAxis[]){IR_AXIS_N, IR_AXIS_C}, (int64_t[]){17, 5}),
        ir_type(3, (IrAxis[]){IR_AXIS_W, IR_AXIS_N, IR_AXIS_C}, (int64_t[]){3, 5, 2}),
        ir_type(1, (IrAxis[]){IR_AXIS_N}, (int64_t[]){20}),
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        int64_t n = ir_type_elements(&types[i]);
        float *dense = numbered(n), *back = calloc((size_t)n, sizeof(float));
        float *lanes = malloc((size_t)layout_of(&types[i]).bytes);
        plan_write_lanes(&types[i], dense, lanes);
        plan_read_lanes(&types[i], lanes, back);
        assert_memory_equal(dense, back, (size_t)n * sizeof(float));
        free(dense);
        free(back);
        free(lanes);
    }
}

static void test_kinds(void **state) {
    (void)state;
    IrType vector = ir_type(1, (IrAxis[]){IR_AXIS_C}, (int64_t[]){43});
    IrType weight = ir_type(2, (IrAxis[]){IR_AXIS_O, IR_AXIS_I}, (int64_t[]){4, 5});
    IrType scalar = {0}, images = image(2, 3, 4, 5);
    assert_int_equal(layout_of(&vector).kind, LAYOUT_VECTOR);
    assert_int_equal(layout_of(&vector).bytes, 192);
    assert_int_equal(layout_of(&weight).kind, LAYOUT_DENSE);
    assert_int_equal(layout_of(&weight).bytes, 128);
    assert_int_equal(layout_of(&scalar).kind, LAYOUT_SCALAR);
    assert_int_equal(layout_of(&scalar).bytes, 64);
    assert_int_equal(layout_of(&images).kind, LAYOUT_LANES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
