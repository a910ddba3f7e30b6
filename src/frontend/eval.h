/* The evaluator: syntax tree in, values and staged tensor IR out.
 *
 * One Eval is one evaluation session (the top level of a program, one candidate, one score); it
 * lives in an arena, is used by one thread and is thrown away with the arena. Definitions are
 * evaluated when somebody needs them and remembered per frame and index. A mistake is reported once
 * in the session's sink; its value is poison from then on. Nothing is shared between sessions but
 * the tree (read only) and an EvalRun, whose owner keeps it to one session at a time.
 */
#ifndef NASC_FRONTEND_EVAL_H
#define NASC_FRONTEND_EVAL_H

#include "frontend/diag.h"
#include "frontend/program.h"
#include "frontend/value.h"
#include "ir/space.h"

typedef struct Eval Eval;
typedef struct EvalDomain EvalDomain;
typedef struct EvalRun EvalRun;

/* An argument of a call: name NULL if positional. */
typedef struct EvalArg {
    const char *name;
    Value value;
    Place place;
} EvalArg;

/* A network of a space, ready to be applied: `layer` is evaluated in `space` at each application,
 * so that an application makes fresh weights unless `shared`. Applying it gives the record {out,
 * taps}, taps deepest first; where a tensor is wanted the record stands for its `out`. */
typedef struct EvalNetwork {
    const char *name; /* of the space or network, for leaf names and messages */
    Frame *space;
    const Ast *layer;
    Place place;
    void *user; /* of the host */
} EvalNetwork;

/* What a session asks of its owner. Every function may report diagnostics and return poison. */
typedef struct EvalHost {
    void *user;
    /* The index of the value that a decision takes, 0 <= index < domain count; -1 = refused,
     * already reported (or silently: the value becomes poison). address: "edge[1,0]", copied by who
     * keeps it. */
    int64_t (*decide)(void *user, Eval *e, const char *address, const EvalDomain *domain,
                      Place place);
    /* The value of a name whose declaration is AST_SPACE, AST_PROXY, AST_PARAM (of the top level),
     * AST_INPUT or AST_NETWORK; asked once per frame. */
    Value (*item)(void *user, Eval *e, Frame *frame, const Ast *item);
    /* value(args) and value.name for VALUE_OPAQUE; fields of VALUE_NETWORK (params, macs,
     * live_macs, counted_macs, input, taps, space). Returns false if there is no such field. */
    Value (*call)(void *user, Eval *e, Value callee, const EvalArg *args, size_t n, Place place);
    bool (*field)(void *user, Eval *e, Value of, const char *name, Place place, Value *out);
} EvalHost;

typedef enum EvalMode {
    EVAL_BUILD, /* numbers and tensors; a measure is its tensor */
    EVAL_SCORE, /* after the run: measures are series, tensors have no value */
} EvalMode;

typedef struct EvalConfig {
    Arena *arena;
    DiagSink *diags;
    EvalHost host;
    EvalMode mode;
    IrGraph *graph; /* the candidate's graph; NULL: tensors cannot be made */
    EvalRun *run;   /* the run part; NULL: `per run` definitions cannot make tensors */
    bool unnamed;   /* weights get no names: for networks that nobody sees */
} EvalConfig;

Eval *eval_new(const EvalConfig *config);
void *eval_user(const Eval *e);
Arena *eval_arena(Eval *e);
DiagSink *eval_diags(Eval *e);

/* Frames: what names mean. A frame holds the declarations in `members` (AST_DEFINITION, AST_CHOICE,
 * AST_SHARED, AST_MEASURE, AST_PARAM, AST_INPUT, named AST_NETWORK, AST_SPACE, AST_PROXY; those
 * inside AST_PER_RUN and AST_PER_ARCHITECTURE belong to it too; other kinds are passed over), then
 * its bindings, its imports, and last its parent's names. Bindings win over members: an argument
 * hides the declaration it fills. `label` names the frame in addresses and leaf names; NULL or ""
 * for a space or a file. The parent of a file's frame is NULL: builtins come after everything. */
Frame *eval_frame(Eval *e, Frame *parent, const AstList *members, const char *label);
/* `name` need not be interned. */
void frame_bind(Eval *e, Frame *f, const char *name, Value v);
/* All names of `other` (not of its parents) become visible after f's own: `use NAME;`. */
void frame_import(Eval *e, Frame *f, Frame *other);
/* Binds call arguments to parameters (AST_PARAM list) of a space, proxy or function; defaults are
 * evaluated in f when needed. Reports missing, unknown and doubled arguments; false if any. first:
 * parameters already bound by the host (a proxy's net). */
bool frame_bind_args(Eval *e, Frame *f, const AstList *params, size_t first, const EvalArg *args,
                     size_t n, Place place, const char *callee);
/* The declaration a name has in exactly this frame (no imports, no parents), or NULL. */
const Ast *frame_declaration(Eval *e, Frame *f, const char *name);

/* Evaluation. Poison on a mistake. */
Value eval_expr(Eval *e, Frame *f, const Ast *expr);
/* The value of a name as seen from f; reports an unknown name at `place`. */
Value eval_name(Eval *e, Frame *f, const char *name, Place place);
/* Like eval_name, but false instead of a report if there is no such name in f, its imports or
 * parents. */
bool eval_find(Eval *e, Frame *f, const char *name, Value *out);
/* A value that holds functions as an expression that means the same wherever it stands; false, with nothing put, if
 * there is none. */
bool eval_closed_text(Eval *e, Value v, Buf *out);
/* All elements of a definition with indices as a list, absent ones as none; false after a report. */
bool eval_elements(Eval *e, Value v, Place place, Value *out);
/* Evaluates AST_ARG items in order. The caller frees nothing (arena). */
const EvalArg *eval_args(Eval *e, Frame *f, const AstList *args);
/* Calls a function, layer, builtin or opaque value. */
Value eval_call(Eval *e, Value callee, const EvalArg *args, size_t n, Place place);
/* x -> f */
Value eval_apply(Eval *e, Value x, Value f, Place place);

/* Conversions that report what was wanted ("`what` must be an integer"); false on a mistake. */
bool eval_int(Eval *e, Value v, Place place, const char *what, int64_t lo, int64_t hi,
              int64_t *out);
bool eval_number(Eval *e, Value v, Place place, const char *what, double *out);
bool eval_bool(Eval *e, Value v, Place place, const char *what,
               bool *out); /* none reads as false */
bool eval_text(Eval *e, Value v, Place place, const char *what,
               const ValueString **out); /* strings, alternatives */
/* The value as a node of the candidate's graph: numbers become constants, a network's record its
 * `out`, run tensors inputs. */
bool eval_node(Eval *e, Value v, Place place, const char *what, IrRef *out);
/* The same, and a mistake if it has axes. */
bool eval_scalar_node(Eval *e, Value v, Place place, const char *what, IrRef *out);

/* Calls fn for each element of the binders' product that meets `cond` (may be NULL), outermost
 * binder slowest. `inner` has the binders' names bound and f as its parent; indices[i] is the value
 * of binder i. Stops when fn returns false. Returns false on a mistake or if stopped. */
typedef bool EvalEach(void *user, Eval *e, Frame *inner, const Value *indices, size_t n);
bool eval_each(Eval *e, Frame *f, const AstList *binders, const Ast *cond, EvalEach *fn,
               void *user);

/* Choices. A domain is made for one element of a choice (indices bound). */
struct EvalDomain {
    Domain domain; /* count, prior, for ir/space */
    const Ast *choice;
    Frame *frame;   /* where alternatives are evaluated */
    Value elements; /* AST_DOMAIN: range or list of values; AST_DOMAIN_SUBSET: list; else none */
};
/* NULL on a mistake. indices: of the element, as the choice's binders say. */
const EvalDomain *eval_domain(Eval *e, Frame *f, const Ast *choice, const Value *indices, size_t n);
/* The value of an index. An alternative with parameters is a function until called. */
Value domain_value(Eval *e, const EvalDomain *d, int64_t index);
/* "nor_conv_3x3", "5", "0.6", "true", "a+b" or "-" for an empty subset. */
void domain_text(Eval *e, const EvalDomain *d, int64_t index, Buf *b);
/* The inverse; -1 if no value is written so. */
int64_t domain_index(Eval *e, const EvalDomain *d, const char *text, size_t len);
/* The value that begins at text and is the longest that fits: bytes used in *used, or -1. */
int64_t domain_match(Eval *e, const EvalDomain *d, const char *text, size_t len, size_t *used);

/* What choice an expression names: `edge[j, i]`, `width`. False (nothing reported) if it is none.
 * `absent`: the condition of the choice leaves this element out. */
typedef struct EvalChoiceRef {
    const Ast *choice;
    Frame *frame; /* that declares it */
    const Value *indices;
    size_t nindices;
    const char *address;
    bool absent;
} EvalChoiceRef;
bool eval_choice_ref(Eval *e, Frame *f, const Ast *expr, EvalChoiceRef *out);
/* "edge[1,0]" for an element of a choice of frame f. */
const char *eval_address(Eval *e, Frame *f, const char *name, const Value *indices, size_t n);

/* Leaves that a proxy trains: what `decay: p => ...` sees, and every `param` leaf made so far in
 * the candidate's graph, in order of creation. */
typedef struct EvalLeaf {
    IrRef node;
    IrRef value; /* what the network uses: node, or what `init: w => ...` makes of it */
    const struct Path *path;
    const char *op;   /* conv, dense, batch_norm */
    const char *role; /* weight, bias, scale, shift */
    bool frozen;
} EvalLeaf;
size_t eval_leaves(Eval *e, const EvalLeaf **out);
/* A running statistic of a batch norm: its leaf, what an update takes off it (in part), and the batch it follows. */
typedef struct EvalStatistic {
    IrRef leaf, change, input;
} EvalStatistic;
/* Adds the changes to the graph: asked once, when all losses are there. False after a report. */
bool eval_statistics(Eval *e, size_t *n, const EvalStatistic **out);
/* Whether the session has looked at parameters or uses: then what it computes depends on the
 * network as written, not only on the function that the network is. */
bool eval_observes(const Eval *e);
/* What `noise(...)` made, in the order of its slots. */
size_t eval_noises(const Eval *e, const ProxyNoise **out);
/* By input slot of the candidate, the root of the run part that it takes. */
size_t eval_imports(const Eval *e, const size_t **out);
/* The record a function of parameters is given: rank, op, role, size; it stands for its value. */
Value eval_leaf_record(Eval *e, const EvalLeaf *leaf);

/* The run part of a proxy, kept while candidates come and go: evaluating `per run` definitions
 * again finds the nodes that are there. One session at a time may use it. */
EvalRun *eval_run_new(Arena *arena);
/* Everything candidates have asked for so far. */
ProxyRun eval_run_view(EvalRun *run);

/* Applies a network (or any layer) to an input image node of the candidate's graph: out, then taps,
 * deepest first, as roots of a module in arena. */
bool eval_network(Eval *e, Value network, IrRef input, Place place, Arena *arena, IrModule *out);

#endif
