/* The evaluator's owner, shared by the files that keep what program.h promises: a loaded program,
 * which never changes while candidates are built, and sessions, one for each question asked of it.
 *
 * A session lives in an arena and is used by one thread. What two sessions share is the program:
 * trees, settings, and its diagnostics, which a session adds to under the program's lock when it
 * ends. Spaces and proxies with arguments are kept as the action that names them and evaluated anew
 * in every session, so that no frame or closure ever belongs to two threads.
 */
#ifndef NASC_FRONTEND_HOST_H
#define NASC_FRONTEND_HOST_H

#include <pthread.h>

#include "frontend/eval.h"
#include "frontend/parse.h"

typedef struct FileUse {
    size_t file;       /* index of Program.files */
    const char *alias; /* NULL: its names become visible themselves */
} FileUse;

typedef struct ProgramFile {
    const char *path;
    Ast *tree;
    VEC(FileUse) uses;
} ProgramFile;

/* A top-level parameter and what the command line made of it. */
typedef struct Setting {
    const Ast *param;
    size_t file;
    bool set;
    Value value;     /* if set and a scalar */
    const Ast *expr; /* if set and anything else: evaluated in the file's frame */
} Setting;

struct Space {
    Program *program;
    const Ast *definition; /* AST_SPACE */
    size_t file;
    const Ast *action; /* AST_RANK of the main file that gives it arguments; NULL: none are given */
    size_t set;        /* the number of its candidates there */
    bool inner_choices; /* decisions may stand in bodies: found only by building the networks */
    const Ast *input, *network, *costs, *encoding; /* members, or NULL */
    const char **network_names;
    size_t nnetworks;
    struct LeafTable *leaves;             /* sample.c; made under the program's lock */
    const struct DistinctTable *distinct; /* sample_distinct.c; likewise, NULL until listed */
};

struct Proxy {
    Program *program;
    const Ast *definition; /* AST_PROXY */
    size_t file;
    const Ast *action;    /* as for a space */
    pthread_mutex_t lock; /* the run part belongs to one session at a time */
    Arena run_arena, view_arena;
    EvalRun *run;
    struct ProxyPrimed *primed; /* by space */
    int64_t repeats;
    Space *space;        /* its decisions, or NULL: it has none */
    const char *choices; /* text that makes them, before any of the action; NULL: none */
    ProgramParam *settings;
    size_t nsettings;
    struct Proxy *next; /* of the program's */
};

struct Program {
    Arena arena;
    SourceSet sources;
    DiagSink diags;
    Syntax syntax;
    pthread_mutex_t lock; /* diags and arena, once the program is loaded */
    const char *lib_dir;
    VEC(ProgramFile) files; /* 0 is the main file */
    VEC(Setting) settings;
    VEC(ProgramParam) params;
    VEC(Space *) spaces; /* visible in the main file */
    VEC(Space *) others; /* with arguments, or out of sight */
    Proxy *proxies;
    Action *actions;
    size_t nactions;
    bool actions_done;
    const char *default_proxy; /* its name, NULL until asked for, "" if the library says none */
    bool sound;                /* loaded without a mistake */
    bool inner_choices;        /* somewhere in its files */
};

typedef struct Session Session;

/* Who answers when the evaluator asks for a decision: an index, or -1 to refuse. */
typedef struct Oracle {
    void *user;
    int64_t (*pick)(void *user, Session *s, const char *address, const EvalDomain *d);
} Oracle;

/* A point being made: one entry a decision, in the order in which they were asked for. */
typedef struct Point {
    Genotype genotype; /* addresses in the session's arena; freed with the session */
    VEC(const char *) texts;
} Point;

struct Session {
    Program *program;
    Arena *arena;
    DiagSink diags;
    Eval *eval;
    IrGraph *graph;
    Frame *base;    /* functions that only programs have: draw, sgd, macs, .. */
    Frame **frames; /* by file, NULL until needed */
    Oracle oracle;
    Point point;
    bool refused;     /* a decision was asked for and not given */
    const Ast *proxy; /* whose decisions are those of proxy_point, or NULL */
    const Architecture *proxy_point;
    struct SpaceUse *uses;
    struct NetworkUse *nets;
};

typedef struct SessionConfig {
    Arena *arena;
    IrGraph *graph; /* NULL: one is made */
    EvalRun *run;
    EvalMode mode;
    Oracle oracle;
    const char *architecture; /* named in diagnostics */
    bool unnamed;             /* as EvalConfig */
} SessionConfig;

void session_begin(Session *s, Program *p, const SessionConfig *config);
/* Adds the session's diagnostics to the program's (unless quiet) and frees what is not in the
 * arena. Returns whether there was no error. */
bool session_end(Session *s, bool quiet);
/* Adds what went wrong first, with its place in the program, in one line; false if nothing did. */
bool session_first_problem(const Session *s, Buf *out);
Frame *session_file_frame(Session *s, size_t file);
bool session_failed(const Session *s);
/* Adds diagnostics to the program's, under its lock. */
void program_adopt(Program *p, const DiagSink *from);

/* A space in a session: its arguments and, once somebody needs it, its frame. */
typedef struct SpaceUse {
    const Ast *definition;
    size_t file;
    const EvalArg *args; /* NULL: none given */
    size_t nargs;
    const EvalArg *pins; /* of a proxy: values that stand for choices */
    size_t npins;
    Place place;  /* where it is named */
    Frame *frame; /* NULL until it is opened */
    bool wrong;   /* the arguments do not fit: reported */
    struct SpaceUse *next;
} SpaceUse;

/* EvalNetwork.user: what is known of a network value in this session. */
typedef struct NetworkUse {
    EvalNetwork network;
    SpaceUse *space;
    const Ast *declaration; /* AST_NETWORK */
    const IrSizes *sizes; /* given by the owner (a proxy's net), or NULL: counted when asked for */
    int64_t taps;         /* -1: counted when asked for */
    bool counting;
    struct NetworkUse *next;
} NetworkUse;

typedef struct ProxyUse {
    const Ast *definition;
    size_t file;
    const EvalArg *args;
    size_t nargs;
    int64_t repeats;
    const char *choices; /* text that makes its decisions, or NULL */
    const EvalArg *pins; /* values that stand for choices */
    size_t npins;
} ProxyUse;

typedef struct CandidatesUse {
    CandidatesKind kind;
    SpaceUse *space;
    int64_t n;
    uint64_t sample;
    const char *table, *metric, *format;
    bool smaller_is_better, drop_overlap, distinct;
    const char *const *list;
} CandidatesUse;

/* SGD as a value: what `by:` takes. */
typedef struct OptimizerUse {
    double lr, momentum;
    Value decay; /* a number or a function of a parameter */
    Place place;
} OptimizerUse;

extern const char TAG_ENGINE;
extern const char TAG_SPACE, TAG_PROXY, TAG_CANDIDATES, TAG_OPTIMIZER, TAG_FUNCTION;
void *opaque_data(Value v, const void *tag); /* NULL if v is no opaque of that tag */

/* Spaces (space.c). */
Space *program_space_of(Program *p, const Ast *definition, size_t file, const Ast *action,
                        size_t set);
SpaceUse *session_space_definition(Session *s, const Ast *definition, size_t file,
                                   const EvalArg *args, size_t nargs, Place place);
/* Makes the frame; false if the arguments do not fit, which is reported once. */
bool space_open(Session *s, SpaceUse *use);
/* The space as evaluated in this session, open; NULL after a report. */
SpaceUse *session_space(Session *s, const Space *space);
/* name NULL: the scored network. NULL if there is none of that name. */
NetworkUse *session_network(Session *s, SpaceUse *use, const char *name);
Value session_network_item(Session *s, SpaceUse *use, const Ast *declaration);
SpaceUse *session_space_of_frame(Session *s, const Frame *frame);
bool session_network_build(Session *s, NetworkUse *net, int64_t batch, Arena *arena, IrModule *out);
const IrSizes *session_network_sizes(Session *s, NetworkUse *net);
int64_t session_network_taps(Session *s, NetworkUse *net);
Value session_input_shape(Session *s, SpaceUse *use, const Ast *declaration);
/* Asks for every decision: those of the space in order of declaration, then, if bodies may hold
 * more and the constraints hold, those met while the networks are built. False if one was refused or wrong. */
bool session_decide_all(Session *s, const Space *space, SpaceUse *use);
/* Index of the first `require` that is false, -1 if all hold, -2 on a mistake. */
int session_first_violated(Session *s, SpaceUse *use);
const Ast *space_require(const Ast *definition, int i);
/* One decision: asked once, then remembered in the session's point. */
int64_t session_decide(Session *s, const char *address, const EvalDomain *d, Place place);
ptrdiff_t point_find(const Point *p, const char *address);

/* Architectures (architecture.c). */
struct Architecture {
    const Space *space;
    const char *text;
    size_t n;
    DecisionView *views;
};
/* Copies the session's point, which is complete, into an architecture. NULL on a mistake in the
 * encoding. */
Architecture *architecture_make(Session *s, const Space *space, SpaceUse *use, Arena *arena);
bool architecture_same_point(const Architecture *a, const Architecture *b);
/* Whether the text is read as the architecture that it was written for; *read: as any at all. */
bool architecture_reads_back(Space *space, const Architecture *a, Arena *scratch, bool *read);
/* What diagnostics call an architecture: its text, or where that is empty the space, whose only one it is. */
const char *architecture_shown(const Architecture *a);
/* The index of a decision of an architecture, or -1. */
int64_t architecture_index(const Architecture *a, const char *address);
enum { PROXY_MAX_REPEATS = 10000 };

/* An oracle that repeats the decisions of an architecture. */
Oracle architecture_oracle(const Architecture *a);
/* As space_sample, without a word where constraints leave nothing. */
Architecture *space_sample_quiet(Space *s, Arena *arena, RandomStream stream, uint64_t index);
RandomStream stream_below(RandomStream s, uint64_t index);

/* Encodings (encoding.c). */
/* The pattern with choices and expressions as the frame has them. */
bool encoding_write(Session *s, Frame *frame, const Ast *encoding, Buf *out);
/* Values found in a text, by address. */
typedef struct Reading {
    const Ast *encoding; /* that is read by, or NULL: the first of the space */
    bool loose;          /* spaces beside punctuation, outside quotation marks, do not matter */
    VEC(const char *) addresses;
    VEC(const char *) values;
    VEC(int64_t) indices; /* -1: not yet looked up */
    size_t assumed;       /* the first ones are not read but supposed */
    const char *pending;  /* a choice that the pattern needs before the text says it, or NULL */
    int64_t pending_values;
    size_t at;         /* byte of the text where it went wrong */
    Buf problem, hint; /* in words; empty if nothing did */
} Reading;
void reading_free(Reading *r);
bool encoding_read(const Space *space, Arena *scratch, const char *shown, const char *text,
                   size_t len, Reading *out, bool quiet);
bool default_read(Arena *arena, const char *text, size_t len, Reading *out);
/* Reports patterns that do not say every choice of the space. */
void encoding_check(Program *p, const Ast *definition);

/* Formats (rows.c). */
/* A format of a space: its own, or one of a file (then *file, else SIZE_MAX); NULL if there is none. */
const Ast *program_format(const Program *p, const Ast *space, const char *name, size_t *file);
size_t program_format_names(const Program *p, const Ast *space, Arena *a, const char ***out);
bool format_defines(const Ast *format, const char *name); /* a value, not elements or a function */

/* Choices in bodies (inner_choices.c). */
bool program_holds_inner_choices(const Program *p);
/* Whether a space may meet some, its arguments aside. */
bool definition_meets_inner_choices(const Program *p, const Ast *definition);
/* Whether a value may be, or hold, a function, layer or anything else with a body. */
bool value_may_hold_choices(Value v);

/* Actions (actions.c). */
void session_bind_functions(Session *s);
Value session_call(void *user, Eval *e, Value callee, const EvalArg *args, size_t n, Place place);
Value action_part(Session *s, const Ast *action, bool proxy);

/* Sets of candidates (candidate_sets.c). */
/* What stands before `by` in a ranking: candidates, a space without choices, or a list of these. Returns how many sets
 * there are, in the session's arena; 0 after a report. */
size_t session_candidates(Session *s, const Ast *action, CandidatesUse ***out);
/* The sets as the program keeps them; NULL after a report. */
const CandidateSet *program_candidate_sets(Session *s, const Ast *action, size_t *n);

/* Proxies (proxy.c). */
/* The proxy as evaluated in this session; NULL after a report. */
ProxyUse *session_proxy(Session *s, const Ast *definition, size_t file, const Ast *action);
Proxy *program_proxy_of(Program *p, const Ast *definition, size_t file, const Ast *action);
void proxies_free(Program *p);
/* A proxy of any file, by name, or NULL. */
const Ast *program_find_proxy(const Program *p, const char *name, size_t *file);

/* An argument as text that says what it is wherever it stands; where that cannot be said, as written. */
void session_argument_text(Session *s, const EvalArg *arg, Buf *out);
/* `name: text, ...` of a call's arguments; those without a name have the parameters' from number `first` on. */
void session_arguments_text(Session *s, const AstList *params, size_t first, const EvalArg *args,
                            size_t n, Buf *out);

/* What a proxy trains and measures (proxy_train.c): fills trainings, measures, passes, steps and the module. */
bool proxy_roots(Session *s, Frame *f, const Ast *definition, ProxyBuild *out);
/* What a node depends on, as a mark by number. */
bool *proxy_reached(Arena *arena, const IrGraph *g, IrRef from);

/* Derived proxies (program_derive.c). */
void program_derive(Program *p);

/* Parameters (program_params.c). */
bool program_set(Program *p, const ProgramOptions *options, NascStatus *status, NascError *err);
Value session_param(Session *s, Frame *frame, const Ast *param);

#endif
