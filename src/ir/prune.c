/* Pruning: a copy of what the roots reach, in the old order. */
#include "ir/passes.h"

#include <stdlib.h>

IrModule ir_prune(Arena *arena, const IrModule *m) {
    size_t len = ir_graph_len(m->graph);
    IrRef *to = nasc_alloc(len * sizeof *to + 1);
    for (size_t r = 0; r < len; r++)
        to[r] = IR_NONE;
    bool *needed = nasc_alloc_zero(len + 1);
    ir_mark_reached(m, needed);
    IrModule out = {.graph = ir_graph_new(arena), .nroots = m->nroots};
    ir_set_merging(out.graph, false);
    VEC(IrRef) in = {0};
    for (IrRef r = 0; r < len; r++) {
        if (!needed[r])
            continue;
        const IrNode *n = ir_get(m->graph, r);
        in.len = 0;
        for (uint32_t i = 0; i < n->nin; i++)
            VEC_PUSH(in, to[n->in[i]]);
        to[r] = ir_copy(out.graph, n, in.items);
    }
    VEC_FREE(in);
    ir_set_merging(out.graph, ir_merging(m->graph));
    out.roots = ARENA_ARRAY(arena, IrRef, m->nroots);
    out.root_names = ARENA_ARRAY(arena, const char *, m->nroots);
    for (size_t i = 0; i < m->nroots; i++) {
        out.roots[i] = to[m->roots[i]];
        if (m->root_names && m->root_names[i])
            out.root_names[i] = arena_strdup(arena, m->root_names[i]);
    }
    free(to);
    free(needed);
    return out;
}
