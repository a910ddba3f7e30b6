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
bool leaf_diagram(Leaf *leaf, uint64_t constraints, bool by_probability, Arena *arena,
                  const volatile int *interrupt, DiagramBudget budgets[LEAF_ORDERS],
                  LeafDiagram *out);

typedef struct PointTable {
    PointLeaf *leaves;
    size_t n;
    long double weight; /* of all; 0: nothing meets the constraints */
    bool complete;      /* no constraint was left out */
} PointTable;

/* Of the constraints whose bits are set (of more than 64, the first 64); those that cannot be compiled, costs
 * of networks say, are left out; so are choices in bodies, on which no constraint that is compiled depends. by_probability: a point weighs as much as it is likely when every choice is
 * drawn in its turn, else 1. NULL: too large. Everything is in arena, and not
 * changed any more. */
const PointTable *points_within(const Space *space, uint64_t constraints, bool by_probability,
                                Arena *arena);
/* The decisions of a point, drawn by weight, that the constraints depend on; the others are independent of
 * them. The table's weight is not 0. */
Assignment points_draw(const PointTable *t, RandomStream stream, Arena *arena);

#endif
