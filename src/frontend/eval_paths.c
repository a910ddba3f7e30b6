/* Paths of uses and the weights that hang on them. A weight is known by (path, role): evaluating
 * the same use again finds the leaf that is there, and any other use makes a new one. */
#include "frontend/eval_impl.h"
#include "frontend/sites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct EvalSlot {
    Hash128 key;
    void *value;
};

/* What marks a slot that has this key, and others; 0 marks a free one. */
static unsigned char mark_of_key(Hash128 key) {
    return (unsigned char)(key.hi | 1);
}

/* Where the key is, or the free place where it would be. */
static size_t map_probe(const EvalMap *m, Hash128 key) {
    unsigned char mark = mark_of_key(key);
    size_t i = key.lo & (m->cap - 1);
    while (m->marks[i] && (m->marks[i] != mark || !hash128_equal(m->slots[i].key, key)))
        i = (i + 1) & (m->cap - 1);
    return i;
}

static struct EvalSlot *map_add(EvalMap *m, size_t at, Hash128 key, void *value) {
    m->marks[at] = mark_of_key(key);
    m->slots[at] = (struct EvalSlot){key, value};
    m->len++;
    return &m->slots[at];
}

/* Only the marks need to be zero. */
static void map_grow(Arena *a, EvalMap *m) {
    EvalMap bigger = {.cap = m->cap ? m->cap * 2 : 64};
    bigger.slots = arena_room(a, bigger.cap * sizeof *bigger.slots);
    bigger.marks = ARENA_ARRAY(a, unsigned char, bigger.cap);
    for (size_t i = 0; i < m->cap; i++)
        if (m->marks[i])
            map_add(&bigger, map_probe(&bigger, m->slots[i].key), m->slots[i].key,
                    m->slots[i].value);
    *m = bigger;
}

void **map_slot(Arena *a, EvalMap *m, Hash128 key) {
    if (m->len * 2 >= m->cap)
        map_grow(a, m);
    size_t at = map_probe(m, key);
    return m->marks[at] ? &m->slots[at].value : &map_add(m, at, key, NULL)->value;
}

void *map_get(const EvalMap *m, Hash128 key) {
    size_t at = m->cap ? map_probe(m, key) : 0;
    return m->cap && m->marks[at] ? m->slots[at].value : NULL;
}

static Hash128 index_hash(Value v) {
    struct {
        uint64_t kind, bits;
    } key = {.kind = v.kind};
    switch (v.kind) {
    case VALUE_INT:
        key.bits = (uint64_t)v.u.integer;
        break;
    case VALUE_DECIMAL:
        memcpy(&key.bits, &v.u.decimal, sizeof key.bits);
        break;
    case VALUE_BOOL:
        key.bits = v.u.boolean;
        break;
    case VALUE_STRING:
        return hash128(v.u.string->text, v.u.string->len, 2);
    case VALUE_CHOSEN:
        return hash128(v.u.chosen->name, strlen(v.u.chosen->name), 2);
    case VALUE_LIST:
    case VALUE_TUPLE:
        return indices_hash(v.u.list->items, v.u.list->len);
    case VALUE_TENSOR:
        key.bits = v.node;
        break;
    case VALUE_RECORD: {
        Hash128 h = {v.u.record->len, 14};
        for (size_t i = 0; i < v.u.record->len; i++)
            h = hash128_combine(h, index_hash(*v.u.record->fields[i].value));
        return h;
    }
    default:
        break;
    }
    return hash128(&key, sizeof key, 3);
}

Hash128 indices_hash(const Value *indices, size_t n) {
    Hash128 h = {n, 1};
    for (size_t i = 0; i < n; i++)
        h = hash128_combine(h, index_hash(indices[i]));
    return h;
}

const char *indexed_name(Eval *e, const char *name, const Value *indices, size_t n) {
    if (!n)
        return name;
    Buf b = {0};
    buf_puts(&b, name);
    for (size_t i = 0; i < n; i++) {
        buf_putc(&b, i ? ',' : '[');
        value_print_bare(&b, indices[i]);
    }
    buf_putc(&b, ']');
    return eval_take(e, &b);
}

/* Of a use without indices exact: for a given hi no two pairs of kind and index have one lo. */
static Hash128 path_key(const Path *parent, PathKind kind, uint32_t key, int64_t index,
                        Hash128 indices) {
    Hash128 use = {.hi = (uint64_t)parent->id << 32 | key, .lo = (uint64_t)index << 8 | kind};
    if (!hash128_equal(indices, indices_hash(NULL, 0)))
        return hash128_combine(use, indices);
    use.lo = use.lo * 0x9e3779b97f4a7c15 + use.hi * 0xc2b2ae3d27d4eb4f;
    use.lo ^= use.lo >> 32;
    return use;
}

static Path *path_get(Eval *e, Path *parent, PathKind kind, uint32_t key, int64_t index,
                      Hash128 indices, bool *fresh) {
    void **slot = map_slot(e->arena, &e->paths, path_key(parent, kind, key, index, indices));
    *fresh = !*slot;
    if (*slot)
        return *slot;
    Path *p = arena_room(e->arena, sizeof *p);
    *p = (Path){.parent = parent, .kind = kind, .id = ++e->npaths, .indices = indices};
    if (kind != PATH_DEFINITION && kind != PATH_INSTANCE)
        p->ordinal = parent->children++;
    *slot = p;
    return p;
}

Path *path_child(Eval *e, PathKind kind, uint32_t key, int64_t index, const Value *indices,
                 size_t n, const char *label) {
    bool fresh;
    Path *p = path_get(e, e->now.path, kind, key, index, indices_hash(indices, n), &fresh);
    if (!fresh)
        return p;
    p->label = label;
    if (kind == PATH_ITEM)
        p->of.index = index;
    else if (kind == PATH_ELEMENT)
        p->of.values = value_list(e->arena, VALUE_LIST, indices, n).u.list;
    return p;
}

Path *path_of_definition(Eval *e, Path *base, PathKind kind, const Ast *decl, const Scope *scope,
                         Hash128 indices, const char *label) {
    bool fresh;
    Path *p = path_get(e, base, kind, decl->id, 0, indices, &fresh);
    if (fresh) {
        p->label = label;
        p->of.definition.ast = decl;
        p->of.definition.scope = scope;
    }
    return p;
}

/* Uses whose label is the name they are spelled by are numbered among those of that name; one that is
 * spelled otherwise also says how, and one without a label is numbered among all. */
static void site_mark(const Path *p, Buf *b) {
    if (!p->label || !*p->label) {
        if (p->of.site->site)
            buf_printf(b, "#%u", p->of.site->site);
        return;
    }
    const char *spelled = site_spelling(p->of.site);
    size_t base = strcspn(p->label, "[");
    if (strlen(spelled) != base || memcmp(spelled, p->label, base) != 0)
        buf_printf(b, "#%s", spelled);
    if (p->of.site->site_alike)
        buf_printf(b, "#%u", p->of.site->site_alike);
}

/* What tells a use from its neighbours where the label does not. */
static void path_mark(const Path *p, Buf *b) {
    if (p->kind == PATH_SITE && p->of.site)
        site_mark(p, b);
    else if (p->kind == PATH_SITE && p->ordinal)
        buf_printf(b, "#%u", p->ordinal);
    else if (p->kind == PATH_ITEM && p->of.index && !(p->label && strchr(p->label, '[')))
        buf_printf(b, "#%lld", (long long)p->of.index);
    if (p->kind != PATH_ELEMENT || !p->of.values->len)
        return;
    for (size_t i = 0; i < p->of.values->len; i++) {
        buf_putc(b, i ? ',' : '[');
        value_print_bare(b, p->of.values->items[i]);
    }
    buf_putc(b, ']');
}

static void path_put(const Path *p, bool for_decision, Buf *b) {
    if (!p || p->kind == PATH_ROOT || (for_decision && p->kind == PATH_NETWORK))
        return;
    path_put(p->parent, for_decision, b);
    if (p->label && *p->label) {
        if (b->len && *p->label != '[')
            buf_putc(b, '.');
        buf_puts(b, p->label);
    }
    if (for_decision)
        path_mark(p, b);
}

const char *path_name(Eval *e, const Path *p, bool for_decision) {
    Buf b = {0};
    path_put(p, for_decision, &b);
    return eval_take(e, &b);
}

/* What a tree says, names aside: renaming a program leaves it, and so every random number, alone.
 */
static Hash128 tree_hash(const Ast *x);

static Hash128 list_hash(const AstList *l, Hash128 h) {
    h = hash128_combine(h, (Hash128){l->len, 7});
    for (size_t i = 0; i < l->len; i++)
        h = hash128_combine(h, tree_hash(l->items[i]));
    return h;
}

static Hash128 tree_hash(const Ast *x) {
    if (!x)
        return (Hash128){0, 5};
    struct {
        uint32_t kind, oper;
        double number;
    } own = {x->kind, x->oper, x->number};
    Hash128 h = hash128(&own, sizeof own, 6);
    if (x->kind == AST_STRING)
        h = hash128_combine(h, hash128(x->text, x->text_len, 8));
    h = hash128_combine(h, tree_hash(x->a));
    h = hash128_combine(h, tree_hash(x->b));
    h = hash128_combine(h, tree_hash(x->c));
    h = list_hash(&x->list, h);
    h = list_hash(&x->index, h);
    return list_hash(&x->params, h);
}

/* A definition's part of a stable key: its tree, and its number among the equal trees before it. */
static Hash128 definition_stable(const Path *p) {
    const Ast *definition = p->of.definition.ast;
    const Scope *scope = p->of.definition.scope;
    Hash128 own = tree_hash(definition);
    uint64_t before = 0;
    for (size_t i = 0; scope && i < scope->len; i++) {
        const ScopeEntry *entry = &scope->entries[i];
        for (size_t k = 0; k < entry->len; k++) {
            const Ast *d = entry->decls[k];
            if (d->id < definition->id && hash128_equal(tree_hash(d), own))
                before++;
        }
    }
    return hash128_combine(hash128_combine(own, (Hash128){before, 9}), p->indices);
}

Hash128 path_stable(Path *p) {
    if (p->has_stable)
        return p->stable;
    Hash128 above = p->parent ? path_stable(p->parent) : (Hash128){0, 0};
    Hash128 own;
    if (p->kind == PATH_DEFINITION || p->kind == PATH_INSTANCE)
        own = definition_stable(p);
    else
        own = hash128_combine((Hash128){p->kind, p->ordinal}, p->indices);
    p->stable = hash128_combine(above, own);
    p->has_stable = true;
    return p->stable;
}

IrInit eval_init(const Eval *e) {
    return e->now.init == IR_INIT_NONE ? IR_INIT_DEFAULT : e->now.init;
}

typedef struct LeafEntry {
    Value value;
    bool frozen;
} LeafEntry;

static const char *unique_name(Eval *e, const char *op, const char *role) {
    if (e->unnamed)
        return NULL;
    const char *base = path_name(e, e->now.path, false);
    const char *name =
        arena_join(e->arena, (const char *const[]){base, *base ? "." : "", op, ".", role}, 5);
    void **seen = map_slot(e->arena, &e->names, hash128(name, strlen(name), 10));
    if (!*seen)
        *seen = ARENA_NEW(e->arena, int);
    int count = ++*(int *)*seen;
    if (count == 1)
        return name;
    char number[16];
    snprintf(number, sizeof number, "_%d.", count);
    return arena_join(e->arena, (const char *const[]){*base ? base : "net", ".", op, number, role},
                      5);
}

static void leaf_note(Eval *e, IrRef node, const char *op, const char *role, bool frozen) {
    e->leaf = arena_grow(e->arena, e->leaf, e->nleaves, &e->leaves_cap, 32, sizeof *e->leaf);
    e->leaf[e->nleaves++] = (EvalLeaf){
        .node = node, .value = node, .path = e->now.path, .op = op, .role = role, .frozen = frozen};
}

/* The record of a parameter, standing for the tensor `value`. */
static Value leaf_record(Eval *e, const char *op, const char *role, Value value) {
    const IrType *type = tensor_type(value);
    Value rank = value_int(type->rank), size = value_int(ir_type_elements(type));
    Value op_text = value_string(e->arena, op, strlen(op));
    Value role_text = value_string(e->arena, role, strlen(role));
    ValueField fields[] = {
        {"out", &value}, {"rank", &rank}, {"op", &op_text}, {"role", &role_text}, {"size", &size}};
    return value_of_fields(e->arena, fields, ARRAY_LEN(fields));
}

/* What `init: w => ...` makes of a weight as drawn. */
static Value initial_value(Eval *e, const char *op, const char *role, Value drawn, Place place) {
    if (e->now.initial.kind == VALUE_NONE)
        return drawn;
    Context saved = e->now;
    Value f = e->now.initial;
    e->now.initial = value_none();
    e->now.overrides = NULL;
    EvalArg arg = {.value = leaf_record(e, op, role, drawn), .place = place};
    Value v = call_value(e, f, &arg, 1, place);
    e->now = saved;
    if (value_is_poison(v))
        return v;
    v = value_tensor_of(v);
    if (v.kind != VALUE_TENSOR)
        return FAIL(e, place, not_a_tensor, value_kind_name(v));
    if (!ir_type_same(tensor_type(v), tensor_type(drawn)))
        return FAIL(e, place, shape_mismatch,
                    "the initial value has another shape than the weight");
    return v;
}

/* Leaves of the run part outlive the session: they are found again by their stable key. */
static IrRef run_leaf(Eval *e, const char *op, const char *role, const IrType *type,
                      const IrAttr *attr) {
    Hash128 key = hash128_combine(path_stable(e->now.path), hash128(role, strlen(role), 11));
    void **slot = map_slot(e->run->arena, &e->run->nodes, key);
    if (!*slot) {
        const char *name = unique_name(e, op, role);
        if (name)
            name = arena_strdup(e->run->arena, name);
        IrRef *r = ARENA_NEW(e->run->arena, IrRef);
        *r = ir_leaf(e->run->graph, IR_OP_frozen, type, attr, name);
        *slot = r;
    }
    return *(IrRef *)*slot;
}

Value eval_leaf(Eval *e, const char *op, const char *role, const IrType *type, IrAttr *attr,
                Place place) {
    struct {
        uint64_t path;
        Hash128 role;
    } id = {e->now.path->id, hash128(role, strlen(role), 12)};
    void **slot = map_slot(e->arena, &e->leaves, hash128(&id, sizeof id, 13));
    LeafEntry *entry = *slot;
    if (entry) {
        if (entry->frozen != e->now.frozen)
            return FAIL(
                e, place, bad_value,
                "the weights of a shared layer are frozen in one use and trained in another");
        return entry->value;
    }
    IrGraph *g = graph_now(e, place);
    if (!g)
        return value_poison();
    ir_set_place(g, ir_place(place));
    e->traces++;
    IrRef node;
    size_t note = e->nleaves;
    if (e->now.in_run) {
        node = run_leaf(e, op, role, type, attr);
    } else {
        node = ir_leaf(g, e->now.frozen ? IR_OP_frozen : IR_OP_param, type, attr,
                       unique_name(e, op, role));
        leaf_note(e, node, op, role, e->now.frozen);
    }
    Value value = initial_value(e, op, role, value_tensor(g, node), place);
    if (value_is_poison(value))
        return value;
    if (!e->now.in_run)
        e->leaf[note].value = value.node;
    entry = ARENA_NEW(e->arena, LeafEntry);
    *entry = (LeafEntry){.value = value, .frozen = e->now.frozen};
    slot = map_slot(e->arena, &e->leaves, hash128(&id, sizeof id, 13)); /* may have moved */
    *slot = entry;
    return value;
}

size_t eval_leaves(Eval *e, const EvalLeaf **out) {
    *out = e->leaf;
    return e->nleaves;
}

Value eval_leaf_record(Eval *e, const EvalLeaf *leaf) {
    return leaf_record(e, leaf->op, leaf->role, value_tensor(e->graph, leaf->value));
}
