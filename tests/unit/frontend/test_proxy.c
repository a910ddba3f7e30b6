/* Proxies: what a candidate's graph holds, what is trained and how, what candidates share, and
 * scores. */
#include "programs.h"

#include <math.h>

static bool node_reached(const IrModule *m, size_t root, IrRef wanted) {
    bool *seen = calloc(ir_graph_len(m->graph), sizeof *seen);
    seen[m->roots[root]] = true;
    for (IrRef r = m->roots[root] + 1; r-- > 0;)
        for (uint32_t i = 0; seen[r] && i < ir_get(m->graph, r)->nin; i++)
            seen[ir_get(m->graph, r)->in[i]] = true;
    bool found = seen[wanted];
    free(seen);
    return found;
}

static size_t count_reached(const IrModule *m, size_t root, IrOp op) {
    size_t n = 0;
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++)
        n += ir_get(m->graph, r)->op == op && node_reached(m, root, r);
    return n;
}

static ProxyBuild build_good(Program *p, Proxy *x, Space *s, const char *text, Arena *a) {
    ProxyBuild b;
    Architecture *arch = parse_good(p, s, a, text);
    IrSizes z = sizes_of(p, s, arch, NULL);
    bool ok = proxy_build(x, s, arch, &z, a, &b);
    if (!ok)
        show_diags(p);
    assert_true(ok);
    ir_verify(b.module.graph);
    return b;
}

static const char conv3[] = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|"
                            "nor_conv_3x3~1|nor_conv_3x3~2|";
static const char sparse[] = "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|none~0|avg_pool_3x3~1|"
                             "nor_conv_3x3~2|";

static void test_eproxy(void **state) {
    (void)state;
    Program *p = load_good("examples/nas_bench_201.nas", NULL);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    Proxy *x = program_default_proxy(p);
    assert_string_equal(proxy_name(x), "eproxy");
    ProxyBuild b = build_good(p, x, s, conv3, &a);
    assert_true((b.ntrainings == 1));
    assert_int_equal(b.steps, 10);
    assert_int_equal(b.nmeasures, 1);
    assert_int_equal(b.module.nroots, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ir_get(b.module.graph, b.module.roots[i])->type.rank, 0);
    /* stem conv, bn 2; 90 edges of conv weight, bias; 2 blocks of 2 convs, 2 affine bns, 1
     * shortcut; 3 heads of conv weight, bias, bn 2 */
    assert_int_equal(b.trainings[0].nparams, 3 + 180 + 2 * (2 + 4 + 1) + 3 * 4);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_param), b.trainings[0].nparams);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_frozen), 3 * 2);
    size_t decayed = 0;
    for (size_t i = 0; i < b.trainings[0].nparams; i++) {
        const IrNode *leaf = ir_get(b.module.graph, b.trainings[0].params[i].leaf);
        assert_int_equal(leaf->op, IR_OP_param);
        assert_true(fabs(b.trainings[0].params[i].lr - 1.2) < 1e-15);
        assert_true(fabs(b.trainings[0].params[i].momentum - 0.9) < 1e-15);
        assert_true(b.trainings[0].params[i].decay == (leaf->type.rank >= 2 ? 4e-5 : 0));
        decayed += leaf->type.rank >= 2;
    }
    assert_int_equal(decayed, 1 + 90 + 2 * 3 + 3);
    double values[10];
    for (int i = 0; i < 10; i++)
        values[i] = 10 - i;
    assert_true(proxy_score(&b, values) == -1.0);
    arena_free(&a);
    program_free(p);
}

static void test_run_part(void **state) {
    (void)state;
    Program *p = load_good("examples/nas_bench_201.nas", NULL);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    Proxy *x = program_default_proxy(p);
    build_good(p, x, s, conv3, &a);
    ProxyRun run = proxy_run(x);
    assert_int_equal(run.nimages, 1);
    assert_string_equal(run.images[0].source, "dead_leaves");
    assert_int_equal(run.images[0].count, 16);
    assert_int_equal(run.images[0].channels, 3);
    assert_int_equal(run.images[0].height, 32);
    assert_true(run.images[0].normalise);
    assert_false(run.images[0].augment);
    assert_int_equal(run.module->nroots,
                     2); /* the batch, and one target for the three equal taps */
    size_t targets = 0;
    for (size_t i = 0; i < run.module->nroots; i++) {
        const IrType *t = &ir_get(run.module->graph, run.module->roots[i])->type;
        assert_int_equal(ir_type_size(t, IR_AXIS_N), 16);
        targets += ir_type_size(t, IR_AXIS_C) == 128 && ir_type_size(t, IR_AXIS_H) == 8 &&
                   ir_type_size(t, IR_AXIS_W) == 8;
    }
    assert_int_equal(targets, 1);
    arena_free(&a);
    program_free(p);
}

/* Whoever comes first, a candidate is the same graph and the run part has the same roots. */
static void test_order(void **state) {
    (void)state;
    const char *texts[] = {conv3, sparse};
    Hash128 hashes[2][2], runs[2];
    for (int first = 0; first < 2; first++) {
        Program *p = load_good("examples/nas_bench_201.nas", NULL);
        Arena a;
        arena_init(&a, "test");
        Proxy *x = program_default_proxy(p);
        for (int k = 0; k < 2; k++) {
            int which = first ^ k;
            ProxyBuild b = build_good(p, x, program_default_space(p), texts[which], &a);
            IrModule c = ir_canonicalise(&a, &b.module);
            hashes[first][which] = ir_hash(&c);
        }
        ProxyRun run = proxy_run(x);
        IrModule c = ir_canonicalise(&a, run.module);
        runs[first] = ir_hash(&c);
        arena_free(&a);
        program_free(p);
    }
    assert_true(hash128_equal(hashes[0][0], hashes[1][0]));
    assert_true(hash128_equal(hashes[0][1], hashes[1][1]));
    assert_true(hash128_equal(runs[0], runs[1]));
}

/* Networks of other sizes take other values of the run part, and still a candidate is the same graph, which names its
 * random streams, whoever comes first. */
static void test_order_of_sizes(void **state) {
    (void)state;
    static const char text[] = "use eproxy;\n"
                               "space s { input image[3, r, r]; choice r in {8, 12, 16, 20}; "
                               "network = conv(3, 4) -> tap(\"a\"); }\n"
                               "rank draw(s, 4) by eproxy(steps: 3, count: 4);\n";
    const char *texts[] = {"r=8", "r=12", "r=16", "r=20"};
    Hash128 hashes[2][4];
    for (int turn = 0; turn < 2; turn++) {
        Program *p = load_good("sizes.nas", text);
        Arena a;
        arena_init(&a, "test");
        for (int k = 0; k < 4; k++) {
            int which = turn ? 3 - k : k;
            ProxyBuild b =
                build_good(p, program_default_proxy(p), program_default_space(p), texts[which], &a);
            assert_int_equal(b.nimports, 2); /* a batch and a target of its own size */
            IrModule c = ir_canonicalise(&a, &b.module);
            hashes[turn][which] = ir_hash(&c);
        }
        arena_free(&a);
        program_free(p);
    }
    for (int k = 0; k < 4; k++)
        assert_true(hash128_equal(hashes[0][k], hashes[1][k]));
}

static void test_settings_reach(void **state) {
    (void)state;
    const char *text = "use nas_bench_201;\n"
                       "use eproxy;\n"
                       "rank draw(nas_bench_201, 3) by eproxy(taps: 2, steps: 4, alpha: 0.5,\n"
                       "  head_width: i => [24, 48][i], barrier_width: i => 32,\n"
                       "  bases: i => if i == 0 then [\"net\", \"dot\"] else [\"wave_l\"],\n"
                       "  level: i => 2, head_kernel: i => 3);\n";
    Program *p = load_good("settings.nas", text);
    Arena a;
    arena_init(&a, "test");
    Proxy *x = program_default_proxy(p);
    Space *s = program_default_space(p);
    ProxyBuild b = build_good(p, x, s, sparse, &a);
    assert_int_equal(b.steps, 4);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_frozen), 2 * 2);
    bool head = false;
    for (size_t i = 0; i < b.trainings[0].nparams; i++) {
        const IrType *t = &ir_get(b.module.graph, b.trainings[0].params[i].leaf)->type;
        head = head || (t->rank == 4 && ir_type_size(t, IR_AXIS_O) == 48 &&
                        ir_type_size(t, IR_AXIS_KH) == 3);
    }
    assert_true(head);
    double values[] = {4, 3, 2, 0.5};
    IrSizes z = sizes_of(p, s, parse_good(p, s, &a, sparse), NULL);
    double wanted = -0.5 * (1 - 0.5 * (double)z.counted_macs / 187166720.0);
    assert_true(fabs(proxy_score(&b, values) - wanted) < 1e-12);
    arena_free(&a);
    program_free(p);
}

static void test_late_mean(void **state) {
    (void)state;
    Program *p = load_good("tests/programs/late_mean.nas", NULL);
    Arena a;
    arena_init(&a, "test");
    ProxyBuild b = build_good(p, program_default_proxy(p), program_default_space(p), sparse, &a);
    assert_int_equal(b.steps, 8);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_frozen), 0);
    double values[] = {100, 100, 100, 1, 2, 3, 4, 10};
    assert_true(proxy_score(&b, values) == -4.0);
    for (size_t i = 0; i < b.trainings[0].nparams; i++)
        assert_true(b.trainings[0].params[i].decay == 0);
    arena_free(&a);
    program_free(p);
}

static void test_two_barriers(void **state) {
    (void)state;
    Program *p = load_good("tests/programs/two_barriers.nas", NULL);
    Arena a;
    arena_init(&a, "test");
    Proxy *x = program_default_proxy(p);
    ProxyBuild b = build_good(p, x, program_default_space(p), sparse, &a);
    assert_int_equal(b.steps, 6);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_frozen), 4);
    ProxyRun run = proxy_run(x);
    size_t frozen = 0;
    for (size_t i = 0; i < run.module->nroots; i++)
        frozen += count_reached(run.module, i, IR_OP_frozen);
    assert_int_equal(frozen, 2);
    arena_free(&a);
    program_free(p);
}

/* Two programs that differ in every name they choose. */
static const char named[] =
    "space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4) -> tap(\"end\"); }\n"
    "proxy quick(net, width = 6) {\n"
    "  per run {\n"
    "    x = batch(\"noise\", 4, like: net.input);\n"
    "    angle(f) = f * axis(h: 1..8) + uniform(0, 6, n: 4, c: width);\n"
    "    goal = sin(angle(2)) + shuffle(cos(angle(3)), c, per: n);\n"
    "    other = normal(0, 1, n: 4, c: width, h: 8, w: 8);\n"
    "  }\n"
    "  per architecture {\n"
    "    shared m = net;\n"
    "    shared head = conv(1, width);\n"
    "    shared wall = frozen conv(3, width) with init: xavier_uniform;\n"
    "  }\n"
    "  y = (x -> m).taps[0] -> head -> wall;\n"
    "  train(loss: mean((y - goal - other) ^ 2), steps: 3, by: sgd(0.1));\n"
    "  measure e = mean(abs(y - goal));\n"
    "  score = -(e at 3);\n"
    "}\n"
    "rank draw(s, 2) by quick();\n";
static const char otherwise[] =
    "space zz { input image[3, 8, 8]; choice q in {1, 3}; network = conv(q, 4) -> tap(\"o\"); }\n"
    "proxy aa(g, p1 = 6) {\n"
    "  per run {\n"
    "    zx = batch(\"noise\", 4, like: g.input);\n"
    "    ya(u) = u * axis(h: 1..8) + uniform(0, 6, n: 4, c: p1);\n"
    "    t = sin(ya(2)) + shuffle(cos(ya(3)), c, per: n);\n"
    "    r = normal(0, 1, n: 4, c: p1, h: 8, w: 8);\n"
    "  }\n"
    "  per architecture {\n"
    "    shared zm = g;\n"
    "    shared ah = conv(1, p1);\n"
    "    shared bw = frozen conv(3, p1) with init: xavier_uniform;\n"
    "  }\n"
    "  out = (zx -> zm).taps[0] -> ah -> bw;\n"
    "  train(loss: mean((out - t - r) ^ 2), steps: 3, by: sgd(0.1));\n"
    "  measure a = mean(abs(out - t));\n"
    "  score = -(a at 3);\n"
    "}\n"
    "rank draw(zz, 2) by aa();\n";

static void test_renaming(void **state) {
    (void)state;
    const char *texts[] = {named, otherwise}, *points[] = {"k=3", "q=3"};
    Hash128 candidate[2], run[2];
    Arena a;
    arena_init(&a, "test");
    for (int i = 0; i < 2; i++) {
        Program *p = load_good("names.nas", texts[i]);
        Proxy *x = program_default_proxy(p);
        ProxyBuild b = build_good(p, x, program_default_space(p), points[i], &a);
        IrModule c = ir_canonicalise(&a, &b.module);
        candidate[i] = ir_hash(&c);
        ProxyRun r = proxy_run(x);
        assert_int_equal(r.module->nroots, 3);
        c = ir_canonicalise(&a, r.module);
        run[i] = ir_hash(&c);
        double values[] = {3, 2, 0.25};
        assert_true(proxy_score(&b, values) == -0.25);
        program_free(p);
    }
    assert_true(hash128_equal(candidate[0], candidate[1]));
    assert_true(hash128_equal(run[0], run[1]));
    arena_free(&a);
}

/* Decisions in bodies have the same addresses inside a proxy as in the space. */
static void test_inner_choices(void **state) {
    (void)state;
    Program *p =
        load_good("inner.nas", "use eproxy;\n"
                               "block = x => { choice k in {1, 3}; return x -> conv(k, 4); };\n"
                               "space s {\n"
                               "  input image[3, 8, 8];\n"
                               "  network = block -> 2 * block -> tap(\"end\");\n"
                               "}\n"
                               "rank draw(s, 2) by eproxy();\n");
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    for (uint64_t i = 0; i < 4; i++) {
        Architecture *x = space_sample(s, &a, test_stream(1), i);
        ProxyBuild b = build_good(p, program_default_proxy(p), s, architecture_text(x), &a);
        assert_int_equal(b.trainings[0].nparams, 3 * 2 + 4);
    }
    arena_free(&a);
    program_free(p);
}

/* A space of proxies: the same engine samples, writes, reads and mutates its points. */
static void test_proxy_space(void **state) {
    (void)state;
    const char *text =
        "space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4); }\n"
        "proxy wide(net, most = 1.5) {\n"
        "  choice lr in 0.5 .. most step 0.1;\n"
        "  choice k in {1, 3, 7};\n"
        "  choice bases subset of {first, second} each 0.2;\n"
        "  choice kind { plain = relu; smooth = tanh; }\n"
        "  per run {\n"
        "    x = batch(\"noise\", 4, like: net.input);\n"
        "    first = normal(0, 1, n: 4, c: 5, h: 8, w: 8);\n"
        "    second = uniform(0, 1, n: 4, c: 5, h: 8, w: 8);\n"
        "    goal = sum(b in bases) (b);\n"
        "  }\n"
        "  per architecture { shared m = net; shared head = kind -> conv(k, 5); }\n"
        "  train(loss: mean(((x -> m).out -> head) - goal), steps: 3, by: sgd(lr));\n"
        "  measure e = mean(((x -> m).out -> head) - goal);\n"
        "  score = -(e at 3);\n"
        "}\n"
        "rank draw(s, 2) by wide(most: 0.9, choices: "
        "\"lr=0.7,k=7,bases=first+second,kind=smooth\");\n";
    Program *p = load_good("wide.nas", text);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    Proxy *x = program_default_proxy(p);
    Space *choices = proxy_space(x);
    assert_non_null(choices);
    assert_string_equal(space_name(choices), "wide");
    assert_string_equal(space_raw_count(choices, &a), "120"); /* 5 * 3 * 4 * 2 */
    Architecture *point = space_sample(choices, &a, test_stream(1), 0);
    for (uint64_t i = 0; i < 30; i++) {
        Architecture *again = parse_good(p, choices, &a, architecture_text(point));
        assert_true(hash128_equal(architecture_key(point), architecture_key(again)));
        Architecture *other = space_mutate(choices, &a, point, test_stream(2), i, 0.2);
        assert_string_not_equal(architecture_text(point), architecture_text(other));
        point = other;
    }
    ProxyBuild b = build_good(p, x, s, "k=3", &a);
    bool head = false;
    for (size_t i = 0; i < b.trainings[0].nparams; i++) {
        const IrType *t = &ir_get(b.module.graph, b.trainings[0].params[i].leaf)->type;
        head = head || (t->rank == 4 && ir_type_size(t, IR_AXIS_KH) == 7);
        assert_true(fabs(b.trainings[0].params[i].lr - 0.7) < 1e-12);
    }
    assert_true(head);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_tanh), 1);
    double values[] = {3, 2, 1};
    assert_true(proxy_score(&b, values) == -1.0);
    arena_free(&a);
    program_free(p);
}

/* A network that notes no taps is listened to at its end. */
static void test_no_taps(void **state) {
    (void)state;
    Program *p = load_good("examples/smallest.nas", NULL);
    Arena a;
    arena_init(&a, "test");
    ProxyBuild b =
        build_good(p, program_default_proxy(p), program_default_space(p), "width=16,op=conv", &a);
    /* conv 2, bn 2, conv 2, bn 2; head 4 */
    assert_int_equal(b.trainings[0].nparams, 12);
    assert_int_equal(count_reached(&b.module, 0, IR_OP_frozen), 2);
    arena_free(&a);
    program_free(p);
}

/* A proxy's own choices are not an architecture's to make. */
static void test_open_choice(void **state) {
    (void)state;
    Program *p = load_good(
        "open.nas", "space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4); }\n"
                    "proxy open(net) {\n"
                    "  choice lr in {0.1, 0.2};\n"
                    "  per run { x = batch(\"noise\", 4, like: net.input); }\n"
                    "  per architecture { shared m = net; }\n"
                    "  train(loss: mean((x -> m).out), steps: 3, by: sgd(lr));\n"
                    "  measure e = mean((x -> m).out);\n"
                    "  score = -(e at 3);\n"
                    "}\n"
                    "rank draw(s, 2) by open();\n");
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    ProxyBuild b;
    assert_false(
        proxy_build(program_default_proxy(p), s, parse_good(p, s, &a, "k=3"), NULL, &a, &b));
    assert_int_equal(program_diags(p)->errors, 1);
    assert_non_null(strstr(program_diags(p)->items.items[0].message, "`lr` is left open"));
    arena_free(&a);
    program_free(p);
}

static void test_mistakes(void **state) {
    (void)state;
    const char *text =
        "space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4); }\n"
        "proxy nothing(net) {\n"
        "  per run { x = batch(\"noise\", 4, like: net.input); }\n"
        "  per architecture { shared m = frozen net; }\n"
        "  train(loss: mean((x -> m).out), steps: 3, by: sgd(0.1));\n"
        "  measure e = mean((x -> m).out);\n"
        "  score = -(e at 3);\n"
        "}\n"
        "rank draw(s, 2) by nothing();\n";
    Program *p = load_good("nothing.nas", text);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    ProxyBuild b;
    assert_false(
        proxy_build(program_default_proxy(p), s, parse_good(p, s, &a, "k=3"), NULL, &a, &b));
    assert_non_null(find_diag(p, DIAG_no_gradient));
    program_free(p);
    p = load_good("range.nas",
                  "space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4); }\n"
                  "proxy far(net) {\n"
                  "  per run { x = batch(\"noise\", 4, like: net.input); }\n"
                  "  per architecture { shared m = net; }\n"
                  "  measure e = mean((x -> m).out);\n"
                  "  score = -(e at 2);\n"
                  "}\n"
                  "rank draw(s, 2) by far();\n");
    s = program_default_space(p);
    assert_false(
        proxy_build(program_default_proxy(p), s, parse_good(p, s, &a, "k=3"), NULL, &a, &b));
    assert_non_null(find_diag(p, DIAG_at_out_of_range));
    arena_free(&a);
    program_free(p);
}

/* The score alone asks for sizes and taps: nothing before it has counted them. */
static void test_score_of_sizes(void **state) {
    (void)state;
    Program *p = load_good("sizes.nas", "space s {\n"
                                        "  input image[3, 8, 8];\n"
                                        "  choice k in {1, 3};\n"
                                        "  network = conv(k, 4) -> tap(\"a\") -> tap(\"b\");\n"
                                        "}\n"
                                        "proxy size(net) {\n"
                                        "  per run { x = batch(\"noise\", 2, like: net.input); }\n"
                                        "  per architecture { shared m = net; }\n"
                                        "  measure e = mean((x -> m).out);\n"
                                        "  score = net.params + 1000 * net.taps;\n"
                                        "}\n"
                                        "rank draw(s, 2) by size();\n");
    Arena a;
    arena_init(&a, "test");
    ProxyBuild b = build_good(p, program_default_proxy(p), program_default_space(p), "k=3", &a);
    double values[] = {0};
    assert_true(proxy_score(&b, values) == 2000 + 3 * 4 * 9 + 4);
    arena_free(&a);
    program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eproxy),         cmocka_unit_test(test_run_part),
        cmocka_unit_test(test_order),          cmocka_unit_test(test_order_of_sizes),
        cmocka_unit_test(test_settings_reach), cmocka_unit_test(test_late_mean),
        cmocka_unit_test(test_two_barriers),   cmocka_unit_test(test_renaming),
        cmocka_unit_test(test_inner_choices),  cmocka_unit_test(test_no_taps),
        cmocka_unit_test(test_proxy_space),    cmocka_unit_test(test_open_choice),
        cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_score_of_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
