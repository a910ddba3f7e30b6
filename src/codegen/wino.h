/* Winograd's F(4x4, 3x3) on vectors of 16 images: pieces shared by its emitters (Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2016).
 *
 * A tile is 6x6 source vectors that give 4x4 outputs: y = A' ((G w G') .* (B' d B)) A. Tiles are numbered
 * block of images first, then row, then column; beyond the map a tile reads zeros and stores nothing. Each
 * transform is a fixed sequence of operations on lanes, so bits depend on no blocking. */
#ifndef NASC_CODEGEN_WINO_H
#define NASC_CODEGEN_WINO_H

#include "codegen/emit.h"
#include "codegen/kernel_args.h"

/* One of the six results of B' along an axis, and all; A' (6 -> 4); one of the six of A (4 -> 6); G (3 -> 6). */
Value wino_input_row(Emit *e, int row, const Value d[6]);
void wino_input_line(Emit *e, const Value d[6], Value t[6]);
void wino_output_line(Emit *e, const Value m[6], Value y[4]);
Value wino_gradient_row(Emit *e, int row, const Value y[4]);
void wino_filter_line(Emit *e, const Value w[3], Value t[6]);
/* G' (6 -> 3), for the weight gradient: entry [row][column] of G. */
double wino_filter_entry(int row, int column);

/* Sizes that place tiles: the map that is read in 6x6 tiles and the one worked in 4x4 tiles, bytes between
 * their blocks of images, padding of the first. */
typedef struct WinoMaps {
    Value rows, cols, block;
    Value out_rows, out_cols, out_block;
    Value pad_rows, pad_cols;
    Value valid; /* images in the last block, or NULL */
    Value blocks; /* of images, where valid is given */
} WinoMaps;

/* A tile as the table in memory holds it. */
typedef struct WinoTile {
    Value at;         /* bytes from channel 0 of the source to the tile's corner; may point before it */
    Value row, col;   /* of the corner, from -pad */
    Value out_at;     /* bytes from channel 0 of the 4x4 side */
    Value out_rows, out_cols; /* how many of its rows and columns exist, may exceed 4 */
    Value lanes;      /* images of its block */
} WinoTile;

/* Number of tiles in a map of the given size. */
Value wino_tiles_across(Emit *e, Value size);
/* Writes entries of tiles first .. first + count at `table`. */
void wino_write_table(Emit *e, const WinoMaps *m, Value table, Value first, Value count);
WinoTile wino_read_table(Emit *e, Value table, Value index);

/* Which rows and columns of a source tile exist. */
typedef struct WinoInside {
    Value row[6], col[6];
} WinoInside;
WinoInside wino_inside(Emit *e, const WinoTile *t, const WinoMaps *m);

/* Eight vectors of 16: transposes the two 8x8 blocks (elements 0..7 and 8..15). */
void wino_transpose(Emit *e, Value v[8]);

#endif
