/* Sizes of a network, counted on the graph as written, for one image: whatever has the axis n is
 * divided by the batch. The counts are those of docs/method.md, "Sizes"; benchmarks publish each
 * under the name of another, so none is computed from another here. */
#include "ir/passes.h"

#include <stdlib.h>

/* Elements of one image. */
static int64_t per_image(const IrType *t) {
    return ir_type_elements(t) / ir_type_size(t, IR_AXIS_N);
}

static const IrType *in_type(const IrGraph *g, const IrNode *n, uint32_t i) {
    return &ir_get(g, n->in[i])->type;
}

static bool add_to(int64_t *sum, int64_t x) {
    return add_checked(*sum, x, sum);
}

/* Convolutions and dense layers: each output element sums over one filter. */
static bool count_conv(const IrGraph *g, const IrNode *n, bool live, IrSizes *s) {
    const IrType *w = in_type(g, n, 1);
    int64_t filter = ir_type_elements(w) / ir_type_size(w, IR_AXIS_O), macs;
    int64_t outputs = per_image(&n->type);
    return mul_checked(outputs, filter, &macs) && add_to(&s->macs, macs) &&
           (!live || add_to(&s->live_macs, macs)) && add_to(&s->conv_count, macs) &&
           (n->nin < 3 || add_to(&s->conv_count, outputs));
}

/* A product of an activation with what is the same for every image, a weight. Products of two
 * activations, as in attention, are no multiplications by weights and count nowhere. */
static bool count_contract(const IrGraph *g, const IrNode *n, bool live, IrSizes *s) {
    const IrType *a = in_type(g, n, 0), *b = in_type(g, n, 1);
    bool weighs = (ir_type_find(a, IR_AXIS_N) >= 0) != (ir_type_find(b, IR_AXIS_N) >= 0);
    if (!weighs || ir_type_find(&n->type, IR_AXIS_N) < 0)
        return true;
    int64_t macs = per_image(&n->type);
    for (int i = 0; i < n->attr->naxes; i++)
        if (!mul_checked(macs, ir_type_size(a, n->attr->axes[i]), &macs))
            return false;
    return add_to(&s->macs, macs) && (!live || add_to(&s->live_macs, macs)) &&
           add_to(&s->conv_count, macs);
}

/* A mean over exactly h and w is a global pool. */
static bool is_global_pool(const IrNode *n) {
    const IrAttr *a = n->attr;
    return a->naxes == 2 && ((a->axes[0] == IR_AXIS_H && a->axes[1] == IR_AXIS_W) ||
                             (a->axes[0] == IR_AXIS_W && a->axes[1] == IR_AXIS_H));
}

static int64_t map_size(const IrType *t) {
    return ir_type_size(t, IR_AXIS_H) * ir_type_size(t, IR_AXIS_W);
}

static bool count_node(const IrGraph *g, const IrNode *n, bool live, IrSizes *s) {
    switch (n->op) {
    case IR_OP_param:
        return add_to(&s->params, ir_type_elements(&n->type));
    case IR_OP_conv:
    case IR_OP_dense:
        return count_conv(g, n, live, s);
    case IR_OP_contract:
        return count_contract(g, n, live, s);
    case IR_OP_batch_norm:
        return add_to(&s->bn_count, per_image(&n->type) * (n->nin > 1 ? 2 : 1));
    case IR_OP_relu:
        return add_to(&s->relu_count, per_image(&n->type));
    case IR_OP_max_pool:
    case IR_OP_avg_pool:
        return add_to(&s->pool_count, per_image(in_type(g, n, 0)));
    case IR_OP_reduce_mean:
        return !is_global_pool(n) || add_to(&s->pool_count, per_image(in_type(g, n, 0)));
    case IR_OP_resize:
        return n->attr->mode == IR_RESIZE_BILINEAR ||
               map_size(&n->type) <= map_size(in_type(g, n, 0)) ||
               add_to(&s->resize_count, per_image(&n->type));
    default:
        return true;
    }
}

bool ir_sizes(const IrModule *source, IrSizes *out) {
    const IrGraph *g = source->graph;
    size_t len = ir_graph_len(g);
    bool *reached = nasc_alloc_zero(len + 1), *live = nasc_alloc_zero(len + 1);
    ir_mark_reached(source, reached);
    ir_mark_live(source, live);
    *out = (IrSizes){0};
    bool ok = true;
    for (IrRef r = 0; r < len && ok; r++)
        ok = !reached[r] || count_node(g, ir_get(g, r), live[r], out);
    free(reached);
    free(live);
    return ok && add_to(&out->counted_macs, out->conv_count) &&
           add_to(&out->counted_macs, out->bn_count) &&
           add_to(&out->counted_macs, out->relu_count) &&
           add_to(&out->counted_macs, out->pool_count) &&
           add_to(&out->counted_macs, out->resize_count);
}
