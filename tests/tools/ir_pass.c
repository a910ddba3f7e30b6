/* Runs passes over a module in text form and prints what comes of it, for tests of passes.
 *
 *     ir_pass FILE PASS...
 *
 * PASS: prune, canonicalise, expand; gradient: of the first root, by every param; hash, sizes and plan print those
 * instead of the module. What a pass made is verified. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "codegen/plan.h"
#include "ir/passes.h"

enum { MAX_TEXT = 1 << 20 };

static bool gradient(Arena *arena, IrModule *m, IrError *err) {
    size_t n = 0, len = ir_graph_len(m->graph);
    IrRef *params = ARENA_ARRAY(arena, IrRef, len + 1);
    for (size_t r = 0; r < len; r++)
        if (ir_get(m->graph, (IrRef)r)->op == IR_OP_param)
            params[n++] = (IrRef)r;
    IrModule out;
    bool ok = ir_gradient(arena, m, 0, params, n, &out, err);
    *m = out;
    return ok;
}

/* The kernels that the module becomes, laid out and not compiled. */
static bool print_plan(Arena *arena, const IrModule *m) {
    Plan plan;
    NascError err = {0};
    Buf out = {0};
    if (!plan_make(NULL, arena, m, NULL, 0, &(PlanOptions){.fuse = true}, &plan, &err)) {
        fprintf(stderr, "ir_pass: %s\n", err.message);
        exit(err.status);
    }
    plan_print(&out, &plan);
    fputs(out.text, stdout);
    exit(0);
}

static bool pass(const char *name, Arena *arena, IrModule *m, IrError *err) {
    IrSizes sizes;
    char hash[HASH128_TEXT];
    if (strcmp(name, "prune") == 0) {
        *m = ir_prune(arena, m);
    } else if (strcmp(name, "canonicalise") == 0) {
        *m = ir_canonicalise(arena, m);
    } else if (strcmp(name, "expand") == 0) {
        *m = ir_expand(arena, m);
    } else if (strcmp(name, "gradient") == 0) {
        if (!gradient(arena, m, err))
            return false;
    } else if (strcmp(name, "plan") == 0) {
        return print_plan(arena, m);
    } else if (strcmp(name, "hash") == 0) {
        hash128_text(ir_hash(m), hash);
        printf("hash %s\n", hash);
        exit(0);
    } else if (strcmp(name, "sizes") == 0 && ir_sizes(m, &sizes)) {
        printf("params %lld macs %lld live_macs %lld counted_macs %lld\n", (long long)sizes.params,
               (long long)sizes.macs, (long long)sizes.live_macs, (long long)sizes.counted_macs);
        exit(0);
    } else {
        fprintf(stderr, "ir_pass: no pass %s\n", name);
        exit(NASC_USAGE_ERROR);
    }
    ir_verify(m->graph);
    return true;
}

int main(int argc, char **argv) {
    NascError failed = {0};
    IrError err = {0};
    IrModule m;
    Arena arena;
    arena_init(&arena, "passes");
    Buf text = {0};
    if (argc < 2 || !file_read(argv[1], MAX_TEXT, &text, &failed)) {
        fprintf(stderr, "usage: ir_pass FILE PASS...\n%s\n", failed.message);
        return NASC_USAGE_ERROR;
    }
    bool ok = ir_read(&arena, text.text ? text.text : "", text.len, &m, &err);
    for (int i = 2; ok && i < argc; i++)
        ok = pass(argv[i], &arena, &m, &err);
    if (ok) {
        Buf out = {0};
        ir_print(&out, &m);
        fputs(out.text, stdout);
        buf_free(&out);
    } else {
        fprintf(stderr, "ir_pass: %s\n", err.message);
    }
    buf_free(&text);
    arena_free(&arena);
    return ok ? 0 : NASC_PROGRAM_ERROR;
}
