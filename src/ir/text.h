/* What the writer and the reader of the text form share: the fields of the attribute record with
 * their names and how each is written. */
#ifndef NASC_IR_TEXT_H
#define NASC_IR_TEXT_H

#include "ir/attr.h"

typedef enum TextKind {
    TEXT_PAIR32, /* 3x3 */
    TEXT_PAIR64,
    TEXT_INT32,
    TEXT_INT64,
    TEXT_UINT64,
    TEXT_DOUBLE, /* shortest that reads back */
    TEXT_FLAG,   /* the name alone */
    TEXT_MODE,   /* a word, by op */
    TEXT_AXIS,
    TEXT_AXES,  /* h,w */
    TEXT_SHAPE, /* [n=16, c=3] */
    TEXT_KEY,   /* 32 hex digits */
} TextKind;

typedef struct TextField {
    unsigned field; /* ATTR_* */
    const char *name;
    TextKind kind;
    size_t offset; /* in IrAttr */
} TextField;

enum { TEXT_FIELDS = 21 };
extern const TextField ir_text_fields[TEXT_FIELDS];

/* The name a field has in the text of op: `uid` of an input is its `slot`, `mode` of a
 * param its `init`, `size` its `group`. */
const char *ir_text_field_name(IrOp op, const TextField *f);
/* The words that stand for mode 0, 1, ... of an op; *n of them. */
const char *const *ir_text_modes(IrOp op, int *n);
/* Leaves other than constants carry their type behind the colon, and a table's key follows from
 * its values: those fields are not written. */
bool ir_text_written(IrOp op, const TextField *f);

#endif
