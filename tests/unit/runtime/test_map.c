/* Map and small kernels through plans: random graphs of elementwise ops and reductions, fused and
 * not, against the reference executor, on every target that the host has, for several batches. */
#include "runtime/plan_case.h"
#include "ir/random_graph.h"

enum { MAX_VALUES = 40 };

/* Values by kind: activations, vectors, per-image values, scalars. */
typedef struct Pool {
    IrRef items[MAX_VALUES];
    uint32_t len;
} Pool;

typedef struct Random {
    Rng rng;
    IrGraph *g;
    Pool maps, vectors, images, scalars;
} Random;

static void keep(Pool *p, IrRef r) {
    if (p->len < MAX_VALUES)
        p->items[p->len++] = r;
}

static IrRef pick(Random *s, const Pool *p) {
    return p->items[rng_below(&s->rng, p->len)];
}

/* Recent values more often, so that chains grow. */
static IrRef pick_late(Random *s, const Pool *p) {
    return p->items[p->len - 1 - rng_below(&s->rng, MIN(p->len, 4u))];
}

static void make_leaves(Random *s, int64_t n) {
    const IrAxis axes[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    IrType map = ir_type(4, axes, (int64_t[]){n, 6, 3, 5}),
           image = ir_type(2, axes, (int64_t[]){n, 6});
    IrType vector = ir_type(1, axes + 1, (int64_t[]){6}), scalar = {0};
    for (uint64_t i = 0; i < 3; i++)
        keep(&s->maps, ir_input(s->g, &map, i, "map"));
    keep(&s->images, ir_input(s->g, &image, 3, "image"));
    keep(&s->vectors, ir_leaf(s->g, IR_OP_param, &vector, NULL, "scale"));
    keep(&s->vectors, ir_leaf(s->g, IR_OP_frozen, &vector, NULL, "shift"));
    keep(&s->scalars, ir_leaf(s->g, IR_OP_param, &scalar, NULL, "scalar"));
    keep(&s->scalars, ir_constant(s->g, 1.0));
    keep(&s->scalars, ir_constant(s->g, -0.7));
}

/* Smooth or continuous ops that keep values in a modest range. */
static IrRef unary(Random *s, IrRef x) {
    static const IrOp ops[] = {IR_OP_neg,     IR_OP_abs, IR_OP_relu, IR_OP_tanh,
                               IR_OP_sigmoid, IR_OP_sin, IR_OP_cos};
    uint32_t k = rng_below(&s->rng, ARRAY_LEN(ops) + 4);
    if (k < ARRAY_LEN(ops))
        return ir_unary(s->g, ops[k], x);
    IrRef positive = ir_binary(s->g, IR_OP_add, ir_unary(s->g, IR_OP_abs, x), s->scalars.items[1]);
    static const IrOp positive_ops[] = {IR_OP_sqrt, IR_OP_recip, IR_OP_log};
    if (k - ARRAY_LEN(ops) < 3)
        return ir_unary(s->g, positive_ops[k - ARRAY_LEN(ops)], positive);
    return ir_unary(s->g, IR_OP_exp, ir_unary(s->g, IR_OP_tanh, x));
}

static IrRef other(Random *s) {
    switch (rng_below(&s->rng, 6)) {
    case 0:
        return pick(s, &s->vectors);
    case 1:
        return pick(s, &s->images);
    case 2:
        return pick(s, &s->scalars);
    default:
        return pick(s, &s->maps);
    }
}

static IrRef combine(Random *s, IrRef x) {
    static const IrOp ops[] = {IR_OP_sub, IR_OP_mul, IR_OP_maximum, IR_OP_minimum};
    if (rng_below(&s->rng, 3) == 0) {
        IrRef terms[4] = {x, other(s), pick(s, &s->maps), other(s)};
        return ir_must(s->g, IR_OP_add, terms, 2 + rng_below(&s->rng, 3), NULL);
    }
    if (rng_below(&s->rng, 5) == 0) {
        IrRef test = ir_binary(s->g, IR_OP_less, s->maps.items[0], s->maps.items[1]);
        return ir_must(s->g, IR_OP_select, (IrRef[]){test, x, other(s)}, 3, NULL);
    }
    return ir_binary(s->g, ops[rng_below(&s->rng, ARRAY_LEN(ops))], x, other(s));
}

static void add_value(Random *s) {
    static const IrAxis nhw[] = {IR_AXIS_N, IR_AXIS_H, IR_AXIS_W}, hw[] = {IR_AXIS_H, IR_AXIS_W};
    static const IrOp sums[] = {IR_OP_reduce_mean, IR_OP_reduce_max};
    IrOp op = sums[rng_below(&s->rng, 4) == 0];
    switch (rng_below(&s->rng, 10)) {
    case 0:
        keep(&s->vectors, ir_reduce(s->g, op, pick_late(s, &s->maps), nhw, 3));
        break;
    case 1:
        keep(&s->images, ir_reduce(s->g, op, pick_late(s, &s->maps), hw, 2));
        break;
    case 2:
        keep(&s->vectors, ir_reduce(s->g, op, pick_late(s, &s->images), nhw, 1));
        break;
    case 3:
        keep(&s->vectors, ir_unary(s->g, IR_OP_tanh, pick_late(s, &s->vectors)));
        break;
    case 4:
        keep(&s->images,
             ir_binary(s->g, IR_OP_mul, pick_late(s, &s->images), pick(s, &s->vectors)));
        break;
    case 5: {
        IrRef x = pick_late(s, &s->maps);
        keep(&s->maps, ir_must(s->g, IR_OP_batch_norm, &x, 1, &(IrAttr){.value = 1e-2}));
        break;
    }
    case 6:
    case 7:
        keep(&s->maps, unary(s, pick_late(s, &s->maps)));
        break;
    default:
        keep(&s->maps, combine(s, pick_late(s, &s->maps)));
    }
}

/* Roots: a full sum, the last value of each kind, one value from the middle. */
static IrModule random_map(Arena *arena, uint64_t seed, int64_t batch, uint32_t nops) {
    Random s = {.rng = {seed * 977 + 3}, .g = ir_graph_new(arena)};
    make_leaves(&s, batch);
    for (uint32_t i = 0; i < nops; i++)
        add_value(&s);
    const IrAxis all[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    IrModule m = {s.g, 5, ARENA_ARRAY(arena, IrRef, 5), ARENA_ARRAY(arena, const char *, 5)};
    IrRef last = s.maps.items[s.maps.len - 1];
    m.roots[0] = ir_reduce(s.g, IR_OP_reduce_mean, ir_binary(s.g, IR_OP_mul, last, last), all, 4);
    m.roots[1] = last;
    m.roots[2] = s.vectors.items[s.vectors.len - 1];
    m.roots[3] = s.images.items[s.images.len - 1];
    m.roots[4] = s.maps.items[s.maps.len / 2];
    for (size_t i = 0; i < 5; i++)
        m.root_names[i] = "root";
    return m;
}

static const int64_t batches[] = {1, 5, 16, 33};

static void test_against_reference(void **state) {
    Jit *jit = *state;
    for (int seed = 0; seed < case_count(24); seed++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_map(&arena, (uint64_t)seed, batches[seed % 4], 6 + (uint32_t)seed % 24);
        PlanCase k = case_make(jit, &arena, &m, NULL, 0, true);
        plan_run(&k.plan, 0, k.base);
        double **want = case_reference(&arena, &m, REF_DOUBLE);
        for (size_t i = 0; i < m.nroots; i++) {
            int64_t n = ir_type_elements(&ir_get(m.graph, m.roots[i])->type);
            double d = case_distance(case_output(&k, &arena, i), want[i], n);
            if (!(d < 2e-5))
                fail_msg("seed %d root %zu: distance %g", seed, i, d);
        }
        case_free(&k);
        arena_free(&arena);
    }
}

static void assert_same_bits(const PlanCase *a, const PlanCase *b, const IrModule *m,
                             Arena *arena) {
    for (size_t i = 0; i < m->nroots; i++) {
        int64_t n = ir_type_elements(&ir_get(m->graph, m->roots[i])->type);
        assert_memory_equal(case_output(a, arena, i), case_output(b, arena, i), (size_t)n * 4);
    }
}

static void test_fusion_keeps_bits(void **state) {
    Jit *jit = *state;
    for (int i = 0; i < case_count(12); i++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_map(&arena, 100 + (uint64_t)i, batches[i % 4], 30);
        PlanCase fused = case_make(jit, &arena, &m, NULL, 0, true);
        PlanCase plain = case_make(jit, &arena, &m, NULL, 0, false);
        assert_true(fused.plan.ncalls[0] < plain.plan.ncalls[0]);
        assert_int_equal(plain.plan.ncalls[0], plain.plan.unfused_calls);
        plan_run(&fused.plan, 0, fused.base);
        plan_run(&plain.plan, 0, plain.base);
        assert_same_bits(&fused, &plain, &m, &arena);
        case_free(&fused);
        case_free(&plain);
        arena_free(&arena);
    }
}

static void test_targets_agree(void **state) {
    (void)state;
    const char *names[] = {"x86-64", "x86-64-v3", "x86-64-v4"};
    Jit *jits[3];
    for (int t = 0; t < 3; t++)
        jits[t] = case_jit(names[t]);
    for (int i = 0; i < case_count(6); i++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_map(&arena, 200 + (uint64_t)i, batches[i % 4], 25);
        PlanCase first = case_make(jits[0], &arena, &m, NULL, 0, true);
        plan_run(&first.plan, 0, first.base);
        for (int t = 1; t < 3 && jits[t]; t++) {
            PlanCase k = case_make(jits[t], &arena, &m, NULL, 0, true);
            plan_run(&k.plan, 0, k.base);
            assert_same_bits(&first, &k, &m, &arena);
            case_free(&k);
        }
        case_free(&first);
        arena_free(&arena);
    }
    for (int t = 0; t < 3; t++)
        jit_close(jits[t]);
}

/* A channel range can be split between calls without changing a bit. */
static void test_ranges_split(void **state) {
    Jit *jit = *state;
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = random_map(&arena, 300, 33, 30);
    PlanCase whole = case_make(jit, &arena, &m, NULL, 0, true);
    PlanCase split = case_make(jit, &arena, &m, NULL, 0, true);
    plan_run(&whole.plan, 0, whole.base);
    for (size_t i = 0; i < split.plan.ncalls[0]; i++) {
        const PlanCall *c = &split.plan.calls[0][i];
        for (int64_t at = c->hi; at-- > c->lo;)
            c->fn(split.base, c->arg, at, at + 1);
    }
    assert_same_bits(&whole, &split, &m, &arena);
    case_free(&whole);
    case_free(&split);
    arena_free(&arena);
}

/* Each elementary function over its range, near and far from zero, against the C library in double.
 */
static void test_elementary_functions(void **state) {
    Jit *jit = *state;
    static const IrOp ops[] = {IR_OP_exp,  IR_OP_log,     IR_OP_sin,   IR_OP_cos,
                               IR_OP_tanh, IR_OP_sigmoid, IR_OP_floor, IR_OP_sqrt};
    Arena arena;
    arena_init(&arena, "test");
    IrGraph *g = ir_graph_new(&arena);
    IrType type = ir_type(2, (IrAxis[]){IR_AXIS_N, IR_AXIS_C}, (int64_t[]){16, 50});
    IrRef x = ir_input(g, &type, 0, "x"), y = ir_unary(g, IR_OP_abs, x);
    IrModule m = {g, ARRAY_LEN(ops), ARENA_ARRAY(&arena, IrRef, 8),
                  ARENA_ARRAY(&arena, const char *, 8)};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        m.roots[i] = ir_unary(g, ops[i], ops[i] == IR_OP_log || ops[i] == IR_OP_sqrt ? y : x);
    PlanCase k = case_make(jit, &arena, &m, NULL, 0, true);
    float values[800];
    for (int i = 0; i < 800; i++)
        values[i] = (float)((i - 400) * pow(10, i % 5 - 3) * 0.7 + 1e-4);
    for (int i = 0; i < 800; i++)
        values[i] = fminf(fmaxf(values[i], -60.0f), 60.0f);
    plan_write_lanes(&type, values, (float *)(void *)(k.base + k.plan.leaves[0].offset));
    plan_run(&k.plan, 0, k.base);
    for (size_t r = 0; r < ARRAY_LEN(ops); r++) {
        const float *out = case_output(&k, &arena, r);
        for (int i = 0; i < 800; i++) {
            double v = (double)values[i], want = 0;
            switch (ops[r]) {
            case IR_OP_exp:
                want = exp(v);
                break;
            case IR_OP_log:
                want = log(fabs(v));
                break;
            case IR_OP_sin:
                want = sin(v);
                break;
            case IR_OP_cos:
                want = cos(v);
                break;
            case IR_OP_tanh:
                want = tanh(v);
                break;
            case IR_OP_sigmoid:
                want = 1 / (1 + exp(-v));
                break;
            case IR_OP_floor:
                want = floor(v);
                break;
            default:
                want = sqrt(fabs(v));
            }
            if (!(fabs((double)out[i] - want) <= 3e-7 * fabs(want) + 2e-7 * (r == 2 || r == 3)))
                fail_msg("%s(%g) = %.9g, expected %.9g", ir_op_info(ops[r])->name, v,
                         (double)out[i], want);
        }
    }
    case_free(&k);
    arena_free(&arena);
}

static void test_axes_without_layout(void **state) {
    Jit *jit = *state;
    Arena arena;
    arena_init(&arena, "test");
    const char text[] = "%0 = input {slot=0} : [n=4, c=3, h=2, w=2]\n"
                        "%1 = rename(%0) {axis=n axis2=m} : [m=4, c=3, h=2, w=2]\n"
                        "root y = %1\n";
    IrModule m;
    IrError bad;
    assert_true(ir_read(&arena, text, sizeof text - 1, &m, &bad));
    Plan plan;
    NascError err = {0};
    assert_false(plan_make(jit, &arena, &m, NULL, 0, &(PlanOptions){.fuse = true}, &plan, &err));
    assert_int_equal(err.status, NASC_PROGRAM_ERROR);
    assert_non_null(strstr(err.message, "rename cannot be compiled"));
    arena_free(&arena);
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
        cmocka_unit_test(test_against_reference),    cmocka_unit_test(test_fusion_keeps_bits),
        cmocka_unit_test(test_targets_agree),        cmocka_unit_test(test_ranges_split),
        cmocka_unit_test(test_elementary_functions), cmocka_unit_test(test_axes_without_layout),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
