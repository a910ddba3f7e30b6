/* Lays out the training of N architectures drawn from a program's space and counts what it is made of, without
 * compiling or running anything:
 *
 *     NASC_LIB=lib count_kernels N FILE [NAME=VALUE ...]
 *
 * prints a line of JSON. "kernels" are distinct texts over all architectures, "calls" those of a step of the last
 * one, "planning_seconds" processor time an architecture, from its text to the plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/intern.h"
#include "codegen/plan.h"
#include "runtime/stages.h"

typedef struct Count {
    Arena texts;
    Intern kernels;
    size_t calls;
    int64_t arena_bytes;
    size_t planned;
} Count;

static void count_plan(Count *c, const Plan *plan) {
    Buf b = {0};
    c->calls = 0;
    for (int part = 0; part < PLAN_PARTS; part++)
        for (size_t i = 0; i < plan->ncalls[part]; i++) {
            buf_clear(&b);
            buf_printf(&b, "%d %s", (int)plan->calls[part][i].desc.kind,
                       plan->calls[part][i].desc.text);
            intern_text(&c->kernels, b.text, b.len);
            c->calls += part != PLAN_SETUP;
        }
    c->arena_bytes = MAX(c->arena_bytes, plan->arena_bytes);
    c->planned++;
    buf_free(&b);
}

static bool count_one(Count *c, Space *space, Proxy *proxy, uint64_t index, NascError *err) {
    Arena arena;
    arena_init(&arena, "candidate");
    RandomStream stream = random_stream(0, 0, RANDOM_TEST, (Hash128){0});
    Architecture *a = space_sample(space, &arena, stream, index);
    IrModule network;
    IrSizes sizes;
    ProxyBuild build;
    Stages stages;
    bool ok = a && space_network(space, a, space_cost_network(space), LANES, &arena, &network) &&
              ir_sizes(&network, &sizes) && proxy_build(proxy, space, a, &sizes, &arena, &build);
    if (ok)
        stages_make(&build, &arena, &stages);
    for (size_t i = 0; ok && i < stages.n; i++) {
        const Stage *s = &stages.items[i];
        Plan plan;
        ok = plan_make(NULL, &arena, &s->module, s->updates, s->nupdates,
                       &(PlanOptions){.fuse = true, .nscalars = s->nscalars}, &plan, err);
        if (ok)
            count_plan(c, &plan);
    }
    arena_free(&arena);
    return ok || !err->message[0]; /* what cannot be trained is not counted */
}

int main(int argc, char **argv) {
    if (argc < 3 || !getenv("NASC_LIB")) {
        fprintf(stderr, "usage: NASC_LIB=DIR count_kernels N FILE [NAME=VALUE ...]\n");
        return NASC_USAGE_ERROR;
    }
    NascStatus status;
    NascError err = {0};
    ProgramOptions options = {.lib_dir = getenv("NASC_LIB"),
                              .settings = (const char *const *)argv + 3,
                              .nsettings = (size_t)argc - 3};
    Program *p = program_load(argv[2], NULL, 0, &options, &status, &err);
    Space *space = status == NASC_OK ? program_default_space(p) : NULL;
    Proxy *proxy = space ? program_default_proxy(p) : NULL;
    Count c = {0};
    arena_init(&c.texts, "texts");
    intern_init(&c.kernels, &c.texts);
    clock_t start = clock();
    uint64_t n = strtoull(argv[1], NULL, 10);
    bool ok = proxy != NULL;
    for (uint64_t i = 0; ok && i < n; i++)
        ok = count_one(&c, space, proxy, i, &err);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (ok)
        printf("{\"architectures\": %zu, \"kernels\": %zu, \"calls\": %zu, "
               "\"largest_arena_bytes\": %lld, "
               "\"planning_seconds\": %.5f}\n",
               c.planned, c.kernels.len, c.calls, (long long)c.arena_bytes,
               seconds / (double)MAX(c.planned, 1));
    else
        fprintf(stderr, "count_kernels: %s\n",
                err.message[0] ? err.message : "not a sound program");
    intern_free(&c.kernels);
    arena_free(&c.texts);
    program_free(p);
    return ok ? NASC_OK : NASC_PROGRAM_ERROR;
}
