/* One IR op as a line of PyTorch. */
#ifndef NASC_RUNTIME_EXPORT_OPS_H
#define NASC_RUNTIME_EXPORT_OPS_H

#include "ir/graph.h"

typedef struct ExportOps {
    const IrGraph *graph;
    const char *batch; /* what stands for a size of axis n above 1; NULL: the number */
} ExportOps;

/* Appends "    t7 = ..." for node r; the script's variables are t<number>, dimensions in the order
 * of the node's type; leaves come from the dictionary v. */
bool export_op(Buf *b, const ExportOps *x, IrRef r, NascError *err);

#endif
