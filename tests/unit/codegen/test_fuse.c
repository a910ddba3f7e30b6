/* Fusion from the text form: what becomes one group, what stays apart, and that the schedule is an
 * order. */
#include "codegen/fuse.h"
#include "codegen/legalise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

typedef struct Fused {
    Arena arena;
    IrModule m;
    Fusion f;
} Fused;

static void read_text(Fused *k, const char *text, IrModule *out) {
    IrError bad;
    arena_init(&k->arena, "test");
    if (!ir_read(&k->arena, text, strlen(text), out, &bad))
        fail_msg("%s", bad.message);
}

static void fuse(Fused *k, const IrModule *m, size_t nforward, bool fused) {
    NascError err = {0};
    IrModule expanded = ir_expand(&k->arena, m);
    if (!legalise(&k->arena, &expanded, &k->m, &err))
        fail_msg("%s", err.message);
    k->f = fuse_graph(&k->arena, &k->m, nforward, fused);
}

static Fused fuse_text(const char *text, size_t nforward, bool fused) {
    Fused k = {0};
    IrModule read;
    read_text(&k, text, &read);
    fuse(&k, &read, nforward, fused);
    return k;
}

/* The text's one root, and the gradient of it for every param. */
static Fused fuse_training(const char *text) {
    Fused k = {0};
    IrModule read, graded;
    IrError bad;
    IrRef wrt[16];
    size_t n = 0;
    read_text(&k, text, &read);
    for (size_t r = 0; r < ir_graph_len(read.graph); r++)
        if (ir_get(read.graph, (IrRef)r)->op == IR_OP_param)
            wrt[n++] = (IrRef)r;
    if (!ir_gradient(&k.arena, &read, 0, wrt, n, &graded, &bad))
        fail_msg("%s", bad.message);
    fuse(&k, &graded, 1, true);
    return k;
}

/* Every group reads only leaves and what groups before it store, and of what is stored twice the second
 * as soon as that is there. */
static void assert_ordered(const Fused *k) {
    for (size_t i = 0; i < k->f.ngroups; i++) {
        const Group *g = &k->f.groups[i];
        for (size_t j = 0; j < g->nins; j++) {
            uint32_t owner = fuse_source(&k->f, (uint32_t)i, g->ins[j]);
            if (owner == GROUP_NONE)
                assert_int_equal(ir_op_info(ir_get(k->m.graph, g->ins[j])->op)->class,
                                 IR_CLASS_SRC);
            else
                assert_true(owner < i);
        }
    }
    for (size_t i = 0; i < k->m.nroots; i++)
        assert_true(k->f.owner[k->m.roots[i]] != GROUP_NONE);
}

static size_t count_kind(const Fused *k, GroupKind kind) {
    size_t n = 0;
    for (size_t i = 0; i < k->f.ngroups; i++)
        n += k->f.groups[i].domain.kind == kind;
    return n;
}

/* Normalisation with its two reductions, scale, shift, relu and the sum of a branch: one group. */
static void test_batch_norm_is_one_group(void **state) {
    (void)state;
    Fused k = fuse_text("%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
                        "%1 = input {slot=1} : [n=16, c=4, h=8, w=8]\n"
                        "%2 = param {uid=0} : [c=4]\n"
                        "%3 = param {uid=1} : [c=4]\n"
                        "%4 = batch_norm(%0, %2, %3) {value=1e-05} : [n=16, c=4, h=8, w=8]\n"
                        "%5 = add(%4, %1) : [n=16, c=4, h=8, w=8]\n"
                        "%6 = relu(%5) : [n=16, c=4, h=8, w=8]\n"
                        "root y = %6\n",
                        1, true);
    assert_ordered(&k);
    assert_int_equal(k.f.ngroups, 1);
    assert_int_equal(k.f.groups[0].nouts, 1);
    assert_int_equal(k.f.groups[0].nins, 4);
    arena_free(&k.arena);
}

/* A convolution takes the bias and the relu that alone use it; with a second user it does not. */
static void test_epilogue(void **state) {
    (void)state;
    static const char head[] = "%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
                               "%1 = param {uid=0} : [o=6, i=4, kh=1, kw=1]\n"
                               "%2 = param {uid=1} : [c=6]\n"
                               "%3 = conv(%0, %1, %2) {kernel=1x1 stride=1x1 dilation=1x1 "
                               "groups=1} : [n=16, c=6, h=8, w=8]\n"
                               "%4 = relu(%3) : [n=16, c=6, h=8, w=8]\n";
    char text[1000];
    strcpy(text, head);
    strcat(text, "root y = %4\n");
    Fused k = fuse_text(text, 1, true);
    assert_ordered(&k);
    assert_int_equal(k.f.ngroups, 1);
    assert_int_equal(k.f.groups[0].nnodes, 3);
    arena_free(&k.arena);
    strcat(text, "root z = %3\n");
    k = fuse_text(text, 2, true);
    assert_ordered(&k);
    assert_int_equal(count_kind(&k, GROUP_ANCHOR), 1);
    assert_int_equal(k.f.ngroups, 2);
    assert_int_equal(k.f.groups[0].nnodes, 2);
    arena_free(&k.arena);
}

/* a -> conv -> b, and a, b added: a must not join the sum's group, or the groups would form a
 * cycle. */
static void test_no_cycle_around_an_anchor(void **state) {
    (void)state;
    Fused k = fuse_text("%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
                        "%1 = param {uid=0} : [o=4, i=4, kh=1, kw=1]\n"
                        "%2 = tanh(%0) : [n=16, c=4, h=8, w=8]\n"
                        "%3 = conv(%2, %1) {kernel=1x1 stride=1x1 dilation=1x1 groups=1} : "
                        "[n=16, c=4, h=8, w=8]\n"
                        "%4 = add(%2, %3) : [n=16, c=4, h=8, w=8]\n"
                        "%5 = neg(%4) : [n=16, c=4, h=8, w=8]\n"
                        "root y = %5\n",
                        1, true);
    assert_ordered(&k);
    assert_int_equal(k.f.ngroups, 3);
    assert_int_equal(k.f.groups[2].nnodes, 2);
    arena_free(&k.arena);
}

/* Another part reads a cheap value of one stored operand: computed again there. One that would read
 * two passing activations: stored. */
static void test_again_or_stored(void **state) {
    (void)state;
    static const char head[] =
        "%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
        "%1 = param {uid=0} : [o=4, i=4, kh=1, kw=1]\n"
        "%2 = conv(%0, %1) {kernel=1x1 stride=1x1 dilation=1x1 groups=1} : [n=16, c=4, h=8, w=8]\n"
        "%3 = max_pool(%0) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1} : [n=16, c=4, h=8, w=8]\n";
    char text[1000];
    strcpy(text, head);
    strcat(text, "%4 = neg(%2) : [n=16, c=4, h=8, w=8]\n"
                 "%5 = reduce_sum(%4) {axes=n,h,w} : [c=4]\n"
                 "%6 = abs(%4) : [n=16, c=4, h=8, w=8]\n"
                 "root y = %5\nroot z = %6\n");
    Fused k = fuse_text(text, 1, true);
    assert_ordered(&k);
    assert_int_equal(k.f.ngroups, 3);
    assert_int_equal(k.f.groups[2].nnodes, 2);
    assert_int_equal(k.f.groups[2].ins[0], k.f.groups[0].outs[0]);
    arena_free(&k.arena);
    strcpy(text, head);
    strcat(text, "%4 = sub(%2, %3) : [n=16, c=4, h=8, w=8]\n"
                 "%5 = reduce_sum(%4) {axes=n,h,w} : [c=4]\n"
                 "%6 = abs(%4) : [n=16, c=4, h=8, w=8]\n"
                 "root y = %5\nroot z = %6\n");
    k = fuse_text(text, 1, true);
    assert_ordered(&k);
    assert_int_equal(k.f.ngroups, 4);
    assert_int_equal(k.f.groups[3].nnodes, 1);
    assert_int_equal(k.f.groups[2].nouts, 2);
    arena_free(&k.arena);
}

/* Unfused: as many groups as nodes that compute. */
static void test_unfused(void **state) {
    (void)state;
    Fused k = fuse_text("%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
                        "%1 = batch_norm(%0) {value=1e-05} : [n=16, c=4, h=8, w=8]\n"
                        "%2 = mul(%1, %1) : [n=16, c=4, h=8, w=8]\n"
                        "%3 = reduce_mean(%2) {axes=n,c,h,w} : []\n"
                        "root y = %3\n",
                        1, false);
    assert_ordered(&k);
    size_t nodes = 0;
    for (size_t i = 0; i < ir_graph_len(k.m.graph); i++)
        nodes += ir_op_info(ir_get(k.m.graph, (IrRef)i)->op)->class != IR_CLASS_SRC;
    assert_int_equal(k.f.ngroups, nodes);
    Fused one = fuse_text("%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
                          "%1 = batch_norm(%0) {value=1e-05} : [n=16, c=4, h=8, w=8]\n"
                          "%2 = mul(%1, %1) : [n=16, c=4, h=8, w=8]\n"
                          "%3 = reduce_mean(%2) {axes=n,c,h,w} : []\n"
                          "root y = %3\n",
                          1, true);
    assert_int_equal(one.f.ngroups, 2);
    assert_int_equal(count_kind(&one, GROUP_MAP), 1);
    assert_int_equal(count_kind(&one, GROUP_SMALL), 1);
    arena_free(&k.arena);
    arena_free(&one.arena);
}

/* x -> conv -> batch norm -> `middle`, nodes %5 to %last -> conv -> mean of squares. */
static Fused train_with(const char *middle, int last) {
    char text[2000];
    snprintf(text, sizeof text,
             "%%0 = input {slot=0} : [n=16, c=4, h=8, w=8]\n"
             "%%1 = param {uid=0} : [o=4, i=4, kh=1, kw=1]\n"
             "%%2 = param {uid=1} : [o=4, i=4, kh=1, kw=1]\n"
             "%%3 = conv(%%0, %%1) {kernel=1x1 stride=1x1 dilation=1x1 groups=1} : "
             "[n=16, c=4, h=8, w=8]\n"
             "%%4 = batch_norm(%%3) {value=1e-05} : [n=16, c=4, h=8, w=8]\n"
             "%s"
             "%%%d = conv(%%%d, %%2) {kernel=1x1 stride=1x1 dilation=1x1 groups=1} : "
             "[n=16, c=4, h=8, w=8]\n"
             "%%%d = mul(%%%d, %%%d) : [n=16, c=4, h=8, w=8]\n"
             "%%%d = reduce_mean(%%%d) {axes=n,c,h,w} : []\n"
             "root loss = %%%d\n",
             middle, last + 1, last, last + 2, last + 1, last + 1, last + 3, last + 2, last + 3);
    Fused k = fuse_training(text);
    assert_ordered(&k);
    return k;
}

static IrRef find_op(const Fused *k, IrOp op) {
    size_t r = 0;
    while (ir_get(k->m.graph, (IrRef)r)->op != op)
        r++;
    return (IrRef)r;
}

static size_t count_again(const Fused *k) {
    size_t n = 0;
    for (size_t r = 0; r < ir_graph_len(k->m.graph); r++)
        n += k->f.again[r] != GROUP_NONE;
    return n;
}

/* The gradient of a batch norm and relu reads what was normalised, so it makes the relu's result again, for
 * itself and for the gradient of the weight that is applied to it. */
static void test_made_again(void **state) {
    (void)state;
    Fused k = train_with("%5 = relu(%4) : [n=16, c=4, h=8, w=8]\n", 5);
    IrRef relu = find_op(&k, IR_OP_relu), x = find_op(&k, IR_OP_conv);
    uint32_t again = k.f.again[relu];
    assert_int_equal(count_again(&k), 1);
    assert_int_not_equal(again, GROUP_NONE);
    assert_int_equal(k.f.groups[k.f.owner[relu]].part, 0);
    assert_int_equal(k.f.groups[again].part, 1);
    assert_true(fuse_reads(&k.f.groups[again], x));
    assert_false(fuse_reads(&k.f.groups[again], relu));
    size_t readers = 0;
    for (uint32_t i = 0; i < k.f.ngroups; i++)
        if (k.f.groups[i].part == 1 && fuse_reads(&k.f.groups[i], relu)) {
            assert_true(i > again);
            readers++;
        }
    assert_int_equal(readers, 1);
    arena_free(&k.arena);
}

/* Kept: what the group that could make it waits for, what would have to be made from something that
 * is not kept, and what lies within something else. */
static void test_kept(void **state) {
    (void)state;
    static const struct {
        const char *middle;
        int last;
    } cases[] = {
        {"%5 = relu(%4) : [n=16, c=4, h=8, w=8]\n"
         "%6 = max_pool(%5) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1} : [n=16, c=4, h=8, w=8]\n",
         6},
        {"%5 = max_pool(%0) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1} : [n=16, c=4, h=8, w=8]\n"
         "%6 = add(%4, %5) : [n=16, c=4, h=8, w=8]\n"
         "%7 = relu(%6) : [n=16, c=4, h=8, w=8]\n",
         7},
        {"%5 = relu(%4) : [n=16, c=4, h=8, w=8]\n"
         "%6 = param {uid=2} : [o=4, i=4, kh=1, kw=1]\n"
         "%7 = conv(%5, %6) {kernel=1x1 stride=1x1 dilation=1x1 groups=1} : [n=16, c=4, h=8, w=8]\n"
         "%8 = concat(%5, %7) {axis=c} : [n=16, c=8, h=8, w=8]\n"
         "%9 = slice(%8) {axis=c lo=2 hi=6} : [n=16, c=4, h=8, w=8]\n",
         9},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Fused k = train_with(cases[i].middle, cases[i].last);
        assert_int_equal(k.f.again[find_op(&k, IR_OP_relu)], GROUP_NONE);
        arena_free(&k.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_norm_is_one_group),
        cmocka_unit_test(test_epilogue),
        cmocka_unit_test(test_no_cycle_around_an_anchor),
        cmocka_unit_test(test_again_or_stored),
        cmocka_unit_test(test_unfused),
        cmocka_unit_test(test_made_again),
        cmocka_unit_test(test_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
