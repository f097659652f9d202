/* SPDX-License-Identifier: MIT */
#include "tables/support/curl_events.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct curl_events {
        CURLM *multi;
        struct events *events;
        struct event *timer;
        bool is_adding;         /* the timer is set afterwards */
        uint64_t due;           /* what it is to be set to */
        struct watch **watches; /* by descriptor; NULL: none */
        size_t room;            /* for so many */
        void (*active)(void *ctx);
        void *ctx;
};

/* A socket that libcurl waits for, or has waited for. */
struct watch {
        struct curl_events *owner;
        struct event *event;
        int fd;
        bool is_own;      /* we close it, and so know when it is closed */
        unsigned wanted;  /* by libcurl */
        unsigned watched; /* at least that */
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
        const struct curl_events *curl_events = ctx;
        int running;

        curl_multi_socket_action(
                curl_events->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        curl_events->active(curl_events->ctx);
}

static void on_ready(void *ctx, unsigned what)
{
        struct watch *watch = ctx;
        struct curl_events *owner = watch->owner;
        int mask = 0, running;

        if (watch->wanted == 0) {
                watch->watched = 0; /* closed by the server, most likely */
                event_watch(watch->event, watch->fd, 0);
                return;
        }
        if ((what & EVENT_READ) != 0)
                mask |= CURL_CSELECT_IN;
        if ((what & EVENT_WRITE) != 0)
                mask |= CURL_CSELECT_OUT;
        curl_multi_socket_action(owner->multi, watch->fd, mask, &running);
        owner->active(owner->ctx);
}

static int set_timer(CURLM *multi, long milliseconds, void *ctx)
{
        struct curl_events *curl_events = ctx;

        (void)multi;
        curl_events->due = milliseconds < 0
                                   ? UINT64_MAX
                                   : events_now() + (uint64_t)milliseconds;
        if (!curl_events->is_adding)
                event_at(curl_events->timer, curl_events->due);
        return 0;
}

static struct watch *find_watch(const struct curl_events *curl_events, int fd)
{
        return (size_t)fd < curl_events->room ? curl_events->watches[fd] : NULL;
}

/* Makes room for a descriptor. Returns 0 or -ENOMEM. */
static int make_room(struct curl_events *curl_events, int fd)
{
        size_t room = (size_t)fd + 64;
        struct watch **watches;

        if ((size_t)fd < curl_events->room)
                return 0;
        watches = reallocarray(
                curl_events->watches, room, sizeof(struct watch *));
        if (watches == NULL)
                return -ENOMEM;
        for (size_t i = curl_events->room; i < room; i++)
                watches[i] = NULL;
        curl_events->watches = watches;
        curl_events->room = room;
        return 0;
}

static void drop_watch(struct curl_events *curl_events, int fd)
{
        struct watch *watch = find_watch(curl_events, fd);

        if (watch == NULL)
                return;
        curl_events->watches[fd] = NULL;
        event_watch(watch->event, fd, 0);
        event_free(watch->event);
        free(watch);
}

static struct watch *make_watch(struct curl_events *curl_events, int fd)
{
        struct watch *watch = calloc(1, sizeof(*watch));

        if (watch == NULL)
                return NULL;
        *watch = (struct watch){.owner = curl_events, .fd = fd};
        if (make_room(curl_events, fd) == 0)
                watch->event = event_new(
                        curl_events->events, on_ready, never_due, watch);
        if (watch->event != NULL) {
                curl_events->watches[fd] = watch;
                return watch;
        }
        free(watch);
        return NULL;
}

/* A program that we become must not have our sockets. */
static curl_socket_t open_socket(
        void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
        struct curl_events *curl_events = ctx;
        int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
        struct watch *watch;

        (void)purpose;
        if (fd < 0)
                return CURL_SOCKET_BAD;
        watch = make_watch(curl_events, fd);
        if (watch != NULL) {
                watch->is_own = true;
                return fd;
        }
        close(fd);
        return CURL_SOCKET_BAD;
}

static int close_socket(void *ctx, curl_socket_t fd)
{
        drop_watch(ctx, fd);
        return close(fd);
}

static void want(struct watch *watch, unsigned wanted)
{
        watch->wanted = wanted;
        if (wanted == 0 || wanted == watch->watched)
                return;
        if (event_watch(watch->event, watch->fd, wanted) == 0)
                watch->watched = wanted;
}

/*
 * What cannot be watched for want of memory is not told: libcurl would have
 * nothing to do with any socket any more. Its request ends by its deadline.
 */
static int watch_socket(
        CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
        struct curl_events *curl_events = ctx;
        struct watch *watch = find_watch(curl_events, fd);
        unsigned wanted = 0;

        (void)curl;
        (void)socket_ctx;
        if (what != CURL_POLL_REMOVE && (what & CURL_POLL_IN) != 0)
                wanted |= EVENT_READ;
        if (what != CURL_POLL_REMOVE && (what & CURL_POLL_OUT) != 0)
                wanted |= EVENT_WRITE;
        if (watch == NULL && wanted != 0)
                watch = make_watch(curl_events, fd); /* a resolver's */
        if (watch == NULL)
                return 0;
        if (what == CURL_POLL_REMOVE && !watch->is_own)
                drop_watch(curl_events, fd);
        else
                want(watch, wanted);
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

struct curl_events *curl_events_new(struct events *events, unsigned connections,
        void (*active)(void *ctx), void *ctx)
{
        struct curl_events *curl_events = calloc(1, sizeof(*curl_events));

        if (curl_events == NULL)
                return NULL;
        curl_events->events = events;
        curl_events->active = active;
        curl_events->ctx = ctx;
        curl_events->due = UINT64_MAX;
        curl_events->timer =
                event_new(events, never_ready, on_due, curl_events);
        if (curl_events->timer != NULL)
                curl_events->multi = curl_multi_init();
        if (curl_events->multi != NULL && set_options(curl_events, connections))
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
        free(curl_events->watches);
        free(curl_events);
}

static bool set_sockets(struct curl_events *curl_events, CURL *curl)
{
        return curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION,
                       open_socket) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, curl_events) ==
                       CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION,
                       close_socket) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, curl_events) ==
                       CURLE_OK;
}

/* libcurl begins when its timer is due: this saves a turn of the loop. */
int curl_events_add(struct curl_events *curl_events, CURL *curl)
{
        int running, r = 0;

        if (!set_sockets(curl_events, curl))
                return -ENOMEM;
        curl_events->is_adding = true;
        if (curl_multi_add_handle(curl_events->multi, curl) == CURLM_OK)
                curl_multi_socket_action(
                        curl_events->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        else
                r = -ENOMEM;
        curl_events->is_adding = false;
        event_at(curl_events->timer, curl_events->due);
        return r;
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
