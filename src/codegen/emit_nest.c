/* nest: strided loops around one multiply-add, maximum or move (kernel_args.h, NestDesc). The last
 * free loop works four elements at a time, each with an accumulator of its own, so that neither the
 * unrolling nor the split of the range changes a bit. Invariant: an element sums in one fixed order
 * on every target, with fused multiply-add. */
#include "codegen/emit_ew.h"
#include "codegen/kernel_args.h"

#include <math.h>

enum { WIDTH = 4 };

/* Where the operands stand in the loops opened so far. */
typedef struct Place {
    Value a, b, out;
} Place;

typedef struct Nest {
    Emit *e;
    NestDesc d;
    bool vectors;  /* values are of 16 images */
    int width;     /* elements in work */
    Value step[3]; /* strides of a, b, out along the last free loop */
} Nest;

static Value arg_of_free(const Nest *n, int loop, int field) {
    return emit_arg(n->e, NEST_LOOPS + loop * NEST_FREE_ARGS + field);
}

static Value arg_of_sum(const Nest *n, int loop, int field) {
    return emit_arg(n->e, NEST_LOOPS + n->d.free * NEST_FREE_ARGS + loop * NEST_SUM_ARGS + field);
}

static Value moved(const Nest *n, Value ptr, Value i, Value stride) {
    return ptr ? emit_at(n->e, ptr, emit_mul(n->e, i, stride)) : NULL;
}

static Value load(const Nest *n, NestSide side, Value ptr) {
    if (side == NEST_LANES)
        return emit_load(n->e, ptr);
    return n->vectors ? emit_load_splat(n->e, ptr) : emit_load_float(n->e, ptr);
}

/* Operand k (0: a, 1: b) for element u of those in work. */
static Value operand(const Nest *n, NestSide side, Value ptr, bool moves, int k, int u) {
    Value at = moves && u ? emit_at(n->e, ptr, emit_muli(n->e, n->step[k], u)) : ptr;
    return load(n, side, at);
}

/* One product into each accumulator. */
static void add_products(const Nest *n, Place p, Value mask, Value *acc) {
    Value a = NULL, b = NULL;
    for (int u = 0; u < n->width; u++) {
        if (u == 0 || n->d.a_moves)
            a = operand(n, n->d.a, p.a, n->d.a_moves, 0, u);
        if (n->d.b != NEST_ABSENT && (u == 0 || n->d.b_moves))
            b = operand(n, n->d.b, p.b, n->d.b_moves, 1, u);
        Value next;
        if (n->d.op == NEST_MAX)
            next = emit_maximum(n->e, a, acc[u]);
        else
            next = b ? emit_fma(n->e, a, b, acc[u]) : emit_fadd(n->e, acc[u], a);
        acc[u] = mask ? emit_select(n->e, mask, next, acc[u]) : next;
    }
}

static void sum_loops(const Nest *n, int loop, Place p, Value mask, Value *acc) {
    if (loop == n->d.sum) {
        add_products(n, p, mask, acc);
        return;
    }
    Emit *e = n->e;
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), arg_of_sum(n, loop, 0), emit_int(e, 1), acc, n->width);
    Place q = {moved(n, p.a, l.i, arg_of_sum(n, loop, 1)),
               moved(n, p.b, l.i, arg_of_sum(n, loop, 2)), p.out};
    sum_loops(n, loop + 1, q, mask, acc);
    emit_loop_end(e, &l, acc);
}

static void reset(const Nest *n, Value *acc) {
    float first = n->d.op == NEST_MAX ? -INFINITY : 0;
    for (int u = 0; u < n->width; u++)
        acc[u] = n->vectors ? emit_vec(n->e, first) : emit_float(n->e, first);
}

static void store(const Nest *n, Place p, const Value *acc) {
    for (int u = 0; u < n->width; u++)
        emit_store(n->e, acc[u], u ? emit_at(n->e, p.out, emit_muli(n->e, n->step[2], u)) : p.out);
}

static Place block(const Nest *n, Place p, Value b) {
    Emit *e = n->e;
    return (Place){moved(n, p.a, b, emit_arg(e, NEST_A_BLOCK)),
                   moved(n, p.b, b, emit_arg(e, NEST_B_BLOCK)),
                   moved(n, p.out, b, emit_arg(e, NEST_OUT_BLOCK))};
}

/* Results of lanes, and moves: each block of images alone. */
static void elements_of_blocks(const Nest *n, Place p) {
    Emit *e = n->e;
    EmitLoop l;
    Value acc[WIDTH];
    emit_loop_begin(e, &l, emit_int(e, 0), emit_arg(e, NEST_N), emit_int(e, 1), NULL, 0);
    Place q = block(n, p, l.i);
    if (n->d.op == NEST_MOVE) {
        for (int u = 0; u < n->width; u++)
            acc[u] = operand(n, n->d.a, q.a, n->d.a_moves, 0, u);
    } else {
        reset(n, acc);
        sum_loops(n, 0, q, NULL, acc);
    }
    store(n, q, acc);
    emit_loop_end(e, &l, NULL);
}

static Value over_lanes(const Nest *n, Value v) {
    Emit *e = n->e;
    if (n->d.op == NEST_SUM)
        return emit_lane_sum(e, v);
    Value lane[LANES];
    for (int i = 0; i < LANES; i++)
        lane[i] = LLVMBuildExtractElement(e->b, v, LLVMConstInt(e->i32, (unsigned)i, false), "");
    for (int half = LANES / 2; half >= 1; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] = emit_maximum(e, lane[i + half], lane[i]);
    return lane[0];
}

/* Dense results of lanes: over all images. */
static void elements_over_images(const Nest *n, Place p) {
    Emit *e = n->e;
    EmitLoop l;
    Value acc[WIDTH];
    reset(n, acc);
    emit_loop_begin(e, &l, emit_int(e, 0), emit_arg(e, NEST_N), emit_int(e, 1), acc, n->width);
    Value left = emit_sub(e, emit_arg(e, NEST_BATCH), emit_muli(e, l.i, LANES));
    sum_loops(n, 0, block(n, p, l.i), emit_lanes_below(e, left), acc);
    emit_loop_end(e, &l, acc);
    for (int u = 0; u < n->width; u++)
        acc[u] = over_lanes(n, acc[u]);
    store(n, p, acc);
}

static void elements(Nest *n, int width, Place p) {
    n->width = width;
    if (n->vectors && n->d.out != NEST_LANES)
        elements_over_images(n, p);
    else
        elements_of_blocks(n, p);
}

static Place step_free(const Nest *n, int loop, Place p, Value i) {
    return (Place){moved(n, p.a, i, arg_of_free(n, loop, 1)),
                   moved(n, p.b, i, arg_of_free(n, loop, 2)),
                   moved(n, p.out, i, arg_of_free(n, loop, 3))};
}

static void free_loops(Nest *n, int loop, Place p) {
    Emit *e = n->e;
    EmitLoop l;
    Value from = loop ? emit_int(e, 0) : e->lo, to = loop ? arg_of_free(n, loop, 0) : e->hi;
    if (loop + 1 < n->d.free) {
        emit_loop_begin(e, &l, from, to, emit_int(e, 1), NULL, 0);
        free_loops(n, loop + 1, step_free(n, loop, p, l.i));
        emit_loop_end(e, &l, NULL);
        return;
    }
    for (int k = 0; k < 3; k++)
        n->step[k] = arg_of_free(n, loop, 1 + k);
    Value fours = LLVMBuildAnd(e->b, emit_sub(e, to, from), emit_int(e, -WIDTH), "");
    Value middle = emit_add(e, from, fours);
    emit_loop_begin(e, &l, from, middle, emit_int(e, WIDTH), NULL, 0);
    elements(n, WIDTH, step_free(n, loop, p, l.i));
    emit_loop_end(e, &l, NULL);
    emit_loop_begin(e, &l, middle, to, emit_int(e, 1), NULL, 0);
    elements(n, 1, step_free(n, loop, p, l.i));
    emit_loop_end(e, &l, NULL);
}

void emit_nest(Emit *e, const char *text) {
    Nest n = {.e = e, .d = kernel_read_nest(text)};
    n.vectors = n.d.a == NEST_LANES || n.d.b == NEST_LANES || n.d.out == NEST_LANES;
    CHECK(n.d.free >= 1 && n.d.free <= NEST_MAX_LOOPS && n.d.sum <= NEST_MAX_LOOPS);
    Place p = {emit_arg_ptr(e, NEST_A), n.d.b == NEST_ABSENT ? NULL : emit_arg_ptr(e, NEST_B),
               emit_arg_ptr(e, NEST_OUT)};
    free_loops(&n, 0, p);
}
