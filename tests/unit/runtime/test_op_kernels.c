/* Every op that kernels exist for, alone in a plan, against the reference executor in double: at least 200 seeded
 * shapes each, batches of 1, 5, 16 and 33 among them. Ops whose axes no layout covers are refused by name. */
#include "runtime/op_cases.h"
#include "runtime/plan_case.h"
#include "runtime/ref_check.h"

#include <stdio.h>

#ifdef __SANITIZE_ADDRESS__
enum { SHAPES = 40 };
#else
enum { SHAPES = 200 };
#endif
enum { TRIES = 40 * SHAPES };

/* Ops that only the reference computes: they make targets, once a run. */
static const IrOp without_kernel[] = {IR_OP_shuffle};

static bool has_kernel(IrOp op) {
    for (size_t i = 0; i < ARRAY_LEN(without_kernel); i++)
        if (without_kernel[i] == op)
            return false;
    return true;
}

/* Against |a - b| / (1 + |b|): long sums and transformed convolutions round more than single operations. */
static double tolerance(IrOp op) {
    switch (ir_op_info(op)->class) {
    case IR_CLASS_CONV:
        return 1e-4;
    case IR_CLASS_REDUCE:
    case IR_CLASS_CONTRACT:
    case IR_CLASS_RESIZE:
    case IR_CLASS_NORM:
        return 2e-5;
    case IR_CLASS_MOVE:
        return 0;
    default:
        return 3e-6;
    }
}

static void fill(const PlanCase *k, const Checked *checked) {
    float *all = (float *)(void *)k->base;
    for (int64_t i = 0; i < k->plan.arena_bytes / 4; i++)
        all[i] = 1e3f;
    memset(k->base + k->plan.zero_offset, 0, (size_t)k->plan.zero_bytes);
    for (size_t l = 0; l < k->plan.nleaves; l++) {
        const PlanLeaf *leaf = &k->plan.leaves[l];
        const Tensor *t = &checked->in[leaf->uid];
        float *dense = malloc((size_t)leaf->elements * sizeof(float));
        for (int64_t i = 0; i < leaf->elements; i++)
            dense[i] = (float)t->at[i];
        float *to = (float *)(void *)(k->base + leaf->offset);
        if (leaf->lanes)
            plan_write_lanes(&t->type, dense, to);
        else
            memcpy(to, dense, (size_t)leaf->elements * sizeof(float));
        free(dense);
    }
}

/* False: no kernel for these axes. */
static bool run_case(Jit *jit, IrOp op, uint64_t seed, bool batch[34]) {
    Checked checked;
    OpCase c = op_case(op, seed, OP_CASE_FULL);
    check_make(&checked, &c, OP_VALUES_PLAIN);
    IrGraph *g = ir_graph_new(&checked.arena);
    IrRef inputs[OP_CASE_INPUTS], root = op_case_build(g, &c, inputs);
    const char *name = "out";
    IrModule m = {g, 1, &root, &name};
    PlanCase k = {0};
    NascError err = {0};
    bool made =
        plan_make(jit, &checked.arena, &m, NULL, 0, &(PlanOptions){.fuse = true}, &k.plan, &err);
    if (made) {
        k.base = aligned_alloc(64, (size_t)(k.plan.arena_bytes + 64));
        fill(&k, &checked);
        plan_run(&k.plan, PLAN_FORWARD, k.base);
        check_eval(&checked, REF_DOUBLE, false);
        const float *out = case_output(&k, &checked.arena, 0);
        double d = case_distance(out, checked.out.at, ir_type_elements(&checked.out.type));
        if (!(d <= tolerance(op)))
            fail_msg("%s, seed %d: distance %g", ir_op_info(op)->name, (int)seed, d);
        for (uint32_t i = 0; i < c.nin; i++)
            batch[MIN(ir_type_size(&c.in[i], IR_AXIS_N), 33)] = true;
        case_free(&k);
    } else if (err.status != NASC_PROGRAM_ERROR) {
        fail_msg("%s, seed %d: %s", ir_op_info(op)->name, (int)seed, err.message);
    }
    check_free(&checked);
    return made;
}

static void run_class(void **state, IrClass class) {
    for (IrOp op = 0; op < IR_OP_COUNT; op++) {
        if (ir_op_info(op)->class != class)
            continue;
        bool batch[34] = {false};
        int made = 0;
        for (uint64_t seed = 0; seed < TRIES && made < SHAPES; seed++)
            made += run_case(*state, op, seed, batch);
        if (getenv("NASC_TEST_PRINT"))
            printf("%s: %d shapes, %lld kernels\n", ir_op_info(op)->name, made,
                   (long long)jit_stats(*state).kernels_compiled);
        if (made != (has_kernel(op) ? SHAPES : 0))
            fail_msg("%s: %d shapes compiled", ir_op_info(op)->name, made);
        if (has_kernel(op))
            assert_true(batch[1] && batch[5] && batch[16] && batch[33]);
    }
}

static void test_elementwise(void **state) {
    run_class(state, IR_CLASS_EW);
}
static void test_reductions(void **state) {
    run_class(state, IR_CLASS_REDUCE);
}
static void test_moves(void **state) {
    run_class(state, IR_CLASS_MOVE);
}
static void test_convolutions(void **state) {
    run_class(state, IR_CLASS_CONV);
}
static void test_pools(void **state) {
    run_class(state, IR_CLASS_POOL);
}
static void test_resizes(void **state) {
    run_class(state, IR_CLASS_RESIZE);
}
static void test_contractions(void **state) {
    run_class(state, IR_CLASS_CONTRACT);
}
static void test_norms(void **state) {
    run_class(state, IR_CLASS_NORM);
}

static int open_session(void **state) {
    *state = case_jit(NULL);
    return 0;
}

static int close_session(void **state) {
    jit_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise), cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_moves),       cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_pools),       cmocka_unit_test(test_resizes),
        cmocka_unit_test(test_norms),       cmocka_unit_test(test_contractions),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
