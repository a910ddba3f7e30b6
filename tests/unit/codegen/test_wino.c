/* Winograd kernels against plain loops in double, on seeded random shapes; and what conv_algorithm
 * chooses.
 *
 * Tolerance. A plain sum of products with random signs errs by some 2^-24 times the root of the sum
 * of their squares. The transforms multiply by up to 2.6 and cancel again, twice: 3.3e-6 of that
 * root, its own plus the largest of the tensor (a place with few products shares tiles with
 * others), was the largest error over 6000 shapes. 1e-5 is allowed; a wrong tap changes a result by
 * a tenth or more. */
#include "codegen/conv_algorithm.h"
#include "codegen/kernel_case.h"

typedef struct Case {
    int N, I, O, H, W, pad[2], OH, OW;
    bool bias, relu;
} Case;

static Case draw_case(Draw *r) {
    static const int batches[] = {1, 5, 16, 33},
                     channels[] = {1, 2, 3, 4, 5, 8, 11, 16, 17, 19, 33};
    Case c = {
        .N = draw_of(r, batches, 4), .I = draw_of(r, channels, 11), .O = draw_of(r, channels, 11)};
    int *size[2] = {&c.H, &c.W}, *out[2] = {&c.OH, &c.OW};
    for (int a = 0; a < 2; a++) {
        c.pad[a] = draw_int(r, 0, 1);
        *size[a] = draw_int(r, 3 - 2 * c.pad[a], a ? 14 : 11);
        *out[a] = *size[a] + 2 * c.pad[a] - 2;
    }
    c.bias = draw_int(r, 0, 1);
    c.relu = draw_int(r, 0, 1);
    return c;
}

/* All products of the convolution: x index, w index, y index. */
typedef void Visit(void *user, size_t x, size_t w, size_t y);

static void visit_tap(const Case *c, int n, int o, int i, int tap, Visit *visit, void *user) {
    size_t w = ((size_t)o * (size_t)c->I + (size_t)i) * 9 + (size_t)tap;
    for (int oh = 0; oh < c->OH; oh++) {
        int h = oh + tap / 3 - c->pad[0];
        for (int ow = 0; ow < c->OW && h >= 0 && h < c->H; ow++) {
            int col = ow + tap % 3 - c->pad[1];
            if (col >= 0 && col < c->W)
                visit(user, lane_index(c->I, c->H, c->W, n, i, h, col), w,
                      lane_index(c->O, c->OH, c->OW, n, o, oh, ow));
        }
    }
}

static void visit_products(const Case *c, Visit *visit, void *user) {
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->O; o++)
            for (int i = 0; i < c->I; i++)
                for (int tap = 0; tap < 9; tap++)
                    visit_tap(c, n, o, i, tap, visit, user);
}

typedef struct Run {
    Case c;
    Memory m;
    KernelKind kind;
    int64_t at_x, at_w, at_y, at_bias, nx, nw, ny;
    float *x, *w, *y, *bias;
    double *sum, *square;
} Run;

static void add_product(void *user, size_t x, size_t w, size_t y) {
    Run *s = user;
    double p = s->kind == KERNEL_conv      ? (double)s->x[x] * s->w[w]
               : s->kind == KERNEL_conv_dx ? (double)s->y[y] * s->w[w]
                                           : (double)s->x[x] * s->y[y];
    size_t at = s->kind == KERNEL_conv ? y : s->kind == KERNEL_conv_dx ? x : w;
    s->sum[at] += p;
    s->square[at] += p * p;
}

static void open_run(Run *s, Draw *r, KernelKind kind) {
    s->c = draw_case(r);
    s->kind = kind;
    const Case *c = &s->c;
    s->m = memory_open();
    s->nx = lanes_floats(c->N, c->I, c->H, c->W), s->ny = lanes_floats(c->N, c->O, c->OH, c->OW);
    s->nw = (int64_t)c->O * c->I * 9;
    s->at_x = memory_take(&s->m, s->nx), s->at_w = memory_take(&s->m, s->nw);
    s->at_y = memory_take(&s->m, s->ny), s->at_bias = memory_take(&s->m, c->O);
    s->x = memory_at(&s->m, s->at_x), s->w = memory_at(&s->m, s->at_w);
    s->y = memory_at(&s->m, s->at_y), s->bias = memory_at(&s->m, s->at_bias);
    fill_lanes(r, s->x, c->N, c->I, c->H, c->W);
    fill_lanes(r, s->y, c->N, c->O, c->OH, c->OW);
    for (int64_t i = 0; i < s->nw; i++)
        s->w[i] = draw_normal(r);
    for (int i = 0; i < c->O; i++)
        s->bias[i] = draw_normal(r);
    size_t n = (size_t)(s->nx + s->nw + s->ny);
    s->sum = calloc(n, sizeof *s->sum), s->square = calloc(n, sizeof *s->square);
    visit_products(c, add_product, s);
}

static void close_run(Run *s) {
    free(s->sum);
    free(s->square);
    free(s->m.base);
}

static void compare(const Run *s, const float *got, int channels, int pixels, int64_t count) {
    const Case *c = &s->c;
    double most = 0;
    for (int64_t at = 0; at < count; at++)
        most = fmax(most, s->square[at]);
    for (int64_t at = 0; at < count; at++) {
        if (channels && at / LANES / pixels / channels * LANES + at % LANES >= c->N)
            continue;
        double want = s->sum[at];
        if (s->kind == KERNEL_conv) {
            want += c->bias ? s->bias[at / LANES / pixels % channels] : 0;
            want = c->relu && want < 0 ? 0 : want;
        }
        double error = fabs(want - got[at]);
        if (!(error <= 1e-5 * (sqrt(s->square[at]) + sqrt(most))))
            fail_msg("kind %d N=%d I=%d O=%d %dx%d pad %dx%d: element %ld is %g, expected %g",
                     s->kind, c->N, c->I, c->O, c->H, c->W, c->pad[0], c->pad[1], (long)at, got[at],
                     want);
    }
}

/* Magnitudes for run_everywhere, which compares plain x86-64 with the others: none for the lanes
 * beyond. */
static double *magnitudes(const Run *s, int channels, int pixels, int64_t count) {
    double *m = calloc((size_t)count, sizeof *m), most = 1;
    for (int64_t at = 0; at < count; at++)
        most = fmax(most, sqrt(s->square[at]));
    for (int64_t at = 0; at < count; at++)
        m[at] = channels && at / LANES / pixels / channels * LANES + at % LANES >= s->c.N
                    ? 1e12
                    : 4 * most;
    return m;
}

static int64_t transform_filter(const Sessions *sessions, Run *s, Draw *r, bool transposed) {
    const Case *c = &s->c;
    int64_t written = transposed ? c->I : c->O, reduced = transposed ? c->O : c->I;
    int64_t floats = wino_filter_bytes(reduced, written) / 4,
            groups = (written + LANES - 1) / LANES;
    int64_t arg[WINO_FILTER_NARGS] = {[WINO_FILTER_W] = s->at_w};
    arg[WINO_FILTER_LANES] = written, arg[WINO_FILTER_REDUCED] = reduced;
    arg[WINO_FILTER_LANE_STEP] = transposed ? 36 : c->I * 36;
    arg[WINO_FILTER_STEP] = transposed ? c->I * 36 : 36;
    arg[WINO_FILTER_U] = memory_take(&s->m, floats);
    Buf text = {0};
    kernel_text_wino_filter(&text, transposed);
    run_everywhere(sessions, KERNEL_wino_filter, text.text, &s->m, arg, groups,
                   draw_int(r, 0, (int)groups), arg[WINO_FILTER_U], floats, NULL);
    buf_free(&text);
    return arg[WINO_FILTER_U];
}

/* Forward, or the gradient for the input, with blocks of drawn sizes. */
static void run_wino(const Sessions *sessions, Draw *r, KernelKind kind) {
    Run s;
    open_run(&s, r, kind);
    Case *c = &s.c;
    bool back = kind == KERNEL_conv_dx;
    WinoDesc d = {.bias = c->bias && !back, .relu = c->relu && !back};
    int64_t blocks = (c->N + LANES - 1) / LANES, n = back ? s.nx : s.ny;
    int rows = back ? c->H : c->OH, cols = back ? c->W : c->OW, channels = back ? c->I : c->O;
    int64_t tiles = wino_tiles(c->N, rows, cols), reduced = back ? c->O : c->I;
    int64_t arg[WINO_NARGS] = {
        [WINO_SRC] = back ? s.at_y : s.at_x, [WINO_DST] = back ? s.at_x : s.at_y};
    arg[WINO_BIAS] = s.at_bias, arg[WINO_C] = reduced, arg[WINO_K] = channels;
    arg[WINO_H] = back ? c->OH : c->H, arg[WINO_WIDTH] = back ? c->OW : c->W;
    arg[WINO_OH] = rows, arg[WINO_OW] = cols;
    arg[WINO_PAD_H] = back ? 2 - c->pad[0] : c->pad[0],
    arg[WINO_PAD_W] = back ? 2 - c->pad[1] : c->pad[1];
    arg[WINO_SRC_BLOCK] = (back ? s.ny : s.nx) / blocks * 4, arg[WINO_DST_BLOCK] = n / blocks * 4;
    WinoBlocks b = wino_blocks(tiles, reduced, channels);
    if (draw_int(r, 0, 1))
        b = (WinoBlocks){channels, draw_int(r, 1, 9), 16 * draw_int(r, 1, 3)};
    arg[WINO_TILES] = b.tiles, arg[WINO_CHANNELS] = b.channels;
    arg[WINO_U] = transform_filter(sessions, &s, r, back);
    int64_t scratch = wino_scratch_bytes(&b, reduced);
    arg[WINO_SCRATCH] = memory_take(&s.m, scratch / 4);
    int64_t guard = memory_take(&s.m, 1);
    memory_at(&s.m, arg[WINO_SCRATCH])[scratch / 4] = memory_at(&s.m, guard)[0] = 7;
    Buf text = {0};
    kernel_text_wino(&text, &d);
    double *m = magnitudes(&s, channels, rows * cols, n);
    run_everywhere(sessions, KERNEL_wino, text.text, &s.m, arg, tiles, draw_int(r, 0, (int)tiles),
                   arg[WINO_DST], n, m);
    assert_true(memory_at(&s.m, arg[WINO_SCRATCH])[scratch / 4] == 7 &&
                memory_at(&s.m, guard)[0] == 7);
    c->bias = d.bias, c->relu = d.relu;
    compare(&s, back ? s.x : s.y, channels, rows * cols, n);
    free(m);
    buf_free(&text);
    close_run(&s);
}

static void run_dw(const Sessions *sessions, Draw *r) {
    Run s;
    open_run(&s, r, KERNEL_conv_dw);
    const Case *c = &s.c;
    int64_t blocks = (c->N + LANES - 1) / LANES;
    int64_t arg[WINO_DW_NARGS] = {
        [WINO_DW_X] = s.at_x, [WINO_DW_DY] = s.at_y, [WINO_DW_DW] = s.at_w};
    arg[WINO_DW_N] = blocks, arg[WINO_DW_VALID] = c->N - (blocks - 1) * LANES;
    arg[WINO_DW_I] = c->I, arg[WINO_DW_O] = c->O, arg[WINO_DW_H] = c->H, arg[WINO_DW_WIDTH] = c->W;
    arg[WINO_DW_OH] = c->OH, arg[WINO_DW_OW] = c->OW;
    arg[WINO_DW_PAD_H] = c->pad[0], arg[WINO_DW_PAD_W] = c->pad[1];
    arg[WINO_DW_X_BLOCK] = s.nx / blocks * 4, arg[WINO_DW_Y_BLOCK] = s.ny / blocks * 4;
    int64_t tiles = wino_tiles(c->N, c->OH, c->OW);
    int by_image = tiles <= WINO_DW_BY_IMAGE && draw_int(r, 0, 1) ? (int)tiles : 0;
    int64_t scratch = wino_dw_scratch_bytes(tiles, c->I, c->O, by_image);
    arg[WINO_DW_SCRATCH] = memory_take(&s.m, scratch / 4);
    memory_at(&s.m, arg[WINO_DW_SCRATCH])[scratch / 4] = 7;
    Buf text = {0};
    kernel_text_wino_dw(&text, &(WinoDwDesc){.by_image = by_image});
    double *m = magnitudes(&s, 0, 1, s.nw);
    run_everywhere(sessions, KERNEL_wino_dw, text.text, &s.m, arg, c->O, draw_int(r, 0, c->O),
                   s.at_w, s.nw, m);
    assert_true(memory_at(&s.m, arg[WINO_DW_SCRATCH])[scratch / 4] == 7);
    compare(&s, s.w, 0, 1, s.nw);
    Buf updating = {0};
    UpdateKind update = draw_int(r, 0, 1) ? UPDATE_SGD_DECAY : UPDATE_SGD;
    kernel_text_wino_dw(&updating, &(WinoDwDesc){by_image, update});
    check_update(sessions, r, KERNEL_wino_dw, text.text, updating.text, update, &s.m, arg,
                 WINO_DW_UPDATE, WINO_DW_DW, c->O, s.nw);
    buf_free(&updating);
    free(m);
    buf_free(&text);
    close_run(&s);
}

enum { CASES = 200 };

static void wino_agrees(void **state) {
    Draw r = draw_open(21);
    for (int i = 0; i < case_count(CASES); i++)
        run_wino(*state, &r, KERNEL_conv);
}

static void wino_dx_agrees(void **state) {
    Draw r = draw_open(22);
    for (int i = 0; i < case_count(CASES); i++)
        run_wino(*state, &r, KERNEL_conv_dx);
}

static void wino_dw_agrees(void **state) {
    Draw r = draw_open(23);
    for (int i = 0; i < case_count(CASES); i++)
        run_dw(*state, &r);
}

static void windows_without_winograd_are_direct(void **state) {
    (void)state;
    ConvShape s = {16, 64, 64, 32, 32, 32, 32};
    ConvDesc d = {.window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}}};
    assert_int_equal(conv_algorithm(KERNEL_conv, &d, &s), CONV_WINOGRAD);
    ConvDesc other[] = {d, d, d, d, d, d};
    other[0].window.stride[1] = 2;
    other[1].window.dilation[0] = 2;
    other[2].window.kernel[1] = 1;
    other[3].window.pad[0] = 2;
    other[4].groups = GROUPS_GROUPED;
    other[5].groups = GROUPS_DEPTHWISE;
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        for (KernelKind kind = KERNEL_conv; kind <= KERNEL_conv_dw; kind++)
            assert_int_equal(conv_algorithm(kind, &other[i], &s), CONV_DIRECT);
}

/* Measured by bench/kernels.c far on either side of the rule's border. */
static void winograd_is_chosen_where_it_is_faster(void **state) {
    (void)state;
    ConvDesc d = {.window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}}};
    const ConvShape fast[] = {{16, 16, 16, 32, 32, 32, 32}, {16, 32, 32, 16, 16, 16, 16},
                              {16, 64, 64, 8, 8, 8, 8},     {16, 512, 64, 8, 8, 8, 8},
                              {5, 43, 171, 16, 16, 16, 16}, {33, 64, 64, 4, 4, 4, 4}};
    const ConvShape slow[] = {{16, 64, 64, 1, 1, 1, 1}, {16, 64, 64, 2, 2, 2, 2}};
    for (KernelKind kind = KERNEL_conv; kind <= KERNEL_conv_dw; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(fast); i++)
            assert_int_equal(conv_algorithm(kind, &d, &fast[i]), CONV_WINOGRAD);
        for (size_t i = 0; i < ARRAY_LEN(slow); i++)
            assert_int_equal(conv_algorithm(kind, &d, &slow[i]), CONV_DIRECT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wino_agrees),
        cmocka_unit_test(wino_dx_agrees),
        cmocka_unit_test(wino_dw_agrees),
        cmocka_unit_test(windows_without_winograd_are_direct),
        cmocka_unit_test(winograd_is_chosen_where_it_is_faster),
    };
    return cmocka_run_group_tests(tests, sessions_open, sessions_close);
}
