/* Why a space has no points, or so few that none is found. In: a space. Out: a diagnostic with the
 * constraints at fault and the nearest values found. A set of constraints is asked for a point by drawing
 * within it alone: draws within more would say nothing about what is left out. */
#include "frontend/probe.h"

#include <math.h>

enum { PROBES = 400 };

/* Whether some point meets all constraints of the set, as far as can be told: after too many probes every set may. */
static bool reachable(Inquiry *q, uint64_t set) {
    for (size_t i = 0; i < q->probes.len; i++)
        if (!(q->probes.items[i].broken & set))
            return true;
    return inquiry_draw(q, set, PROBES, true) || q->drawn >= MAX_PROBES;
}

/* Constraints that leave nothing, while any of them left out leaves something. */
static uint64_t irreducible(Inquiry *q) {
    uint64_t set = q->n >= 64 ? UINT64_MAX : constraint_bit(q->n) - 1;
    for (int i = 0; i < q->n; i++) {
        uint64_t without = set & ~constraint_bit(i);
        if (without && !reachable(q, without))
            set = without;
    }
    return set;
}

static bool proved_empty(Inquiry *q, uint64_t set) {
    Arena arena;
    arena_init(&arena, "sample");
    const PointTable *t = points_within(
        q->space, &(PointQuery){.constraints = set, .by_probability = q->by_probability}, &arena);
    bool empty = t && !(t->weight > 0);
    arena_free(&arena);
    return empty;
}

static void note_value(Value v, Buf *b) {
    double x = value_number(v);
    value_print(b, v);
    if (fabs(x) >= 1e6)
        buf_printf(b, " (%.4gM)", x / 1e6);
}

static void note_constraint(Inquiry *q, DiagSink *sink, Diag *d, uint64_t set, int i, bool proved) {
    const Ast *require = space_require(q->space->definition, i);
    bool several = (set & (set - 1)) != 0, smaller;
    Probe best;
    Buf text = {0};
    buf_printf(&text, "no %s meets this%s", proved ? "point" : "draw",
               several ? " together with the others named here" : "");
    if (constraint_bounds(require->a, &smaller) && inquiry_nearest(q, set, i, smaller, &best)) {
        buf_printf(&text, ": the %s value found%s is ", smaller ? "smallest" : "largest",
                   several ? " where those hold" : "");
        note_value(best.values[i], &text);
        if (!(best.broken & constraint_bit(i)))
            buf_puts(&text, ", which few points reach");
    }
    diag_note(sink, d, require->place, "%s", text.text);
    buf_free(&text);
}

void report_empty(Space *space, RandomStream stream, bool by_probability, size_t draws) {
    Inquiry q;
    DiagSink sink;
    inquiry_begin(&q, space, stream, by_probability);
    uint64_t set = irreducible(&q);
    bool proved = proved_empty(&q, set);
    diag_init(&sink, &q.arena, &space->program->sources);
    Diag *d = diag_at(
        &sink, space->definition->name_place, DIAG_empty_space,
        proved ? "no point of the space meets its constraints"
               : arena_printf(&q.arena, "no point of the space was found in %zu draws", draws));
    for (int i = 0; d && i < q.n; i++)
        if (set >> i & 1)
            note_constraint(&q, &sink, d, set, i, proved);
    program_adopt(space->program, &sink);
    diag_free(&sink);
    inquiry_end(&q);
}
