/* Proxies: a definition applied to arguments becomes, for one architecture, a graph with losses and
 * measures, and after the run a score. In: an action or a bare definition, an architecture, its
 * sizes. Out: ProxyBuild and the shared run part. Invariant: the order of the run part's roots does
 * not depend on which candidate comes first, because the run part is primed with a point of the
 * space that is always the same. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

/* What a score needs once the values are there. */
typedef struct ProxyScore {
    Proxy *proxy;
    Space *space;
    const Architecture *architecture;
    IrSizes sizes;
    bool sized;
    int64_t taps, passes;
    size_t nmeasures;
    const ProxyMeasure *measures;
} ProxyScore;

static void proxy_begin(Proxy *x) {
    pthread_mutex_init(&x->lock, NULL);
    arena_init(&x->run_arena, "proxy run");
    arena_init(&x->view_arena, "proxy settings");
    x->run = eval_run_new(&x->run_arena);
}

Proxy *proxy_open(Proxy *base, const char *choices) {
    if (!base->space)
        return NULL;
    Proxy *x = nasc_alloc_zero(sizeof *x);
    *x = (Proxy){.program = base->program,
                 .definition = base->definition,
                 .file = base->file,
                 .action = base->action,
                 .space = base->space};
    proxy_begin(x);
    x->choices = arena_strdup(&x->view_arena, choices);
    return x;
}

void proxy_close(Proxy *x) {
    pthread_mutex_destroy(&x->lock);
    arena_free(&x->run_arena);
    arena_free(&x->view_arena);
    free(x);
}

Proxy *program_proxy_of(Program *p, const Ast *definition, size_t file, const Ast *action) {
    for (Proxy *x = p->proxies; x; x = x->next)
        if (x->definition == definition && x->action == action)
            return x;
    Proxy *x = ARENA_NEW(&p->arena, Proxy);
    *x = (Proxy){
        .program = p, .definition = definition, .file = file, .action = action, .next = p->proxies};
    proxy_begin(x);
    for (size_t i = 0; i < definition->list.len && !x->space; i++)
        if (definition->list.items[i]->kind == AST_CHOICE)
            x->space = program_space_of(p, definition, file, action, 0);
    p->proxies = x;
    return x;
}

void proxies_free(Program *p) {
    for (Proxy *x = p->proxies; x; x = x->next) {
        pthread_mutex_destroy(&x->lock);
        arena_free(&x->run_arena);
        arena_free(&x->view_arena);
    }
    p->proxies = NULL;
}

const char *proxy_name(const Proxy *p) {
    return p->definition->text;
}

ProxyUse *session_proxy(Session *s, const Ast *definition, size_t file, const Ast *action) {
    if (action)
        return opaque_data(action_part(s, action, true), &TAG_PROXY);
    ProxyUse *use = ARENA_NEW(s->arena, ProxyUse);
    *use = (ProxyUse){.definition = definition, .file = file, .repeats = 1};
    return use;
}

Space *proxy_space(Proxy *p) {
    return p->space;
}

/* Makes the proxy's decisions as its setting says; those left open are told when they are met. */
static bool decide_proxy(Session *s, const Proxy *p, const ProxyUse *use) {
    const char *choices = p->choices ? p->choices : use->choices;
    if (!choices || !p->space)
        return true;
    s->proxy = p->definition;
    s->proxy_point = space_parse(p->space, s->arena, choices, strlen(choices), false);
    return s->proxy_point != NULL;
}

/* The frame of a proxy whose first parameter is `net`. */
static Frame *proxy_frame(Session *s, const Proxy *p, Value net) {
    ProxyUse *use = session_proxy(s, p->definition, p->file, p->action);
    if (!use || !decide_proxy(s, p, use))
        return NULL;
    const AstList *params = &p->definition->params;
    if (params->len == 0) {
        diag_at(&s->diags, p->definition->name_place, DIAG_missing_argument, p->definition->text,
                "net");
        return NULL;
    }
    Frame *f = eval_frame(s->eval, session_file_frame(s, p->file), &p->definition->list, NULL);
    frame_bind(s->eval, f, params->items[0]->text, net);
    Place place = p->action ? p->action->b->place : p->definition->name_place;
    if (!frame_bind_args(s->eval, f, params, 1, use->args, use->nargs, place, p->definition->text))
        return NULL;
    for (size_t i = 0; i < use->npins; i++)
        frame_bind(s->eval, f, use->pins[i].name, use->pins[i].value);
    return f;
}

static NetworkUse *scored_network(Session *s, const Space *space, const IrSizes *sizes) {
    SpaceUse *use = session_space(s, space);
    NetworkUse *net = use ? session_network(s, use, NULL) : NULL;
    if (net)
        net->sizes = sizes;
    else if (use)
        diag_at(&s->diags, space->definition->name_place, DIAG_no_network, space_name(space));
    return net;
}

static bool declares(const Ast *definition, const char *name) {
    for (size_t i = 0; i < definition->params.len; i++)
        if (strcmp(definition->params.items[i]->text, name) == 0)
            return true;
    for (size_t i = 0; i < definition->list.len; i++) {
        const char *text = definition->list.items[i]->text;
        if (text && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

/* A definition or setting `precision` of the proxy: "single" or "double". */
static bool wants_double(Session *s, Frame *f, const Proxy *p, bool *out) {
    const ValueString *text;
    *out = false;
    if (!declares(p->definition, "precision"))
        return true;
    Place place = p->definition->name_place;
    if (!eval_text(s->eval, eval_name(s->eval, f, "precision", place), place, "the precision",
                   &text))
        return false;
    *out = strcmp(text->text, "double") == 0;
    if (*out || strcmp(text->text, "single") == 0)
        return true;
    diag_at(&s->diags, place, DIAG_bad_value,
            "the precision of a proxy is \"single\" or \"double\"");
    return false;
}

/* A choice or definition `repeats` of the proxy takes the place of the setting; out stays as it is without one. */
static bool chosen_repeats(Session *s, Frame *f, const Proxy *p, int64_t *out) {
    for (size_t i = 0; i < p->definition->list.len; i++) {
        const Ast *n = p->definition->list.items[i];
        if ((n->kind == AST_CHOICE || n->kind == AST_DEFINITION) && strcmp(n->text, "repeats") == 0)
            return eval_int(s->eval, eval_name(s->eval, f, "repeats", n->name_place), n->name_place,
                            "`repeats`", 1, PROXY_MAX_REPEATS, out);
    }
    return true;
}

/* Whether some root needs an op that has no kernel. */
static bool needs_reference(Session *s, const IrModule *m) {
    for (size_t i = 0; i < m->nroots; i++) {
        const bool *seen = proxy_reached(s->arena, m->graph, m->roots[i]);
        for (IrRef r = 0; r <= m->roots[i]; r++)
            if (seen[r] && ir_op_info(ir_get(m->graph, r)->op)->class == IR_CLASS_LINALG)
                return true;
    }
    return false;
}

/* The caller holds the proxy's lock. */
static bool build(Proxy *p, Space *space, const Architecture *a, const IrSizes *sizes, Arena *arena,
                  bool quiet, ProxyBuild *out) {
    Session s;
    *out = (ProxyBuild){0};
    session_begin(&s, p->program,
                  &(SessionConfig){.arena = arena,
                                   .run = p->run,
                                   .oracle = architecture_oracle(a),
                                   .architecture = architecture_shown(a)});
    ProxyScore *x = ARENA_NEW(arena, ProxyScore);
    *x = (ProxyScore){.proxy = p, .space = space, .architecture = a, .taps = -1};
    if (sizes)
        x->sizes = *sizes;
    NetworkUse *net = scored_network(&s, space, sizes ? &x->sizes : NULL);
    Frame *f = net ? proxy_frame(&s, p, value_network(&net->network)) : NULL;
    bool ok = f && proxy_roots(&s, f, p->definition, out) &&
              wants_double(&s, f, p, &out->reference) && chosen_repeats(&s, f, p, &(int64_t){1});
    out->reference = ok && (out->reference || needs_reference(&s, &out->module));
    out->observes = eval_observes(s.eval);
    out->nnoises = eval_noises(s.eval, &out->noises);
    out->nimports = eval_imports(s.eval, &out->imports);
    /* the score may ask for sizes and taps, and has no graph to count them in */
    if (ok && session_network_taps(&s, net) >= 0 && session_network_sizes(&s, net)) {
        x->taps = net->taps;
        x->sizes = *net->sizes;
        x->sized = true;
    }
    x->passes = out->passes;
    x->nmeasures = out->nmeasures;
    x->measures = out->measures;
    out->score = x;
    return session_end(&s, quiet) && ok;
}

/* One measure: its values at the passes of the trainings, or the one at the end. */
static Value measured(Session *s, const ProxyScore *x, size_t m, const double *values) {
    bool at_end = x->measures[m].at_end;
    size_t first = at_end ? (size_t)x->passes : 0;
    return value_series(s->arena, values + first * x->nmeasures + m, at_end ? 1 : (size_t)x->passes,
                        x->nmeasures);
}

/* A measure with an index is the list of its elements, which stand one after the other. */
static void bind_measures(Session *s, Frame *f, const ProxyScore *x, const double *values) {
    for (size_t m = 0; m < x->nmeasures; m++) {
        const ProxyMeasure *of = &x->measures[m];
        if (of->element < 0) {
            frame_bind(s->eval, f, of->name, measured(s, x, m, values));
            continue;
        }
        size_t n = 1;
        while (m + n < x->nmeasures && x->measures[m + n].element == (int64_t)n &&
               strcmp(x->measures[m + n].name, of->name) == 0)
            n++;
        Value *items = ARENA_ARRAY(s->arena, Value, n);
        for (size_t k = 0; k < n; k++)
            items[k] = measured(s, x, m + k, values);
        frame_bind(s->eval, f, of->name, value_list(s->arena, VALUE_LIST, items, n));
        m += n - 1;
    }
}

/* The score expression over the values of a run; false if it is wrong, which is then reported unless quiet. */
static bool score(const ProxyScore *x, Proxy *by, const double *values, bool quiet, double *out) {
    Arena arena;
    Session s;
    arena_init(&arena, "score");
    session_begin(&s, by->program,
                  &(SessionConfig){.arena = &arena,
                                   .mode = EVAL_SCORE,
                                   .oracle = architecture_oracle(x->architecture),
                                   .architecture = architecture_shown(x->architecture)});
    NetworkUse *net = scored_network(&s, x->space, x->sized ? &x->sizes : NULL);
    if (net)
        net->taps = x->taps;
    Frame *f = net ? proxy_frame(&s, by, value_network(&net->network)) : NULL;
    bool ok = false;
    if (f)
        bind_measures(&s, f, x, values);
    if (f) {
        Place place = by->definition->name_place;
        ok = eval_number(s.eval, eval_name(s.eval, f, "score", place), place, "the score", out);
    }
    ok = session_end(&s, quiet) && ok;
    arena_free(&arena);
    return ok;
}

/* Builds one fixed point of the space, so that what candidates share is asked for in one order, and
 * reads a score off made-up values, so that a mistake in it is told before anything runs. */
static bool prime(Proxy *p, Space *space, bool *observes) {
    Arena arena;
    arena_init(&arena, "proxy prime");
    RandomStream stream = random_stream(0, 0, RANDOM_SAMPLE, hash128("prime", 5, 0));
    const Architecture *a = space_sample_quiet(space, &arena, stream, 0);
    ProxyBuild b;
    bool ok = true;
    if (a && build(p, space, a, NULL, &arena, true, &b)) {
        *observes = b.observes;
        size_t n = (size_t)b.steps * b.nmeasures;
        double *values = ARENA_ARRAY(&arena, double, n + 1);
        for (size_t i = 0; i < n; i++)
            values[i] = 1 + (double)i / (double)(n + 1);
        double unused;
        ok = score(b.score, p, values, false, &unused);
    }
    arena_free(&arena);
    return ok;
}

/* What was learnt of the proxy on networks of a space. */
typedef struct ProxyPrimed {
    const Space *space;
    bool usable, observes;
    struct ProxyPrimed *next;
} ProxyPrimed;

/* The caller holds the proxy's lock. */
static const ProxyPrimed *primed(Proxy *p, Space *space) {
    for (const ProxyPrimed *x = p->primed; x; x = x->next)
        if (x->space == space)
            return x;
    ProxyPrimed *x = ARENA_NEW(&p->run_arena, ProxyPrimed);
    *x = (ProxyPrimed){.space = space, .next = p->primed};
    x->usable = prime(p, space, &x->observes);
    return p->primed = x;
}

bool proxy_build(Proxy *p, Space *s, const Architecture *a, const IrSizes *sizes, Arena *arena,
                 ProxyBuild *out) {
    pthread_mutex_lock(&p->lock);
    bool ok = primed(p, s)->usable && build(p, s, a, sizes, arena, false, out);
    pthread_mutex_unlock(&p->lock);
    return ok;
}

bool proxy_observes(Proxy *p, Space *s) {
    pthread_mutex_lock(&p->lock);
    bool observes = primed(p, s)->observes;
    pthread_mutex_unlock(&p->lock);
    return observes;
}

ProxyRun proxy_run(Proxy *p) {
    pthread_mutex_lock(&p->lock);
    ProxyRun run = eval_run_view(p->run);
    pthread_mutex_unlock(&p->lock);
    return run;
}

double proxy_score(ProxyBuild *b, const double *values) {
    double out;
    return score(b->score, b->score->proxy, values, false, &out) ? out : NAN;
}

double proxy_score_after(const ProxyBuild *b, const double *values, int64_t step) {
    size_t n = b->nmeasures, kept = (size_t)step * n, all = (size_t)b->steps * n;
    double *held = nasc_alloc(MAX(all, 1) * sizeof *held), out;
    for (size_t i = 0; i < all; i++)
        held[i] = values[i < kept || i >= (size_t)b->passes * n ? i : kept - n + i % n];
    bool ok = score(b->score, b->score->proxy, held, true, &out);
    free(held);
    return ok ? out : NAN;
}

double proxy_score_by(Proxy *p, const ProxyBuild *b, const double *values) {
    double out;
    return score(b->score, p, values, false, &out) ? out : NAN;
}

/* Settings for reports. */

static const char *source_text(const Program *p, Arena *a, Place place) {
    if (place.file >= p->sources.files.len)
        return "";
    const SourceFile *f = &p->sources.files.items[place.file];
    return arena_strndup(a, f->text + place.lo, place.hi - place.lo);
}

/* An argument as written, without its name. */
static const char *argument_source(const Program *p, Arena *a, const EvalArg *arg) {
    const char *text = source_text(p, a, arg->place);
    if (arg->name && strncmp(text, arg->name, strlen(arg->name)) == 0) {
        text += strlen(arg->name);
        text += strspn(text, " \t\r\n");
        text += *text == ':';
        text += strspn(text, " \t\r\n");
    }
    return text;
}

void session_argument_text(Session *s, const EvalArg *arg, Buf *out) {
    ValueKind kind = value_plain(arg->value).kind;
    if (kind == VALUE_LAYER ||
        (kind == VALUE_FUNCTION && !eval_closed_text(s->eval, arg->value, out)))
        buf_puts(out, argument_source(s->program, s->arena, arg));
    else if (kind != VALUE_FUNCTION)
        value_print(out, arg->value);
}

static const char *setting_text(Session *s, const Proxy *p, Frame *f, const ProxyUse *use,
                                const Ast *param, size_t position) {
    Value v = eval_name(s->eval, f, param->text, param->place);
    ValueKind kind = value_plain(v).kind;
    bool written = kind == VALUE_FUNCTION || kind == VALUE_POISON || kind == VALUE_LAYER;
    const EvalArg *given = NULL;
    for (size_t i = 0; written && !given && i < use->nargs; i++)
        if (use->args[i].name ? strcmp(use->args[i].name, param->text) == 0 : i + 1 == position)
            given = &use->args[i];
    if (written && !given)
        return param->a ? source_text(p->program, s->arena, param->a->place) : "";
    Buf b = {0};
    if (given)
        session_argument_text(s, given, &b);
    else
        value_print(&b, v);
    const char *text = arena_strndup(s->arena, b.text ? b.text : "", b.len);
    buf_free(&b);
    return text;
}

static void use_text(const Program *p, size_t file, Buf *out) {
    const char *path = p->files.items[file].path;
    const char *slash = strrchr(path, '/'), *lib = p->lib_dir;
    char real[PATH_MAX];
    bool library = lib && slash && realpath(lib, real) && strlen(real) == (size_t)(slash - path) &&
                   memcmp(real, path, strlen(real)) == 0;
    if (library)
        buf_printf(out, "use %.*s;\n", (int)strcspn(slash + 1, "."), slash + 1);
    else
        buf_printf(out, "use \"%s\";\n", path);
}

void proxy_use_text(const Proxy *p, Buf *out) {
    use_text(p->program, p->file, out);
}

void space_use_text(const Space *s, Buf *out) {
    use_text(s->program, s->file, out);
}

void session_arguments_text(Session *s, const AstList *params, size_t first, const EvalArg *args,
                            size_t n, Buf *out) {
    for (size_t i = 0, next = first; i < n; i++) {
        const char *name = args[i].name;
        if (!name && next < params->len)
            name = params->items[next++]->text;
        buf_printf(out, "%s%s: ", i ? ", " : "", name ? name : "");
        session_argument_text(s, &args[i], out);
    }
}

void proxy_call_text(Proxy *p, const char *choices, Buf *out) {
    Session s;
    Arena arena;
    arena_init(&arena, "proxy call");
    session_begin(&s, p->program, &(SessionConfig){.arena = &arena});
    const ProxyUse *use = session_proxy(&s, p->definition, p->file, p->action);
    const char *separator = use && use->nargs ? ", " : "";
    buf_printf(out, "%s(", p->definition->text);
    if (use)
        session_arguments_text(&s, &p->definition->params, 1, use->args, use->nargs, out);
    for (size_t i = 0; use && i < use->npins; i++) {
        buf_printf(out, "%s%s: ", separator, use->pins[i].name);
        session_argument_text(&s, &use->pins[i], out);
        separator = ", ";
    }
    if (use && use->repeats != 1) {
        buf_printf(out, "%srepeats: %lld", separator, (long long)use->repeats);
        separator = ", ";
    }
    if (choices)
        buf_printf(out, "%schoices: \"%s\"", separator, choices);
    buf_putc(out, ')');
    session_end(&s, true);
    arena_free(&arena);
}

/* Evaluates the arguments once, without a network: a default that needs one is shown as written. */
static void describe(Proxy *p) {
    Session s;
    session_begin(&s, p->program, &(SessionConfig){.arena = &p->view_arena});
    const AstList *params = &p->definition->params;
    p->settings = ARENA_ARRAY(&p->view_arena, ProgramParam, params->len + 1);
    ProxyUse *use = session_proxy(&s, p->definition, p->file, p->action);
    Frame *f = use ? proxy_frame(&s, p, value_poison()) : NULL;
    p->repeats = use ? use->repeats : 1;
    if (f)
        chosen_repeats(&s, f, p, &p->repeats);
    for (size_t i = 1; f && i < params->len; i++) {
        const Ast *param = params->items[i];
        p->settings[p->nsettings++] =
            (ProgramParam){.name = param->text,
                           .help = param->help ? param->help : "",
                           .value = setting_text(&s, p, f, use, param, i)};
    }
    session_end(&s, true);
}

size_t proxy_settings(Proxy *p, const ProgramParam **out) {
    pthread_mutex_lock(&p->lock);
    if (!p->settings)
        describe(p);
    pthread_mutex_unlock(&p->lock);
    *out = p->settings;
    return p->nsettings;
}

int64_t proxy_repeats(const Proxy *p) {
    const ProgramParam *unused;
    proxy_settings((Proxy *)(uintptr_t)p, &unused);
    return p->repeats;
}
