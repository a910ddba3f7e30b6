/* Orders of an index, up to which points are one architecture. In: a statement and a leaf. Out:
 * groups of places whose contents may be swapped. Invariant: groups share no variable. */
#include <stdlib.h>
#include <string.h>

#include "frontend/count_symmetry.h"

static int index_position(const Ast *choice, const char *index) {
    for (size_t i = 0; i < choice->index.len; i++)
        if (choice->index.items[i]->text && strcmp(choice->index.items[i]->text, index) == 0)
            return (int)i;
    return -1;
}

static bool same_but(const PredVariable *a, const PredVariable *b, int at, int other_at) {
    if (a->nindices != b->nindices)
        return false;
    size_t k = 0;
    for (size_t i = 0; i < a->nindices; i++) {
        if ((int)i == at)
            continue;
        k += (int)k == other_at;
        bool known;
        if (!value_equal(a->indices[i], b->indices[k++], &known) || !known)
            return false;
    }
    return true;
}

/* The variable of `choice` in the place of variable v of another choice: equal indices in all. */
static int partner(const Leaf *leaf, const PredVariable *v, int at, const Ast *choice,
                   int other_at) {
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *u = &leaf->variables.items[i];
        bool known;
        if (u->choice == choice && same_but(v, u, at, other_at) &&
            value_equal(v->indices[at], u->indices[other_at], &known) && known)
            return (int)i;
    }
    return -1;
}

bool orders_read(Orders *o, Leaf *leaf, const Ast *same, bool *taken) {
    const Ast *first = same->list.items[0]->resolved;
    int at = index_position(first, same->alias);
    for (size_t i = 0; i < leaf->variables.len; i++) {
        const PredVariable *v = &leaf->variables.items[i];
        if (v->choice != first || taken[i])
            continue;
        OrderGroup g = {.places = ARENA_ARRAY(leaf->session.arena, OrderPlace, leaf->variables.len),
                        .width = same->list.len};
        for (size_t k = i; k < leaf->variables.len; k++) {
            const PredVariable *u = &leaf->variables.items[k];
            if (u->choice != first || taken[k] || !same_but(v, u, at, at))
                continue;
            OrderPlace p = {.variables = ARENA_ARRAY(leaf->session.arena, int, same->list.len),
                            .values = 1};
            for (size_t c = 0; c < same->list.len; c++) {
                const Ast *choice = same->list.items[c]->resolved;
                int x = partner(leaf, u, at, choice, index_position(choice, same->alias));
                if (x < 0 || taken[x] || leaf->variables.items[x].index >= 0)
                    return false;
                taken[x] = true;
                p.variables[c] = x;
                p.values *= (uint64_t)leaf->variables.items[x].domain->domain.count;
            }
            if (g.nplaces && p.values != g.places[0].values)
                return false;
            g.places[g.nplaces++] = p;
        }
        VEC_PUSH(o->groups, g);
    }
    return true;
}

static uint64_t place_code(const Leaf *leaf, const OrderPlace *p, size_t width,
                           const int64_t *taken) {
    uint64_t code = 0;
    for (size_t c = 0; c < width; c++)
        code = code * (uint64_t)leaf->variables.items[p->variables[c]].domain->domain.count +
               (uint64_t)taken[p->variables[c]];
    return code;
}

void orders_mark_seen(Orders *o, bool *used) {
    for (size_t i = 0; i < o->groups.len; i++) {
        OrderGroup *g = &o->groups.items[i];
        for (size_t k = 0; k < g->nplaces; k++)
            for (size_t c = 0; c < g->width; c++)
                g->seen |= used[g->places[k].variables[c]];
        for (size_t k = 0; k < g->nplaces && g->seen; k++)
            for (size_t c = 0; c < g->width; c++)
                used[g->places[k].variables[c]] = true;
    }
}

bool orders_sorted(const Orders *o, const Leaf *leaf, const int64_t *taken) {
    for (size_t i = 0; i < o->groups.len; i++) {
        const OrderGroup *g = &o->groups.items[i];
        for (size_t k = 1; g->seen && k < g->nplaces; k++)
            if (place_code(leaf, &g->places[k - 1], g->width, taken) >
                place_code(leaf, &g->places[k], g->width, taken))
                return false;
    }
    return true;
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Hash128 orders_key(const Orders *o, const Leaf *leaf, const int64_t *taken) {
    Hash128 h = {o->groups.len, 0};
    uint64_t *codes = nasc_alloc((leaf->variables.len + 1) * sizeof *codes);
    for (size_t i = 0; i < o->groups.len; i++) {
        const OrderGroup *g = &o->groups.items[i];
        for (size_t k = 0; k < g->nplaces; k++)
            codes[k] = place_code(leaf, &g->places[k], g->width, taken);
        qsort(codes, g->nplaces, sizeof *codes, by_size);
        h = hash128_combine(h, hash128(codes, g->nplaces * sizeof *codes, i));
    }
    free(codes);
    return h;
}

/* Multisets of n places with m values each. */
static void multiply_multisets(Natural *n, uint64_t m, size_t places) {
    for (size_t i = 0; i < places; i++) {
        natural_multiply(n, m + i);
        natural_divide(n, (uint32_t)(i + 1));
    }
}

void orders_multiply_unseen(const Orders *o, Natural *n) {
    for (size_t i = 0; i < o->groups.len; i++)
        if (!o->groups.items[i].seen)
            multiply_multisets(n, o->groups.items[i].places[0].values, o->groups.items[i].nplaces);
}
