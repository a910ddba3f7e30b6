/* The LLVM session: target, compilation of missing kernels, cache on disk. Only codegen/llvm.h
 * includes llvm-c. Thread-safe: workers ask for kernels concurrently; each distinct kernel is
 * compiled once. */
#ifndef NASC_CODEGEN_JIT_H
#define NASC_CODEGEN_JIT_H

#include "codegen/kernel.h"

typedef struct Jit Jit;

typedef enum JitTarget { JIT_X86_64, JIT_X86_64_V3, JIT_X86_64_V4, JIT_GENERIC } JitTarget;

enum { JIT_CACHE_LIMIT = 256 << 20 };

typedef struct JitOptions {
    const char *cpu;       /* NULL: best of the host; "x86-64", "x86-64-v3", "x86-64-v4" */
    const char *cache_dir; /* NULL: no cache on disk */
    int64_t cache_limit;   /* bytes the cache may keep; 0: JIT_CACHE_LIMIT */
} JitOptions;

typedef struct JitStats {
    int64_t kernels_compiled, kernels_loaded;
    int64_t kernels_rejected; /* corrupt or foreign entries of the cache, compiled anew */
    int64_t store_failures;   /* compiled but not written to the cache */
    double compile_seconds;   /* summed over threads */
} JitStats;

/* NULL with err: NASC_ENVIRONMENT if the host lacks what `cpu` asks, NASC_USAGE_ERROR for an
 * unknown name. */
Jit *jit_open(const JitOptions *options, NascError *err);
void jit_close(Jit *jit);
JitTarget jit_target(const Jit *jit);
const char *jit_target_name(const Jit *jit); /* "x86-64-v4" */
const char *jit_llvm_version(void);          /* "19.1.7" */
const char *jit_host_cpu(const Jit *jit);    /* "znver4" */
JitStats jit_stats(Jit *jit);

/* Finds or compiles kernels; fns[i] belongs to descs[i]. Every miss is a module of its own. */
bool jit_get(Jit *jit, const KernelDesc *descs, size_t n, KernelFn **fns, NascError *err);
/* Optimised LLVM IR of a kernel, for `show --as llvm` and tests. */
bool jit_print(Jit *jit, const KernelDesc *desc, Buf *out, NascError *err);

/* $XDG_CACHE_HOME/nasc/kernels or ~/.cache/nasc/kernels; NULL if neither variable is set. Malloc'd.
 */
char *jit_default_cache_dir(void);

#endif
