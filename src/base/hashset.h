/* A set of 128-bit hashes. */
#ifndef NASC_BASE_HASHSET_H
#define NASC_BASE_HASHSET_H

#include "base/hash.h"

typedef struct HashSet {
    Hash128 *slots;
    size_t nslots, used;
} HashSet;

/* Adds a key; false if it was there. */
bool hash_set_add(HashSet *s, Hash128 key);
bool hash_set_has(const HashSet *s, Hash128 key);
void hash_set_clear(HashSet *s);
void hash_set_free(HashSet *s);

#endif
