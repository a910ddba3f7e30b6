/* Rows of foreign tables. In: a format of a space and a row, a JSON value or the cells of a line. Out:
 * the text of an architecture and a metric, or what is wrong in words. Invariant: the text is that of
 * a point of the space that meets its constraints and the format's.
 *
 * A row is a record in a frame around the format's definitions. The session's decisions are answered
 * by those definitions that are called like a choice. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"
#include "frontend/text_values.h"

static const Ast *format_in(const AstList *members, const char *name, const char *space) {
    for (size_t i = 0; i < members->len; i++) {
        const Ast *m = members->items[i];
        if (m->kind == AST_FORMAT && strcmp(m->text, name) == 0 &&
            (space ? m->alias && strcmp(m->alias, space) == 0 : true))
            return m;
    }
    return NULL;
}

const Ast *program_format(const Program *p, const Ast *space, const char *name, size_t *file) {
    const Ast *found = format_in(&space->list, name, NULL);
    *file = SIZE_MAX;
    for (size_t f = 0; f < p->files.len && !found; f++) {
        found = format_in(&p->files.items[f].tree->list, name, space->text);
        *file = f;
    }
    return found;
}

size_t program_format_names(const Program *p, const Ast *space, Arena *a, const char ***out) {
    VEC(const char *) names = {0};
    for (size_t i = 0; i < space->list.len; i++)
        if (space->list.items[i]->kind == AST_FORMAT)
            VEC_PUSH(names, space->list.items[i]->text);
    for (size_t f = 0; f < p->files.len; f++) {
        const AstList *items = &p->files.items[f].tree->list;
        for (size_t i = 0; i < items->len; i++)
            if (items->items[i]->kind == AST_FORMAT && items->items[i]->alias &&
                strcmp(items->items[i]->alias, space->text) == 0)
                VEC_PUSH(names, items->items[i]->text);
    }
    size_t n = names.len;
    *out = ARENA_ARRAY(a, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = names.items[i];
    VEC_FREE(names);
    return n;
}

bool format_defines(const Ast *format, const char *name) {
    for (size_t i = 0; i < format->list.len; i++) {
        const Ast *m = format->list.items[i];
        if (m->kind == AST_DEFINITION && !m->has_index && !m->has_params &&
            strcmp(m->text, name) == 0)
            return true;
    }
    return false;
}

static bool is_choice(const Ast *space, const char *name) {
    for (size_t i = 0; i < space->list.len; i++)
        if (space->list.items[i]->kind == AST_CHOICE &&
            strcmp(space->list.items[i]->text, name) == 0)
            return true;
    return false;
}

/* The row, around it the format's own definitions, around them the space (and its file, or the
 * format's file). */
static Frame *row_frame(Session *s, SpaceUse *use, const Ast *format, size_t file, Value row) {
    AstList *own = ARENA_NEW(s->arena, AstList);
    *own = (AstList){.items = ARENA_ARRAY(s->arena, Ast *, format->list.len + 1)};
    for (size_t i = 0; i < format->list.len; i++) {
        Ast *m = format->list.items[i];
        if (m->kind == AST_DEFINITION && !is_choice(use->definition, m->text))
            own->items[own->len++] = m;
    }
    Frame *parent = file == SIZE_MAX ? use->frame : session_file_frame(s, file);
    Frame *frame = eval_frame(s->eval, parent, own, NULL);
    if (file != SIZE_MAX)
        frame_import(s->eval, frame, use->frame);
    frame_bind(s->eval, frame, format->params.items[0]->text, row);
    return frame;
}

static bool row_value(Session *s, const RowText *row, Value *out, Buf *problem) {
    if (!row->json) {
        ValueField *fields = ARENA_ARRAY(s->arena, ValueField, row->ncolumns + 1);
        for (size_t i = 0; i < row->ncolumns; i++) {
            Value *v = ARENA_NEW(s->arena, Value);
            *v = value_string(s->arena, row->fields[i], strlen(row->fields[i]));
            fields[i] = (ValueField){.name = row->columns[i], .value = v};
        }
        *out = value_of_fields(s->arena, fields, row->ncolumns);
        return true;
    }
    if (!value_of_json(s->arena, row->json, row->len, out, problem))
        return false;
    if (row->key) {
        Value v[2] = {value_string(s->arena, "", 0), *out};
        if (!value_of_json(s->arena, row->key, row->key_len, &v[0], problem))
            return false;
        ValueField fields[2] = {{.name = "key", .value = &v[0]}, {.name = "value", .value = &v[1]}};
        *out = value_of_fields(s->arena, fields, 2);
    }
    return true;
}

/* Decisions out of a row. */

typedef struct RowPick {
    const Ast *format;
    Frame *frame;
} RowPick;

static const char *bound_name(const Ast *binder) {
    return binder->text ? binder->text : binder->a->kind == AST_NAME ? binder->a->text : NULL;
}

/* Whether a definition decides the element; then `inner` has its indices bound. */
static bool binds(Session *s, const RowPick *pick, const Ast *d, const Value *indices, size_t n,
                  Frame **inner) {
    if (d->index.len != n)
        return false;
    *inner = n ? eval_frame(s->eval, pick->frame, &(AstList){0}, NULL) : pick->frame;
    for (size_t i = 0; i < n; i++) {
        const Ast *b = d->index.items[i];
        const char *name = bound_name(b);
        bool known;
        if (name)
            frame_bind(s->eval, *inner, name, indices[i]);
        else if (!value_equal(eval_expr(s->eval, pick->frame, b->a), indices[i], &known) || !known)
            return false;
    }
    return true;
}

static int64_t index_of(Session *s, const EvalDomain *d, Value v) {
    Value plain = value_plain(v);
    int64_t items = value_length(plain);
    if (plain.kind != VALUE_STRING && !d->domain.subset_of) {
        for (int64_t i = 0; i < d->domain.count; i++) {
            bool known;
            if (value_equal(domain_value(s->eval, d, i), plain, &known) && known)
                return i;
        }
        if (items >= 0)
            return -1;
    }
    Buf text = {0};
    for (int64_t i = 0; i < items; i++) {
        buf_puts(&text, i ? "+" : "");
        value_print_bare(&text, value_element(plain, i));
    }
    if (items == 0)
        buf_putc(&text, '-');
    if (items < 0)
        value_print_bare(&text, v);
    int64_t index = domain_index(s->eval, d, text.text ? text.text : "", text.len);
    buf_free(&text);
    return index;
}

static int64_t pick_row(void *user, Session *s, const char *address, const EvalDomain *d) {
    const RowPick *pick = user;
    size_t n = d->choice->index.len;
    Value *indices = ARENA_ARRAY(s->arena, Value, n + 1);
    for (size_t i = 0; i < n; i++) {
        const Ast *b = d->choice->index.items[i];
        indices[i] = value_plain(b->text ? eval_name(s->eval, d->frame, b->text, b->place)
                                         : eval_expr(s->eval, d->frame, b->a));
    }
    for (size_t i = 0; i < pick->format->list.len; i++) {
        const Ast *m = pick->format->list.items[i];
        Frame *inner;
        if (m->kind != AST_DEFINITION || strcmp(m->text, d->choice->text) != 0 ||
            !binds(s, pick, m, indices, n, &inner))
            continue;
        Value v = eval_expr(s->eval, inner, m->a);
        if (value_is_poison(v))
            return -1;
        int64_t index = index_of(s, d, v);
        if (index < 0) {
            Buf b = {0};
            value_print(&b, v);
            diag_at(&s->diags, m->place, DIAG_bad_value,
                    arena_printf(s->arena, "%.80s is not a value of `%s`", b.text, address));
            buf_free(&b);
        }
        return index;
    }
    diag_at(&s->diags, pick->format->name_place, DIAG_bad_format,
            arena_printf(s->arena, "the format does not say `%s`", address));
    return -1;
}

static bool requirements_hold(Session *s, const Ast *format, Frame *frame) {
    for (size_t i = 0; i < format->list.len; i++) {
        const Ast *m = format->list.items[i];
        bool holds;
        if (m->kind != AST_REQUIRE)
            continue;
        if (!eval_bool(s->eval, eval_expr(s->eval, frame, m->a), m->a->place, "a constraint",
                       &holds))
            return false;
        if (!holds) {
            diag_at(&s->diags, m->place, DIAG_bad_format, "the row breaks a `require`");
            return false;
        }
    }
    return true;
}

static bool read_metric(Session *s, Frame *frame, const char *name, Place place, double *out) {
    Value v = value_plain(eval_name(s->eval, frame, name, place));
    if (v.kind == VALUE_STRING && text_number(v.u.string->text, out))
        return true;
    if (!eval_number(s->eval, v, place, "the metric", out))
        return false;
    if (isfinite(*out))
        return true;
    diag_at(&s->diags, place, DIAG_bad_value, "the metric is not a finite number");
    return false;
}

static const Ast *encoding_of(const Ast *format) {
    for (size_t i = 0; i < format->list.len; i++)
        if (format->list.items[i]->kind == AST_ENCODING)
            return format->list.items[i];
    return NULL;
}

/* The text that the format's pattern writes, or that of the point its definitions give. */
static const char *row_architecture(Session *s, Space *space, SpaceUse *use, RowPick *pick,
                                    Arena *arena) {
    const Ast *encoding = encoding_of(pick->format);
    if (encoding) {
        Buf text = {0};
        bool ok = encoding_write(s, pick->frame, encoding, &text);
        const char *arch = ok ? arena_strndup(arena, text.text ? text.text : "", text.len) : NULL;
        buf_free(&text);
        return arch && requirements_hold(s, pick->format, pick->frame) ? arch : NULL;
    }
    if (!session_decide_all(s, space, use))
        return NULL;
    int violated = session_first_violated(s, use);
    if (violated >= 0)
        diag_at(&s->diags, space_require(use->definition, violated)->place,
                DIAG_violated_constraint);
    if (violated != -1 || !requirements_hold(s, pick->format, pick->frame))
        return NULL;
    const Architecture *a = architecture_make(s, space, use, arena);
    return a ? architecture_text(a) : NULL;
}

bool space_read_row(Space *space, const char *name, const char *metric, const RowText *row,
                    Arena *arena, const char **arch, double *value, Buf *problem) {
    size_t file;
    const Ast *format = program_format(space->program, space->definition, name, &file);
    CHECK(format);
    Arena scratch;
    Session s;
    RowPick pick = {.format = format};
    arena_init(&scratch, "row");
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = &scratch, .oracle = {.user = &pick, .pick = pick_row}});
    SpaceUse *use = session_space(&s, space);
    Value record;
    *arch = NULL;
    if (use && row_value(&s, row, &record, problem)) {
        pick.frame = row_frame(&s, use, format, file, record);
        *arch = row_architecture(&s, space, use, &pick, arena);
        if (*arch && !read_metric(&s, pick.frame, metric, format->name_place, value))
            *arch = NULL;
    }
    if (session_failed(&s))
        *arch = NULL;
    if (!*arch && !problem->len && !session_first_problem(&s, problem))
        buf_puts(problem, "the format gives no architecture");
    session_end(&s, true);
    arena_free(&scratch);
    return *arch != NULL;
}
