/* Drawing distinct architectures. In: a space with symmetries, a random stream and an index. Out: the point that
 * stands for an architecture, each of which is equally likely. Invariant: a draw is a function of space, stream and
 * index alone; the list behind it of the space alone. */
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
                : "they are too many, or a constraint asks for more than decisions");
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
    return n < 0x1p53L ? (int64_t)n : -1;
}

Architecture *space_sample_distinct(Space *space, Arena *arena, RandomStream stream,
                                    uint64_t index) {
    if (points_will_do(space) || !(distinct_weight(space->distinct) > 0))
        return space_sample(space, arena, stream, index);
    Arena scratch;
    Session s;
    Architecture *a = NULL;
    arena_init(&scratch, "sample");
    Draw draw = {.stream = stream_below(stream, index)};
    Assignment made = distinct_draw(space->distinct, draw.stream, &scratch);
    draw.made = &made;
    SpaceUse *use = draw_decisions(space, &draw, &s, &scratch);
    if (use) {
        int violated = session_first_violated(&s, use);
        CHECK(violated < 0);
        a = violated == -1 ? architecture_make(&s, space, use, arena) : NULL;
    }
    bool ok = session_end(&s, false);
    arena_free(&scratch);
    return ok ? a : NULL;
}
