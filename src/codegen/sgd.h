/* Steps of the optimizer, for its own kernel and for weight gradients that update their weights row by row, while
 * each row of the gradient is in the cache: a pass over memory less for the gradient than to write and to read it. */
#ifndef NASC_CODEGEN_SGD_H
#define NASC_CODEGEN_SGD_H

#include "codegen/emit.h"
#include "codegen/kernel_args.h"

typedef struct Sgd {
    bool decays;
    Value lr, momentum, decay; /* floats */
} Sgd;

/* The three settings as arguments from number `first` on. */
Sgd sgd_open(Emit *e, bool decays, int first);
/* The weight after the step, and the momentum: floats or vectors of them. */
Value sgd_step(Emit *e, const Sgd *s, Value weight, Value gradient, Value *moving);

/* A weight gradient's side of an update: rows are output channels. */
typedef struct SgdRows {
    UpdateKind kind;
    Sgd sgd;
    Value weight, moving, gradient; /* of all rows; of the rows at work */
    Value row;                      /* bytes */
} SgdRows;

/* From the arguments `first` + UpdateArg; `weight`: of row 0. */
SgdRows sgd_rows_open(Emit *e, UpdateKind kind, int first, Value weight, Value row);
/* Where row 0 of the gradient would lie for row `at` to lie at the beginning of the rows at work, or
 * `weight` if there is no update and the gradient goes there. */
Value sgd_rows_place(Emit *e, const SgdRows *s, Value at);
/* Updates `count` rows from `at` on by the rows at work. Nothing if there is no update. */
void sgd_rows_update(Emit *e, const SgdRows *s, Value at, Value count);
/* Asks for what an update of `bytes` of a row reads, from `offset` bytes after its beginning on. */
void sgd_rows_ask(Emit *e, const SgdRows *s, Value row, Value offset, int64_t bytes);

#endif
