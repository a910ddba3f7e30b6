#include "runtime/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "runtime/blas.h"
#include "runtime/ref.h"

/* Optimizer settings become part of a leaf's identity before the graph is canonicalised: leaves that are
 * updated differently are not interchangeable. Group k is settings k - 1; 0 is never updated. */
typedef struct Groups {
    VEC(PlanUpdate) settings;
    int64_t *of_node;
} Groups;

static void find_groups(const ProxyBuild *build, Arena *arena, Groups *g) {
    g->of_node = ARENA_ARRAY(arena, int64_t, ir_graph_len(build->module.graph));
    for (size_t i = 0; build->trains && i < build->nparams; i++) {
        const TrainParam *p = &build->params[i];
        size_t k = 0;
        for (; k < g->settings.len; k++) {
            const PlanUpdate *s = &g->settings.items[k];
            if (s->lr == p->lr && s->momentum == p->momentum && s->decay == p->decay)
                break;
        }
        if (k == g->settings.len) {
            PlanUpdate settings = {.lr = p->lr, .momentum = p->momentum, .decay = p->decay};
            VEC_PUSH(g->settings, settings);
        }
        g->of_node[p->leaf] = (int64_t)k + 1;
    }
}

static IrModule copy_with_groups(const IrModule *m, const int64_t *group, Arena *arena) {
    size_t n = ir_graph_len(m->graph);
    IrModule out = {ir_graph_new(arena), m->nroots, ARENA_ARRAY(arena, IrRef, m->nroots),
                    m->root_names};
    IrRef *copy = ARENA_ARRAY(arena, IrRef, n);
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        if (node->op == IR_OP_param && group[i]) {
            IrAttr attr = *node->attr;
            attr.size = group[i];
            copy[i] = ir_leaf_with_uid(out.graph, node->op, &node->type, &attr, node->name);
        } else {
            IrRef *in = ARENA_ARRAY(arena, IrRef, node->nin + 1);
            for (uint32_t k = 0; k < node->nin; k++)
                in[k] = copy[node->in[k]];
            copy[i] = ir_copy(out.graph, node, in);
        }
    }
    for (size_t i = 0; i < m->nroots; i++)
        out.roots[i] = copy[m->roots[i]];
    return out;
}

void scorer_canonical(const ProxyBuild *build, Arena *arena, IrModule *canonical,
                      PlanUpdate **updates, size_t *nupdates) {
    Groups groups = {0};
    find_groups(build, arena, &groups);
    IrModule grouped = copy_with_groups(&build->module, groups.of_node, arena);
    *canonical = ir_canonicalise(arena, &grouped);
    size_t n = ir_graph_len(canonical->graph), kept = 0;
    *updates = ARENA_ARRAY(arena, PlanUpdate, n);
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(canonical->graph, (IrRef)i);
        if (node->op != IR_OP_param || node->attr->size == 0)
            continue;
        PlanUpdate u = groups.settings.items[node->attr->size - 1];
        u.uid = node->attr->uid;
        (*updates)[kept++] = u;
    }
    *nupdates = kept;
    VEC_FREE(groups.settings);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill_inputs(const Plan *plan, const RunValues *run, char *base) {
    for (size_t i = 0; i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op != IR_OP_input || leaf->uid >= PROXY_NOISE_SLOT)
            continue;
        CHECK(leaf->uid < run->values.len);
        const RunValue *v = &run->values.items[leaf->uid];
        memory_write_leaf(leaf, &v->type, v->dense, base);
    }
}

static void fill_weights(const Plan *plan, uint64_t seed, uint64_t repeat, double *scratch,
                         float *dense, char *base) {
    for (size_t i = 0; i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op == IR_OP_input)
            continue;
        const IrNode *node = ir_get(plan->module.graph, leaf->node);
        init_leaf(node, seed, repeat, plan->hash, scratch);
        for (int64_t k = 0; k < leaf->elements; k++)
            dense[k] = (float)scratch[k];
        memory_write_leaf(leaf, &node->type, dense, base);
    }
    memset(base + plan->zero_offset, 0, (size_t)plan->zero_bytes);
    plan_run(plan, PLAN_SETUP, base);
}

/* Inputs that are new at this forward pass. */
static void fill_noise(const Plan *plan, const ProxyBuild *build, uint64_t seed, uint64_t repeat,
                       int64_t step, float *dense, char *base) {
    for (size_t i = 0; build->nnoises && i < plan->nleaves; i++) {
        const PlanLeaf *leaf = &plan->leaves[i];
        if (leaf->op != IR_OP_input || leaf->uid < PROXY_NOISE_SLOT)
            continue;
        const ProxyNoise *noise = &build->noises[leaf->uid - PROXY_NOISE_SLOT];
        RandomStream stream =
            random_stream(seed, repeat, RANDOM_NOISE, proxy_noise_identity(noise->key, step));
        for (int64_t k = 0; k < leaf->elements; k++)
            dense[k] = (float)(noise->mean + noise->deviation * random_normal(stream, (uint64_t)k));
        memory_write_leaf(leaf, &ir_get(plan->module.graph, leaf->node)->type, dense, base);
    }
}

static void run_part(const Plan *plan, int part, PlanProfile *profile, char *base) {
    if (profile)
        plan_run_profiled(plan, part, base, profile);
    else
        plan_run(plan, part, base);
}

/* One training run: the scalars after each forward pass; NaN once one is not finite. The pass after the last
 * update needs no gradient, so the backward part runs steps - 1 times. */
static void train(const Plan *plan, const ProxyBuild *build, PlanProfile *profile, uint64_t seed,
                  uint64_t repeat, float *dense, char *base, double *values) {
    size_t first = build->trains ? 1 : 0, n = build->nmeasures;
    for (int64_t step = 0; step < build->steps; step++) {
        fill_noise(plan, build, seed, repeat, step, dense, base);
        run_part(plan, PLAN_FORWARD, profile, base);
        bool finite = true;
        for (size_t i = 0; i < plan->nscalars; i++) {
            double x = *(const float *)(base + plan->scalar_offset[i]);
            finite &= (bool)isfinite(x);
            if (i >= first)
                values[(size_t)step * n + i - first] = x;
        }
        if (!finite || step + 1 == build->steps)
            return;
        run_part(plan, PLAN_BACKWARD, profile, base);
        run_part(plan, PLAN_UPDATE, profile, base);
    }
}

static int64_t largest_leaf(const Plan *plan) {
    int64_t n = 1;
    for (size_t i = 0; i < plan->nleaves; i++)
        n = MAX(n, plan->leaves[i].elements);
    return n;
}

static void put_word(Buf *b, uint64_t x) {
    buf_append(b, &x, sizeof x);
}

static void put_real(Buf *b, double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_word(b, bits);
}

/* What a training measures is a function of these alone: the canonical graph (which also names the random streams
 * of its leaves), how leaves are updated, the content of the inputs, the steps, the seed and the kind of code. The
 * repeat is added by the caller. The score expression takes no part: settings that only enter it share trainings. */
static Hash128 training_key(const ProxyBuild *build, const IrModule *canonical,
                            const PlanUpdate *updates, size_t nupdates, const RunValues *run,
                            uint64_t seed, const char *target, bool direct) {
    Buf b = {0};
    Hash128 graph = ir_hash(canonical);
    put_word(&b, graph.hi);
    put_word(&b, graph.lo);
    for (size_t i = 0; i < nupdates; i++) {
        put_word(&b, updates[i].uid);
        put_real(&b, updates[i].lr);
        put_real(&b, updates[i].momentum);
        put_real(&b, updates[i].decay);
    }
    for (size_t i = 0, n = ir_graph_len(canonical->graph); i < n; i++) {
        const IrNode *node = ir_get(canonical->graph, (IrRef)i);
        if (node->op != IR_OP_input)
            continue;
        put_word(&b, node->attr->uid);
        if (node->attr->uid >= PROXY_NOISE_SLOT) {
            const ProxyNoise *noise = &build->noises[node->attr->uid - PROXY_NOISE_SLOT];
            put_real(&b, noise->mean);
            put_real(&b, noise->deviation);
            put_word(&b, noise->key.hi);
            put_word(&b, noise->key.lo);
            continue;
        }
        CHECK(node->attr->uid < run->values.len);
        put_word(&b, run->values.items[node->attr->uid].hash.hi);
        put_word(&b, run->values.items[node->attr->uid].hash.lo);
    }
    put_word(&b, (uint64_t)build->steps);
    put_word(&b, build->nmeasures);
    put_word(&b, build->trains);
    put_word(&b, seed);
    put_word(&b, direct);
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
    return plan->arena_bytes + largest_leaf(plan) * (int64_t)(sizeof(double) + sizeof(float));
}

/* Trains the repeats that are not known. */
static bool train_missing(const Plan *plan, const ScorerOptions *how, const ProxyBuild *build,
                          const RunValues *run, uint64_t seed, const bool *known, Hash128 key,
                          Arena *arena, WorkerMemory *memory, Measured *out, NascError *err) {
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    char *base = memory_reserve(memory, (size_t)plan->arena_bytes);
    int64_t largest = largest_leaf(plan);
    double *scratch = ARENA_ARRAY(arena, double, largest);
    float *dense = ARENA_ARRAY(arena, float, largest);
    fill_inputs(plan, run, base);
    for (int64_t r = 0; r < out->repeats; r++) {
        if (known[r])
            continue;
        double start = now(), *values = out->values + (size_t)r * per_repeat;
        fill_weights(plan, seed, (uint64_t)r, scratch, dense, base);
        train(plan, build, how->profile, seed, (uint64_t)r, dense, base, values);
        JournalEntry e = {repeat_key(key, r), per_repeat, values, now() - start, plan->arena_bytes};
        out->seconds += e.seconds;
        if (how->journal && !journal_add(how->journal, &e, err))
            return false;
    }
    return true;
}

/* By the reference executor, in double: every repeat is run if one is missing. */
static bool measure_by_reference(const ScorerOptions *how, const ProxyBuild *build,
                                 const RunValues *run, uint64_t seed, Hash128 key, Arena *arena,
                                 Measured *out, NascError *err) {
    double start = now(), *values = out->values;
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    Measured m;
    if (!scorer_measure_reference(build, run, seed, out->repeats, true, arena, &m, NULL, err))
        return false;
    double seconds = (now() - start) / (double)out->repeats;
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
    IrModule canonical;
    PlanUpdate *updates;
    size_t nupdates;
    scorer_canonical(build, arena, &canonical, &updates, &nupdates);
    size_t per_repeat = (size_t)build->steps * build->nmeasures;
    *out = (Measured){.repeats = repeats, .steps = build->steps, .nmeasures = build->nmeasures};
    out->values = nasc_alloc(MAX(1, (size_t)repeats * per_repeat) * sizeof *out->values);
    for (size_t i = 0; i < (size_t)repeats * per_repeat; i++)
        out->values[i] = NAN;
    Hash128 key = training_key(build, &canonical, updates, nupdates, run, seed,
                               executor_name(jit, build, arena), how->direct);
    bool *known = ARENA_ARRAY(arena, bool, repeats + 1);
    if (recall(how->journal, key, out, known) == 0)
        return true;
    if (build->reference)
        return measure_by_reference(how, build, run, seed, key, arena, out, err);
    double start = now();
    PlanOptions options = {.fuse = true, .direct = how->direct};
    Plan plan;
    if (!plan_make(jit, arena, &canonical, updates, nupdates, &options, &plan, err))
        return false;
    out->arena_bytes = plan.arena_bytes;
    out->seconds += now() - start - plan.jit_seconds;
    return train_missing(&plan, how, build, run, seed, known, key, arena, memory, out, err);
}
