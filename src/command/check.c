/* `nasc check`: every mistake that loading, building each alternative once and building the actions' proxies
 * brings to light; without any, what the program holds. */
#include "command/session.h"

static void print_summary(Session *s) {
    Space **spaces;
    const Action *actions;
    size_t n = program_spaces(s->program, &spaces);
    Buf b = {0};
    Arena arena;
    arena_init(&arena, "scratch");
    for (size_t i = 0; i < n; i++) {
        const char *points = space_raw_count(spaces[i], &arena);
        if (points)
            buf_printf(&b, "space %s: %s points\n", space_name(spaces[i]), points);
        else
            buf_printf(&b, "space %s: points not counted, since choices stand in bodies\n",
                       space_name(spaces[i]));
    }
    buf_printf(&b, "%s: no mistakes found, %zu action%s\n", s->request->file,
               program_actions(s->program, &actions),
               program_actions(s->program, &actions) == 1 ? "" : "s");
    session_write(s, NASC_STREAM_RESULT, &b);
    buf_free(&b);
    arena_free(&arena);
}

/* The action's proxy; a search's with choices drawn. */
static Proxy *action_proxy(const Action *action, Arena *arena) {
    Space *choices = action->what == ACTION_SEARCH ? proxy_space(action->proxy) : NULL;
    RandomStream stream = random_stream(0, 0, RANDOM_SAMPLE, (Hash128){0});
    const Architecture *point = choices ? space_sample(choices, arena, stream, 0) : NULL;
    return point ? proxy_open(action->proxy, architecture_text(point)) : action->proxy;
}

/* Draws one architecture of a space and builds it under the action's proxy, so that mistakes of the proxy show too. */
static void check_proxy(Session *s, const Action *action, Space *space) {
    Arena arena;
    arena_init(&arena, "candidate");
    Proxy *proxy = action_proxy(action, &arena);
    RandomStream stream = random_stream(0, 0, RANDOM_SAMPLE, (Hash128){0});
    Architecture *a = space_sample(space, &arena, stream, 0);
    const char *cost = space_cost_network(space);
    IrModule network;
    IrSizes sizes;
    ProxyBuild build;
    if (a && space_network(space, a, cost, LANES, &arena, &network)) {
        if (!ir_sizes(&network, &sizes))
            session_message(s, "nasc: error: the sizes of %s are beyond 64 bits\n",
                            architecture_text(a));
        else
            proxy_build(proxy, space, a, &sizes, &arena, &build);
    }
    if (proxy != action->proxy)
        proxy_close(proxy);
    arena_free(&arena);
}

static void check_action(Session *s, const Action *action) {
    for (size_t i = 0; i < action->nsets; i++)
        check_proxy(s, action, action->sets[i].space);
}

NascStatus nasc_check(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, false);
    if (status == NASC_OK) {
        Space **spaces;
        const Action *actions;
        size_t n = program_spaces(s.program, &spaces);
        for (size_t i = 0; i < n; i++)
            space_check_all(spaces[i], n);
        size_t nactions = program_actions(s.program, &actions);
        for (size_t i = 0; i < nactions; i++) {
            check_action(&s, &actions[i]);
            if (actions[i].evaluation &&
                actions[i].evaluation->sets[0].space != actions[i].sets[0].space)
                check_action(&s, actions[i].against ? actions[i].against : &actions[i]);
        }
        if (program_diags(s.program)->errors)
            status = NASC_PROGRAM_ERROR;
        if (!r->json)
            session_diagnostics(&s, status);
    }
    if (r->json && (status == NASC_OK || status == NASC_PROGRAM_ERROR)) {
        Buf b = {0};
        diag_print_json(program_diags(s.program), &b);
        session_write(&s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
    } else if (status == NASC_OK && !r->quiet) {
        print_summary(&s);
    }
    return session_close(&s, status);
}
