/* Tables of architectures and metrics: TSV or CSV with a header line, the architecture in the first
 * column (CSV fields may be quoted); or, with a format that says what a row means, lines of any
 * columns and JSON: a list of rows, an object of rows by key, or rows one after the other. Read row
 * by row. Problems are reported by line (of JSON: by row), as many as there are up to a limit, and
 * a row with a problem is left out. */
#ifndef NASC_RUNTIME_TABLE_H
#define NASC_RUNTIME_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "frontend/program.h"

typedef struct TableRow {
    const char *arch; /* in the table's arena */
    double metric;    /* as in the file */
    size_t line;      /* 1-based; of JSON: number of the row */
} TableRow;

typedef struct TableProblem {
    size_t line;
    char message[240];
} TableProblem;

typedef struct Table {
    Arena arena;
    const char *metric_name;
    const char *heading; /* of the first column; NULL with a format */
    bool is_json;        /* lines are rows */
    size_t nrows;
    TableRow *rows;
    size_t nproblems; /* all of them; the first TABLE_MAX_PROBLEMS are kept */
    TableProblem *problems;
    char sha256[65];
} Table;

enum { TABLE_MAX_PROBLEMS = 20 };

/* What a row means: as space_read_row. metric: the name it has in reports. */
typedef struct TableFormat {
    void *user;
    bool (*read)(void *user, const RowText *row, Arena *arena, const char **arch, double *metric,
                 Buf *problem);
    const char *metric;
} TableFormat;

/* metric NULL: the second column. False with err if the file cannot be read (NASC_ENVIRONMENT) or
 * has no usable header or no line after it (NASC_PROGRAM_ERROR). Duplicated architectures keep their first row. */
bool table_read(const char *path, const char *metric, Table *out, NascError *err);
/* Like table_read; the format says what the rows mean. */
bool table_read_rows(const char *path, const TableFormat *format, Table *out, NascError *err);
void table_free(Table *t);

/* n row numbers drawn without replacement by the seed, in the order drawn; all of them, in file
 * order, if the table has no more than n. Returns how many; `out` holds min(n, nrows). */
size_t table_sample(const Table *t, size_t n, uint64_t seed, size_t *out);

#endif
