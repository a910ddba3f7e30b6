/* The listing of a plan: calls by part, kernels as texts, bytes moved, what fusion saved. */
#include "codegen/plan.h"

static void print_bytes(Buf *b, int64_t bytes) {
    if (bytes >= 10 * 1024 * 1024)
        buf_printf(b, "%.1f MB", (double)bytes / (1024 * 1024));
    else if (bytes >= 10 * 1024)
        buf_printf(b, "%.1f KB", (double)bytes / 1024);
    else
        buf_printf(b, "%lld B", (long long)bytes);
}

static void print_call(Buf *b, const Plan *p, const PlanCall *c, size_t number) {
    buf_printf(b, "%4zu: %s", number, c->what);
    if (c->node != IR_NONE) {
        buf_putc(b, ' ');
        ir_type_print(b, &ir_get(p->module.graph, c->node)->type);
    }
    buf_printf(b, ", %zu node%s, ", c->nnodes, c->nnodes == 1 ? "" : "s");
    print_bytes(b, c->bytes);
    buf_printf(b, " | %s: %s\n", kernel_kind_name(c->desc.kind), c->desc.text);
}

void plan_print(Buf *b, const Plan *p) {
    static const char *const parts[PLAN_PARTS] = {"forward", "backward", "update", "setup"};
    size_t calls = 0, number = 0;
    int64_t bytes = 0;
    for (int part = 0; part < PLAN_PARTS; part++) {
        if (p->ncalls[part] == 0)
            continue;
        buf_printf(b, "%s: %zu calls\n", parts[part], p->ncalls[part]);
        for (size_t i = 0; i < p->ncalls[part]; i++) {
            print_call(b, p, &p->calls[part][i], number++);
            if (part <= PLAN_BACKWARD) {
                calls++;
                bytes += p->calls[part][i].bytes;
            }
        }
    }
    buf_puts(b, "arena: ");
    print_bytes(b, p->arena_bytes);
    buf_printf(b, "\nforward and backward: %zu calls moving ", calls);
    print_bytes(b, bytes);
    buf_printf(b, "; one call a node: %zu calls moving ", p->unfused_calls);
    print_bytes(b, p->unfused_bytes);
    buf_putc(b, '\n');
}
