#include "runtime/inputs.h"

#include <stdlib.h>
#include <string.h>

void inputs_add(Inputs *in, const char *path, const char *sha256) {
    for (size_t i = 0; i < in->items.len; i++)
        if (strcmp(in->items.items[i].path, path) == 0)
            return;
    Input item = {.path = nasc_strdup(path)};
    memcpy(item.sha256, sha256, SHA256_TEXT);
    VEC_PUSH(in->items, item);
}

void inputs_free(Inputs *in) {
    for (size_t i = 0; i < in->items.len; i++)
        free(in->items.items[i].path);
    VEC_FREE(in->items);
}
