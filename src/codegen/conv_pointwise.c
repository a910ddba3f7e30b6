/* conv and conv_dx of a dense 1x1 window without stride or padding: out[n][c][p] = sum over reduced
 * channels r of source[n][r][p] * weight, p a place of the map as one long row. The same sums as
 * conv_nest.c, to the bit; a file of its own because here the source is read once for every block of
 * written channels, and how it comes from memory decides.
 *
 * Loops: block of 16 images, block of columns, block of written channels, r. Planes often lie a
 * power of two apart, so that few of them fit into the cache's sets at a time: the first block of
 * channels reads the columns from their planes and writes them one after another into a buffer on the
 * stack, which the other blocks read. The columns that come next and the lines that a block will
 * write are asked for before they are needed. */
#include "codegen/conv_nest.h"

/* BUFFER_BYTES: most that the stack is asked for; a source beyond it is read from its planes.
 * MANY: blocks of channels above which each asks for a part of the next columns. AHEAD: reduced
 * channels from the one in work to the one whose weights are asked for. */
enum { MAX_KB = 8, MAX_WB = 4, BUFFER_BYTES = 512 << 10, MANY = 8, AHEAD = 32 };

typedef struct Pointwise {
    Emit *e;
    const ConvDesc *d;
    bool transposed;
    Value src, dst, weight, bias; /* src, dst: of the block of images */
    Value columns, plane;         /* of both sides; bytes of a plane */
    Value reduced;
    Value w_channel, w_reduced; /* bytes between weights of neighbouring channels */
    Value buffer;
    /* the columns being written */
    int kb, wb;
    Value column;
} Pointwise;

/* Where a block of channels reads its columns: vectors from `at` on, `step` bytes a channel. */
typedef struct Source {
    Value at, step;
    Value keep, keep_step;                 /* first block: where they go, else NULL */
    Value next[MAX_WB], next_step[MAX_WB]; /* lines to ask for, of the columns that come next */
    int nnext;
} Source;

static void choose_block(Pointwise *p, int wb) {
    int registers = emit_registers(p->e);
    p->wb = wb;
    p->kb = registers >= 32 ? (wb == 1 ? 8 : 4) : registers >= 8 ? 6 : 2;
}

static void load_columns(Pointwise *p, const Source *s, Value r, Value *x) {
    Emit *e = p->e;
    Value at = emit_opaque(e, emit_at(e, s->at, emit_mul(e, r, s->step)));
    for (int j = 0; j < p->wb; j++)
        x[j] = emit_load(e, emit_ati(e, at, (int64_t)j * 64));
    for (int j = 0; j < s->nnext; j++)
        emit_prefetch(e, emit_at(e, s->next[j], emit_mul(e, r, s->next_step[j])), false);
    if (!s->keep)
        return;
    Value keep = emit_opaque(e, emit_at(e, s->keep, emit_mul(e, r, s->keep_step)));
    for (int j = 0; j < p->wb; j++)
        emit_store(e, x[j], emit_ati(e, keep, (int64_t)j * 64));
}

/* The sums of `kb` channels from `channel` on; past the last it is computed again. */
static void write_block(Pointwise *p, const Source *s, Value channel, Value hi) {
    Emit *e = p->e;
    int count = p->kb * p->wb;
    Value acc[MAX_KB * MAX_WB], ahead[MAX_KB], w_ahead[MAX_KB];
    Value left = emit_addi(e, emit_sub(e, hi, channel), -1);
    for (int k = 0; k < p->kb; k++) {
        ahead[k] = k == 0 ? emit_int(e, 0) : emit_min(e, emit_int(e, k), left);
        w_ahead[k] = emit_mul(e, ahead[k], p->w_channel);
    }
    for (int i = 0; i < count; i++)
        acc[i] = emit_vec(e, 0);
    Value to = emit_at(e, p->dst, emit_muli(e, p->column, 64)), row[MAX_KB];
    for (int k = 0; k < p->kb; k++) {
        row[k] = emit_at(e, to, emit_mul(e, emit_add(e, channel, ahead[k]), p->plane));
        for (int j = 0; j < p->wb; j++)
            emit_prefetch(e, emit_ati(e, row[k], (int64_t)j * 64), true);
    }
    Value w_block = emit_at(e, p->weight, emit_mul(e, channel, p->w_channel));
    EmitLoop r;
    emit_loop_begin(e, &r, emit_int(e, 0), p->reduced, emit_int(e, 1), acc, count);
    Value x[MAX_WB];
    load_columns(p, s, r.i, x);
    Value w = emit_opaque(e, emit_at(e, w_block, emit_mul(e, r.i, p->w_reduced)));
    if (p->transposed) /* a few weights of each of many lines, far apart */
        emit_prefetch(e, emit_at(e, w, emit_muli(e, p->w_reduced, AHEAD)), false);
    for (int k = 0; k < p->kb; k++) {
        Value wk = emit_load_splat(e, emit_at(e, w, w_ahead[k]));
        for (int j = 0; j < p->wb; j++)
            acc[k * p->wb + j] = emit_fma(e, x[j], wk, acc[k * p->wb + j]);
    }
    emit_loop_end(e, &r, acc);
    for (int k = 0; k < p->kb; k++) {
        Value c = emit_add(e, channel, ahead[k]);
        Value bias =
            p->d->bias ? emit_load_splat(e, emit_at(e, p->bias, emit_muli(e, c, 4))) : NULL;
        for (int j = 0; j < p->wb; j++) {
            Value v = acc[k * p->wb + j];
            v = bias ? emit_fadd(e, v, bias) : v;
            v = p->d->relu ? emit_relu(e, v) : v;
            emit_store(e, v, emit_ati(e, row[k], (int64_t)j * 64));
        }
    }
}

/* The lines of the columns that come next, one a row of `step` bytes: memory answers while the sums go
 * on. Many blocks of channels ask for one line each, few leave all to the first. Who is to ask for
 * none asks for a place that is in the cache. */
static void ask_next(Pointwise *p, Source *s, Value next, Value nth, Value many) {
    Emit *e = p->e;
    Value step = p->plane, none = emit_int(e, 0);
    if (nth) {
        many = emit_and(e, many, emit_cmp(e, LLVMIntSLT, nth, emit_int(e, p->wb)));
        s->next[0] = emit_select(e, many, emit_at(e, next, emit_muli(e, nth, 64)), p->buffer);
        s->next_step[0] = emit_select(e, many, step, none);
        s->nnext = 1;
        return;
    }
    for (int j = 0; j < p->wb; j++) {
        s->next[j] = j ? emit_select(e, many, p->buffer, emit_ati(e, next, (int64_t)j * 64)) : next;
        s->next_step[j] = j ? emit_select(e, many, none, step) : step;
    }
    s->nnext = p->wb;
}

static void write_columns(void *user, int wb, Value column) {
    Pointwise *p = user;
    Emit *e = p->e;
    choose_block(p, wb);
    p->column = column;
    Value from = emit_at(e, p->src, emit_muli(e, column, 64)), row = emit_int(e, (int64_t)wb * 64);
    Value fits = emit_cmp(e, LLVMIntSLE, emit_muli(e, p->reduced, (int64_t)wb * 64),
                          emit_int(e, BUFFER_BYTES));
    Value many =
        emit_cmp(e, LLVMIntSGT, emit_sub(e, e->hi, e->lo), emit_int(e, (int64_t)MANY * p->kb));
    Value next = emit_min(e, emit_addi(e, column, wb), emit_addi(e, p->columns, -wb));
    next = emit_at(e, p->src, emit_muli(e, next, 64));
    Source first = {.at = from,
                    .step = p->plane,
                    .keep = p->buffer,
                    .keep_step = emit_select(e, fits, row, emit_int(e, 0))};
    Source other = {.at = emit_select(e, fits, p->buffer, from),
                    .step = emit_select(e, fits, row, p->plane)};
    EmitIf any;
    emit_if(e, &any, emit_cmp(e, LLVMIntSLT, e->lo, e->hi));
    ask_next(p, &first, next, NULL, many);
    write_block(p, &first, e->lo, e->hi);
    EmitLoop l;
    Value kb = emit_int(e, p->kb);
    emit_loop_begin(e, &l, emit_add(e, e->lo, kb), e->hi, kb, NULL, 0);
    ask_next(p, &other, next, emit_divi(e, emit_sub(e, l.i, e->lo), p->kb), many);
    write_block(p, &other, l.i, e->hi);
    emit_loop_end(e, &l, NULL);
    emit_endif(e, &any);
}

/* As many vectors as a block of columns of the source has, at most BUFFER_BYTES. */
static Value make_buffer(Emit *e, Value reduced, int wb) {
    Value vectors = emit_min(e, emit_muli(e, reduced, wb), emit_int(e, BUFFER_BYTES / 64));
    Value buffer = LLVMBuildArrayAlloca(e->b, e->vf, emit_max(e, vectors, emit_int(e, wb)), "");
    LLVMSetAlignment(buffer, 64);
    return buffer;
}

void conv_pointwise(Emit *e, const ConvDesc *d, bool transposed) {
    int wb = emit_registers(e) >= 32 ? 4 : 1;
    Value columns = emit_mul(e, emit_arg(e, CONV_H), emit_arg(e, CONV_WIDTH));
    Pointwise p = {.e = e,
                   .d = d,
                   .transposed = transposed,
                   .columns = columns,
                   .plane = emit_muli(e, columns, 64)};
    p.reduced = emit_arg(e, transposed ? CONV_O : CONV_I);
    Value per_output = emit_muli(e, emit_arg(e, CONV_I), 4);
    p.w_channel = transposed ? emit_int(e, 4) : per_output;
    p.w_reduced = transposed ? per_output : emit_int(e, 4);
    p.weight = emit_arg_ptr(e, CONV_W);
    p.bias = emit_arg_ptr(e, CONV_BIAS);
    p.buffer = make_buffer(e, p.reduced, wb);
    Value src = emit_arg_ptr(e, transposed ? CONV_Y : CONV_X);
    Value dst = emit_arg_ptr(e, transposed ? CONV_X : CONV_Y);
    Value src_block = emit_arg(e, transposed ? CONV_Y_BLOCK : CONV_X_BLOCK);
    Value dst_block = emit_arg(e, transposed ? CONV_X_BLOCK : CONV_Y_BLOCK);
    EmitLoop block;
    emit_loop_begin(e, &block, emit_int(e, 0), emit_arg(e, CONV_N), emit_int(e, 1), NULL, 0);
    p.src = emit_at(e, src, emit_mul(e, block.i, src_block));
    p.dst = emit_at(e, dst, emit_mul(e, block.i, dst_block));
    conv_blocked_range(e, emit_int(e, 0), columns, wb, write_columns, &p);
    emit_loop_end(e, &block, NULL);
}
