/* SPDX-License-Identifier: MIT */
#include "tables/support/pgsql_connections.h"
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

struct connections *connections_new(const struct table_env *env,
        struct pgsql_config *config, const struct connection_owner *owner,
        void (*changed)(void *ctx), void *ctx)
{
        struct connections *connections = calloc(
                1, sizeof(*connections) +
                           config->connections * sizeof(connections->list[0]));

        if (connections == NULL)
                return NULL;
        connections->config = config;
        connections->hosts = &config->login->hosts;
        connections->events = env->events;
        connections->watcher = env->watcher;
        connections->owner = owner;
        connections->changed = changed;
        connections->ctx = ctx;
        connections->dialer =
                pgsql_dialer_new(env, config->login, on_dialed, connections);
        if (connections->dialer != NULL)
                return connections;
        free(connections);
        return NULL;
}

static void on_rest_over(void *ctx)
{
        struct connections *connections = ctx;

        connections->changed(connections->ctx);
}

int connections_open(struct connections *connections)
{
        if (connections->event == NULL)
                connections->event = event_new(
                        connections->events, NULL, on_rest_over, connections);
        connections->hosts->watcher = connections->watcher;
        return connections->event != NULL ? 0 : -ENOMEM;
}

void connections_close(struct connections *connections)
{
        if (connections == NULL)
                return;
        while (connections->count > 0)
                connections_drop(
                        connections, connections->list[connections->count - 1]);
        pgsql_dialer_close(connections->dialer);
        event_free(connections->event);
        free(connections);
}

bool connections_may_grow(const struct connections *connections)
{
        return connections->dialed != NULL ||
               hosts_rest_until(connections->hosts, events_now()) == 0;
}

const struct reason *connections_obstacle(const struct connections *connections)
{
        if (connections->count > 0 || connections_may_grow(connections))
                return NULL;
        return &connections->hosts->reason;
}

/* One host after another, until one is called. */
void connections_want(struct connections *connections)
{
        struct hosts *hosts = connections->hosts;
        uint64_t now = events_now();
        struct reason reason;

        if (connections->dialed != NULL ||
                connections->count == connections->config->connections)
                return;
        while ((connections->dialed = hosts_choose(hosts, now)) != NULL) {
                if (pgsql_dialer_start(connections->dialer, connections->dialed,
                            &reason) == 0)
                        return;
                hosts_down(hosts, connections->dialed, now, &reason);
        }
        event_at(connections->event, hosts_rest_until(hosts, now));
}

/* Takes a connection. Returns 0, or -ENOMEM with the reason. */
static int add(struct connections *connections, struct host *host,
        struct pg_conn *conn, struct reason *ret_reason)
{
        struct connection *connection =
                connection_new(connections->events, connections->owner,
                        connections->ctx, &connections->config->query, host,
                        conn, connections->config->idle_interval);

        if (connection == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        connection->number = ++connections->made;
        connections->list[connections->count++] = connection;
        return 0;
}

static void on_dialed(
        void *ctx, struct pg_conn *conn, const struct reason *reason)
{
        struct connections *connections = ctx;
        struct host *host = connections->dialed;
        struct reason failure;

        connections->dialed = NULL;
        if (conn != NULL && add(connections, host, conn, &failure) < 0) {
                conn = NULL;
                reason = &failure;
        }
        if (conn == NULL)
                hosts_down(connections->hosts, host, events_now(), reason);
        connections->changed(connections->ctx);
}

void connections_works(
        struct connections *connections, struct connection *connection)
{
        connections->fruitless = 0;
        hosts_up(connections->hosts, connection->host);
}

/* The order stays: the first ones are used most, the last ones get idle. */
void connections_drop(
        struct connections *connections, struct connection *connection)
{
        size_t i = 0;

        while (connections->list[i] != connection)
                i++;
        connections->count--;
        for (; i < connections->count; i++)
                connections->list[i] = connections->list[i + 1];
        connection_free(connection);
}

/* A host can be restarted; but one may not let anybody stay. */
void connections_lose(struct connections *connections,
        struct connection *connection, const struct reason *reason)
{
        struct host *host = connection->host;

        if (!connection->is_used && ++connections->fruitless >= FRUITLESS_MAX)
                hosts_down(connections->hosts, host, events_now(), reason);
        connections_drop(connections, connection);
}

/* With another host there is something to win by a rest. */
void connections_stop(struct connections *connections,
        struct connection *connection, bool is_late)
{
        const struct pipeline *pipeline = &connection->pipeline;
        struct reason reason;

        reason_set_errno(&reason, -ETIMEDOUT, "no answer in time");
        if (is_late && connections->hosts->count > 1)
                hosts_down(connections->hosts, connection->host, events_now(),
                        &reason);
        pgsql_dialer_cancel(connections->dialer, pipeline->conn,
                pipeline->count - pipeline->next);
        connections_drop(connections, connection);
}
