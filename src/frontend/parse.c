/* The parser: file in, tree out. Between the scanner and the grammar stands a filter of tokens,
 * which makes recovery certain. It pairs brackets, and where a statement or the file ends with
 * brackets open it reports the opening one and supplies the closing ones, so that the grammar meets
 * every `;` at the level it belongs to. While the grammar throws tokens away the filter drops
 * bracketed groups as a whole, and where a `;` was forgotten at the end of a line or block it
 * supplies one. One mistake gives one report and costs one statement. */
#include "frontend/parse.h"

#include <string.h>

#include "base/utf8.h"
#include "frontend/parse_build.h"
#include "frontend/sites.h"
#include "parser.h"

#define YYSTYPE NAS_STYPE
#define YYLTYPE Place
#include "scanner.h"

void syntax_init(Syntax *s, Arena *arena, SourceSet *sources, DiagSink *diags) {
    *s = (Syntax){.arena = arena, .sources = sources, .diags = diags};
    intern_init(&s->names, arena);
}

void syntax_free(Syntax *s) {
    intern_free(&s->names);
}

/* ---- the token filter ---- */

enum { MAX_ERRORS = 1000 }; /* a file with more is not read on */

int nas_lex(NAS_STYPE *value, Place *place, Parse *p);

static bool opens(int kind) {
    return kind == '(' || kind == '[' || kind == '{';
}
static bool closes(int kind) {
    return kind == ')' || kind == ']' || kind == '}';
}
static char closer_of(char open) {
    return open == '(' ? ')' : open == '[' ? ']' : '}';
}
static bool in_parentheses(char open) {
    return open == '(' || open == '[';
}
static bool in_block(char open) {
    return open == '{' || open == 0;
}

static char top_of(const Parse *p) {
    return p->brackets.len ? p->brackets.items[p->brackets.len - 1].open : 0;
}

static Token token_at(int kind, Place place) {
    return (Token){.kind = kind, .place = place};
}
static Token token_before(int kind, Place at) {
    return token_at(kind, (Place){at.file, at.lo, at.lo});
}

static Token scan_raw(Parse *p) {
    NAS_STYPE value = {0};
    Token t = {0};
    t.kind = nas_scan_lex(&value, &t.place, p->scanner);
    if (t.kind == TOK_NUMBER || t.kind == TOK_STRING)
        t.node = value.node;
    else
        t.text = value.text;
    return t;
}

/* Drops the rest of a group whose opening bracket was taken. A group in parentheses ends at the
 * latest where its statement or block does. Returns the token that ended it. */
static Token skip_group(Parse *p, int open) {
    size_t depth = 1, braces = open == '{';
    for (;;) {
        Token t = scan_raw(p);
        if (t.kind == TOK_YYEOF || (!braces && (t.kind == ';' || t.kind == '}')))
            return t;
        depth += opens(t.kind);
        depth -= closes(t.kind);
        braces += t.kind == '{';
        braces -= t.kind == '}';
        if (open == '{' ? !braces : !depth)
            return t;
    }
}

/* The next token of the file. During recovery groups are left out; a group in braces ends a
 * statement as
 * `;` does. */
static Token scan(Parse *p) {
    int open = p->skip_group ? p->last.kind : 0;
    p->skip_group = false;
    for (;;) {
        if (!open) {
            Token t = scan_raw(p);
            if (!p->recovering || !opens(t.kind))
                return t;
            open = t.kind;
        }
        Token end = skip_group(p, open);
        if (open == '{' && end.kind == '}' && in_block(top_of(p))) {
            Token next = scan_raw(p);
            if (next.kind == ';')
                return next;
            VEC_PUSH(p->pending, next);
            return token_before(';', next.place);
        }
        if (!closes(end.kind) || (open != '{' && end.kind == '}'))
            return end;
        open = 0;
    }
}

static void report_unclosed(Parse *p, Bracket open) {
    if (!p->quiet && !p->recovering) {
        const char text[] = {open.open == 's' ? '{' : open.open, '\0'};
        diag_at(p->s->diags, open.place, DIAG_unclosed, text);
    }
    p->quiet = true;
}

/* Closes the innermost bracket before t, which stays for later. */
static Token close_innermost(Parse *p, Token t) {
    Bracket open = p->brackets.items[--p->brackets.len];
    report_unclosed(p, open);
    VEC_PUSH(p->pending, t);
    p->closed = open.open;
    return token_before(closer_of(open.open), t.place);
}

/* Whether an open bracket of this block (`)`, `]`) or of any (`}`) is the one that `kind` closes.
 */
static bool has_opener(const Parse *p, int kind) {
    for (size_t i = p->brackets.len; i-- > 0;) {
        if (closer_of(p->brackets.items[i].open) == kind)
            return true;
        if (!in_parentheses(p->brackets.items[i].open))
            return false;
    }
    return false;
}

static Token filter_closing(Parse *p, Token t) {
    char top = top_of(p);
    if (t.kind == '}' && top == '{' && p->recovering &&
        p->last.kind != ';') { /* the damaged statement ends with its block */
        VEC_PUSH(p->pending, t);
        return token_before(';', t.place);
    }
    if (top && closer_of(top) == t.kind) {
        p->closed = top;
        p->brackets.len--;
        return t;
    }
    return in_parentheses(top) && has_opener(p, t.kind) ? close_innermost(p, t) : t;
}

/* The last statement may lack its `;`, and blocks their `}`. */
static Token filter_end(Parse *p, Token t) {
    char top = top_of(p);
    int last = p->last.kind;
    if (p->start == TOK_START_PROGRAM && in_block(top) && last != ';' && last != '}' &&
        last != '{' && last != p->start) {
        p->owes_semicolon = !top && !p->quiet && !p->recovering;
        VEC_PUSH(p->pending, t);
        return token_at(';', (Place){p->file, p->last.place.hi, p->last.place.hi});
    }
    return top ? close_innermost(p, t) : t;
}

static Token filter_opening(Parse *p, Token t) {
    int last = p->last.kind;
    bool set = t.kind == '{' && (last == TOK_IN || last == TOK_OF || last == TOK_PRIOR);
    Bracket b = {set ? 's' : (char)t.kind, t.place};
    VEC_PUSH(p->brackets, b);
    return t;
}

static Token next_token(Parse *p) {
    for (;;) {
        Token t = p->pending.len ? p->pending.items[--p->pending.len] : scan(p);
        if (opens(t.kind))
            return filter_opening(p, t);
        if (t.kind == '}' && !p->brackets.len) {
            if (!p->quiet && !p->recovering)
                diag_at(p->s->diags, t.place, DIAG_syntax, "`}` closes nothing");
            p->last.place.hi = t.place.hi;
            continue;
        }
        if (closes(t.kind))
            return filter_closing(p, t);
        if (t.kind == ';' && !in_block(top_of(p)))
            return close_innermost(p, t);
        return t.kind == TOK_YYEOF ? filter_end(p, t) : t;
    }
}

/* `same` is a word of its own only where a statement begins and `up` follows. */
static bool begins_symmetry(const Parse *p, const Token *t) {
    int last = p->last.kind;
    if (strcmp(t->text, "same") != 0 ||
        (last != ';' && last != '{' && last != '}' && last != p->start))
        return false;
    size_t at = t->place.hi, len = p->s->sources->files.items[p->file].len;
    while (at < len && strchr(" \t\r\n", p->text[at]) && p->text[at])
        at++;
    return at + 2 < len && !strncmp(p->text + at, "up", 2) && strchr(" \t\r\n", p->text[at + 2]);
}

int nas_lex(NAS_STYPE *value, Place *place, Parse *p) {
    if (p->last.kind == ';' || p->last.kind == '}')
        p->quiet = false;
    if (p->owes_semicolon) {
        diag_at(p->s->diags, p->last.place, DIAG_syntax, "expected `;`");
        p->owes_semicolon = false;
    }
    Token t = token_at(p->start, (Place){p->file, 0, 0});
    if (p->started && p->s->diags->errors < MAX_ERRORS)
        t = next_token(p);
    else if (p->started)
        t.kind = TOK_YYEOF;
    if (t.kind == TOK_NAME && begins_symmetry(p, &t))
        t.kind = TOK_SAME;
    p->started = true;
    uint32_t end = p->last.place.hi;
    t.new_line = t.place.lo > end && memchr(p->text + end, '\n', t.place.lo - end);
    if (t.kind == TOK_NUMBER || t.kind == TOK_STRING)
        value->node = t.node;
    else
        value->text = t.text;
    *place = t.place;
    p->previous_end = p->last.place.hi;
    p->last = t;
    return t.kind;
}

/* ---- reports ---- */

void parse_report_deep(Parse *p, Place place) {
    if (!p->reported_deep)
        diag_at(p->s->diags, place, DIAG_too_deep);
    p->reported_deep = true;
}

/* Bison's name of a token as people read it: `;` and `if`, but "a name". */
static void put_token(Buf *b, const char *name) {
    bool described = strchr(name, ' ') != NULL;
    if (name[0] == '\'' && name[1] && name[2] == '\'')
        buf_printf(b, "`%c`", name[1]);
    else
        buf_printf(b, described ? "%s" : "`%s`", name);
}

static bool among(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static bool is_word(const char *name) {
    return name[0] >= 'a' && name[0] <= 'z' && !strchr(name, ' ');
}

/* Sums up the tokens that may begin an expression, an operator, or a statement; the rest is listed.
 */
static void put_expected(Buf *b, const char *const *names, size_t n) {
    static const char *const starts[] = {"a name", "a number", "a string", "an aggregate", "'('",
                                         "'['",    "'-'",      "not",      "if",           "frozen",
                                         "true",   "false",    "none",     "network"};
    static const char *const operators[] = {
        "or", "and", "in",  "div", "mod", "at",  "with", "=>",  "->",  "..",  "==",  "!=",  "<=",
        ">=", "'<'", "'>'", "'+'", "'-'", "'*'", "'/'",  "'^'", "'('", "'['", "'.'", "step"};
    bool expression = among(names, n, "a number"), operand_ended = among(names, n, "'+'");
    bool any_word = among(names, n, "each"), statement = !any_word && among(names, n, "param");
    const char *kept[4];
    size_t nkept = 0, count = 0;
    if (expression || any_word || statement) {
        kept[nkept++] = expression ? "an expression" : any_word ? "a name" : "a statement";
        count++;
    }
    for (size_t i = 0; i < n; i++) {
        bool covered =
            (expression && among(starts, ARRAY_LEN(starts), names[i])) ||
            (operand_ended && among(operators, ARRAY_LEN(operators), names[i])) ||
            ((any_word || statement) && (is_word(names[i]) || !strcmp(names[i], "a name"))) ||
            ((any_word || statement) && !strcmp(names[i], "an aggregate")) ||
            (statement && !strcmp(names[i], "end of file"));
        if (statement && !strcmp(names[i], "return"))
            covered = false;
        if (!strcmp(names[i], "','") && among(names, n, "';'")) /* only after `with` */
            covered = true;
        if (covered)
            continue;
        count++;
        if (nkept < ARRAY_LEN(kept))
            kept[nkept++] = names[i];
    }
    if (!count || count > ARRAY_LEN(kept))
        return;
    buf_puts(b, ", expected ");
    for (size_t i = 0; i < nkept; i++) {
        buf_puts(b, i == 0 ? "" : i + 1 == nkept ? " or " : ", ");
        put_token(b, kept[i]);
    }
}

static void put_found(Buf *b, const Parse *p, const char *name) {
    const Token *t = &p->last;
    if (p->owes_semicolon || !strcmp(name, "end of file"))
        buf_puts(b, "end of file");
    else if (t->kind == TOK_STRING || t->kind == TOK_NUMBER)
        buf_printf(b, "%s", t->kind == TOK_STRING ? "string" : "number");
    else if (t->text && strlen(t->text) <= 60)
        buf_printf(b, "`%s`", t->text);
    else
        put_token(b, name);
}

/* Supplies what keeps the damage small; called when the unexpected token is p->last. */
static void prepare_recovery(Parse *p, bool semicolon_fits) {
    Token t = p->last;
    p->recovering = true;
    if (t.place.hi == p->supplied_for) /* a `;` before it did not help */
        return;
    if (opens(t.kind)) {
        p->skip_group = true;
        p->brackets.len--;
    } else if (t.kind == '}' && p->closed == '{') {
        p->supplied_for = t.place.hi;
        VEC_PUSH(p->pending, t);
        VEC_PUSH(p->pending, token_before(';', t.place));
        Bracket open = {'{', t.place};
        VEC_PUSH(p->brackets, open);
    } else if (semicolon_fits && t.new_line && t.text) {
        p->supplied_for = t.place.hi;
        VEC_PUSH(p->pending, t);
        VEC_PUSH(p->pending, token_before(';', t.place));
    }
}

void parse_report_syntax(Parse *p, Place place, const char *found, const char *const *expected,
                         size_t n) {
    bool semicolon = among(expected, n, "';'");
    bool forgotten = semicolon && (p->last.kind == '}' || (p->last.new_line && p->last.text));
    if (!p->quiet && forgotten) {
        Place end = {p->file, p->previous_end, p->previous_end};
        diag_at(p->s->diags, end, DIAG_syntax, "expected `;`");
    } else if (!p->quiet) {
        Buf b = {0};
        buf_puts(&b, "unexpected ");
        put_found(&b, p, found ? found : "end of file");
        put_expected(&b, expected, n);
        diag_at(p->s->diags, place, DIAG_syntax, b.text);
        buf_free(&b);
    }
    p->owes_semicolon = false;
    prepare_recovery(p, semicolon);
}

/* ---- whole files ---- */

/* The text as the scanner may read it: what is no UTF-8 text is reported, run by run, and blanked
 * out. Two NUL bytes follow, as flex wants them. */
static char *clean_text(Syntax *s, uint32_t file) {
    const SourceFile *f = &s->sources->files.items[file];
    char *text = nasc_alloc(f->len + 2);
    memcpy(text, f->text, f->len);
    text[f->len] = text[f->len + 1] = '\0';
    if (f->len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        memset(text, ' ', 3);
    for (size_t i = 0; i < f->len;) {
        size_t n = utf8_length(f->text + i, f->len - i);
        if (n && f->text[i]) {
            i += n;
            continue;
        }
        bool nul = n != 0;
        size_t start = i;
        while (i < f->len && (nul ? !f->text[i] : !utf8_length(f->text + i, f->len - i)))
            text[i++] = ' ';
        diag_at(s->diags, (Place){file, (uint32_t)start, (uint32_t)i},
                nul ? DIAG_nul_byte : DIAG_bad_utf8);
    }
    return text;
}

static Ast *parse_file(Syntax *s, uint32_t file, int start) {
    const SourceFile *f = &s->sources->files.items[file];
    Parse p = {
        .s = s, .file = file, .text = f->text, .start = start, .last = {.place = {file, 0, 0}}};
    char *text = clean_text(s, file);
    yyscan_t scanner;
    CHECK(nas_scan_lex_init_extra(&p, &scanner) == 0);
    CHECK(nas_scan__scan_buffer(text, f->len + 2, scanner) != NULL);
    p.scanner = scanner;
    nas_parse(&p);
    nas_scan_lex_destroy(scanner);
    free(text);
    VEC_FREE(p.brackets);
    VEC_FREE(p.pending);
    Place whole = {file, 0, (uint32_t)f->len};
    if (!p.result)
        p.result =
            start == TOK_START_PROGRAM ? build_program(&p, whole, p.items) : node_error(&p, whole);
    sites_number(p.result);
    diag_sort(s->diags);
    return p.result;
}

Ast *parse_program(Syntax *s, uint32_t file) {
    return parse_file(s, file, TOK_START_PROGRAM);
}

Ast *parse_expression(Syntax *s, uint32_t file) {
    return parse_file(s, file, TOK_START_EXPRESSION);
}
