/* Aggregates and comprehensions: loops over the product of binders, each turn with a path of its
 * own. */
#include "frontend/eval_impl.h"

#include <stdlib.h>
#include <string.h>

typedef struct Loop {
    const AstList *binders;
    const Ast *cond;
    uint32_t site;
    EvalEach *fn;
    void *user;
    Value *indices;
    int64_t turns;
    bool ok; /* no mistake so far */
} Loop;

static bool loop_turn(Eval *e, Frame *f, Loop *l) {
    if (l->cond) {
        bool holds;
        l->ok = eval_bool(e, ev(e, f, l->cond), l->cond->place, "a condition", &holds);
        if (!l->ok || !holds)
            return l->ok;
    }
    if (++l->turns > EVAL_MAX_LOOP) {
        l->ok = false;
        REPORT(e, l->binders->items[0]->place, too_large,
               "the loop takes more than a million turns");
        return false;
    }
    Context saved = e->now;
    if (l->site)
        e->now.path = path_child(e, PATH_ELEMENT, l->site, 0, l->indices, l->binders->len, NULL);
    f->context = e->now;
    bool go = l->fn(l->user, e, f, l->indices, l->binders->len);
    e->now = saved;
    return go;
}

/* Values of binder i, then those of the binders after it; a frame a value. */
static bool loop_binder(Eval *e, Frame *f, Loop *l, size_t i) {
    if (i == l->binders->len)
        return loop_turn(e, f, l);
    const Ast *b = l->binders->items[i];
    Value range = value_plain(ev(e, f, b->a));
    if (range.kind == VALUE_ELEMENTS && !elements_list(e, range.u.elements, b->place, &range))
        range = value_poison();
    int64_t n = b->text ? value_length(range) : 1;
    if (n == 0)
        e->lack = range.kind == VALUE_LIST ? range.u.list->lack : NULL;
    if (value_is_poison(range)) {
        l->ok = false;
        return false;
    }
    if (n < 0) {
        l->ok = false;
        REPORT(e, b->a->place, wrong_kind,
               arena_printf(e->arena, "a range or list for `%s`", b->text), value_kind_name(range));
        return false;
    }
    for (int64_t k = 0; k < n; k++) {
        if (!eval_enter(e, b->place, "a loop")) {
            l->ok = false;
            return false;
        }
        l->indices[i] = b->text ? value_element(range, k) : range;
        Frame *inner = frame_new(e, f, NULL);
        if (b->text)
            frame_push(e, inner, b->text, l->indices[i], NULL);
        bool go = loop_binder(e, inner, l, i + 1);
        eval_leave(e);
        if (!go)
            return false;
    }
    return true;
}

bool loop_each(Eval *e, Frame *f, const AstList *binders, const Ast *cond, uint32_t site,
               EvalEach *fn, void *user) {
    Loop l = {.binders = binders, .cond = cond, .site = site, .fn = fn, .user = user, .ok = true};
    l.indices = ARENA_ARRAY(e->arena, Value, binders->len ? binders->len : 1);
    return loop_binder(e, f, &l, 0) && l.ok;
}

bool eval_each(Eval *e, Frame *f, const AstList *binders, const Ast *cond, EvalEach *fn,
               void *user) {
    Context saved = e->now;
    e->now = f->context;
    bool ok = loop_each(e, f, binders, cond, 0, fn, user);
    e->now = saved;
    return ok;
}

typedef struct Gather {
    const Ast *body; /* NULL: the binders' values */
    VEC(Value) values;
    bool poison;
} Gather;

static bool gather(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    Gather *g = user;
    Value v;
    if (g->body)
        v = ev(e, inner, g->body);
    else
        v = n == 1 ? indices[0] : value_list(e->arena, VALUE_TUPLE, indices, n);
    g->poison |= value_is_poison(v);
    VEC_PUSH(g->values, v);
    return true;
}

Value fail_empty(Eval *e, Place place, const char *aggregate, const Lack *lack) {
    return lack ? FAIL(e, place, nothing_observed, aggregate, lack->why)
                : FAIL(e, place, empty_aggregate, aggregate);
}

static Value product(Eval *e, const Value *items, size_t n, Place place) {
    Value v = value_int(1);
    bool any = false;
    for (size_t i = 0; i < n && !value_is_poison(v); i++) {
        if (value_plain(items[i]).kind == VALUE_NONE)
            continue;
        v = any ? arith(e, OPER_MUL, v, items[i], place) : items[i];
        any = true;
    }
    return v;
}

static Value chain(Eval *e, const Value *items, size_t n, Place place) {
    Value *kept = ARENA_ARRAY(e->arena, Value, n ? n : 1);
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (value_plain(items[i]).kind == VALUE_NONE)
            continue;
        if (!is_layer(items[i]))
            return FAIL(e, place, not_a_layer, value_kind_name(items[i]));
        kept[len++] = items[i];
    }
    return layer_new(e, LAYER_CHAIN, kept, len, place);
}

static Value extreme(Eval *e, bool max, const Value *items, size_t n, Place place) {
    Value best = value_none();
    for (size_t i = 0; i < n; i++) {
        Value v = value_plain(items[i]);
        if (v.kind == VALUE_NONE)
            continue;
        if (!value_is_number(v) && !is_tensor(v))
            return FAIL(e, place, wrong_kind,
                        max ? "numbers or tensors for `max`" : "numbers or tensors for `min`",
                        value_kind_name(v));
        if (best.kind == VALUE_NONE) {
            best = v;
        } else if (value_is_number(best) && value_is_number(v)) {
            double a = value_number(v), b = value_number(best);
            if (max ? a > b : a < b)
                best = v;
        } else {
            Value in[] = {value_tensor_of(best), value_tensor_of(v)};
            best = make_node(e, max ? IR_OP_maximum : IR_OP_minimum, in, 2, NULL, place);
            if (value_is_poison(best))
                return best;
        }
    }
    if (best.kind == VALUE_NONE)
        return fail_empty(e, place, max ? "max" : "min", n ? NULL : e->lack);
    return best;
}

static Value mean(Eval *e, const Value *items, size_t n, Place place) {
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += value_plain(items[i]).kind != VALUE_NONE;
    if (!count)
        return fail_empty(e, place, "mean", n ? NULL : e->lack);
    Value sum = add_terms(e, items, n, place);
    if (!value_is_poison(sum) && is_layer(sum))
        return FAIL(e, place, wrong_kind, "numbers or tensors for `mean`", value_kind_name(sum));
    return arith(e, OPER_DIVIDE, sum, value_int(count), place);
}

static Value concat_lists(Eval *e, const Value *items, size_t n) {
    VEC(Value) all = {0};
    for (size_t i = 0; i < n; i++) {
        Value v = value_plain(items[i]);
        for (int64_t k = 0; k < value_length(v); k++)
            VEC_PUSH(all, value_element(v, k));
    }
    Value list = value_list(e->arena, VALUE_LIST, all.items, all.len);
    VEC_FREE(all);
    return list;
}

static Value concat(Eval *e, const Value *items, size_t n, Place place) {
    Value *kept = ARENA_ARRAY(e->arena, Value, n ? n : 1);
    size_t len = 0, lists = 0;
    for (size_t i = 0; i < n; i++) {
        Value v = value_plain(items[i]);
        if (v.kind == VALUE_NONE)
            continue;
        if (!is_tensor(v) && value_length(v) < 0)
            return FAIL(e, place, wrong_kind, "tensors or lists for `concat`", value_kind_name(v));
        lists += value_length(v) >= 0;
        kept[len++] = value_tensor_of(v);
    }
    if (!len)
        return (Value){.kind = VALUE_NONE, .node = 1, .u.lack = n ? NULL : e->lack};
    if (lists)
        return lists == len
                   ? concat_lists(e, kept, len)
                   : FAIL(e, place, wrong_kind, "only tensors or only lists for `concat`", "both");
    if (len == 1)
        return kept[0];
    IrAttr attr = {.axis = IR_AXIS_C};
    return make_node(e, IR_OP_concat, kept, len, &attr, place);
}

static Value logic(Eval *e, const char *name, const Value *items, size_t n, Place place) {
    int64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool b;
        if (!eval_bool(e, items[i], place, "a condition", &b))
            return value_poison();
        count += b;
    }
    if (strcmp(name, "count") == 0)
        return value_int(count);
    return value_bool(strcmp(name, "all") == 0 ? count == (int64_t)n : count > 0);
}

Value aggregate_values(Eval *e, const char *name, const Value *items, size_t n, Place place) {
    for (size_t i = 0; i < n; i++)
        if (value_is_poison(items[i]))
            return value_poison();
    if (strcmp(name, "sum") == 0)
        return add_terms(e, items, n, place);
    if (strcmp(name, "product") == 0)
        return product(e, items, n, place);
    if (strcmp(name, "concat") == 0)
        return concat(e, items, n, place);
    if (strcmp(name, "chain") == 0)
        return chain(e, items, n, place);
    if (strcmp(name, "max") == 0 || strcmp(name, "min") == 0)
        return extreme(e, name[1] == 'a', items, n, place);
    if (strcmp(name, "mean") == 0)
        return mean(e, items, n, place);
    return logic(e, name, items, n, place);
}

Value ev_aggregate(Eval *e, Frame *f, const Ast *x) {
    Gather g = {.body = x->a};
    Value v = value_poison();
    e->lack = NULL;
    if (loop_each(e, f, &x->list, x->b, x->id, gather, &g) && !g.poison) {
        if (!x->a && strcmp(x->text, "count") == 0)
            v = value_int((int64_t)g.values.len);
        else
            v = aggregate_values(e, x->text, g.values.items, g.values.len, x->name_place);
    }
    VEC_FREE(g.values);
    return v;
}

Value ev_comprehension(Eval *e, Frame *f, const Ast *x) {
    Gather g = {.body = x->a};
    Value v = value_poison();
    e->lack = NULL;
    if (loop_each(e, f, &x->list, x->b, x->id, gather, &g) && !g.poison) {
        size_t n = 0;
        bool may_lack = x->a && x->a->kind == AST_IF && !x->a->c;
        for (size_t i = 0; i < g.values.len; i++)
            if (!may_lack || g.values.items[i].kind != VALUE_NONE)
                g.values.items[n++] = g.values.items[i];
        v = n ? value_list(e->arena, VALUE_LIST, g.values.items, n)
              : value_empty_list(e->arena, e->lack);
    }
    VEC_FREE(g.values);
    return v;
}
