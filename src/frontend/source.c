/* Files of a program. Lines are counted when a place is shown: a program is shown at most a few
 * places. */
#include "frontend/source.h"

#include "base/files.h"
#include "base/hash.h"
#include "base/utf8.h"

/* The whole file in the arena, or NULL with err filled. */
static const char *read_file(SourceSet *s, const char *path, size_t *len, NascError *err) {
    Buf bytes = {0};
    bool ok = file_read(path, SOURCE_MAX_BYTES, &bytes, err);
    const char *text = ok ? arena_strndup(s->arena, bytes.text, bytes.len) : NULL;
    *len = bytes.len;
    buf_free(&bytes);
    return text;
}

uint32_t source_add(SourceSet *s, const char *path, const char *text, size_t len, NascError *err) {
    if (text && len > SOURCE_MAX_BYTES) {
        nasc_fail(err, NASC_ENVIRONMENT, "%s is larger than %d MB", path, SOURCE_MAX_BYTES >> 20);
        return UINT32_MAX;
    }
    const char *copy = text ? arena_strndup(s->arena, text, len) : read_file(s, path, &len, err);
    if (!copy)
        return UINT32_MAX;
    SourceFile f = {.path = arena_strdup(s->arena, path), .text = copy, .len = len};
    sha256_text(copy, len, f.sha256);
    VEC_PUSH(s->files, f);
    return (uint32_t)(s->files.len - 1);
}

void source_position(const SourceSet *s, uint32_t file, uint32_t at, int *line, int *column) {
    CHECK(file < s->files.len);
    const SourceFile *f = &s->files.items[file];
    size_t end = MIN((size_t)at, f->len), start = 0;
    *line = 1;
    for (size_t i = 0; i < end; i++) {
        if (f->text[i] == '\n') {
            ++*line;
            start = i + 1;
        }
    }
    *column = 1;
    while (start < end) {
        start += MAX(utf8_length(f->text + start, f->len - start), (size_t)1);
        *column += start <= end;
    }
}
