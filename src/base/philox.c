#include "base/philox.h"

#include <math.h>

static void philox_round(uint32_t c[4], const uint32_t k[2]) {
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b,
                        (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a};
    for (int i = 0; i < 4; i++)
        c[i] = next[i];
}

RandomStream random_stream(uint64_t seed, uint64_t repeat, RandomPurpose purpose,
                           Hash128 identity) {
    uint64_t words[5] = {seed, repeat, (uint64_t)purpose, identity.hi, identity.lo};
    Hash128 h = hash128(words, sizeof words, 0);
    return (RandomStream){{(uint32_t)h.hi, (uint32_t)(h.hi >> 32)},
                          {(uint32_t)h.lo, (uint32_t)(h.lo >> 32)}};
}

void random_bits(RandomStream s, uint64_t index, uint32_t out[4]) {
    out[0] = (uint32_t)index;
    out[1] = (uint32_t)(index >> 32);
    out[2] = s.stream[0];
    out[3] = s.stream[1];
    uint32_t k[2] = {s.key[0], s.key[1]};
    for (int round = 0; round < 10; round++) {
        philox_round(out, k);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
}

static double to_unit(uint32_t hi, uint32_t lo) {
    return (double)((((uint64_t)hi << 32) | lo) >> 11) * 0x1p-53;
}

double random_uniform(RandomStream s, uint64_t index) {
    uint32_t b[4];
    random_bits(s, index, b);
    return to_unit(b[0], b[1]);
}

enum { AT_ONCE = 16 };

/* The same ten rounds for AT_ONCE positions side by side, in a form that compilers vectorise;
 * integers, so every clone gives the same bits. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static void
uniform_block(RandomStream s, uint64_t first, double *out) {
    uint32_t c0[AT_ONCE], c1[AT_ONCE], c2[AT_ONCE], c3[AT_ONCE], k0 = s.key[0], k1 = s.key[1];
    for (int i = 0; i < AT_ONCE; i++) {
        c0[i] = (uint32_t)(first + (uint64_t)i);
        c1[i] = (uint32_t)((first + (uint64_t)i) >> 32);
        c2[i] = s.stream[0];
        c3[i] = s.stream[1];
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            uint64_t a = (uint64_t)0xD2511F53u * c0[i], b = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(b >> 32) ^ c1[i] ^ k0;
            c2[i] = (uint32_t)(a >> 32) ^ c3[i] ^ k1;
            c1[i] = (uint32_t)b;
            c3[i] = (uint32_t)a;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < AT_ONCE; i++)
        out[i] = to_unit(c0[i], c1[i]);
}

void random_uniform_many(RandomStream s, uint64_t first, size_t n, double *out) {
    size_t i = 0;
    for (; i + AT_ONCE <= n; i += AT_ONCE)
        uniform_block(s, first + i, out + i);
    for (; i < n; i++)
        out[i] = random_uniform(s, first + i);
}

double random_normal(RandomStream s, uint64_t index) {
    uint32_t b[4];
    random_bits(s, index, b);
    double u = 1.0 - to_unit(b[0], b[1]); /* in (0, 1]: the logarithm is finite */
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * to_unit(b[2], b[3]));
}

uint64_t random_below(RandomStream s, uint64_t index, uint64_t n) {
    CHECK(n > 0);
    uint32_t b[4];
    random_bits(s, index, b);
    uint64_t x = ((uint64_t)b[0] << 32) | b[1];
    return (uint64_t)(((unsigned __int128)x * n) >> 64);
}

void random_permutation(RandomStream s, uint64_t first_index, size_t n, uint32_t *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(s, first_index + i - 1, i);
        uint32_t t = out[i - 1];
        out[i - 1] = out[j];
        out[j] = t;
    }
}
