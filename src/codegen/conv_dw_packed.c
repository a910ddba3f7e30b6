/* conv_dw, packed: of a dense 1x1 window without padding, any stride: dw[o][i] = sum over blocks of images and
 * places p of the output of x[i][p * stride] * g[o][p] by lanes, then over lanes by the fixed tree.
 * The same sums as emit_conv_dw.c, to the bit.
 *
 * Both maps are read once for each pair of groups of PACKED_GROUP
 * channels, STRIP places at a time: the
 * strip is packed, block of channels by block, places in them, channels side by side, so that it
 * stays in the cache whatever the distance of the planes, and lanes beyond the batch become zeros,
 * which change no sum. Sums that a strip leaves unfinished wait in the scratch. What the next strip
 * packs is asked for while this one is summed. */
#include "codegen/conv_algorithm.h"
#include "codegen/conv_nest.h"

enum { STRIP = PACKED_STRIP, MAX_KB = 6, MAX_IB = 4, VECTOR = LANES * (int)sizeof(float) };

/* One side: a map of which every `step`-th column and row is read, a group of its channels packed. */
typedef struct Side {
    Value map, block, plane; /* of the first image; bytes to the next 16, to the next channel */
    int64_t column;          /* bytes from a place to the next */
    Value row; /* more bytes at the end of a row of `width` places; NULL: a long row */
    Value width;
    Value pack;
    int unit;       /* channels of a block */
    Value size;     /* channels of a group, a multiple of `unit` */
    Value lo, hi;   /* group of channels */
    Value at, next; /* this strip, the next one: first place of channel 0 */
} Side;

typedef struct Sums {
    Emit *e;
    Side x, g;
    Value dw, dw_o; /* bytes of an output channel's weights */
    Value scratch, zero;
    Value images, places, length; /* blocks of 16, of a map, of the strip */
    Value is_first, is_last;      /* strip of all */
    Value has_next;
    Value lanes;
} Sums;

/* Bytes from a map's first place to place p. */
static Value place_offset(Emit *e, const Side *s, Value p) {
    Value at = emit_muli(e, p, s->column);
    if (!s->row)
        return at;
    Value rows = LLVMBuildUDiv(e->b, p, s->width, "");
    return emit_add(e, at, emit_mul(e, rows, s->row));
}

static Value channel_ahead(Emit *e, const Side *s, Value channel, int k) {
    return emit_min(e, emit_addi(e, channel, k), emit_addi(e, s->hi, -1));
}

/* The strip's places of one block of channels; a channel past the last repeats it. */
static void pack_block(Sums *m, Side *s, Value channel, Value column) {
    Emit *e = m->e;
    Value from[MAX_KB], carried[2] = {emit_int(e, 0), column};
    for (int k = 0; k < s->unit; k++)
        from[k] = emit_at(e, s->at, emit_mul(e, channel_ahead(e, s, channel, k), s->plane));
    Value to = emit_muli(e, emit_sub(e, channel, s->lo), (int64_t)STRIP * VECTOR);
    to = emit_at(e, s->pack, to);
    EmitLoop p;
    emit_loop_begin(e, &p, emit_int(e, 0), m->length, emit_int(e, 1), carried, s->row ? 2 : 0);
    Value offset = s->row ? carried[0] : emit_muli(e, p.i, s->column);
    Value at = emit_at(e, to, emit_muli(e, p.i, (int64_t)s->unit * VECTOR));
    for (int k = 0; k < s->unit; k++) {
        Value v = emit_load(e, emit_at(e, from[k], offset));
        emit_store(e, emit_select(e, m->lanes, v, emit_vec(e, 0)),
                   emit_ati(e, at, (int64_t)k * VECTOR));
    }
    if (s->row) {
        Value next = emit_addi(e, carried[1], 1);
        Value ends = emit_cmp(e, LLVMIntEQ, next, s->width);
        carried[1] = emit_select(e, ends, emit_int(e, 0), next);
        carried[0] = emit_addi(e, carried[0], s->column);
        carried[0] = emit_add(e, carried[0], emit_select(e, ends, s->row, emit_int(e, 0)));
    }
    emit_loop_end(e, &p, carried);
}

static void pack(Sums *m, Side *s, Value first) {
    Emit *e = m->e;
    EmitLoop c;
    Value column = s->row ? LLVMBuildURem(e->b, first, s->width, "") : NULL;
    emit_loop_begin(e, &c, s->lo, s->hi, emit_int(e, s->unit), NULL, 0);
    pack_block(m, s, c.i, column);
    emit_loop_end(e, &c, NULL);
}

/* Lines to ask for, one a place: of the next strip, the `nth` channel from `channel` on; where there
 * is none, a line that is at hand. */
typedef struct Ask {
    Value at, step;
} Ask;

static Ask ask_next(Sums *m, const Side *s, Value channel, Value nth) {
    Emit *e = m->e;
    Value want = emit_and(e, m->has_next, emit_cmp(e, LLVMIntSLT, nth, emit_int(e, s->unit)));
    Value c = emit_min(e, emit_add(e, channel, nth), emit_addi(e, s->hi, -1));
    Value at = emit_at(e, s->next, emit_mul(e, c, s->plane));
    return (Ask){emit_select(e, want, at, s->pack),
                 emit_select(e, want, emit_int(e, s->column), emit_int(e, 0))};
}

static void add_place(Sums *m, Value x, Value g, Value *acc) {
    Emit *e = m->e;
    Value xs[MAX_IB];
    for (int i = 0; i < m->x.unit; i++)
        xs[i] = emit_load(e, emit_ati(e, x, (int64_t)i * VECTOR));
    for (int k = 0; k < m->g.unit; k++) {
        Value gk = emit_load(e, emit_ati(e, g, (int64_t)k * VECTOR));
        for (int i = 0; i < m->x.unit; i++)
            acc[k * m->x.unit + i] = emit_fma(e, xs[i], gk, acc[k * m->x.unit + i]);
    }
}

/* Sums over lanes, to their weights: those past the last channel repeat it. `whole`: all of the input
 * channels exist, so that four are stored at once. */
static void store_weights(Sums *m, Value out, Value in, const Value *acc, bool whole) {
    Emit *e = m->e;
    int n = m->g.unit * m->x.unit, step = whole ? MAX_IB : 1;
    Value sums = NULL, row = emit_at(e, m->dw, emit_muli(e, in, 4));
    for (int a = 0; a < n; a += step) {
        Value o = channel_ahead(e, &m->g, out, a / m->x.unit);
        Value ahead = emit_sub(e, channel_ahead(e, &m->x, in, a % m->x.unit), in);
        if (a % LANES == 0)
            sums = emit_lane_sums(e, &acc[a], MIN(n - a, LANES));
        Value to = emit_at(e, row, emit_mul(e, o, m->dw_o));
        if (whole)
            emit_store_part(e, sums, a % LANES, step, to);
        else
            emit_store_part(e, sums, a % LANES, 1, emit_at(e, to, emit_muli(e, ahead, 4)));
    }
}

static void finish_block(Sums *m, Value out, Value in, const Value *acc) {
    Emit *e = m->e;
    if (m->x.unit != MAX_IB) {
        store_weights(m, out, in, acc, false);
        return;
    }
    EmitIf whole;
    emit_if(e, &whole, emit_cmp(e, LLVMIntSLE, emit_addi(e, in, MAX_IB), m->x.hi));
    store_weights(m, out, in, acc, true);
    emit_else(e, &whole);
    store_weights(m, out, in, acc, false);
    emit_endif(e, &whole);
}

/* The strip's part of a block of sums. */
static void sum_block(Sums *m, Value out, Value in) {
    Emit *e = m->e;
    int n = m->g.unit * m->x.unit;
    Value acc[MAX_KB * MAX_IB];
    Value out_block = emit_sub(e, out, m->g.lo), in_block = emit_sub(e, in, m->x.lo);
    Value number =
        emit_add(e, emit_mul(e, out_block, m->x.size), emit_muli(e, in_block, m->g.unit));
    Value waiting = emit_at(e, m->scratch, emit_muli(e, number, VECTOR));
    Value from = emit_select(e, m->is_first, m->zero, waiting);
    for (int a = 0; a < n; a++)
        acc[a] = emit_load(e, emit_ati(e, from, (int64_t)a * VECTOR));
    Value g = emit_at(e, m->g.pack, emit_muli(e, out_block, (int64_t)STRIP * VECTOR));
    Value x = emit_at(e, m->x.pack, emit_muli(e, in_block, (int64_t)STRIP * VECTOR));
    Value nth_out = emit_divi(e, out_block, m->g.unit), nth_in = emit_divi(e, in_block, m->x.unit);
    Ask ask[2] = {ask_next(m, &m->x, in, nth_out), ask_next(m, &m->g, out, nth_in)};
    EmitLoop p;
    emit_loop_begin(e, &p, emit_int(e, 0), m->length, emit_int(e, 1), acc, n);
    for (int k = 0; k < 2; k++)
        emit_prefetch(e, emit_at(e, ask[k].at, emit_mul(e, p.i, ask[k].step)), false);
    add_place(m, emit_opaque(e, emit_at(e, x, emit_muli(e, p.i, (int64_t)m->x.unit * VECTOR))),
              emit_opaque(e, emit_at(e, g, emit_muli(e, p.i, (int64_t)m->g.unit * VECTOR))), acc);
    emit_loop_end(e, &p, acc);
    EmitIf last;
    emit_if(e, &last, m->is_last);
    finish_block(m, out, in, acc);
    emit_else(e, &last);
    for (int a = 0; a < n; a++)
        emit_store(e, acc[a], emit_ati(e, waiting, (int64_t)a * VECTOR));
    emit_endif(e, &last);
}

static void sum_strip(Sums *m, Value block, Value first) {
    Emit *e = m->e;
    Value past = emit_addi(e, first, STRIP);
    m->length = emit_min(e, emit_sub(e, m->places, first), emit_int(e, STRIP));
    m->has_next = emit_cmp(e, LLVMIntSLT, past, m->places);
    Value zero = emit_int(e, 0), final_block = emit_addi(e, m->images, -1);
    m->is_first =
        emit_and(e, emit_cmp(e, LLVMIntEQ, block, zero), emit_cmp(e, LLVMIntEQ, first, zero));
    m->is_last = emit_and(e, emit_cmp(e, LLVMIntEQ, block, final_block),
                          emit_cmp(e, LLVMIntSGE, past, m->places));
    Side *sides[2] = {&m->x, &m->g};
    for (int k = 0; k < 2; k++) {
        Side *s = sides[k];
        Value map = emit_at(e, s->map, emit_mul(e, block, s->block));
        s->at = emit_at(e, map, place_offset(e, s, first));
        s->next = emit_at(e, map, place_offset(e, s, past));
        pack(m, s, first);
    }
    EmitLoop o, i;
    emit_loop_begin(e, &o, m->g.lo, m->g.hi, emit_int(e, m->g.unit), NULL, 0);
    emit_loop_begin(e, &i, m->x.lo, m->x.hi, emit_int(e, m->x.unit), NULL, 0);
    sum_block(m, o.i, i.i);
    emit_loop_end(e, &i, NULL);
    emit_loop_end(e, &o, NULL);
}

/* All images and places of two groups of channels. */
static void sum_groups(Sums *m) {
    Emit *e = m->e;
    EmitLoop block, strip;
    Value zero = emit_int(e, 0);
    emit_loop_begin(e, &block, zero, m->images, emit_int(e, 1), NULL, 0);
    Value last = emit_cmp(e, LLVMIntEQ, block.i, emit_addi(e, m->images, -1));
    Value valid = emit_select(e, last, emit_arg(e, CONV_VALID), emit_int(e, LANES));
    m->lanes = emit_lanes_below(e, valid);
    emit_loop_begin(e, &strip, zero, m->places, emit_int(e, STRIP), NULL, 0);
    sum_strip(m, block.i, strip.i);
    emit_loop_end(e, &strip, NULL);
    emit_loop_end(e, &block, NULL);
}

/* As packed_group() does: equal groups of whole blocks. */
static Value group_size(Emit *e, Value channels) {
    Value pieces = emit_ceil_div(e, channels, PACKED_GROUP);
    Value size = LLVMBuildSDiv(e->b, emit_addi(e, emit_add(e, channels, pieces), -1), pieces, "");
    return emit_muli(e, emit_ceil_div(e, size, PACKED_UNIT), PACKED_UNIT);
}

static void set_sides(Sums *m, const ConvDesc *d) {
    Emit *e = m->e;
    const int32_t *stride = d->window.stride;
    Value h = emit_arg(e, CONV_H), w = emit_arg(e, CONV_WIDTH), ow = emit_arg(e, CONV_OW);
    int registers = emit_registers(e);
    m->places = emit_mul(e, emit_arg(e, CONV_OH), ow);
    m->x = (Side){.map = emit_arg_ptr(e, CONV_X),
                  .block = emit_arg(e, CONV_X_BLOCK),
                  .plane = emit_muli(e, emit_mul(e, h, w), VECTOR),
                  .column = (int64_t)stride[1] * VECTOR,
                  .width = ow,
                  .unit = registers >= 32  ? 4
                          : registers >= 8 ? 3
                                           : 2};
    if (stride[0] != 1 || stride[1] != 1) {
        Value row = emit_muli(e, w, (int64_t)stride[0] * VECTOR);
        m->x.row = emit_sub(e, row, emit_muli(e, ow, m->x.column));
    }
    m->g = (Side){.map = emit_arg_ptr(e, CONV_Y),
                  .block = emit_arg(e, CONV_Y_BLOCK),
                  .plane = emit_muli(e, m->places, VECTOR),
                  .column = VECTOR,
                  .unit = registers >= 32  ? 6
                          : registers >= 8 ? 2
                                           : 1};
    m->x.size = group_size(e, emit_arg(e, CONV_I));
    m->g.size = group_size(e, emit_arg(e, CONV_O));
    m->x.pack = emit_arg_ptr(e, CONV_SCRATCH);
    m->g.pack = emit_at(e, m->x.pack, emit_muli(e, m->x.size, (int64_t)STRIP * VECTOR));
    m->scratch = emit_at(e, m->g.pack, emit_muli(e, m->g.size, (int64_t)STRIP * VECTOR));
}

void conv_dw_packed(Emit *e, const ConvDesc *d) {
    Sums m = {.e = e, .zero = conv_zeros(e, MAX_KB * MAX_IB), .images = emit_arg(e, CONV_N)};
    set_sides(&m, d);
    Value in = emit_arg(e, CONV_I);
    m.dw = emit_arg_ptr(e, CONV_W);
    m.dw_o = emit_muli(e, in, 4);
    EmitLoop o, i;
    emit_loop_begin(e, &o, e->lo, e->hi, m.g.size, NULL, 0);
    m.g.lo = o.i;
    m.g.hi = emit_min(e, emit_add(e, o.i, m.g.size), e->hi);
    emit_loop_begin(e, &i, emit_int(e, 0), in, m.x.size, NULL, 0);
    m.x.lo = i.i;
    m.x.hi = emit_min(e, emit_add(e, i.i, m.x.size), in);
    sum_groups(&m);
    emit_loop_end(e, &i, NULL);
    emit_loop_end(e, &o, NULL);
}
