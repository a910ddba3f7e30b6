/* Arenas: memory with a named lifetime (session, program, candidate, scratch), freed as a whole.
 * An allocation is zeroed unless said otherwise, aligned to 16 bytes and never NULL. */
#ifndef NASC_BASE_ARENA_H
#define NASC_BASE_ARENA_H

#include <string.h>

#include "base/base.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
    const char *name; /* the lifetime, for statistics and bug reports */
    char *at, *end;   /* what is free of the newest block */
    ArenaBlock *block, *spare;
    size_t live_bytes;
} Arena;

enum { ARENA_ALIGN = 16 };

void arena_init(Arena *a, const char *name);
/* For arena_room alone: makes room for `bytes` more. */
void arena_add_block(Arena *a, size_t bytes);

/* Not zeroed: for what is written whole before it is read. */
static inline void *arena_room(Arena *a, size_t bytes) {
    bytes = (MAX(bytes, (size_t)1) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if ((size_t)(a->end - a->at) < bytes)
        arena_add_block(a, bytes);
    void *p = a->at;
    a->at += bytes;
    a->live_bytes += bytes;
    return p;
}

/* In the header, since most sizes are known where it is called: zeroing is then a few stores. */
static inline void *arena_alloc(Arena *a, size_t bytes) {
    return memset(arena_room(a, bytes), 0, bytes);
}
/* Copies; the result ends in a NUL that `len` does not count. */
char *arena_strndup(Arena *a, const char *s, size_t len);
char *arena_strdup(Arena *a, const char *s);
/* The texts one after another. */
char *arena_join(Arena *a, const char *const *parts, size_t n);
/* Room for one more behind `len` elements of `size` bytes: items, or where these fill *cap a copy in twice the room (at
 * first `least` elements), whose capacity *cap then is. */
void *arena_grow(Arena *a, void *items, size_t len, size_t *cap, size_t least, size_t size);
char *arena_printf(Arena *a, const char *fmt, ...) NASC_PRINTF(2, 3);
/* Empties it and keeps its blocks: what is done over and over, a point at a time, asks the system for memory once. */
void arena_reset(Arena *a);
void arena_free(Arena *a);

/* Copies of n elements. */
#define ARENA_COPY(a, T, from, n)                                                                  \
    ((T *)memcpy(arena_room((a), sizeof(T) * (size_t)(n)), (from), sizeof(T) * (size_t)(n)))
#define ARENA_NEW(a, T)      ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

#endif
