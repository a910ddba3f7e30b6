/* Templates and their application: chains, sums, repeats, settings, instances, networks. Applying
 * pushes a step onto the path of uses for every part, so that each part has weights of its own. */
#include "frontend/builtins.h"

#include <string.h>

Value layer_new(Eval *e, LayerKind kind, const Value *items, size_t n, Place place) {
    Layer *l = ARENA_NEW(e->arena, Layer);
    *l = (Layer){.kind = kind, .place = place, .len = n, .initial = value_none()};
    l->items = ARENA_ARRAY(e->arena, Value, n ? n : 1);
    if (n)
        memcpy(l->items, items, n * sizeof *items);
    return (Value){.kind = VALUE_LAYER, .u.layer = l};
}

Value layer_of_builtin(Eval *e, const Call *c) {
    Value v = layer_new(e, LAYER_BUILTIN, NULL, 0, c->place);
    Layer *l = (Layer *)v.u.layer;
    l->builtin = c->builtin;
    l->call = c;
    return v;
}

bool is_layer(Value v) {
    v = value_plain(v);
    switch (v.kind) {
    case VALUE_FUNCTION:
    case VALUE_LAYER:
    case VALUE_INSTANCE:
    case VALUE_NETWORK:
        return true;
    case VALUE_BUILTIN:
        return v.u.builtin->group == GROUP_LAYER || v.u.builtin->group == GROUP_POINT;
    default:
        return false;
    }
}

const char *label_of(Value f) {
    if (f.kind == VALUE_CHOSEN)
        return f.u.chosen->label;
    f = value_plain(f);
    if (f.kind == VALUE_FUNCTION)
        return f.u.function->name;
    if (f.kind == VALUE_LAYER && (f.u.layer->kind == LAYER_WITH || f.u.layer->kind == LAYER_FROZEN))
        return label_of(f.u.layer->items[0]);
    return NULL;
}

Value apply_at(Eval *e, Value x, Value f, Place place, PathKind kind, const Ast *site,
               int64_t index) {
    Context saved = e->now;
    e->now.path = path_child(e, kind, site ? site->id : 0, index, NULL, 0, label_of(f));
    if (kind == PATH_SITE)
        e->now.path->of.site = site;
    Value v = apply(e, x, f, place);
    e->now = saved;
    return v;
}

static Value apply_repeat(Eval *e, Value x, const Layer *l, Place place) {
    const char *name = label_of(l->items[0]);
    Context saved = e->now;
    for (int64_t i = 0; i < l->count && !value_is_poison(x); i++) {
        Value index = value_int(i);
        const char *label = indexed_name(e, name ? name : "", &index, 1);
        e->now.path = path_child(e, PATH_ITEM, 0, i, NULL, 0, label);
        x = apply(e, x, l->items[0], place);
        e->now = saved;
    }
    return x;
}

static Value apply_sum(Eval *e, Value x, const Layer *l, Place place) {
    Value *terms = ARENA_ARRAY(e->arena, Value, l->len);
    for (size_t i = 0; i < l->len; i++) {
        terms[i] = apply_at(e, x, l->items[i], place, PATH_ITEM, NULL, (int64_t)i);
        if (value_is_poison(terms[i]))
            return terms[i];
    }
    return add_terms(e, terms, l->len, l->place);
}

static const Override *find_override(const Overrides *o, const Builtin *b) {
    if (!o)
        return NULL;
    const Override *outer = find_override(o->outer, b);
    for (size_t i = 0; !outer && i < o->len; i++)
        if (o->items[i].of == b)
            return &o->items[i];
    return outer;
}

/* The settings of a `with` hold where nothing around it has set them: the outermost one wins. */
static void enter_with(Eval *e, const Layer *l) {
    if (e->now.init == IR_INIT_NONE)
        e->now.init = l->init;
    if (e->now.initial.kind == VALUE_NONE)
        e->now.initial = l->initial;
    e->now.evaluation |= l->evaluation;
    if (!l->noverrides)
        return;
    Overrides *o = ARENA_NEW(e->arena, Overrides);
    *o = (Overrides){l->overrides, l->noverrides, ++e->noverrides, e->now.overrides};
    e->now.overrides = o;
}

static Value apply_builtin_layer(Eval *e, Value x, const Layer *l, Place place) {
    Value t = value_tensor_of(x);
    if (t.kind == VALUE_NONE)
        return fail_empty(e, place, "sum", t.u.lack);
    if (t.kind != VALUE_TENSOR)
        return t.kind == VALUE_POISON ? t : FAIL(e, place, not_a_tensor, value_kind_name(t));
    const Override *o = find_override(e->now.overrides, l->builtin);
    if (o) {
        Context saved = e->now;
        e->now.overrides = NULL;
        Value y = apply(e, t, o->layer, place);
        e->now = saved;
        return y;
    }
    Value y = l->builtin->layer(e, l, t, l->place.hi ? l->place : place);
    eval_note_use(e, l->builtin, t, y);
    return y;
}

static Value apply_layer(Eval *e, Value x, const Layer *l, Place place) {
    Context saved = e->now;
    switch (l->kind) {
    case LAYER_CHAIN:
        for (size_t i = 0; i < l->len && !value_is_poison(x); i++)
            x = apply_at(e, x, l->items[i], place, PATH_ITEM, NULL, (int64_t)i);
        return x;
    case LAYER_SUM:
        return apply_sum(e, x, l, place);
    case LAYER_REPEAT:
        return apply_repeat(e, x, l, place);
    case LAYER_WITH:
        enter_with(e, l);
        x = apply(e, x, l->items[0], place);
        e->now = saved;
        return x;
    case LAYER_FROZEN:
        e->now.frozen = true;
        x = apply(e, x, l->items[0], place);
        e->now = saved;
        return x;
    case LAYER_BUILTIN:
        break;
    }
    return apply_builtin_layer(e, x, l, place);
}

/* A bare name: the layer with its defaults. */
static Value apply_builtin(Eval *e, Value x, const Builtin *b, Place place) {
    Call *c = ARENA_NEW(e->arena, Call);
    if (b->group == GROUP_POINT) {
        EvalArg arg = {.value = x, .place = place};
        return call_value(e, (Value){.kind = VALUE_BUILTIN, .u.builtin = b}, &arg, 1, place);
    }
    if (b->group != GROUP_LAYER)
        return FAIL(e, place, not_a_layer, arena_printf(e->arena, "`%s`", b->name));
    if (!sort_args(e, b, NULL, 0, place, c))
        return value_poison();
    return apply(e, x, layer_of_builtin(e, c), place);
}

static Value apply_function(Eval *e, Value x, const Closure *c, Place place) {
    if (c->alternative)
        return FAIL(e, place, choice_not_applied, c->name);
    size_t n = c->params->len > 1 && x.kind == VALUE_TUPLE ? x.u.list->len : 1;
    EvalArg *args = ARENA_ARRAY(e->arena, EvalArg, n);
    for (size_t i = 0; i < n; i++)
        args[i] = (EvalArg){.value = n == 1 ? x : x.u.list->items[i], .place = place};
    return call_closure(e, c, args, n, place);
}

static void taps_push(Eval *e, Taps *t, Value v) {
    t->items = arena_grow(e->arena, t->items, t->len, &t->cap, 4, sizeof *t->items);
    t->items[t->len++] = v;
    e->traces++;
}

Value layer_tap(Eval *e, const Layer *l, Value x, Place place) {
    (void)l, (void)place;
    if (e->taps)
        taps_push(e, e->taps, x);
    return x;
}

/* Runs a layer as the network of that name: the record of its output and its taps, deepest first. */
static Value apply_as_network(Eval *e, Value x, Value layer, const char *name, Place place) {
    Taps taps = {0}, *outer = e->taps;
    Context saved = e->now;
    e->taps = &taps;
    e->now.path = path_child(e, PATH_NETWORK, 0, 0, NULL, 0, NULL);
    Observation *seen = ARENA_NEW(e->arena, Observation);
    *seen = (Observation){.network = name, .path = e->now.path, .first = e->nuses};
    Value out = value_tensor_of(apply(e, x, layer, place));
    e->now = saved;
    e->taps = outer;
    if (value_is_poison(out))
        return out;
    if (out.kind != VALUE_TENSOR)
        return FAIL(e, place, not_a_tensor,
                    arena_printf(e->arena, "the result of the network, %s,", value_kind_name(out)));
    Value *deepest = ARENA_ARRAY(e->arena, Value, taps.len ? taps.len : 1);
    for (size_t i = 0; i < taps.len; i++)
        deepest[i] = taps.items[taps.len - 1 - i];
    Value list = value_list(e->arena, VALUE_LIST, deepest, taps.len);
    seen->end = e->nuses;
    Value observed = value_opaque(e->arena, "what a network did", &TAG_OBSERVATION, seen);
    ValueField fields[] = {{"out", &out}, {"taps", &list}, {"", &observed}};
    return value_of_fields(e->arena, fields, ARRAY_LEN(fields));
}

/* A network of other channels than those it declares would be another network, whose sizes nobody counted. */
static bool takes_channels(Eval *e, const EvalNetwork *n, Value x, Place place) {
    Value input, of = value_network((EvalNetwork *)(uintptr_t)n);
    if (!is_tensor(x) || !e->host.field ||
        !e->host.field(e->host.user, e, of, "input", place, &input) || value_is_poison(input))
        return true;
    int64_t want = value_element(input, 0).u.integer,
            have = ir_type_size(tensor_type(x), IR_AXIS_C);
    if (have == want)
        return true;
    REPORT(e, place, shape_mismatch,
           arena_printf(e->arena, "channels: the input of %s has %lld, this tensor %lld", n->name,
                        (long long)want, (long long)have));
    return false;
}

Value network_apply(Eval *e, const EvalNetwork *n, Value x, Place place) {
    if (!takes_channels(e, n, x, place))
        return value_poison();
    Context saved = e->now;
    e->now = n->space->context;
    Value layer = ev(e, n->space, n->layer);
    e->now = saved;
    if (value_is_poison(layer))
        return layer;
    if (!is_layer(layer))
        return FAIL(e, n->layer->place, not_a_layer, value_kind_name(layer));
    return apply_as_network(e, x, layer, n->name, place);
}

/* The same instance on the same tensor is the same result: it is staged once. */
static Value apply_instance(Eval *e, Value x, const Instance *s, Place place) {
    struct {
        uint64_t path, in_run, node, frozen, evaluation, overrides;
    } id = {s->path->id,
            0,
            x.node,
            e->now.frozen,
            e->now.evaluation,
            e->now.overrides ? e->now.overrides->id : 0};
    Value **memo = NULL, *result = NULL;
    Hash128 key = {0, 0};
    if (x.kind == VALUE_TENSOR) {
        id.in_run = e->run && x.u.graph == e->run->graph;
        key = hash128(&id, sizeof id, 60);
        result = map_get(&e->memo, key);
        if (result)
            return *result;
    }
    Context saved = e->now;
    e->now.path = s->path;
    e->now.in_run = s->in_run;
    Value v = apply(e, x, s->layer, place);
    e->now = saved;
    if (x.kind == VALUE_TENSOR) {
        memo = (Value **)map_slot(e->arena, &e->memo, key);
        *memo = ARENA_NEW(e->arena, Value);
        **memo = v;
    }
    return v;
}

static Value apply_kind(Eval *e, Value x, Value f, Place place) {
    switch (f.kind) {
    case VALUE_FUNCTION:
        return apply_function(e, x, f.u.function, place);
    case VALUE_BUILTIN:
        return apply_builtin(e, x, f.u.builtin, place);
    case VALUE_LAYER:
        return apply_layer(e, x, f.u.layer, place);
    case VALUE_INSTANCE:
        return apply_instance(e, x, f.u.instance, place);
    case VALUE_NETWORK:
        return network_apply(e, f.u.network, x, place);
    case VALUE_OPAQUE:
        if (e->host.call) {
            EvalArg arg = {.value = x, .place = place};
            return e->host.call(e->host.user, e, f, &arg, 1, place);
        }
        break;
    default:
        break;
    }
    Diag *d = REPORT(e, place, not_a_layer, value_kind_name(f));
    if (d && f.kind == VALUE_NONE)
        diag_hint(e->diags, d, "the layer that gives zeros is called `zero`");
    return value_poison();
}

Value apply(Eval *e, Value x, Value f, Place place) {
    f = value_plain(f);
    if (value_is_poison(x) || value_is_poison(f))
        return value_poison();
    Value plain = value_plain(x);
    if (plain.kind == VALUE_NONE && !plain.node)
        return plain;
    if (!eval_enter(e, place, "a layer"))
        return value_poison();
    Value v = apply_kind(e, plain, f, place);
    eval_leave(e);
    return v;
}

bool eval_network(Eval *e, Value network, IrRef input, Place place, Arena *arena, IrModule *out) {
    Context saved = e->now;
    Value plain = value_plain(network);
    const char *name = plain.kind == VALUE_NETWORK ? plain.u.network->name : NULL;
    e->now.path = path_child(e, PATH_SITE, 0, -1, NULL, 0, name ? name : "network");
    Value x = value_tensor(e->graph, input);
    Value r = plain.kind == VALUE_NETWORK ? network_apply(e, plain.u.network, x, place)
                                          : apply_as_network(e, x, network, "network", place);
    e->now = saved;
    if (value_is_poison(r))
        return false;
    const ValueList *taps = r.u.record->fields[1].value->u.list;
    size_t n = taps->len + 1;
    IrRef *roots = ARENA_ARRAY(arena, IrRef, n);
    const char **names = ARENA_ARRAY(arena, const char *, n);
    for (size_t i = 0; i < n; i++) {
        Value v = i ? taps->items[i - 1] : *r.u.record->fields[0].value;
        if (!eval_node(e, v, place, "the network", &roots[i]))
            return false;
        names[i] = i ? arena_printf(arena, "tap%zu", i - 1) : "out";
    }
    *out = (IrModule){.graph = e->graph, .nroots = n, .roots = roots, .root_names = names};
    return true;
}
