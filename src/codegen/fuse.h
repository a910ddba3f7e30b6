/* Fusion: which nodes one kernel call computes, which values are kept in memory, in what order
 * calls run.
 *
 * A group is an anchor (convolution, pooling, resize, copy: one node, a convolution with the bias
 * and relu that follow it), or elementwise nodes and reductions over one domain: [c, h, w] x images
 * (map), or one flat tensor and scalars (small). Cheap elementwise values that another group needs
 * are computed again there when that reads nothing more; every other value that crosses groups is
 * stored. Fusion never changes a bit: each node is rounded as if it were alone. */
#ifndef NASC_CODEGEN_FUSE_H
#define NASC_CODEGEN_FUSE_H

#include "codegen/layout.h"
#include "ir/passes.h"

typedef enum GroupKind { GROUP_MAP, GROUP_SMALL, GROUP_ANCHOR } GroupKind;

/* What the vectors of a map or small group run over. */
typedef struct GroupDomain {
    GroupKind kind;
    int64_t n, c, hw; /* map */
    int64_t flat;     /* small: elements; 0 while only scalars are in it */
} GroupDomain;

typedef struct Group {
    GroupDomain domain;
    int part; /* 0: needed by a forward root, 1: only by the others */
    size_t nnodes, nins, nouts;
    IrRef *nodes; /* ascending; of an anchor: the anchor, [add], [relu] */
    IrRef *ins;   /* stored values and leaves read, ascending */
    IrRef *outs;  /* values stored, ascending */
} Group;

typedef struct Fusion {
    size_t ngroups;
    Group *groups; /* in the order of execution, part 0 first */
    /* node -> group that stores it; GROUP_NONE for leaves, constants, unstored values */
    uint32_t *owner;
    /* node -> group of part 1 that stores it once more, for what is left of that part; GROUP_NONE
     * for most */
    uint32_t *again;
} Fusion;
#define GROUP_NONE ((uint32_t)UINT32_MAX)

/* `m` is legalised. The first nforward roots make part 0. */
Fusion fuse_graph(Arena *arena, const IrModule *m, size_t nforward, bool fuse);

/* The steps of fuse_graph, each in a file of its own. */

/* fuse.c -> fuse_store.c: nodes divided into disjoint groups, in no order yet. */
typedef struct Grouping {
    const IrModule *m;
    size_t nnodes, ngroups;
    int *part;           /* of each node; -1: not needed or a leaf */
    uint32_t *group;     /* of each node, or GROUP_NONE */
    GroupDomain *domain; /* of each group */
    bool fuse;
} Grouping;

/* Is the node's value one vector a place (an activation, or the flat tensor of a small group)? */
bool fuse_is_lanes(const IrNode *n);
bool fuse_is_reduction(IrOp op);
/* Nodes of map and small kernels; anything else but a leaf is an anchor. */
bool fuse_is_map_node(const IrGraph *g, const IrNode *n);

/* Decides what is stored, and fills nodes, ins, outs of every group that is left. */
void fuse_store(Arena *arena, const Grouping *g, Fusion *out);
/* The backward part makes once more, and does not keep, what is at hand in a map that it runs anyway. */
void fuse_again(Arena *arena, const IrModule *m, Fusion *f);
/* Orders the groups: depth first from the roots, so that a consumer follows its producer; gradients
 * that are ready first come first. */
void fuse_schedule(Arena *arena, const IrModule *m, size_t nforward, Fusion *f);

/* Operations that an elementwise node takes, dear ones counted several times. */
int fuse_op_cost(const IrNode *n);
/* The group that stores the value as group k reads it, or GROUP_NONE. */
uint32_t fuse_source(const Fusion *f, uint32_t k, IrRef value);
/* Does the group read the value? */
bool fuse_reads(const Group *g, IrRef value);
/* Group `from` moves behind group `to` >= from of the same part; nothing up to it may need `from`. */
void fuse_delay(Fusion *f, uint32_t from, uint32_t to);

#endif
