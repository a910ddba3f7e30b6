/* Transforms of Winograd's tiles along one axis, the table of tiles, and the 8x8 transposition that
 * brings weights into lanes and back. Input and output: see wino.h. */
#include "codegen/wino.h"

static Value times(Emit *e, Value a, double factor, Value plus) {
    return emit_fma(e, a, emit_vec(e, (float)factor), plus);
}

/* The points 0, P, -P, Q, -Q and infinity. 5/8 and 3/2 are exact with their powers, and halve the
 * error (a third of the largest) of the usual 1 and 2, since no entry of a transform is far from 1.
 */
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

/* Fields of an entry: eight bytes each, the masks two. */
enum {
    ENTRY_AT = 0,
    ENTRY_ROW = 8,
    ENTRY_OUT_AT = 16,
    ENTRY_OUT_ROWS = 24,
    ENTRY_COLUMN = 32,
    ENTRY_OUT_COLUMN = 56,
    ENTRY_MASK = 72,
    ENTRY_OUT_MASK = 84,
};

static void put(Emit *e, Value entry, int field, LLVMTypeRef type, Value v) {
    Value cut = type == e->i64 ? v : LLVMBuildTrunc(e->b, v, type, "");
    LLVMSetAlignment(LLVMBuildStore(e->b, cut, emit_ati(e, entry, field)), 2);
}

static Value get(Emit *e, Value entry, int field, LLVMTypeRef type) {
    Value v = LLVMBuildLoad2(e->b, type, emit_ati(e, entry, field), "");
    LLVMSetAlignment(v, 2);
    return v;
}

Value wino_tiles_across(Emit *e, Value size) {
    return LLVMBuildUDiv(e->b, emit_addi(e, size, 3), emit_int(e, 4), "");
}

/* Offsets from the first, and masks, of n columns of a map `size` wide; all of 0 .. 5 columns. */
static void put_columns(Emit *e, Value entry, Value first, Value size, Value lanes, int n,
                        int field, int mask_field) {
    LLVMTypeRef i16 = LLVMInt16TypeInContext(e->ctx);
    for (int c = 0; c < n; c++) {
        Value col = emit_addi(e, first, c), zero = emit_int(e, 0);
        Value inside = emit_max(e, emit_min(e, col, emit_addi(e, size, -1)), zero);
        put(e, entry, field + c * 4, e->i32, emit_muli(e, emit_sub(e, inside, first), 64));
        put(e, entry, mask_field + c * 2, i16,
            emit_select(e, emit_in_range(e, col, size), lanes, zero));
    }
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
    Value lanes = emit_int(e, 0xffff);
    Value out_at = emit_muli(e, emit_add(e, emit_mul(e, row, m->out_cols), col), 64);
    Value entry = emit_at(e, table, emit_muli(e, l.i, WINO_ENTRY_BYTES));
    if (m->valid) {
        Value last = emit_cmp(e, LLVMIntEQ, block, emit_addi(e, m->blocks, -1));
        Value some = emit_addi(e, LLVMBuildShl(e->b, emit_int(e, 1), m->valid, ""), -1);
        lanes = emit_select(e, last, some, lanes);
    }
    put(e, entry, ENTRY_AT, e->i64, emit_add(e, at, emit_mul(e, block, m->block)));
    put(e, entry, ENTRY_ROW, e->i64, in_row);
    put(e, entry, ENTRY_OUT_AT, e->i64, emit_add(e, out_at, emit_mul(e, block, m->out_block)));
    put(e, entry, ENTRY_OUT_ROWS, e->i64, emit_sub(e, m->out_rows, row));
    put_columns(e, entry, in_col, m->cols, lanes, 6, ENTRY_COLUMN, ENTRY_MASK);
    put_columns(e, entry, col, m->out_cols, lanes, 4, ENTRY_OUT_COLUMN, ENTRY_OUT_MASK);
    emit_loop_end(e, &l, NULL);
}

static Value get_column(Emit *e, Value entry, int field) {
    return LLVMBuildSExt(e->b, get(e, entry, field, e->i32), e->i64, "");
}

static Value get_mask(Emit *e, Value entry, int field) {
    return LLVMBuildBitCast(e->b, get(e, entry, field, LLVMInt16TypeInContext(e->ctx)), e->vi1, "");
}

WinoTile wino_read_table(Emit *e, Value table, Value index) {
    Value entry = emit_at(e, table, emit_muli(e, index, WINO_ENTRY_BYTES));
    WinoTile t = {.at = get(e, entry, ENTRY_AT, e->i64),
                  .row = get(e, entry, ENTRY_ROW, e->i64),
                  .out_at = get(e, entry, ENTRY_OUT_AT, e->i64),
                  .out_rows = get(e, entry, ENTRY_OUT_ROWS, e->i64)};
    for (int c = 0; c < 6; c++) {
        t.column[c] = get_column(e, entry, ENTRY_COLUMN + c * 4);
        t.mask[c] = get_mask(e, entry, ENTRY_MASK + c * 2);
    }
    for (int c = 0; c < 4; c++) {
        t.out_column[c] = get_column(e, entry, ENTRY_OUT_COLUMN + c * 4);
        t.out_mask[c] = get_mask(e, entry, ENTRY_OUT_MASK + c * 2);
    }
    return t;
}

Value wino_zero_row(Emit *e) {
    LLVMTypeRef type = LLVMArrayType2(e->vf, 6);
    Value global = LLVMAddGlobal(e->module, type, "zeros");
    LLVMSetInitializer(global, LLVMConstNull(type));
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetAlignment(global, 64);
    return global;
}

void wino_rows(Emit *e, const WinoTile *t, const WinoMaps *m, Value plane, Value bytes,
               Value outside, Value row[6]) {
    Value p = emit_opaque(e, emit_at(e, plane, t->at));
    for (int r = 0; r < 6; r++) {
        row[r] = emit_select(e, emit_in_range(e, emit_addi(e, t->row, r), m->rows), p, outside);
        p = emit_at(e, p, bytes);
    }
}

void wino_out_rows(Emit *e, const WinoTile *t, Value plane, Value bytes, Value outside,
                   Value row[4]) {
    Value p = emit_opaque(e, emit_at(e, plane, t->out_at));
    for (int r = 0; r < 4; r++) {
        row[r] = emit_select(e, emit_cmp(e, LLVMIntSGT, t->out_rows, emit_int(e, r)), p, outside);
        p = emit_at(e, p, bytes);
    }
}

Value wino_load(Emit *e, Value row, Value column, Value mask) {
    return emit_select(e, mask, emit_load(e, emit_at(e, row, column)), emit_vec(e, 0));
}

/* Element j of the result: of a (or b) at j, or at j -+ distance, where bit `distance` of j says
 * so. */
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
