/* Scores one candidate by the reference executor: what scorer.c does with a plan's kernels, from the same initial
 * values and with the same inputs, by plain loops in float or in double. Forward pass `steps` is followed by no
 * update, so that the parameters that are left are those that gave the last scalars. */
#include "runtime/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ref_train.h"
#include "runtime/stages.h"

typedef struct Reference {
    const ProxyBuild *build;
    int64_t *passes; /* by noise: forward passes that have asked for it */
    const RunValues *run;
    const IrModule *canonical;
    Hash128 hash;
    uint64_t seed, repeat;
    RefParam *params; /* weights that some stage trains: uid and value */
    size_t nparams;
} Reference;

/* A stage with a root for the gradient of each weight that it updates. */
typedef struct Graded {
    IrModule module;
    RefParam *params;
    size_t nparams;
} Graded;

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
        const float *dense = run_value(r->run, r->build, node->attr->uid)->dense;
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

static RefParam *find_param(Reference *r, uint64_t uid) {
    for (size_t i = 0; i < r->nparams; i++)
        if (r->params[i].uid == uid)
            return &r->params[i];
    return NULL;
}

static void find_params(Reference *r, const Stages *stages, Arena *arena) {
    size_t n = 0;
    for (size_t i = 0; i < stages->n; i++)
        n += stages->items[i].nupdates;
    r->params = ARENA_ARRAY(arena, RefParam, n + 1);
    for (size_t i = 0; i < stages->n; i++)
        for (size_t k = 0; k < stages->items[i].nupdates; k++) {
            uint64_t uid = stages->items[i].updates[k].uid;
            if (find_param(r, uid))
                continue;
            IrRef leaf = find_leaf(r->canonical, uid);
            int64_t elements = ir_type_elements(&ir_get(r->canonical->graph, leaf)->type);
            r->params[r->nparams++] =
                (RefParam){.uid = uid, .value = ARENA_ARRAY(arena, double, elements)};
        }
}

/* Gradients are added to the canonical graph, whose own nodes keep their numbers. */
static bool with_gradients(Reference *r, const Stage *stage, Arena *arena, Graded *out,
                           NascError *err) {
    IrRef *wrt = ARENA_ARRAY(arena, IrRef, stage->nupdates + 1);
    IrError bad = {0};
    size_t n = 0;
    *out =
        (Graded){stage->module, ARENA_ARRAY(arena, RefParam, stage->nupdates + 1), stage->nupdates};
    for (size_t i = 0; i < stage->nupdates; i++) {
        const PlanUpdate *u = &stage->updates[i];
        out->params[i] = (RefParam){.uid = u->uid,
                                    .gradient = u->root ? u->root : stage->module.nroots + n,
                                    .lr = u->lr,
                                    .momentum = u->momentum,
                                    .decay = u->decay,
                                    .value = find_param(r, u->uid)->value};
        if (!u->root)
            wrt[n++] = stage->leaves[i];
    }
    if (n == 0 || ir_gradient(arena, &stage->module, 0, wrt, n, &out->module, &bad))
        return true;
    nasc_fail(err, NASC_PROGRAM_ERROR, "%s", bad.message);
    return false;
}

static void start_repeat(Reference *r) {
    for (size_t i = 0; i < r->nparams; i++) {
        IrRef leaf = find_leaf(r->canonical, r->params[i].uid);
        init_leaf(ir_get(r->canonical->graph, leaf), r->seed, r->repeat, r->hash,
                  r->params[i].value);
    }
}

/* scalars[step * nscalars + scalar], steps from the stage's first one */
static bool train(Reference *r, const Stage *stage, const Graded *graded, bool in_double,
                  double *scalars, NascError *err) {
    const IrModule *m = &stage->module;
    RefOptions options = {.precision = in_double ? REF_DOUBLE : REF_FLOAT,
                          .leaf = leaf_value,
                          .user = r,
                          .seed = r->seed};
    for (size_t i = 0; i < r->build->nnoises; i++)
        r->passes[i] = stage->first;
    if (!ref_train(&graded->module, stage->nscalars, graded->params, graded->nparams,
                   (int)stage->updated, &options, scalars, err))
        return false;
    if (stage->updated == stage->steps)
        return true;
    Arena last;
    arena_init(&last, "reference step");
    double **value = ARENA_ARRAY(&last, double *, stage->nscalars);
    bool ok = ref_eval(m->graph, m->roots, stage->nscalars, &options, &last, value, err);
    for (size_t i = 0; ok && i < stage->nscalars; i++)
        scalars[(size_t)(stage->steps - 1) * stage->nscalars + i] = value[i][0];
    arena_free(&last);
    return ok;
}

/* Copies the measures; false after the first step with a scalar that is not finite: the rest stays NaN. */
static bool keep_measures(const ProxyBuild *build, const Stage *stage, const double *scalars,
                          double *values) {
    size_t n = stage->nscalars;
    bool finite = true;
    for (size_t step = 0; finite && step < (size_t)stage->steps; step++)
        for (size_t i = 0; i < n; i++) {
            double x = scalars[step * n + i];
            finite &= (bool)isfinite(x);
            if (i >= stage->trains)
                values[((size_t)stage->first + step) * build->nmeasures +
                       stage->measure[i - stage->trains]] = x;
        }
    return finite;
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
    Stages stages;
    stages_make(build, arena, &stages);
    Reference r = {.build = build,
                   .run = run,
                   .canonical = &stages.canonical,
                   .hash = stages.hash,
                   .seed = seed,
                   .passes = ARENA_ARRAY(arena, int64_t, build->nnoises + 1)};
    find_params(&r, &stages, arena);
    Graded *graded = ARENA_ARRAY(arena, Graded, stages.n);
    size_t nscalars = 0;
    for (size_t i = 0; i < stages.n; i++) {
        const Stage *s = &stages.items[i];
        if (!with_gradients(&r, s, arena, &graded[i], err))
            return false;
        nscalars = MAX(nscalars, (size_t)s->steps * s->nscalars);
    }
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    *out = (Measured){.repeats = repeats, .steps = build->steps, .nmeasures = build->nmeasures};
    out->values = nasc_alloc(MAX(1, (size_t)repeats * per_repeat) * sizeof *out->values);
    for (size_t i = 0; i < (size_t)repeats * per_repeat; i++)
        out->values[i] = NAN;
    double *scalars = ARENA_ARRAY(arena, double, nscalars + 1);
    for (int64_t repeat = 0; repeat < repeats; repeat++) {
        r.repeat = (uint64_t)repeat;
        start_repeat(&r);
        bool go_on = true;
        for (size_t i = 0; go_on && i < stages.n; i++) {
            const Stage *s = &stages.items[i];
            if (!train(&r, s, &graded[i], in_double, scalars, err))
                return false;
            go_on = keep_measures(build, s, scalars, out->values + (size_t)repeat * per_repeat);
        }
    }
    if (params)
        put_params(&r, params);
    return true;
}
