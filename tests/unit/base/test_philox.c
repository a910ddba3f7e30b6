/* Random numbers: the generator's published known answers, and what the derived draws promise. */
#include "base/philox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

/* Known-answer vectors of Philox4x32-10 (Random123's kat_vectors): counter, key, result. */
static void known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], result[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const uint32_t *c = cases[i].counter;
        RandomStream s = {{cases[i].key[0], cases[i].key[1]}, {c[2], c[3]}};
        uint32_t got[4];
        random_bits(s, (uint64_t)c[1] << 32 | c[0], got);
        assert_memory_equal(got, cases[i].result, sizeof got);
    }
}

static bool same_stream(RandomStream a, RandomStream b) {
    return a.key[0] == b.key[0] && a.key[1] == b.key[1] && a.stream[0] == b.stream[0] &&
           a.stream[1] == b.stream[1];
}

static void streams_differ_by_each_part_of_their_name(void **state) {
    (void)state;
    Hash128 id = {1, 2}, other = {1, 3};
    RandomStream s = random_stream(7, 0, RANDOM_INIT, id);
    assert_true(same_stream(s, random_stream(7, 0, RANDOM_INIT, id)));
    assert_false(same_stream(s, random_stream(8, 0, RANDOM_INIT, id)));
    assert_false(same_stream(s, random_stream(7, 1, RANDOM_INIT, id)));
    assert_false(same_stream(s, random_stream(7, 0, RANDOM_TARGET, id)));
    assert_false(same_stream(s, random_stream(7, 0, RANDOM_INIT, other)));
}

/* Moments over 40,000 draws; each bound is five standard errors or more. */
static void draws_have_the_moments_of_their_law(void **state) {
    (void)state;
    enum { N = 40000 };
    RandomStream s = random_stream(1, 0, RANDOM_TEST, (Hash128){0, 0});
    double u1 = 0, u2 = 0, n1 = 0, n2 = 0, n3 = 0, n4 = 0;
    for (uint64_t i = 0; i < N; i++) {
        double u = random_uniform(s, i), n = random_normal(s, i + N);
        assert_true(u >= 0 && u < 1);
        assert_true(isfinite(n));
        u1 += u;
        u2 += u * u;
        n1 += n;
        n2 += n * n;
        n3 += n * n * n;
        n4 += n * n * n * n;
    }
    assert_true(fabs(u1 / N - 0.5) < 0.0075);
    assert_true(fabs(u2 / N - 1.0 / 3) < 0.0075);
    assert_true(fabs(n1 / N) < 0.025);
    assert_true(fabs(n2 / N - 1) < 0.036);
    assert_true(fabs(n3 / N) < 0.1);
    assert_true(fabs(n4 / N - 3) < 0.25);
}

static void integers_stay_in_range_and_reach_all_of_it(void **state) {
    (void)state;
    RandomStream s = random_stream(2, 0, RANDOM_TEST, (Hash128){0, 0});
    int seen[6] = {0};
    for (uint64_t i = 0; i < 6000; i++) {
        uint64_t x = random_below(s, i, 6);
        assert_true(x < 6);
        seen[x]++;
        assert_int_equal(random_below(s, i, 1), 0);
    }
    for (int i = 0; i < 6; i++)
        assert_true(seen[i] > 850 && seen[i] < 1150);
}

static void permutations_hold_each_number_once(void **state) {
    (void)state;
    RandomStream s = random_stream(3, 0, RANDOM_TEST, (Hash128){0, 0});
    uint32_t p[100], q[100];
    random_permutation(s, 0, 100, p);
    bool seen[100] = {false};
    int fixed = 0;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(p[i] < 100 && !seen[p[i]]);
        seen[p[i]] = true;
        fixed += p[i] == i;
    }
    assert_true(fixed < 8);
    random_permutation(s, 100, 100, q);
    int moved = 0;
    for (int i = 0; i < 100; i++)
        moved += p[i] != q[i];
    assert_true(moved > 80);
    random_permutation(s, 0, 1, q);
    assert_int_equal(q[0], 0);
}

/* All six orders of three elements, about equally often. */
static void orders_are_equally_likely(void **state) {
    (void)state;
    RandomStream s = random_stream(4, 0, RANDOM_TEST, (Hash128){0, 0});
    int count[27] = {0}, orders = 0;
    for (uint64_t i = 0; i < 6000; i++) {
        uint32_t p[3];
        random_permutation(s, 3 * i, 3, p);
        count[9 * p[0] + 3 * p[1] + p[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        orders += count[i] > 0;
        assert_true(count[i] == 0 || (count[i] > 850 && count[i] < 1150));
    }
    assert_int_equal(orders, 6);
}

static void many_at_once_are_the_single_ones(void **state) {
    (void)state;
    RandomStream s = random_stream(5, 1, RANDOM_TEST, (Hash128){3, 4});
    uint64_t firsts[] = {0, 7, UINT32_MAX - 20};
    double many[50];
    for (size_t k = 0; k < 3; k++) {
        random_uniform_many(s, firsts[k], 50, many);
        for (uint64_t i = 0; i < 50; i++)
            assert_true(many[i] == random_uniform(s, firsts[k] + i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(streams_differ_by_each_part_of_their_name),
        cmocka_unit_test(many_at_once_are_the_single_ones),
        cmocka_unit_test(draws_have_the_moments_of_their_law),
        cmocka_unit_test(integers_stay_in_range_and_reach_all_of_it),
        cmocka_unit_test(permutations_hold_each_number_once),
        cmocka_unit_test(orders_are_equally_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
