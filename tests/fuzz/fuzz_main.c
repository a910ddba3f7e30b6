/* Runs a fuzz target without libFuzzer. fuzz FILE...: each file as it is. fuzz -n COUNT -s SEED
 * FILE...: COUNT inputs made of the files by cutting, copying, splicing and flipping bytes; SEED
 * makes them repeatable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input {
    uint8_t *bytes;
    size_t len;
} Input;

typedef VEC(Input) Inputs;

static bool read_input(const char *path, Input *out) {
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    out->bytes = nasc_alloc(1 << 20);
    out->len = fread(out->bytes, 1, 1 << 20, f);
    return fclose(f) == 0;
}

/* Replaces a piece of x by a piece of y, or changes single bytes. */
static Input mutate(const Inputs *all, RandomStream r, uint64_t *at) {
    const Input x = all->items[random_below(r, (*at)++, all->len)];
    const Input y = all->items[random_below(r, (*at)++, all->len)];
    size_t lo = random_below(r, (*at)++, x.len + 1),
           cut = random_below(r, (*at)++, MIN(x.len - lo, 40) + 1);
    size_t from = random_below(r, (*at)++, y.len + 1),
           n = random_below(r, (*at)++, MIN(y.len - from, 60) + 1);
    Input m = {nasc_alloc(x.len + n + 1), x.len - cut + n};
    memcpy(m.bytes, x.bytes, lo);
    memcpy(m.bytes + lo, y.bytes + from, n);
    memcpy(m.bytes + lo + n, x.bytes + lo + cut, x.len - lo - cut);
    static const char signs[] = "(){}[];,=>.-\"0aN \n\\\0\xff";
    for (uint64_t k = random_below(r, (*at)++, 4); k > 0 && m.len; k--) {
        size_t i = random_below(r, (*at)++, m.len);
        m.bytes[i] = (uint8_t)signs[random_below(r, (*at)++, sizeof signs - 1)];
    }
    return m;
}

int main(int argc, char **argv) {
    uint64_t count = 0, seed = 0, at = 0;
    Inputs inputs = {0};
    for (int i = 1; i < argc; i++) {
        Input in;
        if (!strcmp(argv[i], "-n") && i + 1 < argc)
            count = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "-s") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (read_input(argv[i], &in))
            VEC_PUSH(inputs, in);
    }
    for (size_t i = 0; i < inputs.len; i++)
        LLVMFuzzerTestOneInput(inputs.items[i].bytes, inputs.items[i].len);
    RandomStream r = random_stream(seed, 0, RANDOM_TEST, (Hash128){0});
    for (uint64_t i = 0; inputs.len && i < count; i++) {
        Input m = mutate(&inputs, r, &at);
        LLVMFuzzerTestOneInput(m.bytes, m.len);
        free(m.bytes);
    }
    printf("%zu files, %llu mutations\n", inputs.len, (unsigned long long)count);
    for (size_t i = 0; i < inputs.len; i++)
        free(inputs.items[i].bytes);
    VEC_FREE(inputs);
    return inputs.len == 0;
}
