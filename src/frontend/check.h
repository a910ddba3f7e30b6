/* What can be said about a program before anything runs: names, arities, places of statements,
 * certain kinds, direct cycles. Whatever depends on an architecture is left to the evaluator. */
#ifndef NASC_FRONTEND_CHECK_H
#define NASC_FRONTEND_CHECK_H

#include "frontend/parse.h"

/* A `use` of a file: with an alias its definitions are fields of the alias, else names of the user.
 */
typedef struct CheckUse {
    size_t file;       /* index into the files */
    const char *alias; /* NULL or interned */
} CheckUse;

typedef struct CheckFile {
    Ast *tree; /* of parse_program */
    const CheckUse *uses;
    size_t nuses;
} CheckFile;

/* Reports to s->diags; true if it found no mistake. Fills Ast.resolved of every AST_NAME that a
 * declaration explains with that declaration (an AST_BINDER for a bound index); names of builtins
 * and bare words keep NULL. Where something could not be parsed, and for what may have been
 * declared there, nothing is said. */
bool check_program(Syntax *s, const CheckFile *files, size_t nfiles);

#endif
