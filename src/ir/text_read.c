/* Reads the text form back: a hand-written scanner over one line at a time. Any bytes are fine
 * as input; what is wrong with them is said with the line. Equal lines stay two nodes, as in the
 * graph that was written, but for constants and the like: so numbers in the text map to nodes
 * through `refs`. */
#include "ir/passes.h"
#include "ir/shape.h"
#include "ir/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef VEC(IrRef) Refs;

typedef struct Reader {
    const char *p, *end;
    int line;
    Arena *arena;
    IrGraph *g;
    IrError *err;
    Refs refs;          /* node of each number in the text */
    Refs in;            /* inputs of the current node */
    VEC(double) values; /* of the current table */
    Refs roots;
    VEC(const char *) names;
} Reader;

static bool bad(Reader *r, const char *fmt, ...) NASC_PRINTF(2, 3);
static bool bad(Reader *r, const char *fmt, ...) {
    char what[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return ir_fail(r->err, NULL, "line %d: %s", r->line, what);
}

static void skip_blanks(Reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r'))
        r->p++;
}

static bool at_line_end(Reader *r) {
    skip_blanks(r);
    return r->p == r->end || *r->p == '\n' || *r->p == ';';
}

/* Takes c if it is next. */
static bool take(Reader *r, char c) {
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool expect(Reader *r, char c, const char *where) {
    if (take(r, c))
        return true;
    if (at_line_end(r))
        return bad(r, "expected '%c' %s, the line ends", c, where);
    return bad(r, "expected '%c' %s, got '%c'", c, where,
               isprint((unsigned char)*r->p) ? *r->p : '?');
}

typedef struct Word {
    const char *s;
    size_t len;
} Word;

static bool is(Word w, const char *s) {
    return strlen(s) == w.len && memcmp(s, w.s, w.len) == 0;
}

/* Letters, digits and underscores; may be empty. */
static Word take_word(Reader *r) {
    skip_blanks(r);
    Word w = {r->p, 0};
    while (r->p < r->end && (isalnum((unsigned char)*r->p) || *r->p == '_'))
        r->p++;
    w.len = (size_t)(r->p - w.s);
    return w;
}

static int shown(Word w) {
    return (int)MIN(w.len, 40);
}

static bool take_u64(Reader *r, uint64_t *out) {
    skip_blanks(r);
    const char *start = r->p;
    uint64_t x = 0;
    for (; r->p < r->end && isdigit((unsigned char)*r->p); r->p++)
        if (__builtin_mul_overflow(x, 10, &x) ||
            __builtin_add_overflow(x, (uint64_t)(*r->p - '0'), &x))
            return bad(r, "the number is too large");
    *out = x;
    return r->p > start || bad(r, "expected a number");
}

static bool take_i64(Reader *r, int64_t *out) {
    bool minus = take(r, '-');
    uint64_t x;
    if (!take_u64(r, &x))
        return false;
    if (x > INT64_MAX)
        return bad(r, "the number is too large");
    *out = minus ? -(int64_t)x : (int64_t)x;
    return true;
}

static bool take_i32(Reader *r, int32_t *out) {
    int64_t x;
    if (!take_i64(r, &x))
        return false;
    if (x < INT32_MIN || x > INT32_MAX)
        return bad(r, "the number is too large");
    *out = (int32_t)x;
    return true;
}

static bool take_double(Reader *r, double *out) {
    skip_blanks(r);
    char text[64];
    size_t n = 0;
    while (r->p < r->end && n + 1 < sizeof text &&
           (isalnum((unsigned char)*r->p) || *r->p == '.' || *r->p == '-' || *r->p == '+'))
        text[n++] = *r->p++;
    text[n] = '\0';
    char *stop;
    *out = strtod(text, &stop);
    return (n > 0 && *stop == '\0') || bad(r, "'%s' is not a number", text);
}

static bool take_axis(Reader *r, IrAxis *out) {
    Word w = take_word(r);
    *out = ir_axis(w.s, w.len);
    return *out || bad(r, "'%.*s' is not the name of an axis", shown(w), w.s);
}

/* "[n=16, c=3]" */
static bool take_type(Reader *r, IrType *t) {
    *t = (IrType){0};
    if (!expect(r, '[', "before a type"))
        return false;
    if (take(r, ']'))
        return true;
    do {
        if (t->rank == IR_MAX_AXES)
            return bad(r, "a type has at most %d axes", IR_MAX_AXES);
        int i = t->rank++;
        if (!take_axis(r, &t->axis[i]) || !expect(r, '=', "after an axis") ||
            !take_i64(r, &t->size[i]))
            return false;
    } while (take(r, ','));
    return expect(r, ']', "after a type");
}

static bool take_ref(Reader *r, IrRef *out) {
    uint64_t n;
    if (!expect(r, '%', "before the number of a node") || !take_u64(r, &n))
        return false;
    if (n >= r->refs.len)
        return bad(r, "%%%llu is not defined before it is used", (unsigned long long)n);
    *out = r->refs.items[n];
    return true;
}

static bool take_key(Reader *r, Hash128 *out) {
    Word w = take_word(r);
    uint64_t half[2] = {0, 0};
    if (w.len != 32)
        return bad(r, "a key has 32 hex digits, not %zu", w.len);
    for (size_t i = 0; i < 32; i++) {
        if (!isxdigit((unsigned char)w.s[i]))
            return bad(r, "a key has 32 hex digits");
        int c = tolower((unsigned char)w.s[i]);
        half[i / 16] = half[i / 16] << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = (Hash128){half[0], half[1]};
    return true;
}

static bool take_mode(Reader *r, IrOp op, int32_t *out) {
    int n;
    const char *const *words = ir_text_modes(op, &n);
    Word w = take_word(r);
    for (int i = 0; i < n; i++) {
        if (is(w, words[i])) {
            *out = i;
            return true;
        }
    }
    return bad(r, "%s has no mode '%.*s'", ir_op_info(op)->name, shown(w), w.s);
}

static bool take_axes(Reader *r, IrAttr *attr) {
    do {
        if (attr->naxes == IR_MAX_AXES)
            return bad(r, "more than %d axes", IR_MAX_AXES);
        if (!take_axis(r, &attr->axes[attr->naxes++]))
            return false;
    } while (take(r, ','));
    return true;
}

static bool take_shape(Reader *r, IrAttr *attr) {
    IrType t;
    if (!take_type(r, &t))
        return false;
    attr->shape_rank = (uint8_t)t.rank;
    memcpy(attr->axes, t.axis, sizeof t.axis);
    memcpy(attr->shape, t.size, sizeof t.size);
    return true;
}

static bool take_field(Reader *r, IrOp op, const TextField *f, IrAttr *attr) {
    void *at = (char *)attr + f->offset;
    int32_t *i32 = at;
    int64_t *i64 = at;
    const char *x = "between the numbers of a pair";
    switch (f->kind) {
    case TEXT_PAIR32:
        return take_i32(r, &i32[0]) && expect(r, 'x', x) && take_i32(r, &i32[1]);
    case TEXT_PAIR64:
        return take_i64(r, &i64[0]) && expect(r, 'x', x) && take_i64(r, &i64[1]);
    case TEXT_INT32:
        return take_i32(r, i32);
    case TEXT_INT64:
        return take_i64(r, i64);
    case TEXT_UINT64:
        return take_u64(r, at);
    case TEXT_DOUBLE:
        return take_double(r, at);
    case TEXT_FLAG:
        attr->count_padding = true;
        return true;
    case TEXT_MODE:
        return take_mode(r, op, i32);
    case TEXT_AXIS:
        return take_axis(r, at);
    case TEXT_AXES:
        return take_axes(r, attr);
    case TEXT_SHAPE:
        return take_shape(r, attr);
    case TEXT_KEY:
        return take_key(r, &attr->key);
    }
    BUG("field %s", f->name);
}

static bool take_values(Reader *r) {
    if (!expect(r, '=', "after values") || !expect(r, '[', "before the values"))
        return false;
    do {
        double x;
        if (!take_double(r, &x))
            return false;
        VEC_PUSH(r->values, x);
    } while (take(r, ','));
    return expect(r, ']', "after the values");
}

static const TextField *find_field(IrOp op, Word name) {
    for (int i = 0; i < TEXT_FIELDS; i++) {
        const TextField *f = &ir_text_fields[i];
        if (ir_text_written(op, f) && is(name, ir_text_field_name(op, f)))
            return f;
    }
    return NULL;
}

/* "{kernel=3x3 stride=1x1}" */
static bool take_attr(Reader *r, IrOp op, IrAttr *attr) {
    unsigned seen = 0;
    if (!take(r, '{'))
        return true;
    while (!take(r, '}')) {
        Word name = take_word(r);
        if (op == IR_OP_table && is(name, "values") && r->values.len == 0) {
            if (!take_values(r))
                return false;
            continue;
        }
        const TextField *f = find_field(op, name);
        if (!f)
            return bad(r, "%s has no attribute '%.*s'", ir_op_info(op)->name, shown(name), name.s);
        if (seen & f->field)
            return bad(r, "attribute %s is given twice", ir_text_field_name(op, f));
        seen |= f->field;
        if (f->kind != TEXT_FLAG && !expect(r, '=', "after an attribute"))
            return false;
        if (!take_field(r, op, f, attr))
            return false;
    }
    return true;
}

/* Leaves: `type` (NULL: none was written) is theirs. */
static bool make_leaf(Reader *r, IrOp op, IrAttr *attr, const IrType *type, IrRef *out) {
    IrError err = {0};
    const char *name = ir_op_info(op)->name;
    if (op == IR_OP_constant) {
        if (type && type->rank)
            return bad(r, "a constant is a scalar");
        *out = ir_constant(r->g, attr->value);
        return true;
    }
    if (!type)
        return bad(r, "%s needs a type, as in `: [c=16]`", name);
    if (!ir_type_check(name, type, &err))
        return bad(r, "%s", err.message);
    if (op == IR_OP_table) {
        if (type->rank != 1 || (uint64_t)type->size[0] != r->values.len)
            return bad(r, "a table of %zu values cannot be %s", r->values.len, type_text(type).s);
        *out = ir_table(r->g, type->axis[0], r->values.items, r->values.len);
        return true;
    }
    if (op != IR_OP_input && attr->uid > INT64_MAX)
        return bad(r, "the uid is too large");
    *out = ir_leaf_with_uid(r->g, op, type, attr, NULL);
    return true;
}

static bool make_node(Reader *r, IrOp op, const IrAttr *attr, const IrType *type, IrRef *out) {
    IrError err = {0};
    *out = ir_node(r->g, op, r->in.items, (uint32_t)r->in.len, attr, &err);
    if (*out == IR_NONE) {
        bad(r, "%s", err.message);
        if (r->err)
            memcpy(r->err->hint, err.hint, sizeof err.hint);
        return false;
    }
    const IrType *made = &ir_get(r->g, *out)->type;
    bool same = !type || type->rank == made->rank;
    for (int i = 0; same && type && i < made->rank; i++)
        same = type->axis[i] == made->axis[i] && type->size[i] == made->size[i];
    return same || bad(r, "the type is written as %s, but the inputs give %s", type_text(type).s,
                       type_text(made).s);
}

static bool read_inputs(Reader *r) {
    r->in.len = 0;
    if (!take(r, '('))
        return true;
    do {
        IrRef ref;
        if (r->in.len == IR_MAX_IN)
            return bad(r, "more than %d inputs", IR_MAX_IN);
        if (!take_ref(r, &ref))
            return false;
        VEC_PUSH(r->in, ref);
    } while (take(r, ','));
    return expect(r, ')', "after the inputs");
}

/* "%3 = op(%1, %2) {attributes} : type" */
static bool read_node(Reader *r) {
    uint64_t number;
    IrAttr attr = {0};
    IrType type;
    IrRef ref = IR_NONE;
    r->values.len = 0;
    if (!take_u64(r, &number))
        return false;
    if (number != r->refs.len)
        return bad(r, "nodes are numbered in order: expected %%%zu", r->refs.len);
    if (!expect(r, '=', "after the number of a node"))
        return false;
    Word name = take_word(r);
    IrOp op = ir_op_by_name(name.s, name.len);
    if (op == IR_OP_COUNT)
        return bad(r, "there is no op '%.*s'", shown(name), name.s);
    if (!read_inputs(r) || !take_attr(r, op, &attr))
        return false;
    bool typed = take(r, ':');
    if (typed && !take_type(r, &type))
        return false;
    if (ir_op_info(op)->class == IR_CLASS_SRC) {
        if (r->in.len)
            return bad(r, "%s takes no inputs", ir_op_info(op)->name);
        if (!make_leaf(r, op, &attr, typed ? &type : NULL, &ref))
            return false;
    } else if (!make_node(r, op, &attr, typed ? &type : NULL, &ref)) {
        return false;
    }
    VEC_PUSH(r->refs, ref);
    return true;
}

/* A quoted name, behind its first quote. */
static bool take_quoted(Reader *r, Buf *name) {
    while (r->p < r->end && *r->p != '\n' && *r->p != '"') {
        char c = *r->p++;
        if (c == '\0')
            return bad(r, "a name holds no NUL");
        if (c != '\\') {
            buf_putc(name, c);
            continue;
        }
        if (r->end - r->p >= 3 && r->p[0] == 'x' && isxdigit((unsigned char)r->p[1]) &&
            isxdigit((unsigned char)r->p[2])) {
            char hex[3] = {r->p[1], r->p[2], '\0'};
            long code = strtol(hex, NULL, 16);
            if (code == 0)
                return bad(r, "a name holds no NUL");
            buf_putc(name, (char)code);
            r->p += 3;
        } else if (r->p < r->end && (*r->p == '"' || *r->p == '\\')) {
            buf_putc(name, *r->p++);
        } else {
            return bad(r, "in a name \\ stands before \\, \" or xHH");
        }
    }
    return expect(r, '"', "after the name");
}

/* "NAME = %7", behind the word root */
static bool read_root(Reader *r) {
    Buf name = {0};
    IrRef ref = IR_NONE;
    bool ok = true;
    if (take(r, '"')) {
        ok = take_quoted(r, &name);
    } else {
        skip_blanks(r);
        while (r->p < r->end && *r->p > ' ' && *r->p < 127 && *r->p != '=')
            buf_putc(&name, *r->p++);
        ok = name.len > 0 || bad(r, "a root needs a name");
    }
    ok = ok && expect(r, '=', "after the name of a root") && take_ref(r, &ref);
    if (ok) {
        VEC_PUSH(r->roots, ref);
        VEC_PUSH(r->names, arena_strndup(r->arena, name.text ? name.text : "", name.len));
    }
    buf_free(&name);
    return ok;
}

static bool read_line(Reader *r) {
    if (!at_line_end(r)) {
        if (take(r, '%')) {
            if (!read_node(r))
                return false;
        } else {
            Word w = take_word(r);
            if (!is(w, "root"))
                return bad(r, "expected `%%%zu = ...` or `root NAME = %%...`", r->refs.len);
            if (!read_root(r))
                return false;
        }
        if (!at_line_end(r))
            return bad(r, "unexpected text at the end of the line");
    }
    while (r->p < r->end && *r->p != '\n')
        r->p++;
    if (r->p < r->end)
        r->p++;
    return true;
}

bool ir_read(Arena *arena, const char *text, size_t len, IrModule *out, IrError *err) {
    Reader r = {.p = text, .end = text + len, .arena = arena, .err = err};
    r.g = ir_graph_new(arena);
    ir_set_merging(r.g, false);
    bool ok = true;
    while (ok && r.p < r.end) {
        r.line++;
        ok = read_line(&r);
    }
    ir_set_merging(r.g, true);
    uint64_t uid;
    if (ok && ir_uid_is_twice(r.g, &uid))
        ok = ir_fail(err, NULL, "two leaves have uid %llu", (unsigned long long)uid);
    if (ok) {
        *out = (IrModule){.graph = r.g, .nroots = r.roots.len};
        out->roots = ARENA_ARRAY(arena, IrRef, r.roots.len);
        out->root_names = ARENA_ARRAY(arena, const char *, r.roots.len);
        for (size_t i = 0; i < r.roots.len; i++) {
            out->roots[i] = r.roots.items[i];
            out->root_names[i] = r.names.items[i];
        }
    }
    VEC_FREE(r.refs);
    VEC_FREE(r.in);
    VEC_FREE(r.values);
    VEC_FREE(r.roots);
    VEC_FREE(r.names);
    return ok;
}
