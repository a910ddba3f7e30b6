/* Passes over graphs. Each takes a module (graph + roots) and makes a new one; the pipeline is
 * the list in docs/architecture.md, nothing is registered anywhere. */
#ifndef NASC_IR_PASSES_H
#define NASC_IR_PASSES_H

#include "ir/graph.h"

/* A graph with named results. Roots keep number and order through every pass. */
typedef struct IrModule {
    IrGraph *graph;
    size_t nroots;
    IrRef *roots;
    const char **root_names;
} IrModule;

/* Text form: one line a node, numbered from 0,
 *     %0 = input {slot=0} : [n=16, c=3, h=32, w=32]
 *     %1 = param {uid=0 init=default} : [o=8, i=3, kh=3, kw=3]  ; stem.weight
 *     %2 = conv(%0, %1) {kernel=3x3 stride=1x1 pad=1x1 dilation=1x1 groups=1} : [n=16, ...]
 * then `root NAME = %2` lines (NAME quoted if it has other signs than letters, digits and
 * ._:[],+-/); `;` starts a comment. An attribute that is zero is left out. Written by ir_print,
 * read back by ir_read: the same graph, places and names aside. ir_read returns false and fills err
 * ("line 3: ...") on bad text; the type of a node with inputs may be left out. Root names live in
 * the arena. */
void ir_print(Buf *b, const IrModule *m);
/* One line of it, without the line end. */
void ir_print_node(Buf *b, const IrGraph *g, IrRef r);
bool ir_read(Arena *arena, const char *text, size_t len, IrModule *out, IrError *err);
/* Graphviz drawing of what the roots reach. */
void ir_print_dot(Buf *b, const IrModule *m);

/* Marks (one bool a node, false on entry) what the roots reach, also through `zero`. */
void ir_mark_reached(const IrModule *m, bool *reached);
/* The same for nodes that lie on a path from an input to a root with no `zero` on it. */
void ir_mark_live(const IrModule *m, bool *live);

/* Drops what no root needs and renumbers; keeps everything else (also `zero` and `identity`). */
IrModule ir_prune(Arena *arena, const IrModule *m);

/* The canonical network. Zeros are propagated (through affine batch norm a zero becomes the
 * shift, and through a biased conv the bias), identities dropped, sums flattened and ordered,
 * single-term sums and concats unwrapped, slices of slices joined, leaves renumbered in
 * canonical order (uid = position over param and frozen together) and left without names; inputs
 * keep their slot. A sum that is used by other sums is flattened into each of them, and shared
 * again as far as the flat form allows (ir/canon.c). Two modules that differ only by the order
 * of commutative inputs, by dead parts, by names and by the numbering of leaves become the same
 * module, bit for bit; sharing of leaves is respected. Method: colour refinement over nodes and
 * leaves from above and below, ties individualised in order. */
IrModule ir_canonicalise(Arena *arena, const IrModule *m);
/* Content hash of a canonical module: ops, types, attributes, structure, order of roots. */
Hash128 ir_hash(const IrModule *canonical);

/* Rewrites composite forms into simple ones: conv and dense with bias -> conv + add; affine
 * batch norm -> batch_norm * scale + shift; batch_norm -> (x - mean) * bn_rstd; sub -> add/neg
 * where that shares more is NOT done (order of sums belongs to the op). After it no node of
 * class NORM but bn_rstd is left. */
IrModule ir_expand(Arena *arena, const IrModule *m);

/* Appends to m the gradient of scalar root `loss` for each leaf in `wrt` (normally every `param`
 * the loss depends on): new roots named "d:<uid>", in the order of `wrt`. Ordinary IR from a
 * rule table; nothing is made for leaves not in wrt. A leaf that the loss does not reach gets a
 * zero. Error: the path goes through an op without a gradient that is not piecewise constant. */
bool ir_gradient(Arena *arena, const IrModule *m, size_t loss, const IrRef *wrt, size_t nwrt,
                 IrModule *out, IrError *err);
/* The new nodes are appended to m's own graph, so that they share with the forward pass; m
 * itself and its refs stay valid. One rule an op: given node r of g and the gradient of its
 * value, puts the gradient for input i into grads[i] (IR_NONE: none flows); which inputs want
 * one and what a rule may rely on is in ir/grad.h. Rules emit differentiable IR. */
typedef void IrGradRule(IrGraph *g, IrRef r, IrRef grad, IrRef *grads);
#define OP(name, class, min_in, max_in, traits) IrGradRule ir_grad_##name;
#include "ir/ops.def"
#undef OP

/* Sizes of one network for a batch of one image (docs/method.md, "Sizes"), counted on a source
 * graph (made with merging off, see ir_set_merging):
 * every node that a root reaches, also through `zero`.
 * macs         multiply-accumulates of conv and dense, no bias, as written
 * live_macs    the same for nodes on a path input -> root that no `zero` cuts
 * counted_macs the ptflops count of convolutions (+1 per output element if biased), batch norm (2
 *              per element, 1 if not affine), relu outputs, pooling inputs (max, avg,
 *              reduce_mean over exactly h and w), outputs of a nearest resize that makes the map bigger;
 *              a tap's resize is not part of a network, so keep it out of `source`
 * params       elements of trained leaves
 * Elements of a node with the axis n are divided by its size. live: on a path input -> root without
 * `zero`. */
typedef struct IrSizes {
    int64_t params, macs, live_macs, counted_macs;
    int64_t conv_count, bn_count, relu_count, pool_count,
        resize_count; /* the parts of counted_macs */
} IrSizes;
/* false: a size beyond 64 bits. */
bool ir_sizes(const IrModule *source, IrSizes *out);

#endif
