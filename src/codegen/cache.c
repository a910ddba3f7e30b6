/* The kernel cache on disk: header, object bytes, nothing else.
 *
 * Header: 8 bytes of magic, key, length, checksum of the bytes seeded by the length; native byte
 * order, since code is native too. Invariant: a reader never sees a half-written entry under its
 * final name. */
#include "codegen/cache.h"
#include "base/files.h"
#include "codegen/jit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct EntryHeader {
    char magic[8];
    Hash128 key;
    uint64_t len;
    Hash128 sum;
} EntryHeader;

static const char entry_magic[8] = {'n', 'a', 's', 'c', 'k', 'r', 'n', '1'};
enum { MAX_ENTRY = 64 << 20 };

static char *format_path(const char *dir, Hash128 key, const char *suffix) {
    char hex[HASH128_TEXT];
    hash128_text(key, hex);
    Buf b = {0};
    buf_printf(&b, "%s/%s%s", dir, hex, suffix);
    return b.text;
}

char *cache_path(const char *dir, Hash128 key) {
    return format_path(dir, key, ".o");
}

static bool read_entry(FILE *f, Hash128 key, Buf *out) {
    EntryHeader h;
    if (fread(&h, sizeof h, 1, f) != 1 || memcmp(h.magic, entry_magic, sizeof h.magic) != 0 ||
        !hash128_equal(h.key, key) || h.len == 0 || h.len > MAX_ENTRY)
        return false;
    char *bytes = nasc_alloc((size_t)h.len);
    bool good = fread(bytes, 1, (size_t)h.len, f) == h.len && fgetc(f) == EOF &&
                hash128_equal(hash128(bytes, (size_t)h.len, h.len), h.sum);
    if (good)
        buf_append(out, bytes, (size_t)h.len);
    free(bytes);
    return good;
}

CacheResult cache_load(const char *dir, Hash128 key, Buf *out) {
    if (!dir)
        return CACHE_ABSENT;
    char *path = cache_path(dir, key);
    FILE *f = fopen(path, "rb");
    free(path);
    if (!f)
        return CACHE_ABSENT;
    bool good = read_entry(f, key, out);
    if (good)
        futimens(fileno(f), NULL); /* its last use, for cache_trim */
    fclose(f);
    return good ? CACHE_FOUND : CACHE_REJECTED;
}

bool cache_store(const char *dir, Hash128 key, const void *bytes, size_t len) {
    /* Without the cache everything works, slower: a failure is not worth a word. */
    if (!dir || len == 0 || len > MAX_ENTRY || !directory_make(dir, NULL))
        return false;
    EntryHeader h = {.key = key, .len = len, .sum = hash128(bytes, len, len)};
    memcpy(h.magic, entry_magic, sizeof h.magic);
    char *final = cache_path(dir, key);
    char *temp = format_path(dir, key, ".XXXXXX");
    int fd = mkstemp(temp);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    bool good = false;
    if (f) {
        good = fwrite(&h, sizeof h, 1, f) == 1 && fwrite(bytes, 1, len, f) == len;
        good = fclose(f) == 0 && good;
        good = good && rename(temp, final) == 0;
        if (!good)
            unlink(temp);
    }
    free(final);
    free(temp);
    return good;
}

typedef struct Entry {
    char *path;
    struct timespec used;
    int64_t bytes;
} Entry;

static int by_use(const void *a, const void *b) {
    const Entry *p = a, *q = b;
    if (p->used.tv_sec != q->used.tv_sec)
        return p->used.tv_sec < q->used.tv_sec ? -1 : 1;
    if (p->used.tv_nsec != q->used.tv_nsec)
        return p->used.tv_nsec < q->used.tv_nsec ? -1 : 1;
    return strcmp(p->path, q->path);
}

void cache_trim(const char *dir, int64_t limit) {
    DIR *d = opendir(dir);
    if (!d)
        return;
    VEC(Entry) entries = {0};
    int64_t total = 0;
    for (struct dirent *e; (e = readdir(d));) {
        Buf path = {0};
        struct stat st;
        buf_printf(&path, "%s/%s", dir, e->d_name);
        if (stat(path.text, &st) == 0 && S_ISREG(st.st_mode)) {
            VEC_PUSH(entries, ((Entry){path.text, st.st_mtim, (int64_t)st.st_size}));
            total += (int64_t)st.st_size;
        } else {
            buf_free(&path);
        }
    }
    closedir(d);
    if (entries.len)
        qsort(entries.items, entries.len, sizeof *entries.items, by_use);
    for (size_t i = 0; i < entries.len; i++) {
        if (total > limit && unlink(entries.items[i].path) == 0)
            total -= entries.items[i].bytes;
        free(entries.items[i].path);
    }
    VEC_FREE(entries);
}

char *jit_default_cache_dir(void) {
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    Buf b = {0};
    if (xdg && xdg[0] == '/')
        buf_printf(&b, "%s/nasc/kernels", xdg);
    else if (home && home[0])
        buf_printf(&b, "%s/.cache/nasc/kernels", home);
    return b.text;
}
