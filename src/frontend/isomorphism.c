/* Canonical order by refinement of colours and individualisation: vertices are told apart by what
 * surrounds them; where some still look alike, each is tried as the first of them, and of all orders
 * found the one with the smallest description counts. */
#include "frontend/isomorphism.h"

#include <string.h>

enum { MAX_ORDERS = 50000 };

typedef struct Description {
    uint64_t colour[ISO_MAX_VERTICES];
    uint8_t edge[ISO_MAX_VERTICES * ISO_MAX_VERTICES];
} Description;

typedef struct Search {
    const IsoGraph *g;
    Description best;
    bool found;
    int orders;
} Search;

static uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

static int count_classes(const uint64_t *colour, int n) {
    int classes = 0;
    for (int i = 0; i < n; i++) {
        int k = 0;
        while (k < i && colour[k] != colour[i])
            k++;
        classes += k == i;
    }
    return classes;
}

static int refine(const IsoGraph *g, uint64_t *colour) {
    int classes = count_classes(colour, g->n);
    while (classes < g->n) {
        uint64_t next[ISO_MAX_VERTICES];
        for (int v = 0; v < g->n; v++) {
            uint64_t sum = mix(colour[v] + 0x9e3779b97f4a7c15ULL);
            for (int u = 0; u < g->n; u++) {
                if (g->edge[u][v])
                    sum += mix(colour[u] * 3 + g->edge[u][v]);
                if (g->edge[v][u])
                    sum += mix(colour[u] * 5 + 0x100u + g->edge[v][u]);
            }
            next[v] = mix(sum);
        }
        int now = count_classes(next, g->n);
        memcpy(colour, next, sizeof next[0] * (size_t)g->n);
        if (now == classes)
            break;
        classes = now;
    }
    return classes;
}

static void sort_vertices(const uint64_t *colour, int n, int *order) {
    for (int i = 0; i < n; i++) {
        int k = i;
        for (; k > 0 && colour[order[k - 1]] > colour[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

static void describe(Search *s, const uint64_t *colour) {
    int order[ISO_MAX_VERTICES], n = s->g->n;
    Description d = {0};
    sort_vertices(colour, n, order);
    for (int i = 0; i < n; i++) {
        d.colour[i] = s->g->colour[order[i]];
        for (int k = 0; k < n; k++)
            d.edge[i * n + k] = s->g->edge[order[i]][order[k]];
    }
    if (!s->found || memcmp(&d, &s->best, sizeof d) < 0)
        s->best = d;
    s->found = true;
    s->orders++;
}

/* The first class, in order of colours, of more than one vertex. */
static uint64_t first_class(const uint64_t *colour, int n) {
    uint64_t best = 0;
    bool any = false;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (colour[i] == colour[k] && (!any || colour[i] < best)) {
                best = colour[i];
                any = true;
            }
    return best;
}

static void search(Search *s, uint64_t *colour) {
    if (s->orders > MAX_ORDERS)
        return;
    if (refine(s->g, colour) == s->g->n) {
        describe(s, colour);
        return;
    }
    uint64_t split = first_class(colour, s->g->n);
    for (int v = 0; v < s->g->n; v++) {
        if (colour[v] != split)
            continue;
        uint64_t next[ISO_MAX_VERTICES];
        memcpy(next, colour, sizeof next);
        next[v] = mix(split + 1);
        search(s, next);
    }
}

bool iso_hash(const IsoGraph *g, Hash128 *out) {
    Search s = {.g = g};
    uint64_t colour[ISO_MAX_VERTICES] = {0};
    for (int i = 0; i < g->n; i++)
        colour[i] = mix(g->colour[i] + 1);
    search(&s, colour);
    *out = hash128(&s.best, sizeof s.best, (uint64_t)g->n);
    return s.orders <= MAX_ORDERS;
}
