/* Functions as text that means the same wherever it is put: what a function takes from around it stands in the text
 * as a value. In: a value that holds functions, in the session that made it. Out: an expression of the language.
 * Names that functions of the language have stay as they are. */
#include <string.h>

#include "frontend/eval_impl.h"
#include "frontend/parse.h"

enum { MAX_NESTED = 16 };

typedef VEC(const char *) Names;

typedef struct Closing {
    Eval *eval;
    Names bound; /* by the function itself: parameters, binders, definitions */
    const Closure *within[MAX_NESTED]; /* functions whose text is being made */
    size_t depth;
    bool failed; /* a function that needs itself or has defaults, a layer: there is no such text */
} Closing;

static bool put_closed_value(Closing *c, Value v, Buf *out);

static bool is_bound(const Closing *c, const char *name) {
    for (size_t i = 0; i < c->bound.len; i++)
        if (strcmp(c->bound.items[i], name) == 0)
            return true;
    return false;
}

static void bind_all(Closing *c, const AstList *list) {
    for (size_t i = 0; i < list->len; i++)
        if (list->items[i]->text)
            VEC_PUSH(c->bound, list->items[i]->text);
}

/* What a name or field from around the function stands for, as a name that is that text; NULL if it has none. */
static Ast *outer_value(Closing *c, const Ast *x, Frame *frame) {
    Found found;
    const Ast *name = x->kind == AST_FIELD ? x->a : x;
    if (name->kind != AST_NAME || is_bound(c, name->text) ||
        !frame_find(c->eval, frame, name->text, &found))
        return NULL;
    Buf text = {0};
    Ast *out = NULL;
    if (put_closed_value(c, eval_expr(c->eval, frame, x), &text)) {
        out = ARENA_NEW(c->eval->arena, Ast);
        *out = (Ast){.kind = AST_NAME, .text = eval_take(c->eval, &text)};
    } else {
        buf_free(&text);
    }
    return out;
}

static Ast *closed(Closing *c, const Ast *x, Frame *frame);

static AstList closed_list(Closing *c, const AstList *list, Frame *frame) {
    AstList out = {ARENA_ARRAY(c->eval->arena, Ast *, list->len + 1), list->len};
    for (size_t i = 0; i < list->len; i++)
        out.items[i] = closed(c, list->items[i], frame);
    return out;
}

/* The tree with values for the names that it does not bind. */
static Ast *closed(Closing *c, const Ast *x, Frame *frame) {
    if (!x)
        return NULL;
    Ast *out = x->kind == AST_NAME || x->kind == AST_FIELD ? outer_value(c, x, frame) : NULL;
    if (out)
        return out;
    size_t bound = c->bound.len;
    bind_all(c, &x->params);
    bind_all(c, &x->index);
    if (x->kind == AST_BODY || x->kind == AST_AGGREGATE || x->kind == AST_COMPREHENSION)
        bind_all(c, &x->list);
    out = ARENA_NEW(c->eval->arena, Ast);
    *out = *x;
    out->a = closed(c, x->a, frame);
    out->b = closed(c, x->b, frame);
    out->c = closed(c, x->c, frame);
    out->list = closed_list(c, &x->list, frame);
    out->index = closed_list(c, &x->index, frame);
    c->bound.len = bound;
    return out;
}

static bool plain_params(const AstList *params) {
    for (size_t i = 0; i < params->len; i++)
        if (params->items[i]->a)
            return false;
    return params->len > 0;
}

static bool put_closure(Closing *c, const Closure *f, Buf *out) {
    bool nested = c->depth < MAX_NESTED && plain_params(f->params) && !f->alternative;
    for (size_t i = 0; nested && i < c->depth; i++)
        nested = c->within[i]->body != f->body;
    if (!nested) {
        c->failed = true;
        return false;
    }
    c->within[c->depth++] = f;
    Names outer = c->bound;
    c->bound = (Names){0}; /* its frame is not that of the text around it */
    bind_all(c, f->params);
    Ast lambda = {.kind = AST_LAMBDA, .params = *f->params, .a = closed(c, f->body, f->frame)};
    VEC_FREE(c->bound);
    c->bound = outer;
    c->depth--;
    ast_print(&lambda, out);
    return !c->failed;
}

static bool put_list(Closing *c, Value v, Buf *out) {
    buf_puts(out, v.kind == VALUE_TUPLE ? "(" : "[");
    for (int64_t i = 0; i < value_length(v); i++) {
        buf_puts(out, i ? ", " : "");
        if (!put_closed_value(c, value_element(v, i), out))
            return false;
    }
    buf_puts(out, v.kind == VALUE_TUPLE ? ")" : "]");
    return true;
}

static bool put_closed_value(Closing *c, Value v, Buf *out) {
    v = value_plain(v);
    switch (v.kind) {
    case VALUE_INT:
    case VALUE_DECIMAL: {
        bool negative = value_number(v) < 0;
        buf_puts(out, negative ? "(" : "");
        value_print(out, v);
        buf_puts(out, negative ? ")" : "");
        return true;
    }
    case VALUE_BOOL:
    case VALUE_STRING:
        value_print(out, v);
        return true;
    case VALUE_RANGE:
        buf_putc(out, '(');
        value_print(out, v);
        buf_putc(out, ')');
        return true;
    case VALUE_NONE:
        buf_puts(out, "none");
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return put_list(c, v, out);
    case VALUE_BUILTIN:
        buf_puts(out, v.u.builtin->name);
        return true;
    case VALUE_FUNCTION:
        buf_putc(out, '(');
        bool ok = put_closure(c, v.u.function, out);
        buf_putc(out, ')');
        return ok;
    default:
        c->failed |= v.kind == VALUE_LAYER || v.kind == VALUE_INSTANCE;
        return false;
    }
}

bool eval_closed_text(Eval *e, Value v, Buf *out) {
    Closing c = {.eval = e};
    Buf text = {0};
    Value plain = value_plain(v);
    bool ok = plain.kind == VALUE_FUNCTION ? put_closure(&c, plain.u.function, &text)
                                           : put_closed_value(&c, v, &text);
    ok = ok && !c.failed;
    if (ok)
        buf_append(out, text.text, text.len);
    buf_free(&text);
    VEC_FREE(c.bound);
    return ok;
}
