/* Elementwise ops of the reference executor, over the union of the inputs' axes, matched by name.
 * Each element is computed in double and rounded once to the precision of the run, sums and `mod`
 * after each operation. NaN passes through relu, maximum and minimum. */
#include "runtime/ref_impl.h"

#include <math.h>

#define REF_OP(name)                                                                               \
    void ref_##name(const IrNode *node, const IrType *const *in_types, const double *const *in,    \
                    double *out, const RefOptions *options)

typedef double Unary(double x);
typedef double Binary(bool f32, double x, double y);

static void unary(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options, Unary *f) {
    bool f32 = ref_is_float(options);
    RefWalk w;
    ref_walk_begin(&w, &node->type);
    ref_walk_operand(&w, ref_strides(in_types[0], &node->type));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++)
            *out++ = ref_round(f32, f(in[0][w.at[0] + j * w.step[0]]));
}

static void binary(const IrNode *node, const IrType *const *in_types, const double *const *in,
                   double *out, const RefOptions *options, Binary *f) {
    bool f32 = ref_is_float(options);
    RefWalk w;
    ref_walk_begin(&w, &node->type);
    ref_walk_operand(&w, ref_strides(in_types[0], &node->type));
    ref_walk_operand(&w, ref_strides(in_types[1], &node->type));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            double x = in[0][w.at[0] + j * w.step[0]], y = in[1][w.at[1] + j * w.step[1]];
            *out++ = ref_round(f32, f(f32, x, y));
        }
}

static double f_zero(double x) {
    (void)x;
    return 0;
}
static double f_identity(double x) {
    return x;
}
static double f_neg(double x) {
    return -x;
}
static double f_sign(double x) {
    return (x > 0) - (x < 0);
}
static double f_step(double x) {
    return x > 0;
}
static double f_relu(double x) {
    return x > 0 || isnan(x) ? x : 0;
}
static double f_recip(double x) {
    return 1 / x;
}
static double f_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static double f_sub(bool f32, double x, double y) {
    (void)f32;
    return x - y;
}
static double f_add(bool f32, double x, double y) {
    (void)f32;
    return x + y;
}
static double f_mul(bool f32, double x, double y) {
    (void)f32;
    return x * y;
}
static double f_div(bool f32, double x, double y) {
    (void)f32;
    return x / y;
}
static double f_pow(bool f32, double x, double y) {
    (void)f32;
    return pow(x, y);
}
static double f_maximum(bool f32, double x, double y) {
    (void)f32;
    return x > y || isnan(x) ? x : y;
}
static double f_minimum(bool f32, double x, double y) {
    (void)f32;
    return x < y || isnan(x) ? x : y;
}
static double f_mod(bool f32, double x, double y) {
    double quotient = floor(ref_round(f32, x / y));
    return x - ref_round(f32, y * quotient);
}
static double f_less(bool f32, double x, double y) {
    (void)f32;
    return x < y;
}
static double f_equal(bool f32, double x, double y) {
    (void)f32;
    return x == y;
}

#define REF_UNARY(name, f)                                                                         \
    REF_OP(name) {                                                                                 \
        unary(node, in_types, in, out, options, f);                                                \
    }
REF_UNARY(zero, f_zero)
REF_UNARY(identity, f_identity)
REF_UNARY(neg, f_neg)
REF_UNARY(abs, fabs)
REF_UNARY(sign, f_sign)
REF_UNARY(step, f_step)
REF_UNARY(floor, floor)
REF_UNARY(relu, f_relu)
REF_UNARY(sqrt, sqrt)
REF_UNARY(recip, f_recip)
REF_UNARY(exp, exp)
REF_UNARY(log, log)
REF_UNARY(sin, sin)
REF_UNARY(cos, cos)
REF_UNARY(tanh, tanh)
REF_UNARY(sigmoid, f_sigmoid)

#define REF_BINARY(name)                                                                           \
    REF_OP(name) {                                                                                 \
        binary(node, in_types, in, out, options, f_##name);                                        \
    }
REF_BINARY(sub)
REF_BINARY(mul)
REF_BINARY(div)
REF_BINARY(pow)
REF_BINARY(maximum)
REF_BINARY(minimum)
REF_BINARY(mod)
REF_BINARY(less)
REF_BINARY(equal)

/* n-ary: the running sum is the left operand, so the order is that of the inputs. */
REF_OP(add) {
    unary(node, in_types, in, out, options, f_identity);
    for (uint32_t k = 1; k < node->nin; k++) {
        const IrType *types[2] = {&node->type, in_types[k]};
        const double *terms[2] = {out, in[k]};
        binary(node, types, terms, out, options, f_add);
    }
}

REF_OP(select) {
    bool f32 = ref_is_float(options);
    RefWalk w;
    ref_walk_begin(&w, &node->type);
    for (int k = 0; k < 3; k++)
        ref_walk_operand(&w, ref_strides(in_types[k], &node->type));
    for (int64_t row = 0; row < w.rows; row++, ref_walk_next(&w))
        for (int64_t j = 0; j < w.length; j++) {
            int from = in[0][w.at[0] + j * w.step[0]] != 0 ? 1 : 2;
            *out++ = ref_round(f32, in[from][w.at[from] + j * w.step[from]]);
        }
}
