/* SPDX-License-Identifier: MIT */
/*
 * Threads that run the lookups of one map that may block. They are started
 * when they are needed, and know nothing of requests: a job is part of
 * whatever its run function makes of it.
 */
#ifndef LIB_WORKERS_H
#define LIB_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

/* A zeroed job is a new one. Guarded by the workers it was submitted to. */
struct job {
        struct job *next;
        bool running;
        bool overrun;
};

/*
 * What is done with every job that was submitted, on one of the threads: run,
 * then done, which may free the job.
 */
struct job_type {
        void (*run)(struct job *job, void *ctx);
        void (*done)(struct job *job);
};

struct workers;

/*
 * Creates workers of up to `threads` threads, with at most `queue` jobs waiting
 * for one. type and ctx are borrowed until they are freed. NULL: no memory.
 */
struct workers *workers_new(
        unsigned threads, size_t queue, const struct job_type *type, void *ctx);

/*
 * Lets the threads run what is waiting, waits for them, and frees everything.
 * NULL does nothing.
 */
void workers_free(struct workers *workers);

/*
 * Returns 0; -ENOBUFS when the queue is full; -EBUSY when every thread is
 * stuck in an overrun job; or the error of starting the first thread.
 */
int workers_submit(struct workers *workers, struct job *job);

/*
 * Says that the job's time is over. Returns true when a thread is in it, which
 * counts as stuck from now on, until it comes back.
 */
bool workers_overrun(struct workers *workers, struct job *job);

#endif
