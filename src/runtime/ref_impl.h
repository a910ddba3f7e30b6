/* What the loops of the reference executor share: rounding to the precision of a run, and strided
 * walks over index spaces, by which broadcasting, permuting and cutting are all done.
 *
 * A walk goes over a type in row-major order, one row (the last axis) at a time; an operand is
 * described by its stride along each axis of that type, 0 along axes that it lacks. */
#ifndef NASC_RUNTIME_REF_IMPL_H
#define NASC_RUNTIME_REF_IMPL_H

#include "runtime/ref.h"

enum { REF_OPERANDS = 4 };

static inline bool ref_is_float(const RefOptions *options) {
    return options->precision == REF_FLOAT;
}

/* Whether sums of products go through BLAS. */
static inline bool ref_by_gemm(const RefOptions *options) {
    return options->precision == REF_DOUBLE && !options->plain;
}

static inline double ref_round(bool f32, double x) {
    return f32 ? (double)(float)x : x;
}

typedef struct RefStrides {
    int64_t along[IR_MAX_AXES]; /* elements, per axis of the walked type */
} RefStrides;

/* Distance in elements between neighbours along an axis of a row-major tensor; 0 if the type lacks
 * it. */
int64_t ref_stride(const IrType *t, IrAxis axis);
/* Strides of a row-major tensor of type `of` in a walk over `over`, axes matched by name, with
 * equal sizes. */
RefStrides ref_strides(const IrType *of, const IrType *over);

typedef struct RefWalk {
    int outer; /* axes other than the row's */
    int64_t size[IR_MAX_AXES], index[IR_MAX_AXES];
    int64_t rows, length;
    int noperands;
    RefStrides stride[REF_OPERANDS];
    int64_t at[REF_OPERANDS];   /* offset of the row's first element */
    int64_t step[REF_OPERANDS]; /* from one element of the row to the next */
} RefWalk;

void ref_walk_begin(RefWalk *w, const IrType *over);
void ref_walk_operand(RefWalk *w, RefStrides strides);
void ref_walk_next(RefWalk *w);

/* out[i * out_strides] = in[i * in_strides] for every index i of `over`. */
void ref_copy(const IrType *over, const double *in, RefStrides in_strides, double *out,
              RefStrides out_strides);

/* A tensor in a fixed order of axes, absent axes having size 1. */
typedef struct RefArray {
    int64_t size[4];
    double *at; /* [size[0]][size[1]][size[2]][size[3]], freed by ref_array_free */
} RefArray;

/* Orders of the tensors of convolutions, poolings and resizes. */
extern const IrAxis REF_NCHW[4], REF_OIKK[4];

RefArray ref_array_read(const IrType *t, const IrAxis axes[4], const double *values);
RefArray ref_array_zero(const IrType *t, const IrAxis axes[4]);
/* Writes an array back in the order of the type, rounded, and frees it. */
void ref_array_write(RefArray *a, const IrType *t, const IrAxis axes[4], bool f32, double *values);
void ref_array_free(RefArray *a);
static inline int64_t ref_array_elements(const RefArray *a) {
    return a->size[0] * a->size[1] * a->size[2] * a->size[3];
}
static inline double *ref_plane(const RefArray *a, int64_t i, int64_t j) {
    return a->at + (i * a->size[1] + j) * a->size[2] * a->size[3];
}

#endif
