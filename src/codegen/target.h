/* Which machine code is made for. */
#ifndef NASC_CODEGEN_TARGET_H
#define NASC_CODEGEN_TARGET_H

#include "codegen/emit.h"

typedef struct TargetChoice {
    JitTarget target;
    char *name;     /* LLVM's name of the CPU: "x86-64-v4"; of the host itself elsewhere */
    char *features; /* "" on x86-64, so that code depends on the level alone */
    char *triple;
    char *host_cpu; /* for display */
} TargetChoice;

/* `cpu` NULL: the best level of the host. Errors as jit_open. */
bool target_choose(const char *cpu, TargetChoice *out, NascError *err);
void target_free(TargetChoice *t);
/* A machine of one thread. NULL with err if LLVM lacks the target. */
LLVMTargetMachineRef target_machine(const TargetChoice *t, NascError *err);
/* Attributes that make LLVM use the full registers of the target. */
void target_annotate(const TargetChoice *t, LLVMContextRef ctx, LLVMValueRef fn);

#endif
