/* Natural numbers of any size, for counting points of spaces. */
#ifndef NASC_BASE_NATURAL_H
#define NASC_BASE_NATURAL_H

#include "base/arena.h"

typedef struct Natural {
    uint32_t *limbs; /* base 10^9, lowest first; 0 has none */
    size_t len, cap;
} Natural;

void natural_free(Natural *n);
void natural_set(Natural *n, uint64_t v);
void natural_copy(Natural *n, const Natural *from);
void natural_multiply(Natural *n, uint64_t by);
/* Without remainder only: `by` must divide n; by > 0. */
void natural_divide(Natural *n, uint32_t by);
void natural_add(Natural *n, const Natural *more);
/* Approximate; infinity beyond a double's range. */
double natural_double(const Natural *n);
const char *natural_text(const Natural *n, Arena *arena);

#endif
