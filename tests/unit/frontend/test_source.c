/* Places in files, and what cannot be a file of a program. */
#include <stdio.h>
#include <unistd.h>

#include "syntax_fixture.h"

static void assert_position(const Fixture *f, uint32_t at, int line, int column) {
    int l, c;
    source_position(&f->sources, 0, at, &l, &c);
    assert_int_equal(l, line);
    assert_int_equal(c, column);
}

static void test_source_position(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    fixture_add(&f, "ab\n\t\xc3\xa9x\n", 8);
    assert_position(&f, 0, 1, 1);
    assert_position(&f, 2, 1, 3);
    assert_position(&f, 3, 2, 1);
    assert_position(&f, 4, 2, 2);
    assert_position(&f, 6, 2, 3); /* after the two bytes of one character */
    assert_position(&f, 7, 2, 4);
    assert_position(&f, 8, 3, 1); /* the end */
    assert_position(&f, 9000, 3, 1);
    fixture_free(&f);
}

static void test_source_missing_file(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    NascError err = {0};
    assert_int_equal(source_add(&f.sources, "/nonexistent/x.nas", NULL, 0, &err), UINT32_MAX);
    assert_int_equal(err.status, NASC_ENVIRONMENT);
    assert_non_null(strstr(err.message, "/nonexistent/x.nas"));
    assert_int_equal(f.sources.files.len, 0);
    err = (NascError){0};
    assert_int_equal(source_add(&f.sources, "/", NULL, 0, &err), UINT32_MAX);
    assert_int_equal(err.status, NASC_ENVIRONMENT);
    fixture_free(&f);
}

static void test_source_file(void **state) {
    (void)state;
    char path[] = "/tmp/nasc-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a = 3;\n\0b", 9), 9);
    close(fd);
    Fixture f;
    fixture_init(&f);
    assert_int_equal(source_add(&f.sources, path, NULL, 0, NULL), 0);
    const SourceFile *file = &f.sources.files.items[0];
    assert_int_equal(file->len, 9);
    assert_memory_equal(file->text, "a = 3;\n\0b", 10);
    /* printf 'a = 3;\n\0b' | sha256sum */
    assert_string_equal(file->sha256,
                        "174ad606d3dc117cc3158e12a3a4119db487c8a0ef7d64e34cee31f4ba12cf6c");
    remove(path);
    fixture_free(&f);
}

static void test_source_too_large(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    char *text = nasc_alloc_zero(SOURCE_MAX_BYTES + 1);
    NascError err = {0};
    assert_int_equal(source_add(&f.sources, "big.nas", text, SOURCE_MAX_BYTES + 1, &err),
                     UINT32_MAX);
    assert_int_equal(err.status, NASC_ENVIRONMENT);
    assert_int_equal(source_add(&f.sources, "big.nas", text, SOURCE_MAX_BYTES, NULL), 0);
    free(text);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_position),
        cmocka_unit_test(test_source_missing_file),
        cmocka_unit_test(test_source_file),
        cmocka_unit_test(test_source_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
