/* From source text to syntax trees. A program may be made of several files (`use`): they share one
 * Syntax, so that equal names are equal pointers and node numbers are dense over all files. */
#ifndef NASC_FRONTEND_PARSE_H
#define NASC_FRONTEND_PARSE_H

#include "base/intern.h"
#include "frontend/ast.h"
#include "frontend/diag.h"

/* What the files of one program share. Trees and names live in `arena`. */
typedef struct Syntax {
    Arena *arena;
    SourceSet *sources;
    DiagSink *diags;
    Intern names;
    uint32_t next_id; /* number of nodes so far: Ast.id < next_id */
} Syntax;

enum { SYNTAX_MAX_DEPTH = 1000 }; /* of a tree; deeper nesting is DIAG_too_deep */

void syntax_init(Syntax *s, Arena *arena, SourceSet *sources, DiagSink *diags);
/* Frees the tables; trees and names stay with the arena. */
void syntax_free(Syntax *s);

/* The items of a file: an AST_BODY with `list` = items and a = NULL; never NULL. Mistakes are
 * reported to s->diags; what could not be read is an AST_ERROR in the tree. */
Ast *parse_program(Syntax *s, uint32_t file);
/* A file that is one expression (the value of a setting given on a command line). */
Ast *parse_expression(Syntax *s, uint32_t file);

/* The operator as written: "+", "and", "in". */
const char *ast_oper_text(AstOper oper);
/* Source text of a tree: items one a line, fully parenthesised where precedence needs it, so that
 * parsing it again gives an equal tree. Comments and layout are not kept. */
void ast_print(const Ast *tree, Buf *b);
/* Whether two trees say the same: all fields but places, ids and how numbers were spelt. */
bool ast_equal(const Ast *x, const Ast *y);

#endif
