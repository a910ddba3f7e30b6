/* Offsets for buffers with lifetimes, in one arena. */
#ifndef NASC_CODEGEN_MEMPLAN_H
#define NASC_CODEGEN_MEMPLAN_H

#include "base/arena.h"

typedef struct MemBuffer {
    int64_t bytes; /* a multiple of 64 */
    int first,
        last;     /* calls, both included: written in the first, read up to the last; any numbers */
    int place_of; /* index of the buffer whose place it takes over (which ends where it begins), or
                     -1 */
    int64_t offset; /* out */
} MemBuffer;

/* Gives every buffer an offset >= from, largest first into the smallest gap that holds it; returns
 * the end of the highest. Buffers whose lifetimes meet do not overlap, but for a buffer and the one
 * it takes over. */
int64_t memplan_place(Arena *arena, MemBuffer *buffers, size_t n, int64_t from);
/* Do two buffers that live at the same time overlap? Returns the first such pair's message, or
 * NULL. */
const char *memplan_check(Arena *arena, const MemBuffer *buffers, size_t n);

#endif
