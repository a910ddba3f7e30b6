/* Leaves whose values the graph itself determines: constants, tables, random tensors. The values of
 * input, param and frozen come from outside, through RefOptions.leaf. */
#include "base/philox.h"
#include "runtime/ref_impl.h"

static void outside_leaf(const IrNode *node) {
    BUG("%s: the value of this leaf comes from RefOptions.leaf", ir_op_info(node->op)->name);
}

void ref_input(const IrNode *node, const IrType *const *in_types, const double *const *in,
               double *out, const RefOptions *options) {
    (void)in_types, (void)in, (void)out, (void)options;
    outside_leaf(node);
}

void ref_param(const IrNode *node, const IrType *const *in_types, const double *const *in,
               double *out, const RefOptions *options) {
    (void)in_types, (void)in, (void)out, (void)options;
    outside_leaf(node);
}

void ref_frozen(const IrNode *node, const IrType *const *in_types, const double *const *in,
                double *out, const RefOptions *options) {
    (void)in_types, (void)in, (void)out, (void)options;
    outside_leaf(node);
}

void ref_constant(const IrNode *node, const IrType *const *in_types, const double *const *in,
                  double *out, const RefOptions *options) {
    (void)in_types, (void)in;
    int64_t n = ir_type_elements(&node->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = ref_round(ref_is_float(options), node->attr->value);
}

void ref_table(const IrNode *node, const IrType *const *in_types, const double *const *in,
               double *out, const RefOptions *options) {
    (void)in_types, (void)in;
    int64_t n = ir_type_elements(&node->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = ref_round(ref_is_float(options), node->values[i]);
}

static double random_value(const IrAttr *attr, RandomStream stream, uint64_t index) {
    switch ((IrDist)attr->mode) {
    case IR_DIST_UNIFORM:
        return attr->min + (attr->max - attr->min) * random_uniform(stream, index);
    case IR_DIST_NORMAL:
        return attr->min + attr->max * random_normal(stream, index);
    case IR_DIST_SIGN:
        return random_below(stream, index, 2) == 0 ? -1 : 1;
    }
    BUG("random: distribution %d", (int)attr->mode);
}

/* The element's index in type order is its position in the stream. */
void ref_random(const IrNode *node, const IrType *const *in_types, const double *const *in,
                double *out, const RefOptions *options) {
    (void)in_types, (void)in;
    RandomStream stream = random_stream(options->seed, 0, RANDOM_TARGET, node->attr->key);
    int64_t n = ir_type_elements(&node->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = ref_round(ref_is_float(options), random_value(node->attr, stream, (uint64_t)i));
}
