/* Elementwise ops of the op table as LLVM IR on floats or vectors of 16, each result rounded as its
 * own operation. The elementary functions are polynomials written in additions and multiplications,
 * never a call, so they give the same bits on every target (docs/architecture.md). */
#ifndef NASC_CODEGEN_EMIT_EW_H
#define NASC_CODEGEN_EMIT_EW_H

#include "codegen/emit.h"
#include "ir/graph.h"

/* `in` are all of one type, float or <16 x float>. `add` takes two operands here. */
Value emit_ew(Emit *e, IrOp op, const Value *in);
/* x > y or x NaN ? x : y, which keeps a NaN on either side of a running maximum. */
Value emit_maximum(Emit *e, Value x, Value y);

/* emit_math.c: errors within 2 ulp over the normal range; exp overflows to infinity, log(0) =
 * -infinity. */
Value emit_math_exp(Emit *e, Value x);
Value emit_math_log(Emit *e, Value x);
Value emit_math_sin(Emit *e, Value x); /* |x| < 2^16 */
Value emit_math_cos(Emit *e, Value x);
Value emit_math_tanh(Emit *e, Value x);
Value emit_math_floor(Emit *e, Value x);
Value emit_math_pow(Emit *e, Value x, Value y); /* exp(y log x), x >= 0 */

/* A constant of the type of `like`. */
Value emit_const_like(Emit *e, Value like, float v);

#endif
