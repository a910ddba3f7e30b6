/* From a canonical training module to something that runs: fusion, schedule, memory plan, kernels.
 *
 *   expand -> fuse (groups of nodes, one kernel call each) -> schedule -> lifetimes -> offsets ->
 * descriptors
 *
 * A plan is immutable and shared by threads; each worker brings its own arena of plan->arena_bytes.
 */
#ifndef NASC_CODEGEN_PLAN_H
#define NASC_CODEGEN_PLAN_H

#include "codegen/jit.h"
#include "ir/passes.h"

typedef struct PlanLeaf {
    IrRef node;     /* in plan->module */
    IrOp op;        /* input, param, frozen */
    uint64_t uid;   /* of the leaf, or slot of the input */
    int64_t offset; /* bytes from base; of what only the setup reads, until the first step */
    int64_t elements;
    bool lanes; /* activation layout (fill with plan_write_lanes), else dense row-major in type
                   order */
} PlanLeaf;

typedef struct PlanCall {
    KernelFn *fn;
    KernelDesc desc;
    const int64_t *arg;
    size_t nargs;
    int64_t lo, hi;
    const char *what; /* "conv %12", for dumps */
    IrRef node;       /* of the module: the last one that it computes, or IR_NONE */
    size_t nnodes;    /* how many it computes */
    int64_t bytes;    /* of the tensors it reads and writes, each once */
    int64_t flops;    /* convolutions: 2 a multiply-accumulate of the definition; else 0 */
} PlanCall;

/* The parts of a plan, in the order of a training step; the setup runs once, after the leaves are
 * filled and before the first step. */
enum { PLAN_FORWARD, PLAN_BACKWARD, PLAN_UPDATE, PLAN_SETUP, PLAN_PARTS };

typedef struct PlanUpdate {
    uint64_t uid; /* of the param */
    double lr, momentum, decay;
    size_t root; /* given root that is taken for the gradient, or 0: root 0 is differentiated */
} PlanUpdate;

typedef struct Plan {
    IrModule module; /* the expanded graph the calls compute; roots as given, then gradients */
    size_t nleaves;
    PlanLeaf *leaves;
    size_t ncalls[PLAN_PARTS]; /* forward: all roots up to nscalars */
    PlanCall *calls[PLAN_PARTS];
    size_t nscalars; /* given roots: loss, measures; scalars are read after the forward calls */
    int64_t *scalar_offset;
    size_t noutputs; /* plans without training: every root, any shape */
    int64_t *output_offset;
    int64_t arena_bytes;             /* 64-byte aligned base needed */
    int64_t zero_offset, zero_bytes; /* momentum: cleared before a run */
    size_t unfused_calls; /* forward and backward with one call a node: what fusion saves */
    int64_t unfused_bytes;
    double jit_seconds; /* processor time of this thread spent compiling and loading kernels */
    Hash128 hash;       /* of the canonical module: names the random streams of its leaves */
} Plan;

typedef struct PlanOptions {
    bool fuse;   /* false: one group a node, for `show` and tests */
    bool direct; /* no convolution by Winograd's algorithm: other bits, for comparison */
    /* Roots that are read after the forward calls; the others are those of updates. 0: all. */
    size_t nscalars;
} PlanOptions;

/* `canonical`: root 0 is the loss when nupdates > 0; scalars are the first roots. Plans live
 * in `arena`. False with err if a kernel cannot be made (environment), or a size is beyond the
 * limits (program). Without a jit (NULL) the plan can be looked at, and not run. */
bool plan_make(Jit *jit, Arena *arena, const IrModule *canonical, const PlanUpdate *updates,
               size_t nupdates, const PlanOptions *options, Plan *out, NascError *err);

/* Copies between row-major [n, c, h, w] (any order of these axes, absent ones = 1) and the lanes
 * layout. */
void plan_write_lanes(const IrType *type, const float *dense, float *lanes);
void plan_read_lanes(const IrType *type, const float *lanes, float *dense);

/* Runs the calls of one part on a worker's memory. No allocation, no locks. */
void plan_run(const Plan *p, int part, char *base);

/* One line a call ("3: conv %12 + bias [n=16, ...] 2 nodes 1.5 MB | kernel text"), then the size of
 * the arena and calls and bytes against the unfused graph; for `show --as fused`. */
void plan_print(Buf *b, const Plan *p);

#endif
