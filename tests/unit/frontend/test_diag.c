/* Diagnostics: what is kept, how it is shown, what is suggested. */
#include <jansson.h>

#include "syntax_fixture.h"

static Place at(uint32_t lo, uint32_t hi) {
    return (Place){0, lo, hi};
}

static void assert_printed(const Fixture *f, const char *expected) {
    Buf b = {0};
    diag_print(&f->diags, &b, false);
    assert_string_equal(b.text, expected);
    buf_free(&b);
}

static void test_diag_print(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    fixture_add(&f, "width = wdth;\nb = 3;\n", 21);
    Diag *d = diag_at(&f.diags, at(8, 12), DIAG_unknown_name, "wdth");
    diag_hint(&f.diags, d, "did you mean `%s`?", "width");
    diag_note(&f.diags, d, at(14, 15), "see %d", 1);
    f.diags.architecture = "|none~0|";
    diag_at(&f.diags, (Place){UINT32_MAX, 0, 0}, DIAG_no_space);
    assert_printed(&f, "t.nas:1:9: error: there is no `wdth` here [unknown-name]\n"
                       "  width = wdth;\n"
                       "          ^~~~\n"
                       "t.nas:2:1: note: see 1\n"
                       "  b = 3;\n"
                       "  ^\n"
                       "hint: did you mean `width`?\n"
                       "error: the program has no space [no-space]\n"
                       "while building |none~0|\n");
    fixture_free(&f);
}

static void test_diag_kept_once(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    fixture_add(&f, "a = b;", 6);
    assert_non_null(diag_at(&f.diags, at(4, 5), DIAG_unknown_name, "b"));
    assert_null(diag_at(&f.diags, at(4, 5), DIAG_unknown_name, "b"));
    assert_non_null(diag_at(&f.diags, at(4, 5), DIAG_unknown_function, "b"));
    assert_non_null(diag_at(&f.diags, at(0, 1), DIAG_unknown_name, "a"));
    assert_int_equal(f.diags.errors, 3);
    diag_note(&f.diags, NULL, at(0, 1), "nothing");
    diag_hint(&f.diags, NULL, "nothing");
    fixture_free(&f);
}

static void test_diag_limit(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    fixture_add(&f, "abcdefgh", 8);
    f.diags.limit = 2;
    for (uint32_t i = 0; i < 5; i++)
        diag_at(&f.diags, at(i, i + 1), DIAG_unknown_name, "x");
    assert_int_equal(f.diags.errors, 5);
    assert_int_equal(f.diags.items.len, 2);
    Buf b = {0};
    diag_print(&f.diags, &b, false);
    assert_non_null(strstr(b.text, "... and 3 more errors\n"));
    buf_free(&b);
    fixture_free(&f);
}

static void test_diag_long_line(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Buf line = {0};
    for (int i = 0; i < 100000; i++)
        buf_puts(&line, "\xc3\xa9");
    fixture_add(&f, line.text, line.len);
    diag_at(&f.diags, at(100000, 100004), DIAG_bad_character, "x");
    Buf b = {0};
    diag_print(&f.diags, &b, false);
    assert_true(b.len < 600);
    assert_non_null(strstr(b.text, "t.nas:1:50001: error"));
    assert_non_null(strstr(b.text, "\n  ...\xc3\xa9"));
    assert_non_null(strstr(b.text, "...\n"));
    assert_non_null(strstr(b.text, " ^~\n"));
    /* The caret stands under the place: 60 bytes of 2 before it, after "  ...". */
    const char *caret_line = strstr(b.text, "...\n") + 4;
    assert_int_equal(strcspn(caret_line, "^"), 2 + 3 + 30);
    buf_free(&b);
    buf_free(&line);
    fixture_free(&f);
}

static void test_diag_sort(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    fixture_add(&f, "a b c", 5);
    diag_at(&f.diags, at(4, 5), DIAG_unknown_name, "c");
    diag_at(&f.diags, at(0, 1), DIAG_unknown_name, "a");
    diag_at(&f.diags, at(4, 5), DIAG_unknown_function, "c");
    diag_at(&f.diags, at(2, 3), DIAG_unknown_name, "b");
    diag_sort(&f.diags);
    assert_string_equal(fixture_codes(&f),
                        "1:unknown_name 1:unknown_name 1:unknown_name 1:unknown_function");
    assert_int_equal(f.diags.items.items[1].place.lo, 2);
    fixture_free(&f);
}

static void test_diag_json(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    fixture_add(&f, "a = 3;\nb = \"\xff\n\n", 14);
    f.diags.architecture = "x";
    Diag *d = diag_at(&f.diags, at(11, 13), DIAG_bad_value, "odd \xff \"quoted\"");
    diag_note(&f.diags, d, at(0, 1), "first");
    diag_at(&f.diags, (Place){UINT32_MAX, 0, 0}, DIAG_no_space);
    Buf b = {0};
    diag_print_json(&f.diags, &b);
    json_t *array = json_loads(b.text, 0, NULL);
    assert_non_null(array);
    assert_int_equal(json_array_size(array), 2);
    json_t *first = json_array_get(array, 0), *second = json_array_get(array, 1);
    assert_string_equal(json_string_value(json_object_get(first, "code")), "bad-value");
    assert_string_equal(json_string_value(json_object_get(first, "severity")), "error");
    assert_string_equal(json_string_value(json_object_get(first, "message")), "odd ? \"quoted\"");
    assert_string_equal(json_string_value(json_object_get(first, "architecture")), "x");
    assert_string_equal(json_string_value(json_object_get(first, "file")), "t.nas");
    assert_int_equal(json_integer_value(json_object_get(first, "line")), 2);
    assert_int_equal(json_integer_value(json_object_get(first, "column")), 5);
    assert_int_equal(json_integer_value(json_object_get(first, "end_column")), 7);
    assert_true(json_is_null(json_object_get(first, "hint")));
    json_t *note = json_array_get(json_object_get(first, "notes"), 0);
    assert_string_equal(json_string_value(json_object_get(note, "message")), "first");
    assert_int_equal(json_integer_value(json_object_get(note, "line")), 1);
    assert_true(json_is_null(json_object_get(second, "file")));
    json_decref(array);
    buf_free(&b);
    fixture_free(&f);
}

static void test_diag_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"stride",     "dilation", "conv", "relu",
                                        "batch_norm", "abc",      "abd"};
    size_t n = ARRAY_LEN(names);
    assert_string_equal(diag_nearest("strid", names, n), "stride"); /* one missing */
    assert_string_equal(diag_nearest("cnov", names, n), "conv");    /* one transposition */
    assert_string_equal(diag_nearest("batchnorm", names, n), "batch_norm");
    assert_string_equal(diag_nearest("dilatoin", names, n), "dilation");
    assert_string_equal(diag_nearest("abx", names, n), "abc"); /* a tie: the first */
    assert_null(diag_nearest("something", names, n));
    assert_null(diag_nearest("covn2x", names, n));
    assert_null(diag_nearest("x", names, n));
    assert_null(diag_nearest("conv", NULL, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diag_print),   cmocka_unit_test(test_diag_kept_once),
        cmocka_unit_test(test_diag_limit),   cmocka_unit_test(test_diag_long_line),
        cmocka_unit_test(test_diag_sort),    cmocka_unit_test(test_diag_json),
        cmocka_unit_test(test_diag_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
