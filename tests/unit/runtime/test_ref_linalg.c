/* Gram matrices and log-determinants against values worked out by hand. */
#include "runtime/ref_check.h"

static double eval_one(IrOp op, IrType type, IrAttr attr, double *in, RefPrecision precision,
                       bool plain, double *all) {
    OpCase c = {.op = op, .nin = 1, .in = {type}, .attr = attr};
    Checked k;
    check_make(&k, &c, OP_VALUES_PLAIN);
    k.in[0].at = in;
    check_eval(&k, precision, plain);
    double first = k.out.at[0];
    for (int64_t i = 0; all && i < ir_type_elements(&k.out.type); i++)
        all[i] = k.out.at[i];
    check_free(&k);
    return first;
}

/* Images (1, 2, 3, 4) and (0, 1, 0, -1): 30, -2, -2, 2, whatever stands first in memory. */
static void test_gram(void **state) {
    (void)state;
    IrAttr attr = {.axis = IR_AXIS_N, .axis2 = ir_axis("m", 1)};
    IrType rows = op_image(2, 2, 1, 2);
    IrType columns = op_type(3, (IrAxis[]){IR_AXIS_C, IR_AXIS_N, IR_AXIS_H}, (int64_t[]){2, 2, 2});
    double by_image[] = {1, 2, 3, 4, 0, 1, 0, -1}, by_channel[] = {1, 2, 0, 1, 3, 4, 0, -1};
    const double want[] = {30, -2, -2, 2};
    for (int plain = 0; plain < 2; plain++)
        for (int precision = REF_FLOAT; precision <= REF_DOUBLE; precision++) {
            double a[4], b[4];
            eval_one(IR_OP_gram, rows, attr, by_image, (RefPrecision)precision, plain, a);
            eval_one(IR_OP_gram, columns, attr, by_channel, (RefPrecision)precision, plain, b);
            assert_memory_equal(a, want, sizeof want);
            assert_memory_equal(b, want, sizeof want);
        }
}

static double logdet(double *a, int64_t n) {
    IrType t = op_matrix(ir_axis("a", 1), n, ir_axis("b", 1), n);
    return eval_one(IR_OP_logdet, t, (IrAttr){0}, a, REF_DOUBLE, false, NULL);
}

static void test_logdet(void **state) {
    (void)state;
    double one[] = {-3}, swapped[] = {0, 2, 5, 0}, full[] = {2, 1, 0, 1, 3, 1, 0, 1, 4};
    double singular[] = {1, 2, 2, 4}, broken[] = {1, 0, 0, NAN};
    assert_true(fabs(logdet(one, 1) - log(3)) < 1e-15);
    assert_true(fabs(logdet(swapped, 2) - log(10)) < 1e-15);
    assert_true(fabs(logdet(full, 3) - log(2 * 11 - 4)) < 1e-14); /* 2 (12 - 1) - 1 (4 - 0) */
    assert_true(isinf(logdet(singular, 2)) && logdet(singular, 2) < 0);
    assert_true(isnan(logdet(broken, 2)));
}

static void eigenvalues(double *a, int64_t n, double *all) {
    IrType t = op_matrix(ir_axis("a", 1), n, ir_axis("b", 1), n);
    eval_one(IR_OP_eigenvalues, t, (IrAttr){0}, a, REF_DOUBLE, false, all);
}

/* Roots of characteristic polynomials: (2 - x)^2 - 1; of the path of three nodes 2 - 2 cos(k pi / 4), k = 1..3; of
 * the symmetric part of a matrix that has none of its own. */
static void test_eigenvalues(void **state) {
    (void)state;
    double one[] = {-3}, two[] = {2, 1, 1, 2}, path[] = {2, -1, 0, -1, 2, -1, 0, -1, 2};
    double lopsided[] = {2, 2, 0, 2}, broken[] = {1, 0, 0, NAN}, got[3];
    eigenvalues(one, 1, got);
    assert_true(got[0] == -3);
    eigenvalues(two, 2, got);
    assert_true(fabs(got[0] - 1) < 1e-14 && fabs(got[1] - 3) < 1e-14);
    eigenvalues(path, 3, got);
    assert_true(fabs(got[0] - (2 - sqrt(2))) < 1e-14 && fabs(got[1] - 2) < 1e-14);
    assert_true(fabs(got[2] - (2 + sqrt(2))) < 1e-14);
    eigenvalues(lopsided, 2, got);
    assert_true(fabs(got[0] - 1) < 1e-14 && fabs(got[1] - 3) < 1e-14);
    eigenvalues(broken, 2, got);
    assert_true(isnan(got[0]) && isnan(got[1]));
}

/* The determinant of what makes it singular is refused before anything runs. */
static void test_shapes(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "shapes");
    IrGraph *g = ir_graph_new(&arena);
    IrType t = op_image(2, 3, 4, 5);
    IrRef x = ir_input(g, &t, 0, "x");
    IrError err = {0};
    assert_int_equal(ir_node(g, IR_OP_logdet, &x, 1, NULL, &err), IR_NONE);
    assert_non_null(strstr(err.message, "square matrix"));
    assert_int_equal(ir_node(g, IR_OP_eigenvalues, &x, 1, NULL, &err), IR_NONE);
    assert_non_null(strstr(err.message, "eigenvalues: needs a square matrix"));
    IrAttr same = {.axis = IR_AXIS_N, .axis2 = IR_AXIS_N}, lacking = {.axis = IR_AXIS_O};
    assert_int_equal(ir_node(g, IR_OP_gram, &x, 1, &same, &err), IR_NONE);
    assert_non_null(strstr(err.message, "a name of its own"));
    assert_int_equal(ir_node(g, IR_OP_gram, &x, 1, &lacking, &err), IR_NONE);
    assert_non_null(strstr(err.message, "no axis o"));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gram),
        cmocka_unit_test(test_logdet),
        cmocka_unit_test(test_eigenvalues),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
