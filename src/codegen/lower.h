/* Lowering: a group becomes one call (a few for copies): descriptor text, arguments, range. */
#ifndef NASC_CODEGEN_LOWER_H
#define NASC_CODEGEN_LOWER_H

#include "codegen/fuse.h"
#include "codegen/kernel_args.h"
#include "codegen/map_program.h"
#include "codegen/plan.h"

/* The program of a map or small group, and which node each operand of it is. */
typedef struct MapLowered {
    MapProgram program;
    IrRef *in;      /* of each input; IR_NONE: a constant */
    float *value;   /* of each constant */
    int *in_last;   /* the last segment in which each input is read */
    IrRef *out;     /* of each output, in the order of the puts */
    int *out_first; /* the segment that stores it */
} MapLowered;

MapLowered lower_map_program(Arena *arena, const IrModule *m, const Group *group);

/* Where a value from outside comes from: a MAP_* letter. */
char lower_input_kind(const Group *g, const IrNode *n);
/* Index of r among the group's nodes, or -1. */
int lower_position(const Group *g, IrRef r);
/* lower_order.c: keys that depend on what nodes and inputs of a group compute and are used for. */
typedef struct LowerOrder {
    const IrGraph *g;
    const Group *group;
    uint64_t *node, *in; /* keys of group->nodes, group->ins */
    uint32_t *order;     /* indices of the nodes by key, equal ones by number */
} LowerOrder;
LowerOrder lower_order(Arena *arena, const IrModule *m, const Group *g);
uint64_t lower_key(const LowerOrder *o, IrRef r);
bool lower_commutes(IrOp op);

typedef VEC(PlanCall) PlanCalls;

/* What the arguments of calls are made from. */
typedef struct Lower {
    Arena *arena;
    const IrModule *m;
    const int64_t *offset; /* of each stored node and leaf */
    bool direct;           /* no Winograd */
    PlanCalls *calls;
} Lower;

/* A transformed filter that stays the same while a plan trains. */
typedef struct LowerFilter {
    IrRef weight;
    bool turned; /* for the gradient of the input */
    int64_t reduced, written, bytes;
} LowerFilter;

/* A step of the optimizer with a gradient that is kept nowhere: in its place lies the weight. */
typedef struct LowerUpdate {
    const PlanUpdate *settings;
    int64_t momentum; /* offset */
} LowerUpdate;

/* What a convolution has beside its tensors: bytes of its own while it runs, the place of its
 * filter if the setup has made it, else -1, and the step that it takes with the gradient for a
 * weight, if it is one that does. */
typedef struct LowerSpace {
    int64_t scratch, filter;
    const LowerUpdate *update;
} LowerSpace;

int64_t lower_float_bits(double value); /* of the nearest float */
void lower_map(Lower *l, const Group *group, const MapLowered *map);
void lower_anchor(Lower *l, const Group *group, const LowerSpace *space);
int64_t lower_scratch_bytes(const IrModule *m, const Group *group, bool direct, bool has_filter,
                            bool updates);
/* Is the group a gradient for a weight that would better update it by itself? */
bool lower_can_update(const IrModule *m, const Group *group, bool direct);
void lower_conv(Lower *l, const Group *group, const LowerSpace *space, const char *what);
/* Does the group use a filter that can be transformed once, that of frozen weights? */
bool lower_frozen_filter(const IrModule *m, const Group *group, bool direct, LowerFilter *out);
/* The call of the setup that makes it, at `to`. */
void lower_filter(Lower *l, const LowerFilter *f, int64_t to);
/* Contractions, and reductions, broadcasts and moves that map kernels and copies do not cover. */
void lower_nest(Lower *l, const Group *group, const char *what);
/* Sets `elements` floats of r to zero. */
void lower_clear(Lower *l, IrRef r, int64_t elements, const char *what);
/* Copies `elements` floats between two places of the arena. */
void lower_flat_copy(Lower *l, int64_t from, int64_t to, int64_t elements, const char *what);

Layout lower_layout(const Lower *l, IrRef r);
int64_t lower_block_bytes(const Layout *t);
/* The window of a convolution or pooling; of a dense layer 1x1. */
WindowDesc lower_window(const IrNode *n);
/* The buffer's text in the arena; frees the buffer. */
const char *lower_take_text(Lower *l, Buf *b);
/* Appends a call of one node. `text` and `what` are in the arena, `arg` is copied. */
PlanCall *lower_push(Lower *l, KernelKind kind, const char *text, const int64_t *arg, size_t nargs,
                     int64_t hi, int64_t bytes, IrRef node, const char *what);

#endif
