#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double up to the largest step: below the size for which malloc goes to the system. */
enum { FIRST_BLOCK = 16 << 10, LARGEST_STEP = 1 << 20 };

struct ArenaBlock {
    ArenaBlock *previous;
    size_t size;
    _Alignas(ARENA_ALIGN) char data[];
};

void arena_init(Arena *a, const char *name) {
    *a = (Arena){.name = name};
}

static ArenaBlock *take_spare(Arena *a, size_t bytes) {
    for (ArenaBlock **at = &a->spare; *at; at = &(*at)->previous) {
        ArenaBlock *b = *at;
        if (b->size < bytes)
            continue;
        *at = b->previous;
        return b;
    }
    return NULL;
}

static ArenaBlock *block_new(size_t size) {
    ArenaBlock *b = nasc_alloc(sizeof *b + size);
    b->size = size;
    return b;
}

void arena_add_block(Arena *a, size_t bytes) {
    ArenaBlock *b = take_spare(a, bytes);
    if (!b) {
        size_t size = a->block ? MIN(2 * a->block->size, (size_t)LARGEST_STEP) : FIRST_BLOCK;
        b = block_new(MAX(size, bytes));
    }
    b->previous = a->block;
    a->block = b;
    a->at = b->data;
    a->end = b->data + b->size;
}

char *arena_strndup(Arena *a, const char *s, size_t len) {
    char *copy = arena_room(a, len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(Arena *a, const char *s) {
    return arena_strndup(a, s, strlen(s));
}

char *arena_join(Arena *a, const char *const *parts, size_t n) {
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += strlen(parts[i]);
    char *text = arena_room(a, len + 1), *at = text;
    *at = '\0';
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, parts[i]);
    return text;
}

void *arena_grow(Arena *a, void *items, size_t len, size_t *cap, size_t least, size_t size) {
    if (len < *cap)
        return items;
    *cap = MAX(2 * *cap, least);
    char *grown = arena_room(a, *cap * size);
    if (len)
        memcpy(grown, items, len * size);
    memset(grown + len * size, 0, (*cap - len) * size);
    return grown;
}

char *arena_printf(Arena *a, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    CHECK(n >= 0);
    char *text = arena_alloc(a, (size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

void arena_reset(Arena *a) {
    while (a->block) {
        ArenaBlock *b = a->block;
        a->block = b->previous;
        b->previous = a->spare;
        a->spare = b;
    }
    a->at = a->end = NULL;
    a->live_bytes = 0;
}

void arena_free(Arena *a) {
    arena_reset(a);
    while (a->spare) {
        ArenaBlock *b = a->spare;
        a->spare = b->previous;
        free(b);
    }
}
