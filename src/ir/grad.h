/* What the gradient rules (grad_*.c) share.
 *
 * Before a rule runs, grads[i] is IR_WANTED where the gradient of input i is needed and IR_NONE
 * elsewhere. The rule replaces IR_WANTED by a gradient or by IR_NONE (none flows); what it leaves
 * is an error of the user's: no gradient is known. The incoming `grad` and those a rule gives may
 * lack axes of the value they belong to and stand for the broadcast, so that a scalar factor is
 * never spread over a map: rules of elementwise ops and reductions take it as it is, others call
 * grad_full(). */
#ifndef NASC_IR_GRAD_H
#define NASC_IR_GRAD_H

#include "ir/passes.h"

#define IR_WANTED ((IrRef)(UINT32_MAX - 1))

#define GRAD_RULE(name) void ir_grad_##name(IrGraph *g, IrRef r, IrRef grad, IrRef *grads)

/* Products that leave out a factor of 1 and compute with constants at once. */
IrRef grad_mul(IrGraph *g, IrRef a, IrRef b);
IrRef grad_scale(IrGraph *g, IrRef a, double factor);
IrRef grad_neg(IrGraph *g, IrRef a);
/* grad with all axes of `type`. */
IrRef grad_full(IrGraph *g, IrRef grad, const IrType *type);
/* Sum over the axes that `from` (the type grad belongs to) has and `to` has not. */
IrRef grad_unbroadcast(IrGraph *g, IrRef grad, const IrType *from, const IrType *to);

/* For rules: the node, input i of it. */
static inline const IrNode *grad_node(const IrGraph *g, IrRef r) {
    return ir_get(g, r);
}
static inline const IrType *grad_in_type(const IrGraph *g, IrRef r, int i) {
    return &ir_get(g, ir_get(g, r)->in[i])->type;
}

#endif
