/* SPDX-License-Identifier: MIT */
#include "tables/support/remote_connection.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>

/* Of a process: it is looked at again after 0, 1, 3, 7, 10, 10 ... ms. */
#define PAUSE(before) ((before) < 4 ? 2 * (before) + 1 : 10)

static void on_ready(void *ctx, unsigned what);
static void on_due(void *ctx);

static void set_idle(struct connection *connection)
{
        event_at(connection->event, connection->is_process
                                            ? UINT64_MAX
                                            : events_now() + REMOTE_IDLE);
}

int remote_connection_new(struct events *events, const struct server *server,
        bool is_process, int fd, const struct connection_owner *owner,
        void *ctx, struct connection **ret_connection)
{
        struct connection *connection = calloc(1, sizeof(*connection));
        int r = -ENOMEM;

        if (connection == NULL)
                return r;
        connection->server = server;
        connection->is_process = is_process;
        channel_init(&connection->channel);
        connection->channel.fd = fd;
        connection->owner = owner;
        connection->ctx = ctx;
        connection->event = event_new(events, on_ready, on_due, connection);
        if (connection->event != NULL)
                r = event_watch(connection->event, fd, EVENT_READ);
        if (r < 0) {
                remote_connection_free(connection);
                return r;
        }
        set_idle(connection);
        *ret_connection = connection;
        return 0;
}

void remote_connection_free(struct connection *connection)
{
        struct channel *channel = &connection->channel;

        if (connection->event != NULL)
                event_watch(connection->event, channel->fd, 0);
        event_free(connection->event);
        channel->fd = -1;
        channel_close(channel);
        free(connection);
}

/* The reply is there. */
static void finish(struct connection *connection)
{
        struct lookup *lookup = connection->question->lookup;
        bool has_more = connection->channel.in.size > 0;

        if (!has_more) {
                connection->question = NULL;
                connection->is_used = true;
                bytes_free(&connection->channel.in);
                bytes_free(&connection->channel.out);
                set_idle(connection);
        }
        connection->owner->answered(connection, lookup, has_more);
}

static void go_on(struct connection *connection)
{
        unsigned what;
        int r = exchange_go_on(connection->server, &connection->channel,
                connection->question->lookup, &what);

        if (r > 0) {
                finish(connection);
                return;
        }
        if (r == 0)
                r = event_watch(
                        connection->event, connection->channel.fd, what);
        if (r < 0)
                connection->owner->lost(connection, r);
}

/* Returns 0 or a negative errno. */
static int send_request(struct connection *connection)
{
        int r = channel_send(&connection->channel);

        if (r == 0 || r == -EAGAIN)
                r = event_watch(connection->event, connection->channel.fd,
                        r == 0 ? EVENT_READ : EVENT_WRITE);
        if (r == 0)
                event_at(connection->event, connection->question->deadline);
        return r;
}

/*
 * Has a process show that it is through with the request before. Returns as
 * send_request.
 */
static int knock(struct connection *connection)
{
        uint64_t time = events_now() + connection->pause;
        uint64_t deadline = connection->question->deadline;
        int r = exchange_knock(&connection->channel);

        connection->pause = PAUSE(connection->pause);
        if (r < 0)
                return r;
        connection->is_knocking = r == 0;
        if (r > 0)
                return send_request(connection);
        event_at(connection->event, time < deadline ? time : deadline);
        return 0;
}

int remote_connection_ask(
        struct connection *connection, struct question *question)
{
        int r = exchange_begin(
                connection->server, &connection->channel, question->lookup);

        connection->question = question;
        connection->pause = 0;
        question->connection = connection;
        if (r < 0)
                return r;
        connection->is_knocking = connection->is_process;
        return connection->is_process ? knock(connection)
                                      : send_request(connection);
}

bool remote_connection_is_unasked(
        const struct connection *connection, int error)
{
        return connection->is_knocking && error != -ETIMEDOUT;
}

static void on_ready(void *ctx, unsigned what)
{
        struct connection *connection = ctx;

        (void)what;
        if (connection->question == NULL)
                connection->owner->unused(connection);
        else if (connection->is_knocking)
                connection->owner->lost(connection, -ECONNRESET);
        else
                go_on(connection);
}

static void on_due(void *ctx)
{
        struct connection *connection = ctx;
        int r = -ETIMEDOUT;

        if (connection->question == NULL) {
                connection->owner->unused(connection);
                return;
        }
        if (connection->is_knocking &&
                events_now() < connection->question->deadline)
                r = knock(connection);
        if (r < 0)
                connection->owner->lost(connection, r);
}
