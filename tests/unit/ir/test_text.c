/* The text form: written and read back over every op; bad text is refused with its line and
 * never harms. */
#include "ir/passes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char every_op[] =
    "%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
    "%1 = param {uid=0 init=default} : [o=8, i=2, kh=3, kw=3]\n"
    "%2 = param {uid=7 init=uniform min=-0.25 max=0.25} : [c=8]\n"
    "%3 = frozen {uid=3 init=normal group=-2 max=0.1} : [o=8, i=4, kh=1, kw=1]\n"
    "%4 = constant {value=2} : []\n"
    "%5 = table {values=[0.375, 0.3875, 0.1]} : [f=3]\n"
    "%6 = random {dist=normal max=1 key=000102030405060708090a0b0c0d0e0f} : [n=16, c=8, h=4, w=4]\n"
    "%7 = conv(%0, %1, %2) {kernel=3x3 stride=2x2 pad=1x1 dilation=1x1 groups=2} "
    ": [n=16, c=8, h=4, w=4]\n"
    "%8 = conv(%0, %3) {kernel=1x1 stride=2x2 dilation=1x1 groups=1} : [n=16, c=8, h=4, w=4]\n"
    "%9 = add(%7, %8, %6) : [n=16, c=8, h=4, w=4]\n"
    "%10 = conv_dx(%9, %1) {kernel=3x3 stride=2x2 pad=1x1 dilation=1x1 groups=2 in=8x8} "
    ": [n=16, c=4, h=8, w=8]\n"
    "%11 = conv_dw(%0, %9) {kernel=3x3 stride=2x2 pad=1x1 dilation=1x1 groups=2} "
    ": [o=8, i=2, kh=3, kw=3]\n"
    "%12 = batch_norm(%9, %2, %2) {value=1e-05} : [n=16, c=8, h=4, w=4]\n"
    "%13 = bn_rstd(%9) {value=1e-05} : [c=8]\n"
    "%14 = max_pool(%9) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1} : [n=16, c=8, h=4, w=4]\n"
    "%15 = max_pool_dx(%9, %14) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1} "
    ": [n=16, c=8, h=4, w=4]\n"
    "%16 = avg_pool(%9) {kernel=2x2 stride=2x2 dilation=1x1 count_padding} "
    ": [n=16, c=8, h=2, w=2]\n"
    "%17 = avg_pool_dx(%16) {kernel=2x2 stride=2x2 dilation=1x1 count_padding in=4x4} "
    ": [n=16, c=8, h=4, w=4]\n"
    "%18 = resize(%16) {mode=bilinear out=4x4} : [n=16, c=8, h=4, w=4]\n"
    "%19 = resize_dx(%18) {in=2x2} : [n=16, c=8, h=2, w=2]\n"
    "%20 = reduce_mean(%19) {axes=h,w} : [n=16, c=8]\n"
    "%21 = param {uid=1 init=xavier_uniform} : [o=5, i=8]\n"
    "%22 = dense(%20, %21) : [n=16, c=5]\n"
    "%23 = dense_dx(%22, %21) : [n=16, c=8]\n"
    "%24 = dense_dw(%20, %22) : [o=5, i=8]\n"
    "%25 = zero(%9) : [n=16, c=8, h=4, w=4]\n"
    "%26 = identity(%25) : [n=16, c=8, h=4, w=4]\n"
    "%27 = neg(%22) : [n=16, c=5]\n"
    "%28 = abs(%27) : [n=16, c=5]\n"
    "%29 = sign(%27) : [n=16, c=5]\n"
    "%30 = step(%27) : [n=16, c=5]\n"
    "%31 = floor(%27) : [n=16, c=5]\n"
    "%32 = relu(%27) : [n=16, c=5]\n"
    "%33 = sqrt(%28) : [n=16, c=5]\n"
    "%34 = recip(%33) : [n=16, c=5]\n"
    "%35 = exp(%27) : [n=16, c=5]\n"
    "%36 = log(%35) : [n=16, c=5]\n"
    "%37 = sin(%27) : [n=16, c=5]\n"
    "%38 = cos(%27) : [n=16, c=5]\n"
    "%39 = tanh(%27) : [n=16, c=5]\n"
    "%40 = sigmoid(%27) : [n=16, c=5]\n"
    "%41 = sub(%27, %28) : [n=16, c=5]\n"
    "%42 = mul(%4, %41) : [n=16, c=5]\n"
    "%43 = div(%42, %35) : [n=16, c=5]\n"
    "%44 = pow(%43, %4) : [n=16, c=5]\n"
    "%45 = maximum(%44, %4) : [n=16, c=5]\n"
    "%46 = minimum(%44, %4) : [n=16, c=5]\n"
    "%47 = mod(%44, %4) : [n=16, c=5]\n"
    "%48 = less(%44, %4) : [n=16, c=5]\n"
    "%49 = equal(%44, %4) : [n=16, c=5]\n"
    "%50 = select(%48, %44, %45) : [n=16, c=5]\n"
    "%51 = reduce_sum(%50) {axes=n} : [c=5]\n"
    "%52 = reduce_max(%50) {axes=c,n} : []\n"
    "%53 = expand(%51) {shape=[n=2, c=5, k1=3]} : [n=2, c=5, k1=3]\n"
    "%54 = merge(%53) {axis=m axes=c,k1} : [n=2, m=15]\n"
    "%55 = unmerge(%54) {axis=m shape=[a=3, b=5]} : [n=2, a=3, b=5]\n"
    "%56 = rename(%55) {axis=a axis2=h} : [n=2, h=3, b=5]\n"
    "%57 = concat(%56, %56) {axis=b} : [n=2, h=3, b=10]\n"
    "%58 = slice(%57) {axis=b lo=2 hi=4} : [n=2, h=3, b=2]\n"
    "%59 = embed(%58) {axis=b lo=2 hi=4 size=10} : [n=2, h=3, b=10]\n"
    "%60 = shuffle(%59) {axis=b axis2=n key=ffffffffffffffff0000000000000001} "
    ": [n=2, h=3, b=10]\n"
    "%61 = gram(%60) {axis=n axis2=m} : [n=2, m=2]\n"
    "%62 = logdet(%61) : []\n"
    "%63 = contract(%55, %56) {axes=b} : [n=2, a=3, h=3]\n"
    "%64 = eigenvalues(%61) : [n=2]\n"
    "root loss = %52\n"
    "root \"tap \\\"0\\\"\" = %60\n";

static bool read_text(Arena *a, const char *text, IrModule *m, IrError *err) {
    memset(err, 0, sizeof *err);
    return ir_read(a, text, strlen(text), m, err);
}

static void round_trip_covers_every_op(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    IrModule m;
    IrError err;
    if (!read_text(&a, every_op, &m, &err))
        fail_msg("%s", err.message);
    ir_verify(m.graph);
    bool seen[IR_OP_COUNT] = {false};
    for (IrRef r = 0; r < ir_graph_len(m.graph); r++)
        seen[ir_get(m.graph, r)->op] = true;
    for (int op = 0; op < IR_OP_COUNT; op++)
        if (!seen[op])
            fail_msg("the text lacks %s", ir_op_info((IrOp)op)->name);
    Buf b = {0};
    ir_print(&b, &m);
    assert_string_equal(b.text, every_op);
    buf_free(&b);
    assert_string_equal(m.root_names[1], "tap \"0\"");
    assert_int_equal(m.roots[1], 60);
    assert_int_equal(ir_get(m.graph, 2)->attr->uid, 7);
    assert_true(ir_get(m.graph, 6)->attr->key.hi == 0x0001020304050607u);
    arena_free(&a);
}

static void odd_numbers_come_back(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    IrGraph *g = ir_graph_new(&a);
    double values[] = {-0.0, 1.0 / 0.0, -1.0 / 0.0, 0.0 / 0.0, 0x1p-1074, 0.1, 1e300};
    ir_table(g, IR_AXIS_C, values, ARRAY_LEN(values));
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        ir_constant(g, values[i]);
    IrRef root = 0;
    const char *name = "line\nend\\";
    IrModule m = {g, 1, &root, &name}, back;
    Buf b = {0};
    ir_print(&b, &m);
    IrError err;
    if (!read_text(&a, b.text, &back, &err))
        fail_msg("%s in\n%s", err.message, b.text);
    assert_int_equal(ir_graph_len(back.graph), ir_graph_len(g));
    for (IrRef r = 0; r < ir_graph_len(g); r++)
        assert_memory_equal(ir_get(g, r)->attr, ir_get(back.graph, r)->attr, sizeof(IrAttr));
    assert_memory_equal(ir_get(back.graph, 0)->values, ir_get(g, 0)->values, sizeof values);
    assert_string_equal(back.root_names[0], name);
    buf_free(&b);
    arena_free(&a);
}

static void equal_lines_stay_two_nodes(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    IrModule m;
    IrError err;
    const char *text = "; types of inner nodes may be left out\n"
                       "%0 = input : [c=3]\n\n"
                       "%1 = constant {value=1}\n"
                       "%2 = constant {value=1} ; but leaves with a value are one\n"
                       "%3 = mul(%0, %2)\n"
                       "%4 = mul(%0, %1) ; again\n"
                       "%5 = add(%3, %4) : [c=3]\n"
                       "root out = %5";
    assert_true(read_text(&a, text, &m, &err));
    assert_int_equal(ir_graph_len(m.graph), 5);
    const IrNode *sum = ir_get(m.graph, m.roots[0]);
    assert_int_equal(sum->in[0], 2);
    assert_int_equal(sum->in[1], 3);
    /* what is made later is merged with the first of them */
    assert_int_equal(ir_binary(m.graph, IR_OP_mul, 0, 1), 2);
    ir_verify(m.graph);
    arena_free(&a);
}

static void bad_text_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"%0 = input : [c=3]\n%1 = neg(%7)\n", "line 2: %7 is not defined"},
        {"%0 = frobnicate\n", "line 1: there is no op 'frobnicate'"},
        {"%1 = input : [c=3]\n", "line 1: nodes are numbered in order: expected %0"},
        {"%0 = input\n", "line 1: input needs a type"},
        {"%0 = input : [c=0]\n", "line 1: input: axis c of [c=0] has no elements"},
        {"%0 = input : [c=3, c=3]\n", "names an axis twice"},
        {"%0 = input : [c=99999999999999999999]\n", "line 1: the number is too large"},
        {"%0 = input : [c=1099511627777]\n", "more than 2^40 elements"},
        {"%0 = input : [C=3]\n", "'C' is not the name of an axis"},
        {"%0 = input : [a=1, b=1, c=1, d=1, e=1, f=1, g=1]\n", "at most 6 axes"},
        {"%0 = input : [c=3]\n%1 = neg(%0) : [c=4]\n",
         "written as [c=4], but the inputs give [c=3]"},
        {"%0 = input : [c=3]\n%1 = add(%0)\n", "line 2: add: takes at least 2 inputs, not 1"},
        {"%0 = input : [c=3]\n%1 = neg(%0) {eps=1}\n", "neg has no attribute 'eps'"},
        {"%0 = input : [c=3]\n%1 = pow(%0, %0)\n", "the exponent must be a constant"},
        {"%0 = param {uid=1 uid=1} : [c=3]\n", "uid is given twice"},
        {"%0 = param {uid=1} : [c=3]\n%1 = frozen {uid=1} : [c=3]\n", "two leaves have uid 1"},
        {"%0 = param {uid=18446744073709551615} : [c=3]\n", "the uid is too large"},
        {"%0 = param {init=best} : [c=3]\n", "param has no mode 'best'"},
        {"%0 = table {values=[1, 2]} : [c=3]\n", "a table of 2 values cannot be [c=3]"},
        {"%0 = constant {value=abc} : []\n", "'abc' is not a number"},
        {"%0 = input : [c=3]\nroot = %0\n", "line 2: a root needs a name"},
        {"%0 = input : [c=3] rest\n", "unexpected text"},
        {"hello\n", "line 1: expected `%0 = ...`"},
        {"%0 = random {key=12} : [c=3]\n", "a key has 32 hex digits, not 2"},
    };
    Arena a;
    arena_init(&a, "test");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        IrModule m;
        IrError err;
        if (read_text(&a, cases[i].text, &m, &err))
            fail_msg("accepted: %s", cases[i].text);
        if (!strstr(err.message, cases[i].message))
            fail_msg("expected \"%s\", got \"%s\"", cases[i].message, err.message);
        arena_reset(&a);
    }
    arena_free(&a);
}

/* Cuts and byte changes of good text: every outcome but a crash or a bug is fine, and what is
 * accepted is a sound graph. */
static void damaged_text_does_no_harm(void **state) {
    (void)state;
    static const char bytes[] = "%=({[;,:x-09 \n\"\\z\x80";
    Arena a;
    arena_init(&a, "test");
    size_t len = strlen(every_op), accepted = 0;
    char *text = nasc_strdup(every_op);
    uint32_t random = 1;
    for (int i = 0; i < 4000; i++) {
        random = random * 1664525u + 1013904223u;
        size_t at = (random >> 8) % len;
        char before = text[at];
        text[at] = bytes[i % (sizeof bytes - 1)];
        IrModule m;
        IrError err;
        if (ir_read(&a, text, i % 5 ? len : at, &m, &err)) {
            ir_verify(m.graph);
            accepted++;
        } else {
            assert_true(err.message[0] != '\0');
        }
        text[at] = before;
        arena_reset(&a);
    }
    assert_true(accepted > 0 && accepted < 4000);
    free(text);
    arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_covers_every_op),
        cmocka_unit_test(odd_numbers_come_back),
        cmocka_unit_test(equal_lines_stay_two_nodes),
        cmocka_unit_test(bad_text_is_refused_with_its_line),
        cmocka_unit_test(damaged_text_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
