/* conv and conv_dx, tiny: of a dense 3x3 window with padding 1 and stride 1 on maps of 2x2. The same
 * sums as conv_nest.c, to the bit.
 *
 * A block of written channels is worked for all four places at once, so that each weight is read a
 * single time; each of the nine taps meets one, two or four of the places. */
#include "codegen/conv_nest.h"

/* AHEAD: reduced channels from the one in work to the one whose weights are asked for. */
enum {
    PLACES = 4,
    KB = 6,
    TAPS = 9,
    AHEAD = 4,
    LINE = 64,
    MAP = PLACES * LANES * (int)sizeof(float)
};

typedef struct Tiny {
    Emit *e;
    const ConvDesc *d;
    bool transposed;
    Value weight, bias, reduced, w_channel, w_reduced; /* as in conv_nest.c */
} Tiny;

/* The place of the source that a tap brings to a place of the destination, or -1. */
static int source_place(const Tiny *t, int place, int tap) {
    int row = tap / 3 - 1, col = tap % 3 - 1, sign = t->transposed ? -1 : 1;
    row = place / 2 + sign * row, col = place % 2 + sign * col;
    return row < 0 || row > 1 || col < 0 || col > 1 ? -1 : 2 * row + col;
}

/* Weights of neighbouring reduced channels lie far apart where the written ones are neighbours. */
static void ask_ahead(Tiny *t, Value w) {
    Value next = emit_at(t->e, w, emit_muli(t->e, t->w_reduced, AHEAD));
    for (int at = 0; t->transposed && at < KB * TAPS * 4; at += LINE)
        emit_prefetch(t->e, emit_ati(t->e, next, at), false);
}

static void add_channel(Tiny *t, Value src, Value w, const Value *w_ahead, Value *acc) {
    Emit *e = t->e;
    Value x[PLACES];
    for (int p = 0; p < PLACES; p++)
        x[p] = emit_load(e, emit_ati(e, src, (int64_t)p * LINE));
    ask_ahead(t, w);
    for (int k = 0; k < KB; k++) {
        Value of_channel = emit_at(e, w, w_ahead[k]);
        for (int tap = 0; tap < TAPS; tap++) {
            Value splat = emit_load_splat(e, emit_ati(e, of_channel, (int64_t)tap * 4));
            for (int p = 0; p < PLACES; p++) {
                int from = source_place(t, p, tap);
                if (from >= 0)
                    acc[k * PLACES + p] = emit_fma(e, x[from], splat, acc[k * PLACES + p]);
            }
        }
    }
}

/* KB channels of one block of images; past the last it is computed again. */
static void write_block(Tiny *t, Value src, Value dst, Value channel) {
    Emit *e = t->e;
    Value acc[KB * PLACES], at[KB], w_ahead[KB];
    for (int i = 0; i < KB * PLACES; i++)
        acc[i] = emit_vec(e, 0);
    for (int k = 0; k < KB; k++) {
        at[k] = emit_min(e, emit_addi(e, channel, k), emit_addi(e, e->hi, -1));
        w_ahead[k] = emit_mul(e, emit_sub(e, at[k], channel), t->w_channel);
    }
    Value w_block = emit_at(e, t->weight, emit_mul(e, channel, t->w_channel));
    EmitLoop r;
    emit_loop_begin(e, &r, emit_int(e, 0), t->reduced, emit_int(e, 1), acc, KB * PLACES);
    Value w = emit_opaque(e, emit_at(e, w_block, emit_mul(e, r.i, t->w_reduced)));
    add_channel(t, emit_opaque(e, emit_at(e, src, emit_muli(e, r.i, MAP))), w, w_ahead, acc);
    emit_loop_end(e, &r, acc);
    for (int k = 0; k < KB; k++) {
        Value to = emit_at(e, dst, emit_muli(e, at[k], MAP)), bias = NULL;
        if (t->d->bias)
            bias = emit_load_splat(e, emit_at(e, t->bias, emit_muli(e, at[k], 4)));
        for (int p = 0; p < PLACES; p++) {
            Value v = acc[k * PLACES + p];
            v = bias ? emit_fadd(e, v, bias) : v;
            emit_store(e, t->d->relu ? emit_relu(e, v) : v, emit_ati(e, to, (int64_t)p * LINE));
        }
    }
}

void conv_tiny(Emit *e, const ConvDesc *d, bool transposed) {
    Tiny t = {.e = e, .d = d, .transposed = transposed};
    Value per_channel = emit_int(e, TAPS * 4);
    Value per_output = emit_mul(e, emit_arg(e, CONV_I), per_channel);
    t.reduced = emit_arg(e, transposed ? CONV_O : CONV_I);
    t.w_channel = transposed ? per_channel : per_output;
    t.w_reduced = transposed ? per_output : per_channel;
    t.weight = emit_arg_ptr(e, CONV_W);
    t.bias = emit_arg_ptr(e, CONV_BIAS);
    Value src = emit_arg_ptr(e, transposed ? CONV_Y : CONV_X);
    Value dst = emit_arg_ptr(e, transposed ? CONV_X : CONV_Y);
    Value src_block = emit_arg(e, transposed ? CONV_Y_BLOCK : CONV_X_BLOCK);
    Value dst_block = emit_arg(e, transposed ? CONV_X_BLOCK : CONV_Y_BLOCK);
    EmitLoop block, channel;
    emit_loop_begin(e, &block, emit_int(e, 0), emit_arg(e, CONV_N), emit_int(e, 1), NULL, 0);
    emit_loop_begin(e, &channel, e->lo, e->hi, emit_int(e, KB), NULL, 0);
    write_block(&t, emit_at(e, src, emit_mul(e, block.i, src_block)),
                emit_at(e, dst, emit_mul(e, block.i, dst_block)), channel.i);
    emit_loop_end(e, &channel, NULL);
    emit_loop_end(e, &block, NULL);
}
