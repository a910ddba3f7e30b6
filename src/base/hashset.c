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

bool hash_set_add(HashSet *s, Hash128 key) {
    if (2 * (s->used + 1) > s->nslots)
        grow(s);
    if (!(key.hi | key.lo))
        key.lo = 1;
    size_t i = key.lo & (s->nslots - 1);
    for (; s->slots[i].hi | s->slots[i].lo; i = (i + 1) & (s->nslots - 1))
        if (hash128_equal(s->slots[i], key))
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
