/* Random networks and rewrites that do not change what a network is; for tests of passes.
 * Everything follows from one seed. */
#ifndef TESTS_RANDOM_GRAPH_H
#define TESTS_RANDOM_GRAPH_H

#include "ir/passes.h"

#include <string.h>

typedef struct Rng {
    uint64_t state;
} Rng;

static inline uint64_t rng_next(Rng *r) { /* splitmix64 */
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline uint32_t rng_below(Rng *r, uint32_t n) {
    return (uint32_t)(rng_next(r) >> 32) % n;
}
static inline void rng_shuffle(Rng *r, IrRef *a, uint32_t n) {
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = rng_below(r, i);
        IrRef t = a[i - 1];
        a[i - 1] = a[j];
        a[j] = t;
    }
}

enum { RANDOM_MAX_NODES = 64, RANDOM_MAX_OPERANDS = 16 };

typedef struct RandomNet {
    Rng rng;
    IrGraph *g;
    IrRef values[RANDOM_MAX_NODES]; /* maps [n, c, h, w] */
    uint32_t nvalues;
    IrRef weights[RANDOM_MAX_NODES]; /* to share */
    uint32_t nweights;
    unsigned how; /* RANDOM_* */
    uint32_t nmarks;
} RandomNet;

enum {
    RANDOM_SMOOTH = 1, /* no op with a kink */
    RANDOM_MARKED = 2, /* every leaf has a number of its own in attr.max, so that none look alike */
};

static inline IrRef random_leaf(RandomNet *s, IrOp op, const IrType *t, IrAttr attr) {
    if (s->how & RANDOM_MARKED)
        attr.max = ++s->nmarks;
    return ir_leaf(s->g, op, t, &attr, "leaf");
}

static inline IrRef random_weight(RandomNet *s, int64_t o, int64_t i, int32_t k) {
    IrType t = ir_type(4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW},
                       (int64_t[]){o, i, k, k});
    for (uint32_t n = 0; n < s->nweights; n++)
        if (rng_below(&s->rng, 4) == 0 && ir_type_same(&ir_get(s->g, s->weights[n])->type, &t))
            return s->weights[n];
    IrRef w = random_leaf(s, rng_below(&s->rng, 8) ? IR_OP_param : IR_OP_frozen, &t,
                          (IrAttr){.mode = IR_INIT_DEFAULT});
    if (s->nweights < RANDOM_MAX_NODES)
        s->weights[s->nweights++] = w;
    return w;
}

static inline IrRef random_vector(RandomNet *s, int64_t c, double value) {
    IrType t = ir_type(1, (IrAxis[]){IR_AXIS_C}, &c);
    return random_leaf(s, IR_OP_param, &t, (IrAttr){.mode = IR_INIT_VALUE, .value = value});
}

static inline IrRef random_conv(RandomNet *s, IrRef x) {
    static const int32_t groups[] = {1, 1, 1, 2, 4};
    int64_t c = ir_type_size(&ir_get(s->g, x)->type, IR_AXIS_C);
    int32_t k = rng_below(&s->rng, 2) ? 3 : 1, g = groups[rng_below(&s->rng, 5)];
    int32_t d = k == 3 && rng_below(&s->rng, 6) == 0 ? 2 : 1;
    IrAttr attr = {.kernel = {k, k},
                   .stride = {1, 1},
                   .pad = {d * (k / 2), d * (k / 2)},
                   .dilation = {d, d},
                   .groups = c % g ? 1 : g};
    IrRef in[3] = {x, random_weight(s, c, c / attr.groups, k), IR_NONE};
    bool bias = rng_below(&s->rng, 2);
    if (bias)
        in[2] = random_vector(s, c, 0.01);
    return ir_must(s->g, IR_OP_conv, in, bias ? 3 : 2, &attr);
}

static inline IrRef random_op(RandomNet *s, IrRef x) {
    IrAttr window = {.kernel = {3, 3}, .stride = {1, 1}, .pad = {1, 1}, .dilation = {1, 1}};
    int64_t c = ir_type_size(&ir_get(s->g, x)->type, IR_AXIS_C);
    switch (rng_below(&s->rng, 10)) {
    case 0:
        return ir_unary(s->g, s->how & RANDOM_SMOOTH ? IR_OP_sigmoid : IR_OP_relu, x);
    case 1:
        return ir_must(s->g, IR_OP_batch_norm, &x, 1, &(IrAttr){.value = 1e-2});
    case 2: {
        IrRef in[] = {x, random_vector(s, c, 1), random_vector(s, c, 0)};
        return ir_must(s->g, IR_OP_batch_norm, in, 3, &(IrAttr){.value = 1e-2});
    }
    case 3: {
        IrOp op = s->how & RANDOM_SMOOTH ? IR_OP_avg_pool : IR_OP_max_pool;
        return ir_must(s->g, op, &x, 1, &window);
    }
    case 4:
        return ir_must(s->g, IR_OP_avg_pool, &x, 1, &window);
    case 5:
        return ir_unary(s->g, rng_below(&s->rng, 2) ? IR_OP_zero : IR_OP_identity, x);
    case 6: {
        IrRef half = ir_must(s->g, IR_OP_slice, &x, 1, &(IrAttr){.axis = IR_AXIS_C, .hi = c / 2});
        IrRef other =
            ir_must(s->g, IR_OP_slice, &x, 1, &(IrAttr){.axis = IR_AXIS_C, .lo = c / 2, .hi = c});
        return ir_must(s->g, IR_OP_concat, (IrRef[]){other, half}, 2, &(IrAttr){.axis = IR_AXIS_C});
    }
    default:
        return random_conv(s, x);
    }
}

/* Roots "loss" (scalar) and "out"; one input of the given sizes. */
static inline IrModule random_module(Arena *arena, uint64_t seed, uint32_t nops, unsigned how) {
    RandomNet s = {.rng = {seed * 0x2545f4914f6cdd1du + 1}, .g = ir_graph_new(arena), .how = how};
    IrType image =
        ir_type(4, (IrAxis[]){IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W}, (int64_t[]){2, 4, 5, 6});
    s.values[s.nvalues++] = ir_input(s.g, &image, 0, "image");
    for (uint32_t k = 0; k < nops && s.nvalues < RANDOM_MAX_NODES; k++) {
        if (rng_below(&s.rng, 3)) {
            uint32_t back = MIN(s.nvalues, 4);
            s.values[s.nvalues] = random_op(&s, s.values[s.nvalues - 1 - rng_below(&s.rng, back)]);
        } else {
            IrRef terms[4];
            uint32_t n = 2 + rng_below(&s.rng, 3);
            for (uint32_t i = 0; i < n; i++)
                terms[i] = s.values[rng_below(&s.rng, s.nvalues)];
            s.values[s.nvalues] = ir_must(s.g, IR_OP_add, terms, n, NULL);
        }
        s.nvalues++;
    }
    IrAxis all[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    IrRef out = s.values[s.nvalues - 1], tap = s.values[s.nvalues / 2];
    IrRef a = ir_reduce(s.g, IR_OP_reduce_mean, ir_binary(s.g, IR_OP_mul, out, out), all, 4);
    IrRef b = ir_reduce(s.g, IR_OP_reduce_mean, ir_unary(s.g, IR_OP_sin, tap), all, 4);
    IrModule m = {s.g, 2, ARENA_ARRAY(arena, IrRef, 2), ARENA_ARRAY(arena, const char *, 2)};
    m.roots[0] = ir_binary(s.g, IR_OP_add, a, b);
    m.roots[1] = out;
    m.root_names[0] = "loss";
    m.root_names[1] = "out";
    return m;
}

typedef struct Rewriter {
    Rng rng;
    const IrModule *from;
    IrGraph *to;
    IrRef *map;
} Rewriter;

static inline IrRef rewrite_leaf(Rewriter *w, const IrNode *n) {
    if (n->op == IR_OP_param || n->op == IR_OP_frozen)
        return ir_leaf(w->to, n->op, &n->type, n->attr, rng_below(&w->rng, 2) ? "a" : "b");
    return ir_copy(w->to, n, NULL);
}

static inline IrRef rewrite_sum(Rewriter *w, IrRef *in, uint32_t n) {
    rng_shuffle(&w->rng, in, n);
    while (n > 2 && rng_below(&w->rng, 2)) {
        uint32_t part = 2 + rng_below(&w->rng, n - 2);
        in[0] = ir_must(w->to, IR_OP_add, in, part, NULL);
        memmove(in + 1, in + part, (n - part) * sizeof *in);
        n -= part - 1;
        rng_shuffle(&w->rng, in, n);
    }
    return ir_must(w->to, IR_OP_add, in, n, NULL);
}

static inline IrRef rewrite_node(Rewriter *w, IrRef r) {
    if (w->map[r] != IR_NONE)
        return w->map[r];
    const IrNode *n = ir_get(w->from->graph, r);
    IrRef in[RANDOM_MAX_OPERANDS], order[RANDOM_MAX_OPERANDS];
    CHECK(n->nin <= RANDOM_MAX_OPERANDS);
    for (uint32_t i = 0; i < n->nin; i++)
        order[i] = i;
    rng_shuffle(&w->rng, order, n->nin);
    for (uint32_t i = 0; i < n->nin; i++)
        rewrite_node(w, n->in[order[i]]);
    for (uint32_t i = 0; i < n->nin; i++) {
        in[i] = w->map[n->in[i]];
        if (n->op != IR_OP_pow && rng_below(&w->rng, 6) == 0)
            in[i] = ir_unary(w->to, IR_OP_identity, in[i]);
        if (rng_below(&w->rng, 10) == 0) /* dead */
            ir_unary(w->to, IR_OP_cos, in[i]);
        if (n->op == IR_OP_add && rng_below(&w->rng, 6) == 0)
            in[i] = ir_binary(w->to, IR_OP_add, ir_unary(w->to, IR_OP_zero, in[i]), in[i]);
    }
    if (ir_op_info(n->op)->class == IR_CLASS_SRC)
        return w->map[r] = rewrite_leaf(w, n);
    if (n->op == IR_OP_add)
        return w->map[r] = rewrite_sum(w, in, n->nin);
    if ((ir_op_info(n->op)->traits & IR_T_C) && n->nin == 2)
        rng_shuffle(&w->rng, in, 2);
    return w->map[r] = ir_copy(w->to, n, in);
}

/* The same network written differently: other order of nodes, leaves and commutative operands,
 * nested sums, identities, zero terms, dead nodes, other names. */
static inline IrModule random_rewrite(Arena *arena, const IrModule *m, uint64_t seed) {
    Rewriter w = {{seed}, m, ir_graph_new(arena), NULL};
    size_t len = ir_graph_len(m->graph);
    w.map = ARENA_ARRAY(arena, IrRef, len);
    for (size_t i = 0; i < len; i++)
        w.map[i] = IR_NONE;
    IrModule out = *m;
    out.graph = w.to;
    out.roots = ARENA_ARRAY(arena, IrRef, m->nroots);
    for (size_t k = m->nroots; k-- > 0;)
        out.roots[k] = rewrite_node(&w, m->roots[k]);
    return out;
}

#endif
