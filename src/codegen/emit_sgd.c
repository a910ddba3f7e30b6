/* Stochastic gradient descent with momentum over a block of parameters, as PyTorch defines it
 * (dampening 0, no Nesterov), every operation rounded. */
#include "codegen/emit.h"
#include "codegen/kernel_args.h"

#include <string.h>

void emit_sgd(Emit *e, const char *text) {
    bool decays = !strcmp(text, "sgd decay");
    CHECK(decays || !strcmp(text, "sgd"));
    Value w = emit_arg_ptr(e, SGD_W), g = emit_arg_ptr(e, SGD_G), v = emit_arg_ptr(e, SGD_V);
    Value lr = emit_splat(e, emit_arg_float(e, SGD_LR));
    Value momentum = emit_splat(e, emit_arg_float(e, SGD_MOMENTUM));
    Value decay = emit_splat(e, emit_arg_float(e, SGD_DECAY));
    EmitLoop l;
    emit_loop_begin(e, &l, e->lo, e->hi, emit_int(e, 1), NULL, 0);
    Value at = emit_muli(e, l.i, LANES * (int64_t)sizeof(float));
    Value weight = emit_load(e, emit_at(e, w, at)), grad = emit_load(e, emit_at(e, g, at));
    Value moving = emit_load(e, emit_at(e, v, at));
    if (decays)
        grad = emit_fadd(e, grad, emit_fmul(e, decay, weight));
    moving = emit_fadd(e, emit_fmul(e, momentum, moving), grad);
    emit_store(e, moving, emit_at(e, v, at));
    emit_store(e, emit_fsub(e, weight, emit_fmul(e, lr, moving)), emit_at(e, w, at));
    emit_loop_end(e, &l, NULL);
}
