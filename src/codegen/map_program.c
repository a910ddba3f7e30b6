/* Text form of map programs, there and back, and the facts that lowering and emitter share. */
#include "codegen/map_program.h"

#include <stdlib.h>
#include <string.h>

static const char *const code_names[MAP_CODE_COUNT] = {
    [MAP_SUM] = "sum",
    [MAP_MAX] = "max",
    [MAP_PLANE_SUM] = "plane_sum",
    [MAP_PLANE_MAX] = "plane_max",
    [MAP_RELOAD] = "reload",
    [MAP_PUT_LANES] = "put_a",
    [MAP_PUT_IMAGE] = "put_n",
    [MAP_PUT_VECTOR] = "put_c",
    [MAP_PHASE] = "phase",
};

static bool is_put(MapCode code) {
    return code == MAP_PUT_LANES || code == MAP_PUT_IMAGE || code == MAP_PUT_VECTOR;
}

size_t map_program_nargs(const MapProgram *p) {
    size_t n = 3;
    for (size_t i = 0; i < p->ninputs; i++) {
        char kind = p->input[i];
        if (kind == MAP_LANES || kind == MAP_IMAGE)
            n += 3;
        else if (kind != MAP_ZERO && kind != MAP_ONE)
            n += 1;
    }
    for (size_t i = 0; i < p->ninstrs; i++)
        if (is_put(p->instr[i].code))
            n += p->instr[i].code == MAP_PUT_VECTOR ? 1 : 3;
    return n;
}

static bool is_lanes(const MapProgram *p, const MapInstr *in) {
    if (in->code == MAP_RELOAD)
        return true;
    bool lanes = false;
    for (int k = 0; k < in->nsrc && in->code == MAP_OP; k++)
        lanes |= p->lanes[in->src[k]];
    return lanes;
}

void map_program_finish(Arena *arena, MapProgram *p) {
    p->lanes = ARENA_ARRAY(arena, bool, p->ninputs + p->ninstrs);
    p->noutputs = 0;
    for (size_t i = 0; i < p->ninputs; i++)
        p->lanes[i] = p->input[i] == MAP_LANES || p->input[i] == MAP_IMAGE;
    for (size_t i = 0; i < p->ninstrs; i++) {
        const MapInstr *in = &p->instr[i];
        for (int k = 0; k < in->nsrc && in->code != MAP_RELOAD; k++)
            CHECK(in->src[k] >= 0 && in->src[k] < (int)(p->ninputs + i));
        p->lanes[p->ninputs + i] = is_lanes(p, in);
        p->noutputs += is_put(in->code);
    }
}

void map_program_print(Buf *b, const MapProgram *p) {
    buf_puts(b, "in ");
    buf_append(b, p->input, p->ninputs);
    for (size_t i = 0; i < p->ninstrs; i++) {
        const MapInstr *in = &p->instr[i];
        buf_puts(b, "; ");
        buf_puts(b, in->code == MAP_OP ? ir_op_info(in->op)->name : code_names[in->code]);
        for (int k = 0; k < in->nsrc; k++)
            buf_printf(b, in->code == MAP_RELOAD ? " o%d" : " v%d", in->src[k]);
    }
}

static MapInstr parse_instr(const char *text, const char *end) {
    MapInstr in = {.code = MAP_CODE_COUNT};
    size_t len = strcspn(text, " ;");
    for (int c = 0; c < MAP_CODE_COUNT; c++)
        if (code_names[c] && strlen(code_names[c]) == len && !memcmp(code_names[c], text, len))
            in.code = (MapCode)c;
    if (in.code == MAP_CODE_COUNT) {
        in.code = MAP_OP;
        in.op = ir_op_by_name(text, len);
        CHECK(in.op != IR_OP_COUNT);
    }
    for (text += len; text < end; in.nsrc++) {
        CHECK(in.nsrc < 3 && text[0] == ' ' && (text[1] == 'v' || text[1] == 'o'));
        char *stop;
        in.src[in.nsrc] = (int)strtol(text + 2, &stop, 10);
        CHECK(stop > text + 2);
        text = stop;
    }
    return in;
}

MapProgram map_program_parse(Arena *arena, const char *text) {
    MapProgram p = {0};
    CHECK(!strncmp(text, "in ", 3));
    const char *inputs = text + 3, *at = inputs + strcspn(inputs, ";");
    p.ninputs = (size_t)(at - inputs);
    p.input = arena_strndup(arena, inputs, p.ninputs);
    for (const char *s = at; (s = strchr(s, ';')); s++)
        p.ninstrs++;
    p.instr = ARENA_ARRAY(arena, MapInstr, p.ninstrs);
    for (size_t i = 0; i < p.ninstrs; i++) {
        const char *start = at + 2, *end = start + strcspn(start, ";");
        p.instr[i] = parse_instr(start, end);
        at = end;
    }
    map_program_finish(arena, &p);
    return p;
}
