/* Types: axes known by name with their sizes, and the words in which errors speak of them. */
#include "ir/shape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

IrAxis ir_axis(const char *name, size_t len) {
    if (len == 0 || len > 8 || name[0] < 'a' || name[0] > 'z')
        return 0;
    IrAxis axis = 0;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return 0;
        axis |= (IrAxis)(unsigned char)c << (8 * i);
    }
    return axis;
}

void ir_axis_text(IrAxis axis, char out[9]) {
    int n = 0;
    for (; n < 8 && axis; axis >>= 8)
        out[n++] = (char)(axis & 0xff);
    out[n] = '\0';
}

int64_t ir_type_elements(const IrType *t) {
    int64_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= t->size[i];
    return n;
}

int ir_type_find(const IrType *t, IrAxis axis) {
    for (int i = 0; i < t->rank; i++)
        if (t->axis[i] == axis)
            return i;
    return -1;
}

int64_t ir_type_size(const IrType *t, IrAxis axis) {
    int i = ir_type_find(t, axis);
    return i < 0 ? 1 : t->size[i];
}

bool ir_type_same(const IrType *a, const IrType *b) {
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++) {
        int j = ir_type_find(b, a->axis[i]);
        if (j < 0 || a->size[i] != b->size[j])
            return false;
    }
    return true;
}

IrType ir_type(int rank, const IrAxis *axes, const int64_t *sizes) {
    CHECK(rank >= 0 && rank <= IR_MAX_AXES);
    IrType t = {.rank = rank};
    for (int i = 0; i < rank; i++) {
        t.axis[i] = axes[i];
        t.size[i] = sizes[i];
    }
    return t;
}

IrType ir_image_type(int64_t n, int64_t c, int64_t h, int64_t w) {
    return ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                   (int64_t[]){n, c, h, w});
}

TypeText type_text(const IrType *t) {
    TypeText text = {"["};
    size_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n += (size_t)snprintf(text.s + n, sizeof text.s - n, "%s%s=%lld", i ? ", " : "",
                              axis_text(t->axis[i]).s, (long long)t->size[i]);
    snprintf(text.s + n, sizeof text.s - n, "]");
    return text;
}

AxisText axis_text(IrAxis axis) {
    AxisText text;
    ir_axis_text(axis, text.s);
    return text;
}

void ir_type_print(Buf *b, const IrType *t) {
    buf_puts(b, type_text(t).s);
}

bool ir_fail(IrError *err, const char *hint, const char *fmt, ...) {
    if (!err)
        return false;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    snprintf(err->hint, sizeof err->hint, "%s", hint ? hint : "");
    return false;
}

bool ir_type_check(const char *who, const IrType *t, IrError *err) {
    if (t->rank < 0 || t->rank > IR_MAX_AXES)
        return ir_fail(err, NULL, "%s: a tensor has at most %d axes", who, IR_MAX_AXES);
    int64_t elements = 1;
    for (int i = 0; i < t->rank; i++) {
        if (t->axis[i] == 0 || ir_type_find(t, t->axis[i]) != i)
            return ir_fail(err, NULL, "%s: %s names an axis twice, or not at all", who,
                           type_text(t).s);
        if (t->size[i] < 1)
            return ir_fail(err, NULL, "%s: axis %s of %s has no elements", who,
                           axis_text(t->axis[i]).s, type_text(t).s);
        if (!mul_checked(elements, t->size[i], &elements) || elements > IR_MAX_ELEMENTS)
            return ir_fail(err, NULL, "%s: %s has more than 2^40 elements", who, type_text(t).s);
    }
    return true;
}

bool ir_expect_axes(const char *op, const char *what, const IrType *t, const IrAxis *axes, int n,
                    IrError *err) {
    bool ok = t->rank == n;
    for (int i = 0; i < n && ok; i++)
        ok = ir_type_find(t, axes[i]) >= 0;
    if (ok)
        return true;
    char names[64] = "";
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
                                axis_text(axes[i]).s);
    return ir_fail(err, NULL, "%s: the %s must have the axes [%s], but is %s", op, what, names,
                   type_text(t).s);
}

bool ir_expect_image(const char *op, const char *what, const IrType *t, IrError *err) {
    IrAxis axes[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    return ir_expect_axes(op, what, t, axes, 4, err);
}
