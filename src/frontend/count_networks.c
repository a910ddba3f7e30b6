/* Architectures of a space, and their different networks, where its points can be listed up to its symmetries. In: the
 * list. Out: exact numbers, by visiting every one, or estimates with a 95 % interval from architectures drawn without
 * repetition. Constraints on what a network costs, which the list does not know, are asked of each. Invariant: the draws
 * follow from the space alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/distinct.h"

/* At most so many are built unasked; when asked; drawn for an estimate. */
enum { MAX_BUILT = 20000, MAX_BUILT_EXACT = 10000000, DRAWS = 4000, SHARE_DRAWS = 1000 };

static int64_t pick_made(void *user, Session *s, const char *address, const EvalDomain *d) {
    (void)s;
    (void)d;
    return assignment_index(user, address);
}

/* A point of the list: 1 within the constraints, 0 not, -1 a mistake. Its network's hash, if asked for. */
static int visit(const Space *space, const DistinctTable *t, Assignment *made, Arena *arena,
                 Hash128 *out) {
    Session s;
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = arena,
                                   .oracle = {.user = made, .pick = pick_made},
                                   .unnamed = true});
    SpaceUse *use = session_space(&s, space);
    bool ok = use && session_decide_all(&s, space, use);
    int violated = !ok ? -2 : distinct_complete(t) ? -1 : session_first_violated(&s, use);
    if (violated == -1 && out && !count_network(&s, use, arena, out))
        violated = -2;
    session_end(&s, true);
    return violated == -2 ? -1 : violated == -1;
}

static bool going_on(const CountOptions *o, uint64_t done, uint64_t total) {
    if (o->progress && done)
        o->progress(o->user, (size_t)done, (size_t)total);
    return !(o->interrupt && *o->interrupt);
}

/* What is counted: architectures within the constraints, and of these the networks if they are wanted. */
typedef struct Visited {
    bool want_networks;
    HashSet networks;
    uint64_t within;
} Visited;

static bool visit_all(const Space *space, const DistinctTable *t, uint64_t n,
                      const CountOptions *options, Visited *v) {
    Arena arena;
    bool ok = true;
    arena_init(&arena, "count");
    for (uint64_t i = 0; ok && i < n; i++) {
        Assignment made = distinct_point(t, i, &arena);
        Hash128 network;
        int holds = going_on(options, i, n)
                        ? visit(space, t, &made, &arena, v->want_networks ? &network : NULL)
                        : -1;
        ok = holds >= 0;
        v->within += holds > 0;
        if (holds > 0 && v->want_networks)
            hash_set_add(&v->networks, network);
        arena_reset(&arena);
    }
    if (ok)
        going_on(options, n, n);
    arena_free(&arena);
    return ok;
}

static Hash128 assignment_key(const Assignment *a) {
    Hash128 h = {a->n, 0};
    for (size_t i = 0; i < a->n; i++)
        h = hash128_combine(
            h, hash128(a->addresses[i], strlen(a->addresses[i]), (uint64_t)a->indices[i]));
    return h;
}

/* n different architectures are drawn; networks of those within the constraints, unless NULL. How many these are, or
 * -1. */
static int64_t draw(const Space *space, const DistinctTable *t, const CountOptions *options,
                    Hash128 *networks, size_t n) {
    RandomStream stream = random_stream(0, 0, RANDOM_SAMPLE, hash128("count", 5, 1));
    HashSet drawn = {0};
    Arena arena;
    int64_t found = 0;
    arena_init(&arena, "count");
    for (uint64_t i = 0; found >= 0 && drawn.used < n; i++) {
        Assignment made = distinct_draw(t, stream_below(stream, i), &arena);
        if (hash_set_add(&drawn, assignment_key(&made))) {
            int holds = going_on(options, 0, 0)
                            ? visit(space, t, &made, &arena, networks ? &networks[found] : NULL)
                            : -1;
            found = holds < 0 ? -1 : found + holds;
        }
        arena_reset(&arena);
    }
    hash_set_free(&drawn);
    arena_free(&arena);
    return found;
}

/* Of `all` architectures n are drawn, and an architecture shares its network with x others on the average: all - 1 times the
 * share of pairs that have the same one. By Jensen's inequality there are at least all / (1 + x) networks. From above:
 * of m architectures of one network two or more are drawn with a probability of at most 0.3 (m - 1) n / all, so each
 * network seen more than once says how many networks fewer than architectures there are. Between them, Chao and Lin's
 * estimator for draws without repetition (Biometrics, 2012), which errs below. */
static Share estimate(const DrawnNetworks *d, double all) {
    double n = d->n, possible = n * (n - 1) / 2, drawn = n / all;
    double spread =
        d->pairs > 0 ? 1 + 6 * d->triples / d->pairs : 1; /* variance of pairs by their number */
    double most_pairs = spread * poisson_upper(d->pairs / spread);
    double lo = fmax(all / (1 + (all - 1) * most_pairs / possible), d->different);
    double hi = fmax(all - poisson_lower(d->different - d->once) / (0.3 * drawn), lo);
    double unseen = d->once * (d->once - 1) / (2 * (d->twice + 1) + drawn / (1 - drawn) * d->once);
    return (Share){
        .about = fmin(fmax(d->different + unseen, lo), hi), .lo = floor(lo), .hi = ceil(hi)};
}

/* Where only a share of the list is within the constraints, its uncertainty widens the interval. */
static bool estimate_drawn(const Space *space, const DistinctTable *t, const CountOptions *options,
                           Arena *arena, SpaceCount *out) {
    Hash128 *hashes = nasc_alloc(DRAWS * sizeof *hashes);
    int64_t found = draw(space, t, options, hashes, DRAWS);
    double all = (double)distinct_weight(t);
    if (found > 1) {
        DrawnNetworks d = drawn_networks(hashes, (size_t)found);
        Share s = {1, 1, 1};
        if (!distinct_complete(t))
            s = drawn_share((double)found, DRAWS);
        out->n = arena_printf(arena, "%.0f", estimate(&d, all * s.about).about);
        out->lo = arena_printf(arena, "%.0f", estimate(&d, all * s.lo).lo);
        out->hi = arena_printf(arena, "%.0f", estimate(&d, all * s.hi).hi);
        out->none_alike = d.pairs == 0 && strtod(out->hi, NULL) > FAR * strtod(out->lo, NULL);
        if (out->none_alike)
            out->n = out->lo;
    }
    free(hashes);
    return found > 1;
}

static bool few(const DistinctTable *t, bool exact) {
    return distinct_weight(t) <= (exact ? MAX_BUILT_EXACT : MAX_BUILT);
}

static void set_exact(SpaceCount *out, uint64_t n, Arena *arena) {
    *out = (SpaceCount){.n = arena_printf(arena, "%llu", (unsigned long long)n), .exact = true};
}

/* Of the list, those within constraints that it does not know. */
static void count_within(const Space *space, const DistinctTable *t, Arena *arena,
                         const CountOptions *options, SpaceCount *out) {
    double all = (double)distinct_weight(t);
    if (few(t, options->exact)) {
        Visited v = {.want_networks = false};
        if (visit_all(space, t, (uint64_t)all, options, &v))
            set_exact(out, v.within, arena);
        return;
    }
    int64_t found = draw(space, t, options, NULL, SHARE_DRAWS);
    if (found < 0)
        return;
    Share s = drawn_share((double)found, SHARE_DRAWS);
    *out = (SpaceCount){.n = arena_printf(arena, "%.0f", all * s.about),
                        .lo = arena_printf(arena, "%.0f", all * s.lo),
                        .hi = arena_printf(arena, "%.0f", all * s.hi)};
}

void count_architectures(const Space *space, Arena *arena, const CountOptions *options,
                         SpaceCount *out) {
    Natural n = {0};
    bool left = false, ok = count_distinct(space, &n, NULL, &left, options->interrupt);
    if (ok && !left)
        *out = (SpaceCount){.n = natural_text(&n, arena), .exact = true};
    natural_free(&n);
    if (!ok || !left)
        return;
    Arena own;
    arena_init(&own, "count");
    const DistinctTable *t = distinct_list(space, &own, options->interrupt);
    if (t)
        count_within(space, t, arena, options, out);
    arena_free(&own);
}

bool count_networks_listed(const Space *space, Arena *arena, const CountOptions *options,
                           SpaceCount *out) {
    Arena own;
    arena_init(&own, "count");
    const DistinctTable *t = distinct_list(space, &own, options->interrupt);
    bool ok = false;
    if (t && few(t, options->exact)) {
        Visited v = {.want_networks = true};
        ok = visit_all(space, t, (uint64_t)distinct_weight(t), options, &v);
        if (ok)
            set_exact(out, v.networks.used, arena);
        hash_set_free(&v.networks);
    } else if (t) {
        ok = estimate_drawn(space, t, options, arena, out);
    }
    if (ok)
        out->of_distinct = space_has_symmetry(space);
    arena_free(&own);
    return ok;
}
