/* `nasc compare A B`: two result folders side by side, on the architectures that both scored. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/files.h"
#include "command/session.h"
#include "runtime/stats.h"

typedef struct ScoredRow {
    const char *space, *arch; /* space: "" where the table names none */
    double score, metric;     /* NaN where there is none */
} ScoredRow;

typedef struct ScoredTable {
    Arena arena;
    VEC(ScoredRow) rows; /* sorted by space and architecture */
    bool has_metric, has_spaces;
} ScoredTable;

enum { MAX_COLUMNS = 64, MAX_BYTES = 1 << 30 };

/* Cuts a line at its tabs; returns the number of cells. */
static size_t cut(char *line, char *cells[MAX_COLUMNS]) {
    size_t n = 0;
    for (char *c = line; c && n < MAX_COLUMNS;) {
        cells[n++] = c;
        c = strchr(c, '\t');
        if (c)
            *c++ = '\0';
    }
    return n;
}

static size_t column(char *cells[MAX_COLUMNS], size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(cells[i], name) == 0)
            return i;
    return SIZE_MAX;
}

static double value(char *cells[MAX_COLUMNS], size_t n, size_t at) {
    if (at >= n || !*cells[at])
        return NAN;
    char *end;
    double x = strtod(cells[at], &end);
    return *end ? NAN : x;
}

static int by_arch(const void *a, const void *b) {
    const ScoredRow *x = a, *y = b;
    int space = strcmp(x->space, y->space);
    return space ? space : strcmp(x->arch, y->arch);
}

static void sort_rows(ScoredTable *t) {
    if (t->rows.len)
        qsort(t->rows.items, t->rows.len, sizeof *t->rows.items, by_arch);
}

/* Reads DIR/scores.tsv; of a program with several actions, the first one's. */
static bool read_scores(const char *dir, ScoredTable *t, NascError *err) {
    Buf path = {0}, text = {0};
    buf_printf(&path, "%s/scores.tsv", dir);
    bool ok = file_read(path.text, MAX_BYTES, &text, err);
    char *copy = ok ? arena_strndup(&t->arena, text.text, text.len) : NULL, *cells[MAX_COLUMNS];
    size_t arch = SIZE_MAX, space = 0, score = 0, metric = 0, action = 0;
    for (char *line = copy; ok && line && *line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        size_t n = cut(line, cells);
        line = next;
        if (arch == SIZE_MAX) {
            arch = column(cells, n, "arch");
            space = column(cells, n, "space");
            score = column(cells, n, "score");
            metric = column(cells, n, "metric");
            action = column(cells, n, "action");
            t->has_metric = metric != SIZE_MAX;
            t->has_spaces = space != SIZE_MAX;
            if (arch == SIZE_MAX || score == SIZE_MAX)
                ok = nasc_fail(err, NASC_PROGRAM_ERROR, "'%s' is no table of scores", path.text) ==
                     NASC_OK;
        } else if (arch < n && (action >= n || strcmp(cells[action], "1") == 0)) {
            ScoredRow row = {space < n ? cells[space] : "", cells[arch], value(cells, n, score),
                             value(cells, n, metric)};
            VEC_PUSH(t->rows, row);
        }
    }
    buf_free(&path);
    buf_free(&text);
    return ok;
}

/* Rows are told apart by their space only where both tables name it. */
static void agree_on_spaces(ScoredTable t[2]) {
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; !(t[0].has_spaces && t[1].has_spaces) && k < t[i].rows.len; k++)
            t[i].rows.items[k].space = "";
        sort_rows(&t[i]);
    }
}

typedef struct Pairs {
    size_t n, failed_a, failed_b, same;
    double *a, *b, *metric;
} Pairs;

static Pairs pair(const ScoredTable *a, const ScoredTable *b) {
    Pairs p = {0};
    double *block = nasc_alloc(3 * (a->rows.len + 1) * sizeof *block);
    p.a = block;
    p.b = block + a->rows.len + 1;
    p.metric = block + 2 * (a->rows.len + 1);
    for (size_t i = 0, k = 0; i < a->rows.len && k < b->rows.len;) {
        const ScoredRow *x = &a->rows.items[i], *y = &b->rows.items[k];
        int order = by_arch(x, y);
        i += order <= 0;
        k += order >= 0;
        if (order != 0)
            continue;
        p.same += x->score == y->score;
        p.a[p.n] = isnan(x->score) ? -INFINITY : x->score;
        p.b[p.n] = isnan(y->score) ? -INFINITY : y->score;
        p.metric[p.n++] = a->has_metric ? x->metric : y->metric;
    }
    return p;
}

/* Leaves those that have a metric. */
static void keep_measured(Pairs *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (isnan(p->metric[i]))
            continue;
        p->failed_a += isinf(p->a[i]);
        p->failed_b += isinf(p->b[i]);
        p->a[n] = p->a[i];
        p->b[n] = p->b[i];
        p->metric[n++] = p->metric[i];
    }
    p->n = n;
}

static void put_side(Buf *b, const char *name, const double *x, const Pairs *p, size_t failed,
                     uint64_t seed) {
    StatsInterval i = stats_spearman_interval(x, p->metric, p->n, seed);
    buf_printf(b, "  %-24s%8.3f  %7.3f .. %-7.3f%8.3f%8zu\n", name,
               stats_spearman(x, p->metric, p->n), i.lo, i.hi,
               stats_kendall_tau_b(x, p->metric, p->n), failed);
}

static void put_comparison(Buf *b, const char *dirs[2], const ScoredTable t[2], uint64_t seed) {
    static const char *const words[] = {"ranks better than", "is equal within noise to",
                                        "ranks worse than"};
    Pairs p = pair(&t[0], &t[1]);
    buf_printf(
        b, "%zu architectures in both; %zu only in %s, %zu only in %s; %zu have the same score\n",
        p.n, t[0].rows.len - p.n, dirs[0], t[1].rows.len - p.n, dirs[1], p.same);
    if (p.n > 1)
        buf_printf(b, "the two rank each other with Spearman %.3f\n",
                   stats_spearman(p.a, p.b, p.n));
    size_t both = p.n;
    keep_measured(&p);
    if ((t[0].has_metric || t[1].has_metric) && p.n > 1) {
        if (p.n < both)
            buf_printf(b, "\n%zu have no metric and are left out below\n", both - p.n);
        buf_printf(b, "\n  %-24s%8s  %-18s%8s%8s\n", "against metric", "Spearman",
                   "  95 % interval", "tau-b", "failed");
        put_side(b, dirs[0], p.a, &p, p.failed_a, seed);
        put_side(b, dirs[1], p.b, &p, p.failed_b, seed);
        StatsInterval d = stats_difference_interval(p.a, p.b, p.metric, p.n, seed);
        if (!isnan(d.lo))
            buf_printf(b, "\n%s %s %s: difference %+.3f, 95 %% interval %+.3f to %+.3f, n = %zu.\n",
                       dirs[0], words[stats_verdict(d)], dirs[1],
                       stats_spearman(p.a, p.metric, p.n) - stats_spearman(p.b, p.metric, p.n),
                       d.lo, d.hi, p.n);
    }
    free(p.a);
}

NascStatus nasc_compare(const NascRequest *r) {
    Session s = {.request = r};
    if (r->nargs != 1) {
        session_message(&s, "nasc: error: compare takes two result folders\n");
        return NASC_USAGE_ERROR;
    }
    const char *dirs[2] = {r->file, r->args[0]};
    ScoredTable t[2] = {{.has_metric = false}, {.has_metric = false}};
    bool ok = true;
    for (int i = 0; i < 2; i++) {
        arena_init(&t[i].arena, "scores");
        ok = ok && read_scores(dirs[i], &t[i], &s.err);
    }
    if (ok) {
        Buf b = {0};
        agree_on_spaces(t);
        put_comparison(&b, dirs, t, r->seed);
        session_write(&s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
    }
    for (int i = 0; i < 2; i++) {
        VEC_FREE(t[i].rows);
        arena_free(&t[i].arena);
    }
    return ok ? NASC_OK : session_fail(&s);
}
