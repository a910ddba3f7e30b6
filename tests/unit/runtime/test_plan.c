/* Plans of whole networks: training against the reference executor, fused against unfused, targets
 * against each other, what the listing says, how many calls and kernels networks take. */
#include "runtime/nets.h"
#include "runtime/plan_case.h"
#include "runtime/ref_train.h"
#include "ir/random_graph.h"

#include <stdio.h>

enum { MAX_PARAMS = 256 };

static const int cell_ops[6] = {3, 1, 2, 3, 1, 2}, pool_ops[6] = {3, 4, 1, 2, 3, 4};

/* Updates for every param of the module; decay on weights only. */
static size_t all_updates(const IrModule *m, PlanUpdate *updates) {
    size_t n = 0;
    for (size_t i = 0; i < ir_graph_len(m->graph); i++) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        if (node->op != IR_OP_param)
            continue;
        assert_true(n < MAX_PARAMS);
        updates[n++] = (PlanUpdate){node->attr->uid, 0.05, 0.9, node->type.rank >= 2 ? 4e-3 : 0, 0};
    }
    return n;
}

static float scalar(const PlanCase *k, size_t i) {
    float v;
    memcpy(&v, k->base + k->plan.scalar_offset[i], sizeof v);
    return v;
}

static void step(const PlanCase *k, float scalars[2]) {
    plan_run(&k->plan, 0, k->base);
    scalars[0] = scalar(k, 0);
    scalars[1] = scalar(k, 1);
    plan_run(&k->plan, 1, k->base);
    plan_run(&k->plan, 2, k->base);
}

/* Losses and measures of `steps` forward passes by the reference, [step][scalar]. */
static void reference_steps(Arena *arena, const IrModule *m, const PlanUpdate *updates, size_t n,
                            int steps, double *scalars) {
    IrRef wrt[MAX_PARAMS];
    RefParam params[MAX_PARAMS];
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < ir_graph_len(m->graph); r++) {
            const IrNode *node = ir_get(m->graph, (IrRef)r);
            if (node->op != IR_OP_param || node->attr->uid != updates[i].uid)
                continue;
            wrt[i] = (IrRef)r;
            int64_t elements = ir_type_elements(&node->type);
            params[i] = (RefParam){updates[i].uid,   m->nroots + i,
                                   updates[i].lr,    updates[i].momentum,
                                   updates[i].decay, ARENA_ARRAY(arena, double, elements)};
            case_ref_leaf(NULL, node, (IrRef)r, params[i].value, NULL);
        }
    IrModule g;
    IrError bad;
    NascError err = {0};
    assert_true(ir_gradient(arena, m, 0, wrt, n, &g, &bad));
    RefOptions options = {.precision = REF_DOUBLE, .leaf = case_ref_leaf};
    assert_true(ref_train(&g, 2, params, n, steps, &options, scalars, &err));
}

static void check_module(Jit *jit, const IrModule *m) {
    enum { STEPS = 3 };
    Arena arena;
    arena_init(&arena, "test");
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(m, updates);
    PlanCase k = case_make(jit, &arena, m, updates, n, true);
    double want[2 * STEPS];
    reference_steps(&arena, m, updates, n, STEPS, want);
    for (int s = 0; s < STEPS; s++) {
        float got[2];
        step(&k, got);
        for (int i = 0; i < 2; i++) {
            double d = fabs((double)got[i] - want[2 * s + i]) / fabs(want[2 * s + i]);
            if (!(d < (s == 0 ? 1e-5 : 1e-3)))
                fail_msg("step %d scalar %d: %g, expected %g", s, i, (double)got[i],
                         want[2 * s + i]);
        }
    }
    assert_true(fabs(want[0] - want[2 * STEPS - 2]) > 1e-3 * want[0]);
    case_free(&k);
    arena_free(&arena);
}

static void check_training(Jit *jit, const int *ops, bool pools, int64_t batch) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = net_nb201(&arena, ops, batch, 8, 4, 1, pools, 8);
    check_module(jit, &m);
    arena_free(&arena);
}

/* What cells of other spaces have: depthwise and grouped windows, a dilation, max pooling,
 * concatenation, channel gates through dense layers, bilinear resize, a measure over weights. */
static IrModule net_mixed(Arena *arena, int64_t batch) {
    Net s = {ir_graph_new(arena)};
    IrType t = ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                       (int64_t[]){batch, 3, 10, 7});
    IrRef x = net_bn(&s, net_conv(&s, ir_input(s.g, &t, 0, "image"), 3, 1, 8, false, IR_OP_param));
    IrType wide = ir_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                          (int64_t[]){8, 1, 5, 5});
    IrRef weight = ir_leaf(s.g, IR_OP_param, &wide, &(IrAttr){.mode = IR_INIT_DEFAULT}, "w");
    IrRef deep = ir_must(
        s.g, IR_OP_conv, (IrRef[]){ir_unary(s.g, IR_OP_relu, x), weight}, 2,
        &(IrAttr){
            .kernel = {5, 5}, .stride = {1, 1}, .pad = {4, 4}, .dilation = {2, 2}, .groups = 8});
    IrRef pooled =
        ir_must(s.g, IR_OP_max_pool, &x, 1,
                &(IrAttr){.kernel = {3, 3}, .stride = {1, 1}, .pad = {1, 1}, .dilation = {1, 1}});
    IrRef joined =
        ir_must(s.g, IR_OP_concat, (IrRef[]){deep, pooled, x}, 3, &(IrAttr){.axis = IR_AXIS_C});
    IrRef y = net_bn(&s, joined);
    IrType gate = ir_type(2, (IrAxis[]){IR_AXIS_O, IR_AXIS_I}, (int64_t[]){24, 24});
    IrRef in[3] = {ir_reduce(s.g, IR_OP_reduce_mean, y, (IrAxis[]){IR_AXIS_H, IR_AXIS_W}, 2),
                   ir_leaf(s.g, IR_OP_param, &gate, &(IrAttr){.mode = IR_INIT_DEFAULT}, "w"),
                   net_vector(&s, 24, 0)};
    IrRef z = ir_binary(s.g, IR_OP_mul, y,
                        ir_unary(s.g, IR_OP_sigmoid, ir_must(s.g, IR_OP_dense, in, 3, NULL)));
    IrRef small = ir_must(s.g, IR_OP_resize, &z, 1,
                          &(IrAttr){.mode = IR_RESIZE_BILINEAR, .out_size = {5, 6}});
    IrRef loss = net_tap_loss(&s, small, 5, 6, 1);
    const IrAxis all[] = {IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW};
    IrRef measure = ir_reduce(s.g, IR_OP_reduce_sum, ir_unary(s.g, IR_OP_abs, weight), all, 4);
    return net_module(arena, &s, loss, measure);
}

static void test_mixed_ops(void **state) {
    for (int64_t batch = 3; batch <= 33; batch += 15) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = net_mixed(&arena, batch);
        check_module(*state, &m);
        arena_free(&arena);
    }
}

static void test_training(void **state) {
    check_training(*state, cell_ops, false, 16);
    check_training(*state, cell_ops, false, 5);
}

static void test_training_with_pools(void **state) {
    check_training(*state, pool_ops, true, 16);
    check_training(*state, pool_ops, true, 17);
}

/* Gradients in the arena after one backward pass, by parameter, against the reference's. */
static void check_gradients(Jit *jit, uint64_t seed) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = random_module(&arena, seed, 12, RANDOM_SMOOTH);
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    for (size_t i = 0; i < n; i++)
        updates[i] = (PlanUpdate){updates[i].uid, 1, 0, 0, 0};
    PlanCase k = case_make(jit, &arena, &m, updates, n, true);
    PlanCase plain = case_make(jit, &arena, &m, updates, n, false);
    for (int part = 0; part < 3; part++) {
        plan_run(&k.plan, part, k.base);
        plan_run(&plain.plan, part, plain.base);
    }
    /* With lr 1 and no momentum a parameter becomes itself minus its gradient. */
    assert_int_equal(k.plan.nleaves, plain.plan.nleaves);
    IrRef wrt[MAX_PARAMS];
    size_t nwrt = 0;
    for (size_t r = 0; r < ir_graph_len(m.graph); r++)
        if (ir_get(m.graph, (IrRef)r)->op == IR_OP_param)
            wrt[nwrt++] = (IrRef)r;
    IrModule g;
    IrError bad;
    assert_true(ir_gradient(&arena, &m, 0, wrt, nwrt, &g, &bad));
    double **want = case_reference(&arena, &g, REF_DOUBLE);
    for (size_t l = 0; l < k.plan.nleaves; l++) {
        const PlanLeaf *leaf = &k.plan.leaves[l];
        assert_memory_equal(k.base + leaf->offset, plain.base + plain.plan.leaves[l].offset,
                            (size_t)leaf->elements * 4);
        if (leaf->op != IR_OP_param)
            continue;
        const float *now = (const float *)(const void *)(k.base + leaf->offset);
        size_t i = 0;
        while (ir_get(m.graph, wrt[i])->attr->uid != leaf->uid)
            i++;
        for (int64_t e = 0; e < leaf->elements; e++) {
            double w = (double)case_leaf_value(IR_OP_param, leaf->uid, e),
                   d = want[m.nroots + i][e];
            if (!(fabs(w - d - (double)now[e]) < 2e-4 * (1 + fabs(d))))
                fail_msg("seed %d param %d element %d: gradient %g, expected %g", (int)seed,
                         (int)leaf->uid, (int)e, w - (double)now[e], d);
        }
    }
    case_free(&k);
    case_free(&plain);
    arena_free(&arena);
}

static void test_gradients_of_random_nets(void **state) {
    for (uint64_t seed = 1; seed <= 16; seed++)
        check_gradients(*state, seed);
}

static void test_bits(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = net_nb201(&arena, pool_ops, 17, 8, 4, 1, true, 8);
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    const char *targets[] = {"x86-64-v3", "x86-64-v3", "x86-64-v4"};
    float first[6] = {0};
    for (int t = 0; t < 3; t++) {
        Jit *jit = case_jit(targets[t]);
        if (!jit)
            continue;
        PlanCase k = case_make(jit, &arena, &m, updates, n, t != 1);
        float got[6];
        for (int s = 0; s < 3; s++)
            step(&k, got + 2 * s);
        if (t == 0)
            memcpy(first, got, sizeof first);
        assert_memory_equal(first, got, sizeof first);
        case_free(&k);
        jit_close(jit);
    }
    arena_free(&arena);
}

/* Two biases that are added to one sum have one gradient; both move by it. */
static void test_shared_gradient(void **state) {
    static const char text[] = "%0 = input {slot=0} : [n=16, c=3, h=2, w=2]\n"
                               "%1 = param {uid=0} : [c=3]\n"
                               "%2 = param {uid=1} : [c=3]\n"
                               "%3 = add(%0, %1, %2) : [n=16, c=3, h=2, w=2]\n"
                               "%4 = mul(%3, %3) : [n=16, c=3, h=2, w=2]\n"
                               "%5 = reduce_mean(%4) {axes=n,c,h,w} : []\n"
                               "root loss = %5\n";
    Arena arena;
    arena_init(&arena, "test");
    IrModule m;
    IrError bad;
    if (!ir_read(&arena, text, sizeof text - 1, &m, &bad))
        fail_msg("%s", bad.message);
    Jit *jit = *state;
    PlanUpdate updates[2] = {{0, 0.5, 0, 0, 0}, {1, 0.5, 0, 0, 0}};
    PlanCase k = case_make(jit, &arena, &m, updates, 2, true);
    for (int part = 0; part < 3; part++)
        plan_run(&k.plan, part, k.base);
    for (size_t l = 0; l < k.plan.nleaves; l++) {
        const PlanLeaf *leaf = &k.plan.leaves[l];
        const float *now = (const float *)(const void *)(k.base + leaf->offset);
        for (int c = 0; c < 3 && leaf->op == IR_OP_param; c++) {
            double sum = 0;
            for (int i = 0; i < 16 * 3 * 4; i++)
                if (i / 4 % 3 == c)
                    sum += (double)case_leaf_value(IR_OP_input, 0, i);
            sum += 64.0 * ((double)case_leaf_value(IR_OP_param, 0, c) +
                           (double)case_leaf_value(IR_OP_param, 1, c));
            double gradient = 2 * sum / (16 * 3 * 4);
            double want = (double)case_leaf_value(IR_OP_param, leaf->uid, c) - 0.5 * gradient;
            assert_true(fabs((double)now[c] - want) < 1e-6);
        }
    }
    case_free(&k);
    arena_free(&arena);
}

/* loss = sum of a b: the gradient for each is the other, as it was before the update. */
static void test_gradient_that_is_a_parameter(void **state) {
    static const char text[] = "%0 = param {uid=0 init=value} : [c=3]\n"
                               "%1 = param {uid=1 init=value} : [c=3]\n"
                               "%2 = mul(%0, %1) : [c=3]\n"
                               "%3 = reduce_sum(%2) {axes=c} : []\n"
                               "root loss = %3\n";
    Arena arena;
    arena_init(&arena, "test");
    IrModule m;
    IrError bad;
    if (!ir_read(&arena, text, sizeof text - 1, &m, &bad))
        fail_msg("%s", bad.message);
    PlanUpdate updates[2] = {{0, 0.5, 0, 0, 0}, {1, 0.5, 0, 0, 0}};
    PlanCase k = case_make(*state, &arena, &m, updates, 2, true);
    for (int part = 0; part < 3; part++)
        plan_run(&k.plan, part, k.base);
    for (size_t l = 0; l < k.plan.nleaves; l++) {
        const PlanLeaf *leaf = &k.plan.leaves[l];
        const float *now = (const float *)(const void *)(k.base + leaf->offset);
        for (int c = 0; c < 3 && leaf->op == IR_OP_param; c++) {
            double own = (double)case_leaf_value(IR_OP_param, leaf->uid, c);
            double other = (double)case_leaf_value(IR_OP_param, 1 - leaf->uid, c);
            assert_true(fabs((double)now[c] - (own - 0.5 * other)) < 1e-6);
        }
    }
    case_free(&k);
    arena_free(&arena);
}

/* Without a jit a plan is the same but for the code. */
static void test_laid_out_alone(void **state) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = net_nb201(&arena, cell_ops, 16, 8, 4, 1, false, 8);
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    Plan with, without;
    NascError err = {0};
    PlanOptions options = {.fuse = true};
    assert_true(plan_make(*state, &arena, &m, updates, n, &options, &with, &err));
    assert_true(plan_make(NULL, &arena, &m, updates, n, &options, &without, &err));
    assert_true(with.arena_bytes == without.arena_bytes);
    assert_true(with.calls[0][0].fn != NULL);
    assert_true(without.calls[0][0].fn == NULL);
    Buf a = {0}, b = {0};
    plan_print(&a, &with);
    plan_print(&b, &without);
    assert_string_equal(a.text, b.text);
    buf_free(&a);
    buf_free(&b);
    arena_free(&arena);
}

static size_t count_calls(const Plan *p, KernelKind kind) {
    size_t n = 0;
    for (int part = 0; part < PLAN_PARTS; part++)
        for (size_t i = 0; i < p->ncalls[part]; i++)
            n += p->calls[part][i].desc.kind == kind;
    return n;
}

/* What is sliced or joined by channels lies where it is, for one block of images: only a part that is
 * a leaf, or lies elsewhere already, is copied. Values are those of the reference however their
 * places are taken over. */
static void test_views(void **state) {
    static const struct {
        int batch, channels;
        size_t copies;
    } cases[] = {{16, 3, 3}, {5, 4, 3}, {17, 3, 7}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Arena arena;
        arena_init(&arena, "test");
        int n = cases[i].batch, c = cases[i].channels;
        const char *text =
            arena_printf(&arena,
                         "%%0 = input {slot=0} : [n=%d, c=%d, h=2, w=3]\n"
                         "%%1 = relu(%%0) : [n=%d, c=%d, h=2, w=3]\n"
                         "%%2 = mul(%%0, %%0) : [n=%d, c=%d, h=2, w=3]\n"
                         "%%3 = concat(%%1, %%2, %%1) {axis=c} : [n=%d, c=%d, h=2, w=3]\n"
                         "%%4 = concat(%%2, %%0) {axis=c} : [n=%d, c=%d, h=2, w=3]\n"
                         "%%5 = slice(%%3) {axis=c lo=2 hi=%d} : [n=%d, c=%d, h=2, w=3]\n"
                         "%%6 = slice(%%3) {axis=c lo=%d hi=%d} : [n=%d, c=%d, h=2, w=3]\n"
                         "%%7 = sub(%%5, %%6) : [n=%d, c=%d, h=2, w=3]\n"
                         "%%8 = sub(%%1, %%7) : [n=%d, c=%d, h=2, w=3]\n"
                         "%%9 = mul(%%3, %%3) : [n=%d, c=%d, h=2, w=3]\n"
                         "root a = %%8\nroot b = %%4\nroot c = %%9\n",
                         n, c, n, c, n, c, n, 3 * c, n, 2 * c, c + 2, n, c, 2 * c, 3 * c, n, c, n,
                         c, n, c, n, 3 * c);
        IrModule m;
        IrError bad;
        if (!ir_read(&arena, text, strlen(text), &m, &bad))
            fail_msg("%s", bad.message);
        double **want = case_reference(&arena, &m, REF_DOUBLE);
        for (int fuse = 0; fuse < 2; fuse++) {
            PlanCase k = case_make(*state, &arena, &m, NULL, 0, fuse);
            for (int part = 0; part < 2; part++)
                plan_run(&k.plan, part, k.base);
            for (size_t r = 0; r < m.nroots; r++) {
                int64_t size = ir_type_elements(&ir_get(m.graph, m.roots[r])->type);
                assert_true(case_distance(case_output(&k, &arena, r), want[r], size) < 1e-6);
            }
            assert_int_equal(count_calls(&k.plan, KERNEL_copy), cases[i].copies);
            case_free(&k);
        }
        arena_free(&arena);
    }
}

/* The filters of the three frozen convolutions, forward and gradient, are made by the setup alone;
 * with direct kernels alone the same losses come out but for rounding. */
static void test_algorithms(void **state) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = net_nb201(&arena, cell_ops, 16, 16, 8, 1, true, 16);
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    PlanCase k = case_make(*state, &arena, &m, updates, n, true);
    PlanOptions options = {.fuse = true, .direct = true};
    PlanCase direct = case_make_with(*state, &arena, &m, updates, n, options);
    assert_true(count_calls(&k.plan, KERNEL_wino) > 0);
    assert_true(count_calls(&k.plan, KERNEL_wino_dw) > 0);
    assert_int_equal(k.plan.ncalls[PLAN_SETUP], 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(k.plan.calls[PLAN_SETUP][i].desc.kind, KERNEL_wino_filter);
    assert_int_equal(direct.plan.ncalls[PLAN_SETUP], 0);
    for (KernelKind kind = KERNEL_wino_filter; kind <= KERNEL_wino_dw; kind++)
        assert_int_equal(count_calls(&direct.plan, kind), 0);
    bool differ = false;
    for (int s = 0; s < 3; s++) {
        float a[2], b[2];
        step(&k, a);
        step(&direct, b);
        assert_true(fabsf(a[0] - b[0]) < (s == 0 ? 1e-5f : 1e-3f) * b[0]);
        differ |= memcmp(a, b, sizeof a) != 0;
    }
    assert_true(differ);
    case_free(&k);
    case_free(&direct);
    arena_free(&arena);
}

/* Convolutions so wide that each is worked in pieces of its channels. */
static void test_wide(void **state) {
    Arena arena;
    arena_init(&arena, "test");
    Net s = {ir_graph_new(&arena)};
    IrType t =
        ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W}, (int64_t[]){5, 3, 4, 4});
    IrRef x = net_conv(&s, ir_input(s.g, &t, 0, "image"), 3, 1, 330, false, IR_OP_param);
    IrRef y = net_conv(&s, x, 3, 1, 330, true, IR_OP_param);
    IrRef loss = net_tap_loss(&s, y, 8, 8, 1);
    IrModule m = net_module(&arena, &s, loss, ir_binary(s.g, IR_OP_mul, loss, loss));
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    PlanCase k = case_make(*state, &arena, &m, updates, n, true);
    assert_true(count_calls(&k.plan, KERNEL_wino) >= 6); /* three pieces forward and for x */
    assert_true(count_calls(&k.plan, KERNEL_wino_dw) >= 2);
    case_free(&k);
    check_module(*state, &m);
    arena_free(&arena);
}

static size_t count_updates_at_once(const Plan *plan) {
    size_t n = 0;
    for (size_t i = 0; i < plan->ncalls[1]; i++)
        n += strstr(plan->calls[1][i].desc.text, "update=sgd") != NULL;
    return n;
}

/* Large weights are updated by what computes their gradients, but for one that is used twice, whose gradient is a sum;
 * with the same bits as by calls of their own. The measure reads a weight too. */
static void test_updates_at_once(void **state) {
    Arena arena;
    arena_init(&arena, "test");
    Net s = {ir_graph_new(&arena)};
    IrType t =
        ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W}, (int64_t[]){9, 3, 4, 4});
    IrRef x = net_conv(&s, ir_input(s.g, &t, 0, "image"), 3, 1, 90, false, IR_OP_param);
    IrRef strided = net_relu_conv_bn(&s, x, 3, 2, 90);
    IrRef y = net_conv(&s, strided, 3, 1, 90, false, IR_OP_param);
    IrRef shared = ir_get(s.g, y)->in[1];
    IrAttr attr = *ir_get(s.g, y)->attr;
    IrRef again =
        ir_must(s.g, IR_OP_conv, (IrRef[]){ir_unary(s.g, IR_OP_relu, y), shared}, 2, &attr);
    IrRef wide = net_relu_conv_bn(&s, again, 3, 1, 96);
    IrRef wider = net_relu_conv_bn(&s, wide, 1, 1, 700);
    const IrAxis all[] = {IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW};
    IrRef measure = ir_reduce(s.g, IR_OP_reduce_sum, ir_unary(s.g, IR_OP_abs, shared), all, 4);
    IrModule m = net_module(&arena, &s, net_tap_loss(&s, wider, 8, 8, 1), measure);
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    PlanCase k = case_make(*state, &arena, &m, updates, n, true);
    PlanCase plain = case_make(*state, &arena, &m, updates, n, false);
    assert_int_equal(count_updates_at_once(&k.plan), 3);
    assert_int_equal(count_updates_at_once(&plain.plan), 0);
    assert_int_equal(k.plan.ncalls[2] + 3, plain.plan.ncalls[2]);
    assert_true(k.plan.arena_bytes < plain.plan.arena_bytes);
    for (int i = 0; i < 3; i++) {
        float a[2], b[2];
        step(&k, a);
        step(&plain, b);
        assert_memory_equal(a, b, sizeof a);
    }
    for (size_t l = 0; l < k.plan.nleaves; l++)
        assert_memory_equal(k.base + k.plan.leaves[l].offset,
                            plain.base + plain.plan.leaves[l].offset,
                            (size_t)k.plan.leaves[l].elements * 4);
    case_free(&k);
    case_free(&plain);
    check_module(*state, &m);
    arena_free(&arena);
}

static void test_listing(void **state) {
    Arena arena;
    arena_init(&arena, "test");
    Jit *jit = *state;
    IrModule m = net_nb201(&arena, cell_ops, 16, 8, 4, 1, false, 8);
    PlanUpdate updates[MAX_PARAMS];
    size_t n = all_updates(&m, updates);
    PlanCase k = case_make(jit, &arena, &m, updates, n, true);
    Buf b = {0};
    plan_print(&b, &k.plan);
    assert_non_null(strstr(b.text, "forward: "));
    char updates_line[64];
    snprintf(updates_line, sizeof updates_line, "update: %zu calls\n", n);
    assert_non_null(strstr(b.text, updates_line));
    assert_non_null(strstr(b.text, "sgd of "));
    assert_non_null(strstr(b.text, " + bias + relu ["));
    assert_non_null(strstr(b.text, "| conv: "));
    assert_non_null(strstr(b.text, "one call a node: "));
    size_t calls = k.plan.ncalls[0] + k.plan.ncalls[1];
    assert_true(calls * 4 < k.plan.unfused_calls);
    if (getenv("NASC_TEST_PRINT"))
        printf("%s", b.text);
    buf_free(&b);
    case_free(&k);
    arena_free(&arena);
}

/* Networks of one space share kernels: 40 random cells need far fewer kernels than they have calls.
 */
static void test_kernels_are_shared(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    Jit *jit = case_jit(NULL);
    Rng rng = {9};
    size_t calls = 0;
    int64_t half = 0;
    for (int net = 0; net < 24; net++) {
        int ops[6];
        for (int i = 0; i < 6; i++)
            ops[i] = 1 + (int)rng_below(&rng, 4);
        IrModule m = net_nb201(&arena, ops, 16, 8, 4, 1, true, 8);
        PlanUpdate updates[MAX_PARAMS];
        size_t n = all_updates(&m, updates);
        PlanCase k = case_make(jit, &arena, &m, updates, n, true);
        calls += k.plan.ncalls[0] + k.plan.ncalls[1] + k.plan.ncalls[2];
        case_free(&k);
        if (net == 11)
            half = jit_stats(jit).kernels_compiled;
    }
    int64_t all = jit_stats(jit).kernels_compiled;
    if (getenv("NASC_TEST_PRINT"))
        printf("%zu calls, %lld kernels after half, %lld in all\n", calls, (long long)half,
               (long long)all);
    assert_true((size_t)all * 8 < calls);
    assert_true(all - half < half);
    jit_close(jit);
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
        cmocka_unit_test(test_shared_gradient),
        cmocka_unit_test(test_gradient_that_is_a_parameter),
        cmocka_unit_test(test_laid_out_alone),
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_training_with_pools),
        cmocka_unit_test(test_mixed_ops),
        cmocka_unit_test(test_gradients_of_random_nets),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_updates_at_once),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_kernels_are_shared),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
