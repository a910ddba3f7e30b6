/* Canonical forms of the networks of every space of the library: equal for all ways to write one
 * network and for points that a symmetry makes equal, different for what has a weight, a term, an
 * operation or an observed value in another place. */
#include "ir/random_graph.h"
#include "programs.h"

enum { POINTS = 8, REWRITES = 2 };

static const char *const examples[] = {
    "darts_imagenet", "hierarchical",   "macro",      "mobile",      "nas_bench_101",
    "nas_bench_201",  "nas_bench_mr",   "nds_amoeba", "nds_darts",   "nds_enas",
    "nds_nasnet",     "nds_pnas",       "nds_resnet", "nds_resnext", "patch_transformer",
    "transnas_macro", "transnas_micro", "unet",
};

static Hash128 form(const IrModule *m) {
    Arena arena;
    arena_init(&arena, "form");
    IrModule c = ir_canonicalise(&arena, m);
    Hash128 h = ir_hash(&c);
    arena_free(&arena);
    return h;
}

static IrModule network_of(Program *p, Space *s, const Architecture *x, Arena *arena) {
    IrModule m;
    if (!space_network(s, x, NULL, 2, arena, &m)) {
        show_diags(p);
        fail_msg("%s builds no network", architecture_text(x));
    }
    return m;
}

/* ---- edits that leave another network ---- */

typedef enum Edit {
    EDIT_TIE,  /* two weights become one: fewer leaves */
    EDIT_WAVE, /* relu becomes cos: another number of each */
    EDIT_DROP, /* a sum loses a term: fewer nodes */
    EDIT_TAP,  /* the output and the first thing observed change places: their depths differ */
    EDITS
} Edit;

static bool editable(const IrModule *m, Edit edit, IrRef r) {
    const IrNode *n = ir_get(m->graph, r);
    if (edit == EDIT_DROP)
        return n->op == IR_OP_add && n->nin >= 2;
    if (edit == EDIT_WAVE)
        return n->op == IR_OP_relu;
    for (IrRef k = 0; n->op == IR_OP_param && k < r; k++) {
        const IrNode *other = ir_get(m->graph, k);
        if (other->op == IR_OP_param && ir_type_same(&other->type, &n->type))
            return true;
    }
    return false;
}

static IrRef edited_node(const IrModule *m, IrGraph *to, Edit edit, IrRef r, const IrRef *map) {
    const IrNode *n = ir_get(m->graph, r);
    IrRef *in = nasc_alloc((n->nin + 1) * sizeof *in), out = IR_NONE;
    for (uint32_t i = 0; i < n->nin; i++)
        in[i] = map[n->in[i]];
    if (edit == EDIT_DROP) {
        out = n->nin == 2 ? in[0] : ir_must(to, IR_OP_add, in, n->nin - 1, NULL);
    } else if (edit == EDIT_WAVE) {
        out = ir_unary(to, IR_OP_cos, in[0]);
    } else {
        for (IrRef k = 0; out == IR_NONE; k++) {
            const IrNode *other = ir_get(m->graph, k);
            if (other->op == IR_OP_param && ir_type_same(&other->type, &n->type))
                out = map[k];
        }
    }
    free(in);
    return out;
}

static IrRef copied_node(const IrModule *m, IrGraph *to, IrRef r, const IrRef *map) {
    const IrNode *n = ir_get(m->graph, r);
    if (n->op == IR_OP_param || n->op == IR_OP_frozen)
        return ir_leaf(to, n->op, &n->type, n->attr, "w");
    IrRef *in = nasc_alloc((n->nin + 1) * sizeof *in);
    for (uint32_t i = 0; i < n->nin; i++)
        in[i] = map[n->in[i]];
    IrRef out = ir_copy(to, n, in);
    free(in);
    return out;
}

/* False if the network has nothing to edit so; the choice follows from the seed. */
static bool edited(Arena *arena, const IrModule *m, Edit edit, uint64_t seed, IrModule *out) {
    size_t len = ir_graph_len(m->graph), nplaces = 0;
    *out = *m;
    out->roots = ARENA_ARRAY(arena, IrRef, m->nroots);
    memcpy(out->roots, m->roots, m->nroots * sizeof *m->roots);
    if (edit == EDIT_TAP) {
        out->roots[0] = m->roots[m->nroots - 1];
        out->roots[m->nroots - 1] = m->roots[0];
        return out->roots[0] != m->roots[0];
    }
    IrRef *map = ARENA_ARRAY(arena, IrRef, len), *places = ARENA_ARRAY(arena, IrRef, len);
    for (IrRef r = 0; r < len; r++)
        if (editable(m, edit, r))
            places[nplaces++] = r;
    if (!nplaces)
        return false;
    Rng rng = {seed};
    IrRef at = places[rng_below(&rng, (uint32_t)nplaces)];
    out->graph = ir_graph_new(arena);
    for (IrRef r = 0; r < len; r++)
        map[r] =
            r == at ? edited_node(m, out->graph, edit, r, map) : copied_node(m, out->graph, r, map);
    for (size_t i = 0; i < m->nroots; i++)
        out->roots[i] = map[m->roots[i]];
    return true;
}

/* ---- tests ---- */

typedef struct Seen {
    int rewrites, edits[EDITS];
} Seen;

static void check_point(const char *name, const Architecture *x, const IrModule *m, uint64_t seed,
                        Seen *seen) {
    Hash128 want = form(m);
    for (uint64_t k = 1; k <= REWRITES; k++) {
        Arena arena;
        arena_init(&arena, "rewrite");
        IrModule other = random_rewrite(&arena, m, seed * 100 + k);
        if (!hash128_equal(form(&other), want))
            fail_msg("%s %s: rewrite %d has another form", name, architecture_text(x), (int)k);
        arena_free(&arena);
        seen->rewrites++;
    }
    for (int edit = 0; edit < EDITS; edit++) {
        Arena arena;
        arena_init(&arena, "edit");
        IrModule c = ir_canonicalise(&arena, m), other;
        if (edited(&arena, &c, (Edit)edit, seed, &other)) {
            if (hash128_equal(form(&other), want))
                fail_msg("%s %s: edit %d has the same form", name, architecture_text(x), edit);
            seen->edits[edit]++;
        }
        arena_free(&arena);
    }
}

static void test_every_space(void **state) {
    (void)state;
    Seen all = {0};
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        char path[80];
        snprintf(path, sizeof path, "examples/%s.nas", examples[i]);
        Program *p = load_good(path, NULL);
        Space *s = program_default_space(p);
        Seen here = {0};
        for (uint64_t k = 0; k < POINTS; k++) {
            Arena arena;
            arena_init(&arena, "point");
            Architecture *x = space_sample(s, &arena, test_stream(3), k);
            assert_non_null(x);
            IrModule m = network_of(p, s, x, &arena);
            check_point(examples[i], x, &m, 50 * i + k, &here);
            arena_free(&arena);
        }
        assert_true(here.edits[EDIT_TIE] > 0 && here.edits[EDIT_TAP] > 0);
        for (int e = 0; e < EDITS; e++)
            all.edits[e] += here.edits[e];
        program_free(p);
    }
    for (int e = 0; e < EDITS; e++)
        assert_true(all.edits[e] >= 80);
}

/* The same point with both of each pair of the last index, 0 and 1, exchanged. */
static const char *exchanged(Arena *arena, const Architecture *x) {
    const DecisionView *d;
    size_t n = architecture_decisions(x, &d);
    Buf b = {0};
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(d[i].address);
        char *address = arena_strdup(arena, d[i].address);
        if (len > 3 && address[len - 1] == ']' && address[len - 3] == ',')
            address[len - 2] = address[len - 2] == '0' ? '1' : '0';
        buf_printf(&b, "%s%s=%s", i ? "," : "", address, d[i].value);
    }
    const char *text = arena_strndup(arena, b.text, b.len);
    buf_free(&b);
    return text;
}

static void test_order_of_inputs(void **state) {
    (void)state;
    static const char *const cells[] = {"darts_imagenet", "nds_amoeba", "nds_darts",
                                        "nds_enas",       "nds_nasnet", "nds_pnas"};
    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        char path[80];
        snprintf(path, sizeof path, "examples/%s.nas", cells[i]);
        Program *p = load_good(path, NULL);
        Space *s = program_default_space(p);
        int moved = 0;
        for (uint64_t k = 0; k < POINTS; k++) {
            Arena arena;
            arena_init(&arena, "point");
            Architecture *x = space_sample(s, &arena, test_stream(4), k);
            Architecture *y = parse_good(p, s, &arena, exchanged(&arena, x));
            moved += strcmp(architecture_text(x), architecture_text(y)) != 0;
            IrModule a = network_of(p, s, x, &arena), b = network_of(p, s, y, &arena);
            assert_true(hash128_equal(form(&a), form(&b)));
            arena_free(&arena);
        }
        assert_true(moved > 0);
        program_free(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_space),
        cmocka_unit_test(test_order_of_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
