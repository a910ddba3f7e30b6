/* The one place that includes LLVM's C API, and the versions it may come from. Its library is loaded when kernels are
 * first wanted (llvm_load): relocating it takes longer than checking most programs. Until then no function may be
 * called; their names stand for pointers from then on, by a header that the Makefile makes of llvm.def. */
#ifndef NASC_CODEGEN_LLVM_H
#define NASC_CODEGEN_LLVM_H

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>

#if LLVM_VERSION_MAJOR < 19
#error "nasc needs LLVM 19 or later"
#endif

extern struct Llvm {
#define LLVM_FUNCTION(name) __typeof__(LLVM##name) *name;
#include "codegen/llvm.def"
#undef LLVM_FUNCTION
} llvm;
#include "llvm_names.h"

/* Loads the library and registers the target that nasc runs on, once a process; ends the process with
 * NASC_ENVIRONMENT if there is none. */
void llvm_load(void);

#endif
