/* How a search rates points and what it says of the best: coefficients by hand, failures, and an out-of-bag estimate
 * that chance does not inflate. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/search.h"

enum { NETWORKS = 20, POINTS = 60 };

typedef struct Fixture {
    Action action;
    SearchResult r;
} Fixture;

static Fixture *fixture_new(size_t networks, size_t points) {
    Fixture *f = calloc(1, sizeof *f);
    f->r.action = &f->action;
    f->r.nselection = networks;
    f->r.metric = calloc(networks, sizeof *f->r.metric);
    f->r.npoints = points;
    f->r.points = calloc(points, sizeof *f->r.points);
    for (size_t i = 0; i < networks; i++)
        f->r.metric[i] = (double)i;
    for (size_t t = 0; t < points; t++) {
        f->r.points[t].choices = "x=1";
        f->r.points[t].scores = calloc(networks, sizeof(double));
        f->r.points[t].zero_scores = calloc(networks, sizeof(double));
    }
    return f;
}

static void fixture_free(Fixture *f) {
    for (size_t t = 0; t < f->r.npoints; t++) {
        free(f->r.points[t].scores);
        free(f->r.points[t].zero_scores);
    }
    free(f->r.points);
    free(f->r.metric);
    free(f);
}

/* Ranks 0 2 1 3 against 0 1 2 3: rho = 1 - 6 * 2 / (4 * 15) = 0.8, tau = (5 - 1) / 6. */
static void test_rate(void **state) {
    (void)state;
    Fixture *f = fixture_new(4, 1);
    SearchPoint *p = &f->r.points[0];
    const double scores[] = {-3, -1, -2, 5};
    for (int i = 0; i < 4; i++)
        p->scores[i] = scores[i];
    search_rate(&f->r, p);
    assert_float_equal(p->rho, 0.8, 1e-12);
    assert_float_equal(p->fitness, 0.8, 1e-12);
    assert_true(isnan(p->rho_zero));
    f->action.kendall = true;
    search_rate(&f->r, p);
    assert_float_equal(p->fitness, 4.0 / 6, 1e-12);
    f->action.per_second = true;
    p->work = 4e9; /* two doublings of 1e9 */
    search_rate(&f->r, p);
    assert_float_equal(p->fitness, 4.0 / 6 - 2 * SEARCH_PER_DOUBLING, 1e-12);
    assert_float_equal(p->rho, 4.0 / 6, 1e-12);
    fixture_free(f);
}

static void test_failures(void **state) {
    (void)state;
    Fixture *f = fixture_new(4, 2);
    for (int i = 0; i < 4; i++)
        f->r.points[0].scores[i] = i == 2 ? NAN : i;
    search_rate(&f->r, &f->r.points[0]);
    assert_int_equal(f->r.points[0].failed, 1);
    assert_true(f->r.points[0].fitness == SEARCH_FAILED);
    search_rate(&f->r, &f->r.points[1]); /* all scores equal */
    assert_int_equal(f->r.points[1].failed, 0);
    assert_true(f->r.points[1].fitness == SEARCH_FAILED);
    search_choose(&f->r, 0);
    assert_int_equal(f->r.best, -1);
    assert_true(isnan(f->r.estimate.coefficient));
    fixture_free(f);
}

/* Points of noise: the best of many looks good on the set it was chosen by and is worth nothing elsewhere. */
static void test_noise_is_not_worth(void **state) {
    (void)state;
    Fixture *f = fixture_new(NETWORKS, POINTS);
    RandomStream s = random_stream(1, 0, RANDOM_TEST, hash128("noise", 5, 0));
    for (size_t t = 0; t < POINTS; t++) {
        for (size_t i = 0; i < NETWORKS; i++)
            f->r.points[t].scores[i] = random_uniform(s, t * NETWORKS + i);
        search_rate(&f->r, &f->r.points[t]);
    }
    search_choose(&f->r, 0);
    assert_true(f->r.points[f->r.best].fitness > 0.35);
    assert_true(f->r.estimate.coefficient < f->r.points[f->r.best].fitness - 0.2);
    assert_true(f->r.estimate.interval.lo < 0);
    fixture_free(f);
}

/* A point that ranks truly is found, and the estimate says so; of two alike the first one is taken. */
static void test_truth_is_worth(void **state) {
    (void)state;
    Fixture *f = fixture_new(NETWORKS, POINTS);
    f->r.has_zero = true;
    RandomStream s = random_stream(2, 0, RANDOM_TEST, hash128("truth", 5, 0));
    for (size_t t = 0; t < POINTS; t++) {
        for (size_t i = 0; i < NETWORKS; i++) {
            bool truth = t == 7 || t == 9;
            f->r.points[t].scores[i] =
                truth ? (double)(i * i) : random_uniform(s, t * NETWORKS + i);
            f->r.points[t].zero_scores[i] = t == 11 ? (double)i : -(double)i;
        }
        search_rate(&f->r, &f->r.points[t]);
    }
    search_choose(&f->r, 0);
    assert_int_equal(f->r.best, 7);
    assert_int_equal(f->r.best_zero, 11);
    assert_float_equal(f->r.estimate.coefficient, 1, 1e-9);
    fixture_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_noise_is_not_worth),
        cmocka_unit_test(test_truth_is_worth),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
