/* One case an op; comparisons follow the reference: NaN passes through relu, maximum and minimum.
 */
#include "codegen/emit_ew.h"

Value emit_const_like(Emit *e, Value like, float v) {
    return LLVMTypeOf(like) == e->vf ? emit_vec(e, v) : emit_float(e, v);
}

static Value compare(Emit *e, LLVMRealPredicate p, Value a, Value b) {
    return LLVMBuildFCmp(e->b, p, a, b, "");
}

/* 1 where cond, else 0. */
static Value truth(Emit *e, Value cond, Value like) {
    return emit_select(e, cond, emit_const_like(e, like, 1), emit_const_like(e, like, 0));
}

static Value first_if(Emit *e, LLVMRealPredicate p, Value x, Value y) {
    Value nan = compare(e, LLVMRealUNO, x, x);
    return emit_select(e, LLVMBuildOr(e->b, compare(e, p, x, y), nan, ""), x, y);
}

Value emit_maximum(Emit *e, Value x, Value y) {
    return first_if(e, LLVMRealOGT, x, y);
}

static Value sign(Emit *e, Value x) {
    Value zero = emit_const_like(e, x, 0), minus = emit_const_like(e, x, -1);
    Value negative = emit_select(e, compare(e, LLVMRealOLT, x, zero), minus, zero);
    return emit_select(e, compare(e, LLVMRealOGT, x, zero), emit_const_like(e, x, 1), negative);
}

static Value recip(Emit *e, Value x) {
    return emit_fdiv(e, emit_const_like(e, x, 1), x);
}

static Value sigmoid(Emit *e, Value x) {
    Value t = emit_math_exp(e, LLVMBuildFNeg(e->b, x, ""));
    return recip(e, emit_fadd(e, emit_const_like(e, x, 1), t));
}

static Value mod(Emit *e, Value a, Value b) {
    Value q = emit_math_floor(e, emit_fdiv(e, a, b));
    return emit_fsub(e, a, emit_fmul(e, b, q));
}

static Value unary_intrinsic(Emit *e, const char *name, Value x) {
    return emit_intrinsic(e, name, &x, 1);
}

Value emit_ew(Emit *e, IrOp op, const Value *in) {
    Value zero = emit_const_like(e, in[0], 0);
    switch (op) {
    case IR_OP_neg:
        return LLVMBuildFNeg(e->b, in[0], "");
    case IR_OP_abs:
        return unary_intrinsic(e, "llvm.fabs", in[0]);
    case IR_OP_sign:
        return sign(e, in[0]);
    case IR_OP_step:
        return truth(e, compare(e, LLVMRealOGT, in[0], zero), zero);
    case IR_OP_floor:
        return emit_math_floor(e, in[0]);
    case IR_OP_relu:
        return emit_relu(e, in[0]);
    case IR_OP_sqrt:
        return unary_intrinsic(e, "llvm.sqrt", in[0]);
    case IR_OP_recip:
        return recip(e, in[0]);
    case IR_OP_exp:
        return emit_math_exp(e, in[0]);
    case IR_OP_log:
        return emit_math_log(e, in[0]);
    case IR_OP_sin:
        return emit_math_sin(e, in[0]);
    case IR_OP_cos:
        return emit_math_cos(e, in[0]);
    case IR_OP_tanh:
        return emit_math_tanh(e, in[0]);
    case IR_OP_sigmoid:
        return sigmoid(e, in[0]);
    case IR_OP_add:
        return emit_fadd(e, in[0], in[1]);
    case IR_OP_sub:
        return emit_fsub(e, in[0], in[1]);
    case IR_OP_mul:
        return emit_fmul(e, in[0], in[1]);
    case IR_OP_div:
        return emit_fdiv(e, in[0], in[1]);
    case IR_OP_pow:
        return emit_math_pow(e, in[0], in[1]);
    case IR_OP_maximum:
        return first_if(e, LLVMRealOGT, in[0], in[1]);
    case IR_OP_minimum:
        return first_if(e, LLVMRealOLT, in[0], in[1]);
    case IR_OP_mod:
        return mod(e, in[0], in[1]);
    case IR_OP_less:
        return truth(e, compare(e, LLVMRealOLT, in[0], in[1]), zero);
    case IR_OP_equal:
        return truth(e, compare(e, LLVMRealOEQ, in[0], in[1]), zero);
    case IR_OP_select:
        return emit_select(e, compare(e, LLVMRealUNE, in[0], zero), in[1], in[2]);
    default:
        BUG("no elementwise code for %s", ir_op_info(op)->name);
    }
}
