/* Short forms for gradient rules and passes, whose inputs are known to fit. */
#include "ir/shape.h"

IrRef ir_unary(IrGraph *g, IrOp op, IrRef a) {
    return ir_must(g, op, &a, 1, NULL);
}

IrRef ir_binary(IrGraph *g, IrOp op, IrRef a, IrRef b) {
    return ir_must(g, op, (IrRef[]){a, b}, 2, NULL);
}

IrRef ir_reduce(IrGraph *g, IrOp op, IrRef a, const IrAxis *axes, int naxes) {
    CHECK(naxes >= 0 && naxes <= IR_MAX_AXES);
    if (naxes == 0)
        return a;
    IrAttr attr = {.naxes = (uint8_t)naxes};
    for (int i = 0; i < naxes; i++)
        attr.axes[i] = axes[i];
    return ir_must(g, op, &a, 1, &attr);
}

IrRef ir_match(IrGraph *g, IrRef a, const IrType *like) {
    const IrType *t = &ir_get(g, a)->type;
    IrAxis extra[IR_MAX_AXES];
    int nextra = 0;
    for (int i = 0; i < t->rank; i++)
        if (ir_type_find(like, t->axis[i]) < 0)
            extra[nextra++] = t->axis[i];
    IrRef sum = ir_reduce(g, IR_OP_reduce_sum, a, extra, nextra);
    if (ir_get(g, sum)->type.rank == like->rank) {
        CHECK(ir_type_same(&ir_get(g, sum)->type, like));
        return sum;
    }
    IrAttr attr = {.shape_rank = (uint8_t)like->rank};
    for (int i = 0; i < like->rank; i++) {
        attr.axes[i] = like->axis[i];
        attr.shape[i] = like->size[i];
    }
    return ir_must(g, IR_OP_expand, &sum, 1, &attr);
}
