/* Draws points of a program's proxy, whose choices are open, one a line: NASC_LIB=lib points N FILE. */
#include <stdio.h>
#include <stdlib.h>

#include "frontend/program.h"

static bool print_point(Space *space, uint64_t index) {
    Arena arena;
    arena_init(&arena, "point");
    RandomStream stream = random_stream(0, 0, RANDOM_TEST, (Hash128){0});
    Architecture *point = space_sample(space, &arena, stream, index);
    if (point)
        puts(architecture_text(point));
    arena_free(&arena);
    return point;
}

int main(int argc, char **argv) {
    if (argc != 3 || !getenv("NASC_LIB")) {
        fprintf(stderr, "usage: NASC_LIB=DIR points N FILE\n");
        return NASC_USAGE_ERROR;
    }
    NascStatus status;
    NascError err = {0};
    ProgramOptions options = {.lib_dir = getenv("NASC_LIB")};
    Program *p = program_load(argv[2], NULL, 0, &options, &status, &err);
    Proxy *proxy = status == NASC_OK ? program_default_proxy(p) : NULL;
    Space *space = proxy ? proxy_space(proxy) : NULL;
    uint64_t n = strtoull(argv[1], NULL, 10);
    bool ok = space;
    for (uint64_t i = 0; ok && i < n; i++)
        ok = print_point(space, i);
    if (!ok)
        fprintf(stderr, "points: %s\n", err.message[0] ? err.message : "no proxy with choices");
    program_free(p);
    return ok ? NASC_OK : NASC_PROGRAM_ERROR;
}
