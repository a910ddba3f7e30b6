/* How many seeded cases a kernel test draws: the few of `make check`, or NASC_CASES times as many,
 * which is the sweep of `make check-kernels`. A longer run repeats the cases of a shorter one. */
#ifndef NASC_TEST_CASE_COUNT_H
#define NASC_TEST_CASE_COUNT_H

#include <stdlib.h>

static inline int case_count(int few) {
    const char *times = getenv("NASC_CASES");
    return times && atoi(times) > 0 ? few * atoi(times) : few;
}

#endif
