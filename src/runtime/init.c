/* Initial values of a network's leaves. A value is a function of (seed, repeat, network, leaf,
 * element) alone: element i is number i of the leaf's stream, whatever the order in which leaves
 * are filled.
 *
 * fan_in = i * kh * kw and fan_out = o * kh * kw of a weight [o, i, kh, kw], where i counts the
 * channels of one group. Glorot and Bengio, AISTATS 2010 (xavier); He et al., ICCV 2015 (kaiming).
 */
#include "base/philox.h"
#include "runtime/ref.h"

#include <math.h>

static double fan(const IrType *t, IrAxis channels) {
    CHECK(ir_type_find(t, IR_AXIS_O) >= 0 && ir_type_find(t, IR_AXIS_I) >= 0);
    return (double)(ir_type_size(t, channels) * ir_type_size(t, IR_AXIS_KH) *
                    ir_type_size(t, IR_AXIS_KW));
}

static InitLaw uniform_within(double bound) {
    return (InitLaw){false, -bound, bound};
}

InitLaw init_law(const IrNode *leaf) {
    const IrType *t = &leaf->type;
    switch ((IrInit)leaf->attr->mode) {
    case IR_INIT_DEFAULT: /* gain^2 = 2 / (1 + 5), so sqrt(3 gain^2 / fan_in) = 1 / sqrt(fan_in) */
        return uniform_within(1 / sqrt(fan(t, IR_AXIS_I)));
    case IR_INIT_XAVIER_UNIFORM:
        return uniform_within(sqrt(6 / (fan(t, IR_AXIS_I) + fan(t, IR_AXIS_O))));
    case IR_INIT_XAVIER_NORMAL:
        return (InitLaw){true, 0, sqrt(2 / (fan(t, IR_AXIS_I) + fan(t, IR_AXIS_O)))};
    case IR_INIT_KAIMING_UNIFORM:
        return uniform_within(sqrt(6 / fan(t, IR_AXIS_O)));
    case IR_INIT_KAIMING_NORMAL:
        return (InitLaw){true, 0, sqrt(2 / fan(t, IR_AXIS_O))};
    case IR_INIT_VALUE:
        return (InitLaw){false, leaf->attr->value, leaf->attr->value};
    case IR_INIT_UNIFORM:
        return (InitLaw){false, leaf->attr->min, leaf->attr->max};
    case IR_INIT_NORMAL:
        return (InitLaw){true, leaf->attr->min, leaf->attr->max};
    case IR_INIT_NONE:
    case IR_INIT_COUNT:
        break;
    }
    BUG("leaf %s has no initialisation (mode %d)", leaf->name ? leaf->name : "",
        (int)leaf->attr->mode);
}

void init_part(const IrNode *leaf, uint64_t seed, uint64_t repeat, Hash128 graph_hash,
               int64_t first, int64_t n, double *out) {
    CHECK(leaf->op == IR_OP_param || leaf->op == IR_OP_frozen);
    Hash128 identity = hash128_combine(graph_hash, (Hash128){.hi = leaf->attr->uid, .lo = 0});
    RandomStream stream = random_stream(seed, repeat, RANDOM_INIT, identity);
    InitLaw s = init_law(leaf);
    if (!s.normal && s.low != s.high)
        random_uniform_many(stream, (uint64_t)first, (size_t)n, out);
    for (int64_t i = 0; i < n; i++) {
        double x = s.low;
        if (s.normal)
            x += s.high * random_normal(stream, (uint64_t)(first + i));
        else if (s.low != s.high)
            x += (s.high - s.low) * out[i];
        out[i] = (double)(float)x;
    }
}

void init_leaf(const IrNode *leaf, uint64_t seed, uint64_t repeat, Hash128 graph_hash,
               double *out) {
    init_part(leaf, seed, repeat, graph_hash, 0, ir_type_elements(&leaf->type), out);
}
