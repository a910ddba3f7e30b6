/* The loop nest that the forward convolution and the gradient for its input share: an outer product
 * of `kb` output channels and `wb` output columns held in registers, summed over channels and taps.
 */
#ifndef NASC_CODEGEN_CONV_NEST_H
#define NASC_CODEGEN_CONV_NEST_H

#include "codegen/emit.h"
#include "codegen/kernel_args.h"

/* One axis (h or w) of a window, seen from the side that is written. Forward: source index =
 * position * stride - pad + tap * dilation. Transposed: source index = (position + pad - tap *
 * dilation) / stride where that is whole. */
typedef struct ConvAxis {
    int32_t kernel, stride, pad, dilation;
    bool transposed;
    Value size;  /* of the source along this axis */
    Value first; /* transposed with stride > 1: constant table [stride] of first taps, else NULL */
} ConvAxis;

/* The taps that a position has: t in begin..end meets source index start + t * step and weight
 * index tap + t * tap_step. `count` is the number before the source's border is looked at. */
typedef struct ConvTaps {
    Value begin, end, count;
    Value start, tap;
    int64_t step, tap_step;
} ConvTaps;

ConvAxis conv_axis(Emit *e, const WindowDesc *w, int axis, bool transposed, Value size);
ConvTaps conv_taps(Emit *e, const ConvAxis *axis, Value position);

/* Loops over from, from + size, ..., the last start moved back to `to - size` so that every block
 * is full; over single ones if the range is shorter than `size`. body(user, size, start) writes a
 * block. */
typedef void ConvRangeBody(void *user, int size, Value start);
void conv_blocked_range(Emit *e, Value from, Value to, int size, ConvRangeBody *body, void *user);

/* A 1x1 window without stride or padding: the map may be walked as one long row. */
bool conv_is_pointwise(const WindowDesc *w);
/* Aligned vectors of zeros in the object, to be read in place of pixels that do not exist. */
Value conv_zeros(Emit *e, unsigned vectors);

/* The whole kernel: conv (transposed = false) or conv_dx. */
void conv_nest(Emit *e, const ConvDesc *d, bool transposed);
/* The same of a dense window that conv_is_pointwise, and of CONV_TINY, to the same bits; conv_nest calls
 * them. */
void conv_pointwise(Emit *e, const ConvDesc *d, bool transposed);
void conv_tiny(Emit *e, const ConvDesc *d, bool transposed);
/* conv_dw in the forms that have a file of their own; emit_conv_dw calls them. */
void conv_dw_packed(Emit *e, const ConvDesc *d);
void conv_dw_tiny(Emit *e, const ConvDesc *d);

#endif
