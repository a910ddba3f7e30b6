/* Hashes: published digests, dependence on every input, and a text that keeps the order of
 * values. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

/* FIPS 180-2's examples. */
static void sha256_of_published_strings(void **state) {
    (void)state;
    char text[SHA256_TEXT];
    sha256_text("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_text("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* XXH3-128 of the empty string with seed 0, from the xxHash specification's test values. */
static void hash_of_nothing(void **state) {
    (void)state;
    char text[HASH128_TEXT];
    hash128_text(hash128("", 0, 0), text);
    assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
}

static void every_byte_and_the_seed_matter(void **state) {
    (void)state;
    unsigned char bytes[300];
    memset(bytes, 7, sizeof bytes);
    for (size_t len = 1; len <= sizeof bytes; len += 13) {
        Hash128 h = hash128(bytes, len, 1);
        assert_true(hash128_equal(h, hash128(bytes, len, 1)));
        assert_false(hash128_equal(h, hash128(bytes, len, 2)));
        assert_false(hash128_equal(h, hash128(bytes, len - 1, 1)));
        bytes[len - 1] ^= 1;
        assert_false(hash128_equal(h, hash128(bytes, len, 1)));
        bytes[len - 1] ^= 1;
    }
}

static void combining_depends_on_order(void **state) {
    (void)state;
    Hash128 a = {1, 2}, b = {3, 4};
    assert_false(hash128_equal(hash128_combine(a, b), hash128_combine(b, a)));
    assert_false(hash128_equal(hash128_combine(a, a), a));
}

static void comparison_is_the_order_of_the_texts(void **state) {
    (void)state;
    Hash128 h[] = {{0, 0}, {0, 1}, {0, UINT64_MAX}, {1, 0}, {UINT64_MAX, 3}};
    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        for (size_t j = 0; j < ARRAY_LEN(h); j++) {
            char a[HASH128_TEXT], b[HASH128_TEXT];
            hash128_text(h[i], a);
            hash128_text(h[j], b);
            int by_text = strcmp(a, b), by_value = hash128_compare(h[i], h[j]);
            assert_int_equal(by_text < 0, by_value < 0);
            assert_int_equal(by_text > 0, by_value > 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_published_strings),
        cmocka_unit_test(hash_of_nothing),
        cmocka_unit_test(every_byte_and_the_seed_matter),
        cmocka_unit_test(combining_depends_on_order),
        cmocka_unit_test(comparison_is_the_order_of_the_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
