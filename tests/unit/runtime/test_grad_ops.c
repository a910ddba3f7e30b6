/* Gradient rules of every op against central differences of the reference executor in double: the
 * first derivative, and the second, by differentiating the gradient once more. Values stay away
 * from kinks. */
#include "runtime/ref_check.h"

enum { SEEDS = 25, ELEMENTS = 8, SLOT_WEIGHT = OP_CASE_INPUTS, SLOTS = 2 * OP_CASE_INPUTS + 1 };

/* A case as a scalar function: loss = sum(y * weight). Slots 0 .. 5 are the inputs, slot 6 the
 * weight of y, slots 7 + i the direction in which the gradient for input i is taken. */
typedef struct Problem {
    Checked k;
    Tensor value[SLOTS];
    IrGraph *g;
    IrModule module; /* root 0: the loss */
    IrRef inputs[OP_CASE_INPUTS];
    uint32_t nwrt;
} Problem;

static IrRef weighted_sum(Problem *p, IrRef y, int slot) {
    IrType type = ir_get(p->g, y)->type;
    p->value[slot] = (Tensor){type, ARENA_ARRAY(&p->k.arena, double, ir_type_elements(&type))};
    RandomStream s = random_stream(p->k.c.seed, (uint64_t)slot, RANDOM_TEST, (Hash128){5, 6});
    for (int64_t i = 0; i < ir_type_elements(&type); i++)
        p->value[slot].at[i] = random_normal(s, (uint64_t)i);
    IrRef product = ir_binary(p->g, IR_OP_mul, y, ir_input(p->g, &type, (uint64_t)slot, "weight"));
    return type.rank ? ir_reduce(p->g, IR_OP_reduce_sum, product, type.axis, type.rank) : product;
}

static void set_loss(Problem *p, IrRef loss) {
    static const char *name = "loss";
    p->module = (IrModule){p->g, 1, ARENA_NEW(&p->k.arena, IrRef), &name};
    p->module.roots[0] = loss;
}

static void problem_make(Problem *p, IrOp op, uint64_t seed) {
    memset(p, 0, sizeof *p);
    OpCase c = op_case(op, seed, OP_CASE_SMALL);
    if (ir_op_info(op)->class == IR_CLASS_NORM)
        c.attr.value = 0.1; /* two nearly equal images would make a cliff */
    check_make(&p->k, &c, ir_op_info(op)->traits & IR_T_K ? OP_VALUES_APART : OP_VALUES_PLAIN);
    if (op == IR_OP_select) /* the condition is compared with 0 */
        op_case_fill(&c, 0, OP_VALUES_TIES, p->k.in[0].at);
    memcpy(p->value, p->k.in, sizeof p->k.in);
    p->g = ir_graph_new(&p->k.arena);
    IrRef y = op_case_build(p->g, &c, p->inputs);
    p->nwrt = op == IR_OP_pow ? 1 : c.nin;
    if (op == IR_OP_select) { /* of the two that are chosen from */
        p->nwrt = 2;
        p->inputs[0] = p->inputs[2];
    }
    set_loss(p, weighted_sum(p, y, SLOT_WEIGHT));
}

static double **evaluate(Problem *p, const IrModule *m) {
    RefOptions options = {
        .precision = REF_DOUBLE, .plain = true, .leaf = checked_leaf, .user = p->value};
    double **out = ARENA_ARRAY(&p->k.arena, double *, m->nroots);
    assert_true(ref_eval(m->graph, m->roots, m->nroots, &options, &p->k.arena, out, NULL));
    return out;
}

static double loss_with(Problem *p, double *x, double value) {
    double kept = *x;
    *x = value;
    double loss = evaluate(p, &p->module)[0][0];
    *x = kept;
    return loss;
}

/* The roots after the loss are the gradients for p->inputs. */
static void compare_with_differences(Problem *p, const IrModule *m, double tolerance) {
    double **roots = evaluate(p, m);
    for (uint32_t k = 0; k < p->nwrt; k++) {
        const IrNode *input = ir_get(p->g, p->inputs[k]);
        Tensor *x = &p->value[input->attr->uid];
        Tensor grad = {ir_get(m->graph, m->roots[1 + k])->type, roots[1 + k]};
        assert_true(ir_type_same(&grad.type, &x->type));
        int64_t n = ir_type_elements(&x->type), step = MAX(n / ELEMENTS, 1);
        for (int64_t i = 0; i < n; i += step) {
            double h = 1e-5, at = x->at[i];
            double want =
                (loss_with(p, &x->at[i], at + h) - loss_with(p, &x->at[i], at - h)) / (2 * h);
            int64_t index[IR_MAX_AXES] = {0};
            tensor_unravel(&x->type, i, index);
            double got = tensor_named(&grad, &x->type, index);
            if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
                fail_msg("%s, seed %d, input %u, element %d: gradient %.10g, differences %.10g",
                         ir_op_info(p->k.c.op)->name, (int)p->k.c.seed, k, (int)i, got, want);
        }
    }
}

static bool differentiate(Problem *p, IrModule *out) {
    IrError err = {0};
    return ir_gradient(&p->k.arena, &p->module, 0, p->inputs, p->nwrt, out, &err);
}

/* Replaces the loss by the derivative of the loss in a random direction. */
static void take_direction(Problem *p, const IrModule *gradients) {
    IrRef terms[OP_CASE_INPUTS];
    for (uint32_t k = 0; k < p->nwrt; k++)
        terms[k] = weighted_sum(p, gradients->roots[1 + k], SLOT_WEIGHT + 1 + (int)k);
    set_loss(p, p->nwrt == 1 ? terms[0] : ir_must(p->g, IR_OP_add, terms, p->nwrt, NULL));
}

static bool has_gradient(IrOp op) {
    const IrOpInfo *info = ir_op_info(op);
    return info->class != IR_CLASS_SRC && info->class != IR_CLASS_LINALG &&
           !(info->traits & IR_T_N) && op != IR_OP_max_pool_dx;
}

static void test_first_derivatives(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++)
        for (uint64_t seed = 0; has_gradient((IrOp)op) && seed < SEEDS; seed++) {
            Problem p;
            IrModule gradients;
            problem_make(&p, (IrOp)op, seed);
            assert_true(differentiate(&p, &gradients));
            compare_with_differences(&p, &gradients, 1e-7);
            check_free(&p.k);
        }
}

static void test_second_derivatives(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++)
        for (uint64_t seed = 0; has_gradient((IrOp)op) && seed < SEEDS / 3; seed++) {
            if (op == IR_OP_max_pool)
                continue;
            Problem p;
            IrModule first, second;
            problem_make(&p, (IrOp)op, seed);
            assert_true(differentiate(&p, &first));
            take_direction(&p, &first);
            assert_true(differentiate(&p, &second));
            compare_with_differences(&p, &second, 1e-6);
            check_free(&p.k);
        }
}

static void test_piecewise_constant_ops_have_none(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++) {
        if (!(ir_op_info((IrOp)op)->traits & IR_T_N))
            continue;
        Problem p;
        IrModule gradients;
        problem_make(&p, (IrOp)op, 1);
        assert_true(differentiate(&p, &gradients));
        double **roots = evaluate(&p, &gradients);
        for (uint32_t k = 0; k < p.nwrt; k++)
            for (int64_t i = 0; i < ir_type_elements(&p.value[k].type); i++)
                assert_true(roots[1 + k][i] == 0);
        check_free(&p.k);
    }
}

/* The gradient of max pooling cannot be differentiated by the gradient that it distributes. */
static void test_max_pool_has_no_second(void **state) {
    (void)state;
    Problem p;
    IrModule gradients;
    problem_make(&p, IR_OP_max_pool_dx, 1);
    assert_false(differentiate(&p, &gradients));
    check_free(&p.k);
}

/* Conventions that finite differences cannot see: relu'(0) = 0. */
static void test_relu_at_zero(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "relu");
    IrGraph *g = ir_graph_new(&arena);
    IrType t = op_vector(3);
    IrRef x = ir_input(g, &t, 0, "x"), y = ir_unary(g, IR_OP_relu, x);
    IrRef loss = ir_reduce(g, IR_OP_reduce_sum, y, t.axis, 1);
    const char *name = "loss";
    IrModule m = {g, 1, &loss, &name}, gradients;
    assert_true(ir_gradient(&arena, &m, 0, &x, 1, &gradients, NULL));
    double values[] = {-1, 0, 1}, *out[2];
    Tensor in = {t, values};
    RefOptions options = {.precision = REF_FLOAT, .leaf = checked_leaf, .user = &in};
    assert_true(ref_eval(g, gradients.roots, 2, &options, &arena, out, NULL));
    assert_true(out[1][0] == 0 && out[1][1] == 0 && out[1][2] == 1);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_derivatives),
        cmocka_unit_test(test_second_derivatives),
        cmocka_unit_test(test_piecewise_constant_ops_have_none),
        cmocka_unit_test(test_max_pool_has_no_second),
        cmocka_unit_test(test_relu_at_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
