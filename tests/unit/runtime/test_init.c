/* Initial values of leaves: bounds, mean and variance against the published formulas, and that they
 * depend on seed, repeat, network and leaf alone. */
#include "runtime/ref_check.h"

enum { O = 40, I = 25, KH = 3, KW = 5, N = O * I * KH * KW };

typedef struct Draws {
    double low, high, mean, variance;
} Draws;

static const Hash128 network = {3, 4};

static void fill(const IrType *t, const IrAttr *attr, int leaf, uint64_t seed, uint64_t repeat,
                 Hash128 hash, double *out) {
    Arena arena;
    arena_init(&arena, "init");
    IrGraph *g = ir_graph_new(&arena);
    IrRef r = IR_NONE;
    for (int k = 0; k <= leaf; k++)
        r = ir_leaf(g, IR_OP_param, t, attr, "weight");
    init_leaf(ir_get(g, r), seed, repeat, hash, out);
    arena_free(&arena);
}

static Draws draws(IrAttr attr) {
    IrType t = op_weight(O, I, KH, KW);
    double *x = malloc(sizeof(double) * N);
    fill(&t, &attr, 0, 1, 0, network, x);
    Draws d = {x[0], x[0], 0, 0};
    for (int i = 0; i < N; i++) {
        assert_true(x[i] == (double)(float)x[i]);
        d.low = fmin(d.low, x[i]);
        d.high = fmax(d.high, x[i]);
        d.mean += x[i] / N;
    }
    for (int i = 0; i < N; i++)
        d.variance += (x[i] - d.mean) * (x[i] - d.mean) / N;
    free(x);
    return d;
}

static void expect_uniform(IrAttr attr, double low, double high) {
    Draws d = draws(attr);
    double width = high - low;
    assert_true(d.low >= low - 1e-7 && d.low < low + width / 500);
    assert_true(d.high <= high + 1e-7 && d.high > high - width / 500);
    assert_true(fabs(d.mean - (low + high) / 2) < width / 50);
    assert_true(fabs(d.variance / (width * width / 12) - 1) < 0.05);
}

/* More than three and less than six deviations are reached by 15,000 draws. */
static void expect_normal(IrAttr attr, double mean, double deviation) {
    Draws d = draws(attr);
    assert_true(fabs(d.mean - mean) < deviation / 20);
    assert_true(fabs(d.variance / (deviation * deviation) - 1) < 0.05);
    assert_true(d.high > mean + 3 * deviation && d.high < mean + 6 * deviation);
    assert_true(d.low < mean - 3 * deviation && d.low > mean - 6 * deviation);
}

/* A part of a leaf is what the whole has there, wherever it begins. */
static void test_parts(void **state) {
    (void)state;
    static const IrAttr laws[] = {{.mode = IR_INIT_DEFAULT}, {.mode = IR_INIT_KAIMING_NORMAL}};
    static const int64_t parts[][2] = {{0, N}, {0, 1}, {1, 1000}, {1001, 37}, {N - 5, 5}};
    IrType t = op_weight(O, I, KH, KW);
    double *whole = malloc(sizeof(double) * N), *part = malloc(sizeof(double) * N);
    for (size_t l = 0; l < ARRAY_LEN(laws); l++) {
        Arena arena;
        arena_init(&arena, "init");
        IrGraph *g = ir_graph_new(&arena);
        const IrNode *leaf = ir_get(g, ir_leaf(g, IR_OP_param, &t, &laws[l], "weight"));
        init_leaf(leaf, 1, 2, network, whole);
        for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
            init_part(leaf, 1, 2, network, parts[i][0], parts[i][1], part);
            assert_memory_equal(part, whole + parts[i][0], (size_t)parts[i][1] * sizeof *part);
        }
        arena_free(&arena);
    }
    free(whole);
    free(part);
}

static void test_uniform(void **state) {
    (void)state;
    double fan_in = 25 * 15, fan_out = 40 * 15;
    expect_uniform((IrAttr){.mode = IR_INIT_DEFAULT}, -1 / sqrt(fan_in), 1 / sqrt(fan_in));
    double xavier = sqrt(6 / (fan_in + fan_out)), kaiming = sqrt(6 / fan_out);
    expect_uniform((IrAttr){.mode = IR_INIT_XAVIER_UNIFORM}, -xavier, xavier);
    expect_uniform((IrAttr){.mode = IR_INIT_KAIMING_UNIFORM}, -kaiming, kaiming);
    expect_uniform((IrAttr){.mode = IR_INIT_UNIFORM, .min = -0.25, .max = 1}, -0.25, 1);
}

static void test_normal(void **state) {
    (void)state;
    expect_normal((IrAttr){.mode = IR_INIT_XAVIER_NORMAL}, 0, sqrt(2.0 / (375 + 600)));
    expect_normal((IrAttr){.mode = IR_INIT_KAIMING_NORMAL}, 0, sqrt(2.0 / 600));
    expect_normal((IrAttr){.mode = IR_INIT_NORMAL, .min = 3, .max = 0.5}, 3, 0.5);
}

static void test_value(void **state) {
    (void)state;
    Draws d = draws((IrAttr){.mode = IR_INIT_VALUE, .value = 0.01});
    assert_true(d.low == (double)0.01f && d.high == (double)0.01f);
}

static void test_identity_of_streams(void **state) {
    (void)state;
    IrType t = op_weight(4, 4, 3, 3);
    IrAttr attr = {.mode = IR_INIT_DEFAULT};
    double a[144], b[144];
    fill(&t, &attr, 0, 1, 0, network, a);
    fill(&t, &attr, 0, 1, 0, network, b);
    assert_memory_equal(a, b, sizeof a);
    fill(&t, &attr, 1, 1, 0, network, b);
    assert_memory_not_equal(a, b, sizeof a);
    fill(&t, &attr, 0, 2, 0, network, b);
    assert_memory_not_equal(a, b, sizeof a);
    fill(&t, &attr, 0, 1, 1, network, b);
    assert_memory_not_equal(a, b, sizeof a);
    fill(&t, &attr, 0, 1, 0, (Hash128){3, 5}, b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* A dense weight [o, i] counts a window of one. */
static void test_dense_fan(void **state) {
    (void)state;
    IrType t = op_matrix(IR_AXIS_O, 3, IR_AXIS_I, 400);
    IrAttr attr = {.mode = IR_INIT_DEFAULT};
    double x[1200], most = 0;
    fill(&t, &attr, 0, 1, 0, network, x);
    for (int i = 0; i < 1200; i++)
        most = fmax(most, fabs(x[i]));
    assert_true(most <= 0.05 + 1e-8 && most > 0.049);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_identity_of_streams),
        cmocka_unit_test(test_dense_fan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
