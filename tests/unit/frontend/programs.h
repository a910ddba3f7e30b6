/* Loading programs in tests: from text or from the project's files, with diagnostics shown on
 * failure. */
#ifndef TESTS_FRONTEND_PROGRAMS_H
#define TESTS_FRONTEND_PROGRAMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/program.h"

static inline void show_diags(Program *p) {
    Buf b = {0};
    diag_print(program_diags(p), &b, false);
    if (b.len)
        fprintf(stderr, "%s\n", b.text);
    buf_free(&b);
}

static inline Program *load_with(const char *path, const char *text, const char *const *settings,
                                 size_t nsettings, NascStatus *status, NascError *err) {
    ProgramOptions o = {.lib_dir = "lib", .settings = settings, .nsettings = nsettings};
    return program_load(path, text, text ? strlen(text) : 0, &o, status, err);
}

static inline Program *load_good(const char *path, const char *text) {
    NascStatus status;
    NascError err = {0};
    Program *p = load_with(path, text, NULL, 0, &status, &err);
    if (status != NASC_OK) {
        fprintf(stderr, "%s\n", err.message);
        show_diags(p);
    }
    assert_int_equal(status, NASC_OK);
    return p;
}

static inline const Diag *find_diag(Program *p, DiagCode code) {
    DiagSink *s = program_diags(p);
    for (size_t i = 0; i < s->items.len; i++)
        if (s->items.items[i].code == code)
            return &s->items.items[i];
    return NULL;
}

static inline Space *space_named(Program *p, const char *name) {
    Space **spaces;
    size_t n = program_spaces(p, &spaces);
    for (size_t i = 0; i < n; i++)
        if (strcmp(space_name(spaces[i]), name) == 0)
            return spaces[i];
    fail_msg("no space %s", name);
    return NULL;
}

static inline Architecture *parse_good(Program *p, Space *s, Arena *a, const char *text) {
    Architecture *x = space_parse(s, a, text, strlen(text), false);
    if (!x)
        show_diags(p);
    assert_non_null(x);
    return x;
}

static inline IrSizes sizes_of(Program *p, Space *s, const Architecture *a, const char *network) {
    Arena arena;
    arena_init(&arena, "sizes");
    IrModule m;
    IrSizes z;
    bool ok = space_network(s, a, network, 1, &arena, &m);
    if (!ok)
        show_diags(p);
    assert_true(ok);
    assert_true(ir_sizes(&m, &z));
    arena_free(&arena);
    return z;
}

static inline RandomStream test_stream(uint64_t seed) {
    return random_stream(seed, 0, RANDOM_TEST, hash128("program", 7, 0));
}

#endif
