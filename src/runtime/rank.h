/* One `rank` action: candidates are drawn or read, sized, canonicalised, scored once per network, and reported
 * under every name. Memory beyond a few words a candidate does not grow with their number. */
#ifndef NASC_RUNTIME_RANK_H
#define NASC_RUNTIME_RANK_H

#include "runtime/scorer.h"

typedef enum ScoreStatus {
    SCORE_OK,
    SCORE_NAN,     /* the proxy gave no number */
    SCORE_INF,     /* a loss grew beyond all bounds */
    SCORE_INVALID, /* no architecture of the space, or its shapes do not meet */
    SCORE_MISSING, /* interrupted before its turn */
} ScoreStatus;

const char *score_status_text(ScoreStatus s);

typedef struct Candidate {
    size_t set; /* of the action's: whose space it is of */
    const char *arch;
    double metric; /* larger = better; NaN without a table */
    ScoreStatus status;
    IrSizes sizes; /* of the network that the space declares for costs, else of the scored one */
    Hash128
        hash; /* of the canonical form of the scored network; for an observing proxy, of all it measures */
    Hash128 form; /* canonical form of the scored network, whatever the proxy sees of it */
    /* What the proxy makes of it, where equal networks may differ in that: the proxy observes, or there are several
     * spaces, whose definitions it may read. Says which are the same, and means nothing beyond this run. */
    Hash128 training;
    size_t network;
    double score; /* mean over repeats; NaN unless SCORE_OK */
    double *repeat_scores;
    double *
        losses; /* [repeat][step] of the first measure, if the job keeps them; steps of them a repeat */
    int64_t steps;
    double *curve;  /* [repeat][point] the score after a step: see curve.h; NULL unless kept */
    double seconds; /* one scoring of its network on one worker, compiling excluded */
} Candidate;

/* Where the time of an action goes. */
typedef struct RunProfile {
    PlanProfile kernels;
    double waiting; /* seconds, over all workers: see PoolJob */
} RunProfile;

typedef struct RankJob {
    Program *program;
    const Action *action;
    Jit *jit;         /* NULL: sizes only */
    Journal *journal; /* NULL: nothing is kept or recalled */
    bool reference,
        in_double; /* train by the reference executor instead of kernels, in float or double */
    const Hash128 *without; /* networks that are left out, or NULL */
    size_t nwithout;
    uint64_t seed;
    int workers;
    bool keep_losses;
    bool keep_curve;     /* of a proxy that trains, against a table */
    bool direct;         /* no Winograd convolutions */
    RunProfile *profile; /* added to; NULL: not measured */
    const volatile int *interrupt;
    /* Progress, called from one thread at a time: `best` is NULL before the first score. May be NULL. */
    void (*progress)(void *user, const char *what, size_t finished, size_t total, size_t failed,
                     const Candidate *best);
    /* A line for the user about the data ("table.tsv:12: ..."). */
    void (*warn)(void *user, const char *line);
    void *user;
} RankJob;

/* Candidates of one space. */
typedef struct RankSet {
    const char *name; /* of the space */
    const char *law;  /* how they were drawn (space_law), or NULL: they were given */
} RankSet;

typedef struct RankResult {
    Arena arena;
    bool has_metric, sizes_only, interrupted;
    bool by_reference; /* scored by the reference executor */
    const char *metric_name;
    bool negated; /* smaller is better: metrics are minus what the tables say */
    size_t nsets; /* as the action has */
    RankSet *sets;
    size_t n, networks, failed, missing;
    size_t dropped; /* candidates left out by the job's `without` */
    size_t refused; /* rows of the table that say no architecture with a metric */
    Candidate *candidates;
    int64_t repeats;
    int64_t curve_steps; /* forward passes of every training */
    size_t curve_points; /* 0: no curve is kept, or the networks take different numbers of steps */
    Inputs inputs;
    double seconds, cpu_seconds;
    int64_t arena_bytes; /* the largest plan */
} RankResult;

/* NASC_OK also when interrupted (result->interrupted) or when single candidates failed. */
NascStatus rank_run(const RankJob *job, RankResult *result, NascError *err);
void rank_free(RankResult *result);

/* Order of the report: score (or, of sizes only, live_macs) descending, failures last, ties by text.
 * Malloc'd numbers of candidates. */
size_t *rank_order(const RankResult *r);

#endif
