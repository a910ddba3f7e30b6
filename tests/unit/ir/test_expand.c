/* Expansion, node by node. */
#include "ir/passes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_expands(const char *text, const char *want) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule m;
    IrError err = {0};
    if (!ir_read(&arena, text, strlen(text), &m, &err))
        fail_msg("%s\n%s", err.message, text);
    IrModule e = ir_expand(&arena, &m);
    ir_verify(e.graph);
    Buf b = {0};
    ir_print(&b, &e);
    assert_string_equal(b.text, want);
    buf_free(&b);
    arena_free(&arena);
}

#define IMAGE " : [n=2, c=4, h=5, w=5]\n"
#define X     "%0 = input {slot=0}" IMAGE

static void test_batch_norm(void **state) {
    (void)state;
    assert_expands(X "%1 = batch_norm(%0) {value=0.5}\nroot y = %1\n",
                   X "%1 = reduce_mean(%0) {axes=n,h,w} : [c=4]\n"
                     "%2 = sub(%0, %1)" IMAGE "%3 = bn_rstd(%0) {value=0.5} : [c=4]\n"
                     "%4 = mul(%2, %3)" IMAGE "root y = %4\n");
}

static void test_affine_batch_norm_shares_with_a_plain_one(void **state) {
    (void)state;
    assert_expands(X "%1 = param {uid=5 init=value value=1} : [c=4]\n"
                     "%2 = param {uid=3 init=value} : [c=4]\n"
                     "%3 = batch_norm(%0, %1, %2) {value=0.5}\n"
                     "%4 = batch_norm(%0) {value=0.5}\nroot y = %3\nroot z = %4\n",
                   X "%1 = param {uid=5 init=value value=1} : [c=4]\n"
                     "%2 = param {uid=3 init=value} : [c=4]\n"
                     "%3 = reduce_mean(%0) {axes=n,h,w} : [c=4]\n"
                     "%4 = sub(%0, %3)" IMAGE "%5 = bn_rstd(%0) {value=0.5} : [c=4]\n"
                     "%6 = mul(%4, %5)" IMAGE "%7 = mul(%6, %1)" IMAGE "%8 = add(%7, %2)" IMAGE
                     "root y = %8\nroot z = %6\n");
}

static void test_bias_and_identity(void **state) {
    (void)state;
    const char *window = "{kernel=1x1 stride=1x1 dilation=1x1 groups=1}";
    Buf text = {0}, want = {0};
    const char *leaves = "%1 = param {uid=0 init=default} : [o=4, i=4, kh=1, kw=1]\n"
                         "%2 = param {uid=1 init=default} : [c=4]\n";
    buf_puts(&text, X);
    buf_printf(&text, "%s%%3 = identity(%%0)\n%%4 = conv(%%3, %%1, %%2) %s\nroot y = %%4\n", leaves,
               window);
    buf_puts(&want, X);
    buf_printf(&want,
               "%s%%3 = conv(%%0, %%1) %s" IMAGE "%%4 = add(%%3, %%2)" IMAGE "root y = %%4\n",
               leaves, window);
    assert_expands(text.text, want.text);
    buf_free(&text);
    buf_free(&want);
    const char *dense = "%0 = input {slot=0} : [n=2, c=3]\n"
                        "%1 = param {uid=0 init=default} : [o=4, i=3]\n"
                        "%2 = param {uid=1 init=default} : [c=4]\n";
    buf_printf(&text, "%s", dense);
    buf_puts(&text, "%3 = dense(%0, %1, %2)\nroot y = %3\n");
    buf_printf(&want, "%s", dense);
    buf_puts(&want, "%3 = dense(%0, %1) : [n=2, c=4]\n%4 = add(%3, %2) : [n=2, c=4]\n"
                    "root y = %4\n");
    assert_expands(text.text, want.text);
    buf_free(&text);
    buf_free(&want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_affine_batch_norm_shares_with_a_plain_one),
        cmocka_unit_test(test_bias_and_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
