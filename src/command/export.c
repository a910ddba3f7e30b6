/* `nasc export`: the training run of one architecture as a PyTorch script and its file of tensors.
 */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "command/session.h"
#include "runtime/export_pytorch.h"
#include "runtime/stages.h"

/* The data file stands beside the script: net.py -> net.bin. */
static char *data_path(const char *script) {
    Buf b = {0};
    size_t len = strlen(script);
    if (len > 3 && strcmp(script + len - 3, ".py") == 0)
        len -= 3;
    buf_append(&b, script, len);
    buf_puts(&b, ".bin");
    return b.text;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool write_both(Session *s, const PytorchExport *x, const char *data_file) {
    Buf script = {0}, data = {0};
    bool ok = file_replaceable(s->request->out, &s->err) &&
              export_pytorch(x, &script, &data, &s->err) &&
              file_write(data_file, data.text, data.len, &s->err) &&
              file_write(s->request->out, script.text, script.len, &s->err);
    buf_free(&script);
    buf_free(&data);
    return ok;
}

static NascStatus export_one(Session *s, Space *space, Proxy *proxy, Arena *arena) {
    const char *text = s->architectures.items[0];
    const char *cost = space_cost_network(space);
    Architecture *a = space_parse(space, arena, text, strlen(text), false);
    IrModule network;
    IrSizes sizes;
    ProxyBuild build;
    if (!a || !space_network(space, a, cost, LANES, arena, &network) ||
        !ir_sizes(&network, &sizes) || !proxy_build(proxy, space, a, &sizes, arena, &build))
        return session_diagnostics(s, NASC_PROGRAM_ERROR);
    RunValues run = {.seed = s->request->seed, .jit = s->jit};
    ProxyRun part = proxy_run(proxy);
    Stages stages;
    bool ok = run_values_update(&run, &part, &s->err);
    stages_make(&build, arena, &stages);
    if (ok && (stages.n > 1 || build.nstatistics))
        ok = !nasc_fail(&s->err, NASC_PROGRAM_ERROR,
                        "a proxy of several trainings, or one that measures at the end or in "
                        "evaluation mode, is not "
                        "exported");
    if (ok) {
        char *data_file = data_path(s->request->out);
        PytorchExport x = {&stages.canonical,
                           stages.items[0].updates,
                           stages.items[0].nupdates,
                           &build,
                           &run,
                           s->request->seed,
                           proxy_repeats(proxy),
                           architecture_text(a),
                           base_name(data_file)};
        ok = write_both(s, &x, data_file);
        if (ok && !s->request->quiet)
            session_message(s, "wrote %s and %s\n", s->request->out, data_file);
        free(data_file);
    }
    run_values_free(&run);
    return ok ? NASC_OK : session_fail(s);
}

NascStatus nasc_export(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, true);
    Space *space = status == NASC_OK ? program_default_space(s.program) : NULL;
    Proxy *proxy = space ? program_default_proxy(s.program) : NULL;
    if (status == NASC_OK && r->to && strcmp(r->to, "pytorch") != 0) {
        session_message(&s, "nasc: error: there is no export to '%s'; --to takes pytorch\n", r->to);
        status = NASC_USAGE_ERROR;
    } else if (status == NASC_OK && (!space || !proxy)) {
        status = session_diagnostics(&s, NASC_PROGRAM_ERROR);
    } else if (status == NASC_OK && (s.architectures.len != 1 || !r->out)) {
        session_message(&s, "nasc: error: export needs one architecture and -o FILE.py\n");
        status = NASC_USAGE_ERROR;
    }
    if (status == NASC_OK)
        status = session_jit(&s);
    if (status == NASC_OK) {
        Arena arena;
        arena_init(&arena, "candidate");
        status = export_one(&s, space, proxy, &arena);
        arena_free(&arena);
    }
    return session_close(&s, status);
}
