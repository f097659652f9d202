/* SPDX-License-Identifier: MIT */
#include "tables/support/remote.h"
#include "base/events.h"
#include "tables/support/connection_list.h"
#include "tables/support/orphan.h"
#include "tables/support/questions.h"
#include "tables/support/remote_connection.h"
#include <errno.h>
#include <stdlib.h>

struct remote {
        const struct server *server;
        struct events *events;
        struct questions questions;
        struct supply supply;
        bool is_patient;     /* connections cost much: they are processes */
        unsigned bad_starts; /* of these, one after the other */
        struct event *event; /* for when the supply has more */
        struct connection_list connections;
};

static void dispatch(struct remote *remote);
static void on_supplied(void *ctx, int fd);

struct remote *remote_new(const struct table_env *env,
        const struct server *server, struct opener *opener)
{
        size_t most = opener != NULL ? opener->most : REMOTE_CONNECTIONS_MAX;
        struct remote *remote = calloc(1, sizeof(*remote));

        if (remote == NULL)
                return NULL;
        if (connection_list_init(&remote->connections, most) < 0 ||
                supply_init(&remote->supply, env, server, opener, on_supplied,
                        remote) < 0) {
                connection_list_fini(&remote->connections);
                free(remote);
                return NULL;
        }
        remote->server = server;
        remote->events = env->events;
        remote->is_patient = opener != NULL;
        questions_init(&remote->questions, env->queue > 0 ? env->queue : 1);
        return remote;
}

static void drop(struct connection *connection, int error)
{
        struct remote *remote = connection->ctx;
        int fd = connection->channel.fd;
        bool is_used = connection->is_used;

        connection_list_remove(&remote->connections, connection);
        remote_connection_free(connection);
        supply_close(&remote->supply, fd, error, is_used);
}

/* The server rests: whoever has nothing else to wait for fails. */
static void on_rest(struct remote *remote)
{
        if (remote->connections.count == 0)
                questions_fail(
                        &remote->questions, &remote->supply.health.reason);
        else
                event_at(remote->event, remote->supply.health.rests_until);
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
                event_at(remote->event, remote->supply.health.rests_until);
}

/* Drops an idle one: at its end, or for what nobody has asked for. */
static void drop_idle(struct connection *connection)
{
        struct remote *remote = connection->ctx;
        bool is_bad = remote->is_patient && !connection->is_used;

        drop(connection, 0);
        if (is_bad)
                on_bad_start(remote);
}

/* It has not been asked yet: another one will. */
static void give_back(struct connection *connection)
{
        struct remote *remote = connection->ctx;
        struct question *question = connection->question;

        if (orphan_is(question))
                orphan_free(question);
        else
                questions_put_back(&remote->questions, question);
        drop_idle(connection);
}

/* Closes a connection that is of no more use to its question. */
static void close_lost(struct connection *connection, int error)
{
        struct remote *remote = connection->ctx;
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
                question->least = remote->connections.made + 1;
                questions_put_back(&remote->questions, question);
        } else {
                exchange_failed(remote->server, question->lookup, error);
                health_failed(
                        &remote->supply.health, question->lookup->reason.text);
                questions_tell(&remote->questions, question);
        }
}

static void lose(struct connection *connection, int error)
{
        if (remote_connection_is_unasked(connection, error))
                give_back(connection);
        else
                close_lost(connection, error);
}

static void on_lost(struct connection *connection, int error)
{
        struct remote *remote = connection->ctx;

        lose(connection, error);
        dispatch(remote);
}

static void on_unused(struct connection *connection)
{
        struct remote *remote = connection->ctx;

        drop_idle(connection);
        dispatch(remote);
}

/* To tell the asker is the last thing: it may close us. */
static void on_answered(
        struct connection *connection, struct lookup *lookup, bool has_more)
{
        struct remote *remote = connection->ctx;

        remote->bad_starts = 0;
        health_answered(&remote->supply.health);
        if (has_more)
                drop(connection, 0);
        dispatch(remote);
        lookup->state = NULL;
        lookup->finish(lookup);
}

static const struct connection_owner owner = {
        .answered = on_answered,
        .lost = on_lost,
        .unused = on_unused,
};

/* Takes the descriptor. Returns 0 or a negative errno. */
static int add_connection(struct remote *remote, int fd)
{
        struct connection *connection;
        int r = remote_connection_new(remote->events, remote->server,
                remote->is_patient, fd, &owner, remote, &connection);

        if (r < 0) {
                supply_close(&remote->supply, fd, r, false);
                return r;
        }
        connection->number =
                connection_list_add(&remote->connections, connection);
        return 0;
}

/* Gives a question to an idle connection. Returns false when none can go on. */
static bool give_one(struct remote *remote)
{
        for (size_t i = 0; i < remote->connections.count; i++) {
                struct connection *connection = remote->connections.all[i];
                struct question *question;
                int r;

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
                r = remote_connection_ask(connection, question);
                if (r < 0)
                        lose(connection, r); /* it is told later */
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

        if (connection_list_is_full(&remote->connections))
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

/* Events begin with the first lookup, on the thread that they belong to. */
static int open_events(struct remote *remote)
{
        if (remote->event == NULL)
                remote->event =
                        event_new(remote->events, NULL, on_rested, remote);
        if (remote->event == NULL)
                return -ENOMEM;
        return questions_open(&remote->questions, remote->events);
}

bool remote_rests(const struct remote *remote)
{
        return remote->connections.count == 0 && supply_rests(&remote->supply);
}

enum progress remote_start(struct remote *remote, struct lookup *lookup)
{
        if (lookup->finish == NULL)
                return exchange_wait(remote->server, lookup);
        if (open_events(remote) < 0)
                return lookup_failed(lookup, "out of memory");
        if (remote->bad_starts != 1 && remote_rests(remote))
                return lookup_failed(
                        lookup, "%s", remote->supply.health.reason.text);
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
        if (questions_is_late(question))
                health_failed(&remote->supply.health, "no answer in time");
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
        struct connection_list *list;

        if (remote == NULL)
                return;
        list = &remote->connections;
        while (list->count > 0)
                close_connection(list->all[list->count - 1]);
        connection_list_fini(list);
        supply_fini(&remote->supply);
        questions_close(&remote->questions);
        event_free(remote->event);
        free(remote);
}
