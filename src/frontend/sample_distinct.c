/* Drawing distinct architectures. In: a space with symmetries, a random stream and an index. Out: the point that
 * stands for an architecture, each of which is equally likely. Points that break a constraint which the list does
 * not know, on what a network costs, are rejected, so those that are left stay equally likely. Invariant: a draw is a
 * function of space, stream and index alone; the list behind it of the space alone. */
#include "frontend/distinct.h"
#include "frontend/sample.h"

/* Where no symmetry is stated, uniform points are uniform architectures. */
static bool points_will_do(Space *space) {
    return !space_has_symmetry(space) && space_uniform(space);
}

static void report_out_of_reach(Space *space, Place place) {
    Arena arena;
    DiagSink sink;
    arena_init(&arena, "sample");
    diag_init(&sink, &arena, &space->program->sources);
    diag_at(&sink, place.file == UINT32_MAX ? space->definition->name_place : place,
            DIAG_distinct_out_of_reach, space->definition->text,
            space->inner_choices
                ? "choices stand in bodies"
                : "there are too many for the constraints and symmetries to be followed");
    program_adopt(space->program, &sink);
    diag_free(&sink);
    arena_free(&arena);
}

bool space_list_distinct(Space *space, Place place, const volatile int *interrupt) {
    if (points_will_do(space))
        return true;
    pthread_mutex_lock(&space->program->lock);
    if (!space->distinct)
        space->distinct = distinct_list(space, &space->program->arena, interrupt);
    bool ok = space->distinct != NULL;
    pthread_mutex_unlock(&space->program->lock);
    if (!ok && !(interrupt && *interrupt))
        report_out_of_reach(space, place);
    return ok;
}

const char *space_distinct_law(Space *space) {
    return points_will_do(space) ? space_law(space) : "uniform over distinct architectures";
}

int64_t space_distinct_points(Space *space) {
    if (points_will_do(space))
        return space_points(space);
    long double n = distinct_weight(space->distinct);
    return distinct_complete(space->distinct) && n < 0x1p53L ? (int64_t)n : -1;
}

enum { MAX_ATTEMPTS = 10000 };

/* NULL and whether it was rejected rather than a mistake. */
static Architecture *attempt(Space *space, Arena *arena, Arena *scratch, Draw *draw,
                             RandomStream stream, bool *rejected) {
    Session s;
    Architecture *a = NULL;
    Assignment made = distinct_draw(space->distinct, stream, scratch);
    draw->asked = 0;
    draw->made = &made;
    SpaceUse *use = draw_decisions(space, draw, &s, scratch);
    int violated = use ? session_first_violated(&s, use) : -2;
    CHECK(violated < 0 || !distinct_complete(space->distinct));
    if (violated == -1)
        a = architecture_make(&s, space, use, arena);
    *rejected = violated >= 0;
    return session_end(&s, false) ? a : NULL;
}

Architecture *space_sample_distinct(Space *space, Arena *arena, RandomStream stream,
                                    uint64_t index) {
    if (points_will_do(space) || !(distinct_weight(space->distinct) > 0))
        return space_sample(space, arena, stream, index);
    Arena scratch;
    Architecture *a = NULL;
    Draw draw = {.stream = stream_below(stream, index)};
    RandomStream own = draw.stream;
    bool rejected = true;
    arena_init(&scratch, "sample");
    for (; rejected && draw.attempt < MAX_ATTEMPTS; draw.attempt++) {
        a = attempt(space, arena, &scratch, &draw, own, &rejected);
        own = stream_below(draw.stream, UINT64_MAX - draw.attempt);
        arena_reset(&scratch);
    }
    arena_free(&scratch);
    if (rejected)
        report_empty(space, own, false, draw.attempt);
    return a;
}
