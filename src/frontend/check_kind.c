/* Kinds where they are certain, and definitions that need themselves. A kind that depends on
 * anything but literals and definitions of literals is KIND_ANY, about which nothing is said. */
#include <stdlib.h>

#include "frontend/check_impl.h"

/* What an expression certainly is, whatever the architecture. */
typedef enum Kind {
    KIND_UNKNOWN, /* not asked yet */
    KIND_ANY,
    KIND_NUMBER,
    KIND_STRING,
    KIND_BOOL,
    KIND_LIST,
    KIND_FUNCTION,
    KIND_SPACE,
    KIND_PROXY,
} Kind;

static const char *const kind_texts[] = {
    [KIND_ANY] = "a value",    [KIND_NUMBER] = "a number", [KIND_STRING] = "a string",
    [KIND_BOOL] = "a boolean", [KIND_LIST] = "a list",     [KIND_FUNCTION] = "a function",
    [KIND_SPACE] = "a space",  [KIND_PROXY] = "a proxy",
};

enum { MAX_STEPS = 256 }; /* of expressions and definitions that refer to one another */

typedef struct Kinds {
    DiagSink *diags;
    unsigned char *known; /* by Ast.id: a Kind */
} Kinds;

static Kind kind_of(Kinds *k, const Ast *e, int steps);

static Kind kind_of_declared(Kinds *k, const Ast *d, int steps) {
    if (d->kind == AST_SPACE || d->kind == AST_PROXY)
        return d->kind == AST_SPACE ? KIND_SPACE : KIND_PROXY;
    if (d->kind != AST_DEFINITION || d->has_index)
        return KIND_ANY;
    if (d->has_params)
        return KIND_FUNCTION;
    return d->a ? kind_of(k, d->a, steps - 1) : KIND_ANY;
}

static Kind kind_of_binary(Kinds *k, const Ast *e, int steps) {
    if (e->oper == OPER_OR || e->oper == OPER_AND || e->oper == OPER_IN)
        return KIND_BOOL;
    if (e->oper < OPER_ADD || e->oper > OPER_POW)
        return KIND_ANY; /* comparisons of tensors are tensors */
    bool numbers =
        kind_of(k, e->a, steps - 1) == KIND_NUMBER && kind_of(k, e->b, steps - 1) == KIND_NUMBER;
    return numbers ? KIND_NUMBER : KIND_ANY;
}

static Kind infer(Kinds *k, const Ast *e, int steps) {
    switch (e->kind) {
    case AST_NUMBER:
        return KIND_NUMBER;
    case AST_STRING:
        return KIND_STRING;
    case AST_BOOL:
        return KIND_BOOL;
    case AST_LIST:
    case AST_COMPREHENSION:
    case AST_RANGE:
        return KIND_LIST;
    case AST_LAMBDA:
        return KIND_FUNCTION;
    case AST_NAME:
        return e->resolved ? kind_of_declared(k, e->resolved, steps) : KIND_ANY;
    case AST_BINARY:
        return kind_of_binary(k, e, steps);
    case AST_UNARY:
        if (e->oper == OPER_NOT)
            return KIND_BOOL;
        return kind_of(k, e->a, steps - 1) == KIND_NUMBER ? KIND_NUMBER : KIND_ANY;
    default:
        return KIND_ANY;
    }
}

static Kind kind_of(Kinds *k, const Ast *e, int steps) {
    if (steps <= 0)
        return KIND_ANY;
    if (k->known[e->id] == KIND_UNKNOWN) {
        k->known[e->id] = KIND_ANY; /* what a cycle meets */
        k->known[e->id] = (unsigned char)infer(k, e, steps);
    }
    return k->known[e->id];
}

static Kind kind_here(Kinds *k, const Ast *e) {
    return kind_of(k, e, MAX_STEPS);
}

/* Reports an operand whose kind is among those that certainly do not do. */
static void refuse(Kinds *k, const Ast *e, unsigned kinds, const char *expected) {
    Kind kind = kind_here(k, e);
    if (kinds & 1u << kind)
        diag_at(k->diags, e->place, DIAG_wrong_kind, expected, kind_texts[kind]);
}

enum {
    SCOPES = 1u << KIND_SPACE | 1u << KIND_PROXY,
    NOT_ARITHMETIC = 1u << KIND_STRING | 1u << KIND_BOOL | SCOPES,
    NOT_NUMBER = NOT_ARITHMETIC | 1u << KIND_LIST | 1u << KIND_FUNCTION,
    NOT_CONDITION =
        1u << KIND_NUMBER | 1u << KIND_STRING | 1u << KIND_LIST | 1u << KIND_FUNCTION | SCOPES,
    NOT_CALLED = 1u << KIND_NUMBER | 1u << KIND_STRING | 1u << KIND_BOOL | 1u << KIND_LIST,
    NOT_INDEXED = 1u << KIND_NUMBER | 1u << KIND_BOOL | 1u << KIND_FUNCTION | SCOPES,
    NOT_LAYER = NOT_CALLED | SCOPES,
};

static void check_binary(Kinds *k, const Ast *e) {
    static const char *const arithmetic = "a number, a tensor or a layer";
    switch (e->oper) {
    case OPER_OR:
    case OPER_AND:
        refuse(k, e->a, NOT_CONDITION, "a condition");
        refuse(k, e->b, NOT_CONDITION, "a condition");
        break;
    case OPER_LT:
    case OPER_LE:
    case OPER_GT:
    case OPER_GE:
        refuse(k, e->a, NOT_NUMBER, "a number");
        refuse(k, e->b, NOT_NUMBER, "a number");
        break;
    case OPER_ADD:
    case OPER_SUB:
    case OPER_MUL:
    case OPER_DIVIDE:
    case OPER_DIV:
    case OPER_MOD:
    case OPER_POW:
        refuse(k, e->a, NOT_ARITHMETIC, arithmetic);
        refuse(k, e->b, NOT_ARITHMETIC, arithmetic);
        break;
    default:
        break;
    }
}

static void check_call_kind(Kinds *k, const Ast *e) {
    Kind kind = kind_here(k, e->a);
    if (!(NOT_CALLED & 1u << kind))
        return;
    Diag *d = diag_at(k->diags, e->a->place, DIAG_not_a_function, kind_texts[kind]);
    if (e->a->kind == AST_NAME && builtin_exists(e->a->text))
        diag_hint(k->diags, d,
                  "the program's own `%s` stands for the function of this name; call it otherwise",
                  e->a->text);
}

static void check_layer(Kinds *k, const Ast *e) {
    Kind kind = kind_here(k, e);
    if (NOT_LAYER & 1u << kind)
        diag_at(k->diags, e->place, DIAG_not_a_layer, kind_texts[kind]);
}

static void check_indexed(Kinds *k, const Ast *e) {
    Kind kind = kind_here(k, e->a);
    if (e->a->kind == AST_NAME && NOT_INDEXED & 1u << kind)
        diag_at(k->diags, e->a->place, DIAG_not_indexed, e->a->text);
}

static void check_node(Kinds *k, const Ast *e) {
    switch (e->kind) {
    case AST_BINARY:
        check_binary(k, e);
        break;
    case AST_UNARY:
        if (e->oper == OPER_NOT)
            refuse(k, e->a, NOT_CONDITION, "a condition");
        else
            refuse(k, e->a, NOT_ARITHMETIC, "a number, a tensor or a layer");
        break;
    case AST_RANGE:
        refuse(k, e->a, NOT_NUMBER, "a number");
        refuse(k, e->b, NOT_NUMBER, "a number");
        if (e->c)
            refuse(k, e->c, NOT_NUMBER, "a number");
        break;
    case AST_IF:
        refuse(k, e->a, NOT_CONDITION, "a condition");
        break;
    case AST_REQUIRE:
        refuse(k, e->a, NOT_CONDITION, "a condition");
        break;
    case AST_CALL:
        check_call_kind(k, e);
        break;
    case AST_ARROW:
        check_layer(k, e->b);
        break;
    case AST_FROZEN:
    case AST_NETWORK:
        check_layer(k, e->a);
        break;
    case AST_INDEX:
        check_indexed(k, e);
        break;
    default:
        break;
    }
}

static void check_tree(Kinds *k, const Ast *e) {
    check_node(k, e);
    const Ast *const parts[] = {e->a, e->b, e->c};
    const AstList *const lists[] = {&e->index, &e->params, &e->list};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t j = 0; j < lists[i]->len; j++)
            check_tree(k, lists[i]->items[j]);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i])
            check_tree(k, parts[i]);
}

void check_kinds(Check *c) {
    Kinds k = {.diags = c->diags, .known = nasc_alloc_zero(c->s->next_id + 1u)};
    for (size_t f = 0; f < c->nfiles; f++)
        check_tree(&k, c->files[f].tree);
    free(k.known);
}

/* ---- cycles ---- */

typedef struct Visit {
    Decl *decl;
    size_t next;
} Visit;

enum { WHITE, GREY, BLACK };

static void report_cycle(Check *c, const Visit *path, size_t len, const Decl *start) {
    Diag *d = diag_at(c->diags, start->ast->name_place, DIAG_cyclic_definition, start->name);
    size_t from = len;
    while (from > 0 && path[from - 1].decl != start)
        from--;
    for (size_t i = from; i < len && i < from + 8; i++)
        diag_note(c->diags, d, path[i].decl->ast->name_place, "it needs `%s`", path[i].decl->name);
}

/* Depth first, without recursion: chains of definitions may be as long as the program. */
void check_cycles(Check *c) {
    VEC(Visit) path = {0};
    for (size_t i = 0; i < c->decls.len; i++) {
        if (c->decls.items[i]->colour != WHITE)
            continue;
        VEC_PUSH(path, ((Visit){c->decls.items[i], 0}));
        c->decls.items[i]->colour = GREY;
        while (path.len) {
            Visit *top = &path.items[path.len - 1];
            if (top->next == top->decl->needs.len) {
                top->decl->colour = BLACK;
                path.len--;
                continue;
            }
            Decl *needed = top->decl->needs.items[top->next++];
            if (needed->colour == GREY)
                report_cycle(c, path.items, path.len, needed);
            if (needed->colour != WHITE)
                continue;
            needed->colour = GREY;
            VEC_PUSH(path, ((Visit){needed, 0}));
        }
    }
    VEC_FREE(path);
}
