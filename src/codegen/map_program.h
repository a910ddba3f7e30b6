/* The little program of a fused map: straight-line code that a kernel runs once a channel, in
 * phases.
 *
 * Values are numbered: the inputs first, in the order of their first use, then one number an
 * instruction. A value is either of the channel (one float: vectors, scalars, constants and what is
 * made of them) or of the lanes (16 floats for each image block and place). Segments are separated
 * by `phase`; within one, channel instructions run first, once, then lane instructions in one loop
 * over blocks and places; a sum or maximum over that loop is a channel value of the next segment.
 * So no instruction of a segment may use a reduction of the same segment.
 *
 * Text, the key of the kernel: "in aack; add v0 v1; sum v4; phase; div v5 v3; put_c v7". Two
 * programs that do the same in the same order have the same text. */
#ifndef NASC_CODEGEN_MAP_PROGRAM_H
#define NASC_CODEGEN_MAP_PROGRAM_H

#include "base/arena.h"
#include "ir/graph.h"

/* Where an input comes from; the letter stands in the text. */
enum {
    MAP_LANES = 'a',  /* [n, c, h, w], one vector a place */
    MAP_IMAGE = 'n',  /* [n, c], one vector a block, the same for all places */
    MAP_VECTOR = 'c', /* [c] */
    MAP_SCALAR = 's',
    MAP_CONST = 'k', /* in the arguments, as float bits */
    MAP_ZERO = '0',
    MAP_ONE = '1',
};

typedef enum MapCode {
    MAP_OP,  /* an elementwise op of the table, each result rounded to float */
    MAP_SUM, /* over images and places -> channel value */
    MAP_MAX,
    MAP_PLANE_SUM, /* over places, one vector a block -> stored as output, no value */
    MAP_PLANE_MAX,
    MAP_RELOAD,     /* the vector that output src[0] got in an earlier segment */
    MAP_PUT_LANES,  /* stores src[0] */
    MAP_PUT_IMAGE,  /* stores the last plane reduction src[0] */
    MAP_PUT_VECTOR, /* stores a channel value */
    MAP_PHASE,
    MAP_CODE_COUNT
} MapCode;

typedef struct MapInstr {
    MapCode code;
    IrOp op;
    int nsrc, src[3];
} MapInstr;

typedef struct MapProgram {
    size_t ninputs, ninstrs, noutputs;
    char *input;     /* MAP_* letters */
    MapInstr *instr; /* value ninputs + i */
    bool *lanes;     /* of each value, inputs first */
} MapProgram;

/* Number of 64-bit arguments: blocks, places, batch; a lanes or image operand has three (offset,
 * bytes from channel to channel, bytes from block to block), any other one. Inputs in order, then
 * outputs in order of the instructions that put them. */
size_t map_program_nargs(const MapProgram *p);
/* Fills p->lanes and p->noutputs from the rest. */
void map_program_finish(Arena *arena, MapProgram *p);

void map_program_print(Buf *b, const MapProgram *p);
/* Reads what map_program_print wrote; other text is a bug. */
MapProgram map_program_parse(Arena *arena, const char *text);

#endif
