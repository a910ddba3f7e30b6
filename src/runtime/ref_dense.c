/* Dense layers: y[n, o] = sum over i of x[n, i] weight[o, i], then the bias; and the two gradients.
 * In double by dgemm unless plain loops are asked for; plain sums run in index order. */
#include "runtime/blas.h"
#include "runtime/ref_impl.h"

/* c[m, n] = a'[m, k] b'[k, n]; the plain form of blas_dgemm. */
static void multiply(const BlasGemm *g, const RefOptions *options) {
    if (ref_by_gemm(options)) {
        blas_dgemm(g);
        return;
    }
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < g->k; l++) {
                double a = g->transpose_a ? g->a[l * g->m + i] : g->a[i * g->k + l];
                double b = g->transpose_b ? g->b[j * g->k + l] : g->b[l * g->n + j];
                sum = ref_round(ref_is_float(options), sum + a * b);
            }
            g->c[i * g->n + j] = sum;
        }
}

void ref_dense(const IrNode *node, const IrType *const *in_types, const double *const *in,
               double *out, const RefOptions *options) {
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray weight = ref_array_read(in_types[1], REF_OIKK, in[1]);
    RefArray y = ref_array_zero(&node->type, REF_NCHW);
    multiply(&(BlasGemm){.transpose_b = true,
                         .m = y.size[0],
                         .n = y.size[1],
                         .k = x.size[1],
                         .a = x.at,
                         .b = weight.at,
                         .c = y.at},
             options);
    for (int64_t i = 0; node->nin == 3 && i < y.size[0] * y.size[1]; i++)
        y.at[i] += in[2][i % y.size[1]];
    ref_array_write(&y, &node->type, REF_NCHW, ref_is_float(options), out);
    ref_array_free(&x);
    ref_array_free(&weight);
}

void ref_dense_dx(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options) {
    RefArray dy = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray weight = ref_array_read(in_types[1], REF_OIKK, in[1]);
    RefArray dx = ref_array_zero(&node->type, REF_NCHW);
    multiply(&(BlasGemm){.m = dx.size[0],
                         .n = dx.size[1],
                         .k = dy.size[1],
                         .a = dy.at,
                         .b = weight.at,
                         .c = dx.at},
             options);
    ref_array_write(&dx, &node->type, REF_NCHW, ref_is_float(options), out);
    ref_array_free(&dy);
    ref_array_free(&weight);
}

void ref_dense_dw(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options) {
    RefArray x = ref_array_read(in_types[0], REF_NCHW, in[0]);
    RefArray dy = ref_array_read(in_types[1], REF_NCHW, in[1]);
    RefArray dw = ref_array_zero(&node->type, REF_OIKK);
    multiply(&(BlasGemm){.transpose_a = true,
                         .m = dw.size[0],
                         .n = dw.size[1],
                         .k = x.size[0],
                         .a = dy.at,
                         .b = x.at,
                         .c = dw.at},
             options);
    ref_array_write(&dw, &node->type, REF_OIKK, ref_is_float(options), out);
    ref_array_free(&x);
    ref_array_free(&dy);
}
