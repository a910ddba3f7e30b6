/* Where the time of a run goes, by kind of kernel. */
#ifndef NASC_CODEGEN_PROFILE_H
#define NASC_CODEGEN_PROFILE_H

#include "codegen/plan.h"

typedef struct PlanProfile {
    struct PlanProfileKind {
        int64_t calls;
        double seconds, flops, bytes;
    } kind[KERNEL_KIND_COUNT];
} PlanProfile;

/* plan_run, measuring each call. */
void plan_run_profiled(const Plan *p, int part, char *base, PlanProfile *profile);
void plan_profile_add(PlanProfile *to, const PlanProfile *from);
/* A table: kind, calls, seconds, share, GFLOP/s of the convolutions as written, GB/s of the tensors touched. */
void plan_profile_print(Buf *b, const PlanProfile *p);

#endif
