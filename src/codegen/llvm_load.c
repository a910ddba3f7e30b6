/* Loads LLVM: see llvm.h. */
#include "base/base.h"
#include "base/library.h"
#include "codegen/llvm.h"

#include <pthread.h>

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

static void load(void) {
    void *from = library_open(library);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        *(void **)functions[i].at = library_function(from, functions[i].name);
    for (size_t i = 0; i < ARRAY_LEN(native); i++) {
        void (*initialise)(void);
        *(void **)&initialise = library_function(from, native[i]);
        initialise();
    }
}

void llvm_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
}
