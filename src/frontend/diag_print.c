/* Diagnostics as text for people and as JSON for programs. */
#include "frontend/diag.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { SHOWN_COLUMNS = 100, BEFORE_CARET = 60 };

static const char *const severity_names[] = {"note", "warning", "error"};
static const char *const severity_colours[] = {"\033[36m", "\033[35m", "\033[31m"};

static void put_code(Buf *b, DiagCode code) {
    for (const char *c = diag_code_name(code); *c; c++)
        buf_putc(b, *c == '_' ? '-' : *c);
}

static bool has_place(const DiagSink *s, Place place) {
    return s->sources && place.file < s->sources->files.len;
}

/* Where to begin showing the line that holds byte lo and ends at line_end: at its start, unless it
 * is long. */
static size_t shown_from(const SourceFile *f, size_t lo, size_t line_end) {
    size_t start = lo, line = lo;
    while (line > 0 && f->text[line - 1] != '\n' && lo - line < SHOWN_COLUMNS)
        line--;
    bool whole = line == 0 || f->text[line - 1] == '\n';
    if (whole && line_end - line <= SHOWN_COLUMNS)
        return line;
    while (start > line && lo - start < BEFORE_CARET)
        start--;
    while (start > line && start < lo && ((unsigned char)f->text[start] & 0xc0) == 0x80)
        start++;
    return start;
}

/* The line of the place and a caret range under it. Of a long line only the part around the caret
 * is shown. */
static void put_source(const DiagSink *s, Buf *b, Place place, const char *colour,
                       const char *reset) {
    const SourceFile *f = &s->sources->files.items[place.file];
    size_t lo = MIN((size_t)place.lo, f->len), end;
    const char *newline = memchr(f->text + lo, '\n', f->len - lo);
    size_t line_end = newline ? (size_t)(newline - f->text) : f->len;
    size_t start = shown_from(f, lo, line_end);
    bool cut_left = start > 0 && f->text[start - 1] != '\n';
    while (line_end > start && f->text[line_end - 1] == '\r')
        line_end--;
    buf_puts(b, cut_left ? "  ..." : "  ");
    size_t columns = 0, caret = 0, last = 0;
    for (end = start; end < line_end && columns < SHOWN_COLUMNS; columns++) {
        caret += end < lo;
        last += end < place.hi;
        end += buf_put_character(b, f->text + end, line_end - end);
    }
    buf_puts(b, end < line_end ? "...\n  " : "\n  ");
    for (size_t i = 0; i < caret + (cut_left ? 3 : 0); i++)
        buf_putc(b, ' ');
    buf_printf(b, "%s^", colour);
    for (size_t i = caret + 1; i < last; i++)
        buf_putc(b, '~');
    buf_printf(b, "%s\n", reset);
}

static void put_message(const DiagSink *s, Buf *b, Place place, DiagSeverity severity,
                        const char *message, const Diag *coded, bool colour) {
    const char *bold = colour ? "\033[1m" : "", *reset = colour ? "\033[0m" : "";
    const char *tint = colour ? severity_colours[severity] : "";
    if (has_place(s, place)) {
        int line, column;
        source_position(s->sources, place.file, place.lo, &line, &column);
        buf_printf(b, "%s%s:%d:%d:%s ", bold, s->sources->files.items[place.file].path, line,
                   column, reset);
    }
    buf_printf(b, "%s%s:%s ", tint, severity_names[severity], reset);
    buf_put_shown(b, message, SIZE_MAX);
    if (coded) {
        buf_puts(b, " [");
        put_code(b, coded->code);
        buf_putc(b, ']');
    }
    buf_putc(b, '\n');
    if (has_place(s, place))
        put_source(s, b, place, tint, reset);
}

static void put_more(Buf *b, size_t count, size_t limit, const char *what) {
    if (count > limit)
        buf_printf(b, "... and %zu more %s%s\n", count - limit, what,
                   count - limit == 1 ? "" : "s");
}

static void put_line(Buf *b, const char *what, const char *text) {
    buf_puts(b, what);
    buf_put_shown(b, text, SIZE_MAX);
    buf_putc(b, '\n');
}

void diag_print(const DiagSink *s, Buf *b, bool colour) {
    for (size_t i = 0; i < s->items.len; i++) {
        const Diag *d = &s->items.items[i];
        put_message(s, b, d->place, d->severity, d->message, d, colour);
        for (size_t k = 0; k < d->notes.len; k++)
            put_message(s, b, d->notes.items[k].place, DIAG_NOTE, d->notes.items[k].message, NULL,
                        colour);
        if (d->architecture && d->architecture[0])
            put_line(b, "while building ", d->architecture);
        if (d->hint)
            put_line(b, "hint: ", d->hint);
    }
    put_more(b, s->errors, s->limit, "error");
    put_more(b, s->warnings, s->limit, "warning");
}

/* ---- JSON ---- */

static json_t *text_json(const char *text) {
    if (!text)
        return json_null();
    Buf b = {0};
    for (size_t i = 0, len = strlen(text); i < len;) {
        size_t n = utf8_length(text + i, len - i);
        buf_append(&b, n ? text + i : "?", MAX(n, (size_t)1));
        i += MAX(n, (size_t)1);
    }
    json_t *j = json_stringn(b.text ? b.text : "", b.len);
    buf_free(&b);
    return j;
}

static void set_place(const DiagSink *s, json_t *o, Place place) {
    bool known = has_place(s, place);
    int line = 0, column = 0, end_line = 0, end_column = 0;
    if (known) {
        source_position(s->sources, place.file, place.lo, &line, &column);
        source_position(s->sources, place.file, place.hi, &end_line, &end_column);
    }
    json_object_set_new(o, "file",
                        known ? text_json(s->sources->files.items[place.file].path) : json_null());
    json_object_set_new(o, "line", known ? json_integer(line) : json_null());
    json_object_set_new(o, "column", known ? json_integer(column) : json_null());
    json_object_set_new(o, "end_line", known ? json_integer(end_line) : json_null());
    json_object_set_new(o, "end_column", known ? json_integer(end_column) : json_null());
}

static json_t *diag_json(const DiagSink *s, const Diag *d) {
    Buf code = {0};
    put_code(&code, d->code);
    json_t *o = json_object();
    json_object_set_new(o, "code", json_string(code.text));
    buf_free(&code);
    json_object_set_new(o, "severity", json_string(severity_names[d->severity]));
    json_object_set_new(o, "message", text_json(d->message));
    json_object_set_new(o, "hint", text_json(d->hint));
    set_place(s, o, d->place);
    json_object_set_new(o, "architecture", text_json(d->architecture));
    json_t *notes = json_array();
    for (size_t i = 0; i < d->notes.len; i++) {
        json_t *n = json_object();
        json_object_set_new(n, "message", text_json(d->notes.items[i].message));
        set_place(s, n, d->notes.items[i].place);
        json_array_append_new(notes, n);
    }
    json_object_set_new(o, "notes", notes);
    return o;
}

void diag_print_json(const DiagSink *s, Buf *b) {
    json_t *array = json_array();
    for (size_t i = 0; i < s->items.len; i++)
        json_array_append_new(array, diag_json(s, &s->items.items[i]));
    char *text = json_dumps(array, JSON_INDENT(2));
    CHECK(text != NULL);
    buf_puts(b, text);
    buf_putc(b, '\n');
    free(text);
    json_decref(array);
}
