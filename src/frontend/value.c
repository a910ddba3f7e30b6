/* Making, comparing and printing values. Nothing here evaluates anything: what it is given is
 * complete. */
#include "frontend/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Value value_string(Arena *a, const char *text, size_t len) {
    ValueString *s = ARENA_NEW(a, ValueString);
    s->len = len;
    s->text = arena_strndup(a, text, len);
    return (Value){.kind = VALUE_STRING, .u.string = s};
}

Value value_empty_list(Arena *a, const Lack *lack) {
    ValueList *l = ARENA_NEW(a, ValueList);
    *l = (ValueList){.lack = lack};
    return (Value){.kind = VALUE_LIST, .u.list = l};
}

Value value_list(Arena *a, ValueKind kind, const Value *items, size_t n) {
    CHECK(kind == VALUE_LIST || kind == VALUE_TUPLE);
    ValueList *l = ARENA_NEW(a, ValueList);
    l->len = n;
    l->items = ARENA_ARRAY(a, Value, n ? n : 1);
    if (n)
        memcpy(l->items, items, n * sizeof *items);
    return (Value){.kind = kind, .u.list = l};
}

Value value_of_fields(Arena *a, const ValueField *fields, size_t n) {
    ValueRecord *r = ARENA_NEW(a, ValueRecord);
    ValueField *copy = ARENA_ARRAY(a, ValueField, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        Value *v = ARENA_NEW(a, Value);
        *v = *fields[i].value;
        copy[i] = (ValueField){.name = fields[i].name, .value = v};
    }
    r->len = n;
    r->fields = copy;
    return (Value){.kind = VALUE_RECORD, .u.record = r};
}

Value value_series(Arena *a, const double *values, size_t len, size_t stride) {
    ValueSeries *s = ARENA_NEW(a, ValueSeries);
    *s = (ValueSeries){.values = values, .len = len, .stride = stride};
    return (Value){.kind = VALUE_SERIES, .u.series = s};
}

Value value_opaque(Arena *a, const char *what, const void *tag, void *data) {
    ValueOpaque *o = ARENA_NEW(a, ValueOpaque);
    *o = (ValueOpaque){.what = what, .tag = tag, .data = data};
    return (Value){.kind = VALUE_OPAQUE, .u.opaque = o};
}

/* Decimal places needed to write x exactly as people do, by its shortest text; -1 if beyond 15. */
static int decimal_places(double x) {
    Buf b = {0};
    buf_put_double(&b, x);
    int places = 0, exponent = 0;
    const char *dot = strchr(b.text, '.'), *e = strpbrk(b.text, "eE");
    size_t digits_end = e ? (size_t)(e - b.text) : b.len;
    if (dot)
        places = (int)(digits_end - (size_t)(dot - b.text) - 1);
    if (e)
        exponent = atoi(e + 1);
    buf_free(&b);
    places -= exponent;
    return places < 0 ? 0 : places > 15 ? -1 : places;
}

enum { RANGE_MAX_BITS = 40 };

static bool range_units(Value v, double scale, int64_t *out) {
    double x = nearbyint(value_number(v) * scale);
    if (!(fabs(x) < 0x1p53))
        return false;
    *out = (int64_t)x;
    return true;
}

bool value_range(Arena *a, Value lo, Value hi, Value step, Value *out) {
    if (!value_is_number(lo) || !value_is_number(hi) || !value_is_number(step))
        return false;
    ValueRange r = {.scale = 1};
    int64_t last;
    r.is_int = lo.kind == VALUE_INT && step.kind == VALUE_INT && hi.kind == VALUE_INT;
    if (r.is_int) {
        r.lo = lo.u.integer;
        r.step = step.u.integer;
        last = hi.u.integer;
    } else {
        double x = value_number(lo), y = value_number(step), z = value_number(hi);
        if (!isfinite(x) || !isfinite(y) || !isfinite(z))
            return false;
        int p = decimal_places(x), q = decimal_places(y), s = decimal_places(z);
        int places = MAX(p, MAX(q, s));
        if (p < 0 || q < 0 || s < 0)
            return false;
        r.scale = pow(10.0, places);
        if (!range_units(lo, r.scale, &r.lo) || !range_units(step, r.scale, &r.step) ||
            !range_units(hi, r.scale, &last))
            return false;
    }
    int64_t span;
    if (r.step == 0 || __builtin_sub_overflow(last, r.lo, &span) || r.step == INT64_MIN)
        return false;
    r.count = (r.step > 0) == (span >= 0) || span == 0 ? span / r.step + 1 : 0;
    if (r.count > (int64_t)1 << RANGE_MAX_BITS)
        return false;
    ValueRange *copy = ARENA_NEW(a, ValueRange);
    *copy = r;
    *out = (Value){.kind = VALUE_RANGE, .u.range = copy};
    return true;
}

Value value_element(Value v, int64_t i) {
    CHECK(i >= 0 && i < value_length(v));
    if (v.kind != VALUE_RANGE)
        return v.u.list->items[i];
    const ValueRange *r = v.u.range;
    int64_t units = r->lo + i * r->step;
    return r->is_int ? value_int(units) : value_decimal((double)units / r->scale);
}

int64_t value_length(Value v) {
    switch (v.kind) {
    case VALUE_LIST:
    case VALUE_TUPLE:
        return (int64_t)v.u.list->len;
    case VALUE_RANGE:
        return v.u.range->count;
    default:
        return -1;
    }
}

static bool sequences_equal(Value a, Value b, bool *known) {
    int64_t n = value_length(a);
    if (n != value_length(b))
        return false;
    for (int64_t i = 0; i < n && *known; i++)
        if (!value_equal(value_element(a, i), value_element(b, i), known))
            return false;
    return *known;
}

bool value_equal(Value a, Value b, bool *known) {
    *known = true;
    if (a.kind == VALUE_CHOSEN && b.kind == VALUE_CHOSEN)
        return strcmp(a.u.chosen->name, b.u.chosen->name) == 0;
    if (b.kind == VALUE_CHOSEN) {
        Value t = a;
        a = b;
        b = t;
    }
    if (a.kind == VALUE_CHOSEN) {
        if (b.kind == VALUE_STRING && strcmp(a.u.chosen->name, b.u.string->text) == 0)
            return true;
        Value inner = value_plain(a);
        /* an alternative that is a layer has only its name to be compared by */
        if (b.kind == VALUE_STRING && inner.kind != VALUE_STRING)
            return false;
        return value_equal(inner, b, known);
    }
    if (value_is_number(a) && value_is_number(b))
        return a.kind == VALUE_INT && b.kind == VALUE_INT ? a.u.integer == b.u.integer
                                                          : value_number(a) == value_number(b);
    if (a.kind == VALUE_NONE || b.kind == VALUE_NONE)
        return a.kind == b.kind;
    if (value_length(a) >= 0 && value_length(b) >= 0)
        return sequences_equal(a, b, known);
    if (a.kind == VALUE_BOOL && b.kind == VALUE_BOOL)
        return a.u.boolean == b.u.boolean;
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING)
        return a.u.string->len == b.u.string->len &&
               memcmp(a.u.string->text, b.u.string->text, a.u.string->len) == 0;
    bool simple_a = value_is_number(a) || a.kind == VALUE_BOOL || a.kind == VALUE_STRING;
    bool simple_b = value_is_number(b) || b.kind == VALUE_BOOL || b.kind == VALUE_STRING;
    *known = simple_a && simple_b;
    return false;
}

static void print_string(Buf *b, const ValueString *s) {
    buf_putc(b, '"');
    for (size_t i = 0; i < s->len; i++) {
        char c = s->text[i];
        if (c == '"' || c == '\\')
            buf_putc(b, '\\');
        if (c == '\n')
            buf_puts(b, "\\n");
        else if (c == '\t')
            buf_puts(b, "\\t");
        else
            buf_putc(b, c);
    }
    buf_putc(b, '"');
}

static void print_list(Buf *b, Value v) {
    buf_putc(b, v.kind == VALUE_LIST ? '[' : '(');
    for (size_t i = 0; i < v.u.list->len; i++) {
        if (i)
            buf_puts(b, ", ");
        value_print(b, v.u.list->items[i]);
    }
    buf_putc(b, v.kind == VALUE_LIST ? ']' : ')');
}

static void print_range(Buf *b, Value v) {
    const ValueRange *r = v.u.range;
    if (!r->count) {
        buf_puts(b, "[]");
        return;
    }
    value_print(b, value_element(v, 0));
    buf_puts(b, "..");
    value_print(b, value_element(v, r->count - 1));
    if (!r->is_int || r->step != 1) {
        buf_puts(b, " step ");
        buf_put_double(b, (double)r->step / r->scale);
    }
}

void value_print(Buf *b, Value v) {
    switch (v.kind) {
    case VALUE_NONE:
        buf_puts(b, "none");
        break;
    case VALUE_INT:
        buf_put_int(b, v.u.integer);
        break;
    case VALUE_DECIMAL:
        buf_put_double(b, v.u.decimal);
        break;
    case VALUE_BOOL:
        buf_puts(b, v.u.boolean ? "true" : "false");
        break;
    case VALUE_STRING:
        print_string(b, v.u.string);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        print_list(b, v);
        break;
    case VALUE_RANGE:
        print_range(b, v);
        break;
    case VALUE_CHOSEN:
        buf_puts(b, v.u.chosen->name);
        break;
    default:
        buf_puts(b, value_kind_name(v));
        break;
    }
}

void value_print_bare(Buf *b, Value v) {
    if (v.kind == VALUE_STRING) {
        buf_append(b, v.u.string->text, v.u.string->len);
    } else if (v.kind == VALUE_LIST) {
        if (!v.u.list->len)
            buf_putc(b, '-');
        for (size_t i = 0; i < v.u.list->len; i++) {
            if (i)
                buf_putc(b, '+');
            value_print_bare(b, v.u.list->items[i]);
        }
    } else {
        value_print(b, v);
    }
}

const char *value_kind_name(Value v) {
    switch (v.kind) {
    case VALUE_POISON:
        return "a mistake";
    case VALUE_NONE:
        return v.node && v.u.lack ? v.u.lack->sum : v.node ? "an empty sum" : "nothing";
    case VALUE_INT:
        return "an integer";
    case VALUE_DECIMAL:
        return "a decimal";
    case VALUE_BOOL:
        return "a boolean";
    case VALUE_STRING:
        return "a string";
    case VALUE_LIST:
        return "a list";
    case VALUE_TUPLE:
        return "a tuple";
    case VALUE_RANGE:
        return "a range";
    case VALUE_FUNCTION:
    case VALUE_BUILTIN:
        return "a function";
    case VALUE_LAYER:
        return "a layer";
    case VALUE_INSTANCE:
        return "an instance";
    case VALUE_TENSOR:
        return "a tensor";
    case VALUE_CHOSEN:
        return value_kind_name(value_plain(v));
    case VALUE_NETWORK:
        return "a network";
    case VALUE_RECORD:
        return "a record";
    case VALUE_SCOPE:
        return "a set of definitions";
    case VALUE_ELEMENTS:
        return "an indexed definition";
    case VALUE_SERIES:
        return "a measure";
    case VALUE_OPAQUE:
        return v.u.opaque->what;
    }
    BUG("value kind %d", (int)v.kind);
}
