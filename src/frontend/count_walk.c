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
    return !space->inner_choices && count_outer_leaves(space, fn, user);
}

bool count_outer_leaves(const Space *space, LeafFunction *fn, void *user) {
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

/* A condition that is the conjunction of others holds as soon as all of them do, and fails with the first. */
static void push_conjuncts(Walkthrough *w, int node) {
    const PredNode *nodes = w->compiler->nodes.items;
    for (; nodes[node].op == PRED_AND; node = nodes[node].a)
        push_conjuncts(w, nodes[node].b);
    VEC_PUSH(w->conditions, node);
}

bool walk_require(Walkthrough *w, Leaf *leaf, const Ast *require) {
    int node = pred_condition(w->compiler, leaf->use->frame, require->a);
    if (node >= 0)
        push_conjuncts(w, node);
    return node >= 0;
}

bool walk_requires(Walkthrough *w, Leaf *leaf, bool *left) {
    const Ast *require;
    for (int i = 0; (require = space_require(leaf->space->definition, i)); i++) {
        if (walk_require(w, leaf, require))
            continue;
        if (!left)
            return false;
        *left = true;
    }
    return true;
}

/* Steps by variable, and at [0] what depends on none: level + 1 is the place in the list. */
static void fill_steps(const Walkthrough *w, WalkStep *by_level) {
    const PredNode *nodes = w->compiler->nodes.items;
    size_t nnodes = w->compiler->nodes.len;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < nnodes; i++) {
            WalkStep *s = &by_level[nodes[i].level + 1];
            if (w->needed && !w->needed[i])
                continue;
            if (pass)
                s->nodes[s->nnodes] = (int)i;
            s->nnodes++;
        }
        for (size_t i = 0; i < w->conditions.len; i++) {
            WalkStep *s = &by_level[nodes[w->conditions.items[i]].level + 1];
            if (pass)
                s->conditions[s->nconditions] = w->conditions.items[i];
            s->nconditions++;
        }
        for (size_t i = 0; !pass && i <= w->nvariables; i++) {
            WalkStep *s = &by_level[i];
            s->nodes = nasc_alloc((s->nnodes + 1) * sizeof *s->nodes);
            s->conditions = nasc_alloc((s->nconditions + 1) * sizeof *s->conditions);
            s->nnodes = s->nconditions = 0;
        }
    }
}

void walk_steps(const Walkthrough *w, WalkSteps *out) {
    *out = (WalkSteps){.all = nasc_alloc_zero((w->nvariables + 1) * sizeof *out->all),
                       .order = nasc_alloc((w->nvariables + 1) * sizeof(WalkStep *)),
                       .nall = w->nvariables + 1};
    fill_steps(w, out->all);
    out->all[0].variable = -1;
    for (size_t i = 0; i < w->nvariables; i++) {
        if (!w->used[i])
            continue;
        WalkStep *s = &out->all[i + 1];
        s->variable = (int)i;
        s->values = w->compiler->variables[i].domain->domain.count;
        out->order[out->n++] = s;
    }
}

void walk_steps_free(WalkSteps *steps) {
    for (size_t i = 0; i < steps->nall; i++) {
        free(steps->all[i].nodes);
        free(steps->all[i].conditions);
    }
    free(steps->all);
    free(steps->order);
}

bool walk_step_holds(const Walkthrough *w, const WalkStep *s, const int64_t *taken,
                     double *values) {
    const PredNode *nodes = w->compiler->nodes.items;
    for (size_t i = 0; i < s->nnodes; i++)
        values[s->nodes[i]] = pred_compute(&nodes[s->nodes[i]], taken, values);
    for (size_t i = 0; i < s->nconditions; i++)
        if (values[s->conditions[i]] == 0)
            return false;
    return true;
}

typedef struct Run {
    Walkthrough *w;
    WalkSteps steps;
    int64_t *taken;
    double *values;
} Run;

static bool run_step(Run *r, size_t at) {
    Walkthrough *w = r->w;
    if (at == r->steps.n) {
        w->found++;
        return !w->visit || w->visit(w->user, r->taken, r->values);
    }
    const WalkStep *s = r->steps.order[at];
    for (int64_t i = 0; i < s->values; i++) {
        w->budget -= 1 + (int64_t)s->nnodes;
        if (w->budget < 0 || (w->interrupt && *w->interrupt))
            return false;
        r->taken[s->variable] = i;
        if (walk_step_holds(w, s, r->taken, r->values) && !run_step(r, at + 1))
            return false;
    }
    return true;
}

bool walk_points(Walkthrough *w) {
    Run r = {.w = w};
    walk_steps(w, &r.steps);
    r.taken = nasc_alloc_zero((w->nvariables + 1) * sizeof *r.taken);
    r.values = nasc_alloc_zero((w->compiler->nodes.len + 1) * sizeof *r.values);
    bool ok = !walk_step_holds(w, &r.steps.all[0], r.taken, r.values) || run_step(&r, 0);
    walk_steps_free(&r.steps);
    free(r.taken);
    free(r.values);
    return ok;
}
