/* The LLVM session: a registry of kernels by descriptor text, compiled on first request or linked
 * from the cache on disk.
 *
 * A request claims the entries nobody has claimed, builds them without holding the lock, and then
 * waits for those that others are building: each kernel is built once. Every kernel is a module and
 * an object file of its own, in its own LLVMContext, so that builders share nothing but LLJIT
 * (which is thread-safe) and a cached object serves any network. The registry lives until
 * jit_close. */
#include "codegen/jit.h"

#include "base/clock.h"
#include "codegen/cache.h"
#include "codegen/emit.h"
#include "codegen/target.h"

#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Raised whenever an emitter's output for an unchanged text changes. */
enum { CODEGEN_VERSION = 16 };

static const char passes[] = "function(early-cse,simplifycfg,loop-mssa(licm),gvn,"
                             "instcombine<no-verify-fixpoint>,simplifycfg)";

typedef enum EntryState { ENTRY_BUILDING, ENTRY_READY, ENTRY_FAILED } EntryState;

typedef struct JitEntry {
    char *text;
    KernelKind kind;
    EntryState state;
    KernelFn *fn;
    NascError err; /* why it failed */
} JitEntry;

struct Jit {
    TargetChoice target;
    char *cache_dir;
    int64_t cache_limit;
    LLVMOrcLLJITRef lljit;
    pthread_mutex_t lock;
    pthread_cond_t built;
    JitEntry **slots; /* open addressing, ncap a power of two */
    size_t nslots, cap;
    JitStats stats;
};

static const struct KindInfo {
    const char *name;
    EmitKernel *emit;
} kinds[] = {
#define KERNEL(name) {#name, emit_##name},
#include "codegen/kernels.def"
#undef KERNEL
};

/* What objects may import: what LLVM calls for block moves and, on plain x86-64, for rounding. All
 * are exact, so that no result depends on the C library. */
static const struct Helper {
    const char *name;
    void *address;
} helpers[] = {
    {"memset", (void *)memset}, {"memcpy", (void *)memcpy}, {"memmove", (void *)memmove},
    {"floorf", (void *)floorf}, {"ceilf", (void *)ceilf},   {"truncf", (void *)truncf},
};

/* Consumes the error. */
static bool llvm_failed(LLVMErrorRef error, NascError *err, const char *what) {
    if (!error)
        return false;
    char *message = LLVMGetErrorMessage(error);
    nasc_fail(err, NASC_ENVIRONMENT, "%s: %s", what, message);
    LLVMDisposeErrorMessage(message);
    return true;
}

static bool define_helpers(Jit *jit, NascError *err) {
    LLVMOrcCSymbolMapPair pairs[ARRAY_LEN(helpers)];
    for (size_t i = 0; i < ARRAY_LEN(helpers); i++) {
        pairs[i].Name = LLVMOrcLLJITMangleAndIntern(jit->lljit, helpers[i].name);
        pairs[i].Sym.Address = (LLVMOrcJITTargetAddress)(uintptr_t)helpers[i].address;
        pairs[i].Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported;
        pairs[i].Sym.Flags.TargetFlags = 0;
    }
    LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pairs, ARRAY_LEN(pairs));
    LLVMErrorRef error = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit->lljit), unit);
    if (!error)
        return true;
    LLVMOrcDisposeMaterializationUnit(unit);
    return !llvm_failed(error, err, "LLVM session");
}

static bool open_lljit(Jit *jit, NascError *err) {
    LLVMTargetMachineRef tm = target_machine(&jit->target, err);
    if (!tm)
        return false;
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(
        builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(tm));
    if (llvm_failed(LLVMOrcCreateLLJIT(&jit->lljit, builder), err, "LLVM session"))
        return false;
    return define_helpers(jit, err);
}

Jit *jit_open(const JitOptions *options, NascError *err) {
    Jit *jit = nasc_alloc_zero(sizeof *jit);
    pthread_mutex_init(&jit->lock, NULL);
    pthread_cond_init(&jit->built, NULL);
    jit->cap = 64;
    jit->slots = nasc_alloc_zero(jit->cap * sizeof *jit->slots);
    if (options && options->cache_dir)
        jit->cache_dir = nasc_strdup(options->cache_dir);
    jit->cache_limit = options && options->cache_limit ? options->cache_limit : JIT_CACHE_LIMIT;
    if (target_choose(options ? options->cpu : NULL, &jit->target, err) && open_lljit(jit, err))
        return jit;
    jit_close(jit);
    return NULL;
}

void jit_close(Jit *jit) {
    if (!jit)
        return;
    if (jit->lljit)
        LLVMConsumeError(LLVMOrcDisposeLLJIT(jit->lljit));
    for (size_t i = 0; i < jit->cap; i++) {
        if (jit->slots[i]) {
            free(jit->slots[i]->text);
            free(jit->slots[i]);
        }
    }
    free(jit->slots);
    if (jit->cache_dir && jit->stats.kernels_compiled)
        cache_trim(jit->cache_dir, jit->cache_limit);
    free(jit->cache_dir);
    target_free(&jit->target);
    pthread_cond_destroy(&jit->built);
    pthread_mutex_destroy(&jit->lock);
    free(jit);
}

JitTarget jit_target(const Jit *jit) {
    return jit->target.target;
}

const char *jit_target_name(const Jit *jit) {
    return jit->target.name;
}

const char *jit_llvm_version(void) {
    return LLVM_VERSION_STRING;
}

const char *jit_host_cpu(const Jit *jit) {
    return jit->target.host_cpu;
}

JitStats jit_stats(Jit *jit) {
    pthread_mutex_lock(&jit->lock);
    JitStats stats = jit->stats;
    pthread_mutex_unlock(&jit->lock);
    return stats;
}

static Hash128 entry_key(const Jit *jit, const JitEntry *entry) {
    Buf b = {0};
    buf_printf(&b, "nasc %d llvm %s %s %s %s\n%s\n%s\n%s", CODEGEN_VERSION, jit_llvm_version(),
               jit->target.triple, jit->target.name, jit->target.features, passes,
               kinds[entry->kind].name, entry->text);
    Hash128 key = hash128(b.text, b.len, 0);
    buf_free(&b);
    return key;
}

static void symbol_name(Hash128 key, char out[HASH128_TEXT + 2]) {
    out[0] = 'k';
    out[1] = '_';
    hash128_text(key, out + 2);
}

static void set_types(Emit *e) {
    e->i1 = LLVMInt1TypeInContext(e->ctx);
    e->i8 = LLVMInt8TypeInContext(e->ctx);
    e->i32 = LLVMInt32TypeInContext(e->ctx);
    e->i64 = LLVMInt64TypeInContext(e->ctx);
    e->f32 = LLVMFloatTypeInContext(e->ctx);
    e->ptr = LLVMPointerTypeInContext(e->ctx, 0);
    e->vf = LLVMVectorType(e->f32, LANES);
    e->vi1 = LLVMVectorType(e->i1, LANES);
    e->vi32 = LLVMVectorType(e->i32, LANES);
}

static void add_attribute(Emit *e, LLVMAttributeIndex at, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(e->fn, at, LLVMCreateEnumAttribute(e->ctx, kind, 0));
}

static void open_function(const Jit *jit, Emit *e, const char *symbol) {
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->i64, e->i64};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->ctx), params, 4, false);
    e->fn = LLVMAddFunction(e->module, symbol, type);
    add_attribute(e, LLVMAttributeFunctionIndex, "nounwind");
    add_attribute(e, 1, "noalias");
    add_attribute(e, 2, "noalias");
    add_attribute(e, 2, "readonly");
    target_annotate(&jit->target, e->ctx, e->fn);
    e->base = LLVMGetParam(e->fn, 0);
    e->arg = LLVMGetParam(e->fn, 1);
    e->lo = LLVMGetParam(e->fn, 2);
    e->hi = LLVMGetParam(e->fn, 3);
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->ctx, e->fn, ""));
}

/* A verified, optimised module with one function. Disposed by the caller with its context. */
static LLVMModuleRef make_module(const Jit *jit, LLVMTargetMachineRef tm, LLVMContextRef ctx,
                                 KernelKind kind, const char *text, const char *symbol) {
    Emit e = {.ctx = ctx, .target = jit->target.target};
    e.module = LLVMModuleCreateWithNameInContext("kernel", ctx);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
    LLVMSetModuleDataLayout(e.module, layout);
    LLVMDisposeTargetData(layout);
    LLVMSetTarget(e.module, jit->target.triple);
    e.b = LLVMCreateBuilderInContext(ctx);
    set_types(&e);
    open_function(jit, &e, symbol);
    kinds[kind].emit(&e, text);
    LLVMBuildRetVoid(e.b);
    LLVMDisposeBuilder(e.b);
    char *message = NULL;
    if (LLVMVerifyModule(e.module, LLVMReturnStatusAction, &message))
        BUG("kernel '%s' is not valid IR: %s", text, message);
    LLVMDisposeMessage(message);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    NascError err = {0};
    if (llvm_failed(LLVMRunPasses(e.module, passes, tm, options), &err, "passes"))
        BUG("kernel '%s': %s", text, err.message);
    LLVMDisposePassBuilderOptions(options);
    return e.module;
}

/* Appends the object file of a kernel to `object`. */
static bool compile(const Jit *jit, const JitEntry *entry, const char *symbol, Buf *object,
                    NascError *err) {
    LLVMTargetMachineRef tm = target_machine(&jit->target, err);
    if (!tm)
        return false;
    LLVMContextRef ctx = LLVMContextCreate();
    LLVMModuleRef module = make_module(jit, tm, ctx, entry->kind, entry->text, symbol);
    LLVMMemoryBufferRef memory = NULL;
    char *message = NULL;
    bool failed =
        LLVMTargetMachineEmitToMemoryBuffer(tm, module, LLVMObjectFile, &message, &memory);
    if (failed) {
        nasc_fail(err, NASC_ENVIRONMENT, "compiling '%s': %s", entry->text, message);
        LLVMDisposeMessage(message);
    } else {
        buf_append(object, LLVMGetBufferStart(memory), LLVMGetBufferSize(memory));
        LLVMDisposeMemoryBuffer(memory);
    }
    LLVMDisposeModule(module);
    LLVMContextDispose(ctx);
    LLVMDisposeTargetMachine(tm);
    return !failed;
}

static KernelFn *link_object(Jit *jit, const Buf *object, const char *symbol, NascError *err) {
    LLVMMemoryBufferRef memory =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(object->text, object->len, symbol);
    LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(jit->lljit);
    if (llvm_failed(LLVMOrcLLJITAddObjectFile(jit->lljit, dylib, memory), err, "linking a kernel"))
        return NULL;
    LLVMOrcExecutorAddress address = 0;
    if (llvm_failed(LLVMOrcLLJITLookup(jit->lljit, &address, symbol), err, "linking a kernel"))
        return NULL;
    return (KernelFn *)(uintptr_t)address;
}

/* Fills entry->fn or entry->err. Called without the lock by the one builder of the entry. */
static void build(Jit *jit, JitEntry *entry, JitStats *done) {
    Hash128 key = entry_key(jit, entry);
    char symbol[HASH128_TEXT + 2];
    symbol_name(key, symbol);
    Buf object = {0};
    CacheResult found = cache_load(jit->cache_dir, key, &object);
    if (found == CACHE_FOUND) {
        done->kernels_loaded++;
        entry->fn = link_object(jit, &object, symbol, &entry->err);
        buf_free(&object);
        return;
    }
    done->kernels_rejected += found == CACHE_REJECTED;
    double start = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    if (compile(jit, entry, symbol, &object, &entry->err)) {
        entry->fn = link_object(jit, &object, symbol, &entry->err);
        done->kernels_compiled++;
        if (jit->cache_dir && entry->fn)
            done->store_failures += !cache_store(jit->cache_dir, key, object.text, object.len);
    }
    done->compile_seconds += clock_seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    buf_free(&object);
}

static size_t slot_of(JitEntry **slots, size_t cap, KernelKind kind, const char *text) {
    size_t i = (size_t)hash128(text, strlen(text), (uint64_t)kind).lo & (cap - 1);
    while (slots[i] && (slots[i]->kind != kind || strcmp(slots[i]->text, text) != 0))
        i = (i + 1) & (cap - 1);
    return i;
}

static void grow(Jit *jit) {
    size_t cap = jit->cap * 2;
    JitEntry **slots = nasc_alloc_zero(cap * sizeof *slots);
    for (size_t i = 0; i < jit->cap; i++) {
        if (jit->slots[i])
            slots[slot_of(slots, cap, jit->slots[i]->kind, jit->slots[i]->text)] = jit->slots[i];
    }
    free(jit->slots);
    jit->slots = slots;
    jit->cap = cap;
}

/* The entry of a descriptor; *mine says that the caller must build it. Called with the lock. */
static JitEntry *claim(Jit *jit, const KernelDesc *desc, bool *mine) {
    if (jit->nslots * 2 >= jit->cap)
        grow(jit);
    size_t i = slot_of(jit->slots, jit->cap, desc->kind, desc->text);
    *mine = jit->slots[i] == NULL;
    if (*mine) {
        JitEntry *entry = nasc_alloc_zero(sizeof *entry);
        entry->kind = desc->kind;
        entry->text = nasc_strdup(desc->text);
        jit->slots[i] = entry;
        jit->nslots++;
    }
    return jit->slots[i];
}

static void publish(Jit *jit, JitEntry *entry, const JitStats *done) {
    pthread_mutex_lock(&jit->lock);
    entry->state = entry->fn ? ENTRY_READY : ENTRY_FAILED;
    jit->stats.kernels_compiled += done->kernels_compiled;
    jit->stats.kernels_loaded += done->kernels_loaded;
    jit->stats.kernels_rejected += done->kernels_rejected;
    jit->stats.store_failures += done->store_failures;
    jit->stats.compile_seconds += done->compile_seconds;
    pthread_cond_broadcast(&jit->built);
    pthread_mutex_unlock(&jit->lock);
}

bool jit_get(Jit *jit, const KernelDesc *descs, size_t n, KernelFn **fns, NascError *err) {
    JitEntry **entries = nasc_alloc(MAX(n, 1) * sizeof *entries);
    bool *mine = nasc_alloc(MAX(n, 1) * sizeof *mine), builds = false;
    pthread_mutex_lock(&jit->lock);
    for (size_t i = 0; i < n; i++)
        entries[i] = claim(jit, &descs[i], &mine[i]);
    pthread_mutex_unlock(&jit->lock);
    for (size_t i = 0; i < n; i++) {
        if (mine[i]) {
            JitStats done = {0};
            build(jit, entries[i], &done);
            publish(jit, entries[i], &done);
            builds = true;
        }
    }
    if (builds)
        malloc_trim(0); /* what LLVM has freed would stay resident beside the arenas of trainings */
    bool good = true;
    pthread_mutex_lock(&jit->lock);
    for (size_t i = 0; i < n; i++) {
        while (entries[i]->state == ENTRY_BUILDING)
            pthread_cond_wait(&jit->built, &jit->lock);
        fns[i] = entries[i]->fn;
        if (entries[i]->state == ENTRY_FAILED) {
            nasc_fail(err, entries[i]->err.status, "%s", entries[i]->err.message);
            good = false;
        }
    }
    pthread_mutex_unlock(&jit->lock);
    free(entries);
    free(mine);
    return good;
}

bool jit_print(Jit *jit, const KernelDesc *desc, Buf *out, NascError *err) {
    LLVMTargetMachineRef tm = target_machine(&jit->target, err);
    if (!tm)
        return false;
    LLVMContextRef ctx = LLVMContextCreate();
    LLVMModuleRef module = make_module(jit, tm, ctx, desc->kind, desc->text, "kernel");
    char *text = LLVMPrintModuleToString(module);
    buf_puts(out, text);
    LLVMDisposeMessage(text);
    LLVMDisposeModule(module);
    LLVMContextDispose(ctx);
    LLVMDisposeTargetMachine(tm);
    return true;
}
