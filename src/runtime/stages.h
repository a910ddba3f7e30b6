/* The stages of a candidate's run: its trainings one after the other, then the pass at the end. All of them are parts
 * of one canonical module, so that a weight is the same leaf in each. */
#ifndef NASC_RUNTIME_STAGES_H
#define NASC_RUNTIME_STAGES_H

#include "codegen/plan.h"
#include "frontend/program.h"

typedef struct Stage {
    IrModule module; /* roots: the loss if it trains, what is measured, what changes statistics */
    size_t nscalars; /* roots but for the last kind */
    bool trains;
    /* Forward passes: number of the first (from 0), how many, after how many an update. */
    int64_t first, steps, updated;
    const size_t *measure; /* of each root after the loss: number of the measure */
    size_t nupdates;
    PlanUpdate *updates;
    IrRef *leaves; /* that they update, in the module */
} Stage;

typedef struct Stages {
    /* Roots: different losses of the trainings in their order, then all measures, statistics. */
    IrModule canonical;
    Hash128 hash; /* of it: names the random streams of its leaves */
    size_t n;
    Stage *items;
} Stages;

/* Optimizer settings are part of a leaf's identity before the graph is canonicalised: leaves that are updated
 * differently are not interchangeable. Everything lives in `arena`. */
void stages_make(const ProxyBuild *build, Arena *arena, Stages *out);
/* What is trained and how, without the values of inputs. */
Hash128 stages_key(const Stages *s);

#endif
