/* Speed of convolutions on one core against what the core can do: its peak in multiply-adds and its bandwidth, both
 * measured in the same run, and milliseconds to compile a kernel.
 * Usage: kernels [--json FILE] [--cpu NAME] [words to look for in a case's name]. A number counts 2 operations a
 * product, products with padding included, and is the best of several runs in processor time; Winograd's may pass
 * 100 % of the peak. Depthwise kernels also tell how fast their tensors are read and written. '*' marks the algorithm
 * that a plan takes, '!' a shape where the other one was more than 5 % faster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "codegen/conv_algorithm.h"
#include "codegen/jit.h"
#include "peak.h"

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
    {"depthwise 128 3x3 8x8", 1, 1, 8, 3, 1, 128, GROUPS_DEPTHWISE},
    {"depthwise 32 3x3 32x32", 1, 1, 32, 3, 1, 32, GROUPS_DEPTHWISE},
    {"depthwise 64 5x5 16x16", 1, 1, 16, 5, 1, 64, GROUPS_DEPTHWISE},
    {"64->64 1x1 16x16", 64, 64, 16, 1, 1, 1, GROUPS_DENSE},
    {"256 1x1 8x8", 256, 256, 8, 1, 1, 1, GROUPS_DENSE},
    {"64->128 1x1/2 16x16", 64, 128, 16, 1, 2, 1, GROUPS_DENSE},
    {"grouped 4x16 3x3 16x16", 16, 16, 16, 3, 1, 4, GROUPS_GROUPED},
};

/* One kernel call of a measured piece of work. */
typedef struct Call {
    KernelFn *fn;
    int64_t arg[MAX((int)CONV_NARGS, (int)WINO_DW_NARGS)], lo, hi;
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
    for (int run = 0; run < 200 && (run < 5 || total < 0.05); run++) {
        double start = peak_seconds();
        for (int i = 0; i < n; i++)
            calls[i].fn(base, calls[i].arg, calls[i].lo, calls[i].hi);
        double took = peak_seconds() - start;
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
    ConvDesc d = w->d;
    d.form = conv_form(kind, &d, &w->shape);
    kernel_text_conv(&text, kind, &d);
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
                   [CONV_Y_BLOCK] = w->y_block,
                   [CONV_SCRATCH] = w->at_more},
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
    int64_t tiles = wino_tiles(s->n, s->oh, s->ow);
    int by_image = wino_dw_by_image(tiles, s->in, piece);
    kernel_text_wino_dw(&text, &(WinoDwDesc){.by_image = by_image});
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
    *used = w->at_more + wino_dw_scratch_bytes(tiles, s->in, piece, by_image);
    return n;
}

/* What is compared with, and where results go. */
typedef struct Bench {
    Jit *jit;
    char *base;
    size_t bytes;
    double gflops, bandwidth;
    json_t *rows;
} Bench;

static json_t *row_begin(const Bench *b, const Work *w, KernelKind kind, double direct) {
    static const char *const names[] = {"conv", "conv_dx", "conv_dw"};
    json_t *row = json_pack("{s:s, s:s, s:f}", "shape", w->c->name, "kernel",
                            names[kind - KERNEL_conv], "direct_gflops", direct);
    json_array_append_new(b->rows, row);
    return row;
}

static void print_share(const Bench *b, double gflops) {
    if (b->gflops > 0)
        printf(" %3.0f%%", 100 * gflops / b->gflops);
}

/* A depthwise window reads and writes each tensor once and multiplies little. */
static void print_bandwidth(const Bench *b, const Work *w, double seconds, json_t *row) {
    double rate = 1e-9 * (double)(w->x_block + w->y_block) / seconds;
    json_object_set_new(row, "gbytes", json_real(rate));
    printf(" %3.0f GB/s %3.0f%%", rate, 100 * rate / b->bandwidth);
}

static double time_winograd(const Bench *b, const Work *w, KernelKind kind) {
    Call calls[MAX_CALLS];
    int64_t used;
    int n = kind == KERNEL_conv_dw
                ? winograd_dw_calls(b->jit, w, calls, &used)
                : winograd_calls(b->jit, w, kind == KERNEL_conv_dx, calls, &used);
    CHECK(used <= (int64_t)b->bytes);
    return best_seconds(calls, n, b->base);
}

static void show_case(const Bench *b, const BenchCase *c) {
    Work w = lay_out(c);
    bool possible = c->kernel == 3 && c->stride == 1 && c->kind == GROUPS_DENSE;
    double flops =
        2e-9 * LANES * c->groups * c->I * c->O * c->kernel * c->kernel * w.shape.oh * w.shape.ow;
    printf("%-24s", c->name);
    for (KernelKind kind = KERNEL_conv; kind <= KERNEL_conv_dw; kind++) {
        Call call = direct_call(b->jit, &w, kind);
        CHECK(w.at_more <= (int64_t)b->bytes);
        double seconds = best_seconds(&call, 1, b->base), direct = flops / seconds;
        json_t *row = row_begin(b, &w, kind, direct);
        printf(" |%6.1f", direct);
        print_share(b, direct);
        if (c->kind == GROUPS_DEPTHWISE)
            print_bandwidth(b, &w, seconds, row);
        if (!possible) {
            printf("%*s", c->kind == GROUPS_DEPTHWISE ? 1 : 15, "");
            continue;
        }
        double other = flops / time_winograd(b, &w, kind);
        bool taken = conv_algorithm(kind, &w.d, &w.shape) == CONV_WINOGRAD;
        bool wrong = taken ? direct > 1.05 * other : other > 1.05 * direct;
        printf("%c %6.1f", taken ? ' ' : '*', other);
        print_share(b, other);
        printf("%c%c", taken ? '*' : ' ', wrong ? '!' : ' ');
        json_object_set_new(row, "winograd_gflops", json_real(other));
        json_object_set_new(row, "taken", json_string(taken ? "winograd" : "direct"));
        json_object_set_new(row, "other_faster", json_boolean(wrong));
    }
    printf("\n");
    fflush(stdout);
}

static void write_json(const Bench *b, const char *path) {
    json_t *all = json_pack("{s:s, s:s, s:s, s:f, s:f, s:O}", "target", jit_target_name(b->jit),
                            "cpu", jit_host_cpu(b->jit), "llvm", jit_llvm_version(), "peak_gflops",
                            b->gflops, "bandwidth_gbytes", b->bandwidth, "kernels", b->rows);
    if (json_dump_file(all, path, JSON_INDENT(1)) != 0)
        fprintf(stderr, "cannot write %s\n", path);
    json_decref(all);
}

static void show_all(Bench *b, const char *words) {
    JitTarget target = jit_target(b->jit);
    b->gflops = peak_gflops(target == JIT_X86_64_V4 ? 512 : target == JIT_X86_64_V3 ? 256 : 128);
    b->bandwidth = peak_bandwidth(b->base, b->bytes, 8);
    printf("%s on %s, LLVM %s: peak %.1f GFLOP/s, memory %.1f GB/s (a copy, read and written), "
           "in the second-level cache %.1f GB/s\n",
           jit_target_name(b->jit), jit_host_cpu(b->jit), jit_llvm_version(), b->gflops,
           b->bandwidth, peak_bandwidth(b->base, 512 << 10, 2000));
    printf("GFLOP/s and share of the peak, direct and Winograd; * taken, ! the other is "
           "faster\n%-24s |%-26s |%-26s "
           "|%s\n",
           "", " conv", " conv_dx", " conv_dw");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (!words || strstr(cases[i].name, words))
            show_case(b, &cases[i]);
    JitStats s = jit_stats(b->jit);
    printf("%ld kernels compiled, %.1f ms each\n", (long)s.kernels_compiled,
           1e3 * s.compile_seconds / (double)MAX(1, s.kernels_compiled));
}

int main(int argc, char **argv) {
    JitOptions options = {0};
    const char *json = NULL, *words = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            json = argv[++i];
        else if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc)
            options.cpu = argv[++i];
        else
            words = argv[i];
    }
    NascError err = {0};
    Bench b = {.jit = jit_open(&options, &err), .bytes = (size_t)256 << 20, .rows = json_array()};
    if (!b.jit) {
        fprintf(stderr, "%s\n", err.message);
        return err.status;
    }
    b.base = aligned_alloc(4096, b.bytes);
    for (size_t i = 0; i < b.bytes / 4; i++)
        ((float *)(void *)b.base)[i] = (float)((int)(i * 2654435761u >> 20) % 17 - 8) * 0.125f;
    show_all(&b, words);
    if (json)
        write_json(&b, json);
    json_decref(b.rows);
    jit_close(b.jit);
    free(b.base);
    return 0;
}
