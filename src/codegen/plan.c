/* From a canonical module to a plan: gradient, expansion, legal forms, fusion, places in memory,
 * calls.
 *
 * The arena from its start: trained parameters, their momenta in the same order, the other leaves,
 * gradients that are leaves themselves, filters that the setup makes, then everything that lives for
 * a while: activations, and gradients until the end of the step, which take the places of
 * activations that are used up, and before the first step what the setup alone reads. Large gradients
 * for weights lie nowhere: the kernels that compute them update the weights. */
#include "codegen/plan.h"

#include "base/clock.h"
#include "codegen/kernel_args.h"
#include "codegen/legalise.h"
#include "codegen/lower.h"
#include "codegen/memplan.h"
#include "codegen/views.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ARENA_BITS = 40, SETUP_CALL = -1 /* when the setup runs, among the lifetimes */ };

/* A trained parameter and its place, the same among the parameters and among the momenta. */
typedef struct Slot {
    const PlanUpdate *update;
    IrRef param; /* in the canonical module, then in the plan's */
    int64_t at, bytes;
    int64_t copy_at; /* where a gradient that is a leaf is kept during the update; -1: it is none */
    LowerUpdate at_once; /* by the group that computes the gradient; no settings: with the others */
} Slot;

typedef struct Planner {
    Plan *plan;
    Arena *arena, *scratch; /* of the plan; of this call */
    Slot *slots;
    size_t nslots, nforward;
    int64_t block_bytes;
    Fusion fusion;
    MapLowered *maps;        /* of each group that is no anchor */
    int64_t *offset;         /* of each node of the plan's module, -1: none */
    int32_t *buffer;         /* of each node, -1: none; a view has that of what it lies in */
    int32_t *again;          /* the buffer of each node that is stored once more, from there on */
    View *view;              /* of each node */
    int32_t *scratch_buffer; /* of each group, -1: none */
    LowerFilter *filters;    /* made by the setup */
    int64_t *filter_at;      /* offset of each */
    int32_t *filter;         /* of each group, -1: none */
    size_t nfilters;
    bool direct;
    MemBuffer *buffers;
    size_t nbuffers;
} Planner;

static const PlanUpdate *find_update(const PlanUpdate *updates, size_t n, uint64_t uid) {
    for (size_t i = 0; i < n; i++)
        if (updates[i].uid == uid)
            return &updates[i];
    return NULL;
}

/* Slots of the updated parameters that the module has, in its order. */
static void make_slots(Planner *p, const IrModule *m, const PlanUpdate *updates, size_t n) {
    p->slots = ARENA_ARRAY(p->scratch, Slot, n);
    for (size_t i = 0; i < ir_graph_len(m->graph); i++) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        const PlanUpdate *u =
            node->op == IR_OP_param ? find_update(updates, n, node->attr->uid) : NULL;
        if (!u)
            continue;
        Slot *s = &p->slots[p->nslots++];
        *s = (Slot){u, (IrRef)i, p->block_bytes, layout_of(&node->type).bytes, -1, {0}};
        p->block_bytes += s->bytes;
    }
}

/* Where the parameters are in the plan's module; those that nothing needs any more are not. */
static void find_slots(Planner *p) {
    const IrGraph *g = p->plan->module.graph;
    for (size_t i = 0; i < p->nslots; i++)
        p->slots[i].param = IR_NONE;
    for (size_t k = 0; k < ir_graph_len(g); k++) {
        const IrNode *node = ir_get(g, (IrRef)k);
        for (size_t i = 0; node->op == IR_OP_param && i < p->nslots; i++)
            if (p->slots[i].update->uid == node->attr->uid)
                p->slots[i].param = (IrRef)k;
    }
}

/* A gradient is taken element by element, so it must lie as its parameter does. */
static bool check_gradients(const Planner *p, NascError *err) {
    const IrModule *m = &p->plan->module;
    for (size_t i = 0; i < p->nslots; i++) {
        if (p->slots[i].param == IR_NONE)
            continue;
        const IrType *a = &ir_get(m->graph, p->slots[i].param)->type;
        const IrType *b = &ir_get(m->graph, m->roots[p->nforward + i])->type;
        for (int k = 0; k < a->rank; k++)
            if (b->rank != a->rank || a->axis[k] != b->axis[k]) {
                nasc_fail(err, NASC_PROGRAM_ERROR,
                          "the gradient for a parameter has its axes in another order");
                return false;
            }
    }
    return true;
}

/* The forward roots, then for each slot the gradient for it: given, or of root 0. */
static bool add_gradients(Planner *p, const IrModule *canonical, IrModule *out, NascError *err) {
    IrModule forward = *canonical, graded;
    IrError ir_err = {0};
    IrRef *wrt = ARENA_ARRAY(p->scratch, IrRef, p->nslots);
    size_t n = 0, next = p->nforward;
    forward.nroots = p->nforward;
    for (size_t i = 0; i < p->nslots; i++)
        if (!p->slots[i].update->root)
            wrt[n++] = p->slots[i].param;
    if (!ir_gradient(p->scratch, &forward, 0, wrt, n, &graded, &ir_err)) {
        nasc_fail(err, NASC_PROGRAM_ERROR, "%s", ir_err.message);
        return false;
    }
    *out = (IrModule){graded.graph, p->nforward + p->nslots,
                      ARENA_ARRAY(p->scratch, IrRef, p->nforward + p->nslots),
                      ARENA_ARRAY(p->scratch, const char *, p->nforward + p->nslots)};
    for (size_t i = 0; i < out->nroots; i++) {
        size_t given = i < p->nforward ? 0 : p->slots[i - p->nforward].update->root;
        size_t from = i < p->nforward ? i : given ? given : next++;
        const IrModule *m = given ? canonical : &graded;
        out->roots[i] = m->roots[from];
        out->root_names[i] = m->root_names[from];
    }
    return true;
}

/* canonical -> with gradients -> expanded -> legal, in the plan's arena. */
static bool make_module(Planner *p, const IrModule *canonical, NascError *err) {
    IrModule m = *canonical;
    m.nroots = p->nforward;
    if (p->nslots > 0 && !add_gradients(p, canonical, &m, err))
        return false;
    m = ir_prune(p->scratch, &m);
    m = ir_expand(p->scratch, &m);
    if (!legalise(p->arena, &m, &p->plan->module, err))
        return false;
    find_slots(p);
    return check_gradients(p, err);
}

static bool is_leaf(const IrNode *n) {
    return n->op == IR_OP_input || n->op == IR_OP_param || n->op == IR_OP_frozen;
}

/* A gradient that is a parameter changes while parameters are updated, so it is copied first. Returns
 * the end of the copies. */
static int64_t place_copies(Planner *p, int64_t end) {
    const IrModule *m = &p->plan->module;
    for (size_t i = 0; i < p->nslots; i++) {
        if (!is_leaf(ir_get(m->graph, m->roots[p->nforward + i])))
            continue;
        p->slots[i].copy_at = end;
        end += p->slots[i].bytes;
    }
    return end;
}

/* The group that alone computes the gradient of slot i, for nothing but its update. */
static uint32_t own_gradient(const Planner *p, size_t i) {
    const IrModule *m = &p->plan->module;
    IrRef root = m->roots[p->nforward + i];
    for (size_t k = 0; k < m->nroots; k++)
        if (k != p->nforward + i && m->roots[k] == root)
            return GROUP_NONE;
    for (size_t k = 0; k < p->fusion.ngroups; k++)
        if (fuse_reads(&p->fusion.groups[k], root))
            return GROUP_NONE;
    uint32_t owner = p->fusion.owner[root];
    bool own = owner != GROUP_NONE && p->fusion.groups[owner].part == 1 &&
               lower_can_update(m, &p->fusion.groups[owner], p->direct);
    return own ? owner : GROUP_NONE;
}

/* Large gradients that only their updates need are kept nowhere: the group that computes one updates its
 * parameter, as soon as no other group reads it any more in this step. */
static void update_at_once(Planner *p) {
    for (size_t i = 0; i < p->nslots; i++) {
        Slot *s = &p->slots[i];
        uint32_t owner = s->param == IR_NONE ? GROUP_NONE : own_gradient(p, i);
        if (owner == GROUP_NONE)
            continue;
        s->at_once = (LowerUpdate){s->update, p->block_bytes + s->at};
        size_t last = p->fusion.ngroups - 1;
        while (last > owner && !fuse_reads(&p->fusion.groups[last], s->param))
            last--;
        fuse_delay(&p->fusion, owner, (uint32_t)last);
    }
}

/* Of the slot whose gradient group k updates at once, or NULL. */
static const LowerUpdate *update_of(const Planner *p, size_t k) {
    for (size_t i = 0; i < p->nslots; i++)
        if (p->slots[i].at_once.settings &&
            p->fusion.owner[p->plan->module.roots[p->nforward + i]] == k)
            return &p->slots[i].at_once;
    return NULL;
}

/* Is r a weight that is of no use once the setup has transformed it? */
static bool is_only_transformed(const Planner *p, IrRef r) {
    const IrModule *m = &p->plan->module;
    bool transformed = false;
    for (size_t i = 0; i < m->nroots; i++)
        if (m->roots[i] == r)
            return false;
    for (size_t k = 0; k < p->fusion.ngroups; k++) {
        if (!fuse_reads(&p->fusion.groups[k], r))
            continue;
        if (p->filter[k] < 0 || p->filters[p->filter[k]].weight != r)
            return false;
        transformed = true;
    }
    return transformed;
}

/* Places of the permanent part; returns its end. */
static int64_t place_leaves(Planner *p) {
    const IrGraph *g = p->plan->module.graph;
    size_t n = ir_graph_len(g);
    int64_t end = 2 * p->block_bytes;
    p->plan->zero_offset = p->block_bytes;
    p->plan->zero_bytes = p->block_bytes;
    for (size_t i = 0; i < p->nslots; i++)
        if (p->slots[i].param != IR_NONE)
            p->offset[p->slots[i].param] = p->slots[i].at;
    for (size_t i = 0; i < p->nslots; i++)
        if (p->slots[i].at_once.settings)
            p->offset[p->plan->module.roots[p->nforward + i]] = p->slots[i].at;
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(g, (IrRef)i);
        if (!is_leaf(node) || p->offset[i] >= 0 || is_only_transformed(p, (IrRef)i))
            continue;
        p->offset[i] = end;
        end += layout_of(&node->type).bytes;
    }
    return place_copies(p, end);
}

static void list_leaves(Planner *p) {
    const IrGraph *g = p->plan->module.graph;
    size_t n = ir_graph_len(g), nleaves = 0;
    for (size_t i = 0; i < n; i++)
        nleaves += is_leaf(ir_get(g, (IrRef)i));
    p->plan->leaves = ARENA_ARRAY(p->arena, PlanLeaf, nleaves);
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(g, (IrRef)i);
        if (is_leaf(node))
            p->plan->leaves[p->plan->nleaves++] =
                (PlanLeaf){.node = (IrRef)i,
                           .op = node->op,
                           .uid = node->attr->uid,
                           .offset = p->offset[i],
                           .elements = ir_type_elements(&node->type),
                           .lanes = layout_of(&node->type).kind == LAYOUT_LANES};
    }
}

/* Frozen weights whose filters are transformed once stay transformed to the end. One forward pass would
 * not gain by it. */
static void find_filters(Planner *p) {
    const IrModule *m = &p->plan->module;
    size_t n = p->fusion.ngroups;
    p->filters = ARENA_ARRAY(p->scratch, LowerFilter, n);
    p->filter_at = ARENA_ARRAY(p->scratch, int64_t, n);
    p->filter = ARENA_ARRAY(p->scratch, int32_t, n);
    for (size_t k = 0; k < n; k++) {
        LowerFilter f;
        p->filter[k] = -1;
        if (p->nslots == 0 || !lower_frozen_filter(m, &p->fusion.groups[k], p->direct, &f))
            continue;
        size_t i = 0;
        while (i < p->nfilters &&
               (p->filters[i].weight != f.weight || p->filters[i].turned != f.turned))
            i++;
        p->filter[k] = (int32_t)i;
        if (i < p->nfilters)
            continue;
        p->filters[p->nfilters++] = f;
    }
}

static int64_t place_filters(Planner *p, int64_t end) {
    for (size_t i = 0; i < p->nfilters; i++) {
        p->filter_at[i] = end;
        end += p->filters[i].bytes;
    }
    return end;
}

/* The value in whose memory r lies, r itself if it is no view; adds where to *at. */
static IrRef whole_of(const Planner *p, IrRef r, int64_t *at) {
    for (; p->view[r].of != IR_NONE; r = p->view[r].of)
        *at += p->view[r].at;
    return r;
}

/* Is r, as call k sees it, what is stored once more? */
static bool is_again(const Planner *p, IrRef r, int k) {
    return p->fusion.again[r] != GROUP_NONE && k >= (int)p->fusion.again[r];
}

static int32_t buffer_at(const Planner *p, IrRef r, int k) {
    return is_again(p, r, k) ? p->again[r] : p->buffer[r];
}

/* The memory of r begins, at the latest, with call k. */
static void begin_buffer(Planner *p, IrRef r, int k) {
    int64_t at = 0;
    if (is_again(p, r, k)) {
        p->again[r] = (int32_t)p->nbuffers;
        p->buffers[p->nbuffers++] = (MemBuffer){p->buffers[p->buffer[r]].bytes, k, k, -1, 0};
        return;
    }
    IrRef whole = whole_of(p, r, &at);
    if (p->buffer[whole] < 0) {
        p->buffer[whole] = (int32_t)p->nbuffers;
        int64_t bytes = layout_of(&ir_get(p->plan->module.graph, whole)->type).bytes;
        p->buffers[p->nbuffers++] = (MemBuffer){bytes, k, k, -1, 0};
    }
    p->buffer[r] = p->buffer[whole];
    p->buffers[p->buffer[r]].last = k;
}

static void make_buffers(Planner *p) {
    const IrModule *m = &p->plan->module;
    size_t n = ir_graph_len(m->graph);
    p->buffers = ARENA_ARRAY(p->scratch, MemBuffer, 2 * n + p->fusion.ngroups);
    p->scratch_buffer = ARENA_ARRAY(p->scratch, int32_t, p->fusion.ngroups);
    p->buffer = ARENA_ARRAY(p->scratch, int32_t, n);
    p->again = ARENA_ARRAY(p->scratch, int32_t, n);
    bool *leaf = ARENA_ARRAY(p->scratch, bool, n);
    for (size_t r = 0; r < n; r++) {
        p->buffer[r] = -1;
        leaf[r] = p->offset[r] >= 0;
    }
    p->view = views_find(p->scratch, m, &p->fusion, leaf);
    for (size_t k = 0; k < p->fusion.ngroups; k++) {
        const Group *g = &p->fusion.groups[k];
        for (size_t i = 0; i < g->nouts; i++)
            if (!leaf[g->outs[i]])
                begin_buffer(p, g->outs[i], (int)k);
        for (size_t i = 0; i < g->nins; i++)
            if (p->buffer[g->ins[i]] >= 0)
                p->buffers[buffer_at(p, g->ins[i], (int)k)].last = (int)k;
        int64_t scratch =
            lower_scratch_bytes(m, g, p->direct, p->filter[k] >= 0, update_of(p, k) != NULL);
        p->scratch_buffer[k] = scratch ? (int32_t)p->nbuffers : -1;
        if (scratch)
            p->buffers[p->nbuffers++] = (MemBuffer){scratch, (int)k, (int)k, -1, 0};
    }
    for (size_t r = 0; r < n; r++) {
        const IrNode *node = ir_get(m->graph, (IrRef)r);
        if (!is_leaf(node) || leaf[r])
            continue;
        p->buffer[r] = (int32_t)p->nbuffers;
        p->buffers[p->nbuffers++] =
            (MemBuffer){layout_of(&node->type).bytes, SETUP_CALL, SETUP_CALL, -1, 0};
    }
}

/* Roots stay: the given ones to the end of the forward part, gradients to the end. */
static void keep_roots(Planner *p) {
    const IrModule *m = &p->plan->module;
    int forward_end = 0, end = (int)p->fusion.ngroups;
    while (forward_end < end && p->fusion.groups[forward_end].part == 0)
        forward_end++;
    for (size_t i = 0; i < m->nroots; i++) {
        int32_t b = p->buffer[m->roots[i]];
        if (b >= 0)
            p->buffers[b].last = MAX(p->buffers[b].last, i < p->nforward ? forward_end : end);
    }
}

/* Lets results of a map take the place of operands that die there and are not read later in it; views
 * have no place to give or take. */
static void take_places(Planner *p, int k) {
    const MapLowered *map = &p->maps[k];
    for (size_t o = 0; o < p->fusion.groups[k].nouts; o++) {
        int32_t out = buffer_at(p, map->out[o], k);
        if (out < 0 || p->view[map->out[o]].of != IR_NONE ||
            !fuse_is_lanes(ir_get(p->plan->module.graph, map->out[o])))
            continue;
        for (size_t i = 0; i < map->program.ninputs; i++) {
            if (map->program.input[i] != MAP_LANES || map->in_last[i] > map->out_first[o])
                continue;
            int32_t in = buffer_at(p, map->in[i], k);
            if (in < 0 || p->view[map->in[i]].of != IR_NONE || p->buffers[in].last != k ||
                p->buffers[in].bytes != p->buffers[out].bytes)
                continue;
            bool taken = false;
            for (size_t q = 0; q < o; q++) {
                int32_t other = buffer_at(p, map->out[q], k);
                taken |= other >= 0 && p->buffers[other].place_of == in;
            }
            if (taken)
                continue;
            p->buffers[out].place_of = in;
            break;
        }
    }
}

static bool place_all(Planner *p, NascError *err) {
    size_t n = ir_graph_len(p->plan->module.graph);
    p->offset = ARENA_ARRAY(p->scratch, int64_t, n);
    for (size_t r = 0; r < n; r++)
        p->offset[r] = -1;
    find_filters(p);
    int64_t permanent = place_filters(p, place_leaves(p));
    make_buffers(p);
    keep_roots(p);
    for (size_t k = 0; k < p->fusion.ngroups; k++)
        if (p->fusion.groups[k].domain.kind == GROUP_MAP)
            take_places(p, (int)k);
    p->plan->arena_bytes = memplan_place(p->scratch, p->buffers, p->nbuffers, permanent);
    const char *overlap = memplan_check(p->scratch, p->buffers, p->nbuffers);
    if (overlap)
        BUG("memory plan: %s", overlap);
    if (p->plan->arena_bytes >> MAX_ARENA_BITS) {
        nasc_fail(err, NASC_PROGRAM_ERROR, "the network needs %lld bytes of memory, more than 2^%d",
                  (long long)p->plan->arena_bytes, MAX_ARENA_BITS);
        return false;
    }
    for (size_t r = 0; r < n; r++)
        if (p->buffer[r] >= 0) {
            int64_t at = 0;
            whole_of(p, (IrRef)r, &at);
            p->offset[r] = p->buffers[p->buffer[r]].offset + at;
        }
    list_leaves(p);
    return true;
}

static int64_t gradient_at(const Planner *p, size_t slot) {
    const Slot *s = &p->slots[slot];
    return s->copy_at >= 0 ? s->copy_at : p->offset[p->plan->module.roots[p->nforward + slot]];
}

static void lower_updates(const Planner *p, Lower *l) {
    for (size_t i = 0; i < p->nslots; i++) {
        const Slot *s = &p->slots[i];
        const PlanUpdate *u = s->update;
        int64_t arg[SGD_NARGS];
        if (s->at_once.settings)
            continue;
        arg[SGD_W] = s->at;
        arg[SGD_V] = p->block_bytes + s->at;
        arg[SGD_G] = gradient_at(p, i);
        arg[SGD_LR] = lower_float_bits(u->lr);
        arg[SGD_MOMENTUM] = lower_float_bits(u->momentum);
        arg[SGD_DECAY] = lower_float_bits(u->decay);
        const char *what = arena_printf(p->arena, "sgd of %%%u", s->param);
        lower_push(l, KERNEL_sgd, u->decay != 0 ? "sgd decay" : "sgd", arg, SGD_NARGS,
                   s->bytes / (LANES * (int64_t)sizeof(float)), 5 * s->bytes, IR_NONE, what);
    }
}

static void lower_copies(const Planner *p, Lower *l) {
    const IrModule *m = &p->plan->module;
    for (size_t i = 0; i < p->nslots; i++) {
        IrRef root = m->roots[p->nforward + i];
        if (p->slots[i].copy_at < 0)
            continue;
        const char *what = arena_printf(p->arena, "copy of gradient %%%u", root);
        lower_flat_copy(l, p->offset[root], p->slots[i].copy_at,
                        layout_of(&ir_get(m->graph, root)->type).elements, what);
    }
}

static void make_calls(Planner *p) {
    PlanCalls calls[PLAN_PARTS] = {0};
    Lower l = {p->arena, &p->plan->module, p->offset, p->direct, &calls[1]};
    lower_copies(p, &l);
    for (size_t k = 0; k < p->fusion.ngroups; k++) {
        const Group *g = &p->fusion.groups[k];
        for (size_t i = 0; i < g->nouts; i++)
            if (p->fusion.again[g->outs[i]] == k)
                p->offset[g->outs[i]] = p->buffers[p->again[g->outs[i]]].offset;
        l.calls = &calls[g->part];
        int32_t scratch = p->scratch_buffer[k], filter = p->filter[k];
        LowerSpace space = {scratch < 0 ? 0 : p->buffers[scratch].offset,
                            filter < 0 ? -1 : p->filter_at[filter], update_of(p, k)};
        if (g->domain.kind == GROUP_ANCHOR)
            lower_anchor(&l, g, &space);
        else
            lower_map(&l, g, &p->maps[k]);
    }
    l.calls = &calls[2];
    lower_updates(p, &l);
    l.calls = &calls[PLAN_SETUP];
    for (size_t i = 0; i < p->nfilters; i++)
        lower_filter(&l, &p->filters[i], p->filter_at[i]);
    for (int part = 0; part < PLAN_PARTS; part++) {
        p->plan->ncalls[part] = calls[part].len;
        p->plan->calls[part] = ARENA_ARRAY(p->arena, PlanCall, calls[part].len);
        if (calls[part].len)
            memcpy(p->plan->calls[part], calls[part].items, calls[part].len * sizeof(PlanCall));
        VEC_FREE(calls[part]);
    }
}

static bool get_kernels(Planner *p, Jit *jit, NascError *err) {
    Plan *plan = p->plan;
    size_t n = 0, at = 0;
    for (int part = 0; part < PLAN_PARTS; part++)
        n += plan->ncalls[part];
    KernelDesc *descs = ARENA_ARRAY(p->scratch, KernelDesc, n);
    KernelFn **fns = ARENA_ARRAY(p->scratch, KernelFn *, n);
    for (int part = 0; part < PLAN_PARTS; part++)
        for (size_t i = 0; i < plan->ncalls[part]; i++)
            descs[at++] = plan->calls[part][i].desc;
    double start = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    if (!jit_get(jit, descs, n, fns, err))
        return false;
    plan->jit_seconds = clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    at = 0;
    for (int part = 0; part < PLAN_PARTS; part++)
        for (size_t i = 0; i < plan->ncalls[part]; i++)
            plan->calls[part][i].fn = fns[at++];
    return true;
}

static void count_unfused(Plan *plan) {
    const IrGraph *g = plan->module.graph;
    for (size_t i = 0; i < ir_graph_len(g); i++) {
        const IrNode *n = ir_get(g, (IrRef)i);
        if (ir_op_info(n->op)->class == IR_CLASS_SRC)
            continue;
        plan->unfused_calls++;
        plan->unfused_bytes += layout_of(&n->type).bytes;
        for (uint32_t k = 0; k < n->nin; k++)
            plan->unfused_bytes += layout_of(&ir_get(g, n->in[k])->type).bytes;
    }
}

static bool make(Planner *p, Jit *jit, const IrModule *canonical, bool fuse, NascError *err) {
    Plan *plan = p->plan;
    if (!make_module(p, canonical, err))
        return false;
    p->fusion = fuse_graph(p->scratch, &plan->module, p->nforward, fuse);
    if (fuse)
        update_at_once(p);
    p->maps = ARENA_ARRAY(p->scratch, MapLowered, p->fusion.ngroups);
    for (size_t k = 0; k < p->fusion.ngroups; k++)
        if (p->fusion.groups[k].domain.kind != GROUP_ANCHOR)
            p->maps[k] = lower_map_program(p->arena, &plan->module, &p->fusion.groups[k]);
    if (!place_all(p, err))
        return false;
    make_calls(p);
    count_unfused(plan);
    plan->nscalars = plan->noutputs = p->nforward;
    plan->scalar_offset = plan->output_offset = ARENA_ARRAY(p->arena, int64_t, p->nforward);
    for (size_t i = 0; i < p->nforward; i++)
        plan->output_offset[i] = p->offset[plan->module.roots[i]];
    return !jit || get_kernels(p, jit, err);
}

bool plan_make(Jit *jit, Arena *arena, const IrModule *canonical, const PlanUpdate *updates,
               size_t nupdates, const PlanOptions *options, Plan *out, NascError *err) {
    Arena scratch;
    arena_init(&scratch, "plan scratch");
    *out = (Plan){.hash = ir_hash(canonical)};
    Planner p = {.plan = out,
                 .arena = arena,
                 .scratch = &scratch,
                 .nforward = options->nscalars ? options->nscalars : canonical->nroots,
                 .direct = options->direct};
    make_slots(&p, canonical, updates, nupdates);
    bool ok = make(&p, jit, canonical, options->fuse, err);
    arena_free(&scratch);
    return ok;
}

void plan_run(const Plan *p, int part, char *base) {
    for (size_t i = 0; i < p->ncalls[part]; i++) {
        const PlanCall *c = &p->calls[part][i];
        c->fn(base, c->arg, c->lo, c->hi);
    }
}
