/* A pool of workers over numbered items: each item is done once by one worker, in any order;
 * results must not depend on which. */
#ifndef NASC_RUNTIME_POOL_H
#define NASC_RUNTIME_POOL_H

#include "base/base.h"

typedef struct PoolJob {
    size_t nitems;
    int workers; /* >= 1 */
    /* Does item `item`; false stops the pool after what is in flight (an environment failure in
     * err). */
    bool (*work)(void *user, int worker, size_t item, NascError *err);
    /* Called after each item, one at a time; may be NULL. */
    void (*done)(void *user, size_t finished, size_t item);
    void *user;
    /* Set from outside (a signal handler): no further item is begun. May be NULL. */
    const volatile int *interrupt;
    /* Added to: seconds in which workers computed nothing, for each that was asked for: no item left, a lock, a
     * processor that others have. May be NULL. */
    double *waiting;
} PoolJob;

/* Returns how many items were finished; err says why the pool stopped early, if an item failed. */
size_t pool_run(const PoolJob *job, NascError *err);
/* Processors this process may run on. */
int pool_default_workers(void);

#endif
