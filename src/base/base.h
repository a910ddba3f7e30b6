/* What every file may rely on: the three kinds of failure, checked arithmetic, small helpers.
 *
 * - A mistake of the user is a diagnostic (frontend/diag.h) and never reaches this file.
 * - A failure of the environment (disk, file, memory) is an NascStatus with a message in an
 *   NascError.
 * - A bug ends in BUG() or CHECK(): a message with place and context, then the bug hook, then
 *   abort.
 */
#ifndef NASC_BASE_BASE_H
#define NASC_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define NASC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NASC_NORETURN          __attribute__((noreturn))
#define ARRAY_LEN(a)           (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)              ((a) < (b) ? (a) : (b))
#define MAX(a, b)              ((a) > (b) ? (a) : (b))

/* The process exit code of each outcome; part of the contract with scripts (docs/language.md). */
typedef enum NascStatus {
    NASC_OK = 0,
    NASC_PROGRAM_ERROR = 1,  /* the program or its data is wrong; diagnostics say where */
    NASC_USAGE_ERROR = 2,    /* the command line is wrong */
    NASC_ENVIRONMENT = 3,    /* file, disk, memory, or a CPU that lacks what was asked for */
    NASC_NOTHING_SCORED = 4, /* every scoring failed */
    NASC_BUG = 70,           /* a defect of nasc itself */
    NASC_INTERRUPTED = 130,  /* Ctrl-C */
} NascStatus;

/* A failure of the environment, in words for the user. `message` is empty while nothing failed. */
typedef struct NascError {
    NascStatus status;
    char message[512];
} NascError;

/* Fills `err` (may be NULL) and returns `status`, so that callers can write
 * `return nasc_fail(...)`. The first failure is kept: later calls on a filled error change nothing. */
NascStatus nasc_fail(NascError *err, NascStatus status, const char *fmt, ...) NASC_PRINTF(3, 4);

/* Called with the text of a bug before the process aborts; a host may log it or longjmp out. */
typedef void NascBugHook(const char *message, void *user);
void nasc_set_bug_hook(NascBugHook *hook, void *user);

void nasc_bug(const char *file, int line, const char *fmt, ...) NASC_NORETURN NASC_PRINTF(3, 4);
#define BUG(...) nasc_bug(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            nasc_bug(__FILE__, __LINE__, "check failed: %s", #cond);                               \
    } while (0)

/* malloc family that never returns NULL: out of memory prints a message and ends the process with
 * exit code 3, after the host's hook (which may write what is finished) has run. */
void *nasc_alloc(size_t bytes);
void *nasc_alloc_zero(size_t bytes);
void *nasc_realloc(void *old, size_t bytes);
char *nasc_strdup(const char *s);
/* Ends the process so, for memory that was asked for in another way. */
_Noreturn void nasc_out_of_memory(size_t bytes);
typedef void NascOutOfMemoryHook(void *user);
void nasc_set_out_of_memory_hook(NascOutOfMemoryHook *hook, void *user);

/* Product and sum that say whether they overflowed: false means *out is not valid. */
static inline bool mul_checked(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool add_checked(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

/* Growable array: VEC(int) v = {0}; VEC_PUSH(v, 3); v.items[0]; VEC_FREE(v). */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t len, cap;                                                                           \
    }
#define VEC_RESERVE(v, n)                                                                          \
    do {                                                                                           \
        if ((v).cap < (size_t)(n)) {                                                               \
            size_t cap_ = (v).cap ? (v).cap : 8;                                                   \
            while (cap_ < (size_t)(n))                                                             \
                cap_ *= 2;                                                                         \
            (v).items = nasc_realloc((v).items, cap_ * sizeof *(v).items);                         \
            (v).cap = cap_;                                                                        \
        }                                                                                          \
    } while (0)
#define VEC_PUSH(v, x)                                                                             \
    do {                                                                                           \
        VEC_RESERVE(v, (v).len + 1);                                                               \
        (v).items[(v).len++] = (x);                                                                \
    } while (0)
#define VEC_FREE(v)                                                                                \
    do {                                                                                           \
        free((v).items);                                                                           \
        (v).items = NULL;                                                                          \
        (v).len = (v).cap = 0;                                                                     \
    } while (0)

#endif
