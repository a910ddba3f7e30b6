/* Layers: what is staged, which weights are one and the same, how they are initialised, what is
 * reported. */
#include "evaluate.h"

static IrModule network(Lab *l, const char *name) {
    IrModule m;
    if (!lab_network(l, name, &m))
        fail_msg("%s", lab_diags(l));
    return m;
}

static const IrNode *out_node(const IrModule *m) {
    return ir_get(m->graph, m->roots[0]);
}

static void has_type(const IrModule *m, size_t root, const char *expected) {
    Buf b = {0};
    ir_type_print(&b, &ir_get(m->graph, m->roots[root])->type);
    assert_string_equal(b.text, expected);
    buf_free(&b);
}

/* What `program` fails with when network `x` is built on [2, 3, 8, 8]. */
static void fails(const char *program, DiagCode code) {
    Lab l;
    IrModule m;
    lab_open(&l, program);
    if (lab_network(&l, "x", &m))
        fail_msg("no mistake in %s", program);
    lab_expect(&l, code);
    lab_close(&l);
}

static void gives(const char *layer, const char *type) {
    Lab l;
    char program[400];
    snprintf(program, sizeof program, "x = %s;", layer);
    lab_open(&l, program);
    IrModule m = network(&l, "x");
    has_type(&m, 0, type);
    lab_close(&l);
}

static void test_shapes(void **state) {
    (void)state;
    gives("conv(3)", "[n=2, c=3, h=8, w=8]");
    gives("conv(3, 5, stride: 2)", "[n=2, c=5, h=4, w=4]");
    gives("conv((1, 3), 4, pad: 0)", "[n=2, c=4, h=8, w=6]");
    gives("conv(3, 4, dilation: 2)", "[n=2, c=4, h=8, w=8]");
    gives("conv(3, 4, pad: (0, 2), stride: (1, 2))", "[n=2, c=4, h=6, w=5]");
    gives("depthwise(5, stride: 2)", "[n=2, c=3, h=4, w=4]");
    gives("max_pool(2)", "[n=2, c=3, h=4, w=4]");
    gives("max_pool(3, stride: 1)", "[n=2, c=3, h=8, w=8]");
    gives("avg_pool(3, stride: 2, pad: 1)", "[n=2, c=3, h=4, w=4]");
    gives("global_pool -> dense(7)", "[n=2, c=7]");
    gives("resize(5, 6)", "[n=2, c=3, h=5, w=6]");
    gives("y => y -> conv(3, stride: 4) -> resize(like: y)", "[n=2, c=3, h=8, w=8]");
    gives("first(2)", "[n=2, c=2, h=8, w=8]");
    gives("y => concat(i in 1..3) (y -> conv(1, i))", "[n=2, c=6, h=8, w=8]");
    gives("y => y * (y -> global_pool -> dense(y.channels) -> sigmoid)", "[n=2, c=3, h=8, w=8]");
    gives("y => y -> first(y.channels - 1)", "[n=2, c=2, h=8, w=8]");
    gives("relu6 -> hard_swish -> swish -> hard_sigmoid -> tanh -> abs", "[n=2, c=3, h=8, w=8]");
    gives("chain(i in 1..3) conv(3, 4 * i)", "[n=2, c=12, h=8, w=8]");
    gives("chain(i in 1..0) conv(3, 4 * i)", "[n=2, c=3, h=8, w=8]");
}

static void test_defaults(void **state) {
    (void)state;
    Lab l;
    lab_open(
        &l, "x = conv(3, 4) -> avg_pool(2) -> batch_norm;"
            "y = conv(5, 4, bias: false, groups: 1) -> avg_pool(3, stride: 1, count_padding: false)"
            "    -> batch_norm(affine: false, eps: 0.5);");
    IrModule m = network(&l, "x");
    const IrNode *bn = out_node(&m), *pool = ir_get(m.graph, bn->in[0]);
    const IrNode *conv = ir_get(m.graph, pool->in[0]);
    assert_int_equal(bn->nin, 3);
    assert_true(bn->attr->value == 1e-5);
    assert_true(pool->attr->count_padding);
    assert_int_equal(pool->attr->stride[0], 2);
    assert_int_equal(pool->attr->pad[1], 0);
    assert_int_equal(conv->nin, 3);
    assert_int_equal(conv->attr->pad[0], 1);
    const IrNode *weight = ir_get(m.graph, conv->in[1]), *bias = ir_get(m.graph, conv->in[2]);
    assert_int_equal(weight->attr->mode, IR_INIT_DEFAULT);
    /* fan_in = 3 * 3 * 3 */
    assert_int_equal(bias->attr->mode, IR_INIT_UNIFORM);
    assert_true(bias->attr->max * bias->attr->max * 27 > 0.999999999);
    assert_true(bias->attr->min == -bias->attr->max &&
                bias->attr->max * bias->attr->max * 27 < 1.000000001);
    assert_true(ir_get(m.graph, bn->in[1])->attr->value == 1);
    assert_true(ir_get(m.graph, bn->in[2])->attr->value == 0);
    lab_session(&l, EVAL_BUILD);
    m = network(&l, "y");
    bn = out_node(&m);
    assert_int_equal(bn->nin, 1);
    assert_true(bn->attr->value == 0.5);
    pool = ir_get(m.graph, bn->in[0]);
    assert_false(pool->attr->count_padding);
    assert_int_equal(pool->attr->pad[0], 1);
    assert_int_equal(ir_get(m.graph, pool->in[0])->nin, 2);
    lab_close(&l);
}

/* Number of weights that network x makes. */
static void weights(const char *program, size_t expected) {
    Lab l;
    lab_open(&l, program);
    IrModule m = network(&l, "x");
    size_t convs = 0;
    for (IrRef r = 0; r < ir_graph_len(m.graph); r++) {
        const IrNode *n = ir_get(m.graph, r);
        convs += n->op == IR_OP_param && n->type.rank == 4;
    }
    assert_int_equal(convs, expected);
    lab_close(&l);
}

static void test_identity_of_weights(void **state) {
    (void)state;
    /* every use in an arrow is an instance of its own */
    weights("f = conv(3); x = f -> f;", 2);
    weights("x = 4 * conv(3);", 4);
    weights("f = conv(3); x = y => (y -> f) + (y -> f);", 2);
    weights("x = conv(3) + conv(3);", 2);
    /* a value is computed once */
    weights("x = y => { z = y -> conv(3); return z + z * z; };", 1);
    /* calls from two places are two uses */
    weights("f(y) = y -> conv(3); x = y => f(y) + f(y);", 2);
    weights("f(y) = y -> conv(3); x = y => f(f(y));", 2);
    /* shared names one instance */
    weights("shared f = conv(3); x = f -> f;", 1);
    weights("shared f[i in 0..1] = conv(3); x = chain(i in 0..5) f[i mod 2];", 2);
    weights("shared f = conv(3) -> conv(3); x = y => (y -> f) + (2 * y -> f);", 2);
    weights("b = y => { shared f = conv(3); return y -> f -> f; }; x = b -> b;", 2);
    weights("shared b = y => { z = y -> conv(3); return z -> conv(3); }; x = b -> b;", 2);
    /* recurrences and loops: one use an element */
    weights("x = y => { s[0] = y; s[i in 1..5] = s[i-1] -> conv(3); return s[5]; };", 5);
    weights("x = y => sum(i in 1..3) (y -> conv(3));", 3);
    /* recursion */
    weights("r(n) = y => if n == 0 then y else (y -> conv(3)) + (y -> r(n - 1)); x = r(4);", 4);
}

static void test_order_does_not_matter(void **state) {
    (void)state;
    const char *one = "x = y => { a = y -> conv(3); b = a -> conv(3); return a + b; };";
    const char *two = "x = y => { b = a -> conv(3); a = y -> conv(3); return b + a; };";
    for (int i = 0; i < 2; i++) {
        Lab l;
        lab_open(&l, i ? two : one);
        IrModule m = network(&l, "x");
        assert_true(lab_has_leaf(m.graph, "network.a.conv.weight"));
        assert_true(lab_has_leaf(m.graph, "network.b.conv.weight"));
        lab_close(&l);
    }
}

static void test_names(void **state) {
    (void)state;
    Lab l;
    lab_open(&l,
             "cell = y => { node[0] = y; node[j in 1..2] = sum(i in 0..j-1) edge[j, i](node[i]);"
             "                return node[2]; };"
             "choice edge[j in 1..2, i in 0..j-1] { a = conv(3); b = identity; };"
             "x = 2 * cell -> conv(1, 5) -> batch_norm;");
    IrModule m = network(&l, "x");
    assert_true(lab_has_leaf(m.graph, "network.cell[1].node[2].edge[2,0].conv.weight"));
    assert_true(lab_has_leaf(m.graph, "network.conv.weight"));
    assert_true(lab_has_leaf(m.graph, "network.batch_norm.shift"));
    assert_string_equal(l.asked.text, "edge[2,0] edge[2,1] edge[1,0] ");
    lab_close(&l);
}

static void test_choices_in_bodies(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "cell = y => { choice k in {1, 3}; return y -> conv(k); };"
                 "shared one = net; shared two = net;"
                 "net = cell -> 2 * cell; x = net;");
    network(&l, "x");
    assert_string_equal(l.asked.text, "cell.k #1.cell[0].k #1.cell[1].k ");
    lab_close(&l);
    static const char *const orders[][2] = {{"x", "y"}, {"y", "x"}};
    for (int i = 0; i < 2; i++) {
        lab_open(&l, "cell = v => { choice k in {1, 3}; return v -> conv(k); };"
                     "x = v => v -> conv(1) -> cell -> relu -> cell;"
                     "block(v, f) = v -> relu -> f -> cell -> f;"
                     "y = v => block(v -> tanh -> cell, cell);");
        network(&l, orders[i][0]);
        network(&l, orders[i][1]);
        static const char *const asked[] = {"cell.k ", "cell#1.k ", "block.cell#f.k ",
                                            "block.cell.k ", "block.cell#f#1.k "};
        for (size_t k = 0; k < ARRAY_LEN(asked); k++)
            assert_non_null(strstr(l.asked.text, asked[k]));
        lab_close(&l);
    }
    lab_open(
        &l,
        "choice op[v in 1..2](s) { c = conv(3, stride: s); p = max_pool(3, stride: s, pad: 1); };"
        "x = op[1](2) -> op[2](1) -> (y => if op[1] == \"c\" then y -> conv(1) else y);");
    l.chosen = "op[2]=1";
    IrModule m = network(&l, "x");
    has_type(&m, 0, "[n=2, c=3, h=4, w=4]");
    assert_int_equal(lab_count(m.graph, IR_OP_conv), 2);
    assert_int_equal(lab_count(m.graph, IR_OP_max_pool), 1);
    lab_close(&l);
    fails("choice op(s) { c = conv(3, stride: s); }; x = op;", DIAG_choice_not_applied);
}

static void test_settings(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "setting = \"kaiming_normal\";"
                 "x = ((conv(3, 4) with init: xavier_normal) -> frozen conv(3, 5)) -> conv(3, 6)"
                 "    with init: setting;"
                 "y = conv(3, 7) with init: xavier_uniform;");
    IrModule m = network(&l, "x");
    const IrNode *last = out_node(&m), *middle = ir_get(m.graph, last->in[0]);
    const IrNode *w = ir_get(m.graph, middle->in[1]);
    assert_int_equal(w->op, IR_OP_frozen);
    assert_int_equal(w->attr->mode, IR_INIT_KAIMING_NORMAL);
    const IrNode *first = ir_get(m.graph, middle->in[0]);
    assert_int_equal(ir_get(m.graph, first->in[1])->op, IR_OP_param);
    /* the outer setting overrides the inner one */
    assert_int_equal(ir_get(m.graph, first->in[1])->attr->mode, IR_INIT_KAIMING_NORMAL);
    assert_true(ir_get(m.graph, first->in[2])->attr->value == 0);
    assert_int_equal(ir_get(m.graph, last->in[1])->op, IR_OP_param);
    lab_session(&l, EVAL_BUILD);
    m = network(&l, "y");
    last = out_node(&m);
    assert_int_equal(ir_get(m.graph, last->in[1])->attr->mode, IR_INIT_XAVIER_UNIFORM);
    assert_int_equal(ir_get(m.graph, last->in[2])->attr->mode, IR_INIT_VALUE);
    assert_true(ir_get(m.graph, last->in[2])->attr->value == 0.01);
    lab_close(&l);
    fails("x = relu with init: nonsense;", DIAG_bad_value);
    fails("x = relu with colour: 3;", DIAG_unknown_setting);
}

static void test_taps(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "x = conv(3, 4) -> tap(a) -> conv(3, 5) -> tap(\"b\") -> conv(3, 6);");
    IrModule m = network(&l, "x");
    assert_int_equal(m.nroots, 3);
    has_type(&m, 0, "[n=2, c=6, h=8, w=8]");
    has_type(&m, 1, "[n=2, c=5, h=8, w=8]");
    has_type(&m, 2, "[n=2, c=4, h=8, w=8]");
    lab_close(&l);
}

static void test_absent_terms(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "choice has[i in 0..2]: bool;"
                 "x = y => sum(i in 0..2) (if has[i] then y -> conv(3)) + (if has[0] then y) + y;");
    IrModule m = network(&l, "x");
    assert_int_equal(out_node(&m)->op, IR_OP_input);
    lab_session(&l, EVAL_BUILD);
    l.chosen = "has[1]=1";
    m = network(&l, "x");
    assert_int_equal(out_node(&m)->op, IR_OP_add);
    assert_int_equal(out_node(&m)->nin, 2);
    lab_close(&l);
    fails("x = y => (sum(i in 1..0) (y -> conv(i))) -> relu;", DIAG_empty_aggregate);
}

static void test_mistakes(void **state) {
    (void)state;
    fails("x = conv(3, 4) + conv(3, 5);", DIAG_shape_mismatch);
    fails("x = conv(3, 4, stride: 2) + conv(3, 4);", DIAG_shape_mismatch);
    fails("x = conv(11, pad: 0);", DIAG_shape_mismatch);
    fails("x = conv(3, 4, groups: 2);", DIAG_shape_mismatch);
    fails("x = dense(4);", DIAG_shape_mismatch);
    fails("shared f = conv(3, 4); x = f -> f;", DIAG_shape_mismatch);
    fails("x = conv(2000);", DIAG_bad_value);
    fails("x = conv(3, 0);", DIAG_bad_value);
    fails("x = conv(3, width: 4);", DIAG_unknown_argument);
    fails("x = conv(3, 4, 5);", DIAG_wrong_arity);
    fails("x = conv(\"3\");", DIAG_wrong_kind);
    fails("x = relu -> 3;", DIAG_not_a_layer);
    fails("x = y => y -> none;", DIAG_not_a_layer);
    fails("x = y => 3;", DIAG_not_a_tensor);
    fails("x = 20_000 * relu;", DIAG_bad_value);
    fails("shared f = conv(3); x = f -> frozen f;", DIAG_bad_value);
    fails("r(n) = y => (y -> relu) -> r(n + 1); x = r(0);", DIAG_recursion_too_deep);
    fails("x = conv(1024, 16_000_000);", DIAG_too_large);
    fails("x = 10_000 * (10_000 * relu);", DIAG_too_large);
}

static void test_report_shows_both_shapes(void **state) {
    (void)state;
    Lab l;
    IrModule m;
    lab_open(&l, "x = y => (y -> conv(3, 4))\n       + (y -> conv(3, 5));");
    assert_false(lab_network(&l, "x", &m));
    const char *text = lab_diags(&l);
    assert_non_null(strstr(text, "c=4"));
    assert_non_null(strstr(text, "c=5"));
    assert_non_null(strstr(text, "lab.nas:2:"));
    assert_int_equal(l.diags.items.items[0].notes.len, 2);
    lab_close(&l);
}

static void test_long_chains(void **state) {
    (void)state;
    Lab l;
    Buf b = {0};
    buf_puts(&b, "x = y => y");
    for (int i = 0; i < 900; i++)
        buf_puts(&b, " -> relu");
    buf_puts(&b, "; z = y => 1");
    for (int i = 0; i < 900; i++)
        buf_puts(&b, i % 2 ? " + y" : " - y");
    buf_puts(&b, ";");
    lab_open(&l, b.text);
    IrModule m;
    m = network(&l, "x");
    assert_int_equal(lab_count(m.graph, IR_OP_relu), 900);
    network(&l, "z");
    lab_close(&l);
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_identity_of_weights),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_choices_in_bodies),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_taps),
        cmocka_unit_test(test_absent_terms),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_report_shows_both_shapes),
        cmocka_unit_test(test_long_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
