/* Passes keep what a network computes, in double: outputs and gradients of a random network, of its
 * canonical form and of that expanded agree; gradients of whole networks agree with finite
 * differences. */
#include "ir/random_graph.h"
#include "runtime/ref_check.h"

enum { NETS = 60, MAX_PARAMS = 200 };

/* Values of a leaf follow from its mark (attr.max) or slot, so that they are the same in every
 * form. */
typedef struct Values {
    double mark, step; /* elements of the leaf with this mark are moved by step * direction */
} Values;

static double noise(double mark, uint64_t purpose, uint64_t index) {
    RandomStream r = random_stream(7, (uint64_t)mark, RANDOM_TEST, (Hash128){5, purpose});
    return 2 * random_uniform(r, index) - 1;
}

static bool leaf_value(void *user, const IrNode *node, IrRef ref, double *out, NascError *err) {
    (void)ref, (void)err;
    const Values *v = user;
    double mark = node->op == IR_OP_input ? 1000 + (double)node->attr->uid : node->attr->max;
    for (int64_t i = 0; i < ir_type_elements(&node->type); i++) {
        out[i] = noise(mark, 0, (uint64_t)i);
        if (mark == v->mark)
            out[i] += v->step * noise(mark, 1, (uint64_t)i);
    }
    return true;
}

static Tensor eval(Arena *arena, const IrModule *m, size_t root, Values v) {
    RefOptions options = {.precision = REF_DOUBLE, .plain = true, .leaf = leaf_value, .user = &v};
    NascError err = {0};
    Tensor t = {.type = ir_get(m->graph, m->roots[root])->type};
    if (!ref_eval(m->graph, &m->roots[root], 1, &options, arena, &t.at, &err))
        fail_msg("%s", err.message);
    return t;
}

/* Largest difference relative to the largest value, by named index. */
static double distance(const Tensor *a, const Tensor *b) {
    assert_true(ir_type_same(&a->type, &b->type));
    double worst = 0, scale = 1;
    for (int64_t i = 0; i < ir_type_elements(&a->type); i++) {
        int64_t index[IR_MAX_AXES] = {0};
        tensor_unravel(&a->type, i, index);
        worst = fmax(worst, fabs(a->at[i] - tensor_named(b, &a->type, index)));
        scale = fmax(scale, fabs(a->at[i]));
    }
    return worst / scale;
}

static size_t find_params(const IrModule *m, IrRef *out) {
    size_t n = 0;
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++)
        if (ir_get(m->graph, r)->op == IR_OP_param)
            out[n++] = r;
    assert_true(n <= MAX_PARAMS);
    return n;
}

static IrModule gradient(Arena *arena, const IrModule *m, IrRef *params, size_t *nparams) {
    IrModule out;
    IrError err = {0};
    *nparams = find_params(m, params);
    if (!ir_gradient(arena, m, 0, params, *nparams, &out, &err))
        fail_msg("%s", err.message);
    ir_verify(out.graph);
    return out;
}

static void check_forms(Arena *arena, const IrModule *m) {
    IrModule c = ir_canonicalise(arena, m), ge;
    IrRef pm[MAX_PARAMS], pc[MAX_PARAMS];
    size_t nm, nc;
    IrModule gm = gradient(arena, m, pm, &nm), gc = gradient(arena, &c, pc, &nc);
    ge = ir_expand(arena, &gc);
    ir_verify(ge.graph);
    for (size_t root = 0; root < 2; root++) {
        Tensor want = eval(arena, &gm, root, (Values){0});
        Tensor got = eval(arena, &gc, root, (Values){0});
        Tensor expanded = eval(arena, &ge, root, (Values){0});
        assert_true(distance(&want, &got) < 1e-9);
        assert_true(distance(&want, &expanded) < 1e-9);
    }
    for (size_t i = 0; i < nm; i++) {
        Tensor want = eval(arena, &gm, 2 + i, (Values){0});
        bool found = false;
        for (size_t k = 0; k < nc; k++) {
            if (ir_get(c.graph, pc[k])->attr->max != ir_get(m->graph, pm[i])->attr->max)
                continue;
            found = true;
            Tensor got = eval(arena, &gc, 2 + k, (Values){0});
            Tensor expanded = eval(arena, &ge, 2 + k, (Values){0});
            assert_true(distance(&want, &got) < 1e-8);
            assert_true(distance(&got, &expanded) < 1e-8);
        }
        for (int64_t e = 0; !found && e < ir_type_elements(&want.type); e++)
            assert_true(fabs(want.at[e]) < 1e-9); /* dropped: the loss does not depend on it */
    }
}

static void test_forms_compute_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= NETS; seed++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_module(&arena, seed, 8 + (uint32_t)(seed % 20), RANDOM_MARKED);
        check_forms(&arena, &m);
        arena_free(&arena);
    }
}

static void test_gradients_of_networks(void **state) {
    (void)state;
    const double h = 1e-5;
    for (uint64_t seed = 1; seed <= NETS; seed++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_module(&arena, seed + 1000, 4 + (uint32_t)(seed % 8),
                                   RANDOM_MARKED | RANDOM_SMOOTH);
        IrModule c = ir_canonicalise(&arena, &m);
        IrRef params[MAX_PARAMS];
        size_t n;
        IrModule g = gradient(&arena, &c, params, &n);
        for (size_t i = 0; i < n; i++) {
            double mark = ir_get(c.graph, params[i])->attr->max, got = 0;
            double lo = *eval(&arena, &c, 0, (Values){mark, -h}).at;
            double hi = *eval(&arena, &c, 0, (Values){mark, h}).at, want = (hi - lo) / (2 * h);
            Tensor d = eval(&arena, &g, 2 + i, (Values){0});
            const IrType *type = &ir_get(c.graph, params[i])->type;
            for (int64_t e = 0; e < ir_type_elements(type); e++) {
                int64_t index[IR_MAX_AXES] = {0};
                tensor_unravel(type, e, index);
                got += tensor_named(&d, type, index) * noise(mark, 1, (uint64_t)e);
            }
            if (!(fabs(got - want) <= 1e-6 * (1 + fabs(want))))
                fail_msg("seed %d, param %d: %.12g, by differences %.12g", (int)seed, (int)i, got,
                         want);
        }
        arena_free(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_compute_the_same),
        cmocka_unit_test(test_gradients_of_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
