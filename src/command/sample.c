/* `nasc sample`: different points of a space, an architecture a line. */
#include <stdlib.h>

#include "command/session.h"
#include "runtime/candidates.h"

enum { DEFAULT_DRAWS = 10 };

/* How many points are drawn for each that is wanted: enough for every size to be among them. */
enum { DRAWN_PER_LABEL = 50 };

static int by_size(const void *a, const void *b) {
    const Candidate *x = *(const Candidate *const *)a, *y = *(const Candidate *const *)b;
    if (x->sizes.live_macs != y->sizes.live_macs)
        return x->sizes.live_macs < y->sizes.live_macs ? -1 : 1;
    return x->network < y->network ? -1 : x->network > y->network;
}

/* A selection set to be labelled: of the networks drawn, in order of size, the middle one of each of n equal parts. */
static void put_labels(const RankResult *r, size_t n, Buf *b) {
    const Candidate **networks = nasc_alloc((r->n + 1) * sizeof *networks);
    bool *seen = nasc_alloc_zero(r->networks + 1);
    size_t count = 0;
    for (size_t i = 0; i < r->n; i++) {
        const Candidate *c = &r->candidates[i];
        if (c->status != SCORE_OK || seen[c->network])
            continue;
        seen[c->network] = true;
        networks[count++] = c;
    }
    qsort(networks, count, sizeof *networks, by_size);
    buf_puts(b, "arch\tmetric\tparams\tmacs\tlive_macs\n");
    for (size_t i = 0; i < MIN(n, count); i++) {
        const Candidate *c = networks[(2 * i + 1) * count / (2 * MIN(n, count))];
        buf_printf(b, "%s\t\t%lld\t%lld\t%lld\n", c->arch, (long long)c->sizes.params,
                   (long long)c->sizes.macs, (long long)c->sizes.live_macs);
    }
    free(networks);
    free(seen);
}

static NascStatus sample_labels(Session *s, Space *space) {
    const NascRequest *r = s->request;
    int64_t n = r->for_labels;
    Action action = {.space = space,
                     .kind = CANDIDATES_DRAWN,
                     .sample = r->seed,
                     .n = n > INT32_MAX ? n : n * DRAWN_PER_LABEL};
    RankJob job = {
        .program = s->program, .action = &action, .interrupt = r->interrupt, .workers = s->workers};
    RankResult result;
    NascStatus status = session_diagnostics(s, rank_run(&job, &result, &s->err));
    if (s->err.message[0])
        status = session_fail(s);
    if (status == NASC_OK) {
        Buf b = {0};
        put_labels(&result, (size_t)n, &b);
        session_write(s, NASC_STREAM_RESULT, &b);
        if (result.networks < (size_t)n)
            session_message(s, "nasc: note: only %zu different networks were found\n",
                            result.networks);
        buf_free(&b);
    }
    rank_free(&result);
    return status;
}

NascStatus nasc_sample(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, false);
    Space *space = status == NASC_OK ? program_default_space(s.program) : NULL;
    if (status == NASC_OK && !space)
        status = session_diagnostics(&s, NASC_PROGRAM_ERROR);
    if (status == NASC_OK && r->for_labels) {
        status = sample_labels(&s, space);
    } else if (status == NASC_OK) {
        Action action = {.space = space,
                         .kind = CANDIDATES_DRAWN,
                         .n = r->n ? r->n : DEFAULT_DRAWS,
                         .sample = r->seed};
        RankJob job = {.program = s.program, .action = &action, .interrupt = r->interrupt};
        RankResult result = {0};
        Buf b = {0};
        arena_init(&result.arena, "sample");
        status = candidates_gather(&job, &result, &s.err);
        status = session_diagnostics(&s, status);
        for (size_t i = 0; i < result.n; i++)
            buf_printf(&b, "%s\n", result.candidates[i].arch);
        session_write(&s, NASC_STREAM_RESULT, &b);
        if (status == NASC_OK)
            session_message(&s, "nasc: note: different points, %s\n", space_law(space));
        if (status == NASC_OK && (int64_t)result.n < action.n)
            session_message(&s, "nasc: note: only %zu different architectures were found\n",
                            result.n);
        buf_free(&b);
        rank_free(&result);
        if (status == NASC_OK && r->interrupt && *r->interrupt)
            status = NASC_INTERRUPTED;
    }
    session_close(&s);
    return status;
}
