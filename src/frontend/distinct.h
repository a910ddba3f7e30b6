/* The distinct architectures of a space, listed: one point for each, to be drawn with equal probability. */
#ifndef NASC_FRONTEND_DISTINCT_H
#define NASC_FRONTEND_DISTINCT_H

#include "frontend/count_symmetry.h"
#include "frontend/points.h"

/* What count_distinct counts, kept. Decisions that nothing sees multiply a class instead of being listed. */
typedef struct DistinctTable DistinctTable;

/* Within constraints over decisions. NULL: out of reach, or interrupted. Everything is in arena, and not changed any
 * more. */
const DistinctTable *distinct_list(const Space *space, Arena *arena, const volatile int *interrupt);
/* Whether these are all constraints: else the point drawn is still to be asked the others, what a network costs. */
bool distinct_complete(const DistinctTable *t);
/* All of them: 0 where nothing meets the constraints. */
long double distinct_weight(const DistinctTable *t);
/* Every decision of the point that stands for the architecture drawn: always the same one. The weight is not 0. */
Assignment distinct_draw(const DistinctTable *t, RandomStream stream, Arena *arena);
/* The point of number 0 .. weight - 1, where these are less than 2^53: all of them are one for each architecture. */
Assignment distinct_point(const DistinctTable *t, uint64_t number, Arena *arena);

/* ---- for those who count ---- */

/* Begins a leaf, of which classes are added next. walked, own: by variable; orders: those that nothing sees stand
 * for themselves. */
void distinct_begin_leaf(DistinctTable *t, const Leaf *leaf, const bool *walked, const bool *own,
                         const Orders *orders);
/* A class, or as many as weight says. labels NULL: nothing is left to be chosen on the graph. False: too many. */
bool distinct_add(DistinctTable *t, const int64_t *taken, const GraphLabels *labels,
                  long double weight);
/* Number i of those added turned out to be one of the others. */
void distinct_forget(DistinctTable *t, size_t i);

#endif
