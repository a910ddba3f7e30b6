/* wino_dw: weight gradient of a 3x3 convolution by transformed tiles (kernel_args.h, WinoDwArg):
 * dw = G' (sum over tiles of (A dy A') .* (B' x B)) G, the transpose of what wino computes.
 *
 * WINO_DW_TILES tiles at a time, and of their 36 places two rows in each of three passes, so that
 * all stays in the cache: v[12][c / 4][tile][4] and g[12][k / 4][tile][4] hold the transformed
 * rows, s[12][k / 4][c / 4][4 k][4 c] their sums over tiles, then lanes; dw9[9][k / 4][c / 4][16]
 * gathers the inverse transform over passes and blocks of tiles. Channels past the last repeat it,
 * to the same bits. Planes of v and g are one vector apart, as in wino. Sums over tiles and lanes may
 * be made another way, to the same bits: see wino_dw_by_image.c. */
#include "codegen/conv_algorithm.h"
#include "codegen/wino_dw.h"

enum { BLOCK = WINO_DW_BLOCK, PLANES = WINO_DW_PLANES, PASSES = 3 };

/* The rows of a pass share most of their operations. */
static const int rows_of_pass[PASSES][2] = {{1, 2}, {3, 4}, {0, 5}};

static Value one(Emit *e) {
    return emit_int(e, 1);
}

static Value blocks_of(Emit *e, Value channels) {
    return LLVMBuildUDiv(e->b, emit_addi(e, channels, BLOCK - 1), emit_int(e, BLOCK), "");
}

/* Two rows of a transformed source tile. */
static void input_pass(WinoWeights *w, const int rows[2], const WinoTile *t, const Value row[6],
                       Value to) {
    Value half[2][6];
    for (int c = 0; c < 6; c++) {
        Value d[6];
        for (int r = 0; r < 6; r++)
            d[r] = wino_load(w->e, row[r], t->column[c], t->mask[c]);
        for (int r = 0; r < 2; r++)
            half[r][c] = wino_input_row(w->e, rows[r], d);
    }
    for (int r = 0; r < 2; r++) {
        for (int j = 0; j < 6; j++) {
            emit_store(w->e, wino_input_row(w->e, j, half[r]), to);
            to = emit_at(w->e, to, w->v_plane);
        }
    }
}

static void gradient_pass(WinoWeights *w, const int rows[2], const WinoTile *t, const Value row[4],
                          Value to) {
    Value half[2][4];
    for (int c = 0; c < 4; c++) {
        Value y[4];
        for (int r = 0; r < 4; r++)
            y[r] = wino_load(w->e, row[r], t->out_column[c], t->out_mask[c]);
        for (int r = 0; r < 2; r++)
            half[r][c] = wino_gradient_row(w->e, rows[r], y);
    }
    for (int r = 0; r < 2; r++) {
        for (int j = 0; j < 6; j++) {
            emit_store(w->e, wino_gradient_row(w->e, j, half[r]), to);
            to = emit_at(w->e, to, w->g_plane);
        }
    }
}

/* All tiles of one channel, for the pass being worked. */
static void transform_channel(WinoWeights *w, bool gradient, Value plane, Value to) {
    Emit *e = w->e;
    EmitLoop l;
    Value row[6];
    emit_loop_begin(e, &l, emit_int(e, 0), w->count, one(e), NULL, 0);
    WinoTile t = wino_read_table(e, w->table, l.i);
    if (gradient)
        wino_out_rows(e, &t, plane, w->out_row, w->zeros, row);
    else
        wino_rows(e, &t, &w->maps, plane, w->row, w->zeros, row);
    Value out = emit_opaque(e, emit_at(e, to, emit_muli(e, l.i, BLOCK * 64)));
    for (int pass = 0; pass < PASSES; pass++) {
        EmitIf f;
        emit_if(e, &f, emit_cmp(e, LLVMIntEQ, w->pass, emit_int(e, pass)));
        if (gradient)
            gradient_pass(w, rows_of_pass[pass], &t, row, out);
        else
            input_pass(w, rows_of_pass[pass], &t, row, out);
        emit_endif(e, &f);
    }
    emit_loop_end(e, &l, NULL);
}

static void transform_channels(WinoWeights *w, bool gradient) {
    Emit *e = w->e;
    Value blocks = gradient ? w->out_blocks : w->in_blocks;
    Value last = emit_addi(e, gradient ? w->out : w->in, -1);
    Value src = emit_arg_ptr(e, gradient ? WINO_DW_DY : WINO_DW_X);
    if (gradient)
        src = emit_at(e, src, emit_mul(e, e->lo, w->out_plane));
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), emit_muli(e, blocks, BLOCK), one(e), NULL, 0);
    Value channel = emit_min(e, l.i, last);
    Value block = LLVMBuildUDiv(e->b, l.i, emit_int(e, BLOCK), "");
    Value place = emit_sub(e, l.i, emit_muli(e, block, BLOCK));
    Value to =
        emit_muli(e, emit_add(e, emit_muli(e, emit_mul(e, block, w->places), BLOCK), place), 64);
    transform_channel(w, gradient,
                      emit_at(e, src, emit_mul(e, channel, gradient ? w->out_plane : w->plane)),
                      emit_at(e, gradient ? w->g : w->v, to));
    emit_loop_end(e, &l, NULL);
}

/* Sums over tiles of `kb` x `cb` channels of a block of 4 x 4, first channels k and c. */
static void sum_tiles(WinoWeights *w, int kb, int cb, int k, int c, Value g, Value v,
                      Value sum[16]) {
    Emit *e = w->e;
    Value acc[16], x[BLOCK];
    for (int a = 0; a < kb * cb; a++)
        acc[a] = emit_vec(e, 0);
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), w->count, one(e), acc, kb * cb);
    Value at = emit_muli(e, l.i, BLOCK * 64);
    Value gt = emit_opaque(e, emit_at(e, g, at)), vt = emit_opaque(e, emit_at(e, v, at));
    for (int j = 0; j < cb; j++)
        x[j] = emit_load(e, emit_ati(e, vt, (c + j) * 64));
    for (int i = 0; i < kb; i++) {
        Value y = emit_load(e, emit_ati(e, gt, (k + i) * 64));
        for (int j = 0; j < cb; j++)
            acc[i * cb + j] = emit_fma(e, x[j], y, acc[i * cb + j]);
    }
    emit_loop_end(e, &l, acc);
    for (int i = 0; i < kb; i++)
        for (int j = 0; j < cb; j++)
            sum[(k + i) * BLOCK + c + j] = acc[i * cb + j];
}

static void sum_block(WinoWeights *w, Value g, Value v, Value s) {
    Emit *e = w->e;
    int registers = emit_registers(e);
    int kb = registers >= 32 ? 4 : registers >= 8 ? 2 : 1, cb = registers >= 32 ? 4 : 2;
    Value sum[LANES];
    for (int k = 0; k < BLOCK; k += kb)
        for (int c = 0; c < BLOCK; c += cb)
            sum_tiles(w, kb, cb, k, c, g, v, sum);
    emit_store(e, emit_lane_sums(e, sum, LANES), s);
}

/* s of the places of the pass. */
static void multiply_by_lanes(WinoWeights *w) {
    Emit *e = w->e;
    EmitLoop j, k, c;
    Value stride = emit_muli(e, w->places, BLOCK * 64);
    emit_loop_begin(e, &j, emit_int(e, 0), emit_int(e, PLANES), one(e), NULL, 0);
    Value g = emit_at(e, w->g, emit_mul(e, j.i, w->g_plane));
    Value v = emit_at(e, w->v, emit_mul(e, j.i, w->v_plane));
    Value s = emit_at(e, w->s, emit_mul(e, j.i, w->s_plane));
    emit_loop_begin(e, &k, emit_int(e, 0), w->out_blocks, one(e), NULL, 0);
    Value gk = emit_at(e, g, emit_mul(e, k.i, stride));
    Value sk = emit_at(e, s, emit_mul(e, k.i, emit_muli(e, w->in_blocks, 64)));
    emit_loop_begin(e, &c, emit_int(e, 0), w->in_blocks, one(e), NULL, 0);
    sum_block(w, gk, emit_at(e, v, emit_mul(e, c.i, stride)),
              emit_at(e, sk, emit_muli(e, c.i, 64)));
    emit_loop_end(e, &c, NULL);
    emit_loop_end(e, &k, NULL);
    emit_loop_end(e, &j, NULL);
}

/* sum over columns j of G[j][b] * s[j]. */
static Value inverse_row(Emit *e, const Value s[6], int b) {
    Value sum = NULL;
    for (int j = 0; j < 6; j++) {
        float g = (float)wino_filter_entry(j, b);
        if (g == 0)
            continue;
        Value by = emit_vec(e, g);
        sum = sum ? emit_fma(e, s[j], by, sum) : emit_fmul(e, s[j], by);
    }
    return sum;
}

/* dw9[a][b] += G[row][a] * inverse_row(s of the row, b) for the rows of the pass. */
static void add_pass(WinoWeights *w) {
    Emit *e = w->e;
    Value sum = emit_add(e, w->pass, w->first), factor[2][3], line[2][3];
    Value first = emit_cmp(e, LLVMIntEQ, sum, emit_int(e, 0));
    for (int i = 0; i < 6; i++)
        factor[i / 3][i % 3] = emit_load_splat(
            e, emit_ati(e, emit_at(e, w->factors, emit_muli(e, w->pass, 24)), i * 4));
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), w->sums, one(e), NULL, 0);
    Value at = emit_muli(e, l.i, 64), from = emit_at(e, w->s, at), to = emit_at(e, w->dw9, at),
          s[6];
    for (int r = 0; r < 2; r++) {
        for (int j = 0; j < 6; j++) {
            s[j] = emit_load(e, from);
            from = emit_at(e, from, w->s_plane);
        }
        for (int b = 0; b < 3; b++)
            line[r][b] = inverse_row(e, s, b);
    }
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            Value v = emit_select(e, first, emit_vec(e, 0), emit_load(e, to));
            v = emit_fma(e, line[0][b], factor[0][a], v);
            emit_store(e, emit_fma(e, line[1][b], factor[1][a], v), to);
            to = emit_at(e, to, w->s_plane);
        }
    }
    emit_loop_end(e, &l, NULL);
}

static void store_half(Emit *e, Value v, int half, Value ptr) {
    Value mask[8];
    for (int j = 0; j < 8; j++)
        mask[j] = LLVMConstInt(e->i32, (unsigned)(half * 8 + j), false);
    Value part =
        LLVMBuildShuffleVector(e->b, v, LLVMGetPoison(e->vf), LLVMConstVector(mask, 8), "");
    LLVMSetAlignment(LLVMBuildStore(e->b, part, ptr), 4);
}

/* dw9 into dw[o][i][3][3]: eight taps of each pair of channels at once, then the ninth. */
static void write_weights(WinoWeights *w) {
    Emit *e = w->e;
    EmitLoop k, c;
    emit_loop_begin(e, &k, emit_int(e, 0), w->out_blocks, one(e), NULL, 0);
    Value first = emit_add(e, e->lo, emit_muli(e, k.i, BLOCK));
    Value dw = sgd_rows_place(e, &w->update, first);
    emit_loop_begin(e, &c, emit_int(e, 0), w->in_blocks, one(e), NULL, 0);
    Value at = emit_muli(e, emit_add(e, emit_mul(e, k.i, w->in_blocks), c.i), 64), tap[9],
          to[LANES];
    Value from = emit_at(e, w->dw9, at);
    for (int t = 0; t < 9; t++) {
        tap[t] = emit_load(e, from);
        from = emit_at(e, from, w->s_plane);
    }
    for (int i = 0; i < LANES; i++) {
        Value o = emit_min(e, emit_addi(e, first, i / BLOCK), emit_addi(e, e->hi, -1));
        Value ci =
            emit_min(e, emit_addi(e, emit_muli(e, c.i, BLOCK), i % BLOCK), emit_addi(e, w->in, -1));
        to[i] = emit_at(e, dw, emit_muli(e, emit_add(e, emit_mul(e, o, w->in), ci), 36));
        Value v =
            LLVMBuildExtractElement(e->b, tap[8], LLVMConstInt(e->i32, (unsigned)i, false), "");
        emit_store(e, v, emit_ati(e, to[i], 32));
    }
    wino_transpose(e, tap);
    for (int i = 0; i < LANES; i++)
        store_half(e, tap[i % 8], i / 8, to[i]);
    emit_loop_end(e, &c, NULL);
    sgd_rows_update(e, &w->update, first,
                    emit_min(e, emit_int(e, BLOCK), emit_sub(e, e->hi, first)));
    emit_loop_end(e, &k, NULL);
}

static Value factor_table(Emit *e) {
    Value entry[18];
    for (int i = 0; i < 18; i++)
        entry[i] = emit_float(e, (float)wino_filter_entry(rows_of_pass[i / 6][i / 3 % 2], i % 3));
    Value table = LLVMConstArray2(e->f32, entry, ARRAY_LEN(entry));
    Value global = LLVMAddGlobal(e->module, LLVMTypeOf(table), "factors");
    LLVMSetInitializer(global, table);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

static void open_weights(WinoWeights *w) {
    Emit *e = w->e;
    WinoMaps *maps = &w->maps;
    maps->rows = emit_arg(e, WINO_DW_H), maps->cols = emit_arg(e, WINO_DW_WIDTH);
    maps->out_rows = emit_arg(e, WINO_DW_OH), maps->out_cols = emit_arg(e, WINO_DW_OW);
    maps->block = emit_arg(e, WINO_DW_X_BLOCK), maps->out_block = emit_arg(e, WINO_DW_Y_BLOCK);
    maps->pad_rows = emit_arg(e, WINO_DW_PAD_H), maps->pad_cols = emit_arg(e, WINO_DW_PAD_W);
    maps->blocks = emit_arg(e, WINO_DW_N), maps->valid = emit_arg(e, WINO_DW_VALID);
    w->row = emit_muli(e, maps->cols, 64), w->out_row = emit_muli(e, maps->out_cols, 64);
    w->plane = emit_mul(e, w->row, maps->rows),
    w->out_plane = emit_mul(e, w->out_row, maps->out_rows);
    w->in = emit_arg(e, WINO_DW_I), w->out = emit_sub(e, e->hi, e->lo);
    w->in_blocks = blocks_of(e, w->in), w->out_blocks = blocks_of(e, w->out);
    Value in_map =
        emit_mul(e, wino_tiles_across(e, maps->out_rows), wino_tiles_across(e, maps->out_cols));
    w->tiles = emit_mul(e, in_map, maps->blocks);
    w->places = emit_min(e, w->tiles, emit_int(e, WINO_DW_TILES));
    Value block_bytes = emit_muli(e, w->places, BLOCK * 64);
    w->v_plane = emit_addi(e, emit_mul(e, w->in_blocks, block_bytes), 64);
    w->g_plane = emit_addi(e, emit_mul(e, w->out_blocks, block_bytes), 64);
    w->in_groups = LLVMBuildUDiv(e->b, emit_addi(e, w->in, LANES - 1), emit_int(e, LANES), "");
    Value columns = w->by_image ? emit_muli(e, w->in_groups, BLOCK) : w->in_blocks;
    w->sums = emit_mul(e, columns, w->out_blocks);
    w->s_plane = emit_muli(e, w->sums, 64);
    w->table = emit_arg_ptr(e, WINO_DW_SCRATCH);
    w->v = emit_at(e, w->table, emit_muli(e, w->places, WINO_ENTRY_BYTES));
    w->g = emit_at(e, w->v, emit_muli(e, w->v_plane, PLANES));
    w->s = emit_at(e, w->g, emit_muli(e, w->g_plane, PLANES));
    w->dw9 = emit_at(e, w->s, emit_muli(e, w->s_plane, PLANES));
    w->turned = emit_at(e, w->dw9, emit_muli(e, w->s_plane, 9));
    w->turned_plane = emit_mul(e, emit_muli(e, w->in_groups, LANES), emit_muli(e, w->places, 64));
    w->factors = factor_table(e);
}

/* All passes over one block of tiles. */
static void add_tiles(WinoWeights *w) {
    Emit *e = w->e;
    wino_write_table(e, &w->maps, w->table, w->first, w->count);
    EmitLoop pass;
    emit_loop_begin(e, &pass, emit_int(e, 0), emit_int(e, PASSES), one(e), NULL, 0);
    w->pass = pass.i;
    transform_channels(w, false);
    transform_channels(w, true);
    if (w->by_image)
        wino_multiply_by_image(w);
    else
        multiply_by_lanes(w);
    add_pass(w);
    emit_loop_end(e, &pass, NULL);
}

void emit_wino_dw(Emit *e, const char *text) {
    WinoWeights w = {.e = e, .zeros = wino_zero_row(e)};
    WinoDwDesc d = kernel_read_wino_dw(text);
    w.by_image = emit_registers(e) >= 32 ? d.by_image : 0; /* else too few */
    open_weights(&w);
    w.update = sgd_rows_open(e, d.update, WINO_DW_UPDATE, emit_arg_ptr(e, WINO_DW_DW),
                             emit_muli(e, w.in, 36));
    EmitIf any;
    EmitLoop l;
    emit_if(e, &any, emit_cmp(e, LLVMIntSGT, w.out, emit_int(e, 0)));
    emit_loop_begin(e, &l, emit_int(e, 0), w.tiles, w.places, NULL, 0);
    w.first = l.i;
    w.count = emit_min(e, w.places, emit_sub(e, w.tiles, l.i));
    add_tiles(&w);
    emit_loop_end(e, &l, NULL);
    if (w.by_image)
        wino_weights_by_image(&w);
    else
        write_weights(&w);
    emit_endif(e, &any);
}
