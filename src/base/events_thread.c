/* SPDX-License-Identifier: MIT */
#include "base/events_thread.h"
#include "base/thread.h"
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

struct events_thread {
        struct events *events;
        uv_loop_t loop;
        uv_async_t stop;
        struct post *last; /* set before `stop` is sent */
};

static void on_stop(uv_async_t *stop)
{
        uv_stop(stop->loop);
}

/* What is closed is let go of by the loop. */
static void close_loop(struct events_thread *thread)
{
        events_free(thread->events);
        uv_close((uv_handle_t *)&thread->stop, NULL);
        uv_run(&thread->loop, UV_RUN_DEFAULT);
        uv_loop_close(&thread->loop);
}

/* Returns 0 or a negative errno. */
static int open_loop(struct events_thread *thread)
{
        int r = uv_loop_init(&thread->loop);

        if (r < 0)
                return r;
        r = uv_async_init(&thread->loop, &thread->stop, on_stop);
        if (r < 0) {
                uv_loop_close(&thread->loop);
                return r;
        }
        thread->events = events_new(&thread->loop);
        if (thread->events != NULL)
                return 0;
        close_loop(thread);
        return -ENOMEM;
}

static void *run(void *ctx)
{
        struct events_thread *thread = ctx;

        uv_run(&thread->loop, UV_RUN_DEFAULT);
        events_look(thread->events);
        thread->last->run(thread->last);
        close_loop(thread);
        free(thread);
        return NULL;
}

int events_thread_start(struct events_thread **ret_thread)
{
        struct events_thread *thread = calloc(1, sizeof(*thread));
        int r;

        if (thread == NULL)
                return -ENOMEM;
        r = open_loop(thread);
        if (r == 0) {
                r = thread_start(run, thread);
                if (r == 0) {
                        *ret_thread = thread;
                        return 0;
                }
                close_loop(thread);
        }
        free(thread);
        return r;
}

struct events *events_thread_events(struct events_thread *thread)
{
        return thread->events;
}

void events_thread_end(struct events_thread *thread, struct post *last)
{
        thread->last = last;
        uv_async_send(&thread->stop);
}
