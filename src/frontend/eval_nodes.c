/* Staging: values become nodes of the run's or the candidate's graph. A node lies in the run's
 * graph if all its inputs do; where it meets the candidate's graph it becomes an input there, and a
 * root of the run. */
#include "frontend/eval_impl.h"

#include <string.h>

IrPlace ir_place(Place p) {
    return (IrPlace){p.file, p.lo, p.hi};
}

static const Value *out_field(Value v) {
    for (size_t i = 0; v.kind == VALUE_RECORD && i < v.u.record->len; i++)
        if (strcmp(v.u.record->fields[i].name, "out") == 0)
            return v.u.record->fields[i].value;
    return NULL;
}

Value value_tensor_of(Value v) {
    v = value_plain(v);
    const Value *out = out_field(v);
    return out ? *out : v;
}

bool is_tensor(Value v) {
    return value_tensor_of(v).kind == VALUE_TENSOR;
}

const IrType *tensor_type(Value v) {
    v = value_tensor_of(v);
    CHECK(v.kind == VALUE_TENSOR);
    return &ir_get(v.u.graph, v.node)->type;
}

IrGraph *graph_now(Eval *e, Place place) {
    IrGraph *g = e->now.in_run ? (e->run ? e->run->graph : NULL) : e->graph;
    if (!g)
        REPORT(e, place, bad_value,
               e->mode == EVAL_SCORE
                   ? "a tensor has no value when the score is computed; measure it in training"
                   : "a tensor cannot be made here");
    return g;
}

static uint64_t import_slot(Eval *e, size_t root) {
    e->imports =
        arena_grow(e->arena, e->imports, e->nimports, &e->imports_cap, 16, sizeof *e->imports);
    e->imports[e->nimports] = root;
    return e->nimports++;
}

size_t eval_imports(const Eval *e, const size_t **out) {
    *out = e->imports;
    return e->nimports;
}

/* The run's node as an input of the candidate. Slots are numbered by the candidate's own order, not by that of the
 * run's roots, which other candidates may have asked for before: a slot is part of what names random streams. */
static IrRef import_run(Eval *e, IrRef node) {
    EvalRun *run = e->run;
    uint64_t id = node;
    Hash128 key = hash128(&id, sizeof id, 30);
    void **root = map_slot(run->arena, &run->root_of, key);
    if (!*root) {
        size_t cap = run->roots_cap;
        run->root_names =
            arena_grow(run->arena, run->root_names, run->nroots, &cap, 16, sizeof *run->root_names);
        run->roots = arena_grow(run->arena, run->roots, run->nroots, &run->roots_cap, 16,
                                sizeof *run->roots);
        run->root_names[run->nroots] = arena_printf(run->arena, "run%zu", run->nroots);
        run->roots[run->nroots++] = node;
        *root = (void *)(uintptr_t)run->nroots;
    }
    void **here = map_slot(e->arena, &e->imported, key);
    if (!*here) {
        size_t of = (size_t)(uintptr_t)*root - 1;
        IrRef r = ir_input(e->graph, &ir_get(run->graph, node)->type, import_slot(e, of),
                           run->root_names[of]);
        *here = (void *)((uintptr_t)r + 1);
    }
    return (IrRef)((uintptr_t)*here - 1);
}

bool node_in(Eval *e, IrGraph *g, Value v, Place place, IrRef *out) {
    v = value_tensor_of(v);
    if (v.kind == VALUE_NONE && v.node) {
        fail_empty(e, place, "sum", v.u.lack);
        return false;
    }
    if (value_is_number(v)) {
        *out = ir_constant(g, value_number(v));
        return true;
    }
    if (v.kind == VALUE_NONE)
        REPORT(e, place, absent_value, "a tensor");
    else if (v.kind != VALUE_TENSOR && !value_is_poison(v))
        REPORT(e, place, not_a_tensor, value_kind_name(v));
    if (v.kind != VALUE_TENSOR)
        return false;
    if (v.u.graph == g) {
        *out = v.node;
        return true;
    }
    if (g != e->graph || !e->run || v.u.graph != e->run->graph) {
        REPORT(e, place, not_per_run, "what depends on the network");
        return false;
    }
    *out = import_run(e, v.node);
    return true;
}

static IrGraph *graph_of(Eval *e, const Value *in, size_t n, Place place) {
    IrGraph *g = NULL;
    for (size_t i = 0; i < n; i++) {
        Value v = value_tensor_of(in[i]);
        if (v.kind == VALUE_TENSOR && (!g || v.u.graph == e->graph))
            g = v.u.graph;
    }
    return g ? g : graph_now(e, place);
}

static Value shape_failure(Eval *e, IrGraph *g, const IrRef *refs, size_t n, const IrError *err,
                           Place place) {
    Diag *d = REPORT(e, place, shape_mismatch, err->message);
    if (!d)
        return value_poison();
    if (err->hint[0])
        diag_hint(e->diags, d, "%s", err->hint);
    for (size_t i = 0; i < n && i < 3; i++) {
        const IrNode *node = ir_get(g, refs[i]);
        bool weight = node->op == IR_OP_param || node->op == IR_OP_frozen;
        if (node->type.rank == 0 || weight || node->place.hi == 0)
            continue;
        Place at = {node->place.file, node->place.lo, node->place.hi};
        Buf b = {0};
        ir_type_print(&b, &node->type);
        diag_note(e->diags, d, at, "%s comes from here", b.text);
        buf_free(&b);
    }
    return value_poison();
}

Value make_node(Eval *e, IrOp op, const Value *in, size_t n, const IrAttr *attr, Place place) {
    for (size_t i = 0; i < n; i++)
        if (value_is_poison(in[i]))
            return value_poison();
    IrGraph *g = graph_of(e, in, n, place);
    if (!g)
        return value_poison();
    e->traces++;
    if (ir_graph_len(g) >= EVAL_MAX_NODES) {
        e->aborted = true;
        return FAIL(e, place, too_large, "the network has more than 200,000 operations");
    }
    IrRef small[8], *refs = n <= ARRAY_LEN(small) ? small : ARENA_ARRAY(e->arena, IrRef, n);
    ir_set_place(g, ir_place(place));
    for (size_t i = 0; i < n; i++)
        if (!node_in(e, g, in[i], place, &refs[i]))
            return value_poison();
    IrError err = {0};
    IrRef r = ir_node(g, op, refs, (uint32_t)n, attr, &err);
    if (r == IR_NONE)
        return shape_failure(e, g, refs, n, &err, place);
    return value_tensor(g, r);
}

/* A node without inputs that is one of a kind: a random tensor or an image batch, kept for the run.
 */
Value make_source(Eval *e, IrOp op, const IrType *type, IrAttr *attr, Place place) {
    IrGraph *g = graph_now(e, place);
    if (!g)
        return value_poison();
    const char *name = path_name(e, e->now.path, false);
    ir_set_place(g, ir_place(place));
    attr->key = path_stable(e->now.path);
    if (!e->now.in_run)
        return value_tensor(g, ir_leaf(g, op, type, attr, name));
    void **slot = map_slot(e->run->arena, &e->run->nodes, attr->key);
    if (!*slot) {
        IrRef *r = ARENA_NEW(e->run->arena, IrRef);
        *r = ir_leaf(g, op, type, attr, arena_strdup(e->run->arena, name));
        *slot = r;
    }
    return value_tensor(g, *(IrRef *)*slot);
}

bool eval_node(Eval *e, Value v, Place place, const char *what, IrRef *out) {
    if (value_is_poison(v))
        return false;
    Value t = value_tensor_of(v);
    if (t.kind != VALUE_TENSOR && !value_is_number(t)) {
        REPORT(e, place, wrong_kind, arena_printf(e->arena, "a tensor for %s", what),
               value_kind_name(t));
        return false;
    }
    return node_in(e, e->graph, t, place, out);
}

bool eval_scalar_node(Eval *e, Value v, Place place, const char *what, IrRef *out) {
    if (!eval_node(e, v, place, what, out))
        return false;
    const IrType *t = &ir_get(e->graph, *out)->type;
    if (t->rank == 0)
        return true;
    Buf b = {0};
    buf_printf(&b, "%s: a tensor ", what);
    ir_type_print(&b, t);
    REPORT(e, place, not_a_scalar, eval_take(e, &b));
    return false;
}

EvalRun *eval_run_new(Arena *arena) {
    EvalRun *run = ARENA_NEW(arena, EvalRun);
    run->arena = arena;
    run->graph = ir_graph_new(arena);
    return run;
}

ProxyRun eval_run_view(EvalRun *run) {
    run->module = (IrModule){.graph = run->graph,
                             .nroots = run->nroots,
                             .roots = run->roots,
                             .root_names = run->root_names};
    return (ProxyRun){.module = &run->module, .images = run->images, .nimages = run->nimages};
}
