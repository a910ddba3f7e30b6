/* Encodings: what is written is read back, what is wrong is told with its position. */
#include "programs.h"

#include <errno.h>

static void round_trip(Program *p, Space *s, uint64_t seed, int n) {
    Arena a;
    arena_init(&a, "test");
    for (int i = 0; i < n; i++) {
        Architecture *x = space_sample(s, &a, test_stream(seed), (uint64_t)i);
        assert_non_null(x);
        Architecture *y = parse_good(p, s, &a, architecture_text(x));
        assert_string_equal(architecture_text(x), architecture_text(y));
        assert_true(hash128_equal(architecture_key(x), architecture_key(y)));
        const DecisionView *dx, *dy;
        size_t len = architecture_decisions(x, &dx);
        assert_int_equal(len, architecture_decisions(y, &dy));
        Buf text = {0};
        for (size_t k = 0; k < len; k++) {
            assert_string_equal(dx[k].address, dy[k].address);
            assert_int_equal(dx[k].index, dy[k].index);
            buf_printf(&text, "%s%s=%s", k ? "," : "", dx[k].address, dx[k].value);
        }
        Architecture *z = parse_good(p, s, &a, text.text);
        assert_string_equal(architecture_text(x), architecture_text(z));
        buf_free(&text);
    }
    arena_free(&a);
}

static void test_nb201(void **state) {
    (void)state;
    Program *p = load_good("examples/nas_bench_201.nas", NULL);
    round_trip(p, program_default_space(p), 1, 100);
    program_free(p);
}

static const char mixed[] = "space s {\n"
                            "  input image[3, 8, 8];\n"
                            "  choice depth in {1, 2, 10, 12};\n"
                            "  choice ratio in 0.5 .. 1.5 step 0.25;\n"
                            "  choice op[v in 1..2] { \"3\" = conv(3, 4); \"3x3\" = conv(3, 4, "
                            "bias: false); id = conv(1, 4); }\n"
                            "  choice flag: bool;\n"
                            "  choice set subset of {one, two};\n"
                            "  one = 1; two = 2;\n"
                            "  network = op[1] -> op[2];\n"
                            "  encoding \"d\" depth \"-\" ratio \":\" join(v in 1..2, \",\") (v "
                            "\"=\" op[v]) \"#\" depth \"/\" flag \" \" set;\n"
                            "}\n";

static void test_mixed(void **state) {
    (void)state;
    Program *p = load_good("mixed.nas", mixed);
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    const char *text = "d12-0.75:1=3x3,2=3#12/true one+two";
    assert_string_equal(architecture_text(parse_good(p, s, &a, text)), text);
    const DecisionView *d;
    assert_int_equal(architecture_decisions(parse_good(p, s, &a, text), &d), 6);
    assert_string_equal(d[0].value, "12");
    assert_string_equal(d[1].value, "0.75");
    assert_string_equal(d[2].address, "op[1]");
    assert_string_equal(d[2].value, "3x3");
    round_trip(p, s, 2, 60);
    arena_free(&a);
    program_free(p);
}

/* A length that the text tells, and choices that exist only up to it. */
static void test_depth(void **state) {
    (void)state;
    Program *p =
        load_good("depth.nas", "space s {\n"
                               "  input image[3, 8, 8];\n"
                               "  choice depth in 1..3;\n"
                               "  choice w[v in 1..3 if v <= depth] in {4, 8, 16};\n"
                               "  network = chain(v in 1..depth) conv(1, w[v]);\n"
                               "  encoding depth \":\" join(v in 1..depth, \"-\") (w[v]);\n"
                               "}\n");
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    assert_string_equal(space_raw_count(s, &a), "39"); /* 3 + 3 * 3 + 3 * 3 * 3 */
    const DecisionView *d;
    Architecture *x = parse_good(p, s, &a, "2:16-4");
    assert_int_equal(architecture_decisions(x, &d), 3);
    assert_string_equal(architecture_text(parse_good(p, s, &a, "depth=2,w[1]=16,w[2]=4")),
                        "2:16-4");
    assert_int_equal(sizes_of(p, s, x, NULL).macs, 64 * (3 * 16 + 16 * 4));
    assert_null(space_parse(s, &a, "2:16", 4, true));
    assert_null(space_parse(s, &a, "1:16-4", 6, true));
    assert_null(space_parse(s, &a, "depth=1,w[1]=16,w[2]=4", 22, true));
    round_trip(p, s, 3, 60);
    space_check_all(s, 1);
    assert_int_equal(program_diags(p)->errors, 0);
    arena_free(&a);
    program_free(p);
}

static void refuse(Program *p, Space *s, Arena *a, const char *text, const char *part,
                   const char *hint) {
    size_t before = program_diags(p)->items.len;
    assert_null(space_parse(s, a, text, strlen(text), true));
    assert_int_equal(program_diags(p)->items.len, before);
    assert_null(space_parse(s, a, text, strlen(text), false));
    assert_int_equal(program_diags(p)->items.len, before + 1);
    const Diag *d = &program_diags(p)->items.items[before];
    assert_int_equal(d->code, DIAG_no_such_point);
    if (!strstr(d->message, part))
        fail_msg("`%s` does not hold `%s`", d->message, part);
    if (hint) {
        assert_non_null(d->hint);
        assert_non_null(strstr(d->hint, hint));
    }
}

static void test_errors(void **state) {
    (void)state;
    Program *p = load_good("examples/nas_bench_201.nas", NULL);
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    refuse(p, s, &a, "|nor_conv_3x3~0|+|none~0|none~2|+|none~0|none~1|none~2|",
           "at character 31 expected `1`, found `2", NULL);
    refuse(p, s, &a, "|nor_conv_3x3~0|+|nor_conv_3c3~0|none~1|+|none~0|none~1|none~2|",
           "at character 19 expected a value of `edge[2,0]` (none, skip_connect", "nor_conv_3x3");
    refuse(p, s, &a, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2",
           "expected `|`, found the end", NULL);
    refuse(p, s, &a, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|x",
           "expected the end, found `x`", NULL);
    refuse(p, s, &a, "", "at character 1 expected `|`", NULL);
    refuse(p, s, &a, "edge[1,0]=none", "it does not say `edge[2,0]`", NULL);
    refuse(p, s, &a, "edge[1,0]=non,edge[2,0]=none", "`non` is not a value of `edge[1,0]`", "none");
    refuse(p, s, &a,
           "edge[1,0]=none,edge[2,0]=none,edge[2,1]=none,edge[3,0]=none,edge[3,1]=none,"
           "edge[3,2]=none,edge[3,3]=none",
           "it has no decision `edge[3,3]`", "edge[3,");
    refuse(p, s, &a, "edge[1,0]=none,,", "at character 16 expected choice=value", NULL);
    arena_free(&a);
    program_free(p);
}

/* Spaces beside punctuation come and go; within strings and between words they do not. */
static void test_layout(void **state) {
    (void)state;
    Program *p = load_good(
        "layout.nas", "space s {\n"
                      "  input image[3, 8, 8];\n"
                      "  choice op { ab = conv(1, 4); \"a b\" = conv(3, 4); \"a\" = conv(1, 5); }\n"
                      "  choice w in {4, 8};\n"
                      "  network = op -> conv(1, w);\n"
                      "  encoding \"{\\\"op\\\": \\\"\" op \"\\\", width \" w \"}\";\n"
                      "}\n");
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    static const char *const same[] = {"{\"op\": \"a b\", width 8}", "{\"op\":\"a b\",width 8}",
                                       " {\n  \"op\" : \"a b\",\n  width\t 8\n}\n"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        assert_string_equal(architecture_text(parse_good(p, s, &a, same[i])), same[0]);
    assert_string_equal(architecture_text(parse_good(p, s, &a, " op = a b, w = 8 ")), same[0]);
    refuse(p, s, &a, "{\"op\": \"a  b\", width 8}", "expected `\", width `, found `  b", NULL);
    refuse(p, s, &a, "{\"op\": \" ab\", width 8}", "expected a value of `op`", NULL);
    refuse(p, s, &a, "{\"op\": \"ab\", width8}", "expected `\", width `, found", NULL);
    refuse(p, s, &a, "{\"o p\": \"ab\", width 8}", "at character 4 expected", NULL);
    refuse(p, s, &a, "{\"op\": \"ab\", wid th 8}", "expected `\", width `", NULL);
    arena_free(&a);
    program_free(p);
}

static void test_incomplete(void **state) {
    (void)state;
    NascStatus status;
    NascError err = {0};
    Program *p = load_with("incomplete.nas",
                           "space s {\n"
                           "  input image[3, 8, 8];\n"
                           "  choice k in {1, 3};\n"
                           "  choice c in {4, 8};\n"
                           "  network = conv(k, c);\n"
                           "  encoding \"k\" k;\n"
                           "}\n",
                           NULL, 0, &status, &err);
    assert_int_equal(status, NASC_PROGRAM_ERROR);
    assert_non_null(find_diag(p, DIAG_incomplete_encoding));
    program_free(p);
}

static void test_ambiguous(void **state) {
    (void)state;
    Program *p = load_good("ambiguous.nas", "space s {\n"
                                            "  input image[3, 8, 8];\n"
                                            "  choice a in {1, 11};\n"
                                            "  choice b in {1, 11};\n"
                                            "  network = conv(1, a) -> conv(1, b);\n"
                                            "  encoding a b;\n"
                                            "}\n");
    space_check_all(program_default_space(p), 1);
    assert_non_null(find_diag(p, DIAG_not_invertible_encoding));
    program_free(p);
}

/* Every string of the benchmark's table, read and written unchanged, each a point of its own. */
static void test_table(void **state) {
    (void)state;
    const char *root = getenv("NASC_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/nb201/cifar10_valid.tsv", root ? root : "../shared/data");
    FILE *f = fopen(path, "r");
    if (!f) {
        print_message("no %s: %s\n", path, strerror(errno));
        skip();
    }
    Program *p = load_good("examples/nas_bench_201.nas", NULL);
    Space *s = program_default_space(p);
    Arena a;
    arena_init(&a, "test");
    char line[512];
    static bool seen[15625];
    size_t rows = 0;
    assert_non_null(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) {
        size_t len = strcspn(line, "\t\n");
        Architecture *x = space_parse(s, &a, line, len, true);
        assert_non_null(x);
        assert_int_equal(strlen(architecture_text(x)), len);
        assert_memory_equal(architecture_text(x), line, len);
        const DecisionView *d;
        size_t n = architecture_decisions(x, &d), at = 0;
        assert_int_equal(n, 6);
        for (size_t i = 0; i < n; i++)
            at = at * 5 + (size_t)d[i].index;
        assert_false(seen[at]);
        seen[at] = true;
        rows++;
        arena_reset(&a);
    }
    assert_int_equal(rows, 15625);
    fclose(f);
    arena_free(&a);
    program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nb201),     cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_depth),     cmocka_unit_test(test_errors),
        cmocka_unit_test(test_layout),    cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_ambiguous), cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
