/* Chooses the x86-64 level kernels are compiled for and makes LLVM's target machines. Code is made
 * for a named level and never for the host's exact model, so that two machines of one level run the
 * same code. */
#include "codegen/target.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static const struct Level {
    const char *name;
    JitTarget target;
} levels[] = {
    /* best first */
    {"x86-64-v4", JIT_X86_64_V4},
    {"x86-64-v3", JIT_X86_64_V3},
    {"x86-64", JIT_X86_64},
};

static bool host_has(JitTarget t) {
    __builtin_cpu_init();
    bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (t == JIT_X86_64_V3)
        return v3;
    if (t == JIT_X86_64_V4)
        return v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    return true;
}

static bool choose_level(const char *cpu, TargetChoice *out, NascError *err) {
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (cpu && strcmp(cpu, levels[i].name) != 0)
            continue;
        if (!host_has(levels[i].target)) {
            if (!cpu)
                continue;
            nasc_fail(err, NASC_ENVIRONMENT, "this machine does not have what cpu '%s' needs", cpu);
            return false;
        }
        out->target = levels[i].target;
        out->name = nasc_strdup(levels[i].name);
        out->features = nasc_strdup("");
        return true;
    }
    nasc_fail(err, NASC_USAGE_ERROR, "unknown cpu '%s'; known are x86-64-v4, x86-64-v3 and x86-64",
              cpu);
    return false;
}
#else
static bool choose_level(const char *cpu, TargetChoice *out, NascError *err) {
    if (cpu) {
        nasc_fail(err, NASC_USAGE_ERROR, "cpu '%s' cannot be chosen on this machine", cpu);
        return false;
    }
    char *features = LLVMGetHostCPUFeatures();
    out->target = JIT_GENERIC;
    out->name = nasc_strdup(out->host_cpu);
    out->features = nasc_strdup(features);
    LLVMDisposeMessage(features);
    return true;
}
#endif

bool target_choose(const char *cpu, TargetChoice *out, NascError *err) {
    llvm_load();
    *out = (TargetChoice){0};
    char *host = LLVMGetHostCPUName();
    char *triple = LLVMGetDefaultTargetTriple();
    out->host_cpu = nasc_strdup(host);
    out->triple = nasc_strdup(triple);
    LLVMDisposeMessage(host);
    LLVMDisposeMessage(triple);
    if (choose_level(cpu, out, err))
        return true;
    target_free(out);
    return false;
}

void target_free(TargetChoice *t) {
    free(t->name);
    free(t->features);
    free(t->triple);
    free(t->host_cpu);
    *t = (TargetChoice){0};
}

LLVMTargetMachineRef target_machine(const TargetChoice *t, NascError *err) {
    LLVMTargetRef target;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(t->triple, &target, &message)) {
        nasc_fail(err, NASC_ENVIRONMENT, "LLVM cannot compile for %s: %s", t->triple, message);
        LLVMDisposeMessage(message);
        return NULL;
    }
    return LLVMCreateTargetMachine(target, t->triple, t->name, t->features, LLVMCodeGenLevelDefault,
                                   LLVMRelocPIC, LLVMCodeModelSmall);
}

static void annotate(LLVMContextRef ctx, LLVMValueRef fn, const char *key, const char *value) {
    LLVMAddAttributeAtIndex(
        fn, LLVMAttributeFunctionIndex,
        LLVMCreateStringAttribute(ctx, key, (unsigned)strlen(key), value, (unsigned)strlen(value)));
}

void target_annotate(const TargetChoice *t, LLVMContextRef ctx, LLVMValueRef fn) {
    annotate(ctx, fn, "target-cpu", t->name);
    if (t->features[0])
        annotate(ctx, fn, "target-features", t->features);
    if (t->target == JIT_X86_64_V4) {
        annotate(ctx, fn, "prefer-vector-width", "512");
        annotate(ctx, fn, "min-legal-vector-width", "512");
    }
}
