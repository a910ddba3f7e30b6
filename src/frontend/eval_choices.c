/* Choices: what can be chosen, how it is written, and asking the host which it is. */
#include "frontend/eval_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAIN_MAX = 1 << 16, SUBSET_MAX = 62 };

static bool weight(Eval *e, Frame *f, const Ast *x, double *out) {
    if (!eval_number(e, ev(e, f, x), x->place, "a prior", out))
        return false;
    if (*out >= 0 && isfinite(*out))
        return true;
    REPORT(e, x->place, bad_prior, "a prior must be a number that is not negative");
    return false;
}

static bool some_weight(Eval *e, const double *prior, size_t n, Place place) {
    for (size_t i = 0; i < n; i++)
        if (prior[i] > 0)
            return true;
    REPORT(e, place, bad_prior, "all priors are 0");
    return false;
}

static bool alternatives(Eval *e, Frame *f, const Ast *x, EvalDomain *d) {
    size_t n = x->list.len;
    d->domain.count = (int64_t)n;
    bool any = false;
    double *prior = ARENA_ARRAY(e->arena, double, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        const Ast *alt = x->list.items[i];
        prior[i] = 1;
        any |= alt->b != NULL;
        if (alt->kind == AST_ERROR || (alt->b && !weight(e, f, alt->b, &prior[i])))
            return false;
    }
    if (any)
        d->domain.prior = prior;
    return !any || some_weight(e, prior, n, x->place);
}

static bool values(Eval *e, Frame *f, const Ast *x, EvalDomain *d) {
    Value v = value_plain(ev(e, f, x->a));
    if (v.kind == VALUE_ELEMENTS && !elements_list(e, v.u.elements, x->a->place, &v))
        return false;
    if (value_is_poison(v))
        return false;
    d->domain.count = value_length(v);
    d->elements = v;
    if (d->domain.count < 0) {
        REPORT(e, x->a->place, wrong_kind, "a range or set to choose from", value_kind_name(v));
        return false;
    }
    if (d->domain.count > DOMAIN_MAX) {
        REPORT(e, x->a->place, bad_domain,
               arena_printf(e->arena, "a choice has at most %d values", DOMAIN_MAX));
        return false;
    }
    if (!x->b)
        return true;
    Value p = value_plain(ev(e, f, x->b));
    if (value_is_poison(p))
        return false;
    if (value_length(p) != d->domain.count) {
        REPORT(e, x->b->place, bad_prior,
               arena_printf(e->arena, "there are %lld values and %lld priors",
                            (long long)d->domain.count, (long long)MAX(value_length(p), 1)));
        return false;
    }
    double *prior = ARENA_ARRAY(e->arena, double, d->domain.count + 1);
    for (int64_t i = 0; i < d->domain.count; i++) {
        if (!eval_number(e, value_element(p, i), x->b->place, "a prior", &prior[i]))
            return false;
        if (!(prior[i] >= 0) || !isfinite(prior[i])) {
            REPORT(e, x->b->place, bad_prior, "a prior must be a number that is not negative");
            return false;
        }
    }
    d->domain.prior = prior;
    return !d->domain.count || some_weight(e, prior, (size_t)d->domain.count, x->b->place);
}

static bool probability(Eval *e, Frame *f, const Ast *x, double *out) {
    if (!x)
        return true;
    if (!weight(e, f, x, out))
        return false;
    if (*out <= 1)
        return true;
    REPORT(e, x->place, bad_prior, "a probability is at most 1");
    return false;
}

static bool booleans(Eval *e, Frame *f, const Ast *x, EvalDomain *d) {
    double p = 0.5, *prior = ARENA_ARRAY(e->arena, double, 2);
    d->domain.count = 2;
    if (!probability(e, f, x->b, &p))
        return false;
    prior[0] = 1 - p;
    prior[1] = p;
    if (x->b)
        d->domain.prior = prior;
    return true;
}

static bool subset(Eval *e, Frame *f, const Ast *x, EvalDomain *d) {
    size_t n = x->a->list.len;
    d->domain.each = 0.5;
    if (n > SUBSET_MAX) {
        REPORT(e, x->a->place, bad_domain,
               arena_printf(e->arena, "a subset is of at most %d elements", SUBSET_MAX));
        return false;
    }
    d->domain.subset_of = (int)n;
    d->domain.count = n ? (int64_t)1 << n : 0;
    return probability(e, f, x->b, &d->domain.each);
}

static const EvalDomain *make_domain(Eval *e, Frame *inner, const Ast *choice) {
    EvalDomain *d = ARENA_NEW(e->arena, EvalDomain);
    *d = (EvalDomain){.choice = choice, .frame = inner, .domain = {.each = -1}};
    const Ast *x = choice->a;
    bool ok = false;
    if (!x || x->kind == AST_ERROR)
        return NULL;
    if (x->kind == AST_ALTERNATIVES)
        ok = alternatives(e, inner, x, d);
    else if (x->kind == AST_DOMAIN)
        ok = values(e, inner, x, d);
    else if (x->kind == AST_DOMAIN_BOOL)
        ok = booleans(e, inner, x, d);
    else
        ok = subset(e, inner, x, d);
    if (!ok)
        return NULL;
    if (d->domain.count < 1) {
        REPORT(e, choice->name_place, empty_domain, choice->text);
        return NULL;
    }
    return d;
}

static bool match_choice(Eval *e, Frame *f, const Ast *choice, const Value *indices, size_t n,
                         const Ast **decl, Frame **inner) {
    *decl = choice;
    *inner = f;
    if (!choice->has_index)
        return n == 0;
    ScopeEntry entry = {.name = choice->text, .decls = (const Ast *[]){choice}, .len = 1};
    Elements el = {.frame = f, .entry = &entry};
    return elements_match(e, &el, indices, n, decl, inner) == 1;
}

const EvalDomain *eval_domain(Eval *e, Frame *f, const Ast *choice, const Value *indices,
                              size_t n) {
    struct {
        uint64_t frame, choice;
        Hash128 indices;
    } id = {f->id, choice->id, indices_hash(indices, n)};
    void **slot = map_slot(e->arena, &e->memo, hash128(&id, sizeof id, 50));
    if (*slot)
        return *slot;
    const Ast *decl;
    Frame *inner;
    Context saved = e->now;
    e->now = f->context;
    const EvalDomain *d = NULL;
    if (match_choice(e, f, choice, indices, n, &decl, &inner))
        d = make_domain(e, inner, decl);
    e->now = saved;
    if (d) /* the map may have grown meanwhile */
        *map_slot(e->arena, &e->memo, hash128(&id, sizeof id, 50)) = (void *)d;
    return d;
}

static Value alternative_value(Eval *e, const EvalDomain *d, const Ast *alt) {
    Chosen *c = ARENA_NEW(e->arena, Chosen);
    c->name = alt->text;
    if (d->choice->has_params) {
        Closure *f = ARENA_NEW(e->arena, Closure);
        *f = (Closure){.name = d->choice->text,
                       .params = &d->choice->params,
                       .body = alt->a,
                       .frame = d->frame,
                       .ast = alt,
                       .alternative = true};
        c->value = (Value){.kind = VALUE_FUNCTION, .u.function = f};
    } else {
        c->value = ev(e, d->frame, alt->a);
    }
    return value_is_poison(c->value) ? c->value : (Value){.kind = VALUE_CHOSEN, .u.chosen = c};
}

/* The elements of a subset that index has, in order of writing; names stay known by their name. */
static Value subset_value(Eval *e, const EvalDomain *d, int64_t index) {
    const AstList *items = &d->choice->a->a->list;
    Value list[SUBSET_MAX];
    size_t n = 0;
    for (size_t i = 0; i < items->len; i++) {
        if (!(index >> i & 1))
            continue;
        Value v = ev(e, d->frame, items->items[i]);
        if (value_is_poison(v))
            return v;
        if (items->items[i]->kind == AST_NAME) {
            Chosen *c = ARENA_NEW(e->arena, Chosen);
            *c = (Chosen){.name = items->items[i]->text, .value = v};
            v = (Value){.kind = VALUE_CHOSEN, .u.chosen = c};
        }
        list[n++] = v;
    }
    return value_list(e->arena, VALUE_LIST, list, n);
}

Value domain_value(Eval *e, const EvalDomain *d, int64_t index) {
    CHECK(index >= 0 && index < d->domain.count);
    Context saved = e->now;
    e->now = d->frame->context;
    Value v;
    switch (d->choice->a->kind) {
    case AST_ALTERNATIVES:
        v = alternative_value(e, d, d->choice->a->list.items[index]);
        break;
    case AST_DOMAIN:
        v = value_element(d->elements, index);
        break;
    case AST_DOMAIN_BOOL:
        v = value_bool(index == 1);
        break;
    default:
        v = subset_value(e, d, index);
        break;
    }
    e->now = saved;
    return v;
}

static void subset_item_text(Eval *e, const EvalDomain *d, size_t i, Buf *b) {
    const Ast *item = d->choice->a->a->list.items[i];
    if (item->kind == AST_NAME)
        buf_puts(b, item->text);
    else
        value_print_bare(b, ev(e, d->frame, item));
}

void domain_text(Eval *e, const EvalDomain *d, int64_t index, Buf *b) {
    CHECK(index >= 0 && index < d->domain.count);
    switch (d->choice->a->kind) {
    case AST_ALTERNATIVES: {
        const Ast *alt = d->choice->a->list.items[index];
        buf_append(b, alt->text, alt->text_len ? alt->text_len : strlen(alt->text));
        return;
    }
    case AST_DOMAIN:
        value_print_bare(b, value_element(d->elements, index));
        return;
    case AST_DOMAIN_BOOL:
        buf_puts(b, index ? "true" : "false");
        return;
    default:
        break;
    }
    bool any = false;
    for (int i = 0; i < d->domain.subset_of; i++) {
        if (!(index >> i & 1))
            continue;
        if (any)
            buf_putc(b, '+');
        subset_item_text(e, d, (size_t)i, b);
        any = true;
    }
    if (!any)
        buf_putc(b, '-');
}

static bool begins(const char *text, size_t len, const Buf *word) {
    return word->len && word->len <= len && memcmp(text, word->text, word->len) == 0;
}

/* a+b: elements in any order, none twice; longest names first. */
static int64_t match_subset(Eval *e, const EvalDomain *d, const char *text, size_t len,
                            size_t *used) {
    int64_t index = 0;
    size_t at = 0;
    if (len && *text == '-') {
        *used = 1;
        return 0;
    }
    Buf word = {0};
    for (;;) {
        int best = -1;
        size_t longest = 0;
        for (int i = 0; i < d->domain.subset_of; i++) {
            buf_clear(&word);
            subset_item_text(e, d, (size_t)i, &word);
            if (!(index >> i & 1) && word.len > longest && begins(text + at, len - at, &word)) {
                best = i;
                longest = word.len;
            }
        }
        if (best < 0)
            break;
        index |= (int64_t)1 << best;
        at += longest;
        *used = at;
        if (at >= len || text[at] != '+')
            break;
        at++;
    }
    buf_free(&word);
    return index ? index : -1;
}

int64_t domain_match(Eval *e, const EvalDomain *d, const char *text, size_t len, size_t *used) {
    *used = 0;
    if (d->domain.subset_of)
        return match_subset(e, d, text, len, used);
    int64_t best = -1;
    Buf word = {0};
    for (int64_t i = 0; i < d->domain.count; i++) {
        buf_clear(&word);
        domain_text(e, d, i, &word);
        if (word.len > *used && begins(text, len, &word)) {
            best = i;
            *used = word.len;
        }
    }
    buf_free(&word);
    return best;
}

int64_t domain_index(Eval *e, const EvalDomain *d, const char *text, size_t len) {
    size_t used;
    int64_t index = domain_match(e, d, text, len, &used);
    return used == len ? index : -1;
}

const char *eval_address(Eval *e, Frame *f, const char *name, const Value *indices, size_t n) {
    const char *own = indexed_name(e, name, indices, n);
    const char *prefix = path_name(e, f->context.path, true);
    return *prefix ? arena_join(e->arena, (const char *const[]){prefix, ".", own}, 3) : own;
}

Value choice_value(Eval *e, Frame *frame, Frame *inner, const Ast *choice, const Value *indices,
                   size_t n) {
    const EvalDomain *d = make_domain(e, inner, choice);
    if (!d)
        return value_poison();
    if (!e->host.decide)
        return FAIL(e, choice->name_place, bad_value, "nothing can be chosen here");
    const char *address = eval_address(e, frame, choice->text, indices, n);
    e->traces++;
    int64_t index = e->host.decide(e->host.user, e, address, d, choice->name_place);
    if (index < 0)
        return value_poison();
    Value v = domain_value(e, d, index);
    if (v.kind == VALUE_CHOSEN)
        ((Chosen *)v.u.chosen)->label = indexed_name(e, choice->text, indices, n);
    return v;
}

bool eval_choice_ref(Eval *e, Frame *f, const Ast *expr, EvalChoiceRef *out) {
    const Ast *name = expr->kind == AST_INDEX ? expr->a : expr;
    Found found;
    if (name->kind != AST_NAME || !frame_find(e, f, name->text, &found) || !found.entry)
        return false;
    const Ast *decl = found.entry->decls[0];
    size_t n = expr->kind == AST_INDEX ? expr->list.len : 0;
    if (decl->kind != AST_CHOICE || decl->has_index != (expr->kind == AST_INDEX))
        return false;
    Value *indices = ARENA_ARRAY(e->arena, Value, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        indices[i] = value_plain(eval_expr(e, f, expr->list.items[i]));
        if (value_is_poison(indices[i]))
            return false;
    }
    *out = (EvalChoiceRef){.choice = decl, .frame = found.frame, .indices = indices, .nindices = n};
    if (decl->has_index) {
        Elements el = {.frame = found.frame, .entry = found.entry};
        Frame *inner;
        int match = elements_match(e, &el, indices, n, &out->choice, &inner);
        if (match < 0) {
            if (match == -1)
                REPORT(e, expr->place, index_out_of_range, indexed_name(e, decl->text, indices, n));
            return false;
        }
        out->absent = match == 0;
    }
    out->address = eval_address(e, found.frame, decl->text, indices, n);
    return true;
}
