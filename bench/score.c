/* Times scorings without process start, parsing and compiling: bench_score FILE ARCHITECTURE ... prints a line
 * of JSON for each: {"arch": ..., "seconds": ..., "compile_seconds": ...}. The first scoring warms up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "codegen/jit.h"
#include "frontend/program.h"
#include "runtime/rank.h"

static void print_line(const Candidate *c, double compile, int64_t kernels) {
    json_t *o = json_object();
    json_object_set_new(o, "arch", json_string(c->arch));
    json_object_set_new(o, "seconds", json_real(c->seconds));
    json_object_set_new(o, "compile_seconds", json_real(compile));
    json_object_set_new(o, "kernels_compiled", json_integer(kernels));
    char *text = json_dumps(o, JSON_COMPACT);
    puts(text);
    fflush(stdout);
    free(text);
    json_decref(o);
}

int main(int argc, char **argv) {
    NascStatus status;
    NascError err = {0};
    const char *settings[64];
    size_t nsettings = 0;
    const char *lib = getenv("NASC_LIB");
    if (argc < 3 || !lib) {
        fprintf(stderr,
                "usage: NASC_LIB=lib bench_score FILE [NAME=VALUE ...] -- ARCHITECTURE ...\n");
        return NASC_USAGE_ERROR;
    }
    int first = 2;
    for (; first < argc && strcmp(argv[first], "--") != 0 && nsettings < ARRAY_LEN(settings);
         first++)
        settings[nsettings++] = argv[first];
    ProgramOptions options = {.lib_dir = lib, .settings = settings, .nsettings = nsettings};
    Program *p = program_load(argv[1], NULL, 0, &options, &status, &err);
    Jit *jit = jit_open(&(JitOptions){0}, &err);
    if (status != NASC_OK || !jit) {
        fprintf(stderr, "bench_score: %s\n", err.message);
        return status ? status : err.status;
    }
    Space *space = program_default_space(p);
    Proxy *proxy = program_default_proxy(p);
    for (int i = first + 1; i < argc; i++) {
        CandidateSet set = {.space = space,
                            .name = space_name(space),
                            .kind = CANDIDATES_LIST,
                            .n = 1,
                            .list = (const char *const *)&argv[i]};
        Action action = {.proxy = proxy, .sets = &set, .nsets = 1};
        RankJob job = {.program = p, .action = &action, .jit = jit, .workers = 1};
        for (int pass = 0; pass < 2; pass++) {
            RankResult r;
            status = rank_run(&job, &r, &err);
            JitStats after = jit_stats(jit);
            if (status != NASC_OK || r.candidates[0].status == SCORE_INVALID) {
                fprintf(stderr, "bench_score: cannot score %s: %s\n", argv[i], err.message);
                return NASC_PROGRAM_ERROR;
            }
            if (pass == 1)
                print_line(&r.candidates[0], after.compile_seconds, after.kernels_compiled);
            rank_free(&r);
        }
    }
    jit_close(jit);
    program_free(p);
    return 0;
}
