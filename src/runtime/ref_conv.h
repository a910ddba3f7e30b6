/* The geometry of a convolution, and its two ways through: plain loops and im2col + dgemm. Arrays
 * are x [n, c, h, w], y [n, o, oh, ow] and weight [o, c / groups, kh, kw]. */
#ifndef NASC_RUNTIME_REF_CONV_H
#define NASC_RUNTIME_REF_CONV_H

#include "runtime/ref_impl.h"

typedef struct RefConv {
    int64_t n, c, h, w; /* input */
    int64_t o, oh, ow;  /* output */
    int64_t kh, kw;
    int64_t groups, ci, co; /* channels of one group, in and out */
    int64_t stride[2], pad[2], dilation[2];
    bool f32;
} RefConv;

/* Row of the input under row oy of the output and row k of the kernel, or -1 in the padding. */
static inline int64_t ref_conv_row(const RefConv *g, int64_t oy, int64_t k) {
    int64_t y = oy * g->stride[0] + k * g->dilation[0] - g->pad[0];
    return y >= 0 && y < g->h ? y : -1;
}
static inline int64_t ref_conv_column(const RefConv *g, int64_t ox, int64_t k) {
    int64_t x = ox * g->stride[1] + k * g->dilation[1] - g->pad[1];
    return x >= 0 && x < g->w ? x : -1;
}

/* All in double; y, dx and dw hold zeros on entry. */
void ref_gemm_conv(const RefConv *g, const double *x, const double *weight, double *y);
void ref_gemm_conv_dx(const RefConv *g, const double *dy, const double *weight, double *dx);
void ref_gemm_conv_dw(const RefConv *g, const double *x, const double *dy, double *dw);

#endif
