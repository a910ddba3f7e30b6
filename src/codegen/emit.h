/* IR-builder helpers of the emitters: types, constants, loops with carried values, 16-lane vectors.
 *
 * Input: a descriptor's text. Output: the body of one function `void (char *base, const int64_t
 * *arg, int64_t lo, int64_t hi)` in e->fn. Invariants: the operations on lanes are <16 x float> on
 * every target (LLVM splits them where registers are narrower) and carry no fast-math flag, so bits
 * do not depend on the target; only the size of register blocks (emit_registers) may. A loop nest
 * is written in order: begin, body, end; the builder always stands at the end of the block being
 * written. */
#ifndef NASC_CODEGEN_EMIT_H
#define NASC_CODEGEN_EMIT_H

#include "codegen/jit.h"
#include "codegen/llvm.h"

typedef LLVMValueRef Value;

typedef struct Emit {
    LLVMContextRef ctx;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    Value fn;
    JitTarget target;
    LLVMTypeRef i1, i8, i32, i64, f32, ptr;
    LLVMTypeRef vf;  /* <16 x float> */
    LLVMTypeRef vi1; /* <16 x i1> */
    LLVMTypeRef vi32;
    Value base, arg, lo, hi; /* the function's parameters */
} Emit;

/* Writes the body; the caller has opened the entry block and adds the final `ret void`. */
typedef void EmitKernel(Emit *e, const char *text);
#define KERNEL(name) EmitKernel emit_##name;
#include "codegen/kernels.def"
#undef KERNEL

/* Vector registers of 16 floats that the target has: 32 (AVX-512), 8 (AVX2), 4 (SSE2). */
int emit_registers(const Emit *e);

/* Constants and arguments. */
Value emit_int(Emit *e, int64_t v);
Value emit_float(Emit *e, float v);
Value emit_vec(Emit *e, float v);         /* all lanes */
Value emit_arg(Emit *e, int index);       /* i64 */
Value emit_arg_float(Emit *e, int index); /* float from the low 32 bits */
Value emit_arg_ptr(Emit *e, int index);   /* base + byte offset */

/* 64-bit integers. */
Value emit_add(Emit *e, Value a, Value b);
Value emit_sub(Emit *e, Value a, Value b);
Value emit_mul(Emit *e, Value a, Value b);
Value emit_addi(Emit *e, Value a, int64_t b);
Value emit_muli(Emit *e, Value a, int64_t b);
Value emit_divi(Emit *e, Value a, int64_t b); /* signed, towards zero */
Value emit_min(Emit *e, Value a, Value b);
Value emit_max(Emit *e, Value a, Value b);
/* Floor and ceiling of a / b for b > 0 and any a. */
Value emit_floor_div(Emit *e, Value a, int64_t b);
Value emit_ceil_div(Emit *e, Value a, int64_t b);
Value emit_cmp(Emit *e, LLVMIntPredicate p, Value a, Value b);
Value emit_and(Emit *e, Value a, Value b); /* i1 or integers of one type */
/* 0 <= a < n as one unsigned comparison. */
Value emit_in_range(Emit *e, Value a, Value n);
Value emit_select(Emit *e, Value cond, Value a, Value b);

/* Memory. Vectors are aligned to 64 bytes, floats to 4. */
Value emit_at(Emit *e, Value ptr, Value bytes);
Value emit_ati(Emit *e, Value ptr, int64_t bytes);
/* The same pointer, through which loop analyses do not look: the many addresses formed from it in a
 * body then cost no compile time as induction variables, and stay `pointer + offset`. */
Value emit_opaque(Emit *e, Value ptr);
Value emit_load(Emit *e, Value ptr);          /* <16 x float> */
Value emit_load_float(Emit *e, Value ptr);    /* float */
Value emit_load_splat(Emit *e, Value ptr);    /* one float in all lanes */
Value emit_load_part(Emit *e, Value ptr);     /* 16 floats, aligned to 4 */
void emit_store(Emit *e, Value v, Value ptr); /* float or <16 x float> */

/* Elements first .. first + count of a vector, to floats one after another. */
void emit_store_part(Emit *e, Value v, int first, int count, Value ptr);
/* All floats of n vectors one after another, or as many as are left. */
void emit_store_floats(Emit *e, const Value *v, int n, Value left, Value ptr);
/* Asks for a line that is to be read or written soon: the second-level cache has it then. */
void emit_prefetch(Emit *e, Value ptr, bool write);

/* Floats: scalars or vectors alike. */
Value emit_splat(Emit *e, Value f);
Value emit_fadd(Emit *e, Value a, Value b);
Value emit_fsub(Emit *e, Value a, Value b);
Value emit_fmul(Emit *e, Value a, Value b);
Value emit_fdiv(Emit *e, Value a, Value b);
/* a * b + c, rounded once where the target has it, twice on plain x86-64. */
Value emit_fma(Emit *e, Value a, Value b, Value c);
Value emit_relu(Emit *e, Value a); /* a > 0 or NaN ? a : 0 */
/* The fixed tree: halves added until one float is left. */
Value emit_lane_sum(Emit *e, Value v);
/* One vector whose element i < count is emit_lane_sum(sum[i]): the same tree, the vectors halved
 * side by side. */
Value emit_lane_sums(Emit *e, const Value *sum, int count);
/* Element i of v[j] changes places with element j of v[i]. */
void emit_transpose(Emit *e, Value v[LANES]);
/* Nine vectors one after another, that hold element 0 of each of the nine of v, then element 1, ... */
void emit_interleave9(Emit *e, const Value v[9], Value out[9]);
/* <16 x i1>: lane < n. */
Value emit_lanes_below(Emit *e, Value n);
/* A call of an LLVM intrinsic overloaded on the type of its first argument. */
Value emit_intrinsic(Emit *e, const char *name, Value *args, int nargs);

/* for (i = from; i < to; i += step), step > 0. `carried` holds n values that flow through the loop:
 * begin replaces the initial ones by those at the top of the body, end (given those at the bottom)
 * by those after the loop. */
enum { EMIT_MAX_CARRIED = 64 };
typedef struct EmitLoop {
    LLVMBasicBlockRef before, body, after;
    Value i, to, step;
    Value initial[EMIT_MAX_CARRIED], top[EMIT_MAX_CARRIED];
    int n;
} EmitLoop;
void emit_loop_begin(Emit *e, EmitLoop *l, Value from, Value to, Value step, Value *carried, int n);
void emit_loop_end(Emit *e, EmitLoop *l, Value *carried);

/* if (cond) { ... } else { ... }; else may be left out. No values flow out: use emit_select or
 * memory. */
typedef struct EmitIf {
    LLVMBasicBlockRef other, after;
    bool has_else;
} EmitIf;
void emit_if(Emit *e, EmitIf *f, Value cond);
void emit_else(Emit *e, EmitIf *f);
void emit_endif(Emit *e, EmitIf *f);

#endif
