/* Writes and reads the descriptor texts of kernel_args.h. Every field is always written, in one
 * order, so that equal descriptors have equal texts; a reader prints what it read and compares, so
 * that a text of another form is found at once. */
#include "codegen/kernel_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[] = {
#define KERNEL(name) #name,
#include "codegen/kernels.def"
#undef KERNEL
};
static const char *const groups_name[] = {"dense", "grouped", "depthwise"};
static const char *const form_name[] = {"plain", "packed", "tiny"};
static const char *const update_name[] = {"none", "sgd", "sgd_decay"};
static const char *const pool_name[] = {"max", "max_dx", "avg", "avg_dx"};
static const char *const resize_name[] = {"nearest", "nearest_dx", "bilinear", "bilinear_dx"};
static const char *const copy_name[] = {"move", "zero"};

const char *kernel_kind_name(KernelKind kind) {
    return kind_name[kind];
}

static int find_name(const char *const *names, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], word) == 0)
            return (int)i;
    }
    BUG("unknown word '%s' in a kernel's text", word);
}

const char *kernel_update_name(UpdateKind update) {
    return update_name[update];
}

UpdateKind kernel_find_update(const char *word) {
    return (UpdateKind)find_name(update_name, ARRAY_LEN(update_name), word);
}

static void check_text(Buf *again, const char *text) {
    if (strcmp(again->text, text) != 0)
        BUG("kernel text '%s' is not canonical: '%s'", text, again->text);
    buf_free(again);
}

static void put_window(Buf *b, const WindowDesc *w) {
    buf_printf(b, " kernel=%dx%d stride=%dx%d pad=%dx%d dilation=%dx%d", w->kernel[0], w->kernel[1],
               w->stride[0], w->stride[1], w->pad[0], w->pad[1], w->dilation[0], w->dilation[1]);
}

/* The rest of the text after the first word, as far as the window goes; true if all was there. */
static bool read_window(const char *text, WindowDesc *w, int *used) {
    return sscanf(text, " kernel=%dx%d stride=%dx%d pad=%dx%d dilation=%dx%d%n", &w->kernel[0],
                  &w->kernel[1], &w->stride[0], &w->stride[1], &w->pad[0], &w->pad[1],
                  &w->dilation[0], &w->dilation[1], used) == 8;
}

void kernel_text_conv(Buf *b, KernelKind kind, const ConvDesc *d) {
    buf_puts(b, kind_name[kind]);
    put_window(b, &d->window);
    buf_printf(b, " groups=%s bias=%d relu=%d form=%s update=%s", groups_name[d->groups], d->bias,
               d->relu, form_name[d->form], update_name[d->update]);
}

ConvDesc kernel_read_conv(const char *text) {
    ConvDesc d = {0};
    char kind[16], groups[16], form[16], update[16];
    int first = 0, used = 0, bias, relu;
    if (sscanf(text, "%15s%n", kind, &first) != 1 || !read_window(text + first, &d.window, &used) ||
        sscanf(text + first + used, " groups=%15s bias=%d relu=%d form=%15s update=%15s", groups,
               &bias, &relu, form, update) != 5)
        BUG("kernel text '%s' is not a convolution", text);
    d.groups = (ConvGroups)find_name(groups_name, ARRAY_LEN(groups_name), groups);
    d.bias = bias != 0;
    d.relu = relu != 0;
    d.form = (ConvForm)find_name(form_name, ARRAY_LEN(form_name), form);
    d.update = kernel_find_update(update);
    Buf again = {0};
    kernel_text_conv(&again, (KernelKind)find_name(kind_name, ARRAY_LEN(kind_name), kind), &d);
    check_text(&again, text);
    return d;
}

void kernel_text_pool(Buf *b, const PoolDesc *d) {
    buf_printf(b, "pool op=%s", pool_name[d->op]);
    put_window(b, &d->window);
    buf_printf(b, " count_padding=%d", d->count_padding);
}

PoolDesc kernel_read_pool(const char *text) {
    PoolDesc d = {0};
    char op[16];
    int first = 0, used = 0, count;
    if (sscanf(text, "pool op=%15s%n", op, &first) != 1 ||
        !read_window(text + first, &d.window, &used) ||
        sscanf(text + first + used, " count_padding=%d", &count) != 1)
        BUG("kernel text '%s' is not a pooling", text);
    d.op = (PoolOp)find_name(pool_name, ARRAY_LEN(pool_name), op);
    d.count_padding = count != 0;
    Buf again = {0};
    kernel_text_pool(&again, &d);
    check_text(&again, text);
    return d;
}

void kernel_text_resize(Buf *b, ResizeOp op) {
    buf_printf(b, "resize op=%s", resize_name[op]);
}

ResizeOp kernel_read_resize(const char *text) {
    char op[16];
    if (sscanf(text, "resize op=%15s", op) != 1)
        BUG("kernel text '%s' is not a resize", text);
    return (ResizeOp)find_name(resize_name, ARRAY_LEN(resize_name), op);
}

void kernel_text_copy(Buf *b, CopyOp op) {
    buf_printf(b, "copy op=%s", copy_name[op]);
}

CopyOp kernel_read_copy(const char *text) {
    char op[16];
    if (sscanf(text, "copy op=%15s", op) != 1)
        BUG("kernel text '%s' is not a copy", text);
    return (CopyOp)find_name(copy_name, ARRAY_LEN(copy_name), op);
}
