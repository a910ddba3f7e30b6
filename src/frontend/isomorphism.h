/* Small directed graphs with coloured vertices and labelled edges, up to isomorphism. */
#ifndef NASC_FRONTEND_ISOMORPHISM_H
#define NASC_FRONTEND_ISOMORPHISM_H

#include "base/hash.h"

enum { ISO_MAX_VERTICES = 16 };

typedef struct IsoGraph {
    int n;
    uint64_t colour[ISO_MAX_VERTICES]; /* only vertices of one colour may change places */
    uint8_t edge[ISO_MAX_VERTICES][ISO_MAX_VERTICES]; /* from, to: 0 none, else its label */
} IsoGraph;

/* Equal for two graphs exactly if they are isomorphic (up to collisions of the hash). False if the
 * search for the canonical order takes too long. */
bool iso_hash(const IsoGraph *g, Hash128 *out);

#endif
