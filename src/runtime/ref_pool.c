/* Pooling and resizing, forward and backward, plane by plane. A maximum belongs to the first of
 * equal elements in row-major order, and the padding never has it (no window lies in the padding
 * alone: the shape rule sees to that). Sums run in row-major order of what is read. */
#include "runtime/ref_impl.h"

#include <math.h>

typedef struct Pool {
    int64_t h, w, oh, ow; /* of the forward op's input and output */
    int64_t kernel[2], stride[2], pad[2], dilation[2];
    bool count_padding, f32;
} Pool;

static Pool pool_geometry(const IrAttr *a, const RefArray *x, const RefArray *y,
                          const RefOptions *options) {
    CHECK(x->size[0] == y->size[0] && x->size[1] == y->size[1]);
    return (Pool){
        .h = x->size[2],
        .w = x->size[3],
        .oh = y->size[2],
        .ow = y->size[3],
        .kernel = {a->kernel[0], a->kernel[1]},
        .stride = {a->stride[0], a->stride[1]},
        .pad = {a->pad[0], a->pad[1]},
        .dilation = {a->dilation[0], a->dilation[1]},
        .count_padding = a->count_padding,
        .f32 = ref_is_float(options),
    };
}

/* Offset in a plane of the input of tap (ky, kx) of window (oy, ox), or -1 in the padding. */
static int64_t tap_offset(const Pool *p, int64_t oy, int64_t ox, int64_t ky, int64_t kx) {
    int64_t y = oy * p->stride[0] + ky * p->dilation[0] - p->pad[0];
    int64_t x = ox * p->stride[1] + kx * p->dilation[1] - p->pad[1];
    return y >= 0 && y < p->h && x >= 0 && x < p->w ? y * p->w + x : -1;
}

static int64_t winner(const Pool *p, const double *plane, int64_t oy, int64_t ox) {
    int64_t best = -1;
    for (int64_t ky = 0; ky < p->kernel[0]; ky++)
        for (int64_t kx = 0; kx < p->kernel[1]; kx++) {
            int64_t at = tap_offset(p, oy, ox, ky, kx);
            if (at >= 0 && (best < 0 || plane[at] > plane[best] || isnan(plane[at])))
                best = at;
        }
    CHECK(best >= 0);
    return best;
}

/* What a window's sum is divided by. */
static double window_count(const Pool *p, int64_t oy, int64_t ox) {
    if (p->count_padding)
        return (double)(p->kernel[0] * p->kernel[1]);
    int64_t count = 0;
    for (int64_t ky = 0; ky < p->kernel[0]; ky++)
        for (int64_t kx = 0; kx < p->kernel[1]; kx++)
            count += tap_offset(p, oy, ox, ky, kx) >= 0;
    CHECK(count > 0);
    return (double)count;
}

void ref_max_pool(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options) {
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray y = ref_array_zero(&node->type, REF_NCHW);
    Pool p = pool_geometry(node->attr, &x, &y, options);
    double *result = y.at;
    for (int64_t plane = 0; plane < x.size[0] * x.size[1]; plane++)
        for (int64_t oy = 0; oy < p.oh; oy++)
            for (int64_t ox = 0; ox < p.ow; ox++) {
                const double *from = ref_plane(&x, 0, plane);
                *result++ = from[winner(&p, from, oy, ox)];
            }
    ref_array_write(&y, &node->type, REF_NCHW, p.f32, out);
    ref_array_free(&x);
}

void ref_max_pool_dx(const IrNode *node, const IrType *const *in_types, const double *const *in,
                     double *out, const RefOptions *options) {
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray dy = ref_array_read(in_types[1], REF_NCHW, in[1]);
    RefArray dx = ref_array_zero(&node->type, REF_NCHW);
    Pool p = pool_geometry(node->attr, &x, &dy, options);
    const double *grad = dy.at;
    for (int64_t plane = 0; plane < x.size[0] * x.size[1]; plane++)
        for (int64_t oy = 0; oy < p.oh; oy++)
            for (int64_t ox = 0; ox < p.ow; ox++, grad++) {
                int64_t best = winner(&p, ref_plane(&x, 0, plane), oy, ox);
                double *sum = ref_plane(&dx, 0, plane) + best;
                *sum = ref_round(p.f32, *sum + *grad);
            }
    ref_array_write(&dx, &node->type, REF_NCHW, p.f32, out);
    ref_array_free(&x);
    ref_array_free(&dy);
}

static double window_sum(const Pool *p, const double *plane, int64_t oy, int64_t ox) {
    double sum = 0;
    for (int64_t ky = 0; ky < p->kernel[0]; ky++)
        for (int64_t kx = 0; kx < p->kernel[1]; kx++) {
            int64_t at = tap_offset(p, oy, ox, ky, kx);
            if (at >= 0)
                sum = ref_round(p->f32, sum + plane[at]);
        }
    return sum;
}

void ref_avg_pool(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options) {
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray y = ref_array_zero(&node->type, REF_NCHW);
    Pool p = pool_geometry(node->attr, &x, &y, options);
    double *result = y.at;
    for (int64_t plane = 0; plane < x.size[0] * x.size[1]; plane++)
        for (int64_t oy = 0; oy < p.oh; oy++)
            for (int64_t ox = 0; ox < p.ow; ox++)
                *result++ =
                    window_sum(&p, ref_plane(&x, 0, plane), oy, ox) / window_count(&p, oy, ox);
    ref_array_write(&y, &node->type, REF_NCHW, p.f32, out);
    ref_array_free(&x);
}

static void spread_window(const Pool *p, double grad, int64_t oy, int64_t ox, double *plane) {
    for (int64_t ky = 0; ky < p->kernel[0]; ky++)
        for (int64_t kx = 0; kx < p->kernel[1]; kx++) {
            int64_t at = tap_offset(p, oy, ox, ky, kx);
            if (at >= 0)
                plane[at] = ref_round(p->f32, plane[at] + grad);
        }
}

void ref_avg_pool_dx(const IrNode *node, const IrType *const *in_types, const double *const *in,
                     double *out, const RefOptions *options) {
    RefArray dy = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray dx = ref_array_zero(&node->type, REF_NCHW);
    Pool p = pool_geometry(node->attr, &dx, &dy, options);
    const double *grad = dy.at;
    for (int64_t plane = 0; plane < dx.size[0] * dx.size[1]; plane++)
        for (int64_t oy = 0; oy < p.oh; oy++)
            for (int64_t ox = 0; ox < p.ow; ox++) {
                double share = ref_round(p.f32, *grad++ / window_count(&p, oy, ox));
                spread_window(&p, share, oy, ox, ref_plane(&dx, 0, plane));
            }
    ref_array_write(&dx, &node->type, REF_NCHW, p.f32, out);
    ref_array_free(&dy);
}

/* Where one output index of a resize reads along one axis: two neighbours and their weights. */
typedef struct Lerp {
    int64_t at[2];
    double weight[2];
} Lerp;

static Lerp resize_taps(IrResize mode, int64_t i, int64_t in, int64_t out, bool f32) {
    if (mode == IR_RESIZE_NEAREST)
        return (Lerp){{i * in / out, i * in / out}, {1, 0}};
    CHECK(mode == IR_RESIZE_BILINEAR);
    double source = MAX(((double)i + 0.5) * (double)in / (double)out - 0.5, 0);
    int64_t low = MIN((int64_t)source, in - 1);
    double part = ref_round(f32, source - (double)low);
    return (Lerp){{low, MIN(low + 1, in - 1)}, {ref_round(f32, 1 - part), part}};
}

static double resize_read(const double *plane, int64_t width, Lerp y, Lerp x, bool f32) {
    double row[2];
    for (int r = 0; r < 2; r++) {
        const double *from = plane + y.at[r] * width;
        row[r] = ref_round(f32, x.weight[0] * from[x.at[0]] +
                                    ref_round(f32, x.weight[1] * from[x.at[1]]));
    }
    return ref_round(f32, y.weight[0] * row[0] + ref_round(f32, y.weight[1] * row[1]));
}

void ref_resize(const IrNode *node, const IrType *const *in_types, const double *const *in,
                double *out, const RefOptions *options) {
    bool f32 = ref_is_float(options);
    IrResize mode = (IrResize)node->attr->mode;
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray y = ref_array_zero(&node->type, REF_NCHW);
    double *result = y.at;
    for (int64_t plane = 0; plane < x.size[0] * x.size[1]; plane++)
        for (int64_t oy = 0; oy < y.size[2]; oy++)
            for (int64_t ox = 0; ox < y.size[3]; ox++) {
                const double *from = ref_plane(&x, 0, plane);
                Lerp row = resize_taps(mode, oy, x.size[2], y.size[2], f32);
                Lerp column = resize_taps(mode, ox, x.size[3], y.size[3], f32);
                *result++ = mode == IR_RESIZE_NEAREST
                                ? from[row.at[0] * x.size[3] + column.at[0]]
                                : resize_read(from, x.size[3], row, column, f32);
            }
    ref_array_write(&y, &node->type, REF_NCHW, f32, out);
    ref_array_free(&x);
}

static void resize_spread(double grad, int64_t width, Lerp y, Lerp x, bool f32, double *plane) {
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++) {
            double *sum = &plane[y.at[r] * width + x.at[c]];
            *sum = ref_round(f32, *sum + y.weight[r] * x.weight[c] * grad);
        }
}

void ref_resize_dx(const IrNode *node, const IrType *const *in_types, const double *const *in,
                   double *out, const RefOptions *options) {
    bool f32 = ref_is_float(options);
    IrResize mode = (IrResize)node->attr->mode;
    RefArray dy = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray dx = ref_array_zero(&node->type, REF_NCHW);
    const double *grad = dy.at;
    for (int64_t plane = 0; plane < dx.size[0] * dx.size[1]; plane++)
        for (int64_t oy = 0; oy < dy.size[2]; oy++)
            for (int64_t ox = 0; ox < dy.size[3]; ox++)
                resize_spread(*grad++, dx.size[3],
                              resize_taps(mode, oy, dx.size[2], dy.size[2], f32),
                              resize_taps(mode, ox, dx.size[3], dy.size[3], f32), f32,
                              ref_plane(&dx, 0, plane));
    ref_array_write(&dx, &node->type, REF_NCHW, f32, out);
    ref_array_free(&dy);
}
