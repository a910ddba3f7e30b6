/* Scores one candidate: plan, initial values, training steps, measured scalars. */
#ifndef NASC_RUNTIME_SCORER_H
#define NASC_RUNTIME_SCORER_H

#include "base/buf.h"
#include "codegen/profile.h"
#include "runtime/journal.h"
#include "runtime/memory.h"
#include "runtime/perrun.h"

typedef struct Measured {
    int64_t repeats, steps;
    size_t nmeasures;
    /* [repeat][step][measure]; NaN where not measured: from the step on that was not reached */
    double *values;
    /* Planning and running, without compiling; as it was where the journal knew it. */
    double seconds;
    int64_t arena_bytes; /* what the plan needs */
} Measured;

/* How candidates are run. */
typedef struct ScorerOptions {
    bool direct;          /* no Winograd convolutions */
    PlanProfile *profile; /* adds up where the time goes; NULL: not measured */
    Journal *journal;     /* NULL: nothing is kept or recalled */
} ScorerOptions;

/* Trains the built candidate `repeats` times from independent initial values. A step whose first scalar is not
 * finite ends its repeat. The values are malloc'd. Repeats that the journal knows are taken from it, others are added.
 * What the build wants computed by the reference executor is computed by it, in double. */
bool scorer_measure(Jit *jit, const ScorerOptions *how, const ProxyBuild *build,
                    const RunValues *run, uint64_t seed, int64_t repeats, Arena *arena,
                    WorkerMemory *memory, Measured *out, NascError *err);
/* What a worker's training of a plan takes: its arena, and new noise on its way there. */
int64_t scorer_bytes(const Plan *plan);
/* The same by the reference executor. `params`, if not NULL, is given the `param` leaves after the last update of
 * the last repeat, as doubles, leaf after leaf in the order of the canonical module. */
bool scorer_measure_reference(const ProxyBuild *build, const RunValues *run, uint64_t seed,
                              int64_t repeats, bool in_double, Arena *arena, Measured *out,
                              Buf *params, NascError *err);

#endif
