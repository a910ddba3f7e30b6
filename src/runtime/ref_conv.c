/* Convolution and its two gradients: arranges the tensors, then runs plain loops, or im2col + dgemm
 * in double (ref_gemm.c). Order of the plain sums, each in the precision of the run with the
 * product kept exact: forward over (i, kh, kw), then the bias; input gradient over (o, kh, kw);
 * weight gradient over (n, h, w); all row-major. Plain forward and input gradient keep 16 images in
 * the inner loop, which reorders no sum. */
#include "runtime/ref_conv.h"

#include <stdlib.h>
#include <string.h>

enum { IMAGES = 16 };

static RefConv conv_geometry(const IrAttr *a, const RefArray *x, const RefArray *y,
                             const RefArray *weight, bool f32) {
    RefConv g = {
        .n = x->size[0],
        .c = x->size[1],
        .h = x->size[2],
        .w = x->size[3],
        .o = y->size[1],
        .oh = y->size[2],
        .ow = y->size[3],
        .kh = weight->size[2],
        .kw = weight->size[3],
        .groups = a->groups,
        .ci = weight->size[1],
        .co = weight->size[0] / a->groups,
        .stride = {a->stride[0], a->stride[1]},
        .pad = {a->pad[0], a->pad[1]},
        .dilation = {a->dilation[0], a->dilation[1]},
        .f32 = f32,
    };
    CHECK(g.ci * g.groups == g.c && g.co * g.groups == g.o && y->size[0] == g.n);
    return g;
}

/* Images first .. first + 15 of a[n, c, h, w] as [c][h][w][16], zeros beyond the batch. */
static void read_images(const RefArray *a, int64_t first, double *images) {
    int64_t elements = a->size[1] * a->size[2] * a->size[3];
    memset(images, 0, sizeof(double) * (size_t)(elements * IMAGES));
    for (int64_t l = 0; l < MIN(IMAGES, a->size[0] - first); l++) {
        const double *image = ref_plane(a, first + l, 0);
        for (int64_t i = 0; i < elements; i++)
            images[i * IMAGES + l] = image[i];
    }
}

static void write_images(const double *images, int64_t first, RefArray *a) {
    int64_t elements = a->size[1] * a->size[2] * a->size[3];
    for (int64_t l = 0; l < MIN(IMAGES, a->size[0] - first); l++) {
        double *image = ref_plane(a, first + l, 0);
        for (int64_t i = 0; i < elements; i++)
            image[i] = images[i * IMAGES + l];
    }
}

static inline void add_scaled(double *restrict sum, double weight, const double *restrict x,
                              bool f32) {
    if (f32)
        for (int l = 0; l < IMAGES; l++)
            sum[l] = (float)(sum[l] + weight * x[l]);
    else
        for (int l = 0; l < IMAGES; l++)
            sum[l] = sum[l] + weight * x[l];
}

/* One output element of 16 images; x is [c][h][w][16]. */
static void plain_output(const RefConv *g, const double *x, const double *weight, int64_t o,
                         int64_t oy, int64_t ox, double sum[IMAGES]) {
    int64_t first_channel = o / g->co * g->ci;
    for (int64_t i = 0; i < g->ci; i++)
        for (int64_t ky = 0; ky < g->kh; ky++)
            for (int64_t kx = 0; kx < g->kw; kx++) {
                int64_t iy = ref_conv_row(g, oy, ky), ix = ref_conv_column(g, ox, kx);
                if (iy < 0 || ix < 0)
                    continue;
                double scale = weight[((o * g->ci + i) * g->kh + ky) * g->kw + kx];
                int64_t at = ((first_channel + i) * g->h + iy) * g->w + ix;
                add_scaled(sum, scale, x + at * IMAGES, g->f32);
            }
}

static void plain_conv(const RefConv *g, const RefArray *x, const double *weight, RefArray *y) {
    double *in = nasc_alloc(sizeof(double) * (size_t)(g->c * g->h * g->w * IMAGES));
    double *out = nasc_alloc(sizeof(double) * (size_t)(g->o * g->oh * g->ow * IMAGES));
    for (int64_t first = 0; first < g->n; first += IMAGES) {
        read_images(x, first, in);
        memset(out, 0, sizeof(double) * (size_t)(g->o * g->oh * g->ow * IMAGES));
        for (int64_t o = 0; o < g->o; o++)
            for (int64_t oy = 0; oy < g->oh; oy++)
                for (int64_t ox = 0; ox < g->ow; ox++)
                    plain_output(g, in, weight, o, oy, ox,
                                 out + ((o * g->oh + oy) * g->ow + ox) * IMAGES);
        write_images(out, first, y);
    }
    free(in);
    free(out);
}

/* Index of the output that input index i meets under kernel index k, or -1. */
static int64_t output_index(int64_t i, int64_t k, int64_t stride, int64_t pad, int64_t dilation,
                            int64_t size) {
    int64_t t = i + pad - k * dilation;
    return t >= 0 && t % stride == 0 && t / stride < size ? t / stride : -1;
}

/* Gradient of one input element of 16 images; dy is [o][oh][ow][16]. */
static void plain_input(const RefConv *g, const double *dy, const double *weight, int64_t c,
                        int64_t iy, int64_t ix, double sum[IMAGES]) {
    int64_t group = c / g->ci, i = c % g->ci;
    for (int64_t o = group * g->co; o < (group + 1) * g->co; o++)
        for (int64_t ky = 0; ky < g->kh; ky++)
            for (int64_t kx = 0; kx < g->kw; kx++) {
                int64_t oy = output_index(iy, ky, g->stride[0], g->pad[0], g->dilation[0], g->oh);
                int64_t ox = output_index(ix, kx, g->stride[1], g->pad[1], g->dilation[1], g->ow);
                if (oy < 0 || ox < 0)
                    continue;
                double scale = weight[((o * g->ci + i) * g->kh + ky) * g->kw + kx];
                add_scaled(sum, scale, dy + ((o * g->oh + oy) * g->ow + ox) * IMAGES, g->f32);
            }
}

static void plain_conv_dx(const RefConv *g, const RefArray *dy, const double *weight,
                          RefArray *dx) {
    double *in = nasc_alloc(sizeof(double) * (size_t)(g->o * g->oh * g->ow * IMAGES));
    double *out = nasc_alloc(sizeof(double) * (size_t)(g->c * g->h * g->w * IMAGES));
    for (int64_t first = 0; first < g->n; first += IMAGES) {
        read_images(dy, first, in);
        memset(out, 0, sizeof(double) * (size_t)(g->c * g->h * g->w * IMAGES));
        for (int64_t c = 0; c < g->c; c++)
            for (int64_t iy = 0; iy < g->h; iy++)
                for (int64_t ix = 0; ix < g->w; ix++)
                    plain_input(g, in, weight, c, iy, ix,
                                out + ((c * g->h + iy) * g->w + ix) * IMAGES);
        write_images(out, first, dx);
    }
    free(in);
    free(out);
}

static double plain_weight(const RefConv *g, const RefArray *x, const RefArray *dy, int64_t o,
                           int64_t i, int64_t ky, int64_t kx) {
    double sum = 0;
    for (int64_t n = 0; n < g->n; n++) {
        const double *in = ref_plane(x, n, o / g->co * g->ci + i), *grad = ref_plane(dy, n, o);
        for (int64_t oy = 0; oy < g->oh; oy++)
            for (int64_t ox = 0; ox < g->ow; ox++) {
                int64_t iy = ref_conv_row(g, oy, ky), ix = ref_conv_column(g, ox, kx);
                if (iy >= 0 && ix >= 0)
                    sum = ref_round(g->f32, sum + in[iy * g->w + ix] * grad[oy * g->ow + ox]);
            }
    }
    return sum;
}

static void plain_conv_dw(const RefConv *g, const RefArray *x, const RefArray *dy, RefArray *dw) {
    double *out = dw->at;
    for (int64_t o = 0; o < g->o; o++)
        for (int64_t i = 0; i < g->ci; i++)
            for (int64_t ky = 0; ky < g->kh; ky++)
                for (int64_t kx = 0; kx < g->kw; kx++)
                    *out++ = plain_weight(g, x, dy, o, i, ky, kx);
}

void ref_conv(const IrNode *node, const IrType *const *in_types, const double *const *in,
              double *out, const RefOptions *options) {
    bool f32 = ref_is_float(options);
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray weight = ref_array_read(in_types[1], REF_OIKK, in[1]);
    RefArray y = ref_array_zero(&node->type, REF_NCHW);
    RefConv g = conv_geometry(node->attr, &x, &y, &weight, f32);
    if (ref_by_gemm(options))
        ref_gemm_conv(&g, x.at, weight.at, y.at);
    else
        plain_conv(&g, &x, weight.at, &y);
    for (int64_t plane = 0; node->nin == 3 && plane < g.n * g.o; plane++)
        for (int64_t i = 0; i < g.oh * g.ow; i++) {
            double *value = &y.at[plane * g.oh * g.ow + i];
            *value = ref_round(f32, *value + in[2][plane % g.o]);
        }
    ref_array_write(&y, &node->type, REF_NCHW, f32, out);
    ref_array_free(&x);
    ref_array_free(&weight);
}

void ref_conv_dx(const IrNode *node, const IrType *const *in_types, const double *const *in,
                 double *out, const RefOptions *options) {
    bool f32 = ref_is_float(options);
    RefArray dy = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray weight = ref_array_read(in_types[1], REF_OIKK, in[1]);
    RefArray dx = ref_array_zero(&node->type, REF_NCHW);
    RefConv g = conv_geometry(node->attr, &dx, &dy, &weight, f32);
    if (ref_by_gemm(options))
        ref_gemm_conv_dx(&g, dy.at, weight.at, dx.at);
    else
        plain_conv_dx(&g, &dy, weight.at, &dx);
    ref_array_write(&dx, &node->type, REF_NCHW, f32, out);
    ref_array_free(&dy);
    ref_array_free(&weight);
}

void ref_conv_dw(const IrNode *node, const IrType *const *in_types, const double *const *in,
                 double *out, const RefOptions *options) {
    bool f32 = ref_is_float(options);
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray dy = ref_array_read(in_types[1], REF_NCHW, in[1]);
    RefArray dw = ref_array_zero(&node->type, REF_OIKK);
    RefConv g = conv_geometry(node->attr, &x, &dy, &dw, f32);
    if (ref_by_gemm(options))
        ref_gemm_conv_dw(&g, x.at, dy.at, dw.at);
    else
        plain_conv_dw(&g, &x, &dy, &dw);
    ref_array_write(&dw, &node->type, REF_OIKK, f32, out);
    ref_array_free(&x);
    ref_array_free(&dy);
}
