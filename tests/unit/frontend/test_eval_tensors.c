/* Tensors of the run part: what is computed once, what candidates take as input, and the names of
 * random streams. */
#include "evaluate.h"

static void type_is(const IrGraph *g, IrRef r, const char *expected) {
    Buf b = {0};
    ir_type_print(&b, &ir_get(g, r)->type);
    assert_string_equal(b.text, expected);
    buf_free(&b);
}

/* The value of `x`, a tensor of the run, has this type. */
static void gives(const char *members, const char *type) {
    Lab l;
    Buf b = {0};
    buf_printf(&b, "proxy p(net) { per run { %s } score = 0; }", members);
    lab_open(&l, b.text);
    l.frame = eval_frame(l.eval, NULL, &l.tree->list.items[0]->list, "");
    Value v = lab_value(&l, "x");
    if (l.diags.errors)
        fail_msg("%s", lab_diags(&l));
    assert_int_equal(v.kind, VALUE_TENSOR);
    type_is(v.u.graph, v.node, type);
    assert_ptr_equal(v.u.graph, eval_run_view(l.run).module->graph);
    lab_close(&l);
    buf_free(&b);
}

static void test_functions(void **state) {
    (void)state;
    gives("x = batch(\"noise\", 16);", "[n=16, c=3, h=32, w=32]");
    gives("x = batch(\"noise\", 4, like: [1, 5, 6], augment: true);", "[n=4, c=1, h=5, w=6]");
    gives("x = axis(h: 1..8);", "[h=8]");
    gives("x = axis(f: [0.5, 2]) * axis(h: 1..8) + uniform(0, 1, n: 3);", "[f=2, h=8, n=3]");
    gives("x = merge(normal(0, 1, n: 2, f: 3, p: 4), c: [f, p]);", "[n=2, c=12]");
    gives("x = rename(axis(h: 1..8), h: w);", "[w=8]");
    gives("x = shuffle(signs(n: 2, c: 8), c, per: n);", "[n=2, c=8]");
    gives("x = concat(c, signs(c: 3, h: 4), signs(n: 2, c: 5));", "[c=8, h=4, n=2]");
    gives("x = take(signs(n: 2, c: 8), c: 5);", "[n=2, c=5]");
    gives("x = take(signs(n: 2, c: 8), c: 5..7);", "[n=2, c=3]");
    gives("x = mean(signs(n: 2, c: 8, h: 3), c, h);", "[n=2]");
    gives("x = max(signs(n: 2, c: 8));", "[]");
    gives("x = select(axis(c: 0..7) mod 2 == 0, sin(signs(n: 2, c: 8)), 0);", "[c=8, n=2]");
    gives("x = batch(\"noise\", 2, like: [3, 8, 8]) -> conv(3, 4) -> batch_norm;",
          "[n=2, c=4, h=8, w=8]");
}

static void test_products(void **state) {
    (void)state;
    gives("x = unmerge(signs(n: 2, c: 12, t: 5), c, head: 3, d: 4);", "[n=2, head=3, d=4, t=5]");
    gives("x = contract(signs(n: 2, d: 4, t: 5), signs(n: 2, d: 4, s: 6), d);", "[n=2, t=5, s=6]");
    gives("x = contract(signs(n: 2, d: 4, t: 5), signs(n: 2, d: 4, t: 5), n, d, t);", "[]");
    gives("x = signs(n: 2, t: 5, s: 6) -> softmax(s);", "[n=2, t=5, s=6]");
    gives("x = signs(n: 2, c: 8, t: 5) -> layer_norm;", "[n=2, c=8, t=5]");
    gives("x = signs(n: 2, c: 8, t: 5) -> layer_norm(t, affine: false);", "[n=2, c=8, t=5]");
    gives("x = weight(c: 8, t: 5) + weight(c: 8, value: 1);", "[c=8, t=5]");
    gives("y = signs(n: 2, t: 5); x = axis(h: 1..y.t);", "[h=5]");
}

static void mistakes(const char *members, DiagCode code) {
    Lab l;
    Buf b = {0};
    buf_printf(&b, "proxy p(net) { %s score = 0; }", members);
    lab_open(&l, b.text);
    l.frame = eval_frame(l.eval, NULL, &l.tree->list.items[0]->list, "");
    lab_value(&l, "x");
    lab_expect(&l, code);
    lab_close(&l);
    buf_free(&b);
}

static void test_mistakes(void **state) {
    (void)state;
    mistakes("per run { x = batch(\"cats\", 16); }", DIAG_unknown_source);
    mistakes("per run { x = batch(\"noise\", 0); }", DIAG_bad_value);
    mistakes("x = batch(\"noise\", 2);", DIAG_bad_value);
    mistakes("per run { x = mean(signs(n: 2), c); }", DIAG_shape_mismatch);
    mistakes("per run { x = signs(n: 2, n: 3); }", DIAG_duplicate_argument);
    mistakes("per run { x = uniform(0, 1, much_too_long: 3); }", DIAG_axis_mismatch);
    mistakes("per run { x = signs(n: 2) + signs(n: 3); }", DIAG_shape_mismatch);
    mistakes("per run { x = weight(n: 2, c: 3); }", DIAG_axis_mismatch);
    mistakes("per run { x = weight(c: 3, value: 1, deviation: 1); }", DIAG_bad_value);
    mistakes("per run { x = weight(c: 3, deviation: 0); }", DIAG_bad_value);
    mistakes("per run { x = contract(signs(c: 3), 2, c); }", DIAG_not_a_tensor);
    mistakes("per run { x = contract(signs(c: 3), signs(c: 3), 1); }", DIAG_axis_mismatch);
    mistakes("per run { x = contract(signs(c: 3), signs(c: 4), c); }", DIAG_shape_mismatch);
    mistakes("per run { x = unmerge(signs(c: 6), c, a: 4, b: 2); }", DIAG_shape_mismatch);
    mistakes("per run { x = signs(n: 2, c: 3) -> layer_norm(eps: 0); }", DIAG_bad_value);
    mistakes("per run { x = signs(n: 2, c: 3) -> softmax(s); }", DIAG_shape_mismatch);
    mistakes("per run { x = signs(n: 2_000_000, c: 2_000_000); }", DIAG_too_large);
}

static const char proxy[] = "proxy p(net) {\n"
                            "  per run { image = batch(\"noise\", 2, like: [3, 8, 8]); t = "
                            "signs(n: 2, c: 4, h: 8, w: 8); }\n"
                            "  per architecture { shared m = conv(3, 4); }\n"
                            "  y = image -> m;\n"
                            "  z = (y - 2 * t) ^ 2 + (image -> m);\n"
                            "  measure loss = mean(z);\n"
                            "  score = -(loss at 1);\n"
                            "}\n";

static void test_import(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, proxy);
    for (int session = 0; session < 3; session++) {
        lab_session(&l, EVAL_BUILD);
        l.frame = eval_frame(l.eval, NULL, &l.tree->list.items[0]->list, "");
        IrRef loss;
        Value v = lab_value(&l, "loss");
        assert_true(eval_scalar_node(l.eval, v, (Place){0}, "loss", &loss));
        assert_int_equal(lab_count(l.graph, IR_OP_input), 2);
        assert_int_equal(lab_count(l.graph, IR_OP_conv), 1);
        assert_int_equal(lab_count(l.graph, IR_OP_param), 2);
        assert_int_equal(lab_count(l.graph, IR_OP_random), 0);
        const EvalLeaf *leaves;
        assert_int_equal(eval_leaves(l.eval, &leaves), 2);
        assert_string_equal(leaves[0].role, "weight");
        assert_int_equal(ir_get(l.graph, leaves[1].node)->type.rank, 1);
    }
    ProxyRun run = eval_run_view(l.run);
    assert_int_equal(run.nimages, 1);
    /* the batch, and 2 * t: what has no part of the candidate is computed once a run */
    assert_int_equal(run.module->nroots, 2);
    assert_int_equal(lab_count(run.module->graph, IR_OP_random), 1);
    assert_int_equal(lab_count(run.module->graph, IR_OP_mul), 1);
    assert_int_equal(lab_count(run.module->graph, IR_OP_input), 1);
    lab_close(&l);
}

static void test_run_network_is_kept(void **state) {
    (void)state;
    Lab l;
    lab_open(&l, "proxy p(net) { per run { f = frozen (conv(3, 4) -> conv(3, 5));"
                 " x = batch(\"noise\", 2, like: [3, 8, 8]) -> f; } score = 0; }");
    IrRef first = IR_NONE;
    for (int session = 0; session < 2; session++) {
        lab_session(&l, EVAL_BUILD);
        l.frame = eval_frame(l.eval, NULL, &l.tree->list.items[0]->list, "");
        Value v = lab_value(&l, "x");
        assert_int_equal(v.kind, VALUE_TENSOR);
        if (session)
            assert_int_equal(v.node, first);
        first = v.node;
    }
    assert_int_equal(lab_count(eval_run_view(l.run).module->graph, IR_OP_frozen), 4);
    assert_int_equal(ir_graph_len(l.graph), 0);
    lab_close(&l);
}

/* The stream of the random tensor that `name` is. */
static Hash128 stream(const char *members, const char *name) {
    Lab l;
    Buf b = {0};
    buf_printf(&b, "proxy p(net) { per run { %s } score = 0; }", members);
    lab_open(&l, b.text);
    l.frame = eval_frame(l.eval, NULL, &l.tree->list.items[0]->list, "");
    Value v = lab_value(&l, name);
    if (v.kind != VALUE_TENSOR)
        fail_msg("%s", lab_diags(&l));
    Hash128 key = ir_get(v.u.graph, v.node)->attr->key;
    lab_close(&l);
    buf_free(&b);
    return key;
}

static void same(Hash128 a, Hash128 b, bool equal) {
    assert_int_equal(hash128_equal(a, b), equal);
}

static void test_streams(void **state) {
    (void)state;
    Hash128 a = stream("t = uniform(0, 1, n: 4);", "t");
    /* a new name, or another target beside it, moves nothing */
    same(a, stream("u = uniform(0, 1, n: 4);", "u"), true);
    same(a, stream("s = signs(n: 4); t = uniform(0, 1, n: 4); r = normal(0, 1, n: 4);", "t"), true);
    same(a, stream("r = uniform(0, 1, n: 5); t = uniform(0, 1, n: 4);", "t"), true);
    /* equal definitions, elements, calls: streams of their own */
    same(a, stream("s = uniform(0, 1, n: 4); t = uniform(0, 1, n: 4);", "s"), true);
    same(a, stream("s = uniform(0, 1, n: 4); t = uniform(0, 1, n: 4);", "t"), false);
    const char *calls =
        "f(k) = { r = uniform(0, k, n: 4); return r; }; a = f(1); b = f(2); c = f(1);";
    same(stream(calls, "a"), stream(calls, "b"), false);
    same(stream(calls, "a"), stream(calls, "c"), false);
    const char *elements = "e[i in 0..1] = uniform(0, 1, n: 4); a = e[0]; b = e[1];";
    same(stream(elements, "a"), stream(elements, "b"), false);
    const char *both = "a = (uniform(0, 1, n: 4), uniform(0, 1, n: 4)); x = a[0]; y = a[1];";
    same(stream(both, "x"), stream(both, "y"), false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_run_network_is_kept),
        cmocka_unit_test(test_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
