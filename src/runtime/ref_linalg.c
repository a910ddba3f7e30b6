/* Linear algebra of the reference executor. A Gram matrix is one product z z'; a log-determinant is
 * an LU factorisation, eigenvalues a reduction to tridiagonal form, both in double whatever the
 * precision of the run, and rounded. */
#include "runtime/blas.h"
#include "runtime/ref_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The type with `axis` in front. */
static IrType axis_first(const IrType *t, IrAxis axis) {
    IrType out = {.rank = t->rank, .axis = {axis}, .size = {ir_type_size(t, axis)}};
    for (int i = 0, at = 1; i < t->rank; i++)
        if (t->axis[i] != axis) {
            out.axis[at] = t->axis[i];
            out.size[at++] = t->size[i];
        }
    return out;
}

static void gram_plain(const double *z, int64_t n, int64_t k, bool f32, double *out) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum = ref_round(f32, sum + z[i * k + l] * z[j * k + l]);
            out[i * n + j] = sum;
        }
}

void ref_gram(const IrNode *node, const IrType *const *in_types, const double *const *in,
              double *out, const RefOptions *options) {
    IrType rows = axis_first(in_types[0], node->attr->axis);
    int64_t n = rows.size[0], k = ir_type_elements(&rows) / n;
    double *z = nasc_alloc(sizeof *z * (size_t)(n * k));
    ref_copy(&rows, in[0], ref_strides(in_types[0], &rows), z, ref_strides(&rows, &rows));
    if (ref_by_gemm(options))
        blas_dgemm(
            &(BlasGemm){.transpose_b = true, .m = n, .n = n, .k = k, .a = z, .b = z, .c = out});
    else
        gram_plain(z, n, k, ref_is_float(options), out);
    free(z);
}

void ref_logdet(const IrNode *node, const IrType *const *in_types, const double *const *in,
                double *out, const RefOptions *options) {
    (void)node;
    int64_t n = in_types[0]->size[0];
    double *a = nasc_alloc(sizeof *a * (size_t)(n * n));
    memcpy(a, in[0], sizeof *a * (size_t)(n * n));
    *out = ref_round(ref_is_float(options), blas_logdet(a, n));
    free(a);
}

void ref_eigenvalues(const IrNode *node, const IrType *const *in_types, const double *const *in,
                     double *out, const RefOptions *options) {
    (void)node;
    int64_t n = in_types[0]->size[0];
    double *a = nasc_alloc(sizeof *a * (size_t)(n * n));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            a[i * n + j] = (in[0][i * n + j] + in[0][j * n + i]) / 2;
    blas_eigenvalues(a, n, out);
    for (int64_t i = 0; i < n; i++)
        out[i] = ref_round(ref_is_float(options), out[i]);
    free(a);
}
