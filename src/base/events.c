/* SPDX-License-Identifier: MIT */
#include "base/events.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

/* Each has a reference until it is closed. */
#define HANDLES 3

struct events {
        atomic_uint references;
        atomic_bool has_ceased;
        uv_loop_t *loop;
        uv_async_t wakeup; /* there are posts */
        uv_check_t end_of_turn;
        uv_idle_t no_wait; /* for descriptors, while something is deferred */
        struct post *deferred;
        LIST_HEAD(ending_list, ending) endings;
        pthread_mutex_t mutex;
        struct post *first; /* ... under the mutex */
        struct post **end;
        bool is_woken; /* likewise: the loop is told of them */
        bool is_ended; /* likewise */
};

struct event {
        struct events *events;
        void (*ready)(void *ctx, unsigned what);
        void (*due)(void *ctx);
        void *ctx;
        uv_timer_t timer;
        uv_poll_t *poll; /* of the descriptor `fd`, or NULL */
        int fd;
};

uint64_t events_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct timespec events_timespec(uint64_t time)
{
        return (struct timespec){.tv_sec = (time_t)(time / 1000),
                .tv_nsec = (long)(time % 1000) * 1000000};
}

static struct post *take_posts(struct events *events)
{
        struct post *first;

        pthread_mutex_lock(&events->mutex);
        first = events->first;
        events->first = NULL;
        events->end = &events->first;
        events->is_woken = false;
        pthread_mutex_unlock(&events->mutex);
        return first;
}

/* Those that come meanwhile have their turn, too. */
static void run_posts(struct events *events)
{
        struct post *post = take_posts(events);

        while (post != NULL) {
                struct post *next = post->next; /* run may free it */

                post->run(post);
                post = next != NULL ? next : take_posts(events);
        }
}

static void wake_up(uv_async_t *wakeup)
{
        run_posts(wakeup->data);
}

static void run_deferred(uv_check_t *end_of_turn)
{
        struct events *events = end_of_turn->data;

        uv_check_stop(&events->end_of_turn);
        uv_idle_stop(&events->no_wait);
        while (events->deferred != NULL) {
                struct post *post = events->deferred;

                events->deferred = post->next;
                post->run(post);
        }
}

/* The loop would wait for descriptors without it. */
static void do_nothing(uv_idle_t *no_wait)
{
        (void)no_wait;
}

void events_defer(struct events *events, struct post *post)
{
        if (events->deferred == NULL) {
                uv_check_start(&events->end_of_turn, run_deferred);
                uv_idle_start(&events->no_wait, do_nothing);
        }
        post->next = events->deferred;
        events->deferred = post;
}

void events_undefer(struct events *events, struct post *post)
{
        struct post **at = &events->deferred;

        while (*at != NULL && *at != post)
                at = &(*at)->next;
        if (*at != NULL)
                *at = post->next;
}

struct events *events_new(struct uv_loop_s *loop)
{
        struct events *events = calloc(1, sizeof(*events));

        if (events == NULL)
                return NULL;
        atomic_init(&events->references, HANDLES);
        if (uv_async_init(loop, &events->wakeup, wake_up) < 0) {
                free(events);
                return NULL;
        }
        uv_check_init(loop, &events->end_of_turn);
        uv_idle_init(loop, &events->no_wait);
        uv_unref((uv_handle_t *)&events->wakeup);
        uv_unref((uv_handle_t *)&events->end_of_turn);
        uv_unref((uv_handle_t *)&events->no_wait);
        events->wakeup.data = events;
        events->end_of_turn.data = events;
        events->no_wait.data = events;
        events->loop = loop;
        events->end = &events->first;
        LIST_INIT(&events->endings);
        pthread_mutex_init(&events->mutex, NULL);
        return events;
}

void events_cease(struct events *events)
{
        atomic_store(&events->has_ceased, true);
}

bool events_have_ceased(const struct events *events)
{
        return atomic_load(&events->has_ceased);
}

struct events *events_ref(struct events *events)
{
        atomic_fetch_add(&events->references, 1);
        return events;
}

void events_unref(struct events *events)
{
        if (atomic_fetch_sub(&events->references, 1) != 1)
                return;
        pthread_mutex_destroy(&events->mutex);
        free(events);
}

static void on_closed(uv_handle_t *handle)
{
        events_unref(handle->data);
}

/* Takes no more posts, unless there are some. Returns whether it has ended. */
static bool end_posts(struct events *events)
{
        bool is_ended;

        pthread_mutex_lock(&events->mutex);
        is_ended = events->first == NULL;
        events->is_ended = is_ended;
        pthread_mutex_unlock(&events->mutex);
        return is_ended;
}

void events_at_end(struct events *events, struct ending *ending)
{
        LIST_INSERT_HEAD(&events->endings, ending, link);
}

void ending_take_back(struct ending *ending)
{
        LIST_REMOVE(ending, link);
}

static void run_endings(struct events *events)
{
        struct ending *ending;

        while ((ending = LIST_FIRST(&events->endings)) != NULL)
                ending->run(ending);
}

void events_free(struct events *events)
{
        if (events == NULL)
                return;
        do {
                run_endings(events);
                run_posts(events);
                run_endings(events); /* of what has begun to end only then */
        } while (!end_posts(events));
        uv_close((uv_handle_t *)&events->wakeup, on_closed);
        uv_close((uv_handle_t *)&events->end_of_turn, on_closed);
        uv_close((uv_handle_t *)&events->no_wait, on_closed);
}

/* The mutex is locked. */
static void wake_loop(struct events *events)
{
        if (!events->is_woken)
                uv_async_send(&events->wakeup);
        events->is_woken = true;
}

static bool add_post(struct events *events, struct post *post, bool wakes)
{
        bool is_ended;

        post->next = NULL;
        pthread_mutex_lock(&events->mutex);
        is_ended = events->is_ended;
        if (!is_ended) {
                *events->end = post;
                events->end = &post->next;
        }
        if (!is_ended && wakes)
                wake_loop(events);
        pthread_mutex_unlock(&events->mutex);
        return !is_ended;
}

bool events_post(struct events *events, struct post *post)
{
        return add_post(events, post, true);
}

bool events_leave(struct events *events, struct post *post)
{
        return add_post(events, post, false);
}

void events_wake(struct events *events)
{
        pthread_mutex_lock(&events->mutex);
        if (!events->is_ended)
                wake_loop(events);
        pthread_mutex_unlock(&events->mutex);
}

void events_look(struct events *events)
{
        run_posts(events);
}

static void on_due(uv_timer_t *timer)
{
        struct event *event = timer->data;

        event->due(event->ctx);
}

struct event *event_new(struct events *events,
        void (*ready)(void *ctx, unsigned what), void (*due)(void *ctx),
        void *ctx)
{
        struct event *event = calloc(1, sizeof(*event));

        if (event == NULL)
                return NULL;
        event->events = events;
        event->ready = ready;
        event->due = due;
        event->ctx = ctx;
        event->timer.data = event;
        uv_timer_init(events->loop, &event->timer);
        return event;
}

static void on_ready(uv_poll_t *poll, int status, int what)
{
        struct event *event = poll->data;
        unsigned ready = 0;

        if (status < 0)
                ready = EVENT_READ | EVENT_WRITE;
        if ((what & (UV_READABLE | UV_DISCONNECT)) != 0)
                ready |= EVENT_READ;
        if ((what & UV_WRITABLE) != 0)
                ready |= EVENT_WRITE;
        event->ready(event->ctx, ready);
}

static void free_poll(uv_handle_t *handle)
{
        free((uv_poll_t *)handle);
}

/* Lets go of the descriptor: its number may be another's soon. */
static void drop_poll(struct event *event)
{
        if (event->poll == NULL)
                return;
        uv_close((uv_handle_t *)event->poll, free_poll);
        event->poll = NULL;
}

static int make_poll(struct event *event, int fd)
{
        int r;

        event->poll = malloc(sizeof(*event->poll));
        if (event->poll == NULL)
                return UV_ENOMEM;
        r = uv_poll_init(event->events->loop, event->poll, fd);
        if (r < 0) {
                free(event->poll);
                event->poll = NULL;
                return r;
        }
        event->poll->data = event;
        event->fd = fd;
        return 0;
}

int event_watch(struct event *event, int fd, unsigned what)
{
        int wanted = UV_DISCONNECT, r = 0;

        if (what == 0 || (event->poll != NULL && event->fd != fd))
                drop_poll(event);
        if (what == 0)
                return 0;
        if (event->poll == NULL)
                r = make_poll(event, fd);
        if (r < 0)
                return r;
        if ((what & EVENT_READ) != 0)
                wanted |= UV_READABLE;
        if ((what & EVENT_WRITE) != 0)
                wanted |= UV_WRITABLE;
        return uv_poll_start(event->poll, wanted, on_ready);
}

/* The timer counts from the loop's time, which is that of its last turn. */
void event_at(struct event *event, uint64_t time)
{
        uint64_t now = events_now();

        if (time == UINT64_MAX) {
                uv_timer_stop(&event->timer);
                return;
        }
        uv_update_time(event->events->loop);
        uv_timer_start(&event->timer, on_due, time > now ? time - now : 0, 0);
}

static void free_event(uv_handle_t *handle)
{
        free(handle->data);
}

void event_free(struct event *event)
{
        if (event == NULL)
                return;
        drop_poll(event);
        uv_close((uv_handle_t *)&event->timer, free_event);
}
