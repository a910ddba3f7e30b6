/* Programs: settings, files that use files, actions. */
#include "programs.h"

#include <sys/stat.h>
#include <unistd.h>

static const char settings_text[] = "param n = 100 \"how many\";\n"
                                    "param rate = 0.5;\n"
                                    "param name = \"x\";\n"
                                    "param table = none;\n"
                                    "param fast = false;\n"
                                    "space s {\n"
                                    "  input image[3, 8, 8];\n"
                                    "  choice k in 1..n;\n"
                                    "  network = conv(1, if fast then k else 2 * k);\n"
                                    "}\n";

static NascStatus set(const char *setting, NascError *err) {
    NascStatus status;
    *err = (NascError){0};
    Program *p = load_with("settings.nas", settings_text, &setting, 1, &status, err);
    program_free(p);
    return status;
}

static void test_settings(void **state) {
    (void)state;
    const char *settings[] = {"n=7", "rate=2", "name=\"a b\"", "table=my file.tsv", "fast=true"};
    NascStatus status;
    NascError err = {0};
    Program *p = load_with("settings.nas", settings_text, settings, 5, &status, &err);
    assert_int_equal(status, NASC_OK);
    const ProgramParam *params;
    assert_int_equal(program_params(p, &params), 5);
    assert_string_equal(params[0].name, "n");
    assert_string_equal(params[0].help, "how many");
    assert_string_equal(params[0].value, "7");
    assert_true(params[0].set);
    assert_string_equal(params[1].value, "2");
    assert_string_equal(params[2].value, "a b");
    assert_string_equal(params[3].value, "my file.tsv");
    Arena a;
    arena_init(&a, "test");
    assert_string_equal(space_raw_count(program_default_space(p), &a), "7");
    Architecture *x = parse_good(p, program_default_space(p), &a, "k=7");
    assert_int_equal(sizes_of(p, program_default_space(p), x, NULL).macs, 64 * 3 * 7);
    arena_free(&a);
    program_free(p);
}

static void test_defaults(void **state) {
    (void)state;
    Program *p = load_good("settings.nas", settings_text);
    const ProgramParam *params;
    assert_int_equal(program_params(p, &params), 5);
    const char *values[] = {"100", "0.5", "x", "none", "false"};
    for (int i = 0; i < 5; i++) {
        assert_string_equal(params[i].value, values[i]);
        assert_false(params[i].set);
    }
    program_free(p);
}

static void test_wrong_settings(void **state) {
    (void)state;
    NascError err;
    assert_int_equal(set("n=many", &err), NASC_USAGE_ERROR);
    assert_non_null(strstr(err.message, "`n` takes an integer, not `many`"));
    assert_int_equal(set("n=1.5", &err), NASC_USAGE_ERROR);
    assert_int_equal(set("n=)(", &err), NASC_USAGE_ERROR);
    assert_int_equal(set("n=", &err), NASC_USAGE_ERROR);
    assert_int_equal(set("rate=fast", &err), NASC_USAGE_ERROR);
    assert_int_equal(set("fast=1", &err), NASC_USAGE_ERROR);
    assert_int_equal(set("tabel=x", &err), NASC_USAGE_ERROR);
    assert_non_null(strstr(err.message, "did you mean `table`?"));
    assert_int_equal(set("n", &err), NASC_USAGE_ERROR);
    assert_int_equal(set("n=2K", &err), NASC_OK);
    assert_int_equal(set("name=", &err), NASC_OK);
}

static void write_file(const char *dir, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_uses(void **state) {
    (void)state;
    char dir[] = "/tmp/nasc-uses-XXXXXX", sub[64], path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(sub, sizeof sub, "%s/sub", dir);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file(dir, "main.nas",
               "use \"sub/one.nas\";\n"
               "use \"sub/two.nas\" as two;\n"
               "space s {\n"
               "  input image[3, 8, 8];\n"
               "  network = block -> two.wide(5);\n"
               "}\n");
    write_file(sub, "spaces.nas",
               "space hidden(c) { input image[3, 8, 8]; network = conv(1, c); }\n"
               "proxy flat(net) {\n"
               "  per run { x = batch(\"noise\", 2, like: net.input); }\n"
               "  per architecture { shared m = net; }\n"
               "  measure e = mean((x -> m).out);\n"
               "  score = e at 1;\n"
               "}\n");
    write_file(dir, "aliased.nas",
               "use \"sub/spaces.nas\" as lib;\n"
               "rank draw(lib.hidden(5), 1) by lib.flat(repeats: 3);\n");
    write_file(sub, "one.nas", "use \"two.nas\" as other;\nblock = conv(1, other.base);\n");
    write_file(sub, "two.nas", "use \"one.nas\";\nbase = 6;\nwide(c) = conv(1, c);\n");
    snprintf(path, sizeof path, "%s/main.nas", dir);
    Program *p = load_good(path, NULL);
    Arena a;
    arena_init(&a, "test");
    Architecture *x = parse_good(p, program_default_space(p), &a, "");
    assert_int_equal(sizes_of(p, program_default_space(p), x, NULL).macs, 64 * (3 * 6 + 6 * 5));
    program_free(p);

    snprintf(path, sizeof path, "%s/aliased.nas", dir);
    p = load_good(path, NULL);
    Space *s = program_default_space(p);
    show_diags(p);
    assert_non_null(s);
    assert_string_equal(space_name(s), "hidden");
    assert_int_equal(proxy_repeats(program_default_proxy(p)), 3);
    x = parse_good(p, s, &a, "");
    assert_int_equal(sizes_of(p, s, x, NULL).macs, 64 * 15);
    ProxyBuild b;
    assert_true(proxy_build(program_default_proxy(p), s, x, NULL, &a, &b));
    assert_int_equal(b.ntrainings, 0);
    assert_int_equal(b.steps, 1);
    double value = 0.75;
    assert_true(proxy_score(&b, &value) == 0.75);
    program_free(p);

    NascStatus status;
    NascError err = {0};
    p = load_with(path, "use \"gone.nas\";\nuse nowhere;\n", NULL, 0, &status, &err);
    assert_int_equal(status, NASC_PROGRAM_ERROR);
    assert_int_equal(program_diags(p)->errors, 2);
    assert_non_null(find_diag(p, DIAG_library_not_found));
    program_free(p);
    snprintf(path, sizeof path, "%s/absent.nas", dir);
    p = load_with(path, NULL, NULL, 0, &status, &err);
    assert_int_equal(status, NASC_ENVIRONMENT);
    program_free(p);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    arena_free(&a);
}

static void test_actions(void **state) {
    (void)state;
    const char *text =
        "use nas_bench_201;\n"
        "use eproxy;\n"
        "param n = 5;\n"
        "space other(c) { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, c); }\n"
        "rank draw(nas_bench_201, n, seed: 3) by eproxy(repeats: 2, lr: 0.5);\n"
        "rank rows(\"t.tsv\", other(4), 9, metric: \"err\", better: smaller) by eproxy();\n"
        "rank list(other(c: 7), [\"k=1\", \"k=3\"]) by eproxy;\n";
    Program *p = load_good("actions.nas", text);
    const Action *actions;
    size_t n = program_actions(p, &actions);
    show_diags(p);
    assert_int_equal(n, 3);
    assert_int_equal(actions[0].sets[0].kind, CANDIDATES_DRAWN);
    assert_int_equal(actions[0].sets[0].n, 5);
    assert_int_equal(actions[0].sets[0].sample, 3);
    assert_string_equal(space_name(actions[0].sets[0].space), "nas_bench_201");
    assert_ptr_equal(program_default_space(p), actions[0].sets[0].space);
    assert_string_equal(proxy_name(actions[0].proxy), "eproxy");
    assert_int_equal(proxy_repeats(actions[0].proxy), 2);
    const ProgramParam *settings;
    size_t k = proxy_settings(actions[0].proxy, &settings);
    bool found = false;
    for (size_t i = 0; i < k; i++)
        if (strcmp(settings[i].name, "lr") == 0) {
            assert_string_equal(settings[i].value, "0.5");
            found = true;
        }
    assert_true(found);
    assert_int_equal(actions[1].sets[0].kind, CANDIDATES_TABLE);
    assert_string_equal(actions[1].sets[0].table, "t.tsv");
    assert_string_equal(actions[1].sets[0].metric, "err");
    assert_true(actions[1].sets[0].smaller_is_better);
    assert_int_equal(actions[1].sets[0].n, 9);
    assert_int_equal(proxy_repeats(actions[1].proxy), 1);
    assert_int_equal(actions[2].sets[0].kind, CANDIDATES_LIST);
    assert_int_equal(actions[2].sets[0].n, 2);
    assert_string_equal(actions[2].sets[0].list[1], "k=3");
    Arena a;
    arena_init(&a, "test");
    Architecture *x = parse_good(p, actions[2].sets[0].space, &a, "k=3");
    assert_int_equal(sizes_of(p, actions[2].sets[0].space, x, NULL).macs, 64 * 27 * 7);
    x = parse_good(p, actions[1].sets[0].space, &a, "k=3");
    assert_int_equal(sizes_of(p, actions[1].sets[0].space, x, NULL).macs, 64 * 27 * 4);
    arena_free(&a);
    program_free(p);
}

/* Several spaces in one ranking: each candidate's space is its own, also where only the arguments differ. */
static void test_sets(void **state) {
    (void)state;
    const char *text =
        "use eproxy;\n"
        "space other(c) { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, c, bias: "
        "false); }\n"
        "space hand(c = 5) { input image[3, 8, 8]; network = conv(1, c, bias: false); }\n"
        "rank [draw(other(4), 2), list(other(c: 7), [\"k=3\"]), hand, hand(6)] by eproxy();\n"
        "rank concat([hand], [c in {6, 7} : hand(c)]) by eproxy();\n"
        "rank hand by eproxy();\n";
    Program *p = load_good("sets.nas", text);
    const Action *actions;
    assert_int_equal(program_actions(p, &actions), 3);
    show_diags(p);
    static const struct {
        const char *name, *point;
        int64_t params;
    } want[] = {{"other(c: 4)", "k=1", 12},
                {"other(c: 7)", "k=3", 189},
                {"hand", "", 15},
                {"hand(c: 6)", "", 18}};
    Arena a;
    arena_init(&a, "test");
    assert_int_equal(actions[0].nsets, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        const CandidateSet *set = &actions[0].sets[i];
        assert_string_equal(set->name, want[i].name);
        Architecture *x = parse_good(p, set->space, &a, want[i].point);
        assert_int_equal(sizes_of(p, set->space, x, NULL).params, want[i].params);
    }
    assert_int_equal(actions[1].nsets, 3);
    for (int i = 0; i < 3; i++) {
        Architecture *x = parse_good(p, actions[1].sets[i].space, &a, "");
        assert_int_equal(sizes_of(p, actions[1].sets[i].space, x, NULL).params, 3 * (5 + i));
    }
    assert_int_equal(actions[2].nsets, 1);
    assert_int_equal(actions[2].sets[0].n, 1);
    assert_ptr_equal(actions[2].sets[0].space, actions[0].sets[2].space);
    arena_free(&a);
    program_free(p);
}

static void test_wrong_actions(void **state) {
    (void)state;
    const char *text =
        "use eproxy;\n"
        "space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4); }\n"
        "rank draw(s, 0) by eproxy();\n"
        "rank draw(3, 5) by eproxy();\n"
        "rank draw(s, 5) by s;\n"
        "rank s by eproxy();\n"
        "space wide(c) { input image[3, 8, 8]; network = conv(1, c); }\n"
        "rank draw(wide, 2) by eproxy();\n";
    NascStatus status;
    NascError err = {0};
    Program *p = load_with("wrong.nas", text, NULL, 0, &status, &err);
    const Action *actions;
    size_t n = status == NASC_OK ? program_actions(p, &actions) : 0;
    assert_int_equal(n, 0);
    assert_int_equal(program_diags(p)->errors, 5);
    program_free(p);
}

static void test_examples_load(void **state) {
    (void)state;
    const char *paths[] = {"examples/smallest.nas", "examples/nas_bench_201.nas",
                           "examples/pictures.nas", "tests/programs/late_mean.nas",
                           "tests/programs/two_barriers.nas"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        Program *p = load_good(paths[i], NULL);
        const Action *actions;
        assert_int_equal(program_actions(p, &actions), 1);
        show_diags(p);
        assert_int_equal(program_diags(p)->errors, 0);
        space_check_all(actions[0].sets[0].space, 1);
        show_diags(p);
        assert_int_equal(program_diags(p)->errors, 0);
        program_free(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),       cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_wrong_settings), cmocka_unit_test(test_uses),
        cmocka_unit_test(test_actions),        cmocka_unit_test(test_wrong_actions),
        cmocka_unit_test(test_sets),           cmocka_unit_test(test_examples_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
