/* Batch norm with the statistics of the batch: per channel, mean and biased variance over every
 * other axis, two passes, sums in row-major order in the precision of the run. */
#include "runtime/ref_impl.h"

#include <math.h>
#include <stdlib.h>

typedef struct Statistics {
    double *mean, *variance, *rstd; /* [c], one block that starts at mean */
} Statistics;

static void sum_per_channel(const IrType *t, const double *x, const double *mean, bool f32,
                            double *sum) {
    IrType channels = {.rank = 1, .axis = {IR_AXIS_C}, .size = {ir_type_size(t, IR_AXIS_C)}};
    RefWalk w;
    ref_walk_begin(&w, t);
    ref_walk_operand(&w, ref_strides(t, t));
    ref_walk_operand(&w, ref_strides(&channels, t));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            int64_t c = w.at[1] + j * w.step[1];
            double term = x[w.at[0] + j * w.step[0]];
            if (mean) {
                double d = ref_round(f32, term - mean[c]);
                term = d * d;
            }
            sum[c] = ref_round(f32, sum[c] + term);
        }
}

static Statistics batch_statistics(const IrType *t, const double *x, double eps, bool f32) {
    int64_t channels = ir_type_size(t, IR_AXIS_C);
    double count = (double)(ir_type_elements(t) / channels);
    Statistics s = {.mean = nasc_alloc_zero(sizeof(double) * (size_t)(3 * channels))};
    s.variance = s.mean + channels;
    s.rstd = s.variance + channels;
    sum_per_channel(t, x, NULL, f32, s.mean);
    for (int64_t c = 0; c < channels; c++)
        s.mean[c] = ref_round(f32, s.mean[c] / count);
    sum_per_channel(t, x, s.mean, f32, s.variance);
    for (int64_t c = 0; c < channels; c++) {
        s.variance[c] = ref_round(f32, s.variance[c] / count);
        s.rstd[c] = ref_round(f32, 1 / sqrt(ref_round(f32, s.variance[c] + eps)));
    }
    return s;
}

void ref_batch_norm(const IrNode *node, const IrType *const *in_types, const double *const *in,
                    double *out, const RefOptions *options) {
    bool f32 = ref_is_float(options);
    Statistics s = batch_statistics(in_types[0], in[0], node->attr->value, f32);
    IrType channels = {
        .rank = 1, .axis = {IR_AXIS_C}, .size = {ir_type_size(&node->type, IR_AXIS_C)}};
    RefWalk w;
    ref_walk_begin(&w, &node->type);
    ref_walk_operand(&w, ref_strides(in_types[0], &node->type));
    ref_walk_operand(&w, ref_strides(&channels, &node->type));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            int64_t c = w.at[1] + j * w.step[1];
            double x = in[0][w.at[0] + j * w.step[0]];
            double y = ref_round(f32, ref_round(f32, x - s.mean[c]) * s.rstd[c]);
            if (node->nin >= 2)
                y = ref_round(f32, y * in[1][c]);
            if (node->nin >= 3)
                y = ref_round(f32, y + in[2][c]);
            *out++ = y;
        }
    free(s.mean);
}

void ref_bn_rstd(const IrNode *node, const IrType *const *in_types, const double *const *in,
                 double *out, const RefOptions *options) {
    Statistics s = batch_statistics(in_types[0], in[0], node->attr->value, ref_is_float(options));
    for (int64_t c = 0; c < ir_type_elements(&node->type); c++)
        out[c] = s.rstd[c];
    free(s.mean);
}
