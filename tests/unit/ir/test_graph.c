/* The graph: what is merged and what is not, identities of leaves, the short forms, pruning, the
 * verifier. */
#include "build_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

static Arena arena;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, "test");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(&arena);
    return 0;
}

static jmp_buf bug_exit;
static char bug_text[1024];

static void catch_bug(const char *message, void *user) {
    (void)user;
    strncpy(bug_text, message, sizeof bug_text - 1);
    longjmp(bug_exit, 1);
}

#define ASSERT_BUG(statement, text)                                                                \
    do {                                                                                           \
        nasc_set_bug_hook(catch_bug, NULL);                                                        \
        bug_text[0] = '\0';                                                                        \
        if (setjmp(bug_exit) == 0) {                                                               \
            statement;                                                                             \
        }                                                                                          \
        nasc_set_bug_hook(NULL, NULL);                                                             \
        if (!strstr(bug_text, text))                                                               \
            fail_msg("expected a bug \"%s\", got \"%s\"", text, bug_text);                         \
    } while (0)

static void equal_nodes_are_one_and_leaves_are_not(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = vector(4);
    IrRef x = ir_input(g, &t, 0, "x"), y = ir_input(g, &t, 1, "y");
    IrRef w = ir_leaf(g, IR_OP_param, &t, NULL, "w"), v = ir_leaf(g, IR_OP_param, &t, NULL, "v");
    assert_int_not_equal(w, v);
    assert_int_equal(ir_get(g, w)->attr->uid, 0);
    assert_int_equal(ir_get(g, v)->attr->uid, 1);
    IrRef sum = ir_binary(g, IR_OP_add, x, y);
    assert_int_equal(ir_binary(g, IR_OP_add, x, y), sum);
    assert_int_not_equal(ir_binary(g, IR_OP_add, y, x), sum);
    assert_int_not_equal(ir_binary(g, IR_OP_sub, x, y), sum);
    assert_int_equal(ir_find(g, IR_OP_add, (IrRef[]){x, y}, 2, NULL), sum);
    assert_int_equal(ir_find(g, IR_OP_mul, (IrRef[]){x, y}, 2, NULL), IR_NONE);
    assert_int_equal(ir_constant(g, 2.5), ir_constant(g, 2.5));
    assert_int_not_equal(ir_constant(g, 0.0), ir_constant(g, -0.0));
    assert_int_equal(ir_constant(g, NAN), ir_constant(g, -NAN));
    double values[] = {1, 2, 3};
    IrRef table = ir_table(g, IR_AXIS_C, values, 3);
    values[0] = 9;
    assert_int_not_equal(ir_table(g, IR_AXIS_C, values, 3), table);
    assert_true(ir_get(g, table)->values[0] == 1);
    IrAttr stream = {.mode = IR_DIST_SIGN, .key = {1, 2}};
    IrAttr other = {.mode = IR_DIST_SIGN, .key = {1, 3}};
    IrRef r = ir_leaf(g, IR_OP_random, &t, &stream, "r");
    assert_int_equal(ir_leaf(g, IR_OP_random, &t, &stream, "again"), r);
    assert_int_not_equal(ir_leaf(g, IR_OP_random, &t, &other, "s"), r);
    ir_verify(g);
}

static void attributes_that_an_op_lacks_do_not_matter(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = image(1, 2, 4, 4);
    IrRef x = ir_input(g, &t, 0, "x");
    IrAttr plain = window(2, 2, 0), odd = window(2, 2, 0);
    odd.groups = 7;
    odd.value = NAN;
    odd.in_size[0] = 9;
    memset(odd.unused, 0xff, sizeof odd.unused);
    IrRef pooled = ir_must(g, IR_OP_max_pool, &x, 1, &plain);
    assert_int_equal(ir_must(g, IR_OP_max_pool, &x, 1, &odd), pooled);
    assert_int_equal(ir_get(g, 1)->attr->groups, 0);
}

static void merging_can_be_off(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = vector(4);
    IrRef x = ir_input(g, &t, 0, "x");
    ir_set_merging(g, false);
    IrRef a = ir_unary(g, IR_OP_relu, x), b = ir_unary(g, IR_OP_relu, x);
    assert_int_not_equal(a, b);
    assert_int_equal(ir_constant(g, 1), ir_constant(g, 1));
    ir_verify(g);
    ir_set_merging(g, true);
    assert_int_equal(ir_unary(g, IR_OP_relu, x), a);
}

/* Ten thousand nodes: through several chunks and growths of the table, all still found. */
static void large_graphs_keep_their_nodes(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrRef sum = ir_constant(g, 0);
    const IrNode *first = ir_get(g, sum);
    for (int i = 1; i <= 5000; i++)
        sum = ir_binary(g, IR_OP_add, sum, ir_constant(g, i));
    assert_int_equal(ir_graph_len(g), 10001);
    assert_ptr_equal(ir_get(g, 0), first);
    IrRef again = ir_constant(g, 0);
    for (int i = 1; i <= 5000; i++)
        again = ir_binary(g, IR_OP_add, again, ir_constant(g, i));
    assert_int_equal(again, sum);
    assert_int_equal(ir_graph_len(g), 10001);
    ir_verify(g);
}

static void sums_take_many_inputs(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrRef in[300];
    IrType t = vector(2);
    for (int i = 0; i < 300; i++)
        in[i] = ir_input(g, &t, (uint64_t)i, NULL);
    IrRef sum = ir_must(g, IR_OP_add, in, 300, NULL);
    assert_int_equal(ir_get(g, sum)->nin, 300);
    assert_true(ir_type_same(&ir_get(g, sum)->type, &t));
}

static void uids_can_be_kept_and_the_counter_moves_on(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = vector(2);
    IrRef a = ir_leaf_with_uid(g, IR_OP_frozen, &t, &(IrAttr){.uid = 41}, "a");
    IrRef b = ir_leaf(g, IR_OP_param, &t, NULL, "b");
    assert_int_equal(ir_get(g, a)->attr->uid, 41);
    assert_int_equal(ir_get(g, b)->attr->uid, 42);
    ir_leaf_with_uid(g, IR_OP_param, &t, &(IrAttr){.uid = 41}, "twin");
    ASSERT_BUG(ir_verify(g), "two leaves have uid 41");
}

static void match_undoes_broadcasting(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType full = image(2, 3, 4, 5), c = vector(3), scalar = {0};
    IrRef x = ir_input(g, &full, 0, "x"), v = ir_input(g, &c, 1, "v");
    IrRef down = ir_match(g, x, &c);
    const IrNode *n = ir_get(g, down);
    assert_int_equal(n->op, IR_OP_reduce_sum);
    assert_int_equal(n->attr->naxes, 3);
    assert_true(ir_type_same(&n->type, &c));
    assert_int_equal(ir_match(g, x, &full), x);
    assert_int_equal(ir_get(g, ir_match(g, v, &full))->op, IR_OP_expand);
    assert_int_equal(ir_get(g, ir_match(g, x, &scalar))->type.rank, 0);
    IrType n_h = ir_type(2, (IrAxis[]){IR_AXIS_H, IR_AXIS_N}, (int64_t[]){4, 2});
    IrType got = ir_get(g, ir_match(g, v, &n_h))->type;
    assert_true(got.rank == 2 && got.axis[0] == IR_AXIS_H && got.size[1] == 2);
    ir_verify(g);
}

static void pruning_keeps_order_names_and_identities(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = vector(2);
    IrRef x = ir_input(g, &t, 0, "x");
    ir_leaf(g, IR_OP_param, &t, NULL, "dead");
    ir_set_place(g, (IrPlace){1, 20, 30});
    IrRef w = ir_leaf(g, IR_OP_param, &t, NULL, "w");
    ir_unary(g, IR_OP_exp, w);
    IrRef zero = ir_unary(g, IR_OP_zero, x);
    IrRef roots[] = {ir_binary(g, IR_OP_add, zero, w), x};
    const char *names[] = {"sum", "x"};
    IrModule m = {g, 2, roots, names}, p = ir_prune(&arena, &m);
    ir_verify(p.graph);
    Buf b = {0};
    ir_print(&b, &p);
    assert_string_equal(b.text, "%0 = input {slot=0} : [c=2]  ; x\n"
                                "%1 = param {uid=1} : [c=2]  ; w\n"
                                "%2 = zero(%0) : [c=2]\n"
                                "%3 = add(%2, %1) : [c=2]\n"
                                "root sum = %3\n"
                                "root x = %0\n");
    assert_int_equal(ir_get(p.graph, 1)->place.lo, 20);
    buf_free(&b);
}

static void drawing_shows_what_the_roots_reach(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = image(1, 3, 8, 8);
    IrRef x = ir_input(g, &t, 0, "im\"age");
    IrRef y = net_conv(g, x, 3, 4, 2, false);
    ir_unary(g, IR_OP_exp, x);
    IrModule m = {.graph = g, .nroots = 1, .roots = &y};
    Buf b = {0};
    ir_print_dot(&b, &m);
    assert_non_null(strstr(b.text, "n2 [label=\"conv 3x3\\nstride 2\"]"));
    assert_non_null(strstr(b.text, "n0 -> n2 [label=\"[n=1, c=3, h=8, w=8]\"]"));
    assert_non_null(strstr(b.text, "input\\nim\\\"age"));
    assert_null(strstr(b.text, "exp"));
    buf_free(&b);
}

static void the_verifier_finds_broken_nodes(void **state) {
    (void)state;
    IrGraph *g = ir_graph_new(&arena);
    IrType t = vector(2);
    IrRef x = ir_input(g, &t, 0, "x");
    IrRef y = ir_unary(g, IR_OP_neg, x);
    ir_verify(g);
    IrNode *n = (IrNode *)ir_get(g, y);
    n->type.size[0] = 3;
    ASSERT_BUG(ir_verify(g), "%1 = neg(%0) : [c=3]");
    n->type.size[0] = 2;
    const IrAttr *attr = n->attr;
    n->attr = &(IrAttr){.groups = 2};
    ASSERT_BUG(ir_verify(g), "attributes that the op does not have");
    n->attr = attr;
    ((IrRef *)n->in)[0] = y;
    ASSERT_BUG(ir_verify(g), "does not come before it");
    ASSERT_BUG(ir_get(g, 2), "node 2 of a graph of 2");
    ASSERT_BUG(ir_must(g, IR_OP_add, &x, 1, NULL), "takes at least 2 inputs");
}

static void axes_are_words_of_eight_letters(void **state) {
    (void)state;
    assert_true(ir_axis("kh", 2) == IR_AXIS_KH);
    assert_true(ir_axis("phase_12", 8) != 0);
    assert_true(ir_axis("phase_123", 9) == 0);
    assert_true(ir_axis("", 0) == 0 && ir_axis("C", 1) == 0 && ir_axis("1c", 2) == 0);
    char text[9];
    ir_axis_text(ir_axis("phase_12", 8), text);
    assert_string_equal(text, "phase_12");
    for (int op = 0; op < IR_OP_COUNT; op++) {
        const char *name = ir_op_info((IrOp)op)->name;
        assert_int_equal(ir_op_by_name(name, strlen(name)), op);
    }
    assert_int_equal(ir_op_by_name("con", 3), IR_OP_COUNT);
    assert_int_equal(ir_op_by_name("convex", 4), IR_OP_conv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_nodes_are_one_and_leaves_are_not, setup, teardown),
        cmocka_unit_test_setup_teardown(attributes_that_an_op_lacks_do_not_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(merging_can_be_off, setup, teardown),
        cmocka_unit_test_setup_teardown(large_graphs_keep_their_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_take_many_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(uids_can_be_kept_and_the_counter_moves_on, setup, teardown),
        cmocka_unit_test_setup_teardown(match_undoes_broadcasting, setup, teardown),
        cmocka_unit_test_setup_teardown(pruning_keeps_order_names_and_identities, setup, teardown),
        cmocka_unit_test_setup_teardown(drawing_shows_what_the_roots_reach, setup, teardown),
        cmocka_unit_test_setup_teardown(the_verifier_finds_broken_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(axes_are_words_of_eight_letters, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
