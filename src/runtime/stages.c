/* From a build to its stages: see stages.h. Trainings whose losses are one computation share a root, so that a training
 * that goes on as it was is the same module as one long training. */
#include "runtime/stages.h"

#include "base/buf.h"

/* How each weight of the source graph is updated: by training and node, NULL where it is not. Group k of weights that
 * are updated alike has the first of them as leader[k - 1]; group 0 is never updated. */
typedef struct Groups {
    const TrainParam **of; /* [training * nodes + node] */
    int64_t *of_node;
    size_t nodes, n;
    IrRef *leader;
} Groups;

static bool same_update(const TrainParam *a, const TrainParam *b) {
    return a && b ? a->lr == b->lr && a->momentum == b->momentum && a->decay == b->decay &&
                        a->root == b->root
                  : a == b;
}

static bool same_group(const Groups *g, size_t trainings, IrRef a, IrRef b) {
    for (size_t t = 0; t < trainings; t++)
        if (!same_update(g->of[t * g->nodes + a], g->of[t * g->nodes + b]))
            return false;
    return true;
}

static void put_in_group(Groups *g, size_t trainings, IrRef leaf) {
    size_t k = 0;
    while (k < g->n && !same_group(g, trainings, g->leader[k], leaf))
        k++;
    if (k == g->n)
        g->leader[g->n++] = leaf;
    g->of_node[leaf] = (int64_t)k + 1;
}

static Groups find_groups(const ProxyBuild *b, Arena *arena) {
    Groups g = {.nodes = ir_graph_len(b->module.graph)};
    g.of = ARENA_ARRAY(arena, const TrainParam *, b->ntrainings *g.nodes + 1);
    g.of_node = ARENA_ARRAY(arena, int64_t, g.nodes);
    g.leader = ARENA_ARRAY(arena, IrRef, g.nodes + 1);
    for (size_t t = 0; t < b->ntrainings; t++)
        for (size_t i = 0; i < b->trainings[t].nparams; i++)
            g.of[t * g.nodes + b->trainings[t].params[i].leaf] = &b->trainings[t].params[i];
    for (size_t t = 0; t < b->ntrainings; t++)
        for (size_t i = 0; i < b->trainings[t].nparams; i++)
            if (!g.of_node[b->trainings[t].params[i].leaf])
                put_in_group(&g, b->ntrainings, b->trainings[t].params[i].leaf);
    return g;
}

static IrModule copy_with_groups(const IrModule *m, const int64_t *group, Arena *arena) {
    size_t n = ir_graph_len(m->graph);
    IrModule out = {ir_graph_new(arena), m->nroots, ARENA_ARRAY(arena, IrRef, m->nroots),
                    m->root_names};
    IrRef *copy = ARENA_ARRAY(arena, IrRef, n);
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(m->graph, (IrRef)i);
        if (node->op == IR_OP_param && group[i]) {
            IrAttr attr = *node->attr;
            attr.size = group[i];
            copy[i] = ir_leaf_with_uid(out.graph, node->op, &node->type, &attr, node->name);
        } else {
            IrRef *in = ARENA_ARRAY(arena, IrRef, node->nin + 1);
            for (uint32_t k = 0; k < node->nin; k++)
                in[k] = copy[node->in[k]];
            copy[i] = ir_copy(out.graph, node, in);
        }
    }
    for (size_t i = 0; i < m->nroots; i++)
        out.roots[i] = copy[m->roots[i]];
    return out;
}

/* The root of a stage by which a statistic changes, 0 for a weight. */
static size_t change_root(const ProxyBuild *b, const IrModule *all, size_t root, Stage *s) {
    if (!root)
        return 0;
    size_t number = root - b->ntrainings - b->nmeasures;
    s->module.root_names[s->module.nroots] = "statistic";
    s->module.roots[s->module.nroots] = all->roots[all->nroots - b->nstatistics + number];
    return s->module.nroots++;
}

/* Leaves of the canonical graph that a training updates, in its order. */
static void find_updates(const ProxyBuild *b, const Groups *g, const IrModule *all, size_t training,
                         Arena *arena, Stage *out) {
    size_t n = ir_graph_len(all->graph);
    out->updates = ARENA_ARRAY(arena, PlanUpdate, n);
    out->leaves = ARENA_ARRAY(arena, IrRef, n);
    for (size_t i = 0; i < n; i++) {
        const IrNode *node = ir_get(all->graph, (IrRef)i);
        if (node->op != IR_OP_param || node->attr->size == 0)
            continue;
        const TrainParam *p = g->of[training * g->nodes + g->leader[node->attr->size - 1]];
        if (!p)
            continue;
        out->leaves[out->nupdates] = (IrRef)i;
        out->updates[out->nupdates++] = (PlanUpdate){.uid = node->attr->uid,
                                                     .lr = p->lr,
                                                     .momentum = p->momentum,
                                                     .decay = p->decay,
                                                     .root = change_root(b, all, p->root, out)};
    }
}

/* Roots of a stage: those losses and measures of the whole module that it needs. `loss` IR_NONE: it trains nothing. */
static void put_roots(const ProxyBuild *b, const IrModule *all, IrRef loss, bool at_end,
                      Arena *arena, Stage *out) {
    size_t *measure = ARENA_ARRAY(arena, size_t, b->nmeasures + 1), n = 0, measured = 0;
    size_t limit = b->nmeasures + b->nstatistics + 1;
    out->trains = loss != IR_NONE;
    out->module = (IrModule){all->graph, 0, ARENA_ARRAY(arena, IrRef, limit),
                             ARENA_ARRAY(arena, const char *, limit)};
    if (out->trains) {
        out->module.roots[n] = loss;
        out->module.root_names[n++] = "train_loss";
    }
    for (size_t i = 0; i < b->nmeasures; i++) {
        if (b->measures[i].at_end != at_end)
            continue;
        measure[measured++] = i;
        out->module.roots[n] = all->roots[all->nroots - b->nstatistics - b->nmeasures + i];
        out->module.root_names[n++] = b->measures[i].name;
    }
    out->module.nroots = out->nscalars = n;
    out->measure = measure;
}

/* The number of each training's loss among the different ones of a canonical module; returns how many there are. */
static size_t number_losses(const IrModule *m, size_t trainings, size_t *number) {
    size_t n = 0;
    for (size_t t = 0; t < trainings; t++) {
        size_t k = 0;
        while (m->roots[k] != m->roots[t])
            k++;
        number[t] = k < t ? number[k] : n++;
    }
    return n;
}

/* The canonical module with each loss once. */
static IrModule canonicalise(const IrModule *m, size_t trainings, Arena *arena, size_t *number) {
    IrModule all = ir_canonicalise(arena, m);
    size_t n = number_losses(&all, trainings, number), kept = 0;
    if (n == trainings)
        return all;
    IrModule once = {m->graph, n + m->nroots - trainings, ARENA_ARRAY(arena, IrRef, m->nroots),
                     ARENA_ARRAY(arena, const char *, m->nroots)};
    for (size_t i = 0; i < m->nroots; i++) {
        if (i < trainings && number[i] != kept)
            continue;
        once.roots[kept] = m->roots[i];
        once.root_names[kept++] = m->root_names[i];
    }
    return ir_canonicalise(arena, &once);
}

void stages_make(const ProxyBuild *b, Arena *arena, Stages *out) {
    Groups groups = find_groups(b, arena);
    IrModule grouped = copy_with_groups(&b->module, groups.of_node, arena);
    size_t *number = ARENA_ARRAY(arena, size_t, b->ntrainings + 1);
    IrModule all = canonicalise(&grouped, b->ntrainings, arena, number);
    *out = (Stages){.canonical = all,
                    .hash = ir_hash(&all),
                    .items = ARENA_ARRAY(arena, Stage, b->ntrainings + 2)};
    int64_t first = 0;
    for (size_t t = 0; t < b->ntrainings; t++) {
        Stage *s = &out->items[out->n++];
        put_roots(b, &all, all.roots[number[t]], false, arena, s);
        find_updates(b, &groups, &all, t, arena, s);
        s->first = first;
        s->steps = s->updated = b->trainings[t].steps;
        first += s->steps;
    }
    if (!b->ntrainings && b->passes)
        put_roots(b, &all, IR_NONE, false, arena, &out->items[out->n++]);
    if (b->steps > b->passes)
        put_roots(b, &all, IR_NONE, true, arena, &out->items[out->n++]);
    for (size_t i = 0; i < out->n; i++)
        if (!out->items[i].trains) {
            out->items[i].first = i ? b->passes : 0;
            out->items[i].steps = 1;
        }
    Stage *last = &out->items[out->n - 1];
    if (last->trains) /* nothing comes after the last pass */
        last->updated--;
}

Hash128 stages_key(const Stages *s) {
    Buf b = {0};
    buf_put_word(&b, s->hash.hi);
    buf_put_word(&b, s->hash.lo);
    for (size_t i = 0; i < s->n; i++) {
        const Stage *stage = &s->items[i];
        buf_put_word(&b, (uint64_t)stage->steps);
        buf_put_word(&b, stage->nscalars);
        for (size_t k = 0; k < s->canonical.nroots; k++)
            buf_put_word(&b, stage->trains && s->canonical.roots[k] == stage->module.roots[0]);
        for (size_t k = stage->trains; k < stage->nscalars; k++)
            buf_put_word(&b, stage->measure[k - stage->trains]);
        buf_put_word(&b, stage->nupdates);
        for (size_t k = 0; k < stage->nupdates; k++) {
            buf_put_word(&b, stage->updates[k].uid);
            buf_put_real(&b, stage->updates[k].lr);
            buf_put_real(&b, stage->updates[k].momentum);
            buf_put_real(&b, stage->updates[k].decay);
            buf_put_word(&b, stage->updates[k].root);
        }
    }
    Hash128 key = hash128(b.text, b.len, 0x7367);
    buf_free(&b);
    return key;
}
