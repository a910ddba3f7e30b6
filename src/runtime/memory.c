#include "runtime/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Kernels walk planes that lie pages apart: large blocks ask for huge pages, where the system has
 * them to give. */
enum { HUGE_PAGE = 2 << 20, LARGE = 4 * HUGE_PAGE };

/* Less than this is taken without asking. */
enum { MUCH = 256 << 20 };

char *memory_aligned(size_t bytes) {
    size_t unit = bytes >= LARGE ? HUGE_PAGE : 64;
    size_t size = (MAX(bytes, 64) + unit - 1) / unit * unit;
    char *p = aligned_alloc(unit, size);
    if (!p)
        nasc_out_of_memory(size);
    if (unit == HUGE_PAGE)
        (void)madvise(p, size, MADV_HUGEPAGE);
    return memset(p, 0, size);
}

/* The number in a file behind `key`, or at its start; INT64_MAX if there is none. */
static int64_t number_in(const char *path, const char *key) {
    char line[256];
    long long value = INT64_MAX;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0) {
            if (sscanf(line + strlen(key), "%lld", &value) != 1)
                value = INT64_MAX;
            break;
        }
    if (f)
        (void)fclose(f);
    return value;
}

static int64_t memory_available(void) {
    int64_t kib = number_in("/proc/meminfo", "MemAvailable:"), most = INT64_MAX;
    if (kib < INT64_MAX / 1024)
        most = kib * 1024;
    int64_t limit = number_in("/sys/fs/cgroup/memory.max", "");
    int64_t used = number_in("/sys/fs/cgroup/memory.current", "");
    return limit < INT64_MAX && used < limit ? MIN(most, limit - used) : most;
}

bool memory_suffices(int64_t bytes, const char *what, NascError *err) {
    int64_t have = bytes < MUCH ? INT64_MAX : memory_available();
    if (bytes <= have)
        return true;
    nasc_fail(err, NASC_ENVIRONMENT, "%s would take %.1f GB of memory, of which %.1f GB are free",
              what, 1e-9 * (double)bytes, 1e-9 * (double)have);
    return false;
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
