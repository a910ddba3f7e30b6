/* Which values of a space's decisions, and which pairs of values, a check has built together, and
 * what to take next so that few points hold all of them. In: decisions as they are asked for, row
 * by row. Out: indices. Invariant: what is chosen depends on the rows before alone. */
#ifndef NASC_FRONTEND_CHECK_COVER_H
#define NASC_FRONTEND_CHECK_COVER_H

#include "base/hashset.h"
#include "frontend/host.h"

/* Of a decision of many values so many are looked at, evenly spread, both ends among them. */
enum { COVER_MAX_VALUES = 64 };
int64_t cover_values(int64_t count);
int64_t cover_value(int64_t count, int64_t k);

/* A declaration; all its elements share it. */
typedef struct CoverChoice {
    const Ast *choice;
    int64_t values; /* the most that an element has, as cover_values counts */
    bool shapes;    /* its values change what shapes meet */
    int64_t in_row; /* elements asked for in this row */
    uint64_t plain; /* bit k: with value k of its only element nothing met that other values lack */
} CoverChoice;

typedef struct CoverDecision {
    const char *address;
    int64_t count;
} CoverDecision;

typedef struct CoverTaken {
    const Ast *choice;
    Hash128 key; /* of address and index */
    bool shapes;
} CoverTaken;

typedef struct Cover {
    Arena *arena;
    HashSet decisions, values, pairs, tried;
    VEC(CoverDecision) seen;
    VEC(CoverChoice) choices;
    VEC(CoverTaken) row;
    uint64_t rows;
    size_t new_values, new_pairs; /* that the present row would add */
} Cover;

void cover_init(Cover *c, Arena *arena);
void cover_free(Cover *c);
void cover_begin_row(Cover *c);
CoverChoice *cover_choice(Cover *c, const Ast *choice);
/* Notes what the row takes. */
void cover_take(Cover *c, const char *address, const EvalDomain *d, int64_t index);
/* The index that adds most to what is built; the caller takes it. */
int64_t cover_best(Cover *c, const char *address, const EvalDomain *d);
/* The row was built (or could not be): its pairs are not asked for again. */
void cover_end_row(Cover *c, bool built);
bool cover_has_value(const Cover *c, const char *address, int64_t index);

#endif
