/* Values that need no memory of their own, since they lie within another one: slices, and the parts of
 * a concat. */
#ifndef NASC_CODEGEN_VIEWS_H
#define NASC_CODEGEN_VIEWS_H

#include "codegen/fuse.h"

typedef struct View {
    IrRef of;   /* IR_NONE: none */
    int64_t at; /* bytes from the beginning of `of` */
} View;

/* Of each node of the module; `leaf` tells of each node whether its place is given. A chain of views
 * ends at a value that is none. */
View *views_find(Arena *arena, const IrModule *m, const Fusion *f, const bool *leaf);

#endif
