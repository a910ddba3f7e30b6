/* Any bytes parse and check without a crash; a sound tree survives printing. */
#include <stdlib.h>
#include "frontend/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena arena;
    arena_init(&arena, "fuzz");
    SourceSet sources = {.arena = &arena};
    DiagSink diags;
    diag_init(&diags, &arena, &sources);
    Syntax syntax;
    syntax_init(&syntax, &arena, &sources, &diags);
    uint32_t file = source_add(&sources, "fuzz.nas", (const char *)data, size, NULL);
    CheckFile tree = {.tree = parse_program(&syntax, file)};
    Buf printed = {0}, shown = {0};
    ast_print(tree.tree, &printed);
    if (!diags.errors) {
        uint32_t again =
            source_add(&sources, "again.nas", printed.text ? printed.text : "", printed.len, NULL);
        CHECK(ast_equal(tree.tree, parse_program(&syntax, again)) && !diags.errors);
    }
    check_program(&syntax, &tree, 1);
    diag_print(&diags, &shown, false);
    buf_free(&printed), buf_free(&shown), syntax_free(&syntax), diag_free(&diags);
    VEC_FREE(sources.files);
    arena_free(&arena);
    return 0;
}
