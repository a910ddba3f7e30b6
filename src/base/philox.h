/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A number is a pure function of (key, counter), so no draw depends on another,
 * on the order of threads or on how many were drawn before. */
#ifndef NASC_BASE_PHILOX_H
#define NASC_BASE_PHILOX_H

#include "base/hash.h"

/* What a stream is for; part of every key, so that two purposes never share numbers. */
typedef enum RandomPurpose {
    RANDOM_INIT = 1,  /* initial weights of a network, one stream a leaf */
    RANDOM_TARGET,    /* random tensors of a proxy's per-run part */
    RANDOM_IMAGES,    /* which images, and the drawing of procedural ones */
    RANDOM_SAMPLE,    /* points of a space, rows of a table */
    RANDOM_BOOTSTRAP, /* resamples of a statistic */
    RANDOM_BASELINE,  /* the `random` row of a report */
    RANDOM_MUTATE,
    RANDOM_NOISE, /* inputs that are new at every forward pass */
    RANDOM_TEST,
} RandomPurpose;

typedef struct RandomStream {
    uint32_t key[2];
    uint32_t stream[2]; /* upper half of the counter */
} RandomStream;

/* A stream named by (seed, repeat, purpose, identity): the identity is a content hash, e.g. of the
 * canonical network combined with the number of a leaf. */
RandomStream random_stream(uint64_t seed, uint64_t repeat, RandomPurpose purpose, Hash128 identity);

/* The 128 random bits at position `index` of a stream. */
void random_bits(RandomStream s, uint64_t index, uint32_t out[4]);

/* One number per index. Uniform values lie on a grid of 2^-53 in [0, 1); a normal value is the
 * first of a Box-Muller pair made of the same 128 bits. */
double random_uniform(RandomStream s, uint64_t index);
double random_normal(RandomStream s, uint64_t index);
/* out[i] = random_uniform(s, first + i), several at a time: initial weights are millions of
 * numbers. */
void random_uniform_many(RandomStream s, uint64_t first, size_t n, double *out);
/* Uniform in 0..n-1 (n >= 1), without bias to within 2^-64. */
uint64_t random_below(RandomStream s, uint64_t index, uint64_t n);
/* Fisher-Yates over 0..n-1, drawing positions first_index .. first_index + n - 1 of the stream. */
void random_permutation(RandomStream s, uint64_t first_index, size_t n, uint32_t *out);

#endif
