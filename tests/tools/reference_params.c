/* Trains an architecture by the reference executor in double, for so many forward passes as are asked for, and
 * writes the parameters that are left: what an exported script does with --double --steps STEPS --dump OUT.
 *
 *     NASC_LIB=lib reference_params STEPS OUT FILE [NAME=VALUE ...] -- ARCHITECTURE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "runtime/scorer.h"

/* The same per-run values that an export writes: made by kernels where a run makes them by kernels. */
static bool train(Program *p, Jit *jit, const char *arch, int64_t steps, Buf *params,
                  NascError *err) {
    Arena arena;
    arena_init(&arena, "reference");
    Space *space = program_default_space(p);
    Proxy *proxy = program_default_proxy(p);
    Architecture *a = space_parse(space, &arena, arch, strlen(arch), false);
    IrModule network;
    IrSizes sizes;
    ProxyBuild build;
    Measured m = {0};
    RunValues run = {.jit = jit};
    bool ok = a && space_network(space, a, space_cost_network(space), LANES, &arena, &network) &&
              ir_sizes(&network, &sizes) && proxy_build(proxy, space, a, &sizes, &arena, &build);
    if (ok) {
        ProxyRun part = proxy_run(proxy);
        build.steps = build.passes = build.trainings[0].steps = steps;
        ok = run_values_update(&run, &part, err) &&
             scorer_measure_reference(&build, &run, 0, 1, true, &arena, &m, params, err);
    }
    run_values_free(&run);
    free(m.values);
    arena_free(&arena);
    return ok;
}

int main(int argc, char **argv) {
    const char *settings[16];
    size_t nsettings = 0;
    int at = 4;
    for (; at < argc && strcmp(argv[at], "--") != 0 && nsettings < ARRAY_LEN(settings); at++)
        settings[nsettings++] = argv[at];
    if (at + 2 != argc || !getenv("NASC_LIB")) {
        fprintf(stderr, "usage: NASC_LIB=DIR reference_params STEPS OUT FILE [NAME=VALUE ...] -- "
                        "ARCHITECTURE\n");
        return NASC_USAGE_ERROR;
    }
    NascStatus status;
    NascError err = {0};
    ProgramOptions options = {
        .lib_dir = getenv("NASC_LIB"), .settings = settings, .nsettings = nsettings};
    Program *p = program_load(argv[3], NULL, 0, &options, &status, &err);
    Jit *jit = status == NASC_OK ? jit_open(&(JitOptions){0}, &err) : NULL;
    Buf params = {0};
    bool ok = jit && train(p, jit, argv[at + 1], strtoll(argv[1], NULL, 10), &params, &err) &&
              file_write(argv[2], params.text, params.len, &err);
    if (!ok)
        fprintf(stderr, "reference_params: %s\n",
                err.message[0] ? err.message : "not a sound program");
    buf_free(&params);
    if (jit)
        jit_close(jit);
    program_free(p);
    return ok ? NASC_OK : NASC_PROGRAM_ERROR;
}
