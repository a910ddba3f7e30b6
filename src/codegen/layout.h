/* How a tensor lies in the arena: decided by its axes alone. */
#ifndef NASC_CODEGEN_LAYOUT_H
#define NASC_CODEGEN_LAYOUT_H

#include "ir/graph.h"

typedef enum LayoutKind {
    LAYOUT_SCALAR,
    LAYOUT_VECTOR, /* [c] */
    LAYOUT_LANES,  /* n and some of c, h, w: [block][c][h][w][16 images] */
    LAYOUT_DENSE,  /* row-major in the order of the type: weights */
} LayoutKind;

typedef struct Layout {
    LayoutKind kind;
    int64_t n, c, h, w; /* lanes: sizes, 1 where the type lacks the axis */
    int64_t blocks;     /* lanes: of 16 images */
    int64_t elements;   /* stored floats, padding lanes included, the rest of the last vector not */
    int64_t bytes;      /* what the tensor takes in the arena, a multiple of 64 */
} Layout;

Layout layout_of(const IrType *type);

#endif
