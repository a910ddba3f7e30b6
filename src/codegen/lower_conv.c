/* Convolutions and dense layers, forward and gradients: direct kernels, or Winograd's where the
 * shape says so (conv_algorithm.h); the transformed filter and Winograd's work space are scratch of
 * the call, but for the filter of frozen weights, which the setup makes. Wide convolutions are
 * several calls, each for a piece of the channels. */
#include "codegen/conv_algorithm.h"
#include "codegen/lower.h"

/* Gradients of so many bytes leave the cache before all weights are updated; on maps of so many places
 * their way through memory takes a good part of the time. */
enum { AT_ONCE_BYTES = 256 << 10, AT_ONCE_PLACES = 16 };

typedef struct ConvJob {
    KernelKind kind;
    IrRef x, w, y; /* of the forward direction */
    IrRef bias;
    Layout tx, ty;
    ConvShape shape;
    ConvDesc d;
    int64_t groups;
    bool winograd;
    const LowerUpdate *update; /* conv_dw, or NULL */
    int64_t update_scratch;
} ConvJob;

/* Bias and relu that a convolution's group holds beside it. */
static void read_epilogue(const IrGraph *g, const Group *group, ConvJob *job) {
    const IrNode *anchor = ir_get(g, group->nodes[0]);
    job->bias = IR_NONE;
    if (job->kind == KERNEL_conv && anchor->nin == 3)
        job->bias = anchor->in[2];
    for (size_t i = 1; i < group->nnodes; i++) {
        const IrNode *n = ir_get(g, group->nodes[i]);
        if (n->op == IR_OP_relu) {
            job->d.relu = true;
            continue;
        }
        CHECK(n->op == IR_OP_add && n->nin == 2 && job->bias == IR_NONE);
        job->bias = n->in[0] == group->nodes[i - 1] ? n->in[1] : n->in[0];
    }
    job->d.bias = job->bias != IR_NONE;
}

static void read_tensors(const IrGraph *g, const Group *group, ConvJob *job) {
    const IrNode *n = ir_get(g, group->nodes[0]);
    IrRef out = group->outs[0];
    switch (n->op) {
    case IR_OP_conv:
    case IR_OP_dense:
        job->kind = KERNEL_conv;
        job->x = n->in[0], job->w = n->in[1], job->y = out;
        break;
    case IR_OP_conv_dx:
    case IR_OP_dense_dx:
        job->kind = KERNEL_conv_dx;
        job->x = out, job->w = n->in[1], job->y = n->in[0];
        break;
    default:
        job->kind = KERNEL_conv_dw;
        job->x = n->in[0], job->w = out, job->y = n->in[1];
    }
    job->tx = layout_of(&ir_get(g, job->x)->type);
    job->ty = layout_of(&ir_get(g, job->y)->type);
}

static ConvJob read_job(const IrModule *m, const Group *group, bool direct) {
    ConvJob job = {0};
    const IrNode *n = ir_get(m->graph, group->nodes[0]);
    read_tensors(m->graph, group, &job);
    read_epilogue(m->graph, group, &job);
    job.groups = MAX(n->attr->groups, 1);
    job.d.window = lower_window(n);
    job.d.groups = job.groups == 1          ? GROUPS_DENSE
                   : job.tx.c == job.groups ? GROUPS_DEPTHWISE
                                            : GROUPS_GROUPED;
    job.shape = (ConvShape){job.tx.n, job.tx.c, job.ty.c, job.tx.h, job.tx.w, job.ty.h, job.ty.w};
    job.winograd = !direct && conv_algorithm(job.kind, &job.d, &job.shape) == CONV_WINOGRAD;
    if (!job.winograd)
        job.d.form = conv_form(job.kind, &job.d, &job.shape);
    return job;
}

/* Winograd's sizes: what is summed over, what is written, tiles of the written map (dw: of the
 * output's), filter and work space of a piece. */
typedef struct WinoSizes {
    int64_t reduced, written, tiles, filter_bytes, scratch_bytes;
    WinoBlocks blocks;
    int by_image; /* dw */
} WinoSizes;

static int64_t round_up(int64_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static WinoSizes wino_sizes(const ConvJob *job) {
    bool forward = job->kind == KERNEL_conv;
    const Layout *to = job->kind == KERNEL_conv_dx ? &job->tx : &job->ty;
    WinoSizes s = {.reduced = forward ? job->tx.c : job->ty.c,
                   .written = forward ? job->ty.c : job->tx.c,
                   .tiles = wino_tiles(job->tx.n, to->h, to->w)};
    if (job->kind == KERNEL_conv_dw) {
        s.blocks.piece = wino_dw_piece(job->tx.c, job->ty.c);
        s.by_image = wino_dw_by_image(s.tiles, job->tx.c, s.blocks.piece);
        s.scratch_bytes =
            round_up(wino_dw_scratch_bytes(s.tiles, job->tx.c, s.blocks.piece, s.by_image));
        return s;
    }
    s.blocks = wino_blocks(s.tiles, s.reduced, s.written);
    s.filter_bytes = round_up(wino_filter_bytes(s.reduced, s.blocks.piece));
    s.scratch_bytes = round_up(wino_scratch_bytes(&s.blocks, s.reduced));
    return s;
}

static bool is_conv(const IrModule *m, const Group *group) {
    return group->domain.kind == GROUP_ANCHOR &&
           ir_op_info(ir_get(m->graph, group->nodes[0])->op)->class == IR_CLASS_CONV;
}

/* Of the convolution alone. */
static int64_t scratch_bytes(const ConvJob *job, bool has_filter) {
    if (!job->winograd)
        return conv_scratch_bytes(job->d.form, job->kind, &job->shape);
    WinoSizes s = wino_sizes(job);
    return s.scratch_bytes + (has_filter ? 0 : s.filter_bytes);
}

static int64_t weight_row_bytes(const ConvJob *job) {
    const int32_t *kernel = job->d.window.kernel;
    return job->tx.c / job->groups * kernel[0] * kernel[1] * (int64_t)sizeof(float);
}

int64_t lower_scratch_bytes(const IrModule *m, const Group *group, bool direct, bool has_filter,
                            bool updates) {
    if (!is_conv(m, group))
        return 0;
    ConvJob job = read_job(m, group, direct);
    int64_t rows = updates ? round_up(UPDATE_ROWS * weight_row_bytes(&job)) : 0;
    return scratch_bytes(&job, has_filter) + rows;
}

bool lower_can_update(const IrModule *m, const Group *group, bool direct) {
    if (!is_conv(m, group))
        return false;
    ConvJob job = read_job(m, group, direct);
    return job.kind == KERNEL_conv_dw && job.d.groups == GROUPS_DENSE &&
           (job.winograd || job.d.form != CONV_PACKED) &&
           job.ty.c * weight_row_bytes(&job) >= AT_ONCE_BYTES &&
           job.ty.h * job.ty.w <= AT_ONCE_PLACES;
}

static UpdateKind update_kind(const LowerUpdate *u) {
    return !u ? UPDATE_NONE : u->settings->decay != 0 ? UPDATE_SGD_DECAY : UPDATE_SGD;
}

static void push_update(const ConvJob *job, int64_t *arg) {
    if (!job->update)
        return;
    arg[UPDATE_V] = job->update->momentum;
    arg[UPDATE_GRADIENT] = job->update_scratch;
    arg[UPDATE_LR] = lower_float_bits(job->update->settings->lr);
    arg[UPDATE_MOMENTUM] = lower_float_bits(job->update->settings->momentum);
    arg[UPDATE_DECAY] = lower_float_bits(job->update->settings->decay);
}

/* Bytes of the weights that a gradient reads and writes. */
static int64_t moved_weights(const ConvJob *job) {
    return job->ty.c * weight_row_bytes(job) * (job->update ? 4 : 1);
}

/* A filter of several pieces is cheaper to make again than to read from beyond the cache. */
bool lower_frozen_filter(const IrModule *m, const Group *group, bool direct, LowerFilter *out) {
    if (!is_conv(m, group))
        return false;
    ConvJob job = read_job(m, group, direct);
    if (!job.winograd || job.kind == KERNEL_conv_dw || ir_get(m->graph, job.w)->op != IR_OP_frozen)
        return false;
    WinoSizes s = wino_sizes(&job);
    *out = (LowerFilter){job.w, job.kind == KERNEL_conv_dx, s.reduced, s.written, s.filter_bytes};
    return s.blocks.piece == s.written;
}

static void lower_direct(Lower *l, const ConvJob *job, int64_t scratch, IrRef out,
                         const char *what) {
    const Layout *x = &job->tx, *y = &job->ty;
    int64_t arg[CONV_NARGS] = {0};
    arg[CONV_X] = l->offset[job->x];
    arg[CONV_W] = l->offset[job->w];
    arg[CONV_Y] = l->offset[job->y];
    arg[CONV_BIAS] = job->d.bias ? l->offset[job->bias] : 0;
    arg[CONV_N] = x->blocks;
    arg[CONV_VALID] = x->n - (x->blocks - 1) * LANES;
    arg[CONV_I] = x->c / job->groups;
    arg[CONV_O] = y->c / job->groups;
    arg[CONV_H] = x->h;
    arg[CONV_WIDTH] = x->w;
    arg[CONV_OH] = y->h;
    arg[CONV_OW] = y->w;
    arg[CONV_X_BLOCK] = lower_block_bytes(x);
    arg[CONV_Y_BLOCK] = lower_block_bytes(y);
    arg[CONV_SCRATCH] = scratch;
    push_update(job, arg + CONV_UPDATE);
    Buf text = {0};
    kernel_text_conv(&text, job->kind, &job->d);
    lower_push(l, job->kind, lower_take_text(l, &text), arg, CONV_NARGS,
               job->kind == KERNEL_conv_dx ? x->c : y->c, x->bytes + y->bytes + moved_weights(job),
               out, what);
}

/* Written channels `first` .. first + count of a filter. */
static void push_filter(Lower *l, const LowerFilter *f, int64_t first, int64_t count, int64_t to,
                        const char *what) {
    int64_t window = 9 * (int64_t)sizeof(float);
    int64_t wide = (f->turned ? f->written : f->reduced) * window;
    int64_t arg[WINO_FILTER_NARGS] = {0};
    arg[WINO_FILTER_LANE_STEP] = f->turned ? window : wide;
    arg[WINO_FILTER_STEP] = f->turned ? wide : window;
    arg[WINO_FILTER_W] = l->offset[f->weight] + first * arg[WINO_FILTER_LANE_STEP];
    arg[WINO_FILTER_U] = to;
    arg[WINO_FILTER_LANES] = count;
    arg[WINO_FILTER_REDUCED] = f->reduced;
    Buf text = {0};
    kernel_text_wino_filter(&text, f->turned);
    int64_t bytes = wino_filter_bytes(f->reduced, count) + f->reduced * count * window;
    PlanCall *call =
        lower_push(l, KERNEL_wino_filter, lower_take_text(l, &text), arg, WINO_FILTER_NARGS,
                   (count + LANES - 1) / LANES, bytes, IR_NONE, what);
    call->nnodes = 0;
}

void lower_filter(Lower *l, const LowerFilter *f, int64_t to) {
    const char *what = arena_printf(l->arena, "filter of frozen %%%u", f->weight);
    push_filter(l, f, 0, f->written, to, what);
}

static void push_piece(Lower *l, const ConvJob *job, const int64_t *arg, const WinoSizes *s,
                       IrRef out, const char *what) {
    Buf text = {0};
    kernel_text_wino(&text, &(WinoDesc){job->d.bias, job->d.relu});
    int64_t bytes = job->kind == KERNEL_conv ? job->tx.bytes : job->ty.bytes;
    bytes += s->tiles * LANES * LANES * (int64_t)sizeof(float) * arg[WINO_K];
    bytes += wino_filter_bytes(s->reduced, arg[WINO_K]);
    PlanCall *call = lower_push(l, KERNEL_wino, lower_take_text(l, &text), arg, WINO_NARGS,
                                s->tiles, bytes, out, what);
    call->nnodes = 0;
}

static void lower_winograd(Lower *l, const ConvJob *job, const WinoSizes *s,
                           const LowerSpace *space, IrRef out, const char *what) {
    bool back = job->kind == KERNEL_conv_dx, own = space->filter < 0;
    const Layout *from = back ? &job->ty : &job->tx, *to = back ? &job->tx : &job->ty;
    LowerFilter filter = {job->w, back, s->reduced, s->written, s->filter_bytes};
    int64_t arg[WINO_NARGS] = {0}, plane = to->h * to->w * LANES * (int64_t)sizeof(float);
    arg[WINO_SRC] = l->offset[back ? job->y : job->x];
    arg[WINO_U] = own ? space->scratch : space->filter;
    arg[WINO_SCRATCH] = space->scratch + (own ? s->filter_bytes : 0);
    arg[WINO_C] = s->reduced;
    arg[WINO_H] = from->h;
    arg[WINO_WIDTH] = from->w;
    arg[WINO_OH] = to->h;
    arg[WINO_OW] = to->w;
    arg[WINO_PAD_H] = back ? 2 - job->d.window.pad[0] : job->d.window.pad[0];
    arg[WINO_PAD_W] = back ? 2 - job->d.window.pad[1] : job->d.window.pad[1];
    arg[WINO_SRC_BLOCK] = lower_block_bytes(from);
    arg[WINO_DST_BLOCK] = lower_block_bytes(to);
    arg[WINO_TILES] = s->blocks.tiles;
    arg[WINO_CHANNELS] = s->blocks.channels;
    for (int64_t k = 0; k < s->written; k += s->blocks.piece) {
        arg[WINO_K] = MIN(s->blocks.piece, s->written - k);
        arg[WINO_DST] = l->offset[back ? job->x : job->y] + k * plane;
        arg[WINO_BIAS] = job->d.bias ? l->offset[job->bias] + k * (int64_t)sizeof(float) : 0;
        if (own)
            push_filter(l, &filter, k, arg[WINO_K], space->scratch,
                        arena_printf(l->arena, "filter of %s", what));
        push_piece(l, job, arg, s, out, what);
    }
}

static void lower_winograd_dw(Lower *l, const ConvJob *job, const WinoSizes *s, int64_t scratch,
                              const char *what) {
    const Layout *x = &job->tx, *y = &job->ty;
    int64_t arg[WINO_DW_NARGS] = {0}, w_bytes = moved_weights(job);
    arg[WINO_DW_X] = l->offset[job->x];
    arg[WINO_DW_DY] = l->offset[job->y];
    arg[WINO_DW_DW] = l->offset[job->w];
    arg[WINO_DW_SCRATCH] = scratch;
    arg[WINO_DW_N] = x->blocks;
    arg[WINO_DW_VALID] = x->n - (x->blocks - 1) * LANES;
    arg[WINO_DW_I] = x->c;
    arg[WINO_DW_O] = y->c;
    arg[WINO_DW_H] = x->h;
    arg[WINO_DW_WIDTH] = x->w;
    arg[WINO_DW_OH] = y->h;
    arg[WINO_DW_OW] = y->w;
    arg[WINO_DW_PAD_H] = job->d.window.pad[0];
    arg[WINO_DW_PAD_W] = job->d.window.pad[1];
    arg[WINO_DW_X_BLOCK] = lower_block_bytes(x);
    arg[WINO_DW_Y_BLOCK] = lower_block_bytes(y);
    push_update(job, arg + WINO_DW_UPDATE);
    for (int64_t k = 0; k < y->c; k += s->blocks.piece) {
        Buf text = {0};
        kernel_text_wino_dw(&text, &(WinoDwDesc){s->by_image, job->d.update});
        int64_t end = MIN(k + s->blocks.piece, y->c);
        PlanCall *call =
            lower_push(l, KERNEL_wino_dw, lower_take_text(l, &text), arg, WINO_DW_NARGS, end,
                       x->bytes + (y->bytes + w_bytes) * (end - k) / y->c, job->w, what);
        call->lo = k;
        call->nnodes = 0;
    }
}

/* Of the convolution as written, whatever the algorithm saves. */
static int64_t job_flops(const ConvJob *job) {
    const Layout *y = &job->ty;
    const int32_t *kernel = job->d.window.kernel;
    return 2 * y->n * y->c * y->h * y->w * (job->tx.c / job->groups) * kernel[0] * kernel[1];
}

/* The nodes and operations of the group count with its last call. */
void lower_conv(Lower *l, const Group *group, const LowerSpace *space, const char *what) {
    ConvJob job = read_job(l->m, group, l->direct);
    job.update = space->update;
    job.d.update = update_kind(space->update);
    job.update_scratch = space->scratch + scratch_bytes(&job, false);
    IrRef out = group->outs[0];
    WinoSizes s = wino_sizes(&job);
    if (!job.winograd)
        lower_direct(l, &job, space->scratch, out, what);
    else if (job.kind == KERNEL_conv_dw)
        lower_winograd_dw(l, &job, &s, space->scratch, what);
    else
        lower_winograd(l, &job, &s, space, out, what);
    PlanCall *last = &l->calls->items[l->calls->len - 1];
    last->nnodes = group->nnodes;
    last->flops = job_flops(&job);
}
