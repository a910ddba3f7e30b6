/* Interned texts: equal texts are equal pointers, numbered in the order of first use. */
#ifndef NASC_BASE_INTERN_H
#define NASC_BASE_INTERN_H

#include "base/arena.h"

typedef struct Intern {
    Arena *arena; /* owns the texts */
    struct InternSlot *slots;
    size_t len, cap; /* cap: a power of two, or 0 */
} Intern;

void intern_init(Intern *t, Arena *arena);
/* The one copy of the text; it ends in a NUL that `len` does not count, and lives as long as the
 * arena. */
const char *intern_text(Intern *t, const char *text, size_t len);
const char *intern(Intern *t, const char *text);
/* Frees the table, not the texts. */
void intern_free(Intern *t);

#endif
