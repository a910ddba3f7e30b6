/* Shared by the kernel tests: seeded random shapes, values in the lanes layout, and a session a
 * target. */
#ifndef NASC_TEST_KERNEL_CASE_H
#define NASC_TEST_KERNEL_CASE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "case_count.h"
#include "codegen/jit.h"
#include "codegen/kernel_args.h"

typedef struct Draw {
    RandomStream stream;
    uint64_t next;
} Draw;

static inline Draw draw_open(uint64_t seed) {
    return (Draw){.stream = random_stream(seed, 0, RANDOM_TEST, (Hash128){1, 2})};
}

static inline int draw_int(Draw *d, int lo, int hi) {
    return lo + (int)random_below(d->stream, d->next++, (uint64_t)(hi - lo + 1));
}

static inline int draw_of(Draw *d, const int *values, int n) {
    return values[draw_int(d, 0, n - 1)];
}

static inline float draw_normal(Draw *d) {
    return (float)random_normal(d->stream, d->next++);
}

/* Index of element (n, c, h, w) in floats. */
static inline size_t lane_index(int C, int H, int W, int n, int c, int h, int w) {
    return ((((size_t)(n / LANES) * (size_t)C + (size_t)c) * (size_t)H + (size_t)h) * (size_t)W +
            (size_t)w) *
               LANES +
           (size_t)(n % LANES);
}

/* Memory for one call: tensors at 64-byte boundaries, zero in between. */
typedef struct Memory {
    char *base;
    int64_t used, size;
} Memory;

static inline Memory memory_open(void) {
    Memory m = {.size = 16 << 20};
    m.base = aligned_alloc(64, (size_t)m.size);
    memset(m.base, 0, (size_t)m.size);
    m.used = 64;
    return m;
}

static inline int64_t memory_take(Memory *m, int64_t floats) {
    int64_t at = m->used;
    m->used = (m->used + floats * 4 + 127) / 64 * 64;
    assert_true(m->used <= m->size);
    return at;
}

static inline float *memory_at(const Memory *m, int64_t offset) {
    return (float *)(void *)(m->base + offset);
}

static inline int64_t lanes_floats(int N, int C, int H, int W) {
    return (int64_t)((N + LANES - 1) / LANES) * C * H * W * LANES;
}

/* Fills every lane, those beyond the batch with large values that must not matter. */
static inline void fill_lanes(Draw *d, float *x, int N, int C, int H, int W) {
    int blocks = (N + LANES - 1) / LANES;
    for (int n = 0; n < blocks * LANES; n++)
        for (int c = 0; c < C; c++)
            for (int h = 0; h < H; h++)
                for (int w = 0; w < W; w++)
                    x[lane_index(C, H, W, n, c, h, w)] = n < N ? draw_normal(d) : 1e6f;
}

enum { TARGETS = 3 };
static const char *const target_names[TARGETS] = {"x86-64-v4", "x86-64-v3", "x86-64"};

typedef struct Sessions {
    Jit *jit[TARGETS]; /* NULL where the host lacks it */
} Sessions;

static inline int sessions_open(void **state) {
    Sessions *s = calloc(1, sizeof *s);
    for (int t = 0; t < TARGETS; t++) {
        JitOptions options = {.cpu = target_names[t]};
        NascError err = {0};
        s->jit[t] = jit_open(&options, &err);
        if (!s->jit[t])
            print_message("not run on %s: %s\n", target_names[t], err.message);
    }
    *state = s;
    return 0;
}

static inline int sessions_close(void **state) {
    Sessions *s = *state;
    for (int t = 0; t < TARGETS; t++)
        jit_close(s->jit[t]);
    free(s);
    return 0;
}

static inline KernelFn *kernel_get(Jit *jit, KernelKind kind, const char *text) {
    KernelDesc desc = {.kind = kind, .text = text};
    KernelFn *fn = NULL;
    NascError err = {0};
    if (!jit_get(jit, &desc, 1, &fn, &err))
        fail_msg("%s", err.message);
    return fn;
}

/* Runs a kernel on every target, in one call and in two parts, into `out` (bytes at an offset). The
 * result of the first target stays; the second (also with FMA) must have the same bits, the third
 * only be near, and parts must not matter. */
static inline void run_everywhere(const Sessions *s, KernelKind kind, const char *text, Memory *m,
                                  const int64_t *arg, int64_t range, int64_t cut, int64_t out,
                                  int64_t floats, const double *magnitude) {
    float *first = NULL, *dst = memory_at(m, out);
    size_t bytes = (size_t)floats * 4;
    for (int t = 0; t < TARGETS; t++) {
        if (!s->jit[t])
            continue;
        KernelFn *fn = kernel_get(s->jit[t], kind, text);
        memset(dst, 0x7b, bytes);
        fn(m->base, arg, cut, range);
        fn(m->base, arg, 0, cut);
        if (!first) {
            first = malloc(bytes);
            memcpy(first, dst, bytes);
            memset(dst, 0x7b, bytes);
            fn(m->base, arg, 0, range);
        }
        if (t < 2) {
            if (memcmp(first, dst, bytes) != 0)
                fail_msg("%s: bits differ on %s", text, target_names[t]);
            continue;
        }
        for (int64_t i = 0; i < floats; i++) {
            double scale = magnitude ? magnitude[i] : fabs(first[i]);
            if (fabs((double)first[i] - dst[i]) > 1e-5 * scale + 1e-6)
                fail_msg("%s: %g and %g on %s", text, first[i], dst[i], target_names[t]);
        }
    }
    memcpy(dst, first, bytes);
    free(first);
}

/* A weight gradient that updates its weight, against what it writes without (`plain`, which has run:
 * the gradient lies at `weight`) and the step of the optimizer in plain C, to the bit. `arg` has room
 * for UpdateArg from `first` on. */
static inline void check_update(const Sessions *s, Draw *r, KernelKind kind, const char *plain,
                                const char *updating, UpdateKind update, Memory *m, int64_t *arg,
                                int first, int weight, int64_t range, int64_t floats) {
    volatile float lr = 0.3f, momentum = 0.9f, decay = 0.07f, product; /* rounded one by one */
    float *gradient = memory_at(m, arg[weight]), *want = malloc((size_t)floats * 8);
    int64_t at_w = memory_take(m, floats), at_v = memory_take(m, floats),
            cut = draw_int(r, 0, (int)range);
    float *w = memory_at(m, at_w), *v = memory_at(m, at_v), settings[] = {lr, momentum, decay};
    arg[first + UPDATE_V] = at_v;
    arg[first + UPDATE_GRADIENT] = memory_take(m, UPDATE_ROWS * (floats / range));
    for (int k = 0; k < 3; k++) {
        uint32_t bits;
        memcpy(&bits, &settings[k], sizeof bits);
        arg[first + UPDATE_LR + k] = bits;
    }
    int64_t guard = memory_take(m, 1), old = arg[weight];
    memory_at(m, guard)[0] = 7;
    for (int t = 0; t < TARGETS; t++) {
        if (!s->jit[t])
            continue;
        arg[weight] = old;
        kernel_get(s->jit[t], kind, plain)(m->base, arg, 0, range);
        for (int64_t i = 0; i < floats; i++) {
            w[i] = draw_normal(r), v[i] = draw_normal(r);
            volatile float g = gradient[i], moved;
            if (update == UPDATE_SGD_DECAY) {
                product = decay * w[i];
                g = g + product;
            }
            product = momentum * v[i];
            moved = product + g;
            product = lr * moved;
            want[i] = w[i] - product;
            want[floats + i] = moved;
        }
        arg[weight] = at_w;
        KernelFn *fn = kernel_get(s->jit[t], kind, updating);
        fn(m->base, arg, cut, range);
        fn(m->base, arg, 0, cut);
        if (memcmp(w, want, (size_t)floats * 4) != 0 ||
            memcmp(v, want + floats, (size_t)floats * 4) != 0)
            fail_msg("%s: another step on %s", updating, target_names[t]);
        assert_true(memory_at(m, guard)[0] == 7);
    }
    free(want);
}

#endif
