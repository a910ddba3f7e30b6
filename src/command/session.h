/* What every command begins with: a writer, a loaded program, a JIT session. */
#ifndef NASC_COMMAND_SESSION_H
#define NASC_COMMAND_SESSION_H

#include "base/buf.h"
#include "codegen/jit.h"
#include "frontend/program.h"
#include "nasc.h"
#include "runtime/report.h"

typedef struct Session {
    const NascRequest *request;
    Program *program;
    Jit *jit;
    Journal *journal; /* NULL: none is kept */
    NascError err;
    VEC(const char *) settings;      /* name=value of the program's parameters */
    VEC(const char *) architectures; /* all other arguments */
    size_t diags_printed;
    int workers;
    bool direct; /* --algorithm direct */
    const char *progress_what;
    double progress_start, progress_shown;
    size_t progress_first;
} Session;

/* Loads the program and sorts the arguments; diagnostics are printed. Close the session in any case. */
NascStatus session_open(Session *s, const NascRequest *r, bool takes_architectures);
/* Ends it; returns the command's status, which is one of usage where all that is wrong is what the command line set. */
NascStatus session_close(Session *s, NascStatus status);
/* Takes the request's choice of algorithms. */
NascStatus session_algorithm(Session *s);
/* The same, and opens the JIT as the request says. */
NascStatus session_jit(Session *s);
/* Opens the journal of the folder DIR (NULL: one in memory). */
NascStatus session_journal(Session *s, const char *dir);

void session_write(const Session *s, NascStream stream, const Buf *text);
void session_message(const Session *s, const char *fmt, ...) NASC_PRINTF(2, 3);
/* Prints diagnostics that came since the last call; returns `status`, or NASC_PROGRAM_ERROR if there are errors
 * and status is NASC_OK. */
NascStatus session_diagnostics(Session *s, NascStatus status);
/* Prints err as "nasc: error: ..." and returns its status. */
NascStatus session_fail(Session *s);
void session_header(const Session *s, ReportHeader *h);
/* A status line while candidates are scored: live on a terminal, a line at each tenth elsewhere. `user` is the
 * session. */
void session_progress(void *user, const char *what, size_t finished, size_t total, size_t failed,
                      const Candidate *best);
/* A remark about the user's data. */
void session_warn(void *user, const char *line);

#endif
