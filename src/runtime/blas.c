/* Calls into OpenBLAS: see blas.h. */
#include "runtime/blas.h"

#include <cblas.h>
#include <limits.h>

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

const char *blas_version(void) {
    return openblas_get_config();
}

const char *blas_core(void) {
    return openblas_get_corename();
}
