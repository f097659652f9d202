/* SPDX-License-Identifier: MIT */
#include "tables/support/curl_events.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct curl_events {
        CURLM *multi;
        struct events *events;
        struct event *timer;
        void (*active)(void *ctx);
        void *ctx;
};

/* A socket that libcurl waits for. */
struct watch {
        struct curl_events *owner;
        struct event *event;
        int fd;
};

static void never_ready(void *ctx, unsigned what)
{
        (void)ctx;
        (void)what;
}

static void never_due(void *ctx)
{
        (void)ctx;
}

static void on_due(void *ctx)
{
        struct curl_events *curl_events = ctx;
        int running;

        curl_multi_socket_action(
                curl_events->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        curl_events->active(curl_events->ctx);
}

static void on_ready(void *ctx, unsigned what)
{
        const struct watch *watch = ctx;
        struct curl_events *owner = watch->owner;
        int mask = 0, running;

        if ((what & EVENT_READ) != 0)
                mask |= CURL_CSELECT_IN;
        if ((what & EVENT_WRITE) != 0)
                mask |= CURL_CSELECT_OUT;
        curl_multi_socket_action(owner->multi, watch->fd, mask, &running);
        owner->active(owner->ctx);
}

static int set_timer(CURLM *multi, long milliseconds, void *ctx)
{
        const struct curl_events *curl_events = ctx;

        (void)multi;
        event_at(curl_events->timer,
                milliseconds < 0 ? UINT64_MAX
                                 : events_now() + (uint64_t)milliseconds);
        return 0;
}

static void free_watch(struct watch *watch)
{
        event_watch(watch->event, watch->fd, 0);
        event_free(watch->event);
        free(watch);
}

static struct watch *make_watch(struct curl_events *curl_events, int fd)
{
        struct watch *watch = calloc(1, sizeof(*watch));

        if (watch == NULL)
                return NULL;
        watch->owner = curl_events;
        watch->fd = fd;
        watch->event =
                event_new(curl_events->events, on_ready, never_due, watch);
        if (watch->event != NULL)
                return watch;
        free(watch);
        return NULL;
}

/*
 * What cannot be watched for want of memory is not told: libcurl would have
 * nothing to do with any socket any more. Its request ends by its deadline.
 */
static int watch_socket(
        CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
        struct curl_events *curl_events = ctx;
        struct watch *watch = socket_ctx;
        unsigned wanted = 0;

        (void)curl;
        if (what == CURL_POLL_REMOVE) {
                if (watch != NULL)
                        free_watch(watch);
                curl_multi_assign(curl_events->multi, fd, NULL);
                return 0;
        }
        if (watch == NULL) {
                watch = make_watch(curl_events, fd);
                curl_multi_assign(curl_events->multi, fd, watch);
        }
        if ((what & CURL_POLL_IN) != 0)
                wanted |= EVENT_READ;
        if ((what & CURL_POLL_OUT) != 0)
                wanted |= EVENT_WRITE;
        if (watch != NULL)
                event_watch(watch->event, fd, wanted);
        return 0;
}

static bool set_options(struct curl_events *curl_events)
{
        CURLM *multi = curl_events->multi;

        return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                       watch_socket) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl_events) ==
                       CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) ==
                       CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl_events) ==
                       CURLM_OK;
}

struct curl_events *curl_events_new(
        struct events *events, void (*active)(void *ctx), void *ctx)
{
        struct curl_events *curl_events = calloc(1, sizeof(*curl_events));

        if (curl_events == NULL)
                return NULL;
        curl_events->events = events;
        curl_events->active = active;
        curl_events->ctx = ctx;
        curl_events->timer =
                event_new(events, never_ready, on_due, curl_events);
        if (curl_events->timer != NULL)
                curl_events->multi = curl_multi_init();
        if (curl_events->multi != NULL && set_options(curl_events))
                return curl_events;
        curl_events_free(curl_events);
        return NULL;
}

void curl_events_free(struct curl_events *curl_events)
{
        if (curl_events == NULL)
                return;
        curl_multi_cleanup(curl_events->multi);
        event_free(curl_events->timer);
        free(curl_events);
}

/* libcurl begins when its timer is due: this saves a turn of the loop. */
int curl_events_add(struct curl_events *curl_events, CURL *curl)
{
        int running;

        if (curl_multi_add_handle(curl_events->multi, curl) != CURLM_OK)
                return -ENOMEM;
        curl_multi_socket_action(
                curl_events->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        return 0;
}

void curl_events_remove(struct curl_events *curl_events, CURL *curl)
{
        curl_multi_remove_handle(curl_events->multi, curl);
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
