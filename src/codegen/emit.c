/* The builder helpers of emit.h over LLVM's C API. Integer helpers fold constants (the IR builder
 * does), so emitters may write general arithmetic over what a descriptor makes constant. */
#include "codegen/emit.h"

#include <string.h>

int emit_registers(const Emit *e) {
    return e->target == JIT_X86_64_V4 ? 32 : e->target == JIT_X86_64 ? 4 : 8;
}

Value emit_int(Emit *e, int64_t v) {
    return LLVMConstInt(e->i64, (unsigned long long)v, true);
}

Value emit_float(Emit *e, float v) {
    return LLVMConstReal(e->f32, (double)v);
}

Value emit_vec(Emit *e, float v) {
    Value lane[LANES];
    for (int i = 0; i < LANES; i++)
        lane[i] = emit_float(e, v);
    return LLVMConstVector(lane, LANES);
}

Value emit_arg(Emit *e, int index) {
    Value p = emit_ati(e, e->arg, (int64_t)index * 8);
    Value v = LLVMBuildLoad2(e->b, e->i64, p, "");
    LLVMSetAlignment(v, 8);
    return v;
}

Value emit_arg_float(Emit *e, int index) {
    Value p = emit_ati(e, e->arg, (int64_t)index * 8);
    Value v = LLVMBuildLoad2(e->b, e->f32, p, "");
    LLVMSetAlignment(v, 8);
    return v;
}

Value emit_arg_ptr(Emit *e, int index) {
    return emit_at(e, e->base, emit_arg(e, index));
}

Value emit_add(Emit *e, Value a, Value b) {
    return LLVMBuildNSWAdd(e->b, a, b, "");
}

Value emit_sub(Emit *e, Value a, Value b) {
    return LLVMBuildNSWSub(e->b, a, b, "");
}

Value emit_mul(Emit *e, Value a, Value b) {
    return LLVMBuildNSWMul(e->b, a, b, "");
}

Value emit_addi(Emit *e, Value a, int64_t b) {
    return b == 0 ? a : emit_add(e, a, emit_int(e, b));
}

Value emit_muli(Emit *e, Value a, int64_t b) {
    return b == 1 ? a : emit_mul(e, a, emit_int(e, b));
}

Value emit_divi(Emit *e, Value a, int64_t b) {
    return b == 1 ? a : LLVMBuildSDiv(e->b, a, emit_int(e, b), "");
}

Value emit_cmp(Emit *e, LLVMIntPredicate p, Value a, Value b) {
    return LLVMBuildICmp(e->b, p, a, b, "");
}

Value emit_select(Emit *e, Value cond, Value a, Value b) {
    return LLVMBuildSelect(e->b, cond, a, b, "");
}

Value emit_and(Emit *e, Value a, Value b) {
    return LLVMBuildAnd(e->b, a, b, "");
}

Value emit_min(Emit *e, Value a, Value b) {
    return emit_select(e, emit_cmp(e, LLVMIntSLT, a, b), a, b);
}

Value emit_max(Emit *e, Value a, Value b) {
    return emit_select(e, emit_cmp(e, LLVMIntSGT, a, b), a, b);
}

Value emit_floor_div(Emit *e, Value a, int64_t b) {
    if (b == 1)
        return a;
    Value q = emit_divi(e, a, b);
    Value r = emit_sub(e, a, emit_muli(e, q, b));
    Value below = emit_cmp(e, LLVMIntSLT, r, emit_int(e, 0));
    return emit_select(e, below, emit_addi(e, q, -1), q);
}

Value emit_ceil_div(Emit *e, Value a, int64_t b) {
    return b == 1 ? a : emit_floor_div(e, emit_addi(e, a, b - 1), b);
}

Value emit_in_range(Emit *e, Value a, Value n) {
    return emit_cmp(e, LLVMIntULT, a, n);
}

Value emit_at(Emit *e, Value ptr, Value bytes) {
    return LLVMBuildGEP2(e->b, e->i8, ptr, &bytes, 1, "");
}

Value emit_ati(Emit *e, Value ptr, int64_t bytes) {
    return bytes == 0 ? ptr : emit_at(e, ptr, emit_int(e, bytes));
}

Value emit_opaque(Emit *e, Value ptr) {
    return LLVMBuildFreeze(e->b, ptr, "");
}

Value emit_load(Emit *e, Value ptr) {
    Value v = LLVMBuildLoad2(e->b, e->vf, ptr, "");
    LLVMSetAlignment(v, 64);
    return v;
}

Value emit_load_float(Emit *e, Value ptr) {
    Value v = LLVMBuildLoad2(e->b, e->f32, ptr, "");
    LLVMSetAlignment(v, 4);
    return v;
}

Value emit_load_part(Emit *e, Value ptr) {
    Value v = LLVMBuildLoad2(e->b, e->vf, ptr, "");
    LLVMSetAlignment(v, 4);
    return v;
}

Value emit_load_splat(Emit *e, Value ptr) {
    return emit_splat(e, emit_load_float(e, ptr));
}

void emit_store(Emit *e, Value v, Value ptr) {
    Value s = LLVMBuildStore(e->b, v, ptr);
    LLVMSetAlignment(s, LLVMTypeOf(v) == e->vf ? 64 : 4);
}

static Value shuffle2(Emit *e, Value a, Value b, const int *index, unsigned n) {
    Value mask[LANES];
    for (unsigned i = 0; i < n; i++)
        mask[i] = LLVMConstInt(e->i32, (unsigned)index[i], false);
    return LLVMBuildShuffleVector(e->b, a, b, LLVMConstVector(mask, n), "");
}

static Value shuffle(Emit *e, Value v, const int *index, unsigned n) {
    return shuffle2(e, v, LLVMGetPoison(LLVMTypeOf(v)), index, n);
}

void emit_store_part(Emit *e, Value v, int first, int count, Value ptr) {
    int index[LANES];
    for (int i = 0; i < count; i++)
        index[i] = first + i;
    Value part =
        count == 1
            ? LLVMBuildExtractElement(e->b, v, LLVMConstInt(e->i32, (unsigned)first, false), "")
            : shuffle(e, v, index, (unsigned)count);
    LLVMSetAlignment(LLVMBuildStore(e->b, part, ptr), 4);
}

Value emit_splat(Emit *e, Value f) {
    Value none = LLVMGetPoison(LLVMVectorType(LLVMTypeOf(f), LANES));
    Value v = LLVMBuildInsertElement(e->b, none, f, LLVMConstInt(e->i32, 0, false), "");
    static const int zeros[LANES];
    return shuffle(e, v, zeros, LANES);
}

Value emit_fadd(Emit *e, Value a, Value b) {
    return LLVMBuildFAdd(e->b, a, b, "");
}

Value emit_fsub(Emit *e, Value a, Value b) {
    return LLVMBuildFSub(e->b, a, b, "");
}

Value emit_fmul(Emit *e, Value a, Value b) {
    return LLVMBuildFMul(e->b, a, b, "");
}

Value emit_fdiv(Emit *e, Value a, Value b) {
    return LLVMBuildFDiv(e->b, a, b, "");
}

Value emit_intrinsic(Emit *e, const char *name, Value *args, int nargs) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    CHECK(id != 0);
    LLVMTypeRef over = LLVMTypeOf(args[0]);
    Value fn = LLVMGetIntrinsicDeclaration(e->module, id, &over, 1);
    LLVMTypeRef type = LLVMIntrinsicGetType(e->ctx, id, &over, 1);
    return LLVMBuildCall2(e->b, type, fn, args, (unsigned)nargs, "");
}

void emit_prefetch(Emit *e, Value ptr, bool write) {
    Value how = LLVMConstInt(e->i32, write, false), level = LLVMConstInt(e->i32, 2, false);
    Value data = LLVMConstInt(e->i32, 1, false);
    emit_intrinsic(e, "llvm.prefetch", (Value[]){ptr, how, level, data}, 4);
}

Value emit_fma(Emit *e, Value a, Value b, Value c) {
    if (e->target == JIT_X86_64)
        return emit_fadd(e, emit_fmul(e, a, b), c);
    Value args[3] = {a, b, c};
    return emit_intrinsic(e, "llvm.fma", args, 3);
}

Value emit_relu(Emit *e, Value a) {
    Value zero = LLVMConstNull(LLVMTypeOf(a));
    return emit_select(e, LLVMBuildFCmp(e->b, LLVMRealUGT, a, zero, ""), a, zero);
}

Value emit_lane_sum(Emit *e, Value v) {
    static const int low[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int half = LANES / 2; half >= 1; half /= 2) {
        int high[8];
        for (int i = 0; i < half; i++)
            high[i] = half + i;
        Value a = shuffle(e, v, low, (unsigned)half);
        Value b = shuffle(e, v, high, (unsigned)half);
        v = emit_fadd(e, a, b);
    }
    return LLVMBuildExtractElement(e->b, v, LLVMConstInt(e->i32, 0, false), "");
}

/* Of groups of 2 * half lanes the first and the second half, of a's in the first half of each group of
 * the result, of b's in the second. */
static Value add_halves(Emit *e, Value a, Value b, int half) {
    int low[LANES], high[LANES];
    for (int j = 0; j < LANES; j++) {
        low[j] = j / (2 * half) * (2 * half) + j % half + (j / half % 2 ? LANES : 0);
        high[j] = low[j] + half;
    }
    return emit_fadd(e, shuffle2(e, a, b, low, LANES), shuffle2(e, a, b, high, LANES));
}

Value emit_lane_sums(Emit *e, const Value *sum, int count) {
    Value v[LANES];
    int n = count <= LANES / 2 ? LANES / 2 : LANES, half = LANES / 2;
    for (int i = 0; i < n; i++)
        v[i] = i < count ? sum[i] : LLVMGetUndef(e->vf);
    for (; n > 1; half /= 2, n /= 2)
        for (int i = 0; i < n / 2; i++)
            v[i] = add_halves(e, v[i], v[i + n / 2], half);
    if (half == 0)
        return v[0];
    int even[LANES], odd[LANES]; /* eight sums, two lanes each */
    for (int j = 0; j < LANES; j++) {
        even[j] = 2 * j % LANES;
        odd[j] = even[j] + 1;
    }
    return emit_fadd(e, shuffle(e, v[0], even, LANES), shuffle(e, v[0], odd, LANES));
}

void emit_transpose(Emit *e, Value v[LANES]) {
    for (int d = LANES / 2; d >= 1; d /= 2)
        for (int r = 0; r < LANES; r++) {
            if (r & d)
                continue;
            int upper[LANES], lower[LANES]; /* blocks of d columns off the diagonal change places */
            for (int c = 0; c < LANES; c++) {
                upper[c] = c & d ? LANES + c - d : c;
                lower[c] = c & d ? LANES + c : c + d;
            }
            Value a = v[r], b = v[r + d];
            v[r] = shuffle2(e, a, b, upper, LANES);
            v[r + d] = shuffle2(e, a, b, lower, LANES);
        }
}

/* Element k is element from[k] of the vectors one after another: a shuffle for each one met after the
 * first. */
static Value pick(Emit *e, const Value *v, const int *from) {
    Value out = NULL;
    uint64_t met = 0;
    for (int s = 0; s < LANES; s++) {
        int next = from[s] / LANES, index[LANES];
        if (met >> next & 1)
            continue;
        met |= (uint64_t)1 << next;
        for (int k = 0; k < LANES; k++)
            index[k] = from[k] / LANES == next ? from[k] % LANES + (out ? LANES : 0) : k;
        out = out ? shuffle2(e, out, v[next], index, LANES) : shuffle(e, v[next], index, LANES);
    }
    return out;
}

void emit_interleave9(Emit *e, const Value v[9], Value out[9]) {
    Value three[9]; /* of each three vectors, the elements in turn */
    int from[LANES];
    for (int row = 0; row < 3; row++)
        for (int j = 0; j < 3; j++) {
            for (int k = 0; k < LANES; k++)
                from[k] = (j * LANES + k) % 3 * LANES + (j * LANES + k) / 3;
            three[3 * row + j] = pick(e, &v[3 * row], from);
        }
    for (int j = 0; j < 9; j++) {
        for (int k = 0; k < LANES; k++) {
            int at = j * LANES + k;
            from[k] = at % 9 / 3 * 3 * LANES + at / 9 * 3 + at % 3;
        }
        out[j] = pick(e, three, from);
    }
}

Value emit_lanes_below(Emit *e, Value n) {
    Value lane[LANES];
    for (int i = 0; i < LANES; i++)
        lane[i] = LLVMConstInt(e->i32, (unsigned)i, false);
    Value limit = emit_splat(e, LLVMBuildTrunc(e->b, n, e->i32, ""));
    return LLVMBuildICmp(e->b, LLVMIntSLT, LLVMConstVector(lane, LANES), limit, "");
}

static LLVMBasicBlockRef block_new(Emit *e) {
    return LLVMAppendBasicBlockInContext(e->ctx, e->fn, "");
}

void emit_loop_begin(Emit *e, EmitLoop *l, Value from, Value to, Value step, Value *carried,
                     int n) {
    CHECK(n <= EMIT_MAX_CARRIED);
    l->before = LLVMGetInsertBlock(e->b);
    l->body = block_new(e);
    l->after = block_new(e);
    l->to = to;
    l->step = step;
    l->n = n;
    LLVMBuildCondBr(e->b, emit_cmp(e, LLVMIntSLT, from, to), l->body, l->after);
    LLVMPositionBuilderAtEnd(e->b, l->body);
    l->i = LLVMBuildPhi(e->b, e->i64, "");
    LLVMAddIncoming(l->i, &from, &l->before, 1);
    for (int k = 0; k < n; k++) {
        l->initial[k] = carried[k];
        l->top[k] = LLVMBuildPhi(e->b, LLVMTypeOf(carried[k]), "");
        LLVMAddIncoming(l->top[k], &carried[k], &l->before, 1);
        carried[k] = l->top[k];
    }
}

void emit_loop_end(Emit *e, EmitLoop *l, Value *carried) {
    Value next = emit_add(e, l->i, l->step);
    Value again = emit_cmp(e, LLVMIntSLT, next, l->to);
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(e->b);
    LLVMBuildCondBr(e->b, again, l->body, l->after);
    LLVMAddIncoming(l->i, &next, &latch, 1);
    LLVMPositionBuilderAtEnd(e->b, l->after);
    for (int k = 0; k < l->n; k++) {
        LLVMAddIncoming(l->top[k], &carried[k], &latch, 1);
        Value out = LLVMBuildPhi(e->b, LLVMTypeOf(carried[k]), "");
        LLVMAddIncoming(out, &l->initial[k], &l->before, 1);
        LLVMAddIncoming(out, &carried[k], &latch, 1);
        carried[k] = out;
    }
}

void emit_if(Emit *e, EmitIf *f, Value cond) {
    LLVMBasicBlockRef then = block_new(e);
    f->other = block_new(e);
    f->after = block_new(e);
    f->has_else = false;
    LLVMBuildCondBr(e->b, cond, then, f->other);
    LLVMPositionBuilderAtEnd(e->b, then);
}

void emit_else(Emit *e, EmitIf *f) {
    f->has_else = true;
    LLVMBuildBr(e->b, f->after);
    LLVMPositionBuilderAtEnd(e->b, f->other);
}

void emit_endif(Emit *e, EmitIf *f) {
    LLVMBuildBr(e->b, f->after);
    if (!f->has_else) {
        LLVMPositionBuilderAtEnd(e->b, f->other);
        LLVMBuildBr(e->b, f->after);
    }
    LLVMPositionBuilderAtEnd(e->b, f->after);
}

void emit_store_floats(Emit *e, const Value *v, int n, Value left, Value ptr) {
    EmitIf whole, exists;
    emit_if(e, &whole, emit_cmp(e, LLVMIntSGE, left, emit_int(e, (int64_t)n * LANES)));
    for (int k = 0; k < n; k++)
        emit_store_part(e, v[k], 0, LANES, emit_ati(e, ptr, (int64_t)k * LANES * 4));
    emit_else(e, &whole);
    for (int k = 0; k < n * LANES; k++) {
        emit_if(e, &exists, emit_cmp(e, LLVMIntSLT, emit_int(e, k), left));
        emit_store_part(e, v[k / LANES], k % LANES, 1, emit_ati(e, ptr, (int64_t)k * 4));
        emit_endif(e, &exists);
    }
    emit_endif(e, &whole);
}
