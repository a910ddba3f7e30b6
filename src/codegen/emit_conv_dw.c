/* conv_dw: gradient of a convolution for its weight (kernel_args.h, ConvArg): dw[o][i][kh][kw] =
 * sum over blocks of images, rows, columns of x * g by lanes, then over lanes by the fixed tree.
 *
 * Channels past the last repeat it, to the same bits. A block of `kb` output channels, `ib` input
 * channels and the columns of one row of the window (all of them up to MAX_UNROLLED, but one if
 * there are more or the map is narrow) stays in registers over the whole map. Columns outside of x
 * are read from a vector of zeros or skipped, to the same bits.
 * Lanes beyond the batch are put back, after the last block of images, to what they were before it:
 * whatever they hold never reaches a sum. */
#include "codegen/conv_algorithm.h"
#include "codegen/conv_nest.h"
#include "codegen/sgd.h"

/* NARROW: columns of a map up to which single taps are faster. */
enum { MAX_UNROLLED = 7, MAX_ACC = 32, MAX_KB = 4, MAX_IB = 4, NARROW = 4 };

typedef struct Weights {
    Emit *e;
    const ConvDesc *d;
    int taps;   /* columns of the window in one block: one, or all */
    int kb, ib; /* largest blocks */
    ConvAxis rows, cols;
    SgdRows update;
    Value x, g, dw, zero;                       /* of the group */
    Value map_rows, map_cols;                   /* of g */
    Value x_row, x_plane, g_row, g_plane, dw_o; /* bytes */
    Value channels_in, channels_out;
    /* the block being written */
    Value row_ahead[MAX_KB];                  /* rows, from the first output channel to the k-th */
    Value g_ahead[MAX_KB], dw_ahead[MAX_KB];  /* bytes from the first output channel to the k-th */
    Value x_ahead[MAX_IB], dwi_ahead[MAX_IB]; /* the same for input channels */
    Value out_channel, in_channel, tap_row, tap_col;
} Weights;

/* How many accumulators fit beside kb gradients and one image vector. */
static void choose_blocks(Weights *w, int taps) {
    int registers = emit_registers(w->e);
    w->taps = taps;
    w->kb = w->d->groups == GROUPS_DEPTHWISE ? 1 : registers >= 32 ? 4 : registers >= 8 ? 2 : 1;
    while (w->kb > 1 && w->kb * w->taps + w->kb + 1 > registers)
        w->kb--;
    w->ib = 1;
    while (w->d->groups != GROUPS_DEPTHWISE && w->ib < MAX_IB &&
           w->kb * (w->ib + 1) * w->taps <= MAX(registers / 2, 6))
        w->ib++;
}

static void add_pixel(Weights *w, Value x_row, Value g_row, Value col, Value *acc) {
    Emit *e = w->e;
    Value g[MAX_KB];
    Value g_col = emit_opaque(e, emit_at(e, g_row, emit_muli(e, col, 64)));
    for (int k = 0; k < w->kb; k++)
        g[k] = emit_load(e, emit_at(e, g_col, w->g_ahead[k]));
    Value first = emit_addi(e, emit_muli(e, col, w->cols.stride), -(int64_t)w->cols.pad);
    first = emit_add(e, first, emit_muli(e, w->tap_col, w->cols.dilation));
    Value x_col = emit_opaque(e, emit_at(e, x_row, emit_muli(e, first, 64)));
    for (int t = 0; t < w->taps; t++) {
        Value at = emit_addi(e, first, (int64_t)t * w->cols.dilation);
        for (int i = 0; i < w->ib; i++) {
            Value p = emit_at(e, x_col, w->x_ahead[i]);
            p = emit_ati(e, p, (int64_t)t * w->cols.dilation * 64);
            if (w->taps > 1 && w->cols.pad > 0)
                p = emit_select(e, emit_in_range(e, at, w->cols.size), p, w->zero);
            Value x = emit_load(e, p);
            for (int k = 0; k < w->kb; k++) {
                Value *a = &acc[(k * w->ib + i) * w->taps + t];
                *a = emit_fma(e, x, g[k], *a);
            }
        }
    }
}

/* The positions of one axis of g that the tap meets: 0 <= position * stride + tap * dilation - pad
 * < size. */
static void met_range(Emit *e, const ConvAxis *a, Value tap, Value positions, Value *from,
                      Value *to) {
    Value zero = emit_int(e, 0);
    Value start = emit_addi(e, emit_muli(e, tap, a->dilation), -(int64_t)a->pad);
    *from = emit_max(e, zero, emit_ceil_div(e, emit_sub(e, zero, start), a->stride));
    *to = emit_min(e, emit_ceil_div(e, emit_sub(e, a->size, start), a->stride), positions);
}

/* Pixels of one block of images: of the rows, and with a single tap of the columns, that it meets. */
static void add_map(Weights *w, Value x, Value g, Value *acc, int n) {
    Emit *e = w->e;
    Value one = emit_int(e, 1), from, to, first = emit_int(e, 0), past = w->map_cols;
    Value start = emit_addi(e, emit_muli(e, w->tap_row, w->rows.dilation), -(int64_t)w->rows.pad);
    met_range(e, &w->rows, w->tap_row, w->map_rows, &from, &to);
    if (w->taps == 1)
        met_range(e, &w->cols, w->tap_col, w->map_cols, &first, &past);
    EmitLoop row, col;
    emit_loop_begin(e, &row, from, to, one, acc, n);
    Value x_index = emit_add(e, emit_muli(e, row.i, w->rows.stride), start);
    Value x_row = emit_at(e, x, emit_mul(e, x_index, w->x_row));
    Value g_row = emit_at(e, g, emit_mul(e, row.i, w->g_row));
    emit_loop_begin(e, &col, first, past, one, acc, n);
    add_pixel(w, x_row, g_row, col.i, acc);
    emit_loop_end(e, &col, acc);
    emit_loop_end(e, &row, acc);
}

static void store_sums(Weights *w, const Value *acc) {
    Emit *e = w->e;
    int32_t kh = w->d->window.kernel[0], kw = w->d->window.kernel[1];
    Value at = emit_at(e, w->dw, emit_mul(e, w->out_channel, w->dw_o));
    at = emit_at(e, at, emit_muli(e, w->in_channel, (int64_t)kh * kw * 4));
    at = emit_at(e, at, emit_muli(e, emit_add(e, emit_muli(e, w->tap_row, kw), w->tap_col), 4));
    int n = w->kb * w->ib * w->taps;
    Value sums = NULL;
    for (int a = 0; a < n; a++) {
        int t = a % w->taps, i = a / w->taps % w->ib, k = a / w->taps / w->ib;
        Value p = emit_at(e, emit_at(e, at, w->dw_ahead[k]), w->dwi_ahead[i]);
        if (a % LANES == 0)
            sums = emit_lane_sums(e, &acc[a], MIN(n - a, LANES));
        Value element = LLVMConstInt(e->i32, (unsigned)(a % LANES), false);
        emit_store(e, LLVMBuildExtractElement(e->b, sums, element, ""),
                   emit_ati(e, p, (int64_t)t * 4));
    }
}

static void sum_block(Weights *w) {
    Emit *e = w->e;
    Value acc[MAX_ACC], before[MAX_ACC];
    int n = w->kb * w->ib * w->taps;
    CHECK(n <= MAX_ACC);
    for (int a = 0; a < n; a++)
        acc[a] = emit_vec(e, 0);
    Value blocks = emit_arg(e, CONV_N);
    EmitLoop block;
    emit_loop_begin(e, &block, emit_int(e, 0), blocks, emit_int(e, 1), acc, n);
    for (int a = 0; a < n; a++)
        before[a] = acc[a];
    Value x = emit_at(e, w->x, emit_mul(e, block.i, emit_arg(e, CONV_X_BLOCK)));
    Value g = emit_at(e, w->g, emit_mul(e, block.i, emit_arg(e, CONV_Y_BLOCK)));
    x = emit_at(e, x, emit_mul(e, w->in_channel, w->x_plane));
    g = emit_at(e, g, emit_mul(e, w->out_channel, w->g_plane));
    add_map(w, x, g, acc, n);
    Value last = emit_cmp(e, LLVMIntEQ, block.i, emit_addi(e, blocks, -1));
    Value valid = emit_select(e, last, emit_arg(e, CONV_VALID), emit_int(e, LANES));
    Value lanes = emit_lanes_below(e, valid);
    for (int a = 0; a < n; a++)
        acc[a] = emit_select(e, lanes, acc[a], before[a]);
    emit_loop_end(e, &block, acc);
    store_sums(w, acc);
}

/* All taps for the blocks of channels at out_channel and in_channel. */
static void write_taps(Weights *w) {
    Emit *e = w->e;
    EmitLoop row, col;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    w->tap_row = w->tap_col = zero;
    if (w->rows.kernel > 1) {
        emit_loop_begin(e, &row, zero, emit_int(e, w->rows.kernel), one, NULL, 0);
        w->tap_row = row.i;
    }
    if (w->cols.kernel > w->taps) {
        emit_loop_begin(e, &col, zero, emit_int(e, w->cols.kernel), one, NULL, 0);
        w->tap_col = col.i;
    }
    sum_block(w);
    if (w->cols.kernel > w->taps)
        emit_loop_end(e, &col, NULL);
    if (w->rows.kernel > 1)
        emit_loop_end(e, &row, NULL);
}

/* Channels from the first of a block to its k-th, not beyond `past`. */
static Value ahead(Emit *e, Value first, Value past, int k) {
    return emit_min(e, emit_int(e, k), emit_addi(e, emit_sub(e, past, first), -1));
}

/* The update of these rows comes soon. */
static void ask_weights(Weights *w) {
    Emit *e = w->e;
    int64_t window = (int64_t)w->d->window.kernel[0] * w->d->window.kernel[1] * 4;
    for (int k = 0; k < w->kb && w->d->update; k++)
        sgd_rows_ask(e, &w->update, emit_add(e, w->out_channel, w->row_ahead[k]),
                     emit_muli(e, w->in_channel, window), w->ib * window);
}

static void write_channels(Weights *w, Value lo, Value hi) {
    Emit *e = w->e;
    EmitLoop o, i;
    Value per_in = emit_int(e, (int64_t)w->rows.kernel * w->cols.kernel * 4);
    emit_loop_begin(e, &o, lo, hi, emit_int(e, w->kb), NULL, 0);
    w->out_channel = o.i;
    if (w->d->update)
        w->dw = sgd_rows_place(e, &w->update, o.i);
    for (int k = 0; k < w->kb; k++) {
        Value more = ahead(e, o.i, hi, k);
        w->row_ahead[k] = more;
        w->g_ahead[k] = emit_mul(e, more, w->g_plane);
        w->dw_ahead[k] = emit_mul(e, more, w->dw_o);
    }
    emit_loop_begin(e, &i, emit_int(e, 0), w->channels_in, emit_int(e, w->ib), NULL, 0);
    w->in_channel = i.i;
    for (int k = 0; k < w->ib; k++) {
        Value more = ahead(e, i.i, w->channels_in, k);
        w->x_ahead[k] = emit_mul(e, more, w->x_plane);
        w->dwi_ahead[k] = emit_mul(e, more, per_in);
    }
    ask_weights(w);
    write_taps(w);
    emit_loop_end(e, &i, NULL);
    Value count = emit_min(e, emit_int(e, w->kb), emit_sub(e, hi, o.i));
    sgd_rows_update(e, &w->update, o.i, count);
    emit_loop_end(e, &o, NULL);
}

/* On narrow maps the columns outside of x are most of a row of the window: taps one by one. */
static void write_blocks(Weights *w, Value lo, Value hi) {
    Emit *e = w->e;
    int kernel = w->cols.kernel, all = kernel <= MAX_UNROLLED ? kernel : 1;
    choose_blocks(w, all);
    if (all == 1 || w->cols.pad == 0 || w->d->groups == GROUPS_DEPTHWISE) {
        write_channels(w, lo, hi);
        return;
    }
    EmitIf narrow;
    emit_if(e, &narrow, emit_cmp(e, LLVMIntSGT, w->map_cols, emit_int(e, NARROW)));
    write_channels(w, lo, hi);
    emit_else(e, &narrow);
    choose_blocks(w, 1);
    write_channels(w, lo, hi);
    emit_endif(e, &narrow);
}

static void write_groups(Weights *w) {
    Emit *e = w->e;
    if (w->d->groups == GROUPS_DENSE) {
        write_blocks(w, e->lo, e->hi);
        return;
    }
    Value size = w->channels_out;
    Value begin = LLVMBuildSDiv(e->b, e->lo, size, "");
    Value past = emit_addi(e, emit_add(e, e->hi, size), -1);
    Value end = LLVMBuildSDiv(e->b, past, size, "");
    EmitLoop l;
    emit_loop_begin(e, &l, begin, end, emit_int(e, 1), NULL, 0);
    Value first = emit_mul(e, l.i, size);
    w->x = emit_at(e, w->x, emit_mul(e, emit_mul(e, l.i, w->channels_in), w->x_plane));
    w->g = emit_at(e, w->g, emit_mul(e, first, w->g_plane));
    w->dw = emit_at(e, w->dw, emit_mul(e, first, w->dw_o));
    Value lo = emit_max(e, emit_sub(e, e->lo, first), emit_int(e, 0));
    Value hi = emit_min(e, emit_sub(e, e->hi, first), size);
    write_blocks(w, lo, hi);
    emit_loop_end(e, &l, NULL);
}

void emit_conv_dw(Emit *e, const char *text) {
    ConvDesc d = kernel_read_conv(text);
    CHECK(!d.bias && !d.relu);
    CHECK(!d.update || (d.groups == GROUPS_DENSE && d.form != CONV_PACKED));
    if (d.form == CONV_PACKED) {
        conv_dw_packed(e, &d);
        return;
    }
    if (d.form == CONV_TINY && emit_registers(e) >= 32) { /* with fewer its sums would not fit */
        conv_dw_tiny(e, &d);
        return;
    }
    const WindowDesc *win = &d.window;
    Weights w = {.e = e, .d = &d, .zero = conv_zeros(e, 1)};
    Value x_rows = emit_arg(e, CONV_H), x_cols = emit_arg(e, CONV_WIDTH);
    w.map_rows = emit_arg(e, CONV_OH);
    w.map_cols = emit_arg(e, CONV_OW);
    if (conv_is_pointwise(win)) { /* a map is one long row */
        w.map_cols = x_cols = emit_mul(e, x_rows, x_cols);
        w.map_rows = x_rows = emit_int(e, 1);
    }
    w.rows = conv_axis(e, win, 0, false, x_rows);
    w.cols = conv_axis(e, win, 1, false, x_cols);
    w.x_row = emit_muli(e, x_cols, 64);
    w.g_row = emit_muli(e, w.map_cols, 64);
    w.x_plane = emit_mul(e, w.x_row, x_rows);
    w.g_plane = emit_mul(e, w.g_row, w.map_rows);
    w.channels_in = emit_arg(e, CONV_I);
    w.channels_out = emit_arg(e, CONV_O);
    w.dw_o = emit_muli(e, w.channels_in, (int64_t)win->kernel[0] * win->kernel[1] * 4);
    w.x = emit_arg_ptr(e, CONV_X);
    w.g = emit_arg_ptr(e, CONV_Y);
    w.dw = emit_arg_ptr(e, CONV_W);
    w.update = sgd_rows_open(e, d.update, CONV_UPDATE, w.dw, w.dw_o);
    write_groups(&w);
}
