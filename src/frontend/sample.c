/* Drawing and mutating points, by rejection where constraints forbid some. In: a random stream and
 * an index. Out: architectures, each a function of space, stream and index alone. Invariant:
 * attempt k of a draw uses numbers of its own, so what one attempt asks for never moves another. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

enum { MAX_REJECTIONS = 10000, NUMBERS_BITS = 24 };

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
} Draw;

static uint64_t next_number(Draw *w) {
    return ((w->attempt + 1) << NUMBERS_BITS) + w->asked++;
}

static int64_t pick_drawn(void *user, Session *s, const char *address, const EvalDomain *d) {
    Draw *w = user;
    uint64_t number = next_number(w);
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

typedef struct Rejections {
    size_t counts[32]; /* by constraint; the last one holds all further ones */
    size_t total;
} Rejections;

/* One attempt: an architecture, or NULL and *go_on says whether another attempt may find one. */
static Architecture *attempt(Space *space, Arena *arena, Arena *scratch, Draw *draw,
                             Rejections *rejected, bool *go_on) {
    Session s;
    Architecture *a = NULL;
    *go_on = false;
    draw->asked = 0;
    if (draw->parent)
        choose_changes(draw);
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = scratch, .oracle = {.user = draw, .pick = pick_drawn}});
    SpaceUse *use = session_space(&s, space);
    if (use && session_decide_all(&s, space, use)) {
        int violated = session_first_violated(&s, use);
        if (violated >= 0) {
            rejected->counts[MIN((size_t)violated, ARRAY_LEN(rejected->counts) - 1)]++;
            rejected->total++;
            *go_on = true;
        } else if (violated == -1) {
            a = architecture_make(&s, space, use, arena);
        }
    }
    return session_end(&s, false) ? a : NULL;
}

static void say_empty(Space *space, Arena *scratch, const Rejections *rejected) {
    DiagSink sink;
    diag_init(&sink, scratch, &space->program->sources);
    Diag *d = diag_at(&sink, space->definition->name_place, DIAG_empty_space, (int)rejected->total);
    for (size_t i = 0; d && i < ARRAY_LEN(rejected->counts); i++) {
        const Ast *require = space_require(space->definition, (int)i);
        if (require && rejected->counts[i])
            diag_note(&sink, d, require->place, "this constraint failed %zu times first",
                      rejected->counts[i]);
    }
    program_adopt(space->program, &sink);
    diag_free(&sink);
}

static Architecture *draw_point(Space *space, Arena *arena, Draw *draw, bool quiet) {
    Arena scratch;
    arena_init(&scratch, "sample");
    Rejections rejected = {0};
    Architecture *a = NULL;
    bool go_on = true;
    while (!a && go_on && draw->attempt < MAX_REJECTIONS) {
        a = attempt(space, arena, &scratch, draw, &rejected, &go_on);
        draw->attempt++;
        arena_reset(&scratch);
    }
    if (!a && go_on && !quiet)
        say_empty(space, &scratch, &rejected);
    arena_free(&scratch);
    return a;
}

Architecture *space_sample(Space *space, Arena *arena, RandomStream stream, uint64_t index) {
    Draw draw = {.stream = stream_below(stream, index)};
    return draw_point(space, arena, &draw, false);
}

Architecture *space_sample_quiet(Space *space, Arena *arena, RandomStream stream, uint64_t index) {
    Draw draw = {.stream = stream_below(stream, index)};
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
