/* `nasc sample`: different points of a space, an architecture a line, and the law by which they were drawn. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/files.h"
#include "command/session.h"
#include "runtime/candidates.h"
#include "runtime/export_network.h"

enum { DEFAULT_DRAWS = 10 };

/* How many points are drawn for each that is wanted: enough for every size to be among them. */
enum { DRAWN_PER_LABEL = 50 };

static int by_size(const void *a, const void *b) {
    const Candidate *x = *(const Candidate *const *)a, *y = *(const Candidate *const *)b;
    if (x->sizes.live_macs != y->sizes.live_macs)
        return x->sizes.live_macs < y->sizes.live_macs ? -1 : 1;
    return x->network < y->network ? -1 : x->network > y->network;
}

/* A selection set to be labelled: of the networks drawn, in order of size, the middle one of each of n equal parts.
 * Malloc'd; *n becomes smaller where there are fewer. */
static const Candidate **choose_labels(const RankResult *r, size_t *n) {
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
    *n = MIN(*n, count);
    for (size_t i = 0; i < *n; i++)
        networks[i] = networks[(2 * i + 1) * count / (2 * *n)];
    free(seen);
    return networks;
}

/* With `scripts` a last column names the file of each network. */
static void put_labels(const Candidate *const *chosen, size_t n, bool scripts, Buf *b) {
    buf_printf(b, "arch\tmetric\tparams\tmacs\tlive_macs%s\n", scripts ? "\tscript" : "");
    for (size_t i = 0; i < n; i++) {
        const Candidate *c = chosen[i];
        buf_printf(b, "%s\t\t%lld\t%lld\t%lld", c->arch, (long long)c->sizes.params,
                   (long long)c->sizes.macs, (long long)c->sizes.live_macs);
        if (scripts)
            buf_printf(b, "\tnet_%02zu.py", i + 1);
        buf_putc(b, '\n');
    }
}

/* DIR/net_01.py: the scored network as it is written. */
static bool write_network(Session *s, Space *space, const char *arch, size_t number) {
    Arena arena;
    Buf script = {0}, path = {0};
    IrModule network;
    arena_init(&arena, "candidate");
    Architecture *a = space_parse(space, &arena, arch, strlen(arch), false);
    bool ok = a && space_network(space, a, NULL, LANES, &arena, &network) &&
              export_network(&network, arch, &script, &s->err);
    buf_printf(&path, "%s/net_%02zu.py", s->request->export_to, number);
    ok = ok && file_write(path.text, script.text, script.len, &s->err);
    buf_free(&script);
    buf_free(&path);
    arena_free(&arena);
    return ok;
}

static bool write_labels(Session *s, Space *space, const Candidate *const *chosen, size_t n) {
    const char *dir = s->request->export_to;
    Buf table = {0}, path = {0};
    bool ok = directory_make(dir, &s->err);
    for (size_t i = 0; ok && i < n; i++)
        ok = write_network(s, space, chosen[i]->arch, i + 1);
    put_labels(chosen, n, true, &table);
    buf_printf(&path, "%s/table.tsv", dir);
    ok = ok && file_write(path.text, table.text, table.len, &s->err);
    if (ok)
        session_message(s, "wrote %s and %zu networks beside it\n", path.text, n);
    buf_free(&table);
    buf_free(&path);
    return ok;
}

/* n of the space's architectures, as the request wants them drawn. */
static CandidateSet drawn_set(const NascRequest *r, Space *space, int64_t n) {
    return (CandidateSet){.space = space,
                          .name = space_name(space),
                          .kind = CANDIDATES_DRAWN,
                          .distinct = r->distinct,
                          .sample = r->seed,
                          .n = n};
}

static NascStatus sample_labels(Session *s, Space *space) {
    const NascRequest *r = s->request;
    int64_t wanted = r->for_labels;
    CandidateSet set = drawn_set(r, space, wanted > INT32_MAX ? wanted : wanted * DRAWN_PER_LABEL);
    Action action = {.place = {.file = UINT32_MAX}, .sets = &set, .nsets = 1};
    RankJob job = {
        .program = s->program, .action = &action, .interrupt = r->interrupt, .workers = s->workers};
    RankResult result;
    NascStatus status = session_diagnostics(s, rank_run(&job, &result, &s->err));
    if (status == NASC_OK && !s->err.message[0]) {
        size_t n = (size_t)wanted;
        Buf b = {0};
        const Candidate **chosen = choose_labels(&result, &n);
        if (!r->export_to)
            put_labels(chosen, n, false, &b);
        else if (!write_labels(s, space, chosen, n))
            status = session_diagnostics(s, NASC_PROGRAM_ERROR);
        session_write(s, NASC_STREAM_RESULT, &b);
        session_message(s,
                        "nasc: note: not uniform: spread over the sizes of what was drawn (%s)\n",
                        result.sets[0].law);
        if (n < (size_t)wanted)
            session_message(s, "nasc: note: only %zu different networks were found\n", n);
        buf_free(&b);
        free(chosen);
    }
    if (s->err.message[0])
        status = session_fail(s);
    rank_free(&result);
    return status;
}

static void put_json(const RankResult *r, Buf *b) {
    json_t *o = json_object(), *list = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(list, json_string(r->candidates[i].arch));
    json_object_set_new(o, "law", json_string(r->sets[0].law));
    json_object_set_new(o, "architectures", list);
    char *text = json_dumps(o, JSON_INDENT(1));
    CHECK(text);
    buf_printf(b, "%s\n", text);
    free(text);
    json_decref(o);
}

static NascStatus sample_points(Session *s, Space *space) {
    const NascRequest *r = s->request;
    CandidateSet set = drawn_set(r, space, r->n ? r->n : DEFAULT_DRAWS);
    Action action = {.place = {.file = UINT32_MAX}, .sets = &set, .nsets = 1};
    RankJob job = {.program = s->program, .action = &action, .interrupt = r->interrupt};
    RankResult result = {0};
    Buf b = {0};
    arena_init(&result.arena, "sample");
    NascStatus status = session_diagnostics(s, candidates_gather(&job, &result, &s->err));
    if (r->json && status == NASC_OK)
        put_json(&result, &b);
    for (size_t i = 0; !r->json && i < result.n; i++)
        buf_printf(&b, "%s\n", result.candidates[i].arch);
    session_write(s, NASC_STREAM_RESULT, &b);
    if (status == NASC_OK && !r->json)
        session_message(s, "nasc: note: different %s, %s\n",
                        r->distinct ? "architectures" : "points", result.sets[0].law);
    if (status == NASC_OK && (int64_t)result.n < set.n)
        session_message(s, "nasc: note: only %zu different architectures were found\n", result.n);
    buf_free(&b);
    rank_free(&result);
    return status == NASC_OK && r->interrupt && *r->interrupt ? NASC_INTERRUPTED : status;
}

/* What does not go together. */
static const char *wrong_options(const NascRequest *r) {
    if (r->export_to && !r->for_labels)
        return "--export needs --for-labels N: the table that the networks stand beside";
    if (r->json && r->for_labels)
        return "--for-labels writes a table, which --json does not change";
    return NULL;
}

NascStatus nasc_sample(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, false);
    const char *wrong = wrong_options(r);
    Space *space = status == NASC_OK ? program_default_space(s.program) : NULL;
    if (status == NASC_OK && !space)
        status = session_diagnostics(&s, NASC_PROGRAM_ERROR);
    if (status == NASC_OK && wrong) {
        session_message(&s, "nasc: error: %s\n", wrong);
        status = NASC_USAGE_ERROR;
    } else if (status == NASC_OK) {
        status = r->for_labels ? sample_labels(&s, space) : sample_points(&s, space);
    }
    return session_close(&s, status);
}
