/* Gradient rules of reductions and of ops that move elements. A reduction's gradient lacks the
 * reduced axes and stands for its broadcast. */
#include "ir/grad.h"

#include <string.h>

GRAD_RULE(reduce_sum) {
    (void)g, (void)r;
    grads[0] = grad;
}

GRAD_RULE(reduce_mean) {
    double n = (double)ir_type_elements(grad_in_type(g, r, 0)) /
               (double)ir_type_elements(&grad_node(g, r)->type);
    grads[0] = grad_scale(g, grad, 1 / n);
}

/* Every element equal to the maximum gets it. */
GRAD_RULE(reduce_max) {
    IrRef x = grad_node(g, r)->in[0];
    grads[0] = grad_mul(g, grad, ir_binary(g, IR_OP_equal, x, r));
}

GRAD_RULE(expand) {
    grads[0] = grad_unbroadcast(g, grad, &grad_node(g, r)->type, grad_in_type(g, r, 0));
}

GRAD_RULE(merge) {
    const IrNode *n = grad_node(g, r);
    IrAttr attr = {.axis = n->attr->axis, .shape_rank = n->attr->naxes};
    for (int i = 0; i < n->attr->naxes; i++) {
        attr.axes[i] = n->attr->axes[i];
        attr.shape[i] = ir_type_size(grad_in_type(g, r, 0), attr.axes[i]);
    }
    IrRef full = grad_full(g, grad, &n->type);
    grads[0] = ir_must(g, IR_OP_unmerge, &full, 1, &attr);
}

GRAD_RULE(unmerge) {
    const IrNode *n = grad_node(g, r);
    IrAttr attr = {.axis = n->attr->axis, .naxes = n->attr->shape_rank};
    memcpy(attr.axes, n->attr->axes, sizeof attr.axes);
    IrRef full = grad_full(g, grad, &n->type);
    grads[0] = ir_must(g, IR_OP_merge, &full, 1, &attr);
}

GRAD_RULE(rename) {
    const IrNode *n = grad_node(g, r);
    IrAttr attr = {.axis = n->attr->axis2, .axis2 = n->attr->axis};
    IrRef full = grad_full(g, grad, &n->type);
    grads[0] = ir_must(g, IR_OP_rename, &full, 1, &attr);
}

GRAD_RULE(concat) {
    const IrNode *n = grad_node(g, r);
    IrRef full = grad_full(g, grad, &n->type);
    IrAttr attr = {.axis = n->attr->axis};
    for (uint32_t i = 0; i < n->nin; i++) {
        attr.lo = attr.hi;
        attr.hi += ir_type_size(grad_in_type(g, r, (int)i), attr.axis);
        if (grads[i] == IR_WANTED)
            grads[i] = n->nin == 1 ? full : ir_must(g, IR_OP_slice, &full, 1, &attr);
    }
}

GRAD_RULE(slice) {
    const IrNode *n = grad_node(g, r);
    IrAttr attr = *n->attr;
    attr.size = ir_type_size(grad_in_type(g, r, 0), attr.axis);
    IrRef full = grad_full(g, grad, &n->type);
    grads[0] = ir_must(g, IR_OP_embed, &full, 1, &attr);
}

GRAD_RULE(embed) {
    const IrNode *n = grad_node(g, r);
    IrRef full = grad_full(g, grad, &n->type);
    grads[0] = ir_must(g, IR_OP_slice, &full, 1, n->attr);
}

/* Its order is random, not piecewise constant, but nothing that is trained is ever shuffled. */
GRAD_RULE(shuffle) {
    (void)g, (void)r, (void)grad, (void)grads;
}
