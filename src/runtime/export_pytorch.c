#include "runtime/export_pytorch.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/export_ops.h"
#include "runtime/ref.h"

typedef struct Writer {
    const PytorchExport *x;
    Buf *script, *data;
    const IrGraph *graph;
    Hash128 hash;
} Writer;

static void put_shape(Buf *b, const IrType *t) {
    buf_putc(b, '(');
    for (int i = 0; i < t->rank; i++)
        buf_printf(b, "%lld, ", (long long)t->size[i]);
    buf_putc(b, ')');
}

/* The beginning of an entry of the script's tensor table: name, where it lies in the file in floats, its shape. */
static void put_entry(Writer *w, const char *table, IrRef r, const IrType *type) {
    buf_printf(w->script, "    (\"%s\", %u, %zu, ", table, r, w->data->len / sizeof(float));
    put_shape(w->script, type);
}

static void put_law(Buf *b, InitLaw law) {
    buf_printf(b, ", \"%s\", ", law.normal ? "normal" : "uniform");
    buf_put_double(b, law.low);
    buf_puts(b, ", ");
    buf_put_double(b, law.high);
}

static void put_inputs(Writer *w) {
    for (size_t i = 0; i < ir_graph_len(w->graph); i++) {
        const IrNode *node = ir_get(w->graph, (IrRef)i);
        if (node->op != IR_OP_input)
            continue;
        const RunValue *v = run_value(w->x->run, w->x->build, node->attr->uid);
        put_entry(w, "input", (IrRef)i, &v->type);
        buf_puts(w->script, "),\n");
        buf_append(w->data, v->dense, (size_t)ir_type_elements(&v->type) * sizeof(float));
    }
}

static void put_weights(Writer *w, int64_t repeat) {
    for (size_t i = 0; i < ir_graph_len(w->graph); i++) {
        const IrNode *node = ir_get(w->graph, (IrRef)i);
        if (node->op != IR_OP_param && node->op != IR_OP_frozen)
            continue;
        int64_t n = ir_type_elements(&node->type);
        double *values = nasc_alloc((size_t)n * sizeof *values);
        init_leaf(node, w->x->seed, (uint64_t)repeat, w->hash, values);
        put_entry(w, node->op == IR_OP_param ? "param" : "frozen", (IrRef)i, &node->type);
        put_law(w->script, init_law(node));
        buf_puts(w->script, "),\n");
        for (int64_t k = 0; k < n; k++) {
            float v = (float)values[k];
            buf_append(w->data, &v, sizeof v);
        }
        free(values);
    }
}

static const PlanUpdate *update_of(const PytorchExport *x, uint64_t uid) {
    for (size_t i = 0; i < x->nupdates; i++)
        if (x->updates[i].uid == uid)
            return &x->updates[i];
    return NULL;
}

static void put_settings(Writer *w) {
    buf_puts(w->script, "# parameter: learning rate, momentum, weight decay\nSETTINGS = {\n");
    for (size_t i = 0; i < ir_graph_len(w->graph); i++) {
        const IrNode *node = ir_get(w->graph, (IrRef)i);
        const PlanUpdate *u = node->op == IR_OP_param ? update_of(w->x, node->attr->uid) : NULL;
        if (!u)
            continue;
        buf_printf(w->script, "    %zu: (", i);
        buf_put_double(w->script, u->lr);
        buf_puts(w->script, ", ");
        buf_put_double(w->script, u->momentum);
        buf_puts(w->script, ", ");
        buf_put_double(w->script, u->decay);
        buf_puts(w->script, "),\n");
    }
    buf_puts(w->script, "}\n\n");
}

static bool put_forward(Writer *w, NascError *err) {
    const IrModule *m = w->x->canonical;
    ExportOps ops = {w->graph, NULL};
    buf_puts(w->script, "\ndef forward(v):\n    \"\"\"One forward pass: the loss, then the "
                        "measured scalars.\"\"\"\n");
    for (size_t i = 0; i < ir_graph_len(w->graph); i++)
        if (!export_op(w->script, &ops, (IrRef)i, err))
            return false;
    buf_puts(w->script, "    return [");
    for (size_t i = 0; i < m->nroots; i++)
        buf_printf(w->script, "%st%u", i ? ", " : "", m->roots[i]);
    buf_puts(w->script, "]\n");
    return true;
}

static const char prologue[] =
    "# Written by nasc: the training run of\n#     %s\n"
    "# on the tensors in %s. Needs only torch.\n"
    "import argparse\nimport array\nimport json\nimport math\nimport os\nimport "
    "time\n\nimport torch\nimport torch.nn.functional as F\n\n"
    "STEPS, REPEATS, TRAINS, MEASURES = %lld, %lld, %s, %zu\n";

static const char epilogue[] =
    "\n\n"
    "def load(table, tensors, dtype, generator=None):\n"
    "    \"\"\"The tensors of the file, or, with a generator, others of the same laws.\"\"\"\n"
    "    out = {}\n"
    "    for kind, name, start, shape, *law in table:\n"
    "        t = tensors[start:start + math.prod(shape)].clone().reshape(shape)\n"
    "        if generator and law[0] == 'normal':\n"
    "            t.normal_(law[1], law[2], generator=generator)\n"
    "        elif generator:\n"
    "            t.uniform_(law[1], law[2], generator=generator)\n"
    "        out[name] = (kind, t.to(dtype))\n"
    "    return out\n"
    "\n\n"
    "def train(inputs, weights, steps):\n"
    "    \"\"\"Losses at each forward pass; the last pass is followed by no backward pass.\"\"\"\n"
    "    v = {name: t for name, (_, t) in inputs.items()}\n"
    "    v['dtype'] = DTYPE\n"
    "    groups = {}\n"
    "    for name, (kind, t) in weights.items():\n"
    "        v[name] = t.requires_grad_(kind == 'param')\n"
    "        if name in SETTINGS:\n"
    "            groups.setdefault(SETTINGS[name], []).append(t)\n"
    "    optimizer = torch.optim.SGD([{'params': p, 'lr': lr, 'momentum': m, 'weight_decay': d}\n"
    "                                 for (lr, m, d), p in groups.items()], lr=1.0) if groups else "
    "None\n"
    "    losses = []\n"
    "    for step in range(steps):\n"
    "        if step + 1 == steps:\n"
    "            with torch.no_grad():\n"
    "                roots = forward(v)\n"
    "        else:\n"
    "            roots = forward(v)\n"
    "        losses.append(roots[1 if TRAINS else 0].detach())\n"
    "        if step + 1 < steps:\n"
    "            optimizer.zero_grad(set_to_none=True)\n"
    "            roots[0].backward()\n"
    "            optimizer.step()\n"
    "    return [float(x) for x in losses]\n"
    "\n\n"
    "def main():\n"
    "    parser = argparse.ArgumentParser(description='the training run of one architecture')\n"
    "    parser.add_argument('--double', action='store_true', help='compute in double')\n"
    "    parser.add_argument('--threads', type=int, default=1)\n"
    "    parser.add_argument('--steps', type=int, default=STEPS, help='forward passes')\n"
    "    parser.add_argument('--seed', type=int, help='draw the initial weights by torch "
    "instead')\n"
    "    parser.add_argument('--dump', help='write the trained parameters, doubles in the order of "
    "the table')\n"
    "    parser.add_argument('--time', type=int, default=0, metavar='N', help='print the processor "
    "seconds of N more runs')\n"
    "    options = parser.parse_args()\n"
    "    torch.set_num_threads(options.threads)\n"
    "    global DTYPE\n"
    "    dtype = DTYPE = torch.float64 if options.double else torch.float32\n"
    "    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), DATA)\n"
    "    with open(path, 'rb') as f:\n"
    "        tensors = torch.frombuffer(bytearray(f.read()), dtype=torch.float32)\n"
    "    losses, inputs = [], load(INPUTS, tensors, dtype)\n"
    "    generator = None if options.seed is None else "
    "torch.Generator().manual_seed(options.seed)\n"
    "    for table in WEIGHTS:\n"
    "        weights = load(table, tensors, dtype, generator)\n"
    "        losses.append(train(inputs, weights, options.steps))\n"
    "    if options.dump:\n"
    "        with open(options.dump, 'wb') as f:\n"
    "            for kind, t in weights.values():\n"
    "                if kind == 'param':\n"
    "                    array.array('d', t.detach().flatten().tolist()).tofile(f)\n"
    "    for _ in range(options.time):\n"
    "        weights = load(WEIGHTS[0], tensors, dtype)\n"
    "        start = time.process_time()\n"
    "        train(inputs, weights, options.steps)\n"
    "        print(json.dumps({'seconds': time.process_time() - start}))\n"
    "    print(json.dumps({'losses': losses}))\n"
    "\n\n"
    "if __name__ == '__main__':\n"
    "    main()\n";

bool export_pytorch(const PytorchExport *x, Buf *script, Buf *data, NascError *err) {
    Writer w = {x, script, data, x->canonical->graph, ir_hash(x->canonical)};
    buf_printf(script, prologue, x->arch, x->data_name, (long long)x->build->steps,
               (long long)x->repeats, x->build->ntrainings ? "True" : "False", x->build->nmeasures);
    buf_printf(script,
               "DATA = \"%s\"\n\n# kind, node, first float in the file, shape; law of its "
               "elements: uniform low, high or normal mean, deviation\nINPUTS = [\n",
               x->data_name);
    put_inputs(&w);
    buf_puts(script, "]\nWEIGHTS = [\n");
    for (int64_t r = 0; r < x->repeats; r++) {
        buf_puts(script, "  [\n");
        put_weights(&w, r);
        buf_puts(script, "  ],\n");
    }
    buf_puts(script, "]\n\n");
    put_settings(&w);
    if (!put_forward(&w, err))
        return false;
    buf_puts(script, epilogue);
    return true;
}
