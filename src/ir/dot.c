/* Drawing for Graphviz: a box an op with its main attributes, leaves without boxes, shapes on
 * the edges. */
#include "ir/passes.h"

#include <ctype.h>
#include <stdlib.h>

static void put_escaped(Buf *b, const char *s) {
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_putc(b, '\\');
        buf_putc(b, iscntrl((unsigned char)*s) ? ' ' : *s);
    }
}

static void put_pair(Buf *b, const char *name, const int32_t pair[2], int32_t plain) {
    if (pair[0] == plain && pair[1] == plain)
        return;
    buf_printf(b, "\\n%s %d", name, pair[0]);
    if (pair[1] != pair[0])
        buf_printf(b, "x%d", pair[1]);
}

static void put_label(Buf *b, const IrNode *n) {
    const IrAttr *a = n->attr;
    buf_puts(b, ir_op_info(n->op)->name);
    if (a->kernel[0]) {
        buf_printf(b, " %dx%d", a->kernel[0], a->kernel[1]);
        put_pair(b, "stride", a->stride, 1);
        put_pair(b, "dilation", a->dilation, 1);
    }
    if (a->groups > 1)
        buf_printf(b, "\\ngroups %d", a->groups);
    for (int i = 0; i < a->naxes; i++) {
        char axis[9];
        ir_axis_text(a->axes[i], axis);
        buf_printf(b, "%s%s", i ? ", " : "\\n", axis);
    }
    if (a->axis) {
        char axis[9];
        ir_axis_text(a->axis, axis);
        buf_printf(b, "\\n%s", axis);
        if (a->hi)
            buf_printf(b, " %lld..%lld", (long long)a->lo, (long long)a->hi);
    }
    if (n->op == IR_OP_constant) {
        buf_putc(b, ' ');
        buf_put_double(b, a->value);
    }
    if (n->name) {
        buf_puts(b, "\\n");
        put_escaped(b, n->name);
    }
}

static void put_node(Buf *b, const IrGraph *g, IrRef r) {
    const IrNode *n = ir_get(g, r);
    bool leaf = ir_op_info(n->op)->class == IR_CLASS_SRC;
    buf_printf(b, "  n%u [label=\"", r);
    put_label(b, n);
    const char *style = leaf ? ", shape=plaintext" : n->op == IR_OP_zero ? ", style=dashed" : "";
    buf_printf(b, "\"%s];\n", style);
    for (uint32_t i = 0; i < n->nin; i++) {
        buf_printf(b, "  n%u -> n%u [label=\"", n->in[i], r);
        ir_type_print(b, &ir_get(g, n->in[i])->type);
        buf_puts(b, "\"];\n");
    }
}

void ir_print_dot(Buf *b, const IrModule *m) {
    bool *reached = nasc_alloc_zero(ir_graph_len(m->graph) + 1);
    ir_mark_reached(m, reached);
    buf_puts(b, "digraph network {\n  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n"
                "  edge [fontname=\"sans-serif\", fontsize=9];\n");
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++)
        if (reached[r])
            put_node(b, m->graph, r);
    for (size_t i = 0; i < m->nroots; i++) {
        buf_printf(b, "  r%zu [shape=ellipse, label=\"", i);
        put_escaped(b, m->root_names && m->root_names[i] ? m->root_names[i] : "");
        buf_printf(b, "\"];\n  n%u -> r%zu [label=\"", m->roots[i], i);
        ir_type_print(b, &ir_get(m->graph, m->roots[i])->type);
        buf_puts(b, "\"];\n");
    }
    buf_puts(b, "}\n");
    free(reached);
}
