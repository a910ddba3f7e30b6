/* Evaluates op cases by the reference executor, and reads tensors by named index, for tests. */
#ifndef NASC_TESTS_REF_CHECK_H
#define NASC_TESTS_REF_CHECK_H

#include "runtime/op_cases.h"
#include "runtime/ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct Tensor {
    IrType type;
    double *at;
} Tensor;

/* A case with values and the result of one evaluation; everything lies in `arena`. */
typedef struct Checked {
    Arena arena;
    OpCase c;
    Tensor in[OP_CASE_INPUTS];
    Tensor out;
    const IrNode *node;
} Checked;

static inline int64_t tensor_index(const IrType *t, int n, const IrAxis *axes,
                                   const int64_t *index) {
    int64_t at = 0;
    for (int k = 0; k < t->rank; k++) {
        int64_t i = -1;
        for (int j = 0; j < n; j++)
            if (axes[j] == t->axis[k])
                i = index[j];
        assert_true(i >= 0 && i < t->size[k]);
        at = at * t->size[k] + i;
    }
    return at;
}

/* Element of an image [n, c, h, w] or [n, c], whatever the order of its axes. */
static inline double *image_at(const Tensor *t, int64_t n, int64_t c, int64_t h, int64_t w) {
    const IrAxis axes[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    return t->at + tensor_index(&t->type, 4, axes, (int64_t[]){n, c, h, w});
}
static inline double *weight_at(const Tensor *t, int64_t o, int64_t i, int64_t kh, int64_t kw) {
    const IrAxis axes[] = {IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW};
    return t->at + tensor_index(&t->type, 4, axes, (int64_t[]){o, i, kh, kw});
}
/* Index along every axis of the type of its element number `element`. */
static inline void tensor_unravel(const IrType *t, int64_t element, int64_t index[IR_MAX_AXES]) {
    for (int k = t->rank - 1; k >= 0; k--) {
        index[k] = element % t->size[k];
        element /= t->size[k];
    }
}
static inline double tensor_named(const Tensor *t, const IrType *of, const int64_t *index) {
    return t->at[tensor_index(&t->type, of->rank, of->axis, index)];
}

static inline bool checked_leaf(void *user, const IrNode *node, IrRef ref, double *out,
                                NascError *err) {
    (void)ref, (void)err;
    const Tensor *in = user;
    const Tensor *t = &in[node->attr->uid];
    memcpy(out, t->at, sizeof(double) * (size_t)ir_type_elements(&t->type));
    return true;
}

static inline void check_make(Checked *k, const OpCase *c, OpValues kind) {
    memset(k, 0, sizeof *k);
    k->c = *c;
    arena_init(&k->arena, "op case");
    for (uint32_t i = 0; i < c->nin; i++) {
        k->in[i].type = c->in[i];
        k->in[i].at = ARENA_ARRAY(&k->arena, double, ir_type_elements(&c->in[i]));
        op_case_fill(c, i, kind, k->in[i].at);
    }
    if (c->op == IR_OP_pow)
        k->in[1].at[0] = op_case_exponent(c);
}

/* Runs the op on the values in k->in; the result is k->out. */
static inline void check_eval(Checked *k, RefPrecision precision, bool plain) {
    IrGraph *g = ir_graph_new(&k->arena);
    IrRef inputs[OP_CASE_INPUTS], r = op_case_build(g, &k->c, inputs);
    RefOptions options = {
        .precision = precision, .plain = plain, .leaf = checked_leaf, .user = k->in, .seed = 11};
    NascError err = {0};
    double *out;
    assert_true(ref_eval(g, &r, 1, &options, &k->arena, &out, &err));
    k->node = ir_get(g, r);
    k->out = (Tensor){k->node->type, out};
}

static inline void check_free(Checked *k) {
    arena_free(&k->arena);
}

/* Largest |a - b| / (1 + |b|). */
static inline double tensor_distance(const double *a, const double *b, int64_t n) {
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]) / (1 + fabs(b[i]));
        worst = d > worst || isnan(d) ? d : worst;
    }
    return worst;
}

#endif
