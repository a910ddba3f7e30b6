/* Any bytes load as a program: parse, check, evaluate the top level, draw a point of each space, write and read it. */
#include <string.h>

#include "frontend/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw(Space *s) {
    Arena arena;
    arena_init(&arena, "fuzz");
    RandomStream stream = random_stream(1, 0, RANDOM_TEST, (Hash128){0});
    Architecture *a = space_sample(s, &arena, stream, 0);
    if (a) {
        const char *text = architecture_text(a);
        space_parse(s, &arena, text, strlen(text), true);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    NascStatus status = NASC_OK;
    NascError err = {0};
    ProgramOptions options = {.lib_dir = "/nonexistent"};
    if (size == 0)
        return 0;
    Program *p = program_load("fuzz.nas", (const char *)data, size, &options, &status, &err);
    if (status == NASC_OK && !program_diags(p)->errors) {
        Space **spaces;
        size_t n = program_spaces(p, &spaces);
        for (size_t i = 0; i < n; i++)
            draw(spaces[i]);
    }
    Buf shown = {0};
    diag_print(program_diags(p), &shown, false);
    buf_free(&shown);
    program_free(p);
    return 0;
}
