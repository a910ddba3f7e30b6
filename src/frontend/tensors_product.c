/* What attention is written with: weights of any axes, contractions, softmax and layer norm. The two
 * last are made of elementwise ops and reductions, so that they need no op of their own. */
#include "frontend/builtins.h"

#include <string.h>

static bool tensor_slot(Eval *e, const Call *c, size_t slot, Value *out) {
    *out = value_tensor_of(c->slot[slot]);
    if (out->kind == VALUE_TENSOR)
        return true;
    if (!value_is_poison(*out))
        REPORT(e, c->at[slot], not_a_tensor, value_kind_name(*out));
    return false;
}

static bool axis_slot(Eval *e, const Call *c, size_t slot, IrAxis *out) {
    Value v = c->slot[slot];
    *out = v.kind == VALUE_STRING ? ir_axis(v.u.string->text, v.u.string->len) : 0;
    if (*out)
        return true;
    if (!value_is_poison(v))
        REPORT(e, c->at[slot], axis_mismatch,
               arena_printf(e->arena, "%s is not the name of an axis", eval_show(e, v)));
    return false;
}

/* contract(a, b, axis, ...): the sum over these axes of a * b */
Value tensor_contract(Eval *e, const Call *c) {
    Value in[2];
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &in[0]) || !tensor_slot(e, c, 1, &in[1]))
        return value_poison();
    for (size_t i = 2; i < 5; i++)
        if (c->given[i] && !axis_slot(e, c, i, &attr.axes[attr.naxes++]))
            return value_poison();
    return make_node(e, IR_OP_contract, in, 2, &attr, c->place);
}

static Value reduced(Eval *e, IrOp op, Value x, IrAxis axis, Place place) {
    IrAttr attr = {.naxes = 1, .axes = {axis}};
    return make_node(e, op, &x, 1, &attr, place);
}

static Value binary(Eval *e, IrOp op, Value a, Value b, Place place) {
    return make_node(e, op, (Value[]){a, b}, 2, NULL, place);
}

/* softmax(axis): exp(x - max) divided by its sum */
Value layer_softmax(Eval *e, const Layer *l, Value x, Place place) {
    IrAxis axis;
    if (!axis_slot(e, l->call, 0, &axis))
        return value_poison();
    Value below = binary(e, IR_OP_sub, x, reduced(e, IR_OP_reduce_max, x, axis, place), place);
    Value power = make_node(e, IR_OP_exp, &below, 1, NULL, place);
    return binary(e, IR_OP_div, power, reduced(e, IR_OP_reduce_sum, power, axis, place), place);
}

/* A leaf of the given axes, drawn or constant. */
static Value leaf(Eval *e, const char *op, const char *role, const IrType *type, double deviation,
                  double value, Place place) {
    IrAttr attr = {.mode = IR_INIT_VALUE, .value = value};
    if (deviation > 0)
        attr = (IrAttr){.mode = IR_INIT_NORMAL, .max = deviation};
    return eval_leaf(e, op, role, type, &attr, place);
}

/* layer_norm(axis, affine, eps): mean 0 and variance 1 along one axis, then scale and shift */
Value layer_layer_norm(Eval *e, const Layer *l, Value x, Place at) {
    const Call *c = l->call;
    IrAxis axis = IR_AXIS_C;
    bool affine = true;
    double eps = 1e-5;
    if ((c->given[0] && !axis_slot(e, c, 0, &axis)) ||
        (c->given[1] && !eval_bool(e, c->slot[1], c->at[1], "affine", &affine)) ||
        (c->given[2] && !eval_number(e, c->slot[2], c->at[2], "eps", &eps)))
        return value_poison();
    if (!(eps > 0))
        return FAIL(e, c->at[2], bad_value, "eps must be positive");
    Value centred = binary(e, IR_OP_sub, x, reduced(e, IR_OP_reduce_mean, x, axis, at), at);
    Value square = binary(e, IR_OP_mul, centred, centred, at);
    Value spread = binary(e, IR_OP_add, reduced(e, IR_OP_reduce_mean, square, axis, at),
                          value_decimal(eps), at);
    Value y = binary(e, IR_OP_div, centred, make_node(e, IR_OP_sqrt, &spread, 1, NULL, at), at);
    if (!affine || value_is_poison(y))
        return y;
    IrType type = {.rank = 1, .axis = {axis}, .size = {ir_type_size(tensor_type(x), axis)}};
    y = binary(e, IR_OP_mul, y, leaf(e, "layer_norm", "scale", &type, 0, 1, at), at);
    return binary(e, IR_OP_add, y, leaf(e, "layer_norm", "shift", &type, 0, 0, at), at);
}

/* weight(c: 96, t: 64, deviation: 0.02), weight(c: 96, value: 1) */
Value tensor_weight(Eval *e, const Call *c) {
    IrType type;
    double deviation = 0.02, value = 0;
    if (!named_sizes(e, c, &type) ||
        (c->given[0] && !eval_number(e, c->slot[0], c->at[0], "deviation", &deviation)) ||
        (c->given[1] && !eval_number(e, c->slot[1], c->at[1], "value", &value)))
        return value_poison();
    if (ir_type_find(&type, IR_AXIS_N) >= 0)
        return FAIL(e, c->place, axis_mismatch, "a weight is the same for every image: no axis n");
    if (c->given[0] && c->given[1])
        return FAIL(e, c->place, bad_value, "a weight has a deviation or a value, not both");
    if (c->given[0] && !(deviation > 0))
        return FAIL(e, c->at[0], bad_value, "the deviation of a weight must be positive");
    return leaf(e, "weight", "weight", &type, c->given[1] ? 0 : deviation, value, c->place);
}
