/* Gradient rules of leaves and elementwise ops. The driver sums over broadcast axes. x is an input,
 * y the node itself; where y says it as well, y is used, since it is in memory anyway. */
#include "ir/grad.h"

#define LEAF_RULE(name)                                                                            \
    GRAD_RULE(name) {                                                                              \
        (void)g, (void)r, (void)grad, (void)grads;                                                 \
    }
LEAF_RULE(input)
LEAF_RULE(param)
LEAF_RULE(frozen)
LEAF_RULE(constant)
LEAF_RULE(table)
LEAF_RULE(random)

/* Piecewise constant: the driver never comes here, as nothing that is needed lies before them. */
LEAF_RULE(zero)
LEAF_RULE(sign)
LEAF_RULE(step)
LEAF_RULE(floor)
LEAF_RULE(mod)
LEAF_RULE(less)
LEAF_RULE(equal)

/* One input: dx = grad * (an expression of x and y). */
#define UNARY_RULE(name, factor)                                                                   \
    GRAD_RULE(name) {                                                                              \
        IrRef x = grad_node(g, r)->in[0], y = r;                                                   \
        (void)x, (void)y;                                                                          \
        grads[0] = grad_mul(g, grad, factor);                                                      \
    }
UNARY_RULE(abs, ir_unary(g, IR_OP_sign, x))
UNARY_RULE(relu, ir_unary(g, IR_OP_step, y))
UNARY_RULE(exp, y)
UNARY_RULE(sin, ir_unary(g, IR_OP_cos, x))
UNARY_RULE(tanh, ir_binary(g, IR_OP_sub, ir_constant(g, 1), ir_binary(g, IR_OP_mul, y, y)))
UNARY_RULE(sigmoid, ir_binary(g, IR_OP_mul, y, ir_binary(g, IR_OP_sub, ir_constant(g, 1), y)))

GRAD_RULE(identity) {
    (void)g, (void)r;
    grads[0] = grad;
}

GRAD_RULE(neg) {
    (void)r;
    grads[0] = grad_neg(g, grad);
}

/* grad / 2y */
GRAD_RULE(sqrt) {
    grads[0] = ir_binary(g, IR_OP_div, grad_scale(g, grad, 0.5), r);
}

/* -grad y^2 */
GRAD_RULE(recip) {
    grads[0] = grad_neg(g, grad_mul(g, grad, ir_binary(g, IR_OP_mul, r, r)));
}

GRAD_RULE(log) {
    grads[0] = ir_binary(g, IR_OP_div, grad, grad_node(g, r)->in[0]);
}

GRAD_RULE(cos) {
    grads[0] = grad_neg(g, grad_mul(g, grad, ir_unary(g, IR_OP_sin, grad_node(g, r)->in[0])));
}

GRAD_RULE(add) {
    uint32_t nin = grad_node(g, r)->nin;
    for (uint32_t i = 0; i < nin; i++)
        if (grads[i] == IR_WANTED)
            grads[i] = grad;
}

GRAD_RULE(sub) {
    (void)r;
    if (grads[0] == IR_WANTED)
        grads[0] = grad;
    if (grads[1] == IR_WANTED)
        grads[1] = grad_neg(g, grad);
}

GRAD_RULE(mul) {
    const IrRef *in = grad_node(g, r)->in;
    for (int i = 0; i < 2; i++)
        if (grads[i] == IR_WANTED)
            grads[i] = grad_mul(g, grad, in[1 - i]);
}

/* y = a / b: da = grad / b, db = -da y */
GRAD_RULE(div) {
    IrRef da = ir_binary(g, IR_OP_div, grad, grad_node(g, r)->in[1]);
    if (grads[0] == IR_WANTED)
        grads[0] = da;
    if (grads[1] == IR_WANTED)
        grads[1] = grad_neg(g, grad_mul(g, da, r));
}

/* The exponent is a constant, so nothing wants its gradient: grad p x^(p-1). */
GRAD_RULE(pow) {
    const IrRef *in = grad_node(g, r)->in;
    double p = ir_get(g, in[1])->attr->value;
    if (grads[0] != IR_WANTED)
        return;
    if (p == 0 || p == 1) {
        grads[0] = p == 0 ? IR_NONE : grad;
        return;
    }
    IrRef power = p == 2 ? in[0] : ir_binary(g, IR_OP_pow, in[0], ir_constant(g, p - 1));
    grads[0] = grad_mul(g, grad_scale(g, grad, p), power);
}

/* The input that wins gets it all; at a tie neither does, as with relu'(0) = 0, so that the order
 * of the two does not matter. */
static void extremum(IrGraph *g, IrRef r, IrRef grad, IrRef *grads, bool largest) {
    const IrRef *in = grad_node(g, r)->in;
    for (int i = 0; i < 2; i++) {
        if (grads[i] != IR_WANTED)
            continue;
        IrRef wins = largest ? ir_binary(g, IR_OP_less, in[1 - i], in[i])
                             : ir_binary(g, IR_OP_less, in[i], in[1 - i]);
        grads[i] = grad_mul(g, grad, wins);
    }
}

GRAD_RULE(maximum) {
    extremum(g, r, grad, grads, true);
}
GRAD_RULE(minimum) {
    extremum(g, r, grad, grads, false);
}

GRAD_RULE(select) {
    IrRef cond = grad_node(g, r)->in[0], none = ir_constant(g, 0);
    if (grads[0] == IR_WANTED)
        grads[0] = IR_NONE;
    if (grads[1] == IR_WANTED)
        grads[1] = ir_must(g, IR_OP_select, (IrRef[]){cond, grad, none}, 3, NULL);
    if (grads[2] == IR_WANTED)
        grads[2] = ir_must(g, IR_OP_select, (IrRef[]){cond, none, grad}, 3, NULL);
}
