/* SPDX-License-Identifier: MIT */
#include "tables/support/aside.h"
#include "base/events_thread.h"
#include "tables/support/lookup_copy.h"
#include <pthread.h>
#include <stdlib.h>

/*
 * A lookup on its way there and back. One that is cancelled in time does not
 * come back: its `stop` is the last that happens to it.
 */
struct job {
        struct post post; /* first: the ways there and back */
        struct post stop;
        struct aside *aside;
        bool is_back; /* finished, and posted to the asker; under the mutex */
        bool is_cancelled; /* `stop` is posted; likewise */
        struct lookup_copy copy;
};

/*
 * To wake a thread up costs more than all else on the way, and most lookups and
 * answers come with others: so many, or those of one turn of the loop, share
 * that. More would leave one of the threads without work.
 */
#define BATCH 8

/* One of the two ways. For the thread that sends. */
struct way {
        struct post wakeup; /* first: deferred while there are some */
        struct events *from, *to;
        unsigned left;
};

struct aside {
        struct post last; /* first */
        const struct aside_type *type;
        void *ctx;
        struct way there, back;
        struct events_thread *thread; /* NULL: no lookup yet */
        pthread_mutex_t mutex;        /* for what jobs have under it */
};

static void wake_up(struct post *wakeup)
{
        struct way *way = (struct way *)wakeup;

        way->left = 0;
        events_wake(way->to);
}

static void send_off(struct way *way, struct post *post)
{
        events_leave(way->to, post);
        if (++way->left == 1) {
                events_defer(way->from, &way->wakeup);
        } else if (way->left == BATCH) {
                events_undefer(way->from, &way->wakeup);
                wake_up(&way->wakeup);
        }
}

struct aside *aside_new(
        const struct table_env *env, const struct aside_type *type, void *ctx)
{
        struct aside *aside = calloc(1, sizeof(*aside));

        if (aside == NULL)
                return NULL;
        aside->type = type;
        aside->ctx = ctx;
        aside->there = (struct way){
                .wakeup.run = wake_up, .from = events_ref(env->events)};
        aside->back = (struct way){.wakeup.run = wake_up, .to = env->events};
        pthread_mutex_init(&aside->mutex, NULL);
        return aside;
}

static void free_aside(struct post *last)
{
        struct aside *aside = (struct aside *)last;

        if (aside->back.from != NULL)
                events_undefer(aside->back.from, &aside->back.wakeup);
        aside->type->end(aside->ctx);
        events_unref(aside->back.to);
        pthread_mutex_destroy(&aside->mutex);
        free(aside);
}

static void free_job(struct job *job)
{
        lookup_copy_fini(&job->copy);
        free(job);
}

/* On the asker's thread. */
static void come_back(struct post *post)
{
        struct job *job = (struct job *)post;
        struct lookup *asking = job->copy.asking;

        if (asking != NULL)
                lookup_copy_answer(&job->copy);
        free_job(job);
        if (asking != NULL)
                asking->finish(asking);
}

/* On the table's thread. */
static void finish(struct lookup *lookup)
{
        struct job *job = lookup->owner;
        struct aside *aside = job->aside;

        pthread_mutex_lock(&aside->mutex);
        job->is_back = true;
        if (!job->is_cancelled) {
                job->post.run = come_back;
                send_off(&aside->back, &job->post);
        }
        pthread_mutex_unlock(&aside->mutex);
}

/* On the table's thread. */
static void begin(struct post *post)
{
        struct job *job = (struct job *)post;
        struct aside *aside = job->aside;
        struct lookup *lookup = &job->copy.lookup;

        if (aside->type->start(aside->ctx, lookup) == LOOKUP_DONE)
                finish(lookup);
}

/* On the table's thread. */
static void stop(struct post *post)
{
        struct job *job =
                (struct job *)((char *)post - offsetof(struct job, stop));
        struct aside *aside = job->aside;

        if (!job->is_back)
                aside->type->cancel(aside->ctx, &job->copy.lookup);
        free_job(job);
}

static struct job *make_job(struct aside *aside, struct lookup *lookup)
{
        struct job *job = malloc(sizeof(*job));

        if (job == NULL)
                return NULL;
        job->post.run = begin;
        job->stop.run = stop;
        job->aside = aside;
        job->is_back = false;
        job->is_cancelled = false;
        if (lookup_copy_init(&job->copy, lookup) < 0) {
                free(job);
                return NULL;
        }
        job->copy.lookup.finish = finish;
        job->copy.lookup.owner = job;
        return job;
}

/* Returns 0 or a negative errno. */
static int start_thread(struct aside *aside)
{
        int r = events_thread_start(&aside->thread);

        if (r < 0)
                return r;
        aside->there.to = events_thread_events(aside->thread);
        aside->back.from = aside->there.to;
        aside->type->begin(aside->ctx, aside->there.to);
        return 0;
}

enum progress aside_start(struct aside *aside, struct lookup *lookup)
{
        struct job *job;
        int r = aside->thread == NULL ? start_thread(aside) : 0;

        if (r < 0)
                return lookup_failed(lookup, "no thread: %s", strerror(-r));
        job = make_job(aside, lookup);
        if (job == NULL)
                return lookup_failed(lookup, "out of memory");
        lookup->state = job;
        send_off(&aside->there, &job->post);
        return LOOKUP_PENDING;
}

void aside_cancel(struct aside *aside, struct lookup *lookup)
{
        struct job *job = lookup->state;

        lookup->state = NULL;
        job->copy.asking = NULL;
        pthread_mutex_lock(&aside->mutex);
        job->is_cancelled = !job->is_back;
        if (job->is_cancelled)
                events_post(aside->there.to, &job->stop);
        pthread_mutex_unlock(&aside->mutex);
}

void aside_close(struct aside *aside)
{
        if (aside == NULL)
                return;
        events_undefer(aside->there.from, &aside->there.wakeup);
        aside->last.run = free_aside;
        if (aside->thread == NULL)
                free_aside(&aside->last);
        else
                events_thread_end(aside->thread, &aside->last);
}
