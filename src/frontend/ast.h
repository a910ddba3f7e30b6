/* The syntax tree of a program: what was written, nothing looked up yet. Built by grammar actions, read
 * by the checker and the evaluator. Nodes live in the program's arena. */
#ifndef NASC_FRONTEND_AST_H
#define NASC_FRONTEND_AST_H

#include "frontend/source.h"

typedef struct Ast Ast;

/* kind: fields used (others NULL / 0). `text` is interned: equal names are equal pointers. */
typedef enum AstKind {
    AST_ERROR, /* what could not be parsed; says nothing further */

    /* expressions */
    AST_NUMBER,    /* number, text = as written ("600M"); is_int */
    AST_STRING,    /* text, text_len (may hold any byte) */
    AST_BOOL,      /* number = 0 or 1 */
    AST_NONE,      /* `none`: the absent value */
    AST_NAME,      /* text */
    AST_LIST,      /* list: [a, b] */
    AST_TUPLE,     /* list: (a, b), at least two */
    AST_SET,       /* list: {a, b} after `in` and `of` */
    AST_RANGE,     /* a..b, c = step or NULL */
    AST_UNARY,     /* oper, a */
    AST_BINARY,    /* oper, a, b; name_place = the operator */
    AST_ARROW,     /* a -> b */
    AST_IF,        /* if a then b else c; c may be NULL inside a sum or list: an absent term */
    AST_LAMBDA,    /* params => a (a may be AST_BODY) */
    AST_BODY,      /* list = definitions, choices, shared; a = returned expression */
    AST_CALL,      /* a(list of AST_ARG) */
    AST_ARG,       /* text = name or NULL, a */
    AST_INDEX,     /* a[list] */
    AST_FIELD,     /* a.text */
    AST_AT,        /* a at b: the value of measure a at forward pass b (or a range) */
    AST_WITH,      /* a with list of AST_ARG: overrides (init: ..) */
    AST_FROZEN,    /* frozen a */
    AST_AGGREGATE, /* text = sum, concat, ..; list = AST_BINDER; b = condition or NULL; a = body */
    AST_COMPREHENSION, /* [v in r if b : a]; list = AST_BINDER; a NULL: the element itself */
    AST_BINDER,        /* text in a; or an index pattern without name: text NULL, a = constant */

    /* items and members */
    AST_USE, /* text = name (library) or string (path), is_path; alias = as-name or NULL; list: settings, as
                  AST_DEFINITION */
    AST_PARAM, /* text, a = default, help; top level */
    AST_DEFINITION, /* text; index = list of AST_BINDER or NULL, b = index condition; params; a = value */
    AST_SPACE,         /* text, params, list = members */
    AST_PROXY,         /* text, params (first: the network), list = members */
    AST_INPUT,         /* text, list = AST_ARG sizes */
    AST_CHOICE,        /* text, index, b = index condition, params, a = domain */
    AST_ALTERNATIVES,  /* list of AST_ALTERNATIVE */
    AST_ALTERNATIVE,   /* text = foreign name, a = value, b = prior or NULL */
    AST_DOMAIN,        /* a = range, set or list; b = prior list or NULL */
    AST_DOMAIN_BOOL,   /* b = prior of true or NULL */
    AST_DOMAIN_SUBSET, /* a = AST_SET, b = probability of each or NULL */
    AST_NETWORK, /* text = name or NULL (the scored one), list = AST_ARG input sizes or empty, a */
    AST_REQUIRE, /* a */
    AST_COSTS,   /* text: name of the network whose sizes count */
    AST_ENCODING, /* list of pattern items: AST_STRING literal, AST_PATTERN_JOIN, or a hole expression */
    AST_PATTERN_JOIN, /* index = binders, a = AST_STRING separator, list = pattern items */
    AST_FORMAT, /* text, params = the row, alias = the space or NULL, list = members: how a foreign row is read */
    AST_SAME, /* text = isomorphism or order; list = names of choices; alias = index or NULL; b = condition or NULL */
    AST_SHARED, /* like AST_DEFINITION: one instance per index, whose every use has the same weights */
    AST_PER_RUN,          /* list = definitions */
    AST_PER_ARCHITECTURE, /* list = definitions, shared */
    AST_TRAIN,            /* list of AST_ARG: loss, steps, by */
    AST_MEASURE, /* text, index, b = index condition, a: a scalar recorded at every forward pass; at_end */
    AST_RANK,   /* a = candidates, b = proxy */
    AST_SEARCH, /* text = the name; a = AST_RANK of the selection, b = AST_RANK of the evaluation or NULL, c = engine,
                    list: AST_RANK of the fixed proxy, if given; help = coefficient, alias = "second" or NULL */
} AstKind;

typedef enum AstOper {
    OPER_NONE,
    OPER_OR,
    OPER_AND,
    OPER_NOT,
    OPER_EQ,
    OPER_NE,
    OPER_LT,
    OPER_LE,
    OPER_GT,
    OPER_GE,
    OPER_IN,
    OPER_ADD,
    OPER_SUB,
    OPER_MUL,
    OPER_DIVIDE,
    OPER_DIV,
    OPER_MOD,
    OPER_POW,
    OPER_NEG,
} AstOper;

typedef struct AstList {
    Ast **items;
    size_t len;
} AstList;

struct Ast {
    AstKind kind;
    AstOper oper;
    Place place;      /* the whole construct */
    Place name_place; /* its name or operator, where a caret belongs; place if it has none */
    const char *text;
    size_t text_len;
    double number;
    int64_t integer; /* AST_NUMBER with is_int: the exact value */
    bool is_int, is_path, at_end;
    Ast *a, *b, *c;
    AstList list, index, params; /* params: AST_PARAM (text, a = default or NULL, help) */
    bool has_index, has_params;  /* `f()` and `f` differ */
    const char *help, *alias;
    uint32_t depth; /* 1 + that of the deepest child */
    uint32_t id; /* dense number within the program; evaluators key memo tables and weights by it */
    /* Calls and arrows: how many of the region come before it, of all and of its name. */
    uint32_t site, site_alike;
    void *resolved; /* filled by the checker for AST_NAME: what the name means */
};

#endif
