#include "runtime/search.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "runtime/pool.h"
#include "runtime/stages.h"

/* A point while it is worked on. */
typedef struct Live {
    const Architecture *point;
    int64_t repeats;
    Proxy *proxy, *zero; /* zero: the same at alpha = 0, NULL if it is the same or there is none */
    RunValues run;
    size_t done;
    bool ready, finished;
} Live;

typedef struct Search {
    const RankJob *job;
    SearchResult *r;
    pthread_mutex_t front, lock; /* the frontend and run values; points and their order */
    pthread_cond_t changed;
    Live *live;
    size_t prefix; /* points 0 .. prefix - 1 are finished */
    bool stopped;
    WorkerMemory *memory;
    size_t failed;
    Candidate shown; /* the best so far, for the status line */
} Search;

/* The selection set. */

static void warn(const RankJob *job, const char *text) {
    if (job->warn)
        job->warn(job->user, text);
}

/* The networks of the selection that count: each once, by its first row. */
static void take_networks(const RankJob *job, SearchResult *r) {
    size_t n = r->selection.n;
    bool *seen = nasc_alloc_zero(MAX(n, 1) * sizeof *seen);
    r->selected = ARENA_ARRAY(&r->arena, size_t, n);
    r->metric = ARENA_ARRAY(&r->arena, double, n);
    const char **first = ARENA_ARRAY(&r->arena, const char *, n);
    for (size_t i = 0; i < n; i++) {
        const Candidate *c = &r->selection.candidates[i];
        if (c->status != SCORE_OK)
            continue;
        if (seen[c->network]) {
            char text[500];
            snprintf(text, sizeof text,
                     "%s: '%.150s' and '%.150s' are the same network; the first one counts",
                     r->action->sets[0].table, first[c->network], c->arch);
            warn(job, text);
            continue;
        }
        seen[c->network] = true;
        first[c->network] = c->arch;
        r->selected[r->nselection] = i;
        r->metric[r->nselection++] = c->metric;
    }
    free(seen);
}

enum { FEWEST = 3, FEW = 10 };

static NascStatus read_selection(const RankJob *job, SearchResult *r, NascError *err) {
    RankJob sizes = *job;
    sizes.jit = NULL;
    NascStatus status = rank_run(&sizes, &r->selection, err);
    if (status != NASC_OK)
        return status;
    take_networks(job, r);
    if (r->nselection < FEWEST)
        return nasc_fail(err, NASC_PROGRAM_ERROR,
                         "%s: %zu different networks are too few to select by; a selection "
                         "set needs at least %d, better 20",
                         r->action->sets[0].table, r->nselection, FEWEST);
    bool varies = false;
    for (size_t i = 1; i < r->nselection; i++)
        varies |= r->metric[i] != r->metric[0];
    if (!varies)
        return nasc_fail(err, NASC_PROGRAM_ERROR,
                         "%s: all %zu architectures have the same %s, so nothing ranks them",
                         r->action->sets[0].table, r->nselection, r->selection.metric_name);
    if (r->nselection < FEW) {
        char text[200];
        snprintf(text, sizeof text,
                 "%s: with %zu architectures the choice is mostly chance; 20 are usual",
                 r->action->sets[0].table, r->nselection);
        warn(job, text);
    }
    return NASC_OK;
}

/* The texts of the selection that are architectures of another space too. */
static size_t texts_in(const SearchResult *r, Space *space, Arena *arena, const char **out) {
    size_t n = 0;
    for (size_t i = 0; i < r->selection.n; i++) {
        const Candidate *c = &r->selection.candidates[i];
        if (c->status == SCORE_OK && space_parse(space, arena, c->arch, strlen(c->arch), true))
            out[n++] = c->arch;
    }
    return n;
}

static void take_forms(SearchResult *r, const RankResult *from) {
    for (size_t i = 0; i < from->n; i++)
        if (from->candidates[i].status == SCORE_OK)
            r->taken[r->ntaken++] = (TakenNetwork){
                from->candidates[i].form, arena_strdup(&r->arena, from->candidates[i].arch)};
}

/* What the evaluation must not hold: the networks of the selection, and what the same decisions make in the evaluation's
 * space where that is another, such as the full width of a narrowed one. */
static NascStatus take_selection(const RankJob *job, SearchResult *r, NascError *err) {
    const Action *e = r->action->evaluation;
    r->taken = ARENA_ARRAY(&r->arena, TakenNetwork, 2 * r->selection.n);
    take_forms(r, &r->selection);
    if (!e || e->sets[0].space == r->action->sets[0].space)
        return NASC_OK;
    const char **texts = ARENA_ARRAY(&r->arena, const char *, r->selection.n);
    Action list = *e;
    CandidateSet set = e->sets[0];
    set.kind = CANDIDATES_LIST;
    set.n = (int64_t)texts_in(r, set.space, &r->arena, texts);
    set.list = texts;
    list.sets = &set;
    RankJob sizes = *job;
    RankResult there;
    sizes.action = &list;
    sizes.jit = NULL;
    NascStatus status = rank_run(&sizes, &there, err);
    if (status == NASC_OK)
        take_forms(r, &there);
    rank_free(&there);
    return status;
}

static const TakenNetwork *find_taken(const SearchResult *r, const Candidate *c) {
    for (size_t i = 0; c->status == SCORE_OK && i < r->ntaken; i++)
        if (hash128_equal(r->taken[i].form, c->form))
            return &r->taken[i];
    return NULL;
}

/* Selection and evaluation never overlap, by what the networks are and not by how they are written. */
static NascStatus check_apart(const RankJob *job, SearchResult *r, NascError *err) {
    const Action *e = r->action->evaluation;
    NascStatus status = take_selection(job, r, err);
    if (status != NASC_OK || !e || e->sets[0].drop_overlap)
        return status;
    RankJob sizes = *job;
    RankResult other;
    sizes.action = e;
    sizes.jit = NULL;
    sizes.warn = NULL; /* told when it is scored */
    status = rank_run(&sizes, &other, err);
    size_t n = 0;
    const Candidate *first = NULL;
    const TakenNetwork *same = NULL;
    for (size_t i = 0; status == NASC_OK && i < other.n; i++) {
        const TakenNetwork *hit = find_taken(r, &other.candidates[i]);
        n += hit != NULL;
        if (hit && !first) {
            first = &other.candidates[i];
            same = hit;
        }
    }
    if (n)
        status = nasc_fail(err, NASC_PROGRAM_ERROR,
                           "selection and evaluation overlap: %zu of the evaluation (%s), '%.100s' "
                           "for one, are networks of the selection (%s: '%.100s'); take other "
                           "rows, or leave them out "
                           "with rows(.., overlap: drop)",
                           n, e->sets[0].table, first->arch, r->action->sets[0].table, same->arch);
    rank_free(&other);
    return status;
}

/* Points. */

static Proxy *open_zero(Search *s, const Architecture *point) {
    if (!s->r->has_zero)
        return NULL;
    char *text = search_without_size(point);
    Proxy *p =
        strcmp(text, architecture_text(point)) ? proxy_open(s->job->action->proxy, text) : NULL;
    free(text);
    return p;
}

static RandomStream stream_for(const Search *s, const char *what) {
    return random_stream(s->r->action->engine.seed, 0, RANDOM_MUTATE,
                         hash128(what, strlen(what), 0x647073));
}

/* The best of a tournament among the last `population` points up to t - lag; ties go to the older one. */
static size_t choose_parent(const Search *s, size_t t) {
    const SearchEngine *e = &s->r->action->engine;
    size_t last = t - (size_t)e->lag,
           first = last + 1 > (size_t)e->population ? last + 1 - (size_t)e->population : 0;
    RandomStream stream = stream_for(s, "tournament");
    size_t best = SIZE_MAX;
    for (int64_t i = 0; i < e->tournament; i++) {
        uint64_t at = (uint64_t)t * (uint64_t)e->tournament + (uint64_t)i;
        size_t k = first + (size_t)random_below(stream, at, last - first + 1);
        double mine = s->r->points[k].fitness;
        if (best == SIZE_MAX || mine > s->r->points[best].fitness ||
            (mine == s->r->points[best].fitness && k < best))
            best = k;
    }
    return best;
}

/* Makes point t; the lock is held. False if the space has no further point. */
static bool breed(Search *s, size_t t) {
    const SearchEngine *e = &s->r->action->engine;
    Space *space = proxy_space(s->job->action->proxy);
    SearchPoint *p = &s->r->points[t];
    Live *l = &s->live[t];
    p->parent = -1;
    if (e->random || (int64_t)t < e->population || (int64_t)t < e->lag) {
        l->point = space_sample(space, &s->r->arena, stream_for(s, "draw"), t);
    } else {
        p->parent = (int64_t)choose_parent(s, t);
        l->point = space_mutate(space, &s->r->arena, s->live[p->parent].point,
                                stream_for(s, "mutate"), t, e->mutation);
    }
    if (!l->point)
        return false;
    p->choices = architecture_text(l->point);
    l->proxy = proxy_open(s->job->action->proxy, p->choices);
    l->repeats = proxy_repeats(l->proxy);
    l->zero = open_zero(s, l->point);
    l->run = (RunValues){.seed = s->job->seed, .jit = s->job->jit};
    p->scores = ARENA_ARRAY(&s->r->arena, double, 2 * s->r->nselection);
    p->zero_scores = p->scores + s->r->nselection;
    for (size_t i = 0; i < 2 * s->r->nselection; i++)
        p->scores[i] = NAN;
    l->ready = true;
    return true;
}

static void release(Live *l) {
    if (l->proxy) {
        run_values_free(&l->run);
        proxy_close(l->proxy);
    }
    if (l->zero)
        proxy_close(l->zero);
    l->proxy = l->zero = NULL;
}

/* Waits until point t is there; it is made by whoever comes first once the results it may see are. */
static bool await_point(Search *s, size_t t) {
    size_t lag = (size_t)s->r->action->engine.lag;
    pthread_mutex_lock(&s->lock);
    while (!s->live[t].ready && !s->stopped) {
        if (s->prefix + lag > t) {
            pthread_mutex_lock(&s->front);
            s->stopped |= !breed(s, t);
            pthread_mutex_unlock(&s->front);
            pthread_cond_broadcast(&s->changed);
        } else {
            pthread_cond_wait(&s->changed, &s->lock);
        }
    }
    bool ok = s->live[t].ready;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static double mean_score(Proxy *zero, ProxyBuild *b, const Measured *m) {
    size_t per_repeat = (size_t)m->steps * m->nmeasures;
    double sum = 0;
    for (int64_t k = 0; k < m->repeats; k++) {
        const double *values = m->values + (size_t)k * per_repeat;
        sum += zero ? proxy_score_by(zero, b, values) : proxy_score(b, values);
    }
    return sum / (double)m->repeats;
}

static double work_of(const ProxyBuild *b) {
    IrSizes sizes;
    double passes = (double)b->passes * (b->ntrainings ? 3 : 1) + (double)(b->steps - b->passes);
    return ir_sizes(&b->module, &sizes) ? (double)sizes.live_macs * passes : 0;
}

/* Builds network k under point t; the front is held. */
static bool build(Search *s, Live *l, size_t k, Arena *arena, ProxyBuild *out, NascError *err) {
    Space *space = s->job->action->sets[0].space;
    const Candidate *c = &s->r->selection.candidates[s->r->selected[k]];
    Architecture *a = space_parse(space, arena, c->arch, strlen(c->arch), false);
    if (!a || !proxy_build(l->proxy, space, a, &c->sizes, arena, out))
        return false;
    ProxyRun run = proxy_run(l->proxy);
    return run_values_update(&l->run, &run, err);
}

/* Scores network k under point t. */
static bool score(Search *s, int worker, size_t t, size_t k, double *work, NascError *err) {
    Live *l = &s->live[t];
    SearchPoint *p = &s->r->points[t];
    Arena arena;
    arena_init(&arena, "candidate");
    ProxyBuild b;
    Measured m = {0};
    PlanProfile profile = {0};
    pthread_mutex_lock(&s->front);
    bool built = build(s, l, k, &arena, &b, err);
    pthread_mutex_unlock(&s->front);
    bool ok = !err->message[0];
    if (ok && built) {
        ScorerOptions how = {s->job->direct, s->job->profile ? &profile : NULL, s->job->journal};
        ok = scorer_measure(s->job->jit, &how, &b, &l->run, s->job->seed, l->repeats, &arena,
                            &s->memory[worker], &m, err);
    }
    if (ok && built) {
        pthread_mutex_lock(&s->front);
        p->scores[k] = mean_score(NULL, &b, &m);
        p->zero_scores[k] = l->zero ? mean_score(l->zero, &b, &m) : p->scores[k];
        *work = work_of(&b) * (double)m.repeats;
        if (s->job->profile)
            plan_profile_add(&s->job->profile->kernels, &profile);
        pthread_mutex_unlock(&s->front);
    }
    free(m.values);
    arena_free(&arena);
    return ok;
}

/* Point t has all its scores; the lock is held. */
static void finish_point(Search *s, size_t t) {
    SearchPoint *p = &s->r->points[t];
    search_rate(s->r, p);
    release(&s->live[t]);
    s->live[t].finished = true;
    s->r->finished++;
    s->failed += p->failed > 0;
    if (s->shown.arch == NULL || p->fitness > s->shown.score)
        s->shown = (Candidate){.arch = p->choices, .score = p->fitness};
    while (s->prefix < s->r->npoints && s->live[s->prefix].finished)
        s->prefix++;
    if (s->job->progress)
        s->job->progress(s->job->user, "searching", s->r->finished, s->r->npoints, s->failed,
                         &s->shown);
}

static bool work_item(void *user, int worker, size_t item, NascError *err) {
    Search *s = user;
    size_t t = item / s->r->nselection, k = item % s->r->nselection;
    double work = 0;
    bool ok = await_point(s, t) && score(s, worker, t, k, &work, err);
    pthread_mutex_lock(&s->lock);
    if (ok) {
        s->r->points[t].work += work;
        if (++s->live[t].done == s->r->nselection)
            finish_point(s, t);
    } else {
        s->stopped = true;
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

/* The training of network 0 under a point, as a hash. */
static bool training_of(Search *s, const char *choices, Hash128 *out, NascError *err) {
    Live l = {.proxy = proxy_open(s->job->action->proxy, choices),
              .run = {.seed = s->job->seed, .jit = s->job->jit}};
    Arena arena;
    arena_init(&arena, "candidate");
    ProxyBuild b;
    bool ok = build(s, &l, 0, &arena, &b, err);
    if (ok) {
        Stages stages;
        stages_make(&b, &arena, &stages);
        *out = stages_key(&stages);
    }
    arena_free(&arena);
    run_values_free(&l.run);
    proxy_close(l.proxy);
    return ok;
}

/* A choice `alpha` that can be 0 and enters only the score is the size factor: every point is also rated without. */
static bool find_size_factor(Search *s, NascError *err) {
    Space *space = proxy_space(s->job->action->proxy);
    bool found = false;
    Arena arena;
    arena_init(&arena, "point");
    for (uint64_t i = 0; i < 16 && !found && !err->message[0]; i++) {
        Architecture *point = space_sample(space, &arena, stream_for(s, "factor"), i);
        char *text = point ? search_without_size(point) : NULL;
        if (!text)
            break;
        Architecture *zero = space_parse(space, &arena, text, strlen(text), true);
        Hash128 a, b;
        if (zero && strcmp(text, architecture_text(point)) != 0 &&
            training_of(s, architecture_text(point), &a, err) && training_of(s, text, &b, err))
            found = hash128_equal(a, b);
        free(text);
    }
    arena_free(&arena);
    s->r->has_zero = found;
    return !err->message[0];
}

static NascStatus run_points(Search *s, NascError *err) {
    SearchResult *r = s->r;
    r->npoints = (size_t)r->action->engine.budget;
    r->points = ARENA_ARRAY(&r->arena, SearchPoint, r->npoints);
    for (size_t t = 0; t < r->npoints; t++)
        r->points[t] = (SearchPoint){.parent = -1, .fitness = NAN, .rho = NAN, .rho_zero = NAN};
    s->live = nasc_alloc_zero(r->npoints * sizeof *s->live);
    s->memory = nasc_alloc_zero((size_t)s->job->workers * sizeof *s->memory);
    PoolJob pool = {r->npoints * r->nselection,
                    s->job->workers,
                    work_item,
                    NULL,
                    s,
                    s->job->interrupt,
                    s->job->profile ? &s->job->profile->waiting : NULL};
    if (find_size_factor(s, err))
        pool_run(&pool, err);
    for (size_t t = 0; t < r->npoints; t++)
        release(&s->live[t]);
    for (int i = 0; i < s->job->workers; i++)
        memory_free(&s->memory[i]);
    free(s->memory);
    free(s->live);
    if (err->message[0])
        return err->status;
    r->interrupted = s->job->interrupt && *s->job->interrupt;
    return s->stopped ? NASC_PROGRAM_ERROR : NASC_OK;
}

NascStatus search_run(const RankJob *job, SearchResult *r, NascError *err) {
    double wall = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    *r = (SearchResult){.action = job->action, .best = -1, .best_zero = -1};
    arena_init(&r->arena, "search");
    Search s = {.job = job, .r = r};
    pthread_mutex_init(&s.front, NULL);
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    NascStatus status = read_selection(job, r, err);
    if (status == NASC_OK)
        status = check_apart(job, r, err);
    if (status == NASC_OK)
        status = run_points(&s, err);
    pthread_cond_destroy(&s.changed);
    pthread_mutex_destroy(&s.lock);
    pthread_mutex_destroy(&s.front);
    if (status != NASC_OK)
        return status;
    search_choose(r, job->seed);
    if (r->interrupted)
        return NASC_OK;
    if (r->best < 0)
        return nasc_fail(err, NASC_NOTHING_SCORED,
                         "not one of %zu proxies ranks the selection: %zu gave some architecture "
                         "no number (nan or inf), the others one number to all",
                         r->npoints, s.failed);
    status = search_evaluate(job, r, err);
    r->tuned.ranking.seconds = clock_seconds(CLOCK_MONOTONIC) - wall;
    r->tuned.ranking.cpu_seconds = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return status;
}

void search_free(SearchResult *r) {
    SearchValue *values[] = {&r->tuned, &r->fixed, &r->zero};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (values[i]->scored) {
            evaluation_free(&values[i]->value);
            rank_free(&values[i]->ranking);
        }
    rank_free(&r->selection);
    arena_free(&r->arena);
}
