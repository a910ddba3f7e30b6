/* What a ranking is over: one set of candidates, or a list of them, each of a space of its own; a space without choices
 * stands for its only network. In: the expression before `by`. Out: CandidateSets. Invariant: no two sets are of one
 * space with the same arguments, and those of tables have one metric and one direction as far as the program says. */
#include <string.h>

#include "frontend/host.h"

enum { MAX_SETS = 1000 };

static const char expected[] =
    "candidates: draw, rows, list, a space without choices, or a list of these";

/* The place of set i: of its element where a list is written out. */
static Place set_place(const Ast *action, size_t i) {
    const Ast *from = action->a;
    return from->kind == AST_LIST && i < from->list.len ? from->list.items[i]->place : from->place;
}

static bool has_choices(const Ast *space) {
    for (size_t i = 0; i < space->list.len; i++)
        if (space->list.items[i]->kind == AST_CHOICE)
            return true;
    return false;
}

/* A network drawn by hand: the architecture of no decisions. */
static CandidatesUse *only_network(Session *s, SpaceUse *space, Place place) {
    static const char *const text[] = {""};
    if (has_choices(space->definition)) {
        const char *name = space->definition->text;
        diag_hint(&s->diags, diag_at(&s->diags, place, DIAG_no_candidates, name),
                  "draw(%s, 20) draws some of its architectures", name);
        return NULL;
    }
    if (!space_open(s, space))
        return NULL;
    CandidatesUse *c = ARENA_NEW(s->arena, CandidatesUse);
    *c = (CandidatesUse){.kind = CANDIDATES_LIST, .space = space, .n = 1, .list = text};
    return c;
}

static CandidatesUse *one_set(Session *s, Value v, Place place) {
    CandidatesUse *c = opaque_data(v, &TAG_CANDIDATES);
    SpaceUse *space = opaque_data(v, &TAG_SPACE);
    if (space)
        return only_network(s, space, place);
    if (!c && !value_is_poison(v))
        diag_at(&s->diags, place, DIAG_wrong_kind, expected, value_kind_name(v));
    return c;
}

size_t session_candidates(Session *s, const Ast *action, CandidatesUse ***out) {
    Value from = action_part(s, action, false), plain = value_plain(from);
    int64_t len = value_is_poison(from) ? -1 : value_length(plain);
    size_t n = len < 0 ? 1 : (size_t)len;
    if (n > MAX_SETS) {
        diag_at(&s->diags, action->a->place, DIAG_too_large, "a ranking of more than 1,000 spaces");
        return 0;
    }
    *out = ARENA_ARRAY(s->arena, CandidatesUse *, n + 1);
    for (size_t i = 0; i < n; i++) {
        Value v = len < 0 ? from : value_element(plain, (int64_t)i);
        if (!((*out)[i] = one_set(s, v, set_place(action, i))))
            return 0;
    }
    if (n == 0)
        diag_at(&s->diags, action->a->place, DIAG_wrong_kind, expected, "an empty list");
    return n;
}

/* The space as a call with its arguments. */
static const char *call_text(Session *s, Arena *arena, const SpaceUse *use) {
    Buf b = {0};
    buf_printf(&b, "%s(", use->definition->text);
    session_arguments_text(s, &use->definition->params, 0, use->args, use->nargs, &b);
    buf_putc(&b, ')');
    const char *text = arena_strndup(arena, b.text, b.len);
    buf_free(&b);
    return text;
}

/* Of several sets, each is called by its space and the arguments that it gives. */
static bool name_sets(Session *s, const Ast *action, CandidatesUse *const *uses, CandidateSet *sets,
                      size_t n) {
    for (size_t i = 0; i < n; i++)
        sets[i].name = n == 1 || !uses[i]->space->args
                           ? space_name(sets[i].space)
                           : call_text(s, &s->program->arena, uses[i]->space);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(sets[i].name, sets[k].name) == 0) {
                Diag *d = diag_at(&s->diags, set_place(action, i), DIAG_space_twice, sets[i].name);
                diag_note(&s->diags, d, set_place(action, k), "it stands here before");
                return false;
            }
    return true;
}

/* One ranking has one metric: two tables differ in neither its name nor which way is better. */
static bool agree_on_metric(Session *s, const Ast *action, const CandidateSet *sets, size_t n) {
    const CandidateSet *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const CandidateSet *c = &sets[i];
        if (c->kind != CANDIDATES_TABLE)
            continue;
        const char *why = NULL;
        if (first && c->smaller_is_better != first->smaller_is_better)
            why = "of one table larger is better, of another smaller";
        else if (first && first->metric && c->metric && strcmp(c->metric, first->metric) != 0)
            why = arena_printf(s->arena, "`%s` and `%s`", first->metric, c->metric);
        if (why) {
            diag_at(&s->diags, set_place(action, i), DIAG_two_metrics, why);
            return false;
        }
        first = first ? first : c;
    }
    return true;
}

/* What a function among the arguments does is not looked into. */
static Space *space_of_use(Program *p, const Ast *action, const SpaceUse *use, size_t set) {
    if (!use->args)
        return program_space_of(p, use->definition, use->file, NULL, 0);
    Space *space = program_space_of(p, use->definition, use->file, action, set);
    for (size_t i = 0; i < use->nargs; i++)
        if (value_may_hold_choices(use->args[i].value))
            space->inner_choices = p->inner_choices;
    return space;
}

const CandidateSet *program_candidate_sets(Session *s, const Ast *action, size_t *n) {
    Program *p = s->program;
    CandidatesUse **uses;
    *n = session_candidates(s, action, &uses);
    CandidateSet *sets = ARENA_ARRAY(&p->arena, CandidateSet, *n + 1);
    for (size_t i = 0; i < *n; i++) {
        const CandidatesUse *c = uses[i];
        const SpaceUse *space = c->space;
        sets[i] = (CandidateSet){.space = space_of_use(p, action, space, i),
                                 .kind = c->kind,
                                 .n = c->n,
                                 .sample = c->sample,
                                 .distinct = c->distinct,
                                 .table = c->table,
                                 .metric = c->metric,
                                 .format = c->format,
                                 .smaller_is_better = c->smaller_is_better,
                                 .drop_overlap = c->drop_overlap,
                                 .space_text = space->args ? NULL : space->definition->text,
                                 .list = c->list};
    }
    bool ok = *n && name_sets(s, action, uses, sets, *n) && agree_on_metric(s, action, sets, *n);
    return ok ? sets : NULL;
}
