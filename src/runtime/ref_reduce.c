/* Reductions of the reference executor: the input is walked in row-major order and each element
 * goes into its result, so a sum runs over the removed axes in row-major order, in the precision of
 * the run. */
#include "runtime/ref_impl.h"

#include <math.h>

static void accumulate(const IrNode *node, const IrType *type, const double *in, bool f32,
                       double *out) {
    RefWalk w;
    ref_walk_begin(&w, type);
    ref_walk_operand(&w, ref_strides(type, type));
    ref_walk_operand(&w, ref_strides(&node->type, type));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            double *sum = &out[w.at[1] + j * w.step[1]];
            *sum = ref_round(f32, *sum + in[w.at[0] + j * w.step[0]]);
        }
}

void ref_reduce_sum(const IrNode *node, const IrType *const *in_types, const double *const *in,
                    double *out, const RefOptions *options) {
    int64_t n = ir_type_elements(&node->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = 0;
    accumulate(node, in_types[0], in[0], ref_is_float(options), out);
}

void ref_reduce_mean(const IrNode *node, const IrType *const *in_types, const double *const *in,
                     double *out, const RefOptions *options) {
    ref_reduce_sum(node, in_types, in, out, options);
    int64_t n = ir_type_elements(&node->type);
    double count = (double)(ir_type_elements(in_types[0]) / n);
    for (int64_t i = 0; i < n; i++)
        out[i] = ref_round(ref_is_float(options), out[i] / count);
}

void ref_reduce_max(const IrNode *node, const IrType *const *in_types, const double *const *in,
                    double *out, const RefOptions *options) {
    (void)options;
    int64_t n = ir_type_elements(&node->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = -INFINITY;
    RefWalk w;
    ref_walk_begin(&w, in_types[0]);
    ref_walk_operand(&w, ref_strides(in_types[0], in_types[0]));
    ref_walk_operand(&w, ref_strides(&node->type, in_types[0]));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            double x = in[0][w.at[0] + j * w.step[0]], *best = &out[w.at[1] + j * w.step[1]];
            if (x > *best || isnan(x))
                *best = x;
        }
}
