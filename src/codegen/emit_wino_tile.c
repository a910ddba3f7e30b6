/* Transforms of Winograd's tiles along one axis, the table of tiles, and the 8x8 transposition that brings
 * weights into lanes and back. Input and output: see wino.h. */
#include "codegen/wino.h"

static Value times(Emit *e, Value a, double factor, Value plus) {
    return emit_fma(e, a, emit_vec(e, (float)factor), plus);
}

/* The points 0, P, -P, Q, -Q and infinity. 5/8 and 3/2 are exact with their powers, and halve the error (a
 * third of the largest) of the usual 1 and 2, since no entry of a transform is far from 1. */
#define P 0.625
#define Q 1.5

/* Rows of B': the products of x - y over the other points y as polynomials, lowest power first. */
Value wino_input_row(Emit *e, int row, const Value d[6]) {
    if (row == 0 || row == 5) {
        const Value *v = row == 0 ? d : d + 1;
        return times(e, v[2], -(P * P + Q * Q), times(e, v[0], P * P * Q * Q, v[4]));
    }
    double point = row <= 2 ? P : Q, other = row <= 2 ? Q : P;
    Value even = times(e, d[2], -other * other, d[4]), odd = times(e, d[1], -other * other, d[3]);
    return times(e, odd, row % 2 ? point : -point, even);
}

void wino_input_line(Emit *e, const Value d[6], Value t[6]) {
    for (int row = 0; row < 6; row++)
        t[row] = wino_input_row(e, row, d);
}

static Value weighted(Emit *e, Value a, double by_a, Value b, double by_b) {
    return times(e, b, by_b, emit_fmul(e, a, emit_vec(e, (float)by_a)));
}

void wino_output_line(Emit *e, const Value m[6], Value y[4]) {
    Value even1 = emit_fadd(e, m[1], m[2]), odd1 = emit_fsub(e, m[1], m[2]);
    Value even2 = emit_fadd(e, m[3], m[4]), odd2 = emit_fsub(e, m[3], m[4]);
    y[0] = emit_fadd(e, emit_fadd(e, m[0], even1), even2);
    y[1] = weighted(e, odd1, P, odd2, Q);
    y[2] = weighted(e, even1, P * P, even2, Q * Q);
    y[3] = emit_fadd(e, weighted(e, odd1, P * P * P, odd2, Q * Q * Q), m[5]);
}

Value wino_gradient_row(Emit *e, int row, const Value y[4]) {
    if (row == 0 || row == 5)
        return row == 0 ? y[0] : y[3];
    double point = row <= 2 ? P : Q;
    Value even = times(e, y[2], point * point, y[0]), odd = times(e, y[3], point * point, y[1]);
    return times(e, odd, row % 2 ? point : -point, even);
}

double wino_filter_entry(int row, int column) {
    if (row == 0 || row == 5)
        return column != (row == 0 ? 0 : 2) ? 0 : row == 0 ? 1 / (P * P * Q * Q) : 1;
    double point = row <= 2 ? P : Q, other = row <= 2 ? Q : P;
    double scale = 1 / (2 * point * point * (point * point - other * other));
    double power[3] = {1, row % 2 ? point : -point, point * point};
    return scale * power[column];
}

void wino_filter_line(Emit *e, const Value w[3], Value t[6]) {
    t[0] = emit_fmul(e, w[0], emit_vec(e, (float)wino_filter_entry(0, 0)));
    for (int row = 1; row < 5; row++) {
        Value even = weighted(e, w[0], wino_filter_entry(row, 0), w[2], wino_filter_entry(row, 2));
        t[row] = times(e, w[1], wino_filter_entry(row, 1), even);
    }
    t[5] = w[2];
}

enum { ENTRY_AT, ENTRY_ROW, ENTRY_COL, ENTRY_OUT_AT, ENTRY_OUT_ROWS, ENTRY_OUT_COLS, ENTRY_LANES };
enum { ENTRY_BYTES = 64 };

static void put(Emit *e, Value entry, int field, Value v) {
    LLVMSetAlignment(LLVMBuildStore(e->b, v, emit_ati(e, entry, field * 8)), 8);
}

static Value get(Emit *e, Value entry, int field) {
    Value v = LLVMBuildLoad2(e->b, e->i64, emit_ati(e, entry, field * 8), "");
    LLVMSetAlignment(v, 8);
    return v;
}

Value wino_tiles_across(Emit *e, Value size) {
    return LLVMBuildUDiv(e->b, emit_addi(e, size, 3), emit_int(e, 4), "");
}

void wino_write_table(Emit *e, const WinoMaps *m, Value table, Value first, Value count) {
    Value across = wino_tiles_across(e, m->out_cols);
    Value in_block = emit_mul(e, across, wino_tiles_across(e, m->out_rows));
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), count, emit_int(e, 1), NULL, 0);
    Value tile = emit_add(e, first, l.i);
    Value block = LLVMBuildUDiv(e->b, tile, in_block, "");
    Value place = emit_sub(e, tile, emit_mul(e, block, in_block));
    Value down = LLVMBuildUDiv(e->b, place, across, "");
    Value row = emit_muli(e, down, 4);
    Value col = emit_muli(e, emit_sub(e, place, emit_mul(e, down, across)), 4);
    Value in_row = emit_sub(e, row, m->pad_rows), in_col = emit_sub(e, col, m->pad_cols);
    Value at = emit_muli(e, emit_add(e, emit_mul(e, in_row, m->cols), in_col), 64);
    Value out_at = emit_muli(e, emit_add(e, emit_mul(e, row, m->out_cols), col), 64);
    Value entry = emit_at(e, table, emit_muli(e, l.i, ENTRY_BYTES));
    put(e, entry, ENTRY_AT, emit_add(e, at, emit_mul(e, block, m->block)));
    put(e, entry, ENTRY_ROW, in_row);
    put(e, entry, ENTRY_COL, in_col);
    put(e, entry, ENTRY_OUT_AT, emit_add(e, out_at, emit_mul(e, block, m->out_block)));
    put(e, entry, ENTRY_OUT_ROWS, emit_sub(e, m->out_rows, row));
    put(e, entry, ENTRY_OUT_COLS, emit_sub(e, m->out_cols, col));
    if (m->valid) {
        Value last = emit_cmp(e, LLVMIntEQ, block, emit_addi(e, m->blocks, -1));
        put(e, entry, ENTRY_LANES, emit_select(e, last, m->valid, emit_int(e, LANES)));
    }
    emit_loop_end(e, &l, NULL);
}

WinoTile wino_read_table(Emit *e, Value table, Value index) {
    Value entry = emit_at(e, table, emit_muli(e, index, ENTRY_BYTES));
    return (WinoTile){get(e, entry, ENTRY_AT),       get(e, entry, ENTRY_ROW),
                      get(e, entry, ENTRY_COL),      get(e, entry, ENTRY_OUT_AT),
                      get(e, entry, ENTRY_OUT_ROWS), get(e, entry, ENTRY_OUT_COLS),
                      get(e, entry, ENTRY_LANES)};
}

WinoInside wino_inside(Emit *e, const WinoTile *t, const WinoMaps *m) {
    WinoInside in;
    for (int k = 0; k < 6; k++) {
        in.row[k] = emit_in_range(e, emit_addi(e, t->row, k), m->rows);
        in.col[k] = emit_in_range(e, emit_addi(e, t->col, k), m->cols);
    }
    return in;
}

/* Element j of the result: of a (or b) at j, or at j -+ distance, where bit `distance` of j says so. */
static Value swap_half(Emit *e, Value a, Value b, int distance, bool low) {
    Value mask[LANES];
    for (int j = 0; j < LANES; j++) {
        bool set = (j & distance) != 0;
        int from = low ? (set ? LANES + j - distance : j) : (set ? LANES + j : j + distance);
        mask[j] = LLVMConstInt(e->i32, (unsigned)from, false);
    }
    return LLVMBuildShuffleVector(e->b, a, b, LLVMConstVector(mask, LANES), "");
}

void wino_transpose(Emit *e, Value v[8]) {
    for (int distance = 1; distance < 8; distance *= 2) {
        for (int k = 0; k < 8; k++) {
            if (k & distance)
                continue;
            Value a = v[k], b = v[k + distance];
            v[k] = swap_half(e, a, b, distance, true);
            v[k + distance] = swap_half(e, a, b, distance, false);
        }
    }
}
