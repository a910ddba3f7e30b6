/* Counting: against numbers known by formula or from a paper, and against visiting every point. */
#include "programs.h"

#include "base/natural.h"
#include "frontend/isomorphism.h"

static void assert_counts(const char *text, const char *raw, const char *satisfying,
                          const char *distinct) {
    Program *p = load_good("count.nas", text);
    Arena a;
    arena_init(&a, "test");
    SpaceCount c[SPACE_COUNTS];
    space_count(program_default_space(p), 7, &a, NULL, c);
    const char *expected[] = {raw, satisfying, distinct};
    for (int i = 0; i < 3; i++) {
        if (expected[i]) {
            assert_non_null(c[i].n);
            assert_string_equal(c[i].n, expected[i]);
            assert_true(c[i].exact);
        } else {
            assert_null(c[i].n);
        }
    }
    arena_free(&a);
    program_free(p);
}

#define SPACE(body) "space s {\n  input image[3, 8, 8];\n" body "  network = conv(1, 4);\n}\n"

/* low: 1..6, high[k]: low..6; pairs with high[1] != high[2] and low * high[1] <= 12, by hand loop. */
static void test_dependent(void **state) {
    (void)state;
    int raw = 0, satisfying = 0;
    for (int low = 1; low <= 6; low++)
        for (int a = low; a <= 6; a++)
            for (int b = low; b <= 6; b++) {
                raw++;
                satisfying += a != b && low * a <= 12;
            }
    char r[20], s[20];
    snprintf(r, sizeof r, "%d", raw);
    snprintf(s, sizeof s, "%d", satisfying);
    assert_counts(SPACE("  choice low in 1..6;\n  choice high[k in 1..2] in low..6;\n"
                        "  require high[1] != high[2];\n  require low * high[1] <= 12;\n"),
                  r, s, s);
}

/* Records, names of alternatives, sums and subsets of conditions: 3 letters of which at most two are "b" and
 * whose sizes add up to at most 5 of 1, 2, 3. */
static void test_conditions(void **state) {
    (void)state;
    int satisfying = 0;
    for (int i = 0; i < 27; i++) {
        int x[] = {i % 3, i / 3 % 3, i / 9};
        int bs = (x[0] == 1) + (x[1] == 1) + (x[2] == 1), sum = x[0] + x[1] + x[2] + 3;
        satisfying += bs <= 2 && sum <= 5 && !(x[0] == 2 && x[1] == 2);
    }
    char s[20];
    snprintf(s, sizeof s, "%d", satisfying);
    assert_counts(
        SPACE("  choice l[i in 1..3] { a = record(n: 1); b = record(n: 2); c = record(n: 3); }\n"
              "  require count(i in 1..3 if l[i] == \"b\") <= 2;\n"
              "  require sum(i in 1..3) l[i].n <= 5;\n"
              "  require not (l[1] == \"c\" and l[2] in {\"c\", \"d\"});\n"),
        "27", s, s);
}

static void test_large(void **state) {
    (void)state;
    assert_counts(
        SPACE("  choice w[i in 1..40] in 1..10;\n"), "10000000000000000000000000000000000000000",
        "10000000000000000000000000000000000000000", "10000000000000000000000000000000000000000");
    /* A constraint that sees two of them: 100 - 10 pairs. */
    assert_counts(SPACE("  choice w[i in 1..10] in 1..10;\n  require w[1] != w[2];\n"),
                  "10000000000", "9000000000", "9000000000");
}

/* Unordered pairs of (operation, predecessor): node 2 has 3 * 2 combinations, node 3 has 3 * 3, so 21 * 45;
 * with different predecessors at node 3 it is 21 * 27. */
static void test_order(void **state) {
    (void)state;
#define PAIRS                                                                                      \
    "  choice from[n in 2..3, s in 0..1] in 0..n-1;\n"                                             \
    "  choice op[n in 2..3, s in 0..1] { a = relu; b = identity; c = tanh; }\n"                    \
    "  same up to order of s in (op, from);\n"
    assert_counts(SPACE(PAIRS), "2916", "2916", "945");
    assert_counts(SPACE(PAIRS "  require from[3, 0] != from[3, 1];\n"), "2916", "1944", "567");
}

/* NAS-Bench-101's own numbers of cells by vertices are 1, 6, 84 and 2441. */
static void test_isomorphism(void **state) {
    (void)state;
#define GRAPHS(most)                                                                               \
    SPACE("  choice n in 2.." most ";\n  last = n - 1;\n"                                          \
          "  choice link[u in 0..last-1, v in u+1..last]: bool;\n"                                 \
          "  choice op[v in 1..last-1] { a = relu; b = identity; c = tanh; }\n"                    \
          "  reached[v in 0..last] = v == 0 or any(u in 0..v-1) (reached[u] and link[u, v]);\n"    \
          "  reaches[v in 0..last] = v == last or any(w in v+1..last) (link[v, w] and "            \
          "reaches[w]);\n"                                                                         \
          "  alive[v in 0..last] = reached[v] and reaches[v];\n"                                   \
          "  require alive[0];\n  require count(link) <= 9;\n"                                     \
          "  same up to isomorphism of (n, link, op) if alive;\n")
    Program *p = load_good("count.nas", GRAPHS("5"));
    Arena a;
    arena_init(&a, "test");
    SpaceCount c[SPACE_COUNTS];
    space_count(program_default_space(p), 1u << SPACE_DISTINCT, &a, NULL, c);
    assert_string_equal(c[SPACE_DISTINCT].n, "2532");
    assert_null(c[SPACE_RAW].n);
    arena_free(&a);
    program_free(p);
}

/* What the compiler does not know is left to the evaluator, which visits every point. */
static void test_visits(void **state) {
    (void)state;
    Program *p = load_good("count.nas", "space s {\n  input image[3, 8, 8];\n  choice w in 1..20;\n"
                                        "  network = conv(1, w, bias: false);\n"
                                        "  require macs(network) <= 1K;\n}\n"); /* 192 w <= 1000 */
    Arena a;
    arena_init(&a, "test");
    SpaceCount c[SPACE_COUNTS];
    space_count(program_default_space(p), 15, &a, NULL, c);
    assert_string_equal(c[SPACE_RAW].n, "20");
    assert_string_equal(c[SPACE_SATISFYING].n, "5");
    assert_string_equal(c[SPACE_NETWORKS].n, "5");
    arena_free(&a);
    program_free(p);
}

/* Too many to visit: an estimate that says so and holds the truth, which is half of 10^6. */
static void test_estimate(void **state) {
    (void)state;
    Program *p = load_good("count.nas",
                           "space s {\n  input image[3, 8, 8];\n  choice w[i in 1..6] in 1..10;\n"
                           "  network = conv(1, w[1], bias: false);\n"
                           "  require macs(network) <= 960;\n}\n");
    Arena a;
    arena_init(&a, "test");
    SpaceCount c[SPACE_COUNTS];
    space_count(program_default_space(p), 2, &a, NULL, c);
    assert_non_null(c[SPACE_SATISFYING].n);
    assert_false(c[SPACE_SATISFYING].exact);
    assert_true(atof(c[SPACE_SATISFYING].lo) <= 500000 && atof(c[SPACE_SATISFYING].hi) >= 500000);
    assert_true(atof(c[SPACE_SATISFYING].hi) - atof(c[SPACE_SATISFYING].lo) < 150000);
    arena_free(&a);
    program_free(p);
}

/* Random graphs of one colour class: equal hashes exactly where some permutation takes one to the other. */
static bool isomorphic(const IsoGraph *a, const IsoGraph *b) {
    static const int orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                     {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    for (int o = 0; o < 6; o++) {
        int map[] = {0, orders[o][0], orders[o][1], orders[o][2], 4};
        bool same = true;
        for (int i = 0; i < 5; i++) {
            same &= a->colour[i] == b->colour[map[i]];
            for (int k = 0; k < 5; k++)
                same &= a->edge[i][k] == b->edge[map[i]][map[k]];
        }
        if (same)
            return true;
    }
    return false;
}

static IsoGraph random_graph(RandomStream s, uint64_t index) {
    IsoGraph g = {.n = 5, .colour = {1, 7, 7, 7, 2}};
    for (int i = 0; i < 3; i++)
        g.colour[i + 1] += random_below(s, index * 100 + (uint64_t)i, 2);
    for (int i = 0; i < 5; i++)
        for (int k = i + 1; k < 5; k++)
            g.edge[i][k] = (uint8_t)random_below(s, index * 100 + 10 + (uint64_t)(5 * i + k), 2);
    return g;
}

static void test_iso_hash(void **state) {
    (void)state;
    enum { N = 500 };
    static IsoGraph g[N];
    static Hash128 h[N];
    int equal = 0;
    for (int i = 0; i < N; i++) {
        g[i] = random_graph(random_stream(5, 0, RANDOM_SAMPLE, (Hash128){0}), (uint64_t)i);
        assert_true(iso_hash(&g[i], &h[i]));
        for (int k = 0; k < i; k++) {
            assert_int_equal(isomorphic(&g[i], &g[k]), hash128_equal(h[i], h[k]));
            equal += hash128_equal(h[i], h[k]);
        }
    }
    assert_true(equal > 10);
}

static void test_bad_symmetry(void **state) {
    (void)state;
    static const char *const bad[] = {
        "  choice a in 1..3;\n  same up to isomorphism of (a);\n",
        "  choice a[i in 1..2] in 1..3;\n  same up to order of s in (a);\n",
        "  x = 3;\n  same up to order of s in (x);\n",
        "  choice a[i in 1..2] in 1..3;\n  same up to shape of (a);\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[400];
        snprintf(text, sizeof text, "space s {\n  input image[3, 8, 8];\n%s  network = relu;\n}\n",
                 bad[i]);
        NascStatus status;
        NascError err = {0};
        Program *p = load_with("bad.nas", text, NULL, 0, &status, &err);
        assert_int_equal(status, NASC_PROGRAM_ERROR);
        assert_int_equal(program_diags(p)->items.items[0].code, DIAG_bad_symmetry);
        program_free(p);
    }
    /* `same` stays a name. */
    program_free(load_good("same.nas", SPACE("  same = 3;\n  choice w in 1..same;\n")));
}

static void test_natural(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    Natural n = {0}, m = {0};
    natural_set(&n, 1);
    for (uint64_t i = 2; i <= 25; i++)
        natural_multiply(&n, i);
    assert_string_equal(natural_text(&n, &a), "15511210043330985984000000"); /* 25! */
    for (uint32_t i = 25; i >= 2; i--)
        natural_divide(&n, i);
    assert_string_equal(natural_text(&n, &a), "1");
    natural_set(&n, UINT64_MAX);
    natural_set(&m, 1);
    natural_add(&n, &m);
    assert_string_equal(natural_text(&n, &a), "18446744073709551616");
    natural_multiply(&n, 0);
    assert_string_equal(natural_text(&n, &a), "0");
    natural_free(&n);
    natural_free(&m);
    arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dependent),    cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_large),        cmocka_unit_test(test_order),
        cmocka_unit_test(test_isomorphism),  cmocka_unit_test(test_visits),
        cmocka_unit_test(test_estimate),     cmocka_unit_test(test_iso_hash),
        cmocka_unit_test(test_bad_symmetry), cmocka_unit_test(test_natural),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
