/* Expressions: one function a kind of tree node. The session itself, conversions and fields are
 * here too. */
#include "frontend/eval_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Eval *eval_new(const EvalConfig *config) {
    Eval *e = ARENA_NEW(config->arena, Eval);
    e->arena = config->arena;
    e->diags = config->diags;
    e->host = config->host;
    e->mode = config->mode;
    e->graph = config->graph;
    e->run = config->run;
    e->unnamed = config->unnamed;
    e->now.path = ARENA_NEW(e->arena, Path);
    e->now.initial = value_none();
    return e;
}

void *eval_user(const Eval *e) {
    return e->host.user;
}
Arena *eval_arena(Eval *e) {
    return e->arena;
}
DiagSink *eval_diags(Eval *e) {
    return e->diags;
}

char *eval_take(Eval *e, Buf *b) {
    char *text = arena_strndup(e->arena, b->text ? b->text : "", b->len);
    buf_free(b);
    return text;
}

const char *eval_show(Eval *e, Value v) {
    Buf b = {0};
    value_print(&b, v);
    if (b.len > 60) {
        b.len = 57;
        buf_puts(&b, "...");
    }
    return eval_take(e, &b);
}

bool eval_enter(Eval *e, Place place, const char *what) {
    if (e->aborted)
        return false;
    if (e->depth >= EVAL_MAX_DEPTH) {
        e->aborted = true;
        REPORT(e, place, recursion_too_deep, e->inside ? e->inside : what);
        return false;
    }
    if (++e->steps > EVAL_MAX_STEPS) {
        e->aborted = true;
        REPORT(e, place, too_large, "the evaluation takes more than 4 million steps");
        return false;
    }
    e->depth++;
    return true;
}

void eval_leave(Eval *e) {
    e->depth--;
}

/* Digits of an integer literal beyond what a double holds exactly. */
static bool big_integer(const char *text, int64_t *out) {
    int64_t v = 0;
    for (; *text; text++) {
        int64_t unit = *text == 'K' ? 1000 : *text == 'M' ? 1000000 : *text == 'G' ? 1000000000 : 0;
        if (*text >= '0' && *text <= '9') {
            if (!mul_checked(v, 10, &v) || !add_checked(v, *text - '0', &v))
                return false;
        } else if (unit && !mul_checked(v, unit, &v)) {
            return false;
        } else if (*text == '.') {
            return false;
        }
    }
    *out = v;
    return true;
}

static Value ev_number(Eval *e, const Ast *x) {
    if (!x->is_int)
        return value_decimal(x->number);
    int64_t v;
    if (fabs(x->number) < 0x1p53)
        return value_int((int64_t)x->number);
    if (!x->text || !big_integer(x->text, &v))
        return FAIL(e, x->place, overflow, "");
    return value_int(v);
}

static Value ev_items(Eval *e, Frame *f, const Ast *x, ValueKind kind) {
    Value *items = ARENA_ARRAY(e->arena, Value, x->list.len ? x->list.len : 1);
    size_t n = 0;
    bool poison = false;
    for (size_t i = 0; i < x->list.len; i++) {
        const Ast *item = x->list.items[i];
        Value v = ev(e, f, item);
        poison |= value_is_poison(v);
        bool absent = v.kind == VALUE_NONE && item->kind == AST_IF && !item->c;
        if (!absent)
            items[n++] = v;
    }
    return poison ? value_poison() : value_list(e->arena, kind, items, n);
}

static Value ev_range(Eval *e, Frame *f, const Ast *x) {
    Value lo = value_plain(ev(e, f, x->a)), hi = value_plain(ev(e, f, x->b));
    Value step = x->c ? value_plain(ev(e, f, x->c)) : value_int(1), out;
    if (value_is_poison(lo) || value_is_poison(hi) || value_is_poison(step))
        return value_poison();
    double unused;
    if (!eval_number(e, lo, x->a->place, "the start of a range", &unused) ||
        !eval_number(e, hi, x->b->place, "the end of a range", &unused) ||
        (x->c && !eval_number(e, step, x->c->place, "the step of a range", &unused)))
        return value_poison();
    if (value_range(e->arena, lo, hi, step, &out))
        return out;
    const char *why = value_number(step) == 0 ? "the step of a range must not be 0"
                                              : "the range is too long or its step too fine";
    return FAIL(e, x->place, bad_step_range, why);
}

static Value ev_if(Eval *e, Frame *f, const Ast *x) {
    bool holds;
    if (!eval_bool(e, ev(e, f, x->a), x->a->place, "a condition", &holds))
        return value_poison();
    if (holds)
        return ev(e, f, x->b);
    return x->c ? ev(e, f, x->c) : value_none();
}

static Value ev_lambda(Eval *e, Frame *f, const Ast *x) {
    Closure *c = ARENA_NEW(e->arena, Closure);
    *c = (Closure){.params = &x->params, .body = x->a, .frame = f, .ast = x, .made_in = e->inside};
    return (Value){.kind = VALUE_FUNCTION, .u.function = c};
}

/* a -> b -> c as a loop over the spine: long chains must not cost stack. */
static Value ev_arrow(Eval *e, Frame *f, const Ast *x) {
    size_t n, len = 0;
    const Ast **spine = left_spine(e, x, &n);
    Value v = ev(e, f, spine[0]->a), *chain = NULL;
    for (size_t i = 0; i < n; i++) {
        const Ast *arrow = spine[i];
        Value g = ev(e, f, arrow->b);
        if (value_is_poison(v) || value_is_poison(g)) {
            v = value_poison();
        } else if (is_layer(v)) {
            if (!is_layer(g)) {
                v = FAIL(e, arrow->b->place, not_a_layer, value_kind_name(g));
                continue;
            }
            if (!chain) {
                chain = ARENA_ARRAY(e->arena, Value, n + 1);
                chain[len++] = v;
            }
            chain[len++] = g;
        } else {
            v = apply_at(e, v, g, arrow->b->place, PATH_SITE, arrow, 0);
        }
    }
    return len && !value_is_poison(v) ? layer_new(e, LAYER_CHAIN, chain, len, x->place) : v;
}

static Value ev_body(Eval *e, Frame *f, const Ast *x) {
    Frame *inner = frame_new(e, f, &x->list);
    return ev(e, inner, x->a);
}

static Value tensor_field(Eval *e, Value v, const Ast *x) {
    static const struct {
        const char *name;
        IrAxis axis;
    } sizes[] = {
        {"channels", IR_AXIS_C}, {"height", IR_AXIS_H}, {"width", IR_AXIS_W}, {"batch", IR_AXIS_N}};
    const IrType *t = tensor_type(v);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (strcmp(x->text, sizes[i].name) == 0) {
            int at = ir_type_find(t, sizes[i].axis);
            if (at >= 0)
                return value_int(t->size[at]);
        }
    int at = ir_type_find(t, ir_axis(x->text, strlen(x->text)));
    if (at >= 0)
        return value_int(t->size[at]);
    Buf b = {0};
    buf_puts(&b, "a tensor ");
    ir_type_print(&b, t);
    return FAIL(e, x->name_place, unknown_field, eval_take(e, &b), x->text);
}

static bool record_field(Value v, const char *name, Value *out) {
    for (size_t i = 0; i < v.u.record->len; i++)
        if (strcmp(v.u.record->fields[i].name, name) == 0) {
            *out = *v.u.record->fields[i].value;
            return true;
        }
    return false;
}

static Value no_field(Eval *e, Value record, const char *name, Place place) {
    size_t n = record.u.record->len;
    const char **names = ARENA_ARRAY(e->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = record.u.record->fields[i].name;
    Diag *d = REPORT(e, place, unknown_field, value_kind_name(record), name);
    const char *near = diag_nearest(name, names, n);
    if (near)
        diag_hint(e->diags, d, "did you mean `%s`?", near);
    return value_poison();
}

static Value index_record(Eval *e, Value v, const char *name, Place place) {
    Value out;
    return record_field(v, name, &out) ? out : no_field(e, v, name, place);
}

/* Only the scope's own names: not what it imports, not what is around it. */
static bool scope_field(Eval *e, Frame *f, const char *name, Value *out) {
    Found found = {.frame = f};
    Frame alone = *f;
    alone.parent = NULL;
    alone.nimports = 0;
    if (!frame_find(e, &alone, name, &found))
        return false;
    found.frame = f;
    *out = found_value(e, found, (Place){.file = UINT32_MAX});
    return true;
}

static Value ev_field(Eval *e, Frame *f, const Ast *x) {
    Value v = value_plain(ev(e, f, x->a)), out;
    if (v.kind == VALUE_INSTANCE)
        v = value_plain(v.u.instance->layer);
    switch (v.kind) {
    case VALUE_POISON:
        return v;
    case VALUE_SCOPE:
        if (scope_field(e, v.u.scope, x->text, &out))
            return out;
        break;
    case VALUE_RECORD:
        if (record_field(v, x->text, &out))
            return out;
        return is_tensor(v) ? tensor_field(e, v, x) : no_field(e, v, x->text, x->name_place);
    case VALUE_TENSOR:
        return tensor_field(e, v, x);
    case VALUE_NETWORK:
    case VALUE_OPAQUE:
        if (e->host.field && e->host.field(e->host.user, e, v, x->text, x->name_place, &out))
            return out;
        break;
    case VALUE_LAYER: /* `net with init: ...` is still that network */
        if (v.u.layer->kind == LAYER_WITH || v.u.layer->kind == LAYER_FROZEN) {
            Value inner = value_plain(v.u.layer->items[0]);
            if (inner.kind == VALUE_NETWORK && e->host.field &&
                e->host.field(e->host.user, e, inner, x->text, x->name_place, &out))
                return out;
        }
        break;
    case VALUE_NONE:
        return FAIL(e, x->a->place, absent_value, "this");
    default:
        break;
    }
    return FAIL(e, x->name_place, unknown_field, value_kind_name(v), x->text);
}

static Value index_list(Eval *e, Value v, Value index, const Ast *x) {
    int64_t n = value_length(v), i;
    if (!eval_int(e, index, x->place, "an index", INT64_MIN, INT64_MAX, &i))
        return value_poison();
    if (i >= 0 && i < n)
        return value_element(v, i);
    const Lack *lack = n == 0 && v.kind == VALUE_LIST ? v.u.list->lack : NULL;
    const char *name = arena_printf(e->arena, "%lld of a list of %lld%s%s", (long long)i,
                                    (long long)n, lack ? ": " : "", lack ? lack->why : "");
    return FAIL(e, x->place, index_out_of_range, name);
}

static Value ev_index(Eval *e, Frame *f, const Ast *x) {
    Value v = ev(e, f, x->a);
    Value *indices = ARENA_ARRAY(e->arena, Value, x->list.len ? x->list.len : 1);
    for (size_t i = 0; i < x->list.len; i++) {
        indices[i] = value_plain(ev(e, f, x->list.items[i]));
        if (value_is_poison(indices[i]))
            return value_poison();
    }
    v = value_plain(v);
    if (v.kind == VALUE_ELEMENTS)
        return elements_get(e, v.u.elements, indices, x->list.len, x->place);
    for (size_t i = 0; i < x->list.len && !value_is_poison(v); i++) {
        v = value_plain(v);
        if (value_length(v) >= 0) {
            v = index_list(e, v, indices[i], x);
        } else if (v.kind == VALUE_RECORD && indices[i].kind == VALUE_STRING) {
            v = index_record(e, v, indices[i].u.string->text, x->place);
        } else {
            const char *what = x->a->kind == AST_NAME ? x->a->text : value_kind_name(v);
            v = FAIL(e, x->a->place, not_indexed, what);
        }
    }
    return v;
}

static Value series_at(Eval *e, const ValueSeries *s, Value k, Place place) {
    int64_t step;
    if (!eval_int(e, k, place, "a forward pass", INT64_MIN, INT64_MAX, &step))
        return value_poison();
    if (step < 1 || step > (int64_t)s->len)
        return FAIL(e, place, at_out_of_range, (long long)step, (long long)s->len);
    return value_decimal(s->values[(size_t)(step - 1) * s->stride]);
}

static Value measure_at(Eval *e, Value m, Value k, const Ast *x) {
    if (m.kind == VALUE_LIST) { /* the elements of a measure with an index */
        Value *each = ARENA_ARRAY(e->arena, Value, m.u.list->len + 1);
        for (size_t i = 0; i < m.u.list->len; i++) {
            each[i] = measure_at(e, m.u.list->items[i], k, x);
            if (value_is_poison(each[i]))
                return each[i];
        }
        return value_list(e->arena, VALUE_LIST, each, m.u.list->len);
    }
    if (m.kind != VALUE_SERIES)
        return FAIL(e, x->a->place, not_a_measure, "");
    int64_t n = value_length(k);
    if (n < 0)
        return series_at(e, m.u.series, k, x->b->place);
    if (n > (int64_t)m.u.series->len)
        return FAIL(e, x->b->place, at_out_of_range, (long long)n, (long long)m.u.series->len);
    Value *items = ARENA_ARRAY(e->arena, Value, n + 1);
    for (int64_t i = 0; i < n; i++) {
        items[i] = series_at(e, m.u.series, value_element(k, i), x->b->place);
        if (value_is_poison(items[i]))
            return items[i];
    }
    return value_list(e->arena, VALUE_LIST, items, (size_t)n);
}

static Value ev_at(Eval *e, Frame *f, const Ast *x) {
    Value m = ev(e, f, x->a), k = value_plain(ev(e, f, x->b));
    if (value_is_poison(m) || value_is_poison(k))
        return value_poison();
    return measure_at(e, m, k, x);
}

static const char *const init_names[IR_INIT_COUNT] = {
    [IR_INIT_DEFAULT] = "default",
    [IR_INIT_XAVIER_UNIFORM] = "xavier_uniform",
    [IR_INIT_XAVIER_NORMAL] = "xavier_normal",
    [IR_INIT_KAIMING_UNIFORM] = "kaiming_uniform",
    [IR_INIT_KAIMING_NORMAL] = "kaiming_normal",
    [IR_INIT_NORMAL] = "normal",
};

/* A name, or a function of a weight as drawn. */
static bool ev_init(Eval *e, Frame *f, const Ast *x, IrInit *out, Value *function) {
    const char *name = NULL;
    Found found;
    if (x->kind == AST_NAME && !frame_find(e, f, x->text, &found)) {
        name = x->text;
    } else {
        Value v = ev(e, f, x);
        const ValueString *s;
        if (value_plain(v).kind == VALUE_FUNCTION) {
            *function = value_plain(v);
            return true;
        }
        if (!eval_text(e, v, x->place, "init", &s))
            return false;
        name = s->text;
    }
    for (int i = IR_INIT_DEFAULT; i < IR_INIT_COUNT; i++)
        if (init_names[i] && strcmp(init_names[i], name) == 0) {
            *out = (IrInit)i;
            return true;
        }
    Diag *d = REPORT(e, x->place, bad_value,
                     arena_printf(e->arena, "there is no initialisation `%s`", name));
    if (d)
        diag_hint(e->diags, d,
                  "default, xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, "
                  "normal or a function of the weight as drawn");
    return false;
}

/* `batch_norm: identity`: what stands for a builtin layer. */
static bool ev_override(Eval *e, Frame *f, const Ast *arg, Override *out) {
    out->of = arg->text ? builtin_find(arg->text) : NULL;
    if (!out->of || out->of->group != GROUP_LAYER) {
        REPORT(e, arg->place, unknown_setting, arg->text ? arg->text : "");
        return false;
    }
    out->layer = ev(e, f, arg->a);
    if (is_layer(out->layer))
        return true;
    if (!value_is_poison(out->layer))
        REPORT(e, arg->a->place, not_a_layer, value_kind_name(out->layer));
    return false;
}

/* `proxy with taps: 1` is the proxy with that argument, and so for a space. */
static Value ev_with_arguments(Eval *e, Frame *f, Value v, const Ast *x) {
    EvalArg *args = ARENA_ARRAY(e->arena, EvalArg, x->list.len);
    for (size_t i = 0; i < x->list.len; i++) {
        const Ast *arg = x->list.items[i];
        args[i] = (EvalArg){.name = arg->text, .value = ev(e, f, arg->a), .place = arg->place};
        if (value_is_poison(args[i].value))
            return value_poison();
    }
    return call_value(e, v, args, x->list.len, x->place);
}

/* `mode: evaluation`, and `mode: training`, which changes nothing. */
static bool ev_mode(Eval *e, Frame *f, const Ast *x, bool *evaluation) {
    Found found;
    const ValueString *s = NULL;
    const char *name = x->kind == AST_NAME && !frame_find(e, f, x->text, &found) ? x->text : NULL;
    if (!name && !eval_text(e, ev(e, f, x), x->place, "mode", &s))
        return false;
    name = name ? name : s->text;
    *evaluation = strcmp(name, "evaluation") == 0;
    if (*evaluation || strcmp(name, "training") == 0)
        return true;
    REPORT(e, x->place, bad_value, "the mode of a network is evaluation or training");
    return false;
}

static Value ev_with(Eval *e, Frame *f, const Ast *x) {
    Value v = ev(e, f, x->a), initial = value_none();
    if (value_plain(v).kind == VALUE_OPAQUE)
        return ev_with_arguments(e, f, v, x);
    IrInit init = IR_INIT_NONE;
    Override *overrides = ARENA_ARRAY(e->arena, Override, x->list.len + 1);
    bool evaluation = false;
    size_t n = 0;
    for (size_t i = 0; i < x->list.len; i++) {
        const Ast *arg = x->list.items[i];
        bool ok =
            arg->text && strcmp(arg->text, "init") == 0   ? ev_init(e, f, arg->a, &init, &initial)
            : arg->text && strcmp(arg->text, "mode") == 0 ? ev_mode(e, f, arg->a, &evaluation)
                                                          : ev_override(e, f, arg, &overrides[n++]);
        if (!ok)
            return value_poison();
    }
    if (value_is_poison(v))
        return v;
    if (!is_layer(v))
        return FAIL(e, x->a->place, not_a_layer, value_kind_name(v));
    Value w = layer_new(e, LAYER_WITH, &v, 1, x->place);
    Layer *l = (Layer *)w.u.layer;
    l->evaluation = evaluation;
    l->init = init;
    l->initial = initial;
    l->overrides = overrides;
    l->noverrides = n;
    return w;
}

static Value ev_frozen(Eval *e, Frame *f, const Ast *x) {
    Value v = ev(e, f, x->a);
    if (value_is_poison(v))
        return v;
    if (!is_layer(v))
        return FAIL(e, x->a->place, not_a_layer, value_kind_name(v));
    return layer_new(e, LAYER_FROZEN, &v, 1, x->place);
}

static Value ev_kind(Eval *e, Frame *f, const Ast *x) {
    switch (x->kind) {
    case AST_ERROR:
        return value_poison();
    case AST_STRING:
        return value_string(e->arena, x->text, x->text_len);
    case AST_BOOL:
        return value_bool(x->number != 0);
    case AST_NONE:
        return value_none();
    case AST_LIST:
    case AST_SET:
        return ev_items(e, f, x, VALUE_LIST);
    case AST_TUPLE:
        return ev_items(e, f, x, VALUE_TUPLE);
    case AST_RANGE:
        return ev_range(e, f, x);
    case AST_UNARY:
        return ev_unary(e, f, x);
    case AST_BINARY:
        return ev_binary(e, f, x);
    case AST_ARROW:
        return ev_arrow(e, f, x);
    case AST_IF:
        return ev_if(e, f, x);
    case AST_LAMBDA:
        return ev_lambda(e, f, x);
    case AST_BODY:
        return ev_body(e, f, x);
    case AST_CALL:
        return ev_call(e, f, x);
    case AST_INDEX:
        return ev_index(e, f, x);
    case AST_FIELD:
        return ev_field(e, f, x);
    case AST_AT:
        return ev_at(e, f, x);
    case AST_WITH:
        return ev_with(e, f, x);
    case AST_FROZEN:
        return ev_frozen(e, f, x);
    case AST_AGGREGATE:
        return ev_aggregate(e, f, x);
    case AST_COMPREHENSION:
        return ev_comprehension(e, f, x);
    default:
        BUG("tree node %d is no expression", (int)x->kind);
    }
}

static Value ev_name(Eval *e, Frame *f, const Ast *x) {
    Found found;
    bool known = frame_find(e, f, x->text, &found);
    if (known && found.binding && !found.binding->deferred)
        return found.binding->value;
    if (!eval_enter(e, x->place, "this"))
        return value_poison();
    Value v = known ? found_value(e, found, x->place) : name_of_no_frame(e, f, x->text, x->place);
    eval_leave(e);
    return v;
}

static Value ev_deeper(Eval *e, Frame *f, const Ast *x) {
    if (!eval_enter(e, x->place, "this"))
        return value_poison();
    Value v = ev_kind(e, f, x);
    eval_leave(e);
    return v;
}

/* Names and numbers are most of a program; of them only what has to be computed counts as depth. */
Value ev(Eval *e, Frame *f, const Ast *x) {
    switch (x->kind) {
    case AST_NAME:
        return ev_name(e, f, x);
    case AST_NUMBER:
        return ev_number(e, x);
    default:
        return ev_deeper(e, f, x);
    }
}

Value eval_expr(Eval *e, Frame *f, const Ast *expr) {
    Context saved = e->now;
    e->now = f->context;
    Value v = ev(e, f, expr);
    e->now = saved;
    return v;
}

const EvalArg *eval_args(Eval *e, Frame *f, const AstList *args) {
    EvalArg *out = ARENA_ARRAY(e->arena, EvalArg, args->len ? args->len : 1);
    for (size_t i = 0; i < args->len; i++) {
        const Ast *x = args->items[i];
        out[i] = (EvalArg){.name = x->text, .value = eval_expr(e, f, x->a), .place = x->place};
    }
    return out;
}

Value eval_call(Eval *e, Value callee, const EvalArg *args, size_t n, Place place) {
    Context saved = e->now;
    e->now.path = path_child(e, PATH_SITE, 0, e->now.path->children, NULL, 0, label_of(callee));
    Value v = call_value(e, callee, args, n, place);
    e->now = saved;
    return v;
}

Value eval_apply(Eval *e, Value x, Value f, Place place) {
    return apply_at(e, x, f, place, PATH_SITE, NULL, e->now.path->children);
}

/* Conversions */

static bool wrong_kind(Eval *e, Value v, Place place, const char *what, const char *wanted) {
    if (value_is_poison(v))
        return false;
    if (v.kind == VALUE_NONE)
        REPORT(e, place, absent_value, what);
    else
        REPORT(e, place, wrong_kind, arena_printf(e->arena, "%s for %s", wanted, what),
               value_kind_name(v));
    return false;
}

bool eval_number(Eval *e, Value v, Place place, const char *what, double *out) {
    v = value_plain(v);
    if (v.kind == VALUE_SERIES && v.u.series->len == 1)
        v = value_decimal(v.u.series->values[0]);
    if (v.kind == VALUE_NONE && v.node)
        v = value_int(0);
    if (!value_is_number(v))
        return wrong_kind(e, v, place, what, "a number");
    *out = value_number(v);
    return true;
}

bool eval_int(Eval *e, Value v, Place place, const char *what, int64_t lo, int64_t hi,
              int64_t *out) {
    v = value_plain(v);
    if (v.kind == VALUE_NONE && v.node)
        v = value_int(0);
    if (v.kind == VALUE_DECIMAL && v.u.decimal == floor(v.u.decimal) && fabs(v.u.decimal) < 0x1p53)
        v = value_int((int64_t)v.u.decimal);
    if (v.kind != VALUE_INT)
        return wrong_kind(e, v, place, what, "an integer");
    if (v.u.integer < lo || v.u.integer > hi) {
        const char *limit = v.u.integer < lo
                                ? arena_printf(e->arena, "at least %lld", (long long)lo)
                                : arena_printf(e->arena, "at most %lld", (long long)hi);
        REPORT(
            e, place, bad_value,
            arena_printf(e->arena, "%s must be %s, not %lld", what, limit, (long long)v.u.integer));
        return false;
    }
    *out = v.u.integer;
    return true;
}

bool eval_bool(Eval *e, Value v, Place place, const char *what, bool *out) {
    v = value_plain(v);
    if (v.kind != VALUE_BOOL && v.kind != VALUE_NONE)
        return wrong_kind(e, v, place, what, "true or false");
    *out = v.kind == VALUE_BOOL && v.u.boolean;
    return true;
}

bool eval_text(Eval *e, Value v, Place place, const char *what, const ValueString **out) {
    Value plain = value_plain(v);
    if (plain.kind == VALUE_STRING) {
        *out = plain.u.string;
        return true;
    }
    if (v.kind == VALUE_CHOSEN) {
        *out = value_string(e->arena, v.u.chosen->name, strlen(v.u.chosen->name)).u.string;
        return true;
    }
    return wrong_kind(e, v, place, what, "a string");
}
