/* Conditions over decisions, compiled: from an expression that builds no network to a list of
 * operations over the numbers of the values taken, for those who look at millions of points. What
 * the compiler does not understand it leaves to the evaluator, which knows everything and is slow. */
#ifndef NASC_FRONTEND_PREDICATE_H
#define NASC_FRONTEND_PREDICATE_H

#include "frontend/eval.h"

/* A decision: open, or known (index >= 0). */
typedef struct PredVariable {
    const char *address;
    const EvalDomain *domain;
    int64_t index;
    const Ast *choice;
    const Value *indices; /* of the choice */
    size_t nindices;
} PredVariable;

typedef enum PredOp {
    PRED_CONST,
    PRED_TABLE, /* table[value of variable a] */
    PRED_AND,
    PRED_OR,
    PRED_NOT,
    PRED_ADD,
    PRED_SUB,
    PRED_MUL,
    PRED_DIV,
    PRED_MOD,
    PRED_EQ,
    PRED_LT,
    PRED_LE,
    PRED_MAX,
    PRED_MIN,
    PRED_SELECT, /* a ? b : c */
} PredOp;

typedef struct PredNode {
    PredOp op;
    int a, b, c;
    int level; /* the last open variable that it depends on, -1: none */
    const double *table;
    double value; /* PRED_CONST */
} PredNode;

typedef struct PredCompiler {
    Eval *eval;
    const PredVariable *variables;
    size_t nvariables;
    VEC(PredNode) nodes;
    struct EvalMap *memo;
    bool failed;
} PredCompiler;

void pred_init(PredCompiler *c, Eval *e, const PredVariable *variables, size_t n);
void pred_free(PredCompiler *c);
/* The node of a condition, or of element `index` of an indexed definition of conditions; -1 if it
 * cannot be compiled (nothing is reported). */
int pred_condition(PredCompiler *c, Frame *f, const Ast *x);
int pred_element(PredCompiler *c, Frame *f, const Ast *name, Value index);
/* Nodes made by hand: a number, one for each value of a variable (`table` is kept), an operation on two nodes. */
int pred_constant(PredCompiler *c, double value);
int pred_table(PredCompiler *c, int variable, const double *table);
int pred_operation(PredCompiler *c, PredOp op, int a, int b);
/* Computes nodes [from, to) of one level into out, given the values taken. */
double pred_compute(const PredNode *n, const int64_t *taken, const double *out);

#endif
