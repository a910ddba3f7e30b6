/* Strided walks over index spaces, and tensors brought into a fixed order of axes: see ref_impl.h.
 */
#include "runtime/ref_impl.h"

#include <stdlib.h>
#include <string.h>

const IrAxis REF_NCHW[4] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
const IrAxis REF_OIKK[4] = {IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW};

int64_t ref_stride(const IrType *t, IrAxis axis) {
    int at = ir_type_find(t, axis);
    if (at < 0)
        return 0;
    int64_t stride = 1;
    for (int k = at + 1; k < t->rank; k++)
        stride *= t->size[k];
    return stride;
}

RefStrides ref_strides(const IrType *of, const IrType *over) {
    RefStrides s = {{0}};
    for (int k = 0; k < over->rank; k++) {
        CHECK(ir_type_find(of, over->axis[k]) < 0 ||
              ir_type_size(of, over->axis[k]) == over->size[k]);
        s.along[k] = ref_stride(of, over->axis[k]);
    }
    return s;
}

void ref_walk_begin(RefWalk *w, const IrType *over) {
    memset(w, 0, sizeof *w);
    w->outer = over->rank > 0 ? over->rank - 1 : 0;
    w->length = over->rank > 0 ? over->size[over->rank - 1] : 1;
    w->rows = 1;
    for (int k = 0; k < w->outer; k++) {
        w->size[k] = over->size[k];
        w->rows *= over->size[k];
    }
}

void ref_walk_operand(RefWalk *w, RefStrides strides) {
    CHECK(w->noperands < REF_OPERANDS);
    w->stride[w->noperands] = strides;
    w->step[w->noperands] = strides.along[w->outer];
    w->noperands++;
}

void ref_walk_next(RefWalk *w) {
    for (int k = w->outer - 1; k >= 0; k--) {
        w->index[k]++;
        for (int p = 0; p < w->noperands; p++)
            w->at[p] += w->stride[p].along[k];
        if (w->index[k] < w->size[k])
            return;
        w->index[k] = 0;
        for (int p = 0; p < w->noperands; p++)
            w->at[p] -= w->stride[p].along[k] * w->size[k];
    }
}

void ref_copy(const IrType *over, const double *in, RefStrides in_strides, double *out,
              RefStrides out_strides) {
    RefWalk w;
    ref_walk_begin(&w, over);
    ref_walk_operand(&w, in_strides);
    ref_walk_operand(&w, out_strides);
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++)
            out[w.at[1] + j * w.step[1]] = in[w.at[0] + j * w.step[0]];
}

static IrType ordered_type(const IrType *t, const IrAxis axes[4]) {
    IrType ordered = {.rank = 4};
    int64_t elements = 1;
    for (int k = 0; k < 4; k++) {
        ordered.axis[k] = axes[k];
        ordered.size[k] = ir_type_size(t, axes[k]);
        elements *= ordered.size[k];
    }
    CHECK(elements == ir_type_elements(t));
    return ordered;
}

RefArray ref_array_zero(const IrType *t, const IrAxis axes[4]) {
    IrType ordered = ordered_type(t, axes);
    RefArray a;
    memcpy(a.size, ordered.size, sizeof a.size);
    a.at = nasc_alloc_zero(sizeof(double) * (size_t)ir_type_elements(t));
    return a;
}

RefArray ref_array_read(const IrType *t, const IrAxis axes[4], const double *values) {
    IrType ordered = ordered_type(t, axes);
    RefArray a = ref_array_zero(t, axes);
    ref_copy(&ordered, values, ref_strides(t, &ordered), a.at, ref_strides(&ordered, &ordered));
    return a;
}

void ref_array_write(RefArray *a, const IrType *t, const IrAxis axes[4], bool f32, double *values) {
    IrType ordered = ordered_type(t, axes);
    int64_t elements = ref_array_elements(a);
    for (int64_t i = 0; i < elements; i++)
        a->at[i] = ref_round(f32, a->at[i]);
    ref_copy(&ordered, a->at, ref_strides(&ordered, &ordered), values, ref_strides(t, &ordered));
    ref_array_free(a);
}

void ref_array_free(RefArray *a) {
    free(a->at);
    a->at = NULL;
}
