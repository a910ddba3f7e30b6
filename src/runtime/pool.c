#include "runtime/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"

typedef struct Pool {
    const PoolJob *job;
    pthread_mutex_t lock;
    size_t next, finished;
    double busy; /* seconds of processor, of the workers that ended */
    bool stop;
    NascError err;
} Pool;

typedef struct Worker {
    Pool *pool;
    int number;
} Worker;

/* The stack of a worker: the evaluator recurses along a program's nesting (its depth is bounded).
 */
enum { WORKER_STACK = 64 << 20 };

static bool take(Pool *p, size_t *item) {
    pthread_mutex_lock(&p->lock);
    bool go = !p->stop && p->next < p->job->nitems && !(p->job->interrupt && *p->job->interrupt);
    if (go)
        *item = p->next++;
    pthread_mutex_unlock(&p->lock);
    return go;
}

static void *worker_main(void *arg) {
    Worker *w = arg;
    Pool *p = w->pool;
    for (size_t item; take(p, &item);) {
        NascError err = {0};
        bool ok = p->job->work(p->job->user, w->number, item, &err);
        pthread_mutex_lock(&p->lock);
        if (ok) {
            p->finished++;
            if (p->job->done)
                p->job->done(p->job->user, p->finished, item);
        } else {
            p->stop = true;
            nasc_fail(&p->err, err.status, "%s", err.message);
        }
        pthread_mutex_unlock(&p->lock);
    }
    pthread_mutex_lock(&p->lock);
    p->busy += clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

size_t pool_run(const PoolJob *job, NascError *err) {
    Pool p = {.job = job};
    double begin = clock_seconds(CLOCK_MONOTONIC);
    pthread_mutex_init(&p.lock, NULL);
    size_t n = MIN((size_t)MAX(job->workers, 1), MAX(job->nitems, 1));
    Worker *workers = nasc_alloc(n * sizeof *workers);
    pthread_t *threads = nasc_alloc(n * sizeof *threads);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    size_t started = 0;
    for (; started < n; started++) {
        workers[started] = (Worker){&p, (int)started};
        if (pthread_create(&threads[started], &attr, worker_main, &workers[started]) != 0)
            break;
    }
    if (started == 0)
        nasc_fail(&p.err, NASC_ENVIRONMENT, "cannot start a thread");
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (job->waiting)
        *job->waiting +=
            MAX((clock_seconds(CLOCK_MONOTONIC) - begin) * MAX(job->workers, 1) - p.busy, 0);
    pthread_attr_destroy(&attr);
    pthread_mutex_destroy(&p.lock);
    free(workers);
    free(threads);
    if (p.err.message[0])
        nasc_fail(err, p.err.status, "%s", p.err.message);
    return p.finished;
}

int pool_default_workers(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return MAX(CPU_COUNT(&set), 1);
}
