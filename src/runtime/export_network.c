#include "runtime/export_network.h"

#include "runtime/export_ops.h"

static void put_shape(Buf *b, const IrType *t) {
    buf_putc(b, '(');
    for (int i = 0; i < t->rank; i++)
        buf_printf(b, "%lld, ", (long long)t->size[i]);
    buf_putc(b, ')');
}

static void put_two(Buf *b, const char *method, double x, double y) {
    buf_printf(b, ".%s_(", method);
    buf_put_double(b, x);
    buf_puts(b, ", ");
    buf_put_double(b, y);
    buf_putc(b, ')');
}

/* What PyTorch calls an initialisation by fans, or NULL; the first part of a call. */
static const char *named_init(IrInit mode, const char **rest) {
    *rest = ")";
    switch (mode) {
    case IR_INIT_DEFAULT:
        *rest = ", a=5 ** 0.5)";
        return "nn.init.kaiming_uniform_(";
    case IR_INIT_XAVIER_UNIFORM:
        return "nn.init.xavier_uniform_(";
    case IR_INIT_XAVIER_NORMAL:
        return "nn.init.xavier_normal_(";
    case IR_INIT_KAIMING_UNIFORM:
        *rest = ", mode='fan_out', nonlinearity='relu')";
        return "nn.init.kaiming_uniform_(";
    case IR_INIT_KAIMING_NORMAL:
        *rest = ", mode='fan_out', nonlinearity='relu')";
        return "nn.init.kaiming_normal_(";
    default:
        return NULL;
    }
}

static void put_initial(Buf *b, const IrNode *leaf) {
    const IrAttr *a = leaf->attr;
    const char *rest, *call = named_init((IrInit)a->mode, &rest);
    buf_puts(b, call ? call : "");
    buf_puts(b, "torch.empty(");
    put_shape(b, &leaf->type);
    buf_putc(b, ')');
    if (call)
        buf_puts(b, rest);
    else if (a->mode == IR_INIT_VALUE)
        buf_printf(b, ".fill_(%.17g)", a->value);
    else if (a->mode == IR_INIT_UNIFORM)
        put_two(b, "uniform", a->min, a->max);
    else
        put_two(b, "normal", a->min, a->max);
}

static void put_buffer(Buf *b, const char *name, IrRef r, const char *make, int64_t n) {
    buf_printf(b, "        self.register_buffer(\"%s%u\", torch.%s(%lld))\n", name, r, make,
               (long long)n);
}

static void put_state(Buf *b, const IrModule *m) {
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++) {
        const IrNode *n = ir_get(m->graph, r);
        if (n->op == IR_OP_param) {
            buf_printf(b, "        self.w%u = nn.Parameter(", r);
            put_initial(b, n);
            buf_puts(b, ")\n");
        } else if (n->op == IR_OP_frozen) {
            buf_printf(b, "        self.register_buffer(\"w%u\", ", r);
            put_initial(b, n);
            buf_puts(b, ")\n");
        } else if (n->op == IR_OP_batch_norm) {
            int64_t channels = ir_type_size(&n->type, IR_AXIS_C);
            put_buffer(b, "mean", r, "zeros", channels);
            put_buffer(b, "variance", r, "ones", channels);
        }
    }
    buf_printf(b, "        self.classifier = nn.Linear(%lld, classes)\n",
               (long long)ir_type_size(&ir_get(m->graph, m->roots[0])->type, IR_AXIS_C));
}

static void put_leaves(Buf *b, const IrModule *m) {
    buf_puts(b, "        v = {\"dtype\": x.dtype");
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++) {
        IrOp op = ir_get(m->graph, r)->op;
        if (op == IR_OP_input)
            buf_printf(b, ", %u: x", r);
        else if (op == IR_OP_param || op == IR_OP_frozen)
            buf_printf(b, ", %u: self.w%u", r, r);
    }
    buf_puts(b, "}\n");
}

/* Whether the dimensions stand as PyTorch's image layers want them: [n, c, h, w] or [n, c]. */
static bool in_order(const IrType *t, NascError *err) {
    static const IrAxis order[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    bool ok = t->rank == 2 || t->rank == 4;
    for (int i = 0; ok && i < t->rank; i++)
        ok = t->axis[i] == order[i];
    if (!ok)
        nasc_fail(err, NASC_PROGRAM_ERROR,
                  "a network with axes other than [n, c, h, w] at its end or before a batch norm "
                  "cannot be exported");
    return ok;
}

/* By the batch while training, by running statistics in evaluation mode. */
static void put_batch_norm(Buf *b, const IrNode *n, IrRef r) {
    buf_printf(b, "    t%u = F.batch_norm(t%u, net.mean%u, net.variance%u, ", r, n->in[0], r, r);
    if (n->nin > 2)
        buf_printf(b, "t%u, t%u", n->in[1], n->in[2]);
    else
        buf_puts(b, "None, None");
    buf_puts(b, ", net.training, 0.1, ");
    buf_put_double(b, n->attr->value);
    buf_puts(b, ")\n");
}

static bool put_features(Buf *b, const IrModule *m, NascError *err) {
    ExportOps ops = {m->graph, "batch"};
    buf_puts(b, "def features(net, v, batch):\n");
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++) {
        const IrNode *n = ir_get(m->graph, r);
        bool norm = n->op == IR_OP_batch_norm;
        if (norm ? !in_order(&n->type, err) : !export_op(b, &ops, r, err))
            return false;
        if (norm)
            put_batch_norm(b, n, r);
    }
    buf_printf(b, "    return t%u\n\n\n", m->roots[0]);
    return true;
}

bool export_network(const IrModule *m, const char *arch, Buf *b, NascError *err) {
    buf_printf(b,
               "# Written by nasc: the network\n#     %s\n# to be trained on a task, with a "
               "classifier behind it; its result belongs into the table.\n"
               "#     net = Network(classes=10); net.train(); net(images)   # images [n, c, h, w]\n"
               "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n",
               arch);
    if (!in_order(&ir_get(m->graph, m->roots[0])->type, err) || !put_features(b, m, err))
        return false;
    buf_puts(b, "class Network(nn.Module):\n    def __init__(self, classes=10):\n"
                "        super().__init__()\n");
    put_state(b, m);
    buf_puts(b, "\n    def forward(self, x):\n");
    put_leaves(b, m);
    buf_puts(b, "        y = features(self, v, x.shape[0])\n"
                "        return self.classifier(y.mean(dim=(2, 3)) if y.dim() == 4 else y)\n");
    return true;
}
