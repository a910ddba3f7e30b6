/* Counting the points of a space: the parts shared by count*.c. */
#ifndef NASC_FRONTEND_COUNT_H
#define NASC_FRONTEND_COUNT_H

#include "base/hashset.h"
#include "base/natural.h"
#include "frontend/host.h"
#include "frontend/predicate.h"

/* One way to make the decisions that say what other decisions there are: its variables are all
 * decisions of the space, the structural ones known. */
typedef struct Leaf {
    Session session;
    SpaceUse *use;
    const Space *space;
    VEC(PredVariable) variables;
} Leaf;

/* Calls fn for each leaf, in the order of the values; stops when it says false. False if it was
 * stopped, or if the decisions cannot be listed without building networks. */
typedef bool LeafFunction(void *user, Leaf *leaf);
bool count_leaves(const Space *space, LeafFunction *fn, void *user);
/* The same where bodies may hold more choices: leaves are those of the choices that stand in the space. */
bool count_outer_leaves(const Space *space, LeafFunction *fn, void *user);

/* A walk over all values of the variables in use that meet the conditions. */
typedef struct Walkthrough {
    PredCompiler *compiler;
    size_t nvariables;
    bool *used; /* by variable: it is walked; set by the caller where conditions do not need it */
    VEC(int) conditions; /* nodes */
    const bool *needed;  /* by node: it is computed; NULL: all are */
    bool (*visit)(void *user, const int64_t *taken, const double *values);
    void *user;
    uint64_t found;
    int64_t budget; /* steps left */
    const volatile int *interrupt;
} Walkthrough;

/* What is done once the value of a variable is taken. */
typedef struct WalkStep {
    int variable; /* -1: what depends on nothing */
    int64_t values;
    int *nodes;      /* to be computed, in order */
    int *conditions; /* to be checked then */
    size_t nnodes, nconditions;
} WalkStep;

typedef struct WalkSteps {
    WalkStep *all; /* [0]: what depends on nothing; then by variable */
    size_t nall;
    WalkStep **order; /* those of the variables in use */
    size_t n;
} WalkSteps;

void walk_steps(const Walkthrough *w, WalkSteps *out);
void walk_steps_free(WalkSteps *steps);
/* Computes the step's nodes into values, by node; whether its conditions hold. */
bool walk_step_holds(const Walkthrough *w, const WalkStep *s, const int64_t *taken, double *values);

/* Marks what the nodes need as used. */
void walk_use_nodes(Walkthrough *w);
/* False if the budget or the caller ended it. */
bool walk_points(Walkthrough *w);
/* Compiles a `require`, or all; false if one cannot be. */
bool walk_require(Walkthrough *w, Leaf *leaf, const Ast *require);
/* left NULL: false if one cannot be compiled. Else such ones are left out, and *left says so. */
bool walk_requires(Walkthrough *w, Leaf *leaf, bool *left);

/* Points up to the space's symmetries; `list`, unless NULL, gets each. False: out of reach. left: as above. */
struct DistinctTable;
bool count_distinct(const Space *space, Natural *out, struct DistinctTable *list, bool *left,
                    const volatile int *interrupt);
bool space_has_symmetry(const Space *space);

/* The hash of the canonical network of a session's point; false if it does not build. */
bool count_network(Session *s, SpaceUse *use, Arena *scratch, Hash128 *out);

/* Estimates (count_estimate.c); false, and nothing written, if a draw fails or is interrupted. */
/* Points within constraints: raw times the share that draws find, with Wilson's interval. */
bool estimate_satisfying(const Space *space, const Natural *raw, Arena *arena,
                         const volatile int *interrupt, SpaceCount *out);
/* A share of which `hits` of n were seen, with Wilson's interval. */
typedef struct Share {
    double about, lo, hi;
} Share;
Share drawn_share(double hits, double n);
/* Different networks, from how often drawn points have the same one, by Chao's estimator (Scandinavian
 * Journal of Statistics, 1984), which errs below where networks have unequally many points. So the
 * interval ends above at the number of points; below at what was seen, or the number at which so few
 * pairs would be rare, whatever the numbers of points are. */
bool estimate_networks(const Space *space, const Natural *raw, const SpaceCount *points,
                       Arena *arena, const volatile int *interrupt, SpaceCount *out);

/* Where no two draws are the same and the ends of the interval are so far apart, nothing between them is likelier. */
enum { FAR = 2 };

/* How often n draws met the same network. */
typedef struct DrawnNetworks {
    double n, different, once, twice, pairs, triples;
} DrawnNetworks;
/* Sorts the hashes. */
DrawnNetworks drawn_networks(Hash128 *hashes, size_t n);
/* The mean of which at most, and at least, so many events are seen in 2.5 % of the cases: half a chi-squared quantile of
 * 2 (seen + 1), and of 2 seen, degrees of freedom, by Wilson and Hilferty. */
double poisson_upper(double seen);
double poisson_lower(double seen);

/* Architectures up to the symmetries (count_networks.c); nothing written where they are out of reach. */
void count_architectures(const Space *space, Arena *arena, const CountOptions *options,
                         SpaceCount *out);
/* Different networks of them, one point standing for each; false, and nothing
 * written, where these are not listed, one does not build, or it is interrupted. */
bool count_networks_listed(const Space *space, Arena *arena, const CountOptions *options,
                           SpaceCount *out);

enum { COUNT_BUDGET = 400000000 };

#endif
