/* Leaves of structural decisions, and fast walks over points. In: a space. Out: every combination of
 * values that meets its conditions, seen once. Invariant: the walk goes through the variables in the
 * order of declaration and checks a condition as soon as all it needs is taken. */
#include <stdlib.h>
#include <string.h>

#include "frontend/count.h"

enum { MAX_LEAVES = 20000, MAX_STRUCTURAL = 64 };

typedef struct Fixed {
    const char *address;
    int64_t index;
} Fixed;

typedef struct LeafWalk {
    const Space *space;
    LeafFunction *fn;
    void *user;
    VEC(Fixed) fixed;
    const char *pending;
    int64_t pending_values;
    size_t leaves;
    bool ok;
} LeafWalk;

static int64_t fixed_index(const LeafWalk *w, const char *address) {
    for (size_t i = 0; i < w->fixed.len; i++)
        if (strcmp(w->fixed.items[i].address, address) == 0)
            return w->fixed.items[i].index;
    return -1;
}

static int64_t pick_fixed(void *user, Session *s, const char *address, const EvalDomain *d) {
    LeafWalk *w = user;
    int64_t index = fixed_index(w, address);
    if (index < 0 && !w->pending) {
        w->pending = arena_strdup(s->arena, address);
        w->pending_values = d->domain.count;
    }
    return index;
}

typedef struct Listing {
    Leaf *leaf;
    LeafWalk *walk;
    const Ast *choice;
} Listing;

static bool list_element(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    (void)inner;
    Listing *l = user;
    Frame *frame = l->leaf->use->frame;
    const EvalDomain *d = eval_domain(e, frame, l->choice, indices, n);
    if (!d || l->leaf->session.refused)
        return false;
    Value *copy = ARENA_ARRAY(eval_arena(e), Value, n + 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = indices[i];
    const char *address = eval_address(e, frame, l->choice->text, indices, n);
    PredVariable v = {.address = address,
                      .domain = d,
                      .index = fixed_index(l->walk, address),
                      .choice = l->choice,
                      .indices = copy,
                      .nindices = n};
    VEC_PUSH(l->leaf->variables, v);
    return true;
}

static bool list_variables(Leaf *leaf, LeafWalk *w) {
    const AstList *members = &leaf->space->definition->list;
    for (size_t i = 0; i < members->len; i++) {
        const Ast *m = members->items[i];
        if (m->kind != AST_CHOICE)
            continue;
        Listing l = {leaf, w, m};
        bool ok = m->has_index ? eval_each(leaf->session.eval, leaf->use->frame, &m->index, m->b,
                                           list_element, &l)
                               : list_element(&l, leaf->session.eval, leaf->use->frame, NULL, 0);
        if (!ok || leaf->session.refused || session_failed(&leaf->session))
            return false;
    }
    return true;
}

static bool walk_leaf(LeafWalk *w) {
    Arena arena;
    Leaf leaf = {.space = w->space};
    arena_init(&arena, "count");
    w->pending = NULL;
    session_begin(&leaf.session, w->space->program,
                  &(SessionConfig){.arena = &arena, .oracle = {.user = w, .pick = pick_fixed}});
    leaf.use = session_space(&leaf.session, w->space);
    bool listed = leaf.use && list_variables(&leaf, w), go_on = false;
    if (listed && ++w->leaves <= MAX_LEAVES) {
        go_on = w->fn(w->user, &leaf);
    } else if (!listed && w->pending && w->fixed.len < MAX_STRUCTURAL) {
        Fixed f = {.address = w->pending};
        int64_t values = w->pending_values;
        go_on = true;
        VEC_PUSH(w->fixed, f);
        for (int64_t i = 0; i < values && go_on; i++) {
            w->fixed.items[w->fixed.len - 1].index = i;
            go_on = walk_leaf(w);
        }
        w->fixed.len--;
    }
    VEC_FREE(leaf.variables);
    session_end(&leaf.session, true);
    arena_free(&arena);
    return go_on;
}

bool count_leaves(const Space *space, LeafFunction *fn, void *user) {
    if (space->inner_choices)
        return false;
    LeafWalk w = {.space = space, .fn = fn, .user = user};
    bool ok = walk_leaf(&w);
    VEC_FREE(w.fixed);
    return ok;
}

/* ---- points ---- */

void walk_use_nodes(Walkthrough *w) {
    for (size_t i = 0; i < w->compiler->nodes.len; i++)
        if (w->compiler->nodes.items[i].op == PRED_TABLE)
            w->used[w->compiler->nodes.items[i].a] = true;
}

bool walk_requires(Walkthrough *w, Leaf *leaf) {
    const Ast *require;
    for (int i = 0; (require = space_require(leaf->space->definition, i)); i++) {
        int node = pred_condition(w->compiler, leaf->use->frame, require->a);
        if (node < 0)
            return false;
        VEC_PUSH(w->conditions, node);
    }
    return true;
}

typedef struct Step {
    int variable; /* -1: what depends on nothing */
    int64_t values;
    int *nodes;      /* to be computed once it is taken, in order */
    int *conditions; /* to be checked then */
    size_t nnodes, nconditions;
} Step;

typedef struct Run {
    Walkthrough *w;
    Step *steps;
    size_t nsteps;
    int64_t *taken;
    double *values;
} Run;

static void fill_step(const Walkthrough *w, Step *s, int level) {
    s->nodes = nasc_alloc((w->compiler->nodes.len + 1) * sizeof *s->nodes);
    s->conditions = nasc_alloc((w->conditions.len + 1) * sizeof *s->conditions);
    for (size_t i = 0; i < w->compiler->nodes.len; i++)
        if (w->compiler->nodes.items[i].level == level)
            s->nodes[s->nnodes++] = (int)i;
    for (size_t i = 0; i < w->conditions.len; i++)
        if (w->compiler->nodes.items[w->conditions.items[i]].level == level)
            s->conditions[s->nconditions++] = w->conditions.items[i];
}

static bool step_holds(Run *r, const Step *s) {
    const PredNode *nodes = r->w->compiler->nodes.items;
    for (size_t i = 0; i < s->nnodes; i++)
        r->values[s->nodes[i]] = pred_compute(&nodes[s->nodes[i]], r->taken, r->values);
    for (size_t i = 0; i < s->nconditions; i++)
        if (r->values[s->conditions[i]] == 0)
            return false;
    return true;
}

static bool run_step(Run *r, size_t at) {
    Walkthrough *w = r->w;
    if (at == r->nsteps) {
        w->found++;
        return !w->visit || w->visit(w->user, r->taken, r->values);
    }
    const Step *s = &r->steps[at];
    for (int64_t i = 0; i < s->values; i++) {
        w->budget -= 1 + (int64_t)s->nnodes;
        if (w->budget < 0 || (w->interrupt && *w->interrupt))
            return false;
        r->taken[s->variable] = i;
        if (step_holds(r, s) && !run_step(r, at + 1))
            return false;
    }
    return true;
}

bool walk_points(Walkthrough *w) {
    size_t n = 0;
    Run r = {.w = w};
    r.steps = nasc_alloc_zero((w->nvariables + 1) * sizeof *r.steps);
    r.taken = nasc_alloc_zero((w->nvariables + 1) * sizeof *r.taken);
    r.values = nasc_alloc_zero((w->compiler->nodes.len + 1) * sizeof *r.values);
    Step known = {.variable = -1};
    fill_step(w, &known, -1);
    for (size_t i = 0; i < w->nvariables; i++) {
        if (!w->used[i])
            continue;
        r.steps[n] =
            (Step){.variable = (int)i, .values = w->compiler->variables[i].domain->domain.count};
        fill_step(w, &r.steps[n++], (int)i);
    }
    r.nsteps = n;
    bool ok = !step_holds(&r, &known) || run_step(&r, 0);
    for (size_t i = 0; i < n; i++) {
        free(r.steps[i].nodes);
        free(r.steps[i].conditions);
    }
    free(known.nodes);
    free(known.conditions);
    free(r.steps);
    free(r.taken);
    free(r.values);
    return ok;
}
