#include "runtime/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Keyed {
    double key;
    size_t at;
} Keyed;

static int by_key(const void *a, const void *b) {
    const Keyed *p = a, *q = b;
    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

static Keyed *sorted_keys(const double *x, size_t n) {
    Keyed *k = nasc_alloc(MAX(n, 1) * sizeof *k);
    for (size_t i = 0; i < n; i++)
        k[i] = (Keyed){x[i], i};
    qsort(k, n, sizeof *k, by_key);
    return k;
}

void stats_ranks(const double *x, size_t n, double *ranks) {
    Keyed *k = sorted_keys(x, n);
    for (size_t i = 0; i < n;) {
        CHECK(!isnan(k[i].key));
        size_t j = i;
        while (j < n && k[j].key == k[i].key)
            j++;
        for (size_t t = i; t < j; t++)
            ranks[k[t].at] = 0.5 * (double)(i + 1 + j);
        i = j;
    }
    free(k);
}

double stats_mean(const double *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : NAN;
}

double stats_deviation(const double *x, size_t n) {
    if (n < 2)
        return 0;
    double mean = stats_mean(x, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sqrt(sum / (double)(n - 1));
}

double stats_pearson(const double *x, const double *y, size_t n) {
    double mx = stats_mean(x, n), my = stats_mean(y, n), xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
    }
    return n < 2 || xx == 0 || yy == 0 ? NAN : xy / sqrt(xx * yy);
}

double stats_spearman(const double *x, const double *y, size_t n) {
    double *r = nasc_alloc(2 * MAX(n, 1) * sizeof *r);
    stats_ranks(x, n, r);
    stats_ranks(y, n, r + n);
    double rho = stats_pearson(r, r + n, n);
    free(r);
    return rho;
}

/* Sorts v and returns how many exchanges of neighbours that took: the discordant pairs. */
static double merge_count(double *v, double *scratch, size_t n) {
    if (n < 2)
        return 0;
    size_t half = n / 2, i = 0, j = half, k = 0;
    double swaps = merge_count(v, scratch, half) + merge_count(v + half, scratch, n - half);
    while (i < half || j < n) {
        if (j == n || (i < half && v[i] <= v[j])) {
            scratch[k++] = v[i++];
        } else {
            swaps += (double)(half - i);
            scratch[k++] = v[j++];
        }
    }
    memcpy(v, scratch, n * sizeof *v);
    return swaps;
}

typedef struct Pair {
    double x, y;
} Pair;

static int by_x_then_y(const void *a, const void *b) {
    const Pair *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->y < q->y ? -1 : p->y > q->y;
}

static double tied_pairs(double run) {
    return run * (run - 1) / 2;
}

double stats_kendall_tau_b(const double *x, const double *y, size_t n) {
    if (n < 2)
        return NAN;
    Pair *p = nasc_alloc(n * sizeof *p);
    double *v = nasc_alloc(2 * n * sizeof *v);
    for (size_t i = 0; i < n; i++)
        p[i] = (Pair){x[i], y[i]};
    qsort(p, n, sizeof *p, by_x_then_y);
    double ties_x = 0, ties_both = 0, ties_y = 0;
    for (size_t i = 0, run_x = 1, run_both = 1; i < n; i++, run_x++, run_both++) {
        bool end_x = i + 1 == n || p[i + 1].x != p[i].x;
        bool end_both = end_x || p[i + 1].y != p[i].y;
        if (end_both) {
            ties_both += tied_pairs((double)run_both);
            run_both = 0;
        }
        if (end_x) {
            ties_x += tied_pairs((double)run_x);
            run_x = 0;
        }
        v[i] = p[i].y;
    }
    double discordant = merge_count(v, v + n, n);
    for (size_t i = 0, run = 1; i < n; i++, run++) {
        if (i + 1 == n || v[i + 1] != v[i]) {
            ties_y += tied_pairs((double)run);
            run = 0;
        }
    }
    free(p);
    free(v);
    double pairs = tied_pairs((double)n);
    double concordant_minus = pairs - ties_x - ties_y + ties_both - 2 * discordant;
    double norm = (pairs - ties_x) * (pairs - ties_y);
    return norm > 0 ? concordant_minus / sqrt(norm) : NAN;
}

static double partial(double xy, double xz, double yz) {
    double norm = (1 - xz * xz) * (1 - yz * yz);
    return norm > 1e-12 ? (xy - xz * yz) / sqrt(norm) : NAN;
}

double stats_partial_spearman(const double *x, const double *y, const double *z, size_t n) {
    return partial(stats_spearman(x, y, n), stats_spearman(x, z, n), stats_spearman(y, z, n));
}

void stats_rank_sum(const double *x, double x_weight, const double *y, double y_weight, size_t n,
                    double *out) {
    double *ranks = nasc_alloc(2 * MAX(n, 1) * sizeof *ranks);
    stats_ranks(x, n, ranks);
    stats_ranks(y, n, ranks + n);
    for (size_t i = 0; i < n; i++)
        out[i] = x_weight * ranks[i] + y_weight * ranks[n + i];
    free(ranks);
}

StatsWeights stats_rank_weights(double xy, double xz, double yz) {
    double x = MAX(0, copysign(1, xy) * (xy - xz * yz)),
           z = MAX(0, copysign(1, yz) * (yz - xz * xy)), norm = x + z;
    if (isnan(xy + xz + yz) || 1 - xz * xz < 1e-9 || norm < 1e-9)
        return (StatsWeights){0, isnan(yz) || yz == 0 ? NAN : copysign(1, yz)};
    return (StatsWeights){xy < 0 ? 0 - x / norm : x / norm, yz < 0 ? 0 - z / norm : z / norm};
}

/* Weight of each item in the set of the `top` largest: 1, 0, or a share where a tie straddles the
 * border. */
static void top_weights(const double *x, size_t n, size_t top, double *weight) {
    Keyed *k = sorted_keys(x, n);
    double border = k[n - top].key;
    size_t above = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        above += x[i] > border;
        at += x[i] == border;
    }
    for (size_t i = 0; i < n; i++)
        weight[i] = x[i] > border ? 1 : x[i] == border ? (double)(top - above) / (double)at : 0;
    free(k);
}

double stats_precision_at(const double *x, const double *y, size_t n, size_t top) {
    if (n == 0 || top == 0 || top > n)
        return NAN;
    double *w = nasc_alloc(2 * n * sizeof *w), hit = 0;
    top_weights(x, n, top, w);
    top_weights(y, n, top, w + n);
    for (size_t i = 0; i < n; i++)
        hit += w[i] * w[n + i];
    free(w);
    return hit / (double)top;
}

static int by_value(const void *a, const void *b) {
    double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

/* Percentile interval over the resamples where the statistic is defined. */
static StatsInterval percentiles(double *values, size_t n) {
    if (n < STATS_RESAMPLES / 2)
        return (StatsInterval){NAN, NAN};
    qsort(values, n, sizeof *values, by_value);
    size_t cut = (size_t)(0.025 * (double)n);
    return (StatsInterval){values[cut], values[n - 1 - cut]};
}

/* Items in rising order of x: sorted once, so that a resample, which only changes how often each
 * item counts, ranks in one sweep. */
typedef struct Sorted {
    const double *x;
    Keyed *order;
    double *ranks;
} Sorted;

static Sorted sorted_make(const double *x, size_t n) {
    return (Sorted){x, sorted_keys(x, n), nasc_alloc(n * sizeof(double))};
}

static void sorted_free(Sorted *s) {
    free(s->order);
    free(s->ranks);
}

/* Average ranks of the items in a sample where item i occurs count[i] times. */
static void resampled_ranks(Sorted *s, const uint32_t *count, size_t n) {
    double below = 0;
    for (size_t i = 0, j; i < n; i = j) {
        double here = 0;
        for (j = i; j < n && s->order[j].key == s->order[i].key; j++)
            here += count[s->order[j].at];
        for (size_t t = i; t < j; t++)
            s->ranks[s->order[t].at] = below + 0.5 * (here + 1);
        below += here;
    }
}

static double resampled_pearson(const double *x, const double *y, const uint32_t *count, size_t n) {
    double mean = 0.5 * ((double)n + 1), xy = 0, xx = 0,
           yy = 0; /* of ranks, with or without ties */
    for (size_t i = 0; i < n; i++) {
        double dx = x[i] - mean, dy = y[i] - mean;
        xy += count[i] * dx * dy;
        xx += count[i] * dx * dx;
        yy += count[i] * dy * dy;
    }
    return xx == 0 || yy == 0 ? NAN : xy / sqrt(xx * yy);
}

/* A statistic of the columns' resampled ranks. */
typedef double (*Statistic)(Sorted *columns, const uint32_t *count, size_t n);

static double rho_of_pair(Sorted *k, const uint32_t *count, size_t n) {
    return resampled_pearson(k[0].ranks, k[1].ranks, count, n);
}

/* Columns reference, a, b. */
static double rho_difference(Sorted *k, const uint32_t *count, size_t n) {
    return resampled_pearson(k[1].ranks, k[0].ranks, count, n) -
           resampled_pearson(k[2].ranks, k[0].ranks, count, n);
}

static double rho_partial(Sorted *k, const uint32_t *count, size_t n) {
    return partial(resampled_pearson(k[0].ranks, k[1].ranks, count, n),
                   resampled_pearson(k[0].ranks, k[2].ranks, count, n),
                   resampled_pearson(k[1].ranks, k[2].ranks, count, n));
}

enum { MAX_COLUMNS = 3 };

/* A statistic over bootstrap resamples of the items. */
static StatsInterval bootstrap(const double *const *columns, size_t ncolumns, size_t n,
                               Statistic statistic, uint64_t seed) {
    if (n < 3)
        return (StatsInterval){NAN, NAN};
    RandomStream stream = random_stream(seed, 0, RANDOM_BOOTSTRAP, (Hash128){0, n});
    Sorted sorted[MAX_COLUMNS];
    for (size_t k = 0; k < ncolumns; k++)
        sorted[k] = sorted_make(columns[k], n);
    uint32_t *count = nasc_alloc(n * sizeof *count);
    double *values = nasc_alloc(STATS_RESAMPLES * sizeof *values);
    size_t kept = 0;
    for (size_t r = 0; r < STATS_RESAMPLES; r++) {
        memset(count, 0, n * sizeof *count);
        for (size_t i = 0; i < n; i++)
            count[random_below(stream, r * n + i, n)]++;
        for (size_t k = 0; k < ncolumns; k++)
            resampled_ranks(&sorted[k], count, n);
        double v = statistic(sorted, count, n);
        if (!isnan(v))
            values[kept++] = v;
    }
    StatsInterval interval = percentiles(values, kept);
    for (size_t k = 0; k < ncolumns; k++)
        sorted_free(&sorted[k]);
    free(count);
    free(values);
    return interval;
}

StatsInterval stats_spearman_interval(const double *x, const double *y, size_t n, uint64_t seed) {
    return bootstrap((const double *const[]){x, y}, 2, n, rho_of_pair, seed);
}

StatsInterval stats_difference_interval(const double *a, const double *b, const double *y, size_t n,
                                        uint64_t seed) {
    return bootstrap((const double *const[]){y, a, b}, 3, n, rho_difference, seed);
}

StatsInterval stats_partial_interval(const double *x, const double *y, const double *z, size_t n,
                                     uint64_t seed) {
    return bootstrap((const double *const[]){x, y, z}, 3, n, rho_partial, seed);
}

StatsVerdict stats_verdict(StatsInterval difference) {
    if (difference.lo > 0)
        return VERDICT_BETTER;
    return difference.hi < 0 ? VERDICT_WORSE : VERDICT_EQUAL;
}
