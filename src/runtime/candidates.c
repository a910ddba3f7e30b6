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
static bool exhausted(const Action *a, uint64_t repeated, size_t seen) {
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

static NascStatus draw_points(const RankJob *job, RankResult *res) {
    const Action *a = job->action;
    RandomStream stream = random_stream(a->sample, 0, RANDOM_SAMPLE, (Hash128){0});
    HashSet seen = {0};
    VEC(Candidate) drawn = {0};
    bool ok = !a->distinct || space_list_distinct(a->space, a->place, job->interrupt);
    uint64_t repeated = 0;
    for (uint64_t i = 0; ok && (int64_t)drawn.len < a->n && !exhausted(a, repeated, drawn.len);
         i++) {
        if (job->interrupt && *job->interrupt)
            break;
        Arena scratch;
        arena_init(&scratch, "scratch");
        Architecture *arch =
            (a->distinct ? space_sample_distinct : space_sample)(a->space, &scratch, stream, i);
        ok = arch != NULL;
        if (ok && hash_set_add(&seen, architecture_key(arch))) {
            Candidate c = {.arch = arena_strdup(&res->arena, architecture_text(arch)),
                           .metric = NAN,
                           .score = NAN,
                           .status = SCORE_MISSING};
            VEC_PUSH(drawn, c);
            repeated = 0;
        } else {
            repeated++;
        }
        arena_free(&scratch);
        if (!ok)
            break;
    }
    res->n = drawn.len;
    res->law = a->distinct ? space_distinct_law(a->space) : space_law(a->space);
    res->candidates = ARENA_ARRAY(&res->arena, Candidate, drawn.len);
    if (drawn.len)
        memcpy(res->candidates, drawn.items, drawn.len * sizeof *drawn.items);
    VEC_FREE(drawn);
    hash_set_free(&seen);
    if (!ok && job->interrupt && *job->interrupt)
        return NASC_INTERRUPTED;
    return ok ? NASC_OK : NASC_PROGRAM_ERROR;
}

static void warn_at(const RankJob *job, const char *path, const Table *t, size_t line,
                    const char *message) {
    Buf text = {0};
    buf_printf(&text, t->is_json ? "%s: row %zu: %s" : "%s:%zu: %s", path, line, message);
    if (job->warn)
        job->warn(job->user, text.text);
    buf_free(&text);
}

/* At most so many lines about one table; the rest is counted. */
enum { MAX_TABLE_WARNINGS = 20 };

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

static void check_known(const RankJob *job, const char *path, const Table *t, size_t line,
                        Candidate *c, size_t *unknown) {
    Arena scratch;
    arena_init(&scratch, "scratch");
    if (!space_parse(job->action->space, &scratch, c->arch, strlen(c->arch), true)) {
        c->status = SCORE_INVALID;
        if (++*unknown <= MAX_TABLE_WARNINGS) {
            Buf why = {0};
            buf_printf(&why, "'%.200s%s' is no architecture of %s: ", c->arch,
                       strlen(c->arch) > 200 ? ".." : "", space_name(job->action->space));
            space_explain(job->action->space, c->arch, strlen(c->arch), &why);
            warn_at(job, path, t, line, why.text);
            buf_free(&why);
        }
    }
    arena_free(&scratch);
}

static bool read_foreign(void *user, const RowText *row, Arena *arena, const char **arch,
                         double *metric, Buf *problem) {
    const Action *a = user;
    return space_read_row(a->space, a->format, a->metric, row, arena, arch, metric, problem);
}

static bool read_table(const Action *a, Table *t, NascError *err) {
    if (!a->format)
        return table_read(a->table, a->metric, t, err);
    TableFormat format = {.user = (void *)(uintptr_t)a, .read = read_foreign, .metric = a->metric};
    return table_read_rows(a->table, &format, t, err);
}

static NascStatus read_rows(const RankJob *job, RankResult *res, NascError *err) {
    const Action *a = job->action;
    Table t;
    if (!read_table(a, &t, err)) {
        table_free(&t);
        return err->status;
    }
    inputs_add(&res->inputs, a->table, t.sha256);
    warn_problems(job, a->table, &t);
    res->refused = t.nproblems;
    size_t *rows = nasc_alloc(MAX(t.nrows, 1) * sizeof *rows), unknown = 0;
    res->n = table_sample(&t, (size_t)MAX(a->n, 0), a->sample, rows);
    res->candidates = ARENA_ARRAY(&res->arena, Candidate, res->n);
    res->has_metric = true;
    res->metric_name = arena_strdup(&res->arena, t.metric_name);
    for (size_t i = 0; i < res->n; i++) {
        const TableRow *row = &t.rows[rows[i]];
        res->candidates[i] =
            (Candidate){.arch = arena_strdup(&res->arena, row->arch),
                        .metric = a->smaller_is_better ? -row->metric : row->metric,
                        .score = NAN,
                        .status = SCORE_MISSING};
        check_known(job, a->table, &t, row->line, &res->candidates[i], &unknown);
    }
    if (unknown > MAX_TABLE_WARNINGS) {
        char text[100];
        snprintf(text, sizeof text, "... and %zu more unknown architectures",
                 unknown - MAX_TABLE_WARNINGS);
        warn_at(job, a->table, &t, t.rows[rows[res->n - 1]].line, text);
    }
    free(rows);
    table_free(&t);
    return NASC_OK;
}

static NascStatus copy_list(const RankJob *job, RankResult *res) {
    const Action *a = job->action;
    res->n = (size_t)MAX(a->n, 0);
    res->candidates = ARENA_ARRAY(&res->arena, Candidate, res->n);
    for (size_t i = 0; i < res->n; i++)
        res->candidates[i] = (Candidate){.arch = arena_strdup(&res->arena, a->list[i]),
                                         .metric = NAN,
                                         .score = NAN,
                                         .status = SCORE_MISSING};
    return NASC_OK;
}

NascStatus candidates_gather(const RankJob *job, RankResult *res, NascError *err) {
    switch (job->action->kind) {
    case CANDIDATES_DRAWN:
        return draw_points(job, res);
    case CANDIDATES_TABLE:
        return read_rows(job, res, err);
    case CANDIDATES_LIST:
        return copy_list(job, res);
    }
    BUG("candidates of kind %d", (int)job->action->kind);
}
