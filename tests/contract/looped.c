/* SPDX-License-Identifier: MIT */
#include "looped.h"
#include "base/events.h"
#include "base/thread.h"
#include <assert.h>
#include <stdio.h>
#include <uv.h>

/* Milliseconds for threads to end in: that of a pattern may never do. */
#define PATIENCE 10000

static uv_loop_t loop;
static struct events *events;

unsigned looped_queue = 100;

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        printf("# %s\n", line);
}

static struct report report = {.say = say};

struct table *looped_open(
        const char *spec, unsigned threads, struct reason *ret_reason)
{
        struct table_env env = {
                .report = &report, .threads = threads, .queue = looped_queue};

        if (events == NULL) {
                uv_loop_init(&loop);
                events = events_new(&loop);
                assert(events != NULL);
        }
        env.events = events;
        return table_open(&env, spec, ret_reason);
}

static void finish(struct lookup *lookup)
{
        struct asked *asked = (struct asked *)lookup;

        assert(!asked->is_finished);
        asked->is_finished = true;
        uv_stop(&loop); /* which else may go on to wait */
}

enum progress asked_start(struct asked *asked, struct table *table,
        struct span key, unsigned milliseconds)
{
        *asked = (struct asked){.lookup = {.key = key,
                                        .deadline = UINT64_MAX,
                                        .arena = &asked->arena,
                                        .finish = finish}};
        if (milliseconds > 0)
                asked->lookup.deadline = events_now() + milliseconds;
        arena_init(&asked->arena, NULL, 0, (size_t)1024 * 1024);
        return table_start(table, &asked->lookup);
}

/* Only to keep the loop waiting, which the events don't. */
static void do_nothing(uv_timer_t *timer)
{
        (void)timer;
}

void asked_wait(struct asked *asked)
{
        uv_timer_t timer;

        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, do_nothing, 1000, 1000);
        while (!asked->is_finished)
                uv_run(&loop, UV_RUN_ONCE);
        uv_close((uv_handle_t *)&timer, NULL);
        uv_run(&loop, UV_RUN_NOWAIT);
}

void looped_turn(void)
{
        uv_run(&loop, UV_RUN_NOWAIT);
}

void asked_fini(struct asked *asked)
{
        arena_fini(&asked->arena);
}

void looped_end(void)
{
        events_free(events);
        events = NULL;
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        threads_join(PATIENCE);
}
