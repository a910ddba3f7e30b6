/* The memory of a run: what every training measured, by what was trained.
 *
 * A key says everything that a measured value depends on (scorer.c), so a value found under it is
 * the value that training again would give. With a file, entries are appended as they come, each
 * with a checksum, and synced in batches: a process killed at any moment loses at most the entry it
 * was writing. Opening a journal drops what follows the last whole entry. One process holds a
 * journal at a time. Thread-safe.
 */
#ifndef NASC_RUNTIME_JOURNAL_H
#define NASC_RUNTIME_JOURNAL_H

#include "base/hash.h"

typedef struct Journal Journal;

/* One training run (one repeat) of one network. */
typedef struct JournalEntry {
    Hash128 key;
    size_t nvalues;
    const double *values; /* [step][measure] */
    double seconds;       /* of the run, compiling excluded */
    int64_t arena_bytes;  /* what its plan needs */
} JournalEntry;

/* path NULL: kept in memory only. `identity` is text of lines "name value" that tell whose journal
 * it is; one with other lines is refused (NASC_PROGRAM_ERROR) and the first difference told, so is
 * a journal in use by another process (NASC_ENVIRONMENT) and a file that is no journal. NULL with
 * err on failure. */
Journal *journal_open(const char *path, const char *identity, NascError *err);
/* Syncs and closes; false with err if the last entries could not be made safe. */
bool journal_close(Journal *j, NascError *err);

/* Removes the file: the run that it guarded is complete and its reports are written. The entries stay in memory. */
void journal_discard(Journal *j);

/* Whether an entry is there; its values stay valid until the journal is closed. */
bool journal_find(Journal *j, Hash128 key, JournalEntry *out);
/* Keeps a copy; a key that is there already keeps its first entry. False with err if it cannot be
 * written (a full disk): the file then ends in the last whole entry. */
bool journal_add(Journal *j, const JournalEntry *entry, NascError *err);

/* Entries read when the journal was opened, and bytes dropped behind the last whole one. */
size_t journal_read_entries(const Journal *j);
size_t journal_dropped_bytes(const Journal *j);

#endif
