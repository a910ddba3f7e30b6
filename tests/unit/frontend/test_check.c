/* The checker: what it reports and, as important, what it leaves alone. The texts of reports have
 * their golden files in tests/diag. */
#include "syntax_fixture.h"

static const char *check_text(Fixture *f, const char *text) {
    fixture_init(f);
    CheckFile file = {.tree = fixture_parse(f, text)};
    bool ok = f->diags.errors == 0;
    ok = check_program(&f->syntax, &file, 1) && ok;
    assert_int_equal(ok, f->diags.errors == 0);
    return fixture_codes(f);
}

static void assert_check(const char *text, const char *codes) {
    Fixture f;
    assert_string_equal(check_text(&f, text), codes);
    fixture_free(&f);
}

static void test_check_names(void **state) {
    (void)state;
    assert_check("a = b; b = 3;", "");        /* order does not matter */
    assert_check("f(x, k = x) = x + k;", ""); /* defaults see parameters */
    assert_check("f = x => { y = x; return y; };", "");
    assert_check("f = x => { y = z; z = x; return y; };", "");
    assert_check("a = sum(i in 0..3, j in 0..i) (i * j);", "");
    assert_check("a = sum(j in 0..i, i in 0..3) (i * j);", "1:unknown_name");
    assert_check("n[0] = 1; n[j in 1..3 if j > 1] = n[j - 1] + j;", "");
    assert_check("n[j in 1..3] = 1; a = j;", "1:unknown_name");
    assert_check("a = relu -> sigmoid -> mean;", "");
    assert_check("relu = 3; a = relu + 1;", ""); /* the program's own name wins */
    assert_check("f(x) = x; a = f;\nb = g(1);", "2:unknown_function");
}

static void test_check_words(void **state) {
    (void)state;
    assert_check("a = conv(3, pad: same) -> resize(8, 8, mode: nearest) -> tap(stage1);", "");
    assert_check("f(x) = mean(x, h, w) + sum(x, c) + max(x, n);", "");
    assert_check("f(x) = merge(rename(x, h: y), c: [p, q]) + shuffle(x, c, per: n);", "");
    assert_check("f(x) = concat(c, x, x) + uniform(0, 1, n: 16, anything: 3);", "");
    assert_check("f(x) = x with init: xavier_normal;", "");
    assert_check("a = conv(same);", "1:unknown_name");
    assert_check("f(x) = take(x, c: many);", "1:unknown_name"); /* a size, not an axis */
}

static void test_check_network_word(void **state) {
    (void)state;
    assert_check("space s { input image[3, 8, 8]; network = relu; network full on [3, 9, 9] = "
                 "relu; costs full;"
                 " require macs(network) < 3M and params(full) > 1; }",
                 "");
    assert_check("a = macs(network);", "1:unknown_name");
}

static void test_check_proxy_scope(void **state) {
    (void)state;
    /* Names of `per run` and `per architecture` are visible in the whole proxy, in both directions.
     */
    assert_check("proxy p(net, k = 2) { score = y + n; per run { x = k * n; } n = 3;"
                 " per architecture { shared m = net; } y = x -> m; measure loss = y; }",
                 "");
    assert_check("proxy p(net) { per run { x = 1; } score = 1; }\na = x;", "2:unknown_name");
}

static void test_check_arities(void **state) {
    (void)state;
    assert_check("f(x, k = 3) = x; a = f(1) + f(1, 2) + f(1, k: 2) + f(k: 2, x: 1);", "");
    assert_check("a = conv(3) -> conv(3, 8) -> conv(k: 3, c: 8) -> batch_norm -> batch_norm();",
                 "");
    assert_check("h = (x, y) => x; a = h(1, 2) + h((1, 2));", "");
    assert_check("cell(c) = x => x -> conv(3, c); a = cell(3)(a0); a0 = 1;", "");
    assert_check("f(x) = x; g = f; a = g(1, 2);",
                 ""); /* what a value is called with is not known here */
    assert_check("a = max(1, 2, 3) + min(1, 2) + sum([1, 2]);", "");
    assert_check("a = sum();", "1:syntax");
    assert_check("proxy p(net, k = 1) { score = k; } a = p(); b = p(k: 2, repeats: 3);", "");
    assert_check("proxy p(net, k = 1) { score = k; } a = p(1, 2);", "1:wrong_arity");
    assert_check(
        "space s(n = 3) { input image[3, 8, 8]; network = n * relu; } a = s(n: 4); b = s(m: 4);",
        "1:unknown_argument");
    assert_check("f(x) = x; a = f(1, y: ) + f(2, 3);", "1:syntax 1:wrong_arity");
}

static void test_check_kinds(void **state) {
    (void)state;
    assert_check("a = relu + relu; b = 3 * relu; c = -relu; f(x) = x + 1;", "");
    assert_check("a = \"x\" == 3; b = \"x\" in {\"x\"}; c = if a then 1 else \"x\";", "");
    assert_check("w = if true then \"x\" else 3; a = w + 1;", ""); /* not certain */
    assert_check("a = b + 1; b = c; c = \"x\";", "1:wrong_kind");  /* through definitions */
    assert_check("a = (1 < 2) + 1;", "");                          /* a mask, if tensors */
    assert_check("a = (not b) * 2; b = true;", "1:wrong_kind");
    assert_check("a = [1, 2][0](3);", "");
    /* Each definition names the one before it twice: exponential unless kinds are kept. */
    Buf b = {0};
    for (int i = 0; i < 60; i++)
        buf_printf(&b, "a%d = a%d + a%d;", i, i + 1, i + 1);
    buf_puts(&b, "a60 = 1; z = a0 and true;");
    assert_check(b.text, "1:wrong_kind");
    buf_free(&b);
}

static void test_check_cycles(void **state) {
    (void)state;
    assert_check("a = b; b = a;", "1:cyclic_definition");
    assert_check("a = a;", "1:cyclic_definition");
    assert_check("f(n) = f(n - 1); a = f(3);", "");
    assert_check("a = x => a;", "");
    assert_check("a = if c then a else 1; c = true;", "");
    assert_check("a = c and a; c = false;", "");
    assert_check("a = sum(i in 0..-1) (a);", "");
    assert_check("n[i in 0..3] = n[i - 1];", "");
    assert_check("a = { b = c; c = b; return b; };", "1:cyclic_definition");
    assert_check("a = { b = a; return b; };", "1:cyclic_definition");
    /* One report a cycle; a long chain is no recursion of the checker. */
    Buf b = {0};
    for (int i = 0; i < 200000; i++)
        buf_printf(&b, "a%d = a%d;", i, (i + 1) % 200000);
    assert_check(b.text, "1:cyclic_definition");
    buf_free(&b);
}

static void test_check_elements(void **state) {
    (void)state;
    assert_check("n[0] = 1; n[1] = 2; n[i in 2..3] = 3;", "");
    assert_check("n[0, 1] = 1; n[1, 0] = 2; a = n[0, 1];", "");
    assert_check("n[0] = 1;\nn[0] = 2;", "2:duplicate_index");
    assert_check("n[0] = 1;\nn = 2;", "2:duplicate_definition");
    assert_check("n[0] = 1;\nn[0, 1] = 2;", "2:wrong_index_count");
    assert_check("xs = [1, 2]; a = xs[0];", "");
    assert_check("s = (1, 2); a = s[0, 1];", ""); /* not certain */
}

static void test_check_silence(void **state) {
    (void)state;
    /* What could not be read may have defined any name. */
    assert_check("a = 3 + ;\nb = a + 1;", "1:syntax");
    assert_check("(c) = 3;\nb = c + 1;", "1:syntax");
    assert_check("space s { input image[3, 8 8]; (x) = 3; network = x; }\na = y;",
                 "1:syntax 1:syntax 2:unknown_name");
    assert_check("f(x y) = z; a = f(1, 2, 3);", "1:syntax");
    assert_check("space s { input image[3, 8, 8]; netwrk = relu -> ; 3; }", "1:syntax 1:syntax");
}

static void test_check_resolved(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    CheckFile file = {
        .tree = fixture_parse(&f, "a = 1; b = a; c = relu; d = sum(i in 0..2) i; g(x) = x;")};
    assert_true(check_program(&f.syntax, &file, 1));
    Ast **d = file.tree->list.items;
    assert_ptr_equal(d[1]->a->resolved, d[0]);
    assert_null(d[2]->a->resolved);
    assert_ptr_equal(d[3]->a->a->resolved, d[3]->a->list.items[0]);
    assert_ptr_equal(d[4]->a->resolved, d[4]->params.items[0]);
    fixture_free(&f);
}

static void test_check_files(void **state) {
    (void)state;
    Fixture f;
    fixture_init(&f);
    const CheckUse plain = {.file = 1};
    CheckFile files[] = {
        {.tree = fixture_parse(&f, "use lib; a = halve(3); b = other;"),
         .uses = &plain,
         .nuses = 1},
        {.tree = fixture_parse(&f, "use other; halve(c) = conv(3, c); deep = other;"),
         .uses = &(CheckUse){.file = 2},
         .nuses = 1},
        {.tree = fixture_parse(&f, "other = 3;")},
    };
    /* What a used file uses is not visible through it. */
    assert_false(check_program(&f.syntax, files, ARRAY_LEN(files)));
    assert_string_equal(fixture_codes(&f), "1:unknown_name");
    assert_int_equal(f.diags.items.items[0].place.file, 0);
    fixture_free(&f);

    fixture_init(&f);
    const CheckUse use = {.file = 1, .alias = intern(&f.syntax.names, "lib")};
    CheckFile aliased[] = {
        {.tree = fixture_parse(
             &f, "use \"x.nas\" as lib; a = lib.halve(3);\nb = lib.missing;\nc = halve(3);"),
         .uses = &use,
         .nuses = 1},
        {.tree = fixture_parse(&f, "halve(c) = conv(3, c);")},
    };
    assert_false(check_program(&f.syntax, aliased, ARRAY_LEN(aliased)));
    assert_string_equal(fixture_codes(&f), "2:unknown_field 3:unknown_function");
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_names),        cmocka_unit_test(test_check_words),
        cmocka_unit_test(test_check_network_word), cmocka_unit_test(test_check_proxy_scope),
        cmocka_unit_test(test_check_arities),      cmocka_unit_test(test_check_kinds),
        cmocka_unit_test(test_check_cycles),       cmocka_unit_test(test_check_elements),
        cmocka_unit_test(test_check_silence),      cmocka_unit_test(test_check_resolved),
        cmocka_unit_test(test_check_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
