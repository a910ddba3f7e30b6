/* One IR op as a line of PyTorch. */
#ifndef NASC_RUNTIME_EXPORT_OPS_H
#define NASC_RUNTIME_EXPORT_OPS_H

#include "ir/graph.h"

/* Appends "    t7 = ..." for node r; the script's variables are t<number>, dimensions in the order
 * of the node's type; leaves come from the dictionary v. */
bool export_op(Buf *b, const IrGraph *g, IrRef r, NascError *err);

#endif
