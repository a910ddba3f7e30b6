/* conv_dw, tiny: of a dense window of 1x1 or of 3x3 with padding 1, stride 1, on maps of 2x2 of at most
 * 16 images. The same sums as emit_conv_dw.c, to the bit.
 *
 * Four places leave little to multiply for each sum over lanes, so the images are not in the lanes
 * here: x is turned first, 16 input channels into the lanes, and what were lanes become 16 sums of
 * their own, worked image by image in the order in which the tree of additions meets them, so that
 * all stays in registers and nothing is shuffled. Images beyond the batch are zeros in both. */
#include "codegen/conv_algorithm.h"
#include "codegen/conv_nest.h"
#include "codegen/sgd.h"

enum {
    PLACES = 4,
    MAX_UNITS = 9,
    MAX_PASS = 6,
    PRODUCTS = 16,
    VECTOR = LANES * (int)sizeof(float)
};

/* One multiply-add: sum `unit` (a tap, or of a 1x1 window an output channel) += x at a place times g
 * at a place of an output channel of the block. */
typedef struct Product {
    int unit, x, g, out;
} Product;

typedef struct Tiny {
    Emit *e;
    int kernel, units, outs; /* columns of the window, sums of a block, its output channels */
    Product product[PRODUCTS];
    Value x, g, dw, in, out; /* maps, weights, channels */
    SgdRows update;
    Value lanes;          /* of the batch */
    Value turned, masked; /* scratch: x with channels in the lanes; g */
    Value spare;          /* and one block of sums */
    /* the block being written */
    Value x_at, g_at[MAX_PASS];
    int first, past; /* sums of this pass */
} Tiny;

/* In the order of places for each sum. */
static void list_products(Tiny *t) {
    int n = 0;
    for (int place = 0; place < PLACES; place++)
        for (int unit = 0; unit < t->units; unit++) {
            if (t->kernel == 1) {
                t->product[n++] = (Product){unit, place, place, unit};
                continue;
            }
            int row = place / 2 + unit / 3 - 1, col = place % 2 + unit % 3 - 1;
            if (row >= 0 && row < 2 && col >= 0 && col < 2)
                t->product[n++] = (Product){unit, 2 * row + col, place, 0};
        }
    CHECK(n == PRODUCTS);
}

/* [channels / 16][place][image][16 channels] of x; a channel past the last repeats it. */
static void turn_channels(Tiny *t, Value in) {
    Emit *e = t->e;
    Value to = emit_at(e, t->turned, emit_muli(e, in, PLACES * VECTOR));
    for (int place = 0; place < PLACES; place++) {
        Value v[LANES];
        for (int r = 0; r < LANES; r++) {
            Value c = emit_min(e, emit_addi(e, in, r), emit_addi(e, t->in, -1));
            Value at = emit_at(e, t->x, emit_muli(e, c, PLACES * VECTOR));
            v[r] = emit_load(e, emit_ati(e, at, (int64_t)place * VECTOR));
            v[r] = emit_select(e, t->lanes, v[r], emit_vec(e, 0));
        }
        emit_transpose(e, v);
        for (int r = 0; r < LANES; r++)
            emit_store(e, v[r], emit_ati(e, to, (int64_t)(place * LANES + r) * VECTOR));
    }
}

static void prepare(Tiny *t) {
    Emit *e = t->e;
    EmitLoop in, v;
    t->lanes = emit_lanes_below(e, emit_arg(e, CONV_VALID));
    emit_loop_begin(e, &in, emit_int(e, 0), t->in, emit_int(e, LANES), NULL, 0);
    turn_channels(t, in.i);
    emit_loop_end(e, &in, NULL);
    Value one = emit_int(e, 1), vectors = emit_muli(e, t->out, PLACES);
    emit_loop_begin(e, &v, emit_int(e, 0), vectors, one, NULL, 0);
    Value at = emit_muli(e, v.i, VECTOR);
    Value g = emit_select(e, t->lanes, emit_load(e, emit_at(e, t->g, at)), emit_vec(e, 0));
    emit_store(e, g, emit_at(e, t->masked, at));
    emit_loop_end(e, &v, NULL);
}

/* The pass's sums over images l, l + step, l + 2 step, ..., as the tree over lanes adds them. */
static void sum_images(Tiny *t, int l, int step, Value *sum) {
    Emit *e = t->e;
    if (step < LANES) {
        Value more[MAX_PASS];
        sum_images(t, l, 2 * step, sum);
        sum_images(t, l + step, 2 * step, more);
        for (int u = 0; u < t->past - t->first; u++)
            sum[u] = emit_fadd(e, sum[u], more[u]);
        return;
    }
    for (int u = 0; u < t->past - t->first; u++)
        sum[u] = emit_vec(e, 0);
    for (int k = 0; k < PRODUCTS; k++) {
        const Product *p = &t->product[k];
        if (p->unit < t->first || p->unit >= t->past)
            continue;
        Value x = emit_load(e, emit_ati(e, t->x_at, (int64_t)(p->x * LANES + l) * VECTOR));
        Value g = emit_ati(e, t->g_at[p->out], (int64_t)p->g * VECTOR + (int64_t)l * 4);
        Value *to = &sum[p->unit - t->first];
        *to = emit_fma(e, x, emit_load_splat(e, g), *to);
    }
}

/* Weights of 16 input channels, or as many as there are, of an output channel: `count` vectors. */
static void store_weights(Tiny *t, Value out, Value in, const Value *v, int count) {
    Emit *e = t->e;
    Value at = emit_add(e, emit_mul(e, out, t->in), in), left = emit_sub(e, t->in, in);
    emit_store_floats(e, v, count, emit_muli(e, left, count),
                      emit_at(e, t->dw, emit_muli(e, at, (int64_t)count * 4)));
}

/* Few sums a pass, so that the branches of the tree that wait for others stay in registers too. The
 * sums are put aside between passes lest the compiler keeps what both read. */
static void write_block(Tiny *t, Value out, Value in) {
    Emit *e = t->e;
    Value channel[MAX_PASS], sum[MAX_UNITS], row[MAX_UNITS];
    for (int k = 0; k < t->outs; k++)
        channel[k] = emit_min(e, emit_addi(e, out, k), emit_addi(e, e->hi, -1));
    int64_t window = (int64_t)t->kernel * t->kernel * 4;
    for (int k = 0; k < t->outs; k++)
        sgd_rows_ask(e, &t->update, channel[k], emit_muli(e, in, window), LANES * window);
    for (t->first = 0; t->first < t->units; t->first = t->past) {
        t->past = MIN(t->first + MAX_PASS, t->units);
        t->x_at = emit_at(e, t->turned, emit_muli(e, in, PLACES * VECTOR));
        for (int k = 0; k < t->outs; k++)
            t->g_at[k] =
                emit_opaque(e, emit_at(e, t->masked, emit_muli(e, channel[k], PLACES * VECTOR)));
        sum_images(t, 0, 1, &sum[t->first]);
        for (int u = t->first; u < t->past; u++)
            emit_store(e, sum[u], emit_ati(e, t->spare, (int64_t)u * VECTOR));
    }
    if (t->kernel == 1) {
        for (int k = 0; k < t->outs; k++)
            store_weights(t, channel[k], in, &sum[k], 1);
        return;
    }
    emit_interleave9(e, sum, row);
    store_weights(t, channel[0], in, row, MAX_UNITS);
}

void conv_dw_tiny(Emit *e, const ConvDesc *d) {
    Tiny t = {.e = e, .kernel = d->window.kernel[0]};
    t.units = t.kernel == 1 ? 4 : 9;
    t.outs = t.kernel == 1 ? 4 : 1;
    list_products(&t);
    t.x = emit_arg_ptr(e, CONV_X);
    t.g = emit_arg_ptr(e, CONV_Y);
    t.dw = emit_arg_ptr(e, CONV_W);
    t.in = emit_arg(e, CONV_I);
    t.out = emit_arg(e, CONV_O);
    t.spare = emit_arg_ptr(e, CONV_SCRATCH);
    t.masked = emit_ati(e, t.spare, MAX_UNITS * VECTOR);
    t.turned = emit_at(e, t.masked, emit_muli(e, t.out, PLACES * VECTOR));
    t.update = sgd_rows_open(e, d->update, CONV_UPDATE, t.dw,
                             emit_muli(e, t.in, (int64_t)t.kernel * t.kernel * 4));
    prepare(&t);
    EmitLoop out, in;
    emit_loop_begin(e, &out, e->lo, e->hi, emit_int(e, t.outs), NULL, 0);
    t.dw = sgd_rows_place(e, &t.update, out.i);
    emit_loop_begin(e, &in, emit_int(e, 0), t.in, emit_int(e, LANES), NULL, 0);
    write_block(&t, out.i, in.i);
    emit_loop_end(e, &in, NULL);
    Value count = emit_min(e, emit_int(e, t.outs), emit_sub(e, e->hi, out.i));
    sgd_rows_update(e, &t.update, out.i, count);
    emit_loop_end(e, &out, NULL);
}
