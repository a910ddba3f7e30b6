/* The checker: statements and where they may stand. In: the trees of all files of a program. Out:
 * reports, and names tied to their declarations. It evaluates nothing; what it reports is wrong for
 * every architecture. */
#include <string.h>

#include "frontend/check_impl.h"

static const char *const context_texts[] = {
    [IN_FILE] = "at the top level",
    [IN_SPACE] = "in a space",
    [IN_PROXY] = "in a proxy",
    [IN_PER_RUN] = "in `per run`",
    [IN_PER_ARCHITECTURE] = "in `per architecture`",
    [IN_BODY] = "in a body",
    [IN_FORMAT] = "in a format",
};

typedef struct StatementRule {
    AstKind kind;
    const char *word;
    unsigned contexts;
} StatementRule;

static const StatementRule rules[] = {
    {AST_USE, "use", 1u << IN_FILE | 1u << IN_PROXY},
    {AST_PARAM, "param", 1u << IN_FILE},
    {AST_SPACE, "space", 1u << IN_FILE},
    {AST_PROXY, "proxy", 1u << IN_FILE},
    {AST_RANK, "rank", 1u << IN_FILE},
    {AST_SEARCH, "search", 1u << IN_FILE},
    {AST_CHOICE, "choice", 1u << IN_SPACE | 1u << IN_PROXY | 1u << IN_BODY},
    {AST_SHARED, "shared",
     1u << IN_SPACE | 1u << IN_PER_ARCHITECTURE | 1u << IN_BODY | 1u << IN_PROXY},
    {AST_INPUT, "input", 1u << IN_SPACE},
    {AST_NETWORK, "network", 1u << IN_SPACE},
    {AST_REQUIRE, "require", 1u << IN_SPACE | 1u << IN_PROXY | 1u << IN_FORMAT},
    {AST_COSTS, "costs", 1u << IN_SPACE},
    {AST_ENCODING, "encoding", 1u << IN_SPACE | 1u << IN_FORMAT},
    {AST_FORMAT, "format", 1u << IN_SPACE | 1u << IN_FILE},
    {AST_SAME, "same", 1u << IN_SPACE},
    {AST_PER_RUN, "per run", 1u << IN_PROXY},
    {AST_PER_ARCHITECTURE, "per architecture", 1u << IN_PROXY},
    {AST_TRAIN, "train", 1u << IN_PROXY},
    {AST_MEASURE, "measure", 1u << IN_PROXY},
};

static void check_standing(Check *c, const Ast *n, Context context) {
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].kind != n->kind || rules[i].contexts & 1u << context)
            continue;
        uint32_t length = (uint32_t)strlen(rules[i].word);
        diag_at(c->diags, (Place){n->place.file, n->place.lo, n->place.lo + length},
                DIAG_misplaced_statement, rules[i].word, context_texts[context]);
    }
}

static const Ast *find_statement(const Ast *scope, AstKind kind, const char *text) {
    for (size_t i = 0; i < scope->list.len; i++) {
        const Ast *n = scope->list.items[i];
        if (n->kind == kind && (text ? n->text && !strcmp(n->text, text) : true))
            return n;
    }
    return NULL;
}

static bool is_damaged(const Ast *scope) {
    return find_statement(scope, AST_ERROR, NULL) != NULL;
}

/* A statement of which a scope has at most one. A named network is none: names tell them apart. */
static void check_once(Check *c, const Ast *scope, AstKind kind, const char *word) {
    const Ast *first = NULL;
    for (size_t i = 0; i < scope->list.len; i++) {
        const Ast *n = scope->list.items[i];
        if (n->kind != kind || (kind == AST_NETWORK && n->text))
            continue;
        if (first) {
            Diag *d = diag_at(c->diags, n->name_place, DIAG_repeated_statement,
                              arena_printf(c->s->arena, "`%s`", scope->text), word);
            diag_note(c->diags, d, first->place, "the first one is here");
        } else {
            first = n;
        }
    }
}

static bool is_scored_network(const Ast *n) {
    return n->kind == AST_NETWORK && !n->text;
}

static bool has_network(const Ast *space) {
    for (size_t i = 0; i < space->list.len; i++)
        if (is_scored_network(space->list.items[i]))
            return true;
    return false;
}

static void check_input(Check *c, Scope *s, const Ast *n) {
    if (n->kind == AST_INPUT && (strcmp(n->text, "image") != 0 || n->list.len != 3))
        diag_at(c->diags, n->place, DIAG_bad_input);
    if (n->kind == AST_NETWORK && n->list.len && n->list.len != 3)
        diag_at(c->diags, n->name_place, DIAG_bad_input);
    check_list(c, s, &n->list);
}

static void check_costs(Check *c, const Ast *space, const Ast *n) {
    if (find_statement(space, AST_NETWORK, n->text) || is_damaged(space))
        return;
    VEC(const char *) names = {0};
    for (size_t i = 0; i < space->list.len; i++)
        if (space->list.items[i]->kind == AST_NETWORK && space->list.items[i]->text)
            VEC_PUSH(names, space->list.items[i]->text);
    const char *nearest = diag_nearest(n->text, names.items, names.len);
    Diag *d = diag_at(c->diags, n->name_place, DIAG_unknown_network, n->text);
    if (nearest)
        diag_hint(c->diags, d, "did you mean `%s`?", nearest);
    VEC_FREE(names);
}

static const Ast *binder(const Ast *choice, const char *index) {
    for (size_t i = 0; i < choice->index.len; i++)
        if (choice->index.items[i]->text && !strcmp(choice->index.items[i]->text, index))
            return choice->index.items[i];
    return NULL;
}

static void bad_symmetry(Check *c, const Ast *at, const char *why) {
    diag_at(c->diags, at->place, DIAG_bad_symmetry, why);
}

/* What a symmetry permutes are choices of the space: for isomorphism one of two indices (the links), others of
 * one (the vertices) or none; for an order, choices that have the index. */
static void check_symmetry(Check *c, Scope *s, const Ast *n) {
    bool order = n->alias && !strcmp(n->text, "order");
    if (!order && (n->alias || strcmp(n->text, "isomorphism") != 0)) {
        bad_symmetry(c, n,
                     "write `same up to isomorphism of (link, op);` or `same up to order of s in "
                     "(op, from);`");
        return;
    }
    size_t links = 0;
    for (size_t i = 0; i < n->list.len; i++) {
        Ast *item = n->list.items[i];
        check_expr(c, s, item);
        const Ast *choice = item->kind == AST_NAME ? item->resolved : NULL;
        if (item->kind == AST_ERROR || (item->kind == AST_NAME && !choice))
            continue;
        if (!choice || choice->kind != AST_CHOICE)
            bad_symmetry(c, item, "a symmetry is of choices");
        else if (order && !binder(choice, n->alias))
            bad_symmetry(c, item,
                         arena_printf(c->s->arena, "`%s` has no index `%s`", item->text, n->alias));
        else if (!order && choice->index.len > 2)
            bad_symmetry(c, item, "isomorphism is of links [u, v] and of what vertices [v] are");
        links += choice && choice->index.len == 2;
    }
    if (!order && links != 1)
        bad_symmetry(c, n, "isomorphism needs one choice of two indices, the links");
    if (n->b)
        check_expr(c, s, n->b);
}

static void check_train(Check *c, Scope *s, const Ast *n) {
    static const char *const names[] = {"loss", "steps", "by"};
    bool given[ARRAY_LEN(names)] = {false}, damaged = false;
    for (size_t i = 0; i < n->list.len; i++) {
        const Ast *arg = n->list.items[i];
        if (arg->kind != AST_ARG) {
            damaged = true;
            continue;
        }
        check_expr(c, s, arg->a);
        size_t at = 0;
        while (arg->text && at < ARRAY_LEN(names) && strcmp(names[at], arg->text) != 0)
            at++;
        if (!arg->text)
            diag_at(c->diags, arg->place, DIAG_bad_train, "the parts of `train` are named");
        else if (at == ARRAY_LEN(names))
            diag_at(c->diags, arg->name_place, DIAG_unknown_argument, "train", arg->text);
        else if (given[at])
            diag_at(c->diags, arg->name_place, DIAG_duplicate_argument, arg->text);
        damaged = damaged || !arg->text || at == ARRAY_LEN(names);
        if (arg->text && at < ARRAY_LEN(names))
            given[at] = true;
    }
    for (size_t i = 0; !damaged && i < ARRAY_LEN(names); i++) {
        if (given[i])
            continue;
        uint32_t end = n->place.lo + (uint32_t)strlen("train");
        diag_at(c->diags, (Place){n->place.file, n->place.lo, end}, DIAG_missing_argument, "train",
                names[i]);
        break;
    }
}

static void check_space(Check *c, Scope *file, const Ast *space) {
    Scope *s = scope_new(c, file);
    for (size_t i = 0; i < space->params.len; i++) {
        if (space->params.items[i]->kind == AST_PARAM)
            scope_declare(c, s, space->params.items[i]);
        else
            s->damaged = true;
    }
    scope_declare_all(c, s, &space->list);
    bool outer_space = c->in_space, outer_proxy = c->in_proxy;
    c->in_space = space->kind == AST_SPACE;
    c->in_proxy = space->kind == AST_PROXY;
    for (size_t i = 0; i < space->params.len; i++)
        if (space->params.items[i]->a)
            check_expr(c, s, space->params.items[i]->a);
    check_statements(c, s, &space->list, space->kind == AST_SPACE ? IN_SPACE : IN_PROXY);
    for (size_t i = 0; i < space->list.len; i++)
        if (space->list.items[i]->kind == AST_FORMAT && c->in_space)
            check_format(c, s, space->list.items[i], space);
    for (size_t i = 0; i < space->list.len; i++)
        if (space->list.items[i]->kind == AST_COSTS && c->in_space)
            check_costs(c, space, space->list.items[i]);
    c->in_space = outer_space;
    c->in_proxy = outer_proxy;
}

static void check_space_parts(Check *c, const Ast *space) {
    check_once(c, space, AST_INPUT, "input");
    check_once(c, space, AST_NETWORK, "network");
    check_once(c, space, AST_COSTS, "costs");
    if (is_damaged(space))
        return;
    if (!find_statement(space, AST_INPUT, NULL))
        diag_at(c->diags, space->name_place, DIAG_no_input, space->text);
    if (!has_network(space))
        diag_at(c->diags, space->name_place, DIAG_no_network, space->text);
}

static bool list_names(const AstList *list, const Ast *declared);

/* Whether a part of the tree names what is declared. */
static bool names_declared(const Ast *t, const Ast *declared) {
    if (!t)
        return false;
    if (t->kind == AST_NAME && t->resolved == declared)
        return true;
    return names_declared(t->a, declared) || names_declared(t->b, declared) ||
           names_declared(t->c, declared) || list_names(&t->list, declared) ||
           list_names(&t->index, declared) || list_names(&t->params, declared);
}

static bool list_names(const AstList *list, const Ast *declared) {
    for (size_t i = 0; i < list->len; i++)
        if (names_declared(list->items[i], declared))
            return true;
    return false;
}

/* Choices by which a proxy says how it is run. */
static bool is_read_by_runs(const char *name) {
    return strcmp(name, "repeats") == 0 || strcmp(name, "precision") == 0;
}

/* A choice that nothing reads makes a search spend its budget on equal proxies. */
static void check_choices_used(Check *c, const Ast *proxy) {
    for (size_t i = 0; i < proxy->list.len; i++) {
        const Ast *n = proxy->list.items[i];
        if (n->kind == AST_CHOICE && !is_read_by_runs(n->text) && !list_names(&proxy->list, n) &&
            !list_names(&proxy->params, n))
            diag_at(c->diags, n->name_place, DIAG_unused_choice, n->text);
    }
}

/* Elements whose values depend on the index do not stand for one another. */
static void check_order_values(Check *c, const Ast *same) {
    for (size_t i = 0; same->alias && i < same->list.len; i++) {
        const Ast *item = same->list.items[i], *choice = item->resolved;
        const Ast *index =
            choice && choice->kind == AST_CHOICE ? binder(choice, same->alias) : NULL;
        if (index && names_declared(choice->a, index))
            bad_symmetry(c, item,
                         arena_printf(c->s->arena,
                                      "what `%s` can be depends on `%s`, so the order matters",
                                      choice->text, same->alias));
    }
}

static void check_proxy_parts(Check *c, const Ast *proxy) {
    if (!proxy->params.len) {
        Diag *d = diag_at(c->diags, proxy->name_place, DIAG_missing_argument, proxy->text, "net");
        diag_hint(c->diags, d, "the first parameter of a proxy is the network: proxy %s(net)",
                  proxy->text);
    }
    const Ast *score = find_statement(proxy, AST_DEFINITION, "score");
    if (!is_damaged(proxy) && (!score || score->has_params || score->has_index))
        diag_at(c->diags, proxy->name_place, DIAG_no_score, proxy->text);
    if (!is_damaged(proxy))
        check_choices_used(c, proxy);
}

/* A format that stands outside names its space. */
static void check_outer_format(Check *c, Scope *file, const Ast *n) {
    bool damaged;
    const Decl *d = n->alias ? scope_find(c, file, n->alias, &damaged) : NULL;
    if (!n->alias) {
        Diag *told = diag_at(c->diags, n->name_place, DIAG_bad_format,
                             "outside a space a format says whose rows it reads");
        diag_hint(c->diags, told, "write format %s(row) of SPACE { ... }", n->text);
    } else if (!d || d->ast->kind != AST_SPACE) {
        diag_at(c->diags, n->name_place, DIAG_bad_format,
                arena_printf(c->s->arena, "there is no space `%s` here", n->alias));
    } else {
        Scope *s = scope_new(c, file), *members = scope_new(c, NULL);
        for (size_t i = 0; i < d->ast->params.len; i++)
            if (d->ast->params.items[i]->kind == AST_PARAM)
                scope_declare(c, members, d->ast->params.items[i]);
        scope_declare_all(c, members, &d->ast->list);
        VEC_PUSH(s->imports, members);
        check_format(c, s, n, d->ast);
    }
}

static void check_statement(Check *c, Scope *s, const Ast *n) {
    switch (n->kind) {
    case AST_DEFINITION:
    case AST_SHARED:
    case AST_CHOICE:
    case AST_MEASURE:
        check_definition(c, s, n);
        break;
    case AST_SPACE:
        check_space(c, s, n);
        check_space_parts(c, n);
        for (size_t i = 0; i < n->list.len; i++)
            if (n->list.items[i]->kind == AST_SAME)
                check_order_values(c, n->list.items[i]);
        break;
    case AST_PROXY:
        check_space(c, s, n);
        check_proxy_parts(c, n);
        break;
    case AST_INPUT:
        check_input(c, s, n);
        break;
    case AST_NETWORK:
        check_input(c, s, n);
        check_expr(c, s, n->a);
        break;
    case AST_PER_RUN:
        check_statements(c, s, &n->list, IN_PER_RUN);
        break;
    case AST_PER_ARCHITECTURE:
        check_statements(c, s, &n->list, IN_PER_ARCHITECTURE);
        break;
    case AST_SAME:
        check_symmetry(c, s, n);
        break;
    case AST_TRAIN:
        check_train(c, s, n);
        break;
    case AST_FORMAT: /* those of a space: check_space */
        if (!c->in_space && !c->in_proxy)
            check_outer_format(c, s, n);
        break;
    case AST_SEARCH:
        check_expr(c, s, n->a->b);
        check_expr(c, s, n->a->a);
        if (n->b)
            check_expr(c, s, n->b->a);
        if (n->list.len)
            check_expr(c, s, n->list.items[0]->b);
        check_expr(c, s, n->c);
        break;
    case AST_USE: /* in proxies derivation has replaced it */
        if (n->list.len)
            diag_at(c->diags, n->list.items[0]->place, DIAG_misplaced_statement, "use .. with",
                    context_texts[IN_FILE]);
        break;
    case AST_COSTS:
    case AST_ERROR:
        break;
    default: /* param, require, encoding, measure, rank: their parts are expressions */
        if (n->a)
            check_expr(c, s, n->a);
        if (n->b)
            check_expr(c, s, n->b);
        check_list(c, s, &n->list);
        break;
    }
}

void check_statements(Check *c, Scope *s, const AstList *list, Context context) {
    for (size_t i = 0; i < list->len; i++) {
        check_standing(c, list->items[i], context);
        check_statement(c, s, list->items[i]);
    }
}

static void open_files(Check *c) {
    c->file_scopes = ARENA_ARRAY(c->s->arena, Scope *, c->nfiles + 1);
    for (size_t f = 0; f < c->nfiles; f++) {
        c->file_scopes[f] = scope_new(c, NULL);
        scope_declare_all(c, c->file_scopes[f], &c->files[f].tree->list);
    }
    for (size_t f = 0; f < c->nfiles; f++) {
        for (size_t i = 0; i < c->files[f].nuses; i++) {
            const CheckUse *use = &c->files[f].uses[i];
            CHECK(use->file < c->nfiles);
            if (!use->alias)
                VEC_PUSH(c->file_scopes[f]->imports, c->file_scopes[use->file]);
        }
    }
}

bool check_program(Syntax *s, const CheckFile *files, size_t nfiles) {
    size_t before = s->diags->errors;
    Check c = {.s = s,
               .diags = s->diags,
               .files = files,
               .nfiles = nfiles,
               .word_network = intern(&s->names, "network")};
    open_files(&c);
    for (size_t f = 0; f < nfiles; f++)
        check_statements(&c, c.file_scopes[f], &files[f].tree->list, IN_FILE);
    check_cycles(&c);
    check_kinds(&c);
    scopes_free(&c);
    diag_sort(s->diags);
    return s->diags->errors == before;
}
