/* SPDX-License-Identifier: MIT */
#include "tables/support/remote.h"
#include "base/events.h"
#include "tables/support/dialer.h"
#include "tables/support/questions.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct connection {
        struct remote *remote;
        struct event *event;
        struct channel channel;
        struct question *question; /* NULL: idle */
        uint64_t number;
};

struct remote {
        const struct server *server;
        struct events *events;
        struct questions questions;
        struct dialer *dialer;
        bool is_dialing;
        struct event *event; /* for the end of the rest */
        uint64_t rests_until;
        struct reason reason; /* why it rests */
        struct connection *connections[REMOTE_CONNECTIONS_MAX];
        size_t count;
        uint64_t made; /* the number of the newest one */
};

static void dispatch(struct remote *remote);
static void on_dialed(void *ctx, int fd, const struct reason *reason);

struct remote *remote_new(
        const struct table_env *env, const struct server *server)
{
        struct remote *remote = calloc(1, sizeof(*remote));

        if (remote == NULL)
                return NULL;
        remote->server = server;
        remote->events = env->events;
        questions_init(&remote->questions, env->queue > 0 ? env->queue : 1);
        remote->dialer = dialer_new(env, &server->address, on_dialed, remote);
        if (remote->dialer != NULL)
                return remote;
        free(remote);
        return NULL;
}

static void free_connection(struct connection *connection)
{
        if (connection->event != NULL)
                event_watch(connection->event, connection->channel.fd, 0);
        event_free(connection->event);
        channel_close(&connection->channel);
        free(connection);
}

/* The order stays: the first ones are used most, the last ones get idle. */
static void drop(struct connection *connection)
{
        struct remote *remote = connection->remote;
        size_t i = 0;

        while (remote->connections[i] != connection)
                i++;
        remote->count--;
        for (; i < remote->count; i++)
                remote->connections[i] = remote->connections[i + 1];
        free_connection(connection);
}

/* Closes a connection that is of no more use to its question. */
static void lose(struct connection *connection, int error)
{
        struct remote *remote = connection->remote;
        struct question *question = connection->question;

        drop(connection);
        if (error == -ECONNRESET && !question->is_lost) {
                question->is_lost = true;
                question->least = remote->made + 1;
                questions_put_back(&remote->questions, question);
                return;
        }
        exchange_failed(remote->server, question->lookup, error);
        questions_tell(&remote->questions, question);
}

static void rest(struct connection *connection)
{
        connection->question = NULL;
        bytes_free(&connection->channel.in);
        bytes_free(&connection->channel.out);
        event_at(connection->event, events_now() + REMOTE_IDLE);
}

/* The reply is there. To tell the asker is the last thing: it may close us. */
static void finish(struct connection *connection)
{
        struct remote *remote = connection->remote;
        struct lookup *lookup = connection->question->lookup;

        if (connection->channel.in.size > 0)
                drop(connection); /* more than it was asked for */
        else
                rest(connection);
        dispatch(remote);
        lookup->state = NULL;
        lookup->finish(lookup);
}

static void go_on(struct connection *connection)
{
        struct remote *remote = connection->remote;
        unsigned what;
        int r = exchange_go_on(remote->server, &connection->channel,
                connection->question->lookup, &what);

        if (r > 0) {
                finish(connection);
                return;
        }
        if (r == 0)
                r = event_watch(
                        connection->event, connection->channel.fd, what);
        if (r == 0)
                return;
        lose(connection, r);
        dispatch(remote);
}

static void on_ready(void *ctx, unsigned what)
{
        struct connection *connection = ctx;

        (void)what;
        if (connection->question != NULL)
                go_on(connection);
        else
                drop(connection); /* its end, or what nobody has asked for */
}

static void on_due(void *ctx)
{
        struct connection *connection = ctx;
        struct remote *remote = connection->remote;

        if (connection->question == NULL) {
                drop(connection);
                return;
        }
        lose(connection, -ETIMEDOUT);
        dispatch(remote);
}

/* Takes the descriptor. Returns 0 or a negative errno. */
static int add_connection(struct remote *remote, int fd)
{
        struct connection *connection = calloc(1, sizeof(*connection));
        int r = -ENOMEM;

        if (connection == NULL) {
                close(fd);
                return -ENOMEM;
        }
        channel_init(&connection->channel);
        connection->channel.fd = fd;
        connection->remote = remote;
        connection->event =
                event_new(remote->events, on_ready, on_due, connection);
        if (connection->event != NULL)
                r = event_watch(connection->event, fd, EVENT_READ);
        if (r < 0) {
                free_connection(connection);
                return r;
        }
        event_at(connection->event, events_now() + REMOTE_IDLE);
        connection->number = ++remote->made;
        remote->connections[remote->count++] = connection;
        return 0;
}

/* Begins to ask; what goes wrong is told later. */
static void begin(struct connection *connection, struct question *question)
{
        struct remote *remote = connection->remote;
        int r = exchange_begin(
                remote->server, &connection->channel, question->lookup);

        connection->question = question;
        question->connection = connection;
        if (r == 0)
                r = channel_send(&connection->channel);
        if (r == 0 || r == -EAGAIN)
                r = event_watch(connection->event, connection->channel.fd,
                        r == 0 ? EVENT_READ : EVENT_WRITE);
        if (r < 0)
                lose(connection, r);
        else
                event_at(connection->event, question->deadline);
}

/* Gives a question to an idle connection. Returns false when none can go on. */
static bool give_one(struct remote *remote)
{
        for (size_t i = 0; i < remote->count; i++) {
                struct connection *connection = remote->connections[i];
                struct question *question;

                if (connection->question != NULL)
                        continue;
                if (!channel_is_quiet(&connection->channel)) {
                        drop(connection);
                        return true;
                }
                question =
                        questions_take(&remote->questions, connection->number);
                if (question == NULL)
                        continue;
                begin(connection, question);
                return true;
        }
        return false;
}

/* Those who wait for a busy connection, or for a new one, go on waiting. */
static void dial_failed(struct remote *remote, const struct reason *reason)
{
        remote->rests_until = events_now() + REMOTE_REST;
        reason_set(
                &remote->reason, "%s: %s", remote->server->name, reason->text);
        if (remote->count == 0)
                questions_fail(&remote->questions, &remote->reason);
        else
                event_at(remote->event, remote->rests_until);
}

static void take_dialed(
        struct remote *remote, int fd, const struct reason *reason)
{
        struct reason failure;
        int r = fd < 0 ? fd : add_connection(remote, fd);

        if (fd >= 0 && r < 0) {
                reason_set_errno(&failure, r, "connect");
                reason = &failure;
        }
        if (r < 0)
                dial_failed(remote, reason);
}

/* Has another connection made. Returns whether there is one already. */
static bool dial(struct remote *remote)
{
        struct reason reason;
        int fd;

        if (remote->is_dialing || remote->count == REMOTE_CONNECTIONS_MAX)
                return false;
        if (events_now() < remote->rests_until) {
                event_at(remote->event, remote->rests_until);
                return false;
        }
        fd = dialer_start(remote->dialer, &reason);
        remote->is_dialing = fd == -EINPROGRESS;
        if (!remote->is_dialing)
                take_dialed(remote, fd, &reason);
        return fd >= 0;
}

/* Has those who wait asked, as far as there are connections. */
static void dispatch(struct remote *remote)
{
        do
                while (remote->questions.count > 0 && give_one(remote))
                        ;
        while (remote->questions.count > 0 && dial(remote));
}

static void on_dialed(void *ctx, int fd, const struct reason *reason)
{
        struct remote *remote = ctx;

        remote->is_dialing = false;
        take_dialed(remote, fd, reason);
        dispatch(remote);
}

static void on_rested(void *ctx)
{
        dispatch(ctx);
}

static void never_ready(void *ctx, unsigned what)
{
        (void)ctx;
        (void)what;
}

/* Events begin with the first lookup, on the thread that they belong to. */
static int open_events(struct remote *remote)
{
        if (remote->event == NULL)
                remote->event = event_new(
                        remote->events, never_ready, on_rested, remote);
        if (remote->event == NULL)
                return -ENOMEM;
        return questions_open(&remote->questions, remote->events);
}

static bool is_resting(const struct remote *remote)
{
        return remote->count == 0 && !remote->is_dialing &&
               events_now() < remote->rests_until;
}

enum progress remote_start(struct remote *remote, struct lookup *lookup)
{
        if (lookup->finish == NULL)
                return exchange_wait(remote->server, lookup);
        if (open_events(remote) < 0)
                return lookup_failed(lookup, "out of memory");
        if (is_resting(remote))
                return lookup_failed(lookup, "%s", remote->reason.text);
        if (questions_add(&remote->questions, lookup,
                    exchange_deadline(lookup)) == NULL)
                return LOOKUP_DONE;
        dispatch(remote);
        return LOOKUP_PENDING;
}

void remote_cancel(struct remote *remote, struct lookup *lookup)
{
        struct question *question = lookup->state;

        lookup->state = NULL;
        if (question->connection == NULL) {
                questions_forget(&remote->questions, question);
                return;
        }
        drop(question->connection);
        dispatch(remote);
}

void remote_close(struct remote *remote)
{
        if (remote == NULL)
                return;
        while (remote->count > 0)
                drop(remote->connections[remote->count - 1]);
        dialer_close(remote->dialer);
        questions_close(&remote->questions);
        event_free(remote->event);
        free(remote);
}
