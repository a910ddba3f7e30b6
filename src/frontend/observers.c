/* What a proxy sees of a network besides its output: the weights and the uses of an operation on the
 * way to a result, and gradients. In: a result of the candidate's graph. Out: lists of records, in
 * the order in which the network was built, and ordinary IR.
 *
 * Of a network's result {out, taps} everything counts that the network did to make it, also what
 * reaches no output; of any other tensor, what it is computed from. */
#include "frontend/builtins.h"

#include <string.h>

const char TAG_OBSERVATION = 0;

bool eval_observes(const Eval *e) {
    return e->observes;
}

void eval_note_use(Eval *e, const Builtin *b, Value input, Value output) {
    if (output.kind != VALUE_TENSOR || output.u.graph != e->graph)
        return;
    e->use = arena_grow(e->arena, e->use, e->nuses, &e->uses_cap, 64, sizeof *e->use);
    e->use[e->nuses++] = (Use){b, input, output};
}

/* Where to look: at an observation, or at marked nodes. */
typedef struct View {
    const Observation *observation;
    const bool *reached;
} View;

static const Observation *observation_of(Value v) {
    v = value_plain(v);
    for (size_t i = 0; v.kind == VALUE_RECORD && i < v.u.record->len; i++) {
        Value x = *v.u.record->fields[i].value;
        if (x.kind == VALUE_OPAQUE && x.u.opaque->tag == &TAG_OBSERVATION)
            return x.u.opaque->data;
    }
    return NULL;
}

static const bool *reached_from(Eval *e, IrRef from) {
    bool *seen = ARENA_ARRAY(e->arena, bool, ir_graph_len(e->graph));
    seen[from] = true;
    for (IrRef r = from + 1; r-- > 0;) {
        const IrNode *n = ir_get(e->graph, r);
        for (uint32_t i = 0; seen[r] && i < n->nin; i++)
            seen[n->in[i]] = true;
    }
    return seen;
}

static bool view_of(Eval *e, Value v, Place place, View *out) {
    IrRef node;
    *out = (View){.observation = observation_of(v)};
    e->observes = true;
    if (out->observation)
        return true;
    if (!is_tensor(v)) {
        REPORT(e, place, not_a_tensor, value_kind_name(v));
        return false;
    }
    if (!e->graph) {
        graph_now(e, place);
        return false;
    }
    if (!node_in(e, e->graph, v, place, &node))
        return false;
    out->reached = reached_from(e, node);
    return true;
}

static bool below(const Path *p, const Path *ancestor) {
    while (p && p != ancestor)
        p = p->parent;
    return p != NULL;
}

static bool leaf_in_view(Eval *e, const View *v, const EvalLeaf *leaf) {
    if (v->observation)
        return below(leaf->path, v->observation->path);
    return leaf->node < ir_graph_len(e->graph) && v->reached[leaf->node];
}

/* A list of what was observed; an empty one says what there is none of. */
static Value observed_list(Eval *e, const View *v, const char *what, const Value *items, size_t n) {
    if (n)
        return value_list(e->arena, VALUE_LIST, items, n);
    Lack *lack = ARENA_NEW(e->arena, Lack);
    lack->why = v->observation ? arena_printf(e->arena, "network `%s` has no %s",
                                              v->observation->network, what)
                               : arena_printf(e->arena, "what is looked at takes no %s", what);
    lack->sum = arena_printf(e->arena, "an empty sum (%s)", lack->why);
    return value_empty_list(e->arena, lack);
}

/* parameters(y): the trained weights, {rank, op, role, size}, each standing for its tensor */
Value value_parameters(Eval *e, const Call *c) {
    View view;
    if (!view_of(e, c->slot[0], c->at[0], &view))
        return value_poison();
    Value *items = ARENA_ARRAY(e->arena, Value, e->nleaves + 1);
    size_t n = 0;
    for (size_t i = 0; i < e->nleaves; i++)
        if (!e->leaf[i].frozen && leaf_in_view(e, &view, &e->leaf[i]))
            items[n++] = eval_leaf_record(e, &e->leaf[i]);
    return observed_list(e, &view, "trained weight", items, n);
}

static bool use_in_view(const View *v, size_t i, const Use *u) {
    if (v->observation)
        return i >= v->observation->first && i < v->observation->end;
    return v->reached[u->output.node];
}

/* uses(y, relu): every application of a builtin, {input, output} */
Value value_uses(Eval *e, const Call *c) {
    View view;
    const ValueString *name;
    Value word = c->slot[1];
    if (value_plain(word).kind == VALUE_BUILTIN) {
        const char *text = value_plain(word).u.builtin->name;
        word = value_string(e->arena, text, strlen(text));
    }
    if (!eval_text(e, word, c->at[1], "an operation", &name) ||
        !view_of(e, c->slot[0], c->at[0], &view))
        return value_poison();
    const Builtin *b = builtin_find(name->text);
    if (!b || (b->group != GROUP_LAYER && b->group != GROUP_POINT))
        return FAIL(e, c->at[1], bad_value,
                    arena_printf(e->arena, "there is no operation `%s` to observe", name->text));
    Value *items = ARENA_ARRAY(e->arena, Value, e->nuses + 1);
    size_t n = 0;
    for (size_t i = 0; i < e->nuses; i++) {
        if (e->use[i].builtin != b || !use_in_view(&view, i, &e->use[i]))
            continue;
        ValueField fields[] = {{"input", &e->use[i].input}, {"output", &e->use[i].output}};
        items[n++] = value_of_fields(e->arena, fields, ARRAY_LEN(fields));
    }
    return observed_list(e, &view, arena_printf(e->arena, "`%s`", b->name), items, n);
}

/* Gradients of one node that are there already. */
typedef struct Gradients {
    size_t n, cap;
    IrRef *by, *grad;
} Gradients;

static Gradients *gradients_of(Eval *e, IrRef loss) {
    uint64_t id = loss;
    void **slot = map_slot(e->arena, &e->gradients, hash128(&id, sizeof id, 61));
    if (!*slot)
        *slot = ARENA_NEW(e->arena, Gradients);
    return *slot;
}

static void gradients_add(Eval *e, Gradients *g, IrRef by, IrRef grad) {
    if (g->n == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 64;
        IrRef *grown = ARENA_ARRAY(e->arena, IrRef, 2 * cap);
        if (g->n) {
            memcpy(grown, g->by, g->n * sizeof *grown);
            memcpy(grown + cap, g->grad, g->n * sizeof *grown);
        }
        g->by = grown;
        g->grad = grown + cap;
        g->cap = cap;
    }
    g->by[g->n] = by;
    g->grad[g->n++] = grad;
}

/* One backward pass gives the gradient for every weight at once, so that a proxy may ask for them
 * one by one; that for any other node takes a pass of its own. */
static size_t wanted_with(Eval *e, IrRef loss, IrRef by, IrRef *wrt) {
    size_t n = 0;
    bool weight = false;
    for (size_t i = 0; i < e->nleaves; i++)
        weight |= e->leaf[i].value == by;
    wrt[n++] = by;
    for (size_t i = 0; weight && i < e->nleaves; i++)
        if (e->leaf[i].value != by && e->leaf[i].value < loss && !e->leaf[i].frozen)
            wrt[n++] = e->leaf[i].value;
    return n;
}

/* grad(of, by): d of / d by, in the shape of `by` */
Value tensor_grad(Eval *e, const Call *c) {
    IrRef loss, by;
    if (!e->graph)
        return graph_now(e, c->place), value_poison();
    if (!eval_scalar_node(e, c->slot[0], c->at[0], "what is differentiated", &loss) ||
        !eval_node(e, c->slot[1], c->at[1], "what it is differentiated by", &by))
        return value_poison();
    if (ir_get(e->graph, loss)->op == IR_OP_constant)
        return FAIL(e, c->at[0], bad_value,
                    "a number has no gradient: give what a network computes");
    if (ir_get(e->graph, by)->op == IR_OP_constant)
        return FAIL(e, c->at[1], bad_value,
                    "a number has no gradient: give a tensor, or a weight of parameters(y)");
    Gradients *g = gradients_of(e, loss);
    for (size_t i = 0; i < g->n; i++)
        if (g->by[i] == by)
            return value_tensor(e->graph, g->grad[i]);
    IrRef *wrt = ARENA_ARRAY(e->arena, IrRef, e->nleaves + 1);
    size_t n = wanted_with(e, loss, by, wrt);
    const char *name = "loss";
    IrModule m = {e->graph, 1, &loss, &name}, with;
    IrError err = {0};
    if (!ir_gradient(e->arena, &m, 0, wrt, n, &with, &err))
        return FAIL(e, c->place, bad_value, arena_strdup(e->arena, err.message));
    for (size_t i = 0; i < n; i++)
        gradients_add(e, g, wrt[i], with.roots[1 + i]);
    return value_tensor(e->graph, with.roots[1]);
}
