/* `nasc run`: the actions of a program one after another, each with its report; then the files and what the exit
 * status says about all of them. An action that fails or is interrupted ends the run, and what was finished is
 * reported. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "command/session.h"

/* How many of the best and of the worst a report shows. */
enum { SHOWN = 10 };

typedef struct RunState {
    Session *session;
    size_t n;
    RankResult *results;
    SearchResult *searches; /* of actions that are one; others zero */
    Evaluation *evaluations;
    ActionReport *reports;
    RunProfile *profiles;
    size_t done;
} RunState;

static NascStatus print_parameters(Session *s) {
    const ProgramParam *params;
    size_t n = program_params(s->program, &params), width = 0;
    Buf b = {0};
    buf_printf(&b, "usage: nasc run %s [NAME=VALUE ...] [options]\n", s->request->file);
    if (n)
        buf_puts(&b, "\nParameters of this program, with their defaults:\n");
    for (size_t i = 0; i < n; i++)
        width = MAX(width, strlen(params[i].name) + strlen(params[i].value) + 1);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(params[i].name) + strlen(params[i].value) + 1;
        buf_printf(&b, "  %s=%s%*s  %s\n", params[i].name, params[i].value, (int)(width - len), "",
                   params[i].help ? params[i].help : "");
    }
    if (!n)
        buf_puts(&b, "\nThis program has no parameters.\n");
    buf_puts(&b, "\nOptions: nasc run --help\n");
    session_write(s, NASC_STREAM_RESULT, &b);
    buf_free(&b);
    return NASC_OK;
}

/* Runs a search: its report is that of the proxy found, or of the selection if it did not come so far. */
static NascStatus run_search(RunState *state, const RankJob *job, RankResult **result) {
    SearchResult *search = &state->searches[state->done];
    NascStatus status = search_run(job, search, &state->session->err);
    *result = search->tuned.scored ? &search->tuned.ranking : &search->selection;
    (*result)->interrupted |= search->interrupted;
    return status;
}

/* The names of the spaces in a ranking. */
static const char *spaces_text(Arena *arena, const RankResult *r) {
    const char *text = r->sets[0].name;
    for (size_t i = 1; i < r->nsets; i++)
        text = arena_printf(arena, "%s, %s", text, r->sets[i].name);
    return text;
}

static NascStatus run_action(RunState *state, const Action *action) {
    Session *s = state->session;
    RankResult *result = &state->results[state->done];
    RunProfile *profile = s->request->profile && s->jit ? &state->profiles[state->done] : NULL;
    bool search = action->what == ACTION_SEARCH && s->jit;
    if (action->what == ACTION_SEARCH && !search) /* sizes only */
        action = action->evaluation ? action->evaluation : action;
    JitStats before = s->jit ? jit_stats(s->jit) : (JitStats){0};
    RankJob job = {.program = s->program,
                   .action = action,
                   .jit = s->jit,
                   .journal = s->journal,
                   .seed = s->request->seed,
                   .workers = s->workers,
                   .interrupt = s->request->interrupt,
                   .keep_curve = true,
                   .direct = s->direct,
                   .profile = profile,
                   .progress = session_progress,
                   .warn = session_warn,
                   .user = s};
    NascStatus status = search ? run_search(state, &job, &result) : rank_run(&job, result, &s->err);
    JitStats after = s->jit ? jit_stats(s->jit) : (JitStats){0};
    size_t at = state->done++;
    session_diagnostics(s, NASC_OK);
    if (status != NASC_OK)
        return s->err.message[0] ? session_fail(s) : status;
    double wall = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    evaluate(result, search ? action->name : proxy_name(action->proxy), s->request->seed,
             &state->evaluations[at]);
    result->seconds += clock_seconds(CLOCK_MONOTONIC) - wall;
    result->cpu_seconds += clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    ActionReport *report = &state->reports[at];
    *report = (ActionReport){.result = result,
                             .evaluation = &state->evaluations[at],
                             .search = search ? &state->searches[at] : NULL,
                             .space = spaces_text(&result->arena, result),
                             .proxy = proxy_name(action->proxy),
                             .compile_seconds = after.compile_seconds - before.compile_seconds,
                             .kernels_compiled = after.kernels_compiled - before.kernels_compiled,
                             .peak_memory_bytes = report_peak_memory(),
                             .workers = s->workers,
                             .profile = profile};
    report->nsettings = proxy_settings(action->proxy, &report->settings);
    return NASC_OK;
}

static void print_report(const RunState *state, const ActionReport *a) {
    Session *s = state->session;
    const RankResult *r = a->result;
    if (r->n && r->failed == r->n && program_diags(s->program)->errors)
        return; /* the diagnostics have said why, and a table of nothing would hide them */
    if (!s->request->json) {
        Buf b = {0};
        report_text(&b, a, SHOWN);
        session_write(s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
    }
    if (a->profile) {
        Buf b = {0};
        report_profile_text(&b, a);
        session_write(s, NASC_STREAM_MESSAGE, &b);
        buf_free(&b);
    }
    if (!s->request->quiet)
        session_message(s,
                        "%.1f s, %.1f s of processor time, %.1f s of it compiling %lld kernels; "
                        "peak memory %lld MB\n",
                        a->result->seconds, a->result->cpu_seconds, a->compile_seconds,
                        (long long)a->kernels_compiled, (long long)(a->peak_memory_bytes >> 20));
}

/* What searches found, as programs, and the points they tried. */
static bool write_searches(const RunState *state, size_t n) {
    Session *s = state->session;
    const char *program = program_sources(s->program)->files.items[0].path;
    char *path = realpath(program, NULL);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        const SearchResult *r = state->reports[i].search;
        if (!r)
            continue;
        Buf file = {0}, text = {0};
        buf_printf(&file, "%s/%s.points.tsv", s->request->out, r->action->name);
        search_points(r, &text);
        ok = file_write(file.text, text.text, text.len, &s->err);
        if (ok && r->tuned.scored) {
            buf_clear(&file);
            buf_clear(&text);
            buf_printf(&file, "%s/%s.nas", s->request->out, r->action->name);
            search_program(r, path ? path : program, &text);
            ok = file_write(file.text, text.text, text.len, &s->err);
            session_message(s, "wrote %s/%s.nas, %s.points.tsv\n", s->request->out, r->action->name,
                            r->action->name);
        }
        buf_free(&file);
        buf_free(&text);
    }
    free(path);
    return ok;
}

static NascStatus finish(RunState *state, NascStatus status) {
    Session *s = state->session;
    size_t n = status == NASC_OK || state->done == 0 ? state->done : state->done - 1;
    bool interrupted = false, scored = false, any = false, curves = false;
    for (size_t i = 0; i < n; i++) {
        const RankResult *r = state->reports[i].result;
        interrupted |= r->interrupted;
        scored |= r->n > r->failed + r->missing;
        any |= r->n + r->refused > 0;
        curves |= state->evaluations[i].curve.npoints > 0;
    }
    if (n && s->request->json) {
        ReportHeader h;
        Buf b = {0};
        session_header(s, &h);
        h.timing = s->request->profile;
        report_json(&b, &h, state->reports, n);
        session_write(s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
    }
    if (n && s->request->out) {
        ReportHeader h;
        session_header(s, &h);
        if (!write_searches(state, n) ||
            !report_write(s->request->out, &h, state->reports, n, &s->err))
            return session_fail(s);
        session_message(s, "wrote %s/report.json, scores.tsv, timing.json, timing.tsv%s\n",
                        s->request->out, curves ? ", curve.svg, curve.tsv" : "");
    }
    if (status == NASC_OK && !interrupted && s->journal && !s->request->keep_journal)
        journal_discard(s->journal);
    if (interrupted) {
        session_message(s, "interrupted: the report holds what was finished\n");
        return NASC_INTERRUPTED;
    }
    if (status == NASC_OK && n && any && !scored) {
        session_message(s, "nasc: error: not one architecture could be scored\n");
        return program_diags(s->program)->errors ? NASC_PROGRAM_ERROR : NASC_NOTHING_SCORED;
    }
    return status;
}

static void explain_no_action(Session *s) {
    Space **spaces;
    size_t n = program_spaces(s->program, &spaces);
    const char *proxy = program_default_proxy_name(s->program);
    session_message(s,
                    "%s has no action to run; add for instance\n  use %s;\n"
                    "  rank draw(%s, 20) by %s();\n",
                    s->request->file, proxy, n ? space_name(spaces[n - 1]) : "SPACE", proxy);
}

NascStatus nasc_run(const NascRequest *r) {
    Session s;
    RunState state = {.session = &s};
    NascStatus status = session_open(&s, r, false);
    const Action *actions = NULL;
    if (status == NASC_OK && r->help) {
        status = print_parameters(&s);
        return session_close(&s, status);
    }
    if (status == NASC_OK) {
        state.n = program_actions(s.program, &actions);
        status = session_diagnostics(&s, NASC_OK);
    }
    if (status == NASC_OK && state.n == 0)
        explain_no_action(&s);
    if (status == NASC_OK && r->out && !directory_make(r->out, &s.err))
        status = session_fail(&s);
    if (status == NASC_OK && !r->size_only)
        status = session_jit(&s);
    if (status == NASC_OK && !r->size_only && state.n)
        status = session_journal(&s, r->out);
    state.results = nasc_alloc_zero(MAX(state.n, 1) * sizeof *state.results);
    state.searches = nasc_alloc_zero(MAX(state.n, 1) * sizeof *state.searches);
    state.evaluations = nasc_alloc_zero(MAX(state.n, 1) * sizeof *state.evaluations);
    state.reports = nasc_alloc_zero(MAX(state.n, 1) * sizeof *state.reports);
    state.profiles = nasc_alloc_zero(MAX(state.n, 1) * sizeof *state.profiles);
    for (size_t i = 0; status == NASC_OK && i < state.n; i++) {
        status = run_action(&state, &actions[i]);
        if (status == NASC_OK)
            print_report(&state, &state.reports[i]);
        if (r->interrupt && *r->interrupt)
            break;
    }
    status = finish(&state, status);
    for (size_t i = 0; i < state.done; i++) {
        evaluation_free(&state.evaluations[i]);
        rank_free(&state.results[i]);
        if (state.searches[i].action)
            search_free(&state.searches[i]);
    }
    free(state.results);
    free(state.searches);
    free(state.evaluations);
    free(state.reports);
    free(state.profiles);
    return session_close(&s, status);
}
