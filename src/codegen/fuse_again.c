/* Values of the forward part that the backward part makes once more instead of keeping them: those that
 * a map of the backward part reads beside everything they are computed from. A batch norm followed by
 * relu is the common one: its gradient reads what was normalised, and with it has the relu's result
 * for a few operations. That map stores it for the other groups that read it, the gradients for
 * weights, which therefore wait for it; from the last reader of the forward part to the map nothing
 * of the value lies in memory. A value made once more has the same bits, as every node is rounded alone. */
#include "codegen/fuse.h"

#include <string.h>

enum { MAX_OPS = 8 };

typedef struct Maker {
    Arena *arena;
    const IrModule *m;
    Fusion *f;
    bool *fixed;  /* of each node: it lies where others need it */
    bool *before; /* of each group: the one that is asked about needs it */
    VEC(uint32_t) todo;
    VEC(IrRef) nodes; /* what makes the value that is asked about */
    VEC(IrRef) ins;   /* what that reads and the group does not read yet */
    int ops;
} Maker;

static bool has(const IrRef *list, size_t n, IrRef r) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == r)
            return true;
    return false;
}

/* Roots are read after the forward part; slices and parts of a concat lie within other values. */
static void mark_fixed(Maker *w) {
    for (size_t i = 0; i < w->m->nroots; i++)
        w->fixed[w->m->roots[i]] = true;
    for (size_t k = 0; k < w->f->ngroups; k++) {
        const Group *g = &w->f->groups[k];
        IrOp op = ir_get(w->m->graph, g->nodes[0])->op;
        if (g->domain.kind != GROUP_ANCHOR || (op != IR_OP_slice && op != IR_OP_concat))
            continue;
        for (size_t i = 0; i < g->nins; i++)
            w->fixed[g->ins[i]] = true;
        w->fixed[g->nodes[0]] = true;
    }
}

static void mark_before(Maker *w, uint32_t group) {
    memset(w->before, 0, w->f->ngroups * sizeof *w->before);
    w->todo.len = 0;
    VEC_PUSH(w->todo, group);
    while (w->todo.len > 0) {
        uint32_t k = w->todo.items[--w->todo.len];
        const Group *g = &w->f->groups[k];
        for (size_t i = 0; i < g->nins; i++) {
            uint32_t source = fuse_source(w->f, k, g->ins[i]);
            if (source == GROUP_NONE || w->before[source] || w->f->groups[source].part == 0)
                continue;
            w->before[source] = true;
            VEC_PUSH(w->todo, source);
        }
    }
}

static bool is_elementwise(const Maker *w, const Group *g, const IrNode *n) {
    Layout l = layout_of(&n->type);
    return l.kind == LAYOUT_LANES && l.n == g->domain.n && l.c == g->domain.c &&
           l.h * l.w == g->domain.hw && fuse_is_map_node(w->m->graph, n) &&
           !fuse_is_reduction(n->op);
}

/* Collects what makes r in group g; false if that reads more than a vector which is there. */
static bool collect(Maker *w, const Group *g, IrRef r) {
    const IrNode *n = ir_get(w->m->graph, r);
    if (has(g->nodes, g->nnodes, r) || has(w->nodes.items, w->nodes.len, r) ||
        has(w->ins.items, w->ins.len, r) || n->op == IR_OP_constant)
        return true;
    if (is_elementwise(w, g, n) && !(w->nodes.len > 0 && has(g->ins, g->nins, r))) {
        w->ops += n->op == IR_OP_expand ? 0 : fuse_op_cost(n);
        VEC_PUSH(w->nodes, r);
        for (uint32_t k = 0; k < n->nin && w->ops <= MAX_OPS; k++)
            if (!collect(w, g, n->in[k]))
                return false;
        return w->ops <= MAX_OPS;
    }
    if (has(g->ins, g->nins, r))
        return true;
    bool leaf = ir_op_info(n->op)->class == IR_CLASS_SRC;
    if (layout_of(&n->type).kind != LAYOUT_VECTOR || (!leaf && w->f->owner[r] == GROUP_NONE))
        return false;
    VEC_PUSH(w->ins, r);
    return true;
}

/* Adds r to an ascending list. */
static void insert(Arena *arena, IrRef **list, size_t *n, IrRef r) {
    IrRef *grown = ARENA_ARRAY(arena, IrRef, *n + 1);
    size_t at = 0;
    while (at < *n && (*list)[at] < r)
        at++;
    memcpy(grown, *list, at * sizeof **list);
    grown[at] = r;
    memcpy(grown + at + 1, *list + at, (*n - at) * sizeof **list);
    *list = grown;
    ++*n;
}

static void drop(IrRef *list, size_t *n, IrRef r) {
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (list[i] != r)
            list[kept++] = list[i];
    *n = kept;
}

/* Can group k make value r for all groups of the backward part that read it? */
static bool can_make(Maker *w, uint32_t k, IrRef r) {
    const Group *g = &w->f->groups[k];
    w->nodes.len = w->ins.len = 0;
    w->ops = 0;
    if (!is_elementwise(w, g, ir_get(w->m->graph, r)) || !collect(w, g, r))
        return false;
    mark_before(w, k);
    for (uint32_t i = 0; i < w->f->ngroups; i++)
        if (w->before[i] && fuse_reads(&w->f->groups[i], r))
            return false;
    return true;
}

static void make(Maker *w, uint32_t k, IrRef r, bool store) {
    Group *g = &w->f->groups[k];
    drop(g->ins, &g->nins, r);
    for (size_t i = 0; i < w->nodes.len; i++)
        insert(w->arena, &g->nodes, &g->nnodes, w->nodes.items[i]);
    for (size_t i = 0; i < w->ins.len; i++)
        insert(w->arena, &g->ins, &g->nins, w->ins.items[i]);
    if (!store)
        return;
    insert(w->arena, &g->outs, &g->nouts, r);
    w->f->again[r] = k;
}

static void try_value(Maker *w, IrRef r) {
    const Fusion *f = w->f;
    size_t readers = 0;
    for (size_t k = 0; k < f->ngroups; k++)
        readers += f->groups[k].part == 1 && fuse_reads(&f->groups[k], r);
    for (uint32_t k = 0; k < f->ngroups; k++) {
        const Group *g = &f->groups[k];
        if (g->part == 1 && g->domain.kind == GROUP_MAP && fuse_reads(g, r) && can_make(w, k, r)) {
            make(w, k, r, readers > 1);
            return;
        }
    }
}

void fuse_again(Arena *arena, const IrModule *m, Fusion *f) {
    Maker w = {.arena = arena, .m = m, .f = f};
    w.fixed = ARENA_ARRAY(arena, bool, ir_graph_len(m->graph));
    w.before = ARENA_ARRAY(arena, bool, f->ngroups);
    mark_fixed(&w);
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++) {
        uint32_t owner = f->owner[r];
        if (owner == GROUP_NONE || w.fixed[r] || f->groups[owner].part != 0 ||
            f->groups[owner].domain.kind != GROUP_MAP)
            continue;
        try_value(&w, r);
    }
    VEC_FREE(w.todo);
    VEC_FREE(w.nodes);
    VEC_FREE(w.ins);
}
