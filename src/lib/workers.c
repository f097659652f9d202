/* SPDX-License-Identifier: MIT */
#include "lib/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct workers {
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        const struct job_type *type;
        void *ctx;
        struct job *first;
        struct job *last;
        size_t queued;
        size_t queue_max;
        unsigned idle;
        unsigned stuck;
        bool quit;
        unsigned count;
        unsigned count_max;
        pthread_t threads[];
};

struct workers *workers_new(
        unsigned threads, size_t queue, const struct job_type *type, void *ctx)
{
        struct workers *workers;

        workers = calloc(1, sizeof(*workers) + threads * sizeof(pthread_t));
        if (workers == NULL)
                return NULL;
        workers->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        workers->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
        workers->type = type;
        workers->ctx = ctx;
        workers->queue_max = queue;
        workers->count_max = threads;
        return workers;
}

void workers_free(struct workers *workers)
{
        if (workers == NULL)
                return;
        pthread_mutex_lock(&workers->mutex);
        workers->quit = true;
        pthread_cond_broadcast(&workers->wake);
        pthread_mutex_unlock(&workers->mutex);
        for (unsigned n = 0; n < workers->count; n++)
                pthread_join(workers->threads[n], NULL);
        pthread_cond_destroy(&workers->wake);
        pthread_mutex_destroy(&workers->mutex);
        free(workers);
}

/* Waits for a job. Returns NULL when there is none left and none will come. */
static struct job *take(struct workers *workers)
{
        struct job *job;

        while (workers->first == NULL && !workers->quit) {
                workers->idle++;
                pthread_cond_wait(&workers->wake, &workers->mutex);
                workers->idle--;
        }
        job = workers->first;
        if (job != NULL) {
                workers->first = job->next;
                workers->queued--;
                job->running = true;
        }
        return job;
}

/* The thread is out of the job, which doesn't block others any more. */
static void leave(struct workers *workers, struct job *job)
{
        job->running = false;
        if (job->overrun)
                workers->stuck--;
}

static void *work(void *arg)
{
        struct workers *workers = arg;
        struct job *job;

        pthread_mutex_lock(&workers->mutex);
        while ((job = take(workers)) != NULL) {
                pthread_mutex_unlock(&workers->mutex);
                workers->type->run(job, workers->ctx);
                pthread_mutex_lock(&workers->mutex);
                leave(workers, job);
                pthread_mutex_unlock(&workers->mutex);
                workers->type->done(job);
                pthread_mutex_lock(&workers->mutex);
        }
        pthread_mutex_unlock(&workers->mutex);
        return NULL;
}

/*
 * Starts one more thread. Signals belong to the program's own threads: a
 * worker takes none. Returns 0 or a negative errno.
 */
static int start(struct workers *workers)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(
                &workers->threads[workers->count], NULL, work, workers);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        workers->count++;
        return 0;
}

static void enqueue(struct workers *workers, struct job *job)
{
        job->next = NULL;
        if (workers->first == NULL)
                workers->first = job;
        else
                workers->last->next = job;
        workers->last = job;
        workers->queued++;
}

/* Why no job can be taken now, or 0. May start a thread. */
static int admit(struct workers *workers)
{
        int r = 0;

        if (workers->queued >= workers->queue_max)
                return -ENOBUFS;
        if (workers->stuck == workers->count_max)
                return -EBUSY;
        if (workers->idle <= workers->queued &&
                workers->count < workers->count_max)
                r = start(workers);
        /* With other threads there, the job only waits a little longer. */
        return workers->count > 0 ? 0 : r;
}

int workers_submit(struct workers *workers, struct job *job)
{
        int r;

        pthread_mutex_lock(&workers->mutex);
        r = admit(workers);
        if (r == 0) {
                enqueue(workers, job);
                if (workers->queued <= workers->idle)
                        pthread_cond_signal(&workers->wake);
        }
        pthread_mutex_unlock(&workers->mutex);
        return r;
}

bool workers_overrun(struct workers *workers, struct job *job)
{
        bool running;

        pthread_mutex_lock(&workers->mutex);
        running = job->running;
        if (running && !job->overrun) {
                job->overrun = true;
                workers->stuck++;
        }
        pthread_mutex_unlock(&workers->mutex);
        return running;
}
