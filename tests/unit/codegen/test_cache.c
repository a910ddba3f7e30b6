/* The cache on disk: cold, warm, damaged in every way a file can be, shared, and not writable. */
#include "codegen/kernel_case.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/cache.h"

static int dir_open(void **state) {
    char *dir = strdup("/tmp/nasc-cache-XXXXXX");
    *state = dir;
    return mkdtemp(dir) ? 0 : -1;
}

static int dir_close(void **state) {
    char *dir = *state;
    DIR *d = opendir(dir);
    for (struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(dir);
    free(dir);
    return 0;
}

static int count_entries(const char *dir) {
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *entry; (entry = readdir(d));)
        n += entry->d_name[0] != '.';
    closedir(d);
    return n;
}

static const Hash128 key = {0x0123456789abcdef, 0xfedcba9876543210};

static CacheResult load(const char *dir, Hash128 k, Buf *out) {
    buf_clear(out);
    return cache_load(dir, k, out);
}

static void what_is_stored_is_found(void **state) {
    const char *dir = *state;
    Buf out = {0};
    assert_int_equal(load(dir, key, &out), CACHE_ABSENT);
    assert_true(cache_store(dir, key, "abc\0def", 7));
    assert_int_equal(load(dir, key, &out), CACHE_FOUND);
    assert_int_equal(out.len, 7);
    assert_memory_equal(out.text, "abc\0def", 7);
    assert_true(cache_store(dir, key, "other", 5));
    assert_int_equal(load(dir, key, &out), CACHE_FOUND);
    assert_int_equal(out.len, 5);
    assert_int_equal(count_entries(dir), 1);
    assert_int_equal(load(dir, (Hash128){1, 2}, &out), CACHE_ABSENT);
    assert_int_equal(load(NULL, key, &out), CACHE_ABSENT);
    assert_false(cache_store(NULL, key, "x", 1));
    buf_free(&out);
}

/* Rewrites the entry with its bytes from..to - 1 kept, byte `flip` changed (if >= 0), `extra`
 * appended. */
static void damage(const char *dir, const char *bytes, size_t keep, long flip, const char *extra) {
    char *path = cache_path(dir, key);
    FILE *f = fopen(path, "wb");
    for (size_t i = 0; i < keep; i++)
        fputc((unsigned char)bytes[i] ^ ((long)i == flip ? 0x10 : 0), f);
    fputs(extra, f);
    fclose(f);
    free(path);
}

static void any_damage_is_seen(void **state) {
    const char *dir = *state;
    char bytes[200];
    Buf out = {0};
    assert_true(cache_store(dir, key, "some object code", 16));
    char *path = cache_path(dir, key);
    FILE *f = fopen(path, "rb");
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i < len; i++) {
        damage(dir, bytes, len, (long)i, "");
        assert_int_equal(load(dir, key, &out), CACHE_REJECTED);
        damage(dir, bytes, i, -1, "");
        assert_int_equal(load(dir, key, &out), CACHE_REJECTED);
    }
    damage(dir, bytes, len, -1, "x");
    assert_int_equal(load(dir, key, &out), CACHE_REJECTED);
    assert_int_equal(out.len, 0);
    damage(dir, bytes, len, -1, "");
    assert_int_equal(load(dir, key, &out), CACHE_FOUND);
    char *other = cache_path(dir, (Hash128){7, 7});
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(load(dir, (Hash128){7, 7}, &out), CACHE_REJECTED);
    free(other);
    free(path);
    buf_free(&out);
}

static JitStats use(const char *dir, const char *cpu) {
    NascError err = {0};
    Jit *jit = jit_open(&(JitOptions){.cpu = cpu, .cache_dir = dir}, &err);
    if (!jit)
        fail_msg("%s", err.message);
    Buf text = {0};
    kernel_text_copy(&text, COPY_MOVE);
    KernelFn *fn = kernel_get(jit, KERNEL_copy, text.text);
    float memory[64] = {1, 2, 3};
    int64_t arg[COPY_NARGS] = {[COPY_DST] = 128, [COPY_A] = 1, [COPY_ROWS] = 1, [COPY_LEN] = 12};
    fn((char *)memory, arg, 0, 1);
    assert_memory_equal(memory, memory + 32, 12);
    JitStats stats = jit_stats(jit);
    jit_close(jit);
    buf_free(&text);
    return stats;
}

static void expect(JitStats s, int compiled, int loaded, int rejected, int failures) {
    assert_int_equal(s.kernels_compiled, compiled);
    assert_int_equal(s.kernels_loaded, loaded);
    assert_int_equal(s.kernels_rejected, rejected);
    assert_int_equal(s.store_failures, failures);
}

static void a_warm_session_compiles_nothing(void **state) {
    const char *dir = *state;
    expect(use(dir, "x86-64"), 1, 0, 0, 0);
    expect(use(dir, "x86-64"), 0, 1, 0, 0);
    assert_int_equal(count_entries(dir), 1);
}

static void a_damaged_entry_is_made_anew(void **state) {
    const char *dir = *state;
    use(dir, "x86-64");
    DIR *d = opendir(dir);
    for (struct dirent *entry; (entry = readdir(d));) {
        if (entry->d_name[0] == '.')
            continue;
        Buf path = {0};
        buf_printf(&path, "%s/%s", dir, entry->d_name);
        assert_int_equal(truncate(path.text, 300), 0);
        buf_free(&path);
    }
    closedir(d);
    expect(use(dir, "x86-64"), 1, 0, 1, 0);
    expect(use(dir, "x86-64"), 0, 1, 0, 0);
}

static void targets_do_not_share_entries(void **state) {
    const char *dir = *state;
    Jit *jit = jit_open(&(JitOptions){.cpu = "x86-64-v3"}, NULL);
    if (!jit)
        skip();
    jit_close(jit);
    expect(use(dir, "x86-64"), 1, 0, 0, 0);
    expect(use(dir, "x86-64-v3"), 1, 0, 0, 0);
    assert_int_equal(count_entries(dir), 2);
}

/* A path through a file cannot be made into a directory, whoever runs this. */
static void no_place_is_no_failure(void **state) {
    Buf path = {0};
    buf_printf(&path, "%s/file", (const char *)*state);
    fclose(fopen(path.text, "wb"));
    buf_puts(&path, "/below");
    expect(use(path.text, "x86-64"), 1, 0, 0, 1);
    buf_free(&path);
}

static void directories_are_made(void **state) {
    Buf path = {0};
    buf_printf(&path, "%s/a", (const char *)*state);
    expect(use(path.text, "x86-64"), 1, 0, 0, 0);
    expect(use(path.text, "x86-64"), 0, 1, 0, 0);
    char *below = strdup(path.text);
    void *inner = below;
    dir_close(&inner);
    buf_free(&path);
}

static void default_directory_follows_the_environment(void **state) {
    (void)state;
    setenv("XDG_CACHE_HOME", "/x/cache", 1);
    char *dir = jit_default_cache_dir();
    assert_string_equal(dir, "/x/cache/nasc/kernels");
    free(dir);
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "/h", 1);
    dir = jit_default_cache_dir();
    assert_string_equal(dir, "/h/.cache/nasc/kernels");
    free(dir);
    unsetenv("HOME");
    assert_null(jit_default_cache_dir());
}

static void set_last_use(const char *dir, Hash128 k, time_t seconds) {
    char *path = cache_path(dir, k);
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(path);
}

static void the_least_recently_used_go_first(void **state) {
    const char *dir = *state;
    char bytes[1000] = {1};
    Buf out = {0};
    for (uint64_t i = 0; i < 4; i++)
        assert_true(cache_store(dir, (Hash128){7, i}, bytes, sizeof bytes));
    for (uint64_t i = 0; i < 4; i++)
        set_last_use(dir, (Hash128){7, i}, 1000 + (time_t)i);
    assert_int_equal(load(dir, (Hash128){7, 0}, &out), CACHE_FOUND); /* now the youngest */
    cache_trim(dir, 1 << 20);
    assert_int_equal(count_entries(dir), 4);
    cache_trim(dir, 2500);
    assert_int_equal(count_entries(dir), 2);
    assert_int_equal(load(dir, (Hash128){7, 0}, &out), CACHE_FOUND);
    assert_int_equal(load(dir, (Hash128){7, 1}, &out), CACHE_ABSENT);
    assert_int_equal(load(dir, (Hash128){7, 2}, &out), CACHE_ABSENT);
    assert_int_equal(load(dir, (Hash128){7, 3}, &out), CACHE_FOUND);
    cache_trim(dir, 0);
    assert_int_equal(count_entries(dir), 0);
    cache_trim("/no/such/folder", 0);
    buf_free(&out);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, dir_open, dir_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DIR(what_is_stored_is_found),
        WITH_DIR(any_damage_is_seen),
        WITH_DIR(a_warm_session_compiles_nothing),
        WITH_DIR(a_damaged_entry_is_made_anew),
        WITH_DIR(targets_do_not_share_entries),
        WITH_DIR(no_place_is_no_failure),
        WITH_DIR(directories_are_made),
        WITH_DIR(the_least_recently_used_go_first),
        cmocka_unit_test(default_directory_follows_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
