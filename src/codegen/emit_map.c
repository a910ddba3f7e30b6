/* Fused map kernels: the program of map_program.h as loops over channels, segments, blocks and
 * places.
 *
 * Order of a sum (part of the op's definition): two accumulators of 16 lanes take turns place by
 * place, in the order of blocks, then of places (an odd number of places swaps their roles from
 * then on); lanes beyond the batch are left out; then first + second, then the fixed tree over
 * lanes. A plane sum starts with fresh accumulators in each block. Stores of a place follow all its
 * loads, so a result may lie on an operand. */
#include "codegen/emit_map.h"

#include "codegen/emit_ew.h"

#include <math.h>
#include <stdlib.h>

/* Places per turn of the main loop; a multiple of the accumulators. */
enum { UNROLL = 4, TURNS = 2, VECTOR_BYTES = LANES * (int)sizeof(float) };

typedef struct Operand {
    Value ptr, channel_stride, block_stride; /* vectors */
    Value at;                                /* of the channel, then of the block */
    Value scalar;
} Operand;

typedef struct MapEmit {
    Emit *e;
    const MapProgram *p;
    bool flat; /* one place a block */
    Value blocks, places, batch;
    Operand *in, *out;
    Value *channel;       /* channel values by number */
    Value (*vec)[UNROLL]; /* lane values of the places in work, by number */
    int *red, nred; /* instructions that reduce in the segment in work, plane reductions last */
    int nplane;
    size_t next_out; /* outputs put by earlier segments */
} MapEmit;

static Value identity_of(MapEmit *m, MapCode code) {
    bool max = code == MAP_MAX || code == MAP_PLANE_MAX;
    return emit_vec(m->e, max ? -INFINITY : 0.0f);
}

static Value combine(MapEmit *m, MapCode code, Value acc, Value x) {
    bool max = code == MAP_MAX || code == MAP_PLANE_MAX;
    return max ? emit_maximum(m->e, x, acc) : emit_fadd(m->e, acc, x);
}

static int read_operand(MapEmit *m, Operand *o, char kind, int arg) {
    Emit *e = m->e;
    switch (kind) {
    case MAP_LANES:
    case MAP_IMAGE:
        o->ptr = emit_arg_ptr(e, arg);
        o->channel_stride = emit_arg(e, arg + 1);
        o->block_stride = emit_arg(e, arg + 2);
        return arg + 3;
    case MAP_VECTOR:
        o->ptr = emit_arg_ptr(e, arg);
        return arg + 1;
    case MAP_SCALAR:
        o->scalar = emit_load_float(e, emit_arg_ptr(e, arg));
        return arg + 1;
    case MAP_CONST:
        o->scalar = emit_arg_float(e, arg);
        return arg + 1;
    default:
        o->scalar = emit_float(e, kind == MAP_ONE ? 1 : 0);
        return arg;
    }
}

static void read_arguments(MapEmit *m) {
    const MapProgram *p = m->p;
    m->blocks = emit_arg(m->e, 0);
    m->places = emit_arg(m->e, 1);
    m->batch = emit_arg(m->e, 2);
    int arg = 3;
    for (size_t i = 0; i < p->ninputs; i++)
        arg = read_operand(m, &m->in[i], p->input[i], arg);
    size_t k = 0;
    for (size_t i = 0; i < p->ninstrs; i++) {
        MapCode code = p->instr[i].code;
        if (code == MAP_PUT_LANES || code == MAP_PUT_IMAGE || code == MAP_PUT_VECTOR)
            arg =
                read_operand(m, &m->out[k++], code == MAP_PUT_VECTOR ? MAP_VECTOR : MAP_LANES, arg);
    }
    CHECK((size_t)arg == map_program_nargs(p));
}

/* Channel values of the inputs, and where the channel begins in the others. */
static void open_channel(MapEmit *m, Value c) {
    Emit *e = m->e;
    for (size_t i = 0; i < m->p->ninputs; i++) {
        Operand *o = &m->in[i];
        if (m->p->input[i] == MAP_VECTOR)
            m->channel[i] = emit_load_float(e, emit_at(e, o->ptr, emit_muli(e, c, sizeof(float))));
        else
            m->channel[i] = o->scalar;
    }
    for (size_t i = 0; i < m->p->noutputs; i++) {
        Operand *o = &m->out[i];
        Value stride = o->channel_stride ? o->channel_stride : emit_int(e, sizeof(float));
        o->at = emit_at(e, o->ptr, emit_mul(e, c, stride));
    }
    for (size_t i = 0; i < m->p->ninputs; i++)
        if (m->p->lanes[i])
            m->in[i].at = emit_at(e, m->in[i].ptr, emit_mul(e, c, m->in[i].channel_stride));
}

/* Value v as a vector for place u of those in work. */
static Value vector_of(MapEmit *m, int v, int u) {
    return m->p->lanes[v] ? m->vec[v][u] : emit_splat(m->e, m->channel[v]);
}

/* The places in work: `count` of them from j on. */
typedef struct Places {
    Value bytes; /* j * 64 */
    int count;
    Operand *in, *out; /* `at` of the block */
} Places;

static void load_input(MapEmit *m, int v, const Places *w) {
    if (v >= (int)m->p->ninputs || !m->p->lanes[v] || m->p->input[v] == MAP_IMAGE || m->vec[v][0])
        return;
    Value at = emit_at(m->e, w->in[v].at, w->bytes);
    for (int u = 0; u < w->count; u++)
        m->vec[v][u] = emit_load(m->e, emit_ati(m->e, at, (int64_t)u * VECTOR_BYTES));
}

static void run_op(MapEmit *m, int i, const Places *w) {
    const MapInstr *in = &m->p->instr[i];
    int v = (int)m->p->ninputs + i;
    for (int u = 0; u < w->count; u++) {
        if (in->code == MAP_RELOAD) {
            Value at = emit_at(m->e, w->out[in->src[0]].at, w->bytes);
            m->vec[v][u] = emit_load(m->e, emit_ati(m->e, at, (int64_t)u * VECTOR_BYTES));
            continue;
        }
        Value src[3];
        for (int k = 0; k < in->nsrc; k++)
            src[k] = vector_of(m, in->src[k], u);
        m->vec[v][u] = emit_ew(m->e, in->op, src);
    }
}

/* Adds the places to the accumulators: acc[2 k], acc[2 k + 1] belong to reduction k. A single place
 * goes to the first, and the two change roles. */
static void accumulate(MapEmit *m, Value *acc, Value mask, const Places *w) {
    for (int k = 0; k < m->nred; k++) {
        const MapInstr *in = &m->p->instr[m->red[k]];
        bool masked = in->code == MAP_SUM || in->code == MAP_MAX;
        for (int u = 0; u < w->count; u++) {
            Value old = acc[TURNS * k + u % TURNS];
            Value sum = combine(m, in->code, old, vector_of(m, in->src[0], u));
            acc[TURNS * k + u % TURNS] = masked ? emit_select(m->e, mask, sum, old) : sum;
        }
        if (w->count == 1) {
            Value first = acc[TURNS * k];
            acc[TURNS * k] = acc[TURNS * k + 1];
            acc[TURNS * k + 1] = first;
        }
    }
}

/* Instructions from..to at the places: loads and operations, sums, then stores. */
static void run_places(MapEmit *m, int from, int to, const Places *w, Value *acc, Value mask) {
    const MapProgram *p = m->p;
    for (size_t i = 0; i < p->ninputs; i++)
        if (p->input[i] != MAP_IMAGE)
            m->vec[i][0] = NULL;
    for (int i = from; i < to; i++) {
        const MapInstr *in = &p->instr[i];
        for (int k = 0; k < in->nsrc && in->code != MAP_RELOAD; k++)
            load_input(m, in->src[k], w);
        if (p->lanes[(int)p->ninputs + i])
            run_op(m, i, w);
    }
    accumulate(m, acc, mask, w);
    size_t out = m->next_out;
    for (int i = from; i < to; i++) {
        const MapInstr *in = &p->instr[i];
        if (in->code == MAP_PUT_LANES) {
            Value at = emit_at(m->e, w->out[out].at, w->bytes);
            for (int u = 0; u < w->count; u++)
                emit_store(m->e, vector_of(m, in->src[0], u),
                           emit_ati(m->e, at, (int64_t)u * VECTOR_BYTES));
        }
        out += in->code == MAP_PUT_LANES || in->code == MAP_PUT_IMAGE || in->code == MAP_PUT_VECTOR;
    }
}

/* Vectors that are the same for all places of the block. */
static void load_images(MapEmit *m, const Places *w) {
    for (size_t i = 0; i < m->p->ninputs; i++)
        if (m->p->input[i] == MAP_IMAGE)
            for (int u = 0; u < UNROLL; u++)
                m->vec[i][u] = u ? m->vec[i][0] : emit_load(m->e, w->in[i].at);
}

static void open_block(MapEmit *m, Places *w, Value b) {
    Emit *e = m->e;
    for (size_t i = 0; i < m->p->ninputs; i++) {
        w->in[i] = m->in[i];
        if (m->p->lanes[i])
            w->in[i].at = emit_at(e, m->in[i].at, emit_mul(e, b, m->in[i].block_stride));
    }
    for (size_t i = 0; i < m->p->noutputs; i++) {
        w->out[i] = m->out[i];
        if (m->out[i].block_stride)
            w->out[i].at = emit_at(e, m->out[i].at, emit_mul(e, b, m->out[i].block_stride));
    }
    load_images(m, w);
}

static void run_block(MapEmit *m, int from, int to, Places *w, Value *acc, Value mask) {
    Emit *e = m->e;
    int nacc = TURNS * m->nred;
    if (m->flat) {
        w->bytes = emit_int(e, 0);
        w->count = 1;
        run_places(m, from, to, w, acc, mask);
        return;
    }
    Value whole = LLVMBuildAnd(e->b, m->places, emit_int(e, -UNROLL), "");
    EmitLoop main, rest;
    emit_loop_begin(e, &main, emit_int(e, 0), whole, emit_int(e, UNROLL), acc, nacc);
    w->bytes = emit_muli(e, main.i, VECTOR_BYTES);
    w->count = UNROLL;
    run_places(m, from, to, w, acc, mask);
    emit_loop_end(e, &main, acc);
    emit_loop_begin(e, &rest, whole, m->places, emit_int(e, 1), acc, nacc);
    w->bytes = emit_muli(e, rest.i, VECTOR_BYTES);
    w->count = 1;
    run_places(m, from, to, w, acc, mask);
    emit_loop_end(e, &rest, acc);
}

static void store_planes(MapEmit *m, int from, int to, const Places *w, const Value *acc) {
    size_t out = m->next_out;
    for (int i = from; i < to; i++) {
        MapCode code = m->p->instr[i].code;
        if (code == MAP_PUT_IMAGE) {
            int source = m->p->instr[i].src[0] - (int)m->p->ninputs, k = 0;
            while (m->red[k] != source)
                k++;
            Value v = combine(m, m->p->instr[source].code, acc[TURNS * k], acc[TURNS * k + 1]);
            emit_store(m->e, v, w->out[out].at);
        }
        out += code == MAP_PUT_LANES || code == MAP_PUT_IMAGE || code == MAP_PUT_VECTOR;
    }
}

static Value finish_lanes(MapEmit *m, MapCode code, Value v) {
    Emit *e = m->e;
    if (code == MAP_SUM)
        return emit_lane_sum(e, v);
    Value lane[LANES];
    for (int i = 0; i < LANES; i++)
        lane[i] = LLVMBuildExtractElement(e->b, v, LLVMConstInt(e->i32, (unsigned)i, false), "");
    for (int half = LANES / 2; half >= 1; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] = emit_maximum(e, lane[i + half], lane[i]);
    return lane[0];
}

/* The loop of a segment over blocks; reductions over images first in m->red, plane reductions
 * after. */
static void run_loop(MapEmit *m, int from, int to) {
    Emit *e = m->e;
    int nover = m->nred - m->nplane;
    CHECK(TURNS * m->nred <= EMIT_MAX_CARRIED);
    Value acc[EMIT_MAX_CARRIED], mask = NULL;
    for (int k = 0; k < TURNS * nover; k++)
        acc[k] = identity_of(m, m->p->instr[m->red[k / TURNS]].code);
    Places w = {.in = nasc_alloc_zero((m->p->ninputs + 1) * sizeof(Operand)),
                .out = nasc_alloc_zero((m->p->noutputs + 1) * sizeof(Operand))};
    EmitLoop l;
    emit_loop_begin(e, &l, emit_int(e, 0), m->blocks, emit_int(e, 1), acc, TURNS * nover);
    open_block(m, &w, l.i);
    if (nover > 0)
        mask = emit_lanes_below(e, emit_sub(e, m->batch, emit_muli(e, l.i, LANES)));
    for (int k = TURNS * nover; k < TURNS * m->nred; k++)
        acc[k] = identity_of(m, m->p->instr[m->red[k / TURNS]].code);
    run_block(m, from, to, &w, acc, mask);
    store_planes(m, from, to, &w, acc);
    emit_loop_end(e, &l, acc);
    for (int k = 0; k < nover; k++) {
        MapCode code = m->p->instr[m->red[k]].code;
        Value v = combine(m, code, acc[TURNS * k], acc[TURNS * k + 1]);
        m->channel[(int)m->p->ninputs + m->red[k]] = finish_lanes(m, code, v);
    }
    free(w.in);
    free(w.out);
}

/* Collects the segment's reductions; does it need a loop at all? */
static bool find_reductions(MapEmit *m, int from, int to) {
    bool loop = false;
    m->nred = m->nplane = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = from; i < to; i++) {
            MapCode code = m->p->instr[i].code;
            bool plane = code == MAP_PLANE_SUM || code == MAP_PLANE_MAX;
            loop |= code == MAP_PUT_LANES;
            if (pass == 0 ? code != MAP_SUM && code != MAP_MAX : !plane)
                continue;
            m->red[m->nred++] = i;
            m->nplane += plane;
            loop = true;
        }
    return loop;
}

static void run_segment(MapEmit *m, int from, int to) {
    const MapProgram *p = m->p;
    size_t out = m->next_out;
    for (int i = from; i < to; i++) {
        const MapInstr *in = &p->instr[i];
        if (in->code == MAP_OP && !p->lanes[(int)p->ninputs + i]) {
            Value src[3];
            for (int k = 0; k < in->nsrc; k++)
                src[k] = m->channel[in->src[k]];
            m->channel[(int)p->ninputs + i] = emit_ew(m->e, in->op, src);
        } else if (in->code == MAP_PUT_VECTOR) {
            emit_store(m->e, m->channel[in->src[0]], m->out[out].at);
        }
        out += in->code == MAP_PUT_LANES || in->code == MAP_PUT_IMAGE || in->code == MAP_PUT_VECTOR;
    }
    if (find_reductions(m, from, to))
        run_loop(m, from, to);
    m->next_out = out;
}

void emit_map_program(Emit *e, const char *text, bool flat) {
    Arena arena;
    arena_init(&arena, "map kernel");
    MapProgram p = map_program_parse(&arena, text);
    size_t nvalues = p.ninputs + p.ninstrs;
    MapEmit m = {.e = e, .p = &p, .flat = flat};
    m.in = ARENA_ARRAY(&arena, Operand, p.ninputs);
    m.out = ARENA_ARRAY(&arena, Operand, p.noutputs);
    m.channel = ARENA_ARRAY(&arena, Value, nvalues);
    m.vec = arena_alloc(&arena, nvalues * sizeof *m.vec);
    m.red = ARENA_ARRAY(&arena, int, p.ninstrs);
    read_arguments(&m);
    EmitLoop l;
    emit_loop_begin(e, &l, e->lo, e->hi, emit_int(e, 1), NULL, 0);
    open_channel(&m, l.i);
    int from = 0;
    for (int i = 0; i <= (int)p.ninstrs; i++) {
        if (i < (int)p.ninstrs && p.instr[i].code != MAP_PHASE)
            continue;
        run_segment(&m, from, i);
        from = i + 1;
    }
    emit_loop_end(e, &l, NULL);
    arena_free(&arena);
}

void emit_map(Emit *e, const char *text) {
    emit_map_program(e, text, false);
}
