/* Sums of products over named axes: each element of the result sums over the contracted axes in the
 * order in which the op names them, in the precision of the run. */
#include "runtime/ref_impl.h"

/* Strides along the axes of `over`; 0 where the type lacks one. */
static RefStrides strides_over(const IrType *of, const IrType *over) {
    RefStrides s = {{0}};
    for (int k = 0; k < over->rank; k++)
        s.along[k] = ref_stride(of, over->axis[k]);
    return s;
}

void ref_contract(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options) {
    const IrAttr *attr = node->attr;
    IrType summed = {.rank = attr->naxes};
    for (int i = 0; i < attr->naxes; i++) {
        summed.axis[i] = attr->axes[i];
        summed.size[i] = ir_type_size(in_types[0], attr->axes[i]);
    }
    RefStrides a = strides_over(in_types[0], &summed), b = strides_over(in_types[1], &summed);
    bool f32 = ref_is_float(options);
    RefWalk w;
    ref_walk_begin(&w, &node->type);
    ref_walk_operand(&w, strides_over(in_types[0], &node->type));
    ref_walk_operand(&w, strides_over(in_types[1], &node->type));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            const double *x = in[0] + w.at[0] + j * w.step[0], *y = in[1] + w.at[1] + j * w.step[1];
            double sum = 0;
            RefWalk s;
            ref_walk_begin(&s, &summed);
            ref_walk_operand(&s, a);
            ref_walk_operand(&s, b);
            for (int64_t k = 0; k < s.rows; k++, ref_walk_next(&s))
                for (int64_t i = 0; i < s.length; i++)
                    sum = ref_round(f32,
                                    sum + x[s.at[0] + i * s.step[0]] * y[s.at[1] + i * s.step[1]]);
            *out++ = sum;
        }
}
