/* conv_dx: gradient of a convolution for its input (kernel_args.h, ConvArg). Each input pixel
 * gathers the taps that reached it, so nothing is read back or cleared; with a stride, pixels of
 * one phase (column modulo stride) share their taps and are worked together. */
#include "codegen/conv_nest.h"

void emit_conv_dx(Emit *e, const char *text) {
    ConvDesc d = kernel_read_conv(text);
    CHECK(!d.bias && !d.relu);
    conv_nest(e, &d, true);
}
