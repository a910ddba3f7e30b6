/* Grouping: nodes in number order, each joins the group of one of its operands if that makes no
 * cycle between groups, keeps within the limits and runs over the same domain; groups that a node
 * brings together are merged on the same terms. Invariant: the groups form an acyclic graph, and
 * `reach` holds for each group the set of groups that it needs, directly or not. */
#include "codegen/fuse.h"

#include <stdlib.h>
#include <string.h>

/* Limits of one map, for the sake of compile time and registers. */
enum { MAX_OPS = 48, MAX_INPUTS = 12, MAX_PHASES = 6 };

typedef struct Draft {
    GroupDomain domain;
    int part, nops, ninputs;
    bool has_plane; /* a reduction to [n, c] is in it */
    IrType flat;    /* small: of its tensors */
} Draft;

typedef struct Fuser {
    Grouping *g;
    const IrGraph *graph;
    size_t words; /* of one row of reach */
    uint64_t *reach;
    Draft *draft;
    size_t ndrafts;
    int *depth;      /* of each node: reductions before it within its group */
    uint32_t *users; /* of each node */
} Fuser;

bool fuse_is_reduction(IrOp op) {
    return ir_op_info(op)->class == IR_CLASS_REDUCE;
}

bool fuse_is_map_node(const IrGraph *g, const IrNode *n) {
    if (n->op == IR_OP_expand)
        return layout_covers(&n->type, &ir_get(g, n->in[0])->type);
    if (fuse_is_reduction(n->op))
        return layout_reduces(&ir_get(g, n->in[0])->type, &n->type);
    return ir_op_info(n->op)->class == IR_CLASS_EW;
}

bool fuse_is_lanes(const IrNode *n) {
    return layout_of(&n->type).kind == LAYOUT_LANES;
}

static uint64_t *reach_of(const Fuser *f, uint32_t group) {
    return f->reach + group * f->words;
}
static bool reaches(const Fuser *f, uint32_t from, uint32_t to) {
    return reach_of(f, from)[to / 64] >> (to % 64) & 1;
}

/* Adds what row `from` reaches, and `from` itself, to row `to`. */
static void add_reach(Fuser *f, uint32_t to, uint32_t from) {
    uint64_t *a = reach_of(f, to), *b = reach_of(f, from);
    for (size_t w = 0; w < f->words; w++)
        a[w] |= b[w];
    a[from / 64] |= (uint64_t)1 << (from % 64);
}

/* Everything that needs group `of` also needs what `of` needs now. */
static void spread_reach(Fuser *f, uint32_t of) {
    for (uint32_t k = 0; k < f->ndrafts; k++)
        if (k != of && reaches(f, k, of))
            add_reach(f, k, of);
}

static GroupDomain image_domain(const IrType *type) {
    Layout l = layout_of(type);
    return (GroupDomain){GROUP_MAP, l.n, l.c, l.h * l.w, 0};
}

/* The domain a node would have alone. */
static GroupDomain domain_of(const IrGraph *g, const IrNode *n, IrType *flat) {
    const IrType *type = fuse_is_reduction(n->op) ? &ir_get(g, n->in[0])->type : &n->type;
    *flat = *type;
    if (!fuse_is_map_node(g, n))
        return (GroupDomain){.kind = GROUP_ANCHOR};
    if (layout_of(type).kind == LAYOUT_LANES)
        return image_domain(type);
    return (GroupDomain){.kind = GROUP_SMALL, .flat = type->rank ? ir_type_elements(type) : 0};
}

static bool same_flat(const IrType *a, const IrType *b) {
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->axis[i] != b->axis[i] || a->size[i] != b->size[i])
            return false;
    return true;
}

/* May a node with domain d (type `flat`) be computed in a group of domain `to`? */
static bool fits(const Draft *to, const GroupDomain *d, const IrType *flat) {
    if (to->domain.kind == GROUP_MAP && d->kind == GROUP_MAP)
        return to->domain.n == d->n && to->domain.c == d->c && to->domain.hw == d->hw;
    if (to->domain.kind == GROUP_MAP && d->kind == GROUP_SMALL)
        return layout_of(flat).kind == LAYOUT_VECTOR && flat->size[0] == to->domain.c;
    if (to->domain.kind == GROUP_SMALL && d->kind == GROUP_SMALL)
        return d->flat == 0 || to->domain.flat == 0 || same_flat(&to->flat, flat);
    return false;
}

static int op_count(const IrNode *n) {
    return n->op == IR_OP_expand ? 0 : n->op == IR_OP_add ? (int)MIN(n->nin - 1, 1000u) : 1;
}

static bool is_plane_reduction(const IrNode *n) {
    return fuse_is_reduction(n->op) && fuse_is_lanes(n);
}

/* Operands of n that are no channel values and come from outside of `group`. */
static int outside_inputs(const Fuser *f, const IrNode *n, uint32_t group) {
    int count = 0;
    for (uint32_t k = 0; k < n->nin; k++)
        count += f->g->group[n->in[k]] != group && fuse_is_lanes(ir_get(f->graph, n->in[k]));
    return count;
}

static int depth_in(const Fuser *f, const IrNode *n, uint32_t group) {
    int depth = 0;
    for (uint32_t k = 0; k < n->nin; k++)
        if (f->g->group[n->in[k]] == group)
            depth = MAX(depth, f->depth[n->in[k]]);
    return depth + fuse_is_reduction(n->op);
}

/* A channel reduction cannot be a member of a map unless it reduces that map's images. */
static bool reduces_vector(const Fuser *f, const IrNode *n) {
    return fuse_is_reduction(n->op) && !fuse_is_lanes(ir_get(f->graph, n->in[0]));
}

/* Plane reductions give [n, c], which is a value of another domain: their users are in other
 * groups. */
static bool is_plane_user(const Fuser *f, const IrNode *n, uint32_t group) {
    for (uint32_t k = 0; k < n->nin; k++) {
        const IrNode *in = ir_get(f->graph, n->in[k]);
        if (f->g->group[n->in[k]] == group && is_plane_reduction(in))
            return true;
    }
    return false;
}

static bool may_join(const Fuser *f, IrRef r, int part, uint32_t group, const GroupDomain *d,
                     const IrType *flat) {
    const IrNode *n = ir_get(f->graph, r);
    const Draft *to = &f->draft[group];
    if (to->part != part || !fits(to, d, flat) || is_plane_user(f, n, group))
        return false;
    if (to->domain.kind == GROUP_MAP && reduces_vector(f, n))
        return false;
    if (to->nops + op_count(n) > MAX_OPS || depth_in(f, n, group) > MAX_PHASES ||
        to->ninputs + outside_inputs(f, n, group) > MAX_INPUTS)
        return false;
    for (uint32_t k = 0; k < n->nin; k++) {
        uint32_t other = f->g->group[n->in[k]];
        if (other != GROUP_NONE && other != group && reaches(f, other, group))
            return false;
    }
    return true;
}

static void add_node(Fuser *f, IrRef r, uint32_t group, const GroupDomain *d, const IrType *flat) {
    const IrNode *n = ir_get(f->graph, r);
    Draft *to = &f->draft[group];
    to->nops += op_count(n);
    to->ninputs += outside_inputs(f, n, group);
    to->has_plane |= is_plane_reduction(n);
    f->depth[r] = depth_in(f, n, group);
    if (to->domain.kind == GROUP_SMALL && to->domain.flat == 0 && d->flat) {
        to->domain.flat = d->flat;
        to->flat = *flat;
    }
    f->g->group[r] = group;
    for (uint32_t k = 0; k < n->nin; k++) {
        uint32_t other = f->g->group[n->in[k]];
        if (other != GROUP_NONE && other != group)
            add_reach(f, group, other);
    }
    spread_reach(f, group);
}

/* Is there a path between the two groups through a third one? */
static bool path_between(const Fuser *f, uint32_t a, uint32_t b) {
    for (uint32_t k = 0; k < f->ndrafts; k++) {
        if (k == a || k == b)
            continue;
        if ((reaches(f, a, k) && reaches(f, k, b)) || (reaches(f, b, k) && reaches(f, k, a)))
            return true;
    }
    return false;
}

static bool may_merge(const Fuser *f, uint32_t a, uint32_t b) {
    const Draft *x = &f->draft[a], *y = &f->draft[b];
    if (x->part != y->part || x->domain.kind != y->domain.kind || x->domain.kind == GROUP_ANCHOR)
        return false;
    if ((x->has_plane || y->has_plane) && (reaches(f, a, b) || reaches(f, b, a)))
        return false;
    GroupDomain d = y->domain;
    return fits(x, &d, &y->flat) && x->nops + y->nops <= MAX_OPS &&
           x->ninputs + y->ninputs <= MAX_INPUTS && !path_between(f, a, b);
}

/* Moves all of group b into group a; b stays as an empty number. */
static void merge(Fuser *f, uint32_t a, uint32_t b, IrRef below) {
    Draft *x = &f->draft[a], *y = &f->draft[b];
    x->nops += y->nops;
    x->ninputs += y->ninputs;
    x->has_plane |= y->has_plane;
    if (x->domain.kind == GROUP_SMALL && x->domain.flat == 0) {
        x->domain.flat = y->domain.flat;
        x->flat = y->flat;
    }
    for (IrRef r = 0; r < below; r++)
        if (f->g->group[r] == b)
            f->g->group[r] = a;
    add_reach(f, a, b);
    uint64_t *row = reach_of(f, a);
    row[a / 64] &= ~((uint64_t)1 << (a % 64));
    row[b / 64] &= ~((uint64_t)1 << (b % 64));
    memset(reach_of(f, b), 0, f->words * sizeof(uint64_t));
    for (uint32_t k = 0; k < f->ndrafts; k++)
        if (reaches(f, k, b)) {
            reach_of(f, k)[b / 64] &= ~((uint64_t)1 << (b % 64));
            add_reach(f, k, a);
        }
    spread_reach(f, a);
    y->part = -1;
}

static void place_node(Fuser *f, IrRef r, int part) {
    const IrNode *n = ir_get(f->graph, r);
    IrType flat;
    GroupDomain d = domain_of(f->graph, n, &flat);
    uint32_t best = GROUP_NONE;
    for (uint32_t k = 0; k < n->nin && f->g->fuse && d.kind != GROUP_ANCHOR; k++) {
        uint32_t group = f->g->group[n->in[k]];
        if (group != GROUP_NONE && (best == GROUP_NONE || group > best) &&
            may_join(f, r, part, group, &d, &flat))
            best = group;
    }
    if (best == GROUP_NONE) {
        best = (uint32_t)f->ndrafts++;
        f->draft[best] = (Draft){.domain = d, .part = part, .flat = flat};
    }
    add_node(f, r, best, &d, &flat);
    for (uint32_t k = 0; k < n->nin && f->g->fuse; k++) {
        uint32_t other = f->g->group[n->in[k]];
        if (other != GROUP_NONE && other != best && !is_plane_user(f, n, other) &&
            may_merge(f, best, other))
            merge(f, best, other, r);
    }
    f->depth[r] = depth_in(f, n, best);
}

/* The relu or bias add that alone uses a convolution runs in its epilogue. */
static bool joins_conv(Fuser *f, IrRef r, int part) {
    const IrNode *n = ir_get(f->graph, r);
    if (!f->g->fuse || (n->op != IR_OP_add && n->op != IR_OP_relu) || n->nin > 2)
        return false;
    for (uint32_t k = 0; k < n->nin; k++) {
        IrRef x = n->in[k];
        uint32_t group = f->g->group[x];
        if (group == GROUP_NONE || f->users[x] != 1 || f->draft[group].part != part)
            continue;
        const IrNode *in = ir_get(f->graph, x);
        bool conv = in->op == IR_OP_conv || in->op == IR_OP_dense;
        bool biased = in->op == IR_OP_add && f->draft[group].domain.kind == GROUP_ANCHOR;
        if (n->op == IR_OP_relu ? !conv && !biased : !conv || n->nin != 2)
            continue;
        if (n->op == IR_OP_add) {
            IrRef bias = n->in[1 - k];
            if (layout_of(&ir_get(f->graph, bias)->type).kind != LAYOUT_VECTOR ||
                ir_op_info(ir_get(f->graph, bias)->op)->class != IR_CLASS_SRC)
                continue;
        }
        f->g->group[r] = group;
        return true;
    }
    return false;
}

static void mark_parts(Arena *arena, Grouping *g, size_t nforward) {
    const IrGraph *graph = g->m->graph;
    g->part = ARENA_ARRAY(arena, int, g->nnodes);
    for (size_t i = 0; i < g->nnodes; i++)
        g->part[i] = -1;
    for (size_t i = g->m->nroots; i-- > 0;)
        g->part[g->m->roots[i]] = i < nforward ? 0 : g->part[g->m->roots[i]] == 0 ? 0 : 1;
    for (size_t i = g->nnodes; i-- > 0;) {
        const IrNode *n = ir_get(graph, (IrRef)i);
        for (uint32_t k = 0; k < n->nin && g->part[i] >= 0; k++)
            if (g->part[n->in[k]] != 0)
                g->part[n->in[k]] = g->part[i];
    }
    for (size_t i = 0; i < g->nnodes; i++)
        if (ir_op_info(ir_get(graph, (IrRef)i)->op)->class == IR_CLASS_SRC)
            g->part[i] = -1;
}

static void count_users(Arena *arena, Fuser *f, const IrModule *m) {
    f->users = ARENA_ARRAY(arena, uint32_t, f->g->nnodes);
    for (size_t i = 0; i < f->g->nnodes; i++) {
        const IrNode *n = ir_get(m->graph, (IrRef)i);
        for (uint32_t k = 0; k < n->nin && f->g->part[i] >= 0; k++)
            f->users[n->in[k]]++;
    }
    for (size_t i = 0; i < m->nroots; i++)
        f->users[m->roots[i]] += 2; /* a root is kept as it is */
}

Fusion fuse_graph(Arena *arena, const IrModule *m, size_t nforward, bool fuse) {
    Grouping g = {.m = m, .nnodes = ir_graph_len(m->graph), .fuse = fuse};
    mark_parts(arena, &g, nforward);
    g.group = ARENA_ARRAY(arena, uint32_t, g.nnodes);
    size_t most = 0;
    for (size_t i = 0; i < g.nnodes; i++) {
        g.group[i] = GROUP_NONE;
        most += g.part[i] >= 0;
    }
    Fuser f = {.g = &g, .graph = m->graph, .words = most / 64 + 1};
    f.reach = nasc_alloc_zero(MAX(most, (size_t)1) * f.words * sizeof(uint64_t));
    f.draft = ARENA_ARRAY(arena, Draft, most);
    f.depth = ARENA_ARRAY(arena, int, g.nnodes);
    count_users(arena, &f, m);
    for (size_t i = 0; i < g.nnodes; i++)
        if (g.part[i] >= 0 && !joins_conv(&f, (IrRef)i, g.part[i]))
            place_node(&f, (IrRef)i, g.part[i]);
    free(f.reach);
    g.ngroups = f.ndrafts;
    g.domain = ARENA_ARRAY(arena, GroupDomain, g.ngroups);
    for (size_t k = 0; k < g.ngroups; k++)
        g.domain[k] = f.draft[k].domain;
    Fusion out = {0};
    fuse_store(arena, &g, &out);
    if (fuse)
        fuse_again(arena, m, &out);
    fuse_schedule(arena, m, nforward, &out);
    return out;
}
