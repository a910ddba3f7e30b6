/* Seconds of a clock, for reports and progress: no result depends on one. */
#ifndef NASC_BASE_CLOCK_H
#define NASC_BASE_CLOCK_H

#include <time.h>

/* As clock_gettime: CLOCK_MONOTONIC, or processor time of this process or thread. */
double clock_seconds(clockid_t clock);

#endif
