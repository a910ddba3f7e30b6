/* Top-level parameters and what the command line makes of them. In: name=value texts. Out: a value
 * for each parameter that is set. Invariant: a value given has the kind of the parameter's default;
 * a default `none` takes any text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

static Setting *find_setting(Program *p, const char *name, size_t len) {
    for (size_t i = 0; i < p->settings.len; i++) {
        const char *have = p->settings.items[i].param->text;
        if (strlen(have) == len && memcmp(have, name, len) == 0)
            return &p->settings.items[i];
    }
    return NULL;
}

/* Parameters of the main file first, then of the files it uses. */
static void gather_params(Program *p) {
    for (size_t f = 0; f < p->files.len; f++) {
        const AstList *items = &p->files.items[f].tree->list;
        for (size_t i = 0; i < items->len; i++) {
            const Ast *m = items->items[i];
            if (m->kind != AST_PARAM || find_setting(p, m->text, strlen(m->text)))
                continue;
            Setting s = {.param = m, .file = f};
            VEC_PUSH(p->settings, s);
        }
    }
}

Value session_param(Session *s, Frame *frame, const Ast *param) {
    for (size_t i = 0; i < s->program->settings.len; i++) {
        const Setting *x = &s->program->settings.items[i];
        if (x->param != param || !x->set)
            continue;
        return x->expr ? eval_expr(s->eval, frame, x->expr) : x->value;
    }
    return param->a ? eval_expr(s->eval, frame, param->a) : value_none();
}

static NascStatus unknown(Program *p, const char *name, size_t len, NascError *err) {
    const char **names = ARENA_ARRAY(&p->arena, const char *, p->settings.len + 1);
    for (size_t i = 0; i < p->settings.len; i++)
        names[i] = p->settings.items[i].param->text;
    const char *near = diag_nearest(arena_strndup(&p->arena, name, len), names, p->settings.len);
    if (near)
        return nasc_fail(err, NASC_USAGE_ERROR, "there is no parameter `%.*s`; did you mean `%s`?",
                         (int)len, name, near);
    return nasc_fail(err, NASC_USAGE_ERROR, "there is no parameter `%.*s`%s", (int)len, name,
                     p->settings.len ? "; --help lists them" : ": the program has none");
}

/* The text as an expression of the language, or NULL; what is wrong with it stays out of the
 * program's diagnostics. */
static const Ast *parse_value(Program *p, const char *name, const char *text) {
    NascError err = {0};
    DiagSink sink;
    uint32_t file =
        source_add(&p->sources, arena_printf(&p->arena, "%s=", name), text, strlen(text), &err);
    if (file == UINT32_MAX)
        return NULL;
    diag_init(&sink, &p->arena, &p->sources);
    p->syntax.diags = &sink;
    const Ast *tree = parse_expression(&p->syntax, file);
    p->syntax.diags = &p->diags;
    bool ok = sink.errors == 0;
    diag_free(&sink);
    return ok ? tree : NULL;
}

/* The value of an expression that may name nothing but constants, or poison. */
static Value constant(Program *p, const Ast *expr) {
    Session s;
    session_begin(&s, p, &(SessionConfig){.arena = &p->arena});
    Value v = expr ? eval_expr(s.eval, session_file_frame(&s, 0), expr) : value_poison();
    return session_end(&s, true) ? value_plain(v) : value_poison();
}

static Value default_value(Program *p, const Setting *x) {
    Session s;
    session_begin(&s, p, &(SessionConfig){.arena = &p->arena});
    Value v = x->param->a ? eval_expr(s.eval, session_file_frame(&s, x->file), x->param->a)
                          : value_none();
    return session_end(&s, true) ? value_plain(v) : value_poison();
}

static bool is_quoted(const char *text) {
    size_t n = strlen(text);
    return n >= 2 && text[0] == '"' && text[n - 1] == '"';
}

static Value text_value(Program *p, const char *name, const char *text) {
    if (is_quoted(text)) {
        Value v = constant(p, parse_value(p, name, text));
        if (v.kind == VALUE_STRING)
            return v;
    }
    return value_string(&p->arena, text, strlen(text));
}

static NascStatus set_one(Program *p, Setting *x, const char *text, NascError *err) {
    const char *name = x->param->text, *wanted = NULL;
    Value was = default_value(p, x), v = value_none();
    x->set = true;
    x->expr = NULL;
    switch (was.kind) {
    case VALUE_NONE:
        v = strcmp(text, "none") == 0 ? value_none() : text_value(p, name, text);
        break;
    case VALUE_STRING:
        v = text_value(p, name, text);
        break;
    case VALUE_BOOL:
        v = value_bool(strcmp(text, "true") == 0);
        wanted = v.u.boolean || strcmp(text, "false") == 0 ? NULL : "true or false";
        break;
    case VALUE_INT:
        v = constant(p, parse_value(p, name, text));
        wanted = v.kind == VALUE_INT ? NULL : "an integer";
        break;
    case VALUE_DECIMAL:
        v = constant(p, parse_value(p, name, text));
        wanted = value_is_number(v) ? NULL : "a number";
        break;
    default:
        x->expr = parse_value(p, name, text);
        wanted = x->expr ? NULL : "an expression";
    }
    x->value = v;
    if (!wanted)
        return NASC_OK;
    return nasc_fail(err, NASC_USAGE_ERROR, "parameter `%s` takes %s, not `%.80s`", name, wanted,
                     text);
}

static void describe(Program *p) {
    for (size_t i = 0; i < p->settings.len; i++) {
        const Setting *x = &p->settings.items[i];
        Value v = x->set && !x->expr ? x->value : default_value(p, x);
        Buf b = {0};
        if (x->set && x->expr)
            ast_print(x->expr, &b);
        else
            value_print_bare(&b, v);
        ProgramParam out = {.name = x->param->text,
                            .help = x->param->help ? x->param->help : "",
                            .value = arena_strndup(&p->arena, b.text ? b.text : "", b.len),
                            .set = x->set};
        buf_free(&b);
        VEC_PUSH(p->params, out);
    }
}

bool program_set(Program *p, const ProgramOptions *options, NascStatus *status, NascError *err) {
    gather_params(p);
    for (size_t i = 0; i < options->nsettings; i++) {
        const char *text = options->settings[i], *equals = strchr(text, '=');
        NascStatus got;
        Setting *x = equals ? find_setting(p, text, (size_t)(equals - text)) : NULL;
        if (!equals)
            got = nasc_fail(err, NASC_USAGE_ERROR, "`%.80s` is not of the form name=value", text);
        else if (!x)
            got = unknown(p, text, (size_t)(equals - text), err);
        else
            got = set_one(p, x, equals + 1, err);
        if (got != NASC_OK) {
            *status = got;
            return false;
        }
    }
    describe(p);
    return true;
}

size_t program_params(const Program *p, const ProgramParam **out) {
    *out = p->params.items;
    return p->params.len;
}

/* The last word at a place is the value of an argument, `seed: sample`, or all of it. */
static bool uses_setting(const Program *p, Place place) {
    if (place.file >= p->sources.files.len)
        return false;
    const SourceFile *f = &p->sources.files.items[place.file];
    size_t end = MIN((size_t)place.hi, f->len), lo = end;
    while (lo > place.lo && (isalnum((unsigned char)f->text[lo - 1]) || f->text[lo - 1] == '_'))
        lo--;
    for (size_t i = 0; i < p->params.len; i++) {
        const ProgramParam *x = &p->params.items[i];
        if (x->set && strlen(x->name) == end - lo && memcmp(x->name, f->text + lo, end - lo) == 0)
            return true;
    }
    return false;
}

bool program_settings_refused(const Program *p) {
    bool any = false;
    for (size_t i = 0; i < p->diags.items.len; i++) {
        const Diag *d = &p->diags.items.items[i];
        if (d->severity != DIAG_ERROR)
            continue;
        if (d->code != DIAG_bad_value || !uses_setting(p, d->place))
            return false;
        any = true;
    }
    return any;
}
