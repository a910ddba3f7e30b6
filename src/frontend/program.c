/* A program from its files. In: the main file's path or text, settings. Out: a Program that answers
 * what program.h promises. Invariant: every file is read once, whatever uses it, and the program is
 * not changed after loading but for its diagnostics and the memory of questions asked. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "frontend/check.h"
#include "frontend/host.h"

enum { MAX_FILES = 256 };

static size_t find_file(const Program *p, const char *path) {
    for (size_t i = 0; i < p->files.len; i++)
        if (strcmp(p->files.items[i].path, path) == 0)
            return i;
    return SIZE_MAX;
}

/* One name for one file, so that a file reached by two ways is read once. */
static const char *canonical_path(Program *p, const char *path) {
    char real[PATH_MAX];
    return realpath(path, real) ? arena_strdup(&p->arena, real) : path;
}

static const char *library_path(Program *p, const char *name) {
    return arena_printf(&p->arena, "%s/%s.nas", p->lib_dir ? p->lib_dir : ".", name);
}

static const char *path_beside(Program *p, const char *user, const char *path) {
    const char *slash = strrchr(user, '/');
    if (path[0] == '/' || !slash)
        return path;
    return arena_printf(&p->arena, "%.*s/%s", (int)(slash - user), user, path);
}

static size_t add_file(Program *p, const char *path, const char *text, size_t len, NascError *err) {
    const char *canonical = text ? path : canonical_path(p, path);
    size_t known = find_file(p, canonical);
    if (known != SIZE_MAX)
        return known;
    if (p->files.len >= MAX_FILES) {
        nasc_fail(err, NASC_ENVIRONMENT, "%s: a program may use %d files", path, MAX_FILES);
        return SIZE_MAX;
    }
    uint32_t source = source_add(&p->sources, path, text, len, err);
    if (source == UINT32_MAX)
        return SIZE_MAX;
    ProgramFile f = {.path = canonical, .tree = parse_program(&p->syntax, source)};
    VEC_PUSH(p->files, f);
    return p->files.len - 1;
}

static void follow_use(Program *p, size_t user, const Ast *use, NascError *err) {
    const char *path = use->is_path ? path_beside(p, p->files.items[user].path, use->text)
                                    : library_path(p, use->text);
    if (access(path, F_OK) != 0 || file_is_directory(path)) {
        Diag *d = diag_at(&p->diags, use->name_place, DIAG_library_not_found, path);
        diag_hint(&p->diags, d,
                  use->is_path
                      ? "a path is looked up beside the file that uses it"
                      : "`use NAME;` looks where --lib or NASC_LIB says, else beside nasc; "
                        "a file of yours is used by `use \"FILE.nas\";`");
        return;
    }
    size_t file = add_file(p, path, NULL, 0, err);
    if (file == SIZE_MAX)
        return;
    FileUse u = {.file = file, .alias = use->alias};
    VEC_PUSH(p->files.items[user].uses, u);
}

/* Follows the uses of files from `first` on; files found on the way are followed in turn. */
static void follow_all(Program *p, size_t first, NascError *err) {
    for (size_t f = first; f < p->files.len; f++) {
        const AstList *items = &p->files.items[f].tree->list;
        for (size_t i = 0; i < items->len; i++)
            if (items->items[i]->kind == AST_USE)
                follow_use(p, f, items->items[i], err);
    }
}

static void list_spaces(Program *p, size_t file) {
    const AstList *items = &p->files.items[file].tree->list;
    for (size_t i = 0; i < items->len; i++) {
        if (items->items[i]->kind != AST_SPACE)
            continue;
        Space *s = program_space_of(p, items->items[i], file, NULL, 0);
        bool have = false;
        for (size_t k = 0; k < p->spaces.len; k++)
            have = have || p->spaces.items[k] == s;
        if (!have)
            VEC_PUSH(p->spaces, s);
    }
}

/* What is asked of a sound program before it is used. */
static void prepare(Program *p) {
    p->inner_choices = program_holds_inner_choices(p);
    for (size_t f = 0; f < p->files.len; f++) {
        const AstList *items = &p->files.items[f].tree->list;
        for (size_t i = 0; i < items->len; i++)
            if (items->items[i]->kind == AST_SPACE)
                encoding_check(p, items->items[i]);
    }
}

/* The spaces of the main file and of those that it uses without an alias; once the settings are known, whose expressions
 * may hold choices. */
static void list_own_spaces(Program *p) {
    const ProgramFile *main_file = &p->files.items[0];
    for (size_t i = 0; i < main_file->uses.len; i++)
        if (!main_file->uses.items[i].alias && main_file->uses.items[i].file != 0)
            list_spaces(p, main_file->uses.items[i].file);
    list_spaces(p, 0);
}

static bool check_files(Program *p) {
    CheckFile *files = ARENA_ARRAY(&p->arena, CheckFile, p->files.len);
    for (size_t i = 0; i < p->files.len; i++) {
        const ProgramFile *f = &p->files.items[i];
        CheckUse *uses = ARENA_ARRAY(&p->arena, CheckUse, f->uses.len + 1);
        for (size_t k = 0; k < f->uses.len; k++)
            uses[k] = (CheckUse){.file = f->uses.items[k].file, .alias = f->uses.items[k].alias};
        files[i] = (CheckFile){.tree = f->tree, .uses = uses, .nuses = f->uses.len};
    }
    return check_program(&p->syntax, files, p->files.len);
}

Program *program_load(const char *path, const char *text, size_t len, const ProgramOptions *options,
                      NascStatus *status, NascError *err) {
    NascError own = {0};
    if (!err)
        err = &own;
    Program *p = nasc_alloc_zero(sizeof *p);
    arena_init(&p->arena, "program");
    p->sources.arena = &p->arena;
    diag_init(&p->diags, &p->arena, &p->sources);
    syntax_init(&p->syntax, &p->arena, &p->sources, &p->diags);
    pthread_mutex_init(&p->lock, NULL);
    p->lib_dir = options->lib_dir ? arena_strdup(&p->arena, options->lib_dir) : NULL;
    *status = NASC_OK;
    if (add_file(p, arena_strdup(&p->arena, path), text, len, err) != SIZE_MAX) {
        follow_all(p, 0, err);
        if (err->status == NASC_OK && p->diags.errors == 0)
            program_derive(p);
        if (err->status == NASC_OK && p->diags.errors == 0)
            check_files(p);
        if (err->status == NASC_OK && p->diags.errors == 0)
            prepare(p);
        if (err->status == NASC_OK && p->diags.errors == 0)
            p->sound = program_set(p, options, status, err);
        if (p->sound)
            list_own_spaces(p);
    }
    if (err->status != NASC_OK)
        *status = err->status;
    else if (p->diags.errors)
        *status = NASC_PROGRAM_ERROR;
    return p;
}

void program_free(Program *p) {
    if (!p)
        return;
    proxies_free(p);
    for (size_t i = 0; i < p->files.len; i++)
        VEC_FREE(p->files.items[i].uses);
    VEC_FREE(p->files);
    VEC_FREE(p->settings);
    VEC_FREE(p->params);
    VEC_FREE(p->spaces);
    VEC_FREE(p->others);
    VEC_FREE(p->sources.files);
    diag_free(&p->diags);
    syntax_free(&p->syntax);
    pthread_mutex_destroy(&p->lock);
    arena_free(&p->arena);
    free(p);
}

DiagSink *program_diags(Program *p) {
    return &p->diags;
}

const SourceSet *program_sources(const Program *p) {
    return &p->sources;
}

size_t program_spaces(Program *p, Space ***out) {
    *out = p->spaces.items;
    return p->spaces.len;
}

static Place main_place(const Program *p) {
    return p->files.len ? p->files.items[0].tree->place : (Place){UINT32_MAX, 0, 0};
}

Space *program_default_space(Program *p) {
    const Action *actions;
    if (program_actions(p, &actions))
        return actions[0].sets[0].space;
    if (p->spaces.len)
        return p->spaces.items[p->spaces.len - 1];
    if (p->diags.errors == 0)
        diag_at(&p->diags, main_place(p), DIAG_no_space);
    return NULL;
}

const Ast *program_find_proxy(const Program *p, const char *name, size_t *file) {
    for (size_t f = 0; f < p->files.len; f++) {
        const AstList *items = &p->files.items[f].tree->list;
        for (size_t i = 0; i < items->len; i++)
            if (items->items[i]->kind == AST_PROXY && strcmp(items->items[i]->text, name) == 0) {
                *file = f;
                return items->items[i];
            }
    }
    return NULL;
}

const char *program_default_proxy_name(Program *p) {
    if (p->default_proxy)
        return p->default_proxy;
    p->default_proxy = "";
    const char *path = library_path(p, "default");
    NascError err = {0};
    uint32_t source =
        access(path, F_OK) == 0 ? source_add(&p->sources, path, NULL, 0, &err) : UINT32_MAX;
    const Ast *tree = source == UINT32_MAX ? NULL : parse_program(&p->syntax, source);
    for (size_t i = 0; tree && i < tree->list.len && !*p->default_proxy; i++)
        if (tree->list.items[i]->kind == AST_USE && !tree->list.items[i]->is_path)
            p->default_proxy = tree->list.items[i]->text;
    return p->default_proxy;
}

Proxy *program_default_proxy(Program *p) {
    const Action *actions;
    size_t file;
    if (!p->sound)
        return NULL;
    if (program_actions(p, &actions))
        return actions[0].proxy;
    const char *name = program_default_proxy_name(p);
    const Ast *definition = program_find_proxy(p, name, &file);
    const char *path = library_path(p, name);
    if (!definition && access(path, F_OK) == 0) {
        NascError err = {0};
        size_t first = p->files.len;
        if (add_file(p, path, NULL, 0, &err) != SIZE_MAX) {
            follow_all(p, first, &err);
            definition = check_files(p) ? program_find_proxy(p, name, &file) : NULL;
        }
    }
    if (definition)
        return program_proxy_of(p, definition, file, NULL);
    if (p->diags.errors == 0)
        diag_at(&p->diags, main_place(p), DIAG_no_proxy);
    return NULL;
}
