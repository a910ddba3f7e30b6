/* The descriptor text of nest kernels, read back by printing what was read. */
#include "codegen/kernel_args.h"

#include <stdio.h>
#include <string.h>

static const char *const op_name[] = {"move", "sum", "max"};
static const char *const side_name[] = {"absent", "dense", "lanes"};

void kernel_text_nest(Buf *b, const NestDesc *d) {
    buf_printf(b, "nest op=%s a=%s b=%s out=%s free=%d sum=%d moves=%d%d", op_name[d->op],
               side_name[d->a], side_name[d->b], side_name[d->out], d->free, d->sum, d->a_moves,
               d->b_moves);
}

static int find(const char *const *names, int n, const char *word) {
    int i = 0;
    while (i < n && strcmp(names[i], word) != 0)
        i++;
    CHECK(i < n);
    return i;
}

NestDesc kernel_read_nest(const char *text) {
    NestDesc d = {0};
    char op[8], a[8], b[8], out[8], moves[3];
    if (sscanf(text, "nest op=%7s a=%7s b=%7s out=%7s free=%d sum=%d moves=%2s", op, a, b, out,
               &d.free, &d.sum, moves) != 7)
        BUG("kernel text '%s' is not a nest", text);
    d.op = (NestOp)find(op_name, ARRAY_LEN(op_name), op);
    d.a = (NestSide)find(side_name, ARRAY_LEN(side_name), a);
    d.b = (NestSide)find(side_name, ARRAY_LEN(side_name), b);
    d.out = (NestSide)find(side_name, ARRAY_LEN(side_name), out);
    d.a_moves = moves[0] == '1';
    d.b_moves = moves[1] == '1';
    Buf again = {0};
    kernel_text_nest(&again, &d);
    if (strcmp(again.text, text) != 0)
        BUG("kernel text '%s' is not canonical: '%s'", text, again.text);
    buf_free(&again);
    return d;
}
