/* Walks expressions: every name is found or reported, and scopes open where names are bound. The
 * tree's depth is bounded by the parser, so this may recurse. */
#include <string.h>

#include "frontend/check_impl.h"

void check_list(Check *c, Scope *s, const AstList *list) {
    for (size_t i = 0; i < list->len; i++)
        check_expr(c, s, list->items[i]);
}

/* Walks a part that is not evaluated in every case, or not now: it makes no cycle. */
static void check_later(Check *c, Scope *s, Ast *e) {
    Decl *defining = c->defining;
    c->defining = NULL;
    check_expr(c, s, e);
    c->defining = defining;
}

static void suggest(Check *c, Diag *d, const char *nearest) {
    if (nearest)
        diag_hint(c->diags, d, "did you mean `%s`?", nearest);
}

static void resolve(Check *c, Scope *s, Ast *e, bool word) {
    bool damaged;
    Decl *d = scope_find(c, s, e->text, &damaged);
    if (d) {
        e->resolved = (void *)d->ast;
        if (c->defining && d->ast->kind == AST_DEFINITION && !d->ast->has_index &&
            !d->ast->has_params)
            VEC_PUSH(c->defining->needs, d);
        return;
    }
    if (word || damaged || builtin_exists(e->text) || (e->text == c->word_network && c->in_space))
        return;
    const char *nearest = scope_nearest(c, s, e->text);
    suggest(c, diag_at(c->diags, e->place, DIAG_unknown_name, e->text), nearest);
}

void check_word(Check *c, Scope *s, Ast *e) {
    if (e->kind == AST_NAME)
        resolve(c, s, e, true);
    else
        check_expr(c, s, e);
}

Scope *check_binders(Check *c, Scope *s, const AstList *binders, Ast *condition) {
    for (size_t i = 0; i < binders->len; i++) {
        Ast *b = binders->items[i];
        if (b->kind != AST_BINDER)
            continue;
        check_later(c, s, b->a);
        if (!b->text)
            continue;
        s = scope_new(c, s);
        scope_declare(c, s, b);
    }
    if (condition)
        check_later(c, s, condition);
    return s;
}

/* The scope of parameters; their defaults may use one another. */
static Scope *check_params(Check *c, Scope *s, const AstList *params) {
    Scope *inner = scope_new(c, s);
    for (size_t i = 0; i < params->len; i++) {
        if (params->items[i]->kind == AST_PARAM)
            scope_declare(c, inner, params->items[i]);
        else
            inner->damaged = true;
    }
    for (size_t i = 0; i < params->len; i++)
        if (params->items[i]->a)
            check_later(c, inner, params->items[i]->a);
    return inner;
}

static void check_alternatives(Check *c, Scope *s, const Ast *domain) {
    for (size_t i = 0; i < domain->list.len; i++) {
        Ast *alternative = domain->list.items[i];
        if (alternative->kind != AST_ALTERNATIVE)
            continue;
        check_later(c, s, alternative->a);
        if (alternative->b)
            check_later(c, s, alternative->b);
        const Ast *first = scope_note(c, domain, alternative->text, alternative);
        if (!first)
            continue;
        Diag *d = diag_at(c->diags, alternative->name_place, DIAG_duplicate_alternative,
                          alternative->text);
        diag_note(c->diags, d, first->name_place, "the first one is here");
    }
}

static void check_domain(Check *c, Scope *s, Ast *domain) {
    if (domain->kind == AST_ALTERNATIVES) {
        check_alternatives(c, s, domain);
        return;
    }
    if (domain->kind != AST_DOMAIN && domain->kind != AST_DOMAIN_BOOL &&
        domain->kind != AST_DOMAIN_SUBSET)
        return;
    if (domain->a && domain->kind == AST_DOMAIN_SUBSET) {
        for (size_t i = 0; i < domain->a->list.len; i++)
            check_word(c, s, domain->a->list.items[i]);
    } else if (domain->a) {
        check_later(c, s, domain->a);
    }
    if (domain->b)
        check_later(c, s, domain->b);
}

static bool is_scalar(const Ast *d) {
    return d->kind == AST_DEFINITION && !d->has_index && !d->has_params;
}

void check_definition(Check *c, Scope *s, const Ast *d) {
    Decl *outer = c->defining, *own = d->text ? scope_own(c, s, d->text) : NULL;
    Scope *inner = check_binders(c, s, &d->index, d->b);
    if (d->has_params)
        inner = check_params(c, inner, &d->params);
    c->defining = is_scalar(d) && own && own->ast == d ? own : NULL;
    if (d->kind == AST_CHOICE)
        check_domain(c, inner, d->a);
    else if (d->a)
        check_expr(c, inner, d->a);
    c->defining = outer;
}

static void check_lambda(Check *c, Scope *s, const Ast *e) {
    check_later(c, check_params(c, s, &e->params), e->a);
}

static void check_body(Check *c, Scope *s, const Ast *e) {
    Scope *inner = scope_new(c, s);
    scope_declare_all(c, inner, &e->list);
    check_statements(c, inner, &e->list, IN_BODY);
    check_expr(c, inner, e->a);
}

static void check_loop(Check *c, Scope *s, const Ast *e) {
    Scope *inner = check_binders(c, s, &e->list, e->b);
    if (e->a)
        check_later(c, inner, e->a);
}

static void check_pattern(Check *c, Scope *s, const Ast *e) {
    check_list(c, check_binders(c, s, &e->index, NULL), &e->list);
}

static void check_with(Check *c, Scope *s, const Ast *e) {
    check_expr(c, s, e->a);
    if (e->a->kind == AST_NAME && e->a->resolved)
        check_settings(c, e, e->a->resolved);
    for (size_t i = 0; i < e->list.len; i++) {
        const Ast *arg = e->list.items[i];
        if (arg->kind != AST_ARG)
            continue;
        if (arg->text && (strcmp(arg->text, "init") == 0 || strcmp(arg->text, "mode") == 0))
            check_word(c, s, arg->a);
        else
            check_expr(c, s, arg->a);
    }
}

static void check_if(Check *c, Scope *s, const Ast *e) {
    check_expr(c, s, e->a);
    check_later(c, s, e->b);
    if (e->c)
        check_later(c, s, e->c);
}

static void check_field(Check *c, Scope *s, const Ast *e) {
    check_expr(c, s, e->a);
    const Ast *of = e->a->kind == AST_NAME ? e->a->resolved : NULL;
    if (!of || of->kind != AST_USE)
        return;
    for (size_t f = 0; f < c->nfiles; f++) {
        const CheckFile *file = &c->files[f];
        for (size_t i = 0; i < file->nuses; i++) {
            const CheckUse *use = &file->uses[i];
            if (use->alias != of->alias || file->tree->place.file != of->place.file)
                continue;
            Scope *module = c->file_scopes[use->file];
            if (scope_own(c, module, e->text) || module->damaged)
                return;
            Diag *d = diag_at(c->diags, e->name_place, DIAG_unknown_field,
                              arena_printf(c->s->arena, "`%s`", of->alias), e->text);
            Scope alone = *module;
            alone.parent = NULL;
            suggest(c, d, scope_nearest(c, &alone, e->text));
            return;
        }
    }
}

/* An indexed name has as many indices as its definition says. */
static void check_index(Check *c, Scope *s, const Ast *e) {
    check_expr(c, s, e->a);
    check_list(c, s, &e->list);
    const Ast *of = e->a->kind == AST_NAME ? e->a->resolved : NULL;
    if (!of || !of->has_index || of->index.len == e->list.len)
        return;
    Diag *d =
        diag_at(c->diags, e->place, DIAG_wrong_index_count, of->text, of->index.len, e->list.len);
    diag_note(c->diags, d, of->name_place, "it is defined here");
}

static void check_binary(Check *c, Scope *s, const Ast *e) {
    check_expr(c, s, e->a);
    if (e->oper == OPER_AND || e->oper == OPER_OR)
        check_later(c, s, e->b);
    else
        check_expr(c, s, e->b);
}

static void check_children(Check *c, Scope *s, const Ast *e) {
    Ast *const parts[] = {e->a, e->b, e->c};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i])
            check_expr(c, s, parts[i]);
    check_list(c, s, &e->list);
}

void check_expr(Check *c, Scope *s, Ast *e) {
    switch (e->kind) {
    case AST_NAME:
        resolve(c, s, e, false);
        break;
    case AST_LAMBDA:
        check_lambda(c, s, e);
        break;
    case AST_BODY:
        check_body(c, s, e);
        break;
    case AST_CALL:
        check_call(c, s, e);
        break;
    case AST_AGGREGATE:
    case AST_COMPREHENSION:
        check_loop(c, s, e);
        break;
    case AST_PATTERN_JOIN:
        check_pattern(c, s, e);
        break;
    case AST_WITH:
        check_with(c, s, e);
        break;
    case AST_IF:
        check_if(c, s, e);
        break;
    case AST_FIELD:
        check_field(c, s, e);
        break;
    case AST_INDEX:
        check_index(c, s, e);
        break;
    case AST_BINARY:
        check_binary(c, s, e);
        break;
    default:
        check_children(c, s, e);
        break;
    }
}
