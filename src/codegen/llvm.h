/* The one place that includes LLVM's C API, and the versions it may come from. */
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

#endif
