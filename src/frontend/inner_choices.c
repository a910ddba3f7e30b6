/* Can the networks of a space meet choices that stand in bodies? In: the trees of a sound program. Out: yes or no, for
 * each space by what its definition can reach. Invariant: never no where the answer is yes; where the space cannot be
 * followed (functions of the program among its arguments, expressions on the command line), what the whole program holds counts. */
#include "frontend/host.h"

#include <stdlib.h>
#include <string.h>

typedef struct Walk {
    const Program *program;
    bool *seen; /* by Ast.id: top-level items on the way */
    VEC(const Ast *) waiting;
    bool found;
} Walk;

/* Every item of a file's top level that has this name: a recurrence is defined in pieces. */
static void reach(Walk *w, size_t file, const char *name) {
    const AstList *items = &w->program->files.items[file].tree->list;
    for (size_t i = 0; i < items->len; i++) {
        const Ast *item = items->items[i];
        if (!item->text || strcmp(item->text, name) != 0 || w->seen[item->id])
            continue;
        w->seen[item->id] = true;
        VEC_PUSH(w->waiting, item);
    }
}

static size_t file_of(const Program *p, const Ast *t) {
    for (size_t f = 0; f < p->files.len; f++)
        if (p->files.items[f].tree->place.file == t->place.file)
            return f;
    BUG("a tree of no file");
}

/* What a name means that the checker has found. Names of the tree that is walked lead to other trees only at the top
 * level. */
static void follow_name(Walk *w, const Ast *name) {
    const Ast *meant = name->resolved;
    if (meant && meant->kind != AST_USE)
        reach(w, file_of(w->program, meant), name->text);
}

/* alias.name */
static void follow_field(Walk *w, const Ast *field) {
    const Ast *use = field->a->kind == AST_NAME ? field->a->resolved : NULL;
    if (!use || use->kind != AST_USE)
        return;
    const ProgramFile *f = &w->program->files.items[file_of(w->program, use)];
    for (size_t i = 0; i < f->uses.len; i++)
        if (f->uses.items[i].alias == use->alias)
            reach(w, f->uses.items[i].file, field->text);
}

static void walk_list(Walk *w, const AstList *list, bool in_body);

static void walk_tree(Walk *w, const Ast *t, bool in_body) {
    if (!t || w->found)
        return;
    if (t->kind == AST_CHOICE && in_body)
        w->found = true;
    if (t->kind == AST_NAME)
        follow_name(w, t);
    if (t->kind == AST_FIELD)
        follow_field(w, t);
    in_body = in_body || t->kind == AST_BODY;
    const Ast *const parts[] = {t->a, t->b, t->c};
    const AstList *const lists[] = {&t->index, &t->params, &t->list};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        walk_tree(w, parts[i], in_body);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        walk_list(w, lists[i], in_body);
}

static void walk_list(Walk *w, const AstList *list, bool in_body) {
    for (size_t i = 0; i < list->len; i++)
        walk_tree(w, list->items[i], in_body);
}

bool program_holds_inner_choices(const Program *p) {
    Walk w = {.program = p, .seen = nasc_alloc_zero(p->syntax.next_id + 1u)};
    for (size_t f = 0; f < p->files.len; f++)
        walk_list(&w, &p->files.items[f].tree->list, false);
    VEC_FREE(w.waiting);
    free(w.seen);
    return w.found;
}

static bool sets_expression(const Program *p) {
    for (size_t i = 0; i < p->settings.len; i++)
        if (p->settings.items[i].expr)
            return true;
    return false;
}

bool definition_meets_inner_choices(const Program *p, const Ast *definition) {
    if (!p->inner_choices || definition->kind != AST_SPACE || sets_expression(p))
        return p->inner_choices;
    Walk w = {.program = p, .seen = nasc_alloc_zero(p->syntax.next_id + 1u)};
    walk_tree(&w, definition, false);
    while (w.waiting.len && !w.found)
        walk_tree(&w, w.waiting.items[--w.waiting.len], false);
    VEC_FREE(w.waiting);
    free(w.seen);
    return w.found;
}

bool value_may_hold_choices(Value v) {
    v = value_plain(v);
    int64_t n = value_length(v);
    if (v.kind == VALUE_RANGE || n < 0)
        return !value_is_number(v) && v.kind != VALUE_RANGE && v.kind != VALUE_BOOL &&
               v.kind != VALUE_STRING && v.kind != VALUE_NONE && v.kind != VALUE_BUILTIN;
    for (int64_t i = 0; i < n; i++)
        if (value_may_hold_choices(value_element(v, i)))
            return true;
    return false;
}
