/* The hot path allocates nothing: training for twelve steps asks the allocator as often as training for two, and
 * running a plan does not ask it at all. The allocator's entry points are replaced by ones that count. */
#include "frontend/programs.h"
#include "runtime/rank.h"
#include "runtime/nets.h"
#include "runtime/plan_case.h"

#include <malloc.h>
#include <stdatomic.h>

#if !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)
#define COUNTED 1
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

static atomic_size_t asked;

void *malloc(size_t bytes) {
    asked++;
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes) {
    asked++;
    return __libc_calloc(n, bytes);
}

void *realloc(void *p, size_t bytes) {
    asked++;
    return __libc_realloc(p, bytes);
}

void *aligned_alloc(size_t align, size_t bytes) {
    asked++;
    return __libc_memalign(align, bytes);
}
#else
#define COUNTED 0
static size_t asked;
#endif

static const char program[] = "use eproxy;\n"
                              "param steps = 2 \"steps\";\n"
                              "space s {\n"
                              "  input image[3, 16, 16];\n"
                              "  choice k { one = 1; three = 3; }\n"
                              "  network = conv(3, 8) -> batch_norm -> tap(\"a\") -> conv(k, 16, "
                              "stride: 2) -> relu -> avg_pool(2)\n"
                              "         -> tap(\"b\");\n"
                              "}\n"
                              "rank list(s, [\"k=three\"]) by eproxy(images: \"noise\", steps: "
                              "steps, head_width: i => 32, barrier_width: i => 32);\n";

/* Of a whole ranking with `steps` steps, after one that has compiled what it needs. */
static size_t count_ranking(Jit *jit, const char *steps) {
    NascStatus status;
    NascError err = {0};
    const char *settings[] = {steps};
    Program *p = load_with("test.nas", program, settings, 1, &status, &err);
    show_diags(p);
    assert_int_equal(status, NASC_OK);
    const Action *actions;
    assert_int_equal(program_actions(p, &actions), 1);
    size_t last = 0;
    for (int pass = 0; pass < 2; pass++) {
        RankJob job = {.program = p, .action = actions, .jit = jit, .workers = 1};
        RankResult r;
        size_t before = asked;
        assert_int_equal(rank_run(&job, &r, &err), NASC_OK);
        last = asked - before;
        assert_int_equal(r.candidates[0].status, SCORE_OK);
        rank_free(&r);
    }
    program_free(p);
    return last;
}

static void steps_allocate_nothing(void **state) {
    (void)state;
    if (!COUNTED)
        skip();
    Jit *jit = case_jit(NULL);
    size_t few = count_ranking(jit, "steps=2"), many = count_ranking(jit, "steps=12");
    assert_true(few > 0);
    assert_int_equal(few, many);
    jit_close(jit);
}

static void plans_allocate_nothing(void **state) {
    (void)state;
    if (!COUNTED)
        skip();
    Arena arena;
    arena_init(&arena, "test");
    Jit *jit = case_jit(NULL);
    static const int ops[6] = {3, 1, 2, 3, 4, 2};
    IrModule m = net_nb201(&arena, ops, 16, 8, 4, 1, false, 8);
    PlanUpdate updates[256];
    size_t n = 0;
    for (size_t i = 0; i < ir_graph_len(m.graph) && n < 256; i++) {
        const IrNode *node = ir_get(m.graph, (IrRef)i);
        if (node->op == IR_OP_param)
            updates[n++] = (PlanUpdate){node->attr->uid, 0.05, 0.9, 4e-3, 0};
    }
    PlanCase k = case_make(jit, &arena, &m, updates, n, true);
    size_t before = asked;
    for (int step = 0; step < 3; step++)
        for (int part = PLAN_FORWARD; part <= PLAN_UPDATE; part++)
            plan_run(&k.plan, part, k.base);
    assert_int_equal(asked, before);
    case_free(&k);
    jit_close(jit);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(plans_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
