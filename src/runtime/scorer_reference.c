/* Scores one candidate by the reference executor: what scorer.c does with a plan's kernels, from the same initial
 * values and with the same inputs, by plain loops in float or in double. Forward pass `steps` is followed by no
 * update, so that the parameters that are left are those that gave the last scalars. */
#include "runtime/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ref_train.h"

typedef struct Reference {
    const ProxyBuild *build;
    int64_t *passes; /* by noise: forward passes that have asked for it */
    const RunValues *run;
    const IrModule *canonical;
    Hash128 hash;
    uint64_t seed, repeat;
    RefParam *params;
    size_t nparams;
} Reference;

static IrRef find_leaf(const IrModule *m, uint64_t uid) {
    for (size_t i = 0; i < ir_graph_len(m->graph); i++) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        if (node->op == IR_OP_param && node->attr->uid == uid)
            return (IrRef)i;
    }
    BUG("the module has no parameter %llu", (unsigned long long)uid);
}

static void draw_noise(Reference *r, uint64_t i, size_t n, double *out) {
    const ProxyNoise *noise = &r->build->noises[i];
    Hash128 identity = proxy_noise_identity(noise->key, r->passes[i]++);
    RandomStream stream = random_stream(r->seed, r->repeat, RANDOM_NOISE, identity);
    for (size_t k = 0; k < n; k++)
        out[k] = (double)(float)(noise->mean + noise->deviation * random_normal(stream, k));
}

/* Inputs as the run gave them or new at this pass, trained leaves as they are now, all others as they were initialised. */
static bool leaf_value(void *user, const IrNode *node, IrRef ref, double *out, NascError *err) {
    Reference *r = user;
    size_t n = (size_t)ir_type_elements(&node->type);
    (void)ref;
    (void)err;
    if (node->op == IR_OP_input && node->attr->uid >= PROXY_NOISE_SLOT) {
        draw_noise(r, node->attr->uid - PROXY_NOISE_SLOT, n, out);
        return true;
    }
    if (node->op == IR_OP_input) {
        CHECK(node->attr->uid < r->run->values.len);
        const float *dense = r->run->values.items[node->attr->uid].dense;
        for (size_t i = 0; i < n; i++)
            out[i] = dense[i];
        return true;
    }
    for (size_t i = 0; node->op == IR_OP_param && i < r->nparams; i++)
        if (r->params[i].uid == node->attr->uid) {
            memcpy(out, r->params[i].value, n * sizeof *out);
            return true;
        }
    init_leaf(node, r->seed, r->repeat, r->hash, out);
    return true;
}

/* The module with a root for the gradient of each updated leaf. Its nodes are added to the canonical graph, whose
 * own nodes keep their numbers. */
static bool with_gradients(Reference *r, const PlanUpdate *updates, Arena *arena, IrModule *out,
                           NascError *err) {
    IrRef *wrt = ARENA_ARRAY(arena, IrRef, r->nparams);
    IrError bad = {0};
    for (size_t i = 0; i < r->nparams; i++) {
        const PlanUpdate *u = &updates[i];
        wrt[i] = find_leaf(r->canonical, u->uid);
        int64_t n = ir_type_elements(&ir_get(r->canonical->graph, wrt[i])->type);
        r->params[i] = (RefParam){.uid = u->uid,
                                  .gradient = r->canonical->nroots + i,
                                  .lr = u->lr,
                                  .momentum = u->momentum,
                                  .decay = u->decay,
                                  .value = ARENA_ARRAY(arena, double, n)};
    }
    if (r->nparams == 0) {
        *out = *r->canonical;
        return true;
    }
    if (ir_gradient(arena, r->canonical, 0, wrt, r->nparams, out, &bad))
        return true;
    nasc_fail(err, NASC_PROGRAM_ERROR, "%s", bad.message);
    return false;
}

static void start_repeat(Reference *r) {
    memset(r->passes, 0, r->build->nnoises * sizeof *r->passes);
    for (size_t i = 0; i < r->nparams; i++) {
        IrRef leaf = find_leaf(r->canonical, r->params[i].uid);
        init_leaf(ir_get(r->canonical->graph, leaf), r->seed, r->repeat, r->hash,
                  r->params[i].value);
    }
}

/* scalars[step * nroots + root] */
static bool train(Reference *r, const IrModule *gradient, int64_t steps, bool in_double,
                  double *scalars, NascError *err) {
    const IrModule *m = r->canonical;
    RefOptions options = {.precision = in_double ? REF_DOUBLE : REF_FLOAT,
                          .leaf = leaf_value,
                          .user = r,
                          .seed = r->seed};
    Arena last;
    arena_init(&last, "reference step");
    double **value = ARENA_ARRAY(&last, double *, m->nroots);
    bool ok = ref_train(gradient, m->nroots, r->params, r->nparams, (int)steps - 1, &options,
                        scalars, err) &&
              ref_eval(m->graph, m->roots, m->nroots, &options, &last, value, err);
    for (size_t i = 0; ok && i < m->nroots; i++)
        scalars[(size_t)(steps - 1) * m->nroots + i] = value[i][0];
    arena_free(&last);
    return ok;
}

/* Copies the measures; after the first step with a scalar that is not finite the rest stays NaN. */
static void keep_measures(const ProxyBuild *build, size_t nroots, const double *scalars,
                          double *values) {
    size_t first = build->trains ? 1 : 0, n = build->nmeasures;
    bool finite = true;
    for (size_t step = 0; finite && step < (size_t)build->steps; step++)
        for (size_t i = 0; i < nroots; i++) {
            finite &= (bool)isfinite(scalars[step * nroots + i]);
            if (i >= first)
                values[step * n + i - first] = scalars[step * nroots + i];
        }
}

static void put_params(const Reference *r, Buf *params) {
    for (size_t i = 0; i < ir_graph_len(r->canonical->graph); i++) {
        const IrNode *node = ir_get(r->canonical->graph, (IrRef)i);
        if (node->op != IR_OP_param)
            continue;
        size_t bytes = (size_t)ir_type_elements(&node->type) * sizeof(double);
        double *value = nasc_alloc(bytes);
        leaf_value((void *)r, node, (IrRef)i, value, NULL);
        buf_append(params, value, bytes);
        free(value);
    }
}

bool scorer_measure_reference(const ProxyBuild *build, const RunValues *run, uint64_t seed,
                              int64_t repeats, bool in_double, Arena *arena, Measured *out,
                              Buf *params, NascError *err) {
    IrModule canonical, gradient;
    PlanUpdate *updates;
    Reference r = {.build = build, .run = run, .canonical = &canonical, .seed = seed};
    scorer_canonical(build, arena, &canonical, &updates, &r.nparams);
    r.hash = ir_hash(&canonical);
    r.params = ARENA_ARRAY(arena, RefParam, r.nparams);
    r.passes = ARENA_ARRAY(arena, int64_t, build->nnoises + 1);
    if (!with_gradients(&r, updates, arena, &gradient, err))
        return false;
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    *out = (Measured){.repeats = repeats, .steps = build->steps, .nmeasures = build->nmeasures};
    out->values = nasc_alloc(MAX(1, (size_t)repeats * per_repeat) * sizeof *out->values);
    for (size_t i = 0; i < (size_t)repeats * per_repeat; i++)
        out->values[i] = NAN;
    double *scalars = ARENA_ARRAY(arena, double, (size_t)build->steps *canonical.nroots);
    for (int64_t repeat = 0; repeat < repeats; repeat++) {
        r.repeat = (uint64_t)repeat;
        start_repeat(&r);
        if (!train(&r, &gradient, build->steps, in_double, scalars, err))
            return false;
        keep_measures(build, canonical.nroots, scalars, out->values + (size_t)repeat * per_repeat);
    }
    if (params)
        put_params(&r, params);
    return true;
}
