/* One function for each row of builtins.def; a row without its function does not link. */
#ifndef NASC_FRONTEND_BUILTINS_H
#define NASC_FRONTEND_BUILTINS_H

#include "frontend/eval_impl.h"

#define DECLARE_LAYER(name)  BuiltinLayer layer_##name;
#define DECLARE_POINT(name)  double point_##name(double x);
#define DECLARE_TENSOR(name) BuiltinFunction tensor_##name;
#define DECLARE_VALUE(name)  BuiltinFunction value_##name;
#define DECLARE_NUMBER(name)
#define DECLARE_RULE(name)
#define DECLARE_SOURCE(name)
#define BUILTIN(name, group, min, max, spec) DECLARE_##group(name)
#define AGGREGATE(name, min, max, spec)
#include "frontend/builtins.def"
#undef BUILTIN
#undef AGGREGATE

/* The axes and sizes of the further named arguments of a call: n: 16, c: 8. */
bool named_sizes(Eval *e, const Call *c, IrType *out);

/* The aggregates as functions: of a list, of several values, or of a tensor over axes. */
BuiltinFunction aggregate_call;

#endif
