/* Small programs as text: parse, evaluate a name, show what it is. */
#ifndef TESTS_FRONTEND_EVALUATE_H
#define TESTS_FRONTEND_EVALUATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/eval.h"
#include "frontend/parse.h"

typedef struct Lab {
    Arena arena, run_arena;
    SourceSet sources;
    DiagSink diags;
    Syntax syntax;
    IrGraph *graph;
    EvalRun *run;
    Eval *eval;
    Frame *frame;
    Ast *tree;
    Buf text;
    const char *chosen; /* "a=1 b[0]=2 ": indices by address; others 0 */
    Buf asked;          /* addresses in the order of asking */
} Lab;

static inline int64_t lab_decide(void *user, Eval *e, const char *address, const EvalDomain *d,
                                 Place place) {
    (void)e, (void)d, (void)place;
    Lab *l = user;
    buf_printf(&l->asked, "%s ", address);
    char want[128];
    snprintf(want, sizeof want, "%s=", address);
    const char *at = l->chosen ? strstr(l->chosen, want) : NULL;
    return at ? atoi(at + strlen(want)) : 0;
}

/* A fresh session on the same tree and run part. */
static inline void lab_session(Lab *l, EvalMode mode) {
    l->graph = ir_graph_new(&l->arena);
    EvalConfig c = {.arena = &l->arena,
                    .diags = &l->diags,
                    .mode = mode,
                    .graph = mode == EVAL_BUILD ? l->graph : NULL,
                    .run = l->run,
                    .host = {.user = l, .decide = lab_decide}};
    l->eval = eval_new(&c);
    l->frame = eval_frame(l->eval, NULL, &l->tree->list, "");
}

static inline void lab_open(Lab *l, const char *program) {
    *l = (Lab){0};
    arena_init(&l->arena, "lab");
    arena_init(&l->run_arena, "run");
    l->sources.arena = &l->arena;
    diag_init(&l->diags, &l->arena, &l->sources);
    syntax_init(&l->syntax, &l->arena, &l->sources, &l->diags);
    NascError err = {0};
    uint32_t file = source_add(&l->sources, "lab.nas", program, strlen(program), &err);
    l->tree = parse_program(&l->syntax, file);
    l->run = eval_run_new(&l->run_arena);
    lab_session(l, EVAL_BUILD);
}

static inline void lab_close(Lab *l) {
    syntax_free(&l->syntax);
    buf_free(&l->text);
    buf_free(&l->asked);
    VEC_FREE(l->sources.files);
    for (size_t i = 0; i < l->diags.items.len; i++)
        VEC_FREE(l->diags.items.items[i].notes);
    VEC_FREE(l->diags.items);
    arena_free(&l->run_arena);
    arena_free(&l->arena);
}

static inline Value lab_value(Lab *l, const char *name) {
    return eval_name(l->eval, l->frame, name, (Place){0});
}

static inline const char *lab_diags(Lab *l) {
    buf_clear(&l->text);
    diag_print(&l->diags, &l->text, false);
    return l->text.text ? l->text.text : "";
}

static inline const char *lab_show(Lab *l, const char *name) {
    Value v = lab_value(l, name);
    if (l->diags.errors)
        return lab_diags(l);
    buf_clear(&l->text);
    value_print(&l->text, v);
    return l->text.text;
}

static inline IrRef lab_image(Lab *l, int64_t n, int64_t c, int64_t h, int64_t w) {
    IrType t = {
        .rank = 4, .axis = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W}, .size = {n, c, h, w}};
    return ir_input(l->graph, &t, 0, "image");
}

/* Applies a layer to a [2, 3, 8, 8] image. */
static inline bool lab_network(Lab *l, const char *name, IrModule *m) {
    IrRef image = lab_image(l, 2, 3, 8, 8);
    return eval_network(l->eval, lab_value(l, name), image, (Place){0}, &l->arena, m);
}

static inline size_t lab_count(const IrGraph *g, IrOp op) {
    size_t n = 0;
    for (IrRef r = 0; r < ir_graph_len(g); r++)
        n += ir_get(g, r)->op == op;
    return n;
}

static inline bool lab_has_leaf(const IrGraph *g, const char *name) {
    for (IrRef r = 0; r < ir_graph_len(g); r++)
        if (ir_get(g, r)->name && strcmp(ir_get(g, r)->name, name) == 0)
            return true;
    return false;
}

/* Exactly one diagnostic, with this code. */
static inline void lab_expect(Lab *l, DiagCode code) {
    if (l->diags.items.len != 1 || l->diags.items.items[0].code != code)
        fail_msg("expected only `%s`, found:\n%s", diag_code_name(code), lab_diags(l));
}

#endif
