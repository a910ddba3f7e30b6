/* Trees back to source text, and equality of trees. Parentheses appear where a looser operator
 * stands in a tighter place; the printed text parses to an equal tree. */
#include <string.h>

#include "frontend/parse.h"

/* How tightly a form binds; the rows of the table in docs/language.md, section 5. */
typedef enum Level {
    LEVEL_OPEN, /* lambda, if */
    LEVEL_ARROW,
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_COMPARISON,
    LEVEL_RANGE,
    LEVEL_SUM,
    LEVEL_TERM,
    LEVEL_UNARY,
    LEVEL_POWER,
    LEVEL_AT,
    LEVEL_OPERAND, /* aggregates, whose body reaches as far as it can */
    LEVEL_POSTFIX,
} Level;

static const struct {
    const char *text;
    Level level;
} opers[] = {
    [OPER_NONE] = {"?", LEVEL_POSTFIX},   [OPER_OR] = {"or", LEVEL_OR},
    [OPER_AND] = {"and", LEVEL_AND},      [OPER_NOT] = {"not", LEVEL_NOT},
    [OPER_EQ] = {"==", LEVEL_COMPARISON}, [OPER_NE] = {"!=", LEVEL_COMPARISON},
    [OPER_LT] = {"<", LEVEL_COMPARISON},  [OPER_LE] = {"<=", LEVEL_COMPARISON},
    [OPER_GT] = {">", LEVEL_COMPARISON},  [OPER_GE] = {">=", LEVEL_COMPARISON},
    [OPER_IN] = {"in", LEVEL_COMPARISON}, [OPER_ADD] = {"+", LEVEL_SUM},
    [OPER_SUB] = {"-", LEVEL_SUM},        [OPER_MUL] = {"*", LEVEL_TERM},
    [OPER_DIVIDE] = {"/", LEVEL_TERM},    [OPER_DIV] = {"div", LEVEL_TERM},
    [OPER_MOD] = {"mod", LEVEL_TERM},     [OPER_POW] = {"^", LEVEL_POWER},
    [OPER_NEG] = {"-", LEVEL_UNARY},
};

const char *ast_oper_text(AstOper oper) {
    return opers[oper].text;
}

static void put(Buf *b, const Ast *e, Level least);
static void put_statement(Buf *b, const Ast *s);

static bool is_aggregate_word(const char *text) {
#define KEYWORD(token, word) {#token, word},
    static const char *const words[][2] = {
#include "frontend/keywords.def"
    };
#undef KEYWORD
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!strcmp(words[i][1], text))
            return !strcmp(words[i][0], "AGGREGATE");
    return false;
}

static bool is_aggregate_name(const Ast *e) {
    return e->kind == AST_NAME && is_aggregate_word(e->text);
}

static Level level_of(const Ast *e) {
    switch (e->kind) {
    case AST_LAMBDA:
    case AST_IF:
        return LEVEL_OPEN;
    case AST_ARROW:
        return LEVEL_ARROW;
    case AST_UNARY:
    case AST_BINARY:
        return opers[e->oper].level;
    case AST_RANGE:
        return LEVEL_RANGE;
    case AST_FROZEN:
        return LEVEL_UNARY;
    case AST_AT:
        return LEVEL_AT;
    case AST_AGGREGATE:
        return LEVEL_OPERAND;
    case AST_CALL:
        return is_aggregate_name(e->a) ? LEVEL_OPERAND : LEVEL_POSTFIX;
    default:
        return LEVEL_POSTFIX;
    }
}

static void put_string(Buf *b, const char *text, size_t len) {
    buf_putc(b, '"');
    for (size_t i = 0; i < len; i++) {
        static const char from[] = "\"\\\n\t", to[] = "\"\\nt";
        const char *escaped = text[i] ? strchr(from, text[i]) : NULL;
        if (escaped)
            buf_printf(b, "\\%c", to[escaped - from]);
        else
            buf_putc(b, text[i]);
    }
    buf_putc(b, '"');
}

static void put_list(Buf *b, const AstList *l, const char *open, const char *close) {
    buf_puts(b, open);
    for (size_t i = 0; i < l->len; i++) {
        buf_puts(b, i ? ", " : "");
        put(b, l->items[i], LEVEL_OPEN);
    }
    buf_puts(b, close);
}

static void put_arg(Buf *b, const Ast *arg) {
    if (arg->kind == AST_ARG && arg->text)
        buf_printf(b, "%s: ", arg->text);
    put(b, arg->kind == AST_ARG ? arg->a : arg, LEVEL_OPEN);
}

static void put_args(Buf *b, const AstList *l, const char *open, const char *close) {
    buf_puts(b, open);
    for (size_t i = 0; i < l->len; i++) {
        buf_puts(b, i ? ", " : "");
        put_arg(b, l->items[i]);
    }
    buf_puts(b, close);
}

static void put_binders(Buf *b, const AstList *l, const Ast *condition) {
    for (size_t i = 0; i < l->len; i++) {
        const Ast *n = l->items[i];
        buf_puts(b, i ? ", " : "");
        if (n->kind == AST_BINDER && n->text)
            buf_printf(b, "%s in ", n->text);
        put(b, n->kind == AST_BINDER ? n->a : n, n->text ? LEVEL_RANGE : LEVEL_OPEN);
    }
    if (condition) {
        buf_puts(b, " if ");
        put(b, condition, LEVEL_ARROW);
    }
}

static void put_params(Buf *b, const AstList *l) {
    buf_putc(b, '(');
    for (size_t i = 0; i < l->len; i++) {
        const Ast *p = l->items[i];
        buf_printf(b, "%s%s", i ? ", " : "", p->text ? p->text : "?");
        if (p->a) {
            buf_puts(b, " = ");
            put(b, p->a, LEVEL_OPEN);
        }
        if (p->help) {
            buf_putc(b, ' ');
            put_string(b, p->help, strlen(p->help));
        }
    }
    buf_putc(b, ')');
}

static void put_statements(Buf *b, const AstList *l) {
    for (size_t i = 0; i < l->len; i++) {
        put_statement(b, l->items[i]);
        buf_putc(b, '\n');
    }
}

static void put_block(Buf *b, const AstList *l) {
    buf_puts(b, "{\n");
    put_statements(b, l);
    buf_putc(b, '}');
}

static void put_body(Buf *b, const Ast *e) {
    buf_puts(b, "{\n");
    put_statements(b, &e->list);
    buf_puts(b, "return ");
    put(b, e->a, LEVEL_OPEN);
    buf_puts(b, ";\n}");
}

static void put_lambda(Buf *b, const Ast *e) {
    if (e->params.len == 1)
        buf_puts(b, e->params.items[0]->text ? e->params.items[0]->text : "?");
    else
        put_params(b, &e->params);
    buf_puts(b, " => ");
    put(b, e->a, LEVEL_OPEN);
}

static void put_if(Buf *b, const Ast *e) {
    buf_puts(b, "if ");
    put(b, e->a, LEVEL_ARROW);
    buf_puts(b, " then ");
    put(b, e->b, LEVEL_ARROW);
    if (e->c) {
        buf_puts(b, " else ");
        put(b, e->c, LEVEL_OPEN);
    }
}

/* Left associative, but for comparisons, which do not associate, and powers. */
static void put_binary(Buf *b, const Ast *e) {
    Level own = opers[e->oper].level, left = own, right = own + 1;
    if (own == LEVEL_COMPARISON)
        left = right = LEVEL_RANGE;
    if (own == LEVEL_POWER) {
        left = LEVEL_AT;
        right = LEVEL_UNARY;
    }
    put(b, e->a, left);
    buf_printf(b, " %s ", opers[e->oper].text);
    put(b, e->b, right);
}

static void put_range(Buf *b, const Ast *e) {
    put(b, e->a, LEVEL_SUM);
    buf_puts(b, " .. ");
    put(b, e->b, LEVEL_SUM);
    if (e->c) {
        buf_puts(b, " step ");
        put(b, e->c, LEVEL_SUM);
    }
}

static void put_aggregate(Buf *b, const Ast *e) {
    buf_printf(b, e->a ? "%s(" : "(%s(", e->text);
    put_binders(b, &e->list, e->b);
    buf_puts(b, e->a ? ") (" : "))");
    if (!e->a)
        return;
    put(b, e->a, LEVEL_OPEN);
    buf_putc(b, ')');
}

static void put_comprehension(Buf *b, const Ast *e) {
    buf_putc(b, '[');
    put_binders(b, &e->list, e->b);
    if (e->a) {
        buf_puts(b, " : ");
        put(b, e->a, LEVEL_OPEN);
    }
    buf_putc(b, ']');
}

static void put_unary(Buf *b, const Ast *e) {
    buf_printf(b, e->oper == OPER_NOT ? "%s " : "%s", opers[e->oper].text);
    put(b, e->a, opers[e->oper].level);
}

static void put_with(Buf *b, const Ast *e) {
    buf_putc(b, '(');
    put(b, e->a, LEVEL_ARROW);
    put_args(b, &e->list, " with ", ")");
}

/* What stands for itself or between brackets; false for other forms. */
static bool put_closed(Buf *b, const Ast *e) {
    switch (e->kind) {
    case AST_NUMBER:
    case AST_NAME:
        buf_puts(b, e->text);
        return true;
    case AST_STRING:
        put_string(b, e->text, e->text_len);
        return true;
    case AST_BOOL:
        buf_puts(b, e->number != 0 ? "true" : "false");
        return true;
    case AST_NONE:
        buf_puts(b, "none");
        return true;
    case AST_LIST:
        put_list(b, &e->list, "[", "]");
        return true;
    case AST_TUPLE:
        put_list(b, &e->list, "(", ")");
        return true;
    case AST_SET:
        put_list(b, &e->list, "{", "}");
        return true;
    case AST_COMPREHENSION:
        put_comprehension(b, e);
        return true;
    case AST_WITH:
        put_with(b, e);
        return true;
    case AST_BODY:
        put_body(b, e);
        return true;
    default:
        return false;
    }
}

/* What begins with a postfix expression: calls, elements, fields, measures. */
static bool put_postfix(Buf *b, const Ast *e) {
    switch (e->kind) {
    case AST_CALL:
        put(b, e->a, LEVEL_POSTFIX);
        put_args(b, &e->list, "(", ")");
        return true;
    case AST_INDEX:
        put(b, e->a, LEVEL_POSTFIX);
        put_list(b, &e->list, "[", "]");
        return true;
    case AST_FIELD:
        put(b, e->a, LEVEL_POSTFIX);
        buf_printf(b, ".%s", e->text);
        return true;
    case AST_AT:
        put(b, e->a, LEVEL_OPERAND);
        buf_puts(b, " at ");
        put(b, e->b, LEVEL_OPERAND);
        return true;
    default:
        return false;
    }
}

static void put_form(Buf *b, const Ast *e) {
    if (put_closed(b, e) || put_postfix(b, e))
        return;
    switch (e->kind) {
    case AST_RANGE:
        put_range(b, e);
        break;
    case AST_UNARY:
        put_unary(b, e);
        break;
    case AST_BINARY:
        put_binary(b, e);
        break;
    case AST_ARROW:
        put(b, e->a, LEVEL_ARROW);
        buf_puts(b, " -> ");
        put(b, e->b, LEVEL_OR);
        break;
    case AST_IF:
        put_if(b, e);
        break;
    case AST_LAMBDA:
        put_lambda(b, e);
        break;
    case AST_FROZEN:
        buf_puts(b, "frozen ");
        put(b, e->a, LEVEL_UNARY);
        break;
    case AST_AGGREGATE:
        put_aggregate(b, e);
        break;
    default:
        put_statement(b, e);
        break;
    }
}

static void put(Buf *b, const Ast *e, Level least) {
    bool parenthesise = level_of(e) < least;
    buf_puts(b, parenthesise ? "(" : "");
    put_form(b, e);
    buf_puts(b, parenthesise ? ")" : "");
}

/* ---- statements ---- */

static void put_head(Buf *b, const Ast *s) {
    buf_puts(b, s->text);
    if (s->has_index) {
        buf_putc(b, '[');
        put_binders(b, &s->index, s->b);
        buf_putc(b, ']');
    }
    if (s->has_params)
        put_params(b, &s->params);
}

static void put_value(Buf *b, const Ast *value) {
    buf_puts(b, " = ");
    put(b, value, LEVEL_OPEN);
    buf_putc(b, ';');
}

static bool is_word(const char *text, size_t len) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return len > 0 && strspn(text, letters) == len && strchr("0123456789", text[0]) == NULL;
}

static void put_alternatives(Buf *b, const Ast *domain) {
    buf_puts(b, " {\n");
    for (size_t i = 0; i < domain->list.len; i++) {
        const Ast *a = domain->list.items[i];
        if (a->kind != AST_ALTERNATIVE)
            continue;
        if (is_word(a->text, a->text_len))
            buf_puts(b, a->text);
        else
            put_string(b, a->text, a->text_len);
        buf_puts(b, " = ");
        put(b, a->a, LEVEL_OPEN);
        if (a->b) {
            buf_puts(b, " prior ");
            put(b, a->b, LEVEL_OPEN);
        }
        buf_puts(b, ";\n");
    }
    buf_putc(b, '}');
}

static void put_domain(Buf *b, const Ast *domain) {
    if (domain->kind == AST_ALTERNATIVES) {
        put_alternatives(b, domain);
        return;
    }
    bool subset = domain->kind == AST_DOMAIN_SUBSET;
    buf_puts(b, subset ? " subset of " : domain->kind == AST_DOMAIN_BOOL ? ": bool" : " in ");
    if (domain->a)
        put(b, domain->a, LEVEL_RANGE);
    if (domain->b) {
        buf_puts(b, subset ? " each " : " prior ");
        put(b, domain->b, LEVEL_OPEN);
    }
    buf_putc(b, ';');
}

static void put_pattern(Buf *b, const AstList *l) {
    for (size_t i = 0; i < l->len; i++) {
        const Ast *n = l->items[i];
        buf_puts(b, i ? " " : "");
        if (n->kind == AST_PATTERN_JOIN) {
            buf_puts(b, "join(");
            put_binders(b, &n->index, NULL);
            buf_puts(b, ", ");
            put(b, n->a, LEVEL_OPEN);
            buf_puts(b, ") (");
            put_pattern(b, &n->list);
            buf_putc(b, ')');
        } else {
            put(b, n, LEVEL_POSTFIX);
        }
    }
}

static void put_use(Buf *b, const Ast *s) {
    buf_puts(b, "use ");
    if (s->is_path)
        put_string(b, s->text, s->text_len);
    else
        buf_puts(b, s->text);
    if (s->alias)
        buf_printf(b, " as %s", s->alias);
    for (size_t i = 0; i < s->list.len; i++) {
        const Ast *setting = s->list.items[i];
        if (setting->kind != AST_DEFINITION)
            continue;
        buf_printf(b, "%s %s: ", i ? "," : " with", setting->text);
        put(b, setting->a, LEVEL_OPEN);
    }
    buf_putc(b, ';');
}

static void put_network(Buf *b, const Ast *s) {
    buf_printf(b, s->text ? "network %s" : "network", s->text);
    if (s->list.len)
        put_args(b, &s->list, " on [", "]");
    put_value(b, s->a);
}

static void put_param(Buf *b, const Ast *s) {
    buf_printf(b, "param %s = ", s->text);
    put(b, s->a, LEVEL_OPEN);
    if (s->help) {
        buf_putc(b, ' ');
        put_string(b, s->help, strlen(s->help));
    }
    buf_putc(b, ';');
}

static void put_definition(Buf *b, const Ast *s) {
    buf_puts(b, s->kind == AST_SHARED ? "shared " : "");
    put_head(b, s);
    put_value(b, s->a);
}

static void put_scope(Buf *b, const Ast *s) {
    buf_puts(b, s->kind == AST_SPACE ? "space " : "proxy ");
    put_head(b, s);
    buf_putc(b, ' ');
    put_block(b, &s->list);
}

static void put_format(Buf *b, const Ast *s) {
    buf_puts(b, "format ");
    put_head(b, s);
    if (s->alias)
        buf_printf(b, " of %s", s->alias);
    buf_putc(b, ' ');
    put_block(b, &s->list);
}

static void put_rank(Buf *b, const Ast *s) {
    buf_puts(b, "rank ");
    put(b, s->a, LEVEL_OPEN);
    buf_puts(b, " by ");
    put(b, s->b, LEVEL_OPEN);
    buf_putc(b, ';');
}

static void put_search(Buf *b, const Ast *s) {
    buf_printf(b, "search %s in ", s->text);
    put(b, s->a->b, LEVEL_OPEN);
    buf_printf(b, " by %s%s%s on ", s->help, s->alias ? " per " : "", s->alias ? s->alias : "");
    put(b, s->a->a, LEVEL_OPEN);
    if (s->b) {
        buf_puts(b, " evaluate ");
        put(b, s->b->a, LEVEL_OPEN);
    }
    if (s->list.len) {
        buf_puts(b, " against ");
        put(b, s->list.items[0]->b, LEVEL_OPEN);
    }
    buf_puts(b, " using ");
    put(b, s->c, LEVEL_OPEN);
    buf_putc(b, ';');
}

/* Statements of one line that are not definitions. */
static void put_line(Buf *b, const Ast *s) {
    switch (s->kind) {
    case AST_INPUT:
        buf_printf(b, "input %s", s->text);
        put_args(b, &s->list, "[", "];");
        break;
    case AST_REQUIRE:
        buf_puts(b, "require ");
        put(b, s->a, LEVEL_OPEN);
        buf_putc(b, ';');
        break;
    case AST_COSTS:
        buf_printf(b, "costs %s;", s->text);
        break;
    case AST_ENCODING:
        buf_puts(b, "encoding ");
        put_pattern(b, &s->list);
        buf_putc(b, ';');
        break;
    case AST_SAME:
        buf_printf(b, "same up to %s of ", s->text);
        if (s->alias)
            buf_printf(b, "%s in ", s->alias);
        put_list(b, &s->list, "(", ")");
        if (s->b) {
            buf_puts(b, " if ");
            put(b, s->b, LEVEL_OPEN);
        }
        buf_putc(b, ';');
        break;
    case AST_TRAIN:
        put_args(b, &s->list, "train(", ");");
        break;
    case AST_MEASURE:
        buf_puts(b, "measure ");
        put_head(b, s);
        buf_puts(b, s->at_end ? " at end" : "");
        put_value(b, s->a);
        break;
    case AST_RANK:
        put_rank(b, s);
        break;
    case AST_SEARCH:
        put_search(b, s);
        break;
    default: /* what could not be parsed */
        buf_putc(b, '?');
        break;
    }
}

static void put_statement(Buf *b, const Ast *s) {
    switch (s->kind) {
    case AST_USE:
        put_use(b, s);
        break;
    case AST_PARAM:
        put_param(b, s);
        break;
    case AST_SHARED:
    case AST_DEFINITION:
        put_definition(b, s);
        break;
    case AST_CHOICE:
        buf_puts(b, "choice ");
        put_head(b, s);
        put_domain(b, s->a);
        break;
    case AST_SPACE:
    case AST_PROXY:
        put_scope(b, s);
        break;
    case AST_FORMAT:
        put_format(b, s);
        break;
    case AST_NETWORK:
        put_network(b, s);
        break;
    case AST_PER_RUN:
    case AST_PER_ARCHITECTURE:
        buf_puts(b, s->kind == AST_PER_RUN ? "per run " : "per architecture ");
        put_block(b, &s->list);
        break;
    default:
        put_line(b, s);
        break;
    }
}

void ast_print(const Ast *tree, Buf *b) {
    if (tree->kind == AST_BODY && !tree->a)
        put_statements(b, &tree->list);
    else
        put(b, tree, LEVEL_OPEN);
}

/* ---- equality ---- */

static bool equal_text(const char *x, const char *y) {
    return x == y || (x && y && !strcmp(x, y));
}

static bool equal_lists(const AstList *x, const AstList *y) {
    if (x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++)
        if (!ast_equal(x->items[i], y->items[i]))
            return false;
    return true;
}

static bool equal_nodes(const Ast *x, const Ast *y) {
    if (x->kind != y->kind || x->oper != y->oper || x->is_int != y->is_int ||
        x->is_path != y->is_path || x->has_index != y->has_index || x->has_params != y->has_params)
        return false;
    if (x->kind == AST_NUMBER)
        return x->number == y->number && x->integer == y->integer;
    bool same_text = x->text && y->text
                         ? x->text_len == y->text_len && !memcmp(x->text, y->text, x->text_len)
                         : x->text == y->text;
    return same_text && x->number == y->number && equal_text(x->help, y->help) &&
           equal_text(x->alias, y->alias);
}

bool ast_equal(const Ast *x, const Ast *y) {
    if (!x || !y)
        return x == y;
    return equal_nodes(x, y) && ast_equal(x->a, y->a) && ast_equal(x->b, y->b) &&
           ast_equal(x->c, y->c) && equal_lists(&x->list, &y->list) &&
           equal_lists(&x->index, &y->index) && equal_lists(&x->params, &y->params);
}
