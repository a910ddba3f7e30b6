/* resize: nearest and bilinear, and their gradients (kernel_args.h, ResizeArg).
 *
 * Places and weights are exact: everything up to one last division is done in integers. Nearest
 * reads pixel floor(i * in / out). Bilinear reads at (i + 1/2) * in / out - 1/2, not below 0,
 * between that pixel and the next one, the last repeated; corners are mixed along w, then along h.
 * The gradient of nearest gathers in row order; that of bilinear hands on each output's gradient in
 * row order, corners in row order. */
#include "codegen/emit.h"
#include "codegen/kernel_args.h"

typedef struct Resize {
    Emit *e;
    ResizeOp op;
    Value h, w, oh, ow;
    Value x, y; /* of the channel */
} Resize;

/* Where an output index lies along one axis. */
typedef struct Mix {
    Value low, high;  /* pixels */
    Value keep, take; /* their weights: 1 - t and t, floats */
} Mix;

static Value divide(Emit *e, Value a, Value b) {
    return LLVMBuildUDiv(e->b, a, b, "");
}

static Value pixel(Resize *r, Value ptr, Value row, Value cols, Value col) {
    Emit *e = r->e;
    return emit_at(e, ptr, emit_muli(e, emit_add(e, emit_mul(e, row, cols), col), 64));
}

static Value to_float(Emit *e, Value i) {
    return LLVMBuildSIToFP(e->b, i, e->f32, "");
}

static Mix mix_at(Emit *e, Value i, Value in, Value out) {
    Mix m;
    Value twice = emit_muli(e, out, 2);
    Value at = emit_sub(e, emit_mul(e, emit_addi(e, emit_muli(e, i, 2), 1), in), out);
    at = emit_max(e, at, emit_int(e, 0));
    m.low = divide(e, at, twice);
    m.high = emit_min(e, emit_addi(e, m.low, 1), emit_addi(e, in, -1));
    Value rest = emit_sub(e, at, emit_mul(e, m.low, twice));
    m.take = emit_fdiv(e, to_float(e, rest), to_float(e, twice));
    m.keep = emit_fsub(e, emit_float(e, 1), m.take);
    return m;
}

static Value blend(Emit *e, Value low, Value high, const Mix *m) {
    Value kept = emit_fmul(e, low, emit_splat(e, m->keep));
    return emit_fma(e, high, emit_splat(e, m->take), kept);
}

static void bilinear_pixel(Resize *r, const Mix *row, const Mix *col, Value out) {
    Emit *e = r->e;
    Value top = blend(e, emit_load(e, pixel(r, r->x, row->low, r->w, col->low)),
                      emit_load(e, pixel(r, r->x, row->low, r->w, col->high)), col);
    Value bottom = blend(e, emit_load(e, pixel(r, r->x, row->high, r->w, col->low)),
                         emit_load(e, pixel(r, r->x, row->high, r->w, col->high)), col);
    emit_store(e, blend(e, top, bottom, row), out);
}

static void hand_on(Resize *r, Value row, Value col, Value row_weight, Value col_weight, Value g) {
    Emit *e = r->e;
    Value at = pixel(r, r->x, row, r->w, col);
    Value weight = emit_splat(e, emit_fmul(e, row_weight, col_weight));
    emit_store(e, emit_fma(e, g, weight, emit_load(e, at)), at);
}

static void bilinear_gradient(Resize *r, const Mix *row, const Mix *col, Value out) {
    Value g = emit_load(r->e, out);
    hand_on(r, row->low, col->low, row->keep, col->keep, g);
    hand_on(r, row->low, col->high, row->keep, col->take, g);
    hand_on(r, row->high, col->low, row->take, col->keep, g);
    hand_on(r, row->high, col->high, row->take, col->take, g);
}

static void clear_channel(Resize *r) {
    Emit *e = r->e;
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), emit_muli(e, emit_mul(e, r->h, r->w), 64),
                    emit_int(e, 64), NULL, 0);
    emit_store(e, emit_vec(e, 0), emit_at(e, r->x, l.i));
    emit_loop_end(e, &l, NULL);
}

/* Every output pixel in row order: forward, and the gradient of bilinear. */
static void over_outputs(Resize *r) {
    Emit *e = r->e;
    EmitLoop row, col;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    emit_loop_begin(e, &row, zero, r->oh, one, NULL, 0);
    Mix mh = mix_at(e, row.i, r->h, r->oh);
    Value nearest_row = divide(e, emit_mul(e, row.i, r->h), r->oh);
    emit_loop_begin(e, &col, zero, r->ow, one, NULL, 0);
    Value out = pixel(r, r->y, row.i, r->ow, col.i);
    if (r->op == RESIZE_NEAREST) {
        Value nearest_col = divide(e, emit_mul(e, col.i, r->w), r->ow);
        emit_store(e, emit_load(e, pixel(r, r->x, nearest_row, r->w, nearest_col)), out);
    } else {
        Mix mw = mix_at(e, col.i, r->w, r->ow);
        if (r->op == RESIZE_BILINEAR)
            bilinear_pixel(r, &mh, &mw, out);
        else
            bilinear_gradient(r, &mh, &mw, out);
    }
    emit_loop_end(e, &col, NULL);
    emit_loop_end(e, &row, NULL);
}

/* First output index whose nearest pixel is i or beyond: ceil(i * out / in). */
static Value first_output(Emit *e, Value i, Value in, Value out) {
    return divide(e, emit_addi(e, emit_add(e, emit_mul(e, i, out), in), -1), in);
}

static void nearest_gradient(Resize *r) {
    Emit *e = r->e;
    EmitLoop row, col, up, along;
    Value zero = emit_int(e, 0), one = emit_int(e, 1);
    emit_loop_begin(e, &row, zero, r->h, one, NULL, 0);
    Value top = first_output(e, row.i, r->h, r->oh);
    Value bottom = first_output(e, emit_addi(e, row.i, 1), r->h, r->oh);
    emit_loop_begin(e, &col, zero, r->w, one, NULL, 0);
    Value left = first_output(e, col.i, r->w, r->ow);
    Value right = first_output(e, emit_addi(e, col.i, 1), r->w, r->ow);
    Value sum = emit_vec(e, 0);
    emit_loop_begin(e, &up, top, bottom, one, &sum, 1);
    emit_loop_begin(e, &along, left, right, one, &sum, 1);
    sum = emit_fadd(e, sum, emit_load(e, pixel(r, r->y, up.i, r->ow, along.i)));
    emit_loop_end(e, &along, &sum);
    emit_loop_end(e, &up, &sum);
    emit_store(e, sum, pixel(r, r->x, row.i, r->w, col.i));
    emit_loop_end(e, &col, NULL);
    emit_loop_end(e, &row, NULL);
}

static Value channel_at(Emit *e, int tensor, int block_arg, Value block, Value channel,
                        Value pixels) {
    Value p = emit_at(e, emit_arg_ptr(e, tensor), emit_mul(e, block, emit_arg(e, block_arg)));
    return emit_at(e, p, emit_mul(e, channel, emit_muli(e, pixels, 64)));
}

void emit_resize(Emit *e, const char *text) {
    Resize r = {.e = e, .op = kernel_read_resize(text)};
    r.h = emit_arg(e, RESIZE_H);
    r.w = emit_arg(e, RESIZE_W);
    r.oh = emit_arg(e, RESIZE_OH);
    r.ow = emit_arg(e, RESIZE_OW);
    EmitLoop block, channel;
    emit_loop_begin(e, &block, emit_int(e, 0), emit_arg(e, RESIZE_N), emit_int(e, 1), NULL, 0);
    emit_loop_begin(e, &channel, e->lo, e->hi, emit_int(e, 1), NULL, 0);
    r.x = channel_at(e, RESIZE_X, RESIZE_X_BLOCK, block.i, channel.i, emit_mul(e, r.h, r.w));
    r.y = channel_at(e, RESIZE_Y, RESIZE_Y_BLOCK, block.i, channel.i, emit_mul(e, r.oh, r.ow));
    if (r.op == RESIZE_BILINEAR_DX)
        clear_channel(&r);
    if (r.op == RESIZE_NEAREST_DX)
        nearest_gradient(&r);
    else
        over_outputs(&r);
    emit_loop_end(e, &channel, NULL);
    emit_loop_end(e, &block, NULL);
}
