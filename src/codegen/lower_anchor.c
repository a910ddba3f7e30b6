/* Pooling, resizing and copies: descriptors and arguments as kernel_args.h orders them;
 * convolutions have a file of their own. */
#include "codegen/lower.h"

#include <string.h>

enum { VECTOR_BYTES = LANES * (int)sizeof(float) };

WindowDesc lower_window(const IrNode *n) {
    WindowDesc w = {{1, 1}, {1, 1}, {0, 0}, {1, 1}};
    if (ir_op_info(n->op)->class == IR_CLASS_CONV && n->op != IR_OP_conv &&
        n->op != IR_OP_conv_dx && n->op != IR_OP_conv_dw)
        return w;
    memcpy(w.kernel, n->attr->kernel, sizeof w.kernel);
    memcpy(w.stride, n->attr->stride, sizeof w.stride);
    memcpy(w.pad, n->attr->pad, sizeof w.pad);
    for (int a = 0; a < 2; a++)
        w.dilation[a] = MAX(n->attr->dilation[a], 1);
    return w;
}

static void lower_pool(Lower *l, const Group *group, const char *what) {
    IrRef out = group->nodes[0];
    const IrNode *n = ir_get(l->m->graph, out);
    PoolDesc d = {.window = lower_window(n), .count_padding = n->attr->count_padding};
    IrRef x = n->in[0], y = out, dx = IR_NONE;
    if (n->op == IR_OP_max_pool) {
        d.op = POOL_MAX;
    } else if (n->op == IR_OP_avg_pool) {
        d.op = POOL_AVG;
    } else {
        d.op = n->op == IR_OP_max_pool_dx ? POOL_MAX_DX : POOL_AVG_DX;
        dx = out;
        y = n->in[n->nin - 1];
    }
    bool reads_x = d.op != POOL_AVG_DX;
    Layout tx = lower_layout(l, dx != IR_NONE ? dx : x), ty = lower_layout(l, y);
    int64_t arg[POOL_NARGS] = {0};
    arg[POOL_ARG_X] = reads_x ? l->offset[x] : 0;
    arg[POOL_ARG_Y] = l->offset[y];
    arg[POOL_ARG_DX] = dx != IR_NONE ? l->offset[dx] : 0;
    arg[POOL_ARG_N] = tx.blocks;
    arg[POOL_ARG_H] = tx.h;
    arg[POOL_ARG_W] = tx.w;
    arg[POOL_ARG_OH] = ty.h;
    arg[POOL_ARG_OW] = ty.w;
    arg[POOL_ARG_X_BLOCK] = arg[POOL_ARG_DX_BLOCK] = lower_block_bytes(&tx);
    arg[POOL_ARG_Y_BLOCK] = lower_block_bytes(&ty);
    Buf text = {0};
    kernel_text_pool(&text, &d);
    int64_t bytes = ty.bytes + tx.bytes * (reads_x + (dx != IR_NONE));
    lower_push(l, KERNEL_pool, lower_take_text(l, &text), arg, POOL_NARGS, tx.c, bytes, out, what);
}

static void lower_resize(Lower *l, const Group *group, const char *what) {
    IrRef out = group->nodes[0];
    const IrNode *n = ir_get(l->m->graph, out);
    bool back = n->op == IR_OP_resize_dx, nearest = n->attr->mode == IR_RESIZE_NEAREST;
    IrRef x = back ? out : n->in[0], y = back ? n->in[0] : out;
    Layout tx = lower_layout(l, x), ty = lower_layout(l, y);
    ResizeOp op = nearest ? (back ? RESIZE_NEAREST_DX : RESIZE_NEAREST)
                          : (back ? RESIZE_BILINEAR_DX : RESIZE_BILINEAR);
    int64_t arg[RESIZE_NARGS] = {0};
    arg[RESIZE_X] = l->offset[x];
    arg[RESIZE_Y] = l->offset[y];
    arg[RESIZE_N] = tx.blocks;
    arg[RESIZE_H] = tx.h;
    arg[RESIZE_W] = tx.w;
    arg[RESIZE_OH] = ty.h;
    arg[RESIZE_OW] = ty.w;
    arg[RESIZE_X_BLOCK] = lower_block_bytes(&tx);
    arg[RESIZE_Y_BLOCK] = lower_block_bytes(&ty);
    Buf text = {0};
    kernel_text_resize(&text, op);
    lower_push(l, KERNEL_resize, lower_take_text(l, &text), arg, RESIZE_NARGS, tx.c,
               tx.bytes + ty.bytes, out, what);
}

/* A box of channels, rows and columns at position `at` of a tensor. */
typedef struct Piece {
    IrRef r;
    int64_t at[3]; /* c, h, w */
} Piece;

static int64_t piece_offset(const Lower *l, const Piece *p, const Layout *t) {
    return l->offset[p->r] + ((p->at[0] * t->h + p->at[1]) * t->w + p->at[2]) * VECTOR_BYTES;
}

static void copy_piece(Lower *l, CopyOp op, Piece from, Piece to, const Layout *size,
                       const char *what) {
    Layout src = lower_layout(l, from.r), dst = lower_layout(l, to.r);
    bool whole_rows = size->w == src.w && size->w == dst.w;
    int64_t arg[COPY_NARGS] = {0};
    arg[COPY_SRC] = piece_offset(l, &from, &src);
    arg[COPY_DST] = piece_offset(l, &to, &dst);
    if (op == COPY_MOVE && arg[COPY_SRC] == arg[COPY_DST])
        return; /* a view */
    arg[COPY_A] = dst.blocks;
    arg[COPY_ROWS] = whole_rows ? 1 : size->h;
    arg[COPY_LEN] = size->w * VECTOR_BYTES * (whole_rows ? size->h : 1);
    arg[COPY_SRC_A] = lower_block_bytes(&src);
    arg[COPY_SRC_B] = src.h * src.w * VECTOR_BYTES;
    arg[COPY_SRC_R] = src.w * VECTOR_BYTES;
    arg[COPY_DST_A] = lower_block_bytes(&dst);
    arg[COPY_DST_B] = dst.h * dst.w * VECTOR_BYTES;
    arg[COPY_DST_R] = dst.w * VECTOR_BYTES;
    Buf text = {0};
    kernel_text_copy(&text, op);
    int64_t bytes = dst.blocks * size->c * size->h * size->w * VECTOR_BYTES;
    lower_push(l, KERNEL_copy, lower_take_text(l, &text), arg, COPY_NARGS, size->c,
               op == COPY_ZERO ? bytes : 2 * bytes, to.r, what);
}

void lower_clear(Lower *l, IrRef r, int64_t elements, const char *what) {
    int64_t arg[COPY_NARGS] = {0};
    arg[COPY_DST] = l->offset[r];
    arg[COPY_A] = arg[COPY_ROWS] = 1;
    arg[COPY_LEN] = elements * (int64_t)sizeof(float);
    Buf text = {0};
    kernel_text_copy(&text, COPY_ZERO);
    lower_push(l, KERNEL_copy, lower_take_text(l, &text), arg, COPY_NARGS, 1, arg[COPY_LEN], r,
               what);
}

static int axis_index(IrAxis axis) {
    return axis == IR_AXIS_C ? 0 : axis == IR_AXIS_H ? 1 : 2;
}

static void lower_copy(Lower *l, const Group *group, const char *what) {
    IrRef out = group->nodes[0];
    const IrNode *n = ir_get(l->m->graph, out);
    int axis = axis_index(n->attr->axis);
    Layout whole = lower_layout(l, out);
    Piece from = {n->in[0], {0}}, to = {out, {0}};
    if (n->op == IR_OP_slice) {
        from.at[axis] = n->attr->lo;
        copy_piece(l, COPY_MOVE, from, to, &whole, what);
        return;
    }
    if (n->op == IR_OP_embed) {
        Layout part = lower_layout(l, n->in[0]);
        copy_piece(l, COPY_ZERO, to, to, &whole, what);
        to.at[axis] = n->attr->lo;
        copy_piece(l, COPY_MOVE, from, to, &part, what);
        return;
    }
    CHECK(n->op == IR_OP_concat);
    for (uint32_t k = 0; k < n->nin; k++) {
        Layout part = lower_layout(l, n->in[k]);
        from.r = n->in[k];
        copy_piece(l, COPY_MOVE, from, to, &part, what);
        to.at[axis] += axis == 0 ? part.c : axis == 1 ? part.h : part.w;
    }
}

/* Pieces of activations [n, c, h, w] move row by row. */
static bool is_image_copy(const Lower *l, const IrNode *n) {
    if (n->op != IR_OP_concat && n->op != IR_OP_slice && n->op != IR_OP_embed)
        return false;
    const IrType *t = &n->type;
    for (int i = 0; i < t->rank; i++)
        if (t->axis[i] != IR_AXIS_N && t->axis[i] != IR_AXIS_C && t->axis[i] != IR_AXIS_H &&
            t->axis[i] != IR_AXIS_W)
            return false;
    return lower_layout(l, n->in[0]).kind == LAYOUT_LANES;
}

void lower_anchor(Lower *l, const Group *group, const LowerSpace *space) {
    const IrNode *n = ir_get(l->m->graph, group->nodes[0]);
    const char *bias = group->nnodes > 2 ? " + bias + relu" : "", *name = ir_op_info(n->op)->name;
    if (group->nnodes == 2)
        bias = ir_get(l->m->graph, group->nodes[1])->op == IR_OP_relu ? " + relu" : " + bias";
    const char *what = arena_printf(l->arena, "%s %%%u%s", name, group->nodes[0], bias);
    switch (ir_op_info(n->op)->class) {
    case IR_CLASS_CONV:
        lower_conv(l, group, space, what);
        break;
    case IR_CLASS_POOL:
        lower_pool(l, group, what);
        break;
    case IR_CLASS_RESIZE:
        lower_resize(l, group, what);
        break;
    default:
        if (is_image_copy(l, n))
            lower_copy(l, group, what);
        else
            lower_nest(l, group, what);
    }
}
