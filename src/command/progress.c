/* The status line: what is done, how fast, how long still, what failed, what leads. It is the one
 * place of the commands that looks at a clock, and nothing but the line depends on it. */
#include <stdio.h>

#include "base/clock.h"
#include "command/session.h"

static void put_duration(Buf *b, double seconds) {
    if (seconds < 90)
        buf_printf(b, "%.0f s", seconds);
    else if (seconds < 5400)
        buf_printf(b, "%.0f min", seconds / 60);
    else
        buf_printf(b, "%.1f h", seconds / 3600);
}

void session_progress(void *user, const char *what, size_t finished, size_t total, size_t failed,
                      const Candidate *best) {
    Session *s = user;
    double now = clock_seconds(CLOCK_MONOTONIC);
    if (finished <= 1 || s->progress_what != what) {
        s->progress_start = now;
        s->progress_first = finished;
        s->progress_what = what;
    }
    bool live = s->request->live, last = finished == total;
    size_t tenth = total / 10 ? total / 10 : 1;
    if (s->request->quiet || (!live && (total < 20 || finished % tenth != 0)) ||
        (live && !last && now - s->progress_shown < 0.1))
        return;
    s->progress_shown = now;
    Buf b = {0};
    buf_printf(&b, "%s %zu/%zu", what, finished, total);
    double rate = (double)(finished - s->progress_first) / (now - s->progress_start + 1e-9);
    if (finished > s->progress_first && !last) {
        buf_printf(&b, "  %.3g/s  ", rate);
        put_duration(&b, (double)(total - finished) / rate);
        buf_puts(&b, " left");
    }
    if (failed)
        buf_printf(&b, "  %zu failed", failed);
    if (best)
        buf_printf(&b, "  best %.5g %.60s", best->score, best->arch);
    buf_putc(&b, live && !last ? '\r' : '\n');
    session_write(s, NASC_STREAM_PROGRESS, &b);
    buf_free(&b);
}
