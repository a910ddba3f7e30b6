/* Estimated numbers of points: from points drawn uniformly. In: a space whose raw points are counted.
 * Out: an estimate with a 95 % interval. The draws follow from the space alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/count.h"

enum { DRAWS = 400, NETWORK_DRAWS = 1000 };

typedef struct Uniform {
    RandomStream stream;
    uint64_t asked;
    double total, at;            /* of raw points; the leaf that holds number `at` is taken */
    VEC(const char *) addresses; /* of its structural decisions */
    VEC(int64_t) indices;
    Arena *arena;
    bool found;
} Uniform;

static bool uniform_leaf(void *user, Leaf *leaf) {
    Uniform *u = user;
    double points = 1;
    for (size_t i = 0; i < leaf->variables.len; i++)
        if (leaf->variables.items[i].index < 0)
            points *= (double)leaf->variables.items[i].domain->domain.count;
    if (u->at >= points) {
        u->at -= points;
        return true;
    }
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        if (v->index < 0)
            continue;
        VEC_PUSH(u->addresses, arena_strdup(u->arena, v->address));
        VEC_PUSH(u->indices, v->index);
    }
    u->found = true;
    return false;
}

static int64_t pick_uniform(void *user, Session *s, const char *address, const EvalDomain *d) {
    Uniform *u = user;
    (void)s;
    for (size_t i = 0; i < u->addresses.len; i++)
        if (strcmp(u->addresses.items[i], address) == 0)
            return u->indices.items[i];
    return (int64_t)random_below(u->stream, u->asked++, (uint64_t)d->domain.count);
}

/* Point number `draw`: 1 within constraints, 0 not, -1 a mistake. Its network's hash, if asked for. */
static int draw_point(const Space *space, const Natural *raw, uint64_t draw, Hash128 *network) {
    Arena arena;
    Session s;
    arena_init(&arena, "count");
    Uniform u = {.stream =
                     stream_below(random_stream(0, 0, RANDOM_SAMPLE, hash128("count", 5, 0)), draw),
                 .arena = &arena};
    u.at = random_uniform(u.stream, u.asked++) * natural_double(raw);
    count_leaves(space, uniform_leaf, &u);
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = &arena,
                                   .oracle = {.user = &u, .pick = pick_uniform},
                                   .unnamed = true});
    SpaceUse *use = session_space(&s, space);
    int result = -1;
    if (use && session_decide_all(&s, space, use)) {
        int violated = session_first_violated(&s, use);
        result = violated == -2 ? -1 : violated == -1;
        if (result == 1 && network && !count_network(&s, use, &arena, network))
            result = -1;
    }
    session_end(&s, true);
    VEC_FREE(u.addresses);
    VEC_FREE(u.indices);
    arena_free(&arena);
    return result;
}

Share drawn_share(double hits, double n) {
    double z = 1.96, p = hits / n, middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (Share){
        .about = p, .lo = hits > 0 ? fmax(middle - half, 0) : 0, .hi = fmin(middle + half, 1)};
}

bool estimate_satisfying(const Space *space, const Natural *raw, Arena *arena,
                         const volatile int *interrupt, SpaceCount *out) {
    double hits = 0, total = natural_double(raw);
    if (!isfinite(total))
        return false;
    for (uint64_t i = 0; i < DRAWS; i++) {
        int holds = interrupt && *interrupt ? -1 : draw_point(space, raw, i, NULL);
        if (holds < 0)
            return false;
        hits += holds;
    }
    Share s = drawn_share(hits, DRAWS);
    out->n = arena_printf(arena, "%.0f", total * s.about);
    out->lo = arena_printf(arena, "%.0f", total * s.lo);
    out->hi = arena_printf(arena, "%.0f", total * s.hi);
    out->exact = false;
    return true;
}

static int by_hash(const void *a, const void *b) {
    return hash128_compare(*(const Hash128 *)a, *(const Hash128 *)b);
}

DrawnNetworks drawn_networks(Hash128 *hashes, size_t n) {
    DrawnNetworks s = {.n = (double)n};
    qsort(hashes, n, sizeof *hashes, by_hash);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && hash128_equal(hashes[i], hashes[end]);)
            end++;
        double times = (double)(end - i);
        s.different++;
        s.once += end - i == 1;
        s.twice += end - i == 2;
        s.pairs += times * (times - 1) / 2;
        s.triples += times * (times - 1) * (times - 2) / 6;
    }
    return s;
}

double poisson_upper(double seen) {
    double f = 2 * (seen + 1), step = 2 / (9 * f);
    return f / 2 * pow(1 - step + 1.96 * sqrt(step), 3);
}

double poisson_lower(double seen) {
    double step = 1 / (9 * seen);
    return seen > 0 ? seen * pow(fmax(1 - step - 1.96 * sqrt(step), 0), 3) : 0;
}

static bool draw_networks(const Space *space, const Natural *raw, const volatile int *interrupt,
                          Hash128 *hashes, size_t *n) {
    *n = 0;
    for (uint64_t i = 0; i < NETWORK_DRAWS; i++) {
        int holds = interrupt && *interrupt ? -1 : draw_point(space, raw, i, &hashes[*n]);
        if (holds < 0)
            return false;
        *n += (size_t)holds;
    }
    return true;
}

bool estimate_networks(const Space *space, const Natural *raw, const SpaceCount *points,
                       Arena *arena, const volatile int *interrupt, SpaceCount *out) {
    if (!isfinite(natural_double(raw)))
        return false;
    size_t n;
    Hash128 *hashes = nasc_alloc(NETWORK_DRAWS * sizeof *hashes);
    bool ok = draw_networks(space, raw, interrupt, hashes, &n);
    DrawnNetworks seen = ok ? drawn_networks(hashes, n) : (DrawnNetworks){0};
    free(hashes);
    if (!ok)
        return false;
    double all = strtod(points->n, NULL), pairs = 0.5 * (double)n * ((double)n - 1);
    double unseen = seen.once * (seen.once - 1) / (2 * (seen.twice + 1));
    double least = fmin(fmax(pairs / poisson_upper(seen.pairs), seen.different), all);
    out->none_alike = seen.pairs == 0 && all > FAR * least;
    double about = out->none_alike ? least : fmax(seen.different + unseen, least);
    out->n = about < all ? arena_printf(arena, "%.0f", about) : points->n;
    out->lo = arena_printf(arena, "%.0f", least);
    out->hi = points->exact ? points->n : points->hi;
    out->exact = false;
    return true;
}
