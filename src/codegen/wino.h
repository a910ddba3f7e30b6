/* Winograd's F(4x4, 3x3) on vectors of 16 images: pieces shared by its emitters (Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", 2016).
 *
 * A tile is 6x6 source vectors that give 4x4 outputs: y = A' ((G w G') .* (B' d B)) A. Tiles are
 * numbered block of images first, then row, then column; beyond the map a tile reads zeros and
 * stores nothing. Each transform is a fixed sequence of operations on lanes, so bits depend on no
 * blocking. */
#ifndef NASC_CODEGEN_WINO_H
#define NASC_CODEGEN_WINO_H

#include "codegen/emit.h"
#include "codegen/kernel_args.h"

/* One of the six results of B' along an axis, and all; A' (6 -> 4); one of the six of A (4 -> 6); G
 * (3 -> 6). */
Value wino_input_row(Emit *e, int row, const Value d[6]);
void wino_input_line(Emit *e, const Value d[6], Value t[6]);
void wino_output_line(Emit *e, const Value m[6], Value y[4]);
Value wino_gradient_row(Emit *e, int row, const Value y[4]);
void wino_filter_line(Emit *e, const Value w[3], Value t[6]);
/* G' (6 -> 3), for the weight gradient: entry [row][column] of G. */
double wino_filter_entry(int row, int column);

/* Sizes that place tiles: the map that is read in 6x6 tiles and the one worked in 4x4 tiles, bytes
 * between their blocks of images, padding of the first. */
typedef struct WinoMaps {
    Value rows, cols, block;
    Value out_rows, out_cols, out_block;
    Value pad_rows, pad_cols;
    Value valid, blocks; /* images in the last block, blocks of images; NULL if all lanes count */
} WinoMaps;

/* Columns of a tile are read at offsets moved inside of the map, and what was read outside of it is
 * masked; rows outside are read from zeros. So a load costs no test. The table in memory holds, for
 * each tile: */
enum { WINO_ENTRY_BYTES = 128 };
typedef struct WinoTile {
    Value at;     /* bytes from channel 0 of the source to the tile's corner; may point before it */
    Value row;    /* of the corner, from -pad */
    Value out_at; /* bytes from channel 0 of the 4x4 side to its corner */
    Value out_rows;      /* how many of its rows exist, may exceed 4 */
    Value column[6];     /* bytes from `at` */
    Value mask[6];       /* <16 x i1>: lanes that count, none if the column is outside */
    Value out_column[4]; /* bytes from out_at; of a column outside: of the last one inside */
    Value out_mask[4];
} WinoTile;

/* Number of tiles in a map of the given size. */
Value wino_tiles_across(Emit *e, Value size);
/* Writes entries of tiles first .. first + count at `table`. */
void wino_write_table(Emit *e, const WinoMaps *m, Value table, Value first, Value count);
WinoTile wino_read_table(Emit *e, Value table, Value index);

/* Six vectors of zeros in the object, read in place of rows that do not exist. */
Value wino_zero_row(Emit *e);
/* Rows of the source tile (6) or of the 4x4 side, `bytes` apart, of the channel at `plane`;
 * `outside` in place of rows that do not exist. */
void wino_rows(Emit *e, const WinoTile *t, const WinoMaps *m, Value plane, Value bytes,
               Value outside, Value row[6]);
void wino_out_rows(Emit *e, const WinoTile *t, Value plane, Value bytes, Value outside,
                   Value row[4]);
Value wino_load(Emit *e, Value row, Value column, Value mask);

/* Eight vectors of 16: transposes the two 8x8 blocks (elements 0..7 and 8..15). */
void wino_transpose(Emit *e, Value v[8]);

#endif
