/* Every op of the reference executor against a naive loop over explicit indices, and against
 * results worked out by hand where a convention decides: ties, padding, resize, mod, NaN. */
#include "runtime/ref_check.h"

enum { SEEDS = 40 };

typedef double Naive(const Checked *k, const int64_t *index);

/* Compares each element of the result with naive(k, index), index along the axes of the result's
 * type. */
static void compare(IrOp op, Naive *naive) {
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Checked k;
        OpCase c = op_case(op, seed, OP_CASE_SMALL);
        check_make(&k, &c, seed % 2 ? OP_VALUES_TIES : OP_VALUES_PLAIN);
        check_eval(&k, REF_DOUBLE, seed % 3 > 0);
        for (int64_t i = 0; i < ir_type_elements(&k.out.type); i++) {
            int64_t index[IR_MAX_AXES] = {0};
            tensor_unravel(&k.out.type, i, index);
            double want = naive(&k, index);
            if (!(fabs(k.out.at[i] - want) <= 1e-12 * (1 + fabs(want))))
                fail_msg("%s, seed %d, element %d: %.17g, expected %.17g", ir_op_info(op)->name,
                         (int)seed, (int)i, k.out.at[i], want);
        }
        check_free(&k);
    }
}

static double formula(IrOp op, const double *x, uint32_t n) {
    double sum = 0;
    switch (op) {
    case IR_OP_zero:
        return 0;
    case IR_OP_identity:
        return x[0];
    case IR_OP_neg:
        return 0 - x[0];
    case IR_OP_abs:
        return x[0] < 0 ? -x[0] : x[0];
    case IR_OP_sign:
        return x[0] > 0 ? 1 : x[0] < 0 ? -1 : 0;
    case IR_OP_step:
        return x[0] > 0 ? 1 : 0;
    case IR_OP_floor:
        return (double)(int64_t)(x[0] + 1000) - 1000;
    case IR_OP_relu:
        return x[0] > 0 ? x[0] : 0;
    case IR_OP_sqrt:
        return pow(x[0], 0.5);
    case IR_OP_recip:
        return pow(x[0], -1);
    case IR_OP_exp:
        return pow(2.718281828459045, x[0]);
    case IR_OP_log:
        return log2(x[0]) * 0.6931471805599453;
    case IR_OP_sin:
        return cos(x[0] - 1.5707963267948966);
    case IR_OP_cos:
        return sin(x[0] + 1.5707963267948966);
    case IR_OP_tanh:
        return (exp(2 * x[0]) - 1) / (exp(2 * x[0]) + 1);
    case IR_OP_sigmoid:
        return (1 + tanh(x[0] / 2)) / 2;
    case IR_OP_add:
        for (uint32_t i = 0; i < n; i++)
            sum += x[i];
        return sum;
    case IR_OP_sub:
        return -(x[1] - x[0]);
    case IR_OP_mul:
        return x[1] * x[0];
    case IR_OP_div:
        return x[0] * (1 / x[1]);
    case IR_OP_pow:
        return exp(x[1] * log(x[0]));
    case IR_OP_maximum:
        return x[0] >= x[1] ? x[0] : x[1];
    case IR_OP_minimum:
        return x[0] <= x[1] ? x[0] : x[1];
    case IR_OP_mod: {
        double r = fmod(x[0], x[1]);
        return r != 0 && (r < 0) != (x[1] < 0) ? r + x[1] : r;
    }
    case IR_OP_less:
        return x[0] < x[1] ? 1 : 0;
    case IR_OP_equal:
        return x[0] == x[1] ? 1 : 0;
    case IR_OP_select:
        return x[0] == 0 ? x[2] : x[1];
    default:
        fail_msg("no formula for %s", ir_op_info(op)->name);
        return 0;
    }
}

static double naive_elementwise(const Checked *k, const int64_t *index) {
    double x[OP_CASE_INPUTS];
    for (uint32_t i = 0; i < k->c.nin; i++)
        x[i] = tensor_named(&k->in[i], &k->out.type, index);
    return formula(k->c.op, x, k->c.nin);
}

static void test_elementwise(void **state) {
    (void)state;
    for (int op = 0; op < IR_OP_COUNT; op++)
        if (ir_op_info((IrOp)op)->class == IR_CLASS_EW)
            compare((IrOp)op, naive_elementwise);
}

static double naive_reduce(const Checked *k, const int64_t *index) {
    const Tensor *x = &k->in[0];
    double sum = 0, max = -1e300;
    int count = 0;
    for (int64_t i = 0; i < ir_type_elements(&x->type); i++) {
        int64_t at[IR_MAX_AXES] = {0};
        tensor_unravel(&x->type, i, at);
        bool mine = true;
        for (int a = 0; a < k->out.type.rank; a++)
            mine &= at[ir_type_find(&x->type, k->out.type.axis[a])] == index[a];
        if (!mine)
            continue;
        sum += x->at[i];
        max = x->at[i] > max ? x->at[i] : max;
        count++;
    }
    return k->c.op == IR_OP_reduce_sum ? sum : k->c.op == IR_OP_reduce_mean ? sum / count : max;
}

static void test_reduce(void **state) {
    (void)state;
    compare(IR_OP_reduce_sum, naive_reduce);
    compare(IR_OP_reduce_mean, naive_reduce);
    compare(IR_OP_reduce_max, naive_reduce);
}

static int64_t index_along(const IrType *t, const int64_t *index, IrAxis axis) {
    return index[ir_type_find(t, axis)];
}

static double naive_expand(const Checked *k, const int64_t *index) {
    return tensor_named(&k->in[0], &k->out.type, index);
}

static double naive_rename(const Checked *k, const int64_t *index) {
    IrType names = k->out.type;
    names.axis[ir_type_find(&names, k->c.attr.axis2)] = k->c.attr.axis;
    return tensor_named(&k->in[0], &names, index);
}

static double naive_merge(const Checked *k, const int64_t *index) {
    const IrAttr *a = &k->c.attr;
    int64_t m = index_along(&k->out.type, index, a->axis), at[IR_MAX_AXES];
    IrType names = k->in[0].type;
    for (int i = 0; i < names.rank; i++)
        if (ir_type_find(&k->out.type, names.axis[i]) >= 0)
            at[i] = index_along(&k->out.type, index, names.axis[i]);
    for (int i = a->naxes - 1; i >= 0; i--) {
        int64_t size = ir_type_size(&names, a->axes[i]);
        at[ir_type_find(&names, a->axes[i])] = m % size;
        m /= size;
    }
    return tensor_named(&k->in[0], &names, at);
}

static double naive_unmerge(const Checked *k, const int64_t *index) {
    const IrAttr *a = &k->c.attr;
    int64_t at[IR_MAX_AXES];
    IrType names = k->in[0].type;
    for (int i = 0; i < names.rank; i++)
        if (names.axis[i] == a->axis)
            at[i] = index_along(&k->out.type, index, a->axes[0]) * a->shape[1] +
                    index_along(&k->out.type, index, a->axes[1]);
        else
            at[i] = index_along(&k->out.type, index, names.axis[i]);
    return tensor_named(&k->in[0], &names, at);
}

static double naive_concat(const Checked *k, const int64_t *index) {
    int64_t at[IR_MAX_AXES];
    memcpy(at, index, sizeof at);
    int axis = ir_type_find(&k->out.type, k->c.attr.axis);
    uint32_t part = 0;
    while (at[axis] >= ir_type_size(&k->in[part].type, k->c.attr.axis))
        at[axis] -= ir_type_size(&k->in[part++].type, k->c.attr.axis);
    return tensor_named(&k->in[part], &k->out.type, at);
}

static double naive_slice(const Checked *k, const int64_t *index) {
    int64_t at[IR_MAX_AXES];
    memcpy(at, index, sizeof at);
    at[ir_type_find(&k->out.type, k->c.attr.axis)] += k->c.attr.lo;
    return tensor_named(&k->in[0], &k->out.type, at);
}

static double naive_embed(const Checked *k, const int64_t *index) {
    int64_t at[IR_MAX_AXES];
    memcpy(at, index, sizeof at);
    int axis = ir_type_find(&k->out.type, k->c.attr.axis);
    if (at[axis] < k->c.attr.lo || at[axis] >= k->c.attr.hi)
        return 0;
    at[axis] -= k->c.attr.lo;
    return tensor_named(&k->in[0], &k->out.type, at);
}

static double naive_shuffle(const Checked *k, const int64_t *index) {
    const IrAttr *a = &k->c.attr;
    int64_t at[IR_MAX_AXES], size = ir_type_size(&k->out.type, a->axis);
    memcpy(at, index, sizeof at);
    uint64_t part = a->axis2 ? (uint64_t)index_along(&k->out.type, index, a->axis2) : 0;
    uint32_t order[1024];
    RandomStream stream = random_stream(11, 0, RANDOM_TARGET, a->key);
    random_permutation(stream, part * (uint64_t)size, (size_t)size, order);
    int axis = ir_type_find(&k->out.type, a->axis);
    at[axis] = order[at[axis]];
    return tensor_named(&k->in[0], &k->out.type, at);
}

static void test_move(void **state) {
    (void)state;
    compare(IR_OP_expand, naive_expand);
    compare(IR_OP_rename, naive_rename);
    compare(IR_OP_merge, naive_merge);
    compare(IR_OP_unmerge, naive_unmerge);
    compare(IR_OP_concat, naive_concat);
    compare(IR_OP_slice, naive_slice);
    compare(IR_OP_embed, naive_embed);
    compare(IR_OP_shuffle, naive_shuffle);
}

static double padded(const Tensor *x, int64_t n, int64_t c, int64_t h, int64_t w) {
    bool inside = h >= 0 && w >= 0 && h < ir_type_size(&x->type, IR_AXIS_H) &&
                  w < ir_type_size(&x->type, IR_AXIS_W);
    return inside ? *image_at(x, n, c, h, w) : 0;
}

static double naive_conv(const Checked *k, const int64_t *y) {
    const IrAttr *a = &k->c.attr;
    const Tensor *x = &k->in[0], *w = &k->in[1];
    int64_t ci = ir_type_size(&w->type, IR_AXIS_I);
    int64_t group = y[1] / (ir_type_size(&w->type, IR_AXIS_O) / a->groups);
    double sum = k->c.nin == 3 ? k->in[2].at[y[1]] : 0;
    for (int64_t i = 0; i < ci; i++)
        for (int64_t kh = 0; kh < a->kernel[0]; kh++)
            for (int64_t kw = 0; kw < a->kernel[1]; kw++)
                sum += *weight_at(w, y[1], i, kh, kw) *
                       padded(x, y[0], group * ci + i,
                              y[2] * a->stride[0] + kh * a->dilation[0] - a->pad[0],
                              y[3] * a->stride[1] + kw * a->dilation[1] - a->pad[1]);
    return sum;
}

/* Sums weight * gradient over the outputs whose window covers the element, found by trying them
 * all. */
static double naive_conv_dx(const Checked *k, const int64_t *x) {
    const IrAttr *a = &k->c.attr;
    const Tensor *dy = &k->in[0], *w = &k->in[1];
    int64_t ci = ir_type_size(&w->type, IR_AXIS_I), outputs = ir_type_size(&w->type, IR_AXIS_O);
    double sum = 0;
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t h = 0; h < ir_type_size(&dy->type, IR_AXIS_H); h++)
            for (int64_t v = 0; v < ir_type_size(&dy->type, IR_AXIS_W); v++)
                for (int64_t kh = 0; kh < a->kernel[0]; kh++)
                    for (int64_t kw = 0; kw < a->kernel[1]; kw++)
                        if (x[2] == h * a->stride[0] + kh * a->dilation[0] - a->pad[0] &&
                            x[3] == v * a->stride[1] + kw * a->dilation[1] - a->pad[1] &&
                            x[1] / ci == o / (outputs / a->groups))
                            sum +=
                                *weight_at(w, o, x[1] % ci, kh, kw) * *image_at(dy, x[0], o, h, v);
    return sum;
}

static double naive_conv_dw(const Checked *k, const int64_t *w) {
    const IrAttr *a = &k->c.attr;
    const Tensor *x = &k->in[0], *dy = &k->in[1];
    int64_t outputs = ir_type_size(&dy->type, IR_AXIS_C);
    int64_t ci = ir_type_size(&x->type, IR_AXIS_C) / a->groups;
    int64_t channel = w[0] / (outputs / a->groups) * ci + w[1];
    double sum = 0;
    for (int64_t n = 0; n < ir_type_size(&x->type, IR_AXIS_N); n++)
        for (int64_t h = 0; h < ir_type_size(&dy->type, IR_AXIS_H); h++)
            for (int64_t v = 0; v < ir_type_size(&dy->type, IR_AXIS_W); v++)
                sum += *image_at(dy, n, w[0], h, v) *
                       padded(x, n, channel, h * a->stride[0] + w[2] * a->dilation[0] - a->pad[0],
                              v * a->stride[1] + w[3] * a->dilation[1] - a->pad[1]);
    return sum;
}

static double naive_dense(const Checked *k, const int64_t *y) {
    double sum = k->c.nin == 3 ? k->in[2].at[y[1]] : 0;
    for (int64_t i = 0; i < ir_type_size(&k->in[0].type, IR_AXIS_C); i++)
        sum += *image_at(&k->in[0], y[0], i, 0, 0) * *weight_at(&k->in[1], y[1], i, 0, 0);
    return sum;
}

static double naive_dense_dx(const Checked *k, const int64_t *x) {
    double sum = 0;
    for (int64_t o = 0; o < ir_type_size(&k->in[0].type, IR_AXIS_C); o++)
        sum += *image_at(&k->in[0], x[0], o, 0, 0) * *weight_at(&k->in[1], o, x[1], 0, 0);
    return sum;
}

static double naive_dense_dw(const Checked *k, const int64_t *w) {
    double sum = 0;
    for (int64_t n = 0; n < ir_type_size(&k->in[0].type, IR_AXIS_N); n++)
        sum += *image_at(&k->in[0], n, w[1], 0, 0) * *image_at(&k->in[1], n, w[0], 0, 0);
    return sum;
}

static void test_conv(void **state) {
    (void)state;
    compare(IR_OP_conv, naive_conv);
    compare(IR_OP_conv_dx, naive_conv_dx);
    compare(IR_OP_conv_dw, naive_conv_dw);
    compare(IR_OP_dense, naive_dense);
    compare(IR_OP_dense_dx, naive_dense_dx);
    compare(IR_OP_dense_dw, naive_dense_dw);
}

/* The window of output (h, w) clipped to the map: rows y[0] .. y[1]-1, columns x[0] .. x[1]-1. */
typedef struct Clip {
    int64_t y[2], x[2];
} Clip;

static Clip clip(const IrAttr *a, const IrType *t, int64_t h, int64_t w) {
    int64_t top = h * a->stride[0] - a->pad[0], left = w * a->stride[1] - a->pad[1];
    return (Clip){{MAX(top, 0), MIN(top + a->kernel[0], ir_type_size(t, IR_AXIS_H))},
                  {MAX(left, 0), MIN(left + a->kernel[1], ir_type_size(t, IR_AXIS_W))}};
}

static double naive_pool(const Checked *k, const int64_t *y) {
    const IrAttr *a = &k->c.attr;
    Clip c = clip(a, &k->in[0].type, y[2], y[3]);
    double sum = 0, max = -1e300;
    for (int64_t h = c.y[0]; h < c.y[1]; h++)
        for (int64_t w = c.x[0]; w < c.x[1]; w++) {
            double x = *image_at(&k->in[0], y[0], y[1], h, w);
            sum += x;
            max = fmax(max, x);
        }
    double area = (double)((c.y[1] - c.y[0]) * (c.x[1] - c.x[0]));
    if (a->count_padding)
        area = a->kernel[0] * a->kernel[1];
    return k->c.op == IR_OP_max_pool ? max : sum / area;
}

static double naive_avg_pool_dx(const Checked *k, const int64_t *x) {
    const IrAttr *a = &k->c.attr;
    double sum = 0;
    for (int64_t h = 0; h < ir_type_size(&k->in[0].type, IR_AXIS_H); h++)
        for (int64_t w = 0; w < ir_type_size(&k->in[0].type, IR_AXIS_W); w++) {
            Clip c = clip(a, &k->out.type, h, w);
            double area = (double)((c.y[1] - c.y[0]) * (c.x[1] - c.x[0]));
            if (a->count_padding)
                area = a->kernel[0] * a->kernel[1];
            if (x[2] >= c.y[0] && x[2] < c.y[1] && x[3] >= c.x[0] && x[3] < c.x[1])
                sum += *image_at(&k->in[0], x[0], x[1], h, w) / area;
        }
    return sum;
}

/* The element is the winner of a window if all before it are smaller and none after it is larger.
 */
static double naive_max_pool_dx(const Checked *k, const int64_t *x) {
    double mine = *image_at(&k->in[0], x[0], x[1], x[2], x[3]), sum = 0;
    for (int64_t h = 0; h < ir_type_size(&k->in[1].type, IR_AXIS_H); h++)
        for (int64_t w = 0; w < ir_type_size(&k->in[1].type, IR_AXIS_W); w++) {
            Clip c = clip(&k->c.attr, &k->in[0].type, h, w);
            bool wins = x[2] >= c.y[0] && x[2] < c.y[1] && x[3] >= c.x[0] && x[3] < c.x[1];
            for (int64_t y = c.y[0]; y < c.y[1]; y++)
                for (int64_t v = c.x[0]; v < c.x[1]; v++) {
                    double other = *image_at(&k->in[0], x[0], x[1], y, v);
                    bool before = y < x[2] || (y == x[2] && v < x[3]);
                    wins &= before ? other < mine : other <= mine;
                }
            if (wins)
                sum += *image_at(&k->in[1], x[0], x[1], h, w);
        }
    return sum;
}

static void test_pool(void **state) {
    (void)state;
    compare(IR_OP_max_pool, naive_pool);
    compare(IR_OP_avg_pool, naive_pool);
    compare(IR_OP_avg_pool_dx, naive_avg_pool_dx);
    compare(IR_OP_max_pool_dx, naive_max_pool_dx);
}

/* Weight of input i in output o along one axis: the tent of the half-pixel rule, or the nearest. */
static double resize_weight(int mode, int64_t o, int64_t i, int64_t in, int64_t out) {
    if (mode == IR_RESIZE_NEAREST)
        return i == o * in / out ? 1 : 0;
    double at = fmin(fmax((o + 0.5) / out * in - 0.5, 0), in - 1);
    return fmax(0, 1 - fabs(at - i));
}

static double naive_resize(const Checked *k, const int64_t *y) {
    const IrType *from = &k->in[0].type, *to = &k->out.type;
    bool back = k->c.op == IR_OP_resize_dx;
    double sum = 0;
    for (int64_t h = 0; h < ir_type_size(from, IR_AXIS_H); h++)
        for (int64_t w = 0; w < ir_type_size(from, IR_AXIS_W); w++) {
            int64_t fh = ir_type_size(from, IR_AXIS_H), th = ir_type_size(to, IR_AXIS_H);
            int64_t fw = ir_type_size(from, IR_AXIS_W), tw = ir_type_size(to, IR_AXIS_W);
            double weight = back ? resize_weight(k->c.attr.mode, h, y[2], th, fh) *
                                       resize_weight(k->c.attr.mode, w, y[3], tw, fw)
                                 : resize_weight(k->c.attr.mode, y[2], h, fh, th) *
                                       resize_weight(k->c.attr.mode, y[3], w, fw, tw);
            sum += weight * *image_at(&k->in[0], y[0], y[1], h, w);
        }
    return sum;
}

static void test_resize(void **state) {
    (void)state;
    compare(IR_OP_resize, naive_resize);
    compare(IR_OP_resize_dx, naive_resize);
}

/* E[x^2] - mean^2, the other formula of the variance. */
static double naive_norm(const Checked *k, const int64_t *index) {
    const Tensor *x = &k->in[0];
    int64_t c = k->c.op == IR_OP_bn_rstd ? index[0] : index[1];
    double sum = 0, squares = 0;
    int count = 0;
    for (int64_t i = 0; i < ir_type_elements(&x->type); i++) {
        int64_t at[IR_MAX_AXES] = {0};
        tensor_unravel(&x->type, i, at);
        if (at[1] != c)
            continue;
        sum += x->at[i];
        squares += x->at[i] * x->at[i];
        count++;
    }
    double mean = sum / count, rstd = pow(squares / count - mean * mean + 1e-5, -0.5);
    if (k->c.op == IR_OP_bn_rstd)
        return rstd;
    double y = (tensor_named(x, &k->out.type, index) - mean) * rstd;
    return y * (k->c.nin > 1 ? k->in[1].at[c] : 1) + (k->c.nin > 2 ? k->in[2].at[c] : 0);
}

static void test_norm(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int op = IR_OP_batch_norm; op <= IR_OP_bn_rstd; op++) {
            Checked k;
            OpCase c = op_case((IrOp)op, seed, OP_CASE_SMALL);
            check_make(&k, &c, OP_VALUES_PLAIN);
            check_eval(&k, REF_DOUBLE, true);
            for (int64_t i = 0; i < ir_type_elements(&k.out.type); i++) {
                int64_t index[IR_MAX_AXES] = {0};
                tensor_unravel(&k.out.type, i, index);
                double want = naive_norm(&k, index);
                assert_true(fabs(k.out.at[i] - want) < 1e-8 * (1 + fabs(want)));
            }
            check_free(&k);
        }
}

static double naive_contract(const Checked *k, const int64_t *index) {
    IrType all = k->out.type; /* the result's axes, then those that are summed over */
    int64_t at[2 * IR_MAX_AXES] = {0}, size[2 * IR_MAX_AXES] = {0};
    IrAxis axis[2 * IR_MAX_AXES];
    int n = all.rank;
    for (int i = 0; i < n; i++)
        axis[i] = all.axis[i], at[i] = index[i];
    for (int i = 0; i < k->c.attr.naxes; i++, n++)
        axis[n] = k->c.attr.axes[i], size[n] = ir_type_size(&k->in[0].type, axis[n]);
    double sum = 0;
    for (int i = 0; i >= 0;) {
        sum += k->in[0].at[tensor_index(&k->in[0].type, n, axis, at)] *
               k->in[1].at[tensor_index(&k->in[1].type, n, axis, at)];
        for (i = n - 1; i >= all.rank && ++at[i] == size[i]; i--)
            at[i] = 0;
        i = i < all.rank ? -1 : 0;
    }
    return sum;
}

static void test_contract(void **state) {
    (void)state;
    compare(IR_OP_contract, naive_contract);
    /* [t, d] by [d, s], by hand */
    IrAxis t = ir_axis("t", 1), s = ir_axis("s", 1), d = ir_axis("d", 1);
    OpCase c = {
        .op = IR_OP_contract, .nin = 2, .in = {op_matrix(t, 2, d, 3), op_matrix(d, 3, s, 2)}};
    c.attr.naxes = 1;
    c.attr.axes[0] = d;
    Checked k;
    check_make(&k, &c, OP_VALUES_PLAIN);
    memcpy(k.in[0].at, (double[]){1, 2, 3, 4, 5, 6}, 6 * sizeof(double));
    memcpy(k.in[1].at, (double[]){1, 0, 0, 1, 2, -1}, 6 * sizeof(double));
    check_eval(&k, REF_FLOAT, true);
    const double want[] = {7, -1, 16, -1};
    for (int i = 0; i < 4; i++)
        assert_true(k.out.at[i] == want[i]);
    check_free(&k);
}

/* One op on a single plane, by hand. */
static void expect_plane(OpCase *c, double *x, double *grad, const double *want, size_t n) {
    Checked k;
    check_make(&k, c, OP_VALUES_PLAIN);
    k.in[0].at = x;
    k.in[1].at = grad;
    check_eval(&k, REF_FLOAT, true);
    assert_int_equal(ir_type_elements(&k.out.type), n);
    for (size_t i = 0; i < n; i++)
        if (k.out.at[i] != want[i])
            fail_msg("%s element %d: %g, expected %g", ir_op_info(c->op)->name, (int)i, k.out.at[i],
                     want[i]);
    check_free(&k);
}

static OpCase window_case(IrOp op, int64_t h, int64_t w, int kernel, int stride, int pad) {
    OpCase c = {.op = op, .nin = 1, .in = {op_image(1, 1, h, w)}};
    for (int i = 0; i < 2; i++) {
        c.attr.kernel[i] = kernel;
        c.attr.stride[i] = stride;
        c.attr.pad[i] = pad;
        c.attr.dilation[i] = 1;
    }
    return c;
}

static void test_pool_by_hand(void **state) {
    (void)state;
    double x[] = {-5, -5, -7, -9}, grad[] = {1, 2, 4, 8};
    OpCase c = window_case(IR_OP_max_pool, 2, 2, 3, 1, 1);
    expect_plane(&c, x, NULL, (double[]){-5, -5, -5, -5}, 4);
    c = window_case(IR_OP_max_pool_dx, 2, 2, 3, 1, 1);
    c.nin = 2;
    c.in[1] = op_image(1, 1, 2, 2);
    expect_plane(&c, x, grad, (double[]){15, 0, 0, 0}, 4);
    double column[] = {-2, -1, -1, -1}; /* the tie is met row by row, not column by column */
    c = window_case(IR_OP_max_pool_dx, 2, 2, 2, 1, 0);
    c.nin = 2;
    c.in[1] = op_image(1, 1, 1, 1);
    expect_plane(&c, column, (double[]){3}, (double[]){0, 3, 0, 0}, 4);

    double y[] = {4, 8, 12, 16};
    c = window_case(IR_OP_avg_pool, 2, 2, 3, 2, 1);
    expect_plane(&c, y, NULL, (double[]){10}, 1);
    c.attr.count_padding = true;
    double ninths[] = {9, 18, 27, 36};
    expect_plane(&c, ninths, NULL, (double[]){10}, 1);
}

static void test_resize_by_hand(void **state) {
    (void)state;
    OpCase c = {.op = IR_OP_resize, .nin = 1, .in = {op_image(1, 1, 1, 3)}};
    c.attr.out_size[0] = 1, c.attr.out_size[1] = 5;
    double x[] = {1, 2, 3}; /* floor(i * 3 / 5) = 0 0 1 1 2 */
    expect_plane(&c, x, NULL, (double[]){1, 1, 2, 2, 3}, 5);
    c.attr.mode = IR_RESIZE_BILINEAR;
    c.in[0] = op_image(1, 1, 1, 2);
    c.attr.out_size[1] = 4;
    double pair[] = {0, 8}; /* positions -0.25 -> 0, 0.25, 0.75, 1.25 -> 1 */
    expect_plane(&c, pair, NULL, (double[]){0, 2, 6, 8}, 4);
}

static void test_conv_by_hand(void **state) {
    (void)state;
    OpCase c = window_case(IR_OP_conv, 3, 3, 3, 2, 1);
    c.attr.groups = 1;
    c.nin = 2;
    c.in[1] = op_weight(1, 1, 3, 3);
    double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[] = {0, 0, 0, 0, 1, 10, 0, 100, 1000};
    expect_plane(&c, x, w, (double[]){1 + 20 + 400 + 5000, 3 + 600, 7 + 80, 9}, 4);
    c.attr.dilation[0] = c.attr.dilation[1] = 2, c.attr.pad[0] = c.attr.pad[1] = 2;
    /* the window of (0, 0) is centred on 1, its corners two pixels away: 1 + 10*3 + 100*7 + 1000*9
     */
    expect_plane(&c, x, w, (double[]){9731, 3 + 900, 7 + 90, 9}, 4);
}

static void test_special_values(void **state) {
    (void)state;
    OpCase c = {.op = IR_OP_relu, .nin = 1, .in = {op_vector(4)}};
    Checked k;
    check_make(&k, &c, OP_VALUES_PLAIN);
    double x[] = {NAN, -1, 0, INFINITY};
    k.in[0].at = x;
    check_eval(&k, REF_FLOAT, true);
    assert_true(isnan(k.out.at[0]));
    assert_true(k.out.at[1] == 0 && k.out.at[2] == 0 && k.out.at[3] == INFINITY);
    check_free(&k);

    OpCase m = {.op = IR_OP_mod, .nin = 2, .in = {op_vector(4), op_vector(4)}};
    double a[] = {-7, 7, -7, 7}, b[] = {3, -3, -3, 3};
    expect_plane(&m, a, b, (double[]){2, -2, -1, 1}, 4);
    OpCase top = {.op = IR_OP_maximum, .nin = 2, .in = {op_vector(2), op_vector(2)}};
    double left[] = {NAN, 1}, right[] = {1, NAN};
    check_make(&k, &top, OP_VALUES_PLAIN);
    k.in[0].at = left, k.in[1].at = right;
    check_eval(&k, REF_FLOAT, true);
    assert_true(isnan(k.out.at[0]) && isnan(k.out.at[1]));
    check_free(&k);
}

/* 2^24 + 1 + 1 + 1 is 2^24 when every sum is rounded to float, and 2^24 + 3 or so otherwise. The
 * long operand of each case is summed by the op; the other one is all ones. */
static void expect_float_sum(IrOp op, IrType first, IrType second, uint32_t nin, int summed,
                             IrAttr attr, double want) {
    double numbers[] = {16777216, 1, 1, 1}, ones[] = {1, 1, 1, 1};
    OpCase c = {.op = op, .nin = nin, .in = {first, second}, .attr = attr};
    Checked k;
    check_make(&k, &c, OP_VALUES_PLAIN);
    k.in[summed].at = numbers;
    k.in[1 - summed].at = ones;
    check_eval(&k, REF_FLOAT, false);
    if (k.out.at[0] != want)
        fail_msg("%s: %.17g, expected %.17g", ir_op_info(op)->name, k.out.at[0], want);
    check_free(&k);
}

static void test_float_sums_run_in_float(void **state) {
    (void)state;
    const double big = 16777216;
    IrType row = op_image(1, 1, 1, 4), one = op_image(1, 1, 1, 1), channels = op_image(1, 4, 1, 1);
    IrType c4 = op_matrix(IR_AXIS_N, 1, IR_AXIS_C, 4), n4 = op_matrix(IR_AXIS_N, 4, IR_AXIS_C, 1);
    IrAttr point = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    point.in_size[0] = point.in_size[1] = 1;
    IrAttr wide = point, over = point, width = {.naxes = 1, .axes = {IR_AXIS_W}};
    wide.kernel[1] = over.kernel[1] = 4;
    over.pad[1] = 3; /* four windows cover the one element */
    expect_float_sum(IR_OP_conv, row, op_weight(1, 1, 1, 4), 2, 0, wide, big);
    expect_float_sum(IR_OP_conv_dx, channels, op_weight(4, 1, 1, 1), 2, 0, point, big);
    expect_float_sum(IR_OP_conv_dw, row, row, 2, 0, point, big);
    expect_float_sum(IR_OP_dense, c4, op_matrix(IR_AXIS_O, 1, IR_AXIS_I, 4), 2, 0, point, big);
    expect_float_sum(IR_OP_dense_dx, c4, op_matrix(IR_AXIS_O, 4, IR_AXIS_I, 1), 2, 0, point, big);
    expect_float_sum(IR_OP_dense_dw, n4, n4, 2, 0, point, big);
    expect_float_sum(IR_OP_avg_pool, row, one, 1, 0, wide, big / 4);
    expect_float_sum(IR_OP_avg_pool_dx, row, one, 1, 0, over, big);
    expect_float_sum(IR_OP_max_pool_dx, one, row, 2, 1, over, big);
    expect_float_sum(IR_OP_resize_dx, row, one, 1, 0, point, big);
    expect_float_sum(IR_OP_reduce_sum, row, one, 1, 0, width, big);
    expect_float_sum(IR_OP_reduce_mean, row, one, 1, 0, width, big / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_elementwise),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_conv),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_pool_by_hand),
        cmocka_unit_test(test_resize_by_hand),
        cmocka_unit_test(test_conv_by_hand),
        cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_float_sums_run_in_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
