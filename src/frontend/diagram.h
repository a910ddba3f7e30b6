/* Points that meet conditions, as a decision diagram: after each decision what the conditions still
 * need of the earlier ones is a state, and choices of earlier values that leave the same are the same state.
 * Each state knows how many ways go on from it, so that all points can be counted, and drawn one decision
 * after another, however rare they are. Nothing in it changes once it is built. */
#ifndef NASC_FRONTEND_DIAGRAM_H
#define NASC_FRONTEND_DIAGRAM_H

#include "frontend/count.h"

/* Values of some decisions. */
typedef struct Assignment {
    const char **addresses;
    int64_t *indices;
    size_t n;
} Assignment;

/* The value of a decision, or -1 if it is not among them. */
int64_t assignment_index(const Assignment *a, const char *address);

typedef struct DiagramLevel {
    const char *address; /* of the decision taken here */
    int64_t count;
    const double *probability; /* of its values; NULL: each weighs 1 */
    size_t nstates;
    int32_t *next;       /* [state][value]: a state of the next level, -1: forbidden */
    long double *weight; /* [state] the sum over all ways to go on */
} DiagramLevel;

typedef struct Diagram {
    DiagramLevel *levels;
    size_t nlevels;
    long double weight; /* of all points of the decisions that conditions name */
} Diagram;

/* The budget that whoever builds diagrams shares among them. */
typedef struct DiagramBudget {
    int64_t operations, edges;
} DiagramBudget;

#define DIAGRAM_BUDGET ((DiagramBudget){.operations = 20000000, .edges = 1000000})

/* Of the walk's conditions; sets w->used to the variables that they need. Everything is in arena. False: it
 * needs more than the budget. by_probability: values weigh as much as they are likely, else 1. */
bool diagram_build(Arena *arena, Walkthrough *w, bool by_probability, DiagramBudget *budget,
                   Diagram *out);
/* The number of points of the decisions that conditions name. */
void diagram_count(const Diagram *d, Natural *out);
/* Adds the decisions of one point, drawn by weight, to `out`, which has room for nlevels more. The diagram's
 * weight is not 0. Number i of the stream draws level i. */
void diagram_draw(const Diagram *d, RandomStream stream, Assignment *out);

#endif
