/* Order of calls: depth first from the roots, the longest chain of a group's operands first, so
 * that a value is used soon after it is made. Gradients are asked for in the order in which they
 * can be ready: each layer's weight gradient is made while its operands are still there. */
#include "codegen/fuse.h"

#include <stdlib.h>

typedef struct Visit {
    uint32_t group;
    size_t next; /* operand to visit next */
} Visit;

typedef struct Schedule {
    const Fusion *f;
    uint32_t **deps; /* groups that each group needs, longest chain first */
    size_t *ndeps;
    int *level;
    bool *done;
    uint32_t *order;
    size_t norder;
    VEC(Visit) stack;
} Schedule;

/* Levels by repeated descent: the groups come in no order, so each is visited after its operands.
 */
static void visit(Schedule *s, uint32_t root, bool emit) {
    if (s->done[root])
        return;
    s->done[root] = true;
    VEC_PUSH(s->stack, ((Visit){root, 0}));
    while (s->stack.len > 0) {
        Visit *top = &s->stack.items[s->stack.len - 1];
        if (top->next < s->ndeps[top->group]) {
            uint32_t dep = s->deps[top->group][top->next++];
            if (!s->done[dep]) {
                s->done[dep] = true;
                VEC_PUSH(s->stack, ((Visit){dep, 0}));
            }
            continue;
        }
        uint32_t group = top->group;
        s->stack.len--;
        for (size_t k = 0; k < s->ndeps[group] && !emit; k++)
            s->level[group] = MAX(s->level[group], s->level[s->deps[group][k]] + 1);
        if (emit)
            s->order[s->norder++] = group;
    }
}

static void find_deps(Arena *arena, Schedule *s) {
    for (uint32_t k = 0; k < s->f->ngroups; k++) {
        const Group *g = &s->f->groups[k];
        s->deps[k] = ARENA_ARRAY(arena, uint32_t, g->nins);
        for (size_t i = 0; i < g->nins; i++) {
            uint32_t dep = fuse_source(s->f, k, g->ins[i]);
            if (dep != GROUP_NONE)
                s->deps[k][s->ndeps[k]++] = dep;
        }
    }
}

/* Insertion sort, stable: few operands each. */
static void sort_by_level(const int *level, uint32_t *items, size_t n, bool longest_first) {
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0; j--) {
            int a = level[items[j - 1]], b = level[items[j]];
            if (longest_first ? a >= b : a <= b)
                break;
            uint32_t swap = items[j];
            items[j] = items[j - 1];
            items[j - 1] = swap;
        }
}

static void order_groups(Arena *arena, Schedule *s, const IrModule *m, size_t nforward) {
    size_t n = s->f->ngroups;
    for (uint32_t k = 0; k < n; k++)
        visit(s, k, false);
    for (uint32_t k = 0; k < n; k++)
        sort_by_level(s->level, s->deps[k], s->ndeps[k], true);
    uint32_t *roots = ARENA_ARRAY(arena, uint32_t, m->nroots);
    for (size_t i = 0; i < m->nroots; i++)
        roots[i] = s->f->owner[m->roots[i]];
    sort_by_level(s->level, roots + nforward, m->nroots - nforward, false);
    for (uint32_t k = 0; k < n; k++)
        s->done[k] = false;
    for (size_t i = 0; i < m->nroots; i++)
        visit(s, roots[i], true);
    CHECK(s->norder == n);
}

void fuse_schedule(Arena *arena, const IrModule *m, size_t nforward, Fusion *f) {
    size_t n = f->ngroups;
    Schedule s = {.f = f};
    s.deps = ARENA_ARRAY(arena, uint32_t *, n);
    s.ndeps = ARENA_ARRAY(arena, size_t, n);
    s.level = ARENA_ARRAY(arena, int, n);
    s.done = ARENA_ARRAY(arena, bool, n);
    s.order = ARENA_ARRAY(arena, uint32_t, n);
    find_deps(arena, &s);
    order_groups(arena, &s, m, nforward);
    VEC_FREE(s.stack);
    Group *sorted = ARENA_ARRAY(arena, Group, n);
    uint32_t *place = ARENA_ARRAY(arena, uint32_t, n);
    for (uint32_t k = 0; k < n; k++) {
        sorted[k] = f->groups[s.order[k]];
        place[s.order[k]] = k;
        CHECK(k == 0 || sorted[k - 1].part <= sorted[k].part);
    }
    for (size_t r = 0; r < ir_graph_len(m->graph); r++) {
        if (f->owner[r] != GROUP_NONE)
            f->owner[r] = place[f->owner[r]];
        if (f->again[r] != GROUP_NONE)
            f->again[r] = place[f->again[r]];
    }
    f->groups = sorted;
}

uint32_t fuse_source(const Fusion *f, uint32_t k, IrRef value) {
    bool again = f->groups[k].part == 1 && f->again[value] != GROUP_NONE;
    return again ? f->again[value] : f->owner[value];
}

bool fuse_reads(const Group *g, IrRef value) {
    for (size_t i = 0; i < g->nins; i++)
        if (g->ins[i] == value)
            return true;
    return false;
}

void fuse_delay(Fusion *f, uint32_t from, uint32_t to) {
    Group moved = f->groups[from];
    for (uint32_t k = from; k <= to; k++) {
        f->groups[k] = k < to ? f->groups[k + 1] : moved;
        CHECK(f->groups[k].part == moved.part);
        for (size_t i = 0; i < f->groups[k].nouts; i++) {
            IrRef r = f->groups[k].outs[i];
            (moved.part == 1 && f->again[r] != GROUP_NONE ? f->again : f->owner)[r] = k;
        }
    }
}
