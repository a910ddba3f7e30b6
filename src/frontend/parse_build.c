/* Node constructors of the grammar. Each node is sealed when its children are known: it gets its
 * number and its depth there, and one deeper than SYNTAX_MAX_DEPTH becomes an AST_ERROR, so that
 * walkers of the tree may recurse. */
#include "frontend/parse_build.h"

#include <string.h>

NodeList *list_new(Parse *p) {
    return ARENA_NEW(p->s->arena, NodeList);
}

NodeList *list_one(Parse *p, Ast *node) {
    return list_push(p, list_new(p), node);
}

NodeList *list_push(Parse *p, NodeList *list, Ast *node) {
    if (list->len == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 4;
        Ast **items = ARENA_ARRAY(p->s->arena, Ast *, list->cap);
        if (list->len)
            memcpy(items, list->items, list->len * sizeof *items);
        list->items = items;
    }
    list->items[list->len++] = node;
    return list;
}

static AstList taken(const NodeList *list) {
    return list ? (AstList){list->items, list->len} : (AstList){0};
}

Ast *node_new(Parse *p, Place place, AstKind kind) {
    Ast *n = ARENA_NEW(p->s->arena, Ast);
    n->kind = kind;
    n->place = n->name_place = place;
    n->depth = 1;
    n->id = p->s->next_id++;
    return n;
}

Ast *node_error(Parse *p, Place place) {
    return node_new(p, place, AST_ERROR);
}

static uint32_t depth_of_list(const AstList *l) {
    uint32_t depth = 0;
    for (size_t i = 0; i < l->len; i++)
        depth = MAX(depth, l->items[i]->depth);
    return depth;
}

static Ast *seal(Parse *p, Ast *n) {
    uint32_t depth =
        MAX(MAX(depth_of_list(&n->list), depth_of_list(&n->index)), depth_of_list(&n->params));
    const Ast *children[] = {n->a, n->b, n->c};
    for (size_t i = 0; i < ARRAY_LEN(children); i++)
        if (children[i])
            depth = MAX(depth, children[i]->depth);
    n->depth = depth + 1;
    if (n->depth <= SYNTAX_MAX_DEPTH)
        return n;
    parse_report_deep(p, n->name_place);
    return node_error(p, n->place);
}

Ast *node_with(Parse *p, Place place, AstKind kind, Ast *a) {
    Ast *n = node_new(p, place, kind);
    n->a = a;
    return seal(p, n);
}

static Ast *node_open(Parse *p, Place place, AstKind kind, const NodeList *list) {
    Ast *n = node_new(p, place, kind);
    n->list = taken(list);
    return n;
}

Ast *node_list(Parse *p, Place place, AstKind kind, const NodeList *list) {
    return seal(p, node_open(p, place, kind, list));
}

static Ast *node_text(Parse *p, Place place, AstKind kind, Place name_place, const char *text) {
    Ast *n = node_new(p, place, kind);
    n->name_place = name_place;
    n->text = text;
    n->text_len = text ? strlen(text) : 0;
    return n;
}

/* ---- statements ---- */

Ast *build_program(Parse *p, Place place, const NodeList *items) {
    /* Bodies, spaces and files nest, so the limit of a file's own node is one above. */
    Ast *n = node_new(p, place, AST_BODY);
    n->list = taken(items);
    n->depth = depth_of_list(&n->list) + 1;
    return n;
}

Ast *build_use(Parse *p, Place place, Place name_place, const char *name, const char *alias) {
    Ast *n = node_text(p, place, AST_USE, name_place, name);
    n->alias = alias;
    return n;
}

Ast *build_use_with(Parse *p, Place place, Place name_place, const char *name,
                    const NodeList *settings) {
    Ast *n = node_list(p, place, AST_USE, settings);
    n->text = name;
    n->text_len = strlen(name);
    n->name_place = name_place;
    return n;
}

Ast *build_use_path(Parse *p, Place place, const Ast *path, const char *alias) {
    if (path->kind == AST_ERROR)
        return node_error(p, place);
    Ast *n = node_text(p, place, AST_USE, path->place, path->text);
    n->alias = alias;
    n->is_path = true;
    return n;
}

Ast *build_param(Parse *p, Place place, Place name_place, const char *name, Ast *value,
                 const Ast *help) {
    Ast *n = node_text(p, place, AST_PARAM, name_place, name);
    n->a = value;
    n->help = help ? help->text : NULL;
    return seal(p, n);
}

Ast *build_named(Parse *p, Place place, AstKind kind, Place name_place, const char *name, Ast *a) {
    Ast *n = node_text(p, place, kind, name_place, name);
    n->a = a;
    return seal(p, n);
}

/* The definition of which only the part before `=` is known. */
Ast *build_head(Parse *p, Place place, const char *name, const Ast *index, const NodeList *params) {
    Ast *n = node_text(p, place, AST_DEFINITION, place, name);
    if (index) {
        n->has_index = true;
        n->index = index->index;
        n->b = index->b;
    }
    if (params) {
        n->has_params = true;
        n->params = taken(params);
    }
    return n;
}

static bool is_binding(const Ast *n) {
    return n->kind == AST_BINARY && n->oper == OPER_IN && n->a->kind == AST_NAME;
}

/* `name in e`, read as a comparison, is a binder here; anything else a constant (only if
 * `constants`). */
static Ast *build_binder(Parse *p, Ast *e) {
    Ast *n = node_new(p, e->place, AST_BINDER);
    if (is_binding(e)) {
        n->name_place = e->a->place;
        n->text = e->a->text;
        n->text_len = e->a->text_len;
        n->a = e->b;
    } else {
        n->a = e;
    }
    return seal(p, n);
}

static NodeList *binders_of(Parse *p, const NodeList *list) {
    NodeList *binders = list_new(p);
    for (size_t i = 0; list && i < list->len; i++)
        list_push(p, binders, build_binder(p, list->items[i]));
    return binders;
}

Ast *build_index(Parse *p, Place place, const NodeList *binders, Ast *condition) {
    Ast *n = node_new(p, place, AST_DEFINITION);
    n->index = taken(binders ? binders_of(p, binders) : list_one(p, node_error(p, place)));
    n->b = condition;
    return n;
}

Ast *build_measure(Parse *p, Place place, Ast *head, const char *when, Place at, Ast *value) {
    if (when && strcmp(when, "end") != 0)
        diag_at(p->s->diags, at, DIAG_syntax,
                "a measure is taken at every forward pass or `at end`");
    head->at_end = when != NULL;
    return build_definition(p, place, head, AST_MEASURE, value);
}

Ast *build_definition(Parse *p, Place place, Ast *head, AstKind kind, Ast *value) {
    head->kind = kind;
    head->place = place;
    head->a = value;
    return seal(p, head);
}

Ast *build_scope(Parse *p, Place place, AstKind kind, Place name_place, const char *name,
                 const NodeList *params, const NodeList *members) {
    Ast *n = node_text(p, place, kind, name_place, name);
    n->has_params = params != NULL;
    n->params = taken(params);
    n->list = taken(members);
    return seal(p, n);
}

Ast *build_format(Parse *p, Place place, Place name_place, const char *name, const char *space,
                  const NodeList *params, const NodeList *members) {
    Ast *n = node_text(p, place, AST_FORMAT, name_place, name);
    n->alias = space;
    n->has_params = true;
    n->params = taken(params);
    n->list = taken(members);
    return seal(p, n);
}

Ast *build_input(Parse *p, Place place, Place name_place, const char *name, const NodeList *sizes) {
    Ast *n = node_text(p, place, AST_INPUT, name_place, name);
    n->list = taken(sizes);
    return seal(p, n);
}

Ast *build_network(Parse *p, Place place, Place name_place, const char *name, const NodeList *sizes,
                   Ast *value) {
    Ast *n = node_text(p, place, AST_NETWORK, name_place, name);
    n->list = taken(sizes);
    n->a = value;
    return seal(p, n);
}

Ast *build_domain(Parse *p, Place place, AstKind kind, Ast *a, Ast *prior) {
    Ast *n = node_new(p, place, kind);
    n->a = a;
    n->b = prior;
    return seal(p, n);
}

Ast *build_alternative(Parse *p, Place place, Place name_place, const char *name, Ast *value,
                       Ast *prior) {
    Ast *n = node_text(p, place, AST_ALTERNATIVE, name_place, name);
    n->a = value;
    n->b = prior;
    return seal(p, n);
}

/* The foreign name; an unreadable string has none. */
const char *alternative_text(Parse *p, const Ast *string) {
    return string->text ? string->text : intern(&p->s->names, "");
}

/* join(i in r, "separator") (items): the head is binders and then one string. */
Ast *build_join(Parse *p, Place place, Place name_place, const NodeList *head,
                const NodeList *pattern) {
    Ast *separator = head->items[head->len - 1];
    bool fits = head->len > 1 && (separator->kind == AST_STRING || separator->kind == AST_ERROR);
    for (size_t i = 0; i + 1 < head->len; i++)
        fits = fits && (is_binding(head->items[i]) || head->items[i]->kind == AST_ERROR);
    if (!fits) {
        diag_hint(p->s->diags, diag_at(p->s->diags, name_place, DIAG_bad_binder, "`join`"),
                  "write join(i in range, \"separator\") (items)");
        return node_error(p, place);
    }
    Ast *n = node_open(p, place, AST_PATTERN_JOIN, pattern);
    NodeList binders = {head->items, head->len - 1, head->cap};
    n->name_place = name_place;
    n->index = taken(binders_of(p, &binders));
    n->a = separator;
    return seal(p, n);
}

Ast *build_symmetry(Parse *p, Place place, Place name_place, const char *kind, const char *index,
                    const NodeList *choices, Ast *condition) {
    Ast *n = node_text(p, place, AST_SAME, name_place, kind);
    n->list = taken(choices);
    n->alias = index;
    n->b = condition;
    return seal(p, n);
}

Ast *build_rank(Parse *p, Place place, Ast *candidates, Ast *proxy) {
    Ast *n = node_new(p, place, AST_RANK);
    n->a = candidates;
    n->b = proxy;
    return seal(p, n);
}

/* A ranking of its own for each set of architectures: spaces and proxies with arguments are known by theirs. */
Ast *build_search(Parse *p, Place place, Place name_place, const char *name, Ast *proxy,
                  Place by_place, const char *by, const char *per, Ast *selection, Ast *evaluation,
                  Ast *against, Ast *engine) {
    bool known = strcmp(by, "spearman") == 0 || strcmp(by, "kendall") == 0;
    if (!known || (per && strcmp(per, "second") != 0)) {
        if (!p->quiet)
            diag_hint(
                p->s->diags,
                diag_at(p->s->diags, by_place, DIAG_syntax, "a search is by spearman or kendall"),
                "write by spearman on rows(..), or by spearman per second on rows(..)");
        return node_error(p, place);
    }
    Ast *n = node_new(p, place, AST_SEARCH);
    n->name_place = name_place;
    n->text = name;
    n->help = by;
    n->alias = per;
    n->a = build_rank(p, place, selection, proxy);
    n->b = evaluation ? build_rank(p, place, evaluation, proxy) : NULL;
    n->c = engine;
    if (against)
        n->list =
            taken(list_one(p, build_rank(p, place, evaluation ? evaluation : selection, against)));
    return seal(p, n);
}

Ast *build_body(Parse *p, Place place, const NodeList *members, Ast *returned) {
    bool damaged = false;
    for (size_t i = 0; i < members->len; i++)
        damaged = damaged || members->items[i]->kind == AST_ERROR;
    if (!returned) {
        if (!damaged && !p->quiet)
            diag_at(p->s->diags, (Place){place.file, place.hi - 1, place.hi}, DIAG_no_return);
        returned = node_error(p, place);
    }
    Ast *n = node_new(p, place, AST_BODY);
    n->list = taken(members);
    n->a = returned;
    return seal(p, n);
}

/* ---- expressions ---- */

Ast *build_name(Parse *p, Place place, const char *name) {
    return node_text(p, place, AST_NAME, place, name);
}

Ast *build_bool(Parse *p, Place place, bool value) {
    Ast *n = node_new(p, place, AST_BOOL);
    n->number = value;
    return n;
}

static Place from_to(Place first, Place last) {
    return (Place){first.file, first.lo, last.hi};
}

Ast *build_arg(Parse *p, Place first, Place last, const char *name, Ast *a) {
    Ast *n = node_text(p, from_to(first, last), AST_ARG, first, name);
    n->a = a;
    return seal(p, n);
}

Ast *build_with(Parse *p, Place place, Ast *a, Ast *arg) {
    Ast *n = node_open(p, place, AST_WITH, list_one(p, arg));
    n->a = a;
    return seal(p, n);
}

/* The last part of an expression that ends in another: x => e, if c then a else e. */
static Ast *tail_of(Ast *e) {
    if (e->kind == AST_LAMBDA)
        return e->a;
    return e->kind == AST_IF ? (e->c ? e->c : e->b) : NULL;
}

/* Appends to a list of which this node is the only owner; its capacity follows from its length. */
static void append_setting(Parse *p, Ast *with, Ast *arg) {
    NodeList list = {with->list.items, with->list.len, 4};
    while (list.cap < list.len)
        list.cap *= 2;
    with->list = taken(list_push(p, &list, arg));
}

/* Adds a setting to the `with` in which the expression ends: `x -> f with init: a, eps: 1` and also
 * `x => f with init: a, eps: 1`. */
Ast *build_setting(Parse *p, Ast *expression, Ast *arg) {
    if (p->tail.expression != expression) {
        p->tail.expression = p->tail.at = expression;
        for (p->tail.levels = 0; tail_of(p->tail.at); p->tail.levels++)
            p->tail.at = tail_of(p->tail.at);
    }
    Ast *at = p->tail.at;
    if (at->kind == AST_ERROR)
        return expression;
    Place place = from_to(expression->place, arg->place);
    if (at->kind != AST_WITH) {
        diag_at(p->s->diags, arg->name_place, DIAG_stray_setting, arg->text);
        return node_error(p, place);
    }
    append_setting(p, at, arg);
    at->place.hi = expression->place.hi = place.hi;
    uint32_t levels = p->tail.levels;
    for (Ast *n = expression; n && n->depth < arg->depth + 1 + levels; n = tail_of(n), levels--)
        n->depth = arg->depth + 1 + levels;
    if (expression->depth <= SYNTAX_MAX_DEPTH)
        return expression;
    parse_report_deep(p, arg->name_place);
    return node_error(p, place);
}

/* The head was read as an expression: a name or a tuple of names. */
Ast *build_lambda(Parse *p, Place place, const Ast *head, Ast *a) {
    NodeList *params = list_new(p);
    const AstList one = {(Ast *[]){(Ast *)head}, 1};
    const AstList *names = head->kind == AST_TUPLE ? &head->list : &one;
    for (size_t i = 0; i < names->len; i++) {
        const Ast *n = names->items[i];
        if (n->kind != AST_NAME) {
            Diag *d =
                n->kind == AST_ERROR ? NULL : diag_at(p->s->diags, n->place, DIAG_bad_parameter);
            if (n->kind == AST_ARROW)
                diag_hint(p->s->diags, d, "write parentheses around the function: x -> (y => ...)");
            list_push(p, params, node_error(p, n->place));
            continue;
        }
        list_push(p, params, build_param(p, n->place, n->place, n->text, NULL, NULL));
    }
    Ast *lambda = node_new(p, place, AST_LAMBDA);
    lambda->params = taken(params);
    lambda->has_params = true;
    lambda->a = a;
    return seal(p, lambda);
}

Ast *build_if(Parse *p, Place place, Ast *a, Ast *b, Ast *c) {
    Ast *n = node_new(p, place, AST_IF);
    n->a = a;
    n->b = b;
    n->c = c;
    return seal(p, n);
}

static Ast *two(Parse *p, Place place, AstKind kind, Place oper_place, Ast *a, Ast *b) {
    Ast *n = node_new(p, place, kind);
    n->name_place = oper_place;
    n->a = a;
    n->b = b;
    return n;
}

Ast *build_arrow(Parse *p, Place place, Place oper_place, Ast *a, Ast *b) {
    return seal(p, two(p, place, AST_ARROW, oper_place, a, b));
}

Ast *build_unary(Parse *p, Place place, Place oper_place, AstOper oper, Ast *a) {
    Ast *n = two(p, place, AST_UNARY, oper_place, a, NULL);
    n->oper = oper;
    return seal(p, n);
}

Ast *build_binary(Parse *p, Place place, Place oper_place, AstOper oper, Ast *a, Ast *b) {
    Ast *n = two(p, place, AST_BINARY, oper_place, a, b);
    n->oper = oper;
    return seal(p, n);
}

Ast *build_range(Parse *p, Place place, Place oper_place, Ast *a, Ast *b, Ast *step) {
    Ast *n = two(p, place, AST_RANGE, oper_place, a, b);
    n->c = step;
    return seal(p, n);
}

Ast *build_at(Parse *p, Place place, Place oper_place, Ast *a, Ast *b) {
    return seal(p, two(p, place, AST_AT, oper_place, a, b));
}

/* (e), (a, b), and (e with init: a, eps: 1): a named part belongs to the `with` before it. */
Ast *build_paren(Parse *p, Place place, const NodeList *args) {
    NodeList *parts = list_new(p);
    for (size_t i = 0; i < args->len; i++) {
        Ast *arg = args->items[i];
        if (arg->kind == AST_ERROR || !arg->text)
            list_push(p, parts, arg->kind == AST_ERROR ? arg : arg->a);
        else if (parts->len)
            parts->items[parts->len - 1] = build_setting(p, parts->items[parts->len - 1], arg);
        else
            list_push(p, parts, build_setting(p, build_bool(p, arg->place, false), arg));
    }
    return parts->len == 1 ? parts->items[0] : node_list(p, place, AST_TUPLE, parts);
}

Ast *build_call(Parse *p, Place place, Ast *callee, const NodeList *args) {
    Ast *n = node_open(p, place, AST_CALL, args);
    n->name_place = callee->place;
    n->a = callee;
    return seal(p, n);
}

Ast *build_subscript(Parse *p, Place place, Ast *a, const NodeList *list) {
    Ast *n = node_open(p, place, AST_INDEX, list);
    n->name_place = a->place;
    n->a = a;
    return seal(p, n);
}

Ast *build_field(Parse *p, Place place, Ast *a, Place name_place, const char *name) {
    return build_named(p, place, AST_FIELD, name_place, name, a);
}

static bool all_bindings(const NodeList *list) {
    for (size_t i = 0; i < list->len; i++)
        if (!is_binding(list->items[i]))
            return false;
    return true;
}

static Ast *bad_binders(Parse *p, Place place, Place name_place, const char *what) {
    diag_at(p->s->diags, name_place, DIAG_bad_binder, what);
    return node_error(p, place);
}

/* A list, or a comprehension: told apart by binders. */
Ast *build_list(Parse *p, Place place, const NodeList *list, Ast *condition, Ast *element) {
    bool binds = all_bindings(list);
    if (!binds && (condition || element))
        return bad_binders(p, place, list->items[0]->place, "a comprehension");
    if (!binds)
        return node_list(p, place, AST_LIST, list);
    Ast *n = node_open(p, place, AST_COMPREHENSION, binders_of(p, list));
    n->b = condition;
    n->a = element;
    return seal(p, n);
}

Ast *build_loop(Parse *p, Place place, Place name_place, const char *name, const NodeList *args,
                Ast *condition) {
    Ast *n = node_text(p, place, AST_AGGREGATE, name_place, name);
    n->list = taken(args);
    n->b = condition;
    return seal(p, n);
}

/* sum(i in r if c) body; or sum(list), a call of a name. Without a body the elements are the values
 * of the binder, which only `count` and lists understand. */
Ast *build_aggregate(Parse *p, Place place, Ast *loop, Ast *body) {
    if (loop->kind == AST_ERROR)
        return node_error(p, place);
    NodeList args = {loop->list.items, loop->list.len, loop->list.len}, *list = list_new(p);
    bool named = false;
    for (size_t i = 0; i < args.len; i++) {
        Ast *arg = args.items[i];
        named = named || (arg->kind == AST_ARG && arg->text);
        list_push(p, list, arg->kind == AST_ARG ? arg->a : arg);
    }
    bool binds = !named && all_bindings(list);
    if (!binds && !loop->b && !body)
        return build_call(p, place, build_name(p, loop->name_place, loop->text), &args);
    if (!binds)
        return bad_binders(p, place, loop->name_place,
                           arena_printf(p->s->arena, "`%s`", loop->text));
    loop->place = place;
    loop->list = taken(binders_of(p, list));
    loop->a = body;
    return seal(p, loop);
}
