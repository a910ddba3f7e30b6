#include "runtime/table.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/philox.h"

enum { MAX_TABLE_BYTES = 1 << 30, MAX_COLUMNS = 4096 };

typedef struct Reader {
    Table *table;
    char *at, *end;
    size_t line;
    char separator;
    size_t metric_column, columns;
    const TableFormat *format;
    char **names; /* of columns, with a format */
    VEC(TableRow) rows;
    VEC(TableProblem) problems;
    size_t nproblems;
    size_t *slots; /* open addressing over row numbers + 1, by architecture */
    size_t nslots;
} Reader;

static void NASC_PRINTF(2, 3) problem(Reader *r, const char *fmt, ...) {
    r->nproblems++;
    if (r->problems.len >= TABLE_MAX_PROBLEMS)
        return;
    TableProblem p = {.line = r->line};
    va_list args;
    va_start(args, fmt);
    vsnprintf(p.message, sizeof p.message, fmt, args);
    va_end(args);
    VEC_PUSH(r->problems, p);
}

/* Cuts the next field out of the line in place; returns NULL after the last one. A quoted CSV field
 * may hold the separator and doubled quotes. */
static char *next_field(Reader *r, char **cursor, char *line_end) {
    char *s = *cursor;
    if (!s)
        return NULL;
    if (r->separator == ',' && s < line_end && *s == '"') {
        char *out = s, *in = s + 1;
        while (in < line_end && !(in[0] == '"' && in[1] != '"'))
            in += in[0] == '"' ? 2 : 1, *out++ = in[-1];
        char *after = in < line_end ? in + 1 : line_end;
        *cursor = after < line_end && *after == ',' ? after + 1 : NULL;
        *out = '\0';
        return s;
    }
    char *stop = memchr(s, r->separator, (size_t)(line_end - s));
    *cursor = stop ? stop + 1 : NULL;
    *(stop ? stop : line_end) = '\0';
    return s;
}

/* The next line without its end; NULL at the end of the file. */
static char *next_line(Reader *r, char **line_end) {
    if (r->at >= r->end)
        return NULL;
    char *line = r->at, *stop = memchr(line, '\n', (size_t)(r->end - line));
    r->line++;
    *line_end = stop ? stop : r->end;
    r->at = stop ? stop + 1 : r->end;
    if (*line_end > line && (*line_end)[-1] == '\r')
        --*line_end;
    **line_end = '\0';
    return line;
}

static bool begins_json(const Reader *r) {
    const char *s = r->at;
    while (s < r->end && strchr(" \t\r\n", *s))
        s++;
    return s < r->end && (*s == '[' || *s == '{');
}

/* The first line, which says by what columns are separated; NULL with err if it is blank. */
static char *header_line(Reader *r, const char *path, char **line_end, NascError *err) {
    char *line = next_line(r, line_end);
    if (!line || line + strspn(line, " \t,") == *line_end) {
        nasc_fail(err, NASC_PROGRAM_ERROR, "table '%s' has no header line", path);
        return NULL;
    }
    r->separator = memchr(line, '\t', (size_t)(*line_end - line)) ? '\t' : ',';
    return line;
}

static bool read_header(Reader *r, const char *path, const char *metric, NascError *err) {
    if (begins_json(r)) {
        nasc_fail(err, NASC_PROGRAM_ERROR,
                  "table '%s' is JSON: rows(.., format: NAME) says what its rows mean", path);
        return false;
    }
    char *line_end, *line = header_line(r, path, &line_end, err);
    if (!line)
        return false;
    r->metric_column = metric ? 0 : 1;
    Buf names = {0};
    char *cursor = line, *name;
    for (; (name = next_field(r, &cursor, line_end)) && r->columns < MAX_COLUMNS; r->columns++) {
        if (r->columns == 0)
            r->table->heading = arena_strdup(&r->table->arena, name);
        else
            buf_printf(&names, "%s%s", names.len ? ", " : "", name);
        bool wanted = metric ? r->columns > 0 && strcmp(name, metric) == 0 : r->columns == 1;
        if (wanted) {
            r->metric_column = r->columns;
            r->table->metric_name = arena_strdup(&r->table->arena, name);
        }
    }
    bool ok = r->columns >= 2 && r->metric_column > 0;
    if (r->columns < 2)
        nasc_fail(
            err, NASC_PROGRAM_ERROR,
            "table '%s' has one column; it needs an architecture and a metric, separated by a tab "
            "or a comma",
            path);
    else if (!ok)
        nasc_fail(err, NASC_PROGRAM_ERROR, "table '%s' has no column '%s'; its metrics are: %s",
                  path, metric, names.text);
    buf_free(&names);
    return ok;
}

/* The slot of an architecture: holds 0 if it is new. */
static size_t *find_slot(Reader *r, const char *arch) {
    size_t i = (size_t)hash128(arch, strlen(arch), 0).lo & (r->nslots - 1);
    while (r->slots[i] && strcmp(r->rows.items[r->slots[i] - 1].arch, arch) != 0)
        i = (i + 1) & (r->nslots - 1);
    return &r->slots[i];
}

static void grow_slots(Reader *r) {
    free(r->slots);
    r->nslots = r->nslots ? 2 * r->nslots : 1024;
    r->slots = nasc_alloc_zero(r->nslots * sizeof *r->slots);
    for (size_t i = 0; i < r->rows.len; i++)
        *find_slot(r, r->rows.items[i].arch) = i + 1;
}

/* Reads a metric; false and a problem if the cell is blank or no finite number. */
static bool read_metric(Reader *r, const char *cell, double *out) {
    while (*cell == ' ')
        cell++;
    if (!*cell) {
        problem(r, "the cell of '%s' is blank", r->table->metric_name);
        return false;
    }
    char *end;
    errno = 0;
    *out = strtod(cell, &end);
    while (*end == ' ')
        end++;
    if (*end || end == cell) {
        problem(r, "'%.60s' in column '%s' is not a number", cell, r->table->metric_name);
        return false;
    }
    if (!isfinite(*out)) {
        problem(r, "'%.60s' in column '%s' is not a finite number", cell, r->table->metric_name);
        return false;
    }
    return true;
}

/* The architecture lives in the table's arena. */
static void add_row(Reader *r, const char *arch, double metric) {
    if (2 * r->rows.len >= r->nslots)
        grow_slots(r);
    size_t *slot = find_slot(r, arch);
    if (*slot) {
        problem(r, "'%.80s' was given before, on %s %zu; the first one counts", arch,
                r->table->is_json ? "row" : "line", r->rows.items[*slot - 1].line);
        return;
    }
    TableRow row = {arch, metric, r->line};
    VEC_PUSH(r->rows, row);
    *slot = r->rows.len;
}

static void read_row(Reader *r, char *line, char *line_end) {
    if (memchr(line, '\0', (size_t)(line_end - line))) {
        problem(r, "the line holds a NUL byte");
        return;
    }
    char *cursor = line, *field, *arch = NULL, *cell = NULL;
    size_t column = 0;
    for (; (field = next_field(r, &cursor, line_end)); column++) {
        if (column == 0)
            arch = field;
        if (column == r->metric_column)
            cell = field;
    }
    double metric;
    if (!cell) {
        problem(r, "the line has %zu of %zu columns", column, r->columns);
        return;
    }
    if (!*arch) {
        problem(r, "the architecture is blank");
        return;
    }
    if (!read_metric(r, cell, &metric))
        return;
    add_row(r, arena_strdup(&r->table->arena, arch), metric);
}

/* Rows by a format. */

static void read_foreign(Reader *r, const RowText *row) {
    const char *arch;
    double metric;
    Buf why = {0};
    if (r->format->read(r->format->user, row, &r->table->arena, &arch, &metric, &why))
        add_row(r, arch, metric);
    else
        problem(r, "%.200s", why.text);
    buf_free(&why);
}

static bool read_names(Reader *r, const char *path, NascError *err) {
    char *line_end, *line = header_line(r, path, &line_end, err);
    if (!line)
        return false;
    char *cursor = line, *name;
    r->names = nasc_alloc(MAX_COLUMNS * sizeof *r->names);
    for (; r->columns < MAX_COLUMNS && (name = next_field(r, &cursor, line_end)); r->columns++)
        r->names[r->columns] = name;
    return true;
}

static void read_cells(Reader *r, char *line, char *line_end, char **fields) {
    if (memchr(line, '\0', (size_t)(line_end - line))) {
        problem(r, "the line holds a NUL byte");
        return;
    }
    char *cursor = line, *field;
    size_t n = 0;
    while ((field = next_field(r, &cursor, line_end))) {
        if (n < r->columns)
            fields[n] = field;
        n++;
    }
    if (n != r->columns) {
        problem(r, "the line has %zu columns, the header %zu", n, r->columns);
        return;
    }
    RowText row = {.ncolumns = n,
                   .columns = (const char *const *)r->names,
                   .fields = (const char *const *)fields};
    read_foreign(r, &row);
}

static void skip_blanks(Reader *r) {
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
        r->at++;
}

/* Passes over a JSON value, well formed or not: up to a separator outside brackets and strings. */
static void skip_value(Reader *r) {
    size_t depth = 0;
    bool string = false;
    for (; r->at < r->end; r->at++) {
        char c = *r->at;
        if (string) {
            if (c == '\\' && r->at + 1 < r->end)
                r->at++;
            string = c != '"';
        } else if (c == '"') {
            string = true;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            if (depth == 0)
                return;
            if (--depth == 0) {
                r->at++;
                return;
            }
        } else if (depth == 0 && strchr(",: \t\r\n", c)) {
            return;
        }
    }
}

static bool take(Reader *r, char c) {
    skip_blanks(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* One row: in an object, its key first. False if what follows can be no rows. */
static bool read_json_row(Reader *r, bool keyed) {
    RowText row = {0};
    skip_blanks(r);
    if (r->at >= r->end)
        return true;
    r->line++;
    char *from = r->at;
    if (keyed) {
        row.key = r->at;
        skip_value(r);
        row.key_len = (size_t)(r->at - row.key);
        if (!take(r, ':')) {
            problem(r, "the JSON has no `:` after a key");
            return false;
        }
        skip_blanks(r);
    }
    row.json = r->at;
    skip_value(r);
    row.len = (size_t)(r->at - row.json);
    if (r->at == from) {
        problem(r, "the JSON has `%c` where a row should be", *from);
        return false;
    }
    read_foreign(r, &row);
    return true;
}

/* A list or object of rows, or rows one after the other. */
static void read_json(Reader *r) {
    r->table->is_json = true;
    char *start = r->at;
    skip_blanks(r);
    char open = *r->at;
    if (open == '{') { /* one row a line, unless the object is the whole file */
        skip_value(r);
        skip_blanks(r);
        bool sequence = r->at < r->end;
        r->at = start;
        skip_blanks(r);
        while (sequence && r->at < r->end && read_json_row(r, false))
            skip_blanks(r);
        if (sequence)
            return;
    }
    r->at++;
    char close = open == '[' ? ']' : '}';
    bool closed = take(r, close);
    while (!closed && r->at < r->end) {
        if (!read_json_row(r, open == '{'))
            return;
        if (take(r, ','))
            continue;
        closed = take(r, close);
        if (!closed && r->at < r->end) {
            problem(r, "the JSON goes on after a row without a comma");
            return;
        }
    }
    skip_blanks(r);
    if (!closed)
        problem(r, "the JSON ends before its `%c`", close);
    else if (r->at < r->end)
        problem(r, "the JSON goes on after its `%c`", close);
}

static bool read_by_format(Reader *r, const char *path, NascError *err) {
    r->table->metric_name = arena_strdup(&r->table->arena, r->format->metric);
    if (begins_json(r)) {
        read_json(r);
        return true;
    }
    if (!read_names(r, path, err))
        return false;
    char **fields = nasc_alloc(MAX(r->columns, 1) * sizeof *fields);
    for (char *line, *line_end; (line = next_line(r, &line_end));)
        if (line != line_end)
            read_cells(r, line, line_end, fields);
    free(fields);
    return true;
}

static bool read_plain(Reader *r, const char *path, const char *metric, NascError *err) {
    bool ok = read_header(r, path, metric, err);
    for (char *line, *line_end; ok && (line = next_line(r, &line_end));)
        if (line != line_end)
            read_row(r, line, line_end);
    return ok;
}

static bool read_file(const char *path, const char *metric, const TableFormat *format, Table *out,
                      NascError *err) {
    *out = (Table){0};
    arena_init(&out->arena, "table");
    Buf text = {0};
    if (!file_read(path, MAX_TABLE_BYTES, &text, err)) {
        buf_free(&text);
        return false;
    }
    sha256_text(text.text, text.len, out->sha256);
    Reader r = {.table = out, .format = format, .at = text.text, .end = text.text + text.len};
    if (text.len >= 3 && memcmp(text.text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        r.at += 3;
    bool ok = format ? read_by_format(&r, path, err) : read_plain(&r, path, metric, err);
    if (ok && !r.rows.len && !r.nproblems)
        ok = !nasc_fail(err, NASC_PROGRAM_ERROR, "table '%s' has no rows", path);
    out->nrows = r.rows.len;
    out->rows = r.rows.items;
    out->nproblems = r.nproblems;
    out->problems = r.problems.items;
    free(r.slots);
    free(r.names);
    buf_free(&text);
    return ok;
}

bool table_read(const char *path, const char *metric, Table *out, NascError *err) {
    return read_file(path, metric, NULL, out, err);
}

bool table_read_rows(const char *path, const TableFormat *format, Table *out, NascError *err) {
    return read_file(path, NULL, format, out, err);
}

void table_free(Table *t) {
    free(t->rows);
    free(t->problems);
    arena_free(&t->arena);
    *t = (Table){0};
}

size_t table_sample(const Table *t, size_t n, uint64_t seed, size_t *out) {
    if (n >= t->nrows) {
        for (size_t i = 0; i < t->nrows; i++)
            out[i] = i;
        return t->nrows;
    }
    RandomStream stream = random_stream(seed, 0, RANDOM_SAMPLE, (Hash128){0, t->nrows});
    uint32_t *order = nasc_alloc(t->nrows * sizeof *order);
    random_permutation(stream, 0, t->nrows, order);
    for (size_t i = 0; i < n; i++)
        out[i] = order[i];
    free(order);
    return n;
}
