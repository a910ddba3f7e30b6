/* Writes graphs as text, a line a node. Output depends on the graph's content alone. */
#include "ir/passes.h"
#include "ir/text.h"

#include <ctype.h>
#include <string.h>

#define AT(member) offsetof(IrAttr, member)
const TextField ir_text_fields[TEXT_FIELDS] = {
    {ATTR_UID, "uid", TEXT_UINT64, AT(uid)},
    {ATTR_KERNEL, "kernel", TEXT_PAIR32, AT(kernel)},
    {ATTR_STRIDE, "stride", TEXT_PAIR32, AT(stride)},
    {ATTR_PAD, "pad", TEXT_PAIR32, AT(pad)},
    {ATTR_DILATION, "dilation", TEXT_PAIR32, AT(dilation)},
    {ATTR_GROUPS, "groups", TEXT_INT32, AT(groups)},
    {ATTR_COUNT_PADDING, "count_padding", TEXT_FLAG, AT(count_padding)},
    {ATTR_MODE, "mode", TEXT_MODE, AT(mode)},
    {ATTR_AXIS, "axis", TEXT_AXIS, AT(axis)},
    {ATTR_AXIS2, "axis2", TEXT_AXIS, AT(axis2)},
    {ATTR_AXES, "axes", TEXT_AXES, AT(axes)},
    {ATTR_SHAPE, "shape", TEXT_SHAPE, AT(shape)},
    {ATTR_IN_SIZE, "in", TEXT_PAIR64, AT(in_size)},
    {ATTR_OUT_SIZE, "out", TEXT_PAIR64, AT(out_size)},
    {ATTR_LO, "lo", TEXT_INT64, AT(lo)},
    {ATTR_HI, "hi", TEXT_INT64, AT(hi)},
    {ATTR_SIZE, "size", TEXT_INT64, AT(size)},
    {ATTR_VALUE, "value", TEXT_DOUBLE, AT(value)},
    {ATTR_MIN, "min", TEXT_DOUBLE, AT(min)},
    {ATTR_MAX, "max", TEXT_DOUBLE, AT(max)},
    {ATTR_KEY, "key", TEXT_KEY, AT(key)},
};

static const char *const init_words[IR_INIT_COUNT] = {
    "none",           "default", "xavier_uniform", "xavier_normal", "kaiming_uniform",
    "kaiming_normal", "value",   "uniform",        "normal"};
static const char *const dist_words[] = {"uniform", "normal", "sign"};
static const char *const resize_words[] = {"nearest", "bilinear"};

const char *const *ir_text_modes(IrOp op, int *n) {
    if (op == IR_OP_param || op == IR_OP_frozen) {
        *n = IR_INIT_COUNT;
        return init_words;
    }
    bool random = op == IR_OP_random;
    *n = random ? (int)ARRAY_LEN(dist_words) : (int)ARRAY_LEN(resize_words);
    return random ? dist_words : resize_words;
}

const char *ir_text_field_name(IrOp op, const TextField *f) {
    if (f->field == ATTR_UID && op == IR_OP_input)
        return "slot";
    if (f->field == ATTR_MODE && (op == IR_OP_param || op == IR_OP_frozen))
        return "init";
    if (f->field == ATTR_SIZE && (op == IR_OP_param || op == IR_OP_frozen))
        return "group";
    return f->field == ATTR_MODE && op == IR_OP_random ? "dist" : f->name;
}

bool ir_text_written(IrOp op, const TextField *f) {
    if (!(ir_attr_fields(op) & f->field))
        return false;
    if (op == IR_OP_table)
        return false;
    return !(f->field == ATTR_SHAPE && ir_op_info(op)->class == IR_CLASS_SRC);
}

static bool is_zero(IrOp op, const TextField *f, const IrAttr *attr) {
    static const char zero[16];
    const char *at = (const char *)attr + f->offset;
    switch (f->kind) {
    case TEXT_PAIR32:
    case TEXT_DOUBLE:
    case TEXT_INT64:
    case TEXT_AXIS:
        return op != IR_OP_constant && memcmp(at, zero, 8) == 0;
    case TEXT_PAIR64:
    case TEXT_KEY:
        return memcmp(at, zero, 16) == 0;
    case TEXT_INT32:
    case TEXT_MODE:
        return memcmp(at, zero, 4) == 0;
    case TEXT_FLAG:
        return !attr->count_padding;
    case TEXT_AXES:
        return attr->naxes == 0;
    case TEXT_SHAPE:
    case TEXT_UINT64:
        return false;
    }
    BUG("field %s", f->name);
}

static void put_axes(Buf *b, const IrAttr *attr) {
    for (int i = 0; i < attr->naxes && i < IR_MAX_AXES; i++) {
        char name[9];
        ir_axis_text(attr->axes[i], name);
        buf_printf(b, "%s%s", i ? "," : "", name);
    }
}

static void put_value(Buf *b, IrOp op, const TextField *f, const IrAttr *attr) {
    const void *at = (const char *)attr + f->offset;
    const int32_t *i32 = at;
    const int64_t *i64 = at;
    char text[HASH128_TEXT];
    IrType shape;
    int n;
    switch (f->kind) {
    case TEXT_PAIR32:
        buf_printf(b, "%dx%d", i32[0], i32[1]);
        return;
    case TEXT_PAIR64:
        buf_printf(b, "%lldx%lld", (long long)i64[0], (long long)i64[1]);
        return;
    case TEXT_INT32:
        buf_printf(b, "%d", *i32);
        return;
    case TEXT_INT64:
        buf_printf(b, "%lld", (long long)*i64);
        return;
    case TEXT_UINT64:
        buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)at);
        return;
    case TEXT_DOUBLE:
        buf_put_double(b, *(const double *)at);
        return;
    case TEXT_FLAG:
        return;
    case TEXT_MODE: {
        const char *const *words = ir_text_modes(op, &n);
        buf_puts(b, *i32 >= 0 && *i32 < n ? words[*i32] : "?");
        return;
    }
    case TEXT_AXIS:
        ir_axis_text(*(const IrAxis *)at, text);
        break;
    case TEXT_KEY:
        hash128_text(attr->key, text);
        break;
    case TEXT_AXES:
        put_axes(b, attr);
        return;
    case TEXT_SHAPE:
        shape = ir_type(MIN(attr->shape_rank, IR_MAX_AXES), attr->axes, attr->shape);
        ir_type_print(b, &shape);
        return;
    }
    buf_puts(b, text);
}

static void put_attr(Buf *b, const IrNode *n) {
    bool any = false;
    for (int i = 0; i < TEXT_FIELDS; i++) {
        const TextField *f = &ir_text_fields[i];
        if (!ir_text_written(n->op, f) || is_zero(n->op, f, n->attr))
            continue;
        buf_printf(b, "%s%s%s", any ? " " : " {", ir_text_field_name(n->op, f),
                   f->kind == TEXT_FLAG ? "" : "=");
        put_value(b, n->op, f, n->attr);
        any = true;
    }
    if (n->values) {
        buf_puts(b, " {values=[");
        for (int64_t i = 0; i < n->attr->size; i++) {
            buf_puts(b, i ? ", " : "");
            buf_put_double(b, n->values[i]);
        }
        buf_putc(b, ']');
        any = true;
    }
    if (any)
        buf_putc(b, '}');
}

void ir_print_node(Buf *b, const IrGraph *g, IrRef r) {
    const IrNode *n = ir_get(g, r);
    buf_printf(b, "%%%u = %s", r, ir_op_info(n->op)->name);
    for (uint32_t i = 0; i < n->nin; i++)
        buf_printf(b, "%s%%%u", i ? ", " : "(", n->in[i]);
    if (n->nin)
        buf_putc(b, ')');
    put_attr(b, n);
    buf_puts(b, " : ");
    ir_type_print(b, &n->type);
    if (!n->name)
        return;
    buf_puts(b, "  ; ");
    for (const char *s = n->name; *s; s++)
        buf_putc(b, iscntrl((unsigned char)*s) ? '?' : *s);
}

static void put_root_name(Buf *b, const char *name) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789._:[],+-/";
    if (*name && name[strspn(name, plain)] == '\0') {
        buf_puts(b, name);
        return;
    }
    buf_putc(b, '"');
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 32 || c == 127)
            buf_printf(b, "\\x%02x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

void ir_print(Buf *b, const IrModule *m) {
    for (IrRef r = 0; r < ir_graph_len(m->graph); r++) {
        ir_print_node(b, m->graph, r);
        buf_putc(b, '\n');
    }
    for (size_t i = 0; i < m->nroots; i++) {
        buf_puts(b, "root ");
        put_root_name(b, m->root_names && m->root_names[i] ? m->root_names[i] : "");
        buf_printf(b, " = %%%u\n", m->roots[i]);
    }
}
