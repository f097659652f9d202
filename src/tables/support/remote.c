/* SPDX-License-Identifier: MIT */
#include "tables/support/remote.h"
#include "base/events.h"
#include "tables/support/orphan.h"
#include "tables/support/questions.h"
#include <errno.h>
#include <stdlib.h>

/* Of a process: it is looked at again after 0, 1, 3, 7, 10, 10 ... ms. */
#define PAUSE(before) ((before) < 4 ? 2 * (before) + 1 : 10)

struct connection {
        struct remote *remote;
        struct event *event;
        struct channel channel;
        struct question *question; /* NULL: idle */
        bool is_used;              /* it has answered before */
        bool is_knocking;          /* its request has to wait */
        uint64_t pause;            /* before it knocks again */
        uint64_t number;
};

struct remote {
        const struct server *server;
        struct events *events;
        struct questions questions;
        struct supply supply;
        bool is_patient;     /* connections cost much: they are processes */
        unsigned bad_starts; /* of these, one after the other */
        struct event *event; /* for when the supply has more */
        uint64_t made;       /* the number of the newest connection */
        size_t count, most;
        struct connection *connections[]; /* room for most */
};

static void dispatch(struct remote *remote);
static void on_supplied(void *ctx, int fd);

struct remote *remote_new(const struct table_env *env,
        const struct server *server, struct opener *opener)
{
        size_t most = opener != NULL ? opener->most : REMOTE_CONNECTIONS_MAX;
        struct remote *remote =
                calloc(1, sizeof(*remote) + most * sizeof(struct connection *));

        if (remote == NULL)
                return NULL;
        if (supply_init(&remote->supply, env, server, opener, on_supplied,
                    remote) < 0) {
                free(remote);
                return NULL;
        }
        remote->server = server;
        remote->events = env->events;
        remote->is_patient = opener != NULL;
        remote->most = most;
        questions_init(&remote->questions, env->queue > 0 ? env->queue : 1);
        return remote;
}

static void free_connection(struct connection *connection, int error)
{
        struct channel *channel = &connection->channel;

        if (connection->event != NULL)
                event_watch(connection->event, channel->fd, 0);
        event_free(connection->event);
        supply_close(&connection->remote->supply, channel->fd, error,
                connection->is_used);
        channel->fd = -1;
        channel_close(channel);
        free(connection);
}

/* The order stays: the first ones are used most, the last ones get idle. */
static void drop(struct connection *connection, int error)
{
        struct remote *remote = connection->remote;
        size_t i = 0;

        while (remote->connections[i] != connection)
                i++;
        remote->count--;
        for (; i < remote->count; i++)
                remote->connections[i] = remote->connections[i + 1];
        free_connection(connection, error);
}

/* The server rests: whoever has nothing else to wait for fails. */
static void on_rest(struct remote *remote)
{
        if (remote->count == 0)
                questions_fail(&remote->questions, &remote->supply.reason);
        else
                event_at(remote->event, remote->supply.rests_until);
}

/*
 * A process has failed before its first answer. That may have been its
 * question's fault; when another one has, too, nobody waits for the next.
 */
static void on_bad_start(struct remote *remote)
{
        supply_rest(&remote->supply, "failed before its first answer");
        remote->bad_starts++;
        if (remote->bad_starts > 1)
                on_rest(remote);
        else
                event_at(remote->event, remote->supply.rests_until);
}

/* Drops an idle one: at its end, or for what nobody has asked for. */
static void drop_idle(struct connection *connection)
{
        struct remote *remote = connection->remote;
        bool is_bad = remote->is_patient && !connection->is_used;

        drop(connection, 0);
        if (is_bad)
                on_bad_start(remote);
}

/* Closes a connection that is of no more use to its question. */
static void lose(struct connection *connection, int error)
{
        struct remote *remote = connection->remote;
        struct question *question = connection->question;
        bool is_bad = remote->is_patient && !connection->is_used &&
                      !question->is_lost;

        drop(connection, error);
        if (is_bad)
                on_bad_start(remote);
        if (orphan_is(question)) {
                orphan_free(question);
        } else if (error == -ECONNRESET && !question->is_lost && !is_bad) {
                question->is_lost = true;
                question->least = remote->made + 1;
                questions_put_back(&remote->questions, question);
        } else {
                exchange_failed(remote->server, question->lookup, error);
                questions_tell(&remote->questions, question);
        }
}

static uint64_t idle_end(const struct remote *remote)
{
        return remote->is_patient ? UINT64_MAX : events_now() + REMOTE_IDLE;
}

static void rest(struct connection *connection)
{
        connection->question = NULL;
        connection->is_used = true;
        bytes_free(&connection->channel.in);
        bytes_free(&connection->channel.out);
        event_at(connection->event, idle_end(connection->remote));
}

/* The reply is there. To tell the asker is the last thing: it may close us. */
static void finish(struct connection *connection)
{
        struct remote *remote = connection->remote;
        struct lookup *lookup = connection->question->lookup;

        remote->bad_starts = 0;
        supply_works(&remote->supply);
        if (connection->channel.in.size > 0)
                drop(connection, 0); /* more than it was asked for */
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

static void send_request(struct connection *connection)
{
        struct question *question = connection->question;
        int r = channel_send(&connection->channel);

        if (r == 0 || r == -EAGAIN)
                r = event_watch(connection->event, connection->channel.fd,
                        r == 0 ? EVENT_READ : EVENT_WRITE);
        if (r < 0)
                lose(connection, r);
        else
                event_at(connection->event, question->deadline);
}

/* It has not been asked yet: another one will. */
static void give_back(struct connection *connection)
{
        struct remote *remote = connection->remote;
        struct question *question = connection->question;

        if (orphan_is(question))
                orphan_free(question);
        else
                questions_put_back(&remote->questions, question);
        drop_idle(connection);
}

/* Has a process show that it is through with the request before. */
static void knock(struct connection *connection)
{
        uint64_t time = events_now() + connection->pause;
        uint64_t deadline = connection->question->deadline;
        int r = exchange_knock(&connection->channel);

        connection->is_knocking = r == 0;
        connection->pause = PAUSE(connection->pause);
        if (r > 0)
                send_request(connection);
        else if (r < 0)
                give_back(connection);
        else
                event_at(connection->event, time < deadline ? time : deadline);
}

/* Begins to ask; what goes wrong is told later. */
static void begin(struct connection *connection, struct question *question)
{
        struct remote *remote = connection->remote;
        int r = exchange_begin(
                remote->server, &connection->channel, question->lookup);

        connection->question = question;
        connection->pause = 0;
        question->connection = connection;
        if (r < 0)
                lose(connection, r);
        else if (remote->is_patient)
                knock(connection);
        else
                send_request(connection);
}

static void on_ready(void *ctx, unsigned what)
{
        struct connection *connection = ctx;
        struct remote *remote = connection->remote;

        (void)what;
        if (connection->question == NULL) {
                drop_idle(connection);
        } else if (connection->is_knocking) {
                give_back(connection);
                dispatch(remote);
        } else {
                go_on(connection);
        }
}

static void on_due(void *ctx)
{
        struct connection *connection = ctx;
        struct remote *remote = connection->remote;

        if (connection->question == NULL)
                drop(connection, 0);
        else if (connection->is_knocking &&
                 events_now() < connection->question->deadline)
                knock(connection);
        else
                lose(connection, -ETIMEDOUT);
        dispatch(remote);
}

/* Takes the descriptor. Returns 0 or a negative errno. */
static int add_connection(struct remote *remote, int fd)
{
        struct connection *connection = calloc(1, sizeof(*connection));
        int r = -ENOMEM;

        if (connection == NULL) {
                supply_close(&remote->supply, fd, r, false);
                return r;
        }
        channel_init(&connection->channel);
        connection->channel.fd = fd;
        connection->remote = remote;
        connection->event =
                event_new(remote->events, on_ready, on_due, connection);
        if (connection->event != NULL)
                r = event_watch(connection->event, fd, EVENT_READ);
        if (r < 0) {
                free_connection(connection, r);
                return r;
        }
        event_at(connection->event, idle_end(remote));
        connection->number = ++remote->made;
        remote->connections[remote->count++] = connection;
        return 0;
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
                        drop_idle(connection);
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

/* Takes a connected descriptor, or the failure to get one. */
static void take(struct remote *remote, int fd)
{
        struct reason reason;
        int r = fd < 0 ? 0 : add_connection(remote, fd);

        if (r < 0) {
                reason_set_errno(&reason, r, "connect");
                supply_rest(&remote->supply, reason.text);
        }
        if (fd < 0 || r < 0)
                on_rest(remote);
}

/* Has another connection made. Returns whether there is one already. */
static bool get_another(struct remote *remote)
{
        uint64_t time;
        int fd;

        if (remote->count == remote->most)
                return false;
        fd = supply_open(&remote->supply, &time);
        if (fd == -EAGAIN)
                event_at(remote->event, time);
        else if (fd != -EINPROGRESS)
                take(remote, fd);
        return fd >= 0;
}

/* Has those who wait asked, as far as there are connections. */
static void dispatch(struct remote *remote)
{
        do
                while (remote->questions.count > 0 && give_one(remote))
                        ;
        while (remote->questions.count > 0 && get_another(remote));
}

static void on_supplied(void *ctx, int fd)
{
        struct remote *remote = ctx;

        take(remote, fd);
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

bool remote_rests(const struct remote *remote)
{
        return remote->count == 0 && supply_rests(&remote->supply);
}

enum progress remote_start(struct remote *remote, struct lookup *lookup)
{
        if (lookup->finish == NULL)
                return exchange_wait(remote->server, lookup);
        if (open_events(remote) < 0)
                return lookup_failed(lookup, "out of memory");
        if (remote->bad_starts != 1 && remote_rests(remote))
                return lookup_failed(lookup, "%s", remote->supply.reason.text);
        if (questions_add(&remote->questions, lookup,
                    exchange_deadline(lookup)) == NULL)
                return LOOKUP_DONE;
        dispatch(remote);
        return LOOKUP_PENDING;
}

void remote_cancel(struct remote *remote, struct lookup *lookup)
{
        struct question *question = lookup->state, *orphan = NULL;
        struct connection *connection = question->connection;

        lookup->state = NULL;
        if (connection == NULL) {
                questions_forget(&remote->questions, question);
                return;
        }
        if (remote->is_patient)
                orphan = orphan_new(question);
        if (orphan != NULL) {
                connection->question = orphan;
                return;
        }
        drop(connection, -ECANCELED);
        dispatch(remote);
}

static void close_connection(struct connection *connection)
{
        struct question *orphan = connection->question;

        drop(connection, -ECANCELED);
        if (orphan != NULL)
                orphan_free(orphan);
}

void remote_close(struct remote *remote)
{
        if (remote == NULL)
                return;
        while (remote->count > 0)
                close_connection(remote->connections[remote->count - 1]);
        supply_fini(&remote->supply);
        questions_close(&remote->questions);
        event_free(remote->event);
        free(remote);
}
