/* Ranges of channels of one block of images are ranges of bytes. So a slice of channels is read where
 * it lies, and what is to be joined by channels is written where it will lie. */
#include "codegen/views.h"

#include "codegen/kernel.h"

typedef struct Finder {
    const IrModule *m;
    const Fusion *f;
    const bool *leaf;
    View *view;
} Finder;

/* Bytes of a channel; 0 if channels of this value are not one after another. */
static int64_t channel_bytes(const Finder *v, IrRef r) {
    const IrType *type = &ir_get(v->m->graph, r)->type;
    Layout t = layout_of(type);
    for (int i = 0; i < type->rank; i++)
        if (type->axis[i] != IR_AXIS_N && type->axis[i] != IR_AXIS_C &&
            type->axis[i] != IR_AXIS_H && type->axis[i] != IR_AXIS_W)
            return 0;
    return t.kind == LAYOUT_LANES && t.blocks == 1 ? t.h * t.w * LANES * (int64_t)sizeof(float) : 0;
}

static bool has_memory(const Finder *v, IrRef r) {
    return !v->leaf[r] && v->f->owner[r] != GROUP_NONE;
}

static void view_slice(Finder *v, IrRef out, const IrNode *n) {
    if (has_memory(v, n->in[0]))
        v->view[out] = (View){n->in[0], n->attr->lo * channel_bytes(v, out)};
}

static void view_parts(Finder *v, IrRef out, const IrNode *n) {
    int64_t at = 0;
    for (uint32_t k = 0; k < n->nin; k++) {
        IrRef part = n->in[k];
        if (has_memory(v, part) && v->view[part].of == IR_NONE)
            v->view[part] = (View){out, at};
        at += layout_of(&ir_get(v->m->graph, part)->type).c * channel_bytes(v, out);
    }
}

static void find(Finder *v, IrOp op) {
    for (size_t k = 0; k < v->f->ngroups; k++) {
        const Group *g = &v->f->groups[k];
        const IrNode *n = ir_get(v->m->graph, g->nodes[0]);
        if (g->domain.kind != GROUP_ANCHOR || n->op != op || n->attr->axis != IR_AXIS_C ||
            !channel_bytes(v, g->nodes[0]))
            continue;
        if (op == IR_OP_slice)
            view_slice(v, g->nodes[0], n);
        else
            view_parts(v, g->nodes[0], n);
    }
}

View *views_find(Arena *arena, const IrModule *m, const Fusion *f, const bool *leaf) {
    size_t n = ir_graph_len(m->graph);
    Finder v = {m, f, leaf, ARENA_ARRAY(arena, View, n)};
    for (size_t r = 0; r < n; r++)
        v.view[r].of = IR_NONE;
    find(&v, IR_OP_slice);
    find(&v, IR_OP_concat);
    return v.view;
}
