/* Reachability over the numbered graph: one sweep each way, since inputs come first. */
#include "ir/passes.h"

#include <stdlib.h>

void ir_mark_reached(const IrModule *m, bool *reached) {
    for (size_t i = 0; i < m->nroots; i++)
        reached[m->roots[i]] = true;
    for (IrRef r = (IrRef)ir_graph_len(m->graph); r-- > 0;) {
        const IrNode *n = ir_get(m->graph, r);
        for (uint32_t i = 0; reached[r] && i < n->nin; i++)
            reached[n->in[i]] = true;
    }
}

void ir_mark_live(const IrModule *m, bool *live) {
    size_t len = ir_graph_len(m->graph);
    bool *needed = nasc_alloc_zero(len + 1);
    for (size_t i = 0; i < m->nroots; i++)
        needed[m->roots[i]] = true;
    for (IrRef r = (IrRef)len; r-- > 0;) {
        const IrNode *n = ir_get(m->graph, r);
        if (n->op == IR_OP_zero)
            needed[r] = false;
        for (uint32_t i = 0; needed[r] && i < n->nin; i++)
            needed[n->in[i]] = true;
    }
    for (IrRef r = 0; r < len; r++) {
        const IrNode *n = ir_get(m->graph, r);
        bool fed = n->op == IR_OP_input;
        for (uint32_t i = 0; i < n->nin && !fed; i++)
            fed = live[n->in[i]];
        live[r] = fed && needed[r];
    }
    free(needed);
}
