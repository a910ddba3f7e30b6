#include "codegen/conv_algorithm.h"

enum { PLANES = 36, VECTOR = LANES * (int)sizeof(float) };

static bool is_winograd_window(const ConvDesc *d) {
    const WindowDesc *w = &d->window;
    for (int a = 0; a < 2; a++)
        if (w->kernel[a] != 3 || w->stride[a] != 1 || w->dilation[a] != 1 || w->pad[a] > 1)
            return false;
    return d->groups == GROUPS_DENSE;
}

ConvAlgorithm conv_algorithm(KernelKind kind, const ConvDesc *d, const ConvShape *s) {
    if (!is_winograd_window(d))
        return CONV_DIRECT;
    (void)kind, (void)s;
    return CONV_WINOGRAD;
}

static int64_t round_up(int64_t a, int64_t to) {
    return (a + to - 1) / to * to;
}

int64_t wino_tiles(int64_t n, int64_t rows, int64_t cols) {
    return (n + LANES - 1) / LANES * ((rows + 3) / 4) * ((cols + 3) / 4);
}

int64_t wino_filter_bytes(int64_t reduced, int64_t written) {
    return PLANES * reduced * round_up(written, LANES) * (int64_t)sizeof(float);
}

WinoBlocks wino_blocks(int64_t tiles, int64_t reduced, int64_t written) {
    int64_t most = 640 << 10, channels = round_up(written, LANES);
    WinoBlocks b = {.channels = MIN(channels, 64)};
    b.tiles = most / (PLANES * VECTOR * (reduced + b.channels)) / 4 * 4;
    b.tiles = MIN(MAX(b.tiles, 4), tiles);
    return b;
}

int64_t wino_scratch_bytes(const WinoBlocks *b, int64_t reduced) {
    int64_t planes = (reduced + b->channels) * b->tiles + 2;
    return VECTOR * (1 + b->tiles + PLANES * planes);
}

int64_t wino_dw_scratch_bytes(int64_t tiles, int64_t in, int64_t out) {
    int64_t i = round_up(in, 4), o = round_up(out, 4);
    return VECTOR * (tiles + 6 * (i + o) * tiles) + 15 * i * o * (int64_t)sizeof(float);
}
