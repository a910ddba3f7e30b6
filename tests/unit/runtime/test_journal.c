/* The journal: what was added is found after reopening, whatever happens to the end of the file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/files.h"
#include "runtime/journal.h"

static const char IDENTITY[] = "nasc 1\nmain.nas abc\n";

enum { ENTRIES = 20, MOST_VALUES = 7 };

static char path[64];

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/nasc-journal-%ld", (long)getpid());
    unlink(path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static Hash128 key(size_t i) {
    return hash128(&i, sizeof i, 1);
}

static size_t count_of(size_t i) {
    return i % (MOST_VALUES + 1);
}

static void values_of(size_t i, double *out) {
    for (size_t k = 0; k < count_of(i); k++)
        out[k] = k == 3 ? NAN : 1.0 / (double)(1 + i + k);
}

static Journal *reopen(void) {
    NascError err = {0};
    Journal *j = journal_open(path, IDENTITY, &err);
    assert_string_equal(err.message, "");
    assert_non_null(j);
    return j;
}

static void add(Journal *j, size_t first, size_t last) {
    NascError err = {0};
    for (size_t i = first; i < last; i++) {
        double v[MOST_VALUES];
        values_of(i, v);
        JournalEntry e = {key(i), count_of(i), v, 0.5, (int64_t)i};
        assert_true(journal_add(j, &e, &err));
    }
}

/* How many of the entries are found, in the order added, none after the first that is not. */
static size_t check(Journal *j) {
    size_t n = 0;
    bool end = false;
    for (size_t i = 0; i < ENTRIES; i++) {
        JournalEntry e;
        double v[MOST_VALUES];
        bool found = journal_find(j, key(i), &e);
        assert_false(found && end);
        end = !found;
        if (!found)
            continue;
        n++;
        values_of(i, v);
        assert_int_equal(e.nvalues, count_of(i));
        assert_int_equal(e.arena_bytes, (int64_t)i);
        assert_memory_equal(e.values, v, e.nvalues * sizeof *v);
    }
    return n;
}

static void write_whole(void) {
    Journal *j = reopen();
    add(j, 0, ENTRIES);
    NascError err = {0};
    assert_true(journal_close(j, &err));
}

static void test_round_trip(void **state) {
    (void)state;
    write_whole();
    Journal *j = reopen();
    assert_int_equal(journal_read_entries(j), ENTRIES);
    assert_int_equal(journal_dropped_bytes(j), 0);
    assert_int_equal(check(j), ENTRIES);
    journal_close(j, NULL);
}

/* Cut anywhere, the whole entries before the cut are there; the rest can be added again and all is whole. */
static void test_every_cut(void **state) {
    (void)state;
    write_whole();
    Buf whole = {0};
    NascError err = {0};
    assert_true(file_read(path, 1 << 20, &whole, &err));
    size_t before = 0;
    for (size_t len = 0; len <= whole.len; len++) {
        assert_true(file_write(path, whole.text, len, &err));
        Journal *j = reopen();
        size_t found = check(j);
        assert_true(found == before || found == before + 1);
        before = found;
        add(j, found, ENTRIES);
        journal_close(j, NULL);
        Buf again = {0};
        assert_true(file_read(path, 1 << 20, &again, &err));
        assert_int_equal(again.len, whole.len);
        assert_memory_equal(again.text, whole.text, whole.len);
        buf_free(&again);
    }
    assert_int_equal(before, ENTRIES);
    buf_free(&whole);
}

/* A damaged byte in the last entries costs what follows it and nothing before. */
static void test_damage(void **state) {
    (void)state;
    write_whole();
    Buf whole = {0};
    NascError err = {0};
    assert_true(file_read(path, 1 << 20, &whole, &err));
    for (size_t at = whole.len - 300; at < whole.len; at++) {
        whole.text[at] ^= 0x10;
        assert_true(file_write(path, whole.text, whole.len, &err));
        whole.text[at] ^= 0x10;
        Journal *j = reopen();
        assert_true(check(j) < ENTRIES);
        assert_true(journal_dropped_bytes(j) > 0);
        journal_close(j, NULL);
    }
    buf_free(&whole);
}

static void expect_refused(const char *identity, NascStatus status, const char *word) {
    NascError err = {0};
    assert_null(journal_open(path, identity, &err));
    assert_int_equal(err.status, status);
    assert_non_null(strstr(err.message, word));
}

static void test_refusals(void **state) {
    (void)state;
    write_whole();
    expect_refused("nasc 2\nmain.nas abc\n", NASC_PROGRAM_ERROR, "`nasc 1`, this run `nasc 2`");
    expect_refused("nasc 1\nmain.nas abd\n", NASC_PROGRAM_ERROR, "main.nas abd");
    expect_refused("nasc 1\n", NASC_PROGRAM_ERROR, "another");
    Journal *j = reopen();
    expect_refused(IDENTITY, NASC_ENVIRONMENT, "another process");
    journal_close(j, NULL);
    NascError err = {0};
    assert_true(file_write(path, "arch\tscore\n0\t1\n", 15, &err));
    expect_refused(IDENTITY, NASC_PROGRAM_ERROR, "no journal");
}

static void test_memory_only(void **state) {
    (void)state;
    NascError err = {0};
    Journal *j = journal_open(NULL, IDENTITY, &err);
    assert_non_null(j);
    add(j, 0, ENTRIES);
    assert_int_equal(check(j), ENTRIES);
    double other = 7;
    JournalEntry first, again = {key(1), 1, &other, 0, 0};
    assert_true(journal_add(j, &again, &err));
    assert_true(journal_find(j, key(1), &first));
    assert_true(first.values[0] != other);
    journal_close(j, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_only, setup, teardown),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
