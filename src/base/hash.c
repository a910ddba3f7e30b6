#include "base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL /* most keys are a few words, and calls would take longer than hashing them */
#include <xxhash.h>

Hash128 hash128(const void *bytes, size_t len, uint64_t seed) {
    XXH128_hash_t h = XXH3_128bits_withSeed(bytes, len, seed);
    return (Hash128){h.high64, h.low64};
}

Hash128 hash128_combine(Hash128 a, Hash128 b) {
    Hash128 pair[2] = {a, b};
    return hash128(pair, sizeof pair, 0x6e617363);
}

int hash128_compare(Hash128 a, Hash128 b) {
    if (a.hi != b.hi)
        return a.hi < b.hi ? -1 : 1;
    return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}

void hash128_text(Hash128 h, char out[HASH128_TEXT]) {
    snprintf(out, HASH128_TEXT, "%016llx%016llx", (unsigned long long)h.hi,
             (unsigned long long)h.lo);
}

void sha256_text(const void *bytes, size_t len, char out[SHA256_TEXT]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    CHECK(EVP_Digest(bytes, len, digest, &n, EVP_sha256(), NULL) == 1 && n == 32);
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
