/* Architectures: points of a space with their text. In: a complete session, or a text in the
 * space's encoding or the notation of every space. Out: an Architecture in the caller's arena.
 * Invariant: an architecture that space_parse gives meets the space's constraints, and its text
 * reads back as itself. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

static const Place NOWHERE = {UINT32_MAX, 0, 0};

const char *architecture_text(const Architecture *a) {
    return a->text;
}

const char *architecture_shown(const Architecture *a) {
    return *a->text ? a->text : space_name(a->space);
}

size_t architecture_decisions(const Architecture *a, const DecisionView **out) {
    *out = a->views;
    return a->n;
}

Hash128 architecture_key(const Architecture *a) {
    Genotype g = {0};
    for (size_t i = 0; i < a->n; i++)
        genotype_push(&g, (Decision){.address = a->views[i].address,
                                     .domain = {.count = a->views[i].count, .each = -1},
                                     .index = a->views[i].index});
    Hash128 h = genotype_key(&g);
    genotype_free(&g);
    return h;
}

int64_t architecture_index(const Architecture *a, const char *address) {
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->views[i].address, address) == 0)
            return a->views[i].index;
    return -1;
}

/* A choice outside the architecture, one of a proxy say, is nobody's to make. */
static int64_t pick_again(void *user, Session *s, const char *address, const EvalDomain *d) {
    int64_t index = architecture_index(user, address);
    if (index >= 0)
        return index;
    diag_at(&s->diags, d->choice->name_place, DIAG_bad_value,
            arena_printf(s->arena, "the choice `%s` is left open", address));
    return -1;
}

Oracle architecture_oracle(const Architecture *a) {
    return (Oracle){.user = (void *)(uintptr_t)a, .pick = pick_again};
}

static void write_default(const Point *p, Buf *out) {
    for (size_t i = 0; i < p->genotype.len; i++)
        buf_printf(out, "%s%s=%s", i ? "," : "", p->genotype.items[i].address, p->texts.items[i]);
}

Architecture *architecture_make(Session *s, const Space *space, SpaceUse *use, Arena *arena) {
    Buf text = {0};
    bool ok = true;
    if (space->encoding)
        ok = encoding_write(s, use->frame, space->encoding, &text);
    else
        write_default(&s->point, &text);
    Architecture *a = NULL;
    if (ok) {
        a = ARENA_NEW(arena, Architecture);
        *a = (Architecture){.space = space,
                            .text = arena_strndup(arena, text.text ? text.text : "", text.len),
                            .n = s->point.genotype.len};
        a->views = ARENA_ARRAY(arena, DecisionView, a->n + 1);
        for (size_t i = 0; i < a->n; i++) {
            const Decision *d = &s->point.genotype.items[i];
            a->views[i] = (DecisionView){.address = arena_strdup(arena, d->address),
                                         .value = arena_strdup(arena, s->point.texts.items[i]),
                                         .index = d->index,
                                         .count = d->domain.count};
        }
    }
    buf_free(&text);
    return a;
}

/* Reading. */

typedef struct Completion {
    Reading *reading;
    bool *used;
} Completion;

static const char *value_near(Session *s, const EvalDomain *d, const char *word) {
    const char *names[64];
    size_t n = 0;
    for (int64_t i = 0; i < d->domain.count && n < ARRAY_LEN(names); i++) {
        Buf text = {0};
        domain_text(s->eval, d, i, &text);
        names[n++] = arena_strdup(s->arena, text.text ? text.text : "");
        buf_free(&text);
    }
    return diag_nearest(word, names, n);
}

/* As it stands, or without the spaces around it. */
static int64_t value_index(Session *s, const EvalDomain *d, const char *text) {
    int64_t index = domain_index(s->eval, d, text, strlen(text));
    if (index >= 0)
        return index;
    static const char spaces[] = " \t\r\n";
    text += strspn(text, spaces);
    size_t len = strlen(text);
    while (len && strchr(spaces, text[len - 1]))
        len--;
    return domain_index(s->eval, d, text, len);
}

static int64_t pick_completion(void *user, Session *s, const char *address, const EvalDomain *d) {
    Completion *c = user;
    Reading *r = c->reading;
    for (size_t i = 0; i < r->addresses.len; i++) {
        if (strcmp(r->addresses.items[i], address) != 0)
            continue;
        c->used[i] = true;
        const char *value = r->values.items[i];
        int64_t index = r->indices.items[i];
        if (index < 0)
            index = value_index(s, d, value);
        if (index < 0 && !r->problem.len) {
            buf_printf(&r->problem, "`%.80s` is not a value of `%s`", value, address);
            const char *near = value_near(s, d, value);
            if (near)
                buf_printf(&r->hint, "did you mean `%s`?", near);
        }
        return index;
    }
    if (!r->problem.len)
        buf_printf(&r->problem, "it does not say `%s`", address);
    return -1;
}

static void say_unused(const Completion *c, const Session *s) {
    Reading *r = c->reading;
    for (size_t i = 0; i < r->addresses.len; i++) {
        if (c->used[i])
            continue;
        size_t n = s->point.genotype.len;
        const char **names = ARENA_ARRAY(s->arena, const char *, n + 1);
        for (size_t k = 0; k < n; k++)
            names[k] = s->point.genotype.items[k].address;
        buf_printf(&r->problem, "it has no decision `%.80s`", r->addresses.items[i]);
        const char *near = diag_nearest(r->addresses.items[i], names, n);
        if (near)
            buf_printf(&r->hint, "did you mean `%s`?", near);
        return;
    }
}

/* From named values to a point: decisions in order, constraints, the text as the space writes it.
 */
static Architecture *complete(Space *space, Arena *arena, Arena *scratch, const char *shown,
                              Reading *r, bool quiet, Buf *why) {
    Completion c = {.reading = r, .used = ARENA_ARRAY(scratch, bool, r->addresses.len + 1)};
    Session s;
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = scratch,
                                   .oracle = {.user = &c, .pick = pick_completion},
                                   .architecture = shown});
    SpaceUse *use = session_space(&s, space);
    Architecture *a = NULL;
    if (use && session_decide_all(&s, space, use)) {
        int violated = session_first_violated(&s, use);
        if (violated < 0 || !space->inner_choices) /* else not all decisions were met */
            say_unused(&c, &s);
        if (r->problem.len)
            violated = -2;
        if (violated >= 0)
            diag_at(&s.diags, space_require(use->definition, violated)->place,
                    DIAG_violated_constraint);
        else if (violated == -1)
            a = architecture_make(&s, space, use, arena);
    }
    if (why && !r->problem.len)
        session_first_problem(&s, why);
    bool ok = session_end(&s, quiet);
    return ok ? a : NULL;
}

static size_t skip_spaces(const char *text, size_t at, size_t len) {
    while (at < len && strchr(" \t\r\n", text[at]))
        at++;
    return at;
}

static bool looks_default(const Space *space, const char *text, size_t len) {
    const Ast *d = space->definition;
    size_t begin = skip_spaces(text, 0, len);
    for (size_t i = 0; i < d->list.len; i++) {
        const Ast *m = d->list.items[i];
        size_t n = m->kind == AST_CHOICE ? strlen(m->text) : 0;
        if (!n || n >= len - begin || memcmp(text + begin, m->text, n) != 0)
            continue;
        size_t next = skip_spaces(text, begin + n, len);
        if (next < len && (text[next] == '=' || text[next] == '['))
            return true;
    }
    return false;
}

/* By the first encoding that reads it, to the letter or else loosely; failing that, what is wrong by
 * the one that read most. */
static bool read_text(Space *space, Arena *scratch, const char *shown, const char *text, size_t len,
                      Reading *r, bool quiet) {
    if (!space->encoding || looks_default(space, text, len))
        return default_read(scratch, text, len, r);
    const AstList *members = &space->definition->list;
    size_t left = 0;
    for (size_t i = 0; i < members->len; i++)
        left += members->items[i]->kind == AST_ENCODING ? 2 : 0;
    for (size_t i = 0; i < 2 * members->len; i++) {
        const Ast *encoding = members->items[i % members->len];
        if (encoding->kind != AST_ENCODING)
            continue;
        Reading t = {.encoding = encoding, .loose = i >= members->len};
        if (encoding_read(space, scratch, shown, text, len, &t, quiet || --left)) {
            reading_free(r);
            *r = t;
            return true;
        }
        bool further = !r->problem.len || t.at > r->at;
        reading_free(further ? r : &t);
        if (further)
            *r = t;
    }
    return false;
}

/* The empty point of a space without decisions has the empty text. */
static Architecture *parse(Space *space, Arena *arena, const char *text, size_t len, bool quiet,
                           Buf *why) {
    Arena scratch;
    arena_init(&scratch, "architecture");
    const char *shown =
        arena_printf(&scratch, "%.*s%s", (int)MIN(len, (size_t)200), text, len > 200 ? ".." : "");
    Reading r = {0};
    Architecture *a = NULL;
    bool empty = len == 0 && !space->encoding;
    if (empty || read_text(space, &scratch, shown, text, len, &r, quiet))
        a = complete(space, arena, &scratch, shown, &r, quiet, why);
    if (r.problem.len)
        a = NULL;
    if (r.problem.len && why) {
        buf_append(why, r.problem.text, r.problem.len);
        if (r.hint.len)
            buf_printf(why, "; %s", r.hint.text);
    }
    if (r.problem.len && !quiet) {
        DiagSink sink;
        diag_init(&sink, &scratch, &space->program->sources);
        Diag *d =
            diag_at(&sink, NOWHERE, DIAG_no_such_point, shown, space_name(space), r.problem.text);
        if (d && r.hint.len)
            diag_hint(&sink, d, "%s", r.hint.text);
        program_adopt(space->program, &sink);
        diag_free(&sink);
    }
    reading_free(&r);
    arena_free(&scratch);
    return a;
}

Architecture *space_parse(Space *space, Arena *arena, const char *text, size_t len, bool quiet) {
    return parse(space, arena, text, len, quiet, NULL);
}

static bool says(const Reading *r, size_t at, const DecisionView *d) {
    if (strcmp(r->addresses.items[at], d->address) != 0)
        return false;
    return r->indices.items[at] >= 0 ? r->indices.items[at] == d->index
                                     : strcmp(r->values.items[at], d->value) == 0;
}

static bool says_all(const Reading *r, const Architecture *a) {
    for (size_t i = 0; i < a->n; i++) {
        size_t at = 0;
        while (at < r->addresses.len && !says(r, at, &a->views[i]))
            at++;
        if (at == r->addresses.len)
            return false;
    }
    return r->addresses.len == a->n;
}

bool architecture_same_point(const Architecture *a, const Architecture *b) {
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->views[i].address, b->views[i].address) != 0 ||
            strcmp(a->views[i].value, b->views[i].value) != 0)
            return false;
    return true;
}

/* Mostly the text says the point decision by decision, and nothing is left to complete. */
bool architecture_reads_back(Space *space, const Architecture *a, Arena *scratch, bool *read) {
    Reading r = {0};
    size_t len = strlen(a->text);
    *read = read_text(space, scratch, a->text, a->text, len, &r, true);
    bool same = *read && says_all(&r, a);
    reading_free(&r);
    if (same || !*read)
        return same;
    const Architecture *again = space_parse(space, scratch, a->text, len, true);
    *read = again != NULL;
    return again && architecture_same_point(a, again);
}

void space_explain(Space *space, const char *text, size_t len, Buf *out) {
    Arena arena;
    arena_init(&arena, "explanation");
    parse(space, &arena, text, len, true, out);
    arena_free(&arena);
}
