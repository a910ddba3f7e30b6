/* Kernels: descriptor -> code. A descriptor says everything that shapes the code (kind, window, epilogue,
 * register block, the little program of a fused map) and nothing that can be an argument (channels, map
 * sizes, offsets, learning rates), so that few kernels serve all networks. Its text is the key of the
 * registry and, with target, LLVM version and CODEGEN_VERSION, of the cache on disk.
 *
 * Layout of an activation [n, c, h, w]: blocks of 16 images, [block][c][h][w][16 lanes] of float; lanes
 * beyond the batch hold whatever (finite) values come out and are masked in reductions over n. Other axes that a
 * tensor with n has lie likewise: c first, the others in the order of their names. A vector [c] is dense;
 * weights are dense [o][i][kh][kw]; a scalar is one float. A [n, c] tensor is an activation with h = w = 1.
 * Every tensor starts on a 64-byte boundary of the arena.
 *
 * Order of sums: part of an op's definition and equal on every target (docs/architecture.md, "Repeatable to
 * the bit"): 16 virtual lanes, fused multiply-add, fixed reduction tree over lanes
 * ((0+8)+(4+12)) ... = halves added until one is left. A target with narrower registers works a block of
 * 16 lanes in two or four registers. x86-64 without FMA rounds twice and may differ.
 */
#ifndef NASC_CODEGEN_KERNEL_H
#define NASC_CODEGEN_KERNEL_H

#include "base/buf.h"
#include "base/hash.h"

enum { LANES = 16 };

/* Every kernel has this signature. `arg` holds byte offsets from base, sizes, and float bit patterns, in the
 * order that the kernel's emitter documents; lo..hi is the range of its outermost loop (usually channels
 * or output-channel blocks), so that a range can be split. No pointer is ever stored in code. */
typedef void KernelFn(char *base, const int64_t *arg, int64_t lo, int64_t hi);

typedef enum KernelKind {
#define KERNEL(name) KERNEL_##name,
#include "codegen/kernels.def"
#undef KERNEL
    KERNEL_KIND_COUNT
} KernelKind;

const char *kernel_kind_name(KernelKind kind);

typedef struct KernelDesc {
    KernelKind kind;
    const char
        *text; /* "conv kernel=3x3 stride=1x1 ..."; canonical: equal kernels have equal texts */
} KernelDesc;

#endif
