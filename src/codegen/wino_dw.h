/* Pieces shared by the emitters of wino_dw: emit_wino_dw.c, which see, and wino_dw_by_image.c. */
#ifndef NASC_CODEGEN_WINO_DW_H
#define NASC_CODEGEN_WINO_DW_H

#include "codegen/sgd.h"
#include "codegen/wino.h"

/* Channels of a block of v and g; places of a pass. */
enum { WINO_DW_BLOCK = 4, WINO_DW_PLANES = 12 };

typedef struct WinoWeights {
    Emit *e;
    WinoMaps maps;
    Value zeros, table, v, g, s, dw9, factors;
    Value row, plane, out_row, out_plane; /* bytes */
    Value in, out;                        /* channels; out: of this range */
    Value in_blocks, out_blocks;
    Value tiles;                     /* of all images */
    Value first, count;              /* of the block being worked */
    Value places;                    /* for tiles in v and g */
    Value v_plane, g_plane, s_plane; /* bytes of one of PLANES */
    Value sums;                      /* vectors of a plane of s */
    Value pass;
    SgdRows update;
    int by_image;                          /* tiles; 0: by lanes */
    Value turned, turned_plane, in_groups; /* by image: v turned; bytes; groups of 16 channels */
} WinoWeights;

/* Sums over tiles, then lanes, of the places of the pass: s[12][k][c / 16][16 c]. */
void wino_multiply_by_image(WinoWeights *w);
/* dw9[9][k][c / 16][16 c] to the weights. */
void wino_weights_by_image(WinoWeights *w);

#endif
