/* Encodings: one walk over a pattern that writes an architecture or reads it back. In: a pattern
 * (literals, choices, other expressions, joins) and a session. Out: text, or the value of each
 * decision that the text names. Invariant: what is written for a point is read back as that point,
 * or `check` says so.
 *
 * A choice writes its value's text and reads the longest of its values that fits; any other
 * expression is computed and must be met. While reading, an expression may use what stands to its
 * left; a choice that it needs and the text has not said is found by trying its values.
 *
 * A loose reading lets spaces and line ends beside punctuation come and go, outside quotation marks:
 * JSON and its like are written in several layouts. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

typedef struct Walk {
    Session *session;
    Buf *out;         /* writing; NULL when reading */
    const char *text; /* reading */
    size_t len, at;
    char quote; /* loosely reading: the mark of the string that `at` is in, or 0 */
    Reading *reading;
} Walk;

enum { SHOWN_VALUES = 12, SHOWN_TEXT = 24 };

void reading_free(Reading *r) {
    VEC_FREE(r->addresses);
    VEC_FREE(r->values);
    VEC_FREE(r->indices);
    buf_free(&r->problem);
    buf_free(&r->hint);
}

static size_t characters(const char *text, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static void put_found(Walk *w) {
    Buf *b = &w->reading->problem;
    if (w->at == w->len) {
        buf_puts(b, ", found the end");
        return;
    }
    size_t n = MIN(w->len - w->at, (size_t)SHOWN_TEXT);
    buf_printf(b, ", found `%.*s`%s", (int)n, w->text + w->at, n < w->len - w->at ? ".." : "");
}

static void put_position(Walk *w) {
    w->reading->at = w->at;
    buf_printf(&w->reading->problem, "at character %zu ", characters(w->text, w->at) + 1);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Part of a word or number, which spaces end. */
static bool is_word(char c) {
    return c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Past the spaces of the text. Between two words there is one exactly if the pattern has one. */
static bool skip_spaces(Walk *w, bool in_pattern) {
    if (w->quote)
        return true;
    size_t from = w->at, to = from;
    while (to < w->len && is_space(w->text[to]))
        to++;
    bool words = from > 0 && to < w->len && is_word(w->text[from - 1]) && is_word(w->text[to]);
    if (words && in_pattern != (to > from))
        return false;
    w->at = to;
    return true;
}

static void pass_characters(Walk *w, size_t n) {
    for (size_t end = w->at + n; w->at < end; w->at++) {
        char c = w->text[w->at];
        if (w->quote && c == w->quote)
            w->quote = 0;
        else if (!w->quote && (c == '"' || c == '\''))
            w->quote = c;
    }
}

static bool read_loosely(Walk *w, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        bool space = is_space(text[i]) && !w->quote;
        while (space && i + 1 < len && is_space(text[i + 1]))
            i++;
        if ((space || (w->at < w->len && is_space(w->text[w->at]))) && !skip_spaces(w, space))
            return false;
        if (space)
            continue;
        if (w->at == w->len || w->text[w->at] != text[i])
            return false;
        pass_characters(w, 1);
    }
    return true;
}

static bool read_exactly(Walk *w, const char *text, size_t len) {
    bool ok = len <= w->len - w->at && memcmp(w->text + w->at, text, len) == 0;
    w->at += ok ? len : 0;
    return ok;
}

static bool walk_literal(Walk *w, const char *text, size_t len) {
    if (w->out) {
        buf_append(w->out, text, len);
        return true;
    }
    if (w->reading->loose ? read_loosely(w, text, len) : read_exactly(w, text, len))
        return true;
    put_position(w);
    buf_printf(&w->reading->problem, "expected `%.*s`", (int)len, text);
    put_found(w);
    return false;
}

/* What stands in the text where a value was expected: up to the next sign of punctuation. */
static size_t word_length(const char *text, size_t len) {
    size_t n = 0;
    while (n < len && is_word(text[n]))
        n++;
    return n;
}

static void say_values(Walk *w, const EvalDomain *d, const char *address) {
    Reading *r = w->reading;
    const char *names[64];
    size_t n = 0;
    put_position(w);
    buf_printf(&r->problem, "expected a value of `%s` (", address);
    for (int64_t i = 0; i < d->domain.count && n < ARRAY_LEN(names); i++) {
        Buf text = {0};
        domain_text(w->session->eval, d, i, &text);
        names[n++] = arena_strdup(w->session->arena, text.text ? text.text : "");
        buf_free(&text);
        if (i < SHOWN_VALUES)
            buf_printf(&r->problem, "%s%s", i ? ", " : "", names[n - 1]);
    }
    buf_puts(&r->problem, d->domain.count > SHOWN_VALUES ? ", ..)" : ")");
    put_found(w);
    const char *word = arena_strndup(w->session->arena, w->text + w->at,
                                     word_length(w->text + w->at, w->len - w->at));
    const char *near = diag_nearest(word, names, n);
    if (near)
        buf_printf(&r->hint, "did you mean `%s`?", near);
}

static ptrdiff_t reading_find(const Reading *r, const char *address) {
    for (size_t i = 0; i < r->addresses.len; i++)
        if (strcmp(r->addresses.items[i], address) == 0)
            return (ptrdiff_t)i;
    return -1;
}

static bool read_choice(Walk *w, const EvalChoiceRef *ref) {
    Session *s = w->session;
    const EvalDomain *d =
        eval_domain(s->eval, ref->frame, ref->choice, ref->indices, ref->nindices);
    if (!d)
        return false;
    if (w->reading->loose && !skip_spaces(w, false)) {
        say_values(w, d, ref->address);
        return false;
    }
    size_t used = 0;
    int64_t index = domain_match(s->eval, d, w->text + w->at, w->len - w->at, &used);
    if (index < 0) {
        say_values(w, d, ref->address);
        return false;
    }
    Reading *r = w->reading;
    ptrdiff_t known = reading_find(r, ref->address);
    if (known >= 0 && r->indices.items[known] != index) {
        put_position(w);
        buf_printf(&r->problem, "`%s` is given a second value", ref->address);
        return false;
    }
    if (known < 0) {
        VEC_PUSH(r->addresses, arena_strdup(s->arena, ref->address));
        VEC_PUSH(r->values, arena_strndup(s->arena, w->text + w->at, used));
        VEC_PUSH(r->indices, index);
    }
    pass_characters(w, used);
    return true;
}

static bool walk_choice(Walk *w, const Ast *item, const EvalChoiceRef *ref) {
    if (ref->absent)
        return true;
    if (!w->out)
        return read_choice(w, ref);
    ptrdiff_t i = point_find(&w->session->point, ref->address);
    if (i < 0) {
        diag_at(&w->session->diags, item->place, DIAG_unknown_decision, ref->address);
        return false;
    }
    buf_puts(w->out, w->session->point.texts.items[i]);
    return true;
}

/* Two items of which the second one stands in parentheses are read as a call. */
static void explain_call(DiagSink *diags, const Ast *item) {
    Diag *d = diags->items.len ? &diags->items.items[diags->items.len - 1] : NULL;
    if (item->kind == AST_CALL && d && d->code == DIAG_not_a_function &&
        d->place.lo >= item->place.lo && d->place.hi <= item->place.hi)
        diag_hint(diags, d, "two items of an encoding? write \"\" between them");
}

static bool walk_expression(Walk *w, Frame *f, const Ast *item) {
    Session *s = w->session;
    Value v = eval_expr(s->eval, f, item);
    if (value_is_poison(v)) {
        explain_call(&s->diags, item);
        return false;
    }
    Buf text = {0};
    value_print_bare(&text, v);
    bool ok = walk_literal(w, text.text ? text.text : "", text.len);
    buf_free(&text);
    return ok;
}

static bool walk_items(Walk *w, Frame *f, const AstList *items);

typedef struct Join {
    Walk *walk;
    const Ast *item;
    size_t count;
} Join;

static bool walk_join_element(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    (void)e;
    (void)indices;
    (void)n;
    Join *j = user;
    const Ast *separator = j->item->a;
    if (j->count++ && separator && !walk_literal(j->walk, separator->text, separator->text_len))
        return false;
    return walk_items(j->walk, inner, &j->item->list);
}

static bool walk_item(Walk *w, Frame *f, const Ast *item) {
    if (item->kind == AST_STRING)
        return walk_literal(w, item->text, item->text_len);
    if (item->kind == AST_PATTERN_JOIN) {
        Join j = {.walk = w, .item = item};
        return eval_each(w->session->eval, f, &item->index, item->b, walk_join_element, &j);
    }
    EvalChoiceRef ref;
    if (eval_choice_ref(w->session->eval, f, item, &ref))
        return walk_choice(w, item, &ref);
    return walk_expression(w, f, item);
}

static bool walk_items(Walk *w, Frame *f, const AstList *items) {
    for (size_t i = 0; i < items->len; i++)
        if (!walk_item(w, f, items->items[i]))
            return false;
    return true;
}

bool encoding_write(Session *s, Frame *frame, const Ast *encoding, Buf *out) {
    Walk w = {.session = s, .out = out};
    return walk_items(&w, frame, &encoding->list);
}

static int64_t pick_read(void *user, Session *s, const char *address, const EvalDomain *d) {
    Reading *r = user;
    ptrdiff_t i = reading_find(r, address);
    if (i >= 0)
        return r->indices.items[i];
    if (!r->pending) {
        r->pending = arena_strdup(s->arena, address);
        r->pending_values = d->domain.count;
    }
    return -1;
}

static bool encoding_walk(Session *s, SpaceUse *use, const Ast *encoding, const char *text,
                          size_t len, Reading *out) {
    Walk w = {.session = s, .text = text, .len = len, .reading = out};
    s->oracle = (Oracle){.user = out, .pick = pick_read};
    if (!walk_items(&w, use->frame, &encoding->list))
        return false;
    if (out->loose)
        skip_spaces(&w, false);
    if (w.at == len)
        return true;
    put_position(&w);
    buf_puts(&out->problem, "expected the end");
    put_found(&w);
    return false;
}

/* r with one further choice supposed, and nothing read. */
static Reading supposing(const Reading *r, Arena *arena, int64_t index) {
    Reading t = {.encoding = r->encoding, .loose = r->loose, .assumed = r->assumed + 1};
    for (size_t i = 0; i < r->assumed; i++) {
        VEC_PUSH(t.addresses, r->addresses.items[i]);
        VEC_PUSH(t.values, r->values.items[i]);
        VEC_PUSH(t.indices, r->indices.items[i]);
    }
    VEC_PUSH(t.addresses, arena_strdup(arena, r->pending));
    VEC_PUSH(t.values, "");
    VEC_PUSH(t.indices, index);
    return t;
}

static bool read_once(const Space *space, Arena *scratch, const char *shown, const char *text,
                      size_t len, Reading *r, bool quiet) {
    Session s;
    session_begin(&s, space->program, &(SessionConfig){.arena = scratch, .architecture = shown});
    SpaceUse *use = session_space(&s, space);
    const Ast *encoding = r->encoding ? r->encoding : space->encoding;
    bool ok = use && encoding_walk(&s, use, encoding, text, len, r);
    return session_end(&s, quiet || r->pending) && ok;
}

enum { MAX_SUPPOSED = 2000 };

/* A choice that the pattern needs before the text says it takes the first value with which the
 * whole text reads; if none does, the attempt that read most says why. */
static bool read_supposing(const Space *space, Arena *scratch, const char *shown, const char *text,
                           size_t len, Reading *r, bool quiet, int *left) {
    if (read_once(space, scratch, shown, text, len, r, quiet))
        return true;
    if (!r->pending)
        return false;
    Reading best = {0};
    for (int64_t v = 0; v < r->pending_values && (*left)-- > 0; v++) {
        Reading t = supposing(r, scratch, v);
        bool ok = read_supposing(space, scratch, shown, text, len, &t, quiet, left);
        bool better = ok || !best.problem.len || (t.problem.len && t.at > best.at);
        Reading *loser = better ? &best : &t;
        reading_free(loser);
        if (better)
            best = t;
        if (ok)
            break;
    }
    bool ok = best.addresses.len && !best.problem.len && !best.pending;
    reading_free(r);
    *r = best;
    return ok;
}

bool encoding_read(const Space *space, Arena *scratch, const char *shown, const char *text,
                   size_t len, Reading *out, bool quiet) {
    int left = MAX_SUPPOSED;
    if (read_supposing(space, scratch, shown, text, len, out, quiet, &left))
        return true;
    if (!out->problem.len && out->pending)
        buf_printf(&out->problem, "the text does not tell `%s`", out->pending);
    return false;
}

/* The notation of every space: address=value, separated by commas outside brackets. Spaces beside
 * either do not matter, unless they belong to the value. */

static size_t part_length(const char *text, size_t len) {
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '[')
            depth++;
        else if (text[i] == ']')
            depth--;
        else if (text[i] == ',' && depth <= 0)
            return i;
    }
    return len;
}

/* An address as the space writes it: without spaces around it or beside punctuation. */
static const char *tidy_address(Arena *arena, const char *text, size_t len) {
    char *out = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool inside = n > 0 && i + 1 < len && is_word(out[n - 1]) && is_word(text[i + 1]);
        if (!is_space(text[i]) || inside)
            out[n++] = text[i];
    }
    out[n] = '\0';
    return out;
}

bool default_read(Arena *arena, const char *text, size_t len, Reading *out) {
    size_t at = 0;
    while (at <= len) {
        size_t n = part_length(text + at, len - at);
        const char *equals = n ? memchr(text + at, '=', n) : NULL;
        if (!equals) {
            out->at = at;
            buf_printf(&out->problem, "at character %zu expected choice=value",
                       characters(text, at) + 1);
            return false;
        }
        size_t name = (size_t)(equals - text) - at;
        const char *address = tidy_address(arena, text + at, name);
        if (reading_find(out, address) >= 0) {
            out->at = at;
            buf_printf(&out->problem, "at character %zu `%s` is given a second time",
                       characters(text, at) + 1, address);
            return false;
        }
        VEC_PUSH(out->addresses, address);
        VEC_PUSH(out->values, arena_strndup(arena, equals + 1, n - name - 1));
        VEC_PUSH(out->indices, -1);
        at += n + 1;
    }
    return true;
}

/* Checked without an architecture: every choice of the space must occur. */

enum { MENTION_STEPS = 10000 }; /* nodes looked at in all */

static bool mentions(const Ast *tree, const char *name, int *steps);

static bool list_mentions(const AstList *list, const char *name, int *steps) {
    for (size_t i = 0; i < list->len; i++)
        if (mentions(list->items[i], name, steps))
            return true;
    return false;
}

/* Itself or through definitions: what a loop of the pattern needs is found by trying. */
static bool mentions(const Ast *item, const char *name, int *steps) {
    if (!item || (*steps)-- < 0)
        return false;
    if (item->kind == AST_NAME && strcmp(item->text, name) == 0)
        return true;
    const Ast *definition = item->kind == AST_NAME ? item->resolved : NULL;
    if (definition && definition->kind == AST_DEFINITION)
        return mentions(definition->a, name, steps);
    return mentions(item->a, name, steps) || mentions(item->b, name, steps) ||
           mentions(item->c, name, steps) || list_mentions(&item->index, name, steps) ||
           list_mentions(&item->list, name, steps);
}

void encoding_check(Program *p, const Ast *definition) {
    const AstList *members = &definition->list;
    for (size_t k = 0; k < members->len; k++) {
        const Ast *encoding = members->items[k];
        for (size_t i = 0; encoding->kind == AST_ENCODING && i < members->len; i++) {
            const Ast *m = members->items[i];
            int steps = MENTION_STEPS;
            if (m->kind == AST_CHOICE && !list_mentions(&encoding->list, m->text, &steps))
                diag_at(&p->diags, encoding->place, DIAG_incomplete_encoding, m->text);
        }
    }
}
