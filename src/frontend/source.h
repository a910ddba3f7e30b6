/* Source files of a program and places in them. A place is a file number and a half-open byte range;
 * lines and columns are computed when something is printed. */
#ifndef NASC_FRONTEND_SOURCE_H
#define NASC_FRONTEND_SOURCE_H

#include "base/arena.h"

typedef struct Place {
    uint32_t file, lo, hi; /* same layout as IrPlace */
} Place;

typedef struct SourceFile {
    const char *path; /* as shown to the user */
    const char *text; /* NUL after len; may hold NUL bytes before */
    size_t len;
    char sha256[65];
} SourceFile;

typedef struct SourceSet {
    Arena *arena;
    VEC(SourceFile) files;
} SourceSet;

enum { SOURCE_MAX_BYTES = 16 << 20 };

/* Reads a file (or takes `text` if not NULL) and returns its number; on failure returns UINT32_MAX and
 * fills err with a NASC_ENVIRONMENT message. A file beyond SOURCE_MAX_BYTES is refused. */
uint32_t source_add(SourceSet *s, const char *path, const char *text, size_t len, NascError *err);
/* 1-based line and column (in characters, tabs count one) of a byte. */
void source_position(const SourceSet *s, uint32_t file, uint32_t at, int *line, int *column);

#endif
