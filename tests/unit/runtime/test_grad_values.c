/* Gradient rules against central finite differences in double, op by op: the gradient of sum(c *
 * op(x)) for each input, and once more the gradient of its inner product with random tensors. Where
 * an op has kinks its values keep away from them by more than a step. */
#include "ir/passes.h"
#include "runtime/ref_check.h"

enum { SEEDS = 25, MAX_LEAVES = 2 * OP_CASE_INPUTS + 2 };
static const double STEP = 1e-5;

/* A scalar over `input` leaves, slot = index here. */
typedef struct Scalar {
    Arena arena;
    IrGraph *g;
    IrRef leaf[MAX_LEAVES];
    double *value[MAX_LEAVES];
    int nleaves;
    IrRef root;
} Scalar;

static bool leaf_value(void *user, const IrNode *node, IrRef ref, double *out, NascError *err) {
    (void)ref, (void)err;
    const Scalar *s = user;
    memcpy(out, s->value[node->attr->uid], sizeof(double) * (size_t)ir_type_elements(&node->type));
    return true;
}

static double *eval(Scalar *s, Arena *arena, IrRef r) {
    RefOptions options = {.precision = REF_DOUBLE, .plain = true, .leaf = leaf_value, .user = s};
    NascError err = {0};
    double *out;
    if (!ref_eval(s->g, &r, 1, &options, arena, &out, &err))
        fail_msg("%s", err.message);
    return out;
}

static double eval_scalar(Scalar *s) {
    Arena arena;
    arena_init(&arena, "eval");
    double value = *eval(s, &arena, s->root);
    arena_free(&arena);
    return value;
}

static double noise(uint64_t seed, uint64_t purpose, uint64_t index) {
    RandomStream r = random_stream(seed, 0, RANDOM_TEST, (Hash128){99, purpose});
    return 2 * random_uniform(r, index) - 1;
}

static IrRef add_leaf(Scalar *s, const IrType *type, uint64_t seed) {
    int k = s->nleaves++;
    size_t n = (size_t)ir_type_elements(type);
    s->leaf[k] = ir_input(s->g, type, (uint64_t)k, NULL);
    s->value[k] = ARENA_ARRAY(&s->arena, double, n);
    for (size_t i = 0; i < n; i++)
        s->value[k][i] = noise(seed, 100 + (uint64_t)k, i);
    return s->leaf[k];
}

static IrRef inner_product(IrGraph *g, IrRef a, IrRef b) {
    IrRef p = ir_binary(g, IR_OP_mul, a, b);
    IrType t = ir_get(g, p)->type;
    return t.rank ? ir_reduce(g, IR_OP_reduce_sum, p, t.axis, t.rank) : p;
}

static void setup(Scalar *s, const OpCase *c) {
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, "scalar");
    s->g = ir_graph_new(&s->arena);
    IrRef y = op_case_build(s->g, c, s->leaf);
    s->nleaves = (int)c->nin;
    OpValues kind = ir_op_info(c->op)->traits & IR_T_K ? OP_VALUES_APART : OP_VALUES_PLAIN;
    for (uint32_t i = 0; i < c->nin; i++) {
        s->value[i] = ARENA_ARRAY(&s->arena, double, ir_type_elements(&c->in[i]));
        op_case_fill(c, i, kind, s->value[i]);
    }
    IrType type = ir_get(s->g, y)->type;
    s->root = inner_product(s->g, y, add_leaf(s, &type, c->seed));
}

static bool differentiate(Scalar *s, const IrRef *wrt, size_t n, IrModule *out) {
    const char *name = "loss";
    IrModule m = {s->g, 1, &s->root, &name};
    IrError err = {0};
    bool ok = ir_gradient(&s->arena, &m, 0, wrt, n, out, &err);
    assert_true(ok || err.message[0]);
    return ok;
}

/* <gradient, direction> for leaf k; the two may differ in the order of axes. */
static double along(Scalar *s, int k, IrRef gradient, const double *direction) {
    Arena arena;
    arena_init(&arena, "eval");
    const IrType *type = &ir_get(s->g, s->leaf[k])->type;
    Tensor t = {ir_get(s->g, gradient)->type, eval(s, &arena, gradient)};
    assert_true(ir_type_same(&t.type, type));
    double sum = 0;
    for (int64_t i = 0; i < ir_type_elements(type); i++) {
        int64_t index[IR_MAX_AXES] = {0};
        tensor_unravel(type, i, index);
        sum += tensor_named(&t, type, index) * direction[i];
    }
    arena_free(&arena);
    return sum;
}

static double difference(Scalar *s, int k, const double *direction) {
    size_t n = (size_t)ir_type_elements(&ir_get(s->g, s->leaf[k])->type);
    double side[2];
    for (int j = 0; j < 2; j++) {
        double *kept = s->value[k];
        s->value[k] = ARENA_ARRAY(&s->arena, double, n);
        for (size_t i = 0; i < n; i++)
            s->value[k][i] = kept[i] + (j ? STEP : -STEP) * direction[i];
        side[j] = eval_scalar(s);
        s->value[k] = kept;
    }
    return (side[1] - side[0]) / (2 * STEP);
}

static void check(Scalar *s, const OpCase *c, const char *what, int k, IrRef gradient) {
    size_t n = (size_t)ir_type_elements(&ir_get(s->g, s->leaf[k])->type);
    double *direction = ARENA_ARRAY(&s->arena, double, n);
    for (uint64_t turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < n; i++)
            direction[i] = noise(c->seed, 500 + turn, i);
        double want = difference(s, k, direction), got = along(s, k, gradient, direction);
        if (!(fabs(got - want) <= 1e-5 * (1 + fabs(want))))
            fail_msg("%s, seed %d: %s for leaf %d is %.12g, by differences %.12g",
                     ir_op_info(c->op)->name, (int)c->seed, what, k, got, want);
    }
}

/* False: the op has no gradient, or none of second order. */
static void check_op(IrOp op, uint64_t seed, bool *first, bool *second) {
    OpCase c = op_case(op, seed, OP_CASE_SMALL);
    Scalar s;
    setup(&s, &c);
    int nleaves = s.nleaves;
    IrRef wrt[MAX_LEAVES];
    int leaf_of[MAX_LEAVES], n = 0;
    for (int k = 0; k < nleaves; k++)
        if (ir_get(s.g, s.leaf[k])->op == IR_OP_input) {
            leaf_of[n] = k;
            wrt[n++] = s.leaf[k];
        }
    IrModule d1, d2;
    *first = differentiate(&s, wrt, (size_t)n, &d1);
    *second = false;
    if (*first) {
        ir_verify(s.g);
        for (int i = 0; i < n; i++)
            check(&s, &c, "gradient", leaf_of[i], d1.roots[1 + i]);
        IrRef sum = ir_constant(s.g, 0);
        for (int i = 0; i < n; i++) {
            IrType type = ir_get(s.g, d1.roots[1 + i])->type;
            sum = ir_binary(s.g, IR_OP_add, sum,
                            inner_product(s.g, d1.roots[1 + i], add_leaf(&s, &type, seed)));
        }
        s.root = sum;
        *second = differentiate(&s, wrt, (size_t)n, &d2);
    }
    if (*second) {
        ir_verify(s.g);
        for (int i = 0; i < n; i++)
            check(&s, &c, "second gradient", leaf_of[i], d2.roots[1 + i]);
    }
    arena_free(&s.arena);
}

static void test_every_op(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++) {
        IrClass class = ir_op_info((IrOp)op)->class;
        if (class == IR_CLASS_SRC || class == IR_CLASS_LINALG || op == IR_OP_mod ||
            op == IR_OP_shuffle)
            continue; /* linear algebra has no gradient; the last two have slopes that, by definition, do not count */
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            bool first, second;
            check_op((IrOp)op, seed, &first, &second);
            assert_int_equal(first, op != IR_OP_max_pool_dx);
            assert_int_equal(second, op != IR_OP_max_pool_dx && op != IR_OP_max_pool);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_op)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
