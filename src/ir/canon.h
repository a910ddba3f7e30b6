/* Parts of canonicalisation, shared by canon*.c and hash.c; other rooms use ir/passes.h.
 *
 * A module is first simplified (canon_simplify.c: every value in its simplest form, every sum
 * flat), then its nodes get colours that depend on structure alone (canon_order.c), and last it is
 * built anew in the order of colours (canon.c). */
#ifndef NASC_IR_CANON_H
#define NASC_IR_CANON_H

#include "ir/passes.h"

/* What a node is without its inputs, as numbers that are the same on every machine: op and every
 * attribute but uid. The type follows from these and the inputs. */
enum { IR_NODE_WORDS = 64 };
size_t ir_node_words(const IrNode *n, uint64_t out[IR_NODE_WORDS]);

/* What ir_mark_reached marks, in the arena. */
bool *ir_live(Arena *arena, const IrModule *m);

/* `value` in the shape of `type`: a constant, expanded unless the type is scalar. The axes are put
 * into one order (n, c, h, w, others), since that of a type may depend on the order of a sum. */
IrRef ir_spread(IrGraph *g, double value, const IrType *type);
/* Whether all elements of r are known to be one number. */
bool ir_uniform(const IrGraph *g, IrRef r, double *value);
/* r broadcast to the axes of `type` (or r itself if it has them). */
IrRef ir_fit(IrGraph *g, IrRef r, const IrType *type);
/* An elementwise op on numbers, in double; false if the op is not one of those. */
bool ir_fold(IrOp op, const double *in, uint32_t nin, double *out);

/* Nested sums are flattened into the sum that uses them up to this many terms (with repeats). */
enum { CANON_MAX_TERMS = 4096 };

IrModule canon_simplify(Arena *arena, const IrModule *m);
/* A colour for each live node of a simplified module; equal modules get equal colours at equal
 * places, and no two nodes of a module share one. */
uint64_t *canon_colours(Arena *arena, const IrModule *m, const bool *live);

#endif
