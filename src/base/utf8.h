/* UTF-8, as the Unicode Standard defines it. */
#ifndef NASC_BASE_UTF8_H
#define NASC_BASE_UTF8_H

#include "base/base.h"

/* Bytes of the character that begins the text: 1 to 4, or 0 if none does. */
size_t utf8_length(const char *text, size_t len);

#endif
