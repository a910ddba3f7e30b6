/* What a proxy trains and measures. In: the statements of its definition, in the frame where they mean something.
 * Out: the roots of a candidate's module, the losses of the trainings before the measures, and for each training the
 * weights that it updates and how. */
#include <string.h>

#include "frontend/host.h"

enum { MAX_STEPS = 100000 };
#define STATISTICS_RATE 0.1 /* PyTorch's momentum of a batch norm */

static const Ast *train_argument(const Ast *train, const char *name) {
    for (size_t i = 0; i < train->list.len; i++)
        if (train->list.items[i]->text && strcmp(train->list.items[i]->text, name) == 0)
            return train->list.items[i]->a;
    return NULL;
}

bool *proxy_reached(Arena *arena, const IrGraph *g, IrRef from) {
    bool *seen = ARENA_ARRAY(arena, bool, ir_graph_len(g));
    seen[from] = true;
    for (IrRef r = from + 1; r-- > 0;) {
        const IrNode *n = ir_get(g, r);
        for (uint32_t i = 0; seen[r] && i < n->nin; i++)
            seen[n->in[i]] = true;
    }
    return seen;
}

static bool param_decay(Session *s, const OptimizerUse *o, const EvalLeaf *leaf, double *out) {
    *out = 0;
    if (o->decay.kind == VALUE_NONE)
        return true;
    Value v = o->decay;
    if (!value_is_number(value_plain(v))) {
        EvalArg arg = {.value = eval_leaf_record(s->eval, leaf), .place = o->place};
        v = eval_call(s->eval, v, &arg, 1, o->place);
    }
    return eval_number(s->eval, v, o->place, "weight decay", out);
}

static bool build_params(Session *s, const Ast *train, const OptimizerUse *o, IrRef loss,
                         ProxyTraining *out) {
    const EvalLeaf *leaves;
    size_t n = eval_leaves(s->eval, &leaves);
    const bool *seen = proxy_reached(s->arena, s->graph, loss);
    out->params = ARENA_ARRAY(s->arena, TrainParam, n + 1);
    for (size_t i = 0; i < n; i++) {
        const EvalLeaf *leaf = &leaves[i];
        if (leaf->frozen || leaf->node > loss || !seen[leaf->node])
            continue;
        if (leaf->value != leaf->node) {
            diag_at(&s->diags, train->place, DIAG_bad_value,
                    "a weight whose initial value is computed cannot be trained");
            return false;
        }
        TrainParam *p = &out->params[out->nparams++];
        *p = (TrainParam){.leaf = leaf->node, .lr = o->lr, .momentum = o->momentum};
        if (!param_decay(s, o, leaf, &p->decay))
            return false;
    }
    if (out->nparams == 0)
        diag_at(&s->diags, train->place, DIAG_no_gradient);
    return out->nparams > 0;
}

static bool build_training(Session *s, Frame *f, const Ast *train, IrRef *loss,
                           ProxyTraining *out) {
    const Ast *of = train_argument(train, "loss"), *steps = train_argument(train, "steps"),
              *by = train_argument(train, "by");
    if (!of || !steps || !by) {
        diag_at(&s->diags, train->place, DIAG_bad_train,
                "a train statement has loss, steps and by");
        return false;
    }
    Value rule = eval_expr(s->eval, f, by);
    const OptimizerUse *o = opaque_data(rule, &TAG_OPTIMIZER);
    if (!o && !value_is_poison(rule))
        diag_at(&s->diags, by->place, DIAG_wrong_kind, "a rule like sgd(lr)",
                value_kind_name(rule));
    bool ok = o != NULL;
    ok = eval_int(s->eval, eval_expr(s->eval, f, steps), steps->place, "the number of steps", 1,
                  MAX_STEPS, &out->steps) &&
         ok;
    ok = eval_scalar_node(s->eval, eval_expr(s->eval, f, of), of->place, "the loss", loss) && ok;
    return ok && build_params(s, train, o, *loss, out);
}

typedef struct Roots {
    VEC(IrRef) nodes;
    VEC(const char *) names;
    VEC(ProxyTraining) trainings;
    VEC(ProxyMeasure) measures;
    size_t nstatistics;
} Roots;

static bool add_measure(Session *s, const Ast *m, Value v, int64_t element, Roots *r) {
    IrRef node;
    const char *name =
        element < 0 ? m->text : arena_printf(s->arena, "%s[%lld]", m->text, (long long)element);
    if (!eval_scalar_node(s->eval, v, m->a->place, arena_printf(s->arena, "measure `%s`", name),
                          &node))
        return false;
    ProxyMeasure measure = {.name = m->text, .element = element, .at_end = m->at_end};
    VEC_PUSH(r->measures, measure);
    VEC_PUSH(r->nodes, node);
    VEC_PUSH(r->names, name);
    return true;
}

/* Elements are read by their number in the score, so they count from 0. */
static bool counts_from_zero(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    int64_t *next = user;
    (void)e;
    (void)inner;
    Value i = value_plain(indices[0]);
    return n == 1 && i.kind == VALUE_INT && i.u.integer == (*next)++;
}

static bool add_elements(Session *s, Frame *f, const Ast *m, Roots *r) {
    int64_t next = 0;
    Value list;
    if (!eval_each(s->eval, f, &m->index, m->b, counts_from_zero, &next)) {
        if (!session_failed(s))
            diag_at(&s->diags, m->name_place, DIAG_bad_value,
                    "the elements of a measure have one index, which counts from 0");
        return false;
    }
    if (!eval_elements(s->eval, eval_name(s->eval, f, m->text, m->name_place), m->name_place,
                       &list))
        return false;
    bool ok = true;
    for (int64_t i = 0; i < value_length(list); i++)
        ok = add_measure(s, m, value_element(list, i), i, r) && ok;
    return ok;
}

static bool add_measures(Session *s, Frame *f, const Ast *definition, Roots *r) {
    bool ok = true;
    for (size_t i = 0; i < definition->list.len; i++) {
        const Ast *m = definition->list.items[i];
        if (m->kind != AST_MEASURE)
            continue;
        ok = (m->has_index
                  ? add_elements(s, f, m, r)
                  : add_measure(s, m, eval_name(s->eval, f, m->text, m->name_place), -1, r)) &&
             ok;
    }
    return ok;
}

static bool add_trainings(Session *s, Frame *f, const Ast *definition, Roots *r) {
    bool ok = true;
    for (size_t i = 0; i < definition->list.len; i++) {
        const Ast *train = definition->list.items[i];
        ProxyTraining t = {0};
        IrRef loss;
        if (train->kind != AST_TRAIN)
            continue;
        if (!build_training(s, f, train, &loss, &t)) {
            ok = false;
            continue;
        }
        VEC_PUSH(r->trainings, t);
        VEC_PUSH(r->nodes, loss);
        VEC_PUSH(r->names, r->trainings.len == 1
                               ? "train_loss"
                               : arena_printf(s->arena, "train_loss%zu", r->trainings.len));
    }
    return ok;
}

/* Statistics run with the trainings whose losses see their batch. */
static bool add_statistics(Session *s, Roots *r) {
    const EvalStatistic *all;
    size_t n;
    if (!eval_statistics(s->eval, &n, &all))
        return false;
    for (size_t t = 0; t < r->trainings.len; t++) {
        ProxyTraining *training = &r->trainings.items[t];
        const bool *seen = proxy_reached(s->arena, s->graph, r->nodes.items[t]);
        TrainParam *params = ARENA_ARRAY(s->arena, TrainParam, training->nparams + n);
        memcpy(params, training->params, training->nparams * sizeof *params);
        training->params = params;
        for (size_t i = 0; i < n; i++)
            if (all[i].input <= r->nodes.items[t] && seen[all[i].input])
                params[training->nparams++] = (TrainParam){
                    .leaf = all[i].leaf, .lr = STATISTICS_RATE, .root = r->nodes.len + i};
    }
    for (size_t i = 0; i < n; i++) {
        VEC_PUSH(r->nodes, all[i].change);
        VEC_PUSH(r->names, "statistic");
    }
    r->nstatistics = n;
    return true;
}

static void take_roots(Session *s, const Roots *r, ProxyBuild *out) {
    out->ntrainings = r->trainings.len;
    out->trainings = ARENA_ARRAY(s->arena, ProxyTraining, r->trainings.len + 1);
    for (size_t i = 0; i < r->trainings.len; i++)
        out->trainings[i] = r->trainings.items[i];
    ProxyMeasure *measures = ARENA_ARRAY(s->arena, ProxyMeasure, r->measures.len + 1);
    bool each = out->ntrainings > 0, at_end = false;
    for (size_t i = 0; i < r->measures.len; i++) {
        measures[i] = r->measures.items[i];
        at_end |= measures[i].at_end;
        each |= !measures[i].at_end;
    }
    out->measures = measures;
    out->nmeasures = r->measures.len;
    out->nstatistics = r->nstatistics;
    for (size_t i = 0; i < out->ntrainings; i++)
        out->passes += out->trainings[i].steps;
    if (!out->ntrainings && (each || !at_end))
        out->passes = 1;
    out->steps = out->passes + at_end;
    size_t n = r->nodes.len;
    out->module = (IrModule){s->graph, n, ARENA_ARRAY(s->arena, IrRef, n + 1),
                             ARENA_ARRAY(s->arena, const char *, n + 1)};
    for (size_t i = 0; i < n; i++) {
        out->module.roots[i] = r->nodes.items[i];
        out->module.root_names[i] = r->names.items[i];
    }
}

bool proxy_roots(Session *s, Frame *f, const Ast *definition, ProxyBuild *out) {
    Roots r = {0};
    bool ok = add_trainings(s, f, definition, &r);
    ok = add_measures(s, f, definition, &r) && ok;
    ok = ok && add_statistics(s, &r);
    take_roots(s, &r, out);
    VEC_FREE(r.nodes);
    VEC_FREE(r.names);
    VEC_FREE(r.trainings);
    VEC_FREE(r.measures);
    return ok;
}
