/* wino_dw, by image: where few tiles are summed over, the sums over lanes take longer than the products.
 * So v is turned, 16 input channels into the lanes, and what were lanes become 16 sums of their own,
 * worked image by image in the order in which the tree of additions meets them: turned[12][c / 16][16
 * images][tile][16 c]. The same sums as by lanes, to the bit. */
#include "codegen/wino_dw.h"

enum { BLOCK = WINO_DW_BLOCK, PLANES = WINO_DW_PLANES, TAPS = 9 };

/* What a block of BLOCK output channels and 16 input channels reads. */
typedef struct Sources {
    Value x, g;
} Sources;

/* 16 channels of a tile of one plane; a channel past the last block repeats the last. */
static void turn_tile(WinoWeights *w, Value from, Value to, Value group, Value tile) {
    Emit *e = w->e;
    Value v[LANES], block_bytes = emit_muli(e, w->places, BLOCK * 64);
    Value last = emit_addi(e, emit_muli(e, w->in_blocks, BLOCK), -1);
    for (int r = 0; r < LANES; r++) {
        Value c = emit_min(e, emit_addi(e, emit_muli(e, group, LANES), r), last);
        Value block = LLVMBuildUDiv(e->b, c, emit_int(e, BLOCK), "");
        Value place = emit_sub(e, c, emit_muli(e, block, BLOCK));
        Value at = emit_add(e, emit_mul(e, block, block_bytes), emit_muli(e, place, 64));
        v[r] = emit_load(e, emit_at(e, from, emit_add(e, at, emit_muli(e, tile, BLOCK * 64))));
    }
    emit_transpose(e, v);
    Value at = emit_add(e, emit_mul(e, emit_muli(e, group, LANES), w->places), tile);
    to = emit_at(e, to, emit_muli(e, at, 64));
    for (int r = 0; r < LANES; r++)
        emit_store(e, v[r], emit_at(e, to, emit_muli(e, emit_muli(e, w->places, 64), r)));
}

static void turn_plane(WinoWeights *w, Value plane) {
    Emit *e = w->e;
    EmitLoop group, tile;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    Value from = emit_at(e, w->v, emit_mul(e, plane, w->v_plane));
    Value to = emit_at(e, w->turned, emit_mul(e, plane, w->turned_plane));
    emit_loop_begin(e, &group, zero, w->in_groups, one, NULL, 0);
    emit_loop_begin(e, &tile, zero, w->count, one, NULL, 0);
    turn_tile(w, from, to, group.i, tile.i);
    emit_loop_end(e, &tile, NULL);
    emit_loop_end(e, &group, NULL);
}

/* Sums over images l, l + step, l + 2 step, ..., as the tree over lanes adds them. */
static void sum_images(WinoWeights *w, const Sources *from, int l, int step, Value sum[BLOCK]) {
    Emit *e = w->e;
    if (step < LANES) {
        Value more[BLOCK];
        sum_images(w, from, l, 2 * step, sum);
        sum_images(w, from, l + step, 2 * step, more);
        for (int k = 0; k < BLOCK; k++)
            sum[k] = emit_fadd(e, sum[k], more[k]);
        return;
    }
    for (int k = 0; k < BLOCK; k++)
        sum[k] = emit_vec(e, 0);
    for (int t = 0; t < w->by_image; t++) {
        Value x = emit_load(e, emit_ati(e, from->x, (int64_t)(l * w->by_image + t) * 64));
        for (int k = 0; k < BLOCK; k++) {
            Value g = emit_ati(e, from->g, (int64_t)(t * BLOCK + k) * 64 + l * 4L);
            sum[k] = emit_fma(e, x, emit_load_splat(e, g), sum[k]);
        }
    }
}

static void multiply_block(WinoWeights *w, const Sources *from, Value to) {
    Emit *e = w->e;
    Value sum[BLOCK];
    sum_images(w, from, 0, 1, sum);
    for (int k = 0; k < BLOCK; k++)
        emit_store(e, sum[k], emit_at(e, to, emit_muli(e, emit_muli(e, w->in_groups, 64), k)));
}

void wino_multiply_by_image(WinoWeights *w) {
    Emit *e = w->e;
    EmitLoop plane, k, c;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    emit_loop_begin(e, &plane, zero, emit_int(e, PLANES), one, NULL, 0);
    turn_plane(w, plane.i);
    Value x = emit_at(e, w->turned, emit_mul(e, plane.i, w->turned_plane));
    Value g = emit_at(e, w->g, emit_mul(e, plane.i, w->g_plane));
    Value s = emit_at(e, w->s, emit_mul(e, plane.i, w->s_plane));
    Value image = emit_muli(e, w->places, 64);
    emit_loop_begin(e, &k, zero, w->out_blocks, one, NULL, 0);
    emit_loop_begin(e, &c, zero, w->in_groups, one, NULL, 0);
    Sources from = {.x = emit_at(e, x, emit_mul(e, emit_muli(e, c.i, LANES), image)),
                    .g = emit_at(e, g, emit_mul(e, k.i, emit_muli(e, image, BLOCK)))};
    Value row = emit_mul(e, emit_muli(e, k.i, BLOCK), w->in_groups);
    multiply_block(w, &from, emit_at(e, s, emit_muli(e, emit_add(e, row, c.i), 64)));
    emit_loop_end(e, &c, NULL);
    emit_loop_end(e, &k, NULL);
    emit_loop_end(e, &plane, NULL);
}

void wino_weights_by_image(WinoWeights *w) {
    Emit *e = w->e;
    EmitLoop k, c;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    emit_loop_begin(e, &k, zero, w->out, one, NULL, 0);
    Value row_of = emit_add(e, e->lo, k.i), dw = sgd_rows_place(e, &w->update, row_of);
    emit_loop_begin(e, &c, zero, w->in_groups, one, NULL, 0);
    Value at = emit_add(e, emit_mul(e, k.i, w->in_groups), c.i);
    Value from = emit_at(e, w->dw9, emit_muli(e, at, 64)), tap[TAPS], row[TAPS];
    for (int t = 0; t < TAPS; t++) {
        tap[t] = emit_load(e, from);
        from = emit_at(e, from, w->s_plane);
    }
    emit_interleave9(e, tap, row);
    Value first = emit_muli(e, c.i, LANES), left = emit_sub(e, w->in, first);
    Value to = emit_muli(e, emit_add(e, emit_mul(e, row_of, w->in), first), TAPS * 4);
    emit_store_floats(e, row, TAPS, emit_muli(e, left, TAPS), emit_at(e, dw, to));
    emit_loop_end(e, &c, NULL);
    sgd_rows_update(e, &w->update, row_of, one);
    emit_loop_end(e, &k, NULL);
}
