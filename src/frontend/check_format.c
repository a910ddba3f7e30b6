/* The checker's part for formats. In: a format and its space. Out: names tied to declarations, and
 * reports: a choice that no row decides, a row without a name. A definition that is called like a
 * choice decides it; the names in its brackets stand for the element that is asked for. */
#include <string.h>

#include "frontend/check_impl.h"

static const Ast *find_choice(const Ast *space, const char *name) {
    for (size_t i = 0; i < space->list.len; i++) {
        const Ast *m = space->list.items[i];
        if (m->kind == AST_CHOICE && name && m->text && strcmp(m->text, name) == 0)
            return m;
    }
    return NULL;
}

static void check_decision(Check *c, Scope *s, const Ast *d, const Ast *choice) {
    if (d->has_params || d->b)
        diag_at(c->diags, d->name_place, DIAG_bad_format,
                "what decides a choice has neither parameters nor a condition");
    if (d->index.len != choice->index.len) {
        Diag *told = diag_at(c->diags, d->name_place, DIAG_wrong_index_count, d->text,
                             choice->index.len, d->index.len);
        diag_note(c->diags, told, choice->name_place, "the choice is declared here");
    }
    for (size_t i = 0; i < d->index.len; i++) {
        Ast *b = d->index.items[i];
        if (b->kind != AST_BINDER || b->text || b->a->kind == AST_NAME)
            continue;
        check_expr(c, s, b->a);
    }
    Scope *inner = scope_new(c, s);
    for (size_t i = 0; i < d->index.len; i++) {
        Ast *b = d->index.items[i];
        const char *name = b->kind != AST_BINDER    ? NULL
                           : b->text                ? b->text
                           : b->a->kind == AST_NAME ? b->a->text
                                                    : NULL;
        if (!name)
            continue;
        Ast *binder = ARENA_NEW(c->s->arena, Ast);
        *binder = (Ast){.kind = AST_BINDER,
                        .text = name,
                        .place = b->place,
                        .name_place = b->place,
                        .a = b->a,
                        .id = b->id};
        scope_declare(c, inner, binder);
    }
    if (d->a)
        check_expr(c, inner, d->a);
}

static bool decides(const Ast *format, const char *choice) {
    for (size_t i = 0; i < format->list.len; i++) {
        const Ast *m = format->list.items[i];
        if (m->kind == AST_ENCODING || m->kind == AST_ERROR ||
            (m->kind == AST_DEFINITION && m->text && strcmp(m->text, choice) == 0))
            return true;
    }
    return false;
}

static void check_complete(Check *c, const Ast *format, const Ast *space) {
    for (size_t i = 0; i < space->list.len; i++) {
        const Ast *m = space->list.items[i];
        if (m->kind == AST_CHOICE && !decides(format, m->text))
            diag_at(c->diags, format->name_place, DIAG_bad_format,
                    arena_printf(c->s->arena, "the format does not say `%s`", m->text));
    }
}

void check_format(Check *c, Scope *around, const Ast *format, const Ast *space) {
    Scope *s = scope_new(c, around);
    if (format->params.len == 1 && format->params.items[0]->kind == AST_PARAM &&
        !format->params.items[0]->a)
        scope_declare(c, s, format->params.items[0]);
    else
        diag_at(c->diags, format->name_place, DIAG_bad_format,
                "a format has one parameter, the row");
    for (size_t i = 0; i < format->list.len; i++) {
        const Ast *m = format->list.items[i];
        if (m->kind == AST_ERROR)
            s->damaged = true;
        else if (m->kind == AST_DEFINITION && m->text && !find_choice(space, m->text))
            scope_declare(c, s, m);
    }
    AstList rest = {.items = ARENA_ARRAY(c->s->arena, Ast *, format->list.len + 1)};
    for (size_t i = 0; i < format->list.len; i++) {
        Ast *m = format->list.items[i];
        const Ast *choice = m->kind == AST_DEFINITION ? find_choice(space, m->text) : NULL;
        if (choice)
            check_decision(c, s, m, choice);
        else
            rest.items[rest.len++] = m;
    }
    bool outer = c->in_space;
    c->in_space = true;
    check_statements(c, s, &rest, IN_FORMAT);
    c->in_space = outer;
    check_complete(c, format, space);
}
