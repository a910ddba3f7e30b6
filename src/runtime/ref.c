/* The driver of the reference executor: evaluates the nodes that the wanted ones need, in number
 * order (which is topological), each by the loop of its op. A value is freed after its last use;
 * the wanted ones are copied to the caller's arena. */
#include "runtime/ref.h"

#include <stdlib.h>
#include <string.h>

static RefKernel *const kernel_of_op[IR_OP_COUNT] = {
#define OP(name, class, min_in, max_in, traits) [IR_OP_##name] = ref_##name,
#include "ir/ops.def"
#undef OP
};

typedef struct Evaluation {
    const IrGraph *graph;
    const RefOptions *options;
    uint32_t *uses; /* [node]: inputs and wanted results not yet served; 0 = not needed */
    double **value; /* [node]: malloc'd, NULL before and after its life */
} Evaluation;

static void release(Evaluation *e, IrRef r) {
    CHECK(e->uses[r] > 0);
    if (--e->uses[r] == 0) {
        free(e->value[r]);
        e->value[r] = NULL;
    }
}

static void count_uses(Evaluation *e, const IrRef *refs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        CHECK(refs[i] < ir_graph_len(e->graph));
        e->uses[refs[i]]++;
    }
    for (size_t r = ir_graph_len(e->graph); r-- > 0;) {
        if (e->uses[r] == 0)
            continue;
        const IrNode *node = ir_get(e->graph, (IrRef)r);
        for (uint32_t k = 0; k < node->nin; k++)
            e->uses[node->in[k]]++;
    }
}

static bool is_outside_leaf(IrOp op) {
    return op == IR_OP_input || op == IR_OP_param || op == IR_OP_frozen;
}

static bool eval_leaf(Evaluation *e, const IrNode *node, IrRef r, NascError *err) {
    CHECK(e->options->leaf != NULL);
    if (e->options->leaf(e->options->user, node, r, e->value[r], err))
        return true;
    nasc_fail(err, NASC_PROGRAM_ERROR, "no value for leaf %s", node->name ? node->name : "");
    return false;
}

static bool eval_node(Evaluation *e, IrRef r, NascError *err) {
    const IrNode *node = ir_get(e->graph, r);
    size_t elements = (size_t)ir_type_elements(&node->type);
    e->value[r] = nasc_alloc(sizeof(double) * MAX(elements, 1));
    if (is_outside_leaf(node->op))
        return eval_leaf(e, node, r, err);
    const IrType **types = nasc_alloc(sizeof *types * MAX(node->nin, 1));
    const double **in = nasc_alloc(sizeof *in * MAX(node->nin, 1));
    for (uint32_t k = 0; k < node->nin; k++) {
        types[k] = &ir_get(e->graph, node->in[k])->type;
        in[k] = e->value[node->in[k]];
    }
    kernel_of_op[node->op](node, types, in, e->value[r], e->options);
    free(types);
    free(in);
    for (uint32_t k = 0; k < node->nin; k++)
        release(e, node->in[k]);
    return true;
}

static void copy_wanted(Evaluation *e, const IrRef *refs, size_t n, Arena *arena, double **out) {
    for (size_t i = 0; i < n; i++) {
        size_t elements = (size_t)ir_type_elements(&ir_get(e->graph, refs[i])->type);
        out[i] = ARENA_ARRAY(arena, double, elements);
        memcpy(out[i], e->value[refs[i]], sizeof(double) * elements);
        release(e, refs[i]);
    }
}

int64_t ref_eval_bytes(const IrGraph *g, const IrRef *refs, size_t n) {
    Evaluation e = {.graph = g};
    e.uses = nasc_alloc_zero(sizeof *e.uses * MAX(ir_graph_len(g), 1));
    count_uses(&e, refs, n);
    int64_t now = 0, most = 0;
    for (size_t r = 0; r < ir_graph_len(g); r++) {
        const IrNode *node = ir_get(g, (IrRef)r);
        if (e.uses[r] == 0)
            continue;
        now += ir_type_elements(&node->type);
        most = MAX(most, now);
        for (uint32_t k = 0; k < node->nin; k++)
            if (--e.uses[node->in[k]] == 0)
                now -= ir_type_elements(&ir_get(g, node->in[k])->type);
    }
    free(e.uses);
    for (size_t i = 0; i < n; i++)
        now += ir_type_elements(&ir_get(g, refs[i])->type);
    return MAX(most, now) * (int64_t)sizeof(double);
}

bool ref_eval(const IrGraph *g, const IrRef *refs, size_t n, const RefOptions *options,
              Arena *arena, double **out, NascError *err) {
    size_t len = ir_graph_len(g);
    Evaluation e = {.graph = g, .options = options};
    e.uses = nasc_alloc_zero(sizeof *e.uses * MAX(len, 1));
    e.value = nasc_alloc_zero(sizeof *e.value * MAX(len, 1));
    count_uses(&e, refs, n);
    bool ok = true;
    for (size_t r = 0; ok && r < len; r++)
        if (e.uses[r] > 0)
            ok = eval_node(&e, (IrRef)r, err);
    if (ok)
        copy_wanted(&e, refs, n, arena, out);
    for (size_t r = 0; r < len; r++)
        free(e.value[r]);
    free(e.value);
    free(e.uses);
    return ok;
}
