/* The file: 8 bytes of magic, then frames [u32 length][u64 checksum][payload], numbers
 * little-endian. The first frame holds the identity, each further one an entry: key (2 x u64),
 * seconds (f64), arena (i64), values (f64). Invariant: the file is a whole number of frames
 * whenever no write is in flight; a frame is written by one call.
 */
#include "runtime/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

static const char MAGIC[8] = "NASCJRN1";

enum {
    FRAME_HEAD = 12,
    ENTRY_HEAD = 32,
    SYNC_EVERY = 64,
    MAX_FRAME = 1 << 28,
};

struct Journal {
    pthread_mutex_t lock;
    Arena arena;
    char *path; /* NULL: memory only */
    int fd;
    off_t end;       /* of the last whole frame */
    size_t unsynced; /* frames since the last sync */
    size_t read, dropped;
    JournalEntry *slots; /* open addressing; values NULL: free */
    size_t nslots, used;
};

static void put_u64(unsigned char *out, uint64_t x) {
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(x >> (8 * i));
}

static uint64_t get_u64(const unsigned char *in) {
    uint64_t x = 0;
    for (int i = 0; i < 8; i++)
        x |= (uint64_t)in[i] << (8 * i);
    return x;
}

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t checksum(const void *payload, size_t len) {
    return hash128(payload, len, 0x6a726e6c).lo;
}

/* The table of entries. */

static size_t slot_of(const Journal *j, Hash128 key) {
    size_t i = key.lo & (j->nslots - 1);
    while (j->slots[i].values && !hash128_equal(j->slots[i].key, key))
        i = (i + 1) & (j->nslots - 1);
    return i;
}

static void grow(Journal *j) {
    JournalEntry *old = j->slots;
    size_t n = j->nslots;
    j->nslots = n ? 2 * n : 1024;
    j->slots = nasc_alloc_zero(j->nslots * sizeof *j->slots);
    for (size_t i = 0; i < n; i++)
        if (old[i].values)
            j->slots[slot_of(j, old[i].key)] = old[i];
    free(old);
}

/* Keeps a copy of the entry; false if its key is known. */
static bool keep(Journal *j, const JournalEntry *e) {
    if (2 * (j->used + 1) > j->nslots)
        grow(j);
    size_t i = slot_of(j, e->key);
    if (j->slots[i].values)
        return false;
    double *values = ARENA_ARRAY(&j->arena, double, e->nvalues + 1);
    if (e->nvalues)
        memcpy(values, e->values, e->nvalues * sizeof *values);
    j->slots[i] = *e;
    j->slots[i].values = values;
    j->used++;
    return true;
}

/* Frames. */

static void fail(const Journal *j, NascError *err, const char *what) {
    nasc_fail(err, NASC_ENVIRONMENT, "cannot %s the journal '%s': %s", what, j->path,
              strerror(errno));
}

/* Appends one frame; what a failed write left of it is cut off. */
static bool append_frame(Journal *j, const void *payload, size_t len, NascError *err) {
    unsigned char *frame = nasc_alloc(FRAME_HEAD + len);
    for (int i = 0; i < 4; i++)
        frame[i] = (unsigned char)(len >> (8 * i));
    put_u64(frame + 4, checksum(payload, len));
    memcpy(frame + FRAME_HEAD, payload, len);
    size_t total = FRAME_HEAD + len, at = 0;
    while (at < total) {
        ssize_t n = write(j->fd, frame + at, total - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fail(j, err, "write");
            free(frame);
            if (ftruncate(j->fd, j->end) != 0)
                return false; /* the next opening drops it */
            return false;
        }
        at += (size_t)n;
    }
    free(frame);
    j->end += (off_t)total;
    j->unsynced++;
    return true;
}

static bool sync_file(Journal *j, NascError *err) {
    if (j->unsynced == 0)
        return true;
    if (fsync(j->fd) != 0) {
        fail(j, err, "sync");
        return false;
    }
    j->unsynced = 0;
    return true;
}

static bool keep_frame(Journal *j, const unsigned char *payload, size_t len) {
    if (len < ENTRY_HEAD || len % 8 != 0)
        return false;
    JournalEntry e = {.key = {get_u64(payload), get_u64(payload + 8)},
                      .seconds = of_bits(get_u64(payload + 16)),
                      .arena_bytes = (int64_t)get_u64(payload + 24),
                      .nvalues = (len - ENTRY_HEAD) / 8};
    double *values = nasc_alloc((e.nvalues + 1) * sizeof *values);
    for (size_t i = 0; i < e.nvalues; i++)
        values[i] = of_bits(get_u64(payload + ENTRY_HEAD + 8 * i));
    e.values = values;
    keep(j, &e);
    free(values);
    return true;
}

/* Length of the frame at `at`, payload in *payload; 0 if no whole, sound frame is there. */
static size_t frame_at(const Buf *file, size_t at, const unsigned char **payload, size_t *len) {
    const unsigned char *p = (const unsigned char *)file->text + at;
    if (file->len - at < FRAME_HEAD)
        return 0;
    *len = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
    if (*len > MAX_FRAME || file->len - at - FRAME_HEAD < *len)
        return 0;
    *payload = p + FRAME_HEAD;
    return checksum(*payload, *len) == get_u64(p + 4) ? FRAME_HEAD + *len : 0;
}

static bool read_file(Journal *j, Buf *out, NascError *err) {
    char chunk[1 << 16];
    for (;;) {
        ssize_t n = read(j->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fail(j, err, "read");
            return false;
        }
        if (n == 0)
            return true;
        buf_append(out, chunk, (size_t)n);
    }
}

/* The line of `text` at *at without its end; false after the last. */
static bool next_line(const char *text, size_t len, size_t *at, const char **line, int *n) {
    if (*at >= len)
        return false;
    const char *end = memchr(text + *at, '\n', len - *at);
    *line = text + *at;
    *n = (int)(end ? end - *line : (ptrdiff_t)(len - *at));
    *at += (size_t)*n + 1;
    return true;
}

static void refuse_other(const Journal *j, const char *theirs, size_t len, const char *ours,
                         NascError *err) {
    size_t a = 0, b = 0;
    const char *x, *y;
    int n, m;
    while (next_line(theirs, len, &a, &x, &n) && next_line(ours, strlen(ours), &b, &y, &m)) {
        if (n == m && memcmp(x, y, (size_t)n) == 0)
            continue;
        nasc_fail(err, NASC_PROGRAM_ERROR,
                  "the journal '%s' is of another program or version: it says `%.*s`, this run "
                  "`%.*s`; choose another "
                  "folder with --out, or remove the journal to begin anew",
                  j->path, n, x, m, y);
        return;
    }
    nasc_fail(err, NASC_PROGRAM_ERROR,
              "the journal '%s' is of another version of nasc; choose another folder with "
              "--out, or remove the journal to begin anew",
              j->path);
}

static bool begin_file(Journal *j, const char *identity, NascError *err) {
    if (ftruncate(j->fd, 0) != 0 || lseek(j->fd, 0, SEEK_SET) < 0 ||
        write(j->fd, MAGIC, sizeof MAGIC) != (ssize_t)sizeof MAGIC) {
        fail(j, err, "write");
        return false;
    }
    j->end = sizeof MAGIC;
    return append_frame(j, identity, strlen(identity), err) && sync_file(j, err);
}

/* Whether the file is one that was begun and never got its identity. */
static bool is_unbegun(const Buf *file) {
    if (memcmp(file->text ? file->text : "", MAGIC, MIN(file->len, sizeof MAGIC)) != 0)
        return false;
    if (file->len < sizeof MAGIC + FRAME_HEAD)
        return true;
    const unsigned char *p = (const unsigned char *)file->text + sizeof MAGIC;
    size_t len = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
    return file->len < sizeof MAGIC + FRAME_HEAD + len;
}

static bool load(Journal *j, const char *identity, Buf *file, NascError *err) {
    if (!read_file(j, file, err))
        return false;
    if (is_unbegun(file))
        return begin_file(j, identity, err);
    const unsigned char *payload;
    size_t len, at = sizeof MAGIC, n = 0;
    if (memcmp(file->text, MAGIC, sizeof MAGIC) == 0)
        n = frame_at(file, at, &payload, &len);
    if (n == 0) {
        nasc_fail(err, NASC_PROGRAM_ERROR,
                  "'%s' is no journal, or its beginning is damaged; choose another folder "
                  "with --out, or remove it to begin anew",
                  j->path);
        return false;
    }
    if (len != strlen(identity) || memcmp(payload, identity, len) != 0) {
        refuse_other(j, (const char *)payload, len, identity, err);
        return false;
    }
    for (at += n; (n = frame_at(file, at, &payload, &len)) && keep_frame(j, payload, len); at += n)
        j->read++;
    j->dropped = file->len - at;
    j->end = (off_t)at;
    if ((j->dropped && ftruncate(j->fd, j->end) != 0) || lseek(j->fd, j->end, SEEK_SET) < 0) {
        fail(j, err, "cut");
        return false;
    }
    return true;
}

static bool open_file(Journal *j, const char *identity, NascError *err) {
    j->fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->fd < 0) {
        fail(j, err, "open");
        return false;
    }
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            nasc_fail(err, NASC_ENVIRONMENT,
                      "another process is writing the journal '%s'; wait for it, or choose "
                      "another folder with --out",
                      j->path);
        else
            fail(j, err, "lock");
        return false;
    }
    Buf file = {0};
    bool ok = load(j, identity, &file, err);
    buf_free(&file);
    return ok;
}

Journal *journal_open(const char *path, const char *identity, NascError *err) {
    Journal *j = nasc_alloc_zero(sizeof *j);
    pthread_mutex_init(&j->lock, NULL);
    arena_init(&j->arena, "journal");
    j->fd = -1;
    j->path = path ? nasc_strdup(path) : NULL;
    grow(j);
    if (path && !open_file(j, identity, err)) {
        journal_close(j, NULL);
        return NULL;
    }
    return j;
}

bool journal_close(Journal *j, NascError *err) {
    bool ok = j->fd < 0 || sync_file(j, err);
    if (j->fd >= 0)
        close(j->fd);
    pthread_mutex_destroy(&j->lock);
    arena_free(&j->arena);
    free(j->slots);
    free(j->path);
    free(j);
    return ok;
}

void journal_discard(Journal *j) {
    if (j->fd < 0)
        return;
    unlink(j->path);
    close(j->fd);
    j->fd = -1;
}

bool journal_find(Journal *j, Hash128 key, JournalEntry *out) {
    pthread_mutex_lock(&j->lock);
    *out = j->slots[slot_of(j, key)];
    pthread_mutex_unlock(&j->lock);
    return out->values != NULL;
}

bool journal_add(Journal *j, const JournalEntry *e, NascError *err) {
    size_t len = ENTRY_HEAD + 8 * e->nvalues;
    unsigned char *payload = nasc_alloc(len);
    put_u64(payload, e->key.hi);
    put_u64(payload + 8, e->key.lo);
    put_u64(payload + 16, bits_of(e->seconds));
    put_u64(payload + 24, (uint64_t)e->arena_bytes);
    for (size_t i = 0; i < e->nvalues; i++)
        put_u64(payload + ENTRY_HEAD + 8 * i, bits_of(e->values[i]));
    pthread_mutex_lock(&j->lock);
    bool ok = true;
    if (keep(j, e) && j->fd >= 0)
        ok = append_frame(j, payload, len, err) && (j->unsynced < SYNC_EVERY || sync_file(j, err));
    pthread_mutex_unlock(&j->lock);
    free(payload);
    return ok;
}

size_t journal_read_entries(const Journal *j) {
    return j->read;
}

size_t journal_dropped_bytes(const Journal *j) {
    return j->dropped;
}
