/* Does every alternative of every decision build? In: a space. Out: diagnostics. Invariant: what is
 * checked depends on the program alone. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

/* Checking: points that differ from a base point in one decision. */

enum { TRIES = 64, MAX_VALUES = 64, MAX_POINTS = 2000 };

typedef struct Variation {
    const Architecture *base; /* NULL: first values */
    const char *address;      /* of the decision that is forced, or NULL */
    int64_t index;
    int64_t turn;   /* not negative: every decision takes value number turn, modulo its count */
    bool at_random; /* what is not forced is drawn: with it the base breaks a constraint */
    RandomStream stream;
    uint64_t asked;
} Variation;

static int64_t pick_varied(void *user, Session *s, const char *address, const EvalDomain *d) {
    Variation *v = user;
    uint64_t number = v->asked++;
    if (v->address && strcmp(address, v->address) == 0)
        return MIN(v->index, d->domain.count - 1);
    if (v->turn >= 0)
        return v->turn % d->domain.count;
    if (v->at_random)
        return domain_draw(&d->domain, v->stream, number);
    for (size_t i = 0; v->base && i < v->base->n; i++) {
        if (strcmp(v->base->views[i].address, address) != 0)
            continue;
        int64_t index =
            domain_index(s->eval, d, v->base->views[i].value, strlen(v->base->views[i].value));
        return MAX(index, 0);
    }
    return 0;
}

/* A point of the space with the variation's decision; NULL if it breaks a constraint or cannot be
 * made. */
static Architecture *varied_point(Space *space, Arena *arena, Variation *v) {
    Session s;
    Arena scratch;
    Architecture *a = NULL;
    arena_init(&scratch, "check");
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = &scratch, .oracle = {.user = v, .pick = pick_varied}});
    SpaceUse *use = session_space(&s, space);
    if (use && session_decide_all(&s, space, use) && session_first_violated(&s, use) == -1)
        a = architecture_make(&s, space, use, arena);
    if (!session_end(&s, false))
        a = NULL;
    arena_free(&scratch);
    return a;
}

static bool same_point(const Architecture *a, const Architecture *b) {
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->views[i].address, b->views[i].address) != 0 ||
            strcmp(a->views[i].value, b->views[i].value) != 0)
            return false;
    return true;
}

static void check_reads_back(Space *space, const Architecture *a, Arena *arena) {
    const Architecture *again = space_parse(space, arena, a->text, strlen(a->text), true);
    if (again && same_point(a, again))
        return;
    DiagSink sink;
    diag_init(&sink, arena, &space->program->sources);
    sink.architecture = a->text;
    diag_at(&sink, space->encoding->place, DIAG_not_invertible_encoding,
            again ? arena_printf(arena, "`%s` reads back as another architecture", a->text)
                  : arena_printf(arena, "`%s` is written and not read", a->text));
    program_adopt(space->program, &sink);
    diag_free(&sink);
}

static void check_point(Space *space, const Architecture *a) {
    Arena arena;
    IrModule m;
    arena_init(&arena, "check");
    space_network(space, a, NULL, 1, &arena, &m);
    for (size_t i = 0; i < space->nnetworks; i++) {
        arena_reset(&arena);
        space_network(space, a, space->network_names[i], 1, &arena, &m);
    }
    if (space->encoding)
        check_reads_back(space, a, &arena);
    arena_free(&arena);
}

/* A value that no point near the base can take is tried in drawn ones; one that none can take is
 * skipped. */
static void check_value(Space *space, const Architecture *base, const char *address,
                        int64_t index) {
    Arena arena;
    arena_init(&arena, "check");
    Variation v = {.base = base, .address = address, .index = index, .turn = -1};
    v.stream =
        random_stream(0, 0, RANDOM_SAMPLE, hash128(address, strlen(address), (uint64_t)index));
    size_t errors = space->program->diags.errors;
    Architecture *a = varied_point(space, &arena, &v);
    for (int i = 0; i < TRIES && !a && space->program->diags.errors == errors; i++) {
        v.at_random = true;
        arena_reset(&arena);
        a = varied_point(space, &arena, &v);
    }
    if (a)
        check_point(space, a);
    arena_free(&arena);
}

static int64_t count_values(const Architecture *a) {
    int64_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += MIN(a->views[i].count, (int64_t)MAX_VALUES);
    return n;
}

static void check_values(Space *space, const Architecture *base) {
    for (size_t i = 0; i < base->n; i++)
        for (int64_t k = 0; k < MIN(base->views[i].count, (int64_t)MAX_VALUES); k++)
            if (k != base->views[i].index)
                check_value(space, base, base->views[i].address, k);
}

/* A space of very many decisions: all change at once, so that few points hold every value. */
static void check_turns(Space *space) {
    for (int64_t turn = 0; turn < MAX_VALUES; turn++) {
        Arena arena;
        arena_init(&arena, "check");
        Variation v = {.turn = turn};
        Architecture *a = varied_point(space, &arena, &v);
        if (a)
            check_point(space, a);
        arena_free(&arena);
    }
}

void space_check_all(Space *space) {
    Arena arena;
    arena_init(&arena, "check");
    Variation first = {.turn = -1};
    size_t errors = space->program->diags.errors;
    Architecture *base = varied_point(space, &arena, &first);
    if (!base && space->program->diags.errors == errors)
        base = space_sample(space, &arena,
                            random_stream(0, 0, RANDOM_SAMPLE, hash128("check", 5, 0)), 0);
    if (base) {
        check_point(space, base);
        if (count_values(base) <= MAX_POINTS)
            check_values(space, base);
        else
            check_turns(space);
    }
    arena_free(&arena);
}
