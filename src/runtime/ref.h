/* The reference executor: plain loops for every op, forward and backward, in float or double; the
 * oracle that kernels are checked against. It shares nothing with them but the op table. In double,
 * convolutions run as im2col + dgemm (runtime/blas.c) so that whole networks are checked in
 * seconds; plain = true keeps to plain loops, which is also how a proxy's per-run values are
 * computed (no score depends on BLAS). */
#ifndef NASC_RUNTIME_REF_H
#define NASC_RUNTIME_REF_H

#include "ir/passes.h"

typedef enum RefPrecision { REF_FLOAT, REF_DOUBLE } RefPrecision;

/* Values are double arrays in the order of the node's type whatever the precision; in float every
 * result of an op is rounded to float and sums run in float. */
typedef struct RefOptions {
    RefPrecision precision;
    bool plain;
    /* Fills an input, param or frozen leaf, in the order of its type; other leaves are computed
     * inside. False with err stops the evaluation. May be NULL if no such leaf is needed. */
    bool (*leaf)(void *user, const IrNode *node, IrRef ref, double *out, NascError *err);
    void *user;
    uint64_t seed; /* for random and shuffle nodes: stream (seed, 0, RANDOM_TARGET, attr.key) */
} RefOptions;

/* Evaluates refs[i] into out[i] (arrays of ir_type_elements doubles in `arena`). Nothing else is
 * kept: a value is freed after its last use. False with err if a leaf has no value. */
bool ref_eval(const IrGraph *g, const IrRef *refs, size_t n, const RefOptions *options,
              Arena *arena, double **out, NascError *err);
/* The bytes of values that this holds at most, the copies of the wanted ones included. */
int64_t ref_eval_bytes(const IrGraph *g, const IrRef *refs, size_t n);

/* One op alone, for tests: inputs as arrays in type order. Element i of `random` is number i of its
 * stream; `shuffle` puts the input's position order[j] at position j, order being
 * random_permutation from number p * size of its stream for index p of attr.axis2. */
typedef void RefKernel(const IrNode *node, const IrType *const *in_types, const double *const *in,
                       double *out, const RefOptions *options);
#define OP(name, class, min_in, max_in, traits) RefKernel ref_##name;
#include "ir/ops.def"
#undef OP

/* The law of a leaf's elements. Uniform: from low to high, the same number if they are equal; normal: low
 * is the mean and high the deviation. */
typedef struct InitLaw {
    bool normal;
    double low, high;
} InitLaw;
InitLaw init_law(const IrNode *leaf);

/* Initial values of a leaf (param, frozen) as floats widened to double: stream (seed, repeat,
 * RANDOM_INIT, hash128_combine(graph_hash, {.hi = uid})), element i being number i of it. Kernels
 * and reference start from the same bits. */
void init_leaf(const IrNode *leaf, uint64_t seed, uint64_t repeat, Hash128 graph_hash, double *out);
/* Elements first .. first + n - 1 of it, to out[0] and on. */
void init_part(const IrNode *leaf, uint64_t seed, uint64_t repeat, Hash128 graph_hash,
               int64_t first, int64_t n, double *out);

#endif
