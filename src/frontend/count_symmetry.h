/* Symmetries that a space states, read for one leaf: orders of an index, and graphs up to
 * isomorphism. */
#ifndef NASC_FRONTEND_COUNT_SYMMETRY_H
#define NASC_FRONTEND_COUNT_SYMMETRY_H

#include "frontend/count.h"
#include "frontend/isomorphism.h"

/* Statement i of the space, NULL past the last; an order has an index (alias), a graph has none. */
const Ast *space_symmetry(const Space *space, int i);
bool symmetry_names(const Ast *same, const Ast *choice);

/* Decisions of a point outside a symmetry: those that are walked or known, but not its own. */
Hash128 point_outside(const Leaf *leaf, const bool *own, const bool *used, const int64_t *taken);

/* ---- the order of an index ---- */

/* Decisions that change places together: one place an element of the index. */
typedef struct OrderPlace {
    int *variables;  /* one a choice of the symmetry */
    uint64_t values; /* combinations */
} OrderPlace;

typedef struct OrderGroup {
    OrderPlace *places;
    size_t nplaces, width; /* width: choices of the symmetry */
    bool seen;             /* by a condition */
} OrderGroup;

typedef struct Orders {
    VEC(OrderGroup) groups;
} Orders;

/* Adds the groups of one statement and marks their variables as taken. False if one was taken, or
 * if places differ in what they can hold. */
bool orders_read(Orders *o, Leaf *leaf, const Ast *same, bool *taken);
/* A group of which anything is used is used as a whole. */
void orders_mark_seen(Orders *o, bool *used);
/* The point stands for its class: the places of every group seen are in order. */
bool orders_sorted(const Orders *o, const Leaf *leaf, const int64_t *taken);
/* Equal for two points exactly if orders take the places of one to those of the other. */
Hash128 orders_key(const Orders *o, const Leaf *leaf, const int64_t *taken);
/* Times the classes of what nothing sees. */
void orders_multiply_unseen(const Orders *o, Natural *n);

/* ---- isomorphism ---- */

typedef struct GraphShape {
    Leaf *leaf;
    int n; /* vertices */
    int64_t id[ISO_MAX_VERTICES];
    int link[ISO_MAX_VERTICES][ISO_MAX_VERTICES]; /* variable, -1: none */
    int label[ISO_MAX_VERTICES];                  /* variable of what a vertex is, -1: nothing */
    int alive[ISO_MAX_VERTICES];                  /* node, -1: always */
    const uint8_t *edge_label[ISO_MAX_VERTICES][ISO_MAX_VERTICES];
    bool *own; /* variables that matter through the graph alone */
} GraphShape;

/* False if the choices are none of a graph that can be walked, or `if` does not compile. */
bool graph_read(GraphShape *x, PredCompiler *c, Leaf *leaf, const Ast *same);
int64_t graph_values(const GraphShape *x, int variable);
/* The graph of the vertices that are alive, labels aside; map: their numbers. */
IsoGraph graph_of(const GraphShape *x, const int64_t *taken, const double *values, int *map);
void graph_colour(const GraphShape *x, const int64_t *taken, const int *map, IsoGraph *g);

/* A graph whose vertices have no labels yet. */
typedef struct GraphLabels {
    IsoGraph graph;
    int variable[ISO_MAX_VERTICES];    /* of each vertex's label, -1: it has none */
    uint64_t values[ISO_MAX_VERTICES]; /* how many it can have */
    int64_t taken[ISO_MAX_VERTICES];   /* those of the class wanted */
    uint64_t classes;
} GraphLabels;

GraphLabels graph_labels(const GraphShape *x, const IsoGraph *g, const int *map);
/* Counts the classes of labels, and the labels of number `wanted` of them; past that one it does not count on. False:
 * too many. `seen` is what it works with. */
bool graph_labelings(GraphLabels *l, HashSet *seen, uint64_t wanted);
#define ALL_LABELINGS UINT64_MAX

/* ---- counting ---- */

/* Points up to all statements at once, whatever they share, by visiting every point. */
bool count_closure(const Space *space, Natural *out, struct DistinctTable *list, bool *left,
                   const volatile int *interrupt);

#endif
