#include "base/philox.h"

#include <math.h>

static void philox_round(uint32_t c[4], const uint32_t k[2]) {
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b,
                        (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a};
    for (int i = 0; i < 4; i++)
        c[i] = next[i];
}

RandomStream random_stream(uint64_t seed, uint64_t repeat, RandomPurpose purpose, Hash128 identity) {
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
