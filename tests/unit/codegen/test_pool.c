/* pool, resize and copy against plain loops in double, on seeded random shapes.
 *
 * Maxima and nearest pixels are copied, so they must agree exactly (a gradient that gathers k of
 * them errs by k roundings); averages and mixtures of k numbers err by about k * 2^-24 of the sum
 * of magnitudes, k <= 64 here, hence 1e-5. Every tenth value repeats another so that maxima tie. */
#include "codegen/kernel_case.h"

typedef struct Case {
    PoolDesc d;
    ResizeOp resize;
    bool is_resize;
    int N, C, H, W, OH, OW;
} Case;

static int out_size(int in, int a, const WindowDesc *w) {
    return (in + 2 * w->pad[a] - w->dilation[a] * (w->kernel[a] - 1) - 1) / w->stride[a] + 1;
}

static bool fits(const Case *c, int a, int in) {
    const WindowDesc *w = &c->d.window;
    return in + 2 * w->pad[a] > w->dilation[a] * (w->kernel[a] - 1);
}

static Case draw_pool(Draw *r) {
    static const int batches[] = {1, 5, 16, 33}, kernels[] = {1, 2, 3, 3, 3, 5, 8};
    static const int strides[] = {1, 1, 1, 2, 3}, dilations[] = {1, 1, 1, 2};
    Case c = {.N = draw_of(r, batches, 4)};
    do {
        for (int a = 0; a < 2; a++) {
            WindowDesc *w = &c.d.window;
            w->kernel[a] = draw_of(r, kernels, 7);
            w->stride[a] = draw_of(r, strides, 5);
            w->dilation[a] = draw_of(r, dilations, 4);
            w->pad[a] = w->dilation[a] == 1 ? draw_int(r, 0, w->kernel[a] / 2) : 0;
        }
        c.H = draw_int(r, 1, 11);
        c.W = draw_int(r, 1, 13);
    } while (!fits(&c, 0, c.H) || !fits(&c, 1, c.W));
    c.OH = out_size(c.H, 0, &c.d.window);
    c.OW = out_size(c.W, 1, &c.d.window);
    c.C = draw_int(r, 1, 6);
    c.d.count_padding = draw_int(r, 0, 1);
    return c;
}

typedef struct Data {
    const float *x, *y; /* input; output or its gradient */
    double *sum, *magnitude;
} Data;

static int pool_pixel(const Case *c, int a, int o, int k) {
    const WindowDesc *w = &c->d.window;
    return o * w->stride[a] + k * w->dilation[a] - w->pad[a];
}

/* One output of one image: what it reads (forward) or what it hands back (gradients). */
static void pool_output(const Case *c, Data *d, int n, int ch, int oh, int ow) {
    size_t out = lane_index(c->C, c->OH, c->OW, n, ch, oh, ow), best = 0;
    const WindowDesc *w = &c->d.window;
    double sum = 0, magnitude = 0, most = -INFINITY;
    int count = 0;
    size_t hit[64];
    for (int kh = 0; kh < w->kernel[0]; kh++)
        for (int kw = 0; kw < w->kernel[1]; kw++) {
            int h = pool_pixel(c, 0, oh, kh), v = pool_pixel(c, 1, ow, kw);
            if (h < 0 || h >= c->H || v < 0 || v >= c->W)
                continue;
            size_t at = lane_index(c->C, c->H, c->W, n, ch, h, v);
            hit[count++] = at;
            sum += d->x[at];
            magnitude += fabs(d->x[at]);
            if (d->x[at] > most) {
                most = d->x[at];
                best = at;
            }
        }
    double divisor = c->d.count_padding ? w->kernel[0] * w->kernel[1] : count;
    if (c->d.op == POOL_MAX || c->d.op == POOL_AVG) {
        d->sum[out] = c->d.op == POOL_MAX ? most : sum / divisor;
        d->magnitude[out] = c->d.op == POOL_MAX ? 0 : magnitude;
    }
    if (c->d.op == POOL_MAX_DX) {
        d->sum[best] += d->y[out];
        d->magnitude[best] += fabs(d->y[out]);
    }
    for (int i = 0; c->d.op == POOL_AVG_DX && i < count; i++) {
        d->sum[hit[i]] += d->y[out] / divisor;
        d->magnitude[hit[i]] += fabs(d->y[out]) / divisor;
    }
}

/* Where an output index lies: pixels low and high, weight of high. */
static void mix(int i, int in, int out, int at[2], double weight[2]) {
    double source = fmax((i + 0.5) * in / out - 0.5, 0);
    at[0] = (int)floor(source);
    at[1] = at[0] + 1 < in ? at[0] + 1 : in - 1;
    weight[1] = source - at[0];
    weight[0] = 1 - weight[1];
}

static void resize_output(const Case *c, Data *d, int n, int ch, int oh, int ow) {
    bool forward = c->resize == RESIZE_NEAREST || c->resize == RESIZE_BILINEAR;
    bool bilinear = c->resize >= RESIZE_BILINEAR;
    size_t out = lane_index(c->C, c->OH, c->OW, n, ch, oh, ow);
    int row[2] = {oh * c->H / c->OH}, col[2] = {ow * c->W / c->OW};
    double rows[2] = {1, 0}, cols[2] = {1, 0};
    if (bilinear) {
        mix(oh, c->H, c->OH, row, rows);
        mix(ow, c->W, c->OW, col, cols);
    }
    for (int i = 0; i < 1 + bilinear; i++)
        for (int j = 0; j < 1 + bilinear; j++) {
            size_t at = lane_index(c->C, c->H, c->W, n, ch, row[i], col[j]);
            double weight = rows[i] * cols[j];
            size_t to = forward ? out : at;
            double value = forward ? d->x[at] : d->y[out];
            d->sum[to] += weight * value;
            d->magnitude[to] += fabs(value);
        }
}

static void expect(const Case *c, Data *d) {
    for (int n = 0; n < c->N; n++)
        for (int ch = 0; ch < c->C; ch++)
            for (int oh = 0; oh < c->OH; oh++)
                for (int ow = 0; ow < c->OW; ow++) {
                    if (c->is_resize)
                        resize_output(c, d, n, ch, oh, ow);
                    else
                        pool_output(c, d, n, ch, oh, ow);
                }
}

static void tie_some(Draw *r, float *x, int64_t n) {
    for (int64_t i = LANES; i < n; i++)
        if (draw_int(r, 0, 9) == 0)
            x[i] = x[i - LANES];
}

/* Fills `arg` for either kind; returns the offset of what is written. */
static int64_t arguments(const Case *c, int64_t *arg, int64_t x, int64_t y, int64_t dx,
                         int64_t blocks) {
    int64_t x_block = (int64_t)c->C * c->H * c->W * 64;
    int64_t y_block = (int64_t)c->C * c->OH * c->OW * 64;
    if (c->is_resize) {
        bool forward = c->resize == RESIZE_NEAREST || c->resize == RESIZE_BILINEAR;
        arg[RESIZE_X] = forward ? x : dx, arg[RESIZE_Y] = y, arg[RESIZE_N] = blocks;
        arg[RESIZE_H] = c->H, arg[RESIZE_W] = c->W, arg[RESIZE_OH] = c->OH, arg[RESIZE_OW] = c->OW;
        arg[RESIZE_X_BLOCK] = x_block, arg[RESIZE_Y_BLOCK] = y_block;
        return forward ? y : dx;
    }
    arg[POOL_ARG_X] = x, arg[POOL_ARG_Y] = y, arg[POOL_ARG_DX] = dx, arg[POOL_ARG_N] = blocks;
    arg[POOL_ARG_H] = c->H, arg[POOL_ARG_W] = c->W;
    arg[POOL_ARG_OH] = c->OH, arg[POOL_ARG_OW] = c->OW;
    arg[POOL_ARG_X_BLOCK] = arg[POOL_ARG_DX_BLOCK] = x_block, arg[POOL_ARG_Y_BLOCK] = y_block;
    return c->d.op == POOL_MAX || c->d.op == POOL_AVG ? y : dx;
}

static void run_case(const Sessions *sessions, Draw *r, Case c) {
    Memory m = memory_open();
    int64_t nx = lanes_floats(c.N, c.C, c.H, c.W), ny = lanes_floats(c.N, c.C, c.OH, c.OW);
    int64_t x = memory_take(&m, nx), y = memory_take(&m, ny), dx = memory_take(&m, nx);
    int64_t arg[POOL_NARGS + RESIZE_NARGS], blocks = (c.N + LANES - 1) / LANES;
    int64_t out = arguments(&c, arg, x, y, dx, blocks), n = out == y ? ny : nx;
    fill_lanes(r, memory_at(&m, x), c.N, c.C, c.H, c.W);
    fill_lanes(r, memory_at(&m, y), c.N, c.C, c.OH, c.OW);
    tie_some(r, memory_at(&m, x), nx);
    Data d = {.x = memory_at(&m, x), .y = memory_at(&m, y)};
    d.sum = calloc((size_t)n, sizeof *d.sum);
    d.magnitude = calloc((size_t)n, sizeof *d.magnitude);
    expect(&c, &d);
    Buf text = {0};
    if (c.is_resize)
        kernel_text_resize(&text, c.resize);
    else
        kernel_text_pool(&text, &c.d);
    run_everywhere(sessions, c.is_resize ? KERNEL_resize : KERNEL_pool, text.text, &m, arg, c.C,
                   draw_int(r, 0, c.C), out, n, NULL);
    const float *got = memory_at(&m, out);
    int64_t pixels = n / LANES / blocks;
    for (int64_t at = 0; at < n; at++) {
        if (at / LANES / pixels * LANES + at % LANES >= c.N)
            continue;
        if (!(fabs(got[at] - d.sum[at]) <= 1e-5 * d.magnitude[at]))
            fail_msg("%s: N=%d C=%d %dx%d to %dx%d: element %ld is %g, expected %g", text.text, c.N,
                     c.C, c.H, c.W, c.OH, c.OW, (long)at, got[at], d.sum[at]);
    }
    buf_free(&text);
    free(d.sum);
    free(d.magnitude);
    free(m.base);
}

static void run_pool(void **state, PoolOp op) {
    Draw r = draw_open(21 + (uint64_t)op);
    for (int i = 0; i < case_count(60); i++) {
        Case c = draw_pool(&r);
        c.d.op = op;
        run_case(*state, &r, c);
    }
}

static void max_agrees(void **state) {
    run_pool(state, POOL_MAX);
}

static void max_dx_agrees(void **state) {
    run_pool(state, POOL_MAX_DX);
}

static void avg_agrees(void **state) {
    run_pool(state, POOL_AVG);
}

static void avg_dx_agrees(void **state) {
    run_pool(state, POOL_AVG_DX);
}

static void resize_agrees(void **state) {
    static const int batches[] = {1, 5, 16, 33};
    Draw r = draw_open(31);
    for (int i = 0; i < case_count(240); i++) {
        Case c = {.is_resize = true, .resize = (ResizeOp)(i % 4)};
        c.N = draw_of(&r, batches, 4);
        c.C = draw_int(&r, 1, 4);
        c.H = draw_int(&r, 1, 12), c.W = draw_int(&r, 1, 12);
        c.OH = draw_int(&r, 1, 12), c.OW = draw_int(&r, 1, 12);
        run_case(*state, &r, c);
    }
}

/* Copies of random boxes; everything outside of the box must stay. */
static void copy_case(const Sessions *s, Draw *r, CopyOp op) {
    int A = draw_int(r, 0, 3), B = draw_int(r, 1, 5), R = draw_int(r, 1, 4);
    int len = draw_int(r, 1, 50);
    int64_t size = 4096;
    Memory m = memory_open();
    int64_t src = memory_take(&m, size), dst = memory_take(&m, size);
    float *from = memory_at(&m, src), *to = memory_at(&m, dst);
    int64_t arg[COPY_NARGS] = {src, dst, A, R, len * 4};
    int64_t r_step = len + draw_int(r, 0, 3), b_step = r_step * R + draw_int(r, 0, 5);
    arg[COPY_SRC_R] = r_step * 4, arg[COPY_SRC_B] = b_step * 4, arg[COPY_SRC_A] = b_step * B * 4;
    r_step = len + draw_int(r, 0, 3), b_step = r_step * R + draw_int(r, 0, 5);
    arg[COPY_DST_R] = r_step * 4, arg[COPY_DST_B] = b_step * 4, arg[COPY_DST_A] = b_step * B * 4;
    float *expected = malloc((size_t)size * 4);
    for (int64_t i = 0; i < size; i++) {
        from[i] = (float)i;
        expected[i] = -1;
    }
    for (int a = 0; a < A; a++)
        for (int b = 0; b < B; b++)
            for (int row = 0; row < R; row++)
                for (int i = 0; i < len; i++) {
                    int64_t at = a * arg[COPY_SRC_A] + b * arg[COPY_SRC_B] + row * arg[COPY_SRC_R];
                    int64_t put = a * arg[COPY_DST_A] + b * arg[COPY_DST_B] + row * arg[COPY_DST_R];
                    expected[put / 4 + i] = op == COPY_MOVE ? from[at / 4 + i] : 0;
                }
    Buf text = {0};
    kernel_text_copy(&text, op);
    for (int t = 0; t < TARGETS; t++) {
        if (!s->jit[t])
            continue;
        for (int64_t i = 0; i < size; i++)
            to[i] = -1;
        KernelFn *fn = kernel_get(s->jit[t], KERNEL_copy, text.text);
        fn(m.base, arg, 1, B);
        fn(m.base, arg, 0, 1);
        assert_memory_equal(to, expected, (size_t)size * 4);
    }
    buf_free(&text);
    free(expected);
    free(m.base);
}

static void copy_agrees(void **state) {
    Draw r = draw_open(41);
    for (int i = 0; i < case_count(200); i++)
        copy_case(*state, &r, (CopyOp)(i % 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_agrees),    cmocka_unit_test(max_dx_agrees),
        cmocka_unit_test(avg_agrees),    cmocka_unit_test(avg_dx_agrees),
        cmocka_unit_test(resize_agrees), cmocka_unit_test(copy_agrees),
    };
    return cmocka_run_group_tests(tests, sessions_open, sessions_close);
}
