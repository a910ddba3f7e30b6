/* What is checked before a node is made: number of inputs, the op's shape rule, the limits of
 * its result. The one place that the maker, the verifier and the reader of text share. */
#include "ir/shape.h"

#include <stdlib.h>

static IrShapeRule *const rules[IR_OP_COUNT] = {
#define OP(name, class, min_in, max_in, traits) ir_shape_##name,
#include "ir/ops.def"
#undef OP
};

static bool check_count(const IrOpInfo *info, uint32_t nin, IrError *err) {
    if ((int64_t)nin >= info->min_in && (int64_t)nin <= info->max_in)
        return true;
    if (info->min_in == info->max_in)
        return ir_fail(err, NULL, "%s: takes %d input%s, not %u", info->name, info->min_in,
                       info->min_in == 1 ? "" : "s", nin);
    if (info->max_in == IR_MAX_IN)
        return ir_fail(err, NULL, "%s: takes at least %d input%s, not %u", info->name, info->min_in,
                       info->min_in == 1 ? "" : "s", nin);
    return ir_fail(err, NULL, "%s: takes %d to %d inputs, not %u", info->name, info->min_in,
                   info->max_in, nin);
}

bool ir_infer_type(const IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr,
                   IrType *out, IrError *err) {
    const IrOpInfo *info = ir_op_info(op);
    if (!check_count(info, nin, err))
        return false;
    const IrType *few[8];
    const IrType **types = nin <= ARRAY_LEN(few) ? few : nasc_alloc(nin * sizeof *types);
    for (uint32_t i = 0; i < nin; i++)
        types[i] = &ir_get(g, in[i])->type;
    bool ok = rules[op](types, nin, attr, out, err) && ir_type_check(info->name, out, err);
    if (types != few)
        free(types);
    if (ok && op == IR_OP_pow && ir_get(g, in[1])->op != IR_OP_constant)
        return ir_fail(err, "write exp(y * log(x)) where the exponent is computed",
                       "pow: the exponent must be a constant number");
    return ok;
}
