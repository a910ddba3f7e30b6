/* The reference executor against itself: dgemm against plain loops, float against double, gradients
 * as adjoints of what they belong to, and what the driver owes its caller. */
#include "runtime/blas.h"
#include "runtime/ref_check.h"

enum { SEEDS = 60 };

static void test_gemm_equals_plain(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++) {
        if (ir_op_info((IrOp)op)->class != IR_CLASS_CONV && op != IR_OP_gram)
            continue;
        for (uint64_t seed = 0; seed < SEEDS / 3; seed++) {
            Checked k;
            OpCase c = op_case((IrOp)op, seed, OP_CASE_FULL);
            check_make(&k, &c, OP_VALUES_PLAIN);
            check_eval(&k, REF_DOUBLE, true);
            Tensor plain = k.out;
            check_eval(&k, REF_DOUBLE, false);
            double d = tensor_distance(k.out.at, plain.at, ir_type_elements(&plain.type));
            if (!(d < 1e-12))
                fail_msg("%s, seed %d: differs by %g", ir_op_info((IrOp)op)->name, (int)seed, d);
            check_free(&k);
        }
    }
}

/* Ops that jump where float and double may fall on different sides. */
static bool jumps(IrOp op) {
    return op == IR_OP_mod || op == IR_OP_floor;
}

static void test_float_is_near_double(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++) {
        if (ir_op_info((IrOp)op)->class == IR_CLASS_SRC || jumps((IrOp)op))
            continue;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            Checked k;
            OpCase c = op_case((IrOp)op, 1000 + seed, OP_CASE_SMALL);
            check_make(&k, &c, OP_VALUES_APART);
            check_eval(&k, REF_DOUBLE, false);
            Tensor exact = k.out;
            check_eval(&k, REF_FLOAT, false);
            int64_t n = ir_type_elements(&exact.type);
            for (int64_t i = 0; i < n; i++)
                assert_true(k.out.at[i] == (double)(float)k.out.at[i]);
            double d = tensor_distance(k.out.at, exact.at, n);
            if (!(d < 3e-5))
                fail_msg("%s, seed %d: differs by %g", ir_op_info((IrOp)op)->name, (int)seed, d);
            check_free(&k);
        }
    }
}

static double dot(const Tensor *a, const Tensor *b) {
    assert_true(ir_type_same(&a->type, &b->type));
    double sum = 0;
    for (int64_t i = 0; i < ir_type_elements(&a->type); i++) {
        int64_t index[IR_MAX_AXES] = {0};
        tensor_unravel(&a->type, i, index);
        sum += a->at[i] * tensor_named(b, &a->type, index);
    }
    return sum;
}

/* A tensor of random values of type t. */
static Tensor draw_tensor(Arena *arena, const IrType *t, uint64_t seed) {
    Tensor x = {*t, ARENA_ARRAY(arena, double, ir_type_elements(t))};
    RandomStream s = random_stream(seed, 0, RANDOM_TEST, (Hash128){1, 2});
    for (int64_t i = 0; i < ir_type_elements(t); i++)
        x.at[i] = random_normal(s, (uint64_t)i);
    return x;
}

static Tensor apply(Arena *arena, IrOp op, const IrAttr *attr, Tensor *in, uint32_t nin) {
    IrGraph *g = ir_graph_new(arena);
    IrRef refs[OP_CASE_INPUTS];
    for (uint32_t k = 0; k < nin; k++)
        refs[k] = ir_input(g, &in[k].type, k, "x");
    IrRef r = ir_must(g, op, refs, nin, attr);
    RefOptions options = {.precision = REF_DOUBLE, .leaf = checked_leaf, .user = in};
    double *out;
    assert_true(ref_eval(g, &r, 1, &options, arena, &out, NULL));
    return (Tensor){ir_get(g, r)->type, out};
}

static void expect_equal(double a, double b) {
    if (!(fabs(a - b) <= 1e-10 * (1 + fabs(a) + fabs(b))))
        fail_msg("%.17g and %.17g should be equal", a, b);
}

/* <conv(x, w), g> = <x, conv_dx(g, w)> = <w, conv_dw(x, g)>, dense likewise. */
static void adjoint_conv(IrOp forward, IrOp dx, IrOp dw) {
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Checked k;
        OpCase c = op_case(forward, seed, OP_CASE_SMALL);
        c.nin = 2;
        check_make(&k, &c, OP_VALUES_PLAIN);
        check_eval(&k, REF_DOUBLE, false);
        Tensor g = draw_tensor(&k.arena, &k.out.type, seed);
        IrAttr back = c.attr;
        back.in_size[0] = ir_type_size(&c.in[0], IR_AXIS_H);
        back.in_size[1] = ir_type_size(&c.in[0], IR_AXIS_W);
        Tensor gx = apply(&k.arena, dx, &back, (Tensor[]){g, k.in[1]}, 2);
        Tensor gw = apply(&k.arena, dw, &c.attr, (Tensor[]){k.in[0], g}, 2);
        expect_equal(dot(&k.out, &g), dot(&gx, &k.in[0]));
        expect_equal(dot(&k.out, &g), dot(&gw, &k.in[1]));
        check_free(&k);
    }
}

/* <A x, g> = <x, A* g> for a linear op of one input. */
static void adjoint_linear(IrOp op, IrOp adjoint, IrAttr (*attr)(const OpCase *c)) {
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Checked k;
        OpCase c = op_case(op, seed, OP_CASE_SMALL);
        check_make(&k, &c, OP_VALUES_PLAIN);
        check_eval(&k, REF_DOUBLE, false);
        Tensor g = draw_tensor(&k.arena, &k.out.type, seed);
        IrAttr back = attr(&c);
        Tensor gx = apply(&k.arena, adjoint, &back, &g, 1);
        expect_equal(dot(&k.out, &g), dot(&k.in[0], &gx));
        check_free(&k);
    }
}

static IrAttr attr_of_map(const OpCase *c) {
    IrAttr a = c->attr;
    a.in_size[0] = ir_type_size(&c->in[0], IR_AXIS_H);
    a.in_size[1] = ir_type_size(&c->in[0], IR_AXIS_W);
    a.out_size[0] = a.out_size[1] = 0;
    return a;
}

static IrAttr attr_of_cut(const OpCase *c) {
    IrAttr a = c->attr;
    a.size = c->op == IR_OP_slice ? ir_type_size(&c->in[0], a.axis) : 0;
    return a;
}

static IrAttr attr_of_merge(const OpCase *c) {
    IrAttr a = {.axis = c->attr.axis, .shape_rank = c->attr.naxes};
    memcpy(a.axes, c->attr.axes, sizeof a.axes);
    for (int k = 0; k < a.shape_rank; k++)
        a.shape[k] = ir_type_size(&c->in[0], a.axes[k]);
    return a;
}

static IrAttr attr_of_unmerge(const OpCase *c) {
    IrAttr a = {.axis = c->attr.axis, .naxes = c->attr.shape_rank};
    memcpy(a.axes, c->attr.axes, sizeof a.axes);
    return a;
}

static IrAttr attr_of_expand(const OpCase *c) {
    IrAttr a = {0};
    for (int k = 0; k < c->attr.shape_rank; k++)
        if (ir_type_find(&c->in[0], c->attr.axes[k]) < 0)
            a.axes[a.naxes++] = c->attr.axes[k];
    return a;
}

static void test_adjoints(void **state) {
    (void)state;
    adjoint_conv(IR_OP_conv, IR_OP_conv_dx, IR_OP_conv_dw);
    adjoint_conv(IR_OP_dense, IR_OP_dense_dx, IR_OP_dense_dw);
    adjoint_linear(IR_OP_avg_pool, IR_OP_avg_pool_dx, attr_of_map);
    adjoint_linear(IR_OP_resize, IR_OP_resize_dx, attr_of_map);
    adjoint_linear(IR_OP_slice, IR_OP_embed, attr_of_cut);
    adjoint_linear(IR_OP_embed, IR_OP_slice, attr_of_cut);
    adjoint_linear(IR_OP_merge, IR_OP_unmerge, attr_of_merge);
    adjoint_linear(IR_OP_unmerge, IR_OP_merge, attr_of_unmerge);
}

/* The adjoint of a broadcast is the sum over the new axes. */
static void test_expand_adjoint(void **state) {
    (void)state;
    int tried = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Checked k;
        OpCase c = op_case(IR_OP_expand, seed, OP_CASE_SMALL);
        check_make(&k, &c, OP_VALUES_PLAIN);
        check_eval(&k, REF_DOUBLE, false);
        IrAttr back = attr_of_expand(&c);
        if (back.naxes > 0) {
            Tensor g = draw_tensor(&k.arena, &k.out.type, seed);
            Tensor gx = apply(&k.arena, IR_OP_reduce_sum, &back, &g, 1);
            expect_equal(dot(&k.out, &g), dot(&k.in[0], &gx));
            tried++;
        }
        check_free(&k);
    }
    assert_true(tried > 20);
}

/* A value that is used again after its first use, wanted twice, and wanted while others need it. */
static void test_driver_shares_values(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "driver");
    IrGraph *g = ir_graph_new(&arena);
    IrType t = op_vector(2);
    IrRef x = ir_input(g, &t, 0, "x"), square = ir_binary(g, IR_OP_mul, x, x);
    IrRef sum = ir_binary(g, IR_OP_add, square, x), unused = ir_unary(g, IR_OP_log, x);
    (void)unused;
    double values[] = {2, 3}, *out[4];
    Tensor in = {t, values};
    RefOptions options = {.precision = REF_DOUBLE, .leaf = checked_leaf, .user = &in};
    IrRef wanted[] = {sum, square, sum, x};
    assert_true(ref_eval(g, wanted, 4, &options, &arena, out, NULL));
    assert_true(out[0][0] == 6 && out[0][1] == 12 && out[2][1] == 12);
    assert_true(out[1][0] == 4 && out[1][1] == 9 && out[3][0] == 2);
    arena_free(&arena);
}

static bool no_leaf(void *user, const IrNode *node, IrRef ref, double *out, NascError *err) {
    (void)user, (void)node, (void)ref, (void)out;
    nasc_fail(err, NASC_ENVIRONMENT, "image lost");
    return false;
}

static void test_leaf_failure_is_reported(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "driver");
    IrGraph *g = ir_graph_new(&arena);
    IrType t = op_vector(2);
    IrRef x = ir_input(g, &t, 0, "x"), y = ir_unary(g, IR_OP_exp, x);
    RefOptions options = {.precision = REF_DOUBLE, .leaf = no_leaf};
    NascError err = {0};
    double *out;
    assert_false(ref_eval(g, &y, 1, &options, &arena, &out, &err));
    assert_string_equal(err.message, "image lost");
    arena_free(&arena);
}

static void test_random_leaves(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "random");
    IrGraph *g = ir_graph_new(&arena);
    IrType t = op_image(4, 5, 20, 25);
    IrRef refs[4];
    IrAttr uniform = {.mode = IR_DIST_UNIFORM, .min = 2, .max = 5, .key = {1, 1}};
    IrAttr normal = {.mode = IR_DIST_NORMAL, .min = 1, .max = 2, .key = {1, 2}};
    IrAttr sign = {.mode = IR_DIST_SIGN, .key = {1, 3}}, other = sign;
    other.key.lo = 4;
    refs[0] = ir_leaf(g, IR_OP_random, &t, &uniform, "u");
    refs[1] = ir_leaf(g, IR_OP_random, &t, &normal, "n");
    refs[2] = ir_leaf(g, IR_OP_random, &t, &sign, "s");
    refs[3] = ir_leaf(g, IR_OP_random, &t, &other, "o");
    RefOptions options = {.precision = REF_DOUBLE, .seed = 3};
    double *a[4], *b[4], mean[4] = {0}, square[4] = {0}, n = 10000;
    assert_true(ref_eval(g, refs, 4, &options, &arena, a, NULL));
    assert_true(ref_eval(g, refs, 4, &options, &arena, b, NULL));
    for (int k = 0; k < 4; k++) {
        assert_memory_equal(a[k], b[k], sizeof(double) * 10000);
        for (int i = 0; i < 10000; i++) {
            mean[k] += a[k][i] / n;
            square[k] += a[k][i] * a[k][i] / n;
            assert_true(k != 0 || (a[k][i] >= 2 && a[k][i] < 5));
            assert_true(k < 2 || fabs(a[k][i]) == 1);
        }
    }
    assert_true(fabs(mean[0] - 3.5) < 0.05 && fabs(mean[1] - 1) < 0.1 && fabs(mean[2]) < 0.05);
    assert_true(fabs(square[0] - 13) < 0.3 && fabs(square[1] - 5) < 0.3);
    assert_memory_not_equal(a[2], a[3], sizeof(double) * 10000);
    options.seed = 4;
    assert_true(ref_eval(g, refs, 4, &options, &arena, b, NULL));
    assert_memory_not_equal(a[2], b[2], sizeof(double) * 10000);
    arena_free(&arena);
}

static void test_blas_names_itself(void **state) {
    (void)state;
    assert_non_null(strstr(blas_version(), "OpenBLAS"));
    assert_true(strlen(blas_core()) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemm_equals_plain),
        cmocka_unit_test(test_float_is_near_double),
        cmocka_unit_test(test_adjoints),
        cmocka_unit_test(test_expand_adjoint),
        cmocka_unit_test(test_driver_shares_values),
        cmocka_unit_test(test_leaf_failure_is_reported),
        cmocka_unit_test(test_random_leaves),
        cmocka_unit_test(test_blas_names_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
