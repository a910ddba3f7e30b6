/* Ops that move elements and compute nothing. Each is a strided copy: the walked type and the
 * strides of the two sides say which element goes where. */
#include "base/philox.h"
#include "runtime/ref_impl.h"

#include <stdlib.h>

#define REF_OP(name)                                                                               \
    void ref_##name(const IrNode *node, const IrType *const *in_types, const double *const *in,    \
                    double *out, const RefOptions *options)

REF_OP(expand) {
    (void)options;
    ref_copy(&node->type, in[0], ref_strides(in_types[0], &node->type), out,
             ref_strides(&node->type, &node->type));
}

REF_OP(rename) {
    (void)options;
    IrType renamed = *in_types[0];
    int at = ir_type_find(&renamed, node->attr->axis);
    CHECK(at >= 0);
    renamed.axis[at] = node->attr->axis2;
    ref_copy(&node->type, in[0], ref_strides(&renamed, &node->type), out,
             ref_strides(&node->type, &node->type));
}

/* Strides, in a walk over `split`, of a tensor of type `joined` in which the axes axes[0..n-1] of
 * `split` (first = slowest) are the one axis `axis`. */
static RefStrides joined_strides(const IrType *split, const IrType *joined, const IrAxis *axes,
                                 int n, IrAxis axis) {
    RefStrides s = {{0}};
    for (int k = 0; k < split->rank; k++)
        s.along[k] = ref_stride(joined, split->axis[k]);
    int64_t stride = ref_stride(joined, axis);
    for (int k = n - 1; k >= 0; k--) {
        int at = ir_type_find(split, axes[k]);
        CHECK(at >= 0);
        s.along[at] = stride;
        stride *= split->size[at];
    }
    return s;
}

REF_OP(merge) {
    (void)options;
    const IrAttr *a = node->attr;
    RefStrides to = joined_strides(in_types[0], &node->type, a->axes, a->naxes, a->axis);
    ref_copy(in_types[0], in[0], ref_strides(in_types[0], in_types[0]), out, to);
}

REF_OP(unmerge) {
    (void)options;
    const IrAttr *a = node->attr;
    RefStrides from = joined_strides(&node->type, in_types[0], a->axes, a->shape_rank, a->axis);
    ref_copy(&node->type, in[0], from, out, ref_strides(&node->type, &node->type));
}

/* The type with another size along one axis. */
static IrType resized(const IrType *t, IrAxis axis, int64_t size) {
    IrType r = *t;
    int at = ir_type_find(t, axis);
    CHECK(at >= 0);
    r.size[at] = size;
    return r;
}

/* Strides of a tensor in a walk over a part of its own index space. */
static RefStrides part_strides(const IrType *of, const IrType *part) {
    RefStrides s = {{0}};
    for (int k = 0; k < part->rank; k++)
        s.along[k] = ref_stride(of, part->axis[k]);
    return s;
}

REF_OP(concat) {
    (void)options;
    IrAxis axis = node->attr->axis;
    int64_t position = 0, stride = ref_stride(&node->type, axis);
    for (uint32_t k = 0; k < node->nin; k++) {
        int64_t size = ir_type_size(in_types[k], axis);
        IrType part = resized(&node->type, axis, size);
        ref_copy(&part, in[k], ref_strides(in_types[k], &part), out + position * stride,
                 part_strides(&node->type, &part));
        position += size;
    }
    CHECK(position == ir_type_size(&node->type, axis));
}

REF_OP(slice) {
    (void)options;
    int64_t first = node->attr->lo * ref_stride(in_types[0], node->attr->axis);
    ref_copy(&node->type, in[0] + first, part_strides(in_types[0], &node->type), out,
             ref_strides(&node->type, &node->type));
}

REF_OP(embed) {
    (void)options;
    int64_t n = ir_type_elements(&node->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = 0;
    int64_t first = node->attr->lo * ref_stride(&node->type, node->attr->axis);
    ref_copy(in_types[0], in[0], ref_strides(in_types[0], in_types[0]), out + first,
             part_strides(&node->type, in_types[0]));
}

/* Position j along the axis takes the input's position order[j]; each index p of axis2 (if there is
 * one) has an order of its own, drawn at p * size .. (p + 1) * size - 1 of the stream. */
REF_OP(shuffle) {
    const IrAttr *a = node->attr;
    RandomStream stream = random_stream(options->seed, 0, RANDOM_TARGET, a->key);
    int64_t size = ir_type_size(&node->type, a->axis);
    int64_t parts = a->axis2 ? ir_type_size(&node->type, a->axis2) : 1;
    IrType one = resized(&node->type, a->axis, 1);
    if (a->axis2)
        one = resized(&one, a->axis2, 1);
    RefStrides from = part_strides(in_types[0], &one), to = part_strides(&node->type, &one);
    uint32_t *order = nasc_alloc(sizeof *order * (size_t)size);
    for (int64_t p = 0; p < parts; p++) {
        random_permutation(stream, (uint64_t)(p * size), (size_t)size, order);
        int64_t in_part = p * ref_stride(in_types[0], a->axis2);
        int64_t out_part = p * ref_stride(&node->type, a->axis2);
        for (int64_t j = 0; j < size; j++)
            ref_copy(&one, in[0] + in_part + order[j] * ref_stride(in_types[0], a->axis), from,
                     out + out_part + j * ref_stride(&node->type, a->axis), to);
    }
    free(order);
}
