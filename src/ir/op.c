/* The op table as data: name, class, number of inputs and traits of each op, from ops.def. */
#include "ir/graph.h"

#include <string.h>

static const IrOpInfo infos[IR_OP_COUNT] = {
#define OP(name, class, min_in, max_in, traits) {#name, IR_CLASS_##class, min_in, max_in, traits},
#include "ir/ops.def"
#undef OP
};

const IrOpInfo *ir_op_info(IrOp op) {
    CHECK((unsigned)op < IR_OP_COUNT);
    return &infos[op];
}

IrOp ir_op_by_name(const char *name, size_t len) {
    for (int i = 0; i < IR_OP_COUNT; i++)
        if (strlen(infos[i].name) == len && memcmp(infos[i].name, name, len) == 0)
            return (IrOp)i;
    return IR_OP_COUNT;
}
