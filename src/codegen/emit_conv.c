/* conv: forward convolution and dense layer, bias and relu optional (kernel_args.h, ConvArg). */
#include "codegen/conv_nest.h"

void emit_conv(Emit *e, const char *text) {
    ConvDesc d = kernel_read_conv(text);
    conv_nest(e, &d, false);
}
