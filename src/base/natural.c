/* Arithmetic of natural numbers in base 10^9. Invariant: the highest limb is not 0. */
#include "base/natural.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { LIMB = 1000000000 };

void natural_free(Natural *n) {
    free(n->limbs);
    *n = (Natural){0};
}

static void push_limb(Natural *n, uint32_t limb) {
    if (n->len == n->cap) {
        n->cap = n->cap ? 2 * n->cap : 8;
        n->limbs = nasc_realloc(n->limbs, n->cap * sizeof *n->limbs);
    }
    n->limbs[n->len++] = limb;
}

static void trim(Natural *n) {
    while (n->len && n->limbs[n->len - 1] == 0)
        n->len--;
}

void natural_set(Natural *n, uint64_t v) {
    n->len = 0;
    for (; v; v /= LIMB)
        push_limb(n, (uint32_t)(v % LIMB));
}

void natural_copy(Natural *n, const Natural *from) {
    n->len = 0;
    for (size_t i = 0; i < from->len; i++)
        push_limb(n, from->limbs[i]);
}

void natural_multiply(Natural *n, uint64_t by) {
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < n->len; i++) {
        carry += (unsigned __int128)n->limbs[i] * by;
        n->limbs[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    for (; carry; carry /= LIMB)
        push_limb(n, (uint32_t)(carry % LIMB));
    trim(n);
}

void natural_divide(Natural *n, uint32_t by) {
    uint64_t rest = 0;
    for (size_t i = n->len; i-- > 0;) {
        rest = rest * LIMB + n->limbs[i];
        n->limbs[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    CHECK(rest == 0);
    trim(n);
}

void natural_add(Natural *n, const Natural *more) {
    uint32_t carry = 0;
    for (size_t i = 0; i < more->len || carry; i++) {
        if (i == n->len)
            push_limb(n, 0);
        uint64_t v = (uint64_t)n->limbs[i] + (i < more->len ? more->limbs[i] : 0) + carry;
        n->limbs[i] = (uint32_t)(v % LIMB);
        carry = (uint32_t)(v / LIMB);
    }
}

double natural_double(const Natural *n) {
    double v = 0;
    for (size_t i = n->len; i-- > 0;)
        v = v * LIMB + n->limbs[i];
    return v;
}

const char *natural_text(const Natural *n, Arena *arena) {
    Buf b = {0};
    buf_printf(&b, "%u", n->len ? n->limbs[n->len - 1] : 0);
    for (size_t i = n->len; i > 1; i--)
        buf_printf(&b, "%09u", n->limbs[i - 2]);
    const char *text = arena_strndup(arena, b.text, b.len);
    buf_free(&b);
    return text;
}
