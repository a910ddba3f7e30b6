/* Calls: arguments to parameters, closures, and the argument lists of builtins. */
#include "frontend/eval_impl.h"

#include <stdlib.h>
#include <string.h>

/* The word for positional argument i, or for a named one; SIZE_MAX if there is none. */
static size_t spec_find(const Builtin *b, const char *name, size_t position, SpecWord *out) {
    size_t n, len = name ? strlen(name) : 0;
    const SpecWord *words = builtin_words(b, &n);
    for (size_t i = 0; i < n; i++) {
        const SpecWord *w = &words[i];
        bool hit = name ? w->any || (!w->many && len == w->len && memcmp(name, w->name, len) == 0)
                        : i == position || (w->many && position > i);
        *out = *w;
        if (hit)
            return i;
    }
    return SIZE_MAX;
}

/* A bare word that nobody defines stands for itself where an axis or a mode is expected. No number
 * is an axis: `param n` leaves the axis n alone. */
static Value ev_quoted(Eval *e, Frame *f, const Ast *x, bool axis) {
    Found found;
    if (x->kind == AST_NAME && !frame_find(e, f, x->text, &found))
        return value_string(e->arena, x->text, strlen(x->text));
    if (x->kind != AST_LIST) {
        Value v = ev(e, f, x);
        return axis && x->kind == AST_NAME && value_is_number(v)
                   ? value_string(e->arena, x->text, strlen(x->text))
                   : v;
    }
    Value *items = ARENA_ARRAY(e->arena, Value, x->list.len ? x->list.len : 1);
    for (size_t i = 0; i < x->list.len; i++)
        items[i] = ev_quoted(e, f, x->list.items[i], axis);
    return value_list(e->arena, VALUE_LIST, items, x->list.len);
}

static EvalArg *ev_args(Eval *e, Frame *f, const AstList *list, const Builtin *b, bool *poison) {
    EvalArg *args = ARENA_ARRAY(e->arena, EvalArg, list->len ? list->len : 1);
    size_t positional = 0;
    *poison = false;
    for (size_t i = 0; i < list->len; i++) {
        const Ast *x = list->items[i];
        SpecWord word;
        bool quoted = b && spec_find(b, x->text, positional, &word) != SIZE_MAX && word.quoted;
        positional += !x->text;
        args[i] = (EvalArg){.name = x->text,
                            .value = quoted ? ev_quoted(e, f, x->a, word.axis) : ev(e, f, x->a),
                            .place = x->place};
        *poison |= value_is_poison(args[i].value);
    }
    return args;
}

static const char *count_text(Eval *e, const Builtin *b) {
    if (b->max == BUILTIN_MANY)
        return arena_printf(e->arena, "at least %zu arguments", b->min);
    if (b->min != b->max)
        return arena_printf(e->arena, "%zu to %zu arguments without a name", b->min, b->max);
    return arena_printf(e->arena, "%zu argument%s without a name", b->max, b->max == 1 ? "" : "s");
}

static bool unknown_argument(Eval *e, const Builtin *b, const EvalArg *arg) {
    Diag *d = REPORT(e, arg->place, unknown_argument, b->name, arg->name);
    VEC(const char *) names = {0};
    size_t n;
    const SpecWord *words = builtin_words(b, &n);
    for (size_t i = 0; i < n; i++)
        if (!words[i].any)
            VEC_PUSH(names, arena_strndup(e->arena, words[i].name, words[i].len));
    const char *near = d ? diag_nearest(arg->name, names.items, names.len) : NULL;
    if (near)
        diag_hint(e->diags, d, "did you mean `%s`?", near);
    VEC_FREE(names);
    return false;
}

bool sort_args(Eval *e, const Builtin *b, const EvalArg *args, size_t n, Place place, Call *out) {
    *out = (Call){.builtin = b, .place = place};
    EvalArg *more = ARENA_ARRAY(e->arena, EvalArg, n ? n : 1);
    size_t positional = 0;
    for (size_t i = 0; i < n; i++) {
        SpecWord word;
        size_t at = spec_find(b, args[i].name, positional, &word);
        if (!args[i].name && (positional++ >= b->max || at == SIZE_MAX || word.any)) {
            for (size_t k = i + 1; k < n; k++)
                positional += !args[k].name;
            REPORT(e, place, wrong_arity, b->name, count_text(e, b), positional);
            return false;
        }
        if (at == SIZE_MAX)
            return unknown_argument(e, b, &args[i]);
        if (word.any || word.many) {
            more[out->nmore++] = args[i];
            continue;
        }
        CHECK(at < CALL_SLOTS);
        if (out->given[at]) {
            REPORT(e, args[i].place, duplicate_argument,
                   arena_strndup(e->arena, word.name, word.len));
            return false;
        }
        out->slot[at] = args[i].value;
        out->given[at] = true;
        out->at[at] = args[i].place;
    }
    out->more = more;
    size_t nwords;
    const SpecWord *words = builtin_words(b, &nwords);
    for (size_t i = 0; i < MIN(b->min, nwords); i++) {
        if (!words[i].any && !words[i].many && !out->given[i]) {
            REPORT(e, place, missing_argument, b->name,
                   arena_strndup(e->arena, words[i].name, words[i].len));
            return false;
        }
    }
    return true;
}

static Value call_point(Eval *e, const Call *c) {
    Value x = value_plain(c->slot[0]);
    double number;
    if (is_tensor(x)) {
        Value t = value_tensor_of(x), y = make_node(e, c->builtin->op, &t, 1, NULL, c->place);
        eval_note_use(e, c->builtin, t, y);
        return y;
    }
    if (is_layer(x))
        return layer_new(e, LAYER_CHAIN,
                         (Value[]){x, {.kind = VALUE_BUILTIN, .u.builtin = c->builtin}}, 2,
                         c->place);
    if (!eval_number(e, x, c->at[0], "the argument", &number))
        return value_poison();
    return point_number(e, c->builtin, value_is_number(x) ? x : value_decimal(number), c->place);
}

static Value call_builtin(Eval *e, const Builtin *b, const EvalArg *args, size_t n, Place place) {
    for (size_t i = 0; i < n; i++)
        if (value_is_poison(args[i].value))
            return value_poison();
    /* a layer called with what flows is applied to it: relu(x), batch_norm(x) */
    if (b->group == GROUP_LAYER && b->min == 0 && n == 1 && !args[0].name &&
        is_tensor(args[0].value))
        return apply(e, args[0].value, (Value){.kind = VALUE_BUILTIN, .u.builtin = b}, place);
    Call *c = ARENA_NEW(e->arena, Call);
    if (!sort_args(e, b, args, n, place, c))
        return value_poison();
    switch (b->group) {
    case GROUP_LAYER:
        return layer_of_builtin(e, c);
    case GROUP_POINT:
        return call_point(e, c);
    default:
        if (!b->function)
            return FAIL(e, place, unknown_function, b->name);
        return b->function(e, c);
    }
}

bool frame_bind_args(Eval *e, Frame *f, const AstList *params, size_t first, const EvalArg *args,
                     size_t n, Place place, const char *callee) {
    size_t want = params->len - first, next = first;
    const EvalArg **given = ARENA_ARRAY(e->arena, const EvalArg *, params->len ? params->len : 1);
    for (size_t i = 0; i < n; i++) {
        size_t at = next;
        if (args[i].name) {
            for (at = first; at < params->len; at++)
                if (strcmp(params->items[at]->text, args[i].name) == 0)
                    break;
            if (at == params->len) {
                REPORT(e, args[i].place, unknown_argument, callee, args[i].name);
                return false;
            }
        } else {
            next++;
        }
        if (at >= params->len) {
            REPORT(e, place, wrong_arity, callee,
                   arena_printf(e->arena, "%zu argument%s", want, want == 1 ? "" : "s"), n);
            return false;
        }
        if (given[at]) {
            REPORT(e, args[i].place, duplicate_argument, params->items[at]->text);
            return false;
        }
        given[at] = &args[i];
    }
    for (size_t i = first; i < params->len; i++) {
        const Ast *p = params->items[i];
        if (!given[i] && !p->a) {
            REPORT(e, place, missing_argument, callee, p->text);
            return false;
        }
        frame_push(e, f, p->text, given[i] ? given[i]->value : value_poison(), given[i] ? NULL : p);
    }
    return true;
}

/* Kept calls: cells apply an operation of the same arguments over and over, and most of an operation's
 * work is to put its layers together. Kept are results that hold nothing of the call, of calls that left
 * nothing behind: layers of builtins whose arguments are plain. */
typedef struct CallMemo {
    struct CallMemo *next;
    const Binding *bindings;
    Value value;
} CallMemo;

enum { KEPT_CALLS = 8 };

static bool is_plain(Value v) {
    switch (v.kind) {
    case VALUE_INT:
    case VALUE_BOOL:
    case VALUE_DECIMAL:
    case VALUE_STRING:
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; i < v.u.list->len; i++)
            if (!is_plain(v.u.list->items[i]))
                return false;
        return true;
    default:
        return false;
    }
}

static bool holds_nothing(Value v) {
    if (v.kind == VALUE_BUILTIN)
        return true;
    if (v.kind != VALUE_LAYER)
        return false;
    const Layer *l = v.u.layer;
    const Call *c = l->call;
    switch (l->kind) {
    case LAYER_BUILTIN:
        for (size_t i = 0; c && i < CALL_SLOTS; i++)
            if (c->given[i] && !is_plain(c->slot[i]))
                return false;
        return !c || !c->nmore;
    case LAYER_CHAIN:
    case LAYER_SUM:
    case LAYER_REPEAT:
        for (size_t i = 0; i < l->len; i++)
            if (!holds_nothing(l->items[i]))
                return false;
        return true;
    default:
        return false;
    }
}

static bool same_arguments(const Binding *a, const Binding *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool known;
        if (a[i].value.kind != b[i].value.kind || !a[i].deferred != !b[i].deferred ||
            (!a[i].deferred && !value_equal(a[i].value, b[i].value, &known)))
            return false;
    }
    return true;
}

static bool plain_arguments(const Binding *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!b[i].deferred && !is_plain(b[i].value))
            return false;
    return true;
}

/* The body's value; f holds the arguments. */
static Value closure_value(Eval *e, const Closure *c, Frame *f) {
    const Ast *body = c->body->kind == AST_BODY ? c->body->a : c->body;
    size_t n = f->nbindings;
    if (!plain_arguments(f->bindings, n))
        return ev(e, f, body);
    for (const CallMemo *m = c->calls; m; m = m->next)
        if (same_arguments(m->bindings, f->bindings, n))
            return m->value;
    Binding *bindings = ARENA_COPY(e->arena, Binding, f->bindings, n);
    uint64_t before = e->traces;
    Value v = ev(e, f, body);
    if (e->traces == before && c->ncalls < KEPT_CALLS && holds_nothing(v)) {
        Closure *kept = (Closure *)c;
        CallMemo *m = ARENA_NEW(e->arena, CallMemo);
        *m = (CallMemo){.next = c->calls, .bindings = bindings, .value = v};
        kept->calls = m;
        kept->ncalls++;
    }
    return v;
}

Value call_closure(Eval *e, const Closure *c, const EvalArg *args, size_t n, Place place) {
    if (!eval_enter(e, place, c->name ? c->name : "this function"))
        return value_poison();
    const Ast *body = c->body;
    const char *outside = e->inside, *name = c->name ? c->name : c->made_in;
    if (name)
        e->inside = name;
    Frame *f = frame_new(e, c->frame, body->kind == AST_BODY ? &body->list : NULL);
    frame_reserve(e, f, c->params->len);
    Value v = value_poison();
    if (frame_bind_args(e, f, c->params, 0, args, n, place, c->name ? c->name : "this function"))
        v = closure_value(e, c, f);
    e->inside = outside;
    eval_leave(e);
    return v;
}

static Value call_chosen(Eval *e, Value callee, const EvalArg *args, size_t n, Place place) {
    const Chosen *old = callee.u.chosen;
    Value v = call_value(e, old->value, args, n, place);
    bool alternative = old->value.kind == VALUE_FUNCTION && old->value.u.function->alternative;
    if (value_is_poison(v) || !alternative)
        return v;
    Chosen *c = ARENA_NEW(e->arena, Chosen);
    *c = (Chosen){.name = old->name, .value = v, .label = old->label};
    return (Value){.kind = VALUE_CHOSEN, .u.chosen = c};
}

Value call_value(Eval *e, Value callee, const EvalArg *args, size_t n, Place place) {
    switch (callee.kind) {
    case VALUE_POISON:
        return callee;
    case VALUE_FUNCTION:
        return call_closure(e, callee.u.function, args, n, place);
    case VALUE_BUILTIN:
        return call_builtin(e, callee.u.builtin, args, n, place);
    case VALUE_CHOSEN:
        return call_chosen(e, callee, args, n, place);
    case VALUE_OPAQUE:
        if (e->host.call)
            return e->host.call(e->host.user, e, callee, args, n, place);
        break;
    case VALUE_LAYER:
    case VALUE_INSTANCE:
    case VALUE_NETWORK: {
        Value *items = ARENA_ARRAY(e->arena, Value, n ? n : 1);
        for (size_t i = 0; i < n; i++)
            items[i] = args[i].value;
        if (n == 1)
            return apply(e, items[0], callee, place);
        if (n > 1)
            return apply(e, value_list(e->arena, VALUE_TUPLE, items, n), callee, place);
        return FAIL(e, place, wrong_arity, "a layer", "one argument", n);
    }
    default:
        break;
    }
    return FAIL(e, place, not_a_function, value_kind_name(callee));
}

Value ev_call(Eval *e, Frame *f, const Ast *x) {
    Value callee = ev(e, f, x->a);
    const Builtin *b = callee.kind == VALUE_BUILTIN ? callee.u.builtin : NULL;
    bool poison;
    EvalArg *args = ev_args(e, f, &x->list, b, &poison);
    if (poison || value_is_poison(callee))
        return value_poison();
    Context saved = e->now;
    e->now.path = path_child(e, PATH_SITE, x->id, 0, NULL, 0, label_of(callee));
    e->now.path->of.site = x;
    Value v = call_value(e, callee, args, x->list.len, x->place);
    e->now = saved;
    return v;
}
