/* What proxies that look inside a network measure, against values worked out by hand on networks of
 * one or two weights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/programs.h"
#include "runtime/scorer.h"

enum { MOST = 8 };

/* The measures of a proxy on the first point of a space of one binary choice. */
typedef struct Probe {
    Program *program;
    Arena arena;
    ProxyBuild build;
    double values[MOST];
} Probe;

static void probe_open(Probe *p, const char *network, const char *proxy, const char *point) {
    char text[4096];
    snprintf(text, sizeof text,
             "space tiny {\n  input image[1, 1, 2];\n  choice k in {1, 2};\n  network = %s;\n}\n"
             "proxy probe(net) {\n%s\n}\nrank draw(tiny, 1) by probe;\n",
             network, proxy);
    *p = (Probe){.program = load_good("probe.nas", text)};
    arena_init(&p->arena, "probe");
    Space *s = program_default_space(p->program);
    Proxy *x = program_default_proxy(p->program);
    Architecture *a = parse_good(p->program, s, &p->arena, point);
    if (!proxy_build(x, s, a, NULL, &p->arena, &p->build)) {
        show_diags(p->program);
        fail();
    }
    RunValues run = {.seed = 1};
    ProxyRun shared = proxy_run(x);
    NascError err = {0};
    Measured m;
    assert_true(run_values_update(&run, &shared, &err));
    assert_true(scorer_measure_reference(&p->build, &run, 1, 1, true, &p->arena, &m, NULL, &err));
    size_t n = (size_t)m.steps * m.nmeasures;
    assert_true(n <= MOST);
    memcpy(p->values, m.values, n * sizeof *m.values);
    free(m.values);
    run_values_free(&run);
}

static void probe_close(Probe *p) {
    arena_free(&p->arena);
    program_free(p->program);
}

static void expect(const char *network, const char *proxy, const double *want, size_t n) {
    Probe p;
    probe_open(&p, network, proxy, "k=1");
    assert_int_equal(p.build.nmeasures, n);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(p.values[i] - want[i]) <= 1e-12 * (1 + fabs(want[i]))))
            fail_msg("%s: %.17g, expected %.17g", p.build.measures[i].name, p.values[i], want[i]);
    probe_close(&p);
}

/* y = w x with w = 3 and the pixels 1 and 2; loss = sum y^2 = 9 (1 + 4). */
static void test_gradients(void **state) {
    (void)state;
    const double want[] = {45, 30, 90, 54, 10};
    expect("conv(1, 1, bias: false)",
           "per architecture { shared m = net with init: w => 0 * w + 3; }\n"
           "x = ones(n: 1, c: 1, h: 1) * axis(w: [1, 2]);\n"
           "loss = sum((x -> m).out ^ 2);\n"
           "measure value = loss;\n"
           "measure norm = sum(p in parameters(loss)) sqrt(sum(grad(loss, p) ^ 2));\n"
           "measure saliency = sum(p in parameters(loss)) sum(abs(p * grad(loss, p)));\n"
           "measure by_input = sum(abs(grad(loss, x)));\n"
           "measure second = sum(p in parameters(loss)) sum(grad(sum(grad(loss, p)), p));\n"
           "score = value;",
           want, ARRAY_LEN(want));
}

/* Two weights |-3| and a batch norm that is left out: every output is 3, 4 of them; the gradient of
 * their sum by a weight is the two pixels' sum. */
static void test_overrides(void **state) {
    (void)state;
    const double want[] = {12, 2 * 3 * 2, 0, 2};
    expect("conv(1, 2, bias: false) -> batch_norm -> relu",
           "per architecture { shared m = net with batch_norm: identity, init: w => abs(0 * w - "
           "3); }\n"
           "y = ones(n: 1, c: 1, h: 1, w: 2) -> m;\n"
           "total = sum(y.out);\n"
           "measure sum_of_outputs = total;\n"
           "measure flow = sum(p in parameters(y)) sum(abs(p * grad(total, p)));\n"
           "measure norms = size(uses(y, batch_norm));\n"
           "measure weights = sum(p in parameters(y)) p.size;\n"
           "score = flow;",
           want, ARRAY_LEN(want));
}

/* Image 1 is positive and image 2 negative, so that one ReLU of two units gives the codes 11 and 00:
 * the kernel is diag(2, 2). A second ReLU that reaches no output counts too: diag(4, 4). */
static void test_codes(void **state) {
    (void)state;
    const char proxy[] =
        "per architecture { shared m = net with init: w => 0 * w + 1; }\n"
        "y = axis(n: [1, -1]) * ones(c: 1, h: 1, w: 2) -> m;\n"
        "agree(code) = gram(code, n) + gram(1 - code, n);\n"
        "measure volume = logdet(sum(u in uses(y, relu)) agree(u.input > 0));\n"
        "measure of_output = logdet(sum(u in uses(y.out, relu)) agree(u.input > 0));\n"
        "score = volume;";
    const double once[] = {log(4), log(4)}, twice[] = {log(16), log(16)};
    expect("conv(1, 1, bias: false) -> relu", proxy, once, 2);
    expect("conv(1, 1, bias: false) -> (relu + (relu -> zero))", proxy, twice, 2);
    Probe p;
    probe_open(&p, "conv(1, 1, bias: false) -> relu", proxy, "k=1");
    assert_true(p.build.reference);
    assert_true(p.build.observes);
    probe_close(&p);
}

/* Logits that are all equal cost log(classes), whatever the labels. */
static void test_classification(void **state) {
    (void)state;
    const double want[] = {log(4), 4};
    expect("conv(1, 4)",
           "per run {\n"
           "  x = batch(\"noise\", 3, like: net.input);\n"
           "  hot = axis(c: 0..3) == labels(x, classes: 4);\n"
           "}\n"
           "per architecture { shared m = net with init: w => 0 * w; }\n"
           "y = x -> m -> global_pool;\n"
           "measure loss = mean(log(sum(exp(y), c)) - sum(y * hot, c));\n"
           "measure marks = sum(hot * ones(n: 3)) + 1;\n"
           "score = loss;",
           want, ARRAY_LEN(want));
}

/* The standard normal initialisation, by the mean square of 4,096 weights. */
static void test_normal_init(void **state) {
    (void)state;
    Probe p;
    probe_open(&p, "conv(1, 4096, bias: false)",
               "per architecture { shared m = net with init: normal; }\n"
               "y = ones(n: 1, c: 1, h: 1, w: 2) -> m;\n"
               "measure square = sum(p in parameters(y)) mean(p ^ 2);\n"
               "score = square;",
               "k=1");
    assert_true(fabs(p.values[0] - 1) < 0.1);
    probe_close(&p);
}

/* Noise is new at every forward pass, has the wanted mean and deviation, and is the same again. */
static void test_noise(void **state) {
    (void)state;
    const char proxy[] = "per architecture { shared m = net; }\n"
                         "z = noise(2, 3, n: 64, c: 1, h: 64, w: 2);\n"
                         "train(loss: mean((z -> m).out ^ 2), steps: 3, by: sgd(0));\n"
                         "measure centre = mean(z);\n"
                         "measure square = mean((z - 2) ^ 2);\n"
                         "score = centre at 3;";
    double first[6];
    for (int again = 0; again < 2; again++) {
        Probe p;
        probe_open(&p, "conv(1, 1)", proxy, "k=1");
        assert_int_equal(p.build.nnoises, 1);
        for (int step = 0; step < 3; step++) {
            assert_true(fabs(p.values[2 * step] - 2) < 0.2);
            assert_true(fabs(p.values[2 * step + 1] - 9) < 0.6);
        }
        assert_true(p.values[0] != p.values[2] && p.values[2] != p.values[4]);
        if (again)
            assert_memory_equal(first, p.values, sizeof first);
        memcpy(first, p.values, sizeof first);
        probe_close(&p);
    }
}

static void expect_diag(const char *body, DiagCode code, const char *message) {
    char text[2048];
    snprintf(
        text, sizeof text,
        "space tiny {\n  input image[1, 1, 2];\n  choice k in {1, 2};\n  network = conv(1, 1) -> "
        "relu;\n}\nproxy probe(net) {\n  per run { x = batch(\"noise\", 2, like: net.input); "
        "}\n%s\n}\n"
        "rank draw(tiny, 1) by probe;\n",
        body);
    Program *p = load_good("wrong.nas", text);
    Arena arena;
    arena_init(&arena, "wrong");
    Space *s = program_default_space(p);
    ProxyBuild b;
    Architecture *a = parse_good(p, s, &arena, "k=1");
    assert_false(proxy_build(program_default_proxy(p), s, a, NULL, &arena, &b));
    const Diag *d = find_diag(p, code);
    if (!d || !strstr(d->message, message)) {
        show_diags(p);
        fail_msg("expected `%s`", message);
    }
    arena_free(&arena);
    program_free(p);
}

static void test_mistakes(void **state) {
    (void)state;
    const char m[] = "per architecture { shared m = net; }\n";
    char body[512];
    snprintf(body, sizeof body, "%smeasure a = size(uses(x -> m, rule)); score = a;", m);
    expect_diag(body, DIAG_bad_value, "there is no operation `rule` to observe");
    snprintf(body, sizeof body, "%smeasure a = sum(grad(x -> m, x)); score = a;", m);
    expect_diag(body, DIAG_not_a_scalar, "what is differentiated");
    snprintf(
        body, sizeof body,
        "%sl = logdet(gram((x -> m).out, n)); measure a = sum(p in parameters(l)) sum(grad(l, p)); "
        "score = a;",
        m);
    expect_diag(body, DIAG_bad_value, "no gradient is known");
    snprintf(body, sizeof body, "%smeasure a = logdet((x -> m).out); score = a;", m);
    expect_diag(body, DIAG_shape_mismatch, "needs a square matrix");
    snprintf(body, sizeof body,
             "%smeasure a = sum((x -> m).out) + sum(labels((x -> m).out)); score = a;", m);
    expect_diag(body, DIAG_bad_value, "labels belong to a `batch(...)` itself");
    expect_diag("per architecture { shared m = net with init: w => abs(w); }\n"
                "l = mean((x -> m).out); train(loss: l, steps: 2, by: sgd(0.1)); measure a = l; "
                "score = a at 2;",
                DIAG_bad_value, "cannot be trained");
    expect_diag("per architecture { shared m = net with init: w => sum(w); }\n"
                "measure a = mean((x -> m).out); score = a;",
                DIAG_shape_mismatch, "another shape than the weight");
    expect_diag("per run { z = noise(0, 1, n: 2); }\nper architecture { shared m = net; }\n"
                "measure a = mean((x -> m).out) + mean(z); score = a;",
                DIAG_bad_value, "noise is new at every forward pass");
    expect_diag("precision = \"half\";\nper architecture { shared m = net; }\n"
                "measure a = mean((x -> m).out); score = a;",
                DIAG_bad_value, "\"single\" or \"double\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),   cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_codes),       cmocka_unit_test(test_classification),
        cmocka_unit_test(test_normal_init), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
