/* Best fit by size over lifetimes. A chain of buffers that take over each other's place (results
 * computed in place of a dying operand) is one block that lives as long as all of them. */
#include "codegen/memplan.h"

#include <stdlib.h>

typedef struct Block {
    int64_t bytes, offset;
    int first, last;
    size_t number; /* the buffer that begins the chain */
} Block;

static size_t head_of(const MemBuffer *b, size_t i) {
    while (b[i].place_of >= 0)
        i = (size_t)b[i].place_of;
    return i;
}

static int compare_blocks(const void *x, const void *y) {
    const Block *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool meet(const Block *a, const Block *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* The best offset for `x` among `placed`, which is sorted by offset. */
static int64_t best_gap(const Block *x, const Block *placed, size_t n, int64_t from) {
    int64_t at = from, best = -1, best_size = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!meet(x, &placed[i]))
            continue;
        int64_t gap = placed[i].offset - at;
        if (gap >= x->bytes && gap < best_size) {
            best = at;
            best_size = gap;
        }
        at = MAX(at, placed[i].offset + placed[i].bytes);
    }
    return best >= 0 ? best : at;
}

int64_t memplan_place(Arena *arena, MemBuffer *buffers, size_t n, int64_t from) {
    Block *blocks = ARENA_ARRAY(arena, Block, n), *placed = ARENA_ARRAY(arena, Block, n);
    size_t *block_of = ARENA_ARRAY(arena, size_t, n), nblocks = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(buffers[i].bytes % 64 == 0 && buffers[i].first <= buffers[i].last);
        if (buffers[i].place_of < 0) {
            block_of[i] = nblocks;
            blocks[nblocks++] = (Block){buffers[i].bytes, 0, buffers[i].first, buffers[i].last, i};
        }
    }
    for (size_t i = 0; i < n; i++) {
        Block *b = &blocks[block_of[head_of(buffers, i)]];
        b->first = MIN(b->first, buffers[i].first);
        b->last = MAX(b->last, buffers[i].last);
        CHECK(buffers[i].bytes <= b->bytes);
    }
    qsort(blocks, nblocks, sizeof *blocks, compare_blocks);
    int64_t end = from;
    for (size_t k = 0; k < nblocks; k++) {
        Block b = blocks[k];
        b.offset = best_gap(&b, placed, k, from);
        end = MAX(end, b.offset + b.bytes);
        buffers[b.number].offset = b.offset;
        size_t at = k;
        for (; at > 0 && placed[at - 1].offset > b.offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = b;
    }
    for (size_t i = 0; i < n; i++)
        buffers[i].offset = buffers[head_of(buffers, i)].offset;
    return end;
}

const char *memplan_check(Arena *arena, const MemBuffer *buffers, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const MemBuffer *a = &buffers[i], *b = &buffers[j];
            if (a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset)
                continue;
            bool taken = (a->place_of == (int)j && a->first == b->last) ||
                         (b->place_of == (int)i && b->first == a->last);
            if (!taken && a->first <= b->last && b->first <= a->last)
                return arena_printf(arena, "buffers %zu and %zu overlap at offset %lld", j, i,
                                    (long long)MAX(a->offset, b->offset));
        }
    return NULL;
}
