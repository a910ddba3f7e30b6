/* Open addressing with linear probing over hashes of the texts; at most two thirds full. */
#include "base/intern.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

typedef struct InternSlot {
    uint64_t hash;
    const char *text; /* NULL: free */
    size_t len;
} InternSlot;

enum { FIRST_CAPACITY = 256 };

void intern_init(Intern *t, Arena *arena) {
    *t = (Intern){.arena = arena};
}

static InternSlot *find_slot(const Intern *t, uint64_t hash, const char *text, size_t len) {
    size_t mask = t->cap - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        InternSlot *s = &t->slots[i];
        if (!s->text || (s->hash == hash && s->len == len && !memcmp(s->text, text, len)))
            return s;
    }
}

static void grow(Intern *t) {
    InternSlot *old = t->slots;
    size_t old_cap = t->cap;
    t->cap = old_cap ? 2 * old_cap : FIRST_CAPACITY;
    t->slots = nasc_alloc_zero(t->cap * sizeof *t->slots);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].text)
            *find_slot(t, old[i].hash, old[i].text, old[i].len) = old[i];
    free(old);
}

const char *intern_text(Intern *t, const char *text, size_t len) {
    if (3 * (t->len + 1) > 2 * t->cap)
        grow(t);
    uint64_t hash = hash128(text, len, 0).lo;
    InternSlot *s = find_slot(t, hash, text, len);
    if (!s->text) {
        *s = (InternSlot){.hash = hash, .text = arena_strndup(t->arena, text, len), .len = len};
        t->len++;
    }
    return s->text;
}

const char *intern(Intern *t, const char *text) {
    return intern_text(t, text, strlen(text));
}

void intern_free(Intern *t) {
    free(t->slots);
    *t = (Intern){0};
}
