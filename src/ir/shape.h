/* What the shape rules share: failing with a message, naming types and axes in it, checks of
 * windows. */
#ifndef NASC_IR_SHAPE_H
#define NASC_IR_SHAPE_H

#include "ir/graph.h"

/* Fills err (may be NULL) and returns false. `hint` may be NULL. */
bool ir_fail(IrError *err, const char *hint, const char *fmt, ...) NASC_PRINTF(3, 4);

typedef struct TypeText {
    char s[208];
} TypeText;
/* As ir_type_print writes it, by value: type_text(t).s lives to the end of the full expression. */
TypeText type_text(const IrType *t);

typedef struct AxisText {
    char s[9];
} AxisText;
AxisText axis_text(IrAxis axis);

/* The type has exactly the axes of `axes` (n of them), in any order. `what` names the operand. */
bool ir_expect_axes(const char *op, const char *what, const IrType *t, const IrAxis *axes, int n,
                    IrError *err);
/* Four sizes in the order n, c, h, w. */
IrType ir_image_type(int64_t n, int64_t c, int64_t h, int64_t w);
/* Exactly n, c, h, w. */
bool ir_expect_image(const char *op, const char *what, const IrType *t, IrError *err);

/* Kernel, stride, padding and dilation lie within their limits. */
bool ir_check_window(const char *op, const IrAttr *attr, IrError *err);
/* Output sizes of the window over h, w of `in`; an error if the kernel does not fit. */
bool ir_window_sizes(const char *op, const int64_t in[2], const IrAttr *attr, int64_t out[2],
                     IrError *err);
/* attr.in_size or attr.out_size holds two sizes. */
bool ir_check_map_size(const char *op, const int64_t size[2], IrError *err);

#endif
