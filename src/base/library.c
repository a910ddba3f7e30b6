#include "base/library.h"

#include "base/base.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void *need(void *found) {
    if (found)
        return found;
    fprintf(stderr, "nasc: cannot load a library: %s\n", dlerror());
    _Exit(NASC_ENVIRONMENT);
}

void *library_open(const char *file) {
    return need(dlopen(file, RTLD_NOW | RTLD_LOCAL));
}

void *library_function(void *library, const char *name) {
    return need(dlsym(library, name));
}
