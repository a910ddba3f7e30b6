/* 128-bit content hashes (XXH3, seeded per use) and hex text of them. Not for secrets. */
#ifndef NASC_BASE_HASH_H
#define NASC_BASE_HASH_H

#include "base/base.h"

typedef struct Hash128 {
    uint64_t hi, lo;
} Hash128;

enum { HASH128_TEXT = 33 }; /* 32 hex digits and a NUL */

Hash128 hash128(const void *bytes, size_t len, uint64_t seed);
/* Order matters: hash128_combine(a, b) != hash128_combine(b, a). */
Hash128 hash128_combine(Hash128 a, Hash128 b);
int hash128_compare(Hash128 a, Hash128 b); /* total order, as memcmp */
static inline bool hash128_equal(Hash128 a, Hash128 b) {
    return a.hi == b.hi && a.lo == b.lo;
}
void hash128_text(Hash128 h, char out[HASH128_TEXT]);

/* SHA-256 of a byte string as 64 lower-case hex digits and a NUL. */
enum { SHA256_TEXT = 65 };
void sha256_text(const void *bytes, size_t len, char out[SHA256_TEXT]);

#endif
