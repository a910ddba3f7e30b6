/* What the scanner's rules do with the text of a token: words, numbers, strings. Builds the nodes
 * of literals and reports what is wrong inside one token. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "frontend/parse_build.h"
#include "parser.h"

typedef struct Keyword {
    const char *text;
    int token;
} Keyword;

static const Keyword keywords[] = {
#define KEYWORD(token, text) {text, TOK_##token},
#include "frontend/keywords.def"
#undef KEYWORD
};

static int compare_keyword(const void *key, const void *element) {
    return strcmp(key, ((const Keyword *)element)->text);
}

int scan_word(Parse *p, const char *text, size_t len, const char **name) {
    *name = intern_text(&p->s->names, text, len);
    const Keyword *k =
        bsearch(*name, keywords, ARRAY_LEN(keywords), sizeof keywords[0], compare_keyword);
    return k ? k->token : TOK_NAME;
}

static Ast *bad_number(Parse *p, Place place, const char *text, size_t len) {
    int shown = (int)MIN(len, (size_t)40);
    diag_at(p->s->diags, place, DIAG_bad_number, arena_printf(p->s->arena, "%.*s", shown, text));
    return node_error(p, place);
}

typedef struct Unit {
    const char *text;
    double factor;
    bool is_int;
} Unit;

/* Units of time make a decimal, units of count keep an integer one. */
static const Unit units[] = {{"", 1, true},    {"K", 1e3, true},    {"M", 1e6, true},
                             {"G", 1e9, true}, {"us", 1e-6, false}, {"ms", 1e-3, false},
                             {"s", 1, false}};

static const Unit *find_unit(const char *text, size_t len) {
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strlen(units[i].text) == len && !memcmp(units[i].text, text, len))
            return &units[i];
    return NULL;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The decimal value, correctly rounded also where the unit divides: 2.5ms is the double nearest
 * 0.0025. */
static double decimal_value(const char *digits, const Unit *unit) {
    double x = strtod(digits, NULL);
    return unit->factor < 1 ? x / (1 / unit->factor) : x * unit->factor;
}

Ast *scan_number(Parse *p, Place place, const char *text, size_t len) {
    char *digits = nasc_alloc(len + 1);
    size_t n = 0, i = 0;
    bool is_int = true, valid = true, overflow = false;
    int64_t integer = 0;
    for (; i < len; i++) {
        char c = text[i];
        bool exponent = (c == 'e' || c == 'E') && i + 1 < len &&
                        (is_digit(text[i + 1]) || (strchr("+-", text[i + 1]) && i + 2 < len));
        bool sign = (c == '+' || c == '-');
        if (c == '_')
            continue;
        if (!is_digit(c) && c != '.' && !exponent && !sign)
            break;
        is_int = is_int && is_digit(c);
        if (is_int &&
            !(mul_checked(integer, 10, &integer) && add_checked(integer, c - '0', &integer)))
            overflow = true;
        digits[n++] = c;
    }
    digits[n] = '\0';
    const Unit *unit = find_unit(text + i, len - i);
    valid = unit != NULL && text[i - 1] != '_';
    Ast *node = valid ? node_new(p, place, AST_NUMBER) : bad_number(p, place, text, len);
    if (valid) {
        node->is_int = is_int && unit->is_int;
        node->text = intern_text(&p->s->names, text, len);
        node->text_len = len;
        node->number = decimal_value(digits, unit);
        if (node->is_int &&
            (overflow || !mul_checked(integer, (int64_t)unit->factor, &node->integer))) {
            diag_at(p->s->diags, place, DIAG_overflow);
            node->kind = AST_ERROR;
        } else if (isinf(node->number)) {
            node = bad_number(p, place, text, len);
        }
    }
    free(digits);
    return node;
}

Ast *scan_string(Parse *p, Place place, const char *inside, size_t len) {
    char *text = arena_alloc(p->s->arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = inside[i];
        if (c == '\\') {
            c = inside[++i];
            const char *from = "\"\\nt", *to = "\"\\\n\t", *found = c ? strchr(from, c) : NULL;
            if (found) {
                c = to[found - from];
            } else {
                uint32_t at = place.lo + 1 + (uint32_t)i;
                const char shown[] = {'\\', (unsigned char)c < 0x80 ? c : '\0', '\0'};
                diag_at(p->s->diags, (Place){place.file, at - 1, at + 1}, DIAG_bad_escape, shown);
            }
        }
        text[n++] = c;
    }
    Ast *node = node_new(p, place, AST_STRING);
    node->text = intern_text(&p->s->names, text, n);
    node->text_len = n;
    return node;
}

void scan_bad_character(Parse *p, Place place, const char *text, size_t len) {
    size_t shown = MIN(len, (size_t)24);
    while (shown < len && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    Buf b = {0};
    buf_puts(&b, "`");
    for (size_t i = 0; i < shown; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            buf_printf(&b, "\\x%02x", (unsigned)text[i]);
        else
            buf_putc(&b, text[i]);
    }
    buf_puts(&b, "`");
    diag_at(p->s->diags, place, DIAG_bad_character, b.text);
    p->quiet = true;
    buf_free(&b);
}
