/* The session: one kernel however often and by however many threads it is asked for, targets by
 * name, failures in words, and objects that import nothing but the listed helpers. */
#include "codegen/kernel_case.h"

#include <elf.h>
#include <pthread.h>
#include <unistd.h>

#include "base/base.h"

static void conv_text(Buf *b, int kernel, int pad) {
    ConvDesc d = {.window = {{kernel, kernel}, {1, 1}, {pad, pad}, {1, 1}}};
    kernel_text_conv(b, KERNEL_conv, &d);
}

static void same_text_is_compiled_once(void **state) {
    (void)state;
    NascError err = {0};
    Jit *jit = jit_open(NULL, &err);
    assert_non_null(jit);
    Buf one = {0}, two = {0};
    conv_text(&one, 1, 0);
    conv_text(&two, 2, 0);
    KernelDesc first = {KERNEL_conv, one.text}, second = {KERNEL_conv, two.text};
    KernelDesc descs[] = {first, second, first};
    KernelFn *fns[3], *again[3];
    assert_true(jit_get(jit, descs, 3, fns, &err));
    assert_true(fns[0] == fns[2]);
    assert_true(fns[0] != fns[1]);
    assert_int_equal(jit_stats(jit).kernels_compiled, 2);
    assert_true(jit_get(jit, descs, 3, again, &err));
    assert_memory_equal(fns, again, sizeof fns);
    assert_int_equal(jit_stats(jit).kernels_compiled, 2);
    assert_int_equal(jit_stats(jit).kernels_loaded, 0);
    assert_true(jit_stats(jit).compile_seconds > 0);
    jit_close(jit);
    buf_free(&one);
    buf_free(&two);
}

static void targets_are_chosen_by_name(void **state) {
    (void)state;
    NascError err = {0};
    assert_null(jit_open(&(JitOptions){.cpu = "pentium"}, &err));
    assert_int_equal(err.status, NASC_USAGE_ERROR);
    assert_non_null(strstr(err.message, "pentium"));
    Jit *jit = jit_open(&(JitOptions){.cpu = "x86-64"}, NULL);
    assert_non_null(jit);
    assert_int_equal(jit_target(jit), JIT_X86_64);
    assert_string_equal(jit_target_name(jit), "x86-64");
    assert_true(strlen(jit_host_cpu(jit)) > 0);
    assert_true(atoi(jit_llvm_version()) >= 19);
    jit_close(jit);
}

/* Plain x86-64 must not use what came later: no 256-bit or 512-bit vector in its IR's target. */
static void printed_ir_names_the_target(void **state) {
    (void)state;
    Jit *jit = jit_open(&(JitOptions){.cpu = "x86-64"}, NULL);
    Buf text = {0}, ir = {0};
    conv_text(&text, 3, 1);
    KernelDesc desc = {KERNEL_conv, text.text};
    assert_true(jit_print(jit, &desc, &ir, NULL));
    assert_non_null(strstr(ir.text, "define void @kernel("));
    assert_non_null(strstr(ir.text, "\"target-cpu\"=\"x86-64\""));
    assert_non_null(strstr(ir.text, "<16 x float>"));
    assert_null(strstr(ir.text, "llvm.fma"));
    assert_null(strstr(ir.text, " fast "));
    buf_free(&ir);
    jit_close(jit);
    jit = jit_open(&(JitOptions){.cpu = "x86-64-v3"}, NULL);
    if (jit) {
        assert_true(jit_print(jit, &desc, &ir, NULL));
        assert_non_null(strstr(ir.text, "llvm.fma.v16f32"));
        buf_free(&ir);
        jit_close(jit);
    }
    buf_free(&text);
}

typedef struct Worker {
    pthread_t thread;
    Jit *jit;
    const KernelDesc *descs;
    KernelFn *fns[6];
    bool good;
} Worker;

static void *ask(void *user) {
    Worker *w = user;
    w->good = jit_get(w->jit, w->descs, 6, w->fns, NULL);
    return NULL;
}

static void threads_share_kernels(void **state) {
    (void)state;
    Jit *jit = jit_open(NULL, NULL);
    assert_non_null(jit);
    Buf text[6] = {0};
    KernelDesc descs[2][6];
    for (int i = 0; i < 6; i++) {
        conv_text(&text[i], 1 + i / 2, i % 2);
        descs[0][i] = (KernelDesc){KERNEL_conv, text[i].text};
        descs[1][5 - i] = descs[0][i];
    }
    Worker workers[4];
    for (int t = 0; t < 4; t++) {
        workers[t] = (Worker){.jit = jit, .descs = descs[t % 2]};
        assert_int_equal(pthread_create(&workers[t].thread, NULL, ask, &workers[t]), 0);
    }
    for (int t = 0; t < 4; t++)
        assert_int_equal(pthread_join(workers[t].thread, NULL), 0);
    for (int t = 0; t < 4; t++) {
        assert_true(workers[t].good);
        for (int i = 0; i < 6; i++)
            assert_true(workers[t].fns[i] == workers[0].fns[t % 2 ? 5 - i : i]);
    }
    assert_int_equal(jit_stats(jit).kernels_compiled, 6);
    jit_close(jit);
    for (int i = 0; i < 6; i++)
        buf_free(&text[i]);
}

/* Names of undefined symbols of an ELF object, space-separated. */
static void undefined_symbols(const char *object, Buf *out) {
    const Elf64_Ehdr *head = (const void *)object;
    assert_memory_equal(head->e_ident, ELFMAG, SELFMAG);
    const Elf64_Shdr *section = (const void *)(object + head->e_shoff);
    for (int s = 0; s < head->e_shnum; s++) {
        if (section[s].sh_type != SHT_SYMTAB)
            continue;
        const Elf64_Sym *symbol = (const void *)(object + section[s].sh_offset);
        const char *names = object + section[section[s].sh_link].sh_offset;
        for (size_t i = 1; i < section[s].sh_size / sizeof *symbol; i++)
            if (symbol[i].st_shndx == SHN_UNDEF)
                buf_printf(out, "%s ", names + symbol[i].st_name);
    }
}

static void read_object(const char *path, Buf *out) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        buf_append(out, chunk, n);
    fclose(f);
}

static void objects_import_only_helpers(void **state) {
    (void)state;
    char dir[] = "/tmp/nasc-jit-XXXXXX";
    assert_non_null(mkdtemp(dir));
    Jit *jit = jit_open(&(JitOptions){.cache_dir = dir}, NULL);
    Buf text = {0};
    PoolDesc pool = {.op = POOL_MAX_DX, .window = {{3, 3}, {2, 2}, {1, 1}, {1, 1}}};
    ConvDesc conv = {.window = {{3, 3}, {2, 2}, {1, 1}, {1, 1}}, .groups = GROUPS_GROUPED};
    for (int kind = 0; kind < 6; kind++) {
        buf_clear(&text);
        if (kind < 3)
            kernel_text_conv(&text, (KernelKind)(KERNEL_conv + kind), &conv);
        else if (kind == 3)
            kernel_text_pool(&text, &pool);
        else if (kind == 4)
            kernel_text_resize(&text, RESIZE_BILINEAR_DX);
        else
            kernel_text_copy(&text, COPY_ZERO);
        KernelKind kinds[] = {KERNEL_conv, KERNEL_conv_dx, KERNEL_conv_dw,
                              KERNEL_pool, KERNEL_resize,  KERNEL_copy};
        kernel_get(jit, kinds[kind], text.text);
    }
    jit_close(jit);
    Buf command = {0};
    buf_printf(&command, "ls %s/*.o", dir);
    FILE *list = popen(command.text, "r");
    char path[300];
    int seen = 0;
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = '\0';
        Buf object = {0}, names = {0};
        read_object(path, &object);
        buf_puts(&names, "");
        const char *elf = memmem(object.text, object.len, ELFMAG, SELFMAG);
        assert_non_null(elf);
        char *aligned = aligned_alloc(64, (object.len + 63) / 64 * 64);
        memcpy(aligned, elf, object.len - (size_t)(elf - object.text));
        undefined_symbols(aligned, &names);
        for (char *name = strtok(names.text, " "); name; name = strtok(NULL, " "))
            assert_true(strcmp(name, "memset") == 0 || strcmp(name, "memcpy") == 0);
        free(aligned);
        buf_free(&object);
        buf_free(&names);
        unlink(path);
        seen++;
    }
    pclose(list);
    assert_int_equal(seen, 6);
    assert_int_equal(rmdir(dir), 0);
    buf_free(&command);
    buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_text_is_compiled_once),  cmocka_unit_test(targets_are_chosen_by_name),
        cmocka_unit_test(printed_ir_names_the_target), cmocka_unit_test(threads_share_kernels),
        cmocka_unit_test(objects_import_only_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
