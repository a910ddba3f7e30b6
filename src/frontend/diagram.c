/* Decision diagrams: built forwards over the walk's steps with equal states merged, weighed backwards.
 * In: compiled conditions. Out: levels. Invariant: a state is the values of the nodes that later steps
 * read; two prefixes with the same state are completed by the same points. */
#include "frontend/diagram.h"

#include <stdlib.h>
#include <string.h>

int64_t assignment_index(const Assignment *a, const char *address) {
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->addresses[i], address) == 0)
            return a->indices[i];
    return -1;
}

/* States of one level while it is built. */
typedef struct States {
    size_t width;        /* numbers a state */
    VEC(double) numbers; /* [state][width] */
    VEC(Hash128) keys;
    int32_t *slots; /* open addressing: state + 1, 0 empty */
    size_t nslots;
} States;

static void states_free(States *s) {
    VEC_FREE(s->numbers);
    VEC_FREE(s->keys);
    free(s->slots);
    *s = (States){0};
}

static size_t find_slot(const States *s, Hash128 key) {
    size_t i = key.lo & (s->nslots - 1);
    while (s->slots[i] && !hash128_equal(s->keys.items[s->slots[i] - 1], key))
        i = (i + 1) & (s->nslots - 1);
    return i;
}

static void grow(States *s) {
    free(s->slots);
    s->nslots = s->nslots ? 2 * s->nslots : 256;
    s->slots = nasc_alloc_zero(s->nslots * sizeof *s->slots);
    for (size_t i = 0; i < s->keys.len; i++)
        s->slots[find_slot(s, s->keys.items[i])] = (int32_t)i + 1;
}

/* The number of the state in which these nodes have these values. */
static int32_t state_of(States *s, const int *live, const double *values, double *scratch) {
    for (size_t i = 0; i < s->width; i++)
        scratch[i] = values[live[i]];
    Hash128 key = hash128(scratch, s->width * sizeof *scratch, 0);
    if (2 * (s->keys.len + 1) > s->nslots)
        grow(s);
    size_t slot = find_slot(s, key);
    if (!s->slots[slot]) {
        VEC_PUSH(s->keys, key);
        for (size_t i = 0; i < s->width; i++)
            VEC_PUSH(s->numbers, scratch[i]);
        s->slots[slot] = (int32_t)s->keys.len;
    }
    return s->slots[slot] - 1;
}

typedef struct Builder {
    Arena *arena;
    Walkthrough *walk;
    WalkSteps steps;
    DiagramBudget *budget;
    bool *needed;
    int *last; /* by node: the level of the last node that reads it */
    int *live; /* nodes that make the state before the current step */
    size_t nlive;
    int64_t *taken;
    double *values, *scratch;
} Builder;

/* What the conditions need: nodes, and of the variables those that such nodes read. */
static void mark_needed(Builder *b) {
    Walkthrough *w = b->walk;
    const PredNode *nodes = w->compiler->nodes.items;
    for (size_t i = 0; i < w->conditions.len; i++)
        b->needed[w->conditions.items[i]] = true;
    for (size_t i = w->compiler->nodes.len; i-- > 0;) {
        const PredNode *n = &nodes[i];
        if (!b->needed[i])
            continue;
        if (n->op == PRED_TABLE) {
            w->used[n->a] = true;
            continue;
        }
        const int reads[] = {n->a, n->b, n->c};
        for (int k = 0; k < 3; k++)
            if (reads[k] >= 0) {
                b->needed[reads[k]] = true;
                b->last[reads[k]] = MAX(b->last[reads[k]], n->level);
            }
    }
}

/* The state after a step: of the state before and the step's nodes, what is read later. Returns its size. */
static size_t live_after(const Builder *b, const WalkStep *s, int *out) {
    size_t n = 0;
    for (size_t i = 0; i < b->nlive; i++)
        if (b->last[b->live[i]] > s->variable)
            out[n++] = b->live[i];
    for (size_t i = 0; i < s->nnodes; i++)
        if (b->last[s->nodes[i]] > s->variable)
            out[n++] = s->nodes[i];
    return n;
}

/* All ways on from the states `from`. */
static bool expand(Builder *b, const WalkStep *s, const States *from, DiagramLevel *level,
                   const int *live, States *to) {
    for (size_t i = 0; i < from->keys.len; i++) {
        for (size_t k = 0; k < b->nlive; k++)
            b->values[b->live[k]] = from->numbers.items[i * from->width + k];
        for (int64_t v = 0; v < s->values; v++) {
            b->budget->operations -= 1 + (int64_t)(s->nnodes + to->width);
            if (b->budget->operations < 0 || (b->walk->interrupt && *b->walk->interrupt))
                return false;
            b->taken[s->variable] = v;
            bool holds = walk_step_holds(b->walk, s, b->taken, b->values);
            level->next[(int64_t)i * s->values + v] =
                holds ? state_of(to, live, b->values, b->scratch) : -1;
        }
    }
    return true;
}

static bool build_level(Builder *b, const WalkStep *s, bool by_probability, DiagramLevel *level,
                        States *states) {
    const PredVariable *v = &b->walk->compiler->variables[s->variable];
    States to = {0};
    int *live = nasc_alloc((b->nlive + s->nnodes + 1) * sizeof *live);
    *level = (DiagramLevel){.count = s->values, .nstates = states->keys.len};
    bool ok = s->values <= b->budget->edges / (int64_t)MAX(level->nstates, 1);
    if (ok) {
        b->budget->edges -= s->values * (int64_t)level->nstates;
        level->address = arena_strdup(b->arena, v->address);
        level->next = ARENA_ARRAY(b->arena, int32_t, level->nstates *(size_t)s->values + 1);
        level->weight = ARENA_ARRAY(b->arena, long double, level->nstates + 1);
        if (by_probability) {
            const Domain *d = &v->domain->domain;
            double *p = ARENA_ARRAY(b->arena, double, s->values), sum = domain_prior_sum(d);
            for (int64_t i = 0; i < s->values; i++)
                p[i] = domain_probability(d, sum, i);
            level->probability = p;
        }
        to.width = live_after(b, s, live);
        ok = expand(b, s, states, level, live, &to);
    }
    states_free(states);
    *states = to;
    free(b->live);
    b->live = live;
    b->nlive = to.width;
    return ok;
}

static long double value_weight(const DiagramLevel *l, size_t state, int64_t value,
                                const long double *weights) {
    int32_t next = l->next[(int64_t)state * l->count + value];
    if (next < 0)
        return 0;
    return weights[next] * (l->probability ? (long double)l->probability[value] : 1);
}

static void weigh(Diagram *d) {
    static const long double end[1] = {1};
    for (size_t at = d->nlevels; at-- > 0;) {
        DiagramLevel *l = &d->levels[at];
        const long double *weights = at + 1 < d->nlevels ? d->levels[at + 1].weight : end;
        for (size_t i = 0; i < l->nstates; i++) {
            l->weight[i] = 0;
            for (int64_t v = 0; v < l->count; v++)
                l->weight[i] += value_weight(l, i, v, weights);
        }
    }
    d->weight = d->nlevels ? d->levels[0].weight[0] : 1;
}

static bool build(Builder *b, bool by_probability, Diagram *out) {
    States states = {0};
    *out = (Diagram){.levels = ARENA_ARRAY(b->arena, DiagramLevel, b->steps.n + 1)};
    if (!walk_step_holds(b->walk, &b->steps.all[0], b->taken, b->values))
        return true; /* no point at all */
    out->nlevels = b->steps.n;
    state_of(&states, b->live, b->values, b->scratch);
    bool ok = true;
    for (size_t i = 0; ok && i < b->steps.n; i++)
        ok = build_level(b, b->steps.order[i], by_probability, &out->levels[i], &states);
    states_free(&states);
    if (ok)
        weigh(out);
    return ok;
}

bool diagram_build(Arena *arena, Walkthrough *w, bool by_probability, DiagramBudget *budget,
                   Diagram *out) {
    size_t n = w->compiler->nodes.len + 1;
    Builder b = {.arena = arena,
                 .walk = w,
                 .budget = budget,
                 .needed = nasc_alloc_zero(n * sizeof *b.needed),
                 .last = nasc_alloc(n * sizeof *b.last),
                 .live = nasc_alloc(sizeof *b.live),
                 .taken = nasc_alloc_zero((w->nvariables + 1) * sizeof *b.taken),
                 .values = nasc_alloc_zero(n * sizeof *b.values),
                 .scratch = nasc_alloc(n * sizeof *b.scratch)};
    for (size_t i = 0; i < n; i++)
        b.last[i] = -1;
    mark_needed(&b);
    w->needed = b.needed;
    walk_steps(w, &b.steps);
    bool ok = build(&b, by_probability, out);
    walk_steps_free(&b.steps);
    w->needed = NULL;
    free(b.needed);
    free(b.last);
    free(b.live);
    free(b.taken);
    free(b.values);
    free(b.scratch);
    return ok;
}

static void free_numbers(Natural *numbers, size_t n) {
    for (size_t i = 0; i < n; i++)
        natural_free(&numbers[i]);
    free(numbers);
}

void diagram_count(const Diagram *d, Natural *out) {
    size_t nafter = 1;
    Natural *after = nasc_alloc_zero(sizeof *after);
    natural_set(after, d->nlevels || d->weight > 0);
    for (size_t at = d->nlevels; at-- > 0;) {
        const DiagramLevel *l = &d->levels[at];
        Natural *ways = nasc_alloc_zero((l->nstates + 1) * sizeof *ways);
        for (size_t i = 0; i < l->nstates * (size_t)l->count; i++)
            if (l->next[i] >= 0)
                natural_add(&ways[i / (size_t)l->count], &after[l->next[i]]);
        free_numbers(after, nafter);
        after = ways;
        nafter = l->nstates;
    }
    natural_copy(out, &after[0]);
    free_numbers(after, nafter);
}

void diagram_draw(const Diagram *d, RandomStream stream, Assignment *out) {
    static const long double end[1] = {1};
    size_t state = 0;
    for (size_t at = 0; at < d->nlevels; at++) {
        const DiagramLevel *l = &d->levels[at];
        const long double *weights = at + 1 < d->nlevels ? d->levels[at + 1].weight : end;
        long double left = l->weight[state] * (long double)random_uniform(stream, at);
        int64_t chosen = -1;
        for (int64_t v = 0; v < l->count && (chosen < 0 || left >= 0); v++) {
            long double weight = value_weight(l, state, v, weights);
            if (weight > 0)
                chosen = v; /* the last possible one, should rounding leave a rest */
            left -= weight;
        }
        CHECK(chosen >= 0);
        out->addresses[out->n] = l->address;
        out->indices[out->n++] = chosen;
        state = (size_t)l->next[(int64_t)state * l->count + chosen];
    }
}
