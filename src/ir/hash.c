/* Content of nodes and modules as numbers: what colours (canon_order.c) and content hashes are made
 * of. Fields are written out one by one, so neither padding nor pointers nor byte order take part;
 * places and names do not either. */
#include "ir/canon.h"

#include <endian.h>
#include <string.h>

static uint64_t double_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t pair32(int32_t a, int32_t b) {
    return (uint64_t)(uint32_t)a << 32 | (uint32_t)b;
}

size_t ir_node_words(const IrNode *n, uint64_t out[IR_NODE_WORDS]) {
    const IrAttr *a = n->attr;
    size_t k = 0;
    out[k++] = (uint64_t)n->op;
    out[k++] = pair32(a->kernel[0], a->kernel[1]);
    out[k++] = pair32(a->stride[0], a->stride[1]);
    out[k++] = pair32(a->pad[0], a->pad[1]);
    out[k++] = pair32(a->dilation[0], a->dilation[1]);
    out[k++] = pair32(a->groups, a->mode);
    out[k++] = (uint64_t)a->count_padding << 16 | (uint64_t)a->naxes << 8 | a->shape_rank;
    out[k++] = a->axis;
    out[k++] = a->axis2;
    for (int i = 0; i < IR_MAX_AXES; i++) {
        out[k++] = a->axes[i];
        out[k++] = (uint64_t)a->shape[i];
    }
    for (int i = 0; i < 2; i++) {
        out[k++] = (uint64_t)a->in_size[i];
        out[k++] = (uint64_t)a->out_size[i];
    }
    out[k++] = (uint64_t)a->lo;
    out[k++] = (uint64_t)a->hi;
    out[k++] = (uint64_t)a->size;
    out[k++] = double_bits(a->value);
    out[k++] = double_bits(a->min);
    out[k++] = double_bits(a->max);
    out[k++] = a->key.hi;
    out[k++] = a->key.lo;
    CHECK(k <= IR_NODE_WORDS);
    return k;
}

bool *ir_live(Arena *arena, const IrModule *m) {
    bool *live = ARENA_ARRAY(arena, bool, ir_graph_len(m->graph) + 1);
    ir_mark_reached(m, live);
    return live;
}

static void put_words(Buf *b, const uint64_t *words, size_t n) {
    uint64_t bytes[IR_NODE_WORDS + 2];
    CHECK(n <= IR_NODE_WORDS + 2);
    for (size_t i = 0; i < n; i++)
        bytes[i] = htole64(words[i]);
    buf_append(b, (const char *)bytes, n * sizeof *bytes);
}

Hash128 ir_hash(const IrModule *canonical) {
    const IrGraph *g = canonical->graph;
    Arena scratch;
    arena_init(&scratch, "ir_hash");
    bool *live = ir_live(&scratch, canonical);
    uint64_t *number = ARENA_ARRAY(&scratch, uint64_t, ir_graph_len(g) + 1);
    uint64_t next = 0;
    Buf text = {0};
    for (IrRef r = 0; r < ir_graph_len(g); r++) {
        if (!live[r])
            continue;
        const IrNode *n = ir_get(g, r);
        uint64_t words[IR_NODE_WORDS + 2];
        size_t k = ir_node_words(n, words);
        words[k++] = n->attr->uid;
        words[k++] = n->nin;
        put_words(&text, words, k);
        for (uint32_t i = 0; i < n->nin; i++)
            put_words(&text, &number[n->in[i]], 1);
        number[r] = next++;
    }
    uint64_t nroots = canonical->nroots;
    put_words(&text, &nroots, 1);
    for (size_t i = 0; i < canonical->nroots; i++)
        put_words(&text, &number[canonical->roots[i]], 1);
    Hash128 hash = hash128(text.text, text.len, 0x69726861);
    buf_free(&text);
    arena_free(&scratch);
    return hash;
}
