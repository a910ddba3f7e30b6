/* A growable text. Buf b = {0}; buf_printf(&b, ...); b.text (always NUL-terminated once written);
 * buf_free(&b). */
#ifndef NASC_BASE_BUF_H
#define NASC_BASE_BUF_H

#include "base/base.h"

typedef struct Buf {
    char *text;
    size_t len, cap;
} Buf;

void buf_append(Buf *b, const void *bytes, size_t len);
void buf_puts(Buf *b, const char *s);
void buf_putc(Buf *b, char c);
/* The first character of a text as a terminal may be sent it: a control character as a space, a byte that begins no
 * UTF-8 as `?`. Returns its bytes in the text. */
size_t buf_put_character(Buf *b, const char *text, size_t len);
/* A text from outside, character by character; of more than `most` bytes the characters that fit, and "..". */
void buf_put_shown(Buf *b, const char *text, size_t most);
/* The number in decimal; a hot path of names, where printf would cost more than the rest. */
void buf_put_int(Buf *b, int64_t x);
void buf_printf(Buf *b, const char *fmt, ...) NASC_PRINTF(2, 3);
/* Shortest decimal that reads back as the same double; "nan", "inf", "-inf" for the rest. */
void buf_put_double(Buf *b, double x);
/* Eight bytes as they lie in memory, for what is hashed and never leaves this machine's kind. */
void buf_put_word(Buf *b, uint64_t x);
void buf_put_real(Buf *b, double x);
/* Makes the text empty and keeps its memory. */
void buf_clear(Buf *b);
void buf_free(Buf *b);

#endif
