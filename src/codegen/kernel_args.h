/* What a caller hands to each kernel of this room's heavy kinds: the text of its descriptor and the
 * order of its arguments. Offsets and strides are bytes, counts are plain; all are int64_t.
 * `*_BLOCK` is the distance between two blocks of 16 images of that tensor (c * h * w * 64 if it
 * stands alone; larger where it is a range of channels of a wider tensor, so that a concat can be
 * written in place).
 *
 * Any lo..hi within the stated range works, and splitting a range changes no bit. Output ranges of
 * two parts are disjoint. Inputs and output of a call must not overlap unless said.
 * */
#ifndef NASC_CODEGEN_KERNEL_ARGS_H
#define NASC_CODEGEN_KERNEL_ARGS_H

#include "codegen/kernel.h"

/* How channels are joined. Depthwise is the grouped case with one input channel a group, worked
 * with blocks of columns instead of blocks of output channels; CONV_I is then 1 and CONV_O the
 * multiplier. */
typedef enum ConvGroups { GROUPS_DENSE, GROUPS_GROUPED, GROUPS_DEPTHWISE } ConvGroups;

/* A window as the descriptor holds it; [0] = h, [1] = w. A dense layer is a 1x1 conv with h = w =
 * 1. */
typedef struct WindowDesc {
    int32_t kernel[2], stride[2], pad[2], dilation[2];
} WindowDesc;

/* Ways to the same bits; conv_algorithm.h says what may be packed or tiny. */
typedef enum ConvForm { CONV_PLAIN, CONV_PACKED, CONV_TINY } ConvForm;

/* What a gradient for a weight does with it: writes it, or takes a step of the optimizer (see SgdArg)
 * with it, with or without decay, and writes it nowhere. */
typedef enum UpdateKind { UPDATE_NONE, UPDATE_SGD, UPDATE_SGD_DECAY } UpdateKind;

/* Arguments of such a step; the weight lies where the gradient would be written. The rows at work are
 * scratch for UPDATE_ROWS output channels of the gradient. */
enum UpdateArg {
    UPDATE_V,
    UPDATE_GRADIENT,
    UPDATE_LR, /* float bits, as the next two */
    UPDATE_MOMENTUM,
    UPDATE_DECAY,
    UPDATE_NARGS
};
enum { UPDATE_ROWS = 4 };

typedef struct ConvDesc {
    WindowDesc window;
    ConvGroups groups;
    bool bias, relu; /* conv only: y = relu(sum + bias[o]) */
    ConvForm form;
    UpdateKind update; /* conv_dw only, of dense windows that are not packed */
} ConvDesc;

/* conv, conv_dx, conv_dw share one order. X is [n, c, h, w] (read by conv and conv_dw, written by
 * conv_dx), W the weight [o, i, kh, kw] (written by conv_dw), Y [n, o, oh, ow] (written by conv,
 * the gradient of the output in the other two). lo..hi: conv and conv_dw: output channels of all
 * groups (0 .. O * groups); conv_dx: input channels of all groups (0 .. I * groups). Sums run over
 * i, kh, kw (conv), o, kh, kw (conv_dx), block, row, column (conv_dw, then lanes). */
enum ConvArg {
    CONV_X,
    CONV_W,
    CONV_Y,
    CONV_BIAS,  /* [o]; 0 if the descriptor has none */
    CONV_N,     /* blocks of 16 images */
    CONV_VALID, /* images in the last block, 1..16 */
    CONV_I,     /* input channels of one group */
    CONV_O,     /* output channels of one group */
    CONV_H,
    CONV_WIDTH,
    CONV_OH,
    CONV_OW,
    CONV_X_BLOCK,
    CONV_Y_BLOCK,
    CONV_SCRATCH, /* of conv_scratch_bytes() */
    CONV_UPDATE,
    CONV_NARGS = CONV_UPDATE + UPDATE_NARGS
};

typedef enum PoolOp { POOL_MAX, POOL_MAX_DX, POOL_AVG, POOL_AVG_DX } PoolOp;

typedef struct PoolDesc {
    PoolOp op;
    WindowDesc window;
    bool count_padding; /* avg: divide by the size of the window, not by the pixels it covers */
} PoolDesc;

/* X is the forward input [n, c, h, w], Y the forward output [n, c, oh, ow] or its gradient, DX [n,
 * c, h, w] the result of the gradients. lo..hi: channels. */
enum PoolArg {
    POOL_ARG_X,  /* max, max_dx, avg */
    POOL_ARG_Y,  /* written by max, avg; read by max_dx, avg_dx */
    POOL_ARG_DX, /* max_dx, avg_dx */
    POOL_ARG_N,
    POOL_ARG_H,
    POOL_ARG_W,
    POOL_ARG_OH,
    POOL_ARG_OW,
    POOL_ARG_X_BLOCK,
    POOL_ARG_Y_BLOCK,
    POOL_ARG_DX_BLOCK,
    POOL_NARGS
};

typedef enum ResizeOp {
    RESIZE_NEAREST,
    RESIZE_NEAREST_DX,
    RESIZE_BILINEAR,
    RESIZE_BILINEAR_DX
} ResizeOp;

/* X is [n, c, h, w] (read forward, written by the gradients), Y [n, c, oh, ow]. lo..hi: channels.
 */
enum ResizeArg {
    RESIZE_X,
    RESIZE_Y,
    RESIZE_N,
    RESIZE_H,
    RESIZE_W,
    RESIZE_OH,
    RESIZE_OW,
    RESIZE_X_BLOCK,
    RESIZE_Y_BLOCK,
    RESIZE_NARGS
};

typedef enum CopyOp { COPY_MOVE, COPY_ZERO } CopyOp;

/* for a in 0..A: for b in lo..hi: for r in 0..ROWS:
 *     LEN bytes from SRC + a * SRC_A + b * SRC_B + r * SRC_R
 *     to             DST + a * DST_A + b * DST_B + r * DST_R
 * A is usually blocks, b channels, r rows. COPY_ZERO clears the destination and reads no source.
 * LEN is a multiple of 4. Embed is COPY_ZERO of the whole, then COPY_MOVE of the piece. */
enum CopyArg {
    COPY_SRC,
    COPY_DST,
    COPY_A,
    COPY_ROWS,
    COPY_LEN,
    COPY_SRC_A,
    COPY_SRC_B,
    COPY_SRC_R,
    COPY_DST_A,
    COPY_DST_B,
    COPY_DST_R,
    COPY_NARGS
};

/* map, small: the text is the program, see codegen/map_program.h for it and for the arguments.
 * lo..hi: channels of a map; 0..1 of a small, whose flat tensors are one channel of one place with
 * ceil(elements / 16) blocks. A result may take the place of an operand that is not read in a later
 * segment. */

/* Texts "sgd" and "sgd decay" (without it g' = g): g' = g + decay w; v = momentum v + g'; w = w -
 * lr v, each operation rounded. lo..hi: vectors of 16 floats of the block. */
enum SgdArg {
    SGD_W,
    SGD_G,
    SGD_V,
    SGD_LR, /* float bits, as the next two */
    SGD_MOMENTUM,
    SGD_DECAY,
    SGD_NARGS
};

/* Winograd's F(4x4, 3x3) for dense 3x3 windows of stride and dilation 1 (codegen/wino.h). Two
 * kernels make a convolution: wino_filter transforms the weights, wino the rest. The gradient for
 * the input is the same with the gradient of the output as source, the transposed filter and 2 -
 * pad as padding.
 *
 * wino_filter: W, 3x3 windows LANE_STEP bytes apart for the channels that the convolution writes
 * and STEP for those that it sums over -> U, wino_filter_bytes() (conv_algorithm.h) long. lo..hi:
 * groups of 16 of the written channels. */
enum WinoFilterArg {
    WINO_FILTER_W,
    WINO_FILTER_U,
    WINO_FILTER_LANES,
    WINO_FILTER_REDUCED,
    WINO_FILTER_LANE_STEP,
    WINO_FILTER_STEP,
    WINO_FILTER_NARGS
};

/* wino: source [n, c, h, w], destination [n, k, oh, ow] with oh = h + 2 pad - 2. lo..hi: tiles of
 * 4x4 outputs of all blocks of images, 0 .. wino_tiles(). Parts that run at the same time need a
 * scratch each. Sums run over c within a tile. TILES and CHANNELS are sizes of blocks that change
 * no bit. */
typedef struct WinoDesc {
    bool bias, relu; /* dst = relu(sum + bias[k]) */
} WinoDesc;

enum WinoArg {
    WINO_SRC,
    WINO_U,
    WINO_DST,
    WINO_BIAS,    /* [k]; 0 if the descriptor has none */
    WINO_SCRATCH, /* of wino_scratch_bytes() */
    WINO_C,
    WINO_K,
    WINO_H,
    WINO_WIDTH,
    WINO_OH,
    WINO_OW,
    WINO_PAD_H, /* 0..2 */
    WINO_PAD_W,
    WINO_SRC_BLOCK,
    WINO_DST_BLOCK,
    WINO_TILES,    /* tiles worked together */
    WINO_CHANNELS, /* channels of the destination worked together, a multiple of 16 */
    WINO_NARGS
};

/* wino_dw: gradient for the weight by F(3x3, 4x4): DW [o, i, 3, 3] from X [n, i, h, w] and the
 * gradient DY [n, o, oh, ow]. lo..hi: output channels. Sums run over tiles (block, row, column),
 * then lanes by the fixed tree, then the inverse transform. Scratch as above, of
 * wino_dw_scratch_bytes(). */
typedef struct WinoDwDesc {
    int by_image; /* wino_dw_by_image(), or 0 to the same bits */
    UpdateKind update;
} WinoDwDesc;

enum WinoDwArg {
    WINO_DW_X,
    WINO_DW_DY,
    WINO_DW_DW,
    WINO_DW_SCRATCH,
    WINO_DW_N,     /* blocks of 16 images */
    WINO_DW_VALID, /* images in the last block, 1..16 */
    WINO_DW_I,
    WINO_DW_O,
    WINO_DW_H,
    WINO_DW_WIDTH,
    WINO_DW_OH,
    WINO_DW_OW,
    WINO_DW_PAD_H, /* 0 or 1 */
    WINO_DW_PAD_W,
    WINO_DW_X_BLOCK,
    WINO_DW_Y_BLOCK,
    WINO_DW_UPDATE,
    WINO_DW_NARGS = WINO_DW_UPDATE + UPDATE_NARGS
};

/* nest: loops over free axes, in them loops over summed ones, with a stride for each operand:
 *     OUT[free] = op over summed of A[free, summed] * B[free, summed]
 * An operand is of lanes (a vector of 16 images an element) or dense (one float an element, meant for
 * all images). OUT of lanes: for each block of images; OUT dense and an input of lanes: summed over
 * blocks and images too. Sums run over blocks, then the summed axes, slowest first, then lanes. */
typedef enum NestOp { NEST_MOVE, NEST_SUM, NEST_MAX } NestOp;
typedef enum NestSide { NEST_ABSENT, NEST_DENSE, NEST_LANES } NestSide;
enum { NEST_MAX_LOOPS = 6 };

typedef struct NestDesc {
    NestOp op;             /* move: no summed axes and no B */
    NestSide a, b, out;    /* b may be absent */
    int free, sum;         /* loops, free >= 1 */
    bool a_moves, b_moves; /* along the last free axis */
} NestDesc;

/* After NEST_LOOPS: for each free loop, outermost first, its count and the strides of A, B, OUT; for
 * each summed loop its count and the strides of A, B. lo..hi: the first free loop. */
enum NestArg {
    NEST_A,
    NEST_B,
    NEST_OUT,
    NEST_N,       /* blocks of 16 images; 1 if nothing is of lanes */
    NEST_BATCH,   /* images */
    NEST_A_BLOCK, /* 0 for dense operands, as the next two */
    NEST_B_BLOCK,
    NEST_OUT_BLOCK,
    NEST_LOOPS
};
enum { NEST_FREE_ARGS = 4, NEST_SUM_ARGS = 3 };

void kernel_text_nest(Buf *b, const NestDesc *d);
NestDesc kernel_read_nest(const char *text);

void kernel_text_wino(Buf *b, const WinoDesc *d);
void kernel_text_wino_filter(Buf *b, bool turned); /* windows by 180 degrees, for conv_dx */
void kernel_text_wino_dw(Buf *b, const WinoDwDesc *d);
WinoDesc kernel_read_wino(const char *text);
bool kernel_read_wino_filter(const char *text);
WinoDwDesc kernel_read_wino_dw(const char *text);

/* Canonical descriptor texts, and their readers. A text that its writer did not make is a bug. */
const char *kernel_update_name(UpdateKind update);
UpdateKind kernel_find_update(const char *word);
void kernel_text_conv(Buf *b, KernelKind kind, const ConvDesc *d);
void kernel_text_pool(Buf *b, const PoolDesc *d);
void kernel_text_resize(Buf *b, ResizeOp op);
void kernel_text_copy(Buf *b, CopyOp op);
ConvDesc kernel_read_conv(const char *text);
PoolDesc kernel_read_pool(const char *text);
ResizeOp kernel_read_resize(const char *text);
CopyOp kernel_read_copy(const char *text);

#endif
