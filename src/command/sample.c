/* `nasc sample`: different points of a space, an architecture a line. */
#include <stdlib.h>

#include "command/session.h"
#include "runtime/candidates.h"

enum { DEFAULT_DRAWS = 10 };

NascStatus nasc_sample(const NascRequest *r) {
    Session s;
    NascStatus status = session_open(&s, r, false);
    Space *space = status == NASC_OK ? program_default_space(s.program) : NULL;
    if (status == NASC_OK && !space)
        status = session_diagnostics(&s, NASC_PROGRAM_ERROR);
    if (status == NASC_OK) {
        Action action = {.space = space,
                         .kind = CANDIDATES_DRAWN,
                         .n = r->n ? r->n : DEFAULT_DRAWS,
                         .sample = r->seed};
        RankJob job = {.program = s.program, .action = &action, .interrupt = r->interrupt};
        RankResult result = {0};
        Buf b = {0};
        arena_init(&result.arena, "sample");
        status = candidates_gather(&job, &result, &s.err);
        status = session_diagnostics(&s, status);
        for (size_t i = 0; i < result.n; i++)
            buf_printf(&b, "%s\n", result.candidates[i].arch);
        session_write(&s, NASC_STREAM_RESULT, &b);
        if (status == NASC_OK && (int64_t)result.n < action.n)
            session_message(&s, "nasc: note: only %zu different architectures were found\n",
                            result.n);
        buf_free(&b);
        rank_free(&result);
        if (status == NASC_OK && r->interrupt && *r->interrupt)
            status = NASC_INTERRUPTED;
    }
    session_close(&s);
    return status;
}
