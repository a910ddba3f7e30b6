/* Does every alternative of every decision build, and do those that meet? In: a space. Out:
 * diagnostics. Points are built in rows: the first values; then one choice at a time, all its
 * elements by turns, which tells whose values change shapes; then rows that hold pairs of values
 * not yet built together (check_cover.c), those first of which one changes shapes. The choice of
 * most elements goes first: if it has no more alternatives than elements each of its rows holds
 * them all, and one that is smaller than the first values is what the other choices are tried in.
 * Invariant: what is checked depends on the program alone. */
#include <stdlib.h>
#include <string.h>

#include "frontend/check_cover.h"

/* What it may cost, in points and in nodes of networks. The spaces of a program share what pairs
 * may cost, down to a least that each may. */
enum { TRIES = 64, MAX_POINTS = 2000, MAX_BARREN = 24, PAIR_NODES = 8000, PAIR_NODES_LEAST = 3000 };

typedef enum RowMode {
    ROW_BASE,  /* all as in the base point */
    ROW_TURN,  /* element i of one choice takes value turn + i */
    ROW_FORCE, /* one decision takes a given value; the rest as in the base point, or drawn */
    ROW_COVER, /* what adds most */
} RowMode;

typedef struct Check {
    Space *space;
    Cover cover;
    const Architecture *base; /* NULL: first values */
    HashSet places, meetings; /* of the base point: where shapes meet, and what meets there */
    HashSet turned;           /* what met in the turns of a choice and not in the base point */
    size_t nodes, points;
    size_t pair_nodes; /* that rows of pairs may have */
    size_t base_nodes;
    size_t row_nodes; /* of the last row; SIZE_MAX if it was not built */
    bool reread;      /* the encoding is read back */
    Arena scratch;
} Check;

typedef struct Row {
    Check *check;
    RowMode mode;
    const Ast *choice;
    int64_t turn;
    const char *address;
    int64_t index;
    bool at_random; /* what is not forced is drawn: with it the base breaks a constraint */
    RandomStream stream;
    uint64_t asked;
    bool other_shapes; /* something met that did not in the base point */
    bool new_shapes;   /* nor in the turns before */
} Row;

static int64_t base_index(const Row *r, Session *s, const char *address, const EvalDomain *d) {
    const Architecture *base = r->check->base;
    for (size_t i = 0; base && i < base->n; i++) {
        if (strcmp(base->views[i].address, address) != 0)
            continue;
        const char *value = base->views[i].value;
        return MAX(domain_index(s->eval, d, value, strlen(value)), 0);
    }
    return 0;
}

static int64_t row_index(Row *r, Session *s, const char *address, const EvalDomain *d) {
    uint64_t number = r->asked++;
    if (r->mode == ROW_COVER)
        return cover_best(&r->check->cover, address, d);
    if (r->mode == ROW_FORCE && strcmp(address, r->address) == 0)
        return MIN(r->index, d->domain.count - 1);
    if (r->mode == ROW_TURN && d->choice == r->choice) {
        int64_t element = cover_choice(&r->check->cover, d->choice)->in_row;
        int64_t n = cover_values(d->domain.count);
        return cover_value(d->domain.count, (r->turn + element) % n);
    }
    return r->at_random ? domain_draw(&d->domain, r->stream, number) : base_index(r, s, address, d);
}

static int64_t pick_row(void *user, Session *s, const char *address, const EvalDomain *d) {
    Row *r = user;
    int64_t index = row_index(r, s, address, d);
    cover_take(&r->check->cover, address, d, index);
    return index;
}

/* The operation at a place of the program, and the shapes of what flows into it. */
static void note_meeting(Row *r, const IrGraph *g, const IrNode *node) {
    struct {
        IrPlace place;
        uint32_t op;
    } at = {node->place, (uint32_t)node->op};
    Check *c = r->check;
    Hash128 place = hash128(&at, sizeof at, 60), met = place;
    if (r->mode == ROW_TURN && !hash_set_has(&c->places, place))
        return;
    bool any = false;
    for (uint32_t i = 0; i < node->nin; i++) {
        const IrType *t = &ir_get(g, node->in[i])->type;
        if (ir_type_find(t, IR_AXIS_N) < 0) /* a weight */
            continue;
        any = true;
        met = hash128_combine(met, hash128(t->axis, (size_t)t->rank * sizeof *t->axis, i));
        met = hash128_combine(met, hash128(t->size, (size_t)t->rank * sizeof *t->size, i));
    }
    if (!any)
        return;
    if (r->mode == ROW_BASE) {
        hash_set_add(&c->places, place);
        hash_set_add(&c->meetings, met);
    } else if (!hash_set_has(&c->meetings, met)) {
        r->other_shapes = true;
        r->new_shapes |= hash_set_add(&c->turned, met);
    }
}

static void build_networks(Row *r, Session *s, SpaceUse *use, Arena *arena) {
    const Space *space = r->check->space;
    IrModule m;
    for (size_t i = 0; i <= space->nnetworks; i++) {
        NetworkUse *net = session_network(s, use, i == 0 ? NULL : space->network_names[i - 1]);
        if (net && !net->sizes && !space->inner_choices)
            session_network_build(s, net, 1, arena, &m);
    }
    size_t n = ir_graph_len(s->graph);
    r->check->nodes += n;
    r->check->row_nodes = n;
    if (r->mode == ROW_BASE)
        r->check->base_nodes = n;
    bool compared = r->mode == ROW_BASE || r->mode == ROW_TURN;
    for (size_t i = 0; compared && i < n; i++)
        note_meeting(r, s->graph, ir_get(s->graph, (IrRef)i));
}

static void check_reads_back(Space *space, const Architecture *a, Arena *arena) {
    bool read;
    if (architecture_reads_back(space, a, arena, &read))
        return;
    DiagSink sink;
    diag_init(&sink, arena, &space->program->sources);
    sink.architecture = a->text;
    diag_at(&sink, space->encoding->place, DIAG_not_invertible_encoding,
            read ? arena_printf(arena, "`%s` reads back as another architecture", a->text)
                 : arena_printf(arena, "`%s` is written and not read", a->text));
    program_adopt(space->program, &sink);
    diag_free(&sink);
}

/* Mistakes are told with the architecture that shows them. */
static void name_architecture(Session *s, const Architecture *a) {
    for (size_t i = 0; a && i < s->diags.items.len; i++)
        s->diags.items.items[i].architecture = a->text;
}

/* A point of the space, its networks built; NULL if it breaks a constraint or cannot be made. */
static Architecture *check_row(Row *r, Arena *arena) {
    Check *c = r->check;
    Session s;
    Architecture *a = NULL;
    cover_begin_row(&c->cover);
    r->asked = 0;
    c->points++;
    c->row_nodes = SIZE_MAX;
    session_begin(&s, c->space->program,
                  &(SessionConfig){.arena = &c->scratch,
                                   .oracle = {.user = r, .pick = pick_row},
                                   .unnamed = true});
    SpaceUse *use = session_space(&s, c->space);
    bool decided = use && session_decide_all(&s, c->space, use);
    int violated = decided ? session_first_violated(&s, use) : -1;
    if (decided && (violated == -1 || s.diags.items.len))
        a = architecture_make(&s, c->space, use, arena);
    name_architecture(&s, a);
    if (violated != -1)
        a = NULL;
    if (a) {
        s.diags.architecture = a->text;
        if (r->mode == ROW_TURN && architecture_same_point(a, c->base))
            r->new_shapes = true;
        else
            build_networks(r, &s, use, &c->scratch);
    }
    bool ok = session_end(&s, false);
    cover_end_row(&c->cover, a != NULL);
    if (a && ok && c->reread && c->space->encoding)
        check_reads_back(c->space, a, &c->scratch);
    arena_reset(&c->scratch);
    return a;
}

static bool mistaken(const Check *c, size_t errors) {
    return c->space->program->diags.errors > errors;
}

/* All elements of a choice by turns: of two of them that meet each sees the other's next value.
 * Returns the row of fewest nodes if it has less than `least`, else NULL. */
static const Architecture *check_turns(Check *c, size_t at, size_t least, Arena *arena) {
    const Ast *choice = c->cover.choices.items[at].choice;
    const Architecture *smallest = NULL;
    hash_set_free(&c->turned);
    for (int64_t turn = 0; turn < c->cover.choices.items[at].values; turn++) {
        Row r = {.check = c, .mode = ROW_TURN, .choice = choice, .turn = turn};
        const Architecture *a = check_row(&r, arena);
        CoverChoice *turned = &c->cover.choices.items[at];
        turned->shapes |= r.other_shapes;
        if (a && turned->in_row == 1 && !r.new_shapes)
            turned->plain |= 1ull << turn;
        if (a && c->row_nodes < least) {
            smallest = a;
            least = c->row_nodes;
        }
    }
    return smallest;
}

static size_t choice_of_most_elements(const Cover *c) {
    size_t most = 0;
    for (size_t i = 1; i < c->choices.len; i++)
        if (c->choices.items[i].in_row > c->choices.items[most].in_row)
            most = i;
    return most;
}

static void take_base(Check *c, const Architecture *base, Arena *arena) {
    c->base = base;
    hash_set_free(&c->places);
    hash_set_free(&c->meetings);
    check_row(&(Row){.check = c, .mode = ROW_BASE}, arena);
}

static void check_all_turns(Check *c, Arena *arena) {
    size_t first = choice_of_most_elements(&c->cover);
    const CoverChoice *choice = &c->cover.choices.items[first];
    bool holds_all = choice->in_row >= choice->values;
    const Architecture *smallest = check_turns(c, first, c->base_nodes, arena);
    if (smallest && holds_all)
        take_base(c, smallest, arena);
    for (size_t i = 0; i < c->cover.choices.len; i++)
        if (i != first)
            check_turns(c, i, 0, arena);
}

/* A value that no point near the base can take is tried in drawn ones; one that none can take is
 * skipped. */
static void check_value(Check *c, const char *address, int64_t index) {
    Arena arena;
    arena_init(&arena, "check");
    Row r = {.check = c, .mode = ROW_FORCE, .address = address, .index = index};
    r.stream =
        random_stream(0, 0, RANDOM_SAMPLE, hash128(address, strlen(address), (uint64_t)index));
    size_t errors = c->space->program->diags.errors;
    Architecture *a = check_row(&r, &arena);
    for (int i = 0; i < TRIES && !a && !mistaken(c, errors); i++) {
        r.at_random = true;
        r.stream = stream_below(r.stream, 1);
        arena_reset(&arena);
        a = check_row(&r, &arena);
    }
    arena_free(&arena);
}

static void check_values(Check *c) {
    for (size_t i = 0; i < c->cover.seen.len; i++) {
        CoverDecision d = c->cover.seen.items[i];
        for (int64_t k = 0; k < cover_values(d.count) && c->points < MAX_POINTS; k++)
            if (!cover_has_value(&c->cover, d.address, cover_value(d.count, k)))
                check_value(c, d.address, cover_value(d.count, k));
    }
}

/* Rows that hold what was not yet built together, as long as they bring something. */
static void check_pairs(Check *c) {
    size_t limit = c->nodes + c->pair_nodes;
    int barren = 0;
    for (size_t i = 0; i < MAX_POINTS && barren < MAX_BARREN; i++) {
        Arena arena;
        arena_init(&arena, "check");
        Row r = {.check = c, .mode = ROW_COVER};
        bool built = check_row(&r, &arena) != NULL;
        arena_free(&arena);
        barren = built && c->cover.new_values + c->cover.new_pairs ? 0 : barren + 1;
        if (c->nodes > limit && !(built && c->cover.new_values))
            return;
    }
}

void space_check_all(Space *space, size_t nspaces) {
    Arena arena;
    arena_init(&arena, "check");
    Check c = {
        .space = space, .reread = true, .pair_nodes = MAX(PAIR_NODES / nspaces, PAIR_NODES_LEAST)};
    arena_init(&c.scratch, "check");
    cover_init(&c.cover, &arena);
    Row first = {.check = &c, .mode = ROW_BASE};
    size_t errors = space->program->diags.errors;
    c.base = check_row(&first, &arena);
    if (!c.base && !mistaken(&c, errors)) {
        c.base = space_sample(space, &arena,
                              random_stream(0, 0, RANDOM_SAMPLE, hash128("check", 5, 0)), 0);
        if (c.base)
            check_row(&first, &arena);
    }
    if (c.base && c.cover.choices.len)
        check_all_turns(&c, &arena);
    if (c.base)
        check_values(&c);
    c.reread = false;
    if (c.base && !mistaken(&c, errors))
        check_pairs(&c);
    hash_set_free(&c.places);
    hash_set_free(&c.meetings);
    hash_set_free(&c.turned);
    cover_free(&c.cover);
    arena_free(&c.scratch);
    arena_free(&arena);
}
