/* libnasc: everything the program can do, for the program, for other languages and for hosts.
 *
 * A request names a command's file, arguments and options; the library answers through the request's writer and
 * with a status, which is also the exit code of `nasc`. It keeps no state between requests, prints nothing by
 * itself and never exits; two requests may run at once.
 */
#ifndef NASC_H
#define NASC_H

#include "base/base.h"

typedef enum NascStream {
    NASC_STREAM_RESULT,   /* what was asked for: standard output */
    NASC_STREAM_MESSAGE,  /* diagnostics and remarks: standard error */
    NASC_STREAM_PROGRESS, /* one line that replaces the one before it, where `live` is set */
} NascStream;

typedef struct NascRequest {
    const char *file;        /* the program, or NULL */
    const char *const *args; /* name=value settings and architectures, in the order given */
    size_t nargs;

    int workers;           /* 0: the processors there are */
    uint64_t seed;         /* initialisations and the image batch */
    const char *out;       /* --out DIR, -o FILE */
    const char *cpu;       /* NULL: the best of this machine */
    const char *algorithm; /* NULL or "auto": by the shape; "direct": no Winograd convolutions */
    const char *as;        /* show: the form */
    const char *network;   /* show: a network other than the scored one */
    const char *only;      /* count: raw, satisfying, distinct or networks; NULL: all */
    const char *to;        /* export: the format */
    const char *lib_dir;   /* where `use NAME;` looks; NULL: beside the program */
    int64_t n;             /* sample: how many; 0: the default */
    const char *export_to; /* sample: folder for the table and the networks to train; NULL: none */
    int64_t for_labels; /* sample: a table of so many, spread over sizes, to be labelled; 0: none */
    bool distinct;      /* sample: uniformly over distinct architectures */
    bool exact;         /* count: build every network rather than estimate their number */
    bool json, quiet, size_only, keep_journal, profile, no_cache, in_double, reference, help;

    bool live, colour;             /* the message stream is a terminal */
    const volatile int *interrupt; /* becomes non-zero when the user wants to stop; may be NULL */
    void (*write)(void *user, NascStream stream, const char *text, size_t len);
    void *user;
} NascRequest;

/* Scores what the program's `rank` actions name; prints reports and, with `out`, writes them. */
NascStatus nasc_run(const NascRequest *r);
/* Reports every mistake in a program, building each alternative of its spaces at least once. */
NascStatus nasc_check(const NascRequest *r);
/* Prints the network of one architecture: as text, graph, canonical, gradient, fused, llvm or dot. */
NascStatus nasc_show(const NascRequest *r);
/* Scores the architectures given. */
NascStatus nasc_score(const NascRequest *r);
/* Draws architectures of the program's space. */
NascStatus nasc_sample(const NascRequest *r);
/* Counts the points of the program's space. */
NascStatus nasc_count(const NascRequest *r);
/* Runs a report's program again as the report says, and tells what differs: NASC_PROGRAM_ERROR if anything does. */
NascStatus nasc_rerun(const NascRequest *r);
/* Sets two result folders side by side. */
NascStatus nasc_compare(const NascRequest *r);
/* Writes the training run of one architecture as a program for another framework. */
NascStatus nasc_export(const NascRequest *r);

const char *nasc_version(void);

#endif
