/* Reports of a ranking: text for people, report.json and scores.tsv for scripts, timing apart from both. All
 * but the timing files is byte-identical when the same run is repeated. */
#ifndef NASC_RUNTIME_REPORT_H
#define NASC_RUNTIME_REPORT_H

#include "runtime/search.h"

typedef struct ReportHeader {
    const char *version, *llvm, *blas, *cpu;
    const char *target, *algorithm; /* NULL: nothing was compiled */
    const char *program_path, *program_sha256;
    const ProgramParam *params;
    size_t nparams;
    uint64_t seed;
    bool timing; /* report_json holds what the timing file does, which varies from run to run */
} ReportHeader;

typedef struct ActionReport {
    const RankResult *result;
    const Evaluation *evaluation;
    const SearchResult *
        search; /* of a search action: result and evaluation are those of what was found; or NULL */
    const char *space, *proxy;    /* space: of several their names */
    const ProgramParam *settings; /* of the proxy */
    size_t nsettings;
    double compile_seconds;
    int64_t kernels_compiled, peak_memory_bytes;
    int workers;
    const RunProfile *profile; /* NULL: not measured */
} ActionReport;

void report_text(Buf *b, const ActionReport *a, size_t top);
/* Kernels by kind, compiling, waiting; nothing if it was not measured. */
void report_profile_text(Buf *b, const ActionReport *a);
void report_json(Buf *b, const ReportHeader *h, const ActionReport *actions, size_t n);
/* arch score status params macs live_macs counted_macs hash [metric] [repeat_1 ..], sorted by score. With several
 * actions a first column numbers them; where an action has several spaces, one before arch names that of the row. */
void report_scores(Buf *b, const ActionReport *actions, size_t n);
void report_timing_json(Buf *b, const ActionReport *actions, size_t n);
void report_timing_tsv(Buf *b, const ActionReport *actions, size_t n);

/* The parts of a search, for both reports. */
void report_search_text(Buf *b, const ActionReport *a);
struct json_t *report_search_json(const ActionReport *a);

/* Writes report.json, scores.tsv, timing.json and timing.tsv into a directory that exists; for evaluations of a
 * training proxy also curve.svg and curve.tsv (curve.h), curve-2.svg of the second of several actions. */
bool report_write(const char *dir, const ReportHeader *h, const ActionReport *actions, size_t n,
                  NascError *err);

/* Resident peak of this process in bytes. */
int64_t report_peak_memory(void);

#endif
