/* Training by the reference executor: what whole networks on kernels are checked against. */
#ifndef NASC_RUNTIME_REF_TRAIN_H
#define NASC_RUNTIME_REF_TRAIN_H

#include "runtime/ref.h"

/* One trained leaf. SGD with momentum, decay added to the gradient first, no dampening:
 *     v <- momentum v + (g + decay w);  w <- w - lr v
 * In float the three settings and every result of an operation are rounded to float. */
typedef struct RefParam {
    uint64_t uid;    /* of the `param` node in the module */
    size_t gradient; /* root that is the gradient for it */
    double lr, momentum, decay;
    double *value; /* in: initial values in type order; out: after the last update */
} RefParam;

/* Runs forward, backward and update `steps` times. Roots 0 .. nscalars-1 are scalars; scalars[s *
 * nscalars
 * + i] is root i at forward pass s, before that pass's update. Values of leaves not in `params`
 * come from options->leaf, asked for at every step. Parameters after update k: run with steps = k.
 * Memory of a step is freed after it. False with err if a leaf has no value. */
bool ref_train(const IrModule *module, size_t nscalars, const RefParam *params, size_t nparams,
               int steps, const RefOptions *options, double *scalars, NascError *err);

#endif
