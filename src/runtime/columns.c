#include "runtime/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const eval_size_names[EVAL_SIZES] = {"params", "macs", "live_macs", "counted_macs"};

double eval_size(const Candidate *c, int which) {
    int64_t sizes[EVAL_SIZES] = {c->sizes.params, c->sizes.macs, c->sizes.live_macs,
                                 c->sizes.counted_macs};
    return (double)sizes[which];
}

bool columns_count(const RankResult *r, const Candidate *c) {
    bool scored = c->status != SCORE_INVALID && c->status != SCORE_MISSING;
    return scored && !(r->has_metric && isnan(c->metric));
}

/* By the name, so that a string keeps its number whatever stands beside it. */
static double chance(const RankResult *r, const Candidate *c, uint64_t seed) {
    Hash128 name = hash128(c->arch, strlen(c->arch), 0);
    if (r->nsets > 1) {
        const char *space = r->sets[c->set].name;
        name = hash128_combine(name, hash128(space, strlen(space), 0));
    }
    return random_uniform(random_stream(seed, 0, RANDOM_BASELINE, name), 0);
}

Columns columns_make(const RankResult *r, uint64_t seed) {
    Columns k = {0};
    double *block = nasc_alloc(MAX(r->n, 1) * (EVAL_SIZES + 3) * sizeof *block);
    k.reference = block;
    k.score = block + r->n;
    k.random = block + 2 * r->n;
    for (int s = 0; s < EVAL_SIZES; s++)
        k.sizes[s] = block + (size_t)(3 + s) * r->n;
    k.of = nasc_alloc(MAX(r->n, 1) * sizeof *k.of);
    for (size_t i = 0; i < r->n; i++) {
        const Candidate *c = &r->candidates[i];
        if (!columns_count(r, c))
            continue;
        k.of[k.n] = c;
        k.score[k.n] = c->status == SCORE_OK ? c->score : -INFINITY;
        k.reference[k.n] = r->has_metric ? c->metric : k.score[k.n];
        k.random[k.n] = chance(r, c, seed);
        for (int z = 0; z < EVAL_SIZES; z++)
            k.sizes[z][k.n] = eval_size(c, z);
        k.n++;
    }
    return k;
}

void columns_free(Columns *k) {
    free(k->reference);
    free(k->of);
}
