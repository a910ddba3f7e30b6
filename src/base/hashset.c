/* Open addressing; an empty slot is the hash 0, which stands for 1 when it is a key. */
#include "base/hashset.h"

#include <stdlib.h>
#include <string.h>

static void grow(HashSet *s) {
    HashSet bigger = {.nslots = s->nslots ? 2 * s->nslots : 256};
    bigger.slots = nasc_alloc_zero(bigger.nslots * sizeof *bigger.slots);
    for (size_t i = 0; i < s->nslots; i++)
        if (s->slots[i].hi | s->slots[i].lo)
            hash_set_add(&bigger, s->slots[i]);
    free(s->slots);
    *s = bigger;
}

/* The slot of a key, or the empty one where it belongs. */
static size_t find(const HashSet *s, Hash128 key) {
    size_t i = key.lo & (s->nslots - 1);
    while ((s->slots[i].hi | s->slots[i].lo) && !hash128_equal(s->slots[i], key))
        i = (i + 1) & (s->nslots - 1);
    return i;
}

static Hash128 never_empty(Hash128 key) {
    return (Hash128){.hi = key.hi, .lo = key.hi | key.lo ? key.lo : 1};
}

bool hash_set_has(const HashSet *s, Hash128 key) {
    key = never_empty(key);
    return s->nslots && hash128_equal(s->slots[find(s, key)], key);
}

bool hash_set_add(HashSet *s, Hash128 key) {
    if (2 * (s->used + 1) > s->nslots)
        grow(s);
    key = never_empty(key);
    size_t i = find(s, key);
    if (s->slots[i].hi | s->slots[i].lo)
        return false;
    s->slots[i] = key;
    s->used++;
    return true;
}

void hash_set_clear(HashSet *s) {
    if (s->used)
        memset(s->slots, 0, s->nslots * sizeof *s->slots);
    s->used = 0;
}

void hash_set_free(HashSet *s) {
    free(s->slots);
    *s = (HashSet){0};
}
