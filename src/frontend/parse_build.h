/* What the grammar and the scanner see of the parser: its state, and the functions that build
 * nodes. Private to grammar/, parse.c and parse_build.c. Builders never look a name up and never
 * return NULL; what makes no sense becomes AST_ERROR after a report. Lists and helps may be NULL
 * where noted. */
#ifndef NASC_FRONTEND_PARSE_BUILD_H
#define NASC_FRONTEND_PARSE_BUILD_H

#include <stdlib.h>

#include "frontend/parse.h"

/* A list under construction, in the arena. */
typedef struct NodeList {
    Ast **items;
    size_t len, cap;
} NodeList;

typedef struct Bracket {
    char open; /* ( [ {, or s for the brace of a set */
    Place place;
} Bracket;

typedef struct Token {
    int kind;
    Place place;
    const char *text; /* of a word */
    Ast *node;        /* of a number or string */
    bool new_line;    /* it is the first of its line */
} Token;

typedef struct Parse {
    Syntax *s;
    uint32_t file;
    uint32_t at;      /* the scanner's place in the file */
    const char *text; /* of the file */
    void *scanner;
    int start;       /* the token that selects what is parsed */
    NodeList *items; /* of the file, so far */
    Ast *result;
    bool reported_deep;
    struct {
        Ast *expression, *at; /* the `with` that settings were last added to */
        uint32_t levels;      /* between them */
    } tail;

    /* The token filter: see parse.c. */
    VEC(Bracket) brackets;
    VEC(Token) pending;    /* to be given next, the last one first */
    Token last;            /* given last; place.hi is where it ends */
    uint32_t previous_end; /* of the token before */
    uint32_t supplied_for; /* the end of the token before which a `;` was supplied last; 0: none */
    char closed;           /* what the last token closed */
    bool started;
    bool recovering;     /* the grammar is throwing tokens away */
    bool skip_group;     /* it threw away an opening bracket: the group goes too */
    bool quiet;          /* the statement has its report */
    bool owes_semicolon; /* a `;` was supplied at the end and nobody has complained yet */
} Parse;

/* scanner */
int scan_word(Parse *p, const char *text, size_t len, const char **name);
Ast *scan_number(Parse *p, Place place, const char *text, size_t len);
Ast *scan_string(Parse *p, Place place, const char *inside, size_t len);
void scan_bad_character(Parse *p, Place place, const char *text, size_t len);

/* reports; names as bison has them */
void parse_report_deep(Parse *p, Place place);
void parse_report_syntax(Parse *p, Place place, const char *found, const char *const *expected,
                         size_t n);

/* lists */
NodeList *list_new(Parse *p);
NodeList *list_one(Parse *p, Ast *node);
NodeList *list_push(Parse *p, NodeList *list, Ast *node);

/* nodes; the list may be NULL */
Ast *node_new(Parse *p, Place place, AstKind kind);
Ast *node_error(Parse *p, Place place);
Ast *node_with(Parse *p, Place place, AstKind kind, Ast *a);
Ast *node_list(Parse *p, Place place, AstKind kind, const NodeList *list);

/* statements */
Ast *build_program(Parse *p, Place place, const NodeList *items);
Ast *build_use(Parse *p, Place place, Place name_place, const char *name, const char *alias);
Ast *build_use_with(Parse *p, Place place, Place name_place, const char *name,
                    const NodeList *settings);
/* when: the word after `at`, or NULL: at every forward pass */
Ast *build_measure(Parse *p, Place place, Ast *head, const char *when, Place at, Ast *value);
Ast *build_use_path(Parse *p, Place place, const Ast *path, const char *alias);
Ast *build_param(Parse *p, Place place, Place name_place, const char *name, Ast *value,
                 const Ast *help);
Ast *build_named(Parse *p, Place place, AstKind kind, Place name_place, const char *name, Ast *a);
Ast *build_head(Parse *p, Place place, const char *name, const Ast *index, const NodeList *params);
Ast *build_index(Parse *p, Place place, const NodeList *binders, Ast *condition);
Ast *build_definition(Parse *p, Place place, Ast *head, AstKind kind, Ast *value);
Ast *build_scope(Parse *p, Place place, AstKind kind, Place name_place, const char *name,
                 const NodeList *params, const NodeList *members);
Ast *build_format(Parse *p, Place place, Place name_place, const char *name, const char *space,
                  const NodeList *params, const NodeList *members);
Ast *build_input(Parse *p, Place place, Place name_place, const char *name, const NodeList *sizes);
Ast *build_network(Parse *p, Place place, Place name_place, const char *name, const NodeList *sizes,
                   Ast *value);
Ast *build_domain(Parse *p, Place place, AstKind kind, Ast *a, Ast *prior);
Ast *build_alternative(Parse *p, Place place, Place name_place, const char *name, Ast *value,
                       Ast *prior);
const char *alternative_text(Parse *p, const Ast *string);
/* index: what `order of` permutes, or NULL. */
Ast *build_symmetry(Parse *p, Place place, Place name_place, const char *kind, const char *index,
                    const NodeList *choices, Ast *condition);
Ast *build_join(Parse *p, Place place, Place name_place, const NodeList *head,
                const NodeList *pattern);
Ast *build_rank(Parse *p, Place place, Ast *candidates, Ast *proxy);
/* per, evaluation and against may be NULL. */
Ast *build_search(Parse *p, Place place, Place name_place, const char *name, Ast *proxy,
                  Place by_place, const char *by, const char *per, Ast *selection, Ast *evaluation,
                  Ast *against, Ast *engine);
Ast *build_body(Parse *p, Place place, const NodeList *members, Ast *returned);

/* expressions */
Ast *build_name(Parse *p, Place place, const char *name);
Ast *build_bool(Parse *p, Place place, bool value);
Ast *build_arg(Parse *p, Place first, Place last, const char *name, Ast *a);
Ast *build_setting(Parse *p, Ast *expression, Ast *arg);
Ast *build_with(Parse *p, Place place, Ast *a, Ast *arg);
Ast *build_lambda(Parse *p, Place place, const Ast *head, Ast *a);
Ast *build_if(Parse *p, Place place, Ast *a, Ast *b, Ast *c);
Ast *build_arrow(Parse *p, Place place, Place oper_place, Ast *a, Ast *b);
Ast *build_unary(Parse *p, Place place, Place oper_place, AstOper oper, Ast *a);
Ast *build_binary(Parse *p, Place place, Place oper_place, AstOper oper, Ast *a, Ast *b);
Ast *build_range(Parse *p, Place place, Place oper_place, Ast *a, Ast *b, Ast *step);
Ast *build_at(Parse *p, Place place, Place oper_place, Ast *a, Ast *b);
Ast *build_paren(Parse *p, Place place, const NodeList *args);
Ast *build_call(Parse *p, Place place, Ast *callee, const NodeList *args);
Ast *build_subscript(Parse *p, Place place, Ast *a, const NodeList *list);
Ast *build_field(Parse *p, Place place, Ast *a, Place name_place, const char *name);
Ast *build_list(Parse *p, Place place, const NodeList *list, Ast *condition, Ast *element);
/* The head of an aggregate: an AST_AGGREGATE whose list is its arguments as they stand. */
Ast *build_loop(Parse *p, Place place, Place name_place, const char *name, const NodeList *args,
                Ast *condition);
Ast *build_aggregate(Parse *p, Place place, Ast *loop, Ast *body);

#endif
