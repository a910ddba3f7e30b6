/* Composite forms as simple ones, so that kernels and further fusion see elementwise ops and
 * reductions. The order of operations written here is the order in which a score is computed, to
 * the bit:
 *
 *   conv(x, w, b)              add(conv(x, w), b)                       dense likewise
 *   batch_norm(x)              mul(sub(x, reduce_mean(x; all but c)), bn_rstd(x))
 *   batch_norm(x, s)           mul(batch_norm(x), s)
 *   batch_norm(x, s, t)        add(mul(batch_norm(x), s), t)
 *   identity(x)                x
 *
 * Everything else, leaves with their uid included, is copied. */
#include "ir/canon.h"

static IrRef expand_bias(IrGraph *g, const IrNode *n, const IrRef *in) {
    IrRef plain = ir_must(g, n->op, in, 2, n->attr);
    return ir_binary(g, IR_OP_add, plain, in[2]);
}

static IrRef expand_batch_norm(IrGraph *g, const IrNode *n, const IrRef *in) {
    IrAxis axes[IR_MAX_AXES];
    int naxes = 0;
    for (int i = 0; i < n->type.rank; i++)
        if (n->type.axis[i] != IR_AXIS_C)
            axes[naxes++] = n->type.axis[i];
    IrRef centred =
        ir_binary(g, IR_OP_sub, in[0], ir_reduce(g, IR_OP_reduce_mean, in[0], axes, naxes));
    IrRef rstd = ir_must(g, IR_OP_bn_rstd, in, 1, n->attr);
    IrRef y = ir_binary(g, IR_OP_mul, centred, rstd);
    if (n->nin > 1)
        y = ir_binary(g, IR_OP_mul, y, in[1]);
    return n->nin > 2 ? ir_binary(g, IR_OP_add, y, in[2]) : y;
}

static IrRef expand_node(IrGraph *g, const IrNode *n, const IrRef *in) {
    switch (n->op) {
    case IR_OP_identity:
        return in[0];
    case IR_OP_batch_norm:
        return expand_batch_norm(g, n, in);
    case IR_OP_conv:
    case IR_OP_dense:
        if (n->nin == 3)
            return expand_bias(g, n, in);
        return ir_copy(g, n, in);
    default:
        return ir_copy(g, n, in);
    }
}

IrModule ir_expand(Arena *arena, const IrModule *m) {
    size_t len = ir_graph_len(m->graph);
    Arena scratch;
    arena_init(&scratch, "ir_expand");
    bool *live = ir_live(&scratch, m);
    IrRef *map = ARENA_ARRAY(&scratch, IrRef, len + 1);
    IrModule out = {ir_graph_new(arena), m->nroots, ARENA_ARRAY(arena, IrRef, m->nroots + 1),
                    ARENA_ARRAY(arena, const char *, m->nroots + 1)};
    IrRef few[8];
    for (IrRef r = 0; r < len; r++) {
        if (!live[r])
            continue;
        const IrNode *n = ir_get(m->graph, r);
        IrRef *in = n->nin <= ARRAY_LEN(few) ? few : ARENA_ARRAY(&scratch, IrRef, n->nin);
        for (uint32_t i = 0; i < n->nin; i++)
            in[i] = map[n->in[i]];
        ir_set_place(out.graph, n->place);
        map[r] = expand_node(out.graph, n, in);
    }
    for (size_t i = 0; i < m->nroots; i++) {
        out.roots[i] = map[m->roots[i]];
        out.root_names[i] = m->root_names[i] ? arena_strdup(arena, m->root_names[i]) : NULL;
    }
    arena_free(&scratch);
    return out;
}
