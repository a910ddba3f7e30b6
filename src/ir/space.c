/* Decisions and domains: drawing and mutating one index of a finite domain, and the list of
 * decisions that makes a point. In: domains and random streams. Out: indices. Invariant: a drawn or
 * mutated index lies in 0 .. count-1, depends on (stream, index) alone, and values of weight 0
 * never occur. */
#include "ir/space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void genotype_push(Genotype *g, Decision d) {
    if (g->len == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 16;
        g->items = nasc_realloc(g->items, g->cap * sizeof *g->items);
    }
    g->items[g->len++] = d;
}

const Decision *genotype_find(const Genotype *g, const char *address) {
    for (size_t i = 0; i < g->len; i++)
        if (strcmp(g->items[i].address, address) == 0)
            return &g->items[i];
    return NULL;
}

void genotype_free(Genotype *g) {
    free(g->items);
    *g = (Genotype){0};
}

Hash128 genotype_key(const Genotype *g) {
    Buf b = {0};
    for (size_t i = 0; i < g->len; i++) {
        buf_append(&b, g->items[i].address, strlen(g->items[i].address) + 1);
        unsigned char bytes[8];
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)((uint64_t)g->items[i].index >> (8 * k));
        buf_append(&b, bytes, sizeof bytes);
    }
    Hash128 h = hash128(b.text, b.len, 0x6e6173637370ULL);
    buf_free(&b);
    return h;
}

/* The whole stream that hangs below one position of another: several numbers for one index. */
static RandomStream below(RandomStream s, uint64_t index) {
    uint32_t bits[4];
    random_bits(s, index, bits);
    return (RandomStream){.key = {bits[0], bits[1]}, .stream = {bits[2], bits[3]}};
}

/* A value other than `without` (or any, if it is negative) by the domain's weights. */
static int64_t draw_weighted(const Domain *d, int64_t without, RandomStream stream,
                             uint64_t index) {
    double total = 0;
    for (int64_t i = 0; i < d->count; i++)
        if (i != without)
            total += d->prior[i];
    double at = random_uniform(stream, index) * total, sum = 0;
    int64_t last = -1;
    for (int64_t i = 0; i < d->count; i++) {
        if (i == without || d->prior[i] <= 0)
            continue;
        last = i;
        sum += d->prior[i];
        if (at < sum)
            return i;
    }
    return last;
}

static double element_probability(const Domain *d) {
    return d->each >= 0 ? d->each : 0.5;
}

int64_t domain_draw(const Domain *d, RandomStream stream, uint64_t index) {
    CHECK(d->count >= 1);
    if (d->subset_of) {
        RandomStream s = below(stream, index);
        int64_t set = 0;
        for (int e = 0; e < d->subset_of; e++)
            if (random_uniform(s, (uint64_t)e) < element_probability(d))
                set |= (int64_t)1 << e;
        return set;
    }
    if (d->prior) {
        int64_t i = draw_weighted(d, -1, stream, index);
        if (i >= 0)
            return i;
    }
    return (int64_t)random_below(stream, index, (uint64_t)d->count);
}

double domain_prior_sum(const Domain *d) {
    double sum = 0;
    for (int64_t i = 0; d->prior && i < d->count; i++)
        sum += d->prior[i];
    return sum;
}

double domain_probability(const Domain *d, double prior_sum, int64_t value) {
    if (d->subset_of) {
        int taken = __builtin_popcountll((unsigned long long)value);
        double each = element_probability(d);
        return pow(each, taken) * pow(1 - each, d->subset_of - taken);
    }
    return prior_sum > 0 ? d->prior[value] / prior_sum : 1 / (double)d->count;
}

static int64_t mutate_subset(const Domain *d, int64_t from, RandomStream stream, uint64_t index) {
    RandomStream s = below(stream, index);
    uint64_t k = (uint64_t)d->subset_of;
    for (uint64_t round = 0; round < 64; round++) {
        int64_t to = from;
        for (uint64_t e = 0; e < k; e++)
            if (random_below(s, round * k + e, k) == 0)
                to ^= (int64_t)1 << e;
        if (to != from)
            return to;
    }
    return from ^ ((int64_t)1 << random_below(s, 64 * k, k));
}

int64_t domain_mutate(const Domain *d, int64_t from, RandomStream stream, uint64_t index) {
    CHECK(from >= 0 && from < d->count);
    if (d->count < 2)
        return from;
    if (d->subset_of)
        return mutate_subset(d, from, stream, index);
    if (d->prior) {
        int64_t i = draw_weighted(d, from, stream, index);
        return i >= 0 ? i : from;
    }
    int64_t i = (int64_t)random_below(stream, index, (uint64_t)d->count - 1);
    return i < from ? i : i + 1;
}
