/* Files that appear whole or not at all, and whole files read. Every failure names the path. */
#ifndef NASC_BASE_FILES_H
#define NASC_BASE_FILES_H

#include "base/buf.h"

/* Writes to PATH.tmp-<pid>, syncs, renames. What stood at `path` before stays until the new file is
 * whole. */
bool file_write(const char *path, const void *bytes, size_t len, NascError *err);
/* A file or nothing stands at `path`: the new one takes its place. A device must not be renamed away. */
bool file_replaceable(const char *path, NascError *err);
/* Reads at most `limit` bytes (more is an error); the text ends in a NUL that len does not count.
 */
bool file_read(const char *path, size_t limit, Buf *out, NascError *err);
/* Makes a directory and its parents; one that exists and can be written to is fine. */
bool directory_make(const char *path, NascError *err);
bool file_is_directory(const char *path);

#endif
