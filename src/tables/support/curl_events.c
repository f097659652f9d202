/* SPDX-License-Identifier: MIT */
#include "tables/support/curl_events.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Sockets that are looked at in one turn of the loop. */
#define BATCH 64

struct curl_events {
        CURLM *multi;
        int epoll;           /* of all sockets that libcurl waits for */
        struct event *event; /* for that, and for libcurl's timer */
        uint64_t due;        /* libcurl's timer; UINT64_MAX: none */
        uint64_t wakes;      /* the event's, not later than that */
        bool is_adding;      /* the timer is set afterwards */
        size_t count;        /* of requests */
        void (*active)(void *ctx, struct curl_events *curl_events);
        void *ctx;
};

/* One that wakes too early is cheaper than to set it for each request. */
static void wake_in_time(struct curl_events *curl_events)
{
        if (curl_events->due >= curl_events->wakes)
                return;
        curl_events->wakes = curl_events->due;
        event_at(curl_events->event, curl_events->wakes);
}

static void on_due(void *ctx)
{
        struct curl_events *curl_events = ctx;
        int running;

        curl_events->wakes = UINT64_MAX;
        if (events_now() < curl_events->due) {
                wake_in_time(curl_events);
                return;
        }
        curl_multi_socket_action(
                curl_events->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        curl_events->active(curl_events->ctx, curl_events);
}

/* An error of a socket is for both: libcurl will meet it. */
static int mask_of(uint32_t ready)
{
        int mask = 0;

        if ((ready & ~(uint32_t)EPOLLOUT) != 0)
                mask |= CURL_CSELECT_IN;
        if ((ready & ~(uint32_t)(EPOLLIN | EPOLLRDHUP)) != 0)
                mask |= CURL_CSELECT_OUT;
        return mask;
}

static void on_ready(void *ctx, unsigned what)
{
        struct curl_events *curl_events = ctx;
        struct epoll_event ready[BATCH];
        int count = epoll_wait(curl_events->epoll, ready, BATCH, 0), running;

        (void)what;
        for (int i = 0; i < count; i++)
                curl_multi_socket_action(curl_events->multi, ready[i].data.fd,
                        mask_of(ready[i].events), &running);
        curl_events->active(curl_events->ctx, curl_events);
}

static int set_timer(CURLM *multi, long milliseconds, void *ctx)
{
        struct curl_events *curl_events = ctx;

        (void)multi;
        curl_events->due = milliseconds < 0
                                   ? UINT64_MAX
                                   : events_now() + (uint64_t)milliseconds;
        if (!curl_events->is_adding)
                wake_in_time(curl_events);
        return 0;
}

/*
 * What cannot be watched for want of memory is not told: libcurl would have
 * nothing to do with any socket any more. Its request ends by its deadline.
 */
static int watch_socket(
        CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
        const struct curl_events *curl_events = ctx;
        struct epoll_event wanted = {.data.fd = fd};

        (void)curl;
        (void)socket_ctx;
        if (what == CURL_POLL_REMOVE) {
                epoll_ctl(curl_events->epoll, EPOLL_CTL_DEL, fd, NULL);
                return 0;
        }
        if ((what & CURL_POLL_IN) != 0)
                wanted.events |= EPOLLIN | EPOLLRDHUP;
        if ((what & CURL_POLL_OUT) != 0)
                wanted.events |= EPOLLOUT;
        if (epoll_ctl(curl_events->epoll, EPOLL_CTL_ADD, fd, &wanted) < 0)
                epoll_ctl(curl_events->epoll, EPOLL_CTL_MOD, fd, &wanted);
        return 0;
}

static bool set_options(struct curl_events *curl_events, unsigned connections)
{
        CURLM *multi = curl_events->multi;

        return curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                       (long)connections) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                       watch_socket) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl_events) ==
                       CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) ==
                       CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl_events) ==
                       CURLM_OK;
}

/* Returns 0 or a negative errno. */
static int open_parts(struct curl_events *curl_events, struct events *events,
        unsigned connections)
{
        curl_events->event = event_new(events, on_ready, on_due, curl_events);
        if (curl_events->event == NULL)
                return -ENOMEM;
        curl_events->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (curl_events->epoll < 0)
                return -errno;
        curl_events->multi = curl_multi_init();
        if (curl_events->multi == NULL ||
                !set_options(curl_events, connections))
                return -ENOMEM;
        return event_watch(curl_events->event, curl_events->epoll, EVENT_READ);
}

struct curl_events *curl_events_new(struct events *events, unsigned connections,
        void (*active)(void *ctx, struct curl_events *curl_events), void *ctx)
{
        struct curl_events *curl_events = calloc(1, sizeof(*curl_events));

        if (curl_events == NULL)
                return NULL;
        curl_events->active = active;
        curl_events->ctx = ctx;
        curl_events->due = UINT64_MAX;
        curl_events->wakes = UINT64_MAX;
        curl_events->epoll = -1;
        if (open_parts(curl_events, events, connections) == 0)
                return curl_events;
        curl_events_free(curl_events);
        return NULL;
}

void curl_events_free(struct curl_events *curl_events)
{
        if (curl_events == NULL)
                return;
        curl_multi_cleanup(curl_events->multi);
        if (curl_events->event != NULL)
                event_watch(curl_events->event, curl_events->epoll, 0);
        event_free(curl_events->event);
        if (curl_events->epoll >= 0)
                close(curl_events->epoll);
        free(curl_events);
}

/* libcurl begins when its timer is due: this saves a turn of the loop. */
int curl_events_add(struct curl_events *curl_events, CURL *curl)
{
        int running, r = 0;

        curl_events->is_adding = true;
        if (curl_multi_add_handle(curl_events->multi, curl) == CURLM_OK)
                curl_multi_socket_action(
                        curl_events->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        else
                r = -ENOMEM;
        curl_events->is_adding = false;
        curl_events->count += r == 0;
        wake_in_time(curl_events);
        return r;
}

void curl_events_remove(struct curl_events *curl_events, CURL *curl)
{
        if (curl_multi_remove_handle(curl_events->multi, curl) == CURLM_OK)
                curl_events->count--;
}

bool curl_events_is_idle(const struct curl_events *curl_events)
{
        return curl_events->count == 0;
}

CURL *curl_events_next(struct curl_events *curl_events, CURLcode *ret_code)
{
        int left;
        CURLMsg *message;

        do
                message = curl_multi_info_read(curl_events->multi, &left);
        while (message != NULL && message->msg != CURLMSG_DONE);
        if (message == NULL)
                return NULL;
        *ret_code = message->data.result;
        return message->easy_handle;
}
