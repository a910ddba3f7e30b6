/* Rank statistics of a proxy beside a size, against values by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "runtime/combine.h"

enum { N = 200 };

/* Ranks 1 2 3 4 | 2 1 4 3 | 1 3 2 4: rho xy = .6, xz = .8, yz = 0 (deviations -.5 -1.5 1.5 .5 times -1.5 .5 -.5 1.5),
 * so the partial correlation of x and y given z is .6 / sqrt(1 - .64) = 1. */
static void test_partial(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {2, 1, 4, 3}, z[] = {1, 3, 2, 4};
    assert_float_equal(stats_spearman(x, y, 4), 0.6, 1e-12);
    assert_float_equal(stats_spearman(x, z, 4), 0.8, 1e-12);
    assert_float_equal(stats_spearman(y, z, 4), 0, 1e-12);
    assert_float_equal(stats_partial_spearman(x, y, z, 4), 1, 1e-9);
    assert_true(isnan(stats_partial_spearman(x, y, x, 4)));
}

/* y = z plus what x knows: x has nothing to do with z, so both are needed; a copy of z has nothing beyond z. */
static void test_partial_interval(void **state) {
    (void)state;
    RandomStream s = random_stream(3, 0, RANDOM_TEST, hash128("partial", 7, 0));
    double x[N], y[N], z[N], copy[N];
    for (size_t i = 0; i < N; i++) {
        x[i] = random_uniform(s, 4 * i);
        z[i] = random_uniform(s, 4 * i + 1);
        y[i] = x[i] + z[i];
        copy[i] = z[i] + 0.2 * random_uniform(s, 4 * i + 2);
    }
    StatsInterval knows = stats_partial_interval(x, y, z, N, 0),
                  copies = stats_partial_interval(copy, y, z, N, 0);
    double rho = stats_partial_spearman(x, y, z, N);
    assert_true(rho > 0.9 && knows.lo > 0.85 && knows.lo < rho && rho < knows.hi);
    assert_true(copies.lo < 0 && copies.hi > 0);
}

/* The weights are the coefficients of the two-predictor least squares of standardised ranks: with correlations .5, .4
 * and .7 these are (.5 - .28) / .84 and (.7 - .2) / .84 (x, z), scaled to magnitude 1. */
static void test_weights(void **state) {
    (void)state;
    StatsWeights w = stats_rank_weights(0.5, 0.4, 0.7);
    assert_float_equal(w.x, 0.22 / 0.72, 1e-12);
    assert_float_equal(w.z, 0.5 / 0.72, 1e-12);
    w = stats_rank_weights(-0.6, 0, 0.2); /* a proxy that ranks the wrong way is turned round */
    assert_float_equal(w.x, -0.75, 1e-12);
    assert_float_equal(w.z, 0.25, 1e-12);
    w = stats_rank_weights(0.5, 0.9,
                           0.8); /* least squares would set it against the size: .5 - .72 < 0 */
    assert_float_equal(w.x, 0, 0);
    assert_float_equal(w.z, 1, 0);
    w = stats_rank_weights(0.8, 0.9, 0.5);
    assert_float_equal(w.x, 1, 0);
    assert_float_equal(w.z, 0, 0);
    w = stats_rank_weights(-0.3, 1, -0.3); /* the same thing twice */
    assert_float_equal(w.x, 0, 0);
    assert_float_equal(w.z, -1, 0);
    w = stats_rank_weights(0.35, 0.5, 0.7); /* all it knows is the size */
    assert_float_equal(w.x, 0, 1e-12);
    assert_float_equal(w.z, 1, 1e-12);
}

static void test_fit(void **state) {
    (void)state;
    double params[] = {1, 2, 3, 4, 5}, macs[] = {2, 2, 2, 2, 2}, live[] = {5, 4, 2, 3, 1},
           counted[] = {3, 1, 4, 2, 5}, metric[] = {1, 3, 2, 4, 5}, score[] = {1, 3, NAN, 4, 5};
    double *sizes[EVAL_SIZES] = {params, macs, live, counted};
    CombinationFit fit = combine_fit(score, sizes, metric, 5, 0.5);
    /* params .9, macs none, live_macs -.8, counted_macs .4; the failed score ranks last, so its rho with params is
     * that of 2 3 1 4 5: 1 - 6 * (1 + 1 + 4) / 120 = .7 */
    assert_int_equal(fit.size, 0);
    StatsWeights w = stats_rank_weights(0.5, 0.7, 0.9);
    assert_float_equal(fit.weights.x, w.x, 1e-12);
    assert_float_equal(fit.weights.z, w.z, 1e-12);
    double constant[] = {1, 1, 1, 1, 1};
    double *none[EVAL_SIZES] = {constant, constant, constant, constant};
    assert_int_equal(combine_fit(score, none, metric, 5, 0.5).size, -1);
}

static void test_rank_sum(void **state) {
    (void)state;
    const double x[] = {-INFINITY, 7, 3}, y[] = {100, 20, 20};
    double out[3];
    stats_rank_sum(x, 1, y, 2, 3, out);
    assert_float_equal(out[0], 1 + 2 * 3, 0);
    assert_float_equal(out[1], 3 + 2 * 1.5, 0);
    assert_float_equal(out[2], 2 + 2 * 1.5, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partial),  cmocka_unit_test(test_partial_interval),
        cmocka_unit_test(test_weights),  cmocka_unit_test(test_fit),
        cmocka_unit_test(test_rank_sum),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
