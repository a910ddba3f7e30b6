/* Elementary functions by range reduction and minimax polynomials (coefficients: Cephes'
 * single-precision set, S. Moshier), in plain additions and multiplications. */
#include "codegen/emit_ew.h"

#include <math.h>

static Value k(Emit *e, Value like, float v) {
    return emit_const_like(e, like, v);
}

static LLVMTypeRef int_type(Emit *e, Value x) {
    return LLVMTypeOf(x) == e->vf ? e->vi32 : e->i32;
}

static Value int_like(Emit *e, Value x, int32_t v) {
    Value one = LLVMConstInt(e->i32, (uint32_t)v, true);
    if (LLVMTypeOf(x) != e->vf)
        return one;
    Value lane[LANES];
    for (int i = 0; i < LANES; i++)
        lane[i] = one;
    return LLVMConstVector(lane, LANES);
}

static Value to_int(Emit *e, Value x) {
    return LLVMBuildFPToSI(e->b, x, int_type(e, x), "");
}

static Value to_float(Emit *e, Value i, Value like) {
    return LLVMBuildSIToFP(e->b, i, LLVMTypeOf(like), "");
}

static Value compare(Emit *e, LLVMRealPredicate p, Value a, Value b) {
    return LLVMBuildFCmp(e->b, p, a, b, "");
}

/* c[0] x^(n-1) + ... + c[n-1], by Horner's rule. */
static Value polynomial(Emit *e, Value x, const float *c, int n) {
    Value y = k(e, x, c[0]);
    for (int i = 1; i < n; i++)
        y = emit_fadd(e, emit_fmul(e, y, x), k(e, x, c[i]));
    return y;
}

static Value clamp(Emit *e, Value x, float lo, float hi) {
    x = emit_select(e, compare(e, LLVMRealOGT, x, k(e, x, lo)), x, k(e, x, lo));
    return emit_select(e, compare(e, LLVMRealOLT, x, k(e, x, hi)), x, k(e, x, hi));
}

static Value keep_nan(Emit *e, Value x, Value y) {
    return emit_select(e, compare(e, LLVMRealUNO, x, x), x, y);
}

Value emit_math_floor(Emit *e, Value x) {
    Value magnitude = emit_intrinsic(e, "llvm.fabs", &x, 1);
    Value small = compare(e, LLVMRealOLT, magnitude, k(e, x, 8388608.0f));
    Value t = to_float(e, to_int(e, emit_select(e, small, x, k(e, x, 0))), x);
    Value below = compare(e, LLVMRealOGT, t, x);
    t = emit_select(e, below, emit_fsub(e, t, k(e, x, 1)), t);
    return emit_select(e, small, t, x);
}

/* 2^n for the integer value n in -126..127. */
static Value power_of_two(Emit *e, Value n) {
    Value bits = LLVMBuildAdd(e->b, to_int(e, n), int_like(e, n, 127), "");
    bits = LLVMBuildShl(e->b, bits, int_like(e, n, 23), "");
    return LLVMBuildBitCast(e->b, bits, LLVMTypeOf(n), "");
}

Value emit_math_exp(Emit *e, Value x) {
    static const float c[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                              4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
    Value t = clamp(e, x, -87.0f, 88.0f);
    Value scaled = emit_fmul(e, t, k(e, x, 1.44269504088896341f));
    Value n = emit_math_floor(e, emit_fadd(e, scaled, k(e, x, 0.5f)));
    t = emit_fsub(e, t, emit_fmul(e, n, k(e, x, 0.693359375f)));
    t = emit_fsub(e, t, emit_fmul(e, n, k(e, x, -2.12194440e-4f)));
    Value y = emit_fmul(e, polynomial(e, t, c, 6), emit_fmul(e, t, t));
    y = emit_fadd(e, emit_fadd(e, y, t), k(e, x, 1));
    y = emit_fmul(e, y, power_of_two(e, n));
    y = emit_select(e, compare(e, LLVMRealOGT, x, k(e, x, 88.0f)), k(e, x, INFINITY), y);
    y = emit_select(e, compare(e, LLVMRealOLT, x, k(e, x, -87.0f)), k(e, x, 0), y);
    return keep_nan(e, x, y);
}

/* x = m 2^n with m in [sqrt(1/2), sqrt(2)); log x = log m + n log 2. */
Value emit_math_log(Emit *e, Value x) {
    static const float c[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                              -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                              2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
    Value bits = LLVMBuildBitCast(e->b, x, int_type(e, x), "");
    Value exponent = LLVMBuildLShr(e->b, bits, int_like(e, x, 23), "");
    exponent = LLVMBuildSub(e->b, exponent, int_like(e, x, 126), "");
    Value mantissa = LLVMBuildAnd(e->b, bits, int_like(e, x, 0x007fffff), "");
    mantissa = LLVMBuildOr(e->b, mantissa, int_like(e, x, 0x3f000000), "");
    Value m = LLVMBuildBitCast(e->b, mantissa, LLVMTypeOf(x), "");
    Value low = compare(e, LLVMRealOLT, m, k(e, x, 0.707106781186547524f));
    Value n = to_float(e, exponent, x);
    n = emit_select(e, low, emit_fsub(e, n, k(e, x, 1)), n);
    m = emit_select(e, low, emit_fadd(e, m, m), m);
    m = emit_fsub(e, m, k(e, x, 1));
    Value square = emit_fmul(e, m, m);
    Value y = emit_fmul(e, emit_fmul(e, polynomial(e, m, c, 9), m), square);
    y = emit_fadd(e, y, emit_fmul(e, n, k(e, x, -2.12194440e-4f)));
    y = emit_fsub(e, y, emit_fmul(e, square, k(e, x, 0.5f)));
    y = emit_fadd(e, emit_fadd(e, m, y), emit_fmul(e, n, k(e, x, 0.693359375f)));
    Value zero = k(e, x, 0);
    y = emit_select(e, compare(e, LLVMRealOEQ, x, k(e, x, INFINITY)), x, y);
    y = emit_select(e, compare(e, LLVMRealOEQ, x, zero), k(e, x, -INFINITY), y);
    y = emit_select(e, compare(e, LLVMRealOLT, x, zero), k(e, x, NAN), y);
    return keep_nan(e, x, y);
}

/* sin(x + quadrant pi / 2): x is reduced to [-pi/4, pi/4] by multiples of pi/2 in three parts. */
static Value sine(Emit *e, Value x, int quadrant) {
    static const float s[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
    static const float c[] = {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
    Value scaled = emit_fmul(e, x, k(e, x, 0.636619772367581343f));
    Value n = emit_math_floor(e, emit_fadd(e, scaled, k(e, x, 0.5f)));
    Value t = emit_fsub(e, x, emit_fmul(e, n, k(e, x, 1.5703125f)));
    t = emit_fsub(e, t, emit_fmul(e, n, k(e, x, 4.837512969970703125e-4f)));
    t = emit_fsub(e, t, emit_fmul(e, n, k(e, x, 7.54978995489188216e-8f)));
    Value z = emit_fmul(e, t, t);
    Value sin = emit_fadd(e, emit_fmul(e, emit_fmul(e, polynomial(e, z, s, 3), z), t), t);
    Value cos = emit_fmul(e, emit_fmul(e, polynomial(e, z, c, 3), z), z);
    cos = emit_fadd(e, emit_fsub(e, cos, emit_fmul(e, z, k(e, x, 0.5f))), k(e, x, 1));
    Value q = LLVMBuildAdd(e->b, to_int(e, n), int_like(e, x, quadrant), "");
    Value odd = LLVMBuildAnd(e->b, q, int_like(e, x, 1), "");
    Value half = LLVMBuildAnd(e->b, q, int_like(e, x, 2), "");
    Value y = emit_select(e, emit_cmp(e, LLVMIntEQ, odd, int_like(e, x, 0)), sin, cos);
    Value minus = LLVMBuildFNeg(e->b, y, "");
    return emit_select(e, emit_cmp(e, LLVMIntEQ, half, int_like(e, x, 0)), y, minus);
}

Value emit_math_sin(Emit *e, Value x) {
    return sine(e, x, 0);
}

Value emit_math_cos(Emit *e, Value x) {
    return sine(e, x, 1);
}

/* A polynomial near 0, where 1 - 2 / (exp 2|x| + 1) loses digits. */
Value emit_math_tanh(Emit *e, Value x) {
    static const float c[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                              1.33314422036e-1f, -3.33332819422e-1f};
    Value magnitude = emit_intrinsic(e, "llvm.fabs", &x, 1);
    Value z = emit_fmul(e, x, x);
    Value near = emit_fadd(e, emit_fmul(e, emit_fmul(e, polynomial(e, z, c, 5), z), x), x);
    Value t = emit_math_exp(e, emit_fadd(e, magnitude, magnitude));
    t = emit_fdiv(e, k(e, x, 2), emit_fadd(e, t, k(e, x, 1)));
    t = emit_fsub(e, k(e, x, 1), t);
    Value negative = compare(e, LLVMRealOLT, x, k(e, x, 0));
    Value far = emit_select(e, negative, LLVMBuildFNeg(e->b, t, ""), t);
    Value y = emit_select(e, compare(e, LLVMRealOLT, magnitude, k(e, x, 0.625f)), near, far);
    return keep_nan(e, x, y);
}

Value emit_math_pow(Emit *e, Value x, Value y) {
    return emit_math_exp(e, emit_fmul(e, y, emit_math_log(e, x)));
}
