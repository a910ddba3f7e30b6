/* The layers of the language, lowered to IR. Each takes its template and what flows, [n, c, h, w]
 * unless said. */
#include "frontend/eval_impl.h"
#include "frontend/builtins.h"

#include <math.h>
#include <string.h>

enum { MAX_WINDOW = 1024, MAX_CHANNELS = 1 << 24 };

static bool slot_int(Eval *e, const Layer *l, size_t slot, const char *what, int64_t lo, int64_t hi,
                     int64_t *out) {
    return !l->call->given[slot] ||
           eval_int(e, l->call->slot[slot], l->call->at[slot], what, lo, hi, out);
}

static bool slot_bool(Eval *e, const Layer *l, size_t slot, const char *what, bool *out) {
    return !l->call->given[slot] || eval_bool(e, l->call->slot[slot], l->call->at[slot], what, out);
}

/* One number for both directions, or (h, w). */
static bool slot_pair(Eval *e, const Layer *l, size_t slot, const char *what, int64_t lo,
                      int32_t out[2]) {
    if (!l->call->given[slot])
        return true;
    Value v = value_plain(l->call->slot[slot]);
    Place at = l->call->at[slot];
    bool pair = value_length(v) >= 0;
    if (pair && value_length(v) != 2) {
        REPORT(e, at, wrong_kind, arena_printf(e->arena, "one or two integers for %s", what),
               arena_printf(e->arena, "%lld", (long long)value_length(v)));
        return false;
    }
    for (int i = 0; i < 2; i++) {
        int64_t size;
        if (!eval_int(e, pair ? value_element(v, i) : v, at, what, lo, MAX_WINDOW, &size))
            return false;
        out[i] = (int32_t)size;
    }
    return true;
}

static bool is_word(Value v, const char *word) {
    return v.kind == VALUE_STRING && strcmp(v.u.string->text, word) == 0;
}

/* pad: same, a number or a pair; the default is in out already. */
static bool slot_pad(Eval *e, const Layer *l, size_t slot, IrAttr *attr) {
    if (!l->call->given[slot])
        return true;
    Value v = value_plain(l->call->slot[slot]);
    if (is_word(v, "same")) {
        for (int i = 0; i < 2; i++)
            attr->pad[i] = attr->dilation[i] * (attr->kernel[i] - 1) / 2;
        return true;
    }
    if (v.kind == VALUE_STRING) {
        REPORT(e, l->call->at[slot], bad_value,
               "pad must be `same`, a number or a pair of numbers");
        return false;
    }
    return slot_pair(e, l, slot, "pad", 0, attr->pad);
}

static bool image_channels(Eval *e, const char *layer, Value x, Place place, int64_t *channels) {
    static const IrAxis axes[] = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W};
    const IrType *t = tensor_type(x);
    bool ok = t->rank == 4;
    for (int i = 0; ok && i < 4; i++)
        ok = ir_type_find(t, axes[i]) >= 0;
    if (ok) {
        *channels = ir_type_size(t, IR_AXIS_C);
        return true;
    }
    Buf b = {0};
    buf_printf(&b, "%s: the input must have the axes [n, c, h, w], but is ", layer);
    ir_type_print(&b, t);
    REPORT(e, place, shape_mismatch, eval_take(e, &b));
    return false;
}

static bool leaf_type(Eval *e, Place place, int rank, const IrAxis *axes, const int64_t *sizes,
                      IrType *out) {
    int64_t elements = 1;
    *out = (IrType){.rank = rank};
    for (int i = 0; i < rank; i++) {
        out->axis[i] = axes[i];
        out->size[i] = sizes[i];
        if (!mul_checked(elements, sizes[i], &elements) || elements > (int64_t)1 << 40) {
            REPORT(e, place, too_large, "a weight would have more than 2^40 elements");
            return false;
        }
    }
    return true;
}

/* A leaf's attributes; `normal` is the standard normal distribution. */
static IrAttr weight_init(const Eval *e) {
    IrAttr attr = {.mode = (int32_t)eval_init(e)};
    if (attr.mode == IR_INIT_NORMAL)
        attr.max = 1;
    return attr;
}

static Value bias_leaf(Eval *e, const char *op, int64_t channels, int64_t fan_in, Place place) {
    IrAttr attr = {.mode = IR_INIT_VALUE};
    IrInit init = eval_init(e);
    if (init == IR_INIT_DEFAULT) {
        double bound = 1 / sqrt((double)fan_in);
        attr.mode = IR_INIT_UNIFORM;
        attr.min = -bound;
        attr.max = bound;
    } else if (init == IR_INIT_XAVIER_UNIFORM || init == IR_INIT_XAVIER_NORMAL) {
        attr.value = 0.01;
    }
    IrType t;
    if (!leaf_type(e, place, 1, (IrAxis[]){IR_AXIS_C}, &channels, &t))
        return value_poison();
    return eval_leaf(e, op, "bias", &t, &attr, place);
}

static Value make_conv(Eval *e, Value x, int64_t in, int64_t out, IrAttr *attr, bool bias,
                       Place place) {
    int64_t groups = attr->groups;
    if (in % groups || out % groups)
        return FAIL(
            e, place, shape_mismatch,
            arena_printf(
                e->arena,
                "conv: %lld input and %lld output channels cannot be split into %lld groups",
                (long long)in, (long long)out, (long long)groups));
    int64_t sizes[] = {out, in / groups, attr->kernel[0], attr->kernel[1]};
    IrType t;
    if (!leaf_type(e, place, 4, (IrAxis[]){IR_AXIS_O, IR_AXIS_I, IR_AXIS_KH, IR_AXIS_KW}, sizes,
                   &t))
        return value_poison();
    IrAttr init = weight_init(e);
    Value inputs[3] = {x, eval_leaf(e, "conv", "weight", &t, &init, place)};
    if (bias)
        inputs[2] = bias_leaf(e, "conv", out, sizes[1] * sizes[2] * sizes[3], place);
    return make_node(e, IR_OP_conv, inputs, bias ? 3 : 2, attr, place);
}

static bool slot_window(Eval *e, const Layer *l, size_t dilation, IrAttr *attr) {
    if (!slot_pair(e, l, 0, "the kernel", 1, attr->kernel))
        return false;
    for (int i = 0; i < 2; i++)
        attr->stride[i] = attr->dilation[i] = 1;
    return dilation == 0 || slot_pair(e, l, dilation, "dilation", 1, attr->dilation);
}

/* conv(k c stride pad dilation groups bias) */
Value layer_conv(Eval *e, const Layer *l, Value x, Place place) {
    IrAttr attr = {.groups = 1};
    int64_t in, groups = 1;
    bool bias = true;
    if (!image_channels(e, "conv", x, place, &in))
        return value_poison();
    int64_t out = in;
    if (!slot_window(e, l, 4, &attr) ||
        !slot_int(e, l, 1, "the number of channels", 1, MAX_CHANNELS, &out) ||
        !slot_pair(e, l, 2, "stride", 1, attr.stride) ||
        !slot_int(e, l, 5, "groups", 1, MAX_CHANNELS, &groups) ||
        !slot_bool(e, l, 6, "bias", &bias))
        return value_poison();
    for (int i = 0; i < 2; i++)
        attr.pad[i] = attr.dilation[i] * (attr.kernel[i] - 1) / 2;
    if (!slot_pad(e, l, 3, &attr))
        return value_poison();
    attr.groups = (int32_t)groups;
    return make_conv(e, x, in, out, &attr, bias, place);
}

/* depthwise(k stride pad dilation bias) */
Value layer_depthwise(Eval *e, const Layer *l, Value x, Place place) {
    IrAttr attr = {0};
    int64_t in;
    bool bias = true;
    if (!image_channels(e, "depthwise", x, place, &in) || !slot_window(e, l, 3, &attr) ||
        !slot_pair(e, l, 1, "stride", 1, attr.stride) || !slot_bool(e, l, 4, "bias", &bias))
        return value_poison();
    for (int i = 0; i < 2; i++)
        attr.pad[i] = attr.dilation[i] * (attr.kernel[i] - 1) / 2;
    if (!slot_pad(e, l, 2, &attr))
        return value_poison();
    attr.groups = (int32_t)in;
    return make_conv(e, x, in, in, &attr, bias, place);
}

/* dense(c bias) on [n, c] */
Value layer_dense(Eval *e, const Layer *l, Value x, Place place) {
    const IrType *t = tensor_type(x);
    int64_t out = 0;
    bool bias = true;
    if (!slot_int(e, l, 0, "the number of channels", 1, MAX_CHANNELS, &out) ||
        !slot_bool(e, l, 1, "bias", &bias))
        return value_poison();
    if (t->rank != 2 || ir_type_find(t, IR_AXIS_N) < 0 || ir_type_find(t, IR_AXIS_C) < 0) {
        Buf b = {0};
        buf_puts(&b, "dense: the input must have the axes [n, c], but is ");
        ir_type_print(&b, t);
        Diag *d = REPORT(e, place, shape_mismatch, eval_take(e, &b));
        if (d && t->rank == 4)
            diag_hint(e->diags, d, "put global_pool before it");
        return value_poison();
    }
    int64_t in = ir_type_size(t, IR_AXIS_C), sizes[] = {out, in};
    IrType w;
    if (!leaf_type(e, place, 2, (IrAxis[]){IR_AXIS_O, IR_AXIS_I}, sizes, &w))
        return value_poison();
    IrAttr init = weight_init(e);
    Value inputs[3] = {x, eval_leaf(e, "dense", "weight", &w, &init, place)};
    if (bias)
        inputs[2] = bias_leaf(e, "dense", out, in, place);
    return make_node(e, IR_OP_dense, inputs, bias ? 3 : 2, NULL, place);
}

/* batch_norm(affine eps) */
Value layer_batch_norm(Eval *e, const Layer *l, Value x, Place place) {
    bool affine = true;
    IrAttr attr = {.value = 1e-5};
    int64_t channels;
    if (!slot_bool(e, l, 0, "affine", &affine) ||
        !image_channels(e, "batch_norm", x, place, &channels))
        return value_poison();
    if (l->call->given[1] && !eval_number(e, l->call->slot[1], l->call->at[1], "eps", &attr.value))
        return value_poison();
    if (!(attr.value > 0))
        return FAIL(e, l->call->at[1], bad_value, "eps must be positive");
    if (e->now.evaluation && !affine)
        return evaluated_norm(e, x, attr.value, NULL, NULL, place);
    if (!e->now.evaluation)
        eval_note_norm(e, x);
    if (!affine)
        return make_node(e, IR_OP_batch_norm, &x, 1, &attr, place);
    IrType t = {.rank = 1, .axis = {IR_AXIS_C}, .size = {channels}};
    IrAttr one = {.mode = IR_INIT_VALUE, .value = 1}, none = {.mode = IR_INIT_VALUE};
    Value inputs[] = {x, eval_leaf(e, "batch_norm", "scale", &t, &one, place),
                      eval_leaf(e, "batch_norm", "shift", &t, &none, place)};
    if (e->now.evaluation)
        return value_is_poison(inputs[1]) || value_is_poison(inputs[2])
                   ? value_poison()
                   : evaluated_norm(e, x, attr.value, &inputs[1], &inputs[2], place);
    return make_node(e, IR_OP_batch_norm, inputs, 3, &attr, place);
}

static Value unary(Eval *e, IrOp op, Value x, Place place) {
    return make_node(e, op, &x, 1, NULL, place);
}

static Value binary(Eval *e, IrOp op, Value a, Value b, Place place) {
    return make_node(e, op, (Value[]){a, b}, 2, NULL, place);
}

Value layer_relu(Eval *e, const Layer *l, Value x, Place place) {
    (void)l;
    return unary(e, IR_OP_relu, x, place);
}

Value layer_relu6(Eval *e, const Layer *l, Value x, Place place) {
    (void)l;
    return binary(e, IR_OP_minimum, unary(e, IR_OP_relu, x, place), value_int(6), place);
}

Value layer_swish(Eval *e, const Layer *l, Value x, Place place) {
    (void)l;
    return binary(e, IR_OP_mul, x, unary(e, IR_OP_sigmoid, x, place), place);
}

/* relu6(x + 3) / 6 */
Value layer_hard_sigmoid(Eval *e, const Layer *l, Value x, Place place) {
    Value y = layer_relu6(e, l, binary(e, IR_OP_add, x, value_int(3), place), place);
    return binary(e, IR_OP_div, y, value_int(6), place);
}

Value layer_hard_swish(Eval *e, const Layer *l, Value x, Place place) {
    return binary(e, IR_OP_mul, x, layer_hard_sigmoid(e, l, x, place), place);
}

Value layer_identity(Eval *e, const Layer *l, Value x, Place place) {
    (void)l;
    return unary(e, IR_OP_identity, x, place);
}

Value layer_zero(Eval *e, const Layer *l, Value x, Place place) {
    (void)l;
    return unary(e, IR_OP_zero, x, place);
}

/* max_pool(k stride pad), avg_pool(k stride pad count_padding) */
static Value pool(Eval *e, const Layer *l, Value x, IrOp op, Place place) {
    IrAttr attr = {.count_padding = op == IR_OP_avg_pool};
    if (!slot_window(e, l, 0, &attr))
        return value_poison();
    for (int i = 0; i < 2; i++)
        attr.stride[i] = attr.kernel[i];
    if (!slot_pair(e, l, 1, "stride", 1, attr.stride))
        return value_poison();
    for (int i = 0; i < 2; i++)
        attr.pad[i] = attr.stride[i] == 1 ? (attr.kernel[i] - 1) / 2 : 0;
    if (!slot_pad(e, l, 2, &attr))
        return value_poison();
    if (op == IR_OP_avg_pool && !slot_bool(e, l, 3, "count_padding", &attr.count_padding))
        return value_poison();
    return make_node(e, op, &x, 1, &attr, place);
}

Value layer_max_pool(Eval *e, const Layer *l, Value x, Place place) {
    return pool(e, l, x, IR_OP_max_pool, place);
}

Value layer_avg_pool(Eval *e, const Layer *l, Value x, Place place) {
    return pool(e, l, x, IR_OP_avg_pool, place);
}

/* [n, c, h, w] -> [n, c] */
Value layer_global_pool(Eval *e, const Layer *l, Value x, Place place) {
    (void)l;
    IrAttr attr = {.naxes = 2, .axes = {IR_AXIS_H, IR_AXIS_W}};
    return make_node(e, IR_OP_reduce_mean, &x, 1, &attr, place);
}

/* resize(h w mode like) */
Value layer_resize(Eval *e, const Layer *l, Value x, Place place) {
    const Call *c = l->call;
    IrAttr attr = {.mode = IR_RESIZE_NEAREST};
    int64_t unused;
    if (!image_channels(e, "resize", x, place, &unused))
        return value_poison();
    if (c->given[2]) {
        const ValueString *mode;
        if (!eval_text(e, c->slot[2], c->at[2], "mode", &mode))
            return value_poison();
        if (strcmp(mode->text, "bilinear") == 0)
            attr.mode = IR_RESIZE_BILINEAR;
        else if (strcmp(mode->text, "nearest") != 0)
            return FAIL(e, c->at[2], bad_value, "the mode of resize is nearest or bilinear");
    }
    if (c->given[3]) {
        if (!is_tensor(c->slot[3]))
            return FAIL(e, c->at[3], not_a_tensor, value_kind_name(c->slot[3]));
        attr.out_size[0] = ir_type_size(tensor_type(c->slot[3]), IR_AXIS_H);
        attr.out_size[1] = ir_type_size(tensor_type(c->slot[3]), IR_AXIS_W);
    } else if (!c->given[0] || !c->given[1]) {
        return FAIL(e, c->place, missing_argument, "resize", c->given[0] ? "w" : "h");
    }
    for (size_t i = 0; i < 2; i++)
        if (c->given[i] &&
            !eval_int(e, c->slot[i], c->at[i], "a size", 1, 1 << 20, &attr.out_size[i]))
            return value_poison();
    const IrType *t = tensor_type(x);
    if (ir_type_size(t, IR_AXIS_H) == attr.out_size[0] &&
        ir_type_size(t, IR_AXIS_W) == attr.out_size[1])
        return x;
    return make_node(e, IR_OP_resize, &x, 1, &attr, place);
}

/* first(c): channels 0 .. c - 1 */
Value layer_first(Eval *e, const Layer *l, Value x, Place place) {
    IrAttr attr = {.axis = IR_AXIS_C};
    if (!slot_int(e, l, 0, "the number of channels", 1, MAX_CHANNELS, &attr.hi))
        return value_poison();
    const IrType *t = tensor_type(x);
    if (ir_type_find(t, IR_AXIS_C) >= 0 && ir_type_size(t, IR_AXIS_C) == attr.hi)
        return x;
    return make_node(e, IR_OP_slice, &x, 1, &attr, place);
}

/* shift(k): k pixels up and to the left; what comes in is zero. */
Value layer_shift(Eval *e, const Layer *l, Value x, Place place) {
    static const IrAxis axes[] = {IR_AXIS_H, IR_AXIS_W};
    int64_t by, unused;
    if (!image_channels(e, "shift", x, place, &unused) ||
        !slot_int(e, l, 0, "a shift", 0, MAX_WINDOW, &by))
        return value_poison();
    for (int i = 0; by > 0 && i < 2; i++) {
        int64_t size = ir_type_size(tensor_type(x), axes[i]);
        IrAttr from = {.axis = axes[i], .lo = by, .hi = size};
        IrAttr to = {.axis = axes[i], .lo = 0, .hi = size - by, .size = size};
        x = make_node(e, IR_OP_slice, &x, 1, &from, place);
        if (value_is_poison(x))
            return x;
        x = make_node(e, IR_OP_embed, &x, 1, &to, place);
    }
    return x;
}
