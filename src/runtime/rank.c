#include "runtime/rank.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "runtime/candidates.h"
#include "runtime/curve.h"
#include "runtime/pool.h"
#include "runtime/stages.h"

/* The names of one network: candidates with the same canonical form. */
typedef struct Network {
    size_t first; /* the first candidate, whose text builds it */
    size_t *members;
    size_t nmembers;
} Network;

typedef struct Ranking {
    const RankJob *job;
    RankResult *result;
    pthread_mutex_t front; /* the frontend and the run values are used by one thread at a time */
    Network *networks;
    RunValues run;
    WorkerMemory *memory; /* by worker */
    size_t failed;
    bool observes;    /* the proxy tells apart networks that are one function */
    bool by_training; /* what it makes of them has to be looked at to tell which are the same */
    const Candidate *best;
} Ranking;

const char *score_status_text(ScoreStatus s) {
    static const char *const text[] = {"ok", "nan", "inf", "invalid", "missing"};
    return text[s];
}

static Space *space_of(const Ranking *r, const Candidate *c) {
    return r->job->action->sets[c->set].space;
}

/* What tells networks apart beyond their own form: what the proxy makes of them. To an observing proxy two networks
 * that are one function may be two, so it counts them by the canonical form of all that is measured. */
static bool key_as_trained(Ranking *r, Candidate *c, Arena *arena) {
    ProxyBuild built;
    Stages stages;
    Space *space = space_of(r, c);
    pthread_mutex_lock(&r->front);
    Architecture *a = space_parse(space, arena, c->arch, strlen(c->arch), false);
    bool ok = a && proxy_build(r->job->action->proxy, space, a, &c->sizes, arena, &built);
    pthread_mutex_unlock(&r->front);
    if (!ok)
        return false;
    stages_make(&built, arena, &stages);
    if (r->observes)
        c->hash = stages.hash;
    c->training = hash128_combine(
        stages_key(&stages), hash128(built.imports, built.nimports * sizeof *built.imports, 0));
    return true;
}

/* Sizes and hash of candidate i; its status becomes invalid if it cannot be built. */
static bool size_candidate(void *user, int worker, size_t i, NascError *err) {
    Ranking *r = user;
    Candidate *c = &r->result->candidates[i];
    Space *space = space_of(r, c);
    (void)worker;
    (void)err;
    if (c->status == SCORE_INVALID)
        return true;
    Arena arena;
    arena_init(&arena, "candidate");
    IrModule scored, cost;
    const char *cost_name = space_cost_network(space);
    pthread_mutex_lock(&r->front);
    Architecture *a = space_parse(space, &arena, c->arch, strlen(c->arch), false);
    bool ok = a && space_network_to_measure(space, a, NULL, LANES, &arena, &scored) &&
              (!cost_name || space_network_to_measure(space, a, cost_name, 1, &arena, &cost));
    pthread_mutex_unlock(&r->front);
    ok = ok && ir_sizes(cost_name ? &cost : &scored, &c->sizes);
    if (ok) {
        IrModule canonical = ir_canonicalise(&arena, &scored);
        c->form = c->hash = ir_hash(&canonical);
        ok = !r->by_training || key_as_trained(r, c, &arena);
    }
    c->status = ok ? SCORE_MISSING : SCORE_INVALID;
    arena_free(&arena);
    return true;
}

static void sized(void *user, size_t finished, size_t item) {
    Ranking *r = user;
    (void)item;
    if (r->job->progress)
        r->job->progress(r->job->user, "sizing", finished, r->result->n, 0, NULL);
}

typedef struct ByHash {
    Hash128 hash, training;
    size_t candidate;
} ByHash;

static int by_hash(const void *a, const void *b) {
    const ByHash *p = a, *q = b;
    int order = hash128_compare(p->hash, q->hash);
    order = order ? order : hash128_compare(p->training, q->training);
    return order ? order : p->candidate < q->candidate ? -1 : p->candidate > q->candidate;
}

static bool same_network(const ByHash *a, const ByHash *b) {
    return hash128_equal(a->hash, b->hash) && hash128_equal(a->training, b->training);
}

static int by_first(const void *a, const void *b) {
    const Network *p = a, *q = b;
    return p->first < q->first ? -1 : p->first > q->first;
}

/* Groups candidates with equal networks, in the order of their first candidate. */
static void group_networks(Ranking *r) {
    RankResult *res = r->result;
    ByHash *keys = nasc_alloc(MAX(res->n, 1) * sizeof *keys);
    size_t n = 0, count = 0;
    for (size_t i = 0; i < res->n; i++)
        if (res->candidates[i].status != SCORE_INVALID)
            keys[n++] = (ByHash){res->candidates[i].hash, res->candidates[i].training, i};
    qsort(keys, n, sizeof *keys, by_hash);
    r->networks = ARENA_ARRAY(&res->arena, Network, n);
    size_t *members = ARENA_ARRAY(&res->arena, size_t, n);
    for (size_t i = 0; i < n; i++) {
        members[i] = keys[i].candidate;
        if (i == 0 || !same_network(&keys[i], &keys[i - 1]))
            r->networks[count++] = (Network){keys[i].candidate, members + i, 0};
        r->networks[count - 1].nmembers++;
    }
    free(keys);
    qsort(r->networks, count, sizeof *r->networks, by_first);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < r->networks[k].nmembers; i++)
            res->candidates[r->networks[k].members[i]].network = k;
    res->networks = count;
}

/* Builds a candidate under the proxy; the front lock is held. */
static bool build(Ranking *r, const Candidate *c, Arena *arena, ProxyBuild *out, NascError *err) {
    Proxy *proxy = r->job->action->proxy;
    Space *space = space_of(r, c);
    Architecture *a = space_parse(space, arena, c->arch, strlen(c->arch), false);
    if (!a || !proxy_build(proxy, space, a, &c->sizes, arena, out))
        return false;
    ProxyRun run = proxy_run(proxy);
    return run_values_update(&r->run, &run, err);
}

static ScoreStatus status_of(double score, const double *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (isinf(values[i]))
            return SCORE_INF;
    return isnan(score) ? SCORE_NAN : isinf(score) ? SCORE_INF : SCORE_OK;
}

/* The score of one name of a measured network. */
static void score_candidate(Candidate *c, ProxyBuild *b, const Measured *m) {
    size_t per_repeat = (size_t)m->steps * m->nmeasures;
    double sum = 0;
    ScoreStatus status = SCORE_OK;
    for (int64_t k = 0; k < m->repeats; k++) {
        const double *values = m->values + (size_t)k * per_repeat;
        double score = proxy_score(b, values);
        ScoreStatus s = status_of(score, values, per_repeat);
        c->repeat_scores[k] = s == SCORE_OK ? score : NAN;
        sum += score;
        if (status == SCORE_OK)
            status = s;
    }
    c->status = status;
    c->score = status == SCORE_OK ? sum / (double)m->repeats : NAN;
    c->seconds = m->seconds / (double)m->repeats;
}

static bool same_sizes(const IrSizes *a, const IrSizes *b) {
    return a->params == b->params && a->macs == b->macs && a->live_macs == b->live_macs &&
           a->counted_macs == b->counted_macs;
}

/* The first measure, at the passes where it is measured. */
static void keep_losses(Arena *arena, Candidate *c, const ProxyBuild *b, const Measured *m) {
    bool at_end = b->measures[0].at_end;
    size_t n = at_end ? 1 : (size_t)b->passes, first = at_end ? (size_t)b->passes : 0;
    c->steps = (int64_t)n;
    c->losses = ARENA_ARRAY(arena, double, (size_t)m->repeats *n);
    for (size_t r = 0; r < (size_t)m->repeats; r++)
        for (size_t i = 0; i < n; i++)
            c->losses[r * n + i] = m->values[(r * (size_t)m->steps + first + i) * m->nmeasures];
}

static void keep_curve(RankResult *res, Candidate *c, const ProxyBuild *b, const Measured *m) {
    size_t points = curve_points(m->steps), per_repeat = (size_t)m->steps * m->nmeasures;
    c->curve = ARENA_ARRAY(&res->arena, double, points *(size_t)m->repeats);
    c->steps = m->steps;
    for (size_t k = 0; k < (size_t)m->repeats; k++)
        curve_scores(b, m->values + k * per_repeat, c->curve + k * points);
}

/* What is known of a name once its network is measured. */
static void note_candidate(Ranking *r, Candidate *c, ProxyBuild *b, const Measured *m) {
    score_candidate(c, b, m);
    if (r->job->keep_curve && r->result->has_metric && b->ntrainings && m->nmeasures &&
        b->steps == b->passes)
        keep_curve(r->result, c, b, m);
}

/* Scores every name of a network; names of another space or whose written sizes differ evaluate the score with their
 * own. */
static bool score_names(Ranking *r, const Network *net, ProxyBuild *first, const Measured *m,
                        NascError *err) {
    Candidate *all = r->result->candidates;
    for (size_t i = 0; i < net->nmembers; i++) {
        Candidate *c = &all[net->members[i]];
        if (r->job->keep_losses && m->nmeasures)
            keep_losses(&r->result->arena, c, first, m);
        const Candidate *built = &all[net->first];
        if (c->set == built->set && same_sizes(&c->sizes, &built->sizes)) {
            note_candidate(r, c, first, m);
            continue;
        }
        Arena arena;
        arena_init(&arena, "candidate");
        ProxyBuild own;
        bool ok = build(r, c, &arena, &own, err);
        if (ok)
            note_candidate(r, c, &own, m);
        else
            c->status = SCORE_INVALID;
        arena_free(&arena);
        if (err->message[0])
            return false;
    }
    return true;
}

static void mark_invalid(Ranking *r, const Network *net) {
    for (size_t i = 0; i < net->nmembers; i++)
        r->result->candidates[net->members[i]].status = SCORE_INVALID;
}

static bool measure(Ranking *r, int worker, const ScorerOptions *how, const ProxyBuild *built,
                    Arena *arena, Measured *m, NascError *err) {
    const RankJob *job = r->job;
    if (job->reference)
        return scorer_measure_reference(built, &r->run, job->seed, r->result->repeats,
                                        job->in_double, arena, m, NULL, err);
    return scorer_measure(job->jit, how, built, &r->run, job->seed, r->result->repeats, arena,
                          &r->memory[worker], m, err);
}

static bool score_network(void *user, int worker, size_t item, NascError *err) {
    Ranking *r = user;
    const Network *net = &r->networks[item];
    Arena arena;
    arena_init(&arena, "candidate");
    ProxyBuild first;
    Measured m = {0};
    pthread_mutex_lock(&r->front);
    bool built = build(r, &r->result->candidates[net->first], &arena, &first, err);
    pthread_mutex_unlock(&r->front);
    bool ok = !err->message[0];
    if (ok && !built)
        mark_invalid(r, net);
    if (ok && built) {
        PlanProfile profile = {0};
        ScorerOptions how = {r->job->direct, r->job->profile ? &profile : NULL, r->job->journal};
        ok = measure(r, worker, &how, &first, &arena, &m, err);
        pthread_mutex_lock(&r->front);
        if (ok) {
            ok = score_names(r, net, &first, &m, err);
            if (r->job->profile)
                plan_profile_add(&r->job->profile->kernels, &profile);
            r->result->by_reference |= first.reference || r->job->reference;
            r->result->arena_bytes = MAX(r->result->arena_bytes, m.arena_bytes);
        }
        pthread_mutex_unlock(&r->front);
    }
    free(m.values);
    arena_free(&arena);
    return ok;
}

static void scored(void *user, size_t finished, size_t item) {
    Ranking *r = user;
    const Network *net = &r->networks[item];
    for (size_t i = 0; i < net->nmembers; i++) {
        const Candidate *c = &r->result->candidates[net->members[i]];
        r->failed += c->status != SCORE_OK;
        if (c->status == SCORE_OK && (!r->best || c->score > r->best->score))
            r->best = c;
    }
    if (r->job->progress)
        r->job->progress(r->job->user, "scoring", finished, r->result->networks, r->failed,
                         r->best);
}

static double *waiting_of(const RankJob *job) {
    return job->profile ? &job->profile->waiting : NULL;
}

static NascStatus score_all(Ranking *r, NascError *err) {
    RankResult *res = r->result;
    for (size_t i = 0; i < res->n; i++) {
        res->candidates[i].repeat_scores = ARENA_ARRAY(&res->arena, double, res->repeats);
        for (int64_t k = 0; k < res->repeats; k++)
            res->candidates[i].repeat_scores[k] = NAN;
    }
    r->run = (RunValues){.seed = r->job->seed, .jit = r->job->jit};
    r->memory = nasc_alloc_zero((size_t)r->job->workers * sizeof *r->memory);
    PoolJob job = {res->networks,     r->job->workers,   score_network, scored, r,
                   r->job->interrupt, waiting_of(r->job)};
    pool_run(&job, err);
    for (int i = 0; i < r->job->workers; i++)
        memory_free(&r->memory[i]);
    free(r->memory);
    for (size_t i = 0; i < r->run.inputs.items.len; i++)
        inputs_add(&res->inputs, r->run.inputs.items.items[i].path,
                   r->run.inputs.items.items[i].sha256);
    run_values_free(&r->run);
    return err->message[0] ? err->status : NASC_OK;
}

static bool is_left_out(const RankJob *job, const Candidate *c) {
    for (size_t i = 0; c->status != SCORE_INVALID && i < job->nwithout; i++)
        if (hash128_equal(job->without[i], c->form))
            return true;
    return false;
}

static void leave_out(const RankJob *job, RankResult *res) {
    size_t kept = 0;
    for (size_t i = 0; i < res->n; i++)
        if (!is_left_out(job, &res->candidates[i]))
            res->candidates[kept++] = res->candidates[i];
    res->dropped = res->n - kept;
    res->n = kept;
}

static void count_outcomes(RankResult *res, const RankJob *job) {
    for (size_t i = 0; i < res->n; i++) {
        Candidate *c = &res->candidates[i];
        if (res->sizes_only && c->status == SCORE_MISSING)
            c->status = SCORE_OK;
        res->missing += c->status == SCORE_MISSING;
        res->failed +=
            c->status == SCORE_NAN || c->status == SCORE_INF || c->status == SCORE_INVALID;
    }
    res->interrupted = job->interrupt && *job->interrupt;
}

/* A curve needs that all that were scored have one, over the same steps. */
static void agree_on_curve(RankResult *res) {
    for (size_t i = 0; i < res->n; i++) {
        const Candidate *c = &res->candidates[i];
        if (c->status == SCORE_INVALID || c->status == SCORE_MISSING)
            continue;
        if (!c->curve || (res->curve_points && c->steps != res->curve_steps)) {
            res->curve_points = 0;
            return;
        }
        res->curve_steps = c->steps;
        res->curve_points = curve_points(c->steps);
    }
}

/* Every space is looked at, in order, before its networks are built side by side. */
static void look_at_proxy(Ranking *r) {
    const Action *a = r->job->action;
    for (size_t i = 0; r->job->jit && i < a->nsets; i++)
        r->observes |= proxy_observes(a->proxy, a->sets[i].space);
    r->by_training = r->observes || (r->job->jit && a->nsets > 1);
}

NascStatus rank_run(const RankJob *job, RankResult *res, NascError *err) {
    double wall = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    *res = (RankResult){.sizes_only = !job->jit,
                        .repeats = job->action->proxy ? proxy_repeats(job->action->proxy) : 1};
    arena_init(&res->arena, "ranking");
    Ranking r = {.job = job, .result = res};
    pthread_mutex_init(&r.front, NULL);
    NascStatus status = candidates_gather(job, res, err);
    if (status == NASC_OK) {
        look_at_proxy(&r);
        PoolJob sizing = {res->n, job->workers,   size_candidate, sized,
                          &r,     job->interrupt, waiting_of(job)};
        pool_run(&sizing, err);
        status = err->message[0] ? err->status : NASC_OK;
    }
    if (status == NASC_OK) {
        leave_out(job, res);
        group_networks(&r);
        if (job->jit)
            status = score_all(&r, err);
        count_outcomes(res, job);
        agree_on_curve(res);
    }
    pthread_mutex_destroy(&r.front);
    res->seconds = clock_seconds(CLOCK_MONOTONIC) - wall;
    res->cpu_seconds = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return status;
}

void rank_free(RankResult *res) {
    inputs_free(&res->inputs);
    arena_free(&res->arena);
}

typedef struct Placed {
    double key;
    const char *arch;
    size_t at;
} Placed;

static int by_place(const void *a, const void *b) {
    const Placed *p = a, *q = b;
    if (p->key != q->key)
        return p->key > q->key ? -1 : 1;
    int text = strcmp(p->arch, q->arch);
    return text ? text : p->at < q->at ? -1 : p->at > q->at;
}

size_t *rank_order(const RankResult *r) {
    Placed *p = nasc_alloc(MAX(r->n, 1) * sizeof *p);
    size_t *order = nasc_alloc(MAX(r->n, 1) * sizeof *order);
    for (size_t i = 0; i < r->n; i++) {
        const Candidate *c = &r->candidates[i];
        double key = r->sizes_only ? (double)c->sizes.live_macs : c->score;
        p[i] = (Placed){c->status == SCORE_OK ? key : -INFINITY, c->arch, i};
    }
    qsort(p, r->n, sizeof *p, by_place);
    for (size_t i = 0; i < r->n; i++)
        order[i] = p[i].at;
    free(p);
    return order;
}
