/* The values that a proxy computes once a run: images, targets. They are made before any candidate
 * and do not depend on which candidate asks first. */
#ifndef NASC_RUNTIME_PERRUN_H
#define NASC_RUNTIME_PERRUN_H

#include "codegen/plan.h"
#include "frontend/program.h"
#include "runtime/inputs.h"

typedef struct RunValue {
    IrType type;
    float *dense; /* row-major in the order of the type's axes */
    Hash128 hash; /* of type and content */
} RunValue;

typedef struct RunValues {
    uint64_t seed;
    Jit *jit; /* NULL: everything by the reference executor */
    Inputs inputs;
    VEC(RunValue) values; /* by root of the run module */
    VEC(float *) images;  /* by image request */
} RunValues;

/* Computes the roots that are not there yet. Small elementwise tensors come from plain loops in
 * double, rounded once; what holds convolutions, pools or norms runs as kernels (as plain loops
 * where jit is NULL). */
bool run_values_update(RunValues *v, const ProxyRun *run, NascError *err);
/* What a candidate takes in an input slot that is not noise. */
const RunValue *run_value(const RunValues *v, const ProxyBuild *build, uint64_t slot);
void run_values_free(RunValues *v);
/* What computing them takes at most and what they leave behind, in bytes, without computing them. */
bool run_values_bytes(const ProxyRun *run, int64_t *peak, int64_t *kept, NascError *err);

#endif
