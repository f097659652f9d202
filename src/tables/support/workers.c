/* SPDX-License-Identifier: MIT */
#include "tables/support/workers.h"
#include "base/events.h"
#include "base/thread.h"
#include "tables/support/lookup_copy.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

/* A lookup on its way to a thread and back. */
struct job {
        struct post post; /* first: the way back */
        struct workers *workers;
        TAILQ_ENTRY(job) link;
        uint64_t number; /* in the order of asking; under the mutex */
        bool is_queued;  /* likewise */
        struct lookup_copy copy;
};

/*
 * Milliseconds until more threads share the lookups that wait; twice as many
 * each time that these still do, for then it is threads that hang: to look more
 * often would cost other maps time.
 */
#define OVERDUE_TIME 1
#define OVERDUE_TIME_MAX 16

/* Milliseconds for which a thread that has left a lookup to others takes none.
 */
#define ASIDE_TIME 1000

/* A thread's own. */
struct thread {
        void *state;
        bool is_begun;
        bool is_busy;    /* the state may keep something */
        uint64_t newest; /* the last job that was there before it did */
};

struct workers {
        struct post wakeup;    /* first: deferred while it is `is_told` */
        struct event *overdue; /* NULL: not needed yet */
        const struct workers_type *type;
        void *ctx;
        struct events *events;
        unsigned thread_limit, queue_limit;
        uint64_t idle_interval; /* 0: a state never ends for want of work */
        uint64_t overdue_time;  /* for the next look. Loop's thread */
        unsigned pending;       /* lookups. Likewise */
        bool is_told;           /* that wakeup is to run. Likewise */

        pthread_mutex_t mutex; /* for all that follows */
        pthread_cond_t work;   /* there is some, or none will come any more */
        pthread_cond_t end;    /* none will come */
        unsigned threads;      /* that exist */
        unsigned idle;         /* ... and wait, or have just begun */
        unsigned aside;        /* ... or take no work */
        unsigned queued;       /* jobs that wait */
        TAILQ_HEAD(job_list, job) jobs; /* ... these */
        uint64_t asked;                 /* how many ever */
        bool is_closed;

        void *own_state; /* for those who wait, on their own thread */
        bool has_own_state;
};

/* Tells as many threads as there is work for. Not with the mutex, which is what
 * they wait for next. */
static void wake_all(struct workers *workers)
{
        unsigned count;

        pthread_mutex_lock(&workers->mutex);
        count = workers->queued < workers->idle ? workers->queued
                                                : workers->idle;
        pthread_mutex_unlock(&workers->mutex);
        for (; count > 0; count--)
                pthread_cond_signal(&workers->work);
}

static void watch_jobs(struct workers *workers);

/* Lookups may wait behind a long one, and so may answers. */
static void look_after(void *ctx)
{
        struct workers *workers = ctx;

        wake_all(workers);
        if (workers->overdue_time < OVERDUE_TIME_MAX)
                workers->overdue_time *= 2;
        if (workers->pending > 1)
                watch_jobs(workers);
        events_look(workers->events); /* the last: it may close the table */
}

static void watch_jobs(struct workers *workers)
{
        if (workers->overdue == NULL)
                workers->overdue =
                        event_new(workers->events, NULL, look_after, workers);
        if (workers->overdue == NULL)
                wake_all(workers);
        else
                event_at(
                        workers->overdue, events_now() + workers->overdue_time);
}

/*
 * At the end of the loop's turn: a thread that is woken up may take the loop's
 * CPU at once, and would for each of the lookups that came together. One thread
 * is the fastest for lookups that are short; if they are not, others follow.
 */
static void wake_up(struct post *post)
{
        struct workers *workers = (struct workers *)post;
        bool is_sleeping;

        workers->is_told = false;
        workers->overdue_time = OVERDUE_TIME;
        pthread_mutex_lock(&workers->mutex);
        is_sleeping = workers->idle + workers->aside == workers->threads;
        pthread_mutex_unlock(&workers->mutex);
        if (is_sleeping)
                pthread_cond_signal(&workers->work);
        /* What keeps the others busy may have been cancelled. */
        if (workers->pending > 1 || !is_sleeping)
                watch_jobs(workers);
}

/* Its time is that of events_now. */
static void init_condition(pthread_cond_t *condition)
{
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(condition, &attributes);
        pthread_condattr_destroy(&attributes);
}

struct workers *workers_new(
        const struct table_env *env, const struct workers_type *type, void *ctx)
{
        struct workers *workers = calloc(1, sizeof(*workers));

        if (workers == NULL)
                return NULL;
        workers->wakeup.run = wake_up;
        workers->type = type;
        workers->ctx = ctx;
        workers->events = env->events != NULL ? events_ref(env->events) : NULL;
        workers->thread_limit = env->threads > 0 ? env->threads : 1;
        workers->queue_limit = env->queue > 0 ? env->queue : 1;
        TAILQ_INIT(&workers->jobs);
        pthread_mutex_init(&workers->mutex, NULL);
        init_condition(&workers->work);
        init_condition(&workers->end);
        return workers;
}

void workers_end_idle(struct workers *workers, uint64_t interval)
{
        workers->idle_interval = interval;
}

static void end_own_state(struct workers *workers)
{
        if (workers->has_own_state && workers->type->end != NULL)
                workers->type->end(workers->own_state);
        workers->has_own_state = false;
}

static void free_workers(struct workers *workers)
{
        end_own_state(workers);
        if (workers->type->free != NULL)
                workers->type->free(workers->ctx);
        if (workers->events != NULL)
                events_unref(workers->events);
        pthread_cond_destroy(&workers->end);
        pthread_cond_destroy(&workers->work);
        pthread_mutex_destroy(&workers->mutex);
        free(workers);
}

static void free_job(struct job *job)
{
        lookup_copy_fini(&job->copy);
        free(job);
}

/* Begins a thread's state where there is none yet. */
static bool has_state(struct workers *workers, void **state, bool *is_begun,
        struct lookup *lookup)
{
        struct reason reason;

        if (*is_begun || workers->type->begin == NULL)
                return true;
        *state = workers->type->begin(workers->ctx, &reason);
        *is_begun = *state != NULL;
        if (!*is_begun)
                lookup_failed(lookup, "%s", reason.text);
        return *is_begun;
}

/* Answers on the thread that asks. */
static enum progress run_here(struct workers *workers, struct lookup *lookup)
{
        if (!has_state(workers, &workers->own_state, &workers->has_own_state,
                    lookup))
                return LOOKUP_DONE;
        workers->type->run(workers->ctx, workers->own_state, lookup);
        if (workers->type->rest != NULL)
                workers->type->rest(workers->own_state);
        if (lookup->answer == ANSWER_NONE)
                lookup_failed(lookup, "it is left to other threads");
        return LOOKUP_DONE;
}

/* On the loop's thread. */
static void come_back(struct post *post)
{
        struct job *job = (struct job *)post;
        struct lookup *asking = job->copy.asking;

        if (asking != NULL) {
                job->workers->pending--;
                lookup_copy_answer(&job->copy);
        }
        free_job(job);
        if (asking != NULL)
                asking->finish(asking);
}

/* The mutex is locked, but not meanwhile. */
static void take_rest(struct workers *workers, struct thread *thread)
{
        thread->is_busy = false;
        if (!thread->is_begun || workers->type->rest == NULL)
                return;
        pthread_mutex_unlock(&workers->mutex);
        workers->type->rest(thread->state);
        pthread_mutex_lock(&workers->mutex);
}

/* The mutex is locked. */
static void take_job(struct workers *workers, struct job *job)
{
        TAILQ_REMOVE(&workers->jobs, job, link);
        job->is_queued = false;
        workers->queued--;
}

/*
 * Whether the state has to let go of what it keeps: nobody is to wait for that,
 * and no lookup is to be answered from what is older than itself.
 */
static bool needs_rest(
        const struct workers *workers, const struct thread *thread)
{
        const struct job *next = TAILQ_FIRST(&workers->jobs);

        return thread->is_busy &&
               (next == NULL || next->number > thread->newest);
}

/* The mutex is locked, but not meanwhile. */
static void end_state(struct workers *workers, struct thread *thread)
{
        if (!thread->is_begun)
                return;
        thread->is_begun = false;
        if (workers->type->end == NULL)
                return;
        pthread_mutex_unlock(&workers->mutex);
        workers->type->end(thread->state);
        pthread_mutex_lock(&workers->mutex);
}

/* The mutex is locked. Returns whether the time has come: UINT64_MAX: never. */
static bool wait_until(struct workers *workers, uint64_t time)
{
        struct timespec at = events_timespec(time);
        int error = 0;

        workers->idle++;
        if (time == UINT64_MAX)
                pthread_cond_wait(&workers->work, &workers->mutex);
        else
                error = pthread_cond_timedwait(
                        &workers->work, &workers->mutex, &at);
        workers->idle--;
        return error == ETIMEDOUT;
}

/* Takes the next job, or waits for one; NULL when none will come. */
static struct job *next_job(struct workers *workers, struct thread *thread)
{
        uint64_t idle_at = UINT64_MAX;
        struct job *job;

        if (needs_rest(workers, thread))
                take_rest(workers, thread);
        if (workers->idle_interval > 0 && thread->is_begun)
                idle_at = events_now() + workers->idle_interval;
        while (TAILQ_EMPTY(&workers->jobs) && !workers->is_closed) {
                if (!wait_until(workers, idle_at))
                        continue;
                end_state(workers, thread);
                idle_at = UINT64_MAX;
        }
        job = TAILQ_FIRST(&workers->jobs);
        if (job == NULL) /* it is closed */
                return NULL;
        take_job(workers, job);
        if (!thread->is_busy)
                thread->newest = workers->asked;
        thread->is_busy = true;
        return job;
}

static void run_job(
        struct workers *workers, struct job *job, struct thread *thread)
{
        if (events_now() >= job->copy.lookup.deadline)
                lookup_failed(&job->copy.lookup, "no thread had time for it");
        else if (has_state(workers, &thread->state, &thread->is_begun,
                         &job->copy.lookup))
                workers->type->run(
                        workers->ctx, thread->state, &job->copy.lookup);
}

/*
 * Sends an answer back. While there are more lookups, the loop is left asleep:
 * it would take this thread's CPU for each answer. Of a table that is closed
 * the events may have ended, and nobody waits for it. The mutex is locked.
 */
static void send_back(struct workers *workers, struct job *job)
{
        bool is_sent = TAILQ_EMPTY(&workers->jobs)
                               ? events_post(workers->events, &job->post)
                               : events_leave(workers->events, &job->post);

        if (!is_sent)
                free_job(job);
}

/*
 * Gives a job that is not answered to the next thread, and steps aside, for
 * that to be another one. The mutex is locked, but not meanwhile.
 */
static void leave_job(
        struct workers *workers, struct job *job, struct thread *thread)
{
        struct timespec at = events_timespec(events_now() + ASIDE_TIME);

        TAILQ_INSERT_HEAD(&workers->jobs, job, link);
        job->is_queued = true;
        workers->queued++;
        workers->aside++;
        if (workers->idle > 0)
                pthread_cond_signal(&workers->work);
        take_rest(workers, thread);
        while (!workers->is_closed &&
                pthread_cond_timedwait(&workers->end, &workers->mutex, &at) !=
                        ETIMEDOUT)
                ;
        workers->aside--;
}

static void *work(void *ctx)
{
        struct workers *workers = ctx;
        struct thread thread = {0};
        bool is_last;
        struct job *job;

        pthread_mutex_lock(&workers->mutex);
        workers->idle--; /* as which it has begun */
        while ((job = next_job(workers, &thread)) != NULL) {
                pthread_mutex_unlock(&workers->mutex);
                run_job(workers, job, &thread);
                pthread_mutex_lock(&workers->mutex);
                if (job->copy.lookup.answer == ANSWER_NONE &&
                        !workers->is_closed)
                        leave_job(workers, job, &thread);
                else
                        send_back(workers, job);
        }
        end_state(workers, &thread);
        is_last = --workers->threads == 0;
        pthread_mutex_unlock(&workers->mutex);
        if (is_last)
                free_workers(workers);
        return NULL;
}

/* Returns 0 or a negative errno. */
static int start_thread(struct workers *workers)
{
        int r = thread_start(work, workers);

        if (r < 0)
                return r;
        workers->threads++;
        workers->idle++;
        return 0;
}

static struct job *make_job(struct workers *workers, struct lookup *lookup)
{
        struct job *job = malloc(sizeof(*job));

        if (job == NULL)
                return NULL;
        job->workers = workers;
        job->post.run = come_back;
        job->is_queued = false;
        if (lookup_copy_init(&job->copy, lookup) == 0)
                return job;
        free(job);
        return NULL;
}

/* Returns 0, or why there is no room for it. The mutex is locked. */
static int put_job(struct workers *workers, struct job *job)
{
        int r = 0;

        if (workers->queued >= workers->idle &&
                workers->threads < workers->thread_limit)
                r = start_thread(workers);
        if (r < 0 && workers->threads == 0)
                return r;
        if (workers->queued >= workers->idle &&
                workers->queued - workers->idle >= workers->queue_limit)
                return -EBUSY;
        TAILQ_INSERT_TAIL(&workers->jobs, job, link);
        job->is_queued = true;
        job->number = ++workers->asked;
        workers->queued++;
        return 0;
}

enum progress workers_start(struct workers *workers, struct lookup *lookup)
{
        struct job *job;
        int r;

        if (lookup->finish == NULL)
                return run_here(workers, lookup);
        end_own_state(workers); /* it was but for a trial */
        job = make_job(workers, lookup);
        if (job == NULL)
                return lookup_failed(lookup, "out of memory");
        pthread_mutex_lock(&workers->mutex);
        r = put_job(workers, job);
        pthread_mutex_unlock(&workers->mutex);
        if (r == 0) {
                if (!workers->is_told)
                        events_defer(workers->events, &workers->wakeup);
                workers->is_told = true;
                workers->pending++;
                lookup->state = job;
                return LOOKUP_PENDING;
        }
        free_job(job);
        if (r == -EBUSY)
                return lookup_failed(lookup,
                        "all %u threads are busy, and %u lookups wait",
                        workers->thread_limit, workers->queue_limit);
        return lookup_failed(lookup, "no thread: %s", strerror(-r));
}

/* A job that no thread has yet must not keep one from others. */
void workers_cancel(struct workers *workers, struct lookup *lookup)
{
        struct job *job = lookup->state;
        bool is_queued;

        workers->pending--;
        job->copy.asking = NULL;
        lookup->state = NULL;
        pthread_mutex_lock(&workers->mutex);
        is_queued = job->is_queued;
        if (is_queued)
                take_job(workers, job);
        pthread_mutex_unlock(&workers->mutex);
        if (is_queued)
                free_job(job);
        /* For its sake the answer of another may have been left. */
        if (workers->pending > 0)
                watch_jobs(workers);
}

void workers_close(struct workers *workers)
{
        bool is_free;

        if (workers == NULL)
                return;
        if (workers->is_told)
                events_undefer(workers->events, &workers->wakeup);
        event_free(workers->overdue);
        pthread_mutex_lock(&workers->mutex);
        workers->is_closed = true;
        is_free = workers->threads == 0;
        pthread_cond_broadcast(&workers->work);
        pthread_cond_broadcast(&workers->end);
        pthread_mutex_unlock(&workers->mutex);
        if (is_free)
                free_workers(workers);
}
