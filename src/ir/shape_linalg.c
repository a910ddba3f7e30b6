/* Shape rules of linear algebra on small matrices: products of the slices of a tensor with one
 * another, and what a square matrix says in one number. */
#include "ir/shape.h"

/* [axis, ...] -> [axis, axis2], both of axis' size */
bool ir_shape_gram(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,
                   IrError *err) {
    (void)nin;
    int at = ir_type_find(in[0], attr->axis);
    if (at < 0)
        return ir_fail(err, NULL, "gram: %s has no axis %s", type_text(in[0]).s,
                       axis_text(attr->axis).s);
    if (!attr->axis2 || attr->axis2 == attr->axis)
        return ir_fail(err, NULL, "gram: the second axis needs a name of its own, not %s",
                       axis_text(attr->axis2).s);
    int64_t n = in[0]->size[at];
    *out = ir_type(2, (IrAxis[]){attr->axis, attr->axis2}, (int64_t[]){n, n});
    return true;
}

static bool is_square(const char *op, const IrType *t, IrError *err) {
    if (t->rank != 2 || t->size[0] != t->size[1])
        return ir_fail(err, "gram(x, n, m) makes one of the images of a batch",
                       "%s: needs a square matrix, but is given %s", op, type_text(t).s);
    if (t->size[0] > 1 << 15)
        return ir_fail(err, NULL, "%s: a matrix of more than 32,768 rows", op);
    return true;
}

/* [a, b] of equal sizes -> scalar */
bool ir_shape_logdet(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,
                     IrError *err) {
    (void)nin, (void)attr;
    *out = (IrType){0};
    return is_square("logdet", in[0], err);
}

/* [a, b] of equal sizes -> [a] */
bool ir_shape_eigenvalues(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,
                          IrError *err) {
    (void)nin, (void)attr;
    *out = ir_type(1, (IrAxis[]){in[0]->axis[0]}, (int64_t[]){in[0]->size[0]});
    return is_square("eigenvalues", in[0], err);
}
