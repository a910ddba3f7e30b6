/* Which algorithm computes a convolution, by its shape alone, and the sizes that Winograd's kernels
 * need. */
#ifndef NASC_CODEGEN_CONV_ALGORITHM_H
#define NASC_CODEGEN_CONV_ALGORITHM_H

#include "codegen/kernel_args.h"

typedef enum ConvAlgorithm { CONV_DIRECT, CONV_WINOGRAD } ConvAlgorithm;

/* A convolution as its forward direction is: n images, `in` [in, h, w] -> `out` [out, oh, ow], of
 * all groups. */
typedef struct ConvShape {
    int64_t n, in, out, h, w, oh, ow;
} ConvShape;

/* `kind`: KERNEL_conv, conv_dx or conv_dw. */
ConvAlgorithm conv_algorithm(KernelKind kind, const ConvDesc *d, const ConvShape *s);

/* 4x4 tiles of a map that `n` images have. */
int64_t wino_tiles(int64_t n, int64_t rows, int64_t cols);
/* The transformed filter of `written` channels summed over `reduced`. */
int64_t wino_filter_bytes(int64_t reduced, int64_t written);

/* How a convolution is divided, without a change of its bits: `piece` of the written channels a
 * call (wino_dw: output channels), so that filters and sums stay in the cache; tiles and channels
 * that wino works together. */
typedef struct WinoBlocks {
    int64_t piece, tiles, channels;
} WinoBlocks;
WinoBlocks wino_blocks(int64_t tiles, int64_t reduced, int64_t written);
int64_t wino_scratch_bytes(const WinoBlocks *b, int64_t reduced);

/* wino_dw sums the products of this many tiles by lanes, then over lanes, before it goes on: part
 * of the order of its sums. */
enum { WINO_DW_TILES = 16, WINO_DW_BY_IMAGE = 4 };
int64_t wino_dw_piece(int64_t in, int64_t out);
/* All tiles, if their sums are better worked image by image than by lanes, else 0. */
int wino_dw_by_image(int64_t tiles, int64_t in, int64_t out);
int64_t wino_dw_scratch_bytes(int64_t tiles, int64_t in, int64_t piece, int by_image);

/* The packed weight gradient works STRIP places of the map at a time, of equal groups of at most GROUP
 * channels of each side, which are multiples of UNIT, itself one of every block of channels: no part
 * of the order of its sums. */
enum { PACKED_GROUP = 96, PACKED_STRIP = 32, PACKED_UNIT = 12 };
/* Can a direct kernel have this form? Packed: weight gradient of a dense window of one tap, nothing
 * padded. Tiny: maps of 2x2 and stride 1, a dense window of 3x3 with padding 1; the weight gradient also
 * of 1x1, but of at most 16 images. */
bool conv_can_be(ConvForm form, KernelKind kind, const ConvDesc *d, const ConvShape *s);
/* The form that pays. Packed: maps beyond the caches, with channels enough to use a strip often. */
ConvForm conv_form(KernelKind kind, const ConvDesc *d, const ConvShape *s);
/* Packed: both strips, and a sum by lanes for each weight. Tiny weight gradient: both maps once more. */
int64_t conv_scratch_bytes(ConvForm form, KernelKind kind, const ConvShape *s);

#endif
