/* Arenas: allocations are zeroed, aligned, apart from one another, and gone after a reset. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static void allocations_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    unsigned char *p[500];
    size_t size[500];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 500; i++) {
            size[i] = (size_t)(i * 37 % 401);
            p[i] = arena_alloc(&a, size[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % 16, 0);
            for (size_t k = 0; k < size[i]; k++)
                assert_int_equal(p[i][k], 0);
            memset(p[i], 1 + i % 250, size[i]);
        }
        for (int i = 0; i < 500; i++)
            for (size_t k = 0; k < size[i]; k++)
                assert_int_equal(p[i][k], 1 + i % 250);
        arena_reset(&a);
        assert_int_equal(a.live_bytes, 0);
    }
    arena_free(&a);
}

static void large_allocations_fit(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    char *small = arena_alloc(&a, 8);
    char *large = arena_alloc(&a, 5 << 20);
    large[(5 << 20) - 1] = 1;
    char *after = arena_alloc(&a, 8);
    assert_true(small != after);
    assert_int_equal(a.live_bytes, 16 + (5 << 20) + 16);
    arena_free(&a);
    assert_null(a.block);
}

static void strings_are_copied(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    char text[] = "edge[1,0]";
    char *copy = arena_strdup(&a, text), *part = arena_strndup(&a, text, 4);
    char *made = arena_printf(&a, "%s.%d", part, 12);
    text[0] = 'X';
    assert_string_equal(copy, "edge[1,0]");
    assert_string_equal(part, "edge");
    assert_string_equal(made, "edge.12");
    int *numbers = ARENA_ARRAY(&a, int, 4);
    assert_int_equal(numbers[3], 0);
    arena_free(&a);
}

static void texts_are_joined(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    assert_string_equal(arena_join(&a, (const char *const[]){"one", "", ".", "two"}, 4), "one.two");
    assert_string_equal(arena_join(&a, NULL, 0), "");
    arena_free(&a);
}

/* Elements stay what they were while their room grows, and those to come are zero. */
static void arrays_grow(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    int *items = NULL;
    size_t cap = 0;
    for (int i = 0; i < 100; i++) {
        items = arena_grow(&a, items, (size_t)i, &cap, 3, sizeof *items);
        assert_true(cap > (size_t)i && cap >= 3);
        assert_int_equal(items[i], 0);
        items[i] = i + 1;
        for (int k = 0; k <= i; k++)
            assert_int_equal(items[k], k + 1);
    }
    arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(texts_are_joined),
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(large_allocations_fit),
        cmocka_unit_test(strings_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
