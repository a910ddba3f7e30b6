/* Graphs up to isomorphism, of which points are one architecture. In: a statement and a leaf. Out:
 * which variables are links and what vertices are, and the graph of any point. */
#include "frontend/count_symmetry.h"

enum { MAX_LABELINGS = 2000000 };

static int vertex(GraphShape *x, Value v) {
    if (v.kind != VALUE_INT)
        return -1;
    for (int i = 0; i < x->n; i++)
        if (x->id[i] == v.u.integer)
            return i;
    if (x->n == ISO_MAX_VERTICES)
        return -1;
    int at = x->n++;
    for (; at > 0 && x->id[at - 1] > v.u.integer; at--)
        x->id[at] = x->id[at - 1];
    x->id[at] = v.u.integer;
    return at;
}

/* Which values of a link are an edge, and of what kind: none and false are none. */
static const uint8_t *edge_labels(GraphShape *x, const PredVariable *v) {
    int64_t n = v->domain->domain.count;
    uint8_t *labels = ARENA_ARRAY(x->leaf->session.arena, uint8_t, n);
    for (int64_t i = 0; i < n && i < 255; i++) {
        Value value = value_plain(domain_value(x->leaf->session.eval, v->domain, i));
        bool none = value.kind == VALUE_NONE || (value.kind == VALUE_BOOL && !value.u.boolean) ||
                    (value.kind == VALUE_INT && value.u.integer == 0);
        labels[i] = none ? 0 : (uint8_t)(i + 1);
    }
    return n < 255 ? labels : NULL;
}

static bool read_vertices(GraphShape *x, const Ast *same) {
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < x->leaf->variables.len; i++) {
            const PredVariable *v = &x->leaf->variables.items[i];
            if (!symmetry_names(same, v->choice))
                continue;
            x->own[i] = true;
            int a = v->nindices > 0 ? vertex(x, v->indices[0]) : 0;
            int b = v->nindices > 1 ? vertex(x, v->indices[1]) : 0;
            if (a < 0 || b < 0 || (v->nindices > 0 && v->index >= 0))
                return false;
            if (pass == 1 && v->nindices == 2) {
                x->link[a][b] = (int)i;
                x->edge_label[a][b] = edge_labels(x, v);
                if (!x->edge_label[a][b])
                    return false;
            } else if (pass == 1 && v->nindices == 1) {
                if (x->label[a] >= 0)
                    return false;
                x->label[a] = (int)i;
            }
        }
        for (int i = 0; i < ISO_MAX_VERTICES && pass == 0; i++) {
            x->label[i] = x->alive[i] = -1;
            for (int k = 0; k < ISO_MAX_VERTICES; k++)
                x->link[i][k] = -1;
        }
    }
    return true;
}

int64_t graph_values(const GraphShape *x, int variable) {
    return x->leaf->variables.items[variable].domain->domain.count;
}

IsoGraph graph_of(const GraphShape *x, const int64_t *taken, const double *values, int *map) {
    IsoGraph g = {0};
    for (int i = 0; i < x->n; i++)
        if (x->alive[i] < 0 || values[x->alive[i]] != 0)
            map[g.n++] = i;
    for (int i = 0; i < g.n; i++) {
        int label = x->label[map[i]];
        g.colour[i] = label < 0 ? 1 + (uint64_t)i : (uint64_t)(1000 + graph_values(x, label));
        if (label < 0) /* each of its kind: told apart by how many of them come before it */
            for (int k = 0; k < i; k++)
                g.colour[i] -= x->label[map[k]] >= 0;
        for (int k = 0; k < g.n; k++)
            if (x->link[map[i]][map[k]] >= 0)
                g.edge[i][k] = x->edge_label[map[i]][map[k]][taken[x->link[map[i]][map[k]]]];
    }
    return g;
}

void graph_colour(const GraphShape *x, const int64_t *taken, const int *map, IsoGraph *g) {
    for (int i = 0; i < g->n; i++)
        if (x->label[map[i]] >= 0)
            g->colour[i] = (g->colour[i] << 20) + (uint64_t)taken[x->label[map[i]]];
}

GraphLabels graph_labels(const GraphShape *x, const IsoGraph *g, const int *map) {
    GraphLabels l = {.graph = *g};
    for (int i = 0; i < g->n; i++) {
        l.variable[i] = x->label[map[i]];
        l.values[i] = l.variable[i] < 0 ? 1 : (uint64_t)graph_values(x, l.variable[i]);
    }
    return l;
}

bool graph_labelings(GraphLabels *l, HashSet *seen, uint64_t wanted) {
    IsoGraph labelled = l->graph;
    int n = l->graph.n;
    uint64_t total = 1;
    for (int i = 0; i < n; i++) {
        if (l->values[i] > MAX_LABELINGS / total)
            return false;
        total *= l->values[i];
    }
    hash_set_clear(seen);
    for (uint64_t k = 0; k < total && seen->used <= wanted; k++) {
        uint64_t rest = k;
        for (int i = n - 1; i >= 0; rest /= l->values[i--]) {
            l->taken[i] = (int64_t)(rest % l->values[i]);
            labelled.colour[i] = (l->graph.colour[i] << 20) + (uint64_t)l->taken[i];
        }
        Hash128 h;
        if (!iso_hash(&labelled, &h))
            return false;
        hash_set_add(seen, h);
        if (seen->used > wanted)
            return true;
    }
    l->classes = seen->used;
    return true;
}

static bool compile_alive(GraphShape *x, PredCompiler *c, const Ast *same) {
    for (int i = 0; i < x->n && same->b; i++) {
        x->alive[i] = same->b->kind == AST_NAME
                          ? pred_element(c, x->leaf->use->frame, same->b, value_int(x->id[i]))
                          : -1;
        if (x->alive[i] < 0)
            return false;
    }
    return true;
}

bool graph_read(GraphShape *x, PredCompiler *c, Leaf *leaf, const Ast *same) {
    *x = (GraphShape){.leaf = leaf,
                      .own = ARENA_ARRAY(leaf->session.arena, bool, leaf->variables.len + 1)};
    return read_vertices(x, same) && compile_alive(x, c, same);
}
