/* The grammar of .nas (docs/language.md). Actions build nodes and look nothing up; names, kinds
 * and the place where a statement may stand are the checker's business, so every statement is
 * accepted in every block. Mistakes are repaired at `;` and at closing brackets; the token filter
 * in parse.c makes sure that these come. */
%require "3.8"
%define api.pure full
%define api.prefix {nas_}
%define api.token.prefix {TOK_}
%define api.location.type {Place}
%locations
%define parse.error custom
%define parse.lac full
%expect 0
%param {Parse *p}

%code requires {
#include "frontend/parse_build.h"
}

%code {
int nas_lex(NAS_STYPE *value, Place *place, Parse *p);

static void nas_error(const Place *place, Parse *p, const char *message);

#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
    do {                                                                                           \
        if (n) {                                                                                   \
            (current) = (Place){p->file, YYRHSLOC(rhs, 1).lo, YYRHSLOC(rhs, n).hi};                \
        } else {                                                                                   \
            (current) = (Place){p->file, YYRHSLOC(rhs, 0).hi, YYRHSLOC(rhs, 0).hi};                \
        }                                                                                          \
    } while (0)

#define REPAIRED                                                                                   \
    do {                                                                                           \
        yyerrok;                                                                                   \
        p->recovering = false;                                                                     \
    } while (0)
}

%initial-action { @$ = (Place){p->file, 0, 0}; }

%union {
    Ast *node;
    NodeList *list;
    const char *text;
    AstOper oper;
}

%token YYEOF 0 "end of file"
%token START_PROGRAM "start of a program" START_EXPRESSION "start of an expression"
%token <text> NAME "a name" AGGREGATE "an aggregate"
%token <node> NUMBER "a number" STRING "a string"
%token MAPS "=>" ARROW "->" DOTS ".." EQ "==" NE "!=" LE "<=" GE ">="
%token <text>
    AGAINST "against" AND "and" ARCHITECTURE "architecture" AS "as" AT "at" BOOL "bool" BY "by" CHOICE "choice"
    COSTS "costs" DIV "div" EACH "each" ELSE "else" ENCODING "encoding" EVALUATE "evaluate" FALSE "false" FOR "for"
    FORMAT "format" FROZEN "frozen" IF "if" IN "in" INPUT "input" JOIN "join" MEASURE "measure" MOD "mod"
    NETWORK "network" NONE "none" NOT "not" OF "of" ON "on" OR "or" PARAM "param" PER "per"
    PRIOR "prior" PROXY "proxy" RANK "rank" REQUIRE "require" RETURN "return" RUN "run" SEARCH "search"
    SHARED "shared" SPACE "space" STEP "step" SUBSET "subset" THEN "then" TRAIN "train" TRUE "true"
    USE "use" USING "using" WITH "with"
    SAME "same" /* before `up`, at the start of a statement: parse.c */

%nterm <list> program statements alternatives parameters parameter_list arguments expressions
%nterm <list> use_settings
%nterm <list> pattern sizes
%nterm <node> statement use use_setting measured parameter_statement definition choice domain alternative space proxy
%nterm <node> input network require costs encoding format symmetry shared per train measure rank search
%nterm <node> optional_evaluate optional_against
%nterm <node> head index parameter value settings block body lambda_block optional_each
%nterm <node> expression open_expression arrow disjunction conjunction negation comparison range sum
%nterm <node> term unary power at postfix closed operand aggregate loop condition
%nterm <node> argument set in_operand optional_prior pattern_item help
%nterm <text> name any_name keyword alternative_name
%nterm <oper> compared added multiplied

/* An aggregate takes the body that follows it, and a hole of a pattern the brackets that follow
 * it. */
%precedence JUXTAPOSED
%precedence NAME NUMBER AGGREGATE '(' '[' '.'
/* `else` belongs to the nearest `if`. */
%precedence THEN
%precedence ELSE

%%

start:
    START_PROGRAM program          { p->result = build_program(p, @$, $2); }
|   START_EXPRESSION settings      { p->result = $2; }
;

program:
    %empty                         { $$ = p->items = list_new(p); }
|   program statement              { $$ = list_push(p, $1, $2); }
;

/* ---- statements: sections 4, 7, 9 and 10 ---- */

statements:
    %empty                         { $$ = list_new(p); }
|   statements statement           { $$ = list_push(p, $1, $2); }
;

statement:
    use | parameter_statement | definition | choice | space | proxy | input | network | require
|   costs | encoding | format | symmetry | shared | per | train | measure | rank | search
|   error ';'                      { REPAIRED; $$ = node_error(p, @$); }
;

use:
    USE NAME ';'                   { $$ = build_use(p, @$, @2, $2, NULL); }
|   USE NAME WITH use_settings ';' { $$ = build_use_with(p, @$, @2, $2, $4); }
|   USE NAME AS NAME ';'           { $$ = build_use(p, @$, @2, $2, $4); }
|   USE STRING ';'                 { $$ = build_use_path(p, @$, $2, NULL); }
|   USE STRING AS NAME ';'         { $$ = build_use_path(p, @$, $2, $4); }
;

parameter_statement:
    PARAM name '=' settings help ';' { $$ = build_param(p, @$, @2, $2, $4, $5); }
|   PARAM name '=' error ';'
    {
        REPAIRED;
        $$ = build_param(p, @$, @2, $2, node_error(p, @4), NULL);
    }
;

help:
    %empty                         { $$ = NULL; }
|   STRING
;

definition:
    head '=' value                 { $$ = build_definition(p, @$, $1, AST_DEFINITION, $3); }
;

shared:
    SHARED head '=' value          { $$ = build_definition(p, @$, $2, AST_SHARED, $4); }
;

measure:
    MEASURE measured '=' value     { $$ = build_measure(p, @$, $2, NULL, @$, $4); }
|   MEASURE measured AT NAME '=' value
                                   { $$ = build_measure(p, @$, $2, $4, @4, $6); }
;

measured:
    NAME                           { $$ = build_head(p, @1, $1, NULL, NULL); }
|   NAME index                     { $$ = build_head(p, @1, $1, $2, NULL); }
;

head:
    name                           { $$ = build_head(p, @1, $1, NULL, NULL); }
|   NAME index                     { $$ = build_head(p, @1, $1, $2, NULL); }
|   NAME parameters                { $$ = build_head(p, @1, $1, NULL, $2); }
|   NAME index parameters          { $$ = build_head(p, @1, $1, $2, $3); }
;

/* An AST_DEFINITION of which only index and b are used. */
index:
    '[' expressions condition ']'  { $$ = build_index(p, @$, $2, $3); }
|   '[' error ']'                  { REPAIRED; $$ = build_index(p, @$, NULL, NULL); }
;

condition:
    %empty                         { $$ = NULL; }
|   IF expression                  { $$ = $2; }
;

parameters:
    '(' ')'                        { $$ = list_new(p); }
|   '(' parameter_list ')'         { $$ = $2; }
|   '(' error ')'                  { REPAIRED; $$ = list_one(p, node_error(p, @$)); }
;

parameter_list:
    parameter                      { $$ = list_one(p, $1); }
|   parameter_list ',' parameter   { $$ = list_push(p, $1, $3); }
;

parameter:
    name help                      { $$ = build_param(p, @$, @1, $1, NULL, $2); }
|   name '=' expression help       { $$ = build_param(p, @$, @1, $1, $3, $4); }
;

/* What stands after `=`: with its `;`, which a block does not need. */
value:
    settings ';'                   { $$ = $1; }
|   block
|   block ';'                      { $$ = $1; }
|   error ';'                      { REPAIRED; $$ = node_error(p, @1); }
;

/* With further settings of the `with` that ends the expression. */
settings:
    open_expression
|   settings ',' any_name ':' expression
                                   { $$ = build_setting(p, $1, build_arg(p, @3, @5, $3, $5)); }
;

use_settings:
    use_setting                    { $$ = list_one(p, $1); }
|   use_settings ',' use_setting   { $$ = list_push(p, $1, $3); }
;

/* A definition of the proxy that uses the other one. */
use_setting:
    any_name ':' expression
    {
        $$ = build_definition(p, @$, build_head(p, @1, $1, NULL, NULL), AST_DEFINITION, $3);
    }
;

block:
    body
|   lambda_block
;

lambda_block:
    arrow MAPS body                { $$ = build_lambda(p, @$, $1, $3); }
|   arrow MAPS lambda_block        { $$ = build_lambda(p, @$, $1, $3); }
;

body:
    '{' statements RETURN value '}' { $$ = build_body(p, @$, $2, $4); }
|   '{' statements '}'             { $$ = build_body(p, @$, $2, NULL); }
;

space:
    SPACE NAME '{' statements '}'  { $$ = build_scope(p, @$, AST_SPACE, @2, $2, NULL, $4); }
|   SPACE NAME parameters '{' statements '}'
                                   { $$ = build_scope(p, @$, AST_SPACE, @2, $2, $3, $5); }
;

proxy:
    PROXY NAME '{' statements '}'  { $$ = build_scope(p, @$, AST_PROXY, @2, $2, NULL, $4); }
|   PROXY NAME parameters '{' statements '}'
                                   { $$ = build_scope(p, @$, AST_PROXY, @2, $2, $3, $5); }
;

input:
    INPUT NAME '[' arguments ']' ';' { $$ = build_input(p, @$, @2, $2, $4); }
;

network:
    NETWORK '=' value              { $$ = build_network(p, @$, @1, NULL, NULL, $3); }
|   NETWORK ON sizes '=' value     { $$ = build_network(p, @$, @1, NULL, $3, $5); }
|   NETWORK NAME '=' value         { $$ = build_network(p, @$, @2, $2, NULL, $4); }
|   NETWORK NAME ON sizes '=' value { $$ = build_network(p, @$, @2, $2, $4, $6); }
;

sizes:
    '[' arguments ']'              { $$ = $2; }
;

require:
    REQUIRE open_expression ';'    { $$ = node_with(p, @$, AST_REQUIRE, $2); }
;

costs:
    COSTS NAME ';'                 { $$ = build_named(p, @$, AST_COSTS, @2, $2, NULL); }
;

choice:
    CHOICE head domain             { $$ = build_definition(p, @$, $2, AST_CHOICE, $3); }
|   CHOICE head error ';'
    {
        REPAIRED;
        $$ = build_definition(p, @$, $2, AST_CHOICE, node_error(p, @3));
    }
;

domain:
    '{' alternatives '}'           { $$ = node_list(p, @$, AST_ALTERNATIVES, $2); }
|   '{' alternatives '}' ';'       { $$ = node_list(p, @$, AST_ALTERNATIVES, $2); }
|   IN in_operand optional_prior ';' { $$ = build_domain(p, @$, AST_DOMAIN, $2, $3); }
|   ':' BOOL optional_prior ';'    { $$ = build_domain(p, @$, AST_DOMAIN_BOOL, NULL, $3); }
|   SUBSET OF set optional_each ';' { $$ = build_domain(p, @$, AST_DOMAIN_SUBSET, $3, $4); }
;

optional_prior:
    %empty                         { $$ = NULL; }
|   PRIOR open_expression          { $$ = $2; }
|   PRIOR set                      { $$ = $2; }
;

optional_each:
    %empty                         { $$ = NULL; }
|   EACH open_expression           { $$ = $2; }
;

alternatives:
    %empty                         { $$ = list_new(p); }
|   alternatives alternative       { $$ = list_push(p, $1, $2); }
;

alternative:
    alternative_name '=' value     { $$ = build_alternative(p, @$, @1, $1, $3, NULL); }
|   alternative_name '=' settings PRIOR open_expression ';'
                                   { $$ = build_alternative(p, @$, @1, $1, $3, $5); }
|   error ';'                      { REPAIRED; $$ = node_error(p, @$); }
;

alternative_name:
    any_name
|   STRING                         { $$ = alternative_text(p, $1); }
;

/* Section 8. */
encoding:
    ENCODING pattern ';'           { $$ = node_list(p, @$, AST_ENCODING, $2); }
;

/* same up to isomorphism of (link, op) if alive; same up to order of s in (op, from); */
symmetry:
    SAME NAME NAME NAME OF '(' expressions ')' condition ';'
                                   { $$ = build_symmetry(p, @$, @4, $4, NULL, $7, $9); }
|   SAME NAME NAME NAME OF NAME IN '(' expressions ')' ';'
                                   { $$ = build_symmetry(p, @$, @4, $4, $6, $9, NULL); }
;

pattern:
    pattern_item                   { $$ = list_one(p, $1); }
|   pattern pattern_item           { $$ = list_push(p, $1, $2); }
;

pattern_item:
    STRING
|   operand %prec JUXTAPOSED
|   JOIN '(' expressions ')' '(' pattern ')' { $$ = build_join(p, @$, @1, $3, $6); }
;

format:
    FORMAT NAME parameters '{' statements '}'
                                   { $$ = build_format(p, @$, @2, $2, NULL, $3, $5); }
|   FORMAT NAME parameters OF NAME '{' statements '}'
                                   { $$ = build_format(p, @$, @2, $2, $5, $3, $7); }
;

per:
    PER RUN '{' statements '}'     { $$ = node_list(p, @$, AST_PER_RUN, $4); }
|   PER ARCHITECTURE '{' statements '}' { $$ = node_list(p, @$, AST_PER_ARCHITECTURE, $4); }
;

train:
    TRAIN '(' arguments ')' ';'    { $$ = node_list(p, @$, AST_TRAIN, $3); }
;

rank:
    RANK open_expression BY settings ';' { $$ = build_rank(p, @$, $2, $4); }
;

search:
    SEARCH NAME IN settings BY NAME ON open_expression optional_evaluate optional_against
    USING open_expression ';'
                                   { $$ = build_search(p, @$, @2, $2, $4, @6, $6, NULL, $8, $9, $10, $12); }
|   SEARCH NAME IN settings BY NAME PER NAME ON open_expression optional_evaluate
    optional_against USING open_expression ';'
                                   { $$ = build_search(p, @$, @2, $2, $4, @6, $6, $8, $10, $11, $12, $14); }
;

optional_evaluate:
    %empty                         { $$ = NULL; }
|   EVALUATE open_expression       { $$ = $2; }
;

optional_against:
    %empty                         { $$ = NULL; }
|   AGAINST settings               { $$ = $2; }
;

/* ---- expressions: section 5, loosest first ---- */

expression:
    open_expression
|   lambda_block
;

open_expression:
    arrow
|   arrow MAPS open_expression     { $$ = build_lambda(p, @$, $1, $3); }
|   arrow WITH any_name ':' expression
                                   { $$ = build_with(p, @$, $1, build_arg(p, @3, @5, $3, $5)); }
|   IF expression THEN expression %prec THEN { $$ = build_if(p, @$, $2, $4, NULL); }
|   IF expression THEN expression ELSE expression { $$ = build_if(p, @$, $2, $4, $6); }
;

arrow:
    disjunction
|   arrow ARROW disjunction        { $$ = build_arrow(p, @$, @2, $1, $3); }
;

disjunction:
    conjunction
|   disjunction OR conjunction     { $$ = build_binary(p, @$, @2, OPER_OR, $1, $3); }
;

conjunction:
    negation
|   conjunction AND negation       { $$ = build_binary(p, @$, @2, OPER_AND, $1, $3); }
;

negation:
    comparison
|   NOT negation                   { $$ = build_unary(p, @$, @1, OPER_NOT, $2); }
;

comparison:
    range
|   range compared range           { $$ = build_binary(p, @$, @2, $2, $1, $3); }
|   range IN in_operand            { $$ = build_binary(p, @$, @2, OPER_IN, $1, $3); }
;

compared:
    EQ                             { $$ = OPER_EQ; }
|   NE                             { $$ = OPER_NE; }
|   '<'                            { $$ = OPER_LT; }
|   LE                             { $$ = OPER_LE; }
|   '>'                            { $$ = OPER_GT; }
|   GE                             { $$ = OPER_GE; }
;

in_operand:
    range
|   set
;

set:
    '{' expressions '}'            { $$ = node_list(p, @$, AST_SET, $2); }
|   '{' error '}'                  { REPAIRED; $$ = node_error(p, @$); }
;

range:
    sum
|   sum DOTS sum                   { $$ = build_range(p, @$, @2, $1, $3, NULL); }
|   sum DOTS sum STEP sum          { $$ = build_range(p, @$, @2, $1, $3, $5); }
;

sum:
    term
|   sum added term                 { $$ = build_binary(p, @$, @2, $2, $1, $3); }
;

added:
    '+'                            { $$ = OPER_ADD; }
|   '-'                            { $$ = OPER_SUB; }
;

term:
    unary
|   term multiplied unary          { $$ = build_binary(p, @$, @2, $2, $1, $3); }
;

multiplied:
    '*'                            { $$ = OPER_MUL; }
|   '/'                            { $$ = OPER_DIVIDE; }
|   DIV                            { $$ = OPER_DIV; }
|   MOD                            { $$ = OPER_MOD; }
;

unary:
    power
|   '-' unary                      { $$ = build_unary(p, @$, @1, OPER_NEG, $2); }
|   FROZEN unary                   { $$ = node_with(p, @$, AST_FROZEN, $2); }
;

power:
    at
|   at '^' unary                   { $$ = build_binary(p, @$, @2, OPER_POW, $1, $3); }
;

at:
    postfix
|   postfix AT postfix             { $$ = build_at(p, @$, @2, $1, $3); }
;

postfix:
    operand
|   closed
;

/* An operand begins with a name, a number, `(` or an aggregate: what may follow an aggregate as its
 * body and what may be a hole of a pattern. */
operand:
    NAME                           { $$ = build_name(p, @$, $1); }
|   AGGREGATE %prec JUXTAPOSED     { $$ = build_name(p, @$, $1); }
|   NUMBER
|   aggregate
|   '(' arguments ')'              { $$ = build_paren(p, @$, $2); }
|   '(' error ')'                  { REPAIRED; $$ = node_error(p, @$); }
|   operand '(' ')'                { $$ = build_call(p, @$, $1, NULL); }
|   operand '(' arguments ')'      { $$ = build_call(p, @$, $1, $3); }
|   operand '(' error ')'          { REPAIRED; $$ = node_error(p, @$); }
|   operand '[' expressions ']'    { $$ = build_subscript(p, @$, $1, $3); }
|   operand '[' error ']'          { REPAIRED; $$ = node_error(p, @$); }
|   operand '.' any_name           { $$ = build_field(p, @$, $1, @3, $3); }
;

closed:
    STRING
|   TRUE                           { $$ = build_bool(p, @$, true); }
|   FALSE                          { $$ = build_bool(p, @$, false); }
|   NONE                           { $$ = node_new(p, @$, AST_NONE); }
|   NETWORK                        { $$ = build_name(p, @$, $1); }
|   '[' ']'                        { $$ = node_list(p, @$, AST_LIST, NULL); }
|   '[' expressions condition ']'  { $$ = build_list(p, @$, $2, $3, NULL); }
|   '[' expressions condition ':' expression ']' { $$ = build_list(p, @$, $2, $3, $5); }
|   '[' error ']'                  { REPAIRED; $$ = node_error(p, @$); }
|   closed '(' ')'                 { $$ = build_call(p, @$, $1, NULL); }
|   closed '(' arguments ')'       { $$ = build_call(p, @$, $1, $3); }
|   closed '[' expressions ']'     { $$ = build_subscript(p, @$, $1, $3); }
|   closed '.' any_name            { $$ = build_field(p, @$, $1, @3, $3); }
;

aggregate:
    loop %prec JUXTAPOSED          { $$ = build_aggregate(p, @$, $1, NULL); }
|   loop operand %prec JUXTAPOSED  { $$ = build_aggregate(p, @$, $1, $2); }
;

/* Of its own, so that its bracket is done with before the next token is looked at: a mistake after
 * it must not be taken for one inside. */
loop:
    AGGREGATE '(' arguments condition ')' { $$ = build_loop(p, @$, @1, $1, $3, $4); }
|   AGGREGATE '(' error ')'        { REPAIRED; $$ = node_error(p, @$); }
;

arguments:
    argument                       { $$ = list_one(p, $1); }
|   arguments ',' argument         { $$ = list_push(p, $1, $3); }
;

argument:
    expression                     { $$ = build_arg(p, @1, @1, NULL, $1); }
|   any_name ':' expression        { $$ = build_arg(p, @1, @3, $1, $3); }
;

expressions:
    expression                     { $$ = list_one(p, $1); }
|   expressions ',' expression     { $$ = list_push(p, $1, $3); }
;

/* An aggregate is a name where nothing is called: the parameter `count`. */
name:
    NAME
|   AGGREGATE
;

any_name:
    NAME
|   keyword
;

keyword:
    AGAINST | AGGREGATE | AND | ARCHITECTURE | AS | AT | BOOL | BY | CHOICE | COSTS | DIV | EACH | ELSE
|   ENCODING | EVALUATE | FALSE | FOR | FORMAT | FROZEN | IF | IN | INPUT | JOIN | MEASURE | MOD | NETWORK | NONE | NOT
|   OF | ON | OR | PARAM | PER | PRIOR | PROXY | RANK | REQUIRE | RETURN | RUN | SEARCH | SHARED | SPACE
|   STEP | SUBSET | THEN | TRAIN | TRUE | USE | USING | WITH
;

%%

/* Bison itself speaks only when its stack is full. */
static void nas_error(const Place *place, Parse *p, const char *message) {
    (void)message;
    parse_report_deep(p, *place);
}

static int yyreport_syntax_error(const yypcontext_t *context, Parse *p) {
    yysymbol_kind_t expected[YYNTOKENS];
    const char *names[YYNTOKENS];
    int n = yypcontext_expected_tokens(context, expected, YYNTOKENS);
    for (int i = 0; i < n; i++)
        names[i] = yysymbol_name(expected[i]);
    yysymbol_kind_t found = yypcontext_token(context);
    parse_report_syntax(p, *yypcontext_location(context),
                        found == YYSYMBOL_YYEMPTY ? NULL : yysymbol_name(found), names,
                        n > 0 ? (size_t)n : 0);
    return 0;
}
