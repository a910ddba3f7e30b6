/* Spaces: golden sizes, sampling, mutation, constraints, counts, several networks, checking. */
#include "programs.h"

#include <pthread.h>

#define NB201_ALL(op) "|" op "~0|+|" op "~0|" op "~1|+|" op "~0|" op "~1|" op "~2|"

static Program *nb201(void) {
    return load_good("examples/nas_bench_201.nas", NULL);
}

/* The figures of the benchmark's own counters: 5 cells of 6 edges in 3 stages, counted by hand. */
static void test_golden_sizes(void **state) {
    (void)state;
    Program *p = nb201();
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    assert_string_equal(space_name(s), "nas_bench_201");
    IrSizes z = sizes_of(p, s, parse_good(p, s, &a, NB201_ALL("nor_conv_3x3")), NULL);
    assert_int_equal(z.macs, 220119040);
    assert_int_equal(z.live_macs, 220119040);
    assert_int_equal(z.counted_macs, 222842880);
    assert_int_equal(z.conv_count, 220979200);
    assert_int_equal(z.bn_count, 942080);
    assert_int_equal(z.relu_count, 897024);
    assert_int_equal(z.pool_count, 24576);
    z = sizes_of(p, s, parse_good(p, s, &a, NB201_ALL("none")), NULL);
    assert_int_equal(z.counted_macs, 7925760);
    z = sizes_of(p, s, parse_good(p, s, &a, NB201_ALL("skip_connect")), NULL);
    assert_int_equal(z.counted_macs, 7925760);
    assert_string_equal(space_raw_count(s, &a), "15625");
    arena_free(&a);
    program_free(p);
}

static void test_roots(void **state) {
    (void)state;
    Program *p = nb201();
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    IrModule m;
    Architecture *x = parse_good(p, s, &a, NB201_ALL("skip_connect"));
    assert_true(space_network(s, x, NULL, 16, &a, &m));
    assert_int_equal(m.nroots, 4);
    assert_string_equal(m.root_names[0], "out");
    assert_int_equal(m.roots[0], m.roots[1]);
    const int64_t channels[] = {64, 64, 32, 16}, size[] = {8, 8, 16, 32};
    for (int i = 0; i < 4; i++) {
        const IrType *t = &ir_get(m.graph, m.roots[i])->type;
        assert_int_equal(ir_type_size(t, IR_AXIS_N), 16);
        assert_int_equal(ir_type_size(t, IR_AXIS_C), channels[i]);
        assert_int_equal(ir_type_size(t, IR_AXIS_H), size[i]);
    }
    ir_verify(m.graph);
    arena_free(&a);
    program_free(p);
}

static void test_sampling(void **state) {
    (void)state;
    Program *p = load_good("priors.nas", "space s {\n"
                                         "  input image[3, 8, 8];\n"
                                         "  choice k in {1, 3, 5} prior {6, 3, 1};\n"
                                         "  choice deep: bool prior 0.25;\n"
                                         "  choice some subset of {a, b, c} each 0.2;\n"
                                         "  a = 1; b = 2; c = 3;\n"
                                         "  network = conv(k, 4);\n"
                                         "}\n");
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    int first = 0, deep = 0, bits = 0, n = 1000;
    for (int i = 0; i < n; i++) {
        Architecture *x = space_sample(s, &a, test_stream(1), (uint64_t)i);
        assert_non_null(x);
        Architecture *again = space_sample(s, &a, test_stream(1), (uint64_t)i);
        assert_string_equal(architecture_text(x), architecture_text(again));
        const DecisionView *d;
        assert_int_equal(architecture_decisions(x, &d), 3);
        assert_string_equal(d[0].address, "k");
        first += d[0].index == 0;
        deep += strcmp(d[1].value, "true") == 0;
        bits += __builtin_popcountll((unsigned long long)d[2].index);
    }
    assert_true(abs(first - 600) < 60);
    assert_true(abs(deep - 250) < 55);
    assert_true(abs(bits - 600) < 90);
    assert_string_equal(space_raw_count(s, &a), "48");
    arena_free(&a);
    program_free(p);
}

/* Two terms, each there if its switch is on: without any there is no network, and the constraint forbids that. A
 * choice in a body is found only by building networks. */
static void test_constraints_before_networks(void **state) {
    (void)state;
    Program *p = load_good("guarded.nas",
                           "block = x => { choice k in {1, 3}; return x -> conv(k); };\n"
                           "space s {\n"
                           "  input image[3, 8, 8];\n"
                           "  choice is[i in 0..1] : bool;\n"
                           "  require any(i in 0..1) is[i];\n"
                           "  network = x => { return sum(i in 0..1 if is[i]) (x -> block); };\n"
                           "}\n");
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    int both = 0, n = 200;
    for (int i = 0; i < n; i++) {
        Architecture *x = space_sample(s, &a, test_stream(3), (uint64_t)i);
        assert_non_null(x);
        const DecisionView *d;
        size_t on = architecture_decisions(x, &d) - 2; /* a kernel for each term */
        assert_true(on == 1 || on == 2);
        both += on == 2;
    }
    assert_true(abs(both - n / 3) < 30);
    assert_null(space_parse(s, &a, "is[0]=false,is[1]=false", 23, false));
    assert_non_null(find_diag(p, DIAG_violated_constraint));
    arena_free(&a);
    program_free(p);
}

static const char ordered[] = "space s {\n"
                              "  input image[3, 8, 8];\n"
                              "  choice low in 1..6;\n"
                              "  choice high[v in 1..2] in low..6;\n"
                              "  require low * high[1] <= 12;\n"
                              "  require high[1] != high[2];\n"
                              "  network = conv(1, low) -> conv(1, high[1]) -> conv(1, high[2]);\n"
                              "}\n";

static int64_t value_of(const Architecture *x, const char *address) {
    const DecisionView *d;
    size_t n = architecture_decisions(x, &d);
    for (size_t i = 0; i < n; i++)
        if (strcmp(d[i].address, address) == 0)
            return strtoll(d[i].value, NULL, 10);
    fail_msg("no decision %s", address);
    return 0;
}

static void assert_ordered(const Architecture *x) {
    int64_t low = value_of(x, "low"), h1 = value_of(x, "high[1]"), h2 = value_of(x, "high[2]");
    assert_true(low >= 1 && low <= 6 && h1 >= low && h1 <= 6 && h2 >= low && h2 <= 6);
    assert_true(low * h1 <= 12 && h1 != h2);
}

static void test_constraints_and_mutation(void **state) {
    (void)state;
    Program *p = load_good("ordered.nas", ordered);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    assert_string_equal(space_raw_count(s, &a), "91"); /* 6 * 6 + 5 * 5 + .. + 1 */
    Architecture *x = space_sample(s, &a, test_stream(2), 0);
    int moved = 0;
    for (uint64_t i = 0; i < 200; i++) {
        assert_ordered(space_sample(s, &a, test_stream(3), i));
        Architecture *y = space_mutate(s, &a, x, test_stream(4), i, 0.2);
        assert_non_null(y);
        assert_ordered(y);
        moved += strcmp(architecture_text(x), architecture_text(y)) != 0;
        Architecture *again = space_mutate(s, &a, x, test_stream(4), i, 0.2);
        assert_string_equal(architecture_text(y), architecture_text(again));
        x = y;
    }
    assert_int_equal(moved, 200);
    assert_null(space_parse(s, &a, "low=4,high[1]=6,high[2]=5", 25, false));
    const Diag *d = find_diag(p, DIAG_violated_constraint);
    assert_non_null(d);
    assert_non_null(strstr(d->architecture, "low=4"));
    arena_free(&a);
    program_free(p);
}

static void test_empty_space(void **state) {
    (void)state;
    Program *p = load_good("empty.nas", "space s {\n"
                                        "  input image[3, 8, 8];\n"
                                        "  choice k in 1..4;\n"
                                        "  require k >= 1;\n"
                                        "  require k > 4;\n"
                                        "  network = conv(k, 4);\n"
                                        "}\n");
    Arena a;
    arena_init(&a, "test");
    assert_null(space_sample(program_default_space(p), &a, test_stream(5), 0));
    const Diag *d = find_diag(p, DIAG_empty_space);
    assert_non_null(d);
    assert_int_equal(d->notes.len, 1);
    assert_string_equal(d->notes.items[0].message,
                        "no point meets this: the largest value found is 4");
    arena_free(&a);
    program_free(p);
}

/* Two constraints that only together leave nothing, and what each would need: 192 MACs a channel. */
static void test_conflict(void **state) {
    (void)state;
    Program *p = load_good("conflict.nas", "space s {\n"
                                           "  input image[3, 8, 8];\n"
                                           "  choice w in 4..20;\n"
                                           "  require w >= 4;\n"
                                           "  require w >= 12;\n"
                                           "  require macs(network) <= 1000;\n"
                                           "  network = conv(1, w, bias: false);\n"
                                           "}\n");
    Arena a;
    arena_init(&a, "test");
    assert_null(space_sample(program_default_space(p), &a, test_stream(5), 0));
    const Diag *d = find_diag(p, DIAG_empty_space);
    assert_non_null(d);
    assert_int_equal(d->notes.len, 2);
    assert_non_null(strstr(d->notes.items[0].message, "largest value found where those hold is 5"));
    assert_non_null(
        strstr(d->notes.items[1].message, "smallest value found where those hold is 2304"));
    arena_free(&a);
    program_free(p);
}

/* depth 1, 2, 3 with 2^depth points: 14 in all, equally likely, so that depth 3 comes in 8 of 14 draws. */
static void test_uniform_over_points(void **state) {
    (void)state;
    Program *p = load_good("depth.nas", "space s {\n"
                                        "  input image[3, 8, 8];\n"
                                        "  choice depth in 1..3;\n"
                                        "  choice k[i in 1..depth] in {1, 3};\n"
                                        "  network = chain(i in 1..depth) conv(k[i], 4);\n"
                                        "}\n");
    Space *s = program_default_space(p);
    int deep = 0;
    for (uint64_t i = 0; i < 700; i++) {
        Arena a;
        arena_init(&a, "test");
        deep += value_of(space_sample(s, &a, test_stream(9), i), "depth") == 3;
        arena_free(&a);
    }
    assert_true(deep > 400 - 53 &&
                deep < 400 + 53); /* four deviations of sqrt(700 * 8/14 * 6/14) */
    assert_string_equal(space_law(s), "uniform over satisfying points");
    program_free(p);
}

static void test_two_networks(void **state) {
    (void)state;
    Program *p = load_good("examples/pictures.nas", NULL);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    const char *const *names;
    assert_int_equal(space_networks(s, &names), 1);
    assert_string_equal(names[0], "full");
    assert_string_equal(space_cost_network(s), "full");
    for (uint64_t i = 0; i < 20; i++) {
        Architecture *x = space_sample(s, &a, test_stream(6), i);
        if (!x)
            show_diags(p);
        assert_non_null(x);
        IrSizes full = sizes_of(p, s, x, "full"), scored = sizes_of(p, s, x, NULL);
        assert_true(full.macs <= 60000000);
        assert_true(scored.macs < full.macs);
        assert_true(value_of(x, "width[1]") <= value_of(x, "width[2]"));
        Architecture *again = parse_good(p, s, &a, architecture_text(x));
        assert_string_equal(architecture_text(x), architecture_text(again));
    }
    arena_free(&a);
    program_free(p);
}

static void test_inner_choices(void **state) {
    (void)state;
    Program *p = load_good("inner.nas", "block = x => {\n"
                                        "  choice k in {1, 3};\n"
                                        "  return x -> conv(k, 4);\n"
                                        "};\n"
                                        "space s {\n"
                                        "  input image[3, 8, 8];\n"
                                        "  choice last: bool;\n"
                                        "  network = block -> 2 * block;\n"
                                        "}\n");
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    assert_null(space_raw_count(s, &a));
    int64_t distinct = 0;
    for (uint64_t i = 0; i < 20; i++) {
        Architecture *x = space_sample(s, &a, test_stream(7), i);
        const DecisionView *d;
        if (!x)
            show_diags(p);
        assert_non_null(x);
        assert_int_equal(architecture_decisions(x, &d), 4);
        assert_string_equal(d[0].address, "last");
        distinct += d[1].index != d[2].index || d[2].index != d[3].index;
        Architecture *again = parse_good(p, s, &a, architecture_text(x));
        assert_true(hash128_equal(architecture_key(x), architecture_key(again)));
        IrSizes z = sizes_of(p, s, x, NULL);
        int64_t macs =
            64 * 4 *
            ((d[1].index ? 9 : 1) * 3 + (d[2].index ? 9 : 1) * 4 + (d[3].index ? 9 : 1) * 4);
        assert_int_equal(z.macs, macs);
    }
    assert_true(distinct > 5);
    arena_free(&a);
    program_free(p);
}

static void test_check_all(void **state) {
    (void)state;
    Program *p = nb201();
    space_check_all(program_default_space(p), 1);
    show_diags(p);
    assert_int_equal(program_diags(p)->errors, 0);
    program_free(p);
    p = load_good("bad.nas", "space s {\n"
                             "  input image[3, 8, 8];\n"
                             "  choice op { good = conv(3, 4); bad = conv(1, 4, stride: 2); }\n"
                             "  network = x => (x -> op) + (x -> conv(1, 4));\n"
                             "}\n");
    space_check_all(program_default_space(p), 1);
    assert_int_equal(program_diags(p)->errors, 1);
    assert_string_equal(program_diags(p)->items.items[0].architecture, "op=bad");
    program_free(p);
}

/* The mistakes of one program's check. */
static size_t mistakes(const char *text, const char **architecture) {
    Program *p = load_good("pairs.nas", text);
    space_check_all(program_default_space(p), 1);
    size_t n = program_diags(p)->errors;
    static char first[200];
    snprintf(first, sizeof first, "%s", n ? program_diags(p)->items.items[0].architecture : "");
    *architecture = first;
    program_free(p);
    return n;
}

/* Two alternatives each of which is right beside the other's base: a vector and a map make a map,
 * two vectors make none. */
static void test_check_pairs(void **state) {
    (void)state;
    const char *a;
    assert_int_equal(mistakes("space s {\n"
                              "  input image[3, 8, 8];\n"
                              "  choice one { map = identity; vector = global_pool; }\n"
                              "  choice k in {1, 3};\n"
                              "  choice two { map = identity; vector = global_pool; }\n"
                              "  network = x => (x -> one) + (x -> two) -> conv(k, 4);\n"
                              "}\n",
                              &a),
                     1);
    assert_non_null(strstr(a, "one=vector"));
    assert_non_null(strstr(a, "two=vector"));
}

/* A mistake in any one pair of values of any two of eight decisions is found. */
static void test_check_any_pair(void **state) {
    (void)state;
    for (int trial = 0; trial < 40; trial++) {
        int i = trial % 8, k = (i + 1 + trial / 8) % 8, u = trial % 3, v = trial / 3 % 3;
        char text[600];
        const char *a, *program = "space s {\n"
                                  "  input image[3, 8, 8];\n"
                                  "  choice l[i in 0..7] in 0..2;\n"
                                  "  network = conv(1, 2) -> (if l[%d] == %d and l[%d] == %d "
                                  "then dense(3) else identity);\n"
                                  "}\n";
        snprintf(text, sizeof text, program, i, u, k, v);
        assert_int_equal(mistakes(text, &a), 1);
    }
}

static void test_many_decisions(void **state) {
    (void)state;
    Program *p =
        load_good("many.nas", "space s {\n"
                              "  input image[3, 8, 8];\n"
                              "  choice e[i in 1..1500] { a = conv(1); b = conv(3, pad: 0); }\n"
                              "  network = x => (x -> e[1500]) + x;\n"
                              "}\n");
    space_check_all(program_default_space(p), 1);
    assert_int_equal(program_diags(p)->errors, 1);
    program_free(p);
    p = load_good("more.nas", "space s {\n"
                              "  input image[3, 8, 8];\n"
                              "  choice e[i in 1..5000]: bool;\n"
                              "  network = conv(1, 4);\n"
                              "}\n");
    Arena a;
    arena_init(&a, "test");
    assert_null(space_sample(program_default_space(p), &a, test_stream(1), 0));
    assert_non_null(find_diag(p, DIAG_too_large));
    arena_free(&a);
    program_free(p);
}

/* The same program under other names, and under an encoding that other names do not touch. */
static const char plain[] =
    "body(k) = relu -> conv(k) -> batch_norm;\n"
    "space small {\n"
    "  input image[3, 8, 8];\n"
    "  choice edge[j in 1..2, i in 0..j-1] { \"a\" = body(3); \"b\" = identity; }\n"
    "  cell = x => {\n"
    "    node[0] = x;\n"
    "    node[j in 1..2] = sum(i in 0..j-1) edge[j, i](node[i]);\n"
    "    return node[2];\n"
    "  };\n"
    "  network = conv(3, 8) -> 2 * cell -> tap(\"end\");\n"
    "  encoding join(j in 1..2, \"+\") (join(i in 0..j-1, \"|\") (edge[j, i]));\n"
    "}\n";
static const char renamed[] =
    "zork(q1) = relu -> conv(q1) -> batch_norm;\n"
    "space aaa {\n"
    "  input image[3, 8, 8];\n"
    "  choice B[vv in 1..2, a in 0..vv-1] { \"a\" = zork(3); \"b\" = identity; }\n"
    "  _x = y => {\n"
    "    w[0] = y;\n"
    "    w[m in 1..2] = sum(z in 0..m-1) B[m, z](w[z]);\n"
    "    return w[2];\n"
    "  };\n"
    "  network = conv(3, 8) -> 2 * _x -> tap(\"end\");\n"
    "  encoding join(u in 1..2, \"+\") (join(k in 0..u-1, \"|\") (B[u, k]));\n"
    "}\n";

static void test_renaming(void **state) {
    (void)state;
    Program *p = load_good("plain.nas", plain), *q = load_good("renamed.nas", renamed);
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p), *t = program_default_space(q);
    assert_string_equal(space_raw_count(s, &a), space_raw_count(t, &a));
    for (uint64_t i = 0; i < 16; i++) {
        Architecture *x = space_sample(s, &a, test_stream(8), i);
        Architecture *y = space_sample(t, &a, test_stream(8), i);
        assert_string_equal(architecture_text(x), architecture_text(y));
        IrSizes zx = sizes_of(p, s, x, NULL), zy = sizes_of(q, t, y, NULL);
        assert_memory_equal(&zx, &zy, sizeof zx);
        IrModule mx, my;
        assert_true(space_network(s, x, NULL, 2, &a, &mx));
        assert_true(space_network(t, y, NULL, 2, &a, &my));
        IrModule cx = ir_canonicalise(&a, &mx), cy = ir_canonicalise(&a, &my);
        assert_true(hash128_equal(ir_hash(&cx), ir_hash(&cy)));
    }
    arena_free(&a);
    program_free(p);
    program_free(q);
}

typedef struct Worker {
    Space *space;
    uint64_t first;
    Hash128 hashes[16];
} Worker;

static void *build_some(void *user) {
    Worker *w = user;
    Arena a;
    arena_init(&a, "worker");
    for (uint64_t i = 0; i < 16; i++) {
        Architecture *x = space_sample(w->space, &a, test_stream(9), w->first + i);
        IrModule m;
        bool ok = space_network(w->space, x, NULL, 2, &a, &m);
        IrModule c = ok ? ir_canonicalise(&a, &m) : (IrModule){0};
        w->hashes[i] = ok ? ir_hash(&c) : (Hash128){0, 0};
        space_parse(w->space, &a, "nonsense", 8, false);
        arena_reset(&a);
    }
    arena_free(&a);
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    Program *p = nb201();
    enum { THREADS = 4 };
    Worker together[THREADS], alone;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        together[i] = (Worker){.space = program_default_space(p), .first = (uint64_t)i * 8};
        assert_int_equal(pthread_create(&threads[i], NULL, build_some, &together[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        alone = (Worker){.space = program_default_space(p), .first = (uint64_t)i * 8};
        build_some(&alone);
        for (int k = 0; k < 16; k++)
            assert_true(hash128_equal(alone.hashes[k], together[i].hashes[k]));
    }
    assert_int_equal(program_diags(p)->items.len, 1);
    program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_sizes),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_sampling),
        cmocka_unit_test(test_constraints_and_mutation),
        cmocka_unit_test(test_constraints_before_networks),
        cmocka_unit_test(test_empty_space),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_uniform_over_points),
        cmocka_unit_test(test_two_networks),
        cmocka_unit_test(test_inner_choices),
        cmocka_unit_test(test_check_all),
        cmocka_unit_test(test_check_pairs),
        cmocka_unit_test(test_check_any_pair),
        cmocka_unit_test(test_many_decisions),
        cmocka_unit_test(test_renaming),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
