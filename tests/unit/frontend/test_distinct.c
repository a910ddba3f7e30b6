/* Drawing distinct architectures: each class of points as often as any other, whatever the number of its points, and
 * always by the same point. Classes are told apart by plain loops over what was drawn. */
#include "programs.h"

#include <math.h>

#include "frontend/distinct.h"

#define SPACE(body) "space s {\n  input image[3, 8, 8];\n" body "  network = conv(1, 4);\n}\n"

/* The chosen index of "name", "name[i]", "name[i,k]"; -1: there is no such decision. */
static int chosen(const Architecture *x, const char *format, ...) {
    const DecisionView *views;
    size_t n = architecture_decisions(x, &views);
    char address[40];
    va_list args;
    va_start(args, format);
    vsnprintf(address, sizeof address, format, args);
    va_end(args);
    for (size_t i = 0; i < n; i++)
        if (strcmp(views[i].address, address) == 0)
            return (int)views[i].index;
    return -1;
}

/* What all points of a class have, and no other: a number. */
typedef long ClassOf(const Architecture *x);

enum { MAX_CLASSES = 256 };

static void put_point(const Assignment *point, Buf *b) {
    buf_clear(b);
    for (size_t i = 0; i < point->n; i++)
        buf_printf(b, "%s=%d ", point->addresses[i], (int)point->indices[i]);
}

/* By number there are n points, no two the same, and every draw is one of them. */
static void assert_numbered(Space *s, int n) {
    Arena a;
    Buf points[MAX_CLASSES] = {{0}}, drawn = {0};
    arena_init(&a, "test");
    const DistinctTable *t = distinct_list(s, &a, NULL);
    assert_non_null(t);
    assert_true(distinct_weight(t) == n);
    for (int i = 0; i < n; i++) {
        Assignment point = distinct_point(t, (uint64_t)i, &a);
        put_point(&point, &points[i]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(points[i].text, points[k].text);
    }
    for (uint64_t i = 0; i < 200; i++) {
        Assignment point = distinct_draw(t, stream_below(test_stream(19), i), &a);
        put_point(&point, &drawn);
        int k = 0;
        while (k < n && strcmp(points[k].text, drawn.text) != 0)
            k++;
        assert_true(k < n);
    }
    for (int i = 0; i < n; i++)
        buf_free(&points[i]);
    buf_free(&drawn);
    arena_free(&a);
}

/* Draws: exactly n classes are met, each by one text alone; chi-square is below its mean of n - 1 plus five deviations. */
static void assert_drawn(const char *program, int n, int draws, ClassOf *class_of) {
    Program *p = load_good("distinct.nas", program);
    Space *s = program_default_space(p);
    long classes[MAX_CLASSES];
    char *texts[MAX_CLASSES];
    double seen[MAX_CLASSES] = {0}, chi = 0, e = (double)draws / n, mean = n - 1;
    int met = 0;
    bool listed = space_list_distinct(s, (Place){.file = UINT32_MAX}, NULL);
    if (!listed)
        show_diags(p);
    assert_true(listed);
    for (int i = 0; i < draws; i++) {
        Arena a;
        arena_init(&a, "test");
        Architecture *x = space_sample_distinct(s, &a, test_stream(16), (uint64_t)i);
        assert_non_null(x);
        long class = class_of(x);
        int k = 0;
        while (k < met && classes[k] != class)
            k++;
        if (k == met) {
            assert_true(met < n);
            classes[met] = class;
            texts[met++] = nasc_strdup(architecture_text(x));
        }
        assert_string_equal(texts[k], architecture_text(x));
        seen[k]++;
        arena_free(&a);
    }
    assert_int_equal(met, n);
    for (int k = 0; k < n; k++) {
        chi += (seen[k] - e) * (seen[k] - e) / e;
        free(texts[k]);
    }
    if (chi > mean + 5 * sqrt(2 * mean))
        fail_msg("chi-square %g of %d classes", chi, n);
    assert_string_equal(space_distinct_law(s), "uniform over distinct architectures");
    program_free(p);
}

/* And they are numbered. */
static void assert_classes(const char *program, int n, int draws, ClassOf *class_of) {
    assert_drawn(program, n, draws, class_of);
    Program *p = load_good("distinct.nas", program);
    Space *s = program_default_space(p);
    assert_true(space_list_distinct(s, (Place){.file = UINT32_MAX}, NULL));
    assert_numbered(s, n);
    assert_true(space_distinct_points(s) == n);
    program_free(p);
}

/* The multiset of three numbers below 5, whatever their order; times ten, what else is chosen. */
static long multiset(const Architecture *x) {
    int times[5] = {0};
    long class = 0;
    for (int i = 1; i <= 3; i++)
        times[chosen(x, "w[%d]", i)]++;
    for (int i = 0; i < 5; i++)
        class = class * 4 + times[i];
    return class * 10 + chosen(x, "free");
}

/* Of classes with one, three and six points: C(5 + 2, 3) times 3. With what they add up to known, those by a loop. */
static void test_order(void **state) {
    (void)state;
#define ORDER                                                                                      \
    "  choice w[i in 1..3] in 1..5;\n  choice free in 1..3;\n  same up to order of i in (w);\n"
    assert_classes(SPACE(ORDER), 105, 6000, multiset);
    int within = 0;
    for (int i = 1; i <= 5; i++)
        for (int j = i; j <= 5; j++)
            for (int k = j; k <= 5; k++)
                within += i + j + k <= 9;
    assert_classes(SPACE(ORDER "  require sum(i in 1..3) w[i] <= 9;\n"), 3 * within, 5000,
                   multiset);
}

/* Pairs of numbers in any order, as many as there are places: n (n + 1) / 2 of n = 6 pairs, and 6 of one place. */
static long pairs(const Architecture *x) {
    int a = chosen(x, "a[1]") * 3 + chosen(x, "b[1]");
    if (chosen(x, "n") == 0)
        return a;
    int b = chosen(x, "a[2]") * 3 + chosen(x, "b[2]");
    return 100 + 10 * (a < b ? a : b) + (a < b ? b : a);
}

static void test_leaves(void **state) {
    (void)state;
    assert_classes(SPACE("  choice n in 1..2;\n  choice a[i in 1..n] in 1..2;\n"
                         "  choice b[i in 1..n] in 1..3;\n  same up to order of i in (a, b);\n"),
                   27, 3000, pairs);
}

enum { MOST_VERTICES = 4 };

/* The smallest number that describes the part of a cell that is alive, over all orders of its vertices. */
static long cell(const Architecture *x) {
    int n = chosen(x, "n") + 2, last = n - 1, op[MOST_VERTICES] = {0}, kept[MOST_VERTICES], m = 0;
    bool link[MOST_VERTICES][MOST_VERTICES] = {{0}}, path[MOST_VERTICES][MOST_VERTICES];
    for (int u = 0; u < n; u++)
        for (int v = u + 1; v < n; v++)
            link[u][v] = chosen(x, "link[%d,%d]", u, v) == 1;
    for (int v = 1; v < last; v++)
        op[v] = chosen(x, "op[%d]", v);
    memcpy(path, link, sizeof path);
    for (int k = 0; k < n; k++)
        for (int u = 0; u < n; u++)
            for (int v = 0; v < n; v++)
                path[u][v] |= path[u][k] && path[k][v];
    for (int v = 1; v < last; v++)
        if (path[0][v] && path[v][last])
            kept[m++] = v;
    long best = -1;
    for (int swapped = 0; swapped < (m == 2 ? 2 : 1); swapped++) { /* at most two stand between */
        int order[MOST_VERTICES] = {0};
        for (int i = 0; i < m; i++)
            order[i + 1] = kept[swapped ? m - 1 - i : i];
        order[m + 1] = last;
        long d = m;
        for (int i = 0; i < m + 2; i++)
            for (int k = 0; k < m + 2; k++)
                d = d * 2 + link[order[i]][order[k]];
        for (int i = 1; i <= m; i++)
            d = d * 3 + op[order[i]];
        best = best < 0 || d < best ? d : best;
    }
    return best;
}

#define CELLS(more)                                                                                \
    SPACE("  choice n in 2..4;\n  last = n - 1;\n"                                                 \
          "  choice link[u in 0..last-1, v in u+1..last]: bool;\n"                                 \
          "  choice op[v in 1..last-1] { a = relu; b = identity; c = tanh; }\n"                    \
          "  reached[v in 0..last] = v == 0 or any(u in 0..v-1) (reached[u] and link[u, v]);\n"    \
          "  reaches[v in 0..last] = v == last or any(w in v+1..last) (link[v, w] and "            \
          "reaches[w]);\n"                                                                         \
          "  alive[v in 0..last] = reached[v] and reaches[v];\n  require alive[0];\n"              \
          "  same up to isomorphism of (n, link, op) if alive;\n" more)

/* NAS-Bench-101's cells of up to four vertices: 1 + 6 + 84. */
static void test_cells(void **state) {
    (void)state;
    assert_classes(CELLS(""), 91, 5000, cell);
    assert_classes(CELLS("  require n != 3;\n"), 91, 5000, cell);
}

/* A constraint that sees what vertices are: two alive, both of the first kind. As many cells as there are links of four
 * vertices with both on a path, up to an exchange of the two where neither feeds the other. */
static void test_seen_labels(void **state) {
    (void)state;
    int expected = 0;
    for (int links = 0; links < 64; links++) { /* 0-1 0-2 0-3 1-2 1-3 2-3 */
        bool l[6];
        for (int i = 0; i < 6; i++)
            l[i] = links >> i & 1;
        bool in1 = l[0], in2 = l[1] || (l[0] && l[3]), out2 = l[5], out1 = l[4] || (l[3] && l[5]);
        if (!(in1 && in2 && out1 && out2))
            continue;
        int other = links; /* swapped, where 1 does not feed 2 */
        if (!l[3])
            other = l[1] | l[0] << 1 | l[2] << 2 | l[5] << 4 | l[4] << 5;
        expected += links <= other;
    }
    assert_classes(CELLS("  require count(v in 1..last-1 if alive[v] and op[v] == \"a\") == 2;\n"),
                   expected, 2000, cell);
}

/* Four numbers below 3 in a square: any two beside or above each other change places, so all do. */
static long square(const Architecture *x) {
    int times[3] = {0};
    for (int i = 0; i < 4; i++)
        times[chosen(x, "a[%d,%d]", i / 2, i % 2)]++;
    return times[0] * 5 + times[1];
}

/* C(3 + 3, 4) multisets. */
static void test_closure(void **state) {
    (void)state;
    assert_classes(SPACE("  choice a[i in 0..1, k in 0..1] in 1..3;\n"
                         "  same up to order of i in (a);\n  same up to order of k in (a);\n"),
                   15, 3000, square);
}

/* What no table holds is said at the place given; a space without symmetries has its points. */
static void test_out_of_reach(void **state) {
    (void)state;
    Program *p =
        load_good("distinct.nas",
                  SPACE("  choice a[i in 1..2, k in 1..2] in 1..48;\n"
                        "  same up to order of i in (a);\n  same up to order of k in (a);\n"));
    assert_false(space_list_distinct(program_default_space(p), (Place){.file = UINT32_MAX}, NULL));
    assert_non_null(find_diag(p, DIAG_distinct_out_of_reach));
    program_free(p);
    p = load_good("distinct.nas", SPACE("  choice a[i in 1..9] in 1..48;\n"));
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    assert_true(space_list_distinct(s, (Place){.file = UINT32_MAX}, NULL));
    assert_non_null(space_sample_distinct(s, &a, test_stream(17), 0));
    assert_string_equal(space_distinct_law(s), "uniform over satisfying points");
    arena_free(&a);
    program_free(p);
}

/* A layer of c channels has 4 c parameters: a budget admits the classes that a bound on the sum admits. */
static void test_budget(void **state) {
    (void)state;
#define BUDGET(most)                                                                               \
    "space s {\n  input image[3, 8, 8];\n" ORDER "  require params(network) <= " most              \
    ";\n  network = conv(1, sum(i in 1..3) w[i]);\n}\n"
    int within = 0;
    for (int i = 1; i <= 5; i++)
        for (int j = i; j <= 5; j++)
            for (int k = j; k <= 5; k++)
                within += i + j + k <= 9;
    assert_drawn(BUDGET("36"), 3 * within, 4000, multiset);
    Program *p = load_good("distinct.nas", BUDGET("36"));
    assert_true(space_list_distinct(program_default_space(p), (Place){.file = UINT32_MAX}, NULL));
    assert_true(space_distinct_points(program_default_space(p)) == -1);
    program_free(p);
    Arena a;
    arena_init(&a, "test");
    p = load_good("distinct.nas", BUDGET("11"));
    assert_true(space_list_distinct(program_default_space(p), (Place){.file = UINT32_MAX}, NULL));
    assert_null(space_sample_distinct(program_default_space(p), &a, test_stream(18), 0));
    assert_non_null(find_diag(p, DIAG_empty_space));
    arena_free(&a);
    program_free(p);
}

/* Nothing within the constraints is the same mistake as for points. */
static void test_empty(void **state) {
    (void)state;
    Program *p = load_good("distinct.nas", SPACE(ORDER "  require w[1] > 5;\n"));
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    assert_true(space_list_distinct(s, (Place){.file = UINT32_MAX}, NULL));
    assert_null(space_sample_distinct(s, &a, test_stream(18), 0));
    assert_non_null(find_diag(p, DIAG_empty_space));
    arena_free(&a);
    program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_cells),   cmocka_unit_test(test_seen_labels),
        cmocka_unit_test(test_closure), cmocka_unit_test(test_out_of_reach),
        cmocka_unit_test(test_budget),  cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
