/* Drawing within constraints, however few points meet them: against all points, found by plain loops. */
#include "programs.h"

#include <math.h>
#include <pthread.h>

#include "frontend/sample.h"

#define SPACE(body) "space s {\n  input image[3, 8, 8];\n" body "  network = conv(1, 4);\n}\n"

/* Points as texts, with how often each was drawn. */
enum { MAX_POINTS = 64 };
typedef struct Tally {
    char points[MAX_POINTS][80];
    double expected[MAX_POINTS];
    int seen[MAX_POINTS], n;
} Tally;

static void expect(Tally *t, double weight, const char *format, ...) {
    va_list args;
    assert_true(t->n < MAX_POINTS);
    va_start(args, format);
    vsnprintf(t->points[t->n], sizeof t->points[0], format, args);
    va_end(args);
    t->expected[t->n++] = weight;
}

/* Draws so many points: all are expected ones, and chi-square is below its mean of n - 1 by no more than five
 * deviations of sqrt(2 (n - 1)). */
static void assert_drawn(Tally *t, const char *program, int draws, const char *law) {
    Program *p = load_good("sample.nas", program);
    Space *s = program_default_space(p);
    double total = 0, chi = 0;
    for (int i = 0; i < draws; i++) {
        Arena a;
        arena_init(&a, "test");
        Architecture *x = space_sample(s, &a, test_stream(11), (uint64_t)i);
        if (!x)
            show_diags(p);
        assert_non_null(x);
        int k = 0;
        while (k < t->n && strcmp(t->points[k], architecture_text(x)) != 0)
            k++;
        if (k == t->n)
            fail_msg("%s is none of the points", architecture_text(x));
        t->seen[k]++;
        arena_free(&a);
    }
    for (int k = 0; k < t->n; k++)
        total += t->expected[k];
    for (int k = 0; k < t->n; k++) {
        double e = draws * t->expected[k] / total;
        chi += (t->seen[k] - e) * (t->seen[k] - e) / e;
    }
    double mean = t->n - 1;
    if (chi > mean + 5 * sqrt(2 * mean))
        fail_msg("chi-square %g of %d points", chi, t->n);
    assert_non_null(strstr(space_law(s), law));
    program_free(p);
}

/* 35 of 7776: about a third of the draws come from free attempts, the others from counted points. */
static void test_sum(void **state) {
    (void)state;
    Tally t = {0};
    for (int i = 0; i < 7776; i++) {
        int w[5], sum = 0;
        for (int k = 0, left = i; k < 5; k++, left /= 6)
            sum += w[k] = left % 6 + 1;
        if (sum == 8)
            expect(&t, 1, "w[1]=%d,w[2]=%d,w[3]=%d,w[4]=%d,w[5]=%d", w[0], w[1], w[2], w[3], w[4]);
    }
    assert_int_equal(t.n, 35);
    assert_drawn(&t, SPACE("  choice w[i in 1..5] in 1..6;\n  require sum(i in 1..5) w[i] == 8;\n"),
                 1000, "uniform over satisfying points");
}

/* 40 of 8420 points, half of them of two decisions, half of three. */
static void test_structure(void **state) {
    (void)state;
    Tally t = {0};
    for (int k = 1; k <= 20; k++) {
        expect(&t, 1, "depth=2,k[1]=%d,k[2]=%d", k, k);
        expect(&t, 1, "depth=3,k[1]=%d,k[2]=%d,k[3]=%d", k, k, k);
    }
    assert_drawn(&t,
                 SPACE("  choice depth in 1..3;\n  choice k[i in 1..depth] in 1..20;\n"
                       "  require depth >= 2 and all(i in 2..depth) (k[i] == k[1]);\n"),
                 600, "uniform over satisfying points");
}

/* Ten of a billion. */
static void test_rare(void **state) {
    (void)state;
    Tally t = {0};
    for (int left_out = 10; left_out >= 1; left_out--) {
        char text[80];
        for (int i = 1, at = 0; i <= 9; i++)
            at += snprintf(text + at, sizeof text - (size_t)at, "%sw[%d]=%d", i > 1 ? "," : "", i,
                           i < left_out ? i : i + 1);
        expect(&t, 1, "%s", text);
    }
    assert_drawn(&t,
                 SPACE("  choice w[i in 1..9] in 1..10;\n"
                       "  require all(i in 1..8) (w[i] < w[i + 1]);\n"),
                 150, "uniform over satisfying points");
}

/* Nine of ten true, which has 4 times the probability of all ten, 4e-6 together. */
static void test_priors(void **state) {
    (void)state;
    Tally t = {0};
    for (int no = 0; no <= 10; no++) {
        char text[200];
        for (int i = 1, at = 0; i <= 10; i++)
            at += snprintf(text + at, sizeof text - (size_t)at, "%d", i != no);
        expect(&t, no ? 4 : 1, "%s", text);
    }
    assert_drawn(
        &t,
        SPACE("  choice b[i in 1..10] { \"0\" = false prior 0.8; \"1\" = true prior 0.2; }\n"
              "  require count(i in 1..10 if b[i]) >= 9;\n"
              "  encoding join(i in 1..10, \"\") (b[i]);\n"),
        300, "not uniform");
}

/* Costs are asked of points that meet the other constraints: 40 of 64000, half of which are small. 1x1
 * convolutions of 3, w, w and w channels, without bias. */
static void test_costs(void **state) {
    (void)state;
    Tally t = {0};
    for (int w = 1; w <= 40; w++)
        if (3 * w + 2 * w * w <= 860)
            expect(&t, 1, "w[1]=%d,w[2]=%d,w[3]=%d", w, w, w);
    assert_int_equal(t.n, 20);
    assert_drawn(&t,
                 "space s {\n  input image[3, 8, 8];\n  choice w[i in 1..3] in 1..40;\n"
                 "  require w[1] == w[2] and w[2] == w[3];\n  require params(network) <= 860;\n"
                 "  network = chain(i in 1..3) conv(1, w[i], bias: false);\n}\n",
                 300, "uniform over satisfying points");
}

/* Choices that meet no condition keep their law beside those that do. */
static void test_beside(void **state) {
    (void)state;
    Tally t = {0};
    for (int a = 0; a < 2; a++)
        for (int k = 1; k <= 4; k++)
            expect(&t, 1, "a=%s,w[1]=7,w[2]=77,k=%d", a ? "true" : "false", k);
    assert_drawn(&t,
                 SPACE("  choice a: bool;\n  choice w[i in 1..2] in 1..100;\n  choice k in 1..4;\n"
                       "  require w[1] == 7 and w[2] == 77;\n"),
                 400, "uniform over satisfying points");
}

/* Choices in bodies are drawn in their turn, beside those that constraints bind. */
static void test_bodies(void **state) {
    (void)state;
    Tally t = {0};
    for (int k = 1; k <= 4; k++)
        for (int w = 1; w <= 3; w++)
            expect(&t, 1, "w[1]=%d,w[2]=%d,w[3]=%d,k=%d", w, w + 50, w + 20, k);
    assert_drawn(&t,
                 "block = x => {\n  choice k in 1..4;\n  return x -> conv(1, k);\n};\n"
                 "space s {\n  input image[3, 8, 8];\n  choice w[i in 1..3] in 1..100;\n"
                 "  require w[1] <= 3 and w[2] == w[1] + 50 and w[3] == w[1] + 20;\n"
                 "  network = block;\n}\n",
                 300, "not uniform: each choice uniform in its turn");
}

static void assert_rising(const Architecture *x) {
    const DecisionView *d;
    size_t n = architecture_decisions(x, &d);
    assert_int_equal(n, 9);
    for (size_t i = 1; i < n; i++)
        assert_true(d[i - 1].index < d[i].index);
}

/* From 1 .. 9 one change, of the last to 10, stays inside; where none does, another point is drawn. */
static void test_mutation(void **state) {
    (void)state;
    Program *p = load_good("sample.nas", SPACE("  choice w[i in 1..9] in 1..10;\n"
                                               "  require all(i in 1..8) (w[i] < w[i + 1]);\n"));
    Arena a;
    arena_init(&a, "test");
    Space *s = program_default_space(p);
    Architecture *x = space_sample(s, &a, test_stream(12), 0);
    for (uint64_t i = 0; i < 20; i++) {
        x = space_mutate(s, &a, x, test_stream(13), i, 0.2);
        assert_non_null(x);
        assert_rising(x);
    }
    program_free(p);
    p = load_good("sample.nas", SPACE("  choice w[i in 1..6] in 1..50;\n"
                                      "  require all(i in 2..6) (w[i] == w[1]);\n"));
    s = program_default_space(p);
    x = space_sample(s, &a, test_stream(12), 0);
    Architecture *y = space_mutate(s, &a, x, test_stream(13), 0, 0.2);
    const DecisionView *d;
    assert_non_null(y);
    assert_int_equal(architecture_decisions(y, &d), 6);
    for (int i = 1; i < 6; i++)
        assert_int_equal(d[i].index, d[0].index);
    arena_free(&a);
    program_free(p);
}

typedef struct Worker {
    Space *space;
    uint64_t first;
    Hash128 keys[8];
} Worker;

static void *draw_some(void *user) {
    Worker *w = user;
    Arena a;
    arena_init(&a, "worker");
    for (uint64_t i = 0; i < 8; i++)
        w->keys[i] = architecture_key(space_sample(w->space, &a, test_stream(14), w->first + i));
    arena_free(&a);
    return NULL;
}

/* Threads that all need the points counted draw what one thread draws. */
static void test_threads(void **state) {
    (void)state;
    static const char program[] = SPACE("  choice w[i in 1..12] in 1..10;\n"
                                        "  require sum(i in 1..12) w[i] <= 14;\n");
    Program *p = load_good("sample.nas", program), *q = load_good("sample.nas", program);
    enum { THREADS = 4 };
    Worker together[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        together[i] = (Worker){.space = program_default_space(p), .first = (uint64_t)i * 4};
        assert_int_equal(pthread_create(&threads[i], NULL, draw_some, &together[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = THREADS - 1; i >= 0; i--) {
        Worker alone = {.space = program_default_space(q), .first = (uint64_t)i * 4};
        draw_some(&alone);
        assert_memory_equal(alone.keys, together[i].keys, sizeof alone.keys);
    }
    assert_true(space_points(program_default_space(p)) == 91); /* C(14, 12) */
    program_free(p);
    program_free(q);
}

/* What lies nearest in the notes of an empty space's error: NULL if the space is not empty. */
static const Diag *emptiness(Program *p) {
    Arena a;
    arena_init(&a, "test");
    assert_null(space_sample(program_default_space(p), &a, test_stream(15), 0));
    arena_free(&a);
    return find_diag(p, DIAG_empty_space);
}

/* Of four constraints two, each of which alone admits one point in a thousand or less, contradict each other. */
static void test_irreducible(void **state) {
    (void)state;
    Program *p = load_good("sample.nas", SPACE("  choice w[i in 1..6] in 1..10;\n"
                                               "  require w[1] <= 3;\n"
                                               "  require sum(i in 1..6) w[i] <= 10;\n"
                                               "  require w[2] != w[3];\n"
                                               "  require all(i in 3..6) (w[i] >= 4);\n"));
    const Diag *d = emptiness(p);
    assert_non_null(d);
    assert_string_equal(d->message, "no point of the space meets its constraints");
    assert_int_equal(d->notes.len, 2);
    assert_string_equal(d->notes.items[0].message,
                        "no point meets this together with the others named here: the smallest "
                        "value found where those hold is 18"); /* 1 + 1 + 4 * 4 */
    assert_string_equal(d->notes.items[1].message,
                        "no point meets this together with the others named here");
    program_free(p);
}

/* The smallest network has four channels everywhere; a bound that it meets leaves it alone. */
static void test_nearest(void **state) {
    (void)state;
    static const char program[] = "space s {\n  input image[3, 8, 8];\n"
                                  "  choice w[i in 1..4] in 4..200;\n"
                                  "  require macs(network) <= %d;\n"
                                  "  network = chain(i in 1..4) conv(1, w[i], bias: false);\n}\n";
    int smallest = 64 * (3 * 4 + 3 * 4 * 4);
    char text[400], expected[100];
    Tally t = {0};
    snprintf(text, sizeof text, program, smallest - 1);
    snprintf(expected, sizeof expected, "no draw meets this: the smallest value found is %d",
             smallest);
    Program *p = load_good("sample.nas", text);
    const Diag *d = emptiness(p);
    assert_non_null(d);
    assert_non_null(strstr(d->message, "no point of the space was found"));
    assert_int_equal(d->notes.len, 1);
    assert_string_equal(d->notes.items[0].message, expected);
    program_free(p);
    snprintf(text, sizeof text, program, smallest);
    expect(&t, 1, "w[1]=4,w[2]=4,w[3]=4,w[4]=4");
    assert_drawn(&t, text, 3, "costs at least what each choice adds to the smallest network");
}

/* Costs that leave one in 10^5: sums, of kernels at fixed widths, and products, of neighbouring widths. */
static void test_budgets(void **state) {
    (void)state;
    Tally sums = {0}, products = {0};
    for (int wide = 0; wide <= 8; wide++) /* 64 * 4 * 4 * 8 for one of them more */
        expect(&sums, 1, "%d,%d,%d,%d,%d,%d,%d,%d", wide == 1 ? 3 : 1, wide == 2 ? 3 : 1,
               wide == 3 ? 3 : 1, wide == 4 ? 3 : 1, wide == 5 ? 3 : 1, wide == 6 ? 3 : 1,
               wide == 7 ? 3 : 1, wide == 8 ? 3 : 1);
    assert_drawn(&sums,
                 "space s {\n  input image[3, 8, 8];\n  choice k[i in 1..8] in {1, 3, 5, 7, 9};\n"
                 "  require macs(network) <= 64 * (4 * 3 + 7 * 4 * 4) + 64 * 4 * 4 * 8;\n"
                 "  network = chain(i in 1..8) conv(k[i], 4, bias: false);\n"
                 "  encoding join(i in 1..8, \",\") (k[i]);\n}\n",
                 40, "costs at least what each choice adds to the smallest network");
    for (int a = 4; a < 60; a++)
        for (int b = 4; b < 60; b++)
            for (int c = 4; c < 60; c++)
                if (64 * (3 * a + a * b + b * c) <= 64 * 70)
                    expect(&products, 1, "%d,%d,%d", a, b, c);
    assert_in_range(products.n, 20, 60);
    assert_drawn(&products,
                 "space s {\n  input image[3, 8, 8];\n  choice w[i in 1..3] in 4..200;\n"
                 "  require macs(network) <= 64 * 70;\n"
                 "  network = chain(i in 1..3) conv(1, w[i], bias: false);\n"
                 "  encoding join(i in 1..3, \",\") (w[i]);\n}\n",
                 100, "costs at least what each choice adds to the smallest network");
}

static size_t bounds_of(const char *body, CostBound *out) {
    Program *p = load_good("sample.nas", body);
    Arena a;
    size_t n;
    arena_init(&a, "test");
    const CostBound *bounds = cost_bounds(program_default_space(p), false, &a, &n);
    *out = n ? bounds[0] : (CostBound){0};
    out->terms = NULL; /* gone with the arena */
    arena_free(&a);
    program_free(p);
    return n;
}

#define COSTED(choices, network)                                                                   \
    "space s {\n  input image[3, 8, 8];\n" choices                                                 \
    "  require macs(network) <= 10K;\n  network = " network ";\n}\n"

/* A cost is bounded where it is a sum or product of what grows, and left alone where two choices share one: where
 * either makes a layer, or a layer comes to lie in a smaller map. */
static void test_bounds(void **state) {
    (void)state;
    CostBound b;
    assert_int_equal(bounds_of(COSTED("  choice w[i in 1..2] in 4..8;\n",
                                      "conv(1, w[1], bias: false) -> conv(1, w[2], bias: false)"),
                               &b),
                     1);
    assert_true(b.least == 64 * (3 * 4 + 4 * 4));
    assert_int_equal(b.n, 2);
    assert_int_equal(bounds_of(COSTED("  choice big[i in 1..3]: bool;\n",
                                      "conv(if big[1] or big[3] then 5 else 1, 4)"),
                               &b),
                     0);
    static const char deep[] =
        COSTED("  choice depth in 1..2;\n  choice w[i in 1..depth] in 4..6;\n",
               "if depth == 1 then conv(1, w[1]) else conv(5, %d, stride: 4) "
               "-> conv(1, w[1]) -> conv(1, w[2])");
    for (int channels = 3; channels <= 4;
         channels++) { /* 1116 at most beside 768 + 2 * 192, or 1320 at least */
        char text[600];
        snprintf(text, sizeof text, deep, channels);
        assert_int_equal(bounds_of(text, &b), channels == 4);
    }
    assert_int_equal(
        bounds_of(COSTED("  choice w in 4..8;\n  require w <= 6;\n", "conv(1, w)"), &b), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum),         cmocka_unit_test(test_structure),
        cmocka_unit_test(test_rare),        cmocka_unit_test(test_priors),
        cmocka_unit_test(test_costs),       cmocka_unit_test(test_beside),
        cmocka_unit_test(test_mutation),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_irreducible), cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_bodies),      cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
