/* `nasc count`: how many points the program's space has. In: a request. Out: four numbers, exact, estimated or out
 * of reach. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "command/session.h"

static const char *const names[SPACE_COUNTS] = {"raw", "satisfying", "distinct", "networks"};
static const char *const meanings[SPACE_COUNTS] = {
    "combinations of the choices' values",
    "of them within the constraints",
    "up to the symmetries that the space states",
    "different networks by their canonical form",
};

static void show_progress(void *user, size_t built, size_t total) {
    session_progress(user, "networks", built, total, 0, NULL);
}

static bool wanted_counts(Session *s, unsigned *wanted) {
    const char *only = s->request->only;
    *wanted = (1u << SPACE_COUNTS) - 1;
    for (int i = 0; only && i < SPACE_COUNTS; i++)
        if (strcmp(only, names[i]) == 0) {
            *wanted = 1u << i;
            return true;
        }
    if (only)
        session_message(s,
                        "nasc: error: there is no count '%s'; --only takes raw, satisfying, "
                        "distinct or networks\n",
                        only);
    return !only;
}

/* Of two exact decimal numbers. */
static bool is_more(const SpaceCount *a, const SpaceCount *b) {
    if (!a->n || !b->n || !a->exact || !b->exact)
        return false;
    size_t la = strlen(a->n), lb = strlen(b->n);
    return la > lb || (la == lb && strcmp(a->n, b->n) > 0);
}

static void print_text(const Space *space, const SpaceCount *counts, unsigned wanted, Buf *b) {
    buf_printf(b, "space %s\n", space_name(space));
    for (int i = 0; i < SPACE_COUNTS; i++) {
        const SpaceCount *c = &counts[i];
        if (!(wanted & 1u << i))
            continue;
        if (!c->n)
            buf_printf(b, "  %-11s out of reach: %s", names[i], c->why);
        else if (c->exact)
            buf_printf(b, "  %-11s %s", names[i], c->n);
        else if (c->none_alike)
            buf_printf(b,
                       "  %-11s at least %s, at most %s with 95 %% confidence, an estimate: no two "
                       "drawn are the same",
                       names[i], c->lo, c->hi);
        else
            buf_printf(b, "  %-11s about %s, an estimate: %s to %s with 95 %% confidence", names[i],
                       c->n, c->lo, c->hi);
        buf_printf(b, "   (%s%s)\n", meanings[i],
                   c->of_distinct ? ", of one point for each distinct architecture" : "");
    }
    if (is_more(&counts[SPACE_NETWORKS], &counts[SPACE_DISTINCT]))
        buf_puts(b,
                 "  more networks than distinct points: some points that a symmetry makes one are "
                 "different networks\n");
}

static void print_json(const SpaceCount *counts, Buf *b) {
    json_t *o = json_object();
    for (int i = 0; i < SPACE_COUNTS; i++) {
        const SpaceCount *c = &counts[i];
        json_t *v = c->n ? json_pack("{s:s,s:b}", "n", c->n, "exact", (int)c->exact) : json_null();
        if (c->n && !c->exact)
            json_object_set_new(v, "interval", json_pack("[s,s]", c->lo, c->hi));
        if (c->n && c->of_distinct)
            json_object_set_new(v, "of", json_string("distinct"));
        json_object_set_new(o, names[i], v);
    }
    char *text = json_dumps(o, JSON_COMPACT);
    buf_printf(b, "%s\n", text);
    free(text);
    json_decref(o);
}

NascStatus nasc_count(const NascRequest *r) {
    Session s;
    unsigned wanted = 0;
    NascStatus status = session_open(&s, r, false);
    if (status == NASC_OK && !wanted_counts(&s, &wanted))
        status = NASC_USAGE_ERROR;
    Space *space = status == NASC_OK ? program_default_space(s.program) : NULL;
    if (status == NASC_OK && !space)
        status = session_diagnostics(&s, NASC_PROGRAM_ERROR);
    if (status == NASC_OK) {
        Arena arena;
        Buf b = {0};
        SpaceCount counts[SPACE_COUNTS];
        arena_init(&arena, "count");
        CountOptions options = {
            .exact = r->exact, .interrupt = r->interrupt, .progress = show_progress, .user = &s};
        space_count(space, wanted, &arena, &options, counts);
        status = session_diagnostics(&s, NASC_OK);
        if (r->interrupt && *r->interrupt)
            status = NASC_INTERRUPTED;
        if (status == NASC_OK && r->json)
            print_json(counts, &b);
        else if (status == NASC_OK)
            print_text(space, counts, wanted, &b);
        session_write(&s, NASC_STREAM_RESULT, &b);
        buf_free(&b);
        arena_free(&arena);
    }
    return session_close(&s, status);
}
