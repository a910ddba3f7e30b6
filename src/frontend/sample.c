/* Drawing and mutating points. In: a random stream and an index. Out: architectures within the
 * constraints, each a function of space, stream and index alone. Invariant: attempt k of a draw uses
 * numbers of its own, so what one attempt asks for never moves another. The first attempts are free and
 * taken if they happen to meet the constraints; later ones are drawn from the points that meet those
 * over decisions, where these can be counted. Both have the same law, so the draw has it too. */
#include "frontend/sample.h"

#include <stdlib.h>
#include <string.h>

enum {
    FREE_ATTEMPTS = 100,  /* before the points are counted */
    CHEAP_ATTEMPTS = 300, /* before costs are bounded */
    MAX_ATTEMPTS = 10000,
    MAX_MUTATIONS = 1000,
    NUMBERS_BITS = 24,
    MAX_WEIGHED_LEAVES = 2000
};

/* Leaves of structural decisions with the number of points that each has: drawn in proportion, so
 * that every point of the space is equally likely. */
typedef struct LeafChoice {
    Assignment made;
    double points;
} LeafChoice;

struct LeafTable {
    LeafChoice *leaves;
    size_t n;
    double points;
    bool known;                   /* the leaves can be listed */
    bool priors;                  /* some choice has a prior: draws follow it */
    bool weighed;                 /* draws choose a leaf first */
    bool uniform;                 /* over points */
    bool counted;                 /* `within` is what it will be */
    const PointTable *within;     /* of all constraints; NULL: out of reach */
    bool bounded;                 /* `affordable` is what it will be */
    const PointTable *affordable; /* those of them that bounds of costs leave; NULL: out of reach */
};

typedef struct LeafListing {
    Arena *arena;
    VEC(LeafChoice) leaves;
    double points;
    bool priors;
} LeafListing;

static bool list_leaf(void *user, Leaf *leaf) {
    LeafListing *l = user;
    size_t n = leaf->variables.len;
    LeafChoice c = {.made = {.addresses = ARENA_ARRAY(l->arena, const char *, n + 1),
                             .indices = ARENA_ARRAY(l->arena, int64_t, n + 1)},
                    .points = 1};
    for (size_t i = 0; i < n; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        l->priors |= v->domain->domain.prior ||
                     (v->domain->domain.subset_of && v->domain->domain.each != 0.5);
        if (v->index >= 0) {
            c.made.addresses[c.made.n] = arena_strdup(l->arena, v->address);
            c.made.indices[c.made.n++] = v->index;
        } else {
            c.points *= (double)v->domain->domain.count;
        }
    }
    l->points += c.points;
    VEC_PUSH(l->leaves, c);
    return l->leaves.len < MAX_WEIGHED_LEAVES && !l->priors;
}

static struct LeafTable *space_leaves(Space *space) {
    pthread_mutex_lock(&space->program->lock);
    if (!space->leaves) {
        LeafListing l = {.arena = &space->program->arena};
        struct LeafTable *t = ARENA_NEW(&space->program->arena, struct LeafTable);
        t->known = count_leaves(space, list_leaf, &l);
        t->priors = l.priors;
        t->n = l.leaves.len;
        t->points = l.points;
        t->leaves = ARENA_ARRAY(&space->program->arena, LeafChoice, l.leaves.len + 1);
        for (size_t i = 0; i < l.leaves.len; i++)
            t->leaves[i] = l.leaves.items[i];
        t->uniform = t->known && t->points < 1e300;
        t->weighed = t->uniform && t->n > 1;
        VEC_FREE(l.leaves);
        space->leaves = t;
    }
    pthread_mutex_unlock(&space->program->lock);
    return space->leaves;
}

/* The points within all constraints, or NULL: counted once, when first asked for. */
static const PointTable *space_within(Space *space) {
    struct LeafTable *t = space_leaves(space);
    pthread_mutex_lock(&space->program->lock);
    if (!t->counted)
        t->within = points_within(
            space, &(PointQuery){.constraints = ALL_CONSTRAINTS, .by_probability = !t->uniform},
            &space->program->arena);
    t->counted = true;
    pthread_mutex_unlock(&space->program->lock);
    return t->within;
}

/* Those of them whose costs may be within bounds, or NULL. */
static const PointTable *space_affordable(Space *space) {
    struct LeafTable *t = space_leaves(space);
    Arena *arena = &space->program->arena;
    pthread_mutex_lock(&space->program->lock);
    if (!t->bounded) {
        PointQuery query = {.constraints = ALL_CONSTRAINTS, .by_probability = !t->uniform};
        query.costs = cost_bounds(space, query.by_probability, arena, &query.ncosts);
        if (query.ncosts)
            t->affordable = points_within(space, &query, arena);
    }
    t->bounded = true;
    pthread_mutex_unlock(&space->program->lock);
    return t->affordable;
}

bool space_uniform(Space *space) {
    return space_leaves(space)->uniform;
}

const char *space_law(Space *space) {
    const struct LeafTable *t = space_leaves(space);
    if (t->uniform && t->affordable)
        return "uniform over satisfying points, costs at least what each choice adds to the "
               "smallest network";
    if (t->uniform)
        return "uniform over satisfying points";
    if (t->priors)
        return "not uniform: each choice by its prior, within the constraints";
    return "not uniform: each choice uniform in its turn, within the constraints";
}

int64_t space_points(Space *space) {
    const PointTable *within = space_leaves(space)->uniform ? space_within(space) : NULL;
    bool known = within && within->complete && within->weight < 0x1p53L;
    return known ? (int64_t)within->weight : -1;
}

RandomStream stream_below(RandomStream s, uint64_t index) {
    uint32_t bits[4];
    random_bits(s, index, bits);
    return (RandomStream){.key = {bits[0], bits[1]}, .stream = {bits[2], bits[3]}};
}

static uint64_t next_number(Draw *w) {
    return ((w->attempt + 1) << NUMBERS_BITS) + w->asked++;
}

static int64_t pick_drawn(void *user, Session *s, const char *address, const EvalDomain *d) {
    Draw *w = user;
    uint64_t number = next_number(w);
    int64_t made = w->made ? assignment_index(w->made, address) : -1;
    if (made >= 0 && made < d->domain.count)
        return made;
    for (size_t i = 0; w->parent && i < w->parent->n; i++) {
        const DecisionView *v = &w->parent->views[i];
        if (strcmp(v->address, address) != 0)
            continue;
        int64_t from = domain_index(s->eval, d, v->value, strlen(v->value));
        if (from < 0)
            break;
        return w->changed[i] ? domain_mutate(&d->domain, from, w->stream, number) : from;
    }
    return domain_draw(&d->domain, w->stream, number);
}

/* Which decisions of the parent an attempt changes: each with the given probability, at least one.
 */
static void choose_changes(Draw *w) {
    const Architecture *a = w->parent;
    size_t open = 0, changed = 0;
    for (size_t i = 0; i < a->n; i++) {
        bool can = a->views[i].count > 1;
        w->changed[i] = can && random_uniform(w->stream, next_number(w)) < w->rate;
        open += can;
        changed += w->changed[i];
    }
    if (changed || !open)
        return;
    uint64_t which = random_below(w->stream, next_number(w), open);
    for (size_t i = 0; i < a->n; i++)
        if (a->views[i].count > 1 && which-- == 0)
            w->changed[i] = true;
}

SpaceUse *draw_decisions(Space *space, Draw *draw, Session *s, Arena *arena) {
    if (draw->parent)
        choose_changes(draw);
    session_begin(s, space->program,
                  &(SessionConfig){.arena = arena, .oracle = {.user = draw, .pick = pick_drawn}});
    SpaceUse *use = session_space(s, space);
    return use && session_decide_all(s, space, use) ? use : NULL;
}

static const Assignment *draw_leaf(Draw *w, const struct LeafTable *table) {
    double at = random_uniform(w->stream, next_number(w)) * table->points;
    for (size_t i = 0; i < table->n; i++) {
        at -= table->leaves[i].points;
        if (at < 0)
            return &table->leaves[i].made;
    }
    return &table->leaves[table->n - 1].made;
}

/* One attempt: an architecture, or NULL and *go_on says whether another attempt may find one. */
static Architecture *attempt(Space *space, Arena *arena, Arena *scratch, Draw *draw, bool *go_on) {
    Session s;
    Architecture *a = NULL;
    SpaceUse *use = draw_decisions(space, draw, &s, scratch);
    int violated = use ? session_first_violated(&s, use) : -2;
    if (violated == -1)
        a = architecture_make(&s, space, use, arena);
    *go_on = violated >= 0;
    return session_end(&s, false) ? a : NULL;
}

static const PointTable *prefer(const PointTable *a, const PointTable *b) {
    return a ? a : b;
}

/* Up to n attempts, the first ones free. Without an architecture *rejected tells whether all were
 * rejected, rather than one a mistake. */
static Architecture *draw_point(Space *space, Arena *arena, Draw *draw, uint64_t n,
                                bool *rejected) {
    const struct LeafTable *table = draw->parent ? NULL : space_leaves(space);
    const PointTable *within = NULL;
    Arena scratch;
    arena_init(&scratch, "sample");
    Architecture *a = NULL;
    *rejected = true;
    for (; !a && *rejected && draw->attempt < n; draw->attempt++) {
        Assignment counted;
        draw->asked = 0;
        draw->made = NULL;
        if (table && draw->attempt == FREE_ATTEMPTS)
            within = space_within(space);
        if (table && draw->attempt == CHEAP_ATTEMPTS && (!within || !within->complete))
            within = prefer(space_affordable(space), within);
        if (within && !(within->weight > 0))
            break;
        if (within) {
            counted = points_draw(within, stream_below(draw->stream, next_number(draw)), &scratch);
            draw->made = &counted;
        } else if (table && table->weighed) {
            draw->made = draw_leaf(draw, table);
        }
        a = attempt(space, arena, &scratch, draw, rejected);
        arena_reset(&scratch);
    }
    arena_free(&scratch);
    return a;
}

static Architecture *sample(Space *space, Arena *arena, RandomStream stream, uint64_t index,
                            bool quiet) {
    bool rejected;
    Draw draw = {.stream = stream_below(stream, index)};
    Architecture *a = draw_point(space, arena, &draw, MAX_ATTEMPTS, &rejected);
    if (!a && rejected && !quiet)
        report_empty(space, stream_below(draw.stream, draw.attempt), !space_leaves(space)->uniform,
                     draw.attempt);
    return a;
}

Architecture *space_sample(Space *space, Arena *arena, RandomStream stream, uint64_t index) {
    return sample(space, arena, stream, index, false);
}

Architecture *space_sample_quiet(Space *space, Arena *arena, RandomStream stream, uint64_t index) {
    return sample(space, arena, stream, index, true);
}

Architecture *space_mutate(Space *space, Arena *arena, const Architecture *a, RandomStream stream,
                           uint64_t index, double rate) {
    bool rejected;
    Draw draw = {.stream = stream_below(stream, index),
                 .parent = a,
                 .rate = rate,
                 .changed = nasc_alloc_zero(a->n + 1)};
    Architecture *out = draw_point(space, arena, &draw, MAX_MUTATIONS, &rejected);
    free(draw.changed);
    return out || !rejected ? out : sample(space, arena, draw.stream, MAX_MUTATIONS, false);
}
