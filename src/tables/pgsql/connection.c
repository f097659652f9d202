/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/connection.h"
#include "base/events.h"
#include "tables/pgsql/results.h"
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

static void on_ready(void *ctx, unsigned what);
static void on_due(void *ctx);

static void set_idle(struct connection *connection)
{
        event_at(connection->event, events_now() + connection->idle_interval);
}

struct connection *connection_new(struct events *events,
        const struct connection_owner *owner, void *ctx,
        struct pgsql_query *query, struct host *host, PGconn *conn,
        uint64_t idle_interval)
{
        struct connection *connection = calloc(1, sizeof(*connection));

        if (connection == NULL) {
                PQfinish(conn);
                return NULL;
        }
        pipeline_init(&connection->pipeline, query, host->name, conn);
        connection->host = host;
        connection->made = events_now();
        /* A thread may have another socket by libpq's number at once. */
        connection->fd = fcntl(PQsocket(conn), F_DUPFD_CLOEXEC, 0);
        connection->watched = EVENT_READ;
        connection->owner = owner;
        connection->ctx = ctx;
        connection->idle_interval = idle_interval;
        connection->event = event_new(events, on_ready, on_due, connection);
        if (connection->event == NULL || connection->fd < 0 ||
                event_watch(connection->event, connection->fd, EVENT_READ) <
                        0) {
                connection_free(connection);
                return NULL;
        }
        set_idle(connection);
        return connection;
}

void connection_free(struct connection *connection)
{
        if (connection->event != NULL && connection->fd >= 0)
                event_watch(connection->event, connection->fd, 0);
        event_free(connection->event);
        if (connection->fd >= 0)
                close(connection->fd);
        pipeline_fini(&connection->pipeline);
        free(connection);
}

/* Returns the first deadline of those who wait; UINT64_MAX: nobody does. */
static uint64_t first_deadline(const struct pipeline *pipeline)
{
        uint64_t first = UINT64_MAX;

        for (size_t i = pipeline->next; i < pipeline->count; i++)
                if (pipeline->slots[i].question != NULL &&
                        pipeline->slots[i].deadline < first)
                        first = pipeline->slots[i].deadline;
        return first;
}

/*
 * For the first deadline, or a result that is slow. What nobody waits for may
 * not be slow: the end of a transaction, or what is left of a lookup.
 */
static void set_timer(struct connection *connection)
{
        const struct pipeline *pipeline = &connection->pipeline;
        bool are_behind = pipeline->count - pipeline->next > 1;
        uint64_t time = first_deadline(pipeline);
        uint64_t soon = events_now() + CONNECTION_STALL;

        if (soon < time &&
                (time == UINT64_MAX || (are_behind && !connection->is_stalled)))
                time = soon;
        event_at(connection->event, time);
}

/* Sends what is left. Returns 0, or a negative errno with the reason. */
static int send_rest(struct connection *connection, struct reason *ret_reason)
{
        int r = pipeline_send(&connection->pipeline, ret_reason);

        if (r < 0 || (unsigned)r == connection->watched)
                return r < 0 ? r : 0;
        connection->watched = (unsigned)r;
        r = event_watch(connection->event, connection->fd, connection->watched);
        if (r < 0)
                reason_set_errno(ret_reason, r, "send");
        return r;
}

int connection_ask(struct connection *connection, struct question **questions,
        size_t count, struct reason *ret_reason)
{
        int r = pipeline_ask(&connection->pipeline, questions, count), end;

        connection->is_stalled = false;
        /* It is this that says what is wrong, then. */
        end = send_rest(connection, ret_reason);
        if (r == 0)
                r = end;
        else if (end == 0)
                reason_set(ret_reason, "the question cannot be sent");
        if (r == 0 && pipeline_is_busy(&connection->pipeline))
                set_timer(connection);
        return r;
}

static void give_up(struct connection *connection, const struct reason *reason)
{
        if (reason->code == -EFBIG)
                connection->owner->too_large(connection, reason);
        else
                connection->owner->lost(connection, reason);
}

/* Hands over the answers that are there. */
static void take_answers(struct connection *connection)
{
        struct question *question;
        enum pgsql_verdict verdict;
        struct reason reason;
        int r;

        while ((r = results_next(&connection->pipeline, &question, &verdict,
                        &reason)) > 0) {
                connection->is_used = true;
                if (!connection->owner->answered(connection, question, verdict))
                        return;
        }
        if (r == 0 && !pipeline_is_busy(&connection->pipeline))
                r = results_settle(&connection->pipeline, &reason);
        if (r < 0) {
                give_up(connection, &reason);
        } else if (pipeline_is_busy(&connection->pipeline)) {
                set_timer(connection);
        } else {
                set_idle(connection);
                connection->owner->rested(connection);
        }
}

static void on_ready(void *ctx, unsigned what)
{
        struct connection *connection = ctx;
        struct reason reason;
        bool is_idle = !pipeline_is_busy(&connection->pipeline);
        int r = 0;

        if ((what & EVENT_READ) != 0)
                r = results_receive(&connection->pipeline, &reason);
        if (r == 0)
                r = send_rest(connection, &reason);
        if (r < 0 && is_idle)
                connection->owner->unused(connection);
        else if (r < 0)
                give_up(connection, &reason);
        else if (!is_idle)
                take_answers(connection);
}

static bool is_late(const struct pipeline *pipeline)
{
        uint64_t deadline = first_deadline(pipeline);

        return deadline == UINT64_MAX || deadline <= events_now();
}

void connection_forget(struct connection *connection, struct question *question)
{
        pipeline_forget(&connection->pipeline, question);
        if (first_deadline(&connection->pipeline) == UINT64_MAX)
                set_timer(connection);
}

static void on_due(void *ctx)
{
        struct connection *connection = ctx;
        const struct connection_owner *owner = connection->owner;
        bool was_stalled = connection->is_stalled;

        if (!pipeline_is_busy(&connection->pipeline)) {
                owner->unused(connection);
                return;
        }
        if (is_late(&connection->pipeline)) {
                owner->late(connection);
                return;
        }
        connection->is_stalled = true;
        set_timer(connection);
        if (!was_stalled)
                owner->stalled(connection);
}
