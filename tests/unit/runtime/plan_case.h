/* Plans against the reference executor: the same leaves for both, results as dense arrays. */
#ifndef NASC_TESTS_PLAN_CASE_H
#define NASC_TESTS_PLAN_CASE_H

#include "base/philox.h"
#include "case_count.h"
#include "codegen/layout.h"
#include "codegen/plan.h"
#include "runtime/ref.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct PlanCase {
    Plan plan;
    char *base;
} PlanCase;

/* Element i of a leaf: normal values, rounded to float, by op, uid and element. */
static inline float case_leaf_value(IrOp op, uint64_t uid, int64_t i) {
    RandomStream s = random_stream(5, op, RANDOM_TEST, (Hash128){uid, 77});
    return (float)(0.5 * random_normal(s, (uint64_t)i));
}

static inline bool case_ref_leaf(void *user, const IrNode *node, IrRef ref, double *out,
                                 NascError *err) {
    (void)user, (void)ref, (void)err;
    for (int64_t i = 0; i < ir_type_elements(&node->type); i++)
        out[i] = (double)case_leaf_value(node->op, node->attr->uid, i);
    return true;
}

static inline Jit *case_jit(const char *cpu) {
    NascError err = {0};
    Jit *jit = jit_open(&(JitOptions){.cpu = cpu}, &err);
    if (!jit && err.status == NASC_ENVIRONMENT)
        return NULL;
    assert_non_null(jit);
    return jit;
}

/* Memory is filled with a pattern first, so that nothing relies on zeros but what the plan asks
 * for. */
static inline void case_fill(PlanCase *k) {
    float *all = (float *)(void *)k->base;
    for (int64_t i = 0; i < k->plan.arena_bytes / 4; i++)
        all[i] = 1e3f;
    memset(k->base + k->plan.zero_offset, 0, (size_t)k->plan.zero_bytes);
    for (size_t l = 0; l < k->plan.nleaves; l++) {
        const PlanLeaf *leaf = &k->plan.leaves[l];
        const IrType *type = &ir_get(k->plan.module.graph, leaf->node)->type;
        float *dense = malloc((size_t)leaf->elements * sizeof(float));
        for (int64_t i = 0; i < leaf->elements; i++)
            dense[i] = case_leaf_value(leaf->op, leaf->uid, i);
        float *to = (float *)(void *)(k->base + leaf->offset);
        if (leaf->lanes)
            plan_write_lanes(type, dense, to);
        else
            memcpy(to, dense, (size_t)leaf->elements * sizeof(float));
        free(dense);
    }
}

static inline PlanCase case_make_with(Jit *jit, Arena *arena, const IrModule *m,
                                      const PlanUpdate *updates, size_t nupdates,
                                      PlanOptions options) {
    PlanCase k = {0};
    NascError err = {0};
    if (!plan_make(jit, arena, m, updates, nupdates, &options, &k.plan, &err))
        fail_msg("plan_make: %s", err.message);
    k.base = aligned_alloc(64, (size_t)(k.plan.arena_bytes + 64));
    case_fill(&k);
    plan_run(&k.plan, PLAN_SETUP, k.base);
    return k;
}

static inline PlanCase case_make(Jit *jit, Arena *arena, const IrModule *m,
                                 const PlanUpdate *updates, size_t nupdates, bool fuse) {
    return case_make_with(jit, arena, m, updates, nupdates, (PlanOptions){.fuse = fuse});
}

static inline void case_free(PlanCase *k) {
    free(k->base);
}

/* Root i as a dense array in the order of its type. */
static inline float *case_output(const PlanCase *k, Arena *arena, size_t i) {
    const IrType *type = &ir_get(k->plan.module.graph, k->plan.module.roots[i])->type;
    int64_t n = ir_type_elements(type);
    float *out = ARENA_ARRAY(arena, float, n);
    const float *at = (const float *)(const void *)(k->base + k->plan.output_offset[i]);
    if (layout_of(type).kind == LAYOUT_LANES)
        plan_read_lanes(type, at, out);
    else
        memcpy(out, at, (size_t)n * sizeof(float));
    return out;
}

static inline double **case_reference(Arena *arena, const IrModule *m, RefPrecision precision) {
    double **out = ARENA_ARRAY(arena, double *, m->nroots);
    RefOptions options = {.precision = precision, .leaf = case_ref_leaf};
    NascError err = {0};
    if (!ref_eval(m->graph, m->roots, m->nroots, &options, arena, out, &err))
        fail_msg("ref_eval: %s", err.message);
    return out;
}

/* Largest |a - b| / (1 + |b|). */
static inline double case_distance(const float *a, const double *b, int64_t n) {
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - b[i]) / (1 + fabs(b[i]));
        worst = d > worst || isnan(d) ? d : worst;
    }
    return worst;
}

#endif
