/* Decisions and their domains: one engine for spaces of networks and for choices of a proxy. A
 * decision has an address (its path of uses), a finite domain, a prior; a genotype is one index per
 * decision in the order of declaration. Nothing here knows the language. */
#ifndef NASC_IR_SPACE_H
#define NASC_IR_SPACE_H

#include "base/philox.h"

typedef struct Domain {
    int64_t count;       /* number of values, >= 1; a subset of k has 2^k, k <= 62 */
    const double *prior; /* relative weights, `count` of them, or NULL: uniform */
    double each;         /* subsets: probability of each element; < 0 where not a subset */
    int subset_of;       /* number of elements, or 0 */
} Domain;

typedef struct Decision {
    const char *address; /* "edge[1,0]" */
    Domain domain;
    int64_t index; /* the value taken */
} Decision;

/* Decisions in the order in which they are asked for; a later domain may depend on earlier values.
 */
typedef struct Genotype {
    Decision *items;
    size_t len, cap;
} Genotype;

void genotype_push(Genotype *g, Decision d);
const Decision *genotype_find(const Genotype *g, const char *address);
void genotype_free(Genotype *g);
/* Hash over addresses and indices. */
Hash128 genotype_key(const Genotype *g);

/* A value drawn from a domain by its prior, using position `index` of the stream. */
int64_t domain_draw(const Domain *d, RandomStream stream, uint64_t index);
/* How likely a value is to be drawn, given the sum of the domain's prior (0 without one). */
double domain_probability(const Domain *d, double prior_sum, int64_t value);
double domain_prior_sum(const Domain *d);
/* A different value than `from` (count > 1), by the prior restricted to the others; subsets flip
 * each element with probability 1 / subset_of, at least one. */
int64_t domain_mutate(const Domain *d, int64_t from, RandomStream stream, uint64_t index);

#endif
