/* Structure of gradients: what is made, what is not, what is refused. Their values are tested by
 * finite differences in tests/unit/runtime. */
#include "ir/passes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct Case {
    Arena arena;
    IrModule m, out;
    IrError err;
    bool ok;
} Case;

/* Differentiates root 0 by every param of the text. */
static void setup(Case *c, const char *text) {
    memset(c, 0, sizeof *c);
    arena_init(&c->arena, "test");
    if (!ir_read(&c->arena, text, strlen(text), &c->m, &c->err))
        fail_msg("%s\n%s", c->err.message, text);
    IrRef wrt[16];
    size_t n = 0;
    for (IrRef r = 0; r < ir_graph_len(c->m.graph); r++)
        if (ir_get(c->m.graph, r)->op == IR_OP_param)
            wrt[n++] = r;
    c->ok = ir_gradient(&c->arena, &c->m, 0, wrt, n, &c->out, &c->err);
    ir_verify(c->m.graph);
}

static int count_op(const Case *c, IrOp op) {
    int n = 0;
    for (IrRef r = 0; r < ir_graph_len(c->m.graph); r++)
        n += ir_get(c->m.graph, r)->op == op;
    return n;
}

static void assert_gradient(const char *text, const char *want) {
    Case c;
    setup(&c, text);
    if (!c.ok)
        fail_msg("%s", c.err.message);
    Buf b = {0};
    ir_print(&b, &c.out);
    assert_string_equal(b.text, want);
    buf_free(&b);
    arena_free(&c.arena);
}

#define X         "%0 = input {slot=0} : [n=2, c=4, h=5, w=5]\n"
#define WINDOW    "{kernel=3x3 stride=1x1 pad=1x1 dilation=1x1 groups=1}\n"
#define SUM(n, x) "%" #n " = reduce_sum(%" #x ") {axes=n,c,h,w} : []\n"

static void test_nothing_for_frozen_and_inputs(void **state) {
    (void)state;
    Case c;
    setup(&c, X "%1 = frozen {uid=0 init=default} : [o=4, i=4, kh=3, kw=3]\n"
                "%2 = param {uid=1 init=default} : [o=4, i=4, kh=3, kw=3]\n"
                "%3 = conv(%0, %2) " WINDOW "%4 = relu(%3)\n%5 = conv(%4, %1) " WINDOW
                "%6 = mul(%5, %5)\n" SUM(7, 6) "root loss = %7\n");
    assert_true(c.ok);
    assert_int_equal(c.out.nroots, 2);
    assert_string_equal(c.out.root_names[1], "d:1");
    /* Through the frozen layer; none for the image. */
    assert_int_equal(count_op(&c, IR_OP_conv_dx), 1);
    assert_int_equal(count_op(&c, IR_OP_conv_dw), 1);
    arena_free(&c.arena);
    setup(&c, X "%1 = frozen {uid=0 init=default} : [o=4, i=4, kh=3, kw=3]\n"
                "%2 = conv(%0, %1) " WINDOW SUM(3, 2) "root loss = %3\n");
    assert_true(c.ok);
    assert_int_equal(ir_graph_len(c.m.graph), 4);
    arena_free(&c.arena);
}

static void test_a_scalar_factor_is_not_spread(void **state) {
    (void)state;
    assert_gradient("%0 = param {uid=0 init=default} : [c=4]\n%1 = mul(%0, %0) : [c=4]\n"
                    "%2 = reduce_mean(%1) {axes=c} : []\nroot loss = %2\n",
                    "%0 = param {uid=0 init=default} : [c=4]\n%1 = mul(%0, %0) : [c=4]\n"
                    "%2 = reduce_mean(%1) {axes=c} : []\n%3 = constant {value=1} : []\n"
                    "%4 = constant {value=0.25} : []\n%5 = mul(%0, %4) : [c=4]\n"
                    "%6 = add(%5, %5) : [c=4]\nroot loss = %2\nroot d:0 = %6\n");
}

static void test_broadcast_is_summed_and_counted(void **state) {
    (void)state;
    /* d/db sum(b + x) is the number of elements a channel, 2 * 2 * 2. */
#define SMALL " : [n=2, c=4, h=2, w=2]\n"
    assert_gradient(
        "%0 = input {slot=0}" SMALL "%1 = param {uid=0 init=default} : [c=4]\n"
        "%2 = add(%0, %1)\n" SUM(3, 2) "root loss = %3\n",
        "%0 = input {slot=0}" SMALL "%1 = param {uid=0 init=default} : [c=4]\n"
        "%2 = add(%0, %1)" SMALL SUM(
            3, 2) "%4 = constant {value=1} : []\n%5 = constant {value=8} : []\n"
                  "%6 = expand(%5) {shape=[c=4]} : [c=4]\nroot loss = %3\nroot d:0 = %6\n");
}

static void test_batch_norm_shares_its_sums(void **state) {
    (void)state;
    Case c;
    setup(&c, X "%1 = param {uid=0 init=value value=1} : [c=4]\n"
                "%2 = param {uid=1 init=value} : [c=4]\n"
                "%3 = param {uid=2 init=default} : [o=4, i=4, kh=3, kw=3]\n"
                "%4 = conv(%0, %3) " WINDOW "%5 = batch_norm(%4, %1, %2) {value=1e-05}\n"
                "%6 = mul(%5, %5)\n" SUM(7, 6) "root loss = %7\n");
    assert_true(c.ok);
    assert_int_equal(count_op(&c, IR_OP_reduce_sum), 3); /* the loss, dscale, dshift */
    assert_int_equal(count_op(&c, IR_OP_reduce_mean), 0);
    IrModule e = ir_expand(&c.arena, &c.out);
    ir_verify(e.graph);
    int rstd = 0, means = 0;
    for (IrRef r = 0; r < ir_graph_len(e.graph); r++) {
        rstd += ir_get(e.graph, r)->op == IR_OP_bn_rstd;
        means += ir_get(e.graph, r)->op == IR_OP_reduce_mean;
    }
    assert_int_equal(rstd, 1);
    assert_int_equal(means, 1);
    arena_free(&c.arena);
}

static void test_unreached_leaf_gets_zero(void **state) {
    (void)state;
    assert_gradient("%0 = param {uid=0 init=default} : [c=4]\n"
                    "%1 = param {uid=1 init=default} : [c=4]\n"
                    "%2 = sign(%1) : [c=4]\n%3 = mul(%0, %2) : [c=4]\n"
                    "%4 = reduce_sum(%3) {axes=c} : []\nroot loss = %4\n",
                    "%0 = param {uid=0 init=default} : [c=4]\n"
                    "%1 = param {uid=1 init=default} : [c=4]\n"
                    "%2 = sign(%1) : [c=4]\n%3 = mul(%0, %2) : [c=4]\n"
                    "%4 = reduce_sum(%3) {axes=c} : []\n%5 = constant {value=1} : []\n"
                    "%6 = constant {value=0} : []\n%7 = expand(%6) {shape=[c=4]} : [c=4]\n"
                    "root loss = %4\nroot d:0 = %2\nroot d:1 = %7\n");
}

static void test_order_of_contributions(void **state) {
    (void)state;
    /* Users %1, %2, %3 in this order, whatever the sweep. */
    assert_gradient("%0 = param {uid=0 init=default} : []\n%1 = exp(%0) : []\n%2 = sin(%0) : []\n"
                    "%3 = tanh(%0) : []\n%4 = add(%3, %1, %2) : []\nroot loss = %4\n",
                    "%0 = param {uid=0 init=default} : []\n%1 = exp(%0) : []\n%2 = sin(%0) : []\n"
                    "%3 = tanh(%0) : []\n%4 = add(%3, %1, %2) : []\n%5 = constant {value=1} : []\n"
                    "%6 = mul(%3, %3) : []\n%7 = sub(%5, %6) : []\n%8 = cos(%0) : []\n"
                    "%9 = add(%1, %8, %7) : []\nroot loss = %4\nroot d:0 = %9\n");
}

static void test_refusals(void **state) {
    (void)state;
    Case c;
    setup(&c, "%0 = param {uid=0 init=default} : [c=4]\nroot loss = %0\n");
    assert_false(c.ok);
    assert_non_null(strstr(c.err.message, "scalar"));
    arena_free(&c.arena);
    setup(&c, X "%1 = param {uid=0 init=default} : [n=2, c=4, h=5, w=5]\n"
                "%2 = max_pool_dx(%0, %1) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1}\n" SUM(
                    3, 2) "root loss = %3\n");
    assert_false(c.ok);
    assert_non_null(strstr(c.err.message, "max_pool_dx"));
    arena_free(&c.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_for_frozen_and_inputs),
        cmocka_unit_test(test_a_scalar_factor_is_not_spread),
        cmocka_unit_test(test_broadcast_is_summed_and_counted),
        cmocka_unit_test(test_batch_norm_shares_its_sums),
        cmocka_unit_test(test_unreached_leaf_gets_zero),
        cmocka_unit_test(test_order_of_contributions),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
