/* Values, recurrences, loops, calls: everything that needs no tensor. */
#include "evaluate.h"

static void shows(const char *program, const char *expected) {
    Lab l;
    lab_open(&l, program);
    assert_string_equal(lab_show(&l, "x"), expected);
    lab_close(&l);
}

static void fails(const char *program, DiagCode code) {
    Lab l;
    lab_open(&l, program);
    lab_value(&l, "x");
    lab_expect(&l, code);
    lab_close(&l);
}

static void test_numbers(void **state) {
    (void)state;
    shows("x = 2 + 3 * 4;", "14");
    shows("x = 7 / 2;", "3.5");
    shows("x = -7 div 2;", "-4");
    shows("x = -7 mod 2;", "1");
    shows("x = 2 ^ 10;", "1024");
    shows("x = 2 ^ -1;", "0.5");
    shows("x = 1.5 * 2;", "3");
    shows("x = 600M;", "600000000");
    shows("x = 9_223_372_036_854_775_807;", "9223372036854775807");
    shows("x = 10 - 2 - 3 + 1;", "6");
    shows("x = floor(2.5) + abs(-3) + sign(-2);", "4");
    shows("x = sqrt(16);", "4");
    shows("x = max(3, 1.5, 2);", "3");
    shows("x = min([4, 2, 8]);", "2");
    shows("x = mean([1, 2, 6]);", "3");
    fails("x = 9_223_372_036_854_775_807 + 1;", DIAG_result_overflow);
    fails("x = 10 ^ 19;", DIAG_result_overflow);
    fails("x = 3_037_000_500 * 3_037_000_500;", DIAG_result_overflow);
    fails("x = 1 div 0;", DIAG_division_by_zero);
    fails("x = 1 + \"a\";", DIAG_wrong_kind);
}

static void test_conditions(void **state) {
    (void)state;
    shows("x = 1 == 1.0;", "true");
    shows("x = not (1 < 2 and 2 <= 2) or 3 in {1, 2};", "false");
    shows("x = 4 in 0..10 step 2;", "true");
    shows("x = 5 in 0..10 step 2;", "false");
    shows("x = if none == none then 1 else 2;", "1");
    shows("x = false and 1 / 0 == 1;", "false");
    fails("x = if 1 then 2 else 3;", DIAG_wrong_kind);
}

static void test_decimals(void **state) {
    (void)state;
    shows("x = [v in 0.5 .. 1.5 step 0.1 : v];",
          "[0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5]");
    shows("x = [v in 0.375 .. 0.4875 step 0.0125];",
          "[0.375, 0.3875, 0.4, 0.4125, 0.425, 0.4375, 0.45, 0.4625, 0.475, 0.4875]");
    shows("x = [v in 3..1];", "[]");
    shows("x = [v in 3..1 step -1];", "[3, 2, 1]");
    fails("x = 1..3 step 0;", DIAG_bad_step_range);
}

static void test_recurrences(void **state) {
    (void)state;
    shows("f[0] = 0; f[1] = 1; f[i in 2..60] = f[i-1] + f[i-2]; x = f[60];", "1548008755920");
    shows("s[-1] = 5; s[i in 0..3] = s[i-1] * 2; x = s[3];", "80");
    shows("d[3] = 1; d[i in 0..2] = d[i+1] + 1; x = d[0];", "4");
    shows("a[i in 1..5 if i mod 2 == 1] = i; x = [i in 1..5 if a[i] != none : a[i]];", "[1, 3, 5]");
    shows("t[i in 0..2, j in 0..i] = 10 * i + j; x = t[2, 1];", "21");
    shows("a[i in 0..3] = i; x = sum(a);", "6");
    fails("f[i in 0..3] = i; x = f[4];", DIAG_index_out_of_range);
    fails("f[i in 0..3] = i; x = f[1, 2];", DIAG_wrong_index_count);
    fails("a = b + 1; b = c; c = a; x = a;", DIAG_cyclic_definition);
    fails("f[i in 0..3] = f[(i + 1) mod 4]; x = f[0];", DIAG_cyclic_definition);
}

static void test_cycle_notes(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "a = b; b = c; c = a; x = a;");
    lab_value(&l, "x");
    const char *text = lab_diags(&l);
    assert_non_null(strstr(text, "needed by `c`"));
    assert_non_null(strstr(text, "needed by `b`"));
    lab_close(&l);
}

static void test_functions(void **state) {
    (void)state;
    shows("f(a, b = a + 1) = a * b; x = f(3);", "12");
    shows("f(a, b = a + 1) = a * b; x = f(3, b: 2);", "6");
    shows("fact(n) = if n == 0 then 1 else n * fact(n - 1); x = fact(10);", "3628800");
    shows("add(n) = m => m + n; x = add(3)(4);", "7");
    shows("f = a => { b = a + c; c = 2 * a; return b * c; }; x = 3 -> f;", "54");
    shows("f = (a, b) => a - b; x = (5, 3) -> f;", "2");
    shows("x = sum(i in 1..3, j in 1..i if i != j) (10 * i + j);", "84");
    shows("x = product(i in 1..5) i;", "120");
    shows("x = count(i in 1..10) (i mod 3 == 0);", "3");
    shows("x = all(i in 1..3) (i > 0);", "true");
    shows("x = [1, if false then 2, 3];", "[1, 3]");
    shows("x = sum(i in 1..0) i + 1;", "1");
    shows("v = [4, 7]; x = v[1] + size(v) + position(7, v);", "10");
    fails("f(a) = a; x = f();", DIAG_missing_argument);
    fails("f(a) = a; x = f(1, 2);", DIAG_wrong_arity);
    fails("f(a) = a; x = f(b: 1);", DIAG_unknown_argument);
    fails("f(a) = a; x = f(1, a: 2);", DIAG_duplicate_argument);
    fails("x = 3(4);", DIAG_not_a_function);
    fails("x = [1, 2][2];", DIAG_index_out_of_range);
    fails("x = nothing_like_it;", DIAG_unknown_name);
    fails("x = max(i in 1..0) i;", DIAG_empty_aggregate);
}

static void test_no_cascade(void **state) {
    (void)state;
    fails("a = oops; b = a + 1; c = [a, b]; x = sum(c) + a * b -> c[0];", DIAG_unknown_name);
}

static void test_bounds(void **state) {
    (void)state;
    fails("f(n) = f(n + 1) + f(n + 2); x = f(0);", DIAG_recursion_too_deep);
    fails("x = sum(i in 1..1_000, j in 1..1_000, k in 1..1_000) 1;", DIAG_too_large);
    fails("fib(n) = if n < 2 then n else fib(n - 1) + fib(n - 2); x = fib(60);", DIAG_too_large);
    shows("s[0] = 0; s[i in 1..500] = s[i-1] + 1; x = s[500];", "500");
}

static void test_choices(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "choice k in {3, 5, 7}; choice b: bool; choice set subset of {p, q, r};"
                 "p = 1; q = 10; r = 100;"
                 "choice e[i in 1..2] { none = 0; \"a b\" = 5; };"
                 "choice d[i in 1..3 if b] in 1..i;"
                 "x = [k, b, e[1] == \"none\", e[2] == \"a b\", e[2] == \"none\", e[2], sum(set)];"
                 "y = [d[3], d[2], count(i in 1..3 if d[i] == 1)];");
    l.chosen = "k=1 b=1 e[1]=0 e[2]=1 set=5 d[3]=2 d[2]=0";
    assert_string_equal(lab_show(&l, "x"), "[5, true, true, true, false, a b, 101]");
    assert_string_equal(l.asked.text, "k b e[1] e[2] set ");
    assert_string_equal(lab_show(&l, "y"), "[3, 1, 2]");
    lab_session(&l, EVAL_BUILD);
    l.chosen = "b=0";
    assert_string_equal(lab_show(&l, "y"), "[none, none, 0]");
    lab_close(&l);
}

static void domain_round_trip(Lab *l, const char *name, int64_t count) {
    const Ast *choice = frame_declaration(l->eval, l->frame, name);
    const EvalDomain *d = eval_domain(l->eval, l->frame, choice, NULL, 0);
    assert_non_null(d);
    assert_int_equal(d->domain.count, count);
    Buf b = {0};
    for (int64_t i = 0; i < count; i++) {
        buf_clear(&b);
        domain_text(l->eval, d, i, &b);
        assert_int_equal(domain_index(l->eval, d, b.text, b.len), i);
        buf_puts(&b, "~");
        size_t used;
        assert_int_equal(domain_match(l->eval, d, b.text, b.len, &used), i);
        assert_int_equal(used, b.len - 1);
        assert_int_equal(domain_index(l->eval, d, b.text, b.len), -1);
    }
    buf_free(&b);
}

static void test_domains(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "choice k in {1, 10, 100}; choice r in 0.5 .. 1.5 step 0.1; choice b: bool;"
                 "choice s subset of {a, ab, c} each 0.2; a = 1; ab = 2; c = 3;"
                 "choice o { x = relu; xy = identity prior 3; };"
                 "choice bad in {1, 2} prior {1}; choice nothing in 1..0;");
    domain_round_trip(&l, "k", 3);
    domain_round_trip(&l, "r", 11);
    domain_round_trip(&l, "b", 2);
    domain_round_trip(&l, "s", 8);
    domain_round_trip(&l, "o", 2);
    const EvalDomain *o =
        eval_domain(l.eval, l.frame, frame_declaration(l.eval, l.frame, "o"), NULL, 0);
    assert_true(o->domain.prior[0] == 1 && o->domain.prior[1] == 3);
    assert_int_equal(l.diags.errors, 0);
    assert_null(eval_domain(l.eval, l.frame, frame_declaration(l.eval, l.frame, "bad"), NULL, 0));
    assert_null(
        eval_domain(l.eval, l.frame, frame_declaration(l.eval, l.frame, "nothing"), NULL, 0));
    assert_int_equal(l.diags.errors, 2);
    lab_close(&l);
}

static void test_series(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "late = mean(loss at (3..4)); x = -late + 2 * (loss at 1); y = loss at 5;");
    lab_session(&l, EVAL_SCORE);
    double values[] = {1, -1, 2, -1, 3, -1, 5, -1};
    frame_bind(l.eval, l.frame, "loss", value_series(&l.arena, values, 4, 2));
    assert_string_equal(lab_show(&l, "x"), "-2");
    lab_value(&l, "y");
    lab_expect(&l, DIAG_at_out_of_range);
    lab_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_decimals),    cmocka_unit_test(test_recurrences),
        cmocka_unit_test(test_cycle_notes), cmocka_unit_test(test_functions),
        cmocka_unit_test(test_no_cascade),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_choices),     cmocka_unit_test(test_domains),
        cmocka_unit_test(test_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
