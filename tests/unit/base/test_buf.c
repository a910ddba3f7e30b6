/* Growable text, what of it may be shown, doubles in their shortest form, growable arrays, errors and checked arithmetic. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void text_grows_and_stays_terminated(void **state) {
    (void)state;
    Buf b = {0};
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(b.text), b.len);
    assert_memory_equal(b.text + b.len - 8, "998,999,", 8);
    buf_clear(&b);
    assert_int_equal(b.len, 0);
    buf_append(&b, "a\0b", 3);
    buf_putc(&b, 'c');
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.text, "a\0bc", 5);
    buf_free(&b);
    assert_null(b.text);
}

static void doubles_are_short_and_read_back(void **state) {
    (void)state;
    static const struct {
        double x;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1e300, "1e+300"},
                 {-0.0, "-0"},
                 {5e-324, "5e-324"},
                 {NAN, "nan"},
                 {-INFINITY, "-inf"},
                 {INFINITY, "inf"},
                 {187166720, "187166720"}};
    Buf b = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&b);
        buf_put_double(&b, cases[i].x);
        assert_string_equal(b.text, cases[i].text);
    }
    uint64_t bits = 1;
    for (int i = 0; i < 2000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        buf_clear(&b);
        buf_put_double(&b, x);
        assert_true(strtod(b.text, NULL) == x);
    }
    buf_free(&b);
}

static void arrays_grow(void **state) {
    (void)state;
    VEC(int) v = {0};
    for (int i = 0; i < 100; i++)
        VEC_PUSH(v, i * i);
    assert_int_equal(v.len, 100);
    assert_int_equal(v.items[99], 9801);
    VEC_FREE(v);
    assert_int_equal(v.cap, 0);
}

static void the_first_failure_is_kept(void **state) {
    (void)state;
    NascError e = {0};
    assert_int_equal(nasc_fail(&e, NASC_ENVIRONMENT, "no file %s", "a"), NASC_ENVIRONMENT);
    assert_int_equal(nasc_fail(&e, NASC_USAGE_ERROR, "later"), NASC_ENVIRONMENT);
    assert_string_equal(e.message, "no file a");
    assert_int_equal(nasc_fail(NULL, NASC_USAGE_ERROR, "x"), NASC_USAGE_ERROR);
}

static void overflow_is_told(void **state) {
    (void)state;
    int64_t x;
    assert_true(mul_checked(1LL << 31, 1LL << 31, &x) && x == 1LL << 62);
    assert_false(mul_checked(1LL << 32, 1LL << 31, &x));
    assert_false(add_checked(INT64_MAX, 1, &x));
    assert_true(add_checked(INT64_MIN, INT64_MAX, &x) && x == -1);
}

static void integers_in_decimal(void **state) {
    (void)state;
    static const int64_t numbers[] = {0, 7, -7, 10, 1234567890123, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char want[32];
        snprintf(want, sizeof want, "%lld", (long long)numbers[i]);
        Buf b = {0};
        buf_put_int(&b, numbers[i]);
        assert_string_equal(b.text, want);
        buf_free(&b);
    }
}

static void characters_of_utf8(void **state) {
    (void)state;
    /* Well-formed and ill-formed sequences, from table 3-7 of the Unicode Standard. */
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa9", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xc0\xaf", 0},
        {"\xe0\x80\x80", 0},
        {"\xed\xa0\x80", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xc3", 0},
        {"\x80", 0},
        {"\xe2\x82", 0},
        {"\xff", 0},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xed\x9f\xbf", 3},
        {"\xc1\xbf", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(utf8_length(cases[i].text, strlen(cases[i].text)), cases[i].length);
    assert_int_equal(utf8_length("", 0), 0);
    assert_int_equal(utf8_length("\xc3\xa9", 1), 0);
}

static void outside_text_is_shown_safely(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t most;
        const char *want;
    } cases[] = {
        {"", 0, ""},
        {"abc", 3, "abc"},
        {"abcd", 3, "abc.."},
        {"\x1b[31m\a\n\x7f", 99, " [31m   "},
        {"a\xff\xc3", 99, "a??"},
        {"a\xc3\xa9", 2, "a.."},
        {"a\xc3\xa9", 3, "a\xc3\xa9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Buf b = {0};
        buf_puts(&b, "");
        buf_put_shown(&b, cases[i].text, cases[i].most);
        assert_string_equal(b.text, cases[i].want);
        buf_free(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_in_decimal),
        cmocka_unit_test(text_grows_and_stays_terminated),
        cmocka_unit_test(doubles_are_short_and_read_back),
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(overflow_is_told),
        cmocka_unit_test(characters_of_utf8),
        cmocka_unit_test(outside_text_is_shown_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
