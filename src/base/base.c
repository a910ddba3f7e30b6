#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hooks belong to the process, as abort and malloc do; everything else lives in a session. */
static NascBugHook *bug_hook;
static void *bug_user;
static NascOutOfMemoryHook *oom_hook;
static void *oom_user;

void nasc_set_bug_hook(NascBugHook *hook, void *user) {
    bug_hook = hook;
    bug_user = user;
}

void nasc_set_out_of_memory_hook(NascOutOfMemoryHook *hook, void *user) {
    oom_hook = hook;
    oom_user = user;
}

NascStatus nasc_fail(NascError *err, NascStatus status, const char *fmt, ...) {
    if (!err || err->message[0])
        return err ? err->status : status;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    err->status = status;
    return status;
}

void nasc_bug(const char *file, int line, const char *fmt, ...) {
    char text[1024];
    int n = snprintf(text, sizeof text, "%s:%d: ", file, line);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + n, sizeof text - (size_t)n, fmt, args);
    va_end(args);
    if (bug_hook)
        bug_hook(text, bug_user);
    fprintf(stderr, "nasc: bug: %s\n", text);
    abort();
}

void nasc_out_of_memory(size_t bytes) {
    if (oom_hook)
        oom_hook(oom_user);
    fprintf(stderr, "nasc: out of memory (%zu bytes asked for)\n", bytes);
    _Exit(NASC_ENVIRONMENT);
}

static void *require_memory(void *p, size_t bytes) {
    if (!p && bytes)
        nasc_out_of_memory(bytes);
    return p;
}

void *nasc_alloc(size_t bytes) {
    return require_memory(malloc(bytes), bytes);
}

void *nasc_alloc_zero(size_t bytes) {
    return require_memory(calloc(1, bytes), bytes);
}

void *nasc_realloc(void *old, size_t bytes) {
    return require_memory(realloc(old, bytes), bytes);
}

char *nasc_strdup(const char *s) {
    size_t n = strlen(s) + 1;
    return memcpy(nasc_alloc(n), s, n);
}
