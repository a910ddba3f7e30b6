/* Operators on numbers, tensors and layers. Integers are 64 bit and never wrap; a tensor that meets
 * a number makes a node; absent terms of a sum are no terms. */
#include "frontend/eval_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *oper_word(AstOper op) {
    static const char *const words[] = {
        [OPER_ADD] = "+",   [OPER_SUB] = "-",   [OPER_MUL] = "*", [OPER_DIVIDE] = "/",
        [OPER_DIV] = "div", [OPER_MOD] = "mod", [OPER_POW] = "^", [OPER_NEG] = "-",
        [OPER_EQ] = "==",   [OPER_NE] = "!=",   [OPER_LT] = "<",  [OPER_LE] = "<=",
        [OPER_GT] = ">",    [OPER_GE] = ">=",   [OPER_IN] = "in",
    };
    return (size_t)op < ARRAY_LEN(words) && words[op] ? words[op] : "?";
}

static Value overflow(Eval *e, Place place) {
    return FAIL(e, place, result_overflow, "");
}

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static Value int_pow(Eval *e, int64_t base, int64_t exponent, Place place) {
    int64_t r = 1;
    if (base == 1 || base == -1 || base == 0)
        return value_int(exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base);
    for (int64_t i = 0; i < exponent; i++)
        if (!mul_checked(r, base, &r))
            return overflow(e, place);
    return value_int(r);
}

static Value int_arith(Eval *e, AstOper op, int64_t a, int64_t b, Place place) {
    int64_t r;
    bool ok = true;
    switch (op) {
    case OPER_ADD:
        ok = add_checked(a, b, &r);
        break;
    case OPER_SUB:
        ok = !__builtin_sub_overflow(a, b, &r);
        break;
    case OPER_MUL:
        ok = mul_checked(a, b, &r);
        break;
    case OPER_DIV:
        ok = !(a == INT64_MIN && b == -1);
        r = ok ? floor_div(a, b) : 0;
        break;
    case OPER_MOD:
        r = b == -1 ? 0 : a - floor_div(a, b) * b;
        break;
    case OPER_POW:
        return int_pow(e, a, b, place);
    default:
        BUG("integer operator %d", (int)op);
    }
    return ok ? value_int(r) : overflow(e, place);
}

static Value decimal_arith(AstOper op, double a, double b) {
    switch (op) {
    case OPER_ADD:
        return value_decimal(a + b);
    case OPER_SUB:
        return value_decimal(a - b);
    case OPER_MUL:
        return value_decimal(a * b);
    case OPER_DIVIDE:
        return value_decimal(a / b);
    case OPER_DIV:
        return value_decimal(floor(a / b));
    case OPER_MOD:
        return value_decimal(a - b * floor(a / b));
    case OPER_POW:
        return value_decimal(pow(a, b));
    default:
        BUG("decimal operator %d", (int)op);
    }
}

static Value number_arith(Eval *e, AstOper op, Value a, Value b, Place place) {
    bool divides = op == OPER_DIVIDE || op == OPER_DIV || op == OPER_MOD;
    if (divides && value_number(b) == 0)
        return FAIL(e, place, division_by_zero, "");
    bool ints = a.kind == VALUE_INT && b.kind == VALUE_INT;
    if (ints && op != OPER_DIVIDE && !(op == OPER_POW && b.u.integer < 0))
        return int_arith(e, op, a.u.integer, b.u.integer, place);
    return decimal_arith(op, value_number(a), value_number(b));
}

static Value node2(Eval *e, IrOp op, Value a, Value b, Place place) {
    return make_node(e, op, (Value[]){a, b}, 2, NULL, place);
}

static Value tensor_pow(Eval *e, Value a, Value b, Place place) {
    if (!value_is_number(b))
        return FAIL(e, place, bad_value, "the exponent of a tensor must be a number");
    double k = value_number(b);
    if (k == 1)
        return a;
    if (k == 2)
        return node2(e, IR_OP_mul, a, a, place);
    if (k == 0.5)
        return make_node(e, IR_OP_sqrt, &a, 1, NULL, place);
    if (k == -1)
        return make_node(e, IR_OP_recip, &a, 1, NULL, place);
    return node2(e, IR_OP_pow, a, b, place);
}

static Value tensor_arith(Eval *e, AstOper op, Value a, Value b, Place place) {
    Value q;
    switch (op) {
    case OPER_ADD:
        return node2(e, IR_OP_add, a, b, place);
    case OPER_SUB:
        return node2(e, IR_OP_sub, a, b, place);
    case OPER_MUL:
        return node2(e, IR_OP_mul, a, b, place);
    case OPER_DIVIDE:
        return node2(e, IR_OP_div, a, b, place);
    case OPER_DIV:
        q = node2(e, IR_OP_div, a, b, place);
        return make_node(e, IR_OP_floor, &q, 1, NULL, place);
    case OPER_MOD:
        return node2(e, IR_OP_mod, a, b, place);
    case OPER_POW:
        return tensor_pow(e, a, b, place);
    default:
        BUG("tensor operator %d", (int)op);
    }
}

static Value repeat_layer(Eval *e, Value count, Value layer, Place place) {
    int64_t n;
    if (!eval_int(e, count, place, "the number of repetitions", 0, EVAL_MAX_REPEAT, &n))
        return value_poison();
    Value v = layer_new(e, LAYER_REPEAT, &layer, 1, place);
    ((Layer *)v.u.layer)->count = n;
    return v;
}

/* Sums of nothing count as 0 where a number stands; measures of one forward pass as that number. */
static Value operand(Value v) {
    Value p = value_plain(v);
    if (p.kind == VALUE_NONE && p.node)
        return value_int(0);
    if (p.kind == VALUE_SERIES && p.u.series->len == 1)
        return value_decimal(p.u.series->values[0]);
    return p;
}

static Value bad_operands(Eval *e, AstOper op, Value a, Value b, Place place) {
    Value wrong = value_is_number(a) || is_tensor(a) ? b : a;
    if (wrong.kind == VALUE_NONE)
        return FAIL(e, place, absent_value,
                    arena_printf(e->arena, "an operand of `%s`", oper_word(op)));
    const char *wanted = arena_printf(e->arena, "numbers or tensors for `%s`", oper_word(op));
    return FAIL(e, place, wrong_kind, wanted, value_kind_name(wrong));
}

Value arith(Eval *e, AstOper op, Value a, Value b, Place place) {
    if (value_is_poison(a) || value_is_poison(b))
        return value_poison();
    Value x = operand(a), y = operand(b);
    if (value_is_number(x) && value_is_number(y))
        return number_arith(e, op, x, y, place);
    bool tx = is_tensor(x), ty = is_tensor(y);
    if ((tx || ty) && (tx || value_is_number(x)) && (ty || value_is_number(y)))
        return tensor_arith(e, op, value_tensor_of(x), value_tensor_of(y), place);
    if (op == OPER_MUL && value_is_number(x) && is_layer(b))
        return repeat_layer(e, x, b, place);
    if (op == OPER_ADD && is_layer(a) && is_layer(b))
        return layer_new(e, LAYER_SUM, (Value[]){a, b}, 2, place);
    return bad_operands(e, op, x, y, place);
}

static Value add_layers(Eval *e, const Value *terms, size_t n, Place place) {
    for (size_t i = 0; i < n; i++)
        if (!is_layer(terms[i]))
            return FAIL(e, place, wrong_kind, "a layer as every term of a sum of layers",
                        value_kind_name(terms[i]));
    return layer_new(e, LAYER_SUM, terms, n, place);
}

static Value add_tensors(Eval *e, const Value *terms, size_t n, Place place) {
    Value *nodes = ARENA_ARRAY(e->arena, Value, n);
    for (size_t i = 0; i < n; i++) {
        nodes[i] = value_tensor_of(operand(terms[i]));
        if (!is_tensor(nodes[i]) && !value_is_number(nodes[i]))
            return bad_operands(e, OPER_ADD, nodes[i], nodes[i], place);
    }
    return make_node(e, IR_OP_add, nodes, n, NULL, place);
}

Value add_terms(Eval *e, const Value *terms, size_t n, Place place) {
    Value *kept = ARENA_ARRAY(e->arena, Value, n ? n : 1);
    size_t len = 0;
    bool tensors = false, layers = false;
    const Lack *lack = n ? NULL : e->lack;
    for (size_t i = 0; i < n; i++) {
        if (value_is_poison(terms[i]))
            return value_poison();
        Value plain = value_plain(terms[i]);
        if (plain.kind == VALUE_NONE && plain.node && !lack)
            lack = plain.u.lack;
        if (plain.kind == VALUE_NONE)
            continue;
        kept[len++] = terms[i];
        tensors |= is_tensor(value_plain(terms[i]));
        layers |= is_layer(terms[i]);
    }
    if (!len)
        return (Value){.kind = VALUE_NONE, .node = 1, .u.lack = lack};
    if (len == 1)
        return kept[0];
    if (layers)
        return add_layers(e, kept, len, place);
    if (tensors)
        return add_tensors(e, kept, len, place);
    Value sum = kept[0];
    for (size_t i = 1; i < len && !value_is_poison(sum); i++)
        sum = arith(e, OPER_ADD, sum, kept[i], place);
    return sum;
}

static bool goes_on(const Ast *of, const Ast *x) {
    bool sum = of->oper == OPER_ADD || of->oper == OPER_SUB;
    return x->kind == of->kind &&
           (x->oper == of->oper || (sum && (x->oper == OPER_ADD || x->oper == OPER_SUB)));
}

const Ast **left_spine(Eval *e, const Ast *x, size_t *n) {
    const Ast *first = x;
    for (*n = 0; goes_on(x, first); first = first->a)
        ++*n;
    const Ast **spine = ARENA_ARRAY(e->arena, const Ast *, *n);
    for (size_t i = *n; i-- > 0; x = x->a)
        spine[i] = x;
    return spine;
}

/* a + b - c + d as a loop over the spine; neighbouring additions become one node. */
static Value ev_sum(Eval *e, Frame *f, const Ast *x) {
    size_t n, len = 0;
    const Ast **spine = left_spine(e, x, &n);
    Value *terms = ARENA_ARRAY(e->arena, Value, n + 1);
    terms[len++] = ev(e, f, spine[0]->a);
    for (size_t i = 0; i < n; i++) {
        const Ast *s = spine[i];
        Value t = ev(e, f, s->b);
        if (s->oper == OPER_ADD) {
            terms[len++] = t;
            continue;
        }
        Value v = add_terms(e, terms, len, s->name_place);
        if (value_plain(t).kind != VALUE_NONE)
            v = arith(e, OPER_SUB, v, t, s->name_place);
        terms[0] = v;
        len = 1;
    }
    return add_terms(e, terms, len, x->name_place);
}

static Value compare_tensors(Eval *e, AstOper op, Value a, Value b, Place place) {
    Value x;
    switch (op) {
    case OPER_LT:
        return node2(e, IR_OP_less, a, b, place);
    case OPER_GT:
        return node2(e, IR_OP_less, b, a, place);
    case OPER_LE:
        x = node2(e, IR_OP_less, b, a, place);
        break;
    case OPER_GE:
        x = node2(e, IR_OP_less, a, b, place);
        break;
    case OPER_EQ:
        return node2(e, IR_OP_equal, a, b, place);
    default:
        x = node2(e, IR_OP_equal, a, b, place);
        break;
    }
    return node2(e, IR_OP_sub, value_int(1), x, place);
}

static bool order_holds(AstOper op, int sign) {
    return op == OPER_LT   ? sign < 0
           : op == OPER_LE ? sign <= 0
           : op == OPER_GT ? sign > 0
                           : sign >= 0;
}

static Value compare(Eval *e, AstOper op, Value a, Value b, Place place) {
    if (value_is_poison(a) || value_is_poison(b))
        return value_poison();
    Value x = operand(a), y = operand(b);
    bool tx = is_tensor(x), ty = is_tensor(y);
    if ((tx || ty) && (tx || value_is_number(x)) && (ty || value_is_number(y)))
        return compare_tensors(e, op, value_tensor_of(x), value_tensor_of(y), place);
    if (op == OPER_EQ || op == OPER_NE) {
        bool known, equal = value_equal(a, b, &known);
        if (!known)
            return FAIL(
                e, place, wrong_kind, "values that can be compared",
                arena_printf(e->arena, "%s and %s", value_kind_name(a), value_kind_name(b)));
        return value_bool(equal == (op == OPER_EQ));
    }
    /* an absent value is not less, not more */
    if (x.kind == VALUE_NONE || y.kind == VALUE_NONE)
        return value_bool(false);
    if (!value_is_number(x) || !value_is_number(y))
        return bad_operands(e, op, x, y, place);
    double p = value_number(x), q = value_number(y);
    if (p != p || q != q)
        return value_bool(false);
    if (x.kind == VALUE_INT && y.kind == VALUE_INT)
        return value_bool(
            order_holds(op, (x.u.integer > y.u.integer) - (x.u.integer < y.u.integer)));
    return value_bool(order_holds(op, (p > q) - (p < q)));
}

bool value_contains(Eval *e, Value x, Value set, Place place, bool *ok) {
    set = value_plain(set);
    if (set.kind == VALUE_ELEMENTS && !elements_list(e, set.u.elements, place, &set))
        set = value_poison();
    *ok = !value_is_poison(x) && !value_is_poison(set);
    if (!*ok)
        return false;
    int64_t n = value_length(set);
    Value plain = value_plain(x);
    if (n < 0) {
        *ok = false;
        REPORT(e, place, wrong_kind, "a range, list or set after `in`", value_kind_name(set));
        return false;
    }
    if (set.kind == VALUE_RANGE && set.u.range->is_int && plain.kind == VALUE_INT) {
        const ValueRange *r = set.u.range;
        int64_t off;
        return !__builtin_sub_overflow(plain.u.integer, r->lo, &off) && off % r->step == 0 &&
               off / r->step >= 0 && off / r->step < r->count;
    }
    if (n > EVAL_MAX_LOOP) {
        *ok = false;
        REPORT(e, place, too_large, "the range is too long to be searched");
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        bool known;
        if (value_equal(x, value_element(set, i), &known) && known)
            return true;
    }
    return false;
}

static Value ev_logic(Eval *e, Frame *f, const Ast *x) {
    bool a, b;
    if (!eval_bool(e, ev(e, f, x->a), x->a->place, "a condition", &a))
        return value_poison();
    if (a == (x->oper == OPER_OR))
        return value_bool(a);
    if (!eval_bool(e, ev(e, f, x->b), x->b->place, "a condition", &b))
        return value_poison();
    return value_bool(b);
}

/* a and b and c as a loop: the left spine is evaluated innermost first. */
static Value ev_logic_spine(Eval *e, Frame *f, const Ast *x) {
    size_t n;
    const Ast **spine = left_spine(e, x, &n);
    Value v = ev_logic(e, f, spine[0]);
    for (size_t i = 1; i < n; i++) {
        bool b;
        if (value_is_poison(v) || v.u.boolean == (x->oper == OPER_OR))
            break;
        v = eval_bool(e, ev(e, f, spine[i]->b), spine[i]->b->place, "a condition", &b)
                ? value_bool(b)
                : value_poison();
    }
    return v;
}

Value ev_binary(Eval *e, Frame *f, const Ast *x) {
    switch (x->oper) {
    case OPER_ADD:
    case OPER_SUB:
        return ev_sum(e, f, x);
    case OPER_OR:
    case OPER_AND:
        return ev_logic_spine(e, f, x);
    default:
        break;
    }
    Value a = ev(e, f, x->a), b = ev(e, f, x->b);
    switch (x->oper) {
    case OPER_EQ:
    case OPER_NE:
    case OPER_LT:
    case OPER_LE:
    case OPER_GT:
    case OPER_GE:
        return compare(e, x->oper, a, b, x->name_place);
    case OPER_IN: {
        bool ok, in = value_contains(e, a, b, x->b->place, &ok);
        return ok ? value_bool(in) : value_poison();
    }
    default:
        return arith(e, x->oper, a, b, x->name_place);
    }
}

Value ev_unary(Eval *e, Frame *f, const Ast *x) {
    Value a = ev(e, f, x->a);
    if (value_is_poison(a))
        return a;
    if (x->oper == OPER_NOT) {
        bool b;
        return eval_bool(e, a, x->a->place, "the operand of `not`", &b) ? value_bool(!b)
                                                                        : value_poison();
    }
    a = operand(a);
    if (is_tensor(a)) {
        Value t = value_tensor_of(a);
        return make_node(e, IR_OP_neg, &t, 1, NULL, x->place);
    }
    if (a.kind == VALUE_INT && a.u.integer == INT64_MIN)
        return overflow(e, x->place);
    if (a.kind == VALUE_INT)
        return value_int(-a.u.integer);
    if (a.kind == VALUE_DECIMAL)
        return value_decimal(-a.u.decimal);
    return bad_operands(e, OPER_NEG, a, a, x->place);
}

Value point_number(Eval *e, const Builtin *b, Value x, Place place) {
    if (x.kind == VALUE_INT) {
        if (strcmp(b->name, "abs") == 0)
            return x.u.integer == INT64_MIN ? overflow(e, place) : value_int(llabs(x.u.integer));
        if (strcmp(b->name, "sign") == 0)
            return value_int((x.u.integer > 0) - (x.u.integer < 0));
        if (strcmp(b->name, "floor") == 0)
            return x;
    }
    double y = b->number(value_number(x));
    if (strcmp(b->name, "floor") == 0 && fabs(y) < 0x1p53)
        return value_int((int64_t)y);
    return value_decimal(y);
}
