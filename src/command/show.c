/* `nasc show`: the network of one architecture, as sizes and shapes or as any stage of the compiler writes it. What is
 * shown before `gradient` is the network alone, from there on the candidate that its proxy makes of it. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "codegen/plan.h"
#include "command/session.h"
#include "runtime/scorer.h"
#include "runtime/stages.h"

typedef struct Shown {
    Session *session;
    Space *space;
    Architecture *architecture;
    IrModule network; /* the source graph of the network shown */
    IrSizes sizes;
    Hash128 hash;
    size_t nodes; /* of the canonical network */
    /* To train it under the first action's proxy: a worker's arena (-1: there is none, or a search that is
     * yet to find it), all that a worker takes, a process of one worker. */
    int64_t arena_bytes, worker_bytes, process_bytes;
    Arena arena;
} Shown;

static bool print_text(Shown *x, Buf *b) {
    const DecisionView *decisions;
    size_t n = architecture_decisions(x->architecture, &decisions);
    char hash[HASH128_TEXT];
    hash128_text(x->hash, hash);
    buf_printf(b, "%s of %s\n\n", architecture_text(x->architecture), space_name(x->space));
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "  %-24s %s\n", decisions[i].address, decisions[i].value);
    buf_printf(b,
               "\n  params        %12lld\n  macs          %12lld\n  live_macs     %12lld\n"
               "  counted_macs  %12lld = conv %lld + bn %lld + relu %lld + pool %lld",
               (long long)x->sizes.params, (long long)x->sizes.macs, (long long)x->sizes.live_macs,
               (long long)x->sizes.counted_macs, (long long)x->sizes.conv_count,
               (long long)x->sizes.bn_count, (long long)x->sizes.relu_count,
               (long long)x->sizes.pool_count);
    if (x->sizes.resize_count)
        buf_printf(b, " + resize %lld", (long long)x->sizes.resize_count);
    buf_printf(b, "\n  nodes         %12zu (canonical)\n", x->nodes);
    if (x->arena_bytes >= 0)
        buf_printf(b,
                   "  memory        %9.1f MB (a worker's, training; a run of one worker about %.0f "
                   "MB)\n",
                   (double)x->worker_bytes / (1 << 20), (double)x->process_bytes / (1 << 20));
    buf_printf(b, "  hash          %s\n\n", hash);
    for (size_t i = 0; i < x->network.nroots; i++) {
        const IrNode *node = ir_get(x->network.graph, x->network.roots[i]);
        buf_printf(b, "  %-12s  ", x->network.root_names[i]);
        ir_type_print(b, &node->type);
        buf_putc(b, '\n');
    }
    return true;
}

static void print_json(Shown *x, Buf *b) {
    json_t *o = json_object();
    char hash[HASH128_TEXT];
    hash128_text(x->hash, hash);
    json_object_set_new(o, "arch", json_string(architecture_text(x->architecture)));
    json_object_set_new(o, "params", json_integer(x->sizes.params));
    json_object_set_new(o, "macs", json_integer(x->sizes.macs));
    json_object_set_new(o, "live_macs", json_integer(x->sizes.live_macs));
    json_object_set_new(o, "counted_macs", json_integer(x->sizes.counted_macs));
    json_object_set_new(o, "hash", json_string(hash));
    json_object_set_new(o, "nodes", json_integer((json_int_t)x->nodes));
    if (x->arena_bytes >= 0) {
        json_object_set_new(o, "arena_bytes", json_integer(x->arena_bytes));
        json_object_set_new(o, "worker_bytes", json_integer(x->worker_bytes));
        json_object_set_new(o, "process_bytes", json_integer(x->process_bytes));
    }
    char *text = json_dumps(o, JSON_INDENT(1));
    buf_printf(b, "%s\n", text);
    free(text);
    json_decref(o);
}

/* The candidate under the program's proxy: what is really run. */
static bool build_candidate(Shown *x, ProxyBuild *build) {
    Proxy *proxy = program_default_proxy(x->session->program);
    return proxy && proxy_build(proxy, x->space, x->architecture, &x->sizes, &x->arena, build);
}

static bool print_canonical(Shown *x, Buf *b) {
    IrModule m = ir_canonicalise(&x->arena, &x->network);
    ir_print(b, &m);
    return true;
}

static bool print_graph(Shown *x, Buf *b) {
    ir_print(b, &x->network);
    return true;
}

static bool print_dot(Shown *x, Buf *b) {
    ir_print_dot(b, &x->network);
    return true;
}

/* Where a candidate has several stages, each is shown after the other. */
static void put_stage(const Stages *stages, size_t i, Buf *b) {
    const Stage *s = &stages->items[i];
    if (stages->n > 1)
        buf_printf(b, "%s%s: forward passes %lld to %lld\n", i ? "\n" : "",
                   s->trains ? "training" : "measured at the end", (long long)s->first + 1,
                   (long long)(s->first + s->steps));
}

static bool print_gradient(Shown *x, Buf *b) {
    ProxyBuild build;
    Stages stages;
    if (!build_candidate(x, &build))
        return false;
    stages_make(&build, &x->arena, &stages);
    for (size_t i = 0; i < stages.n; i++) {
        const Stage *s = &stages.items[i];
        IrModule graded = s->module;
        IrRef *wrt = ARENA_ARRAY(&x->arena, IrRef, s->nupdates + 1);
        IrError problem;
        size_t n = 0;
        for (size_t k = 0; k < s->nupdates; k++)
            if (!s->updates[k].root)
                wrt[n++] = s->leaves[k];
        if (s->trains && !ir_gradient(&x->arena, &s->module, 0, wrt, n, &graded, &problem)) {
            session_message(x->session, "nasc: error: %s\n", problem.message);
            return false;
        }
        put_stage(&stages, i, b);
        ir_print(b, &graded);
    }
    return true;
}

/* Plans of all stages. Without a jit they are only laid out. */
static bool make_plans(Shown *x, Jit *jit, Stages *stages, Plan **plans) {
    ProxyBuild build;
    Session *s = x->session;
    if (!build_candidate(x, &build))
        return false;
    PlanOptions options = {.fuse = true, .direct = s->direct};
    stages_make(&build, &x->arena, stages);
    *plans = ARENA_ARRAY(&x->arena, Plan, stages->n);
    for (size_t i = 0; i < stages->n; i++) {
        const Stage *stage = &stages->items[i];
        options.nscalars = stage->nscalars;
        if (!plan_make(jit, &x->arena, &stage->module, stage->updates, stage->nupdates, &options,
                       &(*plans)[i], &s->err)) {
            session_fail(s);
            return false;
        }
    }
    return true;
}

static bool make_compiled_plans(Shown *x, Stages *stages, Plan **plans) {
    if (!x->session->jit && session_jit(x->session) != NASC_OK)
        return false;
    return make_plans(x, x->session->jit, stages, plans);
}

/* What a process takes that scores the smallest network: code, LLVM, the program, compiled kernels. Measured; about
 * 65 MB where all kernels come from the cache, up to 80 where many are compiled. */
#define PROCESS_BYTES ((int64_t)70 << 20)

/* What the planner estimates, if the program has an action whose proxy is settled. The values that a proxy computes once a run are made
 * before a worker takes its memory. */
static bool find_memory(Shown *x) {
    const Action *actions;
    Stages stages;
    Plan *plans;
    int64_t peak, kept;
    x->arena_bytes = -1;
    if (program_actions(x->session->program, &actions) == 0 || actions[0].what == ACTION_SEARCH)
        return true;
    if (session_algorithm(x->session) != NASC_OK || !make_plans(x, NULL, &stages, &plans))
        return false;
    ProxyRun run = proxy_run(program_default_proxy(x->session->program));
    if (!run_values_bytes(&run, &peak, &kept, &x->session->err)) {
        session_fail(x->session);
        return false;
    }
    for (size_t i = 0; i < stages.n; i++) {
        x->arena_bytes = MAX(x->arena_bytes, plans[i].arena_bytes);
        x->worker_bytes = MAX(x->worker_bytes, scorer_bytes(&plans[i]));
    }
    x->process_bytes = PROCESS_BYTES + MAX(peak, kept + x->worker_bytes);
    return true;
}

static bool print_fused(Shown *x, Buf *b) {
    Stages stages;
    Plan *plans;
    if (!make_compiled_plans(x, &stages, &plans))
        return false;
    for (size_t i = 0; i < stages.n; i++) {
        put_stage(&stages, i, b);
        plan_print(b, &plans[i]);
    }
    return true;
}

typedef VEC(const char *) Texts;

static bool print_kernel(Shown *x, const PlanCall *call, Texts *seen, Buf *b) {
    for (size_t i = 0; i < seen->len; i++)
        if (strcmp(seen->items[i], call->desc.text) == 0)
            return true;
    VEC_PUSH(*seen, call->desc.text);
    if (jit_print(x->session->jit, &call->desc, b, &x->session->err))
        return true;
    session_fail(x->session);
    return false;
}

/* The optimised code of each distinct kernel of the plans, in order of first use. */
static bool print_llvm(Shown *x, Buf *b) {
    Stages stages;
    Plan *plans;
    Texts seen = {0};
    if (!make_compiled_plans(x, &stages, &plans))
        return false;
    bool ok = true;
    for (size_t s = 0; s < stages.n; s++)
        for (int part = 0; part < PLAN_PARTS; part++)
            for (size_t i = 0; ok && i < plans[s].ncalls[part]; i++)
                ok = print_kernel(x, &plans[s].calls[part][i], &seen, b);
    VEC_FREE(seen);
    return ok;
}

typedef struct Form {
    const char *name;
    bool (*print)(Shown *x, Buf *b);
} Form;

static const Form forms[] = {
    {"text", print_text},         {"graph", print_graph}, {"canonical", print_canonical},
    {"gradient", print_gradient}, {"fused", print_fused}, {"llvm", print_llvm},
    {"dot", print_dot},
};

static const Form *find_form(Session *s) {
    const char *name = s->request->as ? s->request->as : "text";
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    session_message(s,
                    "nasc: error: there is no form '%s'; --as takes text, graph, canonical, "
                    "gradient, fused, llvm or dot\n",
                    name);
    return NULL;
}

/* The network shown (or the scored one), and sizes of the network that counts for costs. */
static bool build_network(Shown *x) {
    const char *name = x->session->request->network, *cost = space_cost_network(x->space);
    IrModule counted, scored;
    if (!space_network(x->space, x->architecture, name, LANES, &x->arena, &x->network) ||
        !space_network(x->space, x->architecture, name ? name : cost, LANES, &x->arena, &counted) ||
        !space_network(x->space, x->architecture, NULL, LANES, &x->arena, &scored))
        return false;
    if (!ir_sizes(&counted, &x->sizes)) {
        session_message(x->session, "nasc: error: the sizes of this network are beyond 64 bits\n");
        return false;
    }
    IrModule canonical = ir_canonicalise(&x->arena, &scored);
    x->hash = ir_hash(&canonical);
    x->nodes = ir_graph_len(canonical.graph);
    return true;
}

static NascStatus show(Session *s) {
    const Form *form = find_form(s);
    if (!form)
        return NASC_USAGE_ERROR;
    if (s->request->json && form->print != print_text) {
        session_message(s, "nasc: error: --as %s has no JSON; leave --as or --json out\n",
                        form->name);
        return NASC_USAGE_ERROR;
    }
    if (s->architectures.len != 1) {
        session_message(s,
                        "nasc: error: show needs one architecture; `nasc sample %s` draws some\n",
                        s->request->file);
        return NASC_USAGE_ERROR;
    }
    Shown x = {.session = s, .space = program_default_space(s->program)};
    if (!x.space)
        return session_diagnostics(s, NASC_PROGRAM_ERROR);
    arena_init(&x.arena, "candidate");
    const char *text = s->architectures.items[0];
    x.architecture = space_parse(x.space, &x.arena, text, strlen(text), false);
    Buf b = {0};
    bool ok = x.architecture && build_network(&x);
    bool as_json = s->request->json;
    bool known = !ok || !(as_json || form->print == print_text) || find_memory(&x);
    if (ok && as_json)
        print_json(&x, &b);
    else if (ok)
        ok = form->print(&x, &b);
    ok = ok && known;
    session_write(s, NASC_STREAM_RESULT, &b);
    buf_free(&b);
    arena_free(&x.arena);
    return session_diagnostics(s, ok                  ? NASC_OK
                                  : s->err.message[0] ? s->err.status
                                                      : NASC_PROGRAM_ERROR);
}

NascStatus nasc_show(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, true);
    if (status == NASC_OK)
        status = show(&s);
    return session_close(&s, status);
}
