/* The emitter that map and small kernels share. */
#ifndef NASC_CODEGEN_EMIT_MAP_H
#define NASC_CODEGEN_EMIT_MAP_H

#include "codegen/emit.h"
#include "codegen/map_program.h"

/* `flat`: every block has one place, so there is no loop over places. */
void emit_map_program(Emit *e, const char *text, bool flat);

#endif
