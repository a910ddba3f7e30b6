/* Speed of the heavy kernels on one core: convolutions in GFLOP/s by class, pooling and resizing in
 * nanoseconds for 16 outputs, and milliseconds to compile one.
 * Usage: kernels [cpu] [words to look for in a case's name]. A number counts 2 operations a
 * product, products with padding included, and is the best of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codegen/jit.h"
#include "codegen/kernel_args.h"

typedef struct BenchCase {
    const char *name;
    int I, O, size, kernel, stride, groups; /* channels of one group, square maps */
    ConvGroups kind;
} BenchCase;

static const BenchCase cases[] = {
    {"first 3->16 3x3 32x32", 3, 16, 32, 3, 1, 1, GROUPS_DENSE},
    {"16 3x3 32x32", 16, 16, 32, 3, 1, 1, GROUPS_DENSE},
    {"32 3x3 16x16", 32, 32, 16, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 8x8", 64, 64, 8, 3, 1, 1, GROUPS_DENSE},
    {"16->32 3x3/2 32x32", 16, 32, 32, 3, 2, 1, GROUPS_DENSE},
    {"32->64 3x3/2 16x16", 32, 64, 16, 3, 2, 1, GROUPS_DENSE},
    {"16 1x1 32x32", 16, 16, 32, 1, 1, 1, GROUPS_DENSE},
    {"32 1x1 16x16", 32, 32, 16, 1, 1, 1, GROUPS_DENSE},
    {"64 1x1 8x8", 64, 64, 8, 1, 1, 1, GROUPS_DENSE},
    {"16->32 1x1 16x16", 16, 32, 16, 1, 1, 1, GROUPS_DENSE},
    {"head 16->128 1x1 8x8", 16, 128, 8, 1, 1, 1, GROUPS_DENSE},
    {"head 32->128 1x1 8x8", 32, 128, 8, 1, 1, 1, GROUPS_DENSE},
    {"head 64->128 1x1 8x8", 64, 128, 8, 1, 1, 1, GROUPS_DENSE},
    {"barrier 128 3x3 8x8", 128, 128, 8, 3, 1, 1, GROUPS_DENSE},
    {"128 3x3 32x32", 128, 128, 32, 3, 1, 1, GROUPS_DENSE},
    {"256 3x3 16x16", 256, 256, 16, 3, 1, 1, GROUPS_DENSE},
    {"43->171 3x3 16x16", 43, 171, 16, 3, 1, 1, GROUPS_DENSE},
    {"32 5x5 16x16", 32, 32, 16, 5, 1, 1, GROUPS_DENSE},
    {"16 7x7 32x32", 16, 16, 32, 7, 1, 1, GROUPS_DENSE},
    {"dense 64->10", 64, 10, 1, 1, 1, 1, GROUPS_DENSE},
    {"depthwise 64 3x3 16x16", 1, 1, 16, 3, 1, 64, GROUPS_DEPTHWISE},
    {"grouped 4x16 3x3 16x16", 16, 16, 16, 3, 1, 4, GROUPS_GROUPED},
};

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double best_seconds(KernelFn *fn, char *base, const int64_t *arg, int64_t range) {
    double best = 1e9, total = 0;
    for (int run = 0; run < 200 && (run < 5 || total < 0.15); run++) {
        double start = seconds_now();
        fn(base, arg, 0, range);
        double took = seconds_now() - start;
        best = took < best ? took : best;
        total += took;
    }
    return best;
}

static KernelFn *get(Jit *jit, KernelKind kind, Buf *text) {
    KernelDesc desc = {.kind = kind, .text = text->text};
    KernelFn *fn;
    NascError err = {0};
    if (!jit_get(jit, &desc, 1, &fn, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit((int)err.status);
    }
    buf_free(text);
    return fn;
}

static double measure(Jit *jit, const BenchCase *c, KernelKind kind, char *base, size_t bytes) {
    int pad = c->kernel / 2, k = c->kernel, out = (c->size + 2 * pad - k) / c->stride + 1;
    ConvDesc d = {.groups = c->kind};
    d.window = (WindowDesc){{k, k}, {c->stride, c->stride}, {pad, pad}, {1, 1}};
    Buf text = {0};
    kernel_text_conv(&text, kind, &d);
    KernelFn *fn = get(jit, kind, &text);
    int64_t in_block = (int64_t)c->groups * c->I * c->size * c->size * 64;
    int64_t out_block = (int64_t)c->groups * c->O * out * out * 64;
    int64_t weights = (int64_t)c->groups * c->I * c->O * k * k * 4;
    int64_t arg[CONV_NARGS] = {[CONV_X] = 0, [CONV_W] = in_block, [CONV_N] = 1, [CONV_VALID] = 16};
    arg[CONV_Y] = (in_block + weights + 127) / 64 * 64;
    CHECK((size_t)(arg[CONV_Y] + out_block) <= bytes);
    arg[CONV_I] = c->I, arg[CONV_O] = c->O;
    arg[CONV_H] = arg[CONV_WIDTH] = c->size;
    arg[CONV_OH] = arg[CONV_OW] = out;
    arg[CONV_X_BLOCK] = in_block, arg[CONV_Y_BLOCK] = out_block;
    double flops = 2.0 * LANES * c->groups * c->I * c->O * k * k * out * out;
    int64_t range = (int64_t)c->groups * (kind == KERNEL_conv_dx ? c->I : c->O);
    return flops / best_seconds(fn, base, arg, range) * 1e-9;
}

/* 16 channels of 32x32; a resize goes to 8x8. */
static void measure_maps(Jit *jit, char *base) {
    static const char *const names[] = {"max 3x3", "max_dx 3x3", "avg 3x3", "avg_dx 3x3",
                                        "nearest", "nearest_dx", "bilinear", "bilinear_dx"};
    int64_t plane = 32 * 32 * 64, y = 16 * plane, dx = 32 * plane;
    for (int i = 0; i < 8; i++) {
        Buf text = {0};
        PoolDesc pool = {.op = (PoolOp)(i % 4), .window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}}};
        int64_t pools[POOL_NARGS] = {0, y, dx, 1, 32, 32, 32, 32, y, y, y};
        int64_t resizes[RESIZE_NARGS] = {0, y, 1, 32, 32, 8, 8, y, y / 16};
        if (i < 4)
            kernel_text_pool(&text, &pool);
        else
            kernel_text_resize(&text, (ResizeOp)(i - 4));
        KernelFn *fn = get(jit, i < 4 ? KERNEL_pool : KERNEL_resize, &text);
        double took = best_seconds(fn, base, i < 4 ? pools : resizes, 16);
        printf("%-26s %8.2f ns\n", names[i], 1e9 * took / (16.0 * (i < 4 ? 1024 : 64)));
    }
}

int main(int argc, char **argv) {
    JitOptions options = {.cpu = argc > 1 ? argv[1] : NULL};
    NascError err = {0};
    Jit *jit = jit_open(&options, &err);
    if (!jit) {
        fprintf(stderr, "%s\n", err.message);
        return err.status;
    }
    size_t bytes = (size_t)64 << 20;
    char *base = aligned_alloc(4096, bytes);
    for (size_t i = 0; i < bytes / 4; i++)
        ((float *)(void *)base)[i] = (float)((int)(i * 2654435761u >> 20) % 17 - 8) * 0.125f;
    printf("%s on %s, LLVM %s; GFLOP/s\n", jit_target_name(jit), jit_host_cpu(jit),
           jit_llvm_version());
    printf("%-26s %8s %8s %8s\n", "", "conv", "conv_dx", "conv_dw");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (argc > 2 && !strstr(cases[i].name, argv[2]))
            continue;
        printf("%-26s", cases[i].name);
        for (KernelKind kind = KERNEL_conv; kind <= KERNEL_conv_dw; kind++)
            printf(" %8.1f", measure(jit, &cases[i], kind, base, bytes));
        printf("\n");
    }
    if (argc <= 2)
        measure_maps(jit, base);
    JitStats s = jit_stats(jit);
    printf("%ld kernels compiled, %.1f ms each\n", (long)s.kernels_compiled,
           1e3 * s.compile_seconds / (double)s.kernels_compiled);
    jit_close(jit);
    free(base);
    return 0;
}
