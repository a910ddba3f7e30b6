/* Steps of SGD on the reference executor: see ref_train.h. */
#include "runtime/ref_train.h"

#include "runtime/ref_impl.h"

#include <stdlib.h>
#include <string.h>

typedef struct Training {
    const RefOptions *outer;
    const RefParam *params;
    size_t nparams;
} Training;

static const RefParam *find_param(const Training *t, uint64_t uid) {
    for (size_t i = 0; i < t->nparams; i++)
        if (t->params[i].uid == uid)
            return &t->params[i];
    return NULL;
}

static bool training_leaf(void *user, const IrNode *node, IrRef ref, double *out, NascError *err) {
    const Training *t = user;
    const RefParam *p = node->op == IR_OP_param ? find_param(t, node->attr->uid) : NULL;
    if (p) {
        memcpy(out, p->value, sizeof(double) * (size_t)ir_type_elements(&node->type));
        return true;
    }
    return t->outer->leaf && t->outer->leaf(t->outer->user, node, ref, out, err);
}

static void update(const RefParam *p, bool f32, const double *gradient, int64_t n,
                   double *velocity) {
    double lr = ref_round(f32, p->lr), momentum = ref_round(f32, p->momentum);
    double decay = ref_round(f32, p->decay);
    for (int64_t i = 0; i < n; i++) {
        double g = ref_round(f32, gradient[i] + ref_round(f32, decay * p->value[i]));
        velocity[i] = ref_round(f32, ref_round(f32, momentum * velocity[i]) + g);
        p->value[i] = ref_round(f32, p->value[i] - ref_round(f32, lr * velocity[i]));
    }
}

/* The type of the parameter, in whose order its values are; the gradient may have another order of
 * axes. */
static const IrType *param_type(const IrModule *m, const RefParam *p) {
    for (size_t r = 0; r < ir_graph_len(m->graph); r++) {
        const IrNode *node = ir_get(m->graph, (IrRef)r);
        if (node->op == IR_OP_param && node->attr->uid == p->uid)
            return &node->type;
    }
    BUG("the module has no parameter %llu", (unsigned long long)p->uid);
}

/* The gradient for p in the order of p's values. */
static const double *ordered_gradient(const IrModule *m, const RefParam *p, const double *value,
                                      Arena *arena) {
    CHECK(p->gradient < m->nroots);
    const IrType *to = param_type(m, p), *from = &ir_get(m->graph, m->roots[p->gradient])->type;
    double *ordered = ARENA_ARRAY(arena, double, ir_type_elements(to));
    ref_copy(to, value, ref_strides(from, to), ordered, ref_strides(to, to));
    return ordered;
}

static bool train_step(const IrModule *m, size_t nscalars, const Training *t, double **velocity,
                       double *scalars, NascError *err) {
    RefOptions options = *t->outer;
    options.leaf = training_leaf;
    options.user = (void *)t;
    Arena arena;
    arena_init(&arena, "reference step");
    double **value = ARENA_ARRAY(&arena, double *, m->nroots);
    bool ok = ref_eval(m->graph, m->roots, m->nroots, &options, &arena, value, err);
    for (size_t i = 0; ok && i < nscalars; i++)
        scalars[i] = value[i][0];
    for (size_t i = 0; ok && i < t->nparams; i++) {
        const RefParam *p = &t->params[i];
        const double *gradient = ordered_gradient(m, p, value[p->gradient], &arena);
        update(p, ref_is_float(&options), gradient, ir_type_elements(param_type(m, p)),
               velocity[i]);
    }
    arena_free(&arena);
    return ok;
}

bool ref_train(const IrModule *module, size_t nscalars, const RefParam *params, size_t nparams,
               int steps, const RefOptions *options, double *scalars, NascError *err) {
    CHECK(nscalars <= module->nroots);
    Training t = {options, params, nparams};
    double **velocity = nasc_alloc(sizeof *velocity * MAX(nparams, 1));
    for (size_t i = 0; i < nparams; i++)
        velocity[i] = nasc_alloc_zero(sizeof(double) *
                                      (size_t)ir_type_elements(param_type(module, &params[i])));
    bool ok = true;
    for (int s = 0; ok && s < steps; s++)
        ok = train_step(module, nscalars, &t, velocity, scalars + (size_t)s * nscalars, err);
    for (size_t i = 0; i < nparams; i++)
        free(velocity[i]);
    free(velocity);
    return ok;
}
