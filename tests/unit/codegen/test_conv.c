/* conv, conv_dx and conv_dw against plain loops in double, on seeded random shapes.
 *
 * Tolerance: a sum of k products rounded once each errs by at most about k * 2^-24 of the sum of
 * their magnitudes, and by far less for random signs; 1e-5 of that sum allows k up to 160 in the
 * worst case and any k here in practice, and is far below what one wrong or missing tap changes. */
#include "codegen/conv_algorithm.h"
#include "codegen/kernel_case.h"

typedef struct Case {
    ConvDesc d;
    int N, groups, I, O, H, W, OH, OW; /* I, O of one group */
} Case;

static int out_size(int in, int a, const WindowDesc *w) {
    return (in + 2 * w->pad[a] - w->dilation[a] * (w->kernel[a] - 1) - 1) / w->stride[a] + 1;
}

static void draw_window(Draw *r, ConvDesc *d) {
    static const int kernels[] = {1, 1, 2, 3, 3, 3, 5, 7, 8};
    static const int strides[] = {1, 1, 1, 2, 2, 3}, dilations[] = {1, 1, 1, 2, 3};
    WindowDesc *w = &d->window;
    for (int a = 0; a < 2; a++) {
        w->kernel[a] = draw_of(r, kernels, 9);
        w->stride[a] = draw_of(r, strides, 6);
        w->dilation[a] = draw_of(r, dilations, 5);
        w->pad[a] = draw_int(r, 0, w->dilation[a] * w->kernel[a] / 2 + 1);
        w->pad[a] *= draw_int(r, 0, 2) > 0;
    }
    if (draw_int(r, 0, 4) == 0)
        *w = (WindowDesc){{1, 1}, {1, 1}, {0, 0}, {1, 1}};
    d->groups = (ConvGroups)draw_int(r, 0, 2);
}

static int least_size(const WindowDesc *w, int a) {
    return MAX(1, w->dilation[a] * (w->kernel[a] - 1) + 1 - 2 * w->pad[a]);
}

static Case draw_case(Draw *r, const ConvDesc *d) {
    static const int batches[] = {1, 5, 16, 33};
    Case c = {.d = *d, .N = draw_of(r, batches, 4), .groups = 1};
    c.H = least_size(&d->window, 0) + draw_int(r, 0, 9);
    c.W = least_size(&d->window, 1) + draw_int(r, 0, 11);
    c.OH = out_size(c.H, 0, &c.d.window);
    c.OW = out_size(c.W, 1, &c.d.window);
    c.I = draw_int(r, 1, 9);
    c.O = draw_int(r, 1, 11);
    if (c.d.groups != GROUPS_DENSE)
        c.groups = draw_int(r, 1, 5);
    if (c.d.groups == GROUPS_DEPTHWISE) {
        c.I = 1;
        c.O = draw_int(r, 1, 2);
    }
    return c;
}

/* Calls visit(x index, w index, y index) for every product of the convolution of image n. */
typedef void Visit(void *user, size_t x, size_t w, size_t y);

static size_t weight_index(const Case *c, int o, int i, int kh, int kw) {
    const int32_t *k = c->d.window.kernel;
    return (((size_t)o * (size_t)c->I + (size_t)i) * (size_t)k[0] + (size_t)kh) * (size_t)k[1] +
           (size_t)kw;
}

static void visit_row(const Case *c, int n, int g, int o, int i, int kh, int oh, Visit *visit,
                      void *user) {
    const WindowDesc *win = &c->d.window;
    int h = oh * win->stride[0] + kh * win->dilation[0] - win->pad[0];
    if (h < 0 || h >= c->H)
        return;
    for (int kw = 0; kw < win->kernel[1]; kw++) {
        for (int ow = 0; ow < c->OW; ow++) {
            int w = ow * win->stride[1] + kw * win->dilation[1] - win->pad[1];
            if (w < 0 || w >= c->W)
                continue;
            visit(user, lane_index(c->groups * c->I, c->H, c->W, n, g * c->I + i, h, w),
                  weight_index(c, g * c->O + o, i, kh, kw),
                  lane_index(c->groups * c->O, c->OH, c->OW, n, g * c->O + o, oh, ow));
        }
    }
}

static void visit_products(const Case *c, Visit *visit, void *user) {
    for (int n = 0; n < c->N; n++)
        for (int g = 0; g < c->groups; g++)
            for (int o = 0; o < c->O; o++)
                for (int i = 0; i < c->I; i++)
                    for (int kh = 0; kh < c->d.window.kernel[0]; kh++)
                        for (int oh = 0; oh < c->OH; oh++)
                            visit_row(c, n, g, o, i, kh, oh, visit, user);
}

typedef struct Sums {
    const float *x, *w, *y;
    double *sum, *magnitude; /* indexed as the tensor that is written */
    KernelKind kind;
} Sums;

static void add_product(void *user, size_t x, size_t w, size_t y) {
    Sums *s = user;
    double p = s->kind == KERNEL_conv      ? (double)s->x[x] * s->w[w]
               : s->kind == KERNEL_conv_dx ? (double)s->y[y] * s->w[w]
                                           : (double)s->x[x] * s->y[y];
    size_t at = s->kind == KERNEL_conv ? y : s->kind == KERNEL_conv_dx ? x : w;
    s->sum[at] += p;
    s->magnitude[at] += fabs(p);
}

/* Adds bias and relu to what is expected of the valid lanes. */
static void finish_forward(const Case *c, Sums *s, const float *bias) {
    for (int n = 0; n < c->N; n++)
        for (int o = 0; o < c->groups * c->O; o++)
            for (int p = 0; p < c->OH * c->OW; p++) {
                size_t at = lane_index(c->groups * c->O, 1, c->OH * c->OW, n, o, 0, p);
                s->sum[at] += c->d.bias ? bias[o] : 0;
                s->magnitude[at] += c->d.bias ? fabs(bias[o]) : 0;
                if (c->d.relu && s->sum[at] < 0)
                    s->sum[at] = 0;
            }
}

static void compare(const char *text, const Case *c, const Sums *s, const float *got, int channels,
                    int pixels, int64_t count) {
    bool weights = s->kind == KERNEL_conv_dw;
    for (int64_t at = 0; at < count; at++) {
        int64_t lane = at % LANES, block = at / LANES / pixels / MAX(channels, 1);
        if (!weights && block * LANES + lane >= c->N)
            continue;
        double error = fabs(s->sum[at] - got[at]);
        if (!(error <= 1e-5 * s->magnitude[at] + 1e-30))
            fail_msg("%s: N=%d groups=%d I=%d O=%d %dx%d: element %ld is %g, expected %g", text,
                     c->N, c->groups, c->I, c->O, c->H, c->W, (long)at, got[at], s->sum[at]);
    }
}

static void run_case(const Sessions *sessions, Draw *r, KernelKind kind, Case c) {
    int IC = c.groups * c.I, OC = c.groups * c.O;
    int64_t nx = lanes_floats(c.N, IC, c.H, c.W), ny = lanes_floats(c.N, OC, c.OH, c.OW);
    int64_t nw = (int64_t)OC * c.I * c.d.window.kernel[0] * c.d.window.kernel[1];
    Memory m = memory_open();
    int64_t arg[CONV_NARGS] = {[CONV_X] = memory_take(&m, nx), [CONV_W] = memory_take(&m, nw)};
    arg[CONV_Y] = memory_take(&m, ny);
    arg[CONV_BIAS] = memory_take(&m, OC);
    ConvShape shape = {c.N, c.I, c.O, c.H, c.W, c.OH, c.OW};
    assert_true(conv_can_be(c.d.form, kind, &c.d, &shape));
    arg[CONV_SCRATCH] = memory_take(&m, conv_scratch_bytes(c.d.form, kind, &shape) / 4);
    arg[CONV_N] = (c.N + LANES - 1) / LANES;
    arg[CONV_VALID] = c.N - (arg[CONV_N] - 1) * LANES;
    arg[CONV_I] = c.I, arg[CONV_O] = c.O, arg[CONV_H] = c.H, arg[CONV_WIDTH] = c.W;
    arg[CONV_OH] = c.OH, arg[CONV_OW] = c.OW;
    arg[CONV_X_BLOCK] = nx / arg[CONV_N] * 4, arg[CONV_Y_BLOCK] = ny / arg[CONV_N] * 4;
    float *x = memory_at(&m, arg[CONV_X]), *w = memory_at(&m, arg[CONV_W]);
    float *y = memory_at(&m, arg[CONV_Y]), *bias = memory_at(&m, arg[CONV_BIAS]);
    fill_lanes(r, x, c.N, IC, c.H, c.W);
    fill_lanes(r, y, c.N, OC, c.OH, c.OW);
    for (int64_t i = 0; i < nw; i++)
        w[i] = draw_normal(r);
    for (int i = 0; i < OC; i++)
        bias[i] = draw_normal(r);
    int64_t n = kind == KERNEL_conv ? ny : kind == KERNEL_conv_dx ? nx : nw;
    int64_t out = arg[kind == KERNEL_conv ? CONV_Y : kind == KERNEL_conv_dx ? CONV_X : CONV_W];
    Sums s = {.x = x, .w = w, .y = y, .kind = kind};
    s.sum = calloc((size_t)n, sizeof *s.sum);
    s.magnitude = calloc((size_t)n, sizeof *s.magnitude);
    visit_products(&c, add_product, &s);
    if (kind == KERNEL_conv)
        finish_forward(&c, &s, bias);
    Buf text = {0};
    kernel_text_conv(&text, kind, &c.d);
    int64_t range = kind == KERNEL_conv_dx ? IC : OC;
    for (int64_t i = 0; i < n; i++) /* lanes beyond the batch: no claim on plain x86-64 */
        s.magnitude[i] = s.magnitude[i] == 0 && kind != KERNEL_conv_dw ? 1e12 : s.magnitude[i];
    run_everywhere(sessions, kind, text.text, &m, arg, range, draw_int(r, 0, (int)range), out, n,
                   s.magnitude);
    for (int64_t i = 0; i < n; i++)
        s.magnitude[i] = s.magnitude[i] == 1e12 ? 0 : s.magnitude[i];
    compare(text.text, &c, &s, memory_at(&m, out), kind == KERNEL_conv_dx ? IC : OC,
            kind == KERNEL_conv_dx ? c.H * c.W : c.OH * c.OW, n);
    if (kind == KERNEL_conv_dw && c.d.groups == GROUPS_DENSE && c.d.form != CONV_PACKED) {
        Buf updating = {0};
        c.d.update = draw_int(r, 0, 1) ? UPDATE_SGD_DECAY : UPDATE_SGD;
        kernel_text_conv(&updating, kind, &c.d);
        check_update(sessions, r, kind, text.text, updating.text, c.d.update, &m, arg, CONV_UPDATE,
                     CONV_W, range, nw);
        buf_free(&updating);
    }
    buf_free(&text);
    free(s.sum);
    free(s.magnitude);
    free(m.base);
}

static void run_kind(void **state, KernelKind kind, uint64_t seed) {
    Draw r = draw_open(seed);
    for (int i = 0; i < case_count(50); i++) {
        ConvDesc d = {0};
        draw_window(&r, &d);
        d.bias = kind == KERNEL_conv && draw_int(&r, 0, 1);
        d.relu = kind == KERNEL_conv && draw_int(&r, 0, 1);
        for (int shape = 0; shape < 5; shape++)
            run_case(*state, &r, kind, draw_case(&r, &d));
    }
}

/* Pointwise windows have a kernel of their own, whose work is shared out otherwise where there are
 * many channels, and whose buffer is left out where they are too many. */
static void pointwise_agrees(void **state) {
    static const int reduced[] = {1, 7, 60, 2100}, written[] = {1, 30, 33, 90};
    Draw r = draw_open(14);
    ConvDesc d = {.window = {{1, 1}, {1, 1}, {0, 0}, {1, 1}}};
    for (int i = 0; i < case_count(10); i++) {
        Case c = {.d = d, .N = draw_int(&r, 1, 33), .groups = 1};
        c.H = c.OH = draw_int(&r, 1, 4);
        c.W = c.OW = draw_int(&r, 1, 4);
        int many = draw_of(&r, reduced, 4), few = draw_of(&r, written, 4);
        c.I = many, c.O = few;
        run_case(*state, &r, KERNEL_conv, c);
        c.I = few, c.O = many;
        run_case(*state, &r, KERNEL_conv_dx, c);
    }
}

/* The packed weight gradient, on maps of several strips, with more channels than one group has. */
static void packed_agrees(void **state) {
    static const int channels[] = {1, 5, 12, 50, 97};
    Draw r = draw_open(15);
    for (int i = 0; i < case_count(16); i++) {
        int sh = draw_int(&r, 1, 2), sw = draw_int(&r, 1, 3);
        ConvDesc d = {.window = {{1, 1}, {sh, sw}, {0, 0}, {1, 1}}, .form = CONV_PACKED};
        Case c = {.d = d, .N = draw_int(&r, 1, 33), .groups = 1};
        c.H = draw_int(&r, 1, 13), c.W = draw_int(&r, 1, 13);
        c.OH = out_size(c.H, 0, &d.window), c.OW = out_size(c.W, 1, &d.window);
        c.I = draw_of(&r, channels, 5), c.O = draw_of(&r, channels, 5);
        run_case(*state, &r, KERNEL_conv_dw, c);
    }
}

static void tiny_agrees(void **state) {
    static const int channels[] = {1, 5, 16, 40, 64};
    Draw r = draw_open(16);
    for (int i = 0; i < case_count(16); i++) {
        int k = i % 2 ? 1 : 3;
        ConvDesc d = {.window = {{k, k}, {1, 1}, {k / 2, k / 2}, {1, 1}}, .form = CONV_TINY};
        Case c = {.d = d, .N = draw_int(&r, 1, 16), .groups = 1, .H = 2, .W = 2, .OH = 2, .OW = 2};
        c.I = draw_of(&r, channels, 5), c.O = draw_of(&r, channels, 5);
        run_case(*state, &r, KERNEL_conv_dw, c);
        if (k == 1)
            continue;
        c.N = draw_int(&r, 1, 33);
        run_case(*state, &r, KERNEL_conv_dx, c);
        c.d.bias = draw_int(&r, 0, 1), c.d.relu = draw_int(&r, 0, 1);
        run_case(*state, &r, KERNEL_conv, c);
    }
}

static void conv_agrees(void **state) {
    run_kind(state, KERNEL_conv, 11);
}

static void conv_dx_agrees(void **state) {
    run_kind(state, KERNEL_conv_dx, 12);
}

static void conv_dw_agrees(void **state) {
    run_kind(state, KERNEL_conv_dw, 13);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointwise_agrees), cmocka_unit_test(packed_agrees),
        cmocka_unit_test(tiny_agrees),      cmocka_unit_test(conv_agrees),
        cmocka_unit_test(conv_dx_agrees),   cmocka_unit_test(conv_dw_agrees),
    };
    return cmocka_run_group_tests(tests, sessions_open, sessions_close);
}
