/* SPDX-License-Identifier: MIT */
#include "tables/http/curl_events.h"
#include "tables/http/curl_sockets.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Sockets that are looked at in one turn of the loop. */
#define BATCH 64

struct curl_events {
        CURLM *multi;
        struct curl_sockets sockets;
        struct event *event; /* for these, and for libcurl's timer */
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

static void on_ready(void *ctx, unsigned what)
{
        struct curl_events *curl_events = ctx;
        struct curl_ready ready[BATCH];
        size_t count = curl_sockets_look(&curl_events->sockets, ready, BATCH);
        int running;

        (void)what;
        for (size_t i = 0; i < count; i++)
                curl_multi_socket_action(curl_events->multi, ready[i].fd,
                        ready[i].mask, &running);
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

static int watch_socket(
        CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
        struct curl_events *curl_events = ctx;

        (void)curl;
        (void)socket_ctx;
        curl_sockets_wait(&curl_events->sockets, fd, what);
        return 0;
}

static int on_made(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
        struct curl_events *curl_events = ctx;

        (void)purpose;
        curl_sockets_made(&curl_events->sockets, fd);
        return CURL_SOCKOPT_OK;
}

static int close_socket(void *ctx, curl_socket_t fd)
{
        struct curl_events *curl_events = ctx;

        curl_sockets_closed(&curl_events->sockets, fd);
        return close(fd);
}

/* A connection may be closed long after the request that has made it. */
static bool follow_connections(struct curl_events *curl_events, CURL *curl)
{
        return curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_made) ==
                       CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, curl_events) ==
                       CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION,
                       close_socket) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, curl_events) ==
                       CURLE_OK;
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
        curl_events->multi = curl_multi_init();
        if (curl_events->multi == NULL ||
                !set_options(curl_events, connections))
                return -ENOMEM;
        return event_watch(
                curl_events->event, curl_events->sockets.epoll, EVENT_READ);
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
        if (curl_sockets_open(&curl_events->sockets) < 0) {
                free(curl_events);
                return NULL;
        }
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
                event_watch(curl_events->event, curl_events->sockets.epoll, 0);
        event_free(curl_events->event);
        curl_sockets_close(&curl_events->sockets);
        free(curl_events);
}

/* libcurl begins when its timer is due: this saves a turn of the loop. */
int curl_events_add(struct curl_events *curl_events, CURL *curl)
{
        int running, r = 0;

        curl_sockets_settle(&curl_events->sockets);
        curl_events->is_adding = true;
        if (follow_connections(curl_events, curl) &&
                curl_multi_add_handle(curl_events->multi, curl) == CURLM_OK)
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

void curl_events_share(struct curl_events *curl_events, CURL *curl)
{
        curl_socket_t fd = CURL_SOCKET_BAD;

        curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd);
        if (fd != CURL_SOCKET_BAD)
                curl_sockets_share(&curl_events->sockets, fd);
}
