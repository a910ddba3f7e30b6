/* Functions that make and reshape tensors with named axes: what a proxy's `per run` part is written
 * in. */
#include "frontend/builtins.h"

#include <math.h>
#include <string.h>

static bool axis_of(Eval *e, Value v, Place place, IrAxis *out) {
    *out = v.kind == VALUE_STRING ? ir_axis(v.u.string->text, v.u.string->len) : 0;
    if (*out)
        return true;
    if (!value_is_poison(v))
        REPORT(e, place, axis_mismatch,
               arena_printf(e->arena, "%s is not the name of an axis", eval_show(e, v)));
    return false;
}

static bool named_axis(Eval *e, const EvalArg *arg, IrAxis *out) {
    *out = ir_axis(arg->name, strlen(arg->name));
    if (*out)
        return true;
    REPORT(
        e, arg->place, axis_mismatch,
        arena_printf(e->arena, "`%s` cannot be the name of an axis: at most 8 letters", arg->name));
    return false;
}

bool named_sizes(Eval *e, const Call *c, IrType *out) {
    *out = (IrType){0};
    int64_t elements = 1;
    for (size_t i = 0; i < c->nmore; i++) {
        IrAxis axis;
        int64_t size;
        if (!named_axis(e, &c->more[i], &axis) ||
            !eval_int(e, c->more[i].value, c->more[i].place, "the size of an axis", 1,
                      (int64_t)1 << 40, &size))
            return false;
        if (out->rank == IR_MAX_AXES || !mul_checked(elements, size, &elements) ||
            elements > (int64_t)1 << 40) {
            REPORT(e, c->place, too_large, "the tensor has too many axes or elements");
            return false;
        }
        if (ir_type_find(out, axis) >= 0) {
            REPORT(e, c->more[i].place, duplicate_argument, c->more[i].name);
            return false;
        }
        out->axis[out->rank] = axis;
        out->size[out->rank++] = size;
    }
    return true;
}

static Value draw(Eval *e, const Call *c, IrDist dist) {
    IrType type;
    IrAttr attr = {.mode = dist};
    if (dist != IR_DIST_SIGN) {
        const char *low = dist == IR_DIST_UNIFORM ? "the lower bound" : "the mean";
        const char *high = dist == IR_DIST_UNIFORM ? "the upper bound" : "the deviation";
        if (!eval_number(e, c->slot[0], c->at[0], low, &attr.min) ||
            !eval_number(e, c->slot[1], c->at[1], high, &attr.max))
            return value_poison();
    }
    if (!named_sizes(e, c, &type))
        return value_poison();
    return make_source(e, IR_OP_random, &type, &attr, c->place);
}

Value tensor_uniform(Eval *e, const Call *c) {
    return draw(e, c, IR_DIST_UNIFORM);
}
Value tensor_normal(Eval *e, const Call *c) {
    return draw(e, c, IR_DIST_NORMAL);
}
Value tensor_signs(Eval *e, const Call *c) {
    return draw(e, c, IR_DIST_SIGN);
}

size_t eval_noises(const Eval *e, const ProxyNoise **out) {
    *out = e->noise;
    return e->nnoises;
}

static uint64_t noise_slot(Eval *e, const ProxyNoise *noise) {
    e->noise = arena_grow(e->arena, e->noise, e->nnoises, &e->noises_cap, 4, sizeof *e->noise);
    e->noise[e->nnoises] = *noise;
    return PROXY_NOISE_SLOT + e->nnoises++;
}

/* noise(mean, deviation, n: 16, ...): normal numbers, new at every forward pass */
Value tensor_noise(Eval *e, const Call *c) {
    IrType type;
    ProxyNoise noise = {.key = path_stable(e->now.path)};
    if (e->now.in_run)
        return FAIL(
            e, c->place, bad_value,
            "noise is new at every forward pass; what is drawn once a run is `normal(...)`");
    IrGraph *g = graph_now(e, c->place);
    if (!g || !eval_number(e, c->slot[0], c->at[0], "the mean", &noise.mean) ||
        !eval_number(e, c->slot[1], c->at[1], "the deviation", &noise.deviation) ||
        !named_sizes(e, c, &type))
        return value_poison();
    ir_set_place(g, ir_place(c->place));
    return value_tensor(g, ir_input(g, &type, noise_slot(e, &noise), "noise"));
}

/* ones(n: 16, c: 8) */
Value tensor_ones(Eval *e, const Call *c) {
    IrType type;
    IrGraph *g = graph_now(e, c->place);
    if (!g || !named_sizes(e, c, &type))
        return value_poison();
    ir_set_place(g, ir_place(c->place));
    Value one = value_tensor(g, ir_constant(g, 1));
    if (type.rank == 0)
        return one;
    IrAttr attr = {.shape_rank = (uint8_t)type.rank};
    memcpy(attr.axes, type.axis, sizeof attr.axes);
    memcpy(attr.shape, type.size, sizeof attr.shape);
    return make_node(e, IR_OP_expand, &one, 1, &attr, c->place);
}

/* axis(h: 1..8): the numbers of a range or list along one axis */
Value tensor_axis(Eval *e, const Call *c) {
    if (c->nmore != 1)
        return FAIL(e, c->place, wrong_arity, "axis", "one axis with its numbers", c->nmore);
    IrAxis axis;
    Value list = value_plain(c->more[0].value);
    int64_t n = value_length(list);
    if (!named_axis(e, &c->more[0], &axis))
        return value_poison();
    if (n < 1)
        return FAIL(e, c->more[0].place, wrong_kind, "a range or list of numbers for `axis`",
                    n < 0 ? value_kind_name(list) : "an empty list");
    if (n > EVAL_MAX_LOOP)
        return FAIL(e, c->more[0].place, too_large, "the range is too long for an axis");
    double *values = ARENA_ARRAY(e->arena, double, n);
    for (int64_t i = 0; i < n; i++)
        if (!eval_number(e, value_element(list, i), c->more[0].place, "a number of an axis",
                         &values[i]))
            return value_poison();
    IrGraph *g = graph_now(e, c->place);
    if (!g)
        return value_poison();
    ir_set_place(g, ir_place(c->place));
    return value_tensor(g, ir_table(g, axis, values, (size_t)n));
}

/* like: net.input, (channels, height, width) as a list or a record. */
static bool image_size(Eval *e, const Call *c, int64_t size[3]) {
    static const char *const names[] = {"channels", "height", "width"};
    if (!c->given[2])
        return true;
    Value v = value_plain(c->slot[2]);
    for (int i = 0; i < 3; i++) {
        Value part = value_none();
        if (value_length(v) == 3)
            part = value_element(v, i);
        else if (v.kind == VALUE_RECORD)
            for (size_t k = 0; k < v.u.record->len; k++)
                if (strcmp(v.u.record->fields[k].name, names[i]) == 0)
                    part = *v.u.record->fields[k].value;
        if (part.kind == VALUE_NONE) {
            REPORT(e, c->at[2], wrong_kind, "an input shape [channels, height, width] for `like`",
                   value_kind_name(v));
            return false;
        }
        if (!eval_int(e, part, c->at[2], names[i], 1, 1 << 20, &size[i]))
            return false;
    }
    return true;
}

/* The number of a request among the run's; equal requests are one batch. */
static uint64_t image_slot(EvalRun *run, const ImageRequest *want) {
    for (size_t i = 0; i < run->nimages; i++) {
        const ImageRequest *r = &run->images[i];
        if (strcmp(r->source, want->source) == 0 && r->count == want->count &&
            r->channels == want->channels && r->height == want->height && r->width == want->width &&
            r->augment == want->augment && r->normalise == want->normalise &&
            r->classes == want->classes)
            return i;
    }
    run->images =
        arena_grow(run->arena, run->images, run->nimages, &run->images_cap, 4, sizeof *run->images);
    run->images[run->nimages] = *want;
    run->images[run->nimages].source = arena_strdup(run->arena, want->source);
    return run->nimages++;
}

static bool known_source(const char *s) {
    static const char *const plain[] = {"dead_leaves", "noise"};
    static const char *const prefix[] = {"cifar10:", "folder:"};
    for (int i = 0; i < 2; i++)
        if (strcmp(s, plain[i]) == 0 || strncmp(s, prefix[i], strlen(prefix[i])) == 0)
            return true;
    return false;
}

/* The run's input for a request. */
static Value requested(Eval *e, const ImageRequest *r, const IrType *type) {
    uint64_t slot = image_slot(e->run, r);
    void **there = map_slot(e->run->arena, &e->run->nodes, (Hash128){slot, 40});
    if (!*there) {
        ir_set_place(e->run->graph, ir_place(r->place));
        IrRef node = ir_input(e->run->graph, type, slot, e->run->images[slot].source);
        *there = (void *)((uintptr_t)node + 1);
    }
    return value_tensor(e->run->graph, (IrRef)((uintptr_t)*there - 1));
}

/* batch(source, count, like, augment) -> [n, c, h, w] */
Value tensor_batch(Eval *e, const Call *c) {
    const ValueString *source;
    int64_t size[3] = {3, 32, 32};
    ImageRequest r = {.normalise = true, .place = c->place};
    if (!eval_text(e, c->slot[0], c->at[0], "the source of images", &source) ||
        !eval_int(e, c->slot[1], c->at[1], "the number of images", 1, 1 << 20, &r.count) ||
        !image_size(e, c, size) ||
        (c->given[3] && !eval_bool(e, c->slot[3], c->at[3], "augment", &r.augment)))
        return value_poison();
    if (!known_source(source->text))
        return FAIL(e, c->at[0], unknown_source, source->text);
    if (!e->run || !e->now.in_run)
        return FAIL(e, c->place, bad_value, "images are drawn `per run`, nowhere else");
    r.source = source->text;
    r.channels = size[0];
    r.height = size[1];
    r.width = size[2];
    IrType type = {.rank = 4,
                   .axis = {IR_AXIS_N, IR_AXIS_C, IR_AXIS_H, IR_AXIS_W},
                   .size = {r.count, r.channels, r.height, r.width}};
    return requested(e, &r, &type);
}

static bool tensor_slot(Eval *e, const Call *c, size_t slot, Value *out) {
    *out = value_tensor_of(c->slot[slot]);
    if (out->kind == VALUE_TENSOR)
        return true;
    if (!value_is_poison(*out))
        REPORT(e, c->at[slot], not_a_tensor, value_kind_name(*out));
    return false;
}

/* The one axis that a further named argument names. */
static bool only_axis(Eval *e, const Call *c, IrAxis *axis) {
    if (c->nmore != 1) {
        REPORT(e, c->place, wrong_arity, c->builtin->name, "a tensor and one axis", c->nmore + 1);
        return false;
    }
    return named_axis(e, &c->more[0], axis);
}

/* merge(x, c: [f, p]): axes f (slowest) and p become c */
Value tensor_merge(Eval *e, const Call *c) {
    Value x, list = c->nmore ? c->more[0].value : value_none();
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &x) || !only_axis(e, c, &attr.axis))
        return value_poison();
    int64_t n = value_length(list);
    if (n < 1 || n > IR_MAX_AXES)
        return FAIL(e, c->more[0].place, wrong_kind, "a list of axes for `merge`",
                    value_kind_name(list));
    for (int64_t i = 0; i < n; i++)
        if (!axis_of(e, value_element(list, i), c->more[0].place, &attr.axes[attr.naxes++]))
            return value_poison();
    return make_node(e, IR_OP_merge, &x, 1, &attr, c->place);
}

/* unmerge(x, c, f: 4, p: 8): axis c becomes f (slowest) and p */
Value tensor_unmerge(Eval *e, const Call *c) {
    Value x;
    IrType parts;
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &x) || !axis_of(e, c->slot[1], c->at[1], &attr.axis) ||
        !named_sizes(e, c, &parts))
        return value_poison();
    attr.shape_rank = (uint8_t)parts.rank;
    memcpy(attr.axes, parts.axis, sizeof attr.axes);
    memcpy(attr.shape, parts.size, sizeof attr.shape);
    return make_node(e, IR_OP_unmerge, &x, 1, &attr, c->place);
}

/* rename(x, h: y): axis h is called y */
Value tensor_rename(Eval *e, const Call *c) {
    Value x;
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &x) || !only_axis(e, c, &attr.axis) ||
        !axis_of(e, c->more[0].value, c->more[0].place, &attr.axis2))
        return value_poison();
    return make_node(e, IR_OP_rename, &x, 1, &attr, c->place);
}

/* shuffle(x, c, per: n): a random order along c, another for each n */
Value tensor_shuffle(Eval *e, const Call *c) {
    Value x;
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &x) || !axis_of(e, c->slot[1], c->at[1], &attr.axis) ||
        (c->given[2] && !axis_of(e, c->slot[2], c->at[2], &attr.axis2)))
        return value_poison();
    attr.key = path_stable(e->now.path);
    return make_node(e, IR_OP_shuffle, &x, 1, &attr, c->place);
}

/* take(x, c: 512): the first 512 along c; take(x, c: 4..7): those */
Value tensor_take(Eval *e, const Call *c) {
    Value x;
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &x) || !only_axis(e, c, &attr.axis))
        return value_poison();
    Value v = value_plain(c->more[0].value);
    if (v.kind == VALUE_RANGE && v.u.range->is_int && v.u.range->step == 1) {
        attr.lo = v.u.range->lo;
        attr.hi = v.u.range->lo + v.u.range->count;
    } else if (!eval_int(e, v, c->more[0].place, "how many to take", 1, (int64_t)1 << 40,
                         &attr.hi)) {
        return value_poison();
    }
    const IrType *t = tensor_type(x);
    int at = ir_type_find(t, attr.axis);
    if (at >= 0 && attr.lo == 0 && attr.hi == t->size[at])
        return x;
    return make_node(e, IR_OP_slice, &x, 1, &attr, c->place);
}

/* select(condition, a, b): where the condition is not 0, a, else b */
Value tensor_select(Eval *e, const Call *c) {
    Value cond = value_plain(c->slot[0]);
    if (cond.kind == VALUE_BOOL)
        return cond.u.boolean ? c->slot[1] : c->slot[2];
    if (value_is_number(cond))
        return value_number(cond) != 0 ? c->slot[1] : c->slot[2];
    Value in[] = {cond, value_plain(c->slot[1]), value_plain(c->slot[2])};
    return make_node(e, IR_OP_select, in, 3, NULL, c->place);
}

static Value broadcast_to(Eval *e, Value x, const IrType *shape, Place place) {
    const IrType *t = tensor_type(x);
    if (t->rank == shape->rank)
        return x;
    IrAttr attr = {.shape_rank = (uint8_t)shape->rank};
    for (int i = 0; i < shape->rank; i++) {
        int at = ir_type_find(t, shape->axis[i]);
        attr.axes[i] = shape->axis[i];
        attr.shape[i] = at < 0 ? shape->size[i] : t->size[at];
    }
    return make_node(e, IR_OP_expand, &x, 1, &attr, place);
}

Value concat_axis(Eval *e, IrAxis axis, const Value *items, size_t n, Place place) {
    IrType all = {0};
    Value *in = ARENA_ARRAY(e->arena, Value, n ? n : 1);
    if (!axis)
        return FAIL(e, place, axis_mismatch, "concat along an axis needs the name of one");
    for (size_t i = 0; i < n; i++) {
        in[i] = value_tensor_of(items[i]);
        if (in[i].kind != VALUE_TENSOR)
            return value_is_poison(in[i]) ? in[i]
                                          : FAIL(e, place, not_a_tensor, value_kind_name(in[i]));
        const IrType *t = tensor_type(in[i]);
        for (int k = 0; k < t->rank; k++) {
            if (ir_type_find(&all, t->axis[k]) >= 0)
                continue;
            if (all.rank == IR_MAX_AXES)
                return FAIL(e, place, too_large, "the joined tensor has too many axes");
            all.axis[all.rank] = t->axis[k];
            /* along the joined axis a tensor that lacks it counts once */
            all.size[all.rank++] = t->axis[k] == axis ? 1 : t->size[k];
        }
    }
    if (!n)
        return FAIL(e, place, empty_aggregate, "concat");
    for (size_t i = 0; i < n; i++)
        in[i] = broadcast_to(e, in[i], &all, place);
    if (n == 1)
        return in[0];
    IrAttr attr = {.axis = axis};
    return make_node(e, IR_OP_concat, in, n, &attr, place);
}

/* labels(batch, classes) -> [n]: the class of each image, from its file or drawn where it has none */
Value tensor_labels(Eval *e, const Call *c) {
    Value x;
    int64_t classes = 10;
    if (!tensor_slot(e, c, 0, &x) ||
        (c->given[1] &&
         !eval_int(e, c->slot[1], c->at[1], "the number of classes", 2, 1 << 20, &classes)))
        return value_poison();
    const IrNode *n = ir_get(x.u.graph, x.node);
    if (!e->run || x.u.graph != e->run->graph || n->op != IR_OP_input)
        return FAIL(e, c->at[0], bad_value, "labels belong to a `batch(...)` itself");
    if (!e->now.in_run)
        return FAIL(e, c->place, bad_value, "labels are read `per run`, nowhere else");
    ImageRequest r = e->run->images[n->attr->uid];
    r.classes = classes;
    r.place = c->place;
    IrType type = {.rank = 1, .axis = {IR_AXIS_N}, .size = {r.count}};
    return requested(e, &r, &type);
}

/* gram(x, n) -> [n, n2]: products of the slices along n, summed over every other axis; a third
 * argument names the second axis */
Value tensor_gram(Eval *e, const Call *c) {
    Value x;
    IrAttr attr = {0};
    if (!tensor_slot(e, c, 0, &x) || !axis_of(e, c->slot[1], c->at[1], &attr.axis))
        return value_poison();
    char name[12];
    ir_axis_text(attr.axis, name);
    strcat(name, "2");
    attr.axis2 = ir_axis(name, strlen(name));
    if (c->given[2] && !axis_of(e, c->slot[2], c->at[2], &attr.axis2))
        return value_poison();
    return make_node(e, IR_OP_gram, &x, 1, &attr, c->place);
}

static Value of_matrix(Eval *e, const Call *c, IrOp op) {
    Value x;
    if (!tensor_slot(e, c, 0, &x))
        return value_poison();
    return make_node(e, op, &x, 1, NULL, c->place);
}

/* logdet(x): log |determinant| of a square matrix */
Value tensor_logdet(Eval *e, const Call *c) {
    return of_matrix(e, c, IR_OP_logdet);
}

/* eigenvalues(x): those of a symmetric matrix, ascending along its first axis */
Value tensor_eigenvalues(Eval *e, const Call *c) {
    return of_matrix(e, c, IR_OP_eigenvalues);
}
