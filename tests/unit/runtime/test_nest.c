/* Contractions, reductions, broadcasts and moves along any axes through plans: seeded random shapes
 * against the reference executor in double, the same bits on every target and for every split of a
 * range. A sum of k products errs by about sqrt(k) 2^-24 of their size; k < 2,000 here. */
#include "runtime/op_cases.h"
#include "runtime/plan_case.h"

static const char *const targets[] = {"x86-64-v3", "x86-64-v4"};

static IrModule module_of(Arena *arena, const OpCase *c) {
    static const char *name = "y";
    IrRef in[OP_CASE_INPUTS];
    IrModule m = {ir_graph_new(arena), 1, ARENA_NEW(arena, IrRef), &name};
    m.roots[0] = op_case_build(m.graph, c, in);
    return m;
}

/* Ops that no kernel moves between the batch and other axes. */
static bool moves_batch(const OpCase *c) {
    if (ir_op_info(c->op)->class != IR_CLASS_MOVE || c->op == IR_OP_expand)
        return false;
    bool moves = c->attr.axis == IR_AXIS_N;
    for (int i = 0; i < c->attr.naxes; i++)
        moves |= c->attr.axes[i] == IR_AXIS_N;
    return moves;
}

static int64_t elements_of(const IrModule *m) {
    return ir_type_elements(&ir_get(m->graph, m->roots[0])->type);
}

/* Every call in parts of one, last part first. */
static void run_split(const PlanCase *k) {
    for (size_t i = 0; i < k->plan.ncalls[0]; i++) {
        const PlanCall *call = &k->plan.calls[0][i];
        for (int64_t at = call->hi; at-- > call->lo;)
            call->fn(k->base, call->arg, at, at + 1);
    }
}

static void check_case(Jit *const *jit, const OpCase *c) {
    Arena arena;
    arena_init(&arena, "nest");
    IrModule m = module_of(&arena, c);
    double **want = case_reference(&arena, &m, REF_DOUBLE);
    int64_t n = elements_of(&m);
    float *first = NULL;
    for (size_t t = 0; t < ARRAY_LEN(targets); t++) {
        if (!jit[t])
            continue;
        PlanCase k = case_make(jit[t], &arena, &m, NULL, 0, true);
        plan_run(&k.plan, 0, k.base);
        float *got = case_output(&k, &arena, 0);
        double d = case_distance(got, want[0], n);
        if (!(d < 1e-4))
            fail_msg("%s on %s, seed %d: distance %g", ir_op_info(c->op)->name, targets[t],
                     (int)c->seed, d);
        case_fill(&k);
        run_split(&k);
        assert_memory_equal(case_output(&k, &arena, 0), got, (size_t)n * sizeof *got);
        if (first)
            assert_memory_equal(first, got, (size_t)n * sizeof *got);
        first = got;
        case_free(&k);
    }
    arena_free(&arena);
}

static void check_op(Jit *const *jit, IrOp op, int few) {
    for (int seed = 0; seed < case_count(few); seed++) {
        OpCase c = op_case(op, (uint64_t)seed, OP_CASE_FULL);
        if (!moves_batch(&c))
            check_case(jit, &c);
    }
}

static void test_contract(void **state) {
    check_op(*state, IR_OP_contract, 240);
}

static void test_reductions(void **state) {
    check_op(*state, IR_OP_reduce_sum, 60);
    check_op(*state, IR_OP_reduce_mean, 60);
    check_op(*state, IR_OP_reduce_max, 60);
}

static void test_moves(void **state) {
    static const IrOp ops[] = {IR_OP_expand, IR_OP_merge, IR_OP_unmerge, IR_OP_rename,
                               IR_OP_concat, IR_OP_slice, IR_OP_embed};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        check_op(*state, ops[i], 40);
}

/* Operands that lack axes of the result, in any order of axes. */
static void test_broadcast(void **state) {
    check_op(*state, IR_OP_add, 60);
    check_op(*state, IR_OP_mul, 60);
}

/* Softmax over s of q k / sqrt(d), times v, and its gradients: what attention is made of. */
static const char attention[] = "%0 = input {slot=0} : [n=18, head=2, d=5, t=7]\n"
                                "%1 = input {slot=1} : [n=18, head=2, d=5, s=7]\n"
                                "%2 = input {slot=2} : [n=18, head=2, d=5, s=7]\n"
                                "%3 = contract(%0, %1) {axes=d} : [n=18, head=2, t=7, s=7]\n"
                                "%4 = reduce_max(%3) {axes=s} : [n=18, head=2, t=7]\n"
                                "%5 = sub(%3, %4) : [n=18, head=2, t=7, s=7]\n"
                                "%6 = exp(%5) : [n=18, head=2, t=7, s=7]\n"
                                "%7 = reduce_sum(%6) {axes=s} : [n=18, head=2, t=7]\n"
                                "%8 = div(%6, %7) : [n=18, head=2, t=7, s=7]\n"
                                "%9 = contract(%8, %2) {axes=s} : [n=18, head=2, t=7, d=5]\n"
                                "%10 = merge(%9) {axis=c axes=head,d} : [n=18, c=10, t=7]\n"
                                "%11 = mul(%10, %10) : [n=18, c=10, t=7]\n"
                                "%12 = reduce_mean(%11) {axes=n,c,t} : []\n"
                                "root loss = %12\n";

static void test_attention(void **state) {
    Jit *const *jit = *state;
    Arena arena;
    arena_init(&arena, "nest");
    IrModule m, d;
    IrError bad = {0};
    if (!ir_read(&arena, attention, sizeof attention - 1, &m, &bad))
        fail_msg("%s", bad.message);
    assert_true(ir_gradient(&arena, &m, 0, (IrRef[]){0, 1, 2}, 3, &d, &bad));
    IrModule simple = ir_expand(&arena, &d);
    double **want = case_reference(&arena, &simple, REF_DOUBLE);
    float *first[4] = {0};
    for (size_t t = 0; t < ARRAY_LEN(targets); t++)
        for (int fuse = 0; fuse < 2 && jit[t]; fuse++) {
            PlanCase k = case_make(jit[t], &arena, &simple, NULL, 0, fuse);
            plan_run(&k.plan, 0, k.base);
            plan_run(&k.plan, 1, k.base);
            for (size_t i = 0; i < 4; i++) {
                int64_t n = ir_type_elements(&ir_get(simple.graph, simple.roots[i])->type);
                float *got = case_output(&k, &arena, i);
                assert_true(case_distance(got, want[i], n) < 1e-6);
                if (first[i])
                    assert_memory_equal(first[i], got, (size_t)n * sizeof *got);
                first[i] = got;
            }
            case_free(&k);
        }
    arena_free(&arena);
}

static int open_sessions(void **state) {
    static Jit *jit[ARRAY_LEN(targets)];
    for (size_t t = 0; t < ARRAY_LEN(targets); t++)
        jit[t] = case_jit(targets[t]);
    *state = jit;
    return 0;
}

static int close_sessions(void **state) {
    Jit **jit = *state;
    for (size_t t = 0; t < ARRAY_LEN(targets); t++)
        jit_close(jit[t]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),  cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_moves),     cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_attention),
    };
    return cmocka_run_group_tests(tests, open_sessions, close_sessions);
}
