/* How a tensor lies in the arena: decided by its axes alone. */
#ifndef NASC_CODEGEN_LAYOUT_H
#define NASC_CODEGEN_LAYOUT_H

#include "ir/graph.h"

typedef enum LayoutKind {
    LAYOUT_SCALAR,
    LAYOUT_VECTOR, /* [c] */
    LAYOUT_LANES,  /* n and others: [block][c][the others by name][16 images] */
    LAYOUT_DENSE,  /* row-major in the order of the type: weights */
} LayoutKind;

typedef struct Layout {
    LayoutKind kind;
    int64_t n, c, h, w; /* lanes: sizes, 1 where the type lacks the axis; where it has axes other
                           than n, c, h, w, h is the product of all but n and c, and w is 1 */
    int64_t blocks;     /* lanes: of 16 images */
    int64_t elements;   /* stored floats, padding lanes included, the rest of the last vector not */
    int64_t bytes;      /* what the tensor takes in the arena, a multiple of 64 */
} Layout;

Layout layout_of(const IrType *type);

/* Bytes from one element to the next along an axis other than n; 0 if the type lacks it. */
int64_t layout_stride(const IrType *type, IrAxis axis);
/* The axes of a type but n, in the order in which they lie, slowest first; returns their number. */
int layout_axes(const IrType *type, IrAxis axes[IR_MAX_AXES]);

/* Can a map or small kernel that computes values of type `out` address an operand of type `in`,
 * whose axes are among those of `out`? */
bool layout_covers(const IrType *out, const IrType *in);
/* Can such a kernel reduce `in` to `out`? */
bool layout_reduces(const IrType *in, const IrType *out);

#endif
