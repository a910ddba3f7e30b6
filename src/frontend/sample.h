/* Drawing points: the parts shared by sample*.c. */
#ifndef NASC_FRONTEND_SAMPLE_H
#define NASC_FRONTEND_SAMPLE_H

#include "frontend/points.h"

typedef struct Draw {
    RandomStream stream;
    uint64_t attempt, asked;    /* numbers of attempt k are its own */
    const Architecture *parent; /* mutation; NULL when sampling */
    bool *changed;              /* by decision of the parent, chosen anew by each attempt */
    double rate;
    const Assignment *made; /* decisions made beforehand, or NULL */
} Draw;

/* A point of its own in session s, which the caller ends: decisions made beforehand, then the parent's, then
 * drawn by their priors. NULL on a mistake. */
SpaceUse *draw_decisions(Space *space, Draw *draw, Session *s, Arena *arena);

/* Bounds for those constraints `cost <= bound` that cannot be compiled: of each whose cost, around its smallest
 * network, proves to be at least what its choices add one by one, as sums and products of what grows are. Everything
 * is in arena. */
const CostBound *cost_bounds(Space *space, bool by_probability, Arena *arena, size_t *n);

/* Reports that nothing was found: which constraints leave nothing, none of which can be left out, and what their
 * bounds would have to be. */
void report_empty(Space *space, RandomStream stream, bool by_probability, size_t draws);

#endif
