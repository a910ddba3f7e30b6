/* A program under test: text in, tree and diagnostics out. */
#ifndef TEST_SYNTAX_FIXTURE_H
#define TEST_SYNTAX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/check.h"

typedef struct Fixture {
    Arena arena;
    SourceSet sources;
    DiagSink diags;
    Syntax syntax;
} Fixture;

static inline void fixture_init(Fixture *f) {
    arena_init(&f->arena, "test");
    f->sources = (SourceSet){.arena = &f->arena};
    diag_init(&f->diags, &f->arena, &f->sources);
    syntax_init(&f->syntax, &f->arena, &f->sources, &f->diags);
}

static inline void fixture_free(Fixture *f) {
    syntax_free(&f->syntax);
    diag_free(&f->diags);
    VEC_FREE(f->sources.files);
    arena_free(&f->arena);
}

static inline uint32_t fixture_add(Fixture *f, const char *text, size_t len) {
    uint32_t file = source_add(&f->sources, "t.nas", text, len, NULL);
    assert_int_not_equal(file, UINT32_MAX);
    return file;
}

static inline Ast *fixture_parse(Fixture *f, const char *text) {
    return parse_program(&f->syntax, fixture_add(f, text, strlen(text)));
}

/* The codes of all diagnostics with their lines: "1:syntax 2:unknown_name". */
static inline const char *fixture_codes(Fixture *f) {
    Buf b = {0};
    buf_puts(&b, "");
    for (size_t i = 0; i < f->diags.items.len; i++) {
        const Diag *d = &f->diags.items.items[i];
        int line, column;
        source_position(&f->sources, d->place.file, d->place.lo, &line, &column);
        buf_printf(&b, "%s%d:%s", i ? " " : "", line, diag_code_name(d->code));
    }
    const char *text = arena_strdup(&f->arena, b.text);
    buf_free(&b);
    return text;
}

#endif
