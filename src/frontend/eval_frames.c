/* Frames: looking names up, computing definitions on demand and once, elements of recurrences.
 *
 * A definition is computed in the context of the frame that holds it (its path of uses, its
 * settings), not of whoever needs it first; so the order of evaluation can never decide which
 * weight is which. */
#include "frontend/eval_impl.h"

#include <stdlib.h>
#include <string.h>

static bool same_name(const char *a, const char *b) {
    return a == b || strcmp(a, b) == 0;
}

/* A bit by the first three letters: most scopes that are looked through lack the name. */
static unsigned mark_of(const char *name) {
    unsigned mark = (unsigned char)name[0];
    for (int i = 1; i < 3 && name[i - 1]; i++)
        mark = mark * 31 + (unsigned char)name[i];
    return mark % (64 * MARK_WORDS);
}

static bool is_marked(const Scope *s, unsigned mark) {
    return s->marks[mark / 64] >> mark % 64 & 1;
}

static bool declares(AstKind k) {
    switch (k) {
    case AST_DEFINITION:
    case AST_CHOICE:
    case AST_SHARED:
    case AST_MEASURE:
    case AST_PARAM:
    case AST_INPUT:
    case AST_NETWORK:
    case AST_SPACE:
    case AST_PROXY:
        return true;
    default:
        return false;
    }
}

/* The slot of a name, or the free one where it would be. */
static uint32_t *scope_slot(const Scope *s, const char *name, unsigned mark) {
    for (size_t i = mark;; i++) {
        uint32_t *slot = &s->slots[i & (s->nslots - 1)];
        if (!*slot || same_name(s->entries[*slot - 1].name, name))
            return slot;
    }
}

static void scope_add(Eval *e, Scope *s, const Ast *d, bool in_run) {
    if (!declares(d->kind) || !d->text)
        return;
    unsigned mark = mark_of(d->text);
    uint32_t *slot = scope_slot(s, d->text, mark);
    if (*slot) {
        ScopeEntry *entry = &s->entries[*slot - 1];
        const Ast **grown = ARENA_ARRAY(e->arena, const Ast *, entry->len + 1);
        memcpy(grown, entry->decls, entry->len * sizeof *grown);
        grown[entry->len++] = d;
        entry->decls = grown;
        return;
    }
    const Ast **decls = ARENA_ARRAY(e->arena, const Ast *, 1);
    decls[0] = d;
    s->marks[mark / 64] |= 1ull << mark % 64;
    s->entries[s->len++] =
        (ScopeEntry){.name = d->text, .decls = decls, .len = 1, .in_run = in_run};
    *slot = (uint32_t)s->len;
}

static size_t count_members(const AstList *members) {
    size_t n = members->len;
    for (size_t i = 0; i < members->len; i++)
        n += members->items[i]->list.len;
    return n;
}

/* One table for each member list, shared by all its frames. */
static const Scope *scope_of(Eval *e, const AstList *members) {
    uintptr_t id = (uintptr_t)members->items;
    void **slot = map_slot(e->arena, &e->scopes, hash128(&id, sizeof id, 20));
    if (*slot)
        return *slot;
    Scope *s = ARENA_NEW(e->arena, Scope);
    size_t room = count_members(members);
    s->entries = ARENA_ARRAY(e->arena, ScopeEntry, room);
    for (s->nslots = 4; s->nslots < 2 * room; s->nslots *= 2)
        ;
    s->slots = ARENA_ARRAY(e->arena, uint32_t, s->nslots);
    for (size_t i = 0; i < members->len; i++) {
        const Ast *m = members->items[i];
        bool in_run = m->kind == AST_PER_RUN;
        if (in_run || m->kind == AST_PER_ARCHITECTURE)
            for (size_t k = 0; k < m->list.len; k++)
                scope_add(e, s, m->list.items[k], in_run);
        else
            scope_add(e, s, m, false);
    }
    *slot = s;
    return s;
}

Frame *frame_new(Eval *e, Frame *parent, const AstList *members) {
    Frame *f = ARENA_NEW(e->arena, Frame);
    f->id = ++e->nframes;
    f->parent = parent;
    f->scope = members && members->len ? scope_of(e, members) : NULL;
    f->context = e->now;
    return f;
}

Frame *eval_frame(Eval *e, Frame *parent, const AstList *members, const char *label) {
    Context saved = e->now;
    if (parent)
        e->now = parent->context;
    if (label && *label)
        e->now.path = path_child(e, PATH_SITE, 0, e->now.path->children, NULL, 0, label);
    Frame *f = frame_new(e, parent, members);
    e->now = saved;
    return f;
}

void frame_reserve(Eval *e, Frame *f, size_t n) {
    CHECK(!f->nbindings);
    f->bindings = ARENA_ARRAY(e->arena, Binding, n);
    f->bindings_cap = n;
}

void frame_push(Eval *e, Frame *f, const char *name, Value v, const Ast *deferred) {
    f->bindings =
        arena_grow(e->arena, f->bindings, f->nbindings, &f->bindings_cap, 2, sizeof *f->bindings);
    unsigned mark = mark_of(name);
    f->bindings[f->nbindings++] =
        (Binding){.name = name, .value = v, .deferred = deferred, .mark = (uint16_t)mark};
    f->bound |= 1ull << mark % 64;
}

void frame_bind(Eval *e, Frame *f, const char *name, Value v) {
    for (size_t i = 0; i < f->nbindings; i++)
        if (same_name(f->bindings[i].name, name)) {
            f->bindings[i] = (Binding){.name = name, .value = v, .mark = f->bindings[i].mark};
            return;
        }
    frame_push(e, f, name, v, NULL);
}

void frame_import(Eval *e, Frame *f, Frame *other) {
    Frame **grown = ARENA_ARRAY(e->arena, Frame *, f->nimports + 1);
    if (f->nimports)
        memcpy(grown, f->imports, f->nimports * sizeof *grown);
    grown[f->nimports++] = other;
    f->imports = grown;
}

/* Only this frame's own names. */
static inline bool find_here(Frame *f, const char *name, unsigned mark, Found *out) {
    bool bound = f->bound >> mark % 64 & 1;
    for (size_t i = 0; bound && i < f->nbindings; i++)
        if (f->bindings[i].mark == mark && same_name(f->bindings[i].name, name)) {
            *out = (Found){.frame = f, .binding = &f->bindings[i]};
            return true;
        }
    if (!f->scope || !is_marked(f->scope, mark))
        return false;
    uint32_t slot = *scope_slot(f->scope, name, mark);
    if (!slot)
        return false;
    *out = (Found){.frame = f, .entry = &f->scope->entries[slot - 1]};
    return true;
}

bool frame_find(Eval *e, Frame *f, const char *name, Found *out) {
    (void)e;
    unsigned mark = mark_of(name);
    for (; f; f = f->parent) {
        if (find_here(f, name, mark, out))
            return true;
        for (size_t i = 0; i < f->nimports; i++)
            if (find_here(f->imports[i], name, mark, out))
                return true;
    }
    return false;
}

const Ast *frame_declaration(Eval *e, Frame *f, const char *name) {
    (void)e;
    for (size_t i = 0; f->scope && i < f->scope->len; i++)
        if (same_name(f->scope->entries[i].name, name))
            return f->scope->entries[i].decls[0];
    return NULL;
}

static Memo *memo_of(Eval *e, Frame *f, const ScopeEntry *entry) {
    if (!f->memos)
        f->memos = ARENA_ARRAY(e->arena, Memo, f->scope->len);
    return &f->memos[entry - f->scope->entries];
}

/* An element that is asked for; a definition without indices is its own only one. */
typedef struct Element {
    const Ast *decl;
    Frame *inner; /* where its indices are bound */
    const Value *indices;
    size_t n;
    Hash128 hash; /* of the indices */
} Element;

static Value report_cycle(Eval *e, const Ast *decl, const char *name) {
    Diag *d = REPORT(e, decl->name_place, cyclic_definition, name);
    for (Running *r = e->running; d && r; r = r->outer) {
        if (r->decl == decl && strcmp(r->name, name) == 0)
            break;
        diag_note(e->diags, d, r->decl->name_place, "needed by `%s`", r->name);
    }
    return value_poison();
}

static Value make_instance(Eval *e, const Found *at, const Element *x, const char *name) {
    const Ast *decl = x->decl;
    Instance *s = ARENA_NEW(e->arena, Instance);
    e->traces++;
    s->name = name;
    s->path = path_of_definition(e, at->frame->context.path, PATH_INSTANCE, decl, at->frame->scope,
                                 x->hash, name);
    s->in_run = e->now.in_run;
    s->layer = ev(e, x->inner, decl->a);
    if (value_is_poison(s->layer))
        return s->layer;
    if (!is_layer(s->layer))
        return FAIL(e, decl->a->place, not_a_layer, value_kind_name(s->layer));
    return (Value){.kind = VALUE_INSTANCE, .u.instance = s};
}

static Value compute(Eval *e, const Found *at, const Element *x, const char *name) {
    const Ast *decl = x->decl;
    Frame *inner = x->inner;
    switch (decl->kind) {
    case AST_SHARED:
        return make_instance(e, at, x, name);
    case AST_CHOICE:
        return choice_value(e, at->frame, inner, decl, x->indices, x->n);
    case AST_MEASURE:
        return ev(e, inner, decl->a);
    case AST_DEFINITION:
        if (decl->has_params) {
            Closure *c = ARENA_NEW(e->arena, Closure);
            *c = (Closure){.name = name,
                           .params = &decl->params,
                           .body = decl->a,
                           .frame = inner,
                           .ast = decl};
            return (Value){.kind = VALUE_FUNCTION, .u.function = c};
        }
        return ev(e, inner, decl->a);
    default:
        if (!e->host.item)
            return FAIL(e, decl->name_place, unknown_name, decl->text);
        return e->host.item(e->host.user, e, at->frame, decl);
    }
}

static Value named_closure(Eval *e, Value v, const char *name) {
    if (v.kind != VALUE_FUNCTION || v.u.function->name)
        return v;
    Closure *c = ARENA_NEW(e->arena, Closure);
    *c = *v.u.function;
    c->name = name;
    return (Value){.kind = VALUE_FUNCTION, .u.function = c};
}

/* The value of a declaration, or of its element: computed once. */
static Value force(Eval *e, const Found *at, const Element *x, Memo *m) {
    if (m->state == MEMO_DONE)
        return m->value;
    const Ast *decl = x->decl;
    const char *name = indexed_name(e, decl->text ? decl->text : "network", x->indices, x->n);
    if (m->state == MEMO_RUNNING)
        return report_cycle(e, decl, name);
    m->state = MEMO_RUNNING;
    Context saved = e->now;
    Running here = {.outer = e->running, .decl = decl, .name = name};
    const char *outside = e->inside;
    e->running = &here;
    e->inside = name;
    e->now = at->frame->context;
    e->now.in_run |= at->entry->in_run;
    if (decl->kind != AST_SHARED)
        e->now.path = path_of_definition(e, e->now.path, PATH_DEFINITION, decl, at->frame->scope,
                                         x->hash, name);
    if (x->inner != at->frame)
        x->inner->context = e->now;
    m->value = compute(e, at, x, name);
    if (decl->kind == AST_DEFINITION)
        m->value = named_closure(e, m->value, name);
    m->state = MEMO_DONE;
    e->running = here.outer;
    e->inside = outside;
    e->now = saved;
    return m->value;
}

static Value deferred_value(Eval *e, Frame *f, Binding *b) {
    if (b->running)
        return report_cycle(e, b->deferred, b->name);
    b->running = true;
    size_t at = (size_t)(b - f->bindings);
    Context saved = e->now;
    e->now = f->context;
    Value v = ev(e, f, b->deferred->a);
    e->now = saved;
    f->bindings[at].value = v;
    f->bindings[at].deferred = NULL;
    f->bindings[at].running = false;
    return v;
}

Value found_value(Eval *e, Found found, Place place) {
    (void)place;
    if (found.binding)
        return found.binding->deferred ? deferred_value(e, found.frame, found.binding)
                                       : found.binding->value;
    const Ast *decl = found.entry->decls[0];
    if (!decl->has_index) {
        Element x = {.decl = decl, .inner = found.frame, .hash = indices_hash(NULL, 0)};
        return force(e, &found, &x, memo_of(e, found.frame, found.entry));
    }
    Elements *el = ARENA_NEW(e->arena, Elements);
    *el = (Elements){.frame = found.frame, .entry = found.entry};
    return (Value){.kind = VALUE_ELEMENTS, .u.elements = el};
}

/* Whether the indices lie in a declaration's binders: 1, 0 absent by its condition, -1 no, -2
 * mistake. */
static int match_decl(Eval *e, Frame *f, const Ast *decl, const Value *indices, size_t n,
                      Frame **out) {
    if (decl->index.len != n)
        return -1;
    Frame *inner = frame_new(e, f, NULL);
    inner->context = f->context;
    for (size_t i = 0; i < n; i++) {
        const Ast *b = decl->index.items[i];
        Value range = ev(e, inner, b->a);
        if (value_is_poison(range))
            return -2;
        bool ok = true, known, in;
        in = b->text ? value_contains(e, indices[i], range, b->place, &ok)
                     : value_equal(indices[i], range, &known);
        if (!ok)
            return -2;
        if (!in)
            return -1;
        if (b->text)
            frame_push(e, inner, b->text, indices[i], NULL);
    }
    *out = inner;
    if (!decl->b)
        return 1;
    bool holds;
    if (!eval_bool(e, ev(e, inner, decl->b), decl->b->place, "a condition", &holds))
        return -2;
    return holds;
}

int elements_match(Eval *e, const Elements *el, const Value *indices, size_t n, const Ast **decl,
                   Frame **inner) {
    Context saved = e->now;
    e->now = el->frame->context;
    int result = -1;
    for (size_t i = 0; i < el->entry->len && result == -1; i++) {
        *decl = el->entry->decls[i];
        result = match_decl(e, el->frame, *decl, indices, n, inner);
    }
    e->now = saved;
    return result;
}

typedef struct ElementMemo {
    int match; /* 2 = being matched */
    const Ast *decl;
    Frame *inner;
    Memo memo;
} ElementMemo;

static ElementMemo *element_memo(Eval *e, const Elements *el, const Value *indices, size_t n,
                                 Hash128 hash) {
    struct {
        uint64_t frame, decl;
        Hash128 indices;
    } id = {el->frame->id, el->entry->decls[0]->id, hash};
    void **slot = map_slot(e->arena, &e->memo, hash128(&id, sizeof id, 22));
    if (*slot)
        return *slot;
    ElementMemo *m = ARENA_NEW(e->arena, ElementMemo);
    *slot = m;
    m->match = 2;
    m->match = elements_match(e, el, indices, n, &m->decl, &m->inner);
    return m;
}

Value elements_get(Eval *e, const Elements *el, const Value *indices, size_t n, Place place) {
    for (size_t i = 0; i < n; i++)
        if (value_is_poison(indices[i]))
            return value_poison();
    size_t wanted = el->entry->decls[0]->index.len;
    if (n != wanted)
        return FAIL(e, place, wrong_index_count, el->entry->name, wanted, n);
    Hash128 hash = indices_hash(indices, n);
    ElementMemo *m = element_memo(e, el, indices, n, hash);
    switch (m->match) {
    case 0:
        return value_none();
    case 1: {
        Found at = {.frame = el->frame, .entry = el->entry};
        Element x = {m->decl, m->inner, indices, n, hash};
        return force(e, &at, &x, &m->memo);
    }
    case 2:
        return report_cycle(e, el->entry->decls[0], indexed_name(e, el->entry->name, indices, n));
    case -1: {
        const char *name = indexed_name(e, el->entry->name, indices, n);
        Diag *d = REPORT(e, place, index_out_of_range, name);
        if (d)
            diag_note(e->diags, d, el->entry->decls[0]->name_place, "`%s` is defined here",
                      el->entry->name);
        return value_poison();
    }
    default:
        return value_poison();
    }
}

typedef struct Collect {
    const Elements *el;
    Place place;
    VEC(Value) values;
    bool ok;
} Collect;

static bool collect_element(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    (void)inner;
    Collect *c = user;
    Value v = elements_get(e, c->el, indices, n, c->place);
    c->ok = !value_is_poison(v);
    VEC_PUSH(c->values, v);
    return c->ok;
}

bool eval_elements(Eval *e, Value v, Place place, Value *out) {
    v = value_plain(v);
    return v.kind == VALUE_ELEMENTS && elements_list(e, v.u.elements, place, out);
}

bool elements_list(Eval *e, const Elements *el, Place place, Value *out) {
    Collect c = {.el = el, .place = place, .ok = true};
    for (size_t i = 0; i < el->entry->len && c.ok; i++) {
        const Ast *decl = el->entry->decls[i];
        c.ok = eval_each(e, el->frame, &decl->index, decl->b, collect_element, &c);
    }
    if (c.ok)
        *out = value_list(e->arena, VALUE_LIST, c.values.items, c.values.len);
    VEC_FREE(c.values);
    return c.ok;
}

bool eval_find(Eval *e, Frame *f, const char *name, Value *out) {
    Found found;
    if (!frame_find(e, f, name, &found))
        return false;
    *out = found_value(e, found, (Place){.file = UINT32_MAX});
    return true;
}

static const char *nearest_name(Eval *e, Frame *f, const char *name) {
    VEC(const char *) names = {0};
    for (; f; f = f->parent) {
        for (size_t i = 0; i < f->nbindings; i++)
            VEC_PUSH(names, f->bindings[i].name);
        for (size_t i = 0; f->scope && i < f->scope->len; i++)
            VEC_PUSH(names, f->scope->entries[i].name);
        for (size_t k = 0; k < f->nimports; k++)
            for (size_t i = 0; f->imports[k]->scope && i < f->imports[k]->scope->len; i++)
                VEC_PUSH(names, f->imports[k]->scope->entries[i].name);
    }
#define BUILTIN(word, group, lo, hi, spec) VEC_PUSH(names, #word);
#define AGGREGATE(word, lo, hi, spec)      VEC_PUSH(names, #word);
#include "frontend/builtins.def"
#undef BUILTIN
#undef AGGREGATE
    const char *best = diag_nearest(name, names.items, names.len);
    best = best ? arena_strdup(e->arena, best) : NULL;
    VEC_FREE(names);
    return best;
}

Value name_of_no_frame(Eval *e, Frame *f, const char *name, Place place) {
    const Builtin *b = builtin_find(name);
    if (b)
        return (Value){.kind = VALUE_BUILTIN, .u.builtin = b};
    Diag *d = REPORT(e, place, unknown_name, name);
    const char *near = d ? nearest_name(e, f, name) : NULL;
    if (near)
        diag_hint(e->diags, d, "did you mean `%s`?", near);
    return value_poison();
}

Value eval_name(Eval *e, Frame *f, const char *name, Place place) {
    Found found;
    return frame_find(e, f, name, &found) ? found_value(e, found, place)
                                          : name_of_no_frame(e, f, name, place);
}
