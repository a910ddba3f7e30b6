#include "codegen/profile.h"

#include "base/clock.h"

void plan_run_profiled(const Plan *p, int part, char *base, PlanProfile *profile) {
    double before = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < p->ncalls[part]; i++) {
        const PlanCall *c = &p->calls[part][i];
        c->fn(base, c->arg, c->lo, c->hi);
        double after = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        struct PlanProfileKind *k = &profile->kind[c->desc.kind];
        k->calls++;
        k->seconds += after - before;
        k->flops += (double)c->flops;
        k->bytes += (double)c->bytes;
        before = after;
    }
}

void plan_profile_add(PlanProfile *to, const PlanProfile *from) {
    for (int i = 0; i < KERNEL_KIND_COUNT; i++) {
        to->kind[i].calls += from->kind[i].calls;
        to->kind[i].seconds += from->kind[i].seconds;
        to->kind[i].flops += from->kind[i].flops;
        to->kind[i].bytes += from->kind[i].bytes;
    }
}

static void print_rate(Buf *b, double amount, double seconds) {
    if (amount > 0 && seconds > 0)
        buf_printf(b, "%10.1f", amount / seconds / 1e9);
    else
        buf_printf(b, "%10s", "-");
}

void plan_profile_print(Buf *b, const PlanProfile *p) {
    double total = 0;
    for (int i = 0; i < KERNEL_KIND_COUNT; i++)
        total += p->kind[i].seconds;
    buf_printf(b, "%-12s%12s%10s%8s%10s%10s\n", "kernels", "calls", "seconds", "share", "GFLOP/s",
               "GB/s");
    for (int i = 0; i < KERNEL_KIND_COUNT; i++) {
        const struct PlanProfileKind *k = &p->kind[i];
        if (k->calls == 0)
            continue;
        buf_printf(b, "%-12s%12lld%10.3f%7.1f%%", kernel_kind_name((KernelKind)i),
                   (long long)k->calls, k->seconds, 100 * k->seconds / total);
        print_rate(b, k->flops, k->seconds);
        print_rate(b, k->bytes, k->seconds);
        buf_putc(b, '\n');
    }
    buf_printf(b, "%-12s%12s%10.3f\n", "all", "", total);
}
