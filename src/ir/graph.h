/* The tensor graph: immutable, numbered, hash-consed nodes over tensors with named axes.
 *
 * A node is made by ir_node(), which infers its type; a node's inputs always have smaller
 * numbers, so number order is a topological order. Making a node that exists returns the
 * existing one, except for leaves, which have an identity of their own (attr.uid): two
 * convolutions that look alike keep two weights. A source graph is made with merging off, so
 * that two equal ReLUs count twice. The graph knows no layout: that the batch lies in the lanes
 * is the scheduler's business.
 *
 * Three graphs of one architecture are kept apart: the source graph (as written, dead edges
 * included: sizes are counted on it), the canonical graph (ir/canon.h; built and scored), cost
 * networks. */
#ifndef NASC_IR_GRAPH_H
#define NASC_IR_GRAPH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

enum { IR_MAX_AXES = 6, IR_MAX_IN = 1 << 20 };

/* Traits of an op, the last column of ops.def (the letters are explained there). */
#define IR_T_C 1u
#define IR_T_Z 2u
#define IR_T_B 4u
#define IR_T_K 8u
#define IR_T_N 16u

typedef enum IrOp {
#define OP(name, class, min_in, max_in, traits) IR_OP_##name,
#include "ir/ops.def"
#undef OP
    IR_OP_COUNT
} IrOp;

typedef enum IrClass {
    IR_CLASS_SRC,
    IR_CLASS_EW,
    IR_CLASS_REDUCE,
    IR_CLASS_MOVE,
    IR_CLASS_CONV,
    IR_CLASS_POOL,
    IR_CLASS_RESIZE,
    IR_CLASS_NORM,
    IR_CLASS_LINALG,
    IR_CLASS_CONTRACT,
} IrClass;

typedef struct IrOpInfo {
    const char *name;
    IrClass class;
    int min_in, max_in;
    unsigned traits; /* IR_T_* */
} IrOpInfo;

const IrOpInfo *ir_op_info(IrOp op);
/* By name, or IR_OP_COUNT. `name` need not end in a NUL. */
IrOp ir_op_by_name(const char *name, size_t len);

/* An axis is known by its name. The common ones have fixed numbers; others are interned by
 * ir_axis_intern in a graph-independent table of at most 8 letters packed in the number itself. */
typedef uint64_t IrAxis; /* up to 8 ASCII letters, first letter in the lowest byte; 0 = none */
#define IR_AXIS_N  ((IrAxis)'n')
#define IR_AXIS_C  ((IrAxis)'c')
#define IR_AXIS_H  ((IrAxis)'h')
#define IR_AXIS_W  ((IrAxis)'w')
#define IR_AXIS_O  ((IrAxis)'o')
#define IR_AXIS_I  ((IrAxis)'i')
#define IR_AXIS_KH ((IrAxis)('k' | ('h' << 8)))
#define IR_AXIS_KW ((IrAxis)('k' | ('w' << 8)))
/* 0 if the name is longer than 8 bytes or not [a-z][a-z0-9_]*. */
IrAxis ir_axis(const char *name, size_t len);
void ir_axis_text(IrAxis axis, char out[9]);

typedef struct IrType {
    int rank; /* 0 = scalar */
    IrAxis axis[IR_MAX_AXES];
    int64_t size[IR_MAX_AXES];
} IrType;

enum { IR_MAX_KERNEL = 1024, IR_MAX_STRIDE = 1 << 16 }; /* stride, padding and dilation */
#define IR_MAX_ELEMENTS ((int64_t)1 << 40)

int64_t ir_type_elements(const IrType *t);
/* Position of an axis in the type, or -1. */
int ir_type_find(const IrType *t, IrAxis axis);
/* Size along an axis, or 1 if the type lacks it. */
int64_t ir_type_size(const IrType *t, IrAxis axis);
/* Same axes and sizes, in whatever order. */
bool ir_type_same(const IrType *a, const IrType *b);
void ir_type_print(Buf *b, const IrType *t); /* "[n=16, c=3, h=32, w=32]" */
/* A type of the given axes: ir_type(2, (IrAxis[]){IR_AXIS_N, IR_AXIS_C}, (int64_t[]){16, 3}). */
IrType ir_type(int rank, const IrAxis *axes, const int64_t *sizes);

/* Initialisation of a leaf, as `docs/method.md` defines each. fan_in = size[i]*kh*kw, fan_out =
 * size[o]*kh*kw / groups-independent as PyTorch counts it (o * kh * kw). */
typedef enum IrInit {
    IR_INIT_NONE,
    IR_INIT_DEFAULT,        /* weight: kaiming uniform, a = sqrt 5; bias: +-1/sqrt(fan_in) */
    IR_INIT_XAVIER_UNIFORM, /* conv bias 0.01 */
    IR_INIT_XAVIER_NORMAL,
    IR_INIT_KAIMING_UNIFORM, /* fan_out, ReLU gain, bias 0 */
    IR_INIT_KAIMING_NORMAL,
    IR_INIT_VALUE,   /* every element attr.value: batch norm's 1 and 0, a bias's 0.01 */
    IR_INIT_UNIFORM, /* uniform in attr.min .. attr.max */
    IR_INIT_NORMAL,  /* normal with mean attr.min, deviation attr.max */
    IR_INIT_COUNT
} IrInit;

typedef enum IrDist { IR_DIST_UNIFORM, IR_DIST_NORMAL, IR_DIST_SIGN } IrDist;
typedef enum IrResize { IR_RESIZE_NEAREST, IR_RESIZE_BILINEAR } IrResize;

/* One flat record for every op; what an op does not use is cleared when the node is made, and
 * all of it takes part in hashing (a node's `place` and `name` do not). Order of pairs: [0] = h,
 * [1] = w. */
typedef struct IrAttr {
    int32_t kernel[2], stride[2], pad[2], dilation[2]; /* conv, pool; pad is symmetric */
    int32_t groups;                                    /* conv */
    int32_t mode;                                      /* IrInit, IrDist or IrResize, by op */
    bool count_padding;                                /* avg_pool */
    uint8_t naxes;      /* reduce, merge, contract: entries of `axes` */
    uint8_t shape_rank; /* expand, unmerge, leaves: of shape */
    uint8_t unused[5];
    IrAxis axis, axis2;
    IrAxis axes[IR_MAX_AXES];
    int64_t shape[IR_MAX_AXES]; /* sizes; the axes are in `axes` */
    int64_t in_size[2];         /* _dx ops: h, w of the forward op's input */
    int64_t out_size[2];        /* resize */
    int64_t lo, hi, size;       /* slice, embed; size of a param: its optimizer group */
    double value, min, max;     /* constant, eps; random and init bounds */
    uint64_t uid;               /* leaves: identity within the graph; `input`: slot */
    Hash128 key;                /* table: hash of the values; random, shuffle: name of the stream */
} IrAttr;

typedef uint32_t IrRef; /* number of a node in its graph */
#define IR_NONE ((IrRef)UINT32_MAX)

/* Where in a program a node comes from: file number and byte range, opaque to this layer. */
typedef struct IrPlace {
    uint32_t file, lo, hi;
} IrPlace;

typedef struct IrNode {
    IrOp op;
    uint32_t nin;
    const IrRef *in;
    IrType type;
    const IrAttr *attr;
    const char *name;     /* leaves: path in the program, e.g. "stage1[2].edge[0,1].conv.weight" */
    const double *values; /* table */
    IrPlace place;
} IrNode;

typedef struct IrGraph IrGraph;

/* Nodes live in `arena` until it is reset. */
IrGraph *ir_graph_new(Arena *arena);
size_t ir_graph_len(const IrGraph *g);
const IrNode *ir_get(const IrGraph *g, IrRef r);
Arena *ir_graph_arena(IrGraph *g);
/* Whether ir_node returns an equal node instead of making another; on in a new graph. Off for a
 * graph whose sizes are to be counted as written: only constant, table and random are merged
 * then. */
void ir_set_merging(IrGraph *g, bool on);
bool ir_merging(const IrGraph *g);
/* The place that following ir_node calls record; a node that is met again keeps its first place. */
void ir_set_place(IrGraph *g, IrPlace place);

/* Why a node could not be made; a user's mistake, to be shown at the node's place. */
typedef struct IrError {
    char message[400]; /* "conv: the input has 16 channels, the weight expects 32" */
    char hint[200];    /* empty, or what would help */
} IrError;

/* False and a message unless every axis is named once, every size is at least 1 and the elements
 * are at most IR_MAX_ELEMENTS. `who` begins the message. */
bool ir_type_check(const char *who, const IrType *t, IrError *err);

/* Makes a node, or returns IR_NONE and fills `err`. `attr` is copied; NULL means all zero.
 * Limits that are errors: more than 2^40 elements, kernels beyond 1,024, a rank beyond
 * IR_MAX_AXES. Leaves whose type comes from a program can be made here too, with the type in
 * attr.axes, attr.shape, attr.shape_rank (a param or frozen leaf draws its uid, an input's slot
 * is attr.uid); not `table`. */
IrRef ir_node(IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr, IrError *err);
/* The same for callers that know the inputs fit (gradient rules, passes): failure is a bug. */
IrRef ir_must(IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr);

/* Leaves. `type` is copied; a new uid is drawn from the graph's counter (0, 1, ...) for param,
 * frozen. `attr` (may be NULL) gives what is not the type; a type that ir_type_check refuses is
 * a bug here. input, param and frozen are always new nodes; constant, table and random are
 * merged like any op. */
IrRef ir_leaf(IrGraph *g, IrOp op, const IrType *type, const IrAttr *attr, const char *name);
/* The same with the uid of attr (also `input`: slot), for passes that keep or choose numbers;
 * the counter moves beyond it. Two leaves of one uid are a bug that ir_verify finds. */
IrRef ir_leaf_with_uid(IrGraph *g, IrOp op, const IrType *type, const IrAttr *attr,
                       const char *name);
IrRef ir_input(IrGraph *g, const IrType *type, uint64_t slot, const char *name);
IrRef ir_constant(IrGraph *g, double value);
IrRef ir_table(IrGraph *g, IrAxis axis, const double *values, size_t n);
/* Node `node` (of any graph) made in g with the inputs `in`: attributes, uid, name, values and
 * place are kept. What a pass does to a node that it does not change. */
IrRef ir_copy(IrGraph *g, const IrNode *node, const IrRef *in);
/* The first node that is equal to what ir_node would make, or IR_NONE; makes nothing. */
IrRef ir_find(const IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr);

/* Short forms for rules and passes. */
IrRef ir_unary(IrGraph *g, IrOp op, IrRef a);
IrRef ir_binary(IrGraph *g, IrOp op, IrRef a, IrRef b);
IrRef ir_reduce(IrGraph *g, IrOp op, IrRef a, const IrAxis *axes, int naxes);
/* Sums `a` over every axis that `like` lacks and broadcasts to those that `a` lacks: what a
 * gradient needs after broadcasting. The order of axes is like's only if something had to be
 * broadcast. */
IrRef ir_match(IrGraph *g, IrRef a, const IrType *like);

/* Shape rule of each op, expanded from the table (ir/shape_*.c). Inputs' types in, result type
 * out. */
typedef bool IrShapeRule(const IrType *const *in, uint32_t nin, const IrAttr *attr, IrType *out,
                         IrError *err);
#define OP(name, class, min_in, max_in, traits) IrShapeRule ir_shape_##name;
#include "ir/ops.def"
#undef OP
/* Number of inputs, their types, the rule, the limits and (pow) the constant exponent: all that
 * ir_node checks before it makes a node. */
bool ir_infer_type(const IrGraph *g, IrOp op, const IrRef *in, uint32_t nin, const IrAttr *attr,
                   IrType *out, IrError *err);

/* Output size of a convolution or pooling along one axis; <= 0 if the kernel does not fit. */
int64_t ir_window_size(int64_t in, int32_t kernel, int32_t stride, int32_t pad, int32_t dilation);

/* Recomputes every type and invariant; a broken graph is a bug with the offending node printed. */
void ir_verify(const IrGraph *g);

#endif
