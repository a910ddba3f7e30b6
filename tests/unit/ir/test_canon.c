/* The canonical form: equal for all ways to write a network, different for different ones. */
#include "ir/passes.h"
#include "ir/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static IrModule parse(Arena *arena, const char *text) {
    IrModule m;
    IrError err = {0};
    if (!ir_read(arena, text, strlen(text), &m, &err))
        fail_msg("%s\n%s", err.message, text);
    return m;
}

static char *canonical_text(Arena *arena, const IrModule *m) {
    IrModule c = ir_canonicalise(arena, m);
    ir_verify(c.graph);
    Buf b = {0};
    ir_print(&b, &c);
    char *text = arena_strndup(arena, b.text, b.len);
    buf_free(&b);
    return text;
}

static Hash128 canonical_hash(Arena *arena, const IrModule *m) {
    IrModule c = ir_canonicalise(arena, m);
    return ir_hash(&c);
}

/* Whether two texts are one network: by hash and by canonical text, which must agree. */
static bool same(const char *a, const char *b) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule ma = parse(&arena, a), mb = parse(&arena, b);
    bool by_text = strcmp(canonical_text(&arena, &ma), canonical_text(&arena, &mb)) == 0;
    bool by_hash = hash128_equal(canonical_hash(&arena, &ma), canonical_hash(&arena, &mb));
    assert_int_equal(by_text, by_hash);
    arena_free(&arena);
    return by_hash;
}

static void assert_canonical(const char *text, const char *want) {
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = parse(&arena, text);
    assert_string_equal(canonical_text(&arena, &m), want);
    arena_free(&arena);
}

#define X         "%0 = input {slot=0} : [n=2, c=4, h=5, w=5]\n"
#define W(n, uid) "%" #n " = param {uid=" #uid " init=default} : [o=4, i=4, kh=1, kw=1]\n"
#define CONV(n, x, w)                                                                              \
    "%" #n " = conv(%" #x ", %" #w ") {kernel=1x1 stride=1x1 pad=0x0 dilation=1x1 groups=1}\n"

static void test_rewrites_keep_the_form(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_module(&arena, seed, 6 + (uint32_t)(seed % 30), 0);
        char *want = canonical_text(&arena, &m);
        Hash128 hash = canonical_hash(&arena, &m);
        for (uint64_t k = 1; k <= 4; k++) {
            IrModule other = random_rewrite(&arena, &m, seed * 100 + k);
            char *got = canonical_text(&arena, &other);
            if (strcmp(got, want) != 0)
                fail_msg("seed %llu rewrite %llu:\n%s\n--- is not\n%s", (unsigned long long)seed,
                         (unsigned long long)k, got, want);
            assert_true(hash128_equal(canonical_hash(&arena, &other), hash));
        }
        arena_free(&arena);
    }
}

static void test_the_form_is_its_own(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 80; seed++) {
        Arena arena;
        arena_init(&arena, "test");
        IrModule m = random_module(&arena, seed, 30, 0);
        IrModule c = ir_canonicalise(&arena, &m);
        assert_string_equal(canonical_text(&arena, &c), canonical_text(&arena, &m));
        arena_free(&arena);
    }
}

static void test_sharing_of_weights_counts(void **state) {
    (void)state;
    const char *two = X W(1, 0) W(2, 1) CONV(3, 0, 1) CONV(4, 3, 2) "root y = %4\n";
    const char *one = X W(1, 0) CONV(2, 0, 1) CONV(3, 2, 1) "root y = %3\n";
    const char *swapped = X W(1, 0) W(2, 1) CONV(3, 0, 2) CONV(4, 3, 1) "root y = %4\n";
    assert_false(same(two, one));
    assert_true(same(two, swapped));
    const char *sum_two =
        X W(1, 0) W(2, 1) CONV(3, 0, 1) CONV(4, 0, 2) "%5 = add(%3, %4)\nroot y = %5\n";
    const char *sum_one = X W(1, 0) CONV(2, 0, 1) "%3 = add(%2, %2)\nroot y = %3\n";
    assert_false(same(sum_two, sum_one));
}

static void test_different_networks_differ(void **state) {
    (void)state;
    assert_false(same(X "%1 = relu(%0)\nroot y = %1\n", X "%1 = sigmoid(%0)\nroot y = %1\n"));
    assert_false(same(X "%1 = add(%0, %0)\nroot y = %1\n", X "root y = %0\n"));
    assert_false(
        same(X "%1 = add(%0, %0)\nroot y = %1\n", X "%1 = add(%0, %0, %0)\nroot y = %1\n"));
    assert_false(same(X "%1 = exp(%0)\n%2 = sub(%0, %1)\nroot y = %2\n",
                      X "%1 = exp(%0)\n%2 = sub(%1, %0)\nroot y = %2\n"));
    assert_false(same(X "%1 = exp(%0)\nroot a = %0\nroot b = %1\n",
                      X "%1 = exp(%0)\nroot a = %1\nroot b = %0\n"));
    const char *frozen = X
        "%1 = frozen {uid=0 init=default} : [o=4, i=4, kh=1, kw=1]\n" CONV(2, 0, 1) "root y = %2\n";
    assert_false(same(frozen, X W(1, 0) CONV(2, 0, 1) "root y = %2\n"));
    const char *other_init = X
        "%1 = param {uid=0 init=xavier_normal} : [o=4, i=4, kh=1, kw=1]\n" CONV(2, 0,
                                                                                1) "root y = %2\n";
    assert_false(same(other_init, X W(1, 0) CONV(2, 0, 1) "root y = %2\n"));
}

/* n weights, each multiplied with the next on its ring: to their neighbours all look alike. */
static void ring(Buf *b, int n, const int *next) {
    buf_puts(b, X);
    for (int i = 0; i < n; i++)
        buf_printf(b, "%%%d = param {uid=%d init=default} : [c=4]\n", i + 1, i);
    for (int i = 0; i < n; i++)
        buf_printf(b, "%%%d = mul(%%%d, %%%d)\n", n + 1 + i, i + 1, next[i] + 1);
    for (int i = 0; i < n; i++)
        buf_printf(b, "%%%d = sin(%%%d)\n", 2 * n + 1 + i, n + 1 + i);
    buf_printf(b, "%%%d = add(%%0", 3 * n + 1);
    for (int i = 0; i < n; i++)
        buf_printf(b, ", %%%d", 2 * n + 1 + i);
    buf_printf(b, ")\nroot y = %%%d\n", 3 * n + 1);
}

static bool same_rings(int n, const int *next_a, const int *next_b) {
    Buf a = {0}, b = {0};
    ring(&a, n, next_a);
    ring(&b, n, next_b);
    bool is_same = same(a.text, b.text);
    buf_free(&a);
    buf_free(&b);
    return is_same;
}

static void test_rings_of_shared_weights(void **state) {
    (void)state;
    int one[] = {1, 2, 3, 4, 5, 0}, two[] = {1, 2, 0, 4, 5, 3};
    assert_false(same_rings(6, one, two));
    assert_true(same_rings(6, one, (int[]){3, 2, 5, 1, 0, 4})); /* 0 3 1 2 5 4 */
    assert_true(same_rings(6, two, (int[]){2, 3, 4, 5, 0, 1})); /* 0 2 4 and 1 3 5 */
    /* One ring of six beside two of three: tied, but not symmetric, so a choice among the tied must
     * not follow the numbering. */
    int first[] = {1, 2, 3, 4, 5, 0, 7, 8, 6, 10, 11, 9};
    int last[] = {1, 2, 0, 4, 5, 3, 7, 8, 9, 10, 11, 6};
    int mixed[] = {2, 5, 4, 7, 0, 9, 8, 10, 1, 11, 3, 6}; /* 0 2 4; 3 7 10; 1 5 9 11 6 8 */
    assert_true(same_rings(12, first, last));
    assert_true(same_rings(12, first, mixed));
}

static void test_zeros(void **state) {
    (void)state;
    const char *affine = "%1 = param {uid=0 init=value value=1} : [c=4]\n"
                         "%2 = param {uid=1 init=value} : [c=4]\n";
    Buf a = {0}, b = {0};
    buf_puts(&a, X);
    buf_puts(&a, affine);
    buf_puts(&a, "%3 = zero(%0)\n%4 = batch_norm(%3, %1, %2) {value=1e-05}\nroot y = %4\n");
    buf_puts(&b, X "%1 = zero(%0)\n%2 = batch_norm(%1) {value=1e-05}\nroot y = %2\n");
    assert_false(same(a.text, b.text));
    assert_canonical(a.text, "%0 = param {uid=0 init=value} : [c=4]\n"
                             "%1 = expand(%0) {shape=[n=2, c=4, h=5, w=5]} : [n=2, c=4, h=5, w=5]\n"
                             "root y = %1\n");
    assert_canonical(b.text, "%0 = constant {value=0} : []\n"
                             "%1 = expand(%0) {shape=[n=2, c=4, h=5, w=5]} : [n=2, c=4, h=5, w=5]\n"
                             "root y = %1\n");
    buf_free(&a);
    buf_free(&b);
    assert_true(same(X W(1, 0) "%2 = zero(%0)\n" CONV(3, 2, 1) "%4 = relu(%3)\n%5 = add(%4, %0)\n"
                                                               "root y = %5\n",
                     X "root y = %0\n"));
}

static void test_simple_forms(void **state) {
    (void)state;
    const char *x = X "root y = %0\n";
    assert_true(same(X "%1 = identity(%0)\n%2 = slice(%1) {axis=c hi=4}\n%3 = concat(%2) {axis=c}\n"
                       "root y = %3\n",
                     x));
    assert_true(same(X "%1 = resize(%0) {mode=nearest out=5x5}\nroot y = %1\n", x));
    assert_true(
        same(X "%1 = relu(%0)\n%2 = relu(%1)\nroot y = %2\n", X "%1 = relu(%0)\nroot y = %1\n"));
    assert_true(same(X "%1 = slice(%0) {axis=c lo=1 hi=4}\n%2 = slice(%1) {axis=c lo=1 hi=2}\n"
                       "root y = %2\n",
                     X "%1 = slice(%0) {axis=c lo=2 hi=3}\nroot y = %1\n"));
    assert_true(same("%0 = constant {value=3}\n%1 = constant {value=0.5}\n%2 = mul(%0, %1)\n"
                     "%3 = add(%2, %1)\nroot y = %3\n",
                     "%0 = constant {value=2}\nroot y = %0\n"));
}

static void test_order_of_axes_does_not_count(void **state) {
    (void)state;
    const char *v = "%1 = param {uid=0 init=default} : [c=4]\n";
    Buf a = {0}, b = {0};
    buf_puts(&a, X);
    buf_puts(&a, v);
    buf_puts(&a, "%2 = add(%1, %0)\n%3 = mul(%1, %2)\n%4 = zero(%3)\n%5 = exp(%4)\n"
                 "%6 = maximum(%5, %3)\nroot y = %6\n");
    buf_puts(&b, X);
    buf_puts(&b, v);
    buf_puts(&b, "%2 = add(%0, %1)\n%3 = mul(%2, %1)\n%4 = zero(%0)\n%5 = exp(%4)\n"
                 "%6 = maximum(%3, %5)\nroot y = %6\n");
    assert_true(same(a.text, b.text));
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = parse(&arena, a.text), c = ir_canonicalise(&arena, &m);
    assert_int_equal(ir_get(c.graph, c.roots[0])->type.axis[0], IR_AXIS_N);
    arena_free(&arena);
    buf_free(&a);
    buf_free(&b);
}

static void test_names_do_not_count(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, "test");
    const char *text[2];
    for (int k = 0; k < 2; k++) {
        IrGraph *g = ir_graph_new(&arena);
        IrType t = ir_type(1, (IrAxis[]){IR_AXIS_C}, (int64_t[]){4});
        const char *name = k ? "one" : "two", *root_name = "y";
        IrRef terms[] = {ir_input(g, &t, 0, name), ir_leaf(g, IR_OP_param, &t, NULL, name),
                         ir_leaf(g, IR_OP_random, &t, &(IrAttr){.key = {1, 2}}, name)};
        IrRef root = ir_must(g, IR_OP_add, terms, 3, NULL);
        IrModule m = {g, 1, &root, &root_name};
        text[k] = canonical_text(&arena, &m);
    }
    assert_string_equal(text[0], text[1]);
    arena_free(&arena);
}

static void test_shared_sums_are_shared_again(void **state) {
    (void)state;
    const char *shared = X "%1 = exp(%0)\n%2 = add(%0, %1)\n%3 = sin(%2)\n%4 = cos(%0)\n"
                           "%5 = add(%2, %4)\nroot a = %3\nroot b = %5\n";
    const char *flat = X "%1 = exp(%0)\n%2 = add(%0, %1)\n%3 = sin(%2)\n%4 = cos(%0)\n"
                         "%5 = add(%4, %0, %1)\nroot a = %3\nroot b = %5\n";
    assert_true(same(shared, flat));
    Arena arena;
    arena_init(&arena, "test");
    IrModule m = parse(&arena, flat), c = ir_canonicalise(&arena, &m);
    assert_int_equal(ir_get(c.graph, c.roots[1])->nin, 2);
    /* 1,024 x as ten doublings. */
    Buf b = {0};
    buf_puts(&b, X);
    for (int i = 0; i < 5; i++)
        buf_printf(&b, "%%%d = add(%%%d, %%%d, %%%d, %%%d)\n", i + 1, i, i, i, i);
    buf_puts(&b, "root y = %5\n");
    m = parse(&arena, b.text);
    c = ir_canonicalise(&arena, &m);
    assert_int_equal(ir_graph_len(c.graph), 11);
    buf_free(&b);
    arena_free(&arena);
}

enum { NB_NONE, NB_SKIP, NB_CONV1, NB_CONV3, NB_POOL };

static IrRef cell_edge(IrGraph *g, IrRef x, int op) {
    int32_t k = op == NB_CONV1 ? 1 : 3;
    IrAttr window = {
        .kernel = {k, k}, .stride = {1, 1}, .pad = {k / 2, k / 2}, .dilation = {1, 1}, .groups = 1};
    if (op == NB_NONE || op == NB_SKIP)
        return ir_unary(g, op == NB_NONE ? IR_OP_zero : IR_OP_identity, x);
    if (op == NB_POOL)
        return ir_must(g, IR_OP_avg_pool, &x, 1, &window);
    IrType wt = ir_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                        (int64_t[]){4, 4, k, k});
    IrType bt = ir_type(1, (IrAxis[]){IR_AXIS_C}, (int64_t[]){4});
    IrAttr init = {.mode = IR_INIT_DEFAULT};
    IrRef in[] = {ir_unary(g, IR_OP_relu, x), ir_leaf(g, IR_OP_param, &wt, &init, NULL),
                  ir_leaf(g, IR_OP_param, &bt, &init, NULL)};
    IrRef y = ir_must(g, IR_OP_conv, in, 3, &window);
    return ir_must(g, IR_OP_batch_norm, &y, 1, &(IrAttr){.value = 1e-5});
}

/* A zero becomes the bias in a convolution and a zero again in its norm, which has no shift. */
static IrRef nb201_cell(IrGraph *g, IrRef x, int code) {
    IrRef node[4] = {x};
    for (int j = 1; j < 4; j++) {
        IrRef terms[3];
        for (int i = 0; i < j; i++, code /= 5)
            terms[i] = cell_edge(g, node[i], code % 5);
        node[j] = j == 1 ? terms[0] : ir_must(g, IR_OP_add, terms, (uint32_t)j, NULL);
    }
    return node[3];
}

static int compare_hashes(const void *a, const void *b) {
    return hash128_compare(*(const Hash128 *)a, *(const Hash128 *)b);
}

/* 5,260: zeros dropped, sums flattened through identities, weights respected, average pooling not
 * distributed. Counted independently over expressions of the six edges. */
static void test_nb201_has_5260_networks(void **state) {
    (void)state;
    enum { N = 15625 };
    Hash128 *hash = nasc_alloc(N * sizeof *hash);
    Arena arena;
    arena_init(&arena, "test");
    for (int code = 0; code < N; code++) {
        IrGraph *g = ir_graph_new(&arena);
        IrType image = ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                               (int64_t[]){2, 4, 8, 8});
        IrRef root = nb201_cell(g, ir_input(g, &image, 0, NULL), code);
        const char *name = "y";
        IrModule m = {g, 1, &root, &name};
        hash[code] = canonical_hash(&arena, &m);
        arena_reset(&arena);
    }
    arena_free(&arena);
    qsort(hash, N, sizeof *hash, compare_hashes);
    int distinct = 1;
    for (int i = 1; i < N; i++)
        distinct += !hash128_equal(hash[i], hash[i - 1]);
    free(hash);
    assert_int_equal(distinct, 5260);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewrites_keep_the_form),
        cmocka_unit_test(test_the_form_is_its_own),
        cmocka_unit_test(test_sharing_of_weights_counts),
        cmocka_unit_test(test_different_networks_differ),
        cmocka_unit_test(test_rings_of_shared_weights),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_simple_forms),
        cmocka_unit_test(test_order_of_axes_does_not_count),
        cmocka_unit_test(test_names_do_not_count),
        cmocka_unit_test(test_shared_sums_are_shared_again),
        cmocka_unit_test(test_nb201_has_5260_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
