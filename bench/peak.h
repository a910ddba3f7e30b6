/* What one core can do: multiply-adds with full vectors, and bytes to and from memory. Measured, since clock and
 * machine decide. Both are the best of several runs in processor time. */
#ifndef NASC_BENCH_PEAK_H
#define NASC_BENCH_PEAK_H

#include <stdint.h>
#include <string.h>
#include <time.h>

static inline double peak_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Independent chains hide the latency of a multiply-add; they must fit into the registers. */
#define PEAK_CHAINS(name, features, vector, chains, set1, multiply_add)                            \
    __attribute__((noinline, target(features))) static double name(int64_t rounds) {               \
        vector sum[chains], x = set1(0.5f), y = set1(0.25f);                                       \
        _Pragma("GCC unroll 12") for (int k = 0; k < (chains); k++) sum[k] = x;                    \
        double start = peak_seconds();                                                             \
        for (int64_t r = 0; r < rounds; r++)                                                       \
            _Pragma("GCC unroll 12") for (int k = 0; k < (chains); k++) {                          \
                sum[k] = multiply_add(sum[k], x, y);                                               \
                __asm__ volatile("" : "+x"(sum[k]));                                               \
            }                                                                                      \
        double took = peak_seconds() - start;                                                      \
        return 2e-9 * (sizeof(vector) / 4) * (chains) * (double)rounds / took;                     \
    }
#define PEAK_SSE(a, x, y) _mm_add_ps(_mm_mul_ps(a, x), y)

PEAK_CHAINS(peak_avx512, "avx512f", __m512, 12, _mm512_set1_ps, _mm512_fmadd_ps)
PEAK_CHAINS(peak_avx2, "avx2,fma", __m256, 12, _mm256_set1_ps, _mm256_fmadd_ps)
PEAK_CHAINS(peak_sse, "sse2", __m128, 12, _mm_set1_ps, PEAK_SSE)
#endif

/* GFLOP/s of multiply-adds on vectors of so many bits; 0 where this machine is not known. */
static inline double peak_gflops(int bits) {
    double best = 0;
#if defined(__x86_64__)
    for (int run = 0; run < 8; run++) {
        double now = bits == 512   ? peak_avx512(4000000)
                     : bits == 256 ? peak_avx2(4000000)
                                   : peak_sse(4000000);
        best = now > best ? now : best;
    }
#else
    (void)bits;
#endif
    return best;
}

/* GB/s, read and written together, of copying one half of `base` onto the other. */
static inline double peak_bandwidth(char *base, size_t bytes, int runs) {
    double best = 0;
    for (int run = 0; run < runs; run++) {
        double start = peak_seconds();
        memcpy(base + bytes / 2, base, bytes / 2);
        __asm__ volatile("" : : "r"(base) : "memory");
        double took = peak_seconds() - start, now = took > 0 ? 1e-9 * (double)bytes / took : 0;
        best = now > best ? now : best;
    }
    return best;
}

#endif
