/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/connections.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>

/*
 * How many connections may be lost one after another, none of which has
 * answered, until that is as good as no connection.
 */
#define FRUITLESS_MAX 3

static void on_dialed(
        void *ctx, struct pg_conn *conn, const struct reason *reason);

static int dial(void *ctx, const struct host *host, struct reason *ret_reason)
{
        struct connections *connections = ctx;

        return pgsql_dialer_start(connections->dialer, host, ret_reason);
}

static void on_rest_over(void *ctx)
{
        struct connections *connections = ctx;

        connections->changed(connections->ctx);
}

struct connections *connections_new(const struct table_env *env,
        struct pgsql_config *config, const struct connection_owner *owner,
        void (*changed)(void *ctx), void *ctx)
{
        struct connections *connections = calloc(1, sizeof(*connections));

        if (connections == NULL)
                return NULL;
        connections->config = config;
        connections->events = env->events;
        connections->owner = owner;
        connections->changed = changed;
        connections->ctx = ctx;
        dialing_init(&connections->dialing, env->events, &config->login->hosts,
                dial, on_rest_over, connections);
        connections->dialer =
                pgsql_dialer_new(env, config->login, on_dialed, connections);
        if (connections->dialer != NULL &&
                connection_list_init(&connections->list, config->connections) ==
                        0)
                return connections;
        connections_close(connections);
        return NULL;
}

int connections_open(struct connections *connections)
{
        hosts_watch(connections->dialing.hosts);
        return dialing_open(&connections->dialing);
}

void connections_close(struct connections *connections)
{
        struct connection_list *list;

        if (connections == NULL)
                return;
        list = &connections->list;
        while (list->count > 0)
                connections_drop(connections, list->all[list->count - 1]);
        connection_list_fini(list);
        pgsql_dialer_close(connections->dialer);
        dialing_close(&connections->dialing);
        free(connections);
}

bool connections_may_grow(const struct connections *connections)
{
        return dialing_obstacle(&connections->dialing) == NULL;
}

const struct reason *connections_obstacle(const struct connections *connections)
{
        return connections->list.count > 0
                       ? NULL
                       : dialing_obstacle(&connections->dialing);
}

void connections_want(struct connections *connections)
{
        if (!connection_list_is_full(&connections->list))
                dialing_want(&connections->dialing);
}

/* Takes a connection. Returns 0, or -ENOMEM with the reason. */
static int add(struct connections *connections, struct pg_conn *conn,
        struct reason *ret_reason)
{
        struct connection *connection = connection_new(connections->events,
                connections->owner, connections->ctx,
                &connections->config->query, connections->dialing.host, conn,
                connections->config->idle_interval);

        if (connection == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        connection->number =
                connection_list_add(&connections->list, connection);
        return 0;
}

static void on_dialed(
        void *ctx, struct pg_conn *conn, const struct reason *reason)
{
        struct connections *connections = ctx;
        struct reason failure;

        if (conn != NULL && add(connections, conn, &failure) < 0) {
                conn = NULL;
                reason = &failure;
        }
        dialing_end(&connections->dialing, conn == NULL ? reason : NULL);
        connections->changed(connections->ctx);
}

void connections_works(
        struct connections *connections, struct connection *connection)
{
        connections->fruitless = 0;
        hosts_answered(connections->dialing.hosts, connection->host,
                connection->made, events_now());
}

void connections_drop(
        struct connections *connections, struct connection *connection)
{
        connection_list_remove(&connections->list, connection);
        connection_free(connection);
}

/* A host can be restarted; but one may not let anybody stay. */
void connections_lose(struct connections *connections,
        struct connection *connection, const struct reason *reason)
{
        struct host *host = connection->host;

        if (!connection->is_used && ++connections->fruitless >= FRUITLESS_MAX)
                hosts_down(
                        connections->dialing.hosts, host, events_now(), reason);
        connections_drop(connections, connection);
}

/* With another host there is something to win by a rest. */
void connections_stop(struct connections *connections,
        struct connection *connection, bool is_late)
{
        const struct pipeline *pipeline = &connection->pipeline;
        struct hosts *hosts = connections->dialing.hosts;
        struct reason reason;

        reason_set_errno(&reason, -ETIMEDOUT, "no answer in time");
        if (is_late && hosts->count > 1)
                hosts_down(hosts, connection->host, events_now(), &reason);
        pgsql_dialer_cancel(connections->dialer, pipeline->conn,
                pipeline->count - pipeline->next);
        connections_drop(connections, connection);
}
