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

/* Reports that nothing was found: which constraints leave nothing, none of which can be left out, and what their
 * bounds would have to be. `proved`: by counting, not by draws. */
void report_empty(Space *space, RandomStream stream, bool by_probability, size_t draws);

#endif
