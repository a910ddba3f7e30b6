/* Shape rules of reductions and of ops that move elements. */
#include "ir/shape.h"

#define RULE(name)                                                                                 \
    bool ir_shape_##name(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,   \
                         IrError *err)

/* Every one of attr.axes is an axis of t, named once; at least one. */
static bool check_axes(const char *op, const IrType *t, const IrAttr *attr, IrError *err) {
    if (attr->naxes < 1 || attr->naxes > IR_MAX_AXES)
        return ir_fail(err, NULL, "%s: names %d axes, expected 1 to %d", op, attr->naxes,
                       IR_MAX_AXES);
    for (int i = 0; i < attr->naxes; i++) {
        if (ir_type_find(t, attr->axes[i]) < 0)
            return ir_fail(err, NULL, "%s: %s has no axis %s", op, type_text(t).s,
                           axis_text(attr->axes[i]).s);
        for (int j = 0; j < i; j++)
            if (attr->axes[j] == attr->axes[i])
                return ir_fail(err, NULL, "%s: axis %s is named twice", op,
                               axis_text(attr->axes[i]).s);
    }
    return true;
}

static bool named(const IrAttr *attr, IrAxis axis) {
    for (int i = 0; i < attr->naxes; i++)
        if (attr->axes[i] == axis)
            return true;
    return false;
}

/* Position of attr.axis in t, or -1 and a message. */
static int find_axis(const char *op, const IrType *t, IrAxis axis, IrError *err) {
    int at = ir_type_find(t, axis);
    if (at < 0)
        ir_fail(err, NULL, "%s: %s has no axis %s", op, type_text(t).s, axis_text(axis).s);
    return at;
}

static bool reduce(const char *op, const IrType *t, const IrAttr *attr, IrType *out, IrError *err) {
    if (!check_axes(op, t, attr, err))
        return false;
    *out = (IrType){0};
    for (int i = 0; i < t->rank; i++) {
        if (named(attr, t->axis[i]))
            continue;
        out->axis[out->rank] = t->axis[i];
        out->size[out->rank++] = t->size[i];
    }
    return true;
}

RULE(reduce_sum) {
    (void)nin;
    return reduce("reduce_sum", in[0], attr, out, err);
}

RULE(reduce_mean) {
    (void)nin;
    return reduce("reduce_mean", in[0], attr, out, err);
}

RULE(reduce_max) {
    (void)nin;
    return reduce("reduce_max", in[0], attr, out, err);
}

RULE(expand) {
    (void)nin;
    if (attr->shape_rank > IR_MAX_AXES)
        return ir_fail(err, NULL, "expand: a tensor has at most %d axes", IR_MAX_AXES);
    *out = ir_type(attr->shape_rank, attr->axes, attr->shape);
    for (int i = 0; i < in[0]->rank; i++) {
        int at = ir_type_find(out, in[0]->axis[i]);
        if (at < 0 || out->size[at] != in[0]->size[i])
            return ir_fail(err, NULL, "expand: %s does not fit into %s: axis %s must stay as it is",
                           type_text(in[0]).s, type_text(out).s, axis_text(in[0]->axis[i]).s);
    }
    return true;
}

RULE(merge) {
    (void)nin;
    const IrType *t = in[0];
    if (!check_axes("merge", t, attr, err))
        return false;
    if (!attr->axis)
        return ir_fail(err, NULL, "merge: the merged axis has no name");
    if (ir_type_find(t, attr->axis) >= 0 && !named(attr, attr->axis))
        return ir_fail(err, NULL, "merge: %s already has an axis %s", type_text(t).s,
                       axis_text(attr->axis).s);
    int64_t size = 1;
    for (int i = 0; i < attr->naxes; i++)
        size *= ir_type_size(t, attr->axes[i]);
    *out = (IrType){0};
    for (int i = 0; i < t->rank; i++) {
        bool first = t->axis[i] == attr->axes[0];
        if (!first && named(attr, t->axis[i]))
            continue;
        out->axis[out->rank] = first ? attr->axis : t->axis[i];
        out->size[out->rank++] = first ? size : t->size[i];
    }
    return true;
}

RULE(unmerge) {
    (void)nin;
    const IrType *t = in[0];
    int at = find_axis("unmerge", t, attr->axis, err);
    if (at < 0)
        return false;
    if (attr->shape_rank < 1 || t->rank - 1 + attr->shape_rank > IR_MAX_AXES)
        return ir_fail(err, NULL, "unmerge: %s would be split into %d axes, at most %d in all",
                       axis_text(attr->axis).s, attr->shape_rank, IR_MAX_AXES);
    IrType parts = ir_type(attr->shape_rank, attr->axes, attr->shape);
    if (!ir_type_check("unmerge", &parts, err))
        return false;
    if (ir_type_elements(&parts) != t->size[at])
        return ir_fail(err, NULL, "unmerge: axis %s of %s cannot be split into %s",
                       axis_text(attr->axis).s, type_text(t).s, type_text(&parts).s);
    *out = (IrType){0};
    for (int i = 0; i < t->rank; i++) {
        if (i != at) {
            out->axis[out->rank] = t->axis[i];
            out->size[out->rank++] = t->size[i];
            continue;
        }
        for (int j = 0; j < parts.rank; j++) {
            out->axis[out->rank] = parts.axis[j];
            out->size[out->rank++] = parts.size[j];
        }
    }
    return true;
}

RULE(rename) {
    (void)nin;
    int at = find_axis("rename", in[0], attr->axis, err);
    if (at < 0)
        return false;
    if (!attr->axis2)
        return ir_fail(err, NULL, "rename: axis %s gets no name", axis_text(attr->axis).s);
    if (attr->axis2 != attr->axis && ir_type_find(in[0], attr->axis2) >= 0)
        return ir_fail(err, NULL, "rename: %s already has an axis %s", type_text(in[0]).s,
                       axis_text(attr->axis2).s);
    *out = *in[0];
    out->axis[at] = attr->axis2;
    return true;
}

RULE(concat) {
    *out = *in[0];
    int at = find_axis("concat", in[0], attr->axis, err);
    if (at < 0)
        return false;
    for (uint32_t k = 1; k < nin; k++) {
        IrType rest = *in[k];
        int other = find_axis("concat", &rest, attr->axis, err);
        if (other < 0)
            return false;
        rest.size[other] = in[0]->size[at];
        if (!ir_type_same(&rest, in[0]))
            return ir_fail(err, "all but the joined axis must agree",
                           "concat along %s: the shapes do not fit: %s and %s",
                           axis_text(attr->axis).s, type_text(in[0]).s, type_text(in[k]).s);
        if (!add_checked(out->size[at], in[k]->size[other], &out->size[at]))
            return ir_fail(err, NULL, "concat: axis %s is too long", axis_text(attr->axis).s);
    }
    return true;
}

RULE(slice) {
    (void)nin;
    int at = find_axis("slice", in[0], attr->axis, err);
    if (at < 0)
        return false;
    if (attr->lo < 0 || attr->hi <= attr->lo || attr->hi > in[0]->size[at])
        return ir_fail(err, NULL, "slice: %lld..%lld is not within axis %s of %s",
                       (long long)attr->lo, (long long)attr->hi, axis_text(attr->axis).s,
                       type_text(in[0]).s);
    *out = *in[0];
    out->size[at] = attr->hi - attr->lo;
    return true;
}

RULE(embed) {
    (void)nin;
    int at = find_axis("embed", in[0], attr->axis, err);
    if (at < 0)
        return false;
    if (attr->lo < 0 || attr->hi <= attr->lo || attr->hi > attr->size ||
        attr->hi - attr->lo != in[0]->size[at])
        return ir_fail(err, NULL, "embed: %s does not fill %lld..%lld of %lld along axis %s",
                       type_text(in[0]).s, (long long)attr->lo, (long long)attr->hi,
                       (long long)attr->size, axis_text(attr->axis).s);
    *out = *in[0];
    out->size[at] = attr->size;
    return true;
}

RULE(shuffle) {
    (void)nin;
    *out = *in[0];
    if (find_axis("shuffle", in[0], attr->axis, err) < 0)
        return false;
    if (attr->axis2 && find_axis("shuffle", in[0], attr->axis2, err) < 0)
        return false;
    if (attr->axis2 == attr->axis)
        return ir_fail(err, NULL, "shuffle: axis %s cannot be shuffled anew along itself",
                       axis_text(attr->axis).s);
    return true;
}
