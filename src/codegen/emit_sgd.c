/* Stochastic gradient descent with momentum over a block of parameters, as PyTorch defines it
 * (dampening 0, no Nesterov), every operation rounded; and its step for other kernels. */
#include "codegen/sgd.h"

#include <string.h>

enum { LINE = 64, VECTOR = LANES * (int)sizeof(float) };

Sgd sgd_open(Emit *e, bool decays, int first) {
    return (Sgd){decays, emit_arg_float(e, first), emit_arg_float(e, first + 1),
                 emit_arg_float(e, first + 2)};
}

/* A setting as wide as the values are. */
static Value as_wide(Emit *e, Value setting, Value like) {
    return LLVMTypeOf(like) == e->vf ? emit_splat(e, setting) : setting;
}

Value sgd_step(Emit *e, const Sgd *s, Value weight, Value gradient, Value *moving) {
    if (s->decays)
        gradient = emit_fadd(e, gradient, emit_fmul(e, as_wide(e, s->decay, weight), weight));
    *moving = emit_fadd(e, emit_fmul(e, as_wide(e, s->momentum, weight), *moving), gradient);
    return emit_fsub(e, weight, emit_fmul(e, as_wide(e, s->lr, weight), *moving));
}

void emit_sgd(Emit *e, const char *text) {
    bool decays = !strcmp(text, "sgd decay");
    CHECK(decays || !strcmp(text, "sgd"));
    Value w = emit_arg_ptr(e, SGD_W), g = emit_arg_ptr(e, SGD_G), v = emit_arg_ptr(e, SGD_V);
    Sgd s = sgd_open(e, decays, SGD_LR);
    EmitLoop l;
    emit_loop_begin(e, &l, e->lo, e->hi, emit_int(e, 1), NULL, 0);
    Value at = emit_muli(e, l.i, VECTOR), moving = emit_load(e, emit_at(e, v, at));
    Value weight =
        sgd_step(e, &s, emit_load(e, emit_at(e, w, at)), emit_load(e, emit_at(e, g, at)), &moving);
    emit_store(e, moving, emit_at(e, v, at));
    emit_store(e, weight, emit_at(e, w, at));
    emit_loop_end(e, &l, NULL);
}

SgdRows sgd_rows_open(Emit *e, UpdateKind kind, int first, Value weight, Value row) {
    SgdRows s = {.kind = kind, .weight = weight, .row = row};
    if (kind == UPDATE_NONE)
        return s;
    s.sgd = sgd_open(e, kind == UPDATE_SGD_DECAY, first + UPDATE_LR);
    s.moving = emit_arg_ptr(e, first + UPDATE_V);
    s.gradient = emit_arg_ptr(e, first + UPDATE_GRADIENT);
    return s;
}

Value sgd_rows_place(Emit *e, const SgdRows *s, Value at) {
    if (s->kind == UPDATE_NONE)
        return s->weight;
    return emit_at(e, s->gradient, emit_sub(e, emit_int(e, 0), emit_mul(e, at, s->row)));
}

/* Of a float, or of 16 that need not begin at a multiple of 64 bytes. */
static void update_at(Emit *e, const SgdRows *s, Value gradient, Value w, Value v) {
    bool wide = LLVMTypeOf(gradient) == e->vf;
    Value moving = wide ? emit_load_part(e, v) : emit_load_float(e, v);
    Value weight = wide ? emit_load_part(e, w) : emit_load_float(e, w);
    weight = sgd_step(e, &s->sgd, weight, gradient, &moving);
    if (wide) {
        emit_store_part(e, moving, 0, LANES, v);
        emit_store_part(e, weight, 0, LANES, w);
    } else {
        emit_store(e, moving, v);
        emit_store(e, weight, w);
    }
}

void sgd_rows_update(Emit *e, const SgdRows *s, Value at, Value count) {
    if (s->kind == UPDATE_NONE)
        return;
    Value bytes = emit_mul(e, count, s->row), first = emit_mul(e, at, s->row);
    Value w = emit_at(e, s->weight, first), v = emit_at(e, s->moving, first);
    Value whole = emit_muli(e, emit_divi(e, bytes, VECTOR), VECTOR);
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), whole, emit_int(e, VECTOR), NULL, 0);
    Value gradient = emit_load_part(e, emit_at(e, s->gradient, l.i));
    update_at(e, s, gradient, emit_at(e, w, l.i), emit_at(e, v, l.i));
    emit_loop_end(e, &l, NULL);
    emit_loop_begin(e, &l, whole, bytes, emit_int(e, sizeof(float)), NULL, 0);
    gradient = emit_load_float(e, emit_at(e, s->gradient, l.i));
    update_at(e, s, gradient, emit_at(e, w, l.i), emit_at(e, v, l.i));
    emit_loop_end(e, &l, NULL);
}

void sgd_rows_ask(Emit *e, const SgdRows *s, Value row, Value offset, int64_t bytes) {
    if (s->kind == UPDATE_NONE)
        return;
    Value at = emit_add(e, emit_mul(e, row, s->row), offset);
    for (int64_t k = 0; k < bytes; k += LINE) {
        emit_prefetch(e, emit_ati(e, emit_at(e, s->weight, at), k), false);
        emit_prefetch(e, emit_ati(e, emit_at(e, s->moving, at), k), false);
    }
}
