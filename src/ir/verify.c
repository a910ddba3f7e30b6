/* The verifier: recomputes what the maker computed. Cheap enough to run after every pass, in
 * every build. */
#include "ir/attr.h"
#include "ir/passes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void broken(const IrGraph *g, IrRef r, const char *what) NASC_NORETURN;
static void broken(const IrGraph *g, IrRef r, const char *what) {
    char line[600];
    Buf b = {0};
    ir_print_node(&b, g, r);
    snprintf(line, sizeof line, "%s", b.text);
    buf_free(&b);
    BUG("broken graph: %s: %s", what, line);
}

static bool same_type(const IrType *a, const IrType *b) {
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->axis[i] != b->axis[i] || a->size[i] != b->size[i])
            return false;
    return true;
}

static void verify_node(const IrGraph *g, IrRef r) {
    const IrNode *n = ir_get(g, r);
    for (uint32_t i = 0; i < n->nin; i++)
        if (n->in[i] >= r)
            BUG("broken graph: node %u (%s) reads node %u, which does not come before it", r,
                ir_op_info(n->op)->name, n->in[i]);
    IrAttr clean = ir_attr_clean(n->op, n->attr);
    if (memcmp(&clean, n->attr, sizeof clean) != 0)
        broken(g, r, "attributes that the op does not have");
    IrType type;
    IrError err = {0};
    if (!ir_infer_type(g, n->op, n->in, n->nin, n->attr, &type, &err))
        broken(g, r, err.message);
    if (!same_type(&type, &n->type))
        broken(g, r, "the type is not the one its inputs give");
    if ((n->op == IR_OP_table) != (n->values != NULL))
        broken(g, r, "values and table do not go together");
    if (n->nin && ir_find(g, n->op, n->in, n->nin, n->attr) > r)
        broken(g, r, "it cannot be found by its content");
}

static int compare_u64(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

bool ir_uid_is_twice(const IrGraph *g, uint64_t *uid) {
    VEC(uint64_t) uids = {0};
    for (IrRef r = 0; r < ir_graph_len(g); r++) {
        const IrNode *n = ir_get(g, r);
        if (n->op == IR_OP_param || n->op == IR_OP_frozen)
            VEC_PUSH(uids, n->attr->uid);
    }
    if (uids.len)
        qsort(uids.items, uids.len, sizeof *uids.items, compare_u64);
    bool twice = false;
    for (size_t i = 1; i < uids.len && !twice; i++) {
        twice = uids.items[i] == uids.items[i - 1];
        *uid = uids.items[i];
    }
    VEC_FREE(uids);
    return twice;
}

void ir_verify(const IrGraph *g) {
    for (IrRef r = 0; r < ir_graph_len(g); r++)
        verify_node(g, r);
    uint64_t uid;
    if (ir_uid_is_twice(g, &uid))
        BUG("broken graph: two leaves have uid %llu", (unsigned long long)uid);
}
