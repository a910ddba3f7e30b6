/* Gradient rules of convolutions, dense layers, pooling and resizing. A convolution is linear in
 * each of its inputs, and conv, conv_dx and conv_dw are three readings of one trilinear form
 *     <grad, conv(x, w)> = <conv_dx(grad, w), x> = <conv_dw(x, grad), w>,
 * so each has its gradients among the others; dense likewise. */
#include "ir/grad.h"

/* The record of a convolution for its three forms, `in_size` from a map that conv reads. */
static IrAttr with_in_size(const IrAttr *attr, const IrType *map) {
    IrAttr out = *attr;
    out.in_size[0] = ir_type_size(map, IR_AXIS_H);
    out.in_size[1] = ir_type_size(map, IR_AXIS_W);
    return out;
}

static IrRef binary(IrGraph *g, IrOp op, IrRef a, IrRef b, const IrAttr *attr) {
    return ir_must(g, op, (IrRef[]){a, b}, 2, attr);
}

/* y = conv(x, w, bias) */
GRAD_RULE(conv) {
    const IrNode *n = grad_node(g, r);
    if (n->nin == 3 && grads[2] == IR_WANTED)
        grads[2] = grad_unbroadcast(g, grad, &n->type, grad_in_type(g, r, 2));
    IrAttr attr = with_in_size(n->attr, grad_in_type(g, r, 0));
    if (grads[0] == IR_WANTED || grads[1] == IR_WANTED)
        grad = grad_full(g, grad, &n->type);
    if (grads[0] == IR_WANTED)
        grads[0] = binary(g, IR_OP_conv_dx, grad, n->in[1], &attr);
    if (grads[1] == IR_WANTED)
        grads[1] = binary(g, IR_OP_conv_dw, n->in[0], grad, &attr);
}

/* y = conv_dx(u, w), y like the map x */
GRAD_RULE(conv_dx) {
    const IrNode *n = grad_node(g, r);
    grad = grad_full(g, grad, &n->type);
    if (grads[0] == IR_WANTED)
        grads[0] = binary(g, IR_OP_conv, grad, n->in[1], n->attr);
    if (grads[1] == IR_WANTED)
        grads[1] = binary(g, IR_OP_conv_dw, grad, n->in[0], n->attr);
}

/* y = conv_dw(x, u), y like the weight */
GRAD_RULE(conv_dw) {
    const IrNode *n = grad_node(g, r);
    IrAttr attr = with_in_size(n->attr, grad_in_type(g, r, 0));
    grad = grad_full(g, grad, &n->type);
    if (grads[0] == IR_WANTED)
        grads[0] = binary(g, IR_OP_conv_dx, n->in[1], grad, &attr);
    if (grads[1] == IR_WANTED)
        grads[1] = binary(g, IR_OP_conv, n->in[0], grad, &attr);
}

/* y[n, o] = x[n, i] w[o, i] + bias[o] */
GRAD_RULE(dense) {
    const IrNode *n = grad_node(g, r);
    if (n->nin == 3 && grads[2] == IR_WANTED)
        grads[2] = grad_unbroadcast(g, grad, &n->type, grad_in_type(g, r, 2));
    if (grads[0] == IR_WANTED || grads[1] == IR_WANTED)
        grad = grad_full(g, grad, &n->type);
    if (grads[0] == IR_WANTED)
        grads[0] = binary(g, IR_OP_dense_dx, grad, n->in[1], NULL);
    if (grads[1] == IR_WANTED)
        grads[1] = binary(g, IR_OP_dense_dw, n->in[0], grad, NULL);
}

/* y[n, i] = u[n, o] w[o, i] */
GRAD_RULE(dense_dx) {
    const IrNode *n = grad_node(g, r);
    grad = grad_full(g, grad, &n->type);
    if (grads[0] == IR_WANTED)
        grads[0] = binary(g, IR_OP_dense, grad, n->in[1], NULL);
    if (grads[1] == IR_WANTED)
        grads[1] = binary(g, IR_OP_dense_dw, grad, n->in[0], NULL);
}

/* y[o, i] = sum over n of x[n, i] u[n, o] */
GRAD_RULE(dense_dw) {
    const IrNode *n = grad_node(g, r);
    grad = grad_full(g, grad, &n->type);
    if (grads[0] == IR_WANTED)
        grads[0] = binary(g, IR_OP_dense_dx, n->in[1], grad, NULL);
    if (grads[1] == IR_WANTED)
        grads[1] = binary(g, IR_OP_dense, n->in[0], grad, NULL);
}

GRAD_RULE(max_pool) {
    const IrNode *n = grad_node(g, r);
    grads[0] = binary(g, IR_OP_max_pool_dx, n->in[0], grad_full(g, grad, &n->type), n->attr);
}

/* Its derivative by the gradient would gather from the winners, an op that does not exist. By x it
 * is piecewise constant. */
GRAD_RULE(max_pool_dx) {
    (void)g, (void)r, (void)grad;
    if (grads[0] == IR_WANTED)
        grads[0] = IR_NONE;
}

/* The four that follow are linear: one is the transpose of the other. */
static IrRef transpose(IrGraph *g, IrRef r, IrRef grad, IrOp op) {
    const IrNode *n = grad_node(g, r);
    IrAttr attr = with_in_size(n->attr, grad_in_type(g, r, 0));
    attr.out_size[0] = attr.in_size[0];
    attr.out_size[1] = attr.in_size[1];
    IrRef full = grad_full(g, grad, &n->type);
    return ir_must(g, op, &full, 1, &attr);
}

GRAD_RULE(avg_pool) {
    grads[0] = transpose(g, r, grad, IR_OP_avg_pool_dx);
}
GRAD_RULE(avg_pool_dx) {
    grads[0] = transpose(g, r, grad, IR_OP_avg_pool);
}
GRAD_RULE(resize) {
    grads[0] = transpose(g, r, grad, IR_OP_resize_dx);
}
GRAD_RULE(resize_dx) {
    grads[0] = transpose(g, r, grad, IR_OP_resize);
}
