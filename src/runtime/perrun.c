#include "runtime/perrun.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/images.h"
#include "runtime/memory.h"
#include "runtime/ref.h"

/* Leaves of the run graph: images by request; weights of fixed networks by their name, so that
 * another target beside them does not move them. */
static Hash128 leaf_identity(const IrNode *leaf) {
    const char *name = leaf->name ? leaf->name : "";
    return hash128(name, strlen(name), 0x72756e);
}

typedef struct LeafSource {
    RunValues *values;
    const IrGraph *graph;
} LeafSource;

static bool fill_leaf(void *user, const IrNode *node, IrRef ref, double *out, NascError *err) {
    LeafSource *s = user;
    (void)ref;
    if (node->op != IR_OP_input) {
        init_leaf(node, s->values->seed, 0, leaf_identity(node), out);
        return true;
    }
    (void)err;
    CHECK(node->attr->uid < s->values->images.len);
    const float *image = s->values->images.items[node->attr->uid];
    for (int64_t i = 0, n = ir_type_elements(&node->type); i < n; i++)
        out[i] = image[i];
    return true;
}

static bool is_heavy(IrOp op) {
    IrClass class = ir_op_info(op)->class;
    return class == IR_CLASS_CONV || class == IR_CLASS_POOL || class == IR_CLASS_NORM;
}

/* Marks nodes that a heavy op lies below: they are computed by kernels. */
static bool *mark_heavy(const IrGraph *g, Arena *arena) {
    size_t n = ir_graph_len(g);
    bool *heavy = ARENA_ARRAY(arena, bool, n);
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(g, (IrRef)i);
        heavy[i] = is_heavy(node->op);
        for (uint32_t k = 0; k < node->nin; k++)
            heavy[i] |= heavy[node->in[k]];
    }
    return heavy;
}

/* A module for the plan: the heavy nodes below `root`; what feeds them becomes inputs, numbered in
 * `feeds`. */
typedef struct HeavyPart {
    IrGraph *graph;
    const IrGraph *from;
    const bool *heavy;
    IrRef *copy; /* by node of `from`, IR_NONE: not yet */
    VEC(IrRef) feeds;
} HeavyPart;

static IrRef copy_heavy(HeavyPart *p, IrRef r) {
    if (p->copy[r] != IR_NONE)
        return p->copy[r];
    const IrNode *node = ir_get(p->from, r);
    if (node->op == IR_OP_constant) {
        p->copy[r] = ir_constant(p->graph, node->attr->value);
    } else if (!p->heavy[r]) {
        p->copy[r] = ir_input(p->graph, &node->type, p->feeds.len, node->name);
        VEC_PUSH(p->feeds, r);
    } else {
        IrRef *in = nasc_alloc(MAX(node->nin, 1) * sizeof *in);
        for (uint32_t k = 0; k < node->nin; k++)
            in[k] = copy_heavy(p, node->in[k]);
        p->copy[r] = ir_must(p->graph, node->op, in, node->nin, node->attr);
        free(in);
    }
    return p->copy[r];
}

static bool eval_plain(RunValues *v, const IrGraph *g, IrRef *refs, size_t n, Arena *arena,
                       double **out, NascError *err) {
    LeafSource source = {v, g};
    RefOptions options = {.precision = REF_DOUBLE,
                          .plain = true,
                          .leaf = fill_leaf,
                          .user = &source,
                          .seed = v->seed};
    return ref_eval(g, refs, n, &options, arena, out, err);
}

static float *to_floats(const double *x, int64_t n) {
    float *out = nasc_alloc((size_t)MAX(n, 1) * sizeof *out);
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)x[i];
    return out;
}

/* The heavy part below `root` as a plan, without a jit only laid out. `feeds` are the nodes of `g` that are its
 * inputs, by number. */
static bool plan_heavy(Jit *jit, const IrGraph *g, IrRef root, const bool *heavy, Arena *arena,
                       Plan *plan, IrRef **feeds, NascError *err) {
    HeavyPart part = {.graph = ir_graph_new(arena), .from = g, .heavy = heavy};
    part.copy = ARENA_ARRAY(arena, IrRef, ir_graph_len(g));
    memset(part.copy, 0xff, ir_graph_len(g) * sizeof *part.copy);
    IrRef copied = copy_heavy(&part, root);
    const char *name = "value";
    IrModule module = {part.graph, 1, &copied, &name};
    *feeds = ARENA_ARRAY(arena, IrRef, MAX(part.feeds.len, 1));
    for (size_t i = 0; i < part.feeds.len; i++)
        (*feeds)[i] = part.feeds.items[i];
    VEC_FREE(part.feeds);
    return plan_make(jit, arena, &module, NULL, 0, &(PlanOptions){.fuse = true}, plan, err);
}

/* Weights of a fixed network can be large: one at a time is held in double. */
static bool write_feed(RunValues *v, const IrGraph *g, IrRef feed, const PlanLeaf *leaf,
                       const IrType *type, char *base, NascError *err) {
    Arena arena;
    arena_init(&arena, "feed");
    double *plain;
    bool ok = eval_plain(v, g, &feed, 1, &arena, &plain, err);
    if (ok) {
        float *dense = to_floats(plain, ir_type_elements(type));
        memory_write_leaf(leaf, type, dense, base);
        free(dense);
    }
    arena_free(&arena);
    return ok;
}

/* Runs the heavy part through kernels once and reads its only output back. */
static bool eval_heavy(RunValues *v, const IrGraph *g, IrRef root, const bool *heavy, Arena *arena,
                       float **out, NascError *err) {
    Plan plan;
    IrRef *feeds;
    if (!plan_heavy(v->jit, g, root, heavy, arena, &plan, &feeds, err))
        return false;
    char *base = memory_aligned((size_t)plan.arena_bytes);
    bool ok = true;
    for (size_t i = 0; ok && i < plan.nleaves; i++) {
        const PlanLeaf *leaf = &plan.leaves[i];
        CHECK(leaf->op == IR_OP_input);
        const IrType *type = &ir_get(plan.module.graph, leaf->node)->type;
        ok = write_feed(v, g, feeds[leaf->uid], leaf, type, base, err);
    }
    if (ok) {
        plan_run(&plan, 0, base);
        const IrType *type = &ir_get(plan.module.graph, plan.module.roots[0])->type;
        *out = nasc_alloc((size_t)ir_type_elements(type) * sizeof **out);
        plan_read_lanes(type, (const float *)(base + plan.output_offset[0]), *out);
    }
    free(base);
    return ok;
}

static Hash128 value_hash(const RunValue *v) {
    Hash128 sizes = hash128(v->type.size, (size_t)v->type.rank * sizeof *v->type.size, 0x76616c75);
    size_t bytes = (size_t)ir_type_elements(&v->type) * sizeof *v->dense;
    return hash128_combine(sizes, hash128(v->dense, bytes, 0x76616c75));
}

static bool count_pixels(const ImageRequest *r, int64_t *n, NascError *err) {
    if (mul_checked(r->count, r->channels, n) && mul_checked(*n, r->height, n) &&
        mul_checked(*n, r->width, n) && *n <= (INT64_C(1) << 30))
        return true;
    nasc_fail(err, NASC_PROGRAM_ERROR, "a batch of %lld images is beyond the limit",
              (long long)r->count);
    return false;
}

static bool load_images(RunValues *v, const ProxyRun *run, NascError *err) {
    while (v->images.len < run->nimages) {
        const ImageRequest *r = &run->images[v->images.len];
        ImageBatch batch = {r->source, r->count,   r->channels, r->height,
                            r->width,  r->augment, r->normalise};
        int64_t n;
        if (!count_pixels(r, &n, err))
            return false;
        float *pixels = nasc_alloc((size_t)n * sizeof *pixels);
        bool ok = r->classes ? images_labels(&batch, r->classes, v->seed, pixels, &v->inputs, err)
                             : images_batch(&batch, v->seed, pixels, &v->inputs, err);
        if (!ok) {
            free(pixels);
            return false;
        }
        VEC_PUSH(v->images, pixels);
    }
    return true;
}

bool run_values_update(RunValues *v, const ProxyRun *run, NascError *err) {
    if (!run->module || v->values.len >= run->module->nroots)
        return true;
    int64_t peak, kept;
    if (!run_values_bytes(run, &peak, &kept, err) ||
        !memory_suffices(peak, "the images and what the proxy makes of them once a run", err) ||
        !load_images(v, run, err))
        return false;
    const IrGraph *g = run->module->graph;
    bool ok = true;
    while (ok && v->values.len < run->module->nroots) {
        Arena arena;
        arena_init(&arena, "run value");
        const bool *heavy = mark_heavy(g, &arena);
        IrRef root = run->module->roots[v->values.len];
        RunValue value = {.type = ir_get(g, root)->type};
        if (heavy[root] && v->jit) {
            ok = eval_heavy(v, g, root, heavy, &arena, &value.dense, err);
        } else {
            double *plain;
            ok = eval_plain(v, g, &root, 1, &arena, &plain, err);
            if (ok)
                value.dense = to_floats(plain, ir_type_elements(&value.type));
        }
        if (ok) {
            value.hash = value_hash(&value);
            VEC_PUSH(v->values, value);
        }
        arena_free(&arena);
    }
    return ok;
}

const RunValue *run_value(const RunValues *v, const ProxyBuild *build, uint64_t slot) {
    CHECK(slot < build->nimports && build->imports[slot] < v->values.len);
    return &v->values.items[build->imports[slot]];
}

/* What computing one root takes beyond what is kept. */
static bool value_bytes(const IrGraph *g, IrRef root, int64_t *bytes, NascError *err) {
    Arena arena;
    arena_init(&arena, "run value");
    const bool *heavy = mark_heavy(g, &arena);
    Plan plan;
    IrRef *feeds;
    bool ok = true;
    if (!heavy[root]) {
        *bytes = ref_eval_bytes(g, &root, 1);
    } else if ((ok = plan_heavy(NULL, g, root, heavy, &arena, &plan, &feeds, err))) {
        int64_t feed = 0;
        for (size_t i = 0; i < plan.nleaves; i++)
            feed = MAX(feed, ref_eval_bytes(g, &feeds[plan.leaves[i].uid], 1));
        *bytes = plan.arena_bytes + feed;
    }
    arena_free(&arena);
    return ok;
}

bool run_values_bytes(const ProxyRun *run, int64_t *peak, int64_t *kept, NascError *err) {
    *peak = *kept = 0;
    for (size_t i = 0; i < run->nimages; i++) {
        int64_t pixels;
        if (!count_pixels(&run->images[i], &pixels, err))
            return false;
        *kept += pixels * (int64_t)sizeof(float);
    }
    for (size_t i = 0; run->module && i < run->module->nroots; i++) {
        const IrGraph *g = run->module->graph;
        IrRef root = run->module->roots[i];
        int64_t bytes;
        if (!value_bytes(g, root, &bytes, err))
            return false;
        *peak = MAX(*peak, *kept + bytes);
        *kept += ir_type_elements(&ir_get(g, root)->type) * (int64_t)sizeof(float);
    }
    return true;
}

void run_values_free(RunValues *v) {
    for (size_t i = 0; i < v->values.len; i++)
        free(v->values.items[i].dense);
    for (size_t i = 0; i < v->images.len; i++)
        free(v->images.items[i]);
    VEC_FREE(v->values);
    VEC_FREE(v->images);
    inputs_free(&v->inputs);
}
