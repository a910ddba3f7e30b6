/* The files a result depends on, with their hashes: provenance for reports. */
#ifndef NASC_RUNTIME_INPUTS_H
#define NASC_RUNTIME_INPUTS_H

#include "base/hash.h"

typedef struct Input {
    char *path;
    char sha256[SHA256_TEXT];
} Input;

typedef struct Inputs {
    VEC(Input) items;
} Inputs;

/* A path is kept once. */
void inputs_add(Inputs *in, const char *path, const char *sha256);
void inputs_free(Inputs *in);

#endif
