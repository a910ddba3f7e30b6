#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(NascError *err, const char *what, const char *path) {
    nasc_fail(err, NASC_ENVIRONMENT, "cannot %s '%s': %s", what, path, strerror(errno));
    return false;
}

static bool write_all(int fd, const char *bytes, size_t len) {
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

bool file_replaceable(const char *path, NascError *err) {
    struct stat st;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return true;
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return fail(err, "write", path);
    }
    nasc_fail(err, NASC_ENVIRONMENT, "cannot write '%s': it is a device or a pipe, not a file",
              path);
    return false;
}

bool file_write(const char *path, const void *bytes, size_t len, NascError *err) {
    if (!file_replaceable(path, err))
        return false;
    Buf temporary = {0};
    buf_printf(&temporary, "%s.tmp-%ld", path, (long)getpid());
    int fd = open(temporary.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        fail(err, "write", path);
        buf_free(&temporary);
        return false;
    }
    bool ok = write_all(fd, bytes, len) && fsync(fd) == 0;
    int cause = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        cause = errno;
    }
    if (ok && rename(temporary.text, path) != 0) {
        ok = false;
        cause = errno;
    }
    if (!ok) {
        unlink(temporary.text);
        errno = cause;
        fail(err, "write", path);
    }
    buf_free(&temporary);
    return ok;
}

bool file_is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_read(const char *path, size_t limit, Buf *out, NascError *err) {
    if (file_is_directory(path)) {
        errno = EISDIR;
        return fail(err, "read", path);
    }
    FILE *f = fopen(path, "rbe");
    if (!f)
        return fail(err, "read", path);
    char chunk[1 << 16];
    size_t n;
    buf_clear(out);
    do {
        n = fread(chunk, 1, sizeof chunk, f);
        buf_append(out, chunk, n);
        if (out->len > limit) {
            fclose(f);
            nasc_fail(err, NASC_ENVIRONMENT, "'%s' is larger than the limit of %zu bytes", path,
                      limit);
            return false;
        }
    } while (n == sizeof chunk);
    bool ok = !ferror(f);
    if (!ok)
        fail(err, "read", path);
    fclose(f);
    return ok;
}

bool directory_make(const char *path, NascError *err) {
    char *p = nasc_strdup(path);
    bool ok = true;
    for (char *c = p + 1; ok && *p; c++) {
        bool end = *c == '\0';
        if (*c != '/' && !end)
            continue;
        *c = '\0';
        if (mkdir(p, 0777) != 0 && errno != EEXIST)
            ok = fail(err, "make the directory", p);
        if (end)
            break;
        *c = '/';
    }
    if (ok && !file_is_directory(path)) {
        errno = ENOTDIR;
        ok = fail(err, "write into", path);
    }
    if (ok && access(path, W_OK | X_OK) != 0)
        ok = fail(err, "write into", path);
    free(p);
    return ok;
}
