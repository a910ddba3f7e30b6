/* Calls: of builtins by their rows in builtins.def, of functions, choices, spaces and proxies of
 * the program by their parameters. */
#include <stdlib.h>
#include <string.h>

#include "frontend/check_impl.h"

#define BUILTIN_MANY SIZE_MAX
enum { MAX_ARGUMENTS = 16 };

typedef struct Row {
    const char *name;
    size_t min, max;
    const char *arguments;
} Row;

static const Row rows[] = {
#define BUILTIN(name, group, min, max, arguments) {#name, min, max, arguments},
#define AGGREGATE(name, min, max, arguments)      {#name, min, max, arguments},
#include "frontend/builtins.def"
#undef BUILTIN
#undef AGGREGATE
};

static const char *const row_names[] = {
#define BUILTIN(name, group, min, max, arguments) #name,
#define AGGREGATE(name, min, max, arguments)      #name,
#include "frontend/builtins.def"
#undef BUILTIN
#undef AGGREGATE
};

size_t builtin_names(const char *const **out) {
    *out = row_names;
    return ARRAY_LEN(row_names);
}

static const Row *find_row(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

bool builtin_exists(const char *name) {
    return find_row(name) != NULL;
}

/* An argument of a row: its name without marks, and what the marks say. */
typedef struct Formal {
    char name[24];
    bool word, rest, axes;
} Formal;

static size_t read_formals(const Row *row, Formal formals[MAX_ARGUMENTS]) {
    size_t n = 0;
    for (const char *at = row->arguments; *at; n++) {
        size_t len = strcspn(at, " ");
        CHECK(n < MAX_ARGUMENTS && len < sizeof formals->name);
        Formal *f = &formals[n];
        *f = (Formal){.axes = at[0] == '*'};
        memcpy(f->name, at, strcspn(at, " *'@."));
        f->word = memchr(at, '\'', len) || memchr(at, '@', len);
        f->rest = memchr(at, '.', len) != NULL;
        at += len + strspn(at + len, " ");
    }
    return n;
}

static const char *arity_text(Check *c, size_t min, size_t max) {
    Arena *a = c->s->arena;
    if (max == BUILTIN_MANY)
        return arena_printf(a, "at least %zu argument%s", min, min == 1 ? "" : "s");
    if (max == 0)
        return "no arguments";
    if (min == max)
        return arena_printf(a, "%zu argument%s", max, max == 1 ? "" : "s");
    return max == min + 1 ? arena_printf(a, "%zu or %zu arguments", min, max)
                          : arena_printf(a, "%zu to %zu arguments", min, max);
}

static size_t positional_count(const Ast *call) {
    size_t n = 0;
    for (size_t i = 0; i < call->list.len; i++)
        n += call->list.items[i]->kind != AST_ARG || !call->list.items[i]->text;
    return n;
}

static bool has_error(const Ast *call) {
    for (size_t i = 0; i < call->list.len; i++) {
        const Ast *arg = call->list.items[i];
        if (arg->kind == AST_ERROR || (arg->kind == AST_ARG && arg->a->kind == AST_ERROR))
            return true;
    }
    return false;
}

static void report_unknown_argument(Check *c, const Ast *arg, const char *callee,
                                    const char *const *names, size_t n) {
    Diag *d = diag_at(c->diags, arg->name_place, DIAG_unknown_argument, callee, arg->text);
    const char *nearest = diag_nearest(arg->text, names, n);
    if (nearest) {
        diag_hint(c->diags, d, "did you mean `%s`?", nearest);
    } else if (n && n <= MAX_ARGUMENTS) {
        Buf b = {0};
        for (size_t i = 0; i < n; i++)
            buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
        diag_hint(c->diags, d, "its arguments are %s", b.text);
        buf_free(&b);
    }
}

/* What a call gives, and what it lacks. `given` is for the names; a rest takes any further
 * positional ones. */
typedef struct Matching {
    const char *callee;
    const char *const *names;
    size_t n;        /* names */
    size_t min, max; /* positional */
    bool any_name;
    const Ast *declared; /* where the callee is defined, or NULL */
} Matching;

static void note_declared(Check *c, Diag *d, const Matching *m) {
    if (m->declared)
        diag_note(c->diags, d, m->declared->name_place, "it is defined here");
}

static size_t name_index(const Matching *m, const char *name) {
    size_t i = 0;
    while (i < m->n && strcmp(m->names[i], name) != 0)
        i++;
    return i;
}

/* required[i]: argument i must be given. */
static void match_arguments(Check *c, const Ast *call, const Matching *m, const bool *required) {
    size_t positional = positional_count(call);
    if (positional > m->max) {
        note_declared(c,
                      diag_at(c->diags, call->name_place, DIAG_wrong_arity, m->callee,
                              arity_text(c, m->min, m->max), positional),
                      m);
        return;
    }
    bool *given = nasc_alloc_zero(m->n + 1);
    for (size_t i = 0; i < positional && i < m->n; i++)
        given[i] = true;
    bool sound = true;
    for (size_t i = 0; i < call->list.len; i++) {
        const Ast *arg = call->list.items[i];
        if (arg->kind != AST_ARG || !arg->text)
            continue;
        size_t at = name_index(m, arg->text);
        if (at < m->n) {
            if (given[at])
                diag_at(c->diags, arg->name_place, DIAG_duplicate_argument, arg->text);
            given[at] = true;
        } else if (!m->any_name) {
            report_unknown_argument(c, arg, m->callee, m->names, m->n);
            sound = false;
        }
    }
    for (size_t i = 0; sound && i < m->n; i++) {
        if (!required[i] || given[i])
            continue;
        note_declared(
            c, diag_at(c->diags, call->name_place, DIAG_missing_argument, m->callee, m->names[i]),
            m);
        break;
    }
    free(given);
}

/* ---- builtins ---- */

static void check_axes(Check *c, Scope *s, Ast *value) {
    if (value->kind != AST_LIST) {
        check_word(c, s, value);
        return;
    }
    for (size_t i = 0; i < value->list.len; i++)
        check_word(c, s, value->list.items[i]);
}

static const Formal *formal_of(const Formal *formals, size_t n, const Ast *arg, size_t position) {
    const Formal *rest = NULL;
    for (size_t i = 0; i < n; i++) {
        if (arg->text ? !strcmp(formals[i].name, arg->text) : i == position && !formals[i].axes)
            return &formals[i];
        if (arg->text ? formals[i].axes : formals[i].rest)
            rest = &formals[i];
    }
    return rest;
}

static void check_builtin_values(Check *c, Scope *s, const Ast *call, const Formal *formals,
                                 size_t n) {
    size_t position = 0;
    for (size_t i = 0; i < call->list.len; i++) {
        const Ast *arg = call->list.items[i];
        if (arg->kind != AST_ARG)
            continue;
        const Formal *f = formal_of(formals, n, arg, position);
        position += !arg->text;
        if (f && f->axes && f->word)
            check_axes(c, s, arg->a);
        else if (f && f->word)
            check_word(c, s, arg->a);
        else
            check_expr(c, s, arg->a);
    }
}

static void check_builtin(Check *c, Scope *s, const Ast *call, const Row *row) {
    Formal formals[MAX_ARGUMENTS];
    size_t n = read_formals(row, formals);
    check_builtin_values(c, s, call, formals, n);
    if (c->in_proxy && !strcmp(row->name, "tap"))
        diag_at(c->diags, call->name_place, DIAG_misplaced_statement, "tap", "in a proxy");
    if (has_error(call))
        return;
    const char *names[MAX_ARGUMENTS];
    bool required[MAX_ARGUMENTS + 1] = {false};
    Matching m = {.callee = row->name, .names = names, .min = row->min, .max = row->max};
    for (size_t i = 0; i < n; i++) {
        m.any_name = m.any_name || formals[i].axes;
        if (formals[i].axes || formals[i].rest)
            continue;
        required[m.n] = m.n < row->min;
        names[m.n++] = formals[i].name;
    }
    match_arguments(c, call, &m, required);
}

/* ---- what the program defines ---- */

static void check_against_params(Check *c, const Ast *call, const Ast *declared, size_t first) {
    const AstList *params = &declared->params;
    size_t n = params->len > first ? params->len - first : 0;
    const char **names = ARENA_ARRAY(c->s->arena, const char *, n + declared->list.len + 2);
    bool *required = ARENA_ARRAY(c->s->arena, bool, n + declared->list.len + 2);
    Matching m = {.callee = declared->text, .names = names, .n = n, .max = n, .declared = declared};
    for (size_t i = 0; i < n; i++) {
        const Ast *p = params->items[first + i];
        if (p->kind != AST_PARAM)
            return;
        names[i] = p->text;
        required[i] = !p->a;
        m.min += required[i];
    }
    if (declared->kind == AST_PROXY && name_index(&m, "repeats") == m.n)
        names[m.n++] = "repeats";
    if (declared->kind == AST_PROXY && name_index(&m, "choices") == m.n)
        names[m.n++] = "choices";
    for (size_t i = 0; declared->kind == AST_PROXY && i < declared->list.len; i++) {
        const Ast *choice = declared->list.items[i]; /* an argument makes it */
        if (choice->kind == AST_CHOICE && name_index(&m, choice->text) == m.n)
            names[m.n++] = choice->text;
    }
    match_arguments(c, call, &m, required);
}

/* A lambda of several parameters takes as many arguments or one tuple. */
static void check_lambda_call(Check *c, const Ast *call, const Ast *declared) {
    size_t n = call->list.len, params = declared->a->params.len;
    if (n == params || (n == 1 && params > 1))
        return;
    Diag *d = diag_at(c->diags, call->name_place, DIAG_wrong_arity, declared->text,
                      arity_text(c, params, params), n);
    diag_note(c->diags, d, declared->name_place, "it is defined here");
}

static void check_declared_call(Check *c, const Ast *call, const Ast *declared, bool indexed) {
    if (has_error(call) || indexed != declared->has_index)
        return;
    switch (declared->kind) {
    case AST_DEFINITION:
    case AST_SHARED:
    case AST_CHOICE:
        if (declared->has_params)
            check_against_params(c, call, declared, 0);
        else if (declared->kind == AST_DEFINITION && !indexed && declared->a->kind == AST_LAMBDA)
            check_lambda_call(c, call, declared);
        break;
    case AST_SPACE:
        check_against_params(c, call, declared, 0);
        break;
    case AST_PROXY:
        check_against_params(c, call, declared, 1);
        break;
    default:
        break;
    }
}

void check_settings(Check *c, const Ast *with, const Ast *declared) {
    if (declared->kind == AST_SPACE || declared->kind == AST_PROXY)
        check_declared_call(c, with, declared, false);
}

static void check_values(Check *c, Scope *s, const Ast *call) {
    for (size_t i = 0; i < call->list.len; i++)
        if (call->list.items[i]->kind == AST_ARG)
            check_expr(c, s, call->list.items[i]->a);
}

void check_call(Check *c, Scope *s, Ast *call) {
    Ast *callee = call->a;
    if (callee->kind != AST_NAME) {
        check_expr(c, s, callee);
        check_values(c, s, call);
        const Ast *of =
            callee->kind == AST_INDEX && callee->a->kind == AST_NAME ? callee->a->resolved : NULL;
        if (of)
            check_declared_call(c, call, of, true);
        return;
    }
    bool damaged;
    Decl *d = scope_find(c, s, callee->text, &damaged);
    const Row *row = d || damaged ? NULL : find_row(callee->text);
    if (row) {
        check_builtin(c, s, call, row);
        return;
    }
    if (d || damaged) {
        check_expr(c, s, callee);
    } else {
        const char *nearest = scope_nearest(c, s, callee->text);
        Diag *report = diag_at(c->diags, callee->place, DIAG_unknown_function, callee->text);
        if (nearest)
            diag_hint(c->diags, report, "did you mean `%s`?", nearest);
    }
    check_values(c, s, call);
    if (d)
        check_declared_call(c, call, d->ast, false);
}
