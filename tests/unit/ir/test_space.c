/* Domains and genotypes: priors as frequencies, mutation that always moves, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "ir/space.h"

static RandomStream stream(uint64_t seed) {
    return random_stream(seed, 0, RANDOM_TEST, hash128("space", 5, 0));
}

static void test_uniform(void **state) {
    (void)state;
    Domain d = {.count = 5, .each = -1};
    int seen[5] = {0};
    for (uint64_t i = 0; i < 5000; i++) {
        int64_t v = domain_draw(&d, stream(1), i);
        assert_in_range(v, 0, 4);
        assert_int_equal(v, domain_draw(&d, stream(1), i));
        seen[v]++;
    }
    for (int i = 0; i < 5; i++) /* binomial(5000, 1/5): deviation 28 */
        assert_true(abs(seen[i] - 1000) < 140);
}

static void test_prior(void **state) {
    (void)state;
    double prior[] = {6, 0, 3, 1};
    Domain d = {.count = 4, .prior = prior, .each = -1};
    int seen[4] = {0};
    for (uint64_t i = 0; i < 10000; i++)
        seen[domain_draw(&d, stream(2), i)]++;
    assert_int_equal(seen[1], 0);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(seen[i] - prior[i] * 1000) < 250);
}

static void test_subset(void **state) {
    (void)state;
    Domain d = {.count = 32, .subset_of = 5, .each = 0.2};
    int bits[5] = {0};
    for (uint64_t i = 0; i < 10000; i++) {
        int64_t v = domain_draw(&d, stream(3), i);
        assert_in_range(v, 0, 31);
        for (int e = 0; e < 5; e++)
            bits[e] += (v >> e) & 1;
    }
    for (int e = 0; e < 5; e++)
        assert_true(abs(bits[e] - 2000) < 200);
}

static void test_mutate(void **state) {
    (void)state;
    double prior[] = {1, 8, 1};
    Domain plain = {.count = 4, .each = -1}, weighted = {.count = 3, .prior = prior, .each = -1};
    Domain set = {.count = 8, .subset_of = 3, .each = 0.5}, one = {.count = 1, .each = -1};
    int to[3] = {0};
    for (uint64_t i = 0; i < 2000; i++) {
        int64_t a = domain_mutate(&plain, 2, stream(4), i);
        assert_true(a != 2 && a >= 0 && a < 4);
        int64_t b = domain_mutate(&set, 5, stream(4), i);
        assert_true(b != 5 && b >= 0 && b < 8);
        to[domain_mutate(&weighted, 0, stream(4), i)]++;
    }
    assert_int_equal(to[0], 0);
    assert_true(abs(to[1] - 1777) < 100); /* 8 of 9 */
    assert_int_equal(domain_mutate(&one, 0, stream(4), 0), 0);
}

/* Values are as likely as they are said to be: 10000 draws, four deviations. */
static void assert_likely(const Domain *d, const double *expected) {
    int seen[8] = {0};
    for (uint64_t i = 0; i < 10000; i++)
        seen[domain_draw(d, stream(5), i)]++;
    for (int64_t k = 0; k < d->count; k++) {
        double p = domain_probability(d, domain_prior_sum(d), k);
        assert_true(fabs(p - expected[k]) < 1e-15);
        assert_true(fabs(seen[k] - 10000 * p) <= 4 * sqrt(10000 * p * (1 - p)));
    }
}

static void test_probability(void **state) {
    (void)state;
    const double prior[] = {6, 0, 2};
    Domain plain = {.count = 4, .each = -1}, weighted = {.count = 3, .prior = prior, .each = -1};
    Domain set = {.count = 4, .subset_of = 2, .each = 0.2};
    assert_likely(&plain, (double[]){0.25, 0.25, 0.25, 0.25});
    assert_likely(&weighted, (double[]){0.75, 0, 0.25});
    assert_likely(&set, (double[]){0.64, 0.16, 0.16, 0.04});
}

static void test_genotype(void **state) {
    (void)state;
    Genotype a = {0}, b = {0};
    Domain d = {.count = 3, .each = -1};
    genotype_push(&a, (Decision){.address = "edge[1,0]", .domain = d, .index = 1});
    genotype_push(&b, (Decision){.address = "edge[1,0]", .domain = d, .index = 1});
    assert_true(hash128_equal(genotype_key(&a), genotype_key(&b)));
    b.items[0].index = 2;
    assert_false(hash128_equal(genotype_key(&a), genotype_key(&b)));
    b.items[0].index = 1;
    b.items[0].address = "edge[2,0]";
    assert_false(hash128_equal(genotype_key(&a), genotype_key(&b)));
    genotype_push(&a, (Decision){.address = "width", .domain = d, .index = 2});
    assert_int_equal(genotype_find(&a, "width")->index, 2);
    assert_null(genotype_find(&a, "height"));
    genotype_free(&a);
    genotype_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform),  cmocka_unit_test(test_prior),
        cmocka_unit_test(test_subset),   cmocka_unit_test(test_mutate),
        cmocka_unit_test(test_genotype), cmocka_unit_test(test_probability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
