/* Gradient rules of batch norm. With z = batch_norm(x), N elements a channel, and the sums over
 * everything but the channel
 *     a = sum(grad),  b = sum(grad * z):
 *     dshift = a,  dscale = b,  dx = (scale * rstd) * (grad - a/N - z * (b/N)).
 * The sums serve both. z and rstd are the nodes that ir_expand makes of the forward pass. */
#include "ir/grad.h"

static IrRef per_channel(IrGraph *g, IrRef grad, const IrType *type) {
    IrType channel = ir_type(1, (IrAxis[]){IR_AXIS_C}, (int64_t[]){ir_type_size(type, IR_AXIS_C)});
    return grad_unbroadcast(g, grad, type, &channel);
}

static double count(const IrType *type) {
    return (double)ir_type_elements(type) / (double)ir_type_size(type, IR_AXIS_C);
}

GRAD_RULE(batch_norm) {
    const IrNode *n = grad_node(g, r);
    const IrType *type = &n->type;
    bool affine = n->nin > 1;
    IrRef x = n->in[0];
    IrRef z = affine ? ir_must(g, IR_OP_batch_norm, &x, 1, n->attr) : r;
    bool wants_x = grads[0] == IR_WANTED, wants_scale = affine && grads[1] == IR_WANTED;
    IrRef a = IR_NONE, b = IR_NONE;
    if (wants_x || (n->nin == 3 && grads[2] == IR_WANTED))
        a = per_channel(g, grad, type);
    if (wants_x || wants_scale)
        b = per_channel(g, grad_mul(g, z, grad), type);
    if (n->nin == 3 && grads[2] == IR_WANTED)
        grads[2] = a;
    if (wants_scale)
        grads[1] = b;
    if (!wants_x)
        return;
    double share = 1 / count(type);
    IrRef full = grad_full(g, grad, type);
    IrRef factor = ir_must(g, IR_OP_bn_rstd, &x, 1, n->attr);
    if (affine)
        factor = grad_mul(g, n->in[1], factor);
    IrRef centred = ir_binary(g, IR_OP_sub, full, grad_scale(g, a, share));
    IrRef along = grad_mul(g, z, grad_scale(g, b, share));
    grads[0] = grad_mul(g, ir_binary(g, IR_OP_sub, centred, along), factor);
}

/* y = (var + eps)^(-1/2), so dy/dx = -y^3 (x - mean) / N. */
GRAD_RULE(bn_rstd) {
    IrRef x = grad_node(g, r)->in[0];
    const IrType *type = grad_in_type(g, r, 0);
    IrAxis axes[IR_MAX_AXES];
    int naxes = 0;
    for (int i = 0; i < type->rank; i++)
        if (type->axis[i] != IR_AXIS_C)
            axes[naxes++] = type->axis[i];
    IrRef cube = ir_binary(g, IR_OP_mul, r, ir_binary(g, IR_OP_mul, r, r));
    IrRef factor = grad_scale(g, grad_mul(g, cube, grad), -1 / count(type));
    IrRef mean = ir_reduce(g, IR_OP_reduce_mean, x, axes, naxes);
    grads[0] = grad_mul(g, ir_binary(g, IR_OP_sub, x, mean), factor);
}
