/* Interned texts: one pointer a text, whatever its bytes, through growth of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/intern.h"

static void test_intern_same_pointer(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    Intern t;
    intern_init(&t, &arena);
    char text[] = "width";
    const char *name = intern(&t, text);
    assert_string_equal(name, "width");
    text[0] = 'W';
    assert_string_equal(name, "width");
    assert_ptr_equal(intern(&t, "width"), name);
    assert_ptr_equal(intern_text(&t, "widths", 5), name);
    assert_ptr_not_equal(intern(&t, "widths"), name);
    assert_ptr_not_equal(intern_text(&t, "a\0b", 3), intern_text(&t, "a\0c", 3));
    assert_ptr_not_equal(intern_text(&t, "a\0", 2), intern_text(&t, "a", 1));
    assert_string_equal(intern_text(&t, "", 0), "");
    assert_int_equal(t.len, 7);
    intern_free(&t);
    arena_free(&arena);
}

static void test_intern_many(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    Arena arena;
    arena_init(&arena, "test");
    Intern t;
    intern_init(&t, &arena);
    static const char *names[COUNT];
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "name%d", i);
        names[i] = intern(&t, text);
    }
    assert_int_equal(t.len, COUNT);
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "name%d", i);
        assert_ptr_equal(intern(&t, text), names[i]);
    }
    assert_int_equal(t.len, COUNT);
    intern_free(&t);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intern_same_pointer),
        cmocka_unit_test(test_intern_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
