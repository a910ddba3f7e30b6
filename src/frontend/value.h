/* Values of the language. A Value is small and copied freely; what it points to lives in the arena
 * of the evaluation that made it and is never changed afterwards. Poison stands for a value whose
 * computation was already reported: whatever touches it becomes poison without another word. */
#ifndef NASC_FRONTEND_VALUE_H
#define NASC_FRONTEND_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "frontend/ast.h"
#include "ir/graph.h"

typedef enum ValueKind {
    VALUE_POISON,
    VALUE_NONE,     /* absent; node = 1: the sum or concat of nothing */
    VALUE_INT,      /* integer */
    VALUE_DECIMAL,  /* decimal */
    VALUE_BOOL,     /* boolean */
    VALUE_STRING,   /* string (may hold any byte) */
    VALUE_LIST,     /* list */
    VALUE_TUPLE,    /* list, at least two */
    VALUE_RANGE,    /* range */
    VALUE_FUNCTION, /* function: a closure */
    VALUE_BUILTIN,  /* builtin: a function or layer of the language, not yet called */
    VALUE_LAYER,    /* layer: a template made of builtin layers and combinators */
    VALUE_INSTANCE, /* instance: what `shared` names */
    VALUE_TENSOR,   /* tensor: a node of the run's or the candidate's graph */
    VALUE_CHOSEN,   /* chosen: an alternative; acts as its value, compares by its name */
    VALUE_NETWORK,  /* network of a space */
    VALUE_RECORD,   /* record */
    VALUE_SCOPE,    /* scope: the definitions of a frame as fields */
    VALUE_ELEMENTS, /* elements: a definition or choice with indices, not yet indexed */
    VALUE_SERIES,   /* series: a measure's value at every forward pass */
    VALUE_OPAQUE,   /* opaque: of the host */
} ValueKind;

typedef struct Value Value;
typedef struct Frame Frame;

/* Why there is nothing, in two forms for messages. */
typedef struct Lack {
    const char *why; /* network `s` has no `relu` */
    const char *sum; /* an empty sum (network `s` has no `relu`) */
} Lack;

typedef struct ValueList {
    size_t len;
    Value *items;
    const Lack *lack; /* of an empty list of what a network did; else NULL */
} ValueList;

typedef struct ValueString {
    size_t len;
    const char *text; /* NUL after len */
} ValueString;

/* Values lo, lo + step, ... while <= hi (>= hi for a negative step); both kinds of number. Decimal
 * elements are (lo_units + i * step_units) / scale, so that 0.5 .. 1.5 step 0.1 holds 0.6 itself.
 */
typedef struct ValueRange {
    bool is_int;
    int64_t count;
    int64_t lo, step; /* integers, or units */
    double scale;     /* decimals: power of ten */
} ValueRange;

typedef struct ValueField {
    const char *name;
    const Value *value;
} ValueField;

typedef struct ValueRecord {
    size_t len;
    const ValueField *fields;
} ValueRecord;

typedef struct ValueSeries {
    const double *values; /* values[k * stride] at forward pass k + 1 */
    size_t len, stride;
} ValueSeries;

typedef struct ValueOpaque {
    const char *what; /* "proxy": for messages */
    const void *tag;  /* the host's own kind */
    void *data;
} ValueOpaque;

struct Value {
    ValueKind kind;
    IrRef node; /* VALUE_TENSOR; see VALUE_NONE */
    union {
        int64_t integer;
        double decimal;
        bool boolean;
        const ValueString *string;
        const ValueList *list;
        const ValueRange *range;
        const struct Closure *function;
        const struct Builtin *builtin;
        const struct Layer *layer;
        const struct Instance *instance;
        IrGraph *graph; /* VALUE_TENSOR */
        const struct Chosen *chosen;
        struct EvalNetwork *network;
        const ValueRecord *record;
        Frame *scope;
        const struct Elements *elements;
        const ValueSeries *series;
        const ValueOpaque *opaque;
        const Lack *lack; /* VALUE_NONE with node = 1: the cause if it is known, or NULL */
    } u;
};

/* An alternative of a choice: its foreign name and what it stands for. */
typedef struct Chosen {
    const char *name;
    Value value;
    const char *label; /* the decision: "edge[1,0]" */
} Chosen;

static inline Value value_poison(void) {
    return (Value){.kind = VALUE_POISON};
}
static inline Value value_none(void) {
    return (Value){.kind = VALUE_NONE};
}
static inline Value value_int(int64_t i) {
    return (Value){.kind = VALUE_INT, .u.integer = i};
}
static inline Value value_decimal(double d) {
    return (Value){.kind = VALUE_DECIMAL, .u.decimal = d};
}
static inline Value value_bool(bool b) {
    return (Value){.kind = VALUE_BOOL, .u.boolean = b};
}
static inline Value value_tensor(IrGraph *g, IrRef r) {
    return (Value){.kind = VALUE_TENSOR, .node = r, .u.graph = g};
}
static inline Value value_scope(Frame *f) {
    return (Value){.kind = VALUE_SCOPE, .u.scope = f};
}
static inline Value value_network(struct EvalNetwork *n) {
    return (Value){.kind = VALUE_NETWORK, .u.network = n};
}
static inline bool value_is_poison(Value v) {
    return v.kind == VALUE_POISON;
}
static inline bool value_is_number(Value v) {
    return v.kind == VALUE_INT || v.kind == VALUE_DECIMAL;
}
static inline double value_number(Value v) {
    return v.kind == VALUE_INT ? (double)v.u.integer : v.u.decimal;
}

Value value_string(Arena *a, const char *text, size_t len);
Value value_list(Arena *a, ValueKind kind, const Value *items,
                 size_t n); /* LIST or TUPLE; copies */
Value value_empty_list(Arena *a, const Lack *lack);
Value value_of_fields(Arena *a, const ValueField *fields, size_t n); /* copies fields and values */
Value value_series(Arena *a, const double *values, size_t len, size_t stride);
Value value_opaque(Arena *a, const char *what, const void *tag, void *data);

/* An alternative's value, and so on through; anything else is itself. */
static inline Value value_plain(Value v) {
    while (v.kind == VALUE_CHOSEN)
        v = v.u.chosen->value;
    return v;
}

/* lo..hi by step; false if a bound is no number, the step is 0, or there are more than 2^40
 * elements. A step away from hi gives an empty range. */
bool value_range(Arena *a, Value lo, Value hi, Value step, Value *out);
/* Element i of a range, list, tuple; i must be inside. */
Value value_element(Value v, int64_t i);
/* Number of elements of a range, list or tuple; -1 for anything else. */
int64_t value_length(Value v);

/* Equality as `==` sees it: 1 and 1.0 are equal, an alternative equals its name and any value equal
 * to its own. *known is false if the values cannot be compared (layers, tensors). */
bool value_equal(Value a, Value b, bool *known);

/* As a person would write it: 5, 0.6, true, "a b", [1, 2], (1, 2); "a layer" for what has no
 * notation. */
void value_print(Buf *b, Value v);
/* As an encoding writes it: an alternative's name, a string bare, a subset "a+b" or "-". */
void value_print_bare(Buf *b, Value v);
const char *value_kind_name(Value v); /* "an integer", "a layer": for messages */

#endif
