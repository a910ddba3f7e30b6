/* Counting: against numbers known by formula or from a paper, and against visiting every point. */
#include "programs.h"

#include <math.h>

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
    /* Numbers that add up: of 10^40 points the C(45, 40) with a sum of at most 45; of 2^100 the C(100, 50) with as many
     * of one as of the other. */
    assert_counts(
        SPACE("  choice w[i in 1..40] in 1..10;\n  require sum(i in 1..40) w[i] <= 45;\n"),
        "10000000000000000000000000000000000000000", "1221759", "1221759");
    assert_counts(
        SPACE("  choice w[i in 1..100]: bool;\n  require count(i in 1..100 if w[i]) == 50;\n"),
        "1267650600228229401496703205376", "100891344545564193334812497256",
        "100891344545564193334812497256");
    /* Pairs (a[i], b[i]) of which all a are declared first: products that add up to at most 14, by a table of sums. */
    uint64_t ways[16] = {[0] = 1}, within = 0;
    for (int i = 0; i < 12; i++) {
        uint64_t next[16] = {0};
        for (int sum = 0; sum < 15; sum++)
            for (int a = 1; a <= 9; a++)
                for (int b = 1; b <= 9 && sum + a * b < 15; b++)
                    next[sum + a * b] += ways[sum];
        memcpy(ways, next, sizeof ways);
    }
    for (int sum = 0; sum < 15; sum++)
        within += ways[sum];
    char expected[24];
    snprintf(expected, sizeof expected, "%llu", (unsigned long long)within);
    assert_counts(SPACE("  choice a[i in 1..12] in 1..9;\n  choice b[i in 1..12] in 1..9;\n"
                        "  require sum(i in 1..12) (a[i] * b[i]) <= 14;\n"),
                  "79766443076872509863361", expected, expected); /* 9^24 */
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
#define GRAPHS(most) GRAPHS_WITH(most, "")
#define GRAPHS_WITH(most, more)                                                                    \
    SPACE("  choice n in 2.." most ";\n  last = n - 1;\n"                                          \
          "  choice link[u in 0..last-1, v in u+1..last]: bool;\n"                                 \
          "  choice op[v in 1..last-1] { a = relu; b = identity; c = tanh; }\n"                    \
          "  reached[v in 0..last] = v == 0 or any(u in 0..v-1) (reached[u] and link[u, v]);\n"    \
          "  reaches[v in 0..last] = v == last or any(w in v+1..last) (link[v, w] and "            \
          "reaches[w]);\n"                                                                         \
          "  alive[v in 0..last] = reached[v] and reaches[v];\n"                                   \
          "  require alive[0];\n  require count(link) <= 9;\n"                                     \
          "  same up to isomorphism of (n, link, op) if alive;\n" more)
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

/* ---- several symmetries ---- */

/* Classes of n points under moves, each of which takes a point to another one or to itself. */
static int classes_of(int n, int nmoves, int (*move)(int point, int m)) {
    int *parent = malloc((size_t)n * sizeof *parent), classes = n;
    for (int i = 0; i < n; i++)
        parent[i] = i;
    for (int i = 0; i < n; i++)
        for (int m = 0; m < nmoves; m++) {
            int a = i, b = move(i, m);
            if (b < 0)
                continue;
            while (parent[a] != a)
                a = parent[a];
            while (parent[b] != b)
                b = parent[b];
            classes -= a != b;
            parent[a] = b;
        }
    free(parent);
    return classes;
}

static int swap_bits(int x, int i, int k) {
    int differ = (x >> i ^ x >> k) & 1;
    return x ^ (differ << i | differ << k);
}

/* Bits 0-2: a[1..3], 3-5: b, 6-8: c; a and b swap places together, and so do a and c. */
static int move_shared(int x, int m) {
    int i = m % 2, other = m / 2 ? 6 : 3;
    return swap_bits(swap_bits(x, i, i + 1), other + i, other + i + 1);
}

static void test_orders(void **state) {
    (void)state;
#define TWO                                                                                        \
    "  choice a[i in 1..3] in 1..4;\n  choice b[k in 1..2, j in 1..2] in 1..5;\n"                  \
    "  choice rest in 1..7;\n"                                                                     \
    "  same up to order of i in (a);\n  same up to order of j in (b);\n"
    /* 20 multisets of three of four, 15 of two of five, twice. */
    assert_counts(SPACE(TWO), "280000", "280000", "31500");
    /* A constraint that sees both: representatives in order. */
    int distinct = 0, satisfying = 0;
    for (int x = 0; x < 64 * 625; x++) {
        int a[] = {x % 4 + 1, x / 4 % 4 + 1, x / 16 % 4 + 1};
        int b[] = {x / 64 % 5 + 1, x / 320 % 5 + 1, x / 1600 % 5 + 1, x / 8000 + 1};
        if (a[0] + a[1] + a[2] + b[0] + b[1] > 9)
            continue;
        satisfying += 7;
        distinct += 7 * (a[0] <= a[1] && a[1] <= a[2] && b[0] <= b[1] && b[2] <= b[3]);
    }
    char s[20], d[20];
    snprintf(s, sizeof s, "%d", satisfying);
    snprintf(d, sizeof d, "%d", distinct);
    assert_counts(SPACE(TWO "  require sum(i in 1..3) a[i] + b[1, 1] + b[1, 2] <= 9;\n"), "280000",
                  s, d);
}

static void test_orders_that_share(void **state) {
    (void)state;
    /* A constraint that admits one order of each pair: four pairs, whatever is sorted by. */
    assert_counts(SPACE("  choice a[i in 0..1] in 1..2;\n  choice b[i in 0..1] in 1..2;\n"
                        "  same up to order of i in (a, b);\n  require b[0] < b[1];\n"),
                  "16", "4", "4");
    assert_counts(SPACE("  choice a[i in 0..1] in 1..2;\n  choice b[i in 0..1] in 1..2;\n"
                        "  same up to order of i in (a, b);\n  require b[0] > b[1];\n"),
                  "16", "4", "4");
    /* Rows and columns in any order, each for itself: any order of the four, 15 multisets. */
    assert_counts(SPACE("  choice a[i in 1..2, k in 1..2] in 1..3;\n  choice rest in 1..7;\n"
                        "  same up to order of i in (a);\n  same up to order of k in (a);\n"),
                  "567", "567", "105");
    char d[20];
    snprintf(d, sizeof d, "%d", classes_of(512, 4, move_shared));
    assert_counts(SPACE("  choice a[i in 1..3]: bool;\n  choice b[i in 1..3]: bool;\n"
                        "  choice c[i in 1..3]: bool;\n"
                        "  same up to order of i in (a, b);\n  same up to order of i in (a, c);\n"),
                  "512", "512", d);
}

/* Bits 0-5: links 01 02 03 12 13 23; 6, 7: what vertices 1 and 2 are. Those two may change places
 * where no link between them would turn round. */
static int swap_vertices(int g) {
    return g >> 3 & 1 ? g : swap_bits(swap_bits(swap_bits(g, 0, 1), 4, 5), 6, 7);
}

static int links_of(int g) {
    int n = 0;
    for (int i = 0; i < 6; i++)
        n += g >> i & 1;
    return n;
}

/* Two graphs, at most three links in all. */
static int move_graphs(int x, int m) {
    return m ? swap_vertices(x >> 8) << 8 | (x & 255) : (x & ~255) | swap_vertices(x & 255);
}

#define GRAPH(link, op)                                                                            \
    "  choice " link "[u in 0..2, v in u+1..3]: bool;\n"                                           \
    "  choice " op "[v in 1..2] { a = relu; b = identity; }\n"                                     \
    "  same up to isomorphism of (" link ", " op ");\n"

static void test_graph_and_order(void **state) {
    (void)state;
    int satisfying = 0, distinct = 0;
    for (int g = 0; g < 256; g++)
        for (int w = 0; w < 9; w++) {
            if (links_of(g) + w % 3 + w / 3 > 4)
                continue;
            satisfying++;
            distinct += swap_vertices(g) >= g && w % 3 <= w / 3;
        }
    char s[20], d[20];
    snprintf(s, sizeof s, "%d", satisfying);
    snprintf(d, sizeof d, "%d", distinct);
#define ORDERED                                                                                    \
    GRAPH("link", "op") "  choice w[i in 1..2] in 0..2;\n  same up to order of i in (w);\n"
    assert_counts(SPACE(ORDERED "  require count(link) + w[1] + w[2] <= 4;\n"), "2304", s, d);
    int graphs = 0;
    for (int g = 0; g < 256; g++)
        graphs += swap_vertices(g) >= g;
    snprintf(d, sizeof d, "%d", 6 * graphs);
    assert_counts(SPACE(ORDERED), "2304", "2304", d);
}

static void test_two_graphs(void **state) {
    (void)state;
    int satisfying = 0;
    for (int x = 0; x < 65536; x++)
        satisfying += links_of(x & 255) + links_of(x >> 8) <= 3;
    int outside = 65536 - satisfying, classes = classes_of(65536, 2, move_graphs);
    for (int x = 0; x < 65536; x++) /* the number of links is a class's own: those of others go */
        if (links_of(x & 255) + links_of(x >> 8) > 3)
            classes -= swap_vertices(x & 255) >= (x & 255) && swap_vertices(x >> 8) >= x >> 8;
    assert_true(outside > 0);
    char s[20], d[20];
    snprintf(s, sizeof s, "%d", satisfying);
    snprintf(d, sizeof d, "%d", classes);
    assert_counts(
        SPACE(GRAPH("one", "p") GRAPH("two", "q") "  require count(one) + count(two) <= 3;\n"),
        "65536", s, d);
}

/* A graph whose number of vertices is its own, 91 of them (NAS-Bench-101), beside one of 24. */
static void test_graphs_across_leaves(void **state) {
    (void)state;
    Program *p =
        load_good("count.nas",
                  GRAPHS_WITH("4", "  choice l2[u in 0..1, v in u+1..2]: bool;\n"
                                   "  choice o2[v in 1..1] { a = relu; b = identity; c = tanh; }\n"
                                   "  same up to isomorphism of (l2, o2);\n"));
    Arena a;
    arena_init(&a, "test");
    SpaceCount c[SPACE_COUNTS];
    space_count(program_default_space(p), 1u << SPACE_DISTINCT, &a, NULL, c);
    assert_string_equal(c[SPACE_DISTINCT].n, "2184");
    arena_free(&a);
    program_free(p);
}

/* Five million points that only a visit could count: nothing is said rather than something wrong. */
static void test_out_of_reach(void **state) {
    (void)state;
    assert_counts(SPACE("  choice a[i in 1..2, k in 1..2] in 1..48;\n"
                        "  same up to order of i in (a);\n  same up to order of k in (a);\n"),
                  "5308416", "5308416", NULL);
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

/* Networks of the program's last space, in arena. */
static SpaceCount networks_of(const char *program, const CountOptions *options, Arena *arena) {
    SpaceCount c[SPACE_COUNTS];
    Program *p = load_good("count.nas", program);
    space_count(program_default_space(p), 1u << SPACE_NETWORKS, arena, options, c);
    program_free(p);
    assert_non_null(c[SPACE_NETWORKS].n);
    return c[SPACE_NETWORKS];
}

static void networks_between(const char *choices, const char *network, double lo, double truth,
                             double hi) {
    char text[400];
    snprintf(text, sizeof text, "space s {\n  input image[3, 4, 4];\n%s  network = %s;\n}\n",
             choices, network);
    Arena a;
    arena_init(&a, "test");
    SpaceCount n = networks_of(text, NULL, &a);
    assert_false(n.exact);
    assert_in_range(atof(n.n), lo, hi);
    assert_true(atof(n.lo) <= truth && truth <= atof(n.hi));
    arena_free(&a);
}

/* Of 262,144 points: 512 networks of 512 points each, which a thousand draws know well; 300 of very
 * unequal numbers of points, of which a thousand draws meet a part; one a point, of which they meet no
 * two and can only say that there are more than 1000^2 / (2 ln 40). */
static void test_networks_estimated(void **state) {
    (void)state;
    networks_between("  choice a[i in 1..3] in 1..8;\n  choice idle[i in 1..3] in 1..8;\n",
                     "conv(1, a[1]) -> conv(1, a[2]) -> conv(1, a[3])", 450, 512, 580);
    networks_between("  choice a in 1..512;\n  choice b in 1..512;\n",
                     "conv(1, if a > 300 then 1 else a)", 150, 300, 450);
    networks_between("  choice a in 1..512;\n  choice b in 1..512;\n", "conv(1, a) -> conv(1, b)",
                     135000, 262144, 262144);
}

/* Multisets of `places` numbers of 1..most, and how many values the sum of their cubes, and so many times the
 * product, has. */
static double different_values(int places, int most, int times, double *multisets) {
    enum { VALUES = 3000000 };
    bool *seen = calloc(VALUES, 1);
    int w[4] = {1, 1, 1, 1}, i = 0;
    double different = 0;
    for (*multisets = 0; i >= 0; ++*multisets) {
        int value = 0, product = 1;
        for (int k = 0; k < places; k++) {
            value += w[k] * w[k] * w[k];
            product *= w[k];
        }
        value += times * product;
        assert_in_range(value, 0, VALUES - 1);
        different += !seen[value];
        seen[value] = true;
        for (i = places - 1; i >= 0 && w[i] == most;)
            i--;
        for (int k = i, v = i >= 0 ? w[i] + 1 : 0; k >= 0 && k < places; k++)
            w[k] = v;
    }
    free(seen);
    return different;
}

#define CUBES(places, most, more)                                                                  \
    "space s {\n  input image[3, 4, 4];\n  choice w[i in 1.." places "] in 1.." most ";\n"         \
    "  same up to order of i in (w);\n"                                                            \
    "  network = conv(1, sum(i in 1.." places ") (w[i] * w[i] * w[i])" more ");\n}\n"

/* The same of those whose cubes add up to no more than a bound: 4 parameters a channel. */
static double within_budget(int places, int most, int bound) {
    double n = 0;
    for (int i = 1; i <= most; i++)
        for (int j = i; j <= most; j++)
            for (int k = places > 2 ? j : most; k <= most; k++)
                for (int l = places > 2 ? k : most; l <= most; l++) {
                    int cubes = i * i * i + j * j * j;
                    n += cubes + (places > 2 ? k * k * k + l * l * l : 0) <= bound;
                }
    return n;
}

/* A budget on what the network costs is asked of each architecture of a short list, of a share of a long one. */
static void test_distinct_within_budget(void **state) {
    (void)state;
#define BOUNDED(places, most, parameters)                                                          \
    "space s {\n  input image[3, 4, 4];\n  choice w[i in 1.." places "] in 1.." most ";\n"         \
    "  same up to order of i in (w);\n  require params(network) <= " parameters ";\n"              \
    "  network = conv(1, sum(i in 1.." places ") (w[i] * w[i] * w[i]));\n}\n"
    SpaceCount c[SPACE_COUNTS];
    Arena a;
    arena_init(&a, "test");
    Program *p = load_good("count.nas", BOUNDED("2", "40", "120_000"));
    space_count(program_default_space(p), 1u << SPACE_DISTINCT | 1u << SPACE_NETWORKS, &a, NULL, c);
    assert_true(c[SPACE_DISTINCT].exact && c[SPACE_NETWORKS].exact);
    assert_true(atof(c[SPACE_DISTINCT].n) == within_budget(2, 40, 30000));
    /* 1729 and 4104 are sums of two cubes in two ways, and so are 13832 and 20683; the next one is 32832 */
    assert_true(atof(c[SPACE_NETWORKS].n) == within_budget(2, 40, 30000) - 4);
    program_free(p);
    p = load_good("count.nas", BOUNDED("4", "40", "280_000"));
    space_count(program_default_space(p), 1u << SPACE_DISTINCT, &a, NULL, c);
    double truth = within_budget(4, 40, 70000);
    assert_false(c[SPACE_DISTINCT].exact);
    assert_true(atof(c[SPACE_DISTINCT].lo) <= truth && truth <= atof(c[SPACE_DISTINCT].hi));
    assert_true(atof(c[SPACE_DISTINCT].hi) < 1.3 * atof(c[SPACE_DISTINCT].lo));
    arena_free(&a);
    program_free(p);
}

/* Millions of points up to an order, C(43, 4) architectures: of which two in five share the network of another, or one in
 * six. Their number bounds that of networks. */
static void test_networks_of_distinct(void **state) {
    (void)state;
    static const char *const programs[] = {CUBES("4", "40", ""),
                                           CUBES("4", "40", " + w[1] * w[2] * w[3] * w[4]")};
    for (int i = 0; i < 2; i++) {
        double multisets, truth = different_values(4, 40, i, &multisets);
        assert_true(multisets == 123410);
        Arena a;
        arena_init(&a, "test");
        SpaceCount n = networks_of(programs[i], NULL, &a);
        assert_true(n.of_distinct && !n.exact);
        assert_true(atof(n.lo) <= truth && truth <= atof(n.hi) && atof(n.hi) <= multisets);
        assert_true(atof(n.lo) <= atof(n.n) && atof(n.n) <= atof(n.hi));
        assert_true(fabs(atof(n.n) - truth) < 0.4 * truth && atof(n.lo) > truth / 2);
        arena_free(&a);
    }
}

static void test_networks_built(void **state) {
    (void)state;
    double multisets, cubes = different_values(3, 50, 0, &multisets);
    assert_true(multisets == 22100); /* C(52, 3): more than are built unasked */
    Arena a;
    arena_init(&a, "test");
    SpaceCount n = networks_of(CUBES("3", "50", ""), &(CountOptions){.exact = true}, &a);
    assert_true(n.exact && n.of_distinct);
    assert_true(atof(n.n) == cubes);
    arena_free(&a);
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
        cmocka_unit_test(test_dependent),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_isomorphism),
        cmocka_unit_test(test_visits),
        cmocka_unit_test(test_estimate),
        cmocka_unit_test(test_networks_estimated),
        cmocka_unit_test(test_distinct_within_budget),
        cmocka_unit_test(test_networks_of_distinct),
        cmocka_unit_test(test_networks_built),
        cmocka_unit_test(test_iso_hash),
        cmocka_unit_test(test_bad_symmetry),
        cmocka_unit_test(test_natural),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_orders_that_share),
        cmocka_unit_test(test_graph_and_order),
        cmocka_unit_test(test_two_graphs),
        cmocka_unit_test(test_graphs_across_leaves),
        cmocka_unit_test(test_out_of_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
