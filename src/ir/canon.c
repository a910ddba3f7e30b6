/* The canonical form of a module: simplified, coloured, built anew in the order of colours.
 *
 * Nodes are numbered depth first from the roots in order, inputs of commutative ops sorted by rank
 * (widest first, so that the axes of the result come from an activation and not from a vector) and
 * colour. Leaves get their uid in the order in which they are met, without names.
 *
 * Sums arrive flat, which makes equal networks equal but repeats the terms of a shared sum in all
 * of its users. They are shared again here, as a function of the flat form alone: a sum takes in,
 * largest first, each other sum that is computed anyway and whose terms are among its own. A term
 * that is left four times or more is doubled: 8x = d + d, d = y + y, y = x + x. Both are undone by
 * flattening, so the form of a canonical module is itself. */
#include "ir/canon.h"

#include <stdlib.h>
#include <string.h>

/* What a node is built from: its inputs in their final order, sums partly replaced by other
 * sums. */
typedef struct Parts {
    IrRef *in;
    uint32_t n;
} Parts;

typedef struct Builder {
    const IrModule *from;
    const uint64_t *colour;
    Arena *arena;
    Parts *parts; /* by node */
    IrRef *map;   /* by node: its number in the result, or IR_NONE */
    IrGraph *to;
} Builder;

typedef struct Key {
    int rank;
    uint64_t colour;
    uint32_t weight; /* number of terms; 0 where it does not count */
    IrRef ref;
} Key;

/* Larger sums first, then wider, then by colour. */
static int compare_keys(const void *pa, const void *pb) {
    const Key *a = pa, *b = pb;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank > b->rank ? -1 : 1;
    return a->colour < b->colour ? -1 : a->colour > b->colour;
}

static Key key_of(const Builder *b, IrRef r, bool weighed) {
    const IrNode *n = ir_get(b->from->graph, r);
    return (Key){n->type.rank, b->colour[r], weighed ? n->nin : 0, r};
}

static void sort_refs(const Builder *b, IrRef *refs, uint32_t n, bool weighed) {
    Key few[16], *keys = n <= ARRAY_LEN(few) ? few : nasc_alloc(n * sizeof *keys);
    for (uint32_t i = 0; i < n; i++)
        keys[i] = key_of(b, refs[i], weighed);
    qsort(keys, n, sizeof *keys, compare_keys);
    for (uint32_t i = 0; i < n; i++)
        refs[i] = keys[i].ref;
    if (keys != few)
        free(keys);
}

static void fill_parts(Builder *b, const bool *live) {
    for (IrRef r = 0; r < ir_graph_len(b->from->graph); r++) {
        if (!live[r])
            continue;
        const IrNode *n = ir_get(b->from->graph, r);
        b->parts[r].n = n->nin;
        b->parts[r].in = ARENA_ARRAY(b->arena, IrRef, n->nin + 1);
        if (n->nin)
            memcpy(b->parts[r].in, n->in, n->nin * sizeof(IrRef));
        if (ir_op_info(n->op)->traits & IR_T_C)
            sort_refs(b, b->parts[r].in, n->nin, false);
    }
}

/* Takes the terms `part` out of `terms`, both sorted; false, and nothing done, if one is
 * missing. */
static bool take_terms(Parts part, IrRef *terms, uint32_t *n, IrRef *scratch) {
    uint32_t k = 0, rest = 0;
    for (uint32_t i = 0; i < *n; i++) {
        if (k < part.n && part.in[k] == terms[i])
            k++;
        else if (k < part.n && part.n - k > *n - i)
            return false;
        else
            scratch[rest++] = terms[i];
    }
    if (k < part.n)
        return false;
    memcpy(terms, scratch, rest * sizeof *terms);
    *n = rest;
    return true;
}

/* Sums that other sums may take in, listed at their first term. */
typedef struct SumLists {
    IrRef *first; /* by term: a sum whose sorted terms begin with it, or IR_NONE */
    IrRef *next;  /* by sum */
} SumLists;

static void share_in_sum(Builder *b, const SumLists *lists, const Parts *flat, IrRef r,
                         IrRef *found, IrRef *rest, IrRef *scratch) {
    Parts terms = flat[r];
    uint32_t nfound = 0, n = terms.n, taken = 0;
    for (uint32_t i = 0; i < terms.n; i++)
        if (i == 0 || terms.in[i] != terms.in[i - 1])
            for (IrRef s = lists->first[terms.in[i]]; s != IR_NONE; s = lists->next[s])
                if (s != r && flat[s].n < terms.n)
                    found[nfound++] = s;
    if (nfound == 0)
        return;
    sort_refs(b, found, nfound, true);
    memcpy(rest, terms.in, n * sizeof *rest);
    Parts *out = &b->parts[r];
    out->in = ARENA_ARRAY(b->arena, IrRef, terms.n);
    for (uint32_t k = 0; k < nfound; k++)
        while (take_terms(flat[found[k]], rest, &n, scratch))
            out->in[taken++] = found[k];
    memcpy(out->in + taken, rest, n * sizeof *rest);
    out->n = taken + n;
    sort_refs(b, out->in, out->n, false);
}

static void share_sums(Builder *b, const bool *live) {
    const IrGraph *g = b->from->graph;
    size_t len = ir_graph_len(g), nsums = 0, most = 0;
    SumLists lists = {ARENA_ARRAY(b->arena, IrRef, len + 1), ARENA_ARRAY(b->arena, IrRef, len + 1)};
    Parts *flat = ARENA_ARRAY(b->arena, Parts, len + 1);
    for (size_t r = 0; r < len; r++)
        lists.first[r] = IR_NONE;
    for (IrRef r = 0; r < len; r++) {
        if (!live[r] || ir_get(g, r)->op != IR_OP_add)
            continue;
        flat[r] = b->parts[r];
        IrRef *head = &lists.first[flat[r].in[0]];
        lists.next[r] = *head;
        *head = r;
        nsums++;
        most = MAX(most, (size_t)flat[r].n);
    }
    IrRef *found = ARENA_ARRAY(b->arena, IrRef, nsums + 1);
    IrRef *rest = ARENA_ARRAY(b->arena, IrRef, most + 1);
    IrRef *scratch = ARENA_ARRAY(b->arena, IrRef, most + 1);
    for (IrRef r = 0; r < len; r++)
        if (flat[r].n)
            share_in_sum(b, &lists, flat, r, found, rest, scratch);
}

/* Appends `times` of x to list, doubled as often as that saves terms. */
static void push_times(IrGraph *g, IrRef x, uint32_t times, IrRef *list, uint32_t *n) {
    if (times < 4) {
        while (times-- > 0)
            list[(*n)++] = x;
        return;
    }
    push_times(g, ir_binary(g, IR_OP_add, x, x), times / 2, list, n);
    if (times % 2)
        list[(*n)++] = x;
}

static IrRef build_sum(IrGraph *g, const IrRef *in, uint32_t n) {
    IrRef *list = nasc_alloc((n + 2) * sizeof *list);
    uint32_t len = 0;
    for (uint32_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo; hi < n && in[hi] == in[lo];)
            hi++;
        push_times(g, in[lo], hi - lo, list, &len);
    }
    IrRef sum = ir_must(g, IR_OP_add, list, len, NULL);
    free(list);
    return sum;
}

static IrRef build_node(Builder *b, IrRef r) {
    const IrNode *n = ir_get(b->from->graph, r);
    ir_set_place(b->to, n->place);
    switch (n->op) {
    case IR_OP_input:
        return ir_input(b->to, &n->type, n->attr->uid, NULL);
    case IR_OP_param:
    case IR_OP_frozen:
        return ir_leaf(b->to, n->op, &n->type, n->attr, NULL);
    default:
        break;
    }
    Parts p = b->parts[r];
    IrRef few[8], *in = p.n <= ARRAY_LEN(few) ? few : nasc_alloc(p.n * sizeof *in);
    for (uint32_t i = 0; i < p.n; i++)
        in[i] = b->map[p.in[i]];
    IrNode nameless = *n;
    nameless.name = NULL;
    IrRef built = n->op == IR_OP_add ? build_sum(b->to, in, p.n) : ir_copy(b->to, &nameless, in);
    if (in != few)
        free(in);
    return built;
}

typedef struct Visit {
    IrRef node;
    uint32_t next;
} Visit;

static void build_from(Builder *b, IrRef root) {
    VEC(Visit) stack = {0};
    if (b->map[root] == IR_NONE)
        VEC_PUSH(stack, ((Visit){root, 0}));
    while (stack.len) {
        Visit *top = &stack.items[stack.len - 1];
        if (top->next < b->parts[top->node].n) {
            IrRef child = b->parts[top->node].in[top->next++];
            if (b->map[child] == IR_NONE)
                VEC_PUSH(stack, ((Visit){child, 0}));
            continue;
        }
        b->map[top->node] = build_node(b, top->node);
        stack.len--;
    }
    VEC_FREE(stack);
}

IrModule ir_canonicalise(Arena *arena, const IrModule *m) {
    Arena scratch;
    arena_init(&scratch, "ir_canonicalise");
    IrModule simple = canon_simplify(&scratch, m);
    size_t len = ir_graph_len(simple.graph);
    bool *live = ir_live(&scratch, &simple);
    Builder b = {
        .from = &simple,
        .colour = canon_colours(&scratch, &simple, live),
        .arena = &scratch,
        .parts = ARENA_ARRAY(&scratch, Parts, len + 1),
        .map = ARENA_ARRAY(&scratch, IrRef, len + 1),
        .to = ir_graph_new(arena),
    };
    for (size_t r = 0; r < len; r++)
        b.map[r] = IR_NONE;
    fill_parts(&b, live);
    share_sums(&b, live);
    IrModule out = {b.to, m->nroots, ARENA_ARRAY(arena, IrRef, m->nroots + 1),
                    ARENA_ARRAY(arena, const char *, m->nroots + 1)};
    for (size_t i = 0; i < m->nroots; i++) {
        build_from(&b, simple.roots[i]);
        out.roots[i] = b.map[simple.roots[i]];
        out.root_names[i] = m->root_names[i] ? arena_strdup(arena, m->root_names[i]) : NULL;
    }
    arena_free(&scratch);
    return out;
}
