/* Names and what declares them. One hash table holds the names of all scopes. */
#include <stdlib.h>
#include <string.h>

#include "frontend/check_impl.h"

Scope *scope_new(Check *c, Scope *parent) {
    Scope *s = ARENA_NEW(c->s->arena, Scope);
    s->parent = parent;
    VEC_PUSH(c->scopes, s);
    return s;
}

void scopes_free(Check *c) {
    for (size_t i = 0; i < c->scopes.len; i++) {
        VEC_FREE(c->scopes.items[i]->decls);
        VEC_FREE(c->scopes.items[i]->imports);
    }
    for (size_t i = 0; i < c->decls.len; i++) {
        VEC_FREE(c->decls.items[i]->needs);
        VEC_FREE(c->decls.items[i]->constants);
        VEC_FREE(c->decls.items[i]->ranges);
    }
    VEC_FREE(c->scopes);
    VEC_FREE(c->decls);
    free(c->slots);
}

/* Interned names: the pointer is the name. */
static Slot *find_slot(const Check *c, const void *owner, const char *name) {
    uint64_t h = ((uint64_t)(uintptr_t)name >> 4) * 0x9e3779b97f4a7c15u ^
                 ((uint64_t)(uintptr_t)owner >> 4) * 0xc2b2ae3d27d4eb4fu;
    size_t mask = c->slots_cap - 1;
    for (size_t i = (size_t)(h >> 20) & mask;; i = (i + 1) & mask) {
        Slot *slot = &c->slots[i];
        if (!slot->owner || (slot->owner == owner && slot->name == name))
            return slot;
    }
}

static void grow(Check *c) {
    Slot *old = c->slots;
    size_t cap = c->slots_cap;
    c->slots_cap = cap ? 2 * cap : 1024;
    c->slots = nasc_alloc_zero(c->slots_cap * sizeof *c->slots);
    for (size_t i = 0; i < cap; i++)
        if (old[i].owner)
            *find_slot(c, old[i].owner, old[i].name) = old[i];
    free(old);
}

/* The slot of a name, which may be new. */
static Slot *take_slot(Check *c, const void *owner, const char *name) {
    if (2 * (c->nslots + 1) > c->slots_cap)
        grow(c);
    Slot *slot = find_slot(c, owner, name);
    if (!slot->owner) {
        *slot = (Slot){.owner = owner, .name = name};
        c->nslots++;
    }
    return slot;
}

const Ast *scope_note(Check *c, const void *owner, const char *name, const Ast *ast) {
    Slot *slot = take_slot(c, owner, name);
    const Ast *known = slot->ast;
    if (!known)
        slot->ast = ast;
    return known;
}

Decl *scope_own(const Check *c, const Scope *s, const char *name) {
    return c->slots_cap ? find_slot(c, s, name)->decl : NULL;
}

static bool is_integer(const Ast *e) {
    return e->kind == AST_NUMBER && e->is_int;
}

/* The indices that a binder certainly admits, if it writes them out: 0, or 1..3. */
static bool written_span(const Ast *binder, int64_t *lo, int64_t *hi) {
    const Ast *a = binder->kind == AST_BINDER ? binder->a : NULL;
    bool range = a && binder->text && a->kind == AST_RANGE && !a->c;
    const Ast *first = range ? a->a : a, *last = range ? a->b : a;
    if (!first || !last || (binder->text && !range) || !is_integer(first) || !is_integer(last))
        return false;
    *lo = first->integer;
    *hi = last->integer;
    return *lo <= *hi;
}

/* Whether all indices are written out; `constant`: each is one number. */
static bool is_written(const Ast *d, bool *constant) {
    int64_t lo, hi;
    *constant = true;
    for (size_t i = 0; i < d->index.len; i++) {
        if (!written_span(d->index.items[i], &lo, &hi))
            return false;
        *constant = *constant && lo == hi;
    }
    return !d->b;
}

/* "node[0]", the first element that both define; NULL if there is none. */
static const char *common_element(Check *c, const Ast *x, const Ast *y) {
    Buf b = {0};
    bool common = x->index.len == y->index.len;
    buf_puts(&b, x->text);
    for (size_t i = 0; common && i < x->index.len; i++) {
        int64_t lo[2], hi[2];
        common = written_span(x->index.items[i], &lo[0], &hi[0]) &&
                 written_span(y->index.items[i], &lo[1], &hi[1]) && lo[0] <= hi[1] &&
                 lo[1] <= hi[0];
        if (common)
            buf_printf(&b, "%s%lld", i ? ", " : "[", (long long)MAX(lo[0], lo[1]));
    }
    buf_putc(&b, ']');
    const char *name = common ? intern_text(&c->s->names, b.text, b.len) : NULL;
    buf_free(&b);
    return name;
}

static void report_duplicate(Check *c, DiagCode code, const char *name, const Ast *again,
                             const Ast *first) {
    Diag *d = diag_at(c->diags, again->name_place, code, name);
    diag_note(c->diags, d, first->name_place, "the first one is here");
}

static bool meets(Check *c, const Ast *again, const Ast *const *known, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *name = common_element(c, known[i], again);
        if (name) {
            report_duplicate(c, DIAG_duplicate_index, name, again, known[i]);
            return true;
        }
    }
    return false;
}

static void note_element(Check *c, Decl *of, const Ast *ast) {
    bool constant;
    if (!is_written(ast, &constant) || meets(c, ast, of->ranges.items, of->ranges.len))
        return;
    if (!constant) {
        if (!meets(c, ast, of->constants.items, of->constants.len))
            VEC_PUSH(of->ranges, ast);
        return;
    }
    const char *name = common_element(c, ast, ast);
    const Ast *first = scope_note(c, of->scope, name, ast);
    if (first)
        report_duplicate(c, DIAG_duplicate_index, name, ast, first);
    else
        VEC_PUSH(of->constants, ast);
}

/* A further definition of a known name: another element, or a mistake. */
static void declare_again(Check *c, Decl *known, const Ast *ast) {
    const Ast *first = known->ast;
    if (first->kind == AST_INPUT && ast->kind == AST_INPUT)
        return; /* a repeated statement */
    bool elements = first->kind == ast->kind && first->has_index && ast->has_index &&
                    (ast->kind == AST_DEFINITION || ast->kind == AST_SHARED);
    if (!elements) {
        DiagCode code = ast->kind == AST_PARAM || ast->kind == AST_BINDER
                            ? DIAG_duplicate_parameter
                            : DIAG_duplicate_definition;
        report_duplicate(c, code, ast->text, ast, first);
        return;
    }
    if (ast->index.len != first->index.len) {
        Diag *d = diag_at(c->diags, ast->name_place, DIAG_wrong_index_count, ast->text,
                          first->index.len, ast->index.len);
        diag_note(c->diags, d, first->name_place, "the first definition is here");
        return;
    }
    note_element(c, known, ast);
}

void scope_declare(Check *c, Scope *s, const Ast *ast) {
    const char *name = ast->kind == AST_USE ? ast->alias : ast->text;
    Slot *slot = take_slot(c, s, name);
    if (slot->decl) {
        declare_again(c, slot->decl, ast);
        return;
    }
    Decl *d = ARENA_NEW(c->s->arena, Decl);
    *d = (Decl){.name = name, .ast = ast, .scope = s};
    slot->decl = d;
    VEC_PUSH(s->decls, d);
    VEC_PUSH(c->decls, d);
    if (ast->has_index)
        note_element(c, d, ast);
}

static bool declares(const Ast *n) {
    switch (n->kind) {
    case AST_DEFINITION:
    case AST_SHARED:
    case AST_CHOICE:
    case AST_MEASURE:
    case AST_PARAM:
    case AST_BINDER:
    case AST_SPACE:
    case AST_PROXY:
    case AST_INPUT:
        return n->text != NULL;
    case AST_NETWORK:
        return n->text != NULL;
    case AST_USE:
        return n->alias != NULL;
    default:
        return false;
    }
}

void scope_declare_all(Check *c, Scope *s, const AstList *statements) {
    for (size_t i = 0; i < statements->len; i++) {
        const Ast *n = statements->items[i];
        if (n->kind == AST_PER_RUN || n->kind == AST_PER_ARCHITECTURE)
            scope_declare_all(c, s, &n->list);
        else if (n->kind == AST_ERROR)
            s->damaged = true;
        else if (declares(n))
            scope_declare(c, s, n);
    }
}

Decl *scope_find(const Check *c, const Scope *s, const char *name, bool *damaged) {
    *damaged = false;
    for (; s; s = s->parent) {
        Decl *d = scope_own(c, s, name);
        for (size_t i = 0; !d && i < s->imports.len; i++) {
            d = scope_own(c, s->imports.items[i], name);
            *damaged = *damaged || s->imports.items[i]->damaged;
        }
        if (d)
            return d;
        *damaged = *damaged || s->damaged;
    }
    return NULL;
}

const char *scope_nearest(const Check *c, const Scope *s, const char *name) {
    if (c->diags->errors >= c->diags->limit)
        return NULL;
    VEC(const char *) names = {0};
    for (; s; s = s->parent) {
        for (size_t i = 0; i < s->decls.len; i++)
            VEC_PUSH(names, s->decls.items[i]->name);
        for (size_t k = 0; k < s->imports.len; k++)
            for (size_t i = 0; i < s->imports.items[k]->decls.len; i++)
                VEC_PUSH(names, s->imports.items[k]->decls.items[i]->name);
    }
    const char *const *builtins;
    size_t n = builtin_names(&builtins);
    for (size_t i = 0; i < n; i++)
        VEC_PUSH(names, builtins[i]);
    const char *best = diag_nearest(name, names.items, names.len);
    VEC_FREE(names);
    return best;
}
