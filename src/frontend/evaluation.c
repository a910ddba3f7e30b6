/* Evaluation mode: batch norms by statistics that run along with the trainings instead of those of their batch. In:
 * applications of batch norms in both modes, known as one by their path of uses. Out: a leaf for each statistic, and
 * what changes it: the leaf minus what its batch has, which an update at a rate of 0.1 takes off. Like PyTorch's:
 * means begin at 0, variances at 1, variances of a batch are unbiased. */
#include "frontend/builtins.h"

#include <string.h>

static Norm *norm_here(Eval *e) {
    void **slot =
        map_slot(e->arena, &e->norm_of, hash128(&e->now.path->id, sizeof e->now.path->id, 67));
    if (!*slot) {
        Norm *n = ARENA_NEW(e->arena, Norm);
        *n = (Norm){.next = e->norms};
        e->norms = *slot = n;
    }
    return *slot;
}

void eval_note_norm(Eval *e, Value x) {
    if (e->now.in_run || x.kind != VALUE_TENSOR || x.u.graph != e->graph)
        return;
    Norm *n = norm_here(e);
    n->input = x.node;
    n->inputs++;
}

/* A leaf that changes with the trainings, and by no loss. */
static Value statistic(Eval *e, const char *role, int64_t channels, double start, Place place) {
    Context saved = e->now;
    size_t known = e->nleaves;
    IrType type = {.rank = 1, .axis = {IR_AXIS_C}, .size = {channels}};
    IrAttr attr = {.mode = IR_INIT_VALUE, .value = start};
    e->now.frozen = false;
    e->now.initial = value_none();
    Value v = eval_leaf(e, "batch_norm", role, &type, &attr, place);
    e->now = saved;
    if (e->nleaves > known)
        e->leaf[known].frozen = true;
    return v;
}

static Value op2(Eval *e, IrOp op, Value a, Value b, Place place) {
    return make_node(e, op, (Value[]){a, b}, 2, NULL, place);
}

Value evaluated_norm(Eval *e, Value x, double eps, const Value *scale, const Value *shift,
                     Place place) {
    if (e->now.in_run)
        return FAIL(e, place, not_per_run, "evaluation mode");
    int64_t channels = ir_type_size(tensor_type(x), IR_AXIS_C);
    Value mean = statistic(e, "running_mean", channels, 0, place);
    Value variance = statistic(e, "running_variance", channels, 1, place);
    if (value_is_poison(mean) || value_is_poison(variance))
        return value_poison();
    Norm *n = norm_here(e);
    n->evaluated = true;
    n->mean = mean.node;
    n->variance = variance.node;
    n->place = place;
    Value deviation = op2(e, IR_OP_add, variance, value_decimal(eps), place);
    deviation = make_node(e, IR_OP_sqrt, &deviation, 1, NULL, place);
    Value y = op2(e, IR_OP_div, op2(e, IR_OP_sub, x, mean, place), deviation, place);
    if (scale)
        y = op2(e, IR_OP_add, op2(e, IR_OP_mul, y, *scale, place), *shift, place);
    return y;
}

/* leaf - mean and leaf - variance of the batch that the norm sees */
static bool put_changes(Eval *e, const Norm *n, EvalStatistic *out) {
    static const IrAttr each = {.naxes = 3, .axes = {IR_AXIS_N, IR_AXIS_H, IR_AXIS_W}};
    Value x = value_tensor(e->graph, n->input);
    const IrType *t = tensor_type(x);
    double elements = (double)(ir_type_elements(t) / ir_type_size(t, IR_AXIS_C));
    double unbiased = elements > 1 ? elements / (elements - 1) : 1;
    Value mean = make_node(e, IR_OP_reduce_mean, &x, 1, &each, n->place);
    Value off = op2(e, IR_OP_sub, x, mean, n->place);
    Value square = op2(e, IR_OP_mul, off, off, n->place);
    Value variance = make_node(e, IR_OP_reduce_mean, &square, 1, &each, n->place);
    variance = op2(e, IR_OP_mul, variance, value_decimal(unbiased), n->place);
    Value changes[] = {op2(e, IR_OP_sub, value_tensor(e->graph, n->mean), mean, n->place),
                       op2(e, IR_OP_sub, value_tensor(e->graph, n->variance), variance, n->place)};
    if (value_is_poison(changes[0]) || value_is_poison(changes[1]))
        return false;
    out[0] = (EvalStatistic){n->mean, changes[0].node, n->input};
    out[1] = (EvalStatistic){n->variance, changes[1].node, n->input};
    return true;
}

bool eval_statistics(Eval *e, size_t *n, const EvalStatistic **out) {
    size_t limit = 0;
    bool ok = true;
    for (const Norm *x = e->norms; x; x = x->next)
        limit += 2 * (size_t)x->evaluated;
    EvalStatistic *all = ARENA_ARRAY(e->arena, EvalStatistic, limit + 1);
    *n = 0;
    for (const Norm *x = e->norms; x; x = x->next) {
        if (!x->evaluated || x->inputs == 0)
            continue;
        if (x->inputs > 1) {
            REPORT(e, x->place, bad_value,
                   "a batch norm in evaluation mode is one that trainings apply to one input");
            ok = false;
        } else {
            ok = put_changes(e, x, all + *n) && ok;
            *n += 2;
        }
    }
    *out = all;
    return ok;
}
