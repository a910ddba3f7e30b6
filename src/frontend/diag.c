/* Collecting diagnostics. Printing them is diag_print.c. */
#include "frontend/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 20 };

typedef struct CatalogueRow {
    const char *name;
    DiagSeverity severity;
    const char *format, *hint;
} CatalogueRow;

static const CatalogueRow catalogue[] = {
#define DIAG(code, severity, format, hint) {#code, severity, format, hint},
#include "frontend/diag.def"
#undef DIAG
};

void diag_init(DiagSink *s, Arena *arena, SourceSet *sources) {
    *s = (DiagSink){.arena = arena, .sources = sources, .limit = DEFAULT_LIMIT};
}

void diag_free(DiagSink *s) {
    for (size_t i = 0; i < s->items.len; i++)
        VEC_FREE(s->items.items[i].notes);
    VEC_FREE(s->items);
}

static bool is_known(const DiagSink *s, Place place, DiagCode code) {
    for (size_t i = 0; i < s->items.len; i++) {
        const Diag *d = &s->items.items[i];
        if (d->code == code && d->place.file == place.file && d->place.lo == place.lo &&
            d->place.hi == place.hi && place.file != UINT32_MAX)
            return true;
    }
    return false;
}

static char *format_in(Arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    CHECK(n >= 0);
    char *text = arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, args);
    return text;
}

Diag *diag_at(DiagSink *s, Place place, DiagCode code, ...) {
    CHECK(code < DIAG_COUNT);
    const CatalogueRow *row = &catalogue[code];
    if (is_known(s, place, code))
        return NULL;
    size_t *count = row->severity == DIAG_ERROR ? &s->errors : &s->warnings;
    if ((*count)++ >= s->limit)
        return NULL;
    va_list args;
    va_start(args, code);
    Diag d = {.code = code,
              .severity = row->severity,
              .place = place,
              .message = format_in(s->arena, row->format, args),
              .hint = row->hint[0] ? row->hint : NULL,
              .architecture = s->architecture ? arena_strdup(s->arena, s->architecture) : NULL};
    va_end(args);
    VEC_PUSH(s->items, d);
    return &s->items.items[s->items.len - 1];
}

void diag_note(DiagSink *s, Diag *d, Place place, const char *fmt, ...) {
    if (!d)
        return;
    va_list args;
    va_start(args, fmt);
    DiagNote n = {.place = place, .message = format_in(s->arena, fmt, args)};
    va_end(args);
    VEC_PUSH(d->notes, n);
}

void diag_hint(DiagSink *s, Diag *d, const char *fmt, ...) {
    if (!d)
        return;
    va_list args;
    va_start(args, fmt);
    d->hint = format_in(s->arena, fmt, args);
    va_end(args);
}

/* By file and place, keeping the order of equals; there are never many. */
void diag_sort(DiagSink *s) {
    for (size_t i = 1; i < s->items.len; i++) {
        Diag d = s->items.items[i];
        size_t k = i;
        for (; k > 0; k--) {
            const Place *p = &s->items.items[k - 1].place;
            if (p->file < d.place.file || (p->file == d.place.file && p->lo <= d.place.lo))
                break;
            s->items.items[k] = s->items.items[k - 1];
        }
        s->items.items[k] = d;
    }
}

const char *diag_code_name(DiagCode code) {
    static const char *const names[] = {
#define DIAG(code, severity, format, hint) #code,
#include "frontend/diag.def"
#undef DIAG
    };
    CHECK(code < DIAG_COUNT);
    return names[code];
}

/* Damerau-Levenshtein distance (optimal string alignment), or limit + 1 if it is larger. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m, size_t limit) {
    enum { LONGEST = 64 };
    size_t rows[3][LONGEST + 1];
    if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > limit)
        return limit + 1;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t d = MIN(up[j], row[j - 1]) + 1;
            d = MIN(d, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = MIN(d, up2[j - 2] + 1);
            row[j] = d;
        }
    }
    return rows[n % 3][m];
}

const char *diag_nearest(const char *name, const char *const *candidates, size_t n) {
    size_t len = strlen(name), limit = len / 3;
    const char *best = NULL;
    size_t least = limit + 1;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(candidates[i]);
        size_t d = edit_distance(name, len, candidates[i], m, limit);
        if (d < least && d > 0) {
            least = d;
            best = candidates[i];
        }
    }
    return best;
}
