/* Reverse-mode differentiation of a module: its output is ordinary IR, appended to the same graph,
 * so that it shares nodes with the forward pass and can be differentiated again.
 *
 * Only nodes between a leaf of `wrt` and the loss are visited, users before their inputs. What
 * reaches a node by several ways is summed by one add, in the order of its users' numbers, then of
 * the position of the input: the order belongs to the graph and not to the sweep. */
#include "ir/grad.h"

#include <stdio.h>
#include <string.h>

static IrGradRule *const rules[IR_OP_COUNT] = {
#define OP(name, class, min_in, max_in, traits) ir_grad_##name,
#include "ir/ops.def"
#undef OP
};

static bool is_constant(const IrGraph *g, IrRef r, double *value) {
    const IrNode *n = ir_get(g, r);
    if (n->op != IR_OP_constant)
        return false;
    *value = n->attr->value;
    return true;
}

IrRef grad_mul(IrGraph *g, IrRef a, IrRef b) {
    double x, y;
    bool const_a = is_constant(g, a, &x), const_b = is_constant(g, b, &y);
    if (const_a && const_b)
        return ir_constant(g, x * y);
    if (const_a && x == 1)
        return b;
    if (const_b && y == 1)
        return a;
    /* The wider operand first: its order of axes is the result's. */
    return ir_get(g, a)->type.rank >= ir_get(g, b)->type.rank ? ir_binary(g, IR_OP_mul, a, b)
                                                              : ir_binary(g, IR_OP_mul, b, a);
}

IrRef grad_scale(IrGraph *g, IrRef a, double factor) {
    return factor == 1 ? a : grad_mul(g, a, ir_constant(g, factor));
}

IrRef grad_neg(IrGraph *g, IrRef a) {
    double x;
    return is_constant(g, a, &x) ? ir_constant(g, -x) : ir_unary(g, IR_OP_neg, a);
}

IrRef grad_full(IrGraph *g, IrRef grad, const IrType *type) {
    return ir_type_same(&ir_get(g, grad)->type, type) ? grad : ir_match(g, grad, type);
}

IrRef grad_unbroadcast(IrGraph *g, IrRef grad, const IrType *from, const IrType *to) {
    const IrType *have = &ir_get(g, grad)->type;
    IrAxis axes[IR_MAX_AXES];
    int naxes = 0;
    double copies = 1;
    for (int i = 0; i < from->rank; i++) {
        if (ir_type_find(to, from->axis[i]) >= 0)
            continue;
        if (ir_type_find(have, from->axis[i]) >= 0)
            axes[naxes++] = from->axis[i];
        else
            copies *= (double)from->size[i];
    }
    if (naxes)
        grad = ir_reduce(g, IR_OP_reduce_sum, grad, axes, naxes);
    return grad_scale(g, grad, copies);
}

/* What has reached a node. The sweep meets users from the last to the first, so a list that grows
 * at its head is in the order of users. */
typedef struct Share {
    IrRef grad;
    struct Share *later;
} Share;

typedef struct Sweep {
    IrGraph *g;
    Arena scratch;
    IrRef loss;
    bool *needed;   /* depends on a leaf of wrt, through ops that let a gradient pass */
    Share **shares; /* by node */
    IrRef *total;   /* by node: its gradient, or IR_NONE */
} Sweep;

static void find_needed(Sweep *s, const IrRef *wrt, size_t nwrt) {
    for (size_t i = 0; i < nwrt; i++)
        s->needed[wrt[i]] = true;
    for (IrRef r = 0; r <= s->loss; r++) {
        const IrNode *n = ir_get(s->g, r);
        if (ir_op_info(n->op)->traits & IR_T_N)
            continue;
        for (uint32_t i = 0; i < n->nin; i++)
            s->needed[r] |= s->needed[n->in[i]];
    }
}

static int rank_of(const Sweep *s, IrRef r) {
    return ir_get(s->g, r)->type.rank;
}

/* The sum of a node's shares, first users first, or IR_NONE. Shares that lack axes come last, so
 * that the axes of the sum are in an activation's order. */
static IrRef sum_shares(Sweep *s, IrRef r) {
    uint32_t n = 0, widest = 0, at = 0;
    int rank = 0;
    for (Share *p = s->shares[r]; p; p = p->later, n++)
        rank = MAX(rank, rank_of(s, p->grad));
    if (n == 0)
        return IR_NONE;
    for (Share *p = s->shares[r]; p; p = p->later)
        widest += rank_of(s, p->grad) == rank;
    IrRef *terms = ARENA_ARRAY(&s->scratch, IrRef, n);
    for (Share *p = s->shares[r]; p; p = p->later)
        terms[rank_of(s, p->grad) == rank ? at++ : widest++] = p->grad;
    return n == 1 ? terms[0] : ir_must(s->g, IR_OP_add, terms, n, NULL);
}

static bool no_gradient(const IrNode *n, uint32_t input, IrError *err) {
    if (err) {
        snprintf(err->message, sizeof err->message,
                 "%s: no gradient is known for its input %u, but the loss is to be differentiated "
                 "through it",
                 ir_op_info(n->op)->name, input + 1);
        err->hint[0] = '\0';
    }
    return false;
}

/* Hands the gradient of node r to its inputs. */
static bool visit(Sweep *s, IrRef r, IrError *err) {
    const IrNode *n = ir_get(s->g, r);
    bool any = false;
    IrRef few[4], *grads = n->nin <= ARRAY_LEN(few) ? few : ARENA_ARRAY(&s->scratch, IrRef, n->nin);
    for (uint32_t i = 0; i < n->nin; i++) {
        grads[i] = s->needed[n->in[i]] ? IR_WANTED : IR_NONE;
        any |= s->needed[n->in[i]];
    }
    if (!any)
        return true;
    ir_set_place(s->g, n->place);
    rules[n->op](s->g, r, s->total[r], grads);
    bool spreads = ir_op_info(n->op)->class == IR_CLASS_EW;
    for (uint32_t i = n->nin; i-- > 0;) {
        if (grads[i] == IR_WANTED)
            return no_gradient(n, i, err);
        if (grads[i] == IR_NONE)
            continue;
        if (spreads)
            grads[i] = grad_unbroadcast(s->g, grads[i], &n->type, &ir_get(s->g, n->in[i])->type);
        Share *share = ARENA_NEW(&s->scratch, Share);
        *share = (Share){grads[i], s->shares[n->in[i]]};
        s->shares[n->in[i]] = share;
    }
    return true;
}

static IrRef zeros_like(IrGraph *g, const IrType *type) {
    return grad_full(g, ir_constant(g, 0), type);
}

static void add_roots(Arena *arena, const IrModule *m, const Sweep *s, const IrRef *wrt,
                      size_t nwrt, IrModule *out) {
    CHECK(out != m);
    size_t nroots = m->nroots + nwrt;
    *out = (IrModule){m->graph, nroots, ARENA_ARRAY(arena, IrRef, nroots),
                      ARENA_ARRAY(arena, const char *, nroots)};
    for (size_t i = 0; i < m->nroots; i++) {
        out->roots[i] = m->roots[i];
        out->root_names[i] = m->root_names[i];
    }
    for (size_t i = 0; i < nwrt; i++) {
        const IrNode *leaf = ir_get(m->graph, wrt[i]);
        IrRef grad = s->total[wrt[i]];
        out->roots[m->nroots + i] = grad == IR_NONE ? zeros_like(m->graph, &leaf->type)
                                                    : grad_full(m->graph, grad, &leaf->type);
        out->root_names[m->nroots + i] =
            arena_printf(arena, "d:%llu", (unsigned long long)leaf->attr->uid);
    }
}

bool ir_gradient(Arena *arena, const IrModule *m, size_t loss, const IrRef *wrt, size_t nwrt,
                 IrModule *out, IrError *err) {
    CHECK(loss < m->nroots);
    Sweep s = {.g = m->graph, .loss = m->roots[loss]};
    if (ir_get(s.g, s.loss)->type.rank != 0) {
        if (err)
            snprintf(err->message, sizeof err->message,
                     "the loss must be a scalar, but has %d axes", ir_get(s.g, s.loss)->type.rank);
        return false;
    }
    size_t len = ir_graph_len(s.g);
    arena_init(&s.scratch, "ir_gradient");
    s.needed = ARENA_ARRAY(&s.scratch, bool, len);
    s.shares = ARENA_ARRAY(&s.scratch, Share *, len);
    s.total = ARENA_ARRAY(&s.scratch, IrRef, len);
    for (size_t r = 0; r < len; r++)
        s.total[r] = IR_NONE;
    find_needed(&s, wrt, nwrt);
    bool ok = true;
    if (s.needed[s.loss]) {
        s.shares[s.loss] = ARENA_NEW(&s.scratch, Share);
        s.shares[s.loss]->grad = ir_constant(s.g, 1);
    }
    for (IrRef r = s.loss + 1; ok && r-- > 0;) {
        if (!s.needed[r] || (s.total[r] = sum_shares(&s, r)) == IR_NONE)
            continue;
        ok = visit(&s, r, err);
    }
    ir_set_place(s.g, (IrPlace){0});
    if (ok)
        add_roots(arena, m, &s, wrt, nwrt, out);
    arena_free(&s.scratch);
    return ok;
}
