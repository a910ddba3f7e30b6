/* Calls into OpenBLAS: see blas.h. The library is loaded when first it is needed: its threads, one
 * a processor, spin for a while after they are made, and most runs never multiply a matrix. */
#include "runtime/blas.h"

#include "base/library.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char library[] = "libopenblas.so.0";

/* LAPACK's LU factorisation and symmetric eigenvalues are in the Fortran convention of the library
 * that BLAS comes in. */
static struct {
    __typeof__(openblas_get_num_threads) *get_num_threads;
    __typeof__(openblas_set_num_threads) *set_num_threads;
    __typeof__(openblas_get_config) *get_config;
    __typeof__(openblas_get_corename) *get_corename;
    __typeof__(cblas_dgemm) *dgemm;
    void (*dgetrf)(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
    void (*dsyev)(const char *job, const char *triangle, const int *n, double *a, const int *lda,
                  double *values, double *work, const int *work_size, int *info, size_t job_length,
                  size_t triangle_length);
} blas;

static void load(void) {
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *from = library_open(library);
    *(void **)&blas.get_num_threads = library_function(from, "openblas_get_num_threads");
    *(void **)&blas.set_num_threads = library_function(from, "openblas_set_num_threads");
    *(void **)&blas.get_config = library_function(from, "openblas_get_config");
    *(void **)&blas.get_corename = library_function(from, "openblas_get_corename");
    *(void **)&blas.dgemm = library_function(from, "cblas_dgemm");
    *(void **)&blas.dgetrf = library_function(from, "dgetrf_");
    *(void **)&blas.dsyev = library_function(from, "dsyev_");
}

/* One thread, so that a sum is split the same way on every machine with this core, and workers do
 * not compete. Another user of the library in this process may have set more. */
static void begin(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (blas.get_num_threads() != 1)
        blas.set_num_threads(1);
}

void blas_dgemm(const BlasGemm *g) {
    CHECK(g->m <= INT_MAX && g->n <= INT_MAX && g->k <= INT_MAX);
    if (g->m == 0 || g->n == 0)
        return;
    begin();
    int lda = (int)(g->transpose_a ? g->m : g->k), ldb = (int)(g->transpose_b ? g->k : g->n);
    blas.dgemm(CblasRowMajor, g->transpose_a ? CblasTrans : CblasNoTrans,
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
    begin();
    int order = (int)n, info = 0, *pivots = nasc_alloc(sizeof *pivots * (size_t)n);
    blas.dgetrf(&order, &order, a, &order, pivots, &info);
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
        begin();
        double *work = nasc_alloc(sizeof *work * (size_t)work_size);
        blas.dsyev("N", "U", &order, a, &order, out, work, &work_size, &info, 1, 1);
        free(work);
        CHECK(info >= 0);
    }
    for (int64_t i = 0; info > 0 && i < n; i++)
        out[i] = NAN;
}

const char *blas_version(void) {
    begin();
    return blas.get_config();
}

const char *blas_core(void) {
    begin();
    return blas.get_corename();
}
