/* wino_filter: 3x3 windows -> u[36][lane channels / 16][reduced channels][16 lane channels]
 * (kernel_args.h, WinoFilterArg). The lane channels are those that the convolution writes; for the
 * gradient the windows are turned by 180 degrees. Lanes past the last channel repeat it. */
#include "codegen/wino.h"

typedef struct Filter {
    Emit *e;
    bool turned;
    Value lane[LANES]; /* bytes of weights to each lane's channel */
} Filter;

static Value load_half(Emit *e, Value ptr) {
    Value v = LLVMBuildLoad2(e->b, LLVMVectorType(e->f32, 8), ptr, "");
    LLVMSetAlignment(v, 4);
    return v;
}

static Value join_halves(Emit *e, Value a, Value b) {
    Value mask[LANES];
    for (unsigned j = 0; j < LANES; j++)
        mask[j] = LLVMConstInt(e->i32, j, false);
    return LLVMBuildShuffleVector(e->b, a, b, LLVMConstVector(mask, LANES), "");
}

/* The nine taps of one reduced channel, 16 lane channels each, in the order the transform wants. */
static void load_taps(Filter *f, Value w, Value taps[9]) {
    Emit *e = f->e;
    Value v[9];
    for (int k = 0; k < 8; k++)
        v[k] = join_halves(e, load_half(e, emit_at(e, w, f->lane[k])),
                           load_half(e, emit_at(e, w, f->lane[k + 8])));
    wino_transpose(e, v);
    v[8] = LLVMGetPoison(e->vf);
    for (unsigned k = 0; k < LANES; k++) {
        Value tap = emit_load_float(e, emit_ati(e, emit_at(e, w, f->lane[k]), 32));
        v[8] = LLVMBuildInsertElement(e->b, v[8], tap, LLVMConstInt(e->i32, k, false), "");
    }
    for (int k = 0; k < 9; k++)
        taps[k] = v[f->turned ? 8 - k : k];
}

static void transform(Filter *f, Value w, Value u, Value plane) {
    Emit *e = f->e;
    Value taps[9], half[6][3];
    load_taps(f, w, taps);
    for (int col = 0; col < 3; col++) {
        Value line[3] = {taps[col], taps[3 + col], taps[6 + col]}, t[6];
        wino_filter_line(e, line, t);
        for (int row = 0; row < 6; row++)
            half[row][col] = t[row];
    }
    for (int row = 0; row < 6; row++) {
        Value t[6];
        wino_filter_line(e, half[row], t);
        for (int col = 0; col < 6; col++) {
            emit_store(e, t[col], u);
            u = emit_at(e, u, plane);
        }
    }
}

void emit_wino_filter(Emit *e, const char *text) {
    Filter f = {.e = e, .turned = kernel_read_wino_filter(text)};
    Value lanes = emit_arg(e, WINO_FILTER_LANES), reduced = emit_arg(e, WINO_FILTER_REDUCED);
    Value lane_step = emit_arg(e, WINO_FILTER_LANE_STEP), step = emit_arg(e, WINO_FILTER_STEP);
    Value groups = LLVMBuildUDiv(e->b, emit_addi(e, lanes, LANES - 1), emit_int(e, LANES), "");
    Value group_bytes = emit_muli(e, reduced, 64);
    Value plane = emit_mul(e, groups, group_bytes);
    EmitLoop group, channel;
    emit_loop_begin(e, &group, e->lo, e->hi, emit_int(e, 1), NULL, 0);
    for (int k = 0; k < LANES; k++) {
        Value c = emit_addi(e, emit_muli(e, group.i, LANES), k);
        f.lane[k] = emit_mul(e, emit_min(e, c, emit_addi(e, lanes, -1)), lane_step);
    }
    Value u = emit_at(e, emit_arg_ptr(e, WINO_FILTER_U), emit_mul(e, group.i, group_bytes));
    emit_loop_begin(e, &channel, emit_int(e, 0), reduced, emit_int(e, 1), NULL, 0);
    Value w = emit_at(e, emit_arg_ptr(e, WINO_FILTER_W), emit_mul(e, channel.i, step));
    transform(&f, emit_opaque(e, w), emit_opaque(e, emit_at(e, u, emit_muli(e, channel.i, 64))),
              plane);
    emit_loop_end(e, &channel, NULL);
    emit_loop_end(e, &group, NULL);
}
