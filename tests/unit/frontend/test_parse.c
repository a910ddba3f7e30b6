/* The grammar: what a text means as a tree, that trees print and parse back, and that no text is
 * too much. */
#include <ftw.h>
#include <stdio.h>

#include "syntax_fixture.h"

/* Parses one expression and prints it, with the parentheses that its tree needs. */
static void assert_reads_as(const char *text, const char *expected) {
    Fixture f;
    fixture_init(&f);
    Ast *e = parse_expression(&f.syntax, fixture_add(&f, text, strlen(text)));
    assert_string_equal(fixture_codes(&f), "");
    Buf b = {0};
    ast_print(e, &b);
    assert_string_equal(b.text, expected);
    buf_free(&b);
    fixture_free(&f);
}

/* Two spellings of one tree. */
static void assert_same_tree(const char *x, const char *y) {
    Fixture f;
    fixture_init(&f);
    Ast *p = fixture_parse(&f, x), *q = fixture_parse(&f, y);
    assert_string_equal(fixture_codes(&f), "");
    assert_true(ast_equal(p, q));
    fixture_free(&f);
}

static void test_parse_precedence(void **state) {
    (void)state;
    /* Each line: the reading by the table of docs/language.md, section 5, written with parentheses.
     */
    assert_same_tree("a = x -> f + g -> h;", "a = (x -> (f + g)) -> h;");
    assert_same_tree("a = x => x -> f;", "a = x => (x -> f);");
    assert_same_tree("a = x -> f with init: y;", "a = (x -> f) with init: y;");
    assert_same_tree("a = if c then x else y -> f;", "a = if c then x else (y -> f);");
    assert_same_tree("a = not b and c or d;", "a = ((not b) and c) or d;");
    assert_same_tree("a = b or c -> f;", "a = (b or c) -> f;");
    assert_same_tree("a = not x == y;", "a = not (x == y);");
    assert_same_tree("a = x < y + 1 and z in 1..n-1;",
                     "a = (x < (y + 1)) and (z in (1 .. (n - 1)));");
    assert_same_tree("a = 1..2*n step k+1;", "a = 1 .. (2 * n) step (k + 1);");
    assert_same_tree("a = 1 - 2 - 3 + 4;", "a = ((1 - 2) - 3) + 4;");
    assert_same_tree("a = 2 * n div 3 mod 4 / 5;", "a = (((2 * n) div 3) mod 4) / 5;");
    assert_same_tree("a = -x ^ 2;", "a = -(x ^ 2);");
    assert_same_tree("a = 2 ^ -n ^ 2;", "a = 2 ^ (-(n ^ 2));");
    assert_same_tree("a = 5 * cell -> tap;", "a = (5 * cell) -> tap;");
    assert_same_tree("a = frozen f(3) -> g;", "a = (frozen (f(3))) -> g;");
    assert_same_tree("a = x.y[1](2) ^ 2 at 3;", "a = (((x.y)[1])(2)) ^ (2 at 3);");
    assert_same_tree("a = -(loss at 10);", "a = - (loss at (10));");
    assert_same_tree("a = if c then if d then x else y;", "a = if c then (if d then x else y);");
    assert_same_tree("a = x => y => z;", "a = x => (y => z);");
    assert_same_tree("a = (x) => x;", "a = x => x;");
}

static void test_parse_aggregates(void **state) {
    (void)state;
    assert_same_tree("a = sum(i in 0..3) x[i](y).z;", "a = sum(i in 0..3) ((x[i])(y).z);");
    assert_same_tree("a = sum(i in r) x + 1;", "a = (sum(i in r) (x)) + 1;");
    assert_same_tree("a = sum(i in r) max(j in r) x;", "a = sum(i in r) (max(j in r) (x));");
    assert_same_tree("a = sum(i in r) (x)(y);", "a = sum(i in r) ((x)(y));");
    assert_same_tree("a = sum(x)[1] * 2;", "a = ((sum(x))[1]) * 2;");
    assert_reads_as("sum(i in 0..3, j in s if i < j) x", "sum(i in 0 .. 3, j in s if i < j) (x)");
    assert_reads_as("[v in 1..5 if alive[v]]", "[v in 1 .. 5 if alive[v]]");
    assert_reads_as("[v in 1..5 : 2 * v]", "[v in 1 .. 5 : 2 * v]");
    assert_reads_as("[v in 1..5]", "[v in 1 .. 5]");
    assert_reads_as("[(v, 1) in r, 2]", "[(v, 1) in r, 2]");

    Fixture f;
    fixture_init(&f);
    Ast *tree = fixture_parse(
        &f, "a = sum(list); b = sum(i in r) i; c = count(i in r); d = [x in r]; e = count;");
    assert_string_equal(fixture_codes(&f), "");
    const Ast *call = tree->list.items[0]->a, *loop = tree->list.items[1]->a;
    assert_int_equal(call->kind, AST_CALL);
    assert_string_equal(call->a->text, "sum");
    assert_int_equal(loop->kind, AST_AGGREGATE);
    assert_int_equal(loop->list.items[0]->kind, AST_BINDER);
    assert_string_equal(loop->list.items[0]->text, "i");
    assert_null(tree->list.items[2]->a->a);
    assert_int_equal(tree->list.items[3]->a->kind, AST_COMPREHENSION);
    assert_int_equal(tree->list.items[4]->a->kind, AST_NAME);
    fixture_free(&f);
}

static void test_parse_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_int;
        int64_t integer;
        double number;
    } cases[] = {
        {"12", true, 12, 12},
        {"187_166_720", true, 187166720, 187166720},
        {"600M", true, 600000000, 6e8},
        {"3K", true, 3000, 3e3},
        {"2G", true, 2000000000, 2e9},
        {"0.5", false, 0, 0.5},
        {"4e-5", false, 0, 4e-5},
        {"1E3", false, 0, 1000},
        {"2.5ms", false, 0, 0.0025},
        {"10us", false, 0, 1e-5},
        {"3s", false, 0, 3},
        {"1.5K", false, 0, 1500},
        {"9223372036854775807", true, INT64_MAX, 9223372036854775807.0},
        {"9007199254740993", true, 9007199254740993, 9007199254740992.0}, /* no double */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Fixture f;
        fixture_init(&f);
        Ast *e = parse_expression(&f.syntax, fixture_add(&f, cases[i].text, strlen(cases[i].text)));
        assert_string_equal(fixture_codes(&f), "");
        assert_int_equal(e->kind, AST_NUMBER);
        assert_int_equal(e->is_int, cases[i].is_int);
        assert_true(e->number == cases[i].number);
        assert_true(e->integer == cases[i].integer);
        assert_string_equal(e->text, cases[i].text);
        fixture_free(&f);
    }
    assert_reads_as("1..3", "1 .. 3");
    assert_reads_as("0.5..1.5 step 0.1", "0.5 .. 1.5 step 0.1");
}

static void test_parse_strings(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    static const char text[] = "\"a\\\"b\\\\c\\n\\t // \xc3\xa9\"";
    Ast *e = parse_expression(&f.syntax, fixture_add(&f, text, sizeof text - 1));
    assert_string_equal(fixture_codes(&f), "");
    assert_int_equal(e->kind, AST_STRING);
    assert_string_equal(e->text, "a\"b\\c\n\t // \xc3\xa9");
    assert_int_equal(e->text_len, strlen(e->text));
    fixture_free(&f);
}

static void test_parse_places(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ast *tree = fixture_parse(&f, "// first\nabc = (x + yy) -> f(3);\n");
    const Ast *d = tree->list.items[0], *arrow = d->a;
    /* Bytes counted by hand: the definition begins after the comment's 9. */
    assert_int_equal(d->place.lo, 9);
    assert_int_equal(d->place.hi, 9 + 23);
    assert_int_equal(d->name_place.lo, 9);
    assert_int_equal(d->name_place.hi, 12);
    assert_int_equal(arrow->name_place.lo, 24);
    assert_int_equal(arrow->name_place.hi, 26);
    assert_int_equal(arrow->a->place.lo, 16); /* inside the parentheses */
    assert_int_equal(arrow->b->place.lo, 27);
    assert_int_equal(arrow->b->place.hi, 31);
    fixture_free(&f);
}

/* Every statement, and the fields that its node promises in ast.h. */
static void test_parse_statements(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ast *t = fixture_parse(
        &f, "use eproxy; use \"mine.nas\" as mine;"
            "param n = 100 \"how many\";"
            "f(x, k = 3) = x; g() = 1; node[0] = x; node[j in 1..3 if c] = 2;"
            "choice op[v in r](stride) { a = relu; \"b-c\" = zero prior 0.5; none = identity; }"
            "choice w in {3, 5} prior {2, 1}; choice l: bool prior 0.3;"
            "choice s subset of {a, b} each 0.2;"
            "network full on [3, 224, 224] = f; network = g;"
            "cell = x => { y = x; return y; } last = 3;");
    assert_string_equal(fixture_codes(&f), "");
    Ast **i = t->list.items;
    assert_int_equal(t->list.len, 15);
    assert_int_equal(i[0]->kind, AST_USE);
    assert_false(i[0]->is_path);
    assert_true(i[1]->is_path);
    assert_string_equal(i[1]->alias, "mine");
    assert_string_equal(i[2]->help, "how many");
    assert_int_equal(i[3]->params.len, 2);
    assert_null(i[3]->params.items[0]->a);
    assert_int_equal(i[3]->params.items[1]->a->integer, 3);
    assert_true(i[4]->has_params);
    assert_int_equal(i[4]->params.len, 0);
    assert_null(i[5]->index.items[0]->text);
    assert_string_equal(i[6]->index.items[0]->text, "j");
    assert_non_null(i[6]->b);
    assert_ptr_equal(i[5]->text, i[6]->text); /* interned */
    const Ast *domain = i[7]->a;
    assert_int_equal(domain->kind, AST_ALTERNATIVES);
    assert_string_equal(domain->list.items[1]->text, "b-c");
    assert_true(domain->list.items[1]->b->number == 0.5);
    assert_string_equal(domain->list.items[2]->text, "none");
    assert_int_equal(i[8]->a->a->kind, AST_SET);
    assert_int_equal(i[8]->a->b->kind, AST_SET);
    assert_int_equal(i[9]->a->kind, AST_DOMAIN_BOOL);
    assert_int_equal(i[10]->a->kind, AST_DOMAIN_SUBSET);
    assert_string_equal(i[11]->text, "full");
    assert_int_equal(i[11]->list.len, 3);
    assert_null(i[12]->text);
    assert_int_equal(i[13]->a->a->kind, AST_BODY);
    fixture_free(&f);
}

static void test_parse_proxy(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ast *t = fixture_parse(
        &f, "proxy p(net, lr = 1.2) { per run { x = 1; } per architecture { shared m = net with "
            "init: a, batch_norm: b; } train(loss: e, by: sgd(lr), steps: 10); measure loss = e;"
            "score = -(loss at (6..10)); }"
            "rank draw(s, n, seed: 1) by p(lr: 2);"
            "space s { encoding join(i in r, \"+\") (\"a\" edge[i] \"~\" i) \"b\"; costs full; }");
    assert_string_equal(fixture_codes(&f), "");
    const Ast *proxy = t->list.items[0], *rank = t->list.items[1], *space = t->list.items[2];
    assert_int_equal(proxy->list.len, 5);
    const Ast *shared = proxy->list.items[1]->list.items[0];
    assert_int_equal(shared->kind, AST_SHARED);
    assert_int_equal(shared->a->kind, AST_WITH);
    assert_int_equal(shared->a->list.len, 2);
    assert_string_equal(shared->a->list.items[1]->text, "batch_norm");
    assert_string_equal(proxy->list.items[2]->list.items[1]->text, "by"); /* a keyword as a name */
    assert_int_equal(rank->a->kind, AST_CALL);
    assert_int_equal(rank->b->kind, AST_CALL);
    const Ast *encoding = space->list.items[0], *join = encoding->list.items[0];
    assert_int_equal(encoding->list.len, 2);
    assert_int_equal(join->kind, AST_PATTERN_JOIN);
    assert_int_equal(join->index.len, 1);
    assert_int_equal(join->list.len, 4);
    assert_string_equal(join->a->text, "+");
    fixture_free(&f);
}

/* What follows a mistake is read, and what it damaged keeps its name. */
static void test_parse_recovery(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ast *t =
        fixture_parse(&f, "a = 3 + ;\nb = f(1 2, 3) + g(4 5);\nspace 3 { x = 1; { } }\nc = (1;\n"
                          "d = x => { y = ; return y; };\ne = 3\nf = 4;\n");
    assert_string_equal(fixture_codes(&f),
                        "1:syntax 2:syntax 2:syntax 3:syntax 4:unclosed 5:syntax 6:syntax");
    static const char *const names[] = {"a", "b", NULL, "c", "d", "e", "f"};
    assert_int_equal(t->list.len, ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const Ast *d = t->list.items[i];
        assert_int_equal(d->kind, names[i] ? AST_DEFINITION : AST_ERROR);
        if (names[i])
            assert_string_equal(d->text, names[i]);
    }
    assert_int_equal(t->list.items[0]->a->kind, AST_ERROR);
    assert_int_equal(t->list.items[6]->a->integer, 4);
    fixture_free(&f);
}

/* A mistake right after a bracket is none inside it: these lost the end of their block and never
 * ended. */
static void test_parse_recovery_ends(void **state) {
    (void)state;
    static const char *const texts[] = {
        "l = x => { e[] = sum(1 }; b = 3;",
        "l = x => { e[] = sum()] }; b = 3;",
        "l = x => { e = sum(i, r: 2) i](n) }; b = 3;",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        Fixture f;
        fixture_init(&f);
        Ast *t = fixture_parse(&f, texts[i]);
        assert_true(f.diags.errors > 0);
        assert_int_equal(t->list.len, 2);
        assert_string_equal(t->list.items[1]->text, "b");
        fixture_free(&f);
    }
}

static void test_parse_ids(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ast *x = fixture_parse(&f, "a = b + 1;");
    uint32_t first = f.syntax.next_id;
    Ast *y = fixture_parse(&f, "c = b;");
    assert_true(x->id < first && y->id >= first && y->id < f.syntax.next_id);
    assert_ptr_equal(x->list.items[0]->a->a->text, y->list.items[0]->a->text);
    fixture_free(&f);
}

/* ---- texts that are too much ---- */

static void test_parse_nesting(void **state) {
    (void)state;
    enum { MANY = 100000 };
    static const char *const openings[] = {
        "(",          "[",      "f(", "-",      "not ", "x => ", "sum(i in r) ",
        "if x then ", "x -> (", "{",  "x => {", "a[",   "2 ^ "};
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        Buf b = {0};
        buf_puts(&b, "a = ");
        for (size_t k = 0; k < MANY; k++)
            buf_puts(&b, openings[i]);
        Fixture f;
        fixture_init(&f);
        const Ast *t = parse_program(&f.syntax, fixture_add(&f, b.text, b.len));
        assert_true(f.diags.errors >= 1 && f.diags.errors <= 2);
        assert_true(t->depth <= SYNTAX_MAX_DEPTH + 1);
        buf_free(&b);
        fixture_free(&f);
    }
}

static void test_parse_limit_of_depth(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    Buf b = {0};
    buf_puts(&b, "a = ");
    for (int i = 0; i < SYNTAX_MAX_DEPTH - 2;
         i++) /* with the number and the definition: the limit */
        buf_puts(&b, "-");
    buf_puts(&b, "1;");
    parse_program(&f.syntax, fixture_add(&f, b.text, b.len));
    assert_string_equal(fixture_codes(&f), "");
    b.len -= strlen("1;");
    buf_puts(&b, "-1;");
    parse_program(&f.syntax, fixture_add(&f, b.text, b.len));
    assert_string_equal(fixture_codes(&f), "1:too_deep");
    buf_free(&b);
    fixture_free(&f);
}

/* These took quadratic time once; a hundred times the file would show it again. */
static void test_parse_long(void **state) {
    (void)state;
    enum { MANY = 300000 };
    static const struct {
        const char *piece, *end;
        size_t errors_kept;
    } cases[] = {
        {"}", "", 20},
        {")", "", 1},
        {"{", "", 1},
        {"\xff", "", 1},
        {"\xff"
         "a",
         "", 20},
        {"a=1;", "", 0},
        {"x", "=1;", 0},
        {"//x", "", 0},
        {"a=3 4;", "", 20},
        {"1", "", 2},
        {"a = (3 4) + ", "", 2},
        {"\"", "", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Buf b = {0};
        for (size_t k = 0; k < MANY; k++)
            buf_puts(&b, cases[i].piece);
        buf_puts(&b, cases[i].end);
        Fixture f;
        fixture_init(&f);
        parse_program(&f.syntax, fixture_add(&f, b.text, b.len));
        if (f.diags.items.len != cases[i].errors_kept)
            print_error("case %zu: %s\n", i, fixture_codes(&f));
        assert_int_equal(f.diags.items.len, cases[i].errors_kept);
        buf_free(&b);
        fixture_free(&f);
    }
}

/* ---- all programs of the project ---- */

static size_t files_seen;

static int round_trip(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)ftw;
    size_t len = strlen(path);
    if (type != FTW_F || len < 4 || strcmp(path + len - 4, ".nas") != 0)
        return 0;
    Fixture f;
    fixture_init(&f);
    uint32_t file = source_add(&f.sources, path, NULL, 0, NULL);
    assert_int_not_equal(file, UINT32_MAX);
    Ast *tree = parse_program(&f.syntax, file);
    Buf b = {0};
    ast_print(tree, &b);
    if (f.diags.errors == 0) {
        Ast *again = parse_program(&f.syntax, fixture_add(&f, b.text, b.len));
        if (!ast_equal(tree, again))
            print_error("%s does not survive:\n%s\n", path, b.text);
        assert_string_equal(fixture_codes(&f), "");
        assert_true(ast_equal(tree, again));
        files_seen++;
    }
    buf_free(&b);
    fixture_free(&f);
    return 0;
}

static void test_parse_round_trip(void **state) {
    (void)state;
    files_seen = 0;
    static const char *const folders[] = {"lib", "examples", "tests"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        nftw(folders[i], round_trip, 16, FTW_PHYS);
    if (files_seen == 0)
        skip(); /* not run from the project's root */
    assert_true(files_seen >= 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_precedence), cmocka_unit_test(test_parse_aggregates),
        cmocka_unit_test(test_parse_numbers),    cmocka_unit_test(test_parse_strings),
        cmocka_unit_test(test_parse_places),     cmocka_unit_test(test_parse_statements),
        cmocka_unit_test(test_parse_proxy),      cmocka_unit_test(test_parse_recovery),
        cmocka_unit_test(test_parse_ids),        cmocka_unit_test(test_parse_recovery_ends),
        cmocka_unit_test(test_parse_nesting),    cmocka_unit_test(test_parse_limit_of_depth),
        cmocka_unit_test(test_parse_long),       cmocka_unit_test(test_parse_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
