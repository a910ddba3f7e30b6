/* A checked program, and what a user of the frontend can ask of it. This is the whole interface between
 * the language and the rest: the runtime sees spaces, architectures, graphs and actions, never syntax. */
#ifndef NASC_FRONTEND_PROGRAM_H
#define NASC_FRONTEND_PROGRAM_H

#include "base/philox.h"
#include "frontend/diag.h"
#include "ir/passes.h"
#include "ir/space.h"

typedef struct Program Program;

typedef struct ProgramParam {
    const char *name, *help, *value; /* value: as it would be written on a command line */
    bool set;                        /* given on the command line */
} ProgramParam;

/* Whether all that is wrong are values of settings from the command line, where the program uses them. */
bool program_settings_refused(const Program *p);

typedef struct ProgramOptions {
    const char *lib_dir;         /* where `use NAME;` looks */
    const char *const *settings; /* "name=value" from the command line */
    size_t nsettings;
    uint64_t seed;
} ProgramOptions;

/* Parses, checks and evaluates the top level. Never NULL; look at diags->errors. A wrong name=value is
 * NASC_USAGE_ERROR in *status, a missing file NASC_ENVIRONMENT, mistakes in the program
 * NASC_PROGRAM_ERROR. `text` NULL: read from path. */
Program *program_load(const char *path, const char *text, size_t len, const ProgramOptions *options,
                      NascStatus *status, NascError *err);
void program_free(Program *p);
DiagSink *program_diags(Program *p);
const SourceSet *program_sources(const Program *p);
size_t program_params(const Program *p, const ProgramParam **out);

/* Spaces visible in the main file, in order of definition. */
typedef struct Space Space;
size_t program_spaces(Program *p, Space ***out);
/* The space that commands without a name mean: the first one of the first action, else the last one of the main
 * file; NULL (with a diagnostic) if there is none. */
Space *program_default_space(Program *p);
const char *space_name(const Space *s);

/* An architecture: a point of a space. `arch` text is the space's encoding or the default notation;
 * space_parse accepts both. NULL with a diagnostic (or, with diags muted by quiet, just NULL) if the text
 * is no point of the space. Architectures live in `arena`. */
typedef struct Architecture Architecture;
Architecture *space_parse(Space *s, Arena *arena, const char *text, size_t len, bool quiet);
/* Adds why a text is no architecture, in one line: where it stops reading, or what it breaks. */
void space_explain(Space *s, const char *text, size_t len, Buf *out);
const char *architecture_text(const Architecture *a);
/* How points are drawn, in words: "uniform over satisfying points" or "not uniform: ..". */
const char *space_law(Space *s);
bool space_uniform(Space *s);
/* The number of points within the constraints, where each is drawn as often as any other and they are counted
 * at once; else -1. */
int64_t space_points(Space *s);
/* Draws point number `index` of the stream: by priors, within the constraints. NULL with a diagnostic that names
 * the constraints at fault if they leave nothing, or so little that nothing is found. */
Architecture *space_sample(Space *s, Arena *arena, RandomStream stream, uint64_t index);
/* Lists the distinct architectures: points up to the symmetries of the space, one standing for each. False with a
 * diagnostic at `place` (file UINT32_MAX: where the space is defined) if they are out of reach, without one if
 * interrupted. Where no symmetry is stated and points are drawn uniformly, the points are the architectures. */
bool space_list_distinct(Space *s, Place place, const volatile int *interrupt);
/* As space_sample, space_law and space_points, of the distinct architectures listed before. */
Architecture *space_sample_distinct(Space *s, Arena *arena, RandomStream stream, uint64_t index);
const char *space_distinct_law(Space *s);
int64_t space_distinct_points(Space *s);
/* Changes each decision with probability `rate`, at least one; stays inside the constraints. Where that finds
 * nothing, another point is drawn. */
Architecture *space_mutate(Space *s, Arena *arena, const Architecture *a, RandomStream stream,
                           uint64_t index, double rate);
/* The decisions of an architecture: address ("edge[1,0]"), chosen value as text, number of values. */
typedef struct DecisionView {
    const char *address, *value;
    int64_t index, count;
} DecisionView;
size_t architecture_decisions(const Architecture *a, const DecisionView **out);
typedef enum SpaceCountKind {
    SPACE_RAW,        /* the product of the domains, over every way the domains can be */
    SPACE_SATISFYING, /* within the constraints */
    SPACE_DISTINCT,   /* of them, up to the symmetries the space states */
    SPACE_NETWORKS,   /* of them, different canonical networks */
    SPACE_COUNTS,
} SpaceCountKind;

/* What a count may do. */
typedef struct CountOptions {
    bool exact; /* networks: every one of up to ten million is built, for minutes */
    const volatile int *interrupt;                            /* or NULL */
    void (*progress)(void *user, size_t built, size_t total); /* or NULL */
    void *user;
} CountOptions;

/* n NULL: out of reach (or not asked). Not exact: an estimate, with a 95 % interval lo .. hi. */
typedef struct SpaceCount {
    const char *n, *lo, *hi; /* decimal, in the arena */
    bool exact;
    bool of_distinct; /* networks: of one point for each distinct architecture, not of all points */
    bool
        none_alike; /* networks: no two of those drawn are the same, hi is far from lo, and n is lo */
    const char *why; /* out of reach */
} SpaceCount;

/* wanted: bits of SpaceCountKind; options NULL: none. Takes seconds to a minute for large spaces; ends early, with what
 * is missing out of reach, when *interrupt becomes non-zero. */
void space_count(Space *s, unsigned wanted, Arena *arena, const CountOptions *options,
                 SpaceCount out[SPACE_COUNTS]);
/* Number of raw points as a decimal text, or NULL if choices stand in bodies. */
const char *space_raw_count(Space *s, Arena *arena);
/* Hash of the decisions (not of the network). */
Hash128 architecture_key(const Architecture *a);

/* Builds a network of an architecture as a source graph for a batch of `batch` images: input 0 is the
 * image, roots are "out" and then the taps, deepest first. name NULL: the scored network. False with
 * diagnostics (place, architecture) if shapes do not meet. */
bool space_network(Space *s, const Architecture *a, const char *name, int64_t batch, Arena *arena,
                   IrModule *out);
/* The same, but its weights have no names: for sizes and hashes. */
bool space_network_to_measure(Space *s, const Architecture *a, const char *name, int64_t batch,
                              Arena *arena, IrModule *out);
/* A row of a table that no published notation covers: a JSON value, with its key if it is a member of an
 * object (both as they stand in the file), or the cells of a line with the names of their columns. */
typedef struct RowText {
    const char *json, *key; /* json NULL: cells */
    size_t len, key_len, ncolumns;
    const char *const *columns, *const *fields;
} RowText;
/* What a format of the space (Action.format) makes of a row: the text of an architecture, in arena, and
 * the metric. False with the problem in words. */
bool space_read_row(Space *s, const char *format, const char *metric, const RowText *row,
                    Arena *arena, const char **arch, double *value, Buf *problem);

/* Names of declared networks other than the scored one; the one `costs` names, or NULL. */
const char *space_cost_network(const Space *s);
size_t space_networks(const Space *s, const char *const **names);
/* Builds every alternative of every decision at least once, and pairs of them, those that change
 * shapes first, as far as a bounded number of operations goes, which the nspaces spaces of the
 * program share; diagnostics as for a run. */
void space_check_all(Space *s, size_t nspaces);

/* A proxy, applied to its arguments (a value of the top level). */
typedef struct Proxy Proxy;
/* The name of the library's proxy that stands where none is named, which its default.nas uses; "" if it says none. */
const char *program_default_proxy_name(Program *p);
/* Of the first action, else that one; NULL with a diagnostic. */
Proxy *program_default_proxy(Program *p);
const char *proxy_name(const Proxy *p);
int64_t proxy_repeats(const Proxy *p);
/* The decisions of a proxy, as a space without networks: sampled, read, written, mutated, hashed like
 * any other. NULL if it has none. A point's text, given as the setting `choices`, makes them:
 * `by wide(choices: "lr=0.5,taps=2")`. */
Space *proxy_space(Proxy *p);
/* Settings after defaults, "lr" -> "1.2", for reports. */
size_t proxy_settings(Proxy *p, const ProgramParam **out);

/* The proxy with its decisions made by the text of a point of its space: a proxy of its own, to be closed. NULL if
 * it has no decisions. */
Proxy *proxy_open(Proxy *base, const char *choices);
void proxy_close(Proxy *p);
/* The proxy and its arguments as a call that means the same wherever its file's names are visible; arguments that
 * are functions stand as they were written. `choices` is added unless NULL. */
void proxy_call_text(Proxy *p, const char *choices, Buf *out);
/* A `use` statement for the file that defines it. */
void proxy_use_text(const Proxy *p, Buf *out);
void space_use_text(const Space *s, Buf *out);

/* What a batch of images is asked for: the proxy's per-run part names it by a source text. */
typedef struct ImageRequest {
    const char *source; /* "dead_leaves", "noise", "cifar10:PATH", "folder:PATH" */
    int64_t count, channels, height, width;
    bool augment;    /* pad 4, random crop, horizontal flip */
    bool normalise;  /* per channel, CIFAR-10 mean and deviation */
    int64_t classes; /* 0: the images; else their labels, 0 .. classes - 1, one number an image */
    Place place;
} ImageRequest;

/* The run part: a graph of everything declared `per run` that candidates use. Its inputs are image
 * requests (slot = index into `images`); its roots are the values that candidate graphs take as inputs
 * (ProxyBuild.imports). More roots may appear as further candidates are built: look again after each proxy_build. */
typedef struct ProxyRun {
    const IrModule *module;
    const ImageRequest *images;
    size_t nimages;
} ProxyRun;
ProxyRun proxy_run(Proxy *p);

/* SGD as PyTorch defines it: v <- momentum v + (g + decay w), w <- w - lr v. */
typedef struct TrainParam {
    IrRef leaf; /* a `param` of the module */
    double lr, momentum, decay;
    /* Of the module, that is taken for the gradient: of a statistic; 0: the loss is differentiated. */
    size_t root;
} TrainParam;

/* Forward passes of one loss. Each is followed by an update, but for the very last one of a proxy; momenta begin at 0. */
typedef struct ProxyTraining {
    int64_t steps; /* forward passes */
    size_t nparams;
    TrainParam *params;
} ProxyTraining;

typedef struct ProxyMeasure {
    const char *name;
    int64_t element; /* of a measure with an index; else -1 */
    bool at_end;     /* not measured at passes of trainings, but at one after the last update */
} ProxyMeasure;

/* Normal numbers that are new at every forward pass: input slot PROXY_NOISE_SLOT + i of the module. Element k at
 * pass `step` is number k of the stream (seed, repeat, RANDOM_NOISE, proxy_noise_identity(key, step)). */
#define PROXY_NOISE_SLOT ((uint64_t)1 << 32)
typedef struct ProxyNoise {
    double mean, deviation;
    Hash128 key;
} ProxyNoise;
static inline Hash128 proxy_noise_identity(Hash128 key, int64_t step) {
    return hash128_combine(key, (Hash128){.hi = 0, .lo = (uint64_t)step});
}

/* One candidate under the proxy: roots of `module` are, in order, the losses of the trainings, then the
 * measures. The graph is a source graph: not yet canonical. */
typedef struct ProxyBuild {
    IrModule module;
    size_t ntrainings; /* one after the other on the same weights; none: a single forward pass */
    ProxyTraining *trainings;
    int64_t passes;   /* at which what is not `at end` is measured */
    int64_t steps;    /* all forward passes: one more if something is measured at the end */
    size_t nmeasures; /* measure 0 is what `losses` reports */
    const ProxyMeasure *measures;
    size_t nstatistics; /* roots after the measures: what changes running statistics */
    size_t nnoises;
    const ProxyNoise *noises;
    size_t nimports; /* input slot k of the module is root imports[k] of the run part */
    const size_t *imports;
    /* Computed by the reference executor in double: the proxy says so, or no kernel can. */
    bool reference;
    bool observes;            /* looks at parameters or uses: see proxy_observes */
    struct ProxyScore *score; /* opaque: the score expression, waiting for measured values */
} ProxyBuild;
/* sizes: of the network that the space declares for costs, else of the scored one. */
bool proxy_build(Proxy *p, Space *s, const Architecture *a, const IrSizes *sizes, Arena *arena,
                 ProxyBuild *out);
/* Whether the proxy, on networks of the space, looks at parameters or uses of an operation. Networks that are the same
 * function then may differ in score: what counts is the canonical form of the whole built module. */
bool proxy_observes(Proxy *p, Space *s);
/* The score, larger = better, from values[step * nmeasures + measure], steps counted through all trainings. NaN if it
 * is not a number. */
double proxy_score(ProxyBuild *b, const double *values);
/* The score as it would be had nothing measured changed after step `step` (1 = first); at the last step the
 * score itself. Says nothing of what is wrong with it: NaN then. */
double proxy_score_after(const ProxyBuild *b, const double *values, int64_t step);
/* The same as proxy_score by the score of another proxy whose trainings are the same. */
double proxy_score_by(Proxy *p, const ProxyBuild *b, const double *values);

/* Actions of the top level, in order. */
typedef enum ActionKind { ACTION_RANK, ACTION_SEARCH } ActionKind;

/* Who proposes points in a search. Point t is bred from the results of points up to t - lag, so results do not
 * depend on how many are worked on at once. */
typedef struct SearchEngine {
    bool random;        /* every point is drawn; else regularised evolution */
    int64_t budget;     /* points in all */
    int64_t population; /* random ones at first; later parents come from so many last points */
    int64_t tournament; /* the best of so many is the parent */
    double mutation;    /* probability that a decision changes */
    int64_t lag;
    uint64_t seed;
} SearchEngine;

typedef enum CandidatesKind { CANDIDATES_DRAWN, CANDIDATES_TABLE, CANDIDATES_LIST } CandidatesKind;
/* Architectures of one space. */
typedef struct CandidateSet {
    Space *space;
    const char *name; /* of the space, in reports; of several sets with its arguments */
    CandidatesKind kind;
    int64_t n;          /* how many; more than there are: all */
    uint64_t sample;    /* the seed that draws rows or points */
    bool distinct;      /* points: uniformly over distinct architectures */
    const char *table;  /* path, for CANDIDATES_TABLE */
    const char *metric; /* column name or NULL: the second column; with a format: what it defines */
    const char *format; /* how rows are read (space_read_row); NULL: architecture in column 1 */
    bool smaller_is_better;
    const char *const *list; /* CANDIDATES_LIST: architectures */
    bool drop_overlap; /* of an evaluation: networks of the selection are left out, not an error */
    const char *space_text; /* the space's name, or NULL if it has arguments */
} CandidateSet;

typedef struct Action {
    Place place;
    Proxy *proxy;
    const CandidateSet *sets; /* one, or in a ranking several, each of a space of its own */
    size_t nsets;

    /* ACTION_SEARCH: above stand one selection set and a proxy whose choices are open. */
    ActionKind what;
    const char *name;         /* of what is found */
    bool kendall, per_second; /* the coefficient; whether cost is weighed */
    SearchEngine engine;
    const struct Action *evaluation; /* a ranking by the same proxy, or NULL */
    const struct Action *against;    /* the same architectures by a fixed proxy, or NULL */
} Action;
size_t program_actions(Program *p, const Action **out);

#endif
