/* conv and conv_dx: out[n][c][row][col] = sum over reduced channels r, taps kh, kw of
 * source[n][r][row'][col'] * weight, one accumulator an output, fused multiply-add in that order.
 *
 * Loops: group, block of 16 images, row, (phase of the column,) block of columns, block of output
 * channels; inside, r and the rows of the window, and the columns of the window written out (up to
 * MAX_UNROLLED, otherwise looped). A row outside of the source is skipped; a column outside is read
 * from a vector of zeros. Since a sum that starts at +0 never becomes -0, adding 0 * w changes no
 * bit of it. A block past the last channel computes that channel again, and the last block of
 * columns is moved back so that it is full: what is computed twice has the same bits.
 *
 * Where a row (or a phase of it) is shorter than a block of columns, the block of output channels
 * is outermost, so that its weights stay in the cache for all pixels of the map, which are worked
 * one at a time with only the taps that meet the source. A pointwise map that short has no taps to
 * skip, and its single row is worked one column at a time. */
#include "codegen/conv_nest.h"

enum { MAX_UNROLLED = 7, MAX_KB = 16, MAX_WB = 8, MAX_ACC = 32, NARROW = 4 };

typedef struct Nest {
    Emit *e;
    const ConvDesc *d;
    bool transposed;
    bool unrolled;    /* columns of the window */
    int32_t out_step; /* distance of neighbouring columns of a block in the output */
    ConvAxis rows, cols;
    Value src, dst, weight, bias, zero;
    Value src_row, dst_row;     /* bytes of a row */
    Value src_plane, dst_plane; /* bytes of a channel */
    Value dst_cols;
    Value channels, reduced;    /* of one group */
    Value w_channel, w_reduced; /* bytes between weights of neighbouring channels */
    ConvTaps taps;              /* of the row being written */
    Value phase;                /* first output column of the phase being written */
} Nest;

/* A block of output channels and columns: kb x wb accumulators, acc[k * wb + j]. */
typedef struct Block {
    int kb, wb;
    Value acc[MAX_ACC];
    Value channel, column; /* local channel, index of the first column within its phase */
    Value ahead[MAX_KB];   /* channels from the first to the k-th: k, but not past the last */
    Value w_ahead[MAX_KB]; /* the same in bytes of weights */
    Value in_col;          /* unrolled: source column of j = 0, tap 0 */
    Value inside[MAX_UNROLLED * MAX_WB]; /* unrolled: is column `offset - low` in the source? */
    int64_t low, high; /* unrolled: smallest and largest offset of a column from in_col */
} Block;

static int64_t column_offset(const Nest *n, int j, int tap) {
    const ConvAxis *a = &n->cols;
    return a->transposed ? j - (int64_t)tap * a->dilation
                         : (int64_t)j * a->stride + (int64_t)tap * a->dilation;
}

/* Without padding a forward convolution never leaves the source. */
static bool always_inside(const Nest *n) {
    return (!n->transposed && n->cols.pad == 0) || conv_is_pointwise(&n->d->window);
}

static Value source_vector(Nest *n, Value row_ptr, Value column, Value inside) {
    Value p = emit_at(n->e, row_ptr, emit_muli(n->e, column, 64));
    return emit_load(n->e, inside ? emit_select(n->e, inside, p, n->zero) : p);
}

static void multiply_add(Nest *n, Block *b, const Value *x, Value w) {
    for (int k = 0; k < b->kb; k++) {
        Value wk = emit_load_splat(n->e, emit_at(n->e, w, b->w_ahead[k]));
        for (int j = 0; j < b->wb; j++) {
            Value *acc = &b->acc[k * b->wb + j];
            *acc = emit_fma(n->e, x[j], wk, *acc);
        }
    }
}

/* The columns of one row of the window, written out. Vectors that two taps share are loaded once.
 */
static void unrolled_columns(Nest *n, Block *b, Value row_ptr, Value w) {
    Value loaded[MAX_UNROLLED * 16 + 1] = {0};
    bool keep = b->high - b->low < (int64_t)ARRAY_LEN(loaded);
    for (int tap = 0; tap < n->cols.kernel; tap++) {
        Value x[MAX_WB];
        for (int j = 0; j < b->wb; j++) {
            int64_t offset = column_offset(n, j, tap);
            Value *slot = keep ? &loaded[offset - b->low] : &x[j];
            if (!keep || !*slot) {
                Value column = emit_addi(n->e, b->in_col, offset);
                Value inside = always_inside(n) ? NULL : b->inside[tap * b->wb + j];
                *slot = source_vector(n, row_ptr, column, inside);
            }
            x[j] = *slot;
        }
        multiply_add(n, b, x, emit_ati(n->e, w, (int64_t)tap * 4));
    }
}

static void looped_columns(Nest *n, Block *b, Value row_ptr, Value w) {
    Emit *e = n->e;
    Value position = emit_add(e, n->phase, emit_muli(e, b->column, n->out_step));
    ConvTaps t = conv_taps(e, &n->cols, position);
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), t.count, emit_int(e, 1), b->acc, b->kb * b->wb);
    Value x[MAX_WB];
    for (int j = 0; j < b->wb; j++) {
        int64_t offset = n->transposed ? j : (int64_t)j * n->cols.stride;
        Value column = emit_add(e, t.start, emit_addi(e, emit_muli(e, l.i, t.step), offset));
        x[j] = source_vector(n, row_ptr, column, emit_in_range(e, column, n->cols.size));
    }
    Value tap = emit_add(e, t.tap, emit_muli(e, l.i, t.tap_step));
    multiply_add(n, b, x, emit_at(e, w, emit_muli(e, tap, 4)));
    emit_loop_end(e, &l, b->acc);
}

static void find_inside(Nest *n, Block *b) {
    Emit *e = n->e;
    int32_t pad = n->cols.pad;
    b->in_col = n->transposed ? emit_addi(e, b->column, pad)
                              : emit_addi(e, emit_muli(e, b->column, n->cols.stride), -pad);
    b->low = b->high = 0;
    for (int tap = 0; tap < n->cols.kernel; tap++) {
        for (int j = 0; j < b->wb; j++) {
            int64_t offset = column_offset(n, j, tap);
            b->low = MIN(b->low, offset);
            b->high = MAX(b->high, offset);
            if (!always_inside(n))
                b->inside[tap * b->wb + j] =
                    emit_in_range(e, emit_addi(e, b->in_col, offset), n->cols.size);
        }
    }
}

static void window_row(Nest *n, Block *b, Value src, Value w, Value t) {
    Emit *e = n->e;
    Value row = emit_add(e, n->taps.start, emit_muli(e, t, n->taps.step));
    Value tap = emit_add(e, n->taps.tap, emit_muli(e, t, n->taps.tap_step));
    Value row_ptr = emit_at(e, src, emit_mul(e, row, n->src_row));
    Value w_row = emit_opaque(e, emit_at(e, w, emit_muli(e, tap, (int64_t)n->cols.kernel * 4)));
    row_ptr = emit_opaque(e, row_ptr);
    if (n->unrolled)
        unrolled_columns(n, b, row_ptr, w_row);
    else
        looped_columns(n, b, row_ptr, w_row);
}

/* How many channels a block is summed over: none where the window of its row, or of its phase of
 * columns, meets nothing. */
static Value met_channels(Nest *n) {
    Emit *e = n->e;
    if (!n->transposed || n->out_step == 1)
        return n->reduced;
    ConvTaps cols = conv_taps(e, &n->cols, n->phase);
    Value zero = emit_int(e, 0);
    Value none = LLVMBuildOr(e->b, emit_cmp(e, LLVMIntSGE, n->taps.begin, n->taps.end),
                             emit_cmp(e, LLVMIntSLE, cols.count, zero), "");
    return emit_select(e, none, zero, n->reduced);
}

static void sum_block(Nest *n, Block *b, Value src) {
    Emit *e = n->e;
    int count = b->kb * b->wb;
    Value w_block = emit_at(e, n->weight, emit_mul(e, b->channel, n->w_channel));
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    for (int i = 0; i < count; i++)
        b->acc[i] = emit_vec(e, 0);
    EmitLoop r, t;
    emit_loop_begin(e, &r, zero, met_channels(n), one, b->acc, count);
    Value plane = emit_at(e, src, emit_mul(e, r.i, n->src_plane));
    Value w = emit_at(e, w_block, emit_mul(e, r.i, n->w_reduced));
    if (conv_is_pointwise(&n->d->window)) {
        window_row(n, b, plane, w, zero);
    } else {
        emit_loop_begin(e, &t, n->taps.begin, n->taps.end, one, b->acc, count);
        window_row(n, b, plane, w, t.i);
        emit_loop_end(e, &t, b->acc);
    }
    emit_loop_end(e, &r, b->acc);
}

static void store_block(Nest *n, Block *b, Value dst) {
    Emit *e = n->e;
    Value first = emit_add(e, n->phase, emit_muli(e, b->column, n->out_step));
    Value at = emit_at(e, dst, emit_mul(e, b->channel, n->dst_plane));
    at = emit_at(e, at, emit_muli(e, first, 64));
    for (int k = 0; k < b->kb; k++) {
        Value row = emit_at(e, at, emit_mul(e, n->dst_plane, b->ahead[k]));
        Value bias = NULL;
        if (n->d->bias)
            bias = emit_load_splat(
                e, emit_at(e, n->bias, emit_muli(e, emit_add(e, b->channel, b->ahead[k]), 4)));
        for (int j = 0; j < b->wb; j++) {
            Value v = b->acc[k * b->wb + j];
            v = bias ? emit_fadd(e, v, bias) : v;
            v = n->d->relu ? emit_relu(e, v) : v;
            emit_store(e, v, emit_ati(e, row, (int64_t)j * n->out_step * 64));
        }
    }
}

typedef struct Place {
    Nest *n;
    Value src, dst; /* source of the group and block of images; output row */
    Value lo, hi;   /* channels of the group */
    int wb;
    Value column;
} Place;

/* Sixteen sums with 32 registers; with 16 half as wide, one column of four or six channels, as a
 * vector that several taps share would not stay in a register beside more sums. */
static int channel_block(const Nest *n, int wb) {
    if (n->d->groups == GROUPS_DEPTHWISE)
        return 1;
    int registers = emit_registers(n->e);
    if (registers >= 32)
        return wb == 1 ? 8 : 4;
    return registers < 8 ? 2 : n->cols.kernel == 1 ? 6 : 4;
}

static int narrow_block(const Nest *n) {
    int registers = emit_registers(n->e);
    return registers >= 32 ? 16 : registers >= 8 ? 6 : 2;
}

static int column_block(const Nest *n) {
    int registers = emit_registers(n->e);
    if (n->d->groups == GROUPS_DEPTHWISE)
        return registers >= 32 ? 8 : registers >= 8 ? 4 : 2;
    return registers >= 32 ? 4 : 1;
}

static void write_block(Place *p, int kb, Value channel) {
    Emit *e = p->n->e;
    Block b = {.kb = kb, .wb = p->wb, .channel = channel, .column = p->column};
    Value left = emit_addi(e, emit_sub(e, p->hi, channel), -1);
    for (int k = 0; k < kb; k++) {
        b.ahead[k] = k == 0 ? emit_int(e, 0) : emit_min(e, emit_int(e, k), left);
        b.w_ahead[k] = emit_mul(e, b.ahead[k], p->n->w_channel);
    }
    if (p->n->unrolled)
        find_inside(p->n, &b);
    sum_block(p->n, &b, p->src);
    store_block(p->n, &b, p->dst);
}

static void write_columns(void *user, int wb, Value column) {
    Place *p = user;
    Emit *e = p->n->e;
    EmitLoop l;
    int kb = channel_block(p->n, wb);
    p->wb = wb;
    p->column = column;
    emit_loop_begin(e, &l, p->lo, p->hi, emit_int(e, kb), NULL, 0);
    write_block(p, kb, l.i);
    emit_loop_end(e, &l, NULL);
}

static void write_row(Nest *n, Place *p) {
    Emit *e = n->e;
    n->phase = emit_int(e, 0);
    if (n->out_step == 1) {
        conv_blocked_range(e, n->phase, n->dst_cols, column_block(n), write_columns, p);
        return;
    }
    EmitLoop l;
    Value phases = emit_min(e, emit_int(e, n->out_step), n->dst_cols);
    emit_loop_begin(e, &l, emit_int(e, 0), phases, emit_int(e, 1), NULL, 0);
    n->phase = l.i;
    Value columns = emit_ceil_div(e, emit_sub(e, n->dst_cols, l.i), n->out_step);
    conv_blocked_range(e, emit_int(e, 0), columns, column_block(n), write_columns, p);
    emit_loop_end(e, &l, NULL);
}

/* Sums over the taps that both axes of a pixel meet. */
static void sum_pixel(Nest *n, Block *b, const ConvTaps *cols, Value src) {
    Emit *e = n->e;
    const ConvTaps *rows = &n->taps;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    Value w_block = emit_at(e, n->weight, emit_mul(e, b->channel, n->w_channel));
    Value none = emit_cmp(e, LLVMIntSGE, cols->begin, cols->end);
    for (int k = 0; k < b->kb; k++)
        b->acc[k] = emit_vec(e, 0);
    EmitLoop r, row, col;
    emit_loop_begin(e, &r, zero, emit_select(e, none, zero, n->reduced), one, b->acc, b->kb);
    Value plane = emit_at(e, src, emit_mul(e, r.i, n->src_plane));
    Value w = emit_at(e, w_block, emit_mul(e, r.i, n->w_reduced));
    emit_loop_begin(e, &row, rows->begin, rows->end, one, b->acc, b->kb);
    Value at_row = emit_add(e, rows->start, emit_muli(e, row.i, rows->step));
    Value tap_row = emit_add(e, rows->tap, emit_muli(e, row.i, rows->tap_step));
    Value x_row = emit_at(e, plane, emit_mul(e, at_row, n->src_row));
    Value w_row = emit_at(e, w, emit_muli(e, tap_row, (int64_t)n->cols.kernel * 4));
    emit_loop_begin(e, &col, cols->begin, cols->end, one, b->acc, b->kb);
    Value at = emit_add(e, cols->start, emit_muli(e, col.i, cols->step));
    Value tap = emit_add(e, cols->tap, emit_muli(e, col.i, cols->tap_step));
    Value x = emit_load(e, emit_at(e, x_row, emit_muli(e, at, 64)));
    multiply_add(n, b, &x, emit_at(e, w_row, emit_muli(e, tap, 4)));
    emit_loop_end(e, &col, b->acc);
    emit_loop_end(e, &row, b->acc);
    emit_loop_end(e, &r, b->acc);
}

/* `kb` whole channels of all pixels of one block of images. */
static void write_pixels(Nest *n, Place *p, int kb, Value channel, Value dst_rows) {
    Emit *e = n->e;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    Block b = {.kb = kb, .wb = 1, .channel = channel, .column = zero};
    for (int k = 0; k < kb; k++) {
        b.ahead[k] = emit_int(e, k);
        b.w_ahead[k] = emit_muli(e, n->w_channel, k);
    }
    EmitLoop row, col;
    emit_loop_begin(e, &row, zero, dst_rows, one, NULL, 0);
    n->taps = conv_taps(e, &n->rows, row.i);
    Value dst = emit_at(e, p->dst, emit_mul(e, row.i, n->dst_row));
    emit_loop_begin(e, &col, zero, n->dst_cols, one, NULL, 0);
    n->phase = col.i;
    ConvTaps cols = conv_taps(e, &n->cols, col.i);
    sum_pixel(n, &b, &cols, p->src);
    store_block(n, &b, dst);
    emit_loop_end(e, &col, NULL);
    emit_loop_end(e, &row, NULL);
}

/* Full blocks of channels, then single ones. */
static void write_narrow(Nest *n, Place *p, Value dst_rows) {
    Emit *e = n->e;
    int kb = narrow_block(n);
    EmitLoop l;
    Value full = emit_muli(e, emit_divi(e, emit_sub(e, p->hi, p->lo), kb), kb);
    Value past = emit_add(e, p->lo, full);
    emit_loop_begin(e, &l, p->lo, past, emit_int(e, kb), NULL, 0);
    write_pixels(n, p, kb, l.i, dst_rows);
    emit_loop_end(e, &l, NULL);
    emit_loop_begin(e, &l, past, p->hi, emit_int(e, 1), NULL, 0);
    write_pixels(n, p, 1, l.i, dst_rows);
    emit_loop_end(e, &l, NULL);
}

static void write_rows(Nest *n, Place *p, Value dst_rows) {
    Emit *e = n->e;
    EmitLoop row;
    Value dst = p->dst;
    emit_loop_begin(e, &row, emit_int(e, 0), dst_rows, emit_int(e, 1), NULL, 0);
    n->taps = conv_taps(e, &n->rows, row.i);
    p->dst = emit_at(e, dst, emit_mul(e, row.i, n->dst_row));
    write_row(n, p);
    emit_loop_end(e, &row, NULL);
}

/* All images and rows of channels lo..hi of one group. */
static void write_group(Nest *n, Value lo, Value hi, Value dst_rows, int src_block, int dst_block) {
    Emit *e = n->e;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    EmitLoop block;
    emit_loop_begin(e, &block, zero, emit_arg(e, CONV_N), one, NULL, 0);
    Place p = {.n = n, .lo = lo, .hi = hi};
    p.src = emit_at(e, n->src, emit_mul(e, block.i, emit_arg(e, src_block)));
    p.dst = emit_at(e, n->dst, emit_mul(e, block.i, emit_arg(e, dst_block)));
    if (n->d->groups == GROUPS_DEPTHWISE || conv_is_pointwise(&n->d->window)) {
        write_rows(n, &p, dst_rows);
    } else {
        EmitIf narrow;
        Place same = p;
        Value wide = emit_int(e, (int64_t)NARROW * n->out_step);
        emit_if(e, &narrow, emit_cmp(e, LLVMIntSGE, n->dst_cols, wide));
        write_rows(n, &p, dst_rows);
        emit_else(e, &narrow);
        write_narrow(n, &same, dst_rows);
        emit_endif(e, &narrow);
    }
    emit_loop_end(e, &block, NULL);
}

static void write_all(Nest *n, Value dst_rows, int src_block, int dst_block) {
    Emit *e = n->e;
    if (n->d->groups == GROUPS_DENSE) {
        write_group(n, e->lo, e->hi, dst_rows, src_block, dst_block);
        return;
    }
    EmitLoop g;
    Value begin = LLVMBuildSDiv(e->b, e->lo, n->channels, "");
    Value past = emit_sub(e, emit_add(e, e->hi, n->channels), emit_int(e, 1));
    Value end = LLVMBuildSDiv(e->b, past, n->channels, "");
    Nest all = *n;
    emit_loop_begin(e, &g, begin, end, emit_int(e, 1), NULL, 0);
    Value first = emit_mul(e, g.i, n->channels);
    Value lo = emit_max(e, emit_sub(e, e->lo, first), emit_int(e, 0));
    Value hi = emit_min(e, emit_sub(e, e->hi, first), n->channels);
    Value first_reduced = emit_mul(e, g.i, n->reduced);
    n->src = emit_at(e, n->src, emit_mul(e, first_reduced, n->src_plane));
    n->dst = emit_at(e, n->dst, emit_mul(e, first, n->dst_plane));
    n->bias = emit_at(e, n->bias, emit_muli(e, first, 4));
    n->weight = n->transposed ? emit_at(e, n->weight, emit_mul(e, first_reduced, n->w_reduced))
                              : emit_at(e, n->weight, emit_mul(e, first, n->w_channel));
    write_group(n, lo, hi, dst_rows, src_block, dst_block);
    emit_loop_end(e, &g, NULL);
    *n = all;
}

void conv_nest(Emit *e, const ConvDesc *d, bool transposed) {
    const WindowDesc *w = &d->window;
    if (conv_is_pointwise(w) && d->groups == GROUPS_DENSE) {
        conv_pointwise(e, d, transposed);
        return;
    }
    if (d->form == CONV_TINY && emit_registers(e) >= 32) { /* with fewer its sums would not fit */
        conv_tiny(e, d, transposed);
        return;
    }
    Nest n = {.e = e, .d = d, .transposed = transposed, .zero = conv_zeros(e, 1)};
    bool flat = conv_is_pointwise(w);
    Value src_rows = emit_arg(e, transposed ? CONV_OH : CONV_H);
    Value src_cols = emit_arg(e, transposed ? CONV_OW : CONV_WIDTH);
    Value dst_rows = emit_arg(e, transposed ? CONV_H : CONV_OH);
    n.dst_cols = emit_arg(e, transposed ? CONV_WIDTH : CONV_OW);
    if (flat) { /* a map is one long row */
        n.dst_cols = src_cols = emit_mul(e, src_rows, src_cols);
        dst_rows = src_rows = emit_int(e, 1);
    }
    n.unrolled = w->kernel[1] <= MAX_UNROLLED && (!transposed || w->stride[1] == 1);
    n.out_step = transposed ? w->stride[1] : 1;
    n.rows = conv_axis(e, w, 0, transposed, src_rows);
    n.cols = conv_axis(e, w, 1, transposed, src_cols);
    n.src_row = emit_muli(e, src_cols, 64);
    n.dst_row = emit_muli(e, n.dst_cols, 64);
    n.src_plane = emit_mul(e, n.src_row, src_rows);
    n.dst_plane = emit_mul(e, n.dst_row, dst_rows);
    n.channels = emit_arg(e, transposed ? CONV_I : CONV_O);
    n.reduced = emit_arg(e, transposed ? CONV_O : CONV_I);
    n.src = emit_arg_ptr(e, transposed ? CONV_Y : CONV_X);
    n.dst = emit_arg_ptr(e, transposed ? CONV_X : CONV_Y);
    n.weight = emit_arg_ptr(e, CONV_W);
    n.bias = emit_arg_ptr(e, CONV_BIAS);
    Value per_channel = emit_int(e, (int64_t)w->kernel[0] * w->kernel[1] * 4);
    Value per_output = emit_mul(e, emit_arg(e, CONV_I), per_channel);
    n.w_channel = transposed ? per_channel : per_output;
    n.w_reduced = transposed ? per_output : per_channel;
    write_all(&n, dst_rows, transposed ? CONV_Y_BLOCK : CONV_X_BLOCK,
              transposed ? CONV_X_BLOCK : CONV_Y_BLOCK);
}
