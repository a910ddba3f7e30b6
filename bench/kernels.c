/* Speed of the heavy kernels on one core: convolutions in GFLOP/s by class, pooling and resizing in
 * nanoseconds for 16 outputs, and milliseconds to compile one.
 * Usage: kernels [cpu] [words to look for in a case's name]. A number counts 2 operations a
 * product, products with padding included, and is the best of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codegen/conv_algorithm.h"
#include "codegen/jit.h"

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
    {"16 3x3 16x16", 16, 16, 16, 3, 1, 1, GROUPS_DENSE},
    {"16 3x3 8x8", 16, 16, 8, 3, 1, 1, GROUPS_DENSE},
    {"32 3x3 8x8", 32, 32, 8, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 7x7", 64, 64, 7, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 6x6", 64, 64, 6, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 5x5", 64, 64, 5, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 4x4", 64, 64, 4, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 3x3", 64, 64, 3, 3, 1, 1, GROUPS_DENSE},
    {"256 3x3 4x4", 256, 256, 4, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 2x2", 64, 64, 2, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 1x1", 64, 64, 1, 3, 1, 1, GROUPS_DENSE},
    {"4 3x3 32x32", 4, 4, 32, 3, 1, 1, GROUPS_DENSE},
    {"8 3x3 16x16", 8, 8, 16, 3, 1, 1, GROUPS_DENSE},
    {"8 3x3 8x8", 8, 8, 8, 3, 1, 1, GROUPS_DENSE},
    {"64->4 3x3 16x16", 64, 4, 16, 3, 1, 1, GROUPS_DENSE},
    {"64->1 3x3 16x16", 64, 1, 16, 3, 1, 1, GROUPS_DENSE},
    {"1->64 3x3 16x16", 1, 64, 16, 3, 1, 1, GROUPS_DENSE},
    {"3->64 3x3 32x32", 3, 64, 32, 3, 1, 1, GROUPS_DENSE},
    {"64 3x3 32x32", 64, 64, 32, 3, 1, 1, GROUPS_DENSE},
    {"128 3x3 16x16", 128, 128, 16, 3, 1, 1, GROUPS_DENSE},
    {"256 3x3 8x8", 256, 256, 8, 3, 1, 1, GROUPS_DENSE},
    {"512 3x3 8x8", 512, 512, 8, 3, 1, 1, GROUPS_DENSE},
    {"head 64->512 3x3 8x8", 64, 512, 8, 3, 1, 1, GROUPS_DENSE},
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

/* One kernel call of a measured piece of work. */
typedef struct Call {
    KernelFn *fn;
    int64_t arg[WINO_NARGS], lo, hi;
} Call;

enum { MAX_CALLS = 64 };

static KernelFn *get_kernel(Jit *jit, KernelKind kind, Buf *text) {
    KernelDesc desc = {.kind = kind, .text = text->text};
    KernelFn *fn;
    NascError err = {0};
    if (!jit_get(jit, &desc, 1, &fn, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(err.status);
    }
    buf_free(text);
    return fn;
}

static double best_seconds(const Call *calls, int n, char *base) {
    double best = 1e9, total = 0;
    for (int run = 0; run < 200 && (run < 5 || total < 0.15); run++) {
        double start = seconds_now();
        for (int i = 0; i < n; i++)
            calls[i].fn(base, calls[i].arg, calls[i].lo, calls[i].hi);
        double took = seconds_now() - start;
        best = took < best ? took : best;
        total += took;
    }
    return best;
}

/* Sizes and places of the tensors: x, w, y, then what Winograd's kernels need. */
typedef struct Work {
    const BenchCase *c;
    ConvDesc d;
    ConvShape shape;
    int64_t at_w, at_y, at_more, x_block, y_block;
} Work;

static Work lay_out(const BenchCase *c) {
    int pad = c->kernel / 2, k = c->kernel, out = (c->size + 2 * pad - k) / c->stride + 1;
    Work w = {
        .c = c,
        .d = {.window = {{k, k}, {c->stride, c->stride}, {pad, pad}, {1, 1}}, .groups = c->kind}};
    w.shape = (ConvShape){LANES, c->groups * c->I, c->groups * c->O, c->size, c->size, out, out};
    w.x_block = w.shape.in * c->size * c->size * 64;
    w.y_block = w.shape.out * out * out * 64;
    w.at_w = w.x_block;
    w.at_y = (w.at_w + w.shape.out * c->I * k * k * 4 + 127) / 64 * 64;
    w.at_more = w.at_y + w.y_block;
    return w;
}

static Call direct_call(Jit *jit, const Work *w, KernelKind kind) {
    Buf text = {0};
    kernel_text_conv(&text, kind, &w->d);
    return (Call){get_kernel(jit, kind, &text),
                  {[CONV_W] = w->at_w,
                   [CONV_Y] = w->at_y,
                   [CONV_N] = 1,
                   [CONV_VALID] = LANES,
                   [CONV_I] = w->c->I,
                   [CONV_O] = w->c->O,
                   [CONV_H] = w->shape.h,
                   [CONV_WIDTH] = w->shape.w,
                   [CONV_OH] = w->shape.oh,
                   [CONV_OW] = w->shape.ow,
                   [CONV_X_BLOCK] = w->x_block,
                   [CONV_Y_BLOCK] = w->y_block},
                  0,
                  kind == KERNEL_conv_dx ? w->shape.in : w->shape.out};
}

/* Filter transforms and convolutions of all pieces; returns how many calls. */
static int winograd_calls(Jit *jit, const Work *w, bool back, Call *call, int64_t *used) {
    const ConvShape *s = &w->shape;
    int64_t reduced = back ? s->out : s->in, written = back ? s->in : s->out;
    int64_t tiles = wino_tiles(s->n, s->h, s->w), lane_step = back ? 36 : s->in * 36;
    WinoBlocks b = wino_blocks(tiles, reduced, written);
    int64_t scratch = w->at_more + wino_filter_bytes(reduced, b.piece), dst = back ? 0 : w->at_y;
    Buf filter = {0}, text = {0};
    kernel_text_wino_filter(&filter, back);
    kernel_text_wino(&text, &(WinoDesc){0});
    KernelFn *filter_fn = get_kernel(jit, KERNEL_wino_filter, &filter);
    KernelFn *fn = get_kernel(jit, KERNEL_wino, &text);
    int n = 0;
    for (int64_t k = 0; k < written; k += b.piece) {
        int64_t piece = MIN(b.piece, written - k);
        CHECK(n + 2 <= MAX_CALLS);
        call[n++] = (Call){filter_fn,
                           {[WINO_FILTER_W] = w->at_w + k * lane_step,
                            [WINO_FILTER_U] = w->at_more,
                            [WINO_FILTER_LANES] = piece,
                            [WINO_FILTER_REDUCED] = reduced,
                            [WINO_FILTER_LANE_STEP] = lane_step,
                            [WINO_FILTER_STEP] = back ? s->in * 36 : 36},
                           0,
                           (piece + LANES - 1) / LANES};
        call[n++] = (Call){fn,
                           {[WINO_SRC] = back ? w->at_y : 0,
                            [WINO_U] = w->at_more,
                            [WINO_DST] = dst + k * s->h * s->w * 64,
                            [WINO_SCRATCH] = scratch,
                            [WINO_C] = reduced,
                            [WINO_K] = piece,
                            [WINO_H] = s->h,
                            [WINO_WIDTH] = s->w,
                            [WINO_OH] = s->oh,
                            [WINO_OW] = s->ow,
                            [WINO_PAD_H] = 1,
                            [WINO_PAD_W] = 1,
                            [WINO_SRC_BLOCK] = back ? w->y_block : w->x_block,
                            [WINO_DST_BLOCK] = back ? w->x_block : w->y_block,
                            [WINO_TILES] = b.tiles,
                            [WINO_CHANNELS] = b.channels},
                           0,
                           tiles};
    }
    *used = scratch + wino_scratch_bytes(&b, reduced);
    return n;
}

static int winograd_dw_calls(Jit *jit, const Work *w, Call *call, int64_t *used) {
    const ConvShape *s = &w->shape;
    int64_t piece = wino_dw_piece(s->in, s->out);
    Buf text = {0};
    kernel_text_wino_dw(&text);
    KernelFn *fn = get_kernel(jit, KERNEL_wino_dw, &text);
    int n = 0;
    for (int64_t k = 0; k < s->out; k += piece) {
        CHECK(n < MAX_CALLS);
        call[n++] = (Call){fn,
                           {[WINO_DW_DY] = w->at_y,
                            [WINO_DW_DW] = w->at_w,
                            [WINO_DW_SCRATCH] = w->at_more,
                            [WINO_DW_N] = 1,
                            [WINO_DW_VALID] = LANES,
                            [WINO_DW_I] = s->in,
                            [WINO_DW_O] = s->out,
                            [WINO_DW_H] = s->h,
                            [WINO_DW_WIDTH] = s->w,
                            [WINO_DW_OH] = s->oh,
                            [WINO_DW_OW] = s->ow,
                            [WINO_DW_PAD_H] = 1,
                            [WINO_DW_PAD_W] = 1,
                            [WINO_DW_X_BLOCK] = w->x_block,
                            [WINO_DW_Y_BLOCK] = w->y_block},
                           k,
                           MIN(k + piece, s->out)};
    }
    *used = w->at_more + wino_dw_scratch_bytes(wino_tiles(s->n, s->oh, s->ow), s->in, piece);
    return n;
}

static void show_case(Jit *jit, const BenchCase *c, char *base, size_t bytes) {
    Work w = lay_out(c);
    bool possible = c->kernel == 3 && c->stride == 1 && c->kind == GROUPS_DENSE;
    double flops =
        2e-9 * LANES * c->groups * c->I * c->O * c->kernel * c->kernel * w.shape.oh * w.shape.ow;
    printf("%-26s", c->name);
    for (KernelKind kind = KERNEL_conv; kind <= KERNEL_conv_dw; kind++) {
        Call call = direct_call(jit, &w, kind), winograd[MAX_CALLS];
        CHECK(w.at_more <= (int64_t)bytes);
        double direct = flops / best_seconds(&call, 1, base);
        if (!possible) {
            printf("  %8.1f           ", direct);
            continue;
        }
        bool dw = kind == KERNEL_conv_dw;
        int64_t used;
        int n = dw ? winograd_dw_calls(jit, &w, winograd, &used)
                   : winograd_calls(jit, &w, kind == KERNEL_conv_dx, winograd, &used);
        CHECK(used <= (int64_t)bytes);
        double other = flops / best_seconds(winograd, n, base);
        bool taken = conv_algorithm(kind, &w.d, &w.shape) == CONV_WINOGRAD;
        bool wrong = taken ? direct > 1.05 * other : other > 1.05 * direct;
        printf("  %8.1f%c %7.1f%c%c", direct, taken ? ' ' : '*', other, taken ? '*' : ' ',
               wrong ? '!' : ' ');
    }
    printf("\n");
}

int main(int argc, char **argv) {
    JitOptions options = {.cpu = argc > 1 ? argv[1] : NULL};
    NascError err = {0};
    Jit *jit = jit_open(&options, &err);
    if (!jit) {
        fprintf(stderr, "%s\n", err.message);
        return err.status;
    }
    size_t bytes = (size_t)256 << 20;
    char *base = aligned_alloc(4096, bytes);
    for (size_t i = 0; i < bytes / 4; i++)
        ((float *)(void *)base)[i] = (float)((int)(i * 2654435761u >> 20) % 17 - 8) * 0.125f;
    printf("%s on %s, LLVM %s; GFLOP/s, direct and Winograd\n%-26s  %8s %9s  %8s %9s  %8s %9s\n",
           jit_target_name(jit), jit_host_cpu(jit), jit_llvm_version(), "", "conv", "", "conv_dx",
           "", "conv_dw", "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (argc <= 2 || strstr(cases[i].name, argv[2]))
            show_case(jit, &cases[i], base, bytes);
    JitStats s = jit_stats(jit);
    printf("%ld kernels compiled, %.1f ms each\n", (long)s.kernels_compiled,
           1e3 * s.compile_seconds / (double)s.kernels_compiled);
    jit_close(jit);
    free(base);
    return 0;
}
