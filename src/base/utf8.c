#include "base/utf8.h"

/* The table of well-formed sequences in the Unicode Standard (3-7): lead byte, range of the second
 * byte. */
size_t utf8_length(const char *text, size_t len) {
    const unsigned char *b = (const unsigned char *)text;
    if (!len)
        return 0;
    if (b[0] < 0x80)
        return 1;
    size_t n = b[0] >= 0xc2 && b[0] <= 0xdf   ? 2
               : (b[0] & 0xf0) == 0xe0        ? 3
               : b[0] >= 0xf0 && b[0] <= 0xf4 ? 4
                                              : 0;
    if (!n || len < n)
        return 0;
    unsigned char lo = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char hi = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;
    if (b[1] < lo || b[1] > hi)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    return n;
}
