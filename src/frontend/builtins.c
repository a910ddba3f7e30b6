/* The table of builtins, and those that only compute numbers. Rows of the groups NUMBER, RULE and
 * SOURCE are the host's: it binds their names in a frame around every file. */
#include "frontend/builtins.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define ROW_LAYER(name)  .layer = layer_##name
#define ROW_POINT(name)  .op = IR_OP_##name, .number = point_##name
#define ROW_TENSOR(name) .function = tensor_##name
#define ROW_VALUE(name)  .function = value_##name
#define ROW_NUMBER(name) .function = NULL
#define ROW_RULE(name)   .function = NULL
#define ROW_SOURCE(name) .function = NULL

static const Builtin builtins[] = {
#define BUILTIN(word, grp, lo, hi, args)                                                           \
    {.name = #word, .group = GROUP_##grp, .min = lo, .max = hi, .spec = args, ROW_##grp(word)},
#define AGGREGATE(word, lo, hi, args)                                                              \
    {.name = #word,                                                                                \
     .group = GROUP_AGGREGATE,                                                                     \
     .min = lo,                                                                                    \
     .max = hi,                                                                                    \
     .spec = args,                                                                                 \
     .function = aggregate_call},
#include "frontend/builtins.def"
#undef BUILTIN
#undef AGGREGATE
};

const Builtin *builtin_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
        if (*builtins[i].name == *name && strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    return NULL;
}

/* The next word at *cursor, which moves behind it. */
static bool spec_next(const char **cursor, SpecWord *out) {
    const char *s = *cursor;
    while (*s == ' ')
        s++;
    if (!*s)
        return false;
    size_t len = 0;
    while (s[len] && s[len] != ' ')
        len++;
    *cursor = s + len;
    *out = (SpecWord){.name = s, .len = len};
    if (len > 3 && memcmp(s + len - 3, "...", 3) == 0) {
        out->many = true;
        len -= 3;
    }
    if (len > 1 && (s[len - 1] == '\'' || s[len - 1] == '@')) {
        out->quoted = true;
        out->axis = s[len - 1] == '@';
        len--;
    }
    out->any = len == 1 && *s == '*';
    out->len = len;
    return true;
}

static struct {
    SpecWord words[SPEC_WORDS];
    size_t n;
} specs[ARRAY_LEN(builtins)];

static void read_specs(void) {
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
        const char *at = builtins[i].spec;
        SpecWord word;
        while (spec_next(&at, &word)) {
            CHECK(specs[i].n < SPEC_WORDS);
            specs[i].words[specs[i].n++] = word;
        }
    }
}

const SpecWord *builtin_words(const Builtin *b, size_t *n) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_specs);
    size_t i = (size_t)(b - builtins);
    *n = specs[i].n;
    return specs[i].words;
}

double point_abs(double x) {
    return fabs(x);
}
double point_sqrt(double x) {
    return sqrt(x);
}
double point_exp(double x) {
    return exp(x);
}
double point_log(double x) {
    return log(x);
}
double point_sin(double x) {
    return sin(x);
}
double point_cos(double x) {
    return cos(x);
}
double point_tanh(double x) {
    return tanh(x);
}
double point_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
double point_floor(double x) {
    return floor(x);
}
double point_sign(double x) {
    return (x > 0) - (x < 0);
}

/* The elements of a list, range or indexed definition. */
static bool sequence(Eval *e, const Call *c, size_t slot, Value *out) {
    Value v = value_plain(c->slot[slot]);
    if (v.kind == VALUE_ELEMENTS)
        return elements_list(e, v.u.elements, c->at[slot], out);
    *out = v;
    if (value_length(v) >= 0)
        return true;
    REPORT(e, c->at[slot], wrong_kind,
           arena_printf(e->arena, "a list or range for `%s`", c->builtin->name),
           value_kind_name(v));
    return false;
}

Value value_size(Eval *e, const Call *c) {
    Value list;
    return sequence(e, c, 0, &list) ? value_int(value_length(list)) : value_poison();
}

Value value_last(Eval *e, const Call *c) {
    Value list;
    if (!sequence(e, c, 0, &list))
        return value_poison();
    int64_t n = value_length(list);
    return n ? value_element(list, n - 1) : FAIL(e, c->at[0], empty_aggregate, "last");
}

/* Number of the first element equal to x, from 0. */
Value value_position(Eval *e, const Call *c) {
    Value list;
    if (!sequence(e, c, 1, &list))
        return value_poison();
    int64_t n = value_length(list);
    if (n > EVAL_MAX_LOOP)
        return FAIL(e, c->at[1], too_large, "the range is too long to be searched");
    for (int64_t i = 0; i < n; i++) {
        bool known;
        if (value_equal(c->slot[0], value_element(list, i), &known) && known)
            return value_int(i);
    }
    return FAIL(e, c->place, bad_value,
                arena_printf(e->arena, "%s is not in the list", eval_show(e, c->slot[0])));
}

Value value_record(Eval *e, const Call *c) {
    ValueField *fields = ARENA_ARRAY(e->arena, ValueField, c->nmore + 1);
    for (size_t i = 0; i < c->nmore; i++)
        fields[i] = (ValueField){.name = c->more[i].name, .value = &c->more[i].value};
    return value_of_fields(e->arena, fields, c->nmore);
}

/* A reduction over named axes; none named: over all. */
static Value reduce(Eval *e, const Call *c) {
    const char *name = c->builtin->name;
    const IrType *t = tensor_type(c->slot[0]);
    IrAttr attr = {0};
    for (size_t i = 0; i < c->nmore; i++) {
        const Value v = c->more[i].value;
        IrAxis axis = v.kind == VALUE_STRING ? ir_axis(v.u.string->text, v.u.string->len) : 0;
        if (!axis || attr.naxes == IR_MAX_AXES)
            return FAIL(e, c->more[i].place, axis_mismatch,
                        arena_printf(e->arena, "%s is not the name of an axis", eval_show(e, v)));
        attr.axes[attr.naxes++] = axis;
    }
    if (!c->nmore) {
        attr.naxes = (uint8_t)t->rank;
        memcpy(attr.axes, t->axis, sizeof attr.axes);
    }
    if (!attr.naxes)
        return value_tensor_of(c->slot[0]);
    Value x = value_tensor_of(c->slot[0]);
    bool min = strcmp(name, "min") == 0;
    IrOp op = strcmp(name, "mean") == 0  ? IR_OP_reduce_mean
              : strcmp(name, "sum") == 0 ? IR_OP_reduce_sum
                                         : IR_OP_reduce_max;
    if (min)
        x = make_node(e, IR_OP_neg, &x, 1, NULL, c->place);
    Value v = make_node(e, op, &x, 1, &attr, c->place);
    return min ? make_node(e, IR_OP_neg, &v, 1, NULL, c->place) : v;
}

static Value concat_along(Eval *e, const Call *c) {
    Value *items = ARENA_ARRAY(e->arena, Value, c->nmore + 1);
    for (size_t i = 0; i < c->nmore; i++)
        items[i] = c->more[i].value;
    const ValueString *axis = c->slot[0].u.string;
    return concat_axis(e, ir_axis(axis->text, axis->len), items, c->nmore, c->place);
}

Value aggregate_call(Eval *e, const Call *c) {
    const char *name = c->builtin->name;
    Value first = value_plain(c->slot[0]);
    if (first.kind == VALUE_STRING && strcmp(name, "concat") == 0)
        return concat_along(e, c);
    bool axes = true;
    for (size_t i = 0; i < c->nmore; i++)
        axes &= c->more[i].value.kind == VALUE_STRING;
    bool reduces = strcmp(name, "mean") == 0 || strcmp(name, "sum") == 0 ||
                   strcmp(name, "max") == 0 || strcmp(name, "min") == 0;
    if (reduces && is_tensor(first) && axes)
        return reduce(e, c);
    if (!c->nmore && (value_length(first) >= 0 || first.kind == VALUE_ELEMENTS)) {
        Value list;
        if (!sequence(e, c, 0, &list))
            return value_poison();
        int64_t n = value_length(list);
        if (n > EVAL_MAX_LOOP)
            return FAIL(e, c->place, too_large, "the range is too long");
        Value *items = ARENA_ARRAY(e->arena, Value, n ? n : 1);
        for (int64_t i = 0; i < n; i++)
            items[i] = value_element(list, i);
        e->lack = list.kind == VALUE_LIST ? list.u.list->lack : NULL;
        return aggregate_values(e, name, items, (size_t)n, c->place);
    }
    Value *items = ARENA_ARRAY(e->arena, Value, c->nmore + 1);
    items[0] = c->slot[0];
    for (size_t i = 0; i < c->nmore; i++)
        items[i + 1] = c->more[i].value;
    return aggregate_values(e, name, items, c->nmore + 1, c->place);
}
