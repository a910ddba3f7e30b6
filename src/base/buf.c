#include "base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void reserve(Buf *b, size_t extra) {
    size_t need = b->len + extra + 1;
    if (need <= b->cap)
        return;
    b->cap = MAX(MAX(need, 2 * b->cap), 64);
    b->text = nasc_realloc(b->text, b->cap);
}

void buf_append(Buf *b, const void *bytes, size_t len) {
    reserve(b, len);
    if (len)
        memcpy(b->text + b->len, bytes, len);
    b->len += len;
    b->text[b->len] = '\0';
}

void buf_put_word(Buf *b, uint64_t x) {
    buf_append(b, &x, sizeof x);
}

void buf_put_real(Buf *b, double x) {
    buf_append(b, &x, sizeof x);
}

void buf_puts(Buf *b, const char *s) {
    buf_append(b, s, strlen(s));
}

void buf_putc(Buf *b, char c) {
    buf_append(b, &c, 1);
}

size_t buf_put_character(Buf *b, const char *text, size_t len) {
    size_t n = utf8_length(text, len);
    if (n == 0)
        buf_putc(b, '?');
    else if ((unsigned char)text[0] < 0x20 || text[0] == 0x7f)
        buf_putc(b, ' ');
    else
        buf_append(b, text, n);
    return MAX(n, (size_t)1);
}

void buf_put_shown(Buf *b, const char *text, size_t most) {
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        if (at + MAX(utf8_length(text + at, len - at), (size_t)1) > most) {
            buf_puts(b, "..");
            return;
        }
        at += buf_put_character(b, text + at, len - at);
    }
}

void buf_put_int(Buf *b, int64_t x) {
    char digits[24], *at = digits + sizeof digits;
    uint64_t left = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (x < 0)
        *--at = '-';
    buf_append(b, at, (size_t)(digits + sizeof digits - at));
}

void buf_printf(Buf *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    CHECK(n >= 0);
    reserve(b, (size_t)n);
    va_start(args, fmt);
    vsnprintf(b->text + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

void buf_put_double(Buf *b, double x) {
    if (isnan(x)) {
        buf_puts(b, "nan");
        return;
    }
    if (isinf(x)) {
        buf_puts(b, x < 0 ? "-inf" : "inf");
        return;
    }
    char text[40] = "";
    for (int digits = 1; digits <= 17; digits++) {
        char next[40];
        snprintf(next, sizeof next, "%.*g", digits, x);
        bool shorter = !text[0] || strlen(next) < strlen(text); /* 1e+02 gives way to 100 */
        if (shorter && strtod(next, NULL) == x)
            memcpy(text, next, sizeof text);
    }
    buf_puts(b, text);
}

void buf_clear(Buf *b) {
    b->len = 0;
    if (b->text)
        b->text[0] = '\0';
}

void buf_free(Buf *b) {
    free(b->text);
    *b = (Buf){0};
}
