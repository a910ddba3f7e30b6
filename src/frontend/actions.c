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
    const char *params[9]; /* ends in NULL */
};

enum { MAX_ARGS = 8 };

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
    if (a[3].kind != VALUE_NONE) {
        Place at = arg_place(f, 3, given, n, place);
        const ValueString *text;
        if (!eval_text(s->eval, a[3], at, "`each`", &text))
            return value_poison();
        c.distinct = strcmp(text->text, "architecture") == 0;
        if (!c.distinct) {
            diag_at(&s->diags, at, DIAG_bad_value, "`each` is \"architecture\", or left out");
            return value_poison();
        }
    }
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
        Diag *d = diag_at(
            &s->diags, place, DIAG_bad_format,
            arena_printf(s->arena, "space `%s` has no format `%s`", space->text, text->text));
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
    if (a[7].kind != VALUE_NONE) {
        Place at = arg_place(f, 7, given, n, place);
        if (!eval_text(s->eval, a[7], at, "`overlap`", &text))
            return value_poison();
        c.drop_overlap = strcmp(text->text, "drop") == 0;
        if (!c.drop_overlap) {
            diag_at(&s->diags, at, DIAG_bad_value, "`overlap` is `drop`, or left out");
            return value_poison();
        }
    }
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

enum { MAX_BUDGET = 1000000 };

static bool engine_count(Session *s, const Function *f, size_t slot, const Value *a,
                         const EvalArg *given, size_t n, Place place, int64_t least, int64_t *out) {
    return a[slot].kind == VALUE_NONE ||
           eval_int(s->eval, a[slot], arg_place(f, slot, given, n, place), f->params[slot], least,
                    MAX_BUDGET, out);
}

/* The reference's parameters are the defaults. */
static Value call_evolution(Session *s, const Function *f, const Value *a, const EvalArg *given,
                            size_t n, Place place) {
    SearchEngine e = {.budget = 200, .population = 40, .tournament = 10, .mutation = 0.2, .lag = 8};
    int64_t seed = 0;
    if (!engine_count(s, f, 0, a, given, n, place, 1, &e.budget) ||
        !engine_count(s, f, 1, a, given, n, place, 1, &e.population) ||
        !engine_count(s, f, 2, a, given, n, place, 1, &e.tournament) ||
        !engine_count(s, f, 4, a, given, n, place, 1, &e.lag) ||
        !engine_count(s, f, 5, a, given, n, place, 0, &seed))
        return value_poison();
    Place at = arg_place(f, 3, given, n, place);
    if (a[3].kind != VALUE_NONE &&
        !eval_number(s->eval, a[3], at, "the mutation rate", &e.mutation))
        return value_poison();
    if (!(e.mutation >= 0 && e.mutation <= 1)) {
        diag_at(&s->diags, at, DIAG_bad_value, "the mutation rate is a probability");
        return value_poison();
    }
    e.seed = (uint64_t)seed;
    SearchEngine *kept = ARENA_NEW(s->arena, SearchEngine);
    *kept = e;
    return value_opaque(s->arena, "an engine", &TAG_ENGINE, kept);
}

static Value call_random(Session *s, const Function *f, const Value *a, const EvalArg *given,
                         size_t n, Place place) {
    SearchEngine *e = ARENA_NEW(s->arena, SearchEngine);
    *e = (SearchEngine){.random = true, .budget = 200, .lag = 8};
    int64_t seed = 0;
    if (!engine_count(s, f, 0, a, given, n, place, 1, &e->budget) ||
        !engine_count(s, f, 1, a, given, n, place, 1, &e->lag) ||
        !engine_count(s, f, 2, a, given, n, place, 0, &seed))
        return value_poison();
    e->seed = (uint64_t)seed;
    return value_opaque(s->arena, "an engine", &TAG_ENGINE, e);
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
    {"draw", call_draw, 2, {"space", "n", "seed", "each", NULL}},
    {"rows",
     call_rows,
     2,
     {"table", "space", "n", "seed", "metric", "better", "format", "overlap", NULL}},
    {"list", call_list, 2, {"space", "architectures", NULL}},
    {"evolution",
     call_evolution,
     0,
     {"budget", "population", "tournament", "mutation", "lag", "seed", NULL}},
    {"random", call_random, 0, {"budget", "lag", "seed", NULL}},
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
    frame_bind(s->eval, s->base, "drop", value_string(s->arena, "drop", 4));
}

static bool has_param(const Ast *definition, const char *name) {
    for (size_t i = 0; i < definition->params.len; i++)
        if (strcmp(definition->params.items[i]->text, name) == 0)
            return true;
    return false;
}

static bool has_choice(const Ast *definition, const char *name) {
    for (size_t i = 0; i < definition->list.len; i++)
        if (definition->list.items[i]->kind == AST_CHOICE &&
            strcmp(definition->list.items[i]->text, name) == 0)
            return true;
    return false;
}

/* Adds an argument; one of the same name given before gives way. */
static void put_arg(EvalArg *args, size_t *n, const EvalArg *arg) {
    for (size_t i = 0; i < *n; i++)
        if (args[i].name && arg->name && strcmp(args[i].name, arg->name) == 0) {
            args[i] = *arg;
            return;
        }
    args[(*n)++] = *arg;
}

/* A proxy with arguments, added to those it has. `repeats` and `choices` are settings of every proxy that has no
 * parameter of that name; an argument named as a choice makes it. */
static Value apply_proxy(Session *s, const ProxyUse *bare, const EvalArg *args, size_t n) {
    ProxyUse *use = ARENA_NEW(s->arena, ProxyUse);
    EvalArg *kept = ARENA_ARRAY(s->arena, EvalArg, bare->nargs + n + 1);
    EvalArg *pins = ARENA_ARRAY(s->arena, EvalArg, bare->npins + n + 1);
    *use = *bare;
    if (bare->nargs)
        memcpy(kept, bare->args, bare->nargs * sizeof *kept);
    if (bare->npins)
        memcpy(pins, bare->pins, bare->npins * sizeof *pins);
    use->args = kept;
    use->pins = pins;
    for (size_t i = 0; i < n; i++) {
        if (value_is_poison(args[i].value))
            return value_poison();
        bool own = !args[i].name || has_param(bare->definition, args[i].name);
        const ValueString *choices;
        if (!own && strcmp(args[i].name, "choices") == 0) {
            if (!eval_text(s->eval, args[i].value, args[i].place, "`choices`", &choices))
                return value_poison();
            use->choices = choices->text;
        } else if (!own && has_choice(bare->definition, args[i].name)) {
            put_arg(pins, &use->npins, &args[i]);
        } else if (own || strcmp(args[i].name, "repeats") != 0) {
            put_arg(kept, &use->nargs, &args[i]);
        } else if (!eval_int(s->eval, args[i].value, args[i].place, "`repeats`", 1,
                             PROXY_MAX_REPEATS, &use->repeats)) {
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
    Value by = action_part(s, item, true);
    *out = (Action){.place = item->place};
    out->sets = program_candidate_sets(s, item, &out->nsets);
    ProxyUse *x = opaque_data(by, &TAG_PROXY);
    if (!x && !value_is_poison(by))
        diag_at(&s->diags, item->b->place, DIAG_wrong_kind, "a proxy", value_kind_name(by));
    if (!out->sets || !x)
        return false;
    out->proxy = program_proxy_of(p, x->definition, x->file, item);
    return true;
}

static Action *gather_part(Session *s, Program *p, const Ast *rank) {
    Action *a = ARENA_NEW(&p->arena, Action);
    return gather(s, p, rank, a) ? a : NULL;
}

/* Whether two samples of rows hold some row both: all of a table and any of it, or two drawn by one seed. */
static bool share_rows(const CandidateSet *a, const CandidateSet *b) {
    bool all = a->n == INT64_MAX || b->n == INT64_MAX;
    return strcmp(a->table, b->table) == 0 && (all || a->sample == b->sample);
}

/* The library's proxy with its defaults stands for a fixed one that is not named. */
static Action *default_against(Program *p, const Action *of) {
    size_t file;
    const Ast *fixed = program_find_proxy(p, program_default_proxy_name(p), &file);
    if (!fixed)
        return NULL;
    Action *a = ARENA_NEW(&p->arena, Action);
    *a = *of;
    a->proxy = program_proxy_of(p, fixed, file, NULL);
    return a;
}

/* A search selects and is judged by the rows of one table. */
static bool are_rows(Session *s, const Ast *rank, const Action *a) {
    if (a->nsets == 1 && a->sets[0].kind == CANDIDATES_TABLE)
        return true;
    diag_at(&s->diags, rank->a->place, DIAG_wrong_kind, "rows of a table",
            a->nsets > 1 ? "several sets of candidates" : "architectures without a metric");
    return false;
}

/* The rows that a search is judged by. */
static bool gather_evaluation(Session *s, Program *p, const Ast *item, Action *out) {
    out->evaluation = gather_part(s, p, item);
    if (!out->evaluation || !are_rows(s, item, out->evaluation))
        return false;
    const CandidateSet *set = &out->evaluation->sets[0];
    if (!set->drop_overlap && share_rows(&out->sets[0], set))
        diag_at(&s->diags, item->a->place, DIAG_overlap, set->table);
    return true;
}

static bool gather_search(Session *s, Program *p, const Ast *item, Action *out) {
    if (!gather(s, p, item->a, out))
        return false;
    Value by = eval_expr(s->eval, session_file_frame(s, 0), item->c);
    const SearchEngine *engine = opaque_data(by, &TAG_ENGINE);
    if (!engine && !value_is_poison(by))
        diag_at(&s->diags, item->c->place, DIAG_wrong_kind, "an engine: evolution or random",
                value_kind_name(by));
    bool rows = are_rows(s, item->a, out);
    if (!proxy_space(out->proxy))
        diag_at(&s->diags, item->a->b->place, DIAG_no_choices, proxy_name(out->proxy));
    if (!engine || !rows || !proxy_space(out->proxy))
        return false;
    out->place = item->place;
    out->what = ACTION_SEARCH;
    out->name = item->text;
    out->kendall = strcmp(item->help, "kendall") == 0;
    out->per_second = item->alias != NULL;
    out->engine = *engine;
    if (item->b && !gather_evaluation(s, p, item->b, out))
        return false;
    if (item->list.len)
        return (out->against = gather_part(s, p, item->list.items[0])) != NULL;
    out->against = default_against(p, out->evaluation ? out->evaluation : out);
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
            if (items->items[i]->kind == AST_RANK
                    ? gather(&s, p, items->items[i], &p->actions[p->nactions])
                    : items->items[i]->kind == AST_SEARCH &&
                          gather_search(&s, p, items->items[i], &p->actions[p->nactions]))
                p->nactions++;
        session_end(&s, false);
    }
    *out = p->actions;
    return p->nactions;
}
