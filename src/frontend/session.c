/* Sessions: one evaluation, its frames, and the answers to what the evaluator asks of its owner.
 * In: a loaded program and an arena. Out: an Eval whose names mean what the program's files say.
 * Invariant: the program is only read, except for its diagnostics, which a session adds to when it
 * ends. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

const char TAG_ENGINE = 0;
const char TAG_SPACE = 0, TAG_PROXY = 0, TAG_CANDIDATES = 0, TAG_OPTIMIZER = 0, TAG_FUNCTION = 0;

void *opaque_data(Value v, const void *tag) {
    v = value_plain(v);
    return v.kind == VALUE_OPAQUE && v.u.opaque->tag == tag ? v.u.opaque->data : NULL;
}

static bool same_diag(const Diag *a, const Diag *b) {
    return a->code == b->code && a->place.file == b->place.file && a->place.lo == b->place.lo &&
           a->place.hi == b->place.hi &&
           (a->place.file != UINT32_MAX || strcmp(a->message, b->message) == 0);
}

static const char *keep(Arena *a, const char *s) {
    return s ? arena_strdup(a, s) : NULL;
}

static void adopt_one(Program *p, const Diag *d) {
    for (size_t i = 0; i < p->diags.items.len; i++)
        if (same_diag(&p->diags.items.items[i], d))
            return;
    size_t *count = d->severity == DIAG_ERROR ? &p->diags.errors : &p->diags.warnings;
    if (d->severity != DIAG_NOTE && ++*count > p->diags.limit)
        return;
    Diag copy = {.code = d->code,
                 .severity = d->severity,
                 .place = d->place,
                 .message = keep(&p->arena, d->message),
                 .hint = keep(&p->arena, d->hint),
                 .architecture = keep(&p->arena, d->architecture)};
    for (size_t i = 0; i < d->notes.len; i++) {
        DiagNote note = {.place = d->notes.items[i].place,
                         .message = keep(&p->arena, d->notes.items[i].message)};
        VEC_PUSH(copy.notes, note);
    }
    VEC_PUSH(p->diags.items, copy);
}

void program_adopt(Program *p, const DiagSink *from) {
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < from->items.len; i++)
        adopt_one(p, &from->items.items[i]);
    pthread_mutex_unlock(&p->lock);
}

static int64_t host_decide(void *user, Eval *e, const char *address, const EvalDomain *domain,
                           Place place) {
    (void)e;
    return session_decide(user, address, domain, place);
}

/* A file's frame has the number of its file; a space's is known by its use. */
static size_t frame_file(const Session *s, const Frame *frame) {
    for (size_t i = 0; i < s->program->files.len; i++)
        if (s->frames[i] == frame)
            return i;
    return SIZE_MAX;
}

static Value item_of_file(Session *s, Frame *frame, size_t file, const Ast *item) {
    if (item->kind == AST_SPACE) {
        SpaceUse *use = session_space_definition(s, item, file, NULL, 0, item->name_place);
        return value_opaque(s->arena, "a space", &TAG_SPACE, use);
    }
    if (item->kind == AST_PROXY) {
        ProxyUse *use = ARENA_NEW(s->arena, ProxyUse);
        *use = (ProxyUse){.definition = item, .file = file, .repeats = 1};
        return value_opaque(s->arena, "a proxy", &TAG_PROXY, use);
    }
    return session_param(s, frame, item);
}

static Value host_item(void *user, Eval *e, Frame *frame, const Ast *item) {
    (void)e;
    Session *s = user;
    size_t file = frame_file(s, frame);
    if (file != SIZE_MAX)
        return item_of_file(s, frame, file, item);
    SpaceUse *use = session_space_of_frame(s, frame);
    if (use && item->kind == AST_NETWORK)
        return session_network_item(s, use, item);
    if (use && item->kind == AST_INPUT)
        return session_input_shape(s, use, item);
    return value_poison();
}

static bool network_field(Session *s, NetworkUse *net, const char *name, Value *out) {
    static const char *const sizes[] = {"params", "macs", "live_macs", "counted_macs"};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (strcmp(name, sizes[i]) != 0)
            continue;
        const IrSizes *z = session_network_sizes(s, net);
        const int64_t values[] = {z ? z->params : 0, z ? z->macs : 0, z ? z->live_macs : 0,
                                  z ? z->counted_macs : 0};
        *out = z ? value_int(values[i]) : value_poison();
        return true;
    }
    if (strcmp(name, "taps") == 0) {
        int64_t taps = session_network_taps(s, net);
        *out = taps < 0 ? value_poison() : value_int(taps);
        return true;
    }
    if (strcmp(name, "input") == 0) {
        *out = session_input_shape(s, net->space, net->declaration);
        return true;
    }
    if (strcmp(name, "space") == 0) {
        *out = value_scope(net->space->frame);
        return true;
    }
    return false;
}

static bool host_field(void *user, Eval *e, Value of, const char *name, Place place, Value *out) {
    Session *s = user;
    (void)place;
    of = value_plain(of);
    if (of.kind == VALUE_NETWORK)
        return network_field(s, of.u.network->user, name, out);
    SpaceUse *use = opaque_data(of, &TAG_SPACE);
    if (use && space_open(s, use) && frame_declaration(e, use->frame, name)) {
        *out = eval_name(e, use->frame, name, place);
        return true;
    }
    return false;
}

void session_begin(Session *s, Program *p, const SessionConfig *config) {
    *s = (Session){
        .program = p, .arena = config->arena, .oracle = config->oracle, .graph = config->graph};
    diag_init(&s->diags, config->arena, &p->sources);
    s->diags.architecture = config->architecture;
    if (!s->graph && config->mode == EVAL_BUILD) {
        s->graph = ir_graph_new(config->arena);
        ir_set_merging(s->graph, false); /* sizes are counted as written */
    }
    EvalConfig c = {.arena = config->arena,
                    .diags = &s->diags,
                    .mode = config->mode,
                    .graph = s->graph,
                    .run = config->run,
                    .unnamed = config->unnamed,
                    .host = {.user = s,
                             .decide = host_decide,
                             .item = host_item,
                             .call = session_call,
                             .field = host_field}};
    s->eval = eval_new(&c);
    s->frames = ARENA_ARRAY(config->arena, Frame *, p->files.len);
    s->base = eval_frame(s->eval, NULL, &(AstList){0}, NULL);
    session_bind_functions(s);
}

bool session_failed(const Session *s) {
    return s->diags.errors > 0;
}

bool session_end(Session *s, bool quiet) {
    bool ok = s->diags.errors == 0;
    if (!quiet && s->diags.items.len)
        program_adopt(s->program, &s->diags);
    diag_free(&s->diags);
    genotype_free(&s->point.genotype);
    VEC_FREE(s->point.texts);
    return ok;
}

bool session_first_problem(const Session *s, Buf *out) {
    if (!s->diags.items.len)
        return false;
    const Diag *d = &s->diags.items.items[0];
    buf_puts(out, d->message);
    if (d->hint && *d->hint)
        buf_printf(out, "; %s", d->hint);
    if (d->place.file == UINT32_MAX)
        return true;
    int line, column;
    source_position(s->diags.sources, d->place.file, d->place.lo, &line, &column);
    buf_printf(out, " (%s:%d)", s->diags.sources->files.items[d->place.file].path, line);
    return true;
}

Frame *session_file_frame(Session *s, size_t file) {
    if (s->frames[file])
        return s->frames[file];
    const ProgramFile *f = &s->program->files.items[file];
    Frame *frame = eval_frame(s->eval, s->base, &f->tree->list, NULL);
    s->frames[file] = frame;
    for (size_t i = 0; i < f->uses.len; i++) {
        Frame *other = session_file_frame(s, f->uses.items[i].file);
        if (f->uses.items[i].alias)
            frame_bind(s->eval, frame, f->uses.items[i].alias, value_scope(other));
        else
            frame_import(s->eval, frame, other);
    }
    return frame;
}
