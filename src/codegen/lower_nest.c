/* What no other kernel covers: contractions, reductions and broadcasts along any axes, and moves
 * between tensors of any axes, as nests of strided loops.
 *
 * A loop runs along one axis and has a stride in each operand. Loops of one element are left out and
 * loops that continue one another in every operand are joined, so that a merge of neighbours is a
 * plain copy and few kernels serve all shapes. */
#include "codegen/lower.h"

#include <string.h>

enum { SIDE_A, SIDE_B, SIDE_OUT, SIDES };

typedef struct Loop {
    int64_t count, stride[SIDES];
} Loop;

typedef struct Loops {
    Loop at[2 * IR_MAX_AXES];
    int n;
} Loops;

typedef struct Job {
    Lower *l;
    const char *what;
    IrRef ref[SIDES];     /* IR_NONE: absent */
    int64_t first[SIDES]; /* bytes from the start of the tensor */
    NestOp op;
    Loops free, sum;
} Job;

static const IrType *type_of(const Job *j, int side) {
    return &ir_get(j->l->m->graph, j->ref[side])->type;
}

static void add_loop(Loops *loops, int64_t count, int64_t a, int64_t b, int64_t out) {
    if (count == 1)
        return;
    CHECK(loops->n < 2 * IR_MAX_AXES);
    loops->at[loops->n++] = (Loop){count, {a, b, out}};
}

/* Is x to be outside of y: the larger stride of the side that leads, then of the others. */
static bool is_outside(const Loop *x, const Loop *y, int leader) {
    for (int k = 0; k < SIDES; k++) {
        int side = (leader + k) % SIDES;
        if (x->stride[side] != y->stride[side])
            return x->stride[side] > y->stride[side];
    }
    return false;
}

static bool continues(const Loop *outer, const Loop *inner) {
    for (int k = 0; k < SIDES; k++)
        if (outer->stride[k] != inner->stride[k] * inner->count)
            return false;
    return true;
}

static void arrange(Loops *loops, int leader) {
    Loop *at = loops->at;
    for (int i = 1; i < loops->n; i++)
        for (int k = i; k > 0 && is_outside(&at[k], &at[k - 1], leader); k--) {
            Loop t = at[k];
            at[k] = at[k - 1];
            at[k - 1] = t;
        }
    int n = 0;
    for (int i = 0; i < loops->n; i++) {
        if (n > 0 && continues(&at[n - 1], &at[i])) {
            at[i].count *= at[n - 1].count;
            at[n - 1] = at[i];
        } else {
            at[n++] = at[i];
        }
    }
    loops->n = n;
}

static NestSide side_kind(const Job *j, int side) {
    if (j->ref[side] == IR_NONE)
        return NEST_ABSENT;
    return lower_layout(j->l, j->ref[side]).kind == LAYOUT_LANES ? NEST_LANES : NEST_DENSE;
}

static int64_t block_bytes(const Job *j, int side) {
    if (side_kind(j, side) != NEST_LANES)
        return 0;
    Layout t = lower_layout(j->l, j->ref[side]);
    return lower_block_bytes(&t);
}

static void emit_job(Job *j) {
    arrange(&j->free, SIDE_OUT);
    arrange(&j->sum, SIDE_A);
    if (j->free.n == 0)
        j->free.at[j->free.n++] = (Loop){1, {0}};
    CHECK(j->free.n <= NEST_MAX_LOOPS && j->sum.n <= NEST_MAX_LOOPS);
    const Loop *last = &j->free.at[j->free.n - 1];
    NestDesc d = {.op = j->op,
                  .a = side_kind(j, SIDE_A),
                  .b = side_kind(j, SIDE_B),
                  .out = side_kind(j, SIDE_OUT),
                  .free = j->free.n,
                  .sum = j->sum.n,
                  .a_moves = last->stride[SIDE_A] != 0,
                  .b_moves = last->stride[SIDE_B] != 0};
    int64_t arg[NEST_LOOPS + NEST_MAX_LOOPS * (NEST_FREE_ARGS + NEST_SUM_ARGS)], bytes = 0;
    arg[NEST_N] = arg[NEST_BATCH] = 1;
    for (int k = 0; k < SIDES; k++) {
        arg[NEST_A + k] = j->ref[k] == IR_NONE ? 0 : j->l->offset[j->ref[k]] + j->first[k];
        arg[NEST_A_BLOCK + k] = block_bytes(j, k);
        if (j->ref[k] == IR_NONE)
            continue;
        Layout t = lower_layout(j->l, j->ref[k]);
        bytes += t.bytes;
        if (t.kind == LAYOUT_LANES) {
            arg[NEST_N] = t.blocks;
            arg[NEST_BATCH] = t.n;
        }
    }
    size_t n = NEST_LOOPS;
    for (int i = 0; i < j->free.n; i++) {
        arg[n++] = j->free.at[i].count;
        for (int k = 0; k < SIDES; k++)
            arg[n++] = j->free.at[i].stride[k];
    }
    for (int i = 0; i < j->sum.n; i++) {
        arg[n++] = j->sum.at[i].count;
        arg[n++] = j->sum.at[i].stride[SIDE_A];
        arg[n++] = j->sum.at[i].stride[SIDE_B];
    }
    Buf text = {0};
    kernel_text_nest(&text, &d);
    lower_push(j->l, KERNEL_nest, lower_take_text(j->l, &text), arg, n, j->free.at[0].count, bytes,
               j->ref[SIDE_OUT], j->what);
}

/* A loop along each axis of `over` but n; strides by the names of the axes. */
static void loop_over(Job *j, const IrType *over) {
    for (int i = 0; i < over->rank; i++) {
        IrAxis axis = over->axis[i];
        int64_t stride[SIDES] = {0};
        if (axis == IR_AXIS_N)
            continue;
        for (int k = 0; k < SIDES; k++)
            if (j->ref[k] != IR_NONE)
                stride[k] = layout_stride(type_of(j, k), axis);
        bool summed = ir_type_find(type_of(j, SIDE_OUT), axis) < 0;
        add_loop(summed ? &j->sum : &j->free, over->size[i], stride[SIDE_A], stride[SIDE_B],
                 stride[SIDE_OUT]);
    }
}

static void lower_sum(Job *j) {
    const IrType *a = type_of(j, SIDE_A), *out = type_of(j, SIDE_OUT);
    IrType summed = {0};
    for (int i = 0; i < a->rank; i++)
        if (ir_type_find(out, a->axis[i]) < 0) {
            summed.axis[summed.rank] = a->axis[i];
            summed.size[summed.rank++] = a->size[i];
        }
    loop_over(j, out);
    loop_over(j, &summed);
    emit_job(j);
}

/* `split` has the axes `parts` (first = slowest) where `joined` has the one axis `axis`; one of them
 * is A and the other OUT. */
static void lower_merge(Job *j, int split_side, IrAxis axis, const IrAxis *parts, int nparts) {
    int joined_side = split_side == SIDE_A ? SIDE_OUT : SIDE_A;
    const IrType *split = type_of(j, split_side), *joined = type_of(j, joined_side);
    for (int i = 0; i < split->rank; i++) {
        IrAxis a = split->axis[i];
        if (a == IR_AXIS_N)
            continue;
        int64_t stride[SIDES] = {0}, inner = 1;
        bool part = false;
        for (int k = nparts - 1; k >= 0 && !part; k--) {
            part = parts[k] == a;
            inner *= part ? 1 : ir_type_size(split, parts[k]);
        }
        stride[split_side] = layout_stride(split, a);
        stride[joined_side] = part ? inner * layout_stride(joined, axis) : layout_stride(joined, a);
        add_loop(&j->free, split->size[i], stride[SIDE_A], 0, stride[SIDE_OUT]);
    }
    emit_job(j);
}

/* The elements of `part` along with their places in A and OUT, which begin at j->first. */
static void lower_part(const Job *whole, const IrType *part) {
    Job j = *whole;
    loop_over(&j, part);
    emit_job(&j);
}

static void lower_pieces(Job *j, const IrNode *n) {
    IrAxis axis = n->attr->axis;
    if (n->op == IR_OP_slice) {
        j->first[SIDE_A] = n->attr->lo * layout_stride(type_of(j, SIDE_A), axis);
        lower_part(j, &n->type);
        return;
    }
    int64_t stride = layout_stride(&n->type, axis);
    if (n->op == IR_OP_embed) {
        Layout t = lower_layout(j->l, j->ref[SIDE_OUT]);
        lower_clear(j->l, j->ref[SIDE_OUT], t.elements, j->what);
        j->first[SIDE_OUT] = n->attr->lo * stride;
        lower_part(j, type_of(j, SIDE_A));
        return;
    }
    CHECK(n->op == IR_OP_concat);
    for (uint32_t k = 0; k < n->nin; k++) {
        j->ref[SIDE_A] = n->in[k];
        lower_part(j, type_of(j, SIDE_A));
        j->first[SIDE_OUT] += ir_type_size(type_of(j, SIDE_A), axis) * stride;
    }
}

void lower_nest(Lower *l, const Group *group, const char *what) {
    IrRef out = group->nodes[0];
    const IrNode *n = ir_get(l->m->graph, out);
    Job j = {.l = l, .what = what, .ref = {n->in[0], IR_NONE, out}};
    switch (n->op) {
    case IR_OP_contract:
        j.ref[SIDE_B] = n->in[1];
        j.op = NEST_SUM;
        lower_sum(&j);
        return;
    case IR_OP_reduce_sum:
    case IR_OP_reduce_max:
        j.op = n->op == IR_OP_reduce_sum ? NEST_SUM : NEST_MAX;
        lower_sum(&j);
        return;
    case IR_OP_merge:
        lower_merge(&j, SIDE_A, n->attr->axis, n->attr->axes, n->attr->naxes);
        return;
    case IR_OP_unmerge:
        lower_merge(&j, SIDE_OUT, n->attr->axis, n->attr->axes, n->attr->shape_rank);
        return;
    case IR_OP_rename:
        lower_merge(&j, SIDE_A, n->attr->axis2, &n->attr->axis, 1);
        return;
    case IR_OP_expand:
        loop_over(&j, &n->type);
        emit_job(&j);
        return;
    default:
        lower_pieces(&j, n);
    }
}
