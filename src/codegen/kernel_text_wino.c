/* Writes and reads the descriptor texts of the Winograd kernels. */
#include "codegen/kernel_args.h"

#include <stdio.h>
#include <string.h>

void kernel_text_wino(Buf *b, const WinoDesc *d) {
    buf_printf(b, "wino bias=%d relu=%d", d->bias, d->relu);
}

void kernel_text_wino_filter(Buf *b, bool turned) {
    buf_printf(b, "wino_filter turned=%d", turned);
}

void kernel_text_wino_dw(Buf *b, const WinoDwDesc *d) {
    buf_printf(b, "wino_dw by_image=%d update=%s", d->by_image, kernel_update_name(d->update));
}

WinoDesc kernel_read_wino(const char *text) {
    int bias, relu;
    if (sscanf(text, "wino bias=%d relu=%d", &bias, &relu) != 2)
        BUG("kernel text '%s' is not a Winograd convolution", text);
    return (WinoDesc){.bias = bias != 0, .relu = relu != 0};
}

bool kernel_read_wino_filter(const char *text) {
    int turned;
    if (sscanf(text, "wino_filter turned=%d", &turned) != 1)
        BUG("kernel text '%s' is not a Winograd filter", text);
    return turned != 0;
}

WinoDwDesc kernel_read_wino_dw(const char *text) {
    int by_image;
    char update[16];
    if (sscanf(text, "wino_dw by_image=%d update=%15s", &by_image, update) != 2)
        BUG("kernel text '%s' is not a Winograd weight gradient", text);
    return (WinoDwDesc){by_image, kernel_find_update(update)};
}
