/* Values from texts: number_of, split, json. In: strings, as cells of tables hold them. Out: values. A
 * JSON object becomes a record, an array a list, null an absent value. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/builtins.h"
#include "frontend/text_values.h"

enum { MAX_JSON_DEPTH = 64, MAX_PARTS = 1 << 20 };

static bool of_json(Arena *a, const json_t *j, int depth, Value *out);

static bool of_array(Arena *a, const json_t *j, int depth, Value *out) {
    size_t n = json_array_size(j);
    Value *items = ARENA_ARRAY(a, Value, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!of_json(a, json_array_get(j, i), depth, &items[i]))
            return false;
    *out = value_list(a, VALUE_LIST, items, n);
    return true;
}

static bool of_object(Arena *a, json_t *j, int depth, Value *out) {
    ValueField *fields = ARENA_ARRAY(a, ValueField, json_object_size(j) + 1);
    size_t n = 0;
    const char *key;
    json_t *item;
    json_object_foreach(j, key, item) {
        Value *value = ARENA_NEW(a, Value);
        if (!of_json(a, item, depth, value))
            return false;
        fields[n++] = (ValueField){.name = arena_strdup(a, key), .value = value};
    }
    *out = value_of_fields(a, fields, n);
    return true;
}

static bool of_json(Arena *a, const json_t *j, int depth, Value *out) {
    if (depth > MAX_JSON_DEPTH)
        return false;
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return of_object(a, (json_t *)(uintptr_t)j, depth + 1, out);
    case JSON_ARRAY:
        return of_array(a, j, depth + 1, out);
    case JSON_STRING:
        *out = value_string(a, json_string_value(j), json_string_length(j));
        return true;
    case JSON_INTEGER:
        *out = value_int(json_integer_value(j));
        return true;
    case JSON_REAL:
        *out = value_decimal(json_real_value(j));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = value_bool(json_is_true(j));
        return true;
    case JSON_NULL:
        *out = value_none();
        return true;
    }
    BUG("JSON of type %d", (int)json_typeof(j));
}

bool value_of_json(Arena *a, const char *text, size_t len, Value *out, Buf *problem) {
    json_error_t error;
    json_t *j = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!j) {
        buf_printf(problem, "no JSON: %s, at byte %d", error.text, MAX(error.position, 0));
        return false;
    }
    bool ok = of_json(a, j, 0, out);
    if (!ok)
        buf_printf(problem, "the JSON is nested more than %d levels deep", (int)MAX_JSON_DEPTH);
    json_decref(j);
    return ok;
}

bool text_number(const char *text, double *out) {
    char *end;
    errno = 0;
    while (*text == ' ')
        text++;
    *out = strtod(text, &end);
    bool any = end != text;
    while (*end == ' ')
        end++;
    return any && !*end && isfinite(*out);
}

/* json(text) */
Value value_json(Eval *e, const Call *c) {
    const ValueString *text;
    Value v = value_poison();
    Buf problem = {0};
    if (eval_text(e, c->slot[0], c->at[0], "the text of `json`", &text) &&
        !value_of_json(e->arena, text->text, text->len, &v, &problem))
        v = FAIL(e, c->at[0], bad_value, problem.text);
    buf_free(&problem);
    return v;
}

/* number_of(text): an integer if it is written as one; a number is itself */
Value value_number_of(Eval *e, const Call *c) {
    Value v = value_plain(c->slot[0]);
    const ValueString *text;
    if (value_is_number(v))
        return v;
    if (!eval_text(e, v, c->at[0], "the text of `number_of`", &text))
        return value_poison();
    char *end;
    errno = 0;
    long long integer = strtoll(text->text, &end, 10);
    if (end != text->text && !*end && errno == 0)
        return value_int(integer);
    double d;
    if (text_number(text->text, &d))
        return value_decimal(d);
    return FAIL(e, c->at[0], bad_value,
                arena_printf(e->arena, "`%.60s` is not a number", text->text));
}

/* split(text, separator): the parts between separators, at least one */
Value value_split(Eval *e, const Call *c) {
    const ValueString *text, *separator;
    if (!eval_text(e, c->slot[0], c->at[0], "the text of `split`", &text) ||
        !eval_text(e, c->slot[1], c->at[1], "the separator of `split`", &separator))
        return value_poison();
    if (!separator->len)
        return FAIL(e, c->at[1], bad_value, "the separator of `split` is empty");
    VEC(Value) parts = {0};
    const char *at = text->text, *end = text->text + text->len;
    for (const char *stop; parts.len < MAX_PARTS; at = stop + separator->len) {
        stop = memmem(at, (size_t)(end - at), separator->text, separator->len);
        VEC_PUSH(parts, value_string(e->arena, at, (size_t)((stop ? stop : end) - at)));
        if (!stop)
            break;
    }
    Value v = parts.len < MAX_PARTS ? value_list(e->arena, VALUE_LIST, parts.items, parts.len)
                                    : FAIL(e, c->at[0], too_large, "`split` gives too many parts");
    VEC_FREE(parts);
    return v;
}
