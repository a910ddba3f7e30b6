#include "runtime/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Kernels walk planes that lie pages apart: large blocks ask for huge pages, where the system has
 * them to give. */
enum { HUGE_PAGE = 2 << 20, LARGE = 4 * HUGE_PAGE };

char *memory_aligned(size_t bytes) {
    size_t unit = bytes >= LARGE ? HUGE_PAGE : 64;
    size_t size = (MAX(bytes, 64) + unit - 1) / unit * unit;
    char *p = aligned_alloc(unit, size);
    if (!p)
        p = nasc_alloc(SIZE_MAX / 2); /* ends the process the way every failed allocation does */
    if (unit == HUGE_PAGE)
        (void)madvise(p, size, MADV_HUGEPAGE);
    return memset(p, 0, size);
}

char *memory_reserve(WorkerMemory *m, size_t bytes) {
    if (m->bytes < bytes) {
        free(m->base);
        m->base = memory_aligned(bytes);
        m->bytes = bytes;
    }
    return m->base;
}

void memory_free(WorkerMemory *m) {
    free(m->base);
    *m = (WorkerMemory){0};
}

void memory_write_leaf(const PlanLeaf *leaf, const IrType *type, const float *dense, char *base) {
    float *to = (float *)(base + leaf->offset);
    if (leaf->lanes)
        plan_write_lanes(type, dense, to);
    else
        memcpy(to, dense, (size_t)leaf->elements * sizeof *to);
}
