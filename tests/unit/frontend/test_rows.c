/* Rows under formats, and spaces with several encodings: what is read, what is said. */
#include "programs.h"

static const char program[] = "space s {\n"
                              "  input image[3, 8, 8];\n"
                              "  choice width in {4, 8};\n"
                              "  choice op[i in 0..1] { none = zero; conv = conv(3); }\n"
                              "  network = conv(1, width) -> op[0] -> op[1];\n"
                              "  require width == 4 or op[0] == \"conv\";\n"
                              "  encoding width \":\" op[0] \"+\" op[1];\n"
                              "  encoding \"w\" width \" \" op[1] \" after \" op[0];\n"
                              "  format f(row) {\n"
                              "    width = row.w;\n"
                              "    op[0] = row.ops[0];\n"
                              "    op[i] = row[\"ops\"][i];\n"
                              "    require row.convs == count(i in 0..1 if op[i] == \"conv\");\n"
                              "    metric = last(row.acc);\n"
                              "  }\n"
                              "}\n"
                              "format cells(row) of s { encoding row.w \":\" split(row.ops, \" "
                              "\")[0] \"+\" row.second; metric = row.acc; }\n";

static const char *read_row(Space *s, Arena *a, const char *format, const RowText *row,
                            double *metric, char *why, size_t size) {
    const char *arch = NULL;
    Buf problem = {0};
    bool ok = space_read_row(s, format, "metric", row, a, &arch, metric, &problem);
    snprintf(why, size, "%s", problem.text ? problem.text : "");
    buf_free(&problem);
    assert_int_equal(ok, arch != NULL);
    return arch;
}

static const char *read_json(Space *s, Arena *a, const char *json, double *metric, char why[300]) {
    return read_row(s, a, "f", &(RowText){.json = json, .len = strlen(json)}, metric, why, 300);
}

static void test_json(void **state) {
    (void)state;
    Program *p = load_good("rows.nas", program);
    Space *s = space_named(p, "s");
    Arena a;
    double metric = 0;
    char why[300];
    arena_init(&a, "test");
    const char *arch = read_json(
        s, &a, "{\"w\": 8.0, \"ops\": [\"conv\", \"none\"], \"convs\": 1, \"acc\": [1, 2.5]}",
        &metric, why);
    assert_string_equal(arch, "8:conv+none");
    assert_true(metric == 2.5);
    static const char *const wrong[][2] = {
        {"{\"w\": 8, \"ops\": [\"none\", \"conv\"], \"convs\": 1, \"acc\": [1]}",
         "violates a constraint"},
        {"{\"w\": 4, \"ops\": [\"none\", \"conv\"], \"convs\": 2, \"acc\": [1]}",
         "breaks a `require` (rows.nas:13)"},
        {"{\"w\": 5, \"ops\": [\"none\", \"conv\"], \"convs\": 1, \"acc\": [1]}",
         "5 is not a value of `width`"},
        {"{\"w\": 4, \"ops\": [\"none\"], \"convs\": 0, \"acc\": [1]}",
         "no element 1 of a list of 1"},
        {"{\"w\": 4, \"ops\": [\"none\", \"conv\"], \"convs\": 1}", "has no field `acc`"},
        {"{\"w\": 4", "no JSON"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_null(read_json(s, &a, wrong[i][0], &metric, why));
        if (!strstr(why, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], why);
    }
    assert_int_equal(program_diags(p)->errors, 0); /* a row is no mistake of the program */
    arena_free(&a);
    program_free(p);
}

static void test_cells(void **state) {
    (void)state;
    Program *p = load_good("rows.nas", program);
    Arena a;
    double metric = 0;
    char why[300];
    arena_init(&a, "test");
    const char *const columns[] = {"w", "ops", "second", "acc"};
    const char *fields[] = {"4", "none none", "conv", " 71.5"};
    RowText row = {.ncolumns = 4, .columns = columns, .fields = fields};
    Space *s = space_named(p, "s");
    assert_string_equal(read_row(s, &a, "cells", &row, &metric, why, sizeof why), "4:none+conv");
    assert_true(metric == 71.5);
    fields[3] = "71.5x";
    assert_null(read_row(s, &a, "cells", &row, &metric, why, sizeof why));
    arena_free(&a);
    program_free(p);
}

static void test_encodings(void **state) {
    (void)state;
    Program *p = load_good("rows.nas", program);
    Space *s = space_named(p, "s");
    Arena a;
    arena_init(&a, "test");
    assert_string_equal(architecture_text(parse_good(p, s, &a, "w8 none after conv")),
                        "8:conv+none");
    assert_string_equal(architecture_text(parse_good(p, s, &a, "4:none+none")), "4:none+none");
    const char *bad = "w8 none after con";
    assert_null(space_parse(s, &a, bad, strlen(bad), false));
    const Diag *d = find_diag(p, DIAG_no_such_point);
    assert_non_null(d);
    assert_non_null(strstr(d->message, "at character 15 expected a value of `op[0]`"));
    arena_free(&a);
    program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
