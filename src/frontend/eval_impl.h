/* What the files of the evaluator share; nobody else includes it. */
#ifndef NASC_FRONTEND_EVAL_IMPL_H
#define NASC_FRONTEND_EVAL_IMPL_H

#include "frontend/eval.h"

/* Memory from 128-bit keys to pointers; grows in the session's arena, nothing is ever removed. */
typedef struct EvalMap {
    struct EvalSlot *slots;
    unsigned char *marks; /* of the slots; 0: free */
    size_t cap, len;
} EvalMap;
void **map_slot(Arena *a, EvalMap *m, Hash128 key); /* the place for a value; *place NULL if new */
void *map_get(const EvalMap *m, Hash128 key);

/* A step of a path of uses. Paths are hash-consed: the same steps give the same Path, and so the
 * same weights. */
typedef enum PathKind {
    PATH_ROOT,
    PATH_SITE,       /* an application or call: key = number of the tree node */
    PATH_ELEMENT,    /* an element of a loop: key = loop, indices = its binders */
    PATH_ITEM,       /* item of a chain or sum, turn of a repeat: key = tree node, index = number */
    PATH_DEFINITION, /* a definition of the frame whose path is the parent */
    PATH_INSTANCE,   /* like it, for `shared` */
    PATH_NETWORK,    /* a network begins: decisions below are named from here */
} PathKind;

typedef struct Path {
    struct Path *parent;
    PathKind kind : 8;
    bool has_stable;
    uint32_t id, ordinal, children; /* ordinal: number among the parent's non-definitions */
    const char *label;              /* what it adds to names, or NULL */
    union {                         /* by kind */
        const Ast *site;            /* PATH_SITE: where the use stands in the text, or NULL */
        const ValueList *values;    /* PATH_ELEMENT: of the binders */
        int64_t index;              /* PATH_ITEM */
        struct {
            const Ast *ast;
            const struct Scope *scope;
        } definition; /* PATH_DEFINITION, PATH_INSTANCE */
    } of;
    Hash128 indices; /* hash of them */
    Hash128 stable;  /* set if has_stable */
} Path;

/* `net with relu: swish`: layers that stand for builtin ones; those around them win. */
typedef struct Override {
    const struct Builtin *of;
    Value layer;
} Override;

typedef struct Overrides {
    const Override *items;
    size_t len;
    uint32_t id; /* never 0 */
    const struct Overrides *outer;
} Overrides;

/* What holds while something is evaluated; a frame remembers it for what it evaluates later. */
typedef struct Context {
    Path *path;
    IrInit init;   /* IR_INIT_NONE: not set */
    Value initial; /* a function of a weight as drawn; none: not set */
    const Overrides *overrides;
    bool frozen;
    bool evaluation; /* batch norms use running statistics */
    bool in_run;     /* new tensors belong to the run's graph */
} Context;

typedef struct ScopeEntry {
    const char *name;
    const Ast **decls; /* several for a recurrence given piece by piece */
    size_t len;
    bool in_run;
} ScopeEntry;

enum { MARK_WORDS = 8 };

typedef struct Scope {
    ScopeEntry *entries;
    size_t len;
    uint64_t marks[MARK_WORDS]; /* of the names: what is not among them is not here */
    uint32_t *slots;            /* open addressing by mark: 1 + number of an entry, 0 free */
    size_t nslots;
} Scope;

typedef struct Binding {
    const char *name;
    Value value;
    const Ast *deferred; /* a default, not yet evaluated */
    uint16_t mark;
    bool running;
} Binding;

/* A definition's value, or that of its element: computed once. */
typedef struct Memo {
    enum { MEMO_NEW, MEMO_RUNNING, MEMO_DONE } state;
    Value value;
} Memo;

struct Frame {
    uint32_t id;
    Frame *parent;
    const Scope *scope; /* NULL: no declarations */
    Memo *memos;        /* by its entries: of those without indices; NULL: none yet asked for */
    Binding *bindings;
    size_t nbindings, bindings_cap;
    uint64_t bound; /* marks of their names, modulo 64 */
    Frame **imports;
    size_t nimports;
    Context context;
};

/* What a name means: a binding or a declaration of a frame. */
typedef struct Found {
    Frame *frame;
    Binding *binding; /* or: */
    const ScopeEntry *entry;
} Found;

typedef struct Closure {
    const char *name; /* NULL: anonymous */
    const AstList *params;
    const Ast *body;
    Frame *frame;
    const Ast *ast;
    bool alternative;       /* of a choice with parameters: must be called */
    const char *made_in;    /* the definition or function that gave it, or NULL: for messages */
    struct CallMemo *calls; /* whose results are kept */
    size_t ncalls;
} Closure;

typedef struct Elements {
    Frame *frame;
    const ScopeEntry *entry;
} Elements;

typedef enum LayerKind {
    LAYER_BUILTIN,
    LAYER_CHAIN,  /* items, applied in order */
    LAYER_SUM,    /* items, all applied to the input */
    LAYER_REPEAT, /* items[0], count times */
    LAYER_WITH,   /* items[0] with init */
    LAYER_FROZEN, /* items[0] */
} LayerKind;

typedef struct Layer {
    LayerKind kind;
    Place place;
    const struct Builtin *builtin;
    const struct Call *call;
    Value *items;
    size_t len;
    int64_t count;
    bool evaluation; /* LAYER_WITH, down to noverrides */
    IrInit init;
    Value initial;
    const Override *overrides;
    size_t noverrides;
} Layer;

typedef struct Instance {
    const char *name;
    Path *path;
    Value layer;
    bool in_run;
} Instance;

/* A call of a builtin, its arguments sorted into the slots that its row of builtins.def names. */
enum { CALL_SLOTS = 8 };
typedef struct Call {
    const struct Builtin *builtin;
    Value slot[CALL_SLOTS];
    bool given[CALL_SLOTS];
    Place at[CALL_SLOTS];
    const EvalArg *more; /* further positional arguments, or named ones that are axes */
    size_t nmore;
    Place place;
} Call;

typedef enum BuiltinGroup {
    GROUP_LAYER,
    GROUP_POINT,
    GROUP_TENSOR,
    GROUP_VALUE,
    GROUP_NUMBER,
    GROUP_RULE,
    GROUP_SOURCE,
    GROUP_AGGREGATE,
} BuiltinGroup;

typedef Value BuiltinFunction(Eval *e, const Call *c);
typedef Value BuiltinLayer(Eval *e, const Layer *l, Value x, Place place);

typedef struct Builtin {
    const char *name;
    BuiltinGroup group;
    size_t min, max;
    const char *spec; /* builtins.def */
    BuiltinFunction *function;
    BuiltinLayer *layer;
    IrOp op;                  /* POINT: on tensors */
    double (*number)(double); /* POINT: on numbers */
} Builtin;

#define BUILTIN_MANY ((size_t)-1)
const Builtin *builtin_find(const char *name);
/* A word of a builtin's row: the name of an argument. */
typedef struct SpecWord {
    const char *name;
    size_t len;
    bool quoted, axis, many, any; /* name' and name@ / name@ / name... / * */
} SpecWord;
enum { SPEC_WORDS = 8 };
/* The words of b->spec. */
const SpecWord *builtin_words(const Builtin *b, size_t *n);

/* A definition that is being computed, for the report of a cycle. */
typedef struct Running {
    struct Running *outer;
    const Ast *decl;
    const char *name; /* with indices */
} Running;

/* An application of a builtin layer or function to a tensor. */
typedef struct Use {
    const struct Builtin *builtin;
    Value input, output;
} Use;

/* What a network did with one input: leaves below `path`, and some of the session's uses. */
typedef struct Observation {
    const char *network; /* its name */
    const Path *path;
    size_t first, end;
} Observation;
extern const char TAG_OBSERVATION;
void eval_note_use(Eval *e, const struct Builtin *b, Value input, Value output);

/* A batch norm of the candidate's graph, by its path of uses. */
typedef struct Norm {
    IrRef input; /* of its application in training mode */
    size_t inputs;
    bool evaluated; /* applied in evaluation mode too: by these leaves */
    IrRef mean, variance;
    Place place;
    struct Norm *next;
} Norm;
void eval_note_norm(Eval *e, Value x);
/* (x - running mean) / deviation, then scale and shift unless NULL */
Value evaluated_norm(Eval *e, Value x, double eps, const Value *scale, const Value *shift,
                     Place place);

typedef struct Taps {
    Value *items;
    size_t len, cap;
} Taps;

struct Eval {
    Arena *arena;
    DiagSink *diags;
    EvalHost host;
    EvalMode mode;
    IrGraph *graph;
    EvalRun *run;
    Context now;
    EvalMap memo, paths, scopes, leaves, names, imported;
    uint32_t nframes, npaths;
    int depth;
    int64_t steps;
    bool aborted; /* too deep or too long: everything is poison from here on */
    uint64_t
        traces; /* counts nodes, weights, taps, instances, decisions: what a call leaves behind */
    bool unnamed;
    Taps *taps; /* of the network being applied, or NULL */
    Running *running;
    const char *inside; /* the innermost definition or function being computed that has a name */
    EvalLeaf *leaf;
    size_t nleaves, leaves_cap;
    Use *use;
    size_t nuses, uses_cap;
    EvalMap gradients; /* by the node they are of */
    EvalMap norm_of;   /* path -> Norm */
    Norm *norms;
    uint32_t noverrides;
    bool observes;
    const Lack *lack; /* of the list over which the last empty loop went */
    ProxyNoise *noise;
    size_t nnoises, noises_cap;
    size_t *imports; /* by input slot: the run's root */
    size_t nimports, imports_cap;
};

struct EvalRun {
    Arena *arena;
    IrGraph *graph;
    EvalMap nodes;   /* stable key -> IrRef + 1: leaves, random tensors, inputs */
    EvalMap root_of; /* node -> root number + 1 */
    IrRef *roots;
    const char **root_names;
    size_t nroots, roots_cap;
    ImageRequest *images;
    size_t nimages, images_cap;
    IrModule module;
};

/* Limits that are diagnostics. */
enum {
    EVAL_MAX_DEPTH = 2000,
    EVAL_MAX_STEPS = 4000000,
    EVAL_MAX_REPEAT = 10000,
    EVAL_MAX_LOOP = 1 << 20,
    EVAL_MAX_NODES = 200000,
};

#define REPORT(e, place, code, ...) diag_at((e)->diags, (place), DIAG_##code, __VA_ARGS__)
#define FAIL(e, place, code, ...)                                                                  \
    (diag_at((e)->diags, (place), DIAG_##code, __VA_ARGS__), value_poison())

/* Reports that an aggregate of nothing has no value, and why if that is known. */
Value fail_empty(Eval *e, Place place, const char *aggregate, const Lack *lack);

/* Text of a value in the session's arena, for messages and names. */
const char *eval_show(Eval *e, Value v);
char *eval_take(Eval *e, Buf *b); /* moves a buffer's text into the arena */

/* eval.c: an expression in the present context (eval_expr sets the frame's first). */
Value ev(Eval *e, Frame *f, const Ast *x);
bool eval_enter(Eval *e, Place place, const char *what); /* depth and budget; then leave */
void eval_leave(Eval *e);

/* paths.c */
Path *path_child(Eval *e, PathKind kind, uint32_t key, int64_t index, const Value *indices,
                 size_t n, const char *label);
/* indices: their hash. */
Path *path_of_definition(Eval *e, Path *base, PathKind kind, const Ast *decl, const Scope *scope,
                         Hash128 indices, const char *label);
/* Readable, for leaves; or unambiguous and counted from the network, for decisions. */
const char *path_name(Eval *e, const Path *p, bool for_decision);
Hash128 path_stable(Path *p);
Hash128 indices_hash(const Value *indices, size_t n);
const char *indexed_name(Eval *e, const char *name, const Value *indices, size_t n);
/* The leaf of the present path: the one that is there, or a new one. place: of the application. */
Value eval_leaf(Eval *e, const char *op, const char *role, const IrType *type, IrAttr *attr,
                Place place);
IrInit eval_init(const Eval *e); /* of weights, by the present settings */

/* frames.c */
Frame *frame_new(Eval *e, Frame *parent, const AstList *members);
void frame_reserve(Eval *e, Frame *f, size_t n); /* room for n bindings in a frame without any */
void frame_push(Eval *e, Frame *f, const char *name, Value v, const Ast *deferred);
bool frame_find(Eval *e, Frame *f, const char *name, Found *out);
Value found_value(Eval *e, Found found, Place place);
/* A builtin, or a mistake. */
Value name_of_no_frame(Eval *e, Frame *f, const char *name, Place place);
Value elements_get(Eval *e, const Elements *el, const Value *indices, size_t n, Place place);
/* All elements in order, absent ones as none; false on a mistake. */
bool elements_list(Eval *e, const Elements *el, Place place, Value *out);
/* Which declaration holds the element: its frame with the binders bound. 1 found, 0 absent, -1 none
 * (not reported), -2 mistake. */
int elements_match(Eval *e, const Elements *el, const Value *indices, size_t n, const Ast **decl,
                   Frame **inner);

/* choices.c */
Value choice_value(Eval *e, Frame *frame, Frame *inner, const Ast *choice, const Value *indices,
                   size_t n);

/* loops.c */
Value ev_aggregate(Eval *e, Frame *f, const Ast *x);
Value ev_comprehension(Eval *e, Frame *f, const Ast *x);
Value aggregate_values(Eval *e, const char *name, const Value *items, size_t n, Place place);
bool loop_each(Eval *e, Frame *f, const AstList *binders, const Ast *cond, uint32_t site,
               EvalEach *fn, void *user);

/* arith.c */
Value ev_binary(Eval *e, Frame *f, const Ast *x);
/* x of a left-leaning chain of one operator (additions and subtractions are one), innermost first:
 * spine[0]->a is the first operand, spine[i]->b the others. In the session's arena. */
const Ast **left_spine(Eval *e, const Ast *x, size_t *n);
Value ev_unary(Eval *e, Frame *f, const Ast *x);
Value arith(Eval *e, AstOper op, Value a, Value b, Place place);
bool value_contains(Eval *e, Value x, Value set, Place place, bool *ok);
/* Sums terms left to right, absent ones left out: numbers, tensors or layers. */
Value add_terms(Eval *e, const Value *terms, size_t n, Place place);
Value point_number(Eval *e, const Builtin *b, Value x, Place place);

/* calls.c */
Value ev_call(Eval *e, Frame *f, const Ast *x);
Value call_value(Eval *e, Value callee, const EvalArg *args, size_t n, Place place);
Value call_closure(Eval *e, const Closure *c, const EvalArg *args, size_t n, Place place);
bool sort_args(Eval *e, const Builtin *b, const EvalArg *args, size_t n, Place place, Call *out);

/* layers.c */
bool is_layer(Value v);                              /* may stand right of an arrow */
Value apply(Eval *e, Value x, Value f, Place place); /* at the present path */
Value apply_at(Eval *e, Value x, Value f, Place place, PathKind kind, const Ast *site,
               int64_t index);
const char *label_of(Value f);
Value layer_new(Eval *e, LayerKind kind, const Value *items, size_t n, Place place);
Value layer_of_builtin(Eval *e, const Call *c);
Value network_apply(Eval *e, const EvalNetwork *n, Value x, Place place);

/* nodes.c: staging */
Value value_tensor_of(Value v); /* a record with `out` is its out; else itself */
bool is_tensor(Value v);        /* a tensor, or a record that stands for one */
const IrType *tensor_type(Value v);
/* A node from values: numbers become constants; the graph is the candidate's if any input is of it.
 */
Value make_node(Eval *e, IrOp op, const Value *in, size_t n, const IrAttr *attr, Place place);
IrGraph *graph_now(Eval *e, Place place); /* where new tensors go; NULL reported */
bool node_in(Eval *e, IrGraph *g, Value v, Place place, IrRef *out);
IrPlace ir_place(Place p);
/* concat along an axis; inputs are first broadcast to the axes of all. */
Value concat_axis(Eval *e, IrAxis axis, const Value *items, size_t n, Place place);
Value make_source(Eval *e, IrOp op, const IrType *type, IrAttr *attr, Place place);

#endif
