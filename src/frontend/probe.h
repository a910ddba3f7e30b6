/* Points of a space tried to learn what its constraints say of them. */
#ifndef NASC_FRONTEND_PROBE_H
#define NASC_FRONTEND_PROBE_H

#include "frontend/sample.h"

enum { MAX_CONSTRAINTS = 64, MAX_PROBES = 5000 };

/* A point with what every constraint says of it. */
typedef struct Probe {
    Assignment made;
    const int64_t *counts;    /* values of each decision */
    const char *const *texts; /* the value taken */
    uint64_t broken;          /* a bit a constraint */
    const Value *values;      /* by constraint: of the side that it bounds, or poison */
} Probe;

typedef struct Inquiry {
    Space *space;
    RandomStream stream;
    bool by_probability;
    int n; /* constraints */
    uint64_t drawn;
    Arena arena;
    VEC(Probe) probes; /* all so far */
} Inquiry;

void inquiry_begin(Inquiry *q, Space *space, RandomStream stream, bool by_probability);
void inquiry_end(Inquiry *q);

static inline uint64_t constraint_bit(int i) {
    return (uint64_t)1 << i;
}

/* `e <= bound` and its kin: whether the smaller value is the closer one. */
bool constraint_bounds(const Ast *x, bool *smaller);
/* A point with these decisions, the others drawn. NULL on a mistake, or after MAX_PROBES. */
const Probe *inquiry_probe(Inquiry *q, const Assignment *made);
/* Up to n draws within the set, as far as it can be counted; whether one met all of it. Ends with that one if
 * only the answer is wanted. */
bool inquiry_draw(Inquiry *q, uint64_t set, int n, bool answer);
/* The point nearest to what constraint i wants among those that meet the others of the set: the best one drawn,
 * improved one decision at a time. False: none meets them. */
bool inquiry_nearest(Inquiry *q, uint64_t set, int i, bool smaller, Probe *best);

#endif
