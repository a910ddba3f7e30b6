/* The last rewriting before fusion: only forms that a kernel exists for are left. */
#ifndef NASC_CODEGEN_LEGALISE_H
#define NASC_CODEGEN_LEGALISE_H

#include "ir/passes.h"

/* Rewrites an expanded module; new nodes go into its own graph, the result is pruned into `arena`.
 *   reduce_mean         sum, divided by the count as a float
 *   bn_rstd             1 / sqrt(mean of squares of x - mean + eps)
 *   reduction over all  per channel first, then over the channels
 *   zero                broadcast of the constant 0
 *   pow                 by multiplications or sqrt where the exponent is 1, 2, 3, 0.5, -1
 *   step(x)             step(relu(x)) where relu(x) exists: equal, and it has to be kept anyway
 *   ops on constants    the float they give
 * A root that is a constant or a leaf becomes an identity, so that it is computed into a place of
 * its own. False with err (NASC_PROGRAM_ERROR): an op with axes that no layout covers. */
bool legalise(Arena *arena, const IrModule *m, IrModule *out, NascError *err);

#endif
