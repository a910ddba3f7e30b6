/* Diagnostics: what is wrong with a user's program or data, collected and shown with place, caret and hint.
 * The catalogue (diag.def) holds every message once: DIAG(code, severity, "format", "hint or empty"). */
#ifndef NASC_FRONTEND_DIAG_H
#define NASC_FRONTEND_DIAG_H

#include "base/buf.h"
#include "frontend/source.h"

typedef enum DiagCode {
#define DIAG(code, severity, format, hint) DIAG_##code,
#include "frontend/diag.def"
#undef DIAG
    DIAG_COUNT
} DiagCode;

typedef enum DiagSeverity { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR } DiagSeverity;

typedef struct Diag {
    DiagCode code;
    DiagSeverity severity;
    Place place;                /* file UINT32_MAX: no place in a program */
    const char *message, *hint; /* hint may be NULL */
    const char *architecture;   /* the candidate being built, or NULL */
    VEC(struct DiagNote) notes;
} Diag;

typedef struct DiagNote {
    Place place;
    const char *message;
} DiagNote;

typedef struct DiagSink {
    Arena *arena;
    SourceSet *sources;
    VEC(Diag) items;
    size_t errors, warnings;
    const char *architecture; /* recorded in diagnostics while set */
    size_t limit; /* errors beyond it are counted, not kept, and so are warnings; default 20 */
} DiagSink;

void diag_init(DiagSink *s, Arena *arena, SourceSet *sources);
/* Frees the lists; messages stay with the arena. */
void diag_free(DiagSink *s);
/* Reports; the arguments fill the catalogue's format. The same code at the same place is kept once.
 * Returns the diagnostic for notes, or NULL if it was dropped; valid until the next report. */
Diag *diag_at(DiagSink *s, Place place, DiagCode code, ...);
/* Both take a dropped (NULL) diagnostic in silence. */
void diag_note(DiagSink *s, Diag *d, Place place, const char *fmt, ...) NASC_PRINTF(4, 5);
/* Replaces the catalogue's hint. */
void diag_hint(DiagSink *s, Diag *d, const char *fmt, ...) NASC_PRINTF(3, 4);
/* In the order of places. */
void diag_sort(DiagSink *s);
/* As in the catalogue: "unknown_name"; printed with dashes. */
const char *diag_code_name(DiagCode code);

/* All diagnostics as text for people (colour if asked), or a JSON array. */
void diag_print(const DiagSink *s, Buf *b, bool colour);
void diag_print_json(const DiagSink *s, Buf *b);

/* The candidate nearest to `name` by edit distance, or NULL if none is near enough to suggest. */
const char *diag_nearest(const char *name, const char *const *candidates, size_t n);

#endif
