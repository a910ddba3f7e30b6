/* copy: strided blocks of bytes moved or cleared (kernel_args.h, CopyArg): what concat, slice and
 * embed come to in the lanes layout and in dense arrays. Whole vectors first, then single floats;
 * source and destination may be aligned to 4 bytes only. */
#include "codegen/emit.h"
#include "codegen/kernel_args.h"

/* One vector or float at byte `at` of the run. */
static void move_piece(Emit *e, CopyOp op, LLVMTypeRef type, Value src, Value dst, Value at) {
    Value v = LLVMConstNull(type);
    if (op == COPY_MOVE) {
        v = LLVMBuildLoad2(e->b, type, emit_at(e, src, at), "");
        LLVMSetAlignment(v, 4);
    }
    LLVMSetAlignment(LLVMBuildStore(e->b, v, emit_at(e, dst, at)), 4);
}

static void move_run(Emit *e, CopyOp op, Value src, Value dst, Value len) {
    Value whole = emit_and(e, len, emit_int(e, -64));
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), whole, emit_int(e, 64), NULL, 0);
    move_piece(e, op, e->vf, src, dst, l.i);
    emit_loop_end(e, &l, NULL);
    emit_loop_begin(e, &l, whole, len, emit_int(e, 4), NULL, 0);
    move_piece(e, op, e->f32, src, dst, l.i);
    emit_loop_end(e, &l, NULL);
}

static Value place(Emit *e, Value ptr, Value i, int stride_arg) {
    return emit_at(e, ptr, emit_mul(e, i, emit_arg(e, stride_arg)));
}

void emit_copy(Emit *e, const char *text) {
    CopyOp op = kernel_read_copy(text);
    Value src = emit_arg_ptr(e, COPY_SRC), dst = emit_arg_ptr(e, COPY_DST);
    Value zero = emit_int(e, 0), one = emit_int(e, 1), len = emit_arg(e, COPY_LEN);
    EmitLoop a, b, r;
    emit_loop_begin(e, &a, zero, emit_arg(e, COPY_A), one, NULL, 0);
    Value src_a = place(e, src, a.i, COPY_SRC_A), dst_a = place(e, dst, a.i, COPY_DST_A);
    emit_loop_begin(e, &b, e->lo, e->hi, one, NULL, 0);
    Value src_b = place(e, src_a, b.i, COPY_SRC_B), dst_b = place(e, dst_a, b.i, COPY_DST_B);
    emit_loop_begin(e, &r, zero, emit_arg(e, COPY_ROWS), one, NULL, 0);
    move_run(e, op, place(e, src_b, r.i, COPY_SRC_R), place(e, dst_b, r.i, COPY_DST_R), len);
    emit_loop_end(e, &r, NULL);
    emit_loop_end(e, &b, NULL);
    emit_loop_end(e, &a, NULL);
}
