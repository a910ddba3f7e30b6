/* Numbers of uses. In: a tree as parsed. Out: every call and arrow knows how many of its region come
 * before it, of those spelled alike and of all. A region is a definition without those inside it, or
 * the rest of a space or a file: uses that share a path lie in one region. Invariant: the numbers
 * follow from the text alone, so that what they name is called the same whatever is evaluated first.
 */
#include <string.h>

#include "base/buf.h"
#include "frontend/sites.h"

typedef struct Spelling {
    const char *name;
    uint32_t uses;
} Spelling;

typedef struct Region {
    VEC(Spelling) spellings;
    uint32_t uses;
} Region;

static const char *spelling(const Ast *callee) {
    while (callee && (callee->kind == AST_CALL || callee->kind == AST_INDEX))
        callee = callee->a;
    bool named = callee && (callee->kind == AST_NAME || callee->kind == AST_FIELD);
    return named && callee->text ? callee->text : "";
}

const char *site_spelling(const Ast *site) {
    return spelling(site->kind == AST_ARROW ? site->b : site->a);
}

static void number_site(Region *r, Ast *x) {
    const char *name = site_spelling(x);
    x->site = r->uses++;
    for (size_t i = 0; i < r->spellings.len; i++)
        if (strcmp(r->spellings.items[i].name, name) == 0) {
            x->site_alike = r->spellings.items[i].uses++;
            return;
        }
    VEC_PUSH(r->spellings, ((Spelling){name, 1}));
    x->site_alike = 0;
}

static void number_in(Region *r, Ast *x);

static void number_list(Region *r, const AstList *l) {
    for (size_t i = 0; i < l->len; i++)
        number_in(r, l->items[i]);
}

static void number_children(Region *r, Ast *x) {
    number_in(r, x->a);
    number_list(r, &x->params);
    number_list(r, &x->index);
    number_list(r, &x->list);
    number_in(r, x->b);
    number_in(r, x->c);
}

static void number_in(Region *r, Ast *x) {
    if (!x)
        return;
    if (x->kind == AST_DEFINITION || x->kind == AST_SPACE || x->kind == AST_PROXY) {
        sites_number(x);
        return;
    }
    number_children(r, x);
    if (x->kind == AST_CALL || x->kind == AST_ARROW)
        number_site(r, x);
}

void sites_number(Ast *tree) {
    Region r = {0};
    number_children(&r, tree);
    if (tree->kind == AST_CALL || tree->kind == AST_ARROW)
        number_site(&r, tree);
    VEC_FREE(r.spellings);
}
