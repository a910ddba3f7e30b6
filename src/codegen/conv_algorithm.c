/* The rule estimates both algorithms in multiplications of a vector, from the shape alone. Its
 * constants were fitted once to a Zen 4 core with AVX-512 and are part of the definition of a
 * score: they do not change with the machine. Some of the measurements (GFLOP/s of the plain sum,
 * direct : Winograd, 16 images; bench/kernels.c repeats them):
 *
 *                      forward     input's gradient   weight's gradient
 *   3 -> 16, 32x32    115 : 153        90 : 130          119 : 129
 *   16, 32x32         119 : 285       119 : 289          119 : 257
 *   32, 16x16         122 : 346       122 : 349          121 : 309
 *   64, 8x8           128 : 364       128 : 364          120 : 287
 *   128, 8x8          128 : 387       127 : 384          119 : 301
 *   64, 5x5            85 : 143        84 : 140          113 : 114
 *   64, 4x4           141 : 285       141 : 285          106 : 135
 *   64, 3x3           150 : 160       150 : 160           92 :  74
 *   64, 2x2           176 :  72       176 :  72           68 :  33
 *   1 -> 64, 16x16    107 :  73        31 :  44          120 :  45
 */
#include "codegen/conv_algorithm.h"

enum { PLANES = 36, VECTOR = LANES * (int)sizeof(float) };

static bool is_winograd_window(const ConvDesc *d) {
    const WindowDesc *w = &d->window;
    for (int a = 0; a < 2; a++)
        if (w->kernel[a] != 3 || w->stride[a] != 1 || w->dilation[a] != 1 || w->pad[a] > 1)
            return false;
    return d->groups == GROUPS_DENSE;
}

static int64_t round_up(int64_t a, int64_t to) {
    return (a + to - 1) / to * to;
}

int64_t wino_tiles(int64_t n, int64_t rows, int64_t cols) {
    return (n + LANES - 1) / LANES * ((rows + 3) / 4) * ((cols + 3) / 4);
}

static int64_t blocks_of(int64_t images) {
    return (images + LANES - 1) / LANES;
}

/* Rows of the window that lie in the map, over all rows of the output. */
static int64_t tap_rows(const ConvDesc *d, const ConvShape *s) {
    return 3 * s->oh - 2 * d->window.pad[0];
}

/* conv and conv_dx: blocks of four channels and four columns, single columns where a row is
 * shorter. */
static int64_t direct_cost(const ConvDesc *d, const ConvShape *s, int64_t reduced, int64_t written,
                           int64_t cols) {
    int64_t products = tap_rows(d, s) * 3 * (cols < 4 ? cols : round_up(cols, 4));
    return blocks_of(s->n) * reduced * round_up(written, 4) * products;
}

/* Products of 36 places, transforms of 6x6 source tiles, of 4x4 outputs, and of the filter. */
static int64_t winograd_cost(int64_t tiles, int64_t reduced, int64_t written) {
    int64_t products = 36 * reduced * round_up(written, 4);
    products = tiles < 4 ? products * 13 / 10 : products * 21 / 20;
    return tiles * (products + 160 * reduced + 150 * written) +
           10 * reduced * round_up(written, LANES);
}

/* 45: sums of nine accumulators over lanes. */
static int64_t direct_dw_cost(const ConvDesc *d, const ConvShape *s) {
    return s->in * round_up(s->out, 4) * (blocks_of(s->n) * tap_rows(d, s) * 3 * s->ow + 45);
}

/* 70: sums of 36 accumulators over lanes and their inverse transform, for each block of tiles. */
static int64_t winograd_dw_cost(int64_t tiles, int64_t in, int64_t out) {
    int64_t i = round_up(in, 4), o = round_up(out, 4);
    int64_t blocks = (tiles + WINO_DW_TILES - 1) / WINO_DW_TILES;
    return tiles * (36 * i * o * 21 / 20 + 200 * (i + o)) + blocks * 70 * i * o;
}

ConvAlgorithm conv_algorithm(KernelKind kind, const ConvDesc *d, const ConvShape *s) {
    if (!is_winograd_window(d))
        return CONV_DIRECT;
    int64_t direct, winograd;
    if (kind == KERNEL_conv) {
        direct = direct_cost(d, s, s->in, s->out, s->ow);
        winograd = winograd_cost(wino_tiles(s->n, s->oh, s->ow), s->in, s->out);
    } else if (kind == KERNEL_conv_dx) {
        direct = direct_cost(d, s, s->out, s->in, s->w);
        winograd = winograd_cost(wino_tiles(s->n, s->h, s->w), s->out, s->in);
    } else {
        direct = direct_dw_cost(d, s);
        winograd = winograd_dw_cost(wino_tiles(s->n, s->oh, s->ow), s->in, s->out);
    }
    return winograd * 11 < direct * 10 ? CONV_WINOGRAD : CONV_DIRECT;
}

int64_t wino_filter_bytes(int64_t reduced, int64_t written) {
    return PLANES * reduced * round_up(written, LANES) * (int64_t)sizeof(float);
}

/* The fewest equal pieces of whole `unit`s whose `bytes` for each channel fit a share of the last
 * cache. */
static int64_t piece_of(int64_t channels, int64_t bytes, int64_t unit) {
    int64_t most = (int64_t)6 << 20, pieces = (channels * bytes + most - 1) / most;
    pieces = MAX(MIN(pieces, channels / 64), 1);
    return MIN(round_up((channels + pieces - 1) / pieces, unit), channels);
}

WinoBlocks wino_blocks(int64_t tiles, int64_t reduced, int64_t written) {
    int64_t most = 640 << 10;
    WinoBlocks b = {.piece = piece_of(written, wino_filter_bytes(reduced, 1) / LANES, LANES)};
    b.channels = MIN(round_up(b.piece, LANES), 64);
    b.tiles = most / (PLANES * VECTOR * (reduced + b.channels)) / 4 * 4;
    b.tiles = MIN(MAX(b.tiles, 4), tiles);
    return b;
}

int64_t wino_dw_piece(int64_t in, int64_t out) {
    return piece_of(out, 21 * in * (int64_t)sizeof(float), 4);
}

int64_t wino_scratch_bytes(const WinoBlocks *b, int64_t reduced) {
    int64_t planes = (reduced + b->channels) * b->tiles + 2;
    return VECTOR * (4 + 2 * b->tiles + PLANES * planes);
}

/* Few tiles, and channels that fill vectors: additions to the products of 16 images of a pair of channels
 * are 48 for the tree over lanes, 24 for one over images; and 32 a vector of x to turn it. */
int wino_dw_by_image(int64_t tiles, int64_t in, int64_t out) {
    int64_t images = round_up(in, LANES) * (LANES * tiles + 24 + 32 * LANES * tiles / out);
    bool fewer = images < round_up(in, 4) * (LANES * tiles + 48);
    return tiles <= WINO_DW_BY_IMAGE && fewer ? (int)tiles : 0;
}

int64_t wino_dw_scratch_bytes(int64_t tiles, int64_t in, int64_t piece, int by_image) {
    int64_t i = round_up(in, by_image ? LANES : 4), o = round_up(piece, 4);
    tiles = MIN(tiles, WINO_DW_TILES);
    int64_t turned = by_image ? 12 * i * tiles : 0;
    return VECTOR * (2 * tiles + turned + 12 * ((i + o) * tiles + 2)) +
           21 * i * o * (int64_t)sizeof(float);
}

static bool can_be_packed(const ConvDesc *d) {
    const WindowDesc *w = &d->window;
    for (int a = 0; a < 2; a++)
        if (w->kernel[a] != 1 || w->pad[a] != 0)
            return false;
    return d->groups == GROUPS_DENSE;
}

static bool can_be_tiny(bool gradient, const ConvDesc *d, const ConvShape *s) {
    const WindowDesc *w = &d->window;
    int32_t kernel = w->kernel[0];
    for (int a = 0; a < 2; a++)
        if (w->kernel[a] != kernel || w->pad[a] != kernel / 2 || w->stride[a] != 1 ||
            w->dilation[a] != 1)
            return false;
    bool window = kernel == 3 || (gradient && kernel == 1);
    return window && d->groups == GROUPS_DENSE && s->h == 2 && s->w == 2 &&
           (!gradient || s->n <= LANES);
}

bool conv_can_be(ConvForm form, KernelKind kind, const ConvDesc *d, const ConvShape *s) {
    bool gradient = kind == KERNEL_conv_dw;
    switch (form) {
    case CONV_PACKED:
        return gradient && can_be_packed(d);
    case CONV_TINY:
        return can_be_tiny(gradient, d, s);
    default:
        return true;
    }
}

/* Measured as above, tensors in memory, GFLOP/s plain : packed: 192 -> 96, 32x32 70 : 94; 64 -> 64,
 * 16x16 81 : 86; 192 -> 192, 8x8 96 : 90; 20 -> 12, 32x32 57 : 53; stride 2, 192 -> 48, 32x32 26 : 65;
 * 64 -> 128, 16x16 82 : 72. */
ConvForm conv_form(KernelKind kind, const ConvDesc *d, const ConvShape *s) {
    bool strided = d->window.stride[0] * d->window.stride[1] > 1;
    if (conv_can_be(CONV_TINY, kind, d, s) && MIN(s->in, s->out) >= LANES)
        return CONV_TINY;
    bool packed = conv_can_be(CONV_PACKED, kind, d, s) && s->h * s->w >= 256 &&
                  MIN(s->in, s->out) >= 48 && (!strided || s->in >= 128);
    return packed ? CONV_PACKED : CONV_PLAIN;
}

static int64_t packed_group(int64_t channels) {
    int64_t pieces = (channels + PACKED_GROUP - 1) / PACKED_GROUP;
    return round_up((channels + pieces - 1) / pieces, PACKED_UNIT);
}

int64_t conv_scratch_bytes(ConvForm form, KernelKind kind, const ConvShape *s) {
    int64_t i = packed_group(s->in), o = packed_group(s->out);
    if (kind != KERNEL_conv_dw || form == CONV_PLAIN)
        return 0;
    return VECTOR * (form == CONV_PACKED ? PACKED_STRIP * (i + o) + i * o
                                         : 9 + 4 * (s->out + round_up(s->in, LANES)));
}
