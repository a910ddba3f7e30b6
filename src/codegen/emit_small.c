/* Small kernels: vectors over channels, weights and scalars. The same programs as a map's, over one
 * flat tensor in blocks of 16 elements with one place each; `batch` is the number of elements, so
 * that sums leave out what lies beyond the last one. */
#include "codegen/emit_map.h"

void emit_small(Emit *e, const char *text) {
    emit_map_program(e, text, true);
}
