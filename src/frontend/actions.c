/* Actions, and the functions that only programs have: draw, rows, list, sgd, macs and its kin. In:
 * calls met by the evaluator. Out: candidates, optimizers and sizes as values; program_actions
 * gathers the `rank` statements. Invariant: names of a program win over these. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

typedef struct Function Function;
typedef Value FunctionBody(Session *s, const Function *f, const Value *args, const EvalArg *given,
                           size_t n, Place place);
struct Function {
    const char *name;
    FunctionBody *body;
    size_t required;
    const char *params[8]; /* ends in NULL */
};

enum { MAX_ARGS = 7 };

static size_t param_count(const Function *f) {
    size_t n = 0;
    while (f->params[n])
        n++;
    return n;
}

static size_t param_slot(const Function *f, const char *name) {
    size_t n = param_count(f);
    for (size_t i = 0; i < n; i++)
        if (strcmp(f->params[i], name) == 0)
            return i;
    return n;
}

/* Sorts arguments by parameter; what is not given is none. */
static bool sort_args(Session *s, const Function *f, const EvalArg *args, size_t n, Place place,
                      Value *out) {
    bool have[MAX_ARGS] = {false}, ok = true;
    size_t count = param_count(f), next = 0;
    for (size_t i = 0; i < count; i++)
        out[i] = value_none();
    for (size_t i = 0; i < n; i++) {
        size_t slot = args[i].name ? param_slot(f, args[i].name) : next++;
        if (slot >= count && args[i].name) {
            Diag *d =
                diag_at(&s->diags, args[i].place, DIAG_unknown_argument, f->name, args[i].name);
            const char *near = diag_nearest(args[i].name, f->params, count);
            if (d && near)
                diag_hint(&s->diags, d, "did you mean `%s`?", near);
            return false;
        }
        if (slot >= count) {
            diag_at(&s->diags, place, DIAG_wrong_arity, f->name,
                    arena_printf(s->arena, "at most %zu arguments", count), n);
            return false;
        }
        if (have[slot]) {
            diag_at(&s->diags, args[i].place, DIAG_duplicate_argument, f->params[slot]);
            return false;
        }
        have[slot] = true;
        out[slot] = args[i].value;
        ok = ok && !value_is_poison(args[i].value);
    }
    for (size_t i = 0; i < f->required; i++)
        if (!have[i]) {
            diag_at(&s->diags, place, DIAG_missing_argument, f->name, f->params[i]);
            return false;
        }
    return ok;
}

/* The place of an argument, for messages: its own, or the call's. */
static Place arg_place(const Function *f, size_t slot, const EvalArg *given, size_t n,
                       Place place) {
    for (size_t i = 0; i < n; i++)
        if (given[i].name ? strcmp(given[i].name, f->params[slot]) == 0 : i == slot)
            return given[i].place;
    return place;
}

static SpaceUse *space_arg(Session *s, Value v, Place place) {
    SpaceUse *use = opaque_data(v, &TAG_SPACE);
    if (!use)
        diag_at(&s->diags, place, DIAG_wrong_kind, "a space", value_kind_name(v));
    return use && space_open(s, use) ? use : NULL;
}

static Value candidates(Session *s, CandidatesUse c) {
    CandidatesUse *kept = ARENA_NEW(s->arena, CandidatesUse);
    *kept = c;
    return value_opaque(s->arena, "candidates", &TAG_CANDIDATES, kept);
}

/* n and seed, wherever they stand. */
static bool count_and_seed(Session *s, Value n, Place n_place, Value seed, Place seed_place,
                           CandidatesUse *c) {
    int64_t sample = 0;
    c->n = INT64_MAX;
    if (n.kind != VALUE_NONE &&
        !eval_int(s->eval, n, n_place, "the number of candidates", 1, INT64_MAX, &c->n))
        return false;
    if (seed.kind != VALUE_NONE &&
        !eval_int(s->eval, seed, seed_place, "the seed", 0, INT64_MAX, &sample))
        return false;
    c->sample = (uint64_t)sample;
    return true;
}

static Value call_draw(Session *s, const Function *f, const Value *a, const EvalArg *given,
                       size_t n, Place place) {
    CandidatesUse c = {.kind = CANDIDATES_DRAWN};
    c.space = space_arg(s, a[0], arg_place(f, 0, given, n, place));
    if (!c.space || !count_and_seed(s, a[1], arg_place(f, 1, given, n, place), a[2],
                                    arg_place(f, 2, given, n, place), &c))
        return value_poison();
    return candidates(s, c);
}

/* The format of that name; its metric is what it defines under the name given. */
static bool row_format(Session *s, Value v, Place place, CandidatesUse *c) {
    const ValueString *text;
    size_t file;
    if (!eval_text(s->eval, v, place, "the format", &text))
        return false;
    const Ast *space = c->space->definition;
    const Ast *format = program_format(s->program, space, text->text, &file);
    if (!format) {
        const char **names;
        size_t n = program_format_names(s->program, space, s->arena, &names);
        Diag *d = diag_at(&s->diags, place, DIAG_bad_format,
                          arena_printf(s->arena, "space `%s` has no format `%s`", space->text,
                                       text->text));
        const char *near = diag_nearest(text->text, names, n);
        if (near)
            diag_hint(&s->diags, d, "did you mean `%s`?", near);
        return false;
    }
    c->format = text->text;
    c->metric = c->metric ? c->metric : "metric";
    if (format_defines(format, c->metric))
        return true;
    diag_at(&s->diags, place, DIAG_bad_format,
            arena_printf(s->arena, "format `%s` does not define `%s`", text->text, c->metric));
    return false;
}

static Value call_rows(Session *s, const Function *f, const Value *a, const EvalArg *given,
                       size_t n, Place place) {
    CandidatesUse c = {.kind = CANDIDATES_TABLE};
    const ValueString *text;
    if (!eval_text(s->eval, a[0], arg_place(f, 0, given, n, place), "the table", &text))
        return value_poison();
    c.table = text->text;
    c.space = space_arg(s, a[1], arg_place(f, 1, given, n, place));
    if (!c.space || !count_and_seed(s, a[2], arg_place(f, 2, given, n, place), a[3],
                                    arg_place(f, 3, given, n, place), &c))
        return value_poison();
    if (a[4].kind != VALUE_NONE) {
        if (!eval_text(s->eval, a[4], arg_place(f, 4, given, n, place), "the metric", &text))
            return value_poison();
        c.metric = text->text;
    }
    if (a[5].kind != VALUE_NONE) {
        Place at = arg_place(f, 5, given, n, place);
        if (!eval_text(s->eval, a[5], at, "`better`", &text))
            return value_poison();
        c.smaller_is_better = strcmp(text->text, "smaller") == 0;
        if (!c.smaller_is_better && strcmp(text->text, "larger") != 0) {
            diag_at(&s->diags, at, DIAG_bad_value, "`better` is `larger` or `smaller`");
            return value_poison();
        }
    }
    if (a[6].kind != VALUE_NONE && !row_format(s, a[6], arg_place(f, 6, given, n, place), &c))
        return value_poison();
    return candidates(s, c);
}

static Value call_list(Session *s, const Function *f, const Value *a, const EvalArg *given,
                       size_t n, Place place) {
    CandidatesUse c = {.kind = CANDIDATES_LIST};
    c.space = space_arg(s, a[0], arg_place(f, 0, given, n, place));
    int64_t len = value_length(value_plain(a[1]));
    Place at = arg_place(f, 1, given, n, place);
    if (len < 0) {
        diag_at(&s->diags, at, DIAG_wrong_kind, "a list of architectures", value_kind_name(a[1]));
        return value_poison();
    }
    const char **list = ARENA_ARRAY(s->arena, const char *, len + 1);
    for (int64_t i = 0; i < len; i++) {
        const ValueString *text;
        if (!eval_text(s->eval, value_element(value_plain(a[1]), i), at, "an architecture", &text))
            return value_poison();
        list[i] = text->text;
    }
    c.list = list;
    c.n = len;
    return c.space ? candidates(s, c) : value_poison();
}

static Value call_sgd(Session *s, const Function *f, const Value *a, const EvalArg *given, size_t n,
                      Place place) {
    OptimizerUse *o = ARENA_NEW(s->arena, OptimizerUse);
    *o = (OptimizerUse){.decay = a[2], .place = arg_place(f, 2, given, n, place)};
    if (!eval_number(s->eval, a[0], arg_place(f, 0, given, n, place), "the learning rate", &o->lr))
        return value_poison();
    if (a[1].kind != VALUE_NONE &&
        !eval_number(s->eval, a[1], arg_place(f, 1, given, n, place), "the momentum", &o->momentum))
        return value_poison();
    return value_opaque(s->arena, "an optimizer", &TAG_OPTIMIZER, o);
}

static Value call_size(Session *s, const Function *f, const Value *a, const EvalArg *given,
                       size_t n, Place place) {
    Value net = value_plain(a[0]);
    if (net.kind != VALUE_NETWORK) {
        diag_at(&s->diags, arg_place(f, 0, given, n, place), DIAG_wrong_kind, "a network",
                value_kind_name(a[0]));
        return value_poison();
    }
    const IrSizes *z = session_network_sizes(s, net.u.network->user);
    if (!z)
        return value_poison();
    const char *name = f->name;
    return value_int(strcmp(name, "params") == 0      ? z->params
                     : strcmp(name, "macs") == 0      ? z->macs
                     : strcmp(name, "live_macs") == 0 ? z->live_macs
                                                      : z->counted_macs);
}

static const Function FUNCTIONS[] = {
    {"draw", call_draw, 2, {"space", "n", "seed", NULL}},
    {"rows", call_rows, 2, {"table", "space", "n", "seed", "metric", "better", "format", NULL}},
    {"list", call_list, 2, {"space", "architectures", NULL}},
    {"sgd", call_sgd, 1, {"lr", "momentum", "decay", NULL}},
    {"params", call_size, 1, {"net", NULL}},
    {"macs", call_size, 1, {"net", NULL}},
    {"live_macs", call_size, 1, {"net", NULL}},
    {"counted_macs", call_size, 1, {"net", NULL}},
};

void session_bind_functions(Session *s) {
    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++)
        frame_bind(
            s->eval, s->base, FUNCTIONS[i].name,
            value_opaque(s->arena, "a function", &TAG_FUNCTION, (void *)(uintptr_t)&FUNCTIONS[i]));
    frame_bind(s->eval, s->base, "larger", value_string(s->arena, "larger", 6));
    frame_bind(s->eval, s->base, "smaller", value_string(s->arena, "smaller", 7));
}

static bool has_param(const Ast *definition, const char *name) {
    for (size_t i = 0; i < definition->params.len; i++)
        if (strcmp(definition->params.items[i]->text, name) == 0)
            return true;
    return false;
}

enum { MAX_REPEATS = 10000 };

/* A proxy with arguments. `repeats` and `choices` are settings of every proxy that has no parameter
 * of that name. */
static Value apply_proxy(Session *s, const ProxyUse *bare, const EvalArg *args, size_t n) {
    ProxyUse *use = ARENA_NEW(s->arena, ProxyUse);
    EvalArg *kept = ARENA_ARRAY(s->arena, EvalArg, n + 1);
    *use = *bare;
    use->args = kept;
    for (size_t i = 0; i < n; i++) {
        if (value_is_poison(args[i].value))
            return value_poison();
        bool own = !args[i].name || has_param(bare->definition, args[i].name);
        const ValueString *choices;
        if (!own && strcmp(args[i].name, "choices") == 0) {
            if (!eval_text(s->eval, args[i].value, args[i].place, "`choices`", &choices))
                return value_poison();
            use->choices = choices->text;
        } else if (own || strcmp(args[i].name, "repeats") != 0) {
            kept[use->nargs++] = args[i];
        } else if (!eval_int(s->eval, args[i].value, args[i].place, "`repeats`", 1, MAX_REPEATS,
                             &use->repeats)) {
            return value_poison();
        }
    }
    return value_opaque(s->arena, "a proxy", &TAG_PROXY, use);
}

Value session_call(void *user, Eval *e, Value callee, const EvalArg *args, size_t n, Place place) {
    (void)e;
    Session *s = user;
    const Function *f = opaque_data(callee, &TAG_FUNCTION);
    if (f) {
        Value sorted[MAX_ARGS];
        return sort_args(s, f, args, n, place, sorted) ? f->body(s, f, sorted, args, n, place)
                                                       : value_poison();
    }
    const ProxyUse *proxy = opaque_data(callee, &TAG_PROXY);
    if (proxy)
        return apply_proxy(s, proxy, args, n);
    const SpaceUse *space = opaque_data(callee, &TAG_SPACE);
    if (space) {
        EvalArg *kept = ARENA_ARRAY(s->arena, EvalArg, n + 1);
        for (size_t i = 0; i < n; i++)
            kept[i] = args[i];
        return value_opaque(
            s->arena, "a space", &TAG_SPACE,
            session_space_definition(s, space->definition, space->file, n ? kept : NULL, n, place));
    }
    diag_at(&s->diags, place, DIAG_not_a_function, value_kind_name(callee));
    return value_poison();
}

Value action_part(Session *s, const Ast *action, bool proxy) {
    const Ast *part = proxy ? action->b : action->a;
    return part ? eval_expr(s->eval, session_file_frame(s, 0), part) : value_poison();
}

static bool gather(Session *s, Program *p, const Ast *item, Action *out) {
    Value from = action_part(s, item, false), by = action_part(s, item, true);
    if (value_is_poison(from) || value_is_poison(by))
        return false;
    CandidatesUse *c = opaque_data(from, &TAG_CANDIDATES);
    ProxyUse *x = opaque_data(by, &TAG_PROXY);
    if (!c)
        diag_at(&s->diags, item->a->place, DIAG_wrong_kind, "candidates: draw, rows or list",
                value_kind_name(from));
    if (!x)
        diag_at(&s->diags, item->b->place, DIAG_wrong_kind, "a proxy", value_kind_name(by));
    if (!c || !x)
        return false;
    *out = (Action){.place = item->place,
                    .kind = c->kind,
                    .n = c->n,
                    .sample = c->sample,
                    .table = c->table,
                    .metric = c->metric,
                    .format = c->format,
                    .smaller_is_better = c->smaller_is_better,
                    .list = c->list};
    out->space =
        program_space_of(p, c->space->definition, c->space->file, c->space->args ? item : NULL);
    out->proxy = program_proxy_of(p, x->definition, x->file, item);
    return true;
}

size_t program_actions(Program *p, const Action **out) {
    if (!p->actions_done && p->sound) {
        const AstList *items = &p->files.items[0].tree->list;
        p->actions_done = true;
        p->actions = ARENA_ARRAY(&p->arena, Action, items->len + 1);
        Session s;
        session_begin(&s, p, &(SessionConfig){.arena = &p->arena});
        for (size_t i = 0; i < items->len; i++)
            if (items->items[i]->kind == AST_RANK &&
                gather(&s, p, items->items[i], &p->actions[p->nactions]))
                p->nactions++;
        session_end(&s, false);
    }
    *out = p->actions;
    return p->nactions;
}
