/* Convolution as im2col + dgemm, in double, image by image and group by group. The columns of one
 * image and group are [ci * kh * kw][oh * ow], zeros where the window lies in the padding. */
#include "runtime/blas.h"
#include "runtime/ref_conv.h"

#include <stdlib.h>

static double *new_columns(const RefConv *g) {
    return nasc_alloc(sizeof(double) * (size_t)(g->ci * g->kh * g->kw * g->oh * g->ow));
}

/* x: the first channel of the group, [ci, h, w]. */
static void image_to_columns(const RefConv *g, const double *x, double *columns) {
    for (int64_t i = 0; i < g->ci; i++)
        for (int64_t ky = 0; ky < g->kh; ky++)
            for (int64_t kx = 0; kx < g->kw; kx++)
                for (int64_t oy = 0; oy < g->oh; oy++) {
                    int64_t iy = ref_conv_row(g, oy, ky);
                    for (int64_t ox = 0; ox < g->ow; ox++) {
                        int64_t ix = iy < 0 ? -1 : ref_conv_column(g, ox, kx);
                        *columns++ = ix < 0 ? 0 : x[(i * g->h + iy) * g->w + ix];
                    }
                }
}

static void add_columns_to_image(const RefConv *g, const double *columns, double *x) {
    for (int64_t i = 0; i < g->ci; i++)
        for (int64_t ky = 0; ky < g->kh; ky++)
            for (int64_t kx = 0; kx < g->kw; kx++)
                for (int64_t oy = 0; oy < g->oh; oy++) {
                    int64_t iy = ref_conv_row(g, oy, ky);
                    for (int64_t ox = 0; ox < g->ow; ox++, columns++) {
                        int64_t ix = iy < 0 ? -1 : ref_conv_column(g, ox, kx);
                        if (ix >= 0)
                            x[(i * g->h + iy) * g->w + ix] += *columns;
                    }
                }
}

static const double *input_of(const RefConv *g, const double *x, int64_t n, int64_t group) {
    return x + (n * g->c + group * g->ci) * g->h * g->w;
}

static int64_t output_of(const RefConv *g, int64_t n, int64_t group) {
    return (n * g->o + group * g->co) * g->oh * g->ow;
}

void ref_gemm_conv(const RefConv *g, const double *x, const double *weight, double *y) {
    double *columns = new_columns(g);
    int64_t k = g->ci * g->kh * g->kw;
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t group = 0; group < g->groups; group++) {
            image_to_columns(g, input_of(g, x, n, group), columns);
            blas_dgemm(&(BlasGemm){.m = g->co,
                                   .n = g->oh * g->ow,
                                   .k = k,
                                   .a = weight + group * g->co * k,
                                   .b = columns,
                                   .c = y + output_of(g, n, group)});
        }
    free(columns);
}

void ref_gemm_conv_dx(const RefConv *g, const double *dy, const double *weight, double *dx) {
    double *columns = new_columns(g);
    int64_t k = g->ci * g->kh * g->kw;
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t group = 0; group < g->groups; group++) {
            blas_dgemm(&(BlasGemm){.transpose_a = true,
                                   .m = k,
                                   .n = g->oh * g->ow,
                                   .k = g->co,
                                   .a = weight + group * g->co * k,
                                   .b = dy + output_of(g, n, group),
                                   .c = columns});
            add_columns_to_image(g, columns, dx + (n * g->c + group * g->ci) * g->h * g->w);
        }
    free(columns);
}

void ref_gemm_conv_dw(const RefConv *g, const double *x, const double *dy, double *dw) {
    double *columns = new_columns(g);
    int64_t k = g->ci * g->kh * g->kw;
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t group = 0; group < g->groups; group++) {
            image_to_columns(g, input_of(g, x, n, group), columns);
            blas_dgemm(&(BlasGemm){.transpose_b = true,
                                   .m = g->co,
                                   .n = k,
                                   .k = g->oh * g->ow,
                                   .a = dy + output_of(g, n, group),
                                   .b = columns,
                                   .beta = 1,
                                   .c = dw + group * g->co * k});
        }
    free(columns);
}
