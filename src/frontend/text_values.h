/* Texts of tables as values. */
#ifndef NASC_FRONTEND_TEXT_VALUES_H
#define NASC_FRONTEND_TEXT_VALUES_H

#include "frontend/value.h"

/* A JSON text as a value in the arena; false with a problem in words if it is none, repeats a key, holds a
 * number beyond 64 bits or is nested too deeply. */
bool value_of_json(Arena *a, const char *text, size_t len, Value *out, Buf *problem);

/* A finite number with nothing but blanks around it. */
bool text_number(const char *text, double *out);

#endif
