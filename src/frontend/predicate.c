/* Symbolic evaluation of conditions. In: an expression, its frame, and which decisions are open.
 * Out: nodes in topological order. A value is known, or a table over one open decision, or a node;
 * the latter two travel through frames as opaque values. Invariant: whatever a node computes is what
 * the evaluator would have found for the same decisions. */
#include "frontend/predicate.h"

#include <math.h>
#include <string.h>

#include "frontend/eval_impl.h"

static const char TAG_OPEN = 0;

enum { MAX_PRED_NODES = 200000, MAX_PRED_DEPTH = 500 };

/* What an open value is: values by the index of one decision, or a node. */
typedef struct Open {
    int variable; /* -1: a node */
    const Value *values;
    int node;
} Open;

static const Open *open_of(Value v) {
    return v.kind == VALUE_OPAQUE && v.u.opaque->tag == &TAG_OPEN ? v.u.opaque->data : NULL;
}

static Value fail(PredCompiler *c) {
    c->failed = true;
    return value_poison();
}

static Value open_value(PredCompiler *c, Open o) {
    Open *copy = ARENA_NEW(c->eval->arena, Open);
    *copy = o;
    return value_opaque(c->eval->arena, "an open value", &TAG_OPEN, copy);
}

static int level_of(const PredCompiler *c, int node) {
    return node < 0 ? -1 : c->nodes.items[node].level;
}

static int push(PredCompiler *c, PredNode n) {
    if (c->nodes.len >= MAX_PRED_NODES) {
        c->failed = true;
        return 0;
    }
    VEC_PUSH(c->nodes, n);
    return (int)c->nodes.len - 1;
}

static int node_of(PredCompiler *c, PredOp op, int x, int y, int z) {
    int level = MAX(level_of(c, x), MAX(level_of(c, y), level_of(c, z)));
    return push(c, (PredNode){.op = op, .a = x, .b = y, .c = z, .level = level});
}

static int constant(PredCompiler *c, double v) {
    return push(c,
                (PredNode){.op = PRED_CONST, .a = -1, .b = -1, .c = -1, .level = -1, .value = v});
}

static Value result(PredCompiler *c, int node) {
    return c->failed ? value_poison() : open_value(c, (Open){.variable = -1, .node = node});
}

/* A known value as a number; none is false. */
static bool known_number(Value v, double *out) {
    v = value_plain(v);
    if (value_is_number(v))
        *out = value_number(v);
    else if (v.kind == VALUE_BOOL)
        *out = v.u.boolean;
    else if (v.kind == VALUE_NONE)
        *out = 0;
    else
        return false;
    return true;
}

static int as_node(PredCompiler *c, Value v) {
    double x;
    const Open *o = open_of(v);
    if (!o) {
        if (known_number(v, &x))
            return constant(c, x);
        fail(c);
        return 0;
    }
    if (o->variable < 0)
        return o->node;
    int64_t n = c->variables[o->variable].domain->domain.count;
    double *table = ARENA_ARRAY(c->eval->arena, double, n);
    for (int64_t i = 0; i < n; i++)
        if (!known_number(o->values[i], &table[i])) {
            fail(c);
            return 0;
        }
    return pred_table(c, o->variable, table);
}

int pred_table(PredCompiler *c, int variable, const double *table) {
    return push(
        c,
        (PredNode){
            .op = PRED_TABLE, .a = variable, .b = -1, .c = -1, .level = variable, .table = table});
}

int pred_constant(PredCompiler *c, double value) {
    return constant(c, value);
}

int pred_operation(PredCompiler *c, PredOp op, int a, int b) {
    return node_of(c, op, a, b, -1);
}

static Value eval_open(PredCompiler *c, Frame *f, const Ast *x, int depth);

static Value decision(PredCompiler *c, Frame *frame, const Ast *choice, const Value *indices,
                      size_t n) {
    const char *address = eval_address(c->eval, frame, choice->text, indices, n);
    for (size_t i = 0; i < c->nvariables; i++) {
        const PredVariable *v = &c->variables[i];
        if (v->choice != choice || strcmp(v->address, address) != 0)
            continue;
        if (choice->has_params)
            return fail(c);
        if (v->index >= 0)
            return domain_value(c->eval, v->domain, v->index);
        int64_t count = v->domain->domain.count;
        Value *values = ARENA_ARRAY(c->eval->arena, Value, count);
        for (int64_t k = 0; k < count; k++) {
            values[k] = domain_value(c->eval, v->domain, k);
            if (value_is_poison(values[k]))
                return fail(c);
        }
        return open_value(c, (Open){.variable = (int)i, .values = values});
    }
    return fail(c);
}

/* A definition's value, computed once for its frame and indices. */
static Value defined(PredCompiler *c, Frame *outer, Frame *inner, const Ast *decl,
                     const Value *indices, size_t n, int depth) {
    struct {
        uint64_t frame, decl;
        Hash128 indices;
    } id = {outer->id, decl->id, indices_hash(indices, n)};
    Hash128 key = hash128(&id, sizeof id, 77);
    Value *known = map_get(c->memo, key);
    if (known)
        return known->kind == VALUE_POISON ? fail(c) : *known;
    Value *place = ARENA_NEW(c->eval->arena, Value);
    *place = value_poison(); /* met again before it is known: it needs itself */
    *map_slot(c->eval->arena, c->memo, key) = place;
    if (decl->kind != AST_DEFINITION || decl->has_params)
        return fail(c);
    *place = eval_open(c, inner, decl->a, depth + 1);
    return *place;
}

static Value name_value(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Found found;
    if (!frame_find(c->eval, f, x->text, &found))
        return fail(c);
    if (found.binding)
        return found.binding->deferred || value_is_poison(found.binding->value)
                   ? fail(c)
                   : found.binding->value;
    const Ast *decl = found.entry->decls[0];
    if (decl->has_index)
        return fail(c);
    if (decl->kind == AST_CHOICE)
        return decision(c, found.frame, decl, NULL, 0);
    if (decl->kind == AST_PARAM) {
        Value v = value_plain(eval_name(c->eval, f, x->text, x->place));
        return value_is_poison(v) ? fail(c) : v;
    }
    return defined(c, found.frame, found.frame, decl, NULL, 0, depth);
}

static Value element(PredCompiler *c, const Found *found, const Value *indices, size_t n,
                     int depth) {
    Elements el = {.frame = found->frame, .entry = found->entry};
    const Ast *decl;
    Frame *inner;
    if (found->entry->decls[0]->index.len != n)
        return fail(c);
    int match = elements_match(c->eval, &el, indices, n, &decl, &inner);
    if (match == 0)
        return value_none();
    if (match < 0)
        return fail(c);
    if (decl->kind == AST_CHOICE)
        return decision(c, found->frame, decl, indices, n);
    return defined(c, found->frame, inner, decl, indices, n, depth);
}

static Value index_value(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Value *indices = ARENA_ARRAY(c->eval->arena, Value, x->list.len + 1);
    for (size_t i = 0; i < x->list.len; i++) {
        indices[i] = value_plain(eval_open(c, f, x->list.items[i], depth + 1));
        if (open_of(indices[i]))
            return fail(c);
    }
    Found found;
    if (c->failed)
        return value_poison();
    if (x->a->kind == AST_NAME && frame_find(c->eval, f, x->a->text, &found) && found.entry &&
        found.entry->decls[0]->has_index)
        return element(c, &found, indices, x->list.len, depth);
    Value list = value_plain(eval_open(c, f, x->a, depth + 1));
    int64_t n = value_length(list);
    if (c->failed || x->list.len != 1 || indices[0].kind != VALUE_INT || indices[0].u.integer < 0 ||
        indices[0].u.integer >= n)
        return fail(c);
    return value_element(list, indices[0].u.integer);
}

static bool field_of(Value v, const char *name, Value *out) {
    v = value_plain(v);
    for (size_t i = 0; v.kind == VALUE_RECORD && i < v.u.record->len; i++)
        if (strcmp(v.u.record->fields[i].name, name) == 0) {
            *out = *v.u.record->fields[i].value;
            return true;
        }
    return false;
}

static Value field_value(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Value v = eval_open(c, f, x->a, depth + 1), out;
    const Open *o = open_of(v);
    if (!o)
        return field_of(v, x->text, &out) ? out : fail(c);
    if (o->variable < 0)
        return fail(c);
    int64_t n = c->variables[o->variable].domain->domain.count;
    Value *values = ARENA_ARRAY(c->eval->arena, Value, n);
    for (int64_t i = 0; i < n; i++)
        if (!field_of(o->values[i], x->text, &values[i]))
            return fail(c);
    return open_value(c, (Open){.variable = o->variable, .values = values});
}

static Value two(PredCompiler *c, PredOp op, Value a, Value b) {
    int x = as_node(c, a), y = as_node(c, b);
    return c->failed ? value_poison() : result(c, node_of(c, op, x, y, -1));
}

static Value negate(PredCompiler *c, Value v) {
    int x = as_node(c, v);
    return c->failed ? value_poison() : result(c, node_of(c, PRED_NOT, x, -1, -1));
}

/* A table of what `test` says of each value of an open decision. */
typedef bool Test(PredCompiler *c, Value v, Value other);

static Value tabulate(PredCompiler *c, const Open *o, Value other, Test *test) {
    int64_t n = c->variables[o->variable].domain->domain.count;
    Value *values = ARENA_ARRAY(c->eval->arena, Value, n);
    for (int64_t i = 0; i < n; i++)
        values[i] = value_bool(test(c, o->values[i], other));
    return c->failed ? value_poison()
                     : open_value(c, (Open){.variable = o->variable, .values = values});
}

static bool test_equal(PredCompiler *c, Value v, Value other) {
    bool known, equal = value_equal(v, other, &known);
    if (!known)
        fail(c);
    return known && equal;
}

static bool test_in(PredCompiler *c, Value v, Value set) {
    bool ok, in = value_contains(c->eval, v, set, (Place){.file = UINT32_MAX}, &ok);
    if (!ok)
        fail(c);
    return ok && in;
}

static Value equal(PredCompiler *c, Value a, Value b) {
    const Open *x = open_of(a), *y = open_of(b);
    if (!x && !y)
        return value_bool(test_equal(c, a, b));
    if (x && x->variable >= 0 && !y)
        return tabulate(c, x, b, test_equal);
    if (y && y->variable >= 0 && !x)
        return tabulate(c, y, a, test_equal);
    return two(c, PRED_EQ, a, b);
}

static Value member(PredCompiler *c, Value a, Value set) {
    const Open *x = open_of(a);
    int64_t n = value_length(set);
    if (n < 0 || n > MAX_PRED_NODES / 4)
        return fail(c);
    bool known_set = true;
    for (int64_t i = 0; i < n && known_set; i++)
        known_set = !open_of(value_element(set, i));
    if (known_set && !x)
        return value_bool(test_in(c, a, set));
    if (known_set && x->variable >= 0)
        return tabulate(c, x, set, test_in);
    int any = constant(c, 0);
    for (int64_t i = 0; i < n && !c->failed; i++) {
        Value same = equal(c, a, value_element(set, i));
        if (!c->failed)
            any = node_of(c, PRED_OR, any, as_node(c, same), -1);
    }
    return result(c, any);
}

/* Order: an absent value is neither less nor more. */
static Value ordered(PredCompiler *c, PredOp op, Value a, Value b) {
    if (value_plain(a).kind == VALUE_NONE || value_plain(b).kind == VALUE_NONE)
        return value_bool(false);
    double x, y;
    if (!open_of(a) && !open_of(b) && known_number(a, &x) && known_number(b, &y))
        return value_bool(op == PRED_LT ? x < y : x <= y);
    return two(c, op, a, b);
}

static Value arithmetic(PredCompiler *c, const Ast *x, Value a, Value b) {
    static const PredOp ops[] = {[OPER_ADD] = PRED_ADD,
                                 [OPER_SUB] = PRED_SUB,
                                 [OPER_MUL] = PRED_MUL,
                                 [OPER_DIV] = PRED_DIV,
                                 [OPER_MOD] = PRED_MOD};
    if (!open_of(a) && !open_of(b)) {
        Value v = arith(c->eval, x->oper, a, b, x->place);
        return value_is_poison(v) ? fail(c) : v;
    }
    bool divides = x->oper == OPER_DIV || x->oper == OPER_MOD;
    double by;
    if (divides && (open_of(b) || !known_number(b, &by) || by == 0))
        return fail(c);
    if (x->oper != OPER_ADD && x->oper != OPER_SUB && x->oper != OPER_MUL && !divides)
        return fail(c);
    return two(c, ops[x->oper], a, b);
}

/* `and` and `or` stop at what is known. */
static Value logical(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    bool is_or = x->oper == OPER_OR;
    double known;
    Value a = eval_open(c, f, x->a, depth + 1);
    if (c->failed)
        return a;
    if (!open_of(a)) {
        if (!known_number(a, &known))
            return fail(c);
        return (known != 0) == is_or ? value_bool(is_or) : eval_open(c, f, x->b, depth + 1);
    }
    Value b = eval_open(c, f, x->b, depth + 1);
    return c->failed ? b : two(c, is_or ? PRED_OR : PRED_AND, a, b);
}

static Value binary(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    if (x->oper == OPER_OR || x->oper == OPER_AND)
        return logical(c, f, x, depth);
    Value a = eval_open(c, f, x->a, depth + 1), b = eval_open(c, f, x->b, depth + 1);
    if (c->failed)
        return value_poison();
    switch (x->oper) {
    case OPER_EQ:
        return equal(c, a, b);
    case OPER_NE:
        return negate(c, equal(c, a, b));
    case OPER_LT:
        return ordered(c, PRED_LT, a, b);
    case OPER_LE:
        return ordered(c, PRED_LE, a, b);
    case OPER_GT:
        return ordered(c, PRED_LT, b, a);
    case OPER_GE:
        return ordered(c, PRED_LE, b, a);
    case OPER_IN:
        return member(c, a, b);
    default:
        return arithmetic(c, x, a, b);
    }
}

static Value conditional(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Value test = eval_open(c, f, x->a, depth + 1);
    double known;
    if (c->failed)
        return test;
    if (!open_of(test)) {
        if (!known_number(test, &known))
            return fail(c);
        if (known != 0)
            return eval_open(c, f, x->b, depth + 1);
        return x->c ? eval_open(c, f, x->c, depth + 1) : value_none();
    }
    if (!x->c)
        return fail(c);
    int a = as_node(c, test), b = as_node(c, eval_open(c, f, x->b, depth + 1));
    int d = as_node(c, eval_open(c, f, x->c, depth + 1));
    return c->failed ? value_poison() : result(c, node_of(c, PRED_SELECT, a, b, d));
}

/* Aggregates: terms with the condition under which they count (-1: always). */
typedef struct Term {
    Value value;
    int condition;
} Term;

typedef VEC(Term) Terms;

typedef struct Gatherer {
    PredCompiler *c;
    const AstList *binders;
    const Ast *condition, *body;
    Terms *terms;
    int depth;
} Gatherer;

static void gather(Gatherer *g, Frame *f, size_t at) {
    PredCompiler *c = g->c;
    if (at < g->binders->len) {
        const Ast *b = g->binders->items[at];
        Value range = value_plain(eval_open(c, f, b->a, g->depth + 1));
        int64_t n = value_length(range);
        if (n < 0 || n > MAX_PRED_NODES || !b->text)
            fail(c);
        for (int64_t i = 0; i < n && !c->failed; i++) {
            Frame *inner = frame_new(c->eval, f, NULL);
            frame_push(c->eval, inner, b->text, value_element(range, i), NULL);
            gather(g, inner, at + 1);
        }
        return;
    }
    int condition = -1;
    if (g->condition) {
        Value v = eval_open(c, f, g->condition, g->depth + 1);
        double known;
        if (c->failed)
            return;
        if (open_of(v))
            condition = as_node(c, v);
        else if (!known_number(v, &known))
            fail(c);
        else if (known == 0)
            return;
    }
    Value v = g->body ? eval_open(c, f, g->body, g->depth + 1) : value_bool(true);
    if (!c->failed)
        VEC_PUSH(*g->terms, ((Term){v, condition}));
}

static Value fold(PredCompiler *c, const char *name, const Terms *terms) {
    bool sum = strcmp(name, "sum") == 0, count = strcmp(name, "count") == 0;
    bool all = strcmp(name, "all") == 0, any = strcmp(name, "any") == 0;
    bool max = strcmp(name, "max") == 0, min = strcmp(name, "min") == 0;
    if (!sum && !count && !all && !any && !max && !min)
        return fail(c);
    int total = max || min ? -1 : constant(c, all);
    for (size_t i = 0; i < terms->len && !c->failed; i++) {
        const Term *t = &terms->items[i];
        if (!count && !all && !any && value_plain(t->value).kind == VALUE_NONE)
            continue;
        int x = as_node(c, t->value);
        if (count || any || all)
            x = node_of(c, PRED_NOT, node_of(c, PRED_NOT, x, -1, -1), -1, -1);
        if (t->condition >= 0 && (max || min)) {
            fail(c);
            break;
        }
        if (t->condition >= 0 && all)
            x = node_of(c, PRED_OR, x, node_of(c, PRED_NOT, t->condition, -1, -1), -1);
        else if (t->condition >= 0)
            x = node_of(c, PRED_SELECT, t->condition, x, constant(c, 0));
        PredOp op = all ? PRED_AND : any ? PRED_OR : max ? PRED_MAX : min ? PRED_MIN : PRED_ADD;
        total = total < 0 ? x : node_of(c, op, total, x, -1);
    }
    return total < 0 ? fail(c) : result(c, total);
}

static Value aggregate(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Terms terms = {0};
    Gatherer g = {.c = c,
                  .binders = &x->list,
                  .condition = x->b,
                  .body = x->a,
                  .terms = &terms,
                  .depth = depth};
    Value v;
    if (!x->a && strcmp(x->text, "count") != 0)
        v = fail(c);
    else {
        gather(&g, f, 0);
        v = c->failed ? value_poison() : fold(c, x->text, &terms);
    }
    VEC_FREE(terms);
    return v;
}

/* All elements of an indexed name as terms. */
typedef struct ElementTerms {
    PredCompiler *c;
    const Found *found;
    Terms *terms;
    int depth;
} ElementTerms;

static bool element_term(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    (void)e;
    (void)inner;
    ElementTerms *t = user;
    Value v = element(t->c, t->found, indices, n, t->depth);
    if (!t->c->failed)
        VEC_PUSH(*t->terms, ((Term){v, -1}));
    return !t->c->failed;
}

static bool terms_of_argument(PredCompiler *c, Frame *f, const Ast *x, Terms *terms, int depth) {
    Found found;
    if (x->kind == AST_NAME && frame_find(c->eval, f, x->text, &found) && found.entry &&
        found.entry->decls[0]->has_index) {
        ElementTerms t = {c, &found, terms, depth};
        for (size_t i = 0; i < found.entry->len && !c->failed; i++)
            if (!eval_each(c->eval, found.frame, &found.entry->decls[i]->index,
                           found.entry->decls[i]->b, element_term, &t))
                fail(c);
        return true;
    }
    Value v = value_plain(eval_open(c, f, x, depth + 1));
    int64_t n = value_length(v);
    if (c->failed || n > MAX_PRED_NODES)
        return false;
    for (int64_t i = 0; i < n; i++)
        VEC_PUSH(*terms, ((Term){value_element(v, i), -1}));
    if (n < 0)
        VEC_PUSH(*terms, ((Term){v, -1}));
    return n >= 0;
}

/* count(link), max(a, b). */
static Value builtin_call(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Terms terms = {0};
    bool list = false;
    for (size_t i = 0; i < x->list.len && !c->failed; i++) {
        if (x->list.items[i]->text)
            fail(c);
        else
            list = terms_of_argument(c, f, x->list.items[i]->a, &terms, depth);
    }
    if (!c->failed && x->list.len == 1 && !list)
        fail(c);
    Value v = c->failed ? value_poison() : fold(c, x->a->text, &terms);
    VEC_FREE(terms);
    return v;
}

static Value call(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Found found;
    if (x->a->kind != AST_NAME)
        return fail(c);
    if (!frame_find(c->eval, f, x->a->text, &found))
        return builtin_call(c, f, x, depth);
    const Ast *decl = found.entry ? found.entry->decls[0] : NULL;
    if (!decl || decl->kind != AST_DEFINITION || decl->has_index || !decl->has_params ||
        decl->params.len != x->list.len)
        return fail(c);
    Frame *inner = frame_new(c->eval, found.frame, NULL);
    for (size_t i = 0; i < x->list.len; i++) {
        const Ast *arg = x->list.items[i];
        Value v = eval_open(c, f, arg->a, depth + 1);
        if (c->failed || arg->text)
            return fail(c);
        frame_push(c->eval, inner, decl->params.items[i]->text, v, NULL);
    }
    return eval_open(c, inner, decl->a, depth + 1);
}

static Value items(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Value *values = ARENA_ARRAY(c->eval->arena, Value, x->list.len + 1);
    for (size_t i = 0; i < x->list.len; i++)
        values[i] = eval_open(c, f, x->list.items[i], depth + 1);
    return c->failed ? value_poison() : value_list(c->eval->arena, VALUE_LIST, values, x->list.len);
}

static Value range(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    Value lo = eval_open(c, f, x->a, depth + 1), hi = eval_open(c, f, x->b, depth + 1), out;
    Value step = x->c ? eval_open(c, f, x->c, depth + 1) : value_int(1);
    if (c->failed || open_of(lo) || open_of(hi) || open_of(step) ||
        !value_range(c->eval->arena, value_plain(lo), value_plain(hi), value_plain(step), &out))
        return fail(c);
    return out;
}

static Value eval_open(PredCompiler *c, Frame *f, const Ast *x, int depth) {
    if (c->failed || depth > MAX_PRED_DEPTH)
        return fail(c);
    switch (x->kind) {
    case AST_NUMBER:
    case AST_STRING:
    case AST_BOOL:
    case AST_NONE:
        return ev(c->eval, f, x);
    case AST_NAME:
        return name_value(c, f, x, depth);
    case AST_INDEX:
        return index_value(c, f, x, depth);
    case AST_FIELD:
        return field_value(c, f, x, depth);
    case AST_BINARY:
        return binary(c, f, x, depth);
    case AST_UNARY: {
        Value v = eval_open(c, f, x->a, depth + 1);
        if (c->failed)
            return v;
        return x->oper == OPER_NOT ? negate(c, v) : two(c, PRED_SUB, value_int(0), v);
    }
    case AST_IF:
        return conditional(c, f, x, depth);
    case AST_AGGREGATE:
        return aggregate(c, f, x, depth);
    case AST_CALL:
        return call(c, f, x, depth);
    case AST_LIST:
    case AST_SET:
        return items(c, f, x, depth);
    case AST_RANGE:
        return range(c, f, x, depth);
    default:
        return fail(c);
    }
}

void pred_init(PredCompiler *c, Eval *e, const PredVariable *variables, size_t n) {
    *c = (PredCompiler){.eval = e, .variables = variables, .nvariables = n};
    c->memo = ARENA_NEW(e->arena, EvalMap);
}

void pred_free(PredCompiler *c) {
    VEC_FREE(c->nodes);
}

static int finish(PredCompiler *c, Value v) {
    int node = c->failed ? -1 : as_node(c, v);
    bool failed = c->failed;
    c->failed = false;
    return failed ? -1 : node;
}

int pred_condition(PredCompiler *c, Frame *f, const Ast *x) {
    return finish(c, eval_open(c, f, x, 0));
}

int pred_element(PredCompiler *c, Frame *f, const Ast *name, Value index) {
    Found found;
    if (!frame_find(c->eval, f, name->text, &found) || !found.entry)
        return -1;
    return finish(c, element(c, &found, &index, 1, 0));
}

double pred_compute(const PredNode *n, const int64_t *taken, const double *v) {
    switch (n->op) {
    case PRED_CONST:
        return n->value;
    case PRED_TABLE:
        return n->table[taken[n->a]];
    case PRED_AND:
        return v[n->a] != 0 && v[n->b] != 0;
    case PRED_OR:
        return v[n->a] != 0 || v[n->b] != 0;
    case PRED_NOT:
        return v[n->a] == 0;
    case PRED_ADD:
        return v[n->a] + v[n->b];
    case PRED_SUB:
        return v[n->a] - v[n->b];
    case PRED_MUL:
        return v[n->a] * v[n->b];
    case PRED_DIV:
        return floor(v[n->a] / v[n->b]);
    case PRED_MOD:
        return v[n->a] - v[n->b] * floor(v[n->a] / v[n->b]);
    case PRED_EQ:
        return v[n->a] == v[n->b];
    case PRED_LT:
        return v[n->a] < v[n->b];
    case PRED_LE:
        return v[n->a] <= v[n->b];
    case PRED_MAX:
        return MAX(v[n->a], v[n->b]);
    case PRED_MIN:
        return MIN(v[n->a], v[n->b]);
    case PRED_SELECT:
        return v[n->a] != 0 ? v[n->b] : v[n->c];
    }
    BUG("predicate %d", (int)n->op);
}
