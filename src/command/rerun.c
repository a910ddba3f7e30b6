/* `nasc rerun report.json`: runs a report's program again as its provenance says, and tells what differs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/files.h"
#include "command/session.h"

enum { MAX_BYTES = 1 << 28, MAX_SHOWN = 40 };

/* What the run answers: the report is kept, messages go on. */
typedef struct Collected {
    const NascRequest *outer;
    Buf report;
} Collected;

static void collect(void *user, NascStream stream, const char *text, size_t len) {
    Collected *c = user;
    if (stream == NASC_STREAM_RESULT)
        buf_append(&c->report, text, len);
    else
        c->outer->write(c->outer->user, stream, text, len);
}

typedef struct Differences {
    Buf *out;
    size_t n;
} Differences;

static void tell(Differences *d, const char *path, json_t *was, json_t *is) {
    if (++d->n > MAX_SHOWN)
        return;
    char *a = was ? json_dumps(was, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    char *b = is ? json_dumps(is, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    buf_printf(d->out, "  %s: was %.160s, is %.160s\n", path, a ? a : "absent", b ? b : "absent");
    free(a);
    free(b);
}

static void differ(Differences *d, const char *path, json_t *was, json_t *is) {
    Buf below = {0};
    const char *key;
    json_t *item;
    size_t i;
    if (json_equal(was, is))
        return;
    if (json_is_object(was) && json_is_object(is)) {
        json_object_foreach(was, key, item) {
            buf_clear(&below);
            buf_printf(&below, "%s%s%s", path, *path ? "." : "", key);
            differ(d, below.text, item, json_object_get(is, key));
        }
        json_object_foreach(is, key, item) if (!json_object_get(was, key)) {
            buf_clear(&below);
            buf_printf(&below, "%s%s%s", path, *path ? "." : "", key);
            tell(d, below.text, NULL, item);
        }
    } else if (json_is_array(was) && json_array_size(was) == json_array_size(is)) {
        json_array_foreach(was, i, item) {
            buf_clear(&below);
            buf_printf(&below, "%s[%zu]", path, i);
            differ(d, below.text, item, json_array_get(is, i));
        }
    } else {
        tell(d, path, was, is);
    }
    buf_free(&below);
}

static json_t *read_report(Session *s, const char *path) {
    Buf text = {0};
    json_t *o = NULL;
    json_error_t why;
    if (file_read(path, MAX_BYTES, &text, &s->err)) {
        o = json_loadb(text.text, text.len, 0, &why);
        json_t *program = json_object_get(o, "program");
        if (!json_is_string(json_object_get(program, "path")) ||
            !json_is_object(json_object_get(program, "parameters"))) {
            nasc_fail(&s->err, NASC_PROGRAM_ERROR, "'%s' is no report of nasc", path);
            json_decref(o);
            o = NULL;
        }
    }
    buf_free(&text);
    return o;
}

/* The run that the report describes, into memory. */
static NascStatus run_again(const NascRequest *r, json_t *report, Collected *c) {
    json_t *program = json_object_get(report, "program"), *nasc = json_object_get(report, "nasc"),
           *value;
    json_t *params = json_object_get(program, "parameters");
    const char **args = nasc_alloc((json_object_size(params) + 1) * sizeof *args), *key;
    NascRequest again = *r;
    again.nargs = 0;
    json_object_foreach(params, key, value) {
        Buf arg = {0};
        buf_printf(&arg, "%s=%s", key, json_is_string(value) ? json_string_value(value) : "none");
        args[again.nargs++] = arg.text;
    }
    again.file = json_string_value(json_object_get(program, "path"));
    again.args = args;
    again.seed = (uint64_t)json_integer_value(json_object_get(program, "seed"));
    again.cpu = json_string_value(json_object_get(nasc, "target"));
    again.algorithm = json_string_value(json_object_get(nasc, "algorithm"));
    again.size_only = !again.cpu;
    again.json = true;
    again.write = collect;
    again.user = c;
    NascStatus status = nasc_run(&again);
    for (size_t i = 0; i < again.nargs; i++)
        free((void *)(uintptr_t)args[i]);
    free(args);
    return status;
}

NascStatus nasc_rerun(const NascRequest *r) {
    Session s = {.request = r};
    json_t *was = read_report(&s, r->file);
    if (!was)
        return session_fail(&s);
    Collected c = {.outer = r};
    NascStatus status = run_again(r, was, &c);
    json_t *is = json_loadb(c.report.text ? c.report.text : "", c.report.len, 0, NULL);
    if (is) {
        Buf b = {0};
        Differences d = {&b, 0};
        differ(&d, "", was, is);
        if (d.n > MAX_SHOWN)
            buf_printf(&b, "  ... and %zu more\n", d.n - MAX_SHOWN);
        if (d.n)
            buf_printf(&b, "%zu value%s of %s differ%s\n", d.n, d.n == 1 ? "" : "s", r->file,
                       d.n == 1 ? "s" : "");
        else
            buf_printf(&b, "%s is what the same run gives again\n", r->file);
        session_write(&s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
        if (status == NASC_OK && d.n)
            status = NASC_PROGRAM_ERROR;
    }
    json_decref(is);
    json_decref(was);
    buf_free(&c.report);
    return status;
}
