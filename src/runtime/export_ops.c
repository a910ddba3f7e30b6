#include "runtime/export_ops.h"

#include <stdio.h>
#include <string.h>

static void put_size(Buf *b, const ExportOps *x, IrAxis axis, int64_t size) {
    if (x->batch && axis == IR_AXIS_N && size > 1)
        buf_puts(b, x->batch);
    else
        buf_printf(b, "%lld", (long long)size);
}

static void put_sizes(Buf *b, const ExportOps *x, const IrType *t) {
    for (int i = 0; i < t->rank; i++) {
        buf_puts(b, i ? ", " : "");
        put_size(b, x, t->axis[i], t->size[i]);
    }
}

/* t<ref> with its dimensions brought to the order of `to`; axes it lacks get size 1 (so that it broadcasts). */
static void put_aligned(Buf *b, const ExportOps *x, IrRef r, const IrType *to) {
    const IrType *from = &ir_get(x->graph, r)->type;
    bool same = from->rank == to->rank;
    for (int i = 0; same && i < to->rank; i++)
        same = from->axis[i] == to->axis[i];
    buf_printf(b, "t%u", r);
    if (same || from->rank == 0)
        return;
    bool sorted = true;
    int order[IR_MAX_AXES], n = 0;
    for (int i = 0; i < to->rank; i++) {
        int at = ir_type_find(from, to->axis[i]);
        if (at >= 0)
            order[n++] = at;
    }
    for (int i = 0; i + 1 < n; i++)
        sorted &= order[i] < order[i + 1];
    if (!sorted) {
        buf_puts(b, ".permute(");
        for (int i = 0; i < n; i++)
            buf_printf(b, "%s%d", i ? ", " : "", order[i]);
        buf_putc(b, ')');
    }
    if (from->rank == to->rank)
        return;
    buf_puts(b, ".reshape(");
    for (int i = 0; i < to->rank; i++) {
        buf_puts(b, i ? ", " : "");
        put_size(b, x, to->axis[i], ir_type_size(from, to->axis[i]));
    }
    buf_putc(b, ')');
}

/* An activation in the order n, c, h, w whatever its type says. */
static void put_image(Buf *b, const ExportOps *x, IrRef r) {
    IrType order = {.rank = 4, .axis = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W}};
    const IrType *from = &ir_get(x->graph, r)->type;
    if (from->rank < 4) {
        buf_printf(b, "t%u", r);
        return;
    }
    put_aligned(b, x, r, &order);
}

static void put_pair(Buf *b, const char *name, const int32_t v[2]) {
    buf_printf(b, ", %s=(%d, %d)", name, v[0], v[1]);
}

static void put_dims(Buf *b, const IrType *t, const IrAttr *attr) {
    buf_puts(b, "dim=(");
    for (int i = 0; i < attr->naxes; i++)
        buf_printf(b, "%d, ", ir_type_find(t, attr->axes[i]));
    buf_putc(b, ')');
}

/* Elementwise ops by a pattern: $0, $1, $2 are the aligned inputs. */
static const char *pattern_of(IrOp op) {
    switch (op) {
    case IR_OP_zero:
        return "torch.zeros_like($0)";
    case IR_OP_identity:
        return "$0";
    case IR_OP_neg:
        return "-$0";
    case IR_OP_abs:
        return "torch.abs($0)";
    case IR_OP_sign:
        return "torch.sign($0)";
    case IR_OP_step:
        return "($0 > 0).to($0.dtype)";
    case IR_OP_floor:
        return "torch.floor($0)";
    case IR_OP_relu:
        return "F.relu($0)";
    case IR_OP_sqrt:
        return "torch.sqrt($0)";
    case IR_OP_recip:
        return "1 / $0";
    case IR_OP_exp:
        return "torch.exp($0)";
    case IR_OP_log:
        return "torch.log($0)";
    case IR_OP_sin:
        return "torch.sin($0)";
    case IR_OP_cos:
        return "torch.cos($0)";
    case IR_OP_tanh:
        return "torch.tanh($0)";
    case IR_OP_sigmoid:
        return "torch.sigmoid($0)";
    case IR_OP_sub:
        return "$0 - $1";
    case IR_OP_mul:
        return "$0 * $1";
    case IR_OP_div:
        return "$0 / $1";
    case IR_OP_pow:
        return "$0 ** $1";
    case IR_OP_maximum:
        return "torch.maximum($0, $1)";
    case IR_OP_minimum:
        return "torch.minimum($0, $1)";
    case IR_OP_mod:
        return "torch.remainder($0, $1)";
    case IR_OP_less:
        return "torch.lt($0, $1).to(v['dtype'])";
    case IR_OP_equal:
        return "torch.eq($0, $1).to(v['dtype'])";
    case IR_OP_select:
        return "torch.where($0 != 0, $1, $2)";
    default:
        return NULL;
    }
}

static void put_pattern(Buf *b, const ExportOps *x, const IrNode *n, const char *pattern) {
    for (const char *p = pattern; *p; p++) {
        if (*p == '$')
            put_aligned(b, x, n->in[*++p - '0'], &n->type);
        else
            buf_putc(b, *p);
    }
}

static void put_list(Buf *b, const ExportOps *x, const IrNode *n, const char *between) {
    for (uint32_t i = 0; i < n->nin; i++) {
        buf_puts(b, i ? between : "");
        put_aligned(b, x, n->in[i], &n->type);
    }
}

static void put_window(Buf *b, const ExportOps *x, const IrNode *n) {
    const IrAttr *a = n->attr;
    switch (n->op) {
    case IR_OP_conv:
        buf_puts(b, "F.conv2d(");
        put_image(b, x, n->in[0]);
        buf_printf(b, ", t%u, ", n->in[1]);
        buf_printf(b, n->nin > 2 ? "t%u" : "None", n->nin > 2 ? n->in[2] : 0);
        put_pair(b, "stride", a->stride);
        put_pair(b, "padding", a->pad);
        put_pair(b, "dilation", a->dilation);
        buf_printf(b, ", groups=%d)", a->groups);
        return;
    case IR_OP_max_pool:
    case IR_OP_avg_pool:
        buf_puts(b, n->op == IR_OP_max_pool ? "F.max_pool2d(" : "F.avg_pool2d(");
        put_image(b, x, n->in[0]);
        buf_printf(b, ", (%d, %d)", a->kernel[0], a->kernel[1]);
        put_pair(b, "stride", a->stride);
        put_pair(b, "padding", a->pad);
        if (n->op == IR_OP_avg_pool)
            buf_printf(b, ", count_include_pad=%s", a->count_padding ? "True" : "False");
        buf_putc(b, ')');
        return;
    default: /* resize */
        buf_puts(b, "F.interpolate(");
        put_image(b, x, n->in[0]);
        buf_printf(b, ", size=(%lld, %lld), mode=%s)", (long long)a->out_size[0],
                   (long long)a->out_size[1],
                   a->mode == IR_RESIZE_NEAREST ? "'nearest'" : "'bilinear', align_corners=False");
    }
}

static void put_reduce(Buf *b, const ExportOps *x, const IrNode *n) {
    const char *name = n->op == IR_OP_reduce_sum    ? "sum"
                       : n->op == IR_OP_reduce_mean ? "mean"
                                                    : "amax";
    buf_printf(b, "t%u.%s(", n->in[0], name);
    put_dims(b, &ir_get(x->graph, n->in[0])->type, n->attr);
    buf_putc(b, ')');
}

static void put_batch_norm(Buf *b, const ExportOps *x, const IrNode *n) {
    buf_puts(b, "F.batch_norm(");
    put_image(b, x, n->in[0]);
    buf_puts(b, ", None, None, ");
    if (n->nin > 2)
        buf_printf(b, "t%u, t%u", n->in[1], n->in[2]);
    else
        buf_printf(b, "None, None");
    buf_puts(b, ", training=True, eps=");
    buf_put_double(b, n->attr->value);
    buf_putc(b, ')');
}

/* einsum by lists of axes: two operands with the numbers of their axes, then those of the result. */
static void put_contract(Buf *b, const ExportOps *x, const IrNode *n) {
    IrAxis axes[2 * IR_MAX_AXES];
    int naxes = 0;
    buf_puts(b, "torch.einsum(");
    for (int k = 0; k < 3; k++) {
        const IrType *t = k < 2 ? &ir_get(x->graph, n->in[k])->type : &n->type;
        if (k < 2)
            buf_printf(b, "t%u, ", n->in[k]);
        buf_putc(b, '[');
        for (int i = 0; i < t->rank; i++) {
            int at = 0;
            while (at < naxes && axes[at] != t->axis[i])
                at++;
            if (at == naxes)
                axes[naxes++] = t->axis[i];
            buf_printf(b, "%s%d", i ? ", " : "", at);
        }
        buf_puts(b, k < 2 ? "], " : "])");
    }
}

/* The merged axes brought together, in their order, where the first of them stands; then one. */
static void put_merge(Buf *b, const ExportOps *x, const IrNode *n) {
    const IrType *from = &ir_get(x->graph, n->in[0])->type;
    IrType apart = {0};
    for (int i = 0; i < n->type.rank; i++) {
        bool merged = n->type.axis[i] == n->attr->axis;
        for (int k = 0; k < (merged ? n->attr->naxes : 1); k++) {
            IrAxis axis = merged ? n->attr->axes[k] : n->type.axis[i];
            apart.axis[apart.rank] = axis;
            apart.size[apart.rank++] = ir_type_size(from, axis);
        }
    }
    put_aligned(b, x, n->in[0], &apart);
    buf_puts(b, ".reshape(");
    put_sizes(b, x, &n->type);
    buf_putc(b, ')');
}

static bool put_move(Buf *b, const ExportOps *x, const IrNode *n) {
    const IrType *from = n->nin ? &ir_get(x->graph, n->in[0])->type : NULL;
    int at = from ? ir_type_find(from, n->attr->axis) : 0;
    switch (n->op) {
    case IR_OP_expand:
        if (from->rank == 0)
            buf_printf(b, "t%u", n->in[0]);
        else
            put_aligned(b, x, n->in[0], &n->type);
        buf_puts(b, ".expand(");
        put_sizes(b, x, &n->type);
        buf_putc(b, ')');
        return true;
    case IR_OP_concat:
        buf_puts(b, "torch.cat([");
        put_list(b, x, n, ", ");
        buf_printf(b, "], dim=%d)", ir_type_find(&n->type, n->attr->axis));
        return true;
    case IR_OP_slice:
        buf_printf(b, "t%u.narrow(%d, %lld, %lld)", n->in[0], at, (long long)n->attr->lo,
                   (long long)(n->attr->hi - n->attr->lo));
        return true;
    case IR_OP_embed:
        buf_printf(b, "F.pad(t%u, (", n->in[0]);
        for (int i = n->type.rank - 1; i > at; i--)
            buf_puts(b, "0, 0, ");
        buf_printf(b, "%lld, %lld))", (long long)n->attr->lo,
                   (long long)(n->attr->size - n->attr->hi));
        return true;
    case IR_OP_rename:
        buf_printf(b, "t%u", n->in[0]);
        return true;
    case IR_OP_merge:
        put_merge(b, x, n);
        return true;
    case IR_OP_unmerge:
        buf_printf(b, "t%u.reshape(", n->in[0]);
        put_sizes(b, x, &n->type);
        buf_putc(b, ')');
        return true;
    default:
        return false;
    }
}

/* Sums are n-ary in the IR and run left to right, as chained additions do. */
bool export_op(Buf *b, const ExportOps *x, IrRef r, NascError *err) {
    const IrNode *n = ir_get(x->graph, r);
    const char *pattern = pattern_of(n->op);
    buf_printf(b, "    t%u = ", r);
    switch (n->op) {
    case IR_OP_input:
    case IR_OP_param:
    case IR_OP_frozen:
        buf_printf(b, "v[%u]", r);
        break;
    case IR_OP_constant:
        buf_puts(b, "torch.tensor(");
        buf_put_double(b, n->attr->value);
        buf_puts(b, ", dtype=v['dtype'])");
        break;
    case IR_OP_add:
        put_list(b, x, n, " + ");
        break;
    case IR_OP_conv:
    case IR_OP_max_pool:
    case IR_OP_avg_pool:
    case IR_OP_resize:
        put_window(b, x, n);
        break;
    case IR_OP_dense:
        buf_printf(b, "F.linear(t%u, t%u", n->in[0], n->in[1]);
        if (n->nin > 2)
            buf_printf(b, ", t%u", n->in[2]);
        buf_putc(b, ')');
        break;
    case IR_OP_reduce_sum:
    case IR_OP_reduce_mean:
    case IR_OP_reduce_max:
        put_reduce(b, x, n);
        break;
    case IR_OP_batch_norm:
        put_batch_norm(b, x, n);
        break;
    case IR_OP_contract:
        put_contract(b, x, n);
        break;
    default:
        if (pattern)
            put_pattern(b, x, n, pattern);
        else if (!put_move(b, x, n)) {
            nasc_fail(err, NASC_PROGRAM_ERROR,
                      "the op '%s' cannot be exported to PyTorch: a proxy that looks at gradients, "
                      "Gram matrices or eigenvalues is not exported",
                      ir_op_info(n->op)->name);
            return false;
        }
    }
    buf_putc(b, '\n');
    return true;
}
