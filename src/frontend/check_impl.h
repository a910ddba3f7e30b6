/* The checker's parts, private to check*.c. check.c walks statements, check_expr.c expressions,
 * check_call.c calls; check_scope.c knows names, check_kind.c kinds and cycles. */
#ifndef NASC_FRONTEND_CHECK_IMPL_H
#define NASC_FRONTEND_CHECK_IMPL_H

#include "frontend/check.h"

typedef struct Scope Scope;
typedef struct Decl Decl;

/* A name of a scope, by its first definition if there are several of its elements. */
struct Decl {
    const char *name;
    const Ast *ast;
    Scope *scope;
    VEC(const Ast *)
    constants, ranges; /* definitions of its elements whose indices are written out */
    VEC(Decl *) needs; /* scalar definitions that this one certainly evaluates */
    int colour;        /* of the search for cycles */
};

struct Scope {
    Scope *parent;
    VEC(Decl *) decls;
    VEC(Scope *) imports;
    bool damaged; /* part of it could not be parsed: it may hold any name */
};

/* What is known of a name: of a scope, or of a choice's alternatives. */
typedef struct Slot {
    const void *owner;
    const char *name; /* interned */
    const Ast *ast;
    Decl *decl; /* or NULL: an element or an alternative */
} Slot;

typedef struct Check {
    Syntax *s;
    DiagSink *diags;
    const CheckFile *files;
    size_t nfiles;
    Scope **file_scopes;
    Slot *slots;
    size_t nslots, slots_cap;
    VEC(Scope *) scopes; /* all, to be freed */
    VEC(Decl *) decls;
    bool in_space, in_proxy;
    Decl *defining; /* the scalar definition being walked, or NULL; NULL also where evaluation is
                       uncertain */
    const char *word_network; /* interned */
} Check;

/* scopes */
Scope *scope_new(Check *c, Scope *parent);
/* Declares all names of a list of statements; reports duplicates. */
void scope_declare_all(Check *c, Scope *s, const AstList *statements);
void scope_declare(Check *c, Scope *s, const Ast *ast);
Decl *scope_own(const Check *c, const Scope *s, const char *name);
/* NULL if the name is unknown; *damaged if a scope on the way may hold it. */
Decl *scope_find(const Check *c, const Scope *s, const char *name, bool *damaged);
/* Notes that owner has a thing of this name; returns the earlier one, or NULL. */
const Ast *scope_note(Check *c, const void *owner, const char *name, const Ast *ast);
/* The nearest name that could be meant, or NULL. */
const char *scope_nearest(const Check *c, const Scope *s, const char *name);
void scopes_free(Check *c);

/* expressions */
void check_expr(Check *c, Scope *s, Ast *e);
void check_list(Check *c, Scope *s, const AstList *list);
/* Binders, then the condition: the scope in which they are bound. */
Scope *check_binders(Check *c, Scope *s, const AstList *binders, Ast *condition);
void check_definition(Check *c, Scope *s, const Ast *d);
/* A bare word that need not be a name: pad: same. Otherwise as check_expr. */
void check_word(Check *c, Scope *s, Ast *e);

/* calls */
void check_call(Check *c, Scope *s, Ast *call);
/* The settings of a `with` that follows the name of a proxy or space. */
void check_settings(Check *c, const Ast *with, const Ast *declared);
/* Whether the word is a function, layer or aggregate of the language. */
bool builtin_exists(const char *name);
/* All their names, for suggestions. */
size_t builtin_names(const char *const **out);

/* Kinds and cycles, once all names are resolved. */
void check_kinds(Check *c);
void check_cycles(Check *c);

/* A format and the space whose rows it reads; s is the scope around it. */
void check_format(Check *c, Scope *s, const Ast *format, const Ast *space);

/* statements */
typedef enum Context {
    IN_FILE,
    IN_SPACE,
    IN_PROXY,
    IN_PER_RUN,
    IN_PER_ARCHITECTURE,
    IN_BODY,
    IN_FORMAT
} Context;
/* Checks statements whose names s declares. */
void check_statements(Check *c, Scope *s, const AstList *list, Context context);

#endif
