/* The parts of a command: arguments sorted into settings and architectures, the library found, messages through the
 * request's writer. Nothing is printed elsewhere. */
#include "command/session.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/blas.h"
#include "runtime/pool.h"

void session_write(const Session *s, NascStream stream, const Buf *text) {
    if (text->len)
        s->request->write(s->request->user, stream, text->text, text->len);
}

void session_message(const Session *s, const char *fmt, ...) {
    char text[1200];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    s->request->write(s->request->user, NASC_STREAM_MESSAGE, text,
                      (size_t)MIN(n, (int)sizeof text - 1));
}

NascStatus session_fail(Session *s) {
    session_message(s, "nasc: error: %s\n", s->err.message);
    return s->err.status;
}

NascStatus session_diagnostics(Session *s, NascStatus status) {
    DiagSink *diags = program_diags(s->program);
    if (diags->items.len > s->diags_printed) {
        Buf b = {0};
        diag_print(diags, &b, s->request->colour);
        session_write(s, NASC_STREAM_MESSAGE, &b);
        buf_free(&b);
        s->diags_printed = diags->items.len;
    }
    return diags->errors && status == NASC_OK ? NASC_PROGRAM_ERROR : status;
}

/* $NASC_LIB, else lib/ beside the folder of the executable (a build), else share/nasc/lib (installed). */
static char *find_lib(const NascRequest *r) {
    if (r->lib_dir)
        return nasc_strdup(r->lib_dir);
    const char *env = getenv("NASC_LIB");
    if (env && *env)
        return nasc_strdup(env);
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(exe, '/');
    *(slash ? slash : exe) = '\0';
    static const char *const places[] = {"../share/nasc/lib", "../lib"};
    Buf path = {0};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s/default.nas", exe, places[i]);
        if (access(path.text, R_OK) == 0 || i + 1 == ARRAY_LEN(places))
            break;
    }
    *strrchr(path.text, '/') = '\0';
    char *plain = realpath(path.text, NULL); /* without the "..", which diagnostics would show */
    if (!plain)
        return path.text;
    buf_free(&path);
    return plain;
}

/* The parameter of the program that "name=..." names, or NULL. */
static bool is_setting(Program *p, const char *arg) {
    const ProgramParam *params;
    size_t n = program_params(p, &params), len = strcspn(arg, "=");
    for (size_t i = 0; i < n; i++)
        if (arg[len] && strlen(params[i].name) == len && strncmp(params[i].name, arg, len) == 0)
            return true;
    return false;
}

/* Architectures in the default notation hold '=' too: an argument is a setting if the program has a parameter of
 * that name, which only a first reading of the program tells. */
static NascStatus sort_arguments(Session *s, const ProgramOptions *options) {
    const NascRequest *r = s->request;
    bool maybe = false;
    for (size_t i = 0; i < r->nargs; i++)
        maybe |= strchr(r->args[i], '=') != NULL;
    Program *first = NULL;
    NascStatus status = NASC_OK;
    if (maybe)
        first = program_load(r->file, NULL, 0, options, &status, &s->err);
    for (size_t i = 0; i < r->nargs; i++) {
        if (first && is_setting(first, r->args[i]))
            VEC_PUSH(s->settings, r->args[i]);
        else
            VEC_PUSH(s->architectures, r->args[i]);
    }
    if (first)
        program_free(first);
    s->err = (NascError){0}; /* the second reading reports what the first one met */
    return NASC_OK;
}

NascStatus session_open(Session *s, const NascRequest *r, bool takes_architectures) {
    *s = (Session){.request = r, .workers = r->workers > 0 ? r->workers : pool_default_workers()};
    char *lib = find_lib(r);
    ProgramOptions options = {.lib_dir = lib, .seed = r->seed};
    if (takes_architectures)
        sort_arguments(s, &options);
    else
        for (size_t i = 0; i < r->nargs; i++)
            VEC_PUSH(s->settings, r->args[i]);
    options.settings = s->settings.items;
    options.nsettings = s->settings.len;
    NascStatus status = NASC_OK;
    s->program = program_load(r->file, NULL, 0, &options, &status, &s->err);
    free(lib);
    if (!(r->json && status == NASC_PROGRAM_ERROR && !takes_architectures))
        session_diagnostics(s, status);
    if (s->err.message[0])
        return session_fail(s);
    return status == NASC_OK && program_diags(s->program)->errors ? NASC_PROGRAM_ERROR : status;
}

#ifndef NASC_NUMERICS /* the Makefile's hash of what decides the bits of a training */
#define NASC_NUMERICS "unknown"
#endif

/* The lines that tell whose journal it is: the version, the code that decides the bits, and every file of the
 * program with its content. What the keys of entries hold (settings, seeds, inputs) takes no part, so a run with more
 * architectures goes on. */
static void journal_identity(const Session *s, Buf *b) {
    buf_printf(b, "nasc %s\ncode %s\nllvm %s\n", nasc_version(), NASC_NUMERICS, jit_llvm_version());
    const SourceSet *sources = program_sources(s->program);
    for (size_t i = 0; i < sources->files.len; i++) {
        const SourceFile *f = &sources->files.items[i];
        size_t len = strlen(f->path);
        if (len && f->path[len - 1] == '=') /* a setting of the command line */
            continue;
        const char *slash = strrchr(f->path, '/');
        buf_printf(b, "%s %s\n", slash ? slash + 1 : f->path, f->sha256);
    }
}

NascStatus session_journal(Session *s, const char *dir) {
    Buf path = {0}, identity = {0};
    if (dir)
        buf_printf(&path, "%s/journal", dir);
    journal_identity(s, &identity);
    s->journal = journal_open(dir ? path.text : NULL, identity.text, &s->err);
    buf_free(&path);
    buf_free(&identity);
    if (!s->journal)
        return session_fail(s);
    if (!s->request->quiet && journal_read_entries(s->journal))
        session_message(s, "journal: %zu trainings known from earlier runs\n",
                        journal_read_entries(s->journal));
    if (journal_dropped_bytes(s->journal))
        session_message(s, "journal: %zu bytes of an unfinished or damaged entry dropped\n",
                        journal_dropped_bytes(s->journal));
    return NASC_OK;
}

NascStatus session_close(Session *s, NascStatus status) {
    NascError err = {0};
    if (s->journal && !journal_close(s->journal, &err))
        session_message(s, "nasc: error: %s\n", err.message);
    if (s->jit)
        jit_close(s->jit);
    if (s->program && status == NASC_PROGRAM_ERROR && program_settings_refused(s->program))
        status = NASC_USAGE_ERROR;
    if (s->program)
        program_free(s->program);
    VEC_FREE(s->settings);
    VEC_FREE(s->architectures);
    return status;
}

NascStatus session_algorithm(Session *s) {
    const char *algorithm = s->request->algorithm ? s->request->algorithm : "auto";
    s->direct = strcmp(algorithm, "direct") == 0;
    if (!s->direct && strcmp(algorithm, "auto") != 0) {
        nasc_fail(&s->err, NASC_USAGE_ERROR,
                  "there is no algorithm '%s'; --algorithm takes auto or direct", algorithm);
        return session_fail(s);
    }
    return NASC_OK;
}

NascStatus session_jit(Session *s) {
    NascStatus status = session_algorithm(s);
    if (status != NASC_OK)
        return status;
    char *cache = s->request->no_cache ? NULL : jit_default_cache_dir();
    s->jit = jit_open(&(JitOptions){.cpu = s->request->cpu, .cache_dir = cache}, &s->err);
    free(cache);
    return s->jit ? NASC_OK : session_fail(s);
}

void session_header(const Session *s, ReportHeader *h) {
    const SourceSet *sources = program_sources(s->program);
    *h = (ReportHeader){.version = nasc_version(),
                        .llvm = jit_llvm_version(),
                        .blas = blas_version(),
                        .cpu = s->jit ? jit_host_cpu(s->jit) : NULL,
                        .target = s->jit ? jit_target_name(s->jit) : NULL,
                        .algorithm = s->jit ? (s->direct ? "direct" : "auto") : NULL,
                        .program_path = sources->files.items[0].path,
                        .program_sha256 = sources->files.items[0].sha256,
                        .seed = s->request->seed};
    h->nparams = program_params(s->program, &h->params);
}

void session_warn(void *user, const char *line) {
    session_message(user, "%s\n", line);
}
