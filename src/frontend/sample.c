/* Drawing and mutating points, by rejection where constraints forbid some. In: a random stream and
 * an index. Out: architectures, each a function of space, stream and index alone. Invariant:
 * attempt k of a draw uses numbers of its own, so what one attempt asks for never moves another. */
#include <stdlib.h>
#include <string.h>

#include "frontend/count.h"

enum { MAX_REJECTIONS = 10000, NUMBERS_BITS = 24, MAX_WEIGHED_LEAVES = 2000 };

/* Leaves of structural decisions with the number of points that each has: drawn in proportion, so
 * that every point of the space is equally likely. */
typedef struct LeafChoice {
    const char **addresses;
    int64_t *indices;
    size_t n;
    double points;
} LeafChoice;

struct LeafTable {
    LeafChoice *leaves;
    size_t n;
    double points;
    bool known;   /* the leaves can be listed */
    bool priors;  /* some choice has a prior: draws follow it */
    bool weighed; /* draws choose a leaf first */
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
    LeafChoice c = {.addresses = ARENA_ARRAY(l->arena, const char *, n + 1),
                    .indices = ARENA_ARRAY(l->arena, int64_t, n + 1),
                    .points = 1};
    for (size_t i = 0; i < n; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        l->priors |= v->domain->domain.prior ||
                     (v->domain->domain.subset_of && v->domain->domain.each != 0.5);
        if (v->index >= 0) {
            c.addresses[c.n] = arena_strdup(l->arena, v->address);
            c.indices[c.n++] = v->index;
        } else {
            c.points *= (double)v->domain->domain.count;
        }
    }
    l->points += c.points;
    VEC_PUSH(l->leaves, c);
    return l->leaves.len < MAX_WEIGHED_LEAVES && !l->priors;
}

static const struct LeafTable *space_leaves(Space *space) {
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
        t->weighed = t->known && t->n > 1 && t->points < 1e300;
        VEC_FREE(l.leaves);
        space->leaves = t;
    }
    pthread_mutex_unlock(&space->program->lock);
    return space->leaves;
}

const char *space_law(Space *space) {
    const struct LeafTable *t = space_leaves(space);
    if (t->priors)
        return "each choice by its prior, points outside the constraints drawn again: not uniform";
    if (!t->known || !(t->points < 1e300))
        return "each choice uniform in its turn, points outside the constraints drawn again: not "
               "uniform "
               "over points";
    return "uniform over the points within the constraints";
}

RandomStream stream_below(RandomStream s, uint64_t index) {
    uint32_t bits[4];
    random_bits(s, index, bits);
    return (RandomStream){.key = {bits[0], bits[1]}, .stream = {bits[2], bits[3]}};
}

typedef struct Draw {
    RandomStream stream;
    uint64_t attempt, asked;
    const Architecture *parent; /* mutation; NULL when sampling */
    bool *changed;              /* by decision of the parent, chosen anew by each attempt */
    double rate;
    const struct LeafTable *table; /* NULL: decisions are drawn one by one */
    const LeafChoice *leaf;        /* of this attempt */
} Draw;

static uint64_t next_number(Draw *w) {
    return ((w->attempt + 1) << NUMBERS_BITS) + w->asked++;
}

static int64_t pick_drawn(void *user, Session *s, const char *address, const EvalDomain *d) {
    Draw *w = user;
    uint64_t number = next_number(w);
    for (size_t i = 0; w->leaf && i < w->leaf->n; i++)
        if (strcmp(w->leaf->addresses[i], address) == 0)
            return w->leaf->indices[i];
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

static const LeafChoice *draw_leaf(Draw *w) {
    double at = random_uniform(w->stream, next_number(w)) * w->table->points;
    for (size_t i = 0; i < w->table->n; i++) {
        at -= w->table->leaves[i].points;
        if (at < 0)
            return &w->table->leaves[i];
    }
    return &w->table->leaves[w->table->n - 1];
}

/* One attempt: an architecture, or NULL and *go_on says whether another attempt may find one. */
static Architecture *attempt(Space *space, Arena *arena, Arena *scratch, Draw *draw,
                             size_t *rejected, bool *go_on) {
    Session s;
    Architecture *a = NULL;
    *go_on = false;
    draw->asked = 0;
    if (draw->parent)
        choose_changes(draw);
    if (draw->table)
        draw->leaf = draw_leaf(draw);
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = scratch, .oracle = {.user = draw, .pick = pick_drawn}});
    SpaceUse *use = session_space(&s, space);
    if (use && session_decide_all(&s, space, use)) {
        int violated = session_first_violated(&s, use);
        if (violated >= 0) {
            ++*rejected;
            *go_on = true;
        } else if (violated == -1) {
            a = architecture_make(&s, space, use, arena);
        }
    }
    return session_end(&s, false) ? a : NULL;
}

/* What some further draws say of each constraint: which of them break it, and how near the value it
 * bounds comes. */
enum { PROBES = 400, MAX_CONSTRAINTS = 64 };

typedef struct Probe {
    uint64_t broken[PROBES]; /* a bit a constraint */
    size_t n;
    Value (*values)[MAX_CONSTRAINTS]; /* of the bounded side, or poison */
} Probe;

/* `e <= bound` and its kin: whether the smaller value is the closer one. */
static bool bounded(const Ast *x, bool *smaller) {
    if (x->kind != AST_BINARY)
        return false;
    *smaller = x->oper == OPER_LE || x->oper == OPER_LT;
    return *smaller || x->oper == OPER_GE || x->oper == OPER_GT;
}

static void note_value(Session *s, SpaceUse *use, const Ast *x, int i, Probe *p) {
    bool smaller;
    Value v = value_poison();
    if (bounded(x, &smaller))
        v = value_plain(eval_expr(s->eval, use->frame, x->a));
    p->values[p->n][i] = value_is_number(v) ? v : value_poison();
}

/* Among draws that meet all others of the set. */
static Value closest(const Probe *p, uint64_t set, int i, bool smaller) {
    Value best = value_poison();
    for (size_t k = 0; k < p->n; k++) {
        Value v = p->values[k][i];
        if (p->broken[k] & set & ~((uint64_t)1 << i) || value_is_poison(v))
            continue;
        double d = value_number(v);
        if (value_is_poison(best) || (smaller ? d < value_number(best) : d > value_number(best)))
            best = v;
    }
    return best;
}

static void probe_one(Space *space, Arena *scratch, Draw *draw, Probe *p) {
    Session s;
    draw->asked = 0;
    if (draw->parent)
        choose_changes(draw);
    if (draw->table)
        draw->leaf = draw_leaf(draw);
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = scratch, .oracle = {.user = draw, .pick = pick_drawn}});
    SpaceUse *use = session_space(&s, space);
    uint64_t broken = 0;
    bool ok = use && session_decide_all(&s, space, use);
    const Ast *require;
    for (int i = 0; ok && i < MAX_CONSTRAINTS && (require = space_require(space->definition, i));
         i++) {
        bool holds = false;
        ok = eval_bool(s.eval, eval_expr(s.eval, use->frame, require->a), require->a->place,
                       "a constraint", &holds);
        broken |= (uint64_t)!holds << i;
        note_value(&s, use, require->a, i, p);
    }
    if (session_end(&s, true) && ok)
        p->broken[p->n++] = broken;
}

/* Constraints of which no draw meets all, and of which none can be left out. */
static uint64_t irreducible(const Probe *p, int n) {
    uint64_t set = n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
    for (int i = 0; i < n; i++) {
        uint64_t without = set & ~((uint64_t)1 << i);
        bool empty = without != 0;
        for (size_t k = 0; k < p->n && empty; k++)
            empty = (p->broken[k] & without) != 0;
        if (empty)
            set = without;
    }
    return set;
}

static void say_empty(Space *space, Arena *scratch, size_t rejected, Draw *draw) {
    Probe p = {.values = nasc_alloc_zero(PROBES * sizeof *p.values)};
    int n = 0;
    for (int i = 0; i < PROBES; i++, draw->attempt++) {
        probe_one(space, scratch, draw, &p);
        arena_reset(scratch);
    }
    while (n < MAX_CONSTRAINTS && space_require(space->definition, n))
        n++;
    uint64_t set = irreducible(&p, n);
    DiagSink sink;
    diag_init(&sink, scratch, &space->program->sources);
    Diag *d = diag_at(&sink, space->definition->name_place, DIAG_empty_space, (int)rejected);
    for (int i = 0; d && i < n; i++) {
        if (!(set >> i & 1))
            continue;
        const Ast *require = space_require(space->definition, i);
        bool several = (set & (set - 1)) != 0, smaller = false;
        const char *with = several ? " together with the others named here" : "";
        Value value = bounded(require->a, &smaller) ? closest(&p, set, i, smaller) : value_poison();
        Buf text = {0};
        value_print(&text, value);
        if (value_is_poison(value))
            diag_note(&sink, d, require->place, "no draw meets this%s", with);
        else
            diag_note(&sink, d, require->place, "no draw meets this%s: the %s value%s is %s", with,
                      smaller ? "smallest" : "largest",
                      several ? " among draws that meet those" : " met", text.text);
        buf_free(&text);
    }
    free(p.values);
    program_adopt(space->program, &sink);
    diag_free(&sink);
}

static Architecture *draw_point(Space *space, Arena *arena, Draw *draw, bool quiet) {
    Arena scratch;
    arena_init(&scratch, "sample");
    size_t rejected = 0;
    Architecture *a = NULL;
    bool go_on = true;
    while (!a && go_on && draw->attempt < MAX_REJECTIONS) {
        a = attempt(space, arena, &scratch, draw, &rejected, &go_on);
        draw->attempt++;
        arena_reset(&scratch);
    }
    if (!a && go_on && !quiet)
        say_empty(space, &scratch, rejected, draw);
    arena_free(&scratch);
    return a;
}

Architecture *space_sample(Space *space, Arena *arena, RandomStream stream, uint64_t index) {
    const struct LeafTable *t = space_leaves(space);
    Draw draw = {.stream = stream_below(stream, index), .table = t->weighed ? t : NULL};
    return draw_point(space, arena, &draw, false);
}

Architecture *space_sample_quiet(Space *space, Arena *arena, RandomStream stream, uint64_t index) {
    const struct LeafTable *t = space_leaves(space);
    Draw draw = {.stream = stream_below(stream, index), .table = t->weighed ? t : NULL};
    return draw_point(space, arena, &draw, true);
}

Architecture *space_mutate(Space *space, Arena *arena, const Architecture *a, RandomStream stream,
                           uint64_t index, double rate) {
    Draw draw = {.stream = stream_below(stream, index),
                 .parent = a,
                 .rate = rate,
                 .changed = nasc_alloc_zero(a->n + 1)};
    Architecture *out = draw_point(space, arena, &draw, false);
    free(draw.changed);
    return out;
}
