/* Memory plans: random lifetimes never overlap, places are taken over, memory is reused. */
#include "codegen/memplan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint32_t next(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* The overlap test of this file, not the planner's own: every 64-byte cell of every call has one
 * owner, or two where one takes over the other's place. */
static void assert_exclusive(const MemBuffer *b, size_t n, int calls, int64_t end) {
    for (int t = 0; t < calls; t++)
        for (int64_t cell = 0; cell < end; cell += 64) {
            int owners = 0, heirs = 0;
            for (size_t i = 0; i < n; i++) {
                if (t < b[i].first || t > b[i].last || cell < b[i].offset ||
                    cell >= b[i].offset + b[i].bytes)
                    continue;
                owners++;
                heirs += b[i].place_of >= 0 && t == b[i].first;
            }
            assert_in_range(owners - heirs, 0, 1);
        }
}

static void test_random_lifetimes(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    uint64_t seed = 7;
    for (int round = 0; round < 40; round++) {
        enum { N = 30, CALLS = 25 };
        MemBuffer b[N];
        for (int i = 0; i < N; i++) {
            int first = (int)(next(&seed) % CALLS), length = (int)(next(&seed) % 8);
            b[i] = (MemBuffer){64 * (1 + next(&seed) % 6), first, MIN(first + length, CALLS - 1),
                               -1, -1};
        }
        int64_t end = memplan_place(&arena, b, N, 0);
        assert_null(memplan_check(&arena, b, N));
        assert_exclusive(b, N, CALLS, end);
    }
    arena_free(&arena);
}

static void test_takes_place(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    MemBuffer b[3] = {{640, 0, 3, -1, -1}, {640, 3, 6, 0, -1}, {640, 6, 9, 1, -1}};
    assert_int_equal(memplan_place(&arena, b, 3, 128), 768);
    assert_int_equal(b[0].offset, 128);
    assert_int_equal(b[1].offset, 128);
    assert_int_equal(b[2].offset, 128);
    assert_null(memplan_check(&arena, b, 3));
    arena_free(&arena);
}

static void test_check_finds_overlap(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    MemBuffer b[2] = {{128, 0, 3, -1, 0}, {128, 3, 6, -1, 64}};
    assert_non_null(memplan_check(&arena, b, 2));
    b[1].first = 4;
    assert_null(memplan_check(&arena, b, 2));
    b[1].first = 3;
    b[1].offset = 128;
    assert_null(memplan_check(&arena, b, 2));
    arena_free(&arena);
}

/* A chain of ten equal activations, each read by the next call only, needs two places. */
static void test_reuse(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    MemBuffer b[10];
    for (int i = 0; i < 10; i++)
        b[i] = (MemBuffer){1024, i, i + 1, -1, -1};
    assert_int_equal(memplan_place(&arena, b, 10, 0), 2048);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lifetimes),
        cmocka_unit_test(test_takes_place),
        cmocka_unit_test(test_check_finds_overlap),
        cmocka_unit_test(test_reuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
