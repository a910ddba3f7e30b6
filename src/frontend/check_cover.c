/* Values and pairs of values that a check has built: see the header. A greedy design: each decision
 * in turn takes the value that meets most values not met before among those already taken. Pairs in
 * which a value changes shapes count first, since they alone can fail where others did not. A
 * value that makes nothing meet that did not before, such as most depths, is built once and then
 * left to the values that do: more rows can be built of small networks than of large ones. */
#include "frontend/check_cover.h"

#include <string.h>

/* Of very many decisions only the first ones are paired: pairs grow with their square. */
enum { WEIGHT_VALUE = 1 << 20, WEIGHT_SHAPES = 64, MAX_PAIRED = 256 };

/* Decisions of the row that the one that is asked for is paired with. */
static size_t paired(const Cover *c) {
    return c->row.len < MAX_PAIRED ? c->row.len : 0;
}

int64_t cover_values(int64_t count) {
    return MIN(count, (int64_t)COVER_MAX_VALUES);
}

int64_t cover_value(int64_t count, int64_t k) {
    if (count <= COVER_MAX_VALUES)
        return k;
    int64_t step = (count - 1) / (COVER_MAX_VALUES - 1);
    return k == COVER_MAX_VALUES - 1 ? count - 1 : k * step;
}

void cover_init(Cover *c, Arena *arena) {
    *c = (Cover){.arena = arena};
}

void cover_free(Cover *c) {
    hash_set_free(&c->decisions);
    hash_set_free(&c->values);
    hash_set_free(&c->pairs);
    hash_set_free(&c->tried);
    VEC_FREE(c->seen);
    VEC_FREE(c->choices);
    VEC_FREE(c->row);
}

void cover_begin_row(Cover *c) {
    c->rows++;
    c->row.len = 0;
    c->new_values = c->new_pairs = 0;
    for (size_t i = 0; i < c->choices.len; i++)
        c->choices.items[i].in_row = 0;
}

CoverChoice *cover_choice(Cover *c, const Ast *choice) {
    for (size_t i = 0; i < c->choices.len; i++)
        if (c->choices.items[i].choice == choice)
            return &c->choices.items[i];
    VEC_PUSH(c->choices, (CoverChoice){.choice = choice});
    return &c->choices.items[c->choices.len - 1];
}

static Hash128 value_key(const char *address, int64_t index) {
    return hash128(address, strlen(address), (uint64_t)index);
}

static Hash128 pair_key(Hash128 a, Hash128 b) {
    bool before = a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
    return before ? hash128_combine(a, b) : hash128_combine(b, a);
}

bool cover_has_value(const Cover *c, const char *address, int64_t index) {
    return hash_set_has(&c->values, value_key(address, index));
}

static bool open_pair(const Cover *c, Hash128 pair) {
    return !hash_set_has(&c->pairs, pair) && !hash_set_has(&c->tried, pair);
}

void cover_take(Cover *c, const char *address, const EvalDomain *d, int64_t index) {
    CoverChoice *choice = cover_choice(c, d->choice);
    choice->values = MAX(choice->values, cover_values(d->domain.count));
    choice->in_row++;
    if (hash_set_add(&c->decisions, value_key(address, -1))) {
        CoverDecision seen = {arena_strdup(c->arena, address), d->domain.count};
        VEC_PUSH(c->seen, seen);
    }
    CoverTaken t = {d->choice, value_key(address, index), choice->shapes};
    c->new_values += !hash_set_has(&c->values, t.key);
    for (size_t i = 0; i < paired(c); i++)
        c->new_pairs += open_pair(c, pair_key(t.key, c->row.items[i].key));
    VEC_PUSH(c->row, t);
}

static int64_t gain(Cover *c, Hash128 key, bool shapes) {
    int64_t sum = hash_set_has(&c->values, key) ? 0 : WEIGHT_VALUE;
    for (size_t i = 0; i < paired(c); i++)
        if (open_pair(c, pair_key(key, c->row.items[i].key)))
            sum += shapes || c->row.items[i].shapes ? WEIGHT_SHAPES : 1;
    return sum;
}

int64_t cover_best(Cover *c, const char *address, const EvalDomain *d) {
    int64_t n = cover_values(d->domain.count), best = 0, most = -1;
    const CoverChoice *choice = cover_choice(c, d->choice);
    for (int64_t i = 0; i < n; i++) { /* of equals another one in each row */
        int64_t k = (int64_t)((uint64_t)i + c->rows) % n;
        int64_t index = cover_value(d->domain.count, k);
        if (choice->plain >> k & 1 && cover_has_value(c, address, index))
            continue;
        int64_t g = gain(c, value_key(address, index), choice->shapes);
        if (g > most) {
            most = g;
            best = index;
        }
    }
    return best;
}

void cover_end_row(Cover *c, bool built) {
    for (size_t i = 0; i < c->row.len; i++) {
        if (built)
            hash_set_add(&c->values, c->row.items[i].key);
        for (size_t k = 0; k < i && i < MAX_PAIRED; k++)
            hash_set_add(built ? &c->pairs : &c->tried,
                         pair_key(c->row.items[i].key, c->row.items[k].key));
    }
}
