/* Calls into OpenBLAS: see blas.h. */
#include "runtime/blas.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* LAPACK's LU factorisation and symmetric eigenvalues, in the Fortran convention of the library that BLAS comes in. */
extern void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
extern void dsyev_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
                   double *values, double *work, const int *work_size, int *info, size_t job_length,
                   size_t triangle_length);

/* One thread, so that a sum is split the same way on every machine with this core, and workers do
 * not compete. The library remembers the setting. */
static void one_thread(void) {
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}

void blas_dgemm(const BlasGemm *g) {
    CHECK(g->m <= INT_MAX && g->n <= INT_MAX && g->k <= INT_MAX);
    if (g->m == 0 || g->n == 0)
        return;
    one_thread();
    int lda = (int)(g->transpose_a ? g->m : g->k), ldb = (int)(g->transpose_b ? g->k : g->n);
    cblas_dgemm(CblasRowMajor, g->transpose_a ? CblasTrans : CblasNoTrans,
                g->transpose_b ? CblasTrans : CblasNoTrans, (int)g->m, (int)g->n, (int)g->k, 1.0,
                g->a, MAX(lda, 1), g->b, MAX(ldb, 1), g->beta, g->c, (int)g->n);
}

static bool all_finite(const double *a, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(a[i]))
            return false;
    return true;
}

double blas_logdet(double *a, int64_t n) {
    CHECK(n >= 1 && n <= 1 << 15);
    if (!all_finite(a, n * n))
        return NAN;
    one_thread();
    int order = (int)n, info = 0, *pivots = nasc_alloc(sizeof *pivots * (size_t)n);
    dgetrf_(&order, &order, a, &order, pivots, &info);
    free(pivots);
    CHECK(info >= 0);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += log(fabs(a[i * n + i]));
    return info > 0 ? -INFINITY : sum;
}

void blas_eigenvalues(double *a, int64_t n, double *out) {
    CHECK(n >= 1 && n <= 1 << 15);
    int order = (int)n, info = 1, work_size = 3 * order;
    if (all_finite(a, n * n)) {
        one_thread();
        double *work = nasc_alloc(sizeof *work * (size_t)work_size);
        dsyev_("N", "U", &order, a, &order, out, work, &work_size, &info, 1, 1);
        free(work);
        CHECK(info >= 0);
    }
    for (int64_t i = 0; info > 0 && i < n; i++)
        out[i] = NAN;
}

const char *blas_version(void) {
    return openblas_get_config();
}

const char *blas_core(void) {
    return openblas_get_corename();
}
