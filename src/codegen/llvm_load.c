/* Loads LLVM: see llvm.h. */
#include "base/base.h"
#include "codegen/llvm.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

static const char library[] = "libLLVM.so." TEXT(LLVM_VERSION_MAJOR) "." TEXT(LLVM_VERSION_MINOR);

struct Llvm llvm;

static const struct {
    const char *name;
    void *at;
} functions[] = {
#define LLVM_FUNCTION(name) {"LLVM" #name, &llvm.name},
#include "codegen/llvm.def"
#undef LLVM_FUNCTION
};

static const char *const native[] = {TEXT(LLVM_NATIVE_TARGETINFO), TEXT(LLVM_NATIVE_TARGET),
                                     TEXT(LLVM_NATIVE_TARGETMC), TEXT(LLVM_NATIVE_ASMPRINTER)};

/* As the linker does of a program whose library is missing. */
static void *need(void *found) {
    if (found)
        return found;
    fprintf(stderr, "nasc: cannot load LLVM: %s\n", dlerror());
    _Exit(NASC_ENVIRONMENT);
}

static void load(void) {
    void *from = need(dlopen(library, RTLD_NOW | RTLD_LOCAL));
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        *(void **)functions[i].at = need(dlsym(from, functions[i].name));
    for (size_t i = 0; i < ARRAY_LEN(native); i++) {
        void (*initialise)(void);
        *(void **)&initialise = need(dlsym(from, native[i]));
        initialise();
    }
}

void llvm_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
}
