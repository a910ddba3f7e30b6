/* Shape rules: for every family of ops the type of a result, and what is said when inputs do not
 * fit. The cases are written in the text form; types and sizes are worked out by hand. */
#include "build_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* %0 .. %9 of every case */
static const char leaves[] = "%0 = input {slot=0} : [n=16, c=16, h=32, w=32]\n"
                             "%1 = input {slot=1} : [n=16, c=32, h=32, w=32]\n"
                             "%2 = input {slot=2} : [w=7, h=9, c=4, n=2]\n"
                             "%3 = param {uid=0} : [o=8, i=2, kh=3, kw=5]\n"
                             "%4 = param {uid=1} : [c=8]\n"
                             "%5 = input {slot=3} : [n=2, c=4]\n"
                             "%6 = param {uid=2} : [o=10, i=4]\n"
                             "%7 = constant {value=2} : []\n"
                             "%8 = input {slot=4} : [k=5, c=1]\n"
                             "%9 = input {slot=5} : [n=2, c=8, h=5, w=5]\n"
                             "%10 = ";

typedef struct Case {
    const char *node;     /* behind "%10 = " */
    const char *expected; /* the type, or a part of the message */
} Case;

static const Case good[] = {
    /* elementwise: axes of the first input, then new ones */
    {"relu(%2)", "[w=7, h=9, c=4, n=2]"},
    {"add(%4, %9)", "[c=8, n=2, h=5, w=5]"},
    {"mul(%7, %8)", "[k=5, c=1]"},
    {"add(%5, %7, %5)", "[n=2, c=4]"},
    {"select(%7, %7, %4)", "[c=8]"},
    {"pow(%5, %7)", "[n=2, c=4]"},
    /* conv: h = (9 + 2 - 3) / 2 + 1 = 5, w = (7 + 4 - 5) / 1 + 1 = 7, two groups of 2 channels */
    {"conv(%2, %3, %4) {kernel=3x5 stride=2x1 pad=1x2 dilation=1x1 groups=2}",
     "[n=2, c=8, h=5, w=7]"},
    /* dilation 3: the kernel spans 7 rows; h = 9 - 7 + 1 = 3 */
    {"conv(%2, %3) {kernel=3x5 stride=1x1 pad=0x2 dilation=3x1 groups=2}", "[n=2, c=8, h=3, w=7]"},
    {"conv_dx(%9, %3) {kernel=3x5 stride=2x1 pad=1x2 dilation=1x1 groups=2 in=10x5}",
     "[n=2, c=4, h=10, w=5]"},
    {"conv_dw(%2, %9) {kernel=3x3 stride=2x1 pad=1x0 dilation=1x1 groups=4}",
     "[o=8, i=1, kh=3, kw=3]"},
    {"dense(%5, %6)", "[n=2, c=10]"},
    {"dense_dw(%5, %5)", "[o=4, i=4]"},
    {"max_pool(%2) {kernel=2x2 stride=2x2 dilation=1x1}", "[n=2, c=4, h=4, w=3]"},
    {"avg_pool(%2) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1}", "[n=2, c=4, h=9, w=7]"},
    {"avg_pool_dx(%9) {kernel=3x3 stride=2x2 pad=1x1 dilation=1x1 in=10x9}",
     "[n=2, c=8, h=10, w=9]"},
    {"resize(%2) {out=8x8}", "[n=2, c=4, h=8, w=8]"},
    {"resize_dx(%9) {mode=bilinear in=1x3}", "[n=2, c=8, h=1, w=3]"},
    {"batch_norm(%9, %4) {value=1e-5}", "[n=2, c=8, h=5, w=5]"},
    {"batch_norm(%5)", "[n=2, c=4]"},
    {"bn_rstd(%9)", "[c=8]"},
    {"reduce_sum(%2) {axes=h,n}", "[w=7, c=4]"},
    {"expand(%8) {shape=[c=1, n=3, k=5]}", "[c=1, n=3, k=5]"},
    {"merge(%2) {axis=h axes=h,n}", "[w=7, h=18, c=4]"},
    {"unmerge(%2) {axis=h shape=[a=3, b=3]}", "[w=7, a=3, b=3, c=4, n=2]"},
    {"unmerge(%2) {axis=h shape=[a=1, b=3, d=3]}", "[w=7, a=1, b=3, d=3, c=4, n=2]"},
    {"rename(%2) {axis=h axis2=y}", "[w=7, y=9, c=4, n=2]"},
    {"concat(%0, %1, %0) {axis=c}", "[n=16, c=64, h=32, w=32]"},
    {"slice(%2) {axis=h lo=2 hi=9}", "[w=7, h=7, c=4, n=2]"},
    {"embed(%5) {axis=c lo=3 hi=7 size=9}", "[n=2, c=9]"},
    {"shuffle(%2) {axis=c axis2=n}", "[w=7, h=9, c=4, n=2]"},
    {"contract(%2, %5) {axes=c}", "[w=7, h=9, n=2]"},
    {"contract(%2, %5) {axes=n,c}", "[w=7, h=9]"},
    {"contract(%5, %2) {axes=c}", "[n=2, w=7, h=9]"},
};

static const Case bad[] = {
    {"add(%0, %1)", "add: the channels differ: [n=16, c=16, h=32, w=32] and "
                    "[n=16, c=32, h=32, w=32]"},
    {"add(%9, %8)", "add: the channels differ: [n=2, c=8, h=5, w=5] and [k=5, c=1]"},
    {"mul(%9, %7, %2)", "mul: takes 2 inputs, not 3"},
    {"add(%7, %5, %9)", "add: the channels differ: [n=2, c=4] and [n=2, c=8, h=5, w=5]"},
    {"pow(%5, %5)", "pow: the exponent must be a constant number"},
    {"conv(%0, %3) {kernel=3x5 stride=1x1 dilation=1x1 groups=1}",
     "conv: the input [n=16, c=16, h=32, w=32] has 16 channels in 1 group, but the weight "
     "[o=8, i=2, kh=3, kw=5] expects 2 in each"},
    {"conv(%2, %3) {kernel=3x5 stride=1x1 dilation=1x1 groups=3}",
     "conv: 4 input channels cannot be split into 3 groups"},
    {"conv(%2, %3) {kernel=3x5 stride=1x1 dilation=1x1}", "cannot be split into 0 groups"},
    {"conv(%2, %3) {kernel=3x3 stride=1x1 dilation=1x1 groups=2}",
     "conv: the kernel is 3x3, but the weight is [o=8, i=2, kh=3, kw=5]"},
    {"conv(%2, %3) {kernel=3x5 stride=1x1 dilation=5x1 groups=2}",
     "conv: a 3x5 kernel with dilation 5x1 and padding 0x0 does not fit a map of 9x7"},
    {"conv(%2, %3) {kernel=3x5 stride=0x1 dilation=1x1 groups=2}", "conv: the stride 0x1"},
    {"conv(%2, %3) {kernel=3x5 stride=1x1 pad=-1x0 dilation=1x1 groups=2}",
     "conv: the padding -1x0"},
    {"conv(%2, %3, %5) {kernel=3x5 stride=1x1 dilation=1x1 groups=2}",
     "conv: the bias must be [c=8], but is [n=2, c=4]"},
    {"conv(%5, %3) {kernel=3x5 stride=1x1 dilation=1x1 groups=2}",
     "conv: the input must have the axes [n, c, h, w], but is [n=2, c=4]"},
    {"conv_dw(%2, %9) {kernel=1025x3 stride=2x2 dilation=1x1 groups=4}", "not within 1 and 1024"},
    {"conv_dx(%9, %3) {kernel=3x5 stride=2x1 pad=1x2 dilation=1x1 groups=2 in=11x5}",
     "conv_dx: an input of 11x5 gives 6x5, but the gradient is [n=2, c=8, h=5, w=5]"},
    {"conv_dx(%9, %3) {kernel=3x5 stride=2x1 dilation=1x1 groups=2}",
     "a map of 0x0 is not possible"},
    {"dense(%9, %6)", "dense: the input must have the axes [n, c]"},
    {"dense(%5, %6, %4)", "dense: the bias must be [c=10], but is [c=8]"},
    {"max_pool(%2) {kernel=2x2 stride=2x2 pad=2x2 dilation=1x1}", "nothing but padding"},
    {"max_pool(%9) {kernel=2x2 stride=1x1 pad=1x1 dilation=6x6}", "nothing but padding"},
    {"avg_pool(%2) {kernel=10x1 stride=1x1 dilation=1x1}", "does not fit a map of 9x7"},
    {"max_pool_dx(%2, %9) {kernel=2x2 stride=2x2 dilation=1x1}",
     "max_pool_dx: the gradient must be [n=2, c=4, h=4, w=3]"},
    {"resize(%2)", "resize: a map of 0x0 is not possible"},
    {"resize(%9) {out=1099511627776x1099511627776}", "more than 2^40 elements"},
    {"batch_norm(%9, %5)", "batch_norm: the scale must be [c=8]"},
    {"batch_norm(%8)", "batch_norm: the input must have no axes but n, c, h, w"},
    {"batch_norm(%9) {value=nan}", "batch_norm: eps must be a number >= 0"},
    {"reduce_sum(%2) {axes=h,h}", "reduce_sum: axis h is named twice"},
    {"reduce_max(%2)", "reduce_max: names 0 axes"},
    {"reduce_mean(%5) {axes=h}", "reduce_mean: [n=2, c=4] has no axis h"},
    {"expand(%5) {shape=[n=2, c=5]}", "expand: [n=2, c=4] does not fit into [n=2, c=5]"},
    {"expand(%7) {shape=[n=1048576, c=1048577]}", "more than 2^40 elements"},
    {"merge(%2) {axis=c axes=h,n}", "merge: [w=7, h=9, c=4, n=2] already has an axis c"},
    {"unmerge(%2) {axis=h shape=[a=3, b=4]}", "cannot be split into [a=3, b=4]"},
    {"rename(%2) {axis=h axis2=w}", "rename: [w=7, h=9, c=4, n=2] already has an axis w"},
    {"concat(%0, %9) {axis=c}", "concat along c: the shapes do not fit"},
    {"slice(%5) {axis=c lo=2 hi=5}", "slice: 2..5 is not within axis c of [n=2, c=4]"},
    {"slice(%5) {axis=c lo=2 hi=2}", "slice: 2..2 is not within"},
    {"embed(%5) {axis=c lo=3 hi=6 size=9}", "embed: [n=2, c=4] does not fill 3..6 of 9"},
    {"shuffle(%5) {axis=c axis2=c}", "along itself"},
    {"unmerge(%2) {axis=h shape=[a=1, b=1, d=3, e=3]}", "split into 4 axes, at most 6"},
    {"contract(%2, %5)", "contract: sums over 0 axes"},
    {"contract(%2, %5) {axes=h}", "contract: [n=2, c=4] has no axis h"},
    {"contract(%2, %5) {axes=c,c}", "contract: axis c is named twice"},
    {"contract(%9, %5) {axes=n}", "contract: the sizes along axis c differ"},
};

/* The type of the case's node, or the message without its line. */
static void result_of(const char *node, char out[640]) {
    Arena a;
    arena_init(&a, "test");
    char text[2000];
    snprintf(text, sizeof text, "%s%s\n", leaves, node);
    IrModule m;
    IrError err = {0};
    if (ir_read(&a, text, strlen(text), &m, &err)) {
        Buf b = {0};
        ir_verify(m.graph);
        ir_type_print(&b, &ir_get(m.graph, (IrRef)ir_graph_len(m.graph) - 1)->type);
        snprintf(out, 640, "%s", b.text);
        buf_free(&b);
    } else {
        snprintf(out, 640, "%s", err.message + strlen("line 11: "));
    }
    arena_free(&a);
}

static void results_have_the_type_that_the_rule_gives(void **state) {
    (void)state;
    char got[640];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        result_of(good[i].node, got);
        if (strcmp(got, good[i].expected) != 0)
            fail_msg("%s: expected %s, got %s", good[i].node, good[i].expected, got);
    }
}

static void inputs_that_do_not_fit_are_explained(void **state) {
    (void)state;
    char got[640];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        result_of(bad[i].node, got);
        if (!strstr(got, bad[i].expected))
            fail_msg("%s: expected \"%s\", got \"%s\"", bad[i].node, bad[i].expected, got);
    }
}

static void errors_carry_a_hint(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    IrGraph *g = ir_graph_new(&a);
    IrType t = image(16, 16, 32, 32), u = image(16, 32, 32, 32), v = image(16, 16, 16, 16);
    IrRef in[] = {ir_input(g, &t, 0, "x"), ir_input(g, &u, 1, "y")};
    IrError err = {0};
    assert_int_equal(ir_node(g, IR_OP_add, in, 2, NULL, &err), IR_NONE);
    assert_non_null(strstr(err.hint, "conv(1, 16)"));
    in[1] = ir_input(g, &v, 2, "z");
    assert_int_equal(ir_node(g, IR_OP_add, in, 2, NULL, &err), IR_NONE);
    assert_non_null(strstr(err.message, "the heights differ"));
    assert_non_null(strstr(err.hint, "resize"));
    assert_int_equal(ir_graph_len(g), 3);
    arena_free(&a);
}

/* A param made by ir_node reports a type that is too large instead of being a bug. */
static void leaves_of_a_program_can_be_refused(void **state) {
    (void)state;
    Arena a;
    arena_init(&a, "test");
    IrGraph *g = ir_graph_new(&a);
    IrAttr attr = {.shape_rank = 2, .axes = {IR_AXIS_O, IR_AXIS_I}, .shape = {1 << 21, 1 << 21}};
    IrError err = {0};
    assert_int_equal(ir_node(g, IR_OP_param, NULL, 0, &attr, &err), IR_NONE);
    assert_string_equal(err.message, "param: [o=2097152, i=2097152] has more than 2^40 elements");
    attr.shape[0] = 3;
    IrRef w = ir_node(g, IR_OP_param, NULL, 0, &attr, &err);
    assert_int_equal(ir_get(g, w)->attr->uid, 0);
    arena_free(&a);
}

/* Output sizes against a direct count of window positions. */
static void windows_are_counted(void **state) {
    (void)state;
    for (int in = 1; in <= 12; in++)
        for (int k = 1; k <= 5; k++)
            for (int s = 1; s <= 3; s++)
                for (int p = 0; p <= 2; p++)
                    for (int d = 1; d <= 3; d++) {
                        int64_t count = 0;
                        for (int at = -p; at + (k - 1) * d < in + p; at += s)
                            count++;
                        assert_int_equal(ir_window_size(in, k, s, p, d), count);
                    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_the_type_that_the_rule_gives),
        cmocka_unit_test(inputs_that_do_not_fit_are_explained),
        cmocka_unit_test(errors_carry_a_hint),
        cmocka_unit_test(leaves_of_a_program_can_be_refused),
        cmocka_unit_test(windows_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
