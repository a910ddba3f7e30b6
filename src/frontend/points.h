/* All points of a space that meet constraints over decisions, to be counted and drawn. */
#ifndef NASC_FRONTEND_POINTS_H
#define NASC_FRONTEND_POINTS_H

#include "frontend/diagram.h"

/* One way to make the structural decisions, and the points behind it. */
typedef struct PointLeaf {
    Assignment made;
    Diagram diagram;
    long double weight;
} PointLeaf;

/* What the left side of `cost <= bound` is at least: that of the smallest network, and what the value of each
 * decision adds to it. What is not listed adds nothing. */
typedef struct CostTerm {
    const char *address;
    size_t n;
    const char **values; /* as text, since what an index means may depend on other decisions */
    double *adds;        /* >= 0 */
} CostTerm;

typedef struct CostBound {
    int constraint;
    double least;
    CostTerm *terms;
    size_t n;
} CostBound;

/* Which points are meant. */
typedef struct PointQuery {
    /* A bit each, of the first 64; those that cannot be compiled, costs of networks say, are left out. */
    uint64_t constraints;
    /* What stands in for such, or NULL: a point that they rule out meets none. */
    const CostBound *costs;
    size_t ncosts;
    /* A point weighs as much as it is likely when every choice is drawn in its turn, else 1. */
    bool by_probability;
} PointQuery;

#define ALL_CONSTRAINTS UINT64_MAX

/* The diagram of some constraints on one leaf. */
typedef struct LeafDiagram {
    const PredVariable *variables; /* the leaf's, in the order of the diagram */
    const bool *used;              /* by variable: some condition needs it */
    bool complete;                 /* no constraint was left out */
    Diagram diagram;
} LeafDiagram;

/* Two orders of the decisions are tried: as they are declared, then by their first index, so that what stands
 * under one index is decided together. Each has a budget of its own. `variables` and `used` live in the leaf. */
enum { LEAF_ORDERS = 2 };
bool leaf_diagram(Leaf *leaf, const PointQuery *query, Arena *arena, const volatile int *interrupt,
                  DiagramBudget budgets[LEAF_ORDERS], LeafDiagram *out);

typedef struct PointTable {
    PointLeaf *leaves;
    size_t n;
    long double weight; /* of all; 0: nothing meets the constraints */
    bool complete;      /* no constraint was left out */
} PointTable;

/* NULL: too large. Choices in bodies are left out: no constraint that is compiled depends on one. Everything is
 * in arena, and not changed any more. */
const PointTable *points_within(const Space *space, const PointQuery *query, Arena *arena);
/* The decisions of a point, drawn by weight, that the constraints depend on; the others are independent of
 * them. The table's weight is not 0. */
Assignment points_draw(const PointTable *t, RandomStream stream, Arena *arena);

#endif
