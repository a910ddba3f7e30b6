/* A worker's memory: one aligned block, grown to the largest plan it has met and reused. */
#ifndef NASC_RUNTIME_MEMORY_H
#define NASC_RUNTIME_MEMORY_H

#include "codegen/plan.h"

typedef struct WorkerMemory {
    char *base;
    size_t bytes;
} WorkerMemory;

/* 64-byte aligned, zeroed, free() it. */
char *memory_aligned(size_t bytes);
/* At least `bytes`; the contents are unspecified. */
char *memory_reserve(WorkerMemory *m, size_t bytes);
void memory_free(WorkerMemory *m);
/* Whether the machine, and the group of processes that this one is in, have `bytes` more to give: asked before much is
 * taken, since the system grants more than it has and then kills. Else false, saying what it is for. */
bool memory_suffices(int64_t bytes, const char *what, NascError *err);

/* Puts a dense row-major value where and how the plan wants it. */
void memory_write_leaf(const PlanLeaf *leaf, const IrType *type, const float *dense, char *base);

#endif
