#include "runtime/candidates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashset.h"
#include "runtime/table.h"

/* How many draws in a row may repeat earlier points before the space counts as exhausted; after so many it is asked
 * how many points it has. */
enum { MAX_REPEATED_DRAWS = 10000, REPEATED_DRAWS = 20 };

/* Where all points are equally likely, 20 (n + 1) draws that repeat n of them leave one more a chance of exp(-20). */
static bool exhausted(const CandidateSet *a, uint64_t repeated, size_t seen) {
    uint64_t limit = MAX_REPEATED_DRAWS;
    if (repeated < REPEATED_DRAWS)
        return false;
    if (a->distinct || space_uniform(a->space))
        limit = MIN(limit, 20 * (seen + 1));
    if (repeated >= limit)
        return true;
    int64_t points = repeated != REPEATED_DRAWS ? -1
                     : a->distinct              ? space_distinct_points(a->space)
                                                : space_points(a->space);
    return points == (int64_t)seen;
}

/* Candidates while they are gathered. */
typedef struct Gathered {
    const RankJob *job;
    const CandidateSet *set; /* whose turn it is */
    RankResult *res;
    VEC(Candidate) items;
} Gathered;

static Candidate *push(Gathered *g, const char *arch, double metric) {
    Candidate c = {.set = (size_t)(g->set - g->job->action->sets),
                   .arch = arena_strdup(&g->res->arena, arch),
                   .metric = metric,
                   .score = NAN,
                   .status = SCORE_MISSING};
    VEC_PUSH(g->items, c);
    return &g->items.items[g->items.len - 1];
}

static NascStatus draw_points(Gathered *g, RankSet *about) {
    const RankJob *job = g->job;
    const CandidateSet *a = g->set;
    RandomStream stream = random_stream(a->sample, 0, RANDOM_SAMPLE, (Hash128){0});
    HashSet seen = {0};
    bool ok = !a->distinct || space_list_distinct(a->space, job->action->place, job->interrupt);
    uint64_t repeated = 0;
    size_t drawn = 0;
    for (uint64_t i = 0; ok && (int64_t)drawn < a->n && !exhausted(a, repeated, drawn); i++) {
        if (job->interrupt && *job->interrupt)
            break;
        Arena scratch;
        arena_init(&scratch, "scratch");
        Architecture *arch =
            (a->distinct ? space_sample_distinct : space_sample)(a->space, &scratch, stream, i);
        ok = arch != NULL;
        if (ok && hash_set_add(&seen, architecture_key(arch))) {
            push(g, architecture_text(arch), NAN);
            drawn++;
            repeated = 0;
        } else {
            repeated++;
        }
        arena_free(&scratch);
        if (!ok)
            break;
    }
    about->law = a->distinct ? space_distinct_law(a->space) : space_law(a->space);
    hash_set_free(&seen);
    if (!ok && job->interrupt && *job->interrupt)
        return NASC_INTERRUPTED;
    return ok ? NASC_OK : NASC_PROGRAM_ERROR;
}

static void warn_at(const RankJob *job, const char *path, const Table *t, size_t line,
                    const char *message) {
    Buf text = {0};
    buf_printf(&text, t->is_json ? "%s: row %zu: " : "%s:%zu: ", path, line);
    buf_put_shown(&text, message, SIZE_MAX);
    if (job->warn)
        job->warn(job->user, text.text);
    buf_free(&text);
}

/* At most so many lines about one table; the rest is counted. */
enum { MAX_TABLE_WARNINGS = 20, SHOWN_ARCHITECTURE = 200 };

static void warn_problems(const RankJob *job, const char *path, const Table *t) {
    size_t kept = MIN(t->nproblems, (size_t)TABLE_MAX_PROBLEMS);
    for (size_t i = 0; i < kept; i++)
        warn_at(job, path, t, t->problems[i].line, t->problems[i].message);
    if (t->nproblems > kept) {
        char text[100];
        snprintf(text, sizeof text, "... and %zu more lines with problems", t->nproblems - kept);
        warn_at(job, path, t, t->problems[kept - 1].line, text);
    }
}

static void check_known(const Gathered *g, const Table *t, size_t line, Candidate *c,
                        size_t *unknown) {
    Space *space = g->set->space;
    Arena scratch;
    arena_init(&scratch, "scratch");
    if (!space_parse(space, &scratch, c->arch, strlen(c->arch), true)) {
        c->status = SCORE_INVALID;
        if (++*unknown <= MAX_TABLE_WARNINGS) {
            Buf why = {0};
            buf_putc(&why, '\'');
            buf_put_shown(&why, c->arch, SHOWN_ARCHITECTURE);
            buf_printf(&why, "' is no architecture of %s: ", space_name(space));
            space_explain(space, c->arch, strlen(c->arch), &why);
            warn_at(g->job, g->set->table, t, line, why.text);
            buf_free(&why);
        }
    }
    arena_free(&scratch);
}

/* A table without a header line would lose its first row in silence. */
static void check_heading(const Gathered *g, const Table *t) {
    Space *space = g->set->space;
    Arena scratch;
    arena_init(&scratch, "scratch");
    if (t->heading && *t->heading &&
        space_parse(space, &scratch, t->heading, strlen(t->heading), true)) {
        Buf text = {0};
        buf_putc(&text, '\'');
        buf_put_shown(&text, t->heading, SHOWN_ARCHITECTURE);
        buf_printf(&text,
                   "' is an architecture of %s, but a table begins with a header line: this one is "
                   "read as such",
                   space_name(space));
        warn_at(g->job, g->set->table, t, 1, text.text);
        buf_free(&text);
    }
    arena_free(&scratch);
}

static bool read_foreign(void *user, const RowText *row, Arena *arena, const char **arch,
                         double *metric, Buf *problem) {
    const CandidateSet *a = user;
    return space_read_row(a->space, a->format, a->metric, row, arena, arch, metric, problem);
}

static bool read_table(const CandidateSet *a, Table *t, NascError *err) {
    if (!a->format)
        return table_read(a->table, a->metric, t, err);
    TableFormat format = {.user = (void *)(uintptr_t)a, .read = read_foreign, .metric = a->metric};
    return table_read_rows(a->table, &format, t, err);
}

/* One name for the metric of all tables; which way is better was checked with the program. */
static bool note_metric(RankResult *res, const CandidateSet *a, const char *name, NascError *err) {
    const char *path = a->table;
    if (res->has_metric && strcmp(res->metric_name, name) != 0) {
        nasc_fail(err, NASC_PROGRAM_ERROR,
                  "a ranking has one metric: that of '%s' is '%s', that of the tables before '%s'",
                  path, name, res->metric_name);
        return false;
    }
    res->has_metric = true;
    res->negated = a->smaller_is_better;
    res->metric_name = arena_strdup(&res->arena, name);
    return true;
}

static void take_rows(Gathered *g, const Table *t) {
    const CandidateSet *a = g->set;
    size_t *rows = nasc_alloc(MAX(t->nrows, 1) * sizeof *rows), unknown = 0;
    size_t n = table_sample(t, (size_t)MAX(a->n, 0), a->sample, rows);
    for (size_t i = 0; i < n; i++) {
        const TableRow *row = &t->rows[rows[i]];
        Candidate *c = push(g, row->arch, a->smaller_is_better ? -row->metric : row->metric);
        check_known(g, t, row->line, c, &unknown);
    }
    if (unknown > MAX_TABLE_WARNINGS) {
        char text[100];
        snprintf(text, sizeof text, "... and %zu more unknown architectures",
                 unknown - MAX_TABLE_WARNINGS);
        warn_at(g->job, a->table, t, t->rows[rows[n - 1]].line, text);
    }
    free(rows);
}

static NascStatus read_rows(Gathered *g, NascError *err) {
    const char *path = g->set->table;
    Table t;
    bool ok = read_table(g->set, &t, err) && note_metric(g->res, g->set, t.metric_name, err);
    if (ok) {
        inputs_add(&g->res->inputs, path, t.sha256);
        warn_problems(g->job, path, &t);
        g->res->refused += t.nproblems;
        check_heading(g, &t);
        take_rows(g, &t);
    }
    table_free(&t);
    return ok ? NASC_OK : err->status;
}

static NascStatus gather_set(Gathered *g, RankSet *about, NascError *err) {
    switch (g->set->kind) {
    case CANDIDATES_DRAWN:
        return draw_points(g, about);
    case CANDIDATES_TABLE:
        return read_rows(g, err);
    case CANDIDATES_LIST:
        for (int64_t i = 0; i < g->set->n; i++)
            push(g, g->set->list[i], NAN);
        return NASC_OK;
    }
    BUG("candidates of kind %d", (int)g->set->kind);
}

NascStatus candidates_gather(const RankJob *job, RankResult *res, NascError *err) {
    const Action *a = job->action;
    Gathered g = {.job = job, .res = res};
    NascStatus status = NASC_OK;
    res->nsets = a->nsets;
    res->sets = ARENA_ARRAY(&res->arena, RankSet, a->nsets);
    for (size_t i = 0; status == NASC_OK && i < a->nsets; i++) {
        g.set = &a->sets[i];
        res->sets[i] = (RankSet){.name = g.set->name};
        status = gather_set(&g, &res->sets[i], err);
    }
    res->n = g.items.len;
    res->candidates = ARENA_ARRAY(&res->arena, Candidate, res->n);
    if (res->n)
        memcpy(res->candidates, g.items.items, res->n * sizeof *g.items.items);
    VEC_FREE(g.items);
    return status;
}
