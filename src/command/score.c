/* `nasc score`: the architectures given, in that order, scored as a ranking would; as text, or an
 * object a line with the losses of every step. */
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include "command/session.h"

static json_t *number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *losses_json(const Candidate *c, int64_t repeats) {
    json_t *all = json_array();
    for (int64_t r = 0; c->losses && r < repeats; r++) {
        json_t *one = json_array();
        for (int64_t k = 0; k < c->steps; k++)
            json_array_append_new(one, number(c->losses[r * c->steps + k]));
        json_array_append_new(all, one);
    }
    return all;
}

/* One object a line. */
static void put_json(Buf *b, const RankResult *r, const Candidate *c) {
    json_t *o = json_object();
    char hash[HASH128_TEXT];
    bool built = c->status != SCORE_INVALID;
    hash128_text(c->hash, hash);
    json_object_set_new(o, "arch", json_string(c->arch));
    json_object_set_new(o, "score", number(c->score));
    json_object_set_new(o, "status", json_string(score_status_text(c->status)));
    json_object_set_new(o, "losses", losses_json(c, r->repeats));
    json_object_set_new(o, "params", built ? json_integer(c->sizes.params) : json_null());
    json_object_set_new(o, "macs", built ? json_integer(c->sizes.macs) : json_null());
    json_object_set_new(o, "live_macs", built ? json_integer(c->sizes.live_macs) : json_null());
    json_object_set_new(o, "counted_macs",
                        built ? json_integer(c->sizes.counted_macs) : json_null());
    json_object_set_new(o, "hash", built ? json_string(hash) : json_null());
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
    buf_printf(b, "%s\n", text);
    free(text);
    json_decref(o);
}

static void put_text(Buf *b, const Candidate *c) {
    buf_printf(b, "%12.6g  %-7s %10.3fM params %10.3fM MACs  ", c->score,
               score_status_text(c->status), (double)c->sizes.params / 1e6,
               (double)c->sizes.macs / 1e6);
    buf_put_shown(b, c->arch, SIZE_MAX);
    buf_putc(b, '\n');
}

static NascStatus outcome(Session *s, const RankResult *r) {
    if (r->interrupted && r->missing)
        return NASC_INTERRUPTED;
    size_t invalid = 0;
    for (size_t i = 0; i < r->n; i++)
        invalid += r->candidates[i].status == SCORE_INVALID;
    if (invalid)
        return NASC_PROGRAM_ERROR;
    if (r->n && r->failed == r->n) {
        session_message(s, "nasc: error: not one architecture could be scored\n");
        return NASC_NOTHING_SCORED;
    }
    return NASC_OK;
}

static NascStatus score(Session *s) {
    const NascRequest *r = s->request;
    Space *space = program_default_space(s->program);
    Proxy *proxy = space ? program_default_proxy(s->program) : NULL;
    if (!space || !proxy)
        return session_diagnostics(s, NASC_PROGRAM_ERROR);
    if (s->architectures.len == 0) {
        session_message(
            s, "nasc: error: score needs an architecture; `nasc sample %s` draws some\n", r->file);
        return NASC_USAGE_ERROR;
    }
    if (r->in_double && !r->reference) {
        session_message(s, "nasc: error: --double needs --reference: kernels compute in float\n");
        return NASC_USAGE_ERROR;
    }
    NascStatus status = session_jit(s);
    if (status != NASC_OK)
        return status;
    CandidateSet set = {.space = space,
                        .name = space_name(space),
                        .kind = CANDIDATES_LIST,
                        .n = (int64_t)s->architectures.len,
                        .list = s->architectures.items};
    Action action = {.proxy = proxy, .sets = &set, .nsets = 1};
    RankJob job = {.program = s->program,
                   .action = &action,
                   .jit = s->jit,
                   .seed = r->seed,
                   .workers = s->workers,
                   .interrupt = r->interrupt,
                   .direct = s->direct,
                   .keep_losses = true,
                   .reference = r->reference,
                   .in_double = r->in_double,
                   .progress = session_progress,
                   .warn = session_warn,
                   .user = s};
    RankResult result;
    status = rank_run(&job, &result, &s->err);
    session_diagnostics(s, NASC_OK);
    if (status != NASC_OK) {
        if (s->err.message[0])
            status = session_fail(s);
    } else {
        Buf b = {0};
        for (size_t i = 0; i < result.n; i++) {
            if (r->json)
                put_json(&b, &result, &result.candidates[i]);
            else
                put_text(&b, &result.candidates[i]);
        }
        session_write(s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
        status = outcome(s, &result);
    }
    rank_free(&result);
    return status;
}

NascStatus nasc_score(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, true);
    if (status == NASC_OK)
        status = score(&s);
    return session_close(&s, status);
}
