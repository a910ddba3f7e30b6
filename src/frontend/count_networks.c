/* Different networks of a space whose points, up to its symmetries, can be listed. In: the list. Out: an exact number,
 * by building every network, or an estimate with a 95 % interval from architectures drawn without repetition.
 * Invariant: the draws follow from the space alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/distinct.h"

/* At most so many are built unasked; when asked; drawn for an estimate. */
enum { MAX_BUILT = 20000, MAX_BUILT_EXACT = 10000000, DRAWS = 4000 };

static int64_t pick_made(void *user, Session *s, const char *address, const EvalDomain *d) {
    (void)s;
    (void)d;
    return assignment_index(user, address);
}

static bool network_of(const Space *space, Assignment *made, Arena *arena, Hash128 *out) {
    Session s;
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = arena,
                                   .oracle = {.user = made, .pick = pick_made},
                                   .unnamed = true});
    SpaceUse *use = session_space(&s, space);
    bool ok = use && session_decide_all(&s, space, use) && count_network(&s, use, arena, out);
    session_end(&s, true);
    return ok;
}

static bool going_on(const CountOptions *o, uint64_t done, uint64_t total) {
    if (o->progress && done)
        o->progress(o->user, (size_t)done, (size_t)total);
    return !(o->interrupt && *o->interrupt);
}

static bool build_all(const Space *space, const DistinctTable *t, uint64_t n,
                      const CountOptions *options, uint64_t *networks) {
    HashSet seen = {0};
    Arena arena;
    bool ok = true;
    arena_init(&arena, "count");
    for (uint64_t i = 0; ok && i < n; i++) {
        Assignment made = distinct_point(t, i, &arena);
        Hash128 network;
        ok = going_on(options, i, n) && network_of(space, &made, &arena, &network);
        if (ok)
            hash_set_add(&seen, network);
        arena_reset(&arena);
    }
    if (ok)
        going_on(options, n, n);
    *networks = seen.used;
    hash_set_free(&seen);
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

/* Networks of n different architectures. */
static bool draw_networks(const Space *space, const DistinctTable *t, const CountOptions *options,
                          Hash128 *networks, size_t n) {
    RandomStream stream = random_stream(0, 0, RANDOM_SAMPLE, hash128("count", 5, 1));
    HashSet drawn = {0};
    Arena arena;
    bool ok = true;
    size_t found = 0;
    arena_init(&arena, "count");
    for (uint64_t i = 0; ok && found < n; i++) {
        Assignment made = distinct_draw(t, stream_below(stream, i), &arena);
        if (hash_set_add(&drawn, assignment_key(&made)))
            ok = going_on(options, 0, 0) && network_of(space, &made, &arena, &networks[found++]);
        arena_reset(&arena);
    }
    hash_set_free(&drawn);
    arena_free(&arena);
    return ok;
}

/* Of `all` architectures n are drawn, and an architecture shares its network with x others on the average: all - 1 times the
 * share of pairs that have the same one. By Jensen's inequality there are at least all / (1 + x) networks. From above:
 * of m architectures of one network two or more are drawn with a probability of at most 0.3 (m - 1) n / all, so each
 * network seen more than once says how many networks fewer than architectures there are. Between them, Chao and Lin's
 * estimator for draws without repetition (Biometrics, 2012), which errs below. */
static void estimate(const DrawnNetworks *d, double all, Arena *arena, SpaceCount *out) {
    double n = d->n, possible = n * (n - 1) / 2, drawn = n / all;
    double spread =
        d->pairs > 0 ? 1 + 6 * d->triples / d->pairs : 1; /* variance of pairs by their number */
    double most_pairs = spread * poisson_upper(d->pairs / spread);
    double lo = fmax(all / (1 + (all - 1) * most_pairs / possible), d->different);
    double hi = fmax(all - poisson_lower(d->different - d->once) / (0.3 * drawn), lo);
    double unseen = d->once * (d->once - 1) / (2 * (d->twice + 1) + drawn / (1 - drawn) * d->once);
    out->n = arena_printf(arena, "%.0f", fmin(fmax(d->different + unseen, lo), hi));
    out->lo = arena_printf(arena, "%.0f", floor(lo));
    out->hi = arena_printf(arena, "%.0f", ceil(hi));
}

bool count_networks_listed(const Space *space, Arena *arena, const CountOptions *options,
                           SpaceCount *out) {
    Arena own;
    arena_init(&own, "count");
    const DistinctTable *t = distinct_list(space, &own, options->interrupt);
    long double all = t ? distinct_weight(t) : -1;
    bool every = all >= 0 && all <= (options->exact ? MAX_BUILT_EXACT : MAX_BUILT), ok = false;
    uint64_t networks;
    if (every && (ok = build_all(space, t, (uint64_t)all, options, &networks))) {
        *out = (SpaceCount){.n = arena_printf(arena, "%llu", (unsigned long long)networks),
                            .exact = true};
    } else if (t && !every) {
        Hash128 *hashes = nasc_alloc(DRAWS * sizeof *hashes);
        ok = draw_networks(space, t, options, hashes, DRAWS);
        if (ok) {
            DrawnNetworks d = drawn_networks(hashes, DRAWS);
            estimate(&d, (double)all, arena, out);
        }
        free(hashes);
    }
    if (ok)
        out->of_distinct = space_has_symmetry(space);
    arena_free(&own);
    return ok;
}
