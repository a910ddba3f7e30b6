/* Compiled kernels on disk, one file a kernel, named by its key. An entry is trusted only if its
 * header, length and checksum agree; anything else is as if absent. Several processes may share a
 * directory: files appear whole, by renaming. */
#ifndef NASC_CODEGEN_CACHE_H
#define NASC_CODEGEN_CACHE_H

#include "base/buf.h"
#include "base/hash.h"

typedef enum CacheResult {
    CACHE_ABSENT,
    CACHE_FOUND,
    CACHE_REJECTED, /* a file is there, but corrupt, truncated or of another key or format */
} CacheResult;

/* CACHE_FOUND appends the object's bytes to `out`. dir NULL: CACHE_ABSENT. */
CacheResult cache_load(const char *dir, Hash128 key, Buf *out);
/* Makes the directory if needed. False if nothing could be written: the cache is then simply not
 * there. */
bool cache_store(const char *dir, Hash128 key, const void *bytes, size_t len);
/* Removes the least recently used entries until no more than `limit` bytes are left. Harmless beside other
 * processes: an entry that vanishes under a reader is compiled again. */
void cache_trim(const char *dir, int64_t limit);
/* Malloc'd path of an entry. */
char *cache_path(const char *dir, Hash128 key);

#endif
