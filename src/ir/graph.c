/* The graph's memory: nodes in chunks that never move, found again by content through an
 * open-addressing table. Invariant: every node's inputs have smaller numbers, its attributes are
 * clean (ir/attr.h) and its type is the one the rules infer; with merging on, of nodes that may
 * be merged no two are equal. */
#include "ir/attr.h"
#include "ir/shape.h"

#include <math.h>
#include <string.h>

enum { FIRST_CHUNK = 64, CHUNKS = 24, FIRST_SLOTS = 256 };

typedef struct Slot {
    uint32_t hash;
    IrRef ref_plus_1; /* 0: free */
} Slot;

struct IrGraph {
    Arena *arena;
    IrNode *chunk[CHUNKS]; /* chunk k holds FIRST_CHUNK << k nodes */
    uint32_t len;
    Slot *slots;
    uint32_t nslots, used; /* nslots is a power of two, at most half of it used */
    uint64_t next_uid;
    bool merging;
    IrPlace place;
};

IrGraph *ir_graph_new(Arena *arena) {
    IrGraph *g = ARENA_NEW(arena, IrGraph);
    g->arena = arena;
    g->merging = true;
    g->nslots = FIRST_SLOTS;
    g->slots = ARENA_ARRAY(arena, Slot, g->nslots);
    return g;
}

size_t ir_graph_len(const IrGraph *g) {
    return g->len;
}

Arena *ir_graph_arena(IrGraph *g) {
    return g->arena;
}

void ir_set_merging(IrGraph *g, bool on) {
    g->merging = on;
}

bool ir_merging(const IrGraph *g) {
    return g->merging;
}

void ir_set_place(IrGraph *g, IrPlace place) {
    g->place = place;
}

static int chunk_of(uint32_t r) {
    return 31 - __builtin_clz(r / FIRST_CHUNK + 1);
}

static IrNode *node_at(const IrGraph *g, IrRef r) {
    int k = chunk_of(r);
    return &g->chunk[k][r - FIRST_CHUNK * ((1u << k) - 1)];
}

const IrNode *ir_get(const IrGraph *g, IrRef r) {
    if (r >= g->len)
        BUG("node %u of a graph of %u", r, g->len);
    return node_at(g, r);
}

/* Leaves with a value of their own are the same node if they look the same; the others have
 * identity. */
static bool may_merge(IrOp op) {
    return ir_op_info(op)->class != IR_CLASS_SRC || op == IR_OP_constant || op == IR_OP_table ||
           op == IR_OP_random;
}

/* The attributes in two parts: of more than 240 bytes XXH3 makes much work. */
static uint32_t hash_of(IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr) {
    uint64_t h = hash128(in, nin * sizeof *in, (uint64_t)op).lo;
    if (!ir_attr_fields(op))
        return (uint32_t)h;
    enum { HALF = sizeof *attr / 2 };
    h = hash128(attr, HALF, h).lo;
    return (uint32_t)hash128((const char *)attr + HALF, sizeof *attr - HALF, h).lo;
}

static bool equals(const IrNode *n, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr) {
    return n->op == op && n->nin == nin && memcmp(n->attr, attr, sizeof *attr) == 0 &&
           (nin == 0 || memcmp(n->in, in, nin * sizeof *in) == 0);
}

/* The slot of an equal node, or the free one where it would be. */
static Slot *probe(const IrGraph *g, uint32_t hash, IrOp op, const IrRef *in, uint32_t nin,
                   const IrAttr *attr) {
    for (uint32_t i = hash;; i++) {
        Slot *s = &g->slots[i & (g->nslots - 1)];
        if (!s->ref_plus_1)
            return s;
        if (s->hash == hash && equals(node_at(g, s->ref_plus_1 - 1), op, in, nin, attr))
            return s;
    }
}

static void grow_slots(IrGraph *g) {
    Slot *old = g->slots;
    uint32_t n = g->nslots;
    g->nslots *= 2;
    g->slots = ARENA_ARRAY(g->arena, Slot, g->nslots);
    for (uint32_t i = 0; i < n; i++) {
        if (!old[i].ref_plus_1)
            continue;
        uint32_t at = old[i].hash;
        while (g->slots[at & (g->nslots - 1)].ref_plus_1)
            at++;
        g->slots[at & (g->nslots - 1)] = old[i];
    }
}

static IrNode *append(IrGraph *g) {
    int k = chunk_of(g->len);
    if (k >= CHUNKS)
        BUG("a graph of %u nodes", g->len);
    if (!g->chunk[k])
        g->chunk[k] = arena_room(g->arena, sizeof(IrNode) * ((size_t)FIRST_CHUNK << k));
    return node_at(g, g->len++);
}

/* What a node is made of, before its type is known; attr is clean. */
typedef struct Draft {
    IrOp op;
    const IrRef *in;
    uint32_t nin;
    IrAttr attr;
    const char *name;
    const double *values;
} Draft;

static const IrAttr *kept_attr(IrGraph *g, IrOp op, const IrAttr *attr) {
    static const IrAttr none;
    if (!ir_attr_fields(op))
        return &none;
    return ARENA_COPY(g->arena, IrAttr, attr, 1);
}

static IrRef make(IrGraph *g, const Draft *d, IrError *err) {
    Slot *slot = NULL;
    uint32_t hash = 0;
    if (may_merge(d->op)) {
        hash = hash_of(d->op, d->in, d->nin, &d->attr);
        slot = probe(g, hash, d->op, d->in, d->nin, &d->attr);
        if (slot->ref_plus_1 && (g->merging || d->nin == 0))
            return slot->ref_plus_1 - 1;
    }
    IrType type;
    if (!ir_infer_type(g, d->op, d->in, d->nin, &d->attr, &type, err))
        return IR_NONE;
    IrRef r = g->len;
    IrNode *n = append(g);
    *n =
        (IrNode){.op = d->op,
                 .nin = d->nin,
                 .in = d->nin ? ARENA_COPY(g->arena, IrRef, d->in, d->nin) : NULL,
                 .type = type,
                 .attr = kept_attr(g, d->op, &d->attr),
                 .name = d->name ? arena_strdup(g->arena, d->name) : NULL,
                 .values = d->values ? ARENA_COPY(g->arena, double, d->values, d->attr.size) : NULL,
                 .place = g->place};
    if (!slot || slot->ref_plus_1)
        return r;
    slot->hash = hash;
    slot->ref_plus_1 = r + 1;
    if (++g->used > g->nslots / 2)
        grow_slots(g);
    return r;
}

IrRef ir_node(IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr,
              IrError *err) {
    CHECK(op != IR_OP_table);
    Draft d = {.op = op, .in = in, .nin = nin, .attr = ir_attr_clean(op, attr)};
    bool draws = op == IR_OP_param || op == IR_OP_frozen;
    if (draws)
        d.attr.uid = g->next_uid;
    IrRef r = make(g, &d, err);
    if (draws && r != IR_NONE)
        g->next_uid++;
    return r;
}

IrRef ir_must(IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr) {
    IrError err = {0};
    IrRef r = ir_node(g, op, in, nin, attr, &err);
    if (r == IR_NONE)
        BUG("%s", err.message);
    return r;
}

IrRef ir_find(const IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr) {
    if (!may_merge(op))
        return IR_NONE;
    IrAttr clean = ir_attr_clean(op, attr);
    Slot *s = probe(g, hash_of(op, in, nin, &clean), op, in, nin, &clean);
    return s->ref_plus_1 ? s->ref_plus_1 - 1 : IR_NONE;
}

static IrAttr leaf_attr(IrOp op, const IrType *type, const IrAttr *attr) {
    CHECK(ir_op_info(op)->class == IR_CLASS_SRC && op != IR_OP_table);
    IrAttr a = attr ? *attr : (IrAttr){0};
    a.shape_rank = (uint8_t)type->rank;
    for (int i = 0; i < type->rank; i++) {
        a.axes[i] = type->axis[i];
        a.shape[i] = type->size[i];
    }
    return ir_attr_clean(op, &a);
}

static IrRef make_leaf(IrGraph *g, IrOp op, const IrAttr *attr, const char *name) {
    IrError err = {0};
    Draft d = {.op = op, .attr = *attr, .name = name};
    IrRef r = make(g, &d, &err);
    if (r == IR_NONE)
        BUG("leaf %s: %s", name ? name : "", err.message);
    return r;
}

IrRef ir_leaf(IrGraph *g, IrOp op, const IrType *type, const IrAttr *attr, const char *name) {
    IrAttr a = leaf_attr(op, type, attr);
    if (op == IR_OP_param || op == IR_OP_frozen)
        a.uid = g->next_uid++;
    return make_leaf(g, op, &a, name);
}

IrRef ir_leaf_with_uid(IrGraph *g, IrOp op, const IrType *type, const IrAttr *attr,
                       const char *name) {
    IrAttr a = leaf_attr(op, type, attr);
    if (op == IR_OP_param || op == IR_OP_frozen) {
        CHECK(a.uid < UINT64_MAX);
        g->next_uid = MAX(g->next_uid, a.uid + 1);
    }
    return make_leaf(g, op, &a, name);
}

IrRef ir_input(IrGraph *g, const IrType *type, uint64_t slot, const char *name) {
    IrAttr a = leaf_attr(IR_OP_input, type, &(IrAttr){.uid = slot});
    return make_leaf(g, IR_OP_input, &a, name);
}

IrRef ir_constant(IrGraph *g, double value) {
    return ir_must(g, IR_OP_constant, NULL, 0, &(IrAttr){.value = value});
}

IrRef ir_table(IrGraph *g, IrAxis axis, const double *values, size_t n) {
    CHECK(axis && n > 0 && n <= (size_t)IR_MAX_ELEMENTS);
    double *clean = ARENA_ARRAY(g->arena, double, n);
    for (size_t i = 0; i < n; i++)
        clean[i] = isnan(values[i]) ? (double)NAN : values[i];
    IrAttr attr = {.axis = axis, .size = (int64_t)n, .key = hash128(clean, n * sizeof *clean, 0)};
    Draft d = {.op = IR_OP_table, .attr = ir_attr_clean(IR_OP_table, &attr), .values = clean};
    IrError err = {0};
    IrRef r = make(g, &d, &err);
    if (r == IR_NONE)
        BUG("%s", err.message);
    return r;
}

IrRef ir_copy(IrGraph *g, const IrNode *node, const IrRef *in) {
    Draft d = {node->op, in, node->nin, *node->attr, node->name, node->values};
    if (node->op == IR_OP_param || node->op == IR_OP_frozen)
        g->next_uid = MAX(g->next_uid, node->attr->uid + 1);
    IrPlace before = g->place;
    g->place = node->place;
    IrError err = {0};
    IrRef r = make(g, &d, &err);
    g->place = before;
    if (r == IR_NONE)
        BUG("copy: %s", err.message);
    return r;
}
