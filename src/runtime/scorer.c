#include "runtime/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "codegen/layout.h"
#include "runtime/blas.h"
#include "runtime/ref.h"
#include "runtime/stages.h"

static void fill_inputs(const Plan *plan, const ProxyBuild *build, const RunValues *run,
                        char *base) {
    for (size_t i = 0; i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op != IR_OP_input || leaf->uid >= PROXY_NOISE_SLOT)
            continue;
        const RunValue *v = run_value(run, build, leaf->uid);
        memory_write_leaf(leaf, &v->type, v->dense, base);
    }
}

/* Initial values come in doubles, a piece at a time. */
static void draw_leaf(const PlanLeaf *leaf, const IrNode *node, uint64_t seed, uint64_t repeat,
                      Hash128 graph_hash, float *whole, char *base) {
    enum { PIECE = 1 << 10 };
    double piece[PIECE];
    float *to = leaf->lanes ? whole : (float *)(void *)(base + leaf->offset);
    for (int64_t at = 0; at < leaf->elements; at += PIECE) {
        int64_t n = MIN(leaf->elements - at, (int64_t)PIECE);
        init_part(node, seed, repeat, graph_hash, at, n, piece);
        for (int64_t k = 0; k < n; k++)
            to[at + k] = (float)piece[k];
    }
    if (leaf->lanes)
        memory_write_leaf(leaf, &node->type, whole, base);
}

static void fill_weights(const Plan *plan, uint64_t seed, uint64_t repeat, float *whole,
                         char *base) {
    for (size_t i = 0; i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op != IR_OP_input)
            draw_leaf(leaf, ir_get(plan->module.graph, leaf->node), seed, repeat, plan->hash, whole,
                      base);
    }
    memset(base + plan->zero_offset, 0, (size_t)plan->zero_bytes);
    plan_run(plan, PLAN_SETUP, base);
}

/* Inputs that are new at this forward pass. */
static void fill_noise(const Plan *plan, const ProxyBuild *build, uint64_t seed, uint64_t repeat,
                       int64_t step, float *whole, char *base) {
    for (size_t i = 0; build->nnoises && i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op != IR_OP_input || leaf->uid < PROXY_NOISE_SLOT)
            continue;
        const ProxyNoise *noise = &build->noises[leaf->uid - PROXY_NOISE_SLOT];
        RandomStream stream =
            random_stream(seed, repeat, RANDOM_NOISE, proxy_noise_identity(noise->key, step));
        for (int64_t k = 0; k < leaf->elements; k++)
            whole[k] = (float)(noise->mean + noise->deviation * random_normal(stream, (uint64_t)k));
        memory_write_leaf(leaf, &ir_get(plan->module.graph, leaf->node)->type, whole, base);
    }
}

static void run_part(const Plan *plan, int part, PlanProfile *profile, char *base) {
    if (profile)
        plan_run_profiled(plan, part, base, profile);
    else
        plan_run(plan, part, base);
}

/* A candidate ready to run: a plan for each stage. */
typedef struct Planned {
    const Stages *stages;
    Plan *plans;
    int64_t arena_bytes, largest; /* of the largest plan; as largest_whole() */
    size_t nodes;                 /* of the canonical module, as it was before it had gradients */
    char **kept;                  /* trained leaves between stages, by canonical node */
} Planned;

/* The forward passes of one stage: scalars go where the proxy wants them. False once one is not finite. */
static bool run_stage(const Stage *s, const Plan *plan, const ProxyBuild *build,
                      PlanProfile *profile, uint64_t seed, uint64_t repeat, float *whole,
                      char *base, double *values) {
    for (int64_t k = 0; k < s->steps; k++) {
        double *row = values + (size_t)(s->first + k) * build->nmeasures;
        fill_noise(plan, build, seed, repeat, s->first + k, whole, base);
        run_part(plan, PLAN_FORWARD, profile, base);
        bool finite = true;
        for (size_t i = 0; i < plan->nscalars; i++) {
            double x = *(const float *)(base + plan->scalar_offset[i]);
            finite &= (bool)isfinite(x);
            if (i >= s->trains)
                row[s->measure[i - s->trains]] = x;
        }
        if (!finite)
            return false;
        if (k == s->updated)
            return true;
        run_part(plan, PLAN_BACKWARD, profile, base);
        run_part(plan, PLAN_UPDATE, profile, base);
    }
    return true;
}

static bool same_order(const IrType *a, const IrType *b) {
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->axis[i] == b->axis[i] && a->size[i] == b->size[i];
    return same;
}

/* Trained leaves leave the memory of a plan, and enter that of the next one. */
static void move_trained(const Planned *p, const Plan *plan, bool out, char *base) {
    const IrGraph *g = p->stages->canonical.graph;
    for (size_t i = 0; i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        for (size_t k = 0; leaf->op == IR_OP_param && k < p->nodes; k++) {
            const IrNode *node = ir_get(g, (IrRef)k);
            if (!p->kept[k] || node->attr->uid != leaf->uid)
                continue;
            size_t bytes = (size_t)layout_of(&node->type).bytes;
            CHECK(same_order(&node->type, &ir_get(plan->module.graph, leaf->node)->type));
            memcpy(out ? p->kept[k] : base + leaf->offset, out ? base + leaf->offset : p->kept[k],
                   bytes);
        }
    }
}

/* Elements of the largest leaf that is first made row-major and as a whole. */
static int64_t largest_whole(const Plan *plan) {
    int64_t n = 0;
    for (size_t i = 0; i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op == IR_OP_input ? leaf->uid >= PROXY_NOISE_SLOT : leaf->lanes)
            n = MAX(n, leaf->elements);
    }
    return n;
}

/* What a training measures is a function of these alone: its stages (the canonical graph, which also names the random
 * streams of its leaves, how leaves are updated, steps), the content of the inputs, the seed and the kind of code. The
 * repeat is added by the caller. The score expression takes no part: settings that only enter it share trainings. */
static Hash128 training_key(const ProxyBuild *build, const Stages *stages, const RunValues *run,
                            uint64_t seed, const char *target, bool direct) {
    Buf b = {0};
    const IrGraph *g = stages->canonical.graph;
    Hash128 stages_are = stages_key(stages);
    buf_put_word(&b, stages_are.hi);
    buf_put_word(&b, stages_are.lo);
    for (size_t i = 0, n = ir_graph_len(g); i < n; i++) {
        const IrNode *node = ir_get(g, (IrRef)i);
        if (node->op != IR_OP_input)
            continue;
        buf_put_word(&b, node->attr->uid);
        if (node->attr->uid >= PROXY_NOISE_SLOT) {
            const ProxyNoise *noise = &build->noises[node->attr->uid - PROXY_NOISE_SLOT];
            buf_put_real(&b, noise->mean);
            buf_put_real(&b, noise->deviation);
            buf_put_word(&b, noise->key.hi);
            buf_put_word(&b, noise->key.lo);
            continue;
        }
        const RunValue *v = run_value(run, build, node->attr->uid);
        buf_put_word(&b, v->hash.hi);
        buf_put_word(&b, v->hash.lo);
    }
    buf_put_word(&b, build->nmeasures);
    buf_put_word(&b, seed);
    buf_put_word(&b, direct);
    buf_puts(&b, target);
    Hash128 key = hash128(b.text, b.len, 0x7363);
    buf_free(&b);
    return key;
}

/* Key of one repeat of a training. */
static Hash128 repeat_key(Hash128 training, int64_t repeat) {
    return hash128_combine(training, (Hash128){.hi = 0, .lo = (uint64_t)repeat});
}

/* Takes the repeats that the journal knows and marks them; returns how many are missing. */
static int64_t recall(Journal *journal, Hash128 key, Measured *out, bool *known) {
    int64_t missing = 0;
    size_t per_repeat = (size_t)out->steps * out->nmeasures;
    for (int64_t r = 0; r < out->repeats; r++) {
        JournalEntry e;
        known[r] =
            journal && journal_find(journal, repeat_key(key, r), &e) && e.nvalues == per_repeat;
        missing += !known[r];
        if (!known[r])
            continue;
        memcpy(out->values + (size_t)r * per_repeat, e.values, per_repeat * sizeof *e.values);
        out->seconds += e.seconds;
        out->arena_bytes = MAX(out->arena_bytes, e.arena_bytes);
    }
    return missing;
}

int64_t scorer_bytes(const Plan *plan) {
    return plan->arena_bytes + largest_whole(plan) * (int64_t)sizeof(float);
}

/* All stages of one repeat. */
static void train(const Planned *p, const ScorerOptions *how, const ProxyBuild *build,
                  const RunValues *run, uint64_t seed, uint64_t repeat, float *whole, char *base,
                  double *values) {
    for (size_t i = 0; i < p->stages->n; i++) {
        const Plan *plan = &p->plans[i];
        if (p->stages->n > 1)
            fill_inputs(plan, build, run, base);
        fill_weights(plan, seed, repeat, whole, base);
        if (i)
            move_trained(p, plan, false, base);
        if (!run_stage(&p->stages->items[i], plan, build, how->profile, seed, repeat, whole, base,
                       values))
            return;
        if (i + 1 < p->stages->n)
            move_trained(p, plan, true, base);
    }
}

/* Places for weights that some stage trains; they begin as every stage would draw them. */
static void prepare_kept(Planned *p, uint64_t seed, uint64_t repeat, float *whole) {
    const IrGraph *g = p->stages->canonical.graph;
    for (size_t k = 0; p->stages->n > 1 && k < p->nodes; k++) {
        const IrNode *node = ir_get(g, (IrRef)k);
        if (!p->kept[k])
            continue;
        PlanLeaf leaf = {.elements = ir_type_elements(&node->type),
                         .lanes = layout_of(&node->type).kind == LAYOUT_LANES};
        draw_leaf(&leaf, node, seed, repeat, p->stages->hash, whole, p->kept[k]);
    }
}

/* Trains the repeats that are not known. */
static bool train_missing(Planned *p, const ScorerOptions *how, const ProxyBuild *build,
                          const RunValues *run, uint64_t seed, const bool *known, Hash128 key,
                          Arena *arena, WorkerMemory *memory, Measured *out, NascError *err) {
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    if ((size_t)p->arena_bytes > memory->bytes &&
        !memory_suffices(p->arena_bytes, "training a network", err))
        return false;
    char *base = memory_reserve(memory, (size_t)p->arena_bytes);
    float *whole = ARENA_ARRAY(arena, float, p->largest);
    if (p->stages->n == 1)
        fill_inputs(&p->plans[0], build, run, base);
    for (int64_t r = 0; r < out->repeats; r++) {
        if (known[r])
            continue;
        double start = clock_seconds(CLOCK_THREAD_CPUTIME_ID),
               *values = out->values + (size_t)r * per_repeat;
        prepare_kept(p, seed, (uint64_t)r, whole);
        train(p, how, build, run, seed, (uint64_t)r, whole, base, values);
        JournalEntry e = {repeat_key(key, r), per_repeat, values,
                          clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start, p->arena_bytes};
        out->seconds += e.seconds;
        if (how->journal && !journal_add(how->journal, &e, err))
            return false;
    }
    return true;
}

/* Plans of all stages. Leaves have their random streams from the module of all. */
static bool plan_stages(Jit *jit, const ScorerOptions *how, const Stages *stages, Arena *arena,
                        Planned *out, double *jit_seconds, NascError *err) {
    PlanOptions options = {.fuse = true, .direct = how->direct};
    size_t nodes = ir_graph_len(stages->canonical.graph);
    *out = (Planned){.stages = stages,
                     .plans = ARENA_ARRAY(arena, Plan, stages->n),
                     .nodes = nodes,
                     .kept = ARENA_ARRAY(arena, char *, nodes)};
    for (size_t i = 0; i < stages->n; i++) {
        const Stage *s = &stages->items[i];
        Plan *plan = &out->plans[i];
        options.nscalars = s->nscalars;
        if (!plan_make(jit, arena, &s->module, s->updates, s->nupdates, &options, plan, err))
            return false;
        plan->hash = stages->hash;
        *jit_seconds += plan->jit_seconds;
        out->arena_bytes = MAX(out->arena_bytes, plan->arena_bytes);
        out->largest = MAX(out->largest, largest_whole(plan));
    }
    for (size_t k = 0; stages->n > 1 && k < nodes; k++) {
        const IrNode *node = ir_get(stages->canonical.graph, (IrRef)k);
        if (node->op == IR_OP_param && node->attr->size) {
            Layout l = layout_of(&node->type);
            if (l.kind == LAYOUT_LANES)
                out->largest = MAX(out->largest, ir_type_elements(&node->type));
            out->kept[k] = ARENA_ARRAY(arena, char, l.bytes);
        }
    }
    return true;
}

/* By the reference executor, in double: every repeat is run if one is missing. */
static bool measure_by_reference(const ScorerOptions *how, const ProxyBuild *build,
                                 const RunValues *run, uint64_t seed, Hash128 key, Arena *arena,
                                 Measured *out, NascError *err) {
    double start = clock_seconds(CLOCK_THREAD_CPUTIME_ID), *values = out->values;
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    Measured m;
    if (!scorer_measure_reference(build, run, seed, out->repeats, true, arena, &m, NULL, err))
        return false;
    double seconds = (clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start) / (double)out->repeats;
    bool ok = true;
    out->seconds = 0;
    memcpy(values, m.values, (size_t)out->repeats * per_repeat * sizeof *values);
    free(m.values);
    for (int64_t r = 0; ok && r < out->repeats; r++) {
        JournalEntry e = {repeat_key(key, r), per_repeat, values + (size_t)r * per_repeat, seconds,
                          0};
        out->seconds += seconds;
        ok = !how->journal || journal_add(how->journal, &e, err);
    }
    return ok;
}

/* What computes a build: code for a target, or the reference executor on a kind of BLAS kernels. */
static const char *executor_name(Jit *jit, const ProxyBuild *build, Arena *arena) {
    return build->reference ? arena_printf(arena, "reference, double, %s", blas_core())
                            : jit_target_name(jit);
}

bool scorer_measure(Jit *jit, const ScorerOptions *how, const ProxyBuild *build,
                    const RunValues *run, uint64_t seed, int64_t repeats, Arena *arena,
                    WorkerMemory *memory, Measured *out, NascError *err) {
    Stages stages;
    stages_make(build, arena, &stages);
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    *out = (Measured){.repeats = repeats, .steps = build->steps, .nmeasures = build->nmeasures};
    out->values = nasc_alloc(MAX(1, (size_t)repeats * per_repeat) * sizeof *out->values);
    for (size_t i = 0; i < (size_t)repeats * per_repeat; i++)
        out->values[i] = NAN;
    Hash128 key =
        training_key(build, &stages, run, seed, executor_name(jit, build, arena), how->direct);
    bool *known = ARENA_ARRAY(arena, bool, repeats + 1);
    if (recall(how->journal, key, out, known) == 0)
        return true;
    if (build->reference)
        return measure_by_reference(how, build, run, seed, key, arena, out, err);
    double start = clock_seconds(CLOCK_THREAD_CPUTIME_ID), jit_seconds = 0;
    Planned planned;
    if (!plan_stages(jit, how, &stages, arena, &planned, &jit_seconds, err))
        return false;
    out->arena_bytes = planned.arena_bytes;
    out->seconds += clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start - jit_seconds;
    return train_missing(&planned, how, build, run, seed, known, key, arena, memory, out, err);
}
