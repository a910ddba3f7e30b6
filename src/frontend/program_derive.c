/* Derived proxies: `use NAME;` in a proxy stands for the parameters and statements of another proxy, but for those
 * that the deriving one defines itself. In: trees as parsed. Out: trees in which the statement is replaced by copies
 * with numbers of their own. Invariant: no node is shared between two proxies. */
#include <string.h>

#include "frontend/host.h"

enum { MAX_DERIVATIONS = 16 };

static Ast *copy_tree(Program *p, const Ast *from);

static AstList copy_list(Program *p, const AstList *from) {
    AstList to = {ARENA_ARRAY(&p->arena, Ast *, from->len + 1), from->len};
    for (size_t i = 0; i < from->len; i++)
        to.items[i] = copy_tree(p, from->items[i]);
    return to;
}

static Ast *copy_tree(Program *p, const Ast *from) {
    if (!from)
        return NULL;
    Ast *to = ARENA_NEW(&p->arena, Ast);
    *to = *from;
    to->id = p->syntax.next_id++;
    to->a = copy_tree(p, from->a);
    to->b = copy_tree(p, from->b);
    to->c = copy_tree(p, from->c);
    to->list = copy_list(p, &from->list);
    to->index = copy_list(p, &from->index);
    to->params = copy_list(p, &from->params);
    return to;
}

static Ast *own_proxy(const Program *p, size_t file, const char *name) {
    const AstList *items = &p->files.items[file].tree->list;
    for (size_t i = 0; i < items->len; i++)
        if (items->items[i]->kind == AST_PROXY && strcmp(items->items[i]->text, name) == 0)
            return items->items[i];
    return NULL;
}

/* The proxy that a name means in a file, its own or one of a file it uses without an alias. */
static Ast *visible_proxy(const Program *p, size_t file, const char *name, size_t *where) {
    *where = file;
    Ast *found = own_proxy(p, file, name);
    const ProgramFile *f = &p->files.items[file];
    for (size_t i = 0; !found && i < f->uses.len; i++) {
        *where = f->uses.items[i].file;
        found = f->uses.items[i].alias ? NULL : own_proxy(p, *where, name);
    }
    return found;
}

static bool list_defines(const AstList *list, const Ast *what) {
    for (size_t i = 0; i < list->len; i++) {
        const Ast *n = list->items[i];
        bool block = n->kind == AST_PER_RUN || n->kind == AST_PER_ARCHITECTURE;
        if (block                     ? list_defines(&n->list, what)
            : n->kind == AST_USE      ? false
            : what->kind == AST_TRAIN ? n->kind == AST_TRAIN
                                      : n->text && what->text && strcmp(n->text, what->text) == 0)
            return true;
    }
    return false;
}

static bool defines(const Ast *proxy, const Ast *what) {
    return list_defines(&proxy->params, what) || list_defines(&proxy->list, what);
}

static void push(Program *p, AstList *list, Ast *n) {
    Ast **grown = ARENA_ARRAY(&p->arena, Ast *, list->len + 1);
    if (list->len)
        memcpy(grown, list->items, list->len * sizeof *grown);
    grown[list->len++] = n;
    list->items = grown;
}

/* Copies what the deriving proxy does not define. */
static void inherit(Program *p, const Ast *proxy, const AstList *from, AstList *to) {
    for (size_t i = 0; i < from->len; i++) {
        const Ast *n = from->items[i];
        if (n->kind == AST_PER_RUN || n->kind == AST_PER_ARCHITECTURE) {
            Ast *block = ARENA_NEW(&p->arena, Ast);
            *block = *n;
            block->id = p->syntax.next_id++;
            block->list = (AstList){0};
            inherit(p, proxy, &n->list, &block->list);
            push(p, to, block);
        } else if (!defines(proxy, n)) {
            push(p, to, copy_tree(p, n));
        }
    }
}

static bool named_by_any(const AstList *list, const char *name) {
    for (size_t i = 0; i < list->len; i++) {
        const Ast *n = list->items[i];
        if ((n->kind == AST_PARAM || n->kind == AST_DEFINITION || n->kind == AST_CHOICE) &&
            strcmp(n->text, name) == 0)
            return true;
    }
    return false;
}

/* Whether each setting of `use NAME with ...` stands for something of the proxy. */
static bool settings_fit(Program *p, const Ast *base, const Ast *use) {
    for (size_t i = 0; i < use->list.len; i++) {
        const Ast *setting = use->list.items[i];
        if (setting->kind == AST_ERROR || named_by_any(&base->params, setting->text) ||
            named_by_any(&base->list, setting->text))
            continue;
        const char **names =
            ARENA_ARRAY(&p->arena, const char *, base->params.len + base->list.len);
        size_t n = 0;
        for (size_t k = 0; k < base->params.len; k++)
            names[n++] = base->params.items[k]->text;
        for (size_t k = 0; k < base->list.len; k++)
            if (base->list.items[k]->kind == AST_CHOICE)
                names[n++] = base->list.items[k]->text;
        Diag *d = diag_at(&p->diags, setting->name_place, DIAG_unknown_argument, base->text,
                          setting->text);
        const char *near = diag_nearest(setting->text, names, n);
        if (near)
            diag_hint(&p->diags, d, "did you mean `%s`?", near);
        return false;
    }
    return true;
}

static void derive(Program *p, size_t file, Ast *proxy, int depth);

static void derive_from(Program *p, size_t file, Ast *proxy, const Ast *use, int depth) {
    size_t where;
    Ast *base = use->is_path ? NULL : visible_proxy(p, file, use->text, &where);
    if (!base) {
        diag_at(&p->diags, use->name_place, DIAG_unknown_name, use->text);
        return;
    }
    if (depth > MAX_DERIVATIONS || base == proxy) {
        diag_at(&p->diags, use->name_place, DIAG_cyclic_definition, use->text);
        return;
    }
    derive(p, where, base, depth + 1);
    if (p->diags.errors || !base->params.len || !settings_fit(p, base, use))
        return;
    AstList params = {0}, list = {0};
    for (size_t i = 0; i < use->list.len; i++)
        push(p, &proxy->list, use->list.items[i]);
    if (!proxy->params.len)
        push(p, &params, copy_tree(p, base->params.items[0]));
    for (size_t i = 0; i < proxy->params.len; i++)
        push(p, &params, proxy->params.items[i]);
    if (strcmp(params.items[0]->text, base->params.items[0]->text) != 0) {
        diag_at(&p->diags, params.items[0]->place, DIAG_bad_value,
                arena_printf(&p->arena, "the network is called `%s` in `%s`, and must be here",
                             base->params.items[0]->text, base->text));
        return;
    }
    for (size_t i = 1; i < base->params.len; i++)
        if (!defines(proxy, base->params.items[i]))
            push(p, &params, copy_tree(p, base->params.items[i]));
    inherit(p, proxy, &base->list, &list);
    for (size_t i = 0; i < proxy->list.len; i++)
        if (proxy->list.items[i] != use)
            push(p, &list, proxy->list.items[i]);
    proxy->params = params;
    proxy->list = list;
    proxy->has_params = true;
}

static void derive(Program *p, size_t file, Ast *proxy, int depth) {
    for (size_t i = 0; i < proxy->list.len && !p->diags.errors; i++)
        if (proxy->list.items[i]->kind == AST_USE) {
            derive_from(p, file, proxy, proxy->list.items[i], depth);
            i = (size_t)-1; /* the list is another one now */
        }
}

void program_derive(Program *p) {
    for (size_t f = 0; f < p->files.len; f++) {
        const AstList *items = &p->files.items[f].tree->list;
        for (size_t i = 0; i < items->len; i++)
            if (items->items[i]->kind == AST_PROXY)
                derive(p, f, items->items[i], 0);
    }
}
