/* BLAS, on one thread. The only door to OpenBLAS: which kernel it picks depends on the CPU, so a
 * result that passed through here names blas_core() in its provenance. */
#ifndef NASC_RUNTIME_BLAS_H
#define NASC_RUNTIME_BLAS_H

#include "base/base.h"

/* c[m, n] = a'[m, k] b'[k, n] + beta c, all row-major without gaps; a' is `a`, or its transpose if
 * transpose_a (then a is stored [k, m]); b' likewise. beta = 0 does not read c. */
typedef struct BlasGemm {
    bool transpose_a, transpose_b;
    int64_t m, n, k;
    const double *a, *b;
    double beta;
    double *c;
} BlasGemm;

void blas_dgemm(const BlasGemm *gemm);

/* log |det a| of a row-major n x n matrix by LU factorisation, which overwrites it; -inf if it is
 * singular, NaN if an element is not finite. */
double blas_logdet(double *a, int64_t n);

/* The eigenvalues [n] of a symmetric n x n matrix, ascending; overwrites the matrix. NaN if an element is not
 * finite or the iteration finds no end. */
void blas_eigenvalues(double *a, int64_t n, double *out);

/* "OpenBLAS 0.3.21 ..." as the library describes its build. */
const char *blas_version(void);
/* The kernels it chose for this CPU, e.g. "Zen". */
const char *blas_core(void);

#endif
