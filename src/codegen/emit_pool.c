/* pool: max and average pooling and their gradients (kernel_args.h, PoolArg).
 *
 * max: the window's pixels in row order, padding never wins, NaN always does. avg: sum in row
 * order, then divided by the count. avg_dx: each input pixel gathers the outputs that cover it in
 * row order: sum over rows of (sum over columns of g / columns of the window) / rows of the window,
 * by fused multiply-add with the rounded reciprocals. max_dx: outputs in row order hand their
 * gradient to the first pixel of the window that equals its maximum. A row outside of the source is
 * skipped; a column outside is read from a vector that changes nothing. */
#include "codegen/conv_nest.h"

#include <math.h>

enum { MAX_UNROLLED = 7, BLOCK = 4 };

typedef struct Pool {
    Emit *e;
    PoolDesc d;
    bool gather;         /* avg_dx: source is the gradient of the output, destination dx */
    bool unrolled;       /* columns of the window */
    ConvAxis rows, cols; /* as the destination sees the source */
    ConvAxis window_rows, window_cols; /* avg_dx: as an output sees the input */
    Value outside;                     /* address of a vector that changes nothing */
    Value src_row, dst_row, dst_cols;
    Value src, dst; /* of the channel; dst of the row */
    ConvTaps taps;  /* of the row */
} Pool;

static Value count_of(Emit *e, const ConvTaps *t) {
    return emit_max(e, emit_sub(e, t->end, t->begin), emit_int(e, 1));
}

static Value to_float(Emit *e, Value i) {
    return LLVMBuildSIToFP(e->b, i, e->f32, "");
}

/* 1 / (pixels of the window at output `position` along an axis), in all lanes. */
static Value share(Pool *p, const ConvAxis *window, Value position) {
    Emit *e = p->e;
    if (p->d.count_padding)
        return emit_vec(e, 1.0f / (float)window->kernel);
    ConvTaps t = conv_taps(e, window, position);
    return emit_splat(e, emit_fdiv(e, emit_float(e, 1), to_float(e, count_of(e, &t))));
}

static Value accumulate(Pool *p, Value acc, Value x) {
    Emit *e = p->e;
    if (p->d.op == POOL_AVG || p->d.op == POOL_AVG_DX)
        return emit_fadd(e, acc, x);
    Value more = LLVMBuildFCmp(e->b, LLVMRealOGT, x, acc, "");
    Value nan = LLVMBuildFCmp(e->b, LLVMRealUNO, x, x, "");
    return emit_select(e, LLVMBuildOr(e->b, more, nan, ""), x, acc);
}

/* Source column of output column `position + j` at tap `tap`, less that of j = 0, tap 0. */
static int64_t column_offset(const Pool *p, int j, int tap) {
    return p->gather ? j - (int64_t)tap * p->cols.dilation
                     : (int64_t)j * p->cols.stride + (int64_t)tap * p->cols.dilation;
}

/* Adds one row of the window, written out, to the columns of a block. */
static void unrolled_row(Pool *p, Value row_ptr, Value in_col, int wb, Value *acc) {
    Emit *e = p->e;
    int kernel = p->cols.kernel;
    for (int j = 0; j < wb; j++) {
        Value sum = acc[j];
        for (int i = 0; i < kernel; i++) {
            int tap = p->gather ? kernel - 1 - i : i;
            Value column = emit_addi(e, in_col, column_offset(p, j, tap));
            Value ptr = emit_at(e, row_ptr, emit_muli(e, column, 64));
            if (p->gather || p->cols.pad > 0)
                ptr = emit_select(e, emit_in_range(e, column, p->cols.size), ptr, p->outside);
            Value x = emit_load(e, ptr);
            sum = p->gather ? emit_fma(e, x, share(p, &p->window_cols, column), sum)
                            : accumulate(p, sum, x);
        }
        acc[j] = sum;
    }
}

/* The same with a loop over the columns, for one output. Ascending columns of the source. */
static void looped_row(Pool *p, Value row_ptr, Value position, Value *acc) {
    Emit *e = p->e;
    ConvTaps t = conv_taps(e, &p->cols, position);
    EmitLoop l;
    emit_loop_begin(e, &l, t.begin, t.end, emit_int(e, 1), acc, 1);
    Value tap = l.i;
    if (p->gather)
        tap = emit_sub(e, emit_addi(e, emit_add(e, t.begin, t.end), -1), l.i);
    Value column = emit_add(e, t.start, emit_muli(e, tap, t.step));
    Value x = emit_load(e, emit_at(e, row_ptr, emit_muli(e, column, 64)));
    *acc = p->gather ? emit_fma(e, x, share(p, &p->window_cols, column), *acc)
                     : accumulate(p, *acc, x);
    emit_loop_end(e, &l, acc);
}

static Value finish(Pool *p, Value acc, Value position) {
    Emit *e = p->e;
    if (p->d.op != POOL_AVG)
        return acc;
    Value count;
    if (p->d.count_padding) {
        count = emit_float(e, (float)p->rows.kernel * (float)p->cols.kernel);
    } else {
        ConvTaps t = conv_taps(e, &p->cols, position);
        count = to_float(e, emit_mul(e, count_of(e, &t), count_of(e, &p->taps)));
    }
    return emit_fdiv(e, acc, emit_splat(e, count));
}

static void write_columns(void *user, int wb, Value column) {
    Pool *p = user;
    Emit *e = p->e;
    Value acc[BLOCK], row_sum[BLOCK];
    for (int j = 0; j < wb; j++)
        acc[j] = emit_vec(e, p->d.op == POOL_MAX ? -INFINITY : 0);
    Value in_col = p->gather ? emit_addi(e, column, p->cols.pad)
                             : emit_addi(e, emit_muli(e, column, p->cols.stride), -p->cols.pad);
    EmitLoop l;
    emit_loop_begin(e, &l, p->taps.begin, p->taps.end, emit_int(e, 1), acc, wb);
    Value tap = l.i;
    if (p->gather)
        tap = emit_sub(e, emit_addi(e, emit_add(e, p->taps.begin, p->taps.end), -1), l.i);
    Value row = emit_add(e, p->taps.start, emit_muli(e, tap, p->taps.step));
    Value row_ptr = emit_opaque(e, emit_at(e, p->src, emit_mul(e, row, p->src_row)));
    for (int j = 0; j < wb; j++)
        row_sum[j] = p->gather ? emit_vec(e, 0) : acc[j];
    if (p->unrolled)
        unrolled_row(p, row_ptr, in_col, wb, row_sum);
    else
        looped_row(p, row_ptr, column, row_sum);
    for (int j = 0; j < wb; j++)
        acc[j] = p->gather ? emit_fma(e, row_sum[j], share(p, &p->window_rows, row), acc[j])
                           : row_sum[j];
    emit_loop_end(e, &l, acc);
    for (int j = 0; j < wb; j++) {
        Value at = emit_addi(e, column, j);
        emit_store(e, finish(p, acc[j], at), emit_at(e, p->dst, emit_muli(e, at, 64)));
    }
}

static void write_plane(Pool *p, Value dst_rows) {
    Emit *e = p->e;
    EmitLoop l;
    Value zero = emit_int(e, 0), dst = p->dst;
    emit_loop_begin(e, &l, zero, dst_rows, emit_int(e, 1), NULL, 0);
    p->taps = conv_taps(e, &p->rows, l.i);
    p->dst = emit_at(e, dst, emit_mul(e, l.i, p->dst_row));
    conv_blocked_range(e, zero, p->dst_cols, p->unrolled ? BLOCK : 1, write_columns, p);
    emit_loop_end(e, &l, NULL);
}

/* A loop over the pixels of the window of one output, in row order; `carried` flows through. */
typedef struct Window {
    EmitLoop row, col;
    Value at; /* byte offset of the pixel in its channel */
} Window;

static void window_begin(Pool *p, Window *w, const ConvTaps *cols, Value *carried, int n) {
    Emit *e = p->e;
    Value one = emit_int(e, 1);
    emit_loop_begin(e, &w->row, p->taps.begin, p->taps.end, one, carried, n);
    Value row = emit_add(e, p->taps.start, emit_muli(e, w->row.i, p->taps.step));
    emit_loop_begin(e, &w->col, cols->begin, cols->end, one, carried, n);
    Value col = emit_add(e, cols->start, emit_muli(e, w->col.i, cols->step));
    w->at = emit_add(e, emit_mul(e, row, p->src_row), emit_muli(e, col, 64));
}

static void window_end(Pool *p, Window *w, Value *carried) {
    emit_loop_end(p->e, &w->col, carried);
    emit_loop_end(p->e, &w->row, carried);
}

static void scatter_output(Pool *p, Value dx, Value g, const ConvTaps *cols) {
    Emit *e = p->e;
    Value best = emit_vec(e, -INFINITY), zero = emit_vec(e, 0);
    Window w;
    window_begin(p, &w, cols, &best, 1);
    best = accumulate(p, best, emit_load(e, emit_at(e, p->src, w.at)));
    window_end(p, &w, &best);
    Value left = g; /* lanes whose maximum has been met hold 0 */
    window_begin(p, &w, cols, &left, 1);
    Value x = emit_load(e, emit_at(e, p->src, w.at));
    Value hit = LLVMBuildFCmp(e->b, LLVMRealOEQ, x, best, "");
    Value at = emit_at(e, dx, w.at);
    emit_store(e, emit_fadd(e, emit_load(e, at), emit_select(e, hit, left, zero)), at);
    left = emit_select(e, hit, zero, left);
    window_end(p, &w, &left);
}

static void clear(Emit *e, Value ptr, Value bytes) {
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), bytes, emit_int(e, 64), NULL, 0);
    emit_store(e, emit_vec(e, 0), emit_at(e, ptr, l.i));
    emit_loop_end(e, &l, NULL);
}

static void scatter_plane(Pool *p, Value g, Value out_rows, Value out_cols) {
    Emit *e = p->e;
    EmitLoop row, col;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    clear(e, p->dst, emit_mul(e, p->rows.size, p->src_row));
    emit_loop_begin(e, &row, zero, out_rows, one, NULL, 0);
    p->taps = conv_taps(e, &p->rows, row.i);
    emit_loop_begin(e, &col, zero, out_cols, one, NULL, 0);
    ConvTaps cols = conv_taps(e, &p->cols, col.i);
    Value at = emit_muli(e, emit_add(e, emit_mul(e, row.i, out_cols), col.i), 64);
    scatter_output(p, p->dst, emit_load(e, emit_at(e, g, at)), &cols);
    emit_loop_end(e, &col, NULL);
    emit_loop_end(e, &row, NULL);
}

static Value plane(Emit *e, int tensor, int block_arg, Value block, Value channel, Value bytes) {
    Value p = emit_at(e, emit_arg_ptr(e, tensor), emit_mul(e, block, emit_arg(e, block_arg)));
    return emit_at(e, p, emit_mul(e, channel, bytes));
}

static void write_all(Pool *p) {
    Emit *e = p->e;
    EmitLoop block, channel;
    Value rows = emit_arg(e, POOL_ARG_H), cols = emit_arg(e, POOL_ARG_W);
    Value out_rows = emit_arg(e, POOL_ARG_OH), out_cols = emit_arg(e, POOL_ARG_OW);
    Value in_plane = emit_muli(e, emit_mul(e, rows, cols), 64);
    Value out_plane = emit_muli(e, emit_mul(e, out_rows, out_cols), 64);
    emit_loop_begin(e, &block, emit_int(e, 0), emit_arg(e, POOL_ARG_N), emit_int(e, 1), NULL, 0);
    emit_loop_begin(e, &channel, e->lo, e->hi, emit_int(e, 1), NULL, 0);
    Value out = plane(e, POOL_ARG_Y, POOL_ARG_Y_BLOCK, block.i, channel.i, out_plane);
    if (p->d.op == POOL_AVG_DX || p->d.op == POOL_MAX_DX)
        p->dst = plane(e, POOL_ARG_DX, POOL_ARG_DX_BLOCK, block.i, channel.i, in_plane);
    if (p->d.op != POOL_AVG_DX)
        p->src = plane(e, POOL_ARG_X, POOL_ARG_X_BLOCK, block.i, channel.i, in_plane);
    if (p->d.op == POOL_MAX_DX) {
        scatter_plane(p, out, out_rows, out_cols);
    } else if (p->gather) {
        p->src = out;
        write_plane(p, rows);
    } else {
        p->dst = out;
        write_plane(p, out_rows);
    }
    emit_loop_end(e, &channel, NULL);
    emit_loop_end(e, &block, NULL);
}

static Value outside_vector(Emit *e, float value) {
    Value global = conv_zeros(e, 1), v = emit_vec(e, value);
    LLVMSetInitializer(global, LLVMConstArray2(e->vf, &v, 1));
    return global;
}

void emit_pool(Emit *e, const char *text) {
    Pool p = {.e = e, .d = kernel_read_pool(text)};
    const WindowDesc *w = &p.d.window;
    p.gather = p.d.op == POOL_AVG_DX;
    p.unrolled = w->kernel[1] <= MAX_UNROLLED && (!p.gather || w->stride[1] == 1);
    Value in_rows = emit_arg(e, POOL_ARG_H), in_cols = emit_arg(e, POOL_ARG_W);
    Value out_rows = emit_arg(e, POOL_ARG_OH), out_cols = emit_arg(e, POOL_ARG_OW);
    p.rows = conv_axis(e, w, 0, p.gather, p.gather ? out_rows : in_rows);
    p.cols = conv_axis(e, w, 1, p.gather, p.gather ? out_cols : in_cols);
    p.window_rows = conv_axis(e, w, 0, false, in_rows);
    p.window_cols = conv_axis(e, w, 1, false, in_cols);
    p.outside = outside_vector(e, p.d.op == POOL_MAX ? -INFINITY : 0);
    p.dst_cols = p.gather ? in_cols : out_cols;
    p.src_row = emit_muli(e, p.gather ? out_cols : in_cols, 64);
    p.dst_row = emit_muli(e, p.dst_cols, 64);
    write_all(&p);
}
