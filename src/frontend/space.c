/* Spaces: which ones a program has, their decisions in order, their constraints, and their networks
 * as graphs. In: a definition and an oracle. Out: a point (one index a decision) and IR modules.
 * Invariant: a decision is asked for once a session; decisions of the space come in order of
 * declaration, those of bodies after them, in the order in which the networks meet them. */
#include <stdlib.h>
#include <string.h>

#include "frontend/host.h"

static const Ast *member(const Ast *definition, AstKind kind) {
    for (size_t i = 0; i < definition->list.len; i++) {
        const Ast *m = definition->list.items[i];
        if (m->kind == kind && (kind != AST_NETWORK || !m->text))
            return m;
    }
    return NULL;
}

static Space *space_new(Program *p, const Ast *definition, size_t file, const Ast *action,
                        size_t set) {
    Space *s = ARENA_NEW(&p->arena, Space);
    *s = (Space){.program = p,
                 .definition = definition,
                 .file = file,
                 .action = action,
                 .set = set,
                 .inner_choices = definition_meets_inner_choices(p, definition)};
    s->input = member(definition, AST_INPUT);
    s->network = member(definition, AST_NETWORK);
    s->costs = member(definition, AST_COSTS);
    s->encoding = member(definition, AST_ENCODING);
    s->network_names = ARENA_ARRAY(&p->arena, const char *, definition->list.len + 1);
    for (size_t i = 0; i < definition->list.len; i++) {
        const Ast *m = definition->list.items[i];
        if (m->kind == AST_NETWORK && m->text)
            s->network_names[s->nnetworks++] = m->text;
    }
    return s;
}

Space *program_space_of(Program *p, const Ast *definition, size_t file, const Ast *action,
                        size_t set) {
    for (size_t i = 0; i < p->spaces.len && !action; i++)
        if (p->spaces.items[i]->definition == definition)
            return p->spaces.items[i];
    for (size_t i = 0; i < p->others.len; i++) {
        Space *o = p->others.items[i];
        if (o->definition == definition && o->action == action && o->set == set)
            return o;
    }
    Space *s = space_new(p, definition, file, action, set);
    VEC_PUSH(p->others, s);
    return s;
}

const char *space_name(const Space *s) {
    return s->definition->text;
}

const char *space_cost_network(const Space *s) {
    return s->costs ? s->costs->text : NULL;
}

size_t space_networks(const Space *s, const char *const **names) {
    *names = s->network_names;
    return s->nnetworks;
}

/* Spaces in a session. */

SpaceUse *session_space_definition(Session *s, const Ast *definition, size_t file,
                                   const EvalArg *args, size_t nargs, Place place) {
    for (SpaceUse *u = s->uses; u && !args; u = u->next)
        if (u->definition == definition && !u->args)
            return u;
    SpaceUse *u = ARENA_NEW(s->arena, SpaceUse);
    *u = (SpaceUse){.definition = definition,
                    .file = file,
                    .args = args,
                    .nargs = nargs,
                    .place = place,
                    .next = s->uses};
    s->uses = u;
    return u;
}

bool space_open(Session *s, SpaceUse *u) {
    if (u->frame)
        return true;
    if (u->wrong)
        return false;
    Frame *frame = eval_frame(s->eval, session_file_frame(s, u->file), &u->definition->list, NULL);
    const AstList *params = &u->definition->params;
    size_t first = u->definition->kind == AST_PROXY && params->len ? 1 : 0;
    if (first) /* decisions of a proxy do not see a network */
        frame_bind(s->eval, frame, params->items[0]->text, value_poison());
    u->wrong = !frame_bind_args(s->eval, frame, params, first, u->args, u->nargs, u->place,
                                u->definition->text);
    if (u->wrong)
        return false;
    for (size_t i = 0; i < u->npins; i++)
        frame_bind(s->eval, frame, u->pins[i].name, u->pins[i].value);
    u->frame = frame;
    NetworkUse *net = session_network(s, u, NULL);
    if (net)
        frame_bind(s->eval, frame, "network", value_network(&net->network));
    return true;
}

SpaceUse *session_space_of_frame(Session *s, const Frame *frame) {
    for (SpaceUse *u = s->uses; u; u = u->next)
        if (u->frame == frame)
            return u;
    return NULL;
}

SpaceUse *session_space(Session *s, const Space *space) {
    if (!space->action) {
        SpaceUse *u = session_space_definition(s, space->definition, space->file, NULL, 0,
                                               space->definition->name_place);
        return space_open(s, u) ? u : NULL;
    }
    if (space->definition->kind == AST_PROXY) {
        ProxyUse *x = session_proxy(s, space->definition, space->file, space->action);
        SpaceUse *u = x ? session_space_definition(s, x->definition, x->file, x->args, x->nargs,
                                                   space->action ? space->action->b->place
                                                                 : x->definition->name_place)
                        : NULL;
        if (u && !u->frame) {
            u->pins = x->pins;
            u->npins = x->npins;
        }
        return u && space_open(s, u) ? u : NULL;
    }
    CandidatesUse **sets;
    size_t n = session_candidates(s, space->action, &sets);
    if (space->set >= n || sets[space->set]->space->definition != space->definition)
        return NULL;
    return sets[space->set]->space;
}

/* Networks in a session. */

NetworkUse *session_network(Session *s, SpaceUse *use, const char *name) {
    for (NetworkUse *n = s->nets; n; n = n->next) {
        const char *have = n->declaration->text;
        if (n->space == use && (have && name ? strcmp(have, name) == 0 : have == name))
            return n;
    }
    for (size_t i = 0; i < use->definition->list.len; i++) {
        const Ast *m = use->definition->list.items[i];
        if (m->kind != AST_NETWORK || !m->text != !name || (name && strcmp(m->text, name) != 0))
            continue;
        NetworkUse *n = ARENA_NEW(s->arena, NetworkUse);
        *n = (NetworkUse){.space = use, .declaration = m, .taps = -1, .next = s->nets};
        n->network = (EvalNetwork){.name = m->text ? m->text : use->definition->text,
                                   .space = use->frame,
                                   .layer = m->a,
                                   .place = m->place,
                                   .user = n};
        s->nets = n;
        return n;
    }
    return NULL;
}

Value session_network_item(Session *s, SpaceUse *use, const Ast *declaration) {
    NetworkUse *n = session_network(s, use, declaration->text);
    return n ? value_network(&n->network) : value_poison();
}

enum { INPUT_MAX_SIZE = 1 << 16 };

/* Channels, height and width of a network's input, as declared: its own or the space's. */
static bool input_sizes(Session *s, SpaceUse *use, const Ast *declaration, int64_t out[3]) {
    const Ast *from = declaration;
    if (from->kind == AST_NETWORK && from->list.len == 0)
        from = member(use->definition, AST_INPUT);
    if (!from)
        return false;
    if (from->list.len != 3) {
        diag_at(&s->diags, from->place, DIAG_bad_input);
        return false;
    }
    for (int i = 0; i < 3; i++) {
        const Ast *a = from->list.items[i];
        const Ast *value = a->kind == AST_ARG ? a->a : a;
        if (!eval_int(s->eval, eval_expr(s->eval, use->frame, value), value->place,
                      "the size of an input", 1, INPUT_MAX_SIZE, &out[i]))
            return false;
    }
    return true;
}

Value session_input_shape(Session *s, SpaceUse *use, const Ast *declaration) {
    int64_t size[3];
    if (!input_sizes(s, use, declaration, size))
        return value_poison();
    Value v[3] = {value_int(size[0]), value_int(size[1]), value_int(size[2])};
    return value_list(s->arena, VALUE_LIST, v, 3);
}

bool session_network_build(Session *s, NetworkUse *net, int64_t batch, Arena *arena,
                           IrModule *out) {
    int64_t size[3];
    if (!input_sizes(s, net->space, net->declaration, size))
        return false;
    IrType type = {.rank = 4,
                   .axis = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                   .size = {batch, size[0], size[1], size[2]}};
    IrRef image = ir_input(s->graph, &type, 0, "image");
    return eval_network(s->eval, value_network(&net->network), image, net->declaration->place,
                        arena, out);
}

/* Counts in the session's own graph: what else is in it, no root of the module reaches. */
static bool count_network(Session *s, NetworkUse *net) {
    if (!s->graph || net->counting)
        return false;
    IrModule m;
    net->counting = true;
    bool ok = session_network_build(s, net, 1, s->arena, &m);
    net->counting = false;
    if (!ok)
        return false;
    IrSizes *sizes = ARENA_NEW(s->arena, IrSizes);
    if (!ir_sizes(&m, sizes)) {
        diag_at(&s->diags, net->declaration->place, DIAG_result_overflow);
        return false;
    }
    if (!net->sizes)
        net->sizes = sizes;
    net->taps = (int64_t)m.nroots - 1;
    return true;
}

const IrSizes *session_network_sizes(Session *s, NetworkUse *net) {
    return net->sizes || count_network(s, net) ? net->sizes : NULL;
}

int64_t session_network_taps(Session *s, NetworkUse *net) {
    return net->taps >= 0 || count_network(s, net) ? net->taps : -1;
}

/* Decisions. */

ptrdiff_t point_find(const Point *p, const char *address) {
    for (size_t i = 0; i < p->genotype.len; i++)
        if (strcmp(p->genotype.items[i].address, address) == 0)
            return (ptrdiff_t)i;
    return -1;
}

static bool is_member(const Ast *definition, const Ast *choice) {
    for (size_t i = 0; i < definition->list.len; i++)
        if (definition->list.items[i] == choice)
            return true;
    return false;
}

/* Points are looked up by walking; what no space of networks needs is refused. */
enum { MAX_DECISIONS = 4096 };

int64_t session_decide(Session *s, const char *address, const EvalDomain *d, Place place) {
    if (s->proxy_point && is_member(s->proxy, d->choice))
        return architecture_index(s->proxy_point, address);
    ptrdiff_t known = point_find(&s->point, address);
    if (known >= 0)
        return s->point.genotype.items[known].index;
    if (s->point.genotype.len >= MAX_DECISIONS) {
        diag_at(&s->diags, place, DIAG_too_large,
                arena_printf(s->arena, "an architecture has at most %d decisions", MAX_DECISIONS));
        return -1;
    }
    int64_t index = s->oracle.pick ? s->oracle.pick(s->oracle.user, s, address, d) : -1;
    if (index < 0 || index >= d->domain.count) {
        s->refused = true;
        return -1;
    }
    Buf text = {0};
    domain_text(s->eval, d, index, &text);
    genotype_push(&s->point.genotype, (Decision){.address = arena_strdup(s->arena, address),
                                                 .domain = d->domain,
                                                 .index = index});
    VEC_PUSH(s->point.texts, arena_strndup(s->arena, text.text ? text.text : "", text.len));
    buf_free(&text);
    return index;
}

typedef struct DecideAll {
    Session *session;
    SpaceUse *use;
    const Ast *choice;
} DecideAll;

static bool decide_element(void *user, Eval *e, Frame *inner, const Value *indices, size_t n) {
    (void)inner;
    DecideAll *all = user;
    const EvalDomain *d = eval_domain(e, all->use->frame, all->choice, indices, n);
    if (!d)
        return false;
    const char *address = eval_address(e, all->use->frame, all->choice->text, indices, n);
    return session_decide(all->session, address, d, all->choice->name_place) >= 0;
}

/* Networks may hold decisions of their own, and those in turn decide what else there is. */
static bool decide_in_networks(Session *s, const Space *space, SpaceUse *use) {
    for (size_t i = 0; i <= space->nnetworks; i++) {
        NetworkUse *net = session_network(s, use, i == 0 ? NULL : space->network_names[i - 1]);
        IrModule m;
        if (net && !session_network_build(s, net, 1, s->arena, &m))
            return false;
    }
    return true;
}

static bool is_pinned(const SpaceUse *use, const char *name) {
    for (size_t i = 0; i < use->npins; i++)
        if (strcmp(use->pins[i].name, name) == 0)
            return true;
    return false;
}

const Ast *space_require(const Ast *definition, int i) {
    for (size_t k = 0; k < definition->list.len; k++)
        if (definition->list.items[k]->kind == AST_REQUIRE && i-- == 0)
            return definition->list.items[k];
    return NULL;
}

int session_first_violated(Session *s, SpaceUse *use) {
    const Ast *require;
    for (int i = 0; (require = space_require(use->definition, i)); i++) {
        bool holds;
        if (!eval_bool(s->eval, eval_expr(s->eval, use->frame, require->a), require->a->place,
                       "a constraint", &holds))
            return -2;
        if (!holds)
            return i;
    }
    return -1;
}

bool session_decide_all(Session *s, const Space *space, SpaceUse *use) {
    for (size_t i = 0; i < space->definition->list.len; i++) {
        const Ast *m = space->definition->list.items[i];
        if (m->kind != AST_CHOICE || is_pinned(use, m->text))
            continue;
        DecideAll all = {.session = s, .use = use, .choice = m};
        bool ok = m->has_index
                      ? eval_each(s->eval, use->frame, &m->index, m->b, decide_element, &all)
                      : decide_element(&all, s->eval, use->frame, NULL, 0);
        if (!ok || session_failed(s))
            return false;
    }
    if (!space->inner_choices)
        return true;
    /* A point outside the constraints need not have networks at all. */
    int violated = session_first_violated(s, use);
    return violated >= 0 || (violated == -1 && decide_in_networks(s, space, use));
}

/* What program.h promises about networks. */

static void report_unknown_network(Session *s, const Space *space, const char *name) {
    const AstList *members = &space->definition->list;
    Buf names = {0};
    for (size_t i = 0; i < members->len; i++)
        if (members->items[i]->kind == AST_NETWORK && members->items[i]->text)
            buf_printf(&names, ", %s", members->items[i]->text);
    Diag *d = diag_at(&s->diags, space->definition->name_place, DIAG_unknown_network, name);
    if (names.len)
        diag_hint(&s->diags, d, "besides `network`, which is scored, it has %s", names.text + 2);
    else
        diag_hint(&s->diags, d, "it has only `network`, the one that is scored");
    buf_free(&names);
}

static bool network_of(Space *space, const Architecture *a, const char *name, int64_t batch,
                       bool unnamed, Arena *arena, IrModule *out) {
    Session s;
    session_begin(&s, space->program,
                  &(SessionConfig){.arena = arena,
                                   .oracle = architecture_oracle(a),
                                   .architecture = architecture_shown(a),
                                   .unnamed = unnamed});
    SpaceUse *use = session_space(&s, space);
    NetworkUse *net = use ? session_network(&s, use, name) : NULL;
    bool ok = false;
    if (net)
        ok = session_network_build(&s, net, batch, arena, out);
    else if (use)
        report_unknown_network(&s, space, name ? name : "network");
    return session_end(&s, false) && ok;
}

bool space_network(Space *space, const Architecture *a, const char *name, int64_t batch,
                   Arena *arena, IrModule *out) {
    return network_of(space, a, name, batch, false, arena, out);
}

bool space_network_to_measure(Space *space, const Architecture *a, const char *name, int64_t batch,
                              Arena *arena, IrModule *out) {
    return network_of(space, a, name, batch, true, arena, out);
}
