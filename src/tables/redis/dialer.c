/* SPDX-License-Identifier: MIT */
#include "tables/redis/dialer.h"
#include "base/events.h"
#include "tables/support/dialer.h"
#include <errno.h>
#include <stdlib.h>

struct redis_dialer {
        struct table_env env; /* for the dialers; without a report */
        const struct redis_login *login;
        struct event *event;
        struct dialer *dialer;       /* of the last address; NULL: none yet */
        struct redis_stream *stream; /* being greeted; NULL: none is */
        struct redis_greeting greeting;
        bool is_sentinel; /* whom it is connecting to, or greeting */
        void (*done)(void *ctx, struct redis_stream *stream,
                const struct reason *reason);
        void *ctx;
};

static void on_connected(void *ctx, int fd, const struct reason *reason);

struct redis_dialer *redis_dialer_new(const struct table_env *env,
        const struct redis_login *login,
        void (*done)(void *ctx, struct redis_stream *stream,
                const struct reason *reason),
        void *ctx)
{
        struct redis_dialer *dialer = calloc(1, sizeof(*dialer));

        if (dialer == NULL)
                return NULL;
        dialer->env = (struct table_env){.events = env->events};
        dialer->login = login;
        dialer->done = done;
        dialer->ctx = ctx;
        return dialer;
}

/* Closes what there is, so that nothing of it comes back. */
static void drop(struct redis_dialer *dialer)
{
        if (dialer->event != NULL)
                event_at(dialer->event, UINT64_MAX);
        if (dialer->stream != NULL)
                event_watch(dialer->event, dialer->stream->channel.fd, 0);
        redis_stream_free(dialer->stream);
        dialer->stream = NULL;
}

static void fail(struct redis_dialer *dialer, const struct reason *reason)
{
        drop(dialer);
        dialer->done(dialer->ctx, NULL, reason);
}

/* Sends what is left, and waits for what comes next. */
static int go_on_sending(struct redis_dialer *dialer, struct reason *ret_reason)
{
        struct redis_stream *stream = dialer->stream;
        int r = redis_stream_send(stream);

        if (r == 0 || r == -EAGAIN)
                r = event_watch(dialer->event, stream->channel.fd,
                        r == 0 ? EVENT_READ : EVENT_WRITE);
        if (r < 0)
                reason_set_errno(ret_reason, r, "login");
        return r;
}

/* Takes a connected descriptor. Returns 0, or a negative errno. */
static int greet(struct redis_dialer *dialer, int fd, struct reason *ret_reason)
{
        int r = -ENOMEM;

        dialer->stream = redis_stream_new(fd);
        if (dialer->stream != NULL)
                r = redis_greeting_begin(&dialer->greeting, dialer->login,
                        dialer->is_sentinel, &dialer->stream->channel.out);
        if (r < 0) {
                reason_set_errno(ret_reason, r, "login");
                return r;
        }
        return go_on_sending(dialer, ret_reason);
}

/* Returns 0 when it has begun, or a negative errno with the reason. */
static int connect_to(struct redis_dialer *dialer,
        const struct address *address, struct reason *ret_reason)
{
        int r;

        dialer_close(dialer->dialer);
        dialer->dialer =
                dialer_new(&dialer->env, address, on_connected, dialer);
        if (dialer->dialer == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        r = dialer_start(dialer->dialer, ret_reason);
        if (r >= 0)
                return greet(dialer, r, ret_reason);
        return r == -EINPROGRESS ? 0 : r;
}

static void on_connected(void *ctx, int fd, const struct reason *reason)
{
        struct redis_dialer *dialer = ctx;
        struct reason why;

        if (fd < 0)
                fail(dialer, reason);
        else if (greet(dialer, fd, &why) < 0)
                fail(dialer, &why);
}

/* The sentinel has named the master. */
static void go_on_to(struct redis_dialer *dialer, const struct address *master)
{
        struct reason why;
        uint64_t deadline = events_now() + REDIS_LOGIN_TIME;

        drop(dialer);
        dialer->is_sentinel = false;
        event_at(dialer->event, deadline);
        if (connect_to(dialer, master, &why) < 0)
                fail(dialer, &why);
}

static void finish(struct redis_dialer *dialer)
{
        struct redis_stream *stream = dialer->stream;

        event_watch(dialer->event, stream->channel.fd, 0);
        dialer->stream = NULL;
        drop(dialer);
        dialer->done(dialer->ctx, stream, NULL);
}

static void take_replies(struct redis_dialer *dialer)
{
        struct address master;
        struct reason why;
        int r = redis_stream_receive(dialer->stream);

        if (r == -EAGAIN)
                return;
        if (r == 0)
                r = redis_greeting_go_on(
                        &dialer->greeting, dialer->stream, &master, &why);
        else if (r == -ECONNRESET)
                reason_set(&why, "login: the server closed the connection");
        else
                reason_set_errno(&why, r, "login");
        if (r < 0)
                fail(dialer, &why);
        else if (r > 0 && dialer->is_sentinel)
                go_on_to(dialer, &master);
        else if (r > 0)
                finish(dialer);
}

static void on_ready(void *ctx, unsigned what)
{
        struct redis_dialer *dialer = ctx;
        struct reason why;

        if ((what & EVENT_READ) != 0)
                take_replies(dialer);
        else if (go_on_sending(dialer, &why) < 0)
                fail(dialer, &why);
}

static void on_due(void *ctx)
{
        struct redis_dialer *dialer = ctx;
        struct reason why;

        dialer_close(dialer->dialer);
        dialer->dialer = NULL;
        reason_set_errno(&why, -ETIMEDOUT, "%s",
                dialer->stream != NULL ? "login" : "connect");
        fail(dialer, &why);
}

static int begin(struct redis_dialer *dialer, const struct host *host,
        struct reason *ret_reason)
{
        struct address address;
        int r = redis_login_address(host,
                dialer->is_sentinel ? "26379" : "6379", &address, ret_reason);

        if (r < 0)
                return r;
        event_at(dialer->event, events_now() + REDIS_LOGIN_TIME);
        return connect_to(dialer, &address, ret_reason);
}

int redis_dialer_start(struct redis_dialer *dialer, const struct host *host,
        struct reason *ret_reason)
{
        int r;

        dialer->is_sentinel = dialer->login->master_name != NULL;
        if (dialer->event == NULL)
                dialer->event =
                        event_new(dialer->env.events, on_ready, on_due, dialer);
        if (dialer->event == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        r = begin(dialer, host, ret_reason);
        if (r < 0)
                drop(dialer);
        return r;
}

void redis_dialer_close(struct redis_dialer *dialer)
{
        if (dialer == NULL)
                return;
        drop(dialer);
        dialer_close(dialer->dialer);
        event_free(dialer->event);
        free(dialer);
}
