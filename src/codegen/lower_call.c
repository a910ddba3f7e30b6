/* What all calls share, and the calls of map and small kernels: arguments from the places of the
 * operands. */
#include "codegen/lower.h"

#include <stdlib.h>
#include <string.h>

Layout lower_layout(const Lower *l, IrRef r) {
    return layout_of(&ir_get(l->m->graph, r)->type);
}

int64_t lower_block_bytes(const Layout *t) {
    return t->c * t->h * t->w * LANES * (int64_t)sizeof(float);
}

const char *lower_take_text(Lower *l, Buf *b) {
    const char *text = arena_strdup(l->arena, b->text);
    buf_free(b);
    return text;
}

PlanCall *lower_push(Lower *l, KernelKind kind, const char *text, const int64_t *arg, size_t nargs,
                     int64_t hi, int64_t bytes, IrRef node, const char *what) {
    int64_t *kept = ARENA_ARRAY(l->arena, int64_t, nargs);
    memcpy(kept, arg, nargs * sizeof *arg);
    VEC_PUSH(*l->calls, ((PlanCall){.desc = {kind, text},
                                    .arg = kept,
                                    .nargs = nargs,
                                    .hi = hi,
                                    .what = what,
                                    .bytes = bytes,
                                    .node = node,
                                    .nnodes = 1}));
    return &l->calls->items[l->calls->len - 1];
}

typedef VEC(int64_t) Args;

int64_t lower_float_bits(double value) {
    float v = (float)value;
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (int64_t)bits;
}

/* Offset and the two strides of a vectors operand; returns its bytes. */
static int64_t push_vectors(const Lower *l, const Group *group, IrRef r, Args *args) {
    const IrType *type = &ir_get(l->m->graph, r)->type;
    Layout t = layout_of(type);
    bool flat = group->domain.kind == GROUP_SMALL, has_c = ir_type_find(type, IR_AXIS_C) >= 0;
    int64_t vector = LANES * (int64_t)sizeof(float), plane = t.h * t.w * vector;
    VEC_PUSH(*args, l->offset[r]);
    VEC_PUSH(*args, flat || !has_c ? 0 : plane);
    VEC_PUSH(*args, flat ? vector : t.c * plane);
    return t.bytes;
}

/* Is the input one of those with an offset and strides? */
static bool is_vectors_kind(char kind) {
    return kind == MAP_LANES || kind == MAP_IMAGE;
}

static int64_t push_inputs(const Lower *l, const Group *group, const MapLowered *map, Args *args) {
    int64_t bytes = 0;
    for (size_t k = 0; k < map->program.ninputs; k++) {
        char kind = map->program.input[k];
        if (is_vectors_kind(kind)) {
            bytes += push_vectors(l, group, map->in[k], args);
        } else if (kind == MAP_CONST) {
            VEC_PUSH(*args, lower_float_bits((double)map->value[k]));
        } else if (kind != MAP_ZERO && kind != MAP_ONE) {
            VEC_PUSH(*args, l->offset[map->in[k]]);
            bytes += layout_of(&ir_get(l->m->graph, map->in[k])->type).bytes;
        }
    }
    return bytes;
}

static int64_t push_outputs(const Lower *l, const Group *group, const MapLowered *map, Args *args) {
    int64_t bytes = 0;
    size_t k = 0;
    for (size_t i = 0; i < map->program.ninstrs; i++) {
        MapCode code = map->program.instr[i].code;
        if (code == MAP_PUT_LANES || code == MAP_PUT_IMAGE) {
            bytes += push_vectors(l, group, map->out[k++], args);
        } else if (code == MAP_PUT_VECTOR) {
            bytes += layout_of(&ir_get(l->m->graph, map->out[k])->type).bytes;
            VEC_PUSH(*args, l->offset[map->out[k++]]);
        }
    }
    return bytes;
}

/* "map sub mul %12": the first few ops and the last node. */
static const char *describe(const Lower *l, const Group *group) {
    Buf b = {0};
    buf_puts(&b, group->domain.kind == GROUP_MAP ? "map" : "small");
    for (size_t i = 0; i < group->nnodes && i < 4; i++)
        buf_printf(&b, " %s", ir_op_info(ir_get(l->m->graph, group->nodes[i])->op)->name);
    buf_printf(&b, "%s %%%u", group->nnodes > 4 ? " ..." : "", group->nodes[group->nnodes - 1]);
    const char *what = arena_strdup(l->arena, b.text);
    buf_free(&b);
    return what;
}

void lower_map(Lower *l, const Group *group, const MapLowered *map) {
    const GroupDomain *d = &group->domain;
    bool flat = d->kind == GROUP_SMALL;
    int64_t batch = flat ? d->flat : d->n;
    Args args = {0};
    VEC_PUSH(args, (batch + LANES - 1) / LANES);
    VEC_PUSH(args, flat ? 1 : d->hw);
    VEC_PUSH(args, batch);
    int64_t bytes = push_inputs(l, group, map, &args);
    bytes += push_outputs(l, group, map, &args);
    CHECK(args.len == map_program_nargs(&map->program));
    Buf text = {0};
    map_program_print(&text, &map->program);
    PlanCall *call = lower_push(
        l, flat ? KERNEL_small : KERNEL_map, arena_strdup(l->arena, text.text), args.items,
        args.len, flat ? 1 : d->c, bytes, group->nodes[group->nnodes - 1], describe(l, group));
    call->nnodes = group->nnodes;
    buf_free(&text);
    VEC_FREE(args);
}

void lower_flat_copy(Lower *l, int64_t from, int64_t to, int64_t elements, const char *what) {
    int64_t blocks = (elements + LANES - 1) / LANES, vector = LANES * (int64_t)sizeof(float);
    int64_t args[9] = {blocks, 1, elements, from, 0, vector, to, 0, vector};
    lower_push(l, KERNEL_small, "in a; put_a v0", args, ARRAY_LEN(args), 1, 2 * blocks * vector,
               IR_NONE, what);
}
