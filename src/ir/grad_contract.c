/* Gradient rule of contract: the derivative by one side is the product of the gradient with the other
 * side, summed over the axes that the one side lacks. */
#include "ir/grad.h"

static IrRef side(IrGraph *g, IrRef grad, IrRef other, const IrType *like) {
    const IrType *type = &ir_get(g, grad)->type;
    IrAttr attr = {0};
    for (int i = 0; i < type->rank; i++)
        if (ir_type_find(like, type->axis[i]) < 0)
            attr.axes[attr.naxes++] = type->axis[i];
    if (attr.naxes == 0)
        return ir_binary(g, IR_OP_mul, grad, other);
    return ir_must(g, IR_OP_contract, (IrRef[]){grad, other}, 2, &attr);
}

GRAD_RULE(contract) {
    const IrNode *n = grad_node(g, r);
    IrRef full = grad_full(g, grad, &n->type);
    for (int i = 0; i < 2; i++)
        if (grads[i] == IR_WANTED)
            grads[i] = side(g, full, n->in[1 - i], grad_in_type(g, r, i));
}
