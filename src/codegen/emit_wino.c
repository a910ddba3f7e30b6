/* wino: 3x3 convolution by transformed tiles, forward or for the input's gradient (kernel_args.h,
 * WinoArg).
 *
 * For a block of tiles: v[36][c][tile] = transformed source; then, for a block of output channels
 * at a time, m[36][k][tile] = sum over c of u[36][k][c] * v[36][c][tile], fused multiply-add with c
 * ascending, and the inverse transform of m with bias and relu into the destination. Results do not
 * depend on the sizes of the blocks. Planes of v and m are one vector apart from a multiple of
 * their size, lest all 36 meet in one set of the cache. The last block of tiles in registers is
 * moved back so that it is full. */
#include "codegen/conv_nest.h"
#include "codegen/wino.h"

enum { MAX_KB = 16, MAX_WB = 4, MAX_ACC = 16 };

typedef struct Wino {
    Emit *e;
    WinoDesc d;
    WinoMaps maps;
    Value zeros, dump; /* a row to read in place of none, one to write that nobody reads */
    Value table, v, m;
    Value channels_in, channels_out;
    Value row, plane, out_row, out_plane; /* bytes */
    Value tiles;                          /* places for tiles in v and m */
    Value v_plane, m_plane;               /* bytes of one of the 36 */
    Value u_plane, u_group;
    Value count;           /* tiles of the block being worked */
    Value first_out, outs; /* output channels being worked: the first and how many */
    int kb, wb;
    Value xi;
} Wino;

static Value one(Emit *e) {
    return emit_int(e, 1);
}

/* Transformed source tile of one channel. */
static void transform_input(Wino *w, Value src, Value v, Value index) {
    Emit *e = w->e;
    WinoTile t = wino_read_table(e, w->table, index);
    Value half[6][6], line[6], out[6], row[6];
    wino_rows(e, &t, &w->maps, src, w->row, w->zeros, row);
    for (int c = 0; c < 6; c++) {
        for (int r = 0; r < 6; r++)
            line[r] = wino_load(e, row[r], t.column[c], t.mask[c]);
        wino_input_line(e, line, out);
        for (int r = 0; r < 6; r++)
            half[r][c] = out[r];
    }
    Value to = emit_opaque(e, emit_at(e, v, emit_muli(e, index, 64)));
    for (int r = 0; r < 6; r++) {
        wino_input_line(e, half[r], out);
        for (int c = 0; c < 6; c++) {
            emit_store(e, out[c], to);
            to = emit_at(e, to, w->v_plane);
        }
    }
}

static void write_inputs(Wino *w) {
    Emit *e = w->e;
    EmitLoop c, t;
    emit_loop_begin(e, &c, emit_int(e, 0), w->channels_in, one(e), NULL, 0);
    Value src = emit_at(e, emit_arg_ptr(e, WINO_SRC), emit_mul(e, c.i, w->plane));
    Value v = emit_at(e, w->v, emit_mul(e, c.i, emit_muli(e, w->tiles, 64)));
    emit_loop_begin(e, &t, emit_int(e, 0), w->count, one(e), NULL, 0);
    transform_input(w, src, v, t.i);
    emit_loop_end(e, &t, NULL);
    emit_loop_end(e, &c, NULL);
}

/* kb channels from w->first_out + k on, wb tiles from `tile` on. */
static void multiply_block(Wino *w, Value k, Value tile) {
    Emit *e = w->e;
    Value acc[MAX_ACC], x[MAX_WB], tile_bytes = emit_muli(e, tile, 64);
    Value out = emit_add(e, w->first_out, k), stride = emit_muli(e, w->tiles, 64);
    Value group = LLVMBuildUDiv(e->b, out, emit_int(e, LANES), "");
    Value lane = emit_sub(e, out, emit_muli(e, group, LANES));
    Value u = emit_at(e, emit_arg_ptr(e, WINO_U), emit_mul(e, w->xi, w->u_plane));
    u = emit_at(e, u, emit_add(e, emit_mul(e, group, w->u_group), emit_muli(e, lane, 4)));
    Value v = emit_at(e, emit_at(e, w->v, emit_mul(e, w->xi, w->v_plane)), tile_bytes);
    for (int a = 0; a < w->kb * w->wb; a++)
        acc[a] = emit_vec(e, 0);
    EmitLoop c;
    emit_loop_begin(e, &c, emit_int(e, 0), w->channels_in, one(e), acc, w->kb * w->wb);
    Value uc = emit_opaque(e, emit_at(e, u, emit_muli(e, c.i, 64)));
    Value vc = emit_opaque(e, emit_at(e, v, emit_mul(e, c.i, stride)));
    for (int j = 0; j < w->wb; j++)
        x[j] = emit_load(e, emit_ati(e, vc, j * 64));
    for (int i = 0; i < w->kb; i++) {
        Value weight = emit_load_splat(e, emit_ati(e, uc, i * 4));
        for (int j = 0; j < w->wb; j++)
            acc[i * w->wb + j] = emit_fma(e, x[j], weight, acc[i * w->wb + j]);
    }
    emit_loop_end(e, &c, acc);
    Value m = emit_at(e, emit_at(e, w->m, emit_mul(e, w->xi, w->m_plane)), tile_bytes);
    m = emit_at(e, m, emit_mul(e, k, stride));
    for (int i = 0; i < w->kb; i++) {
        for (int j = 0; j < w->wb; j++)
            emit_store(e, acc[i * w->wb + j], emit_ati(e, m, j * 64));
        m = emit_at(e, m, stride);
    }
}

/* The sizes of an outer product that registers hold: wb tiles, or one where there are fewer. */
static void multiply_tiles(void *user, int wb, Value tile) {
    Wino *w = user;
    Emit *e = w->e;
    int registers = emit_registers(e);
    w->wb = wb;
    w->kb = wb == 1 ? (registers >= 32 ? 8 : registers >= 8 ? 4 : 2) : registers >= 32 ? 4 : 2;
    EmitLoop k;
    emit_loop_begin(e, &k, emit_int(e, 0), w->outs, emit_int(e, w->kb), NULL, 0);
    multiply_block(w, k.i, tile);
    emit_loop_end(e, &k, NULL);
}

static void multiply(Wino *w) {
    Emit *e = w->e;
    int registers = emit_registers(e);
    EmitLoop xi;
    emit_loop_begin(e, &xi, emit_int(e, 0), emit_int(e, 36), one(e), NULL, 0);
    w->xi = xi.i;
    conv_blocked_range(e, emit_int(e, 0), w->count,
                       registers >= 32  ? 4
                       : registers >= 8 ? 2
                                        : 1,
                       multiply_tiles, w);
    emit_loop_end(e, &xi, NULL);
}

static void transform_output(Wino *w, const WinoTile *t, Value m, Value dst, Value bias) {
    Emit *e = w->e;
    Value half[4][6], line[6], out[4];
    m = emit_opaque(e, m);
    for (int r = 0; r < 6; r++) {
        for (int c = 0; c < 6; c++) {
            line[c] = emit_load(e, m);
            m = emit_at(e, m, w->m_plane);
        }
        wino_output_line(e, line, out);
        for (int c = 0; c < 4; c++)
            half[c][r] = out[c];
    }
    Value column[4][4], row[4];
    wino_out_rows(e, t, dst, w->out_row, w->dump, row);
    for (int c = 3; c >= 0; c--) /* a column outside is stored where a later one will be */
        wino_output_line(e, half[c], column[c]);
    for (int r = 0; r < 4; r++) {
        for (int c = 3; c >= 0; c--) {
            Value y = column[c][r];
            y = bias ? emit_fadd(e, y, bias) : y;
            y = w->d.relu ? emit_relu(e, y) : y;
            emit_store(e, y, emit_at(e, row[r], t->out_column[c]));
        }
    }
}

static void write_outputs(Wino *w) {
    Emit *e = w->e;
    EmitLoop k, t;
    emit_loop_begin(e, &k, emit_int(e, 0), w->outs, one(e), NULL, 0);
    Value out = emit_add(e, w->first_out, k.i);
    Value dst = emit_at(e, emit_arg_ptr(e, WINO_DST), emit_mul(e, out, w->out_plane));
    Value m = emit_at(e, w->m, emit_mul(e, k.i, emit_muli(e, w->tiles, 64)));
    Value bias = NULL;
    if (w->d.bias)
        bias = emit_load_splat(e, emit_at(e, emit_arg_ptr(e, WINO_BIAS), emit_muli(e, out, 4)));
    emit_loop_begin(e, &t, emit_int(e, 0), w->count, one(e), NULL, 0);
    WinoTile tile = wino_read_table(e, w->table, t.i);
    transform_output(w, &tile, emit_at(e, m, emit_muli(e, t.i, 64)), dst, bias);
    emit_loop_end(e, &t, NULL);
    emit_loop_end(e, &k, NULL);
}

static void work_tiles(Wino *w, Value first) {
    Emit *e = w->e;
    w->count = emit_min(e, w->tiles, emit_sub(e, e->hi, first));
    wino_write_table(e, &w->maps, w->table, first, w->count);
    write_inputs(w);
    Value chunk = emit_arg(e, WINO_CHANNELS);
    EmitLoop k;
    emit_loop_begin(e, &k, emit_int(e, 0), w->channels_out, chunk, NULL, 0);
    w->first_out = k.i;
    w->outs = emit_min(e, chunk, emit_sub(e, w->channels_out, k.i));
    multiply(w);
    write_outputs(w);
    emit_loop_end(e, &k, NULL);
}

void emit_wino(Emit *e, const char *text) {
    Wino w = {.e = e, .d = kernel_read_wino(text), .zeros = wino_zero_row(e)};
    WinoMaps *maps = &w.maps;
    maps->rows = emit_arg(e, WINO_H), maps->cols = emit_arg(e, WINO_WIDTH);
    maps->out_rows = emit_arg(e, WINO_OH), maps->out_cols = emit_arg(e, WINO_OW);
    maps->block = emit_arg(e, WINO_SRC_BLOCK), maps->out_block = emit_arg(e, WINO_DST_BLOCK);
    maps->pad_rows = emit_arg(e, WINO_PAD_H), maps->pad_cols = emit_arg(e, WINO_PAD_W);
    w.row = emit_muli(e, maps->cols, 64), w.out_row = emit_muli(e, maps->out_cols, 64);
    w.plane = emit_mul(e, w.row, maps->rows), w.out_plane = emit_mul(e, w.out_row, maps->out_rows);
    w.channels_in = emit_arg(e, WINO_C), w.channels_out = emit_arg(e, WINO_K);
    w.tiles = emit_arg(e, WINO_TILES);
    Value tile_bytes = emit_muli(e, w.tiles, 64);
    w.v_plane = emit_addi(e, emit_mul(e, w.channels_in, tile_bytes), 64);
    w.m_plane = emit_addi(e, emit_mul(e, emit_arg(e, WINO_CHANNELS), tile_bytes), 64);
    Value groups =
        LLVMBuildUDiv(e->b, emit_addi(e, w.channels_out, LANES - 1), emit_int(e, LANES), "");
    w.u_group = emit_muli(e, w.channels_in, 64);
    w.u_plane = emit_mul(e, groups, w.u_group);
    w.dump = emit_arg_ptr(e, WINO_SCRATCH);
    w.table = emit_ati(e, w.dump, 4 * 64);
    w.v = emit_at(e, w.table, emit_muli(e, w.tiles, WINO_ENTRY_BYTES));
    w.m = emit_at(e, w.v, emit_muli(e, w.v_plane, 36));
    EmitLoop first;
    emit_loop_begin(e, &first, e->lo, e->hi, w.tiles, NULL, 0);
    work_tiles(&w, first.i);
    emit_loop_end(e, &first, NULL);
}
