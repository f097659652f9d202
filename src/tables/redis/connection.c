/* SPDX-License-Identifier: MIT */
#include "tables/redis/connection.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>

static void on_ready(void *ctx, unsigned what);
static void on_due(void *ctx);

static struct slot *slot_at(struct connection *connection, size_t number)
{
        return &connection->slots[(connection->first + number) %
                                  CONNECTION_DEPTH];
}

/* The timer may be for what is no more: it looks again, then. */
static void wake_at(struct connection *connection, uint64_t time)
{
        connection->wakes = time;
        event_at(connection->event, time);
}

static void set_idle(struct connection *connection)
{
        connection->heard = events_now();
        if (connection->wakes == UINT64_MAX)
                wake_at(connection,
                        connection->heard + connection->idle_interval);
}

struct connection *redis_connection_new(struct events *events,
        const struct connection_owner *owner, void *ctx,
        const struct redis_query *query, struct host *host,
        struct redis_stream *stream, uint64_t idle_interval)
{
        struct connection *connection = malloc(sizeof(*connection));

        if (connection == NULL) {
                redis_stream_free(stream);
                return NULL;
        }
        *connection = (struct connection){
                .stream = stream,
                .query = query,
                .host = host,
                .owner = owner,
                .ctx = ctx,
                .watched = EVENT_READ,
                .idle_interval = idle_interval,
                .wakes = UINT64_MAX,
        };
        connection->event = event_new(events, on_ready, on_due, connection);
        if (connection->event == NULL ||
                event_watch(connection->event, stream->channel.fd, EVENT_READ) <
                        0) {
                redis_connection_free(connection);
                return NULL;
        }
        set_idle(connection);
        return connection;
}

void redis_connection_free(struct connection *connection)
{
        if (connection->event != NULL)
                event_watch(
                        connection->event, connection->stream->channel.fd, 0);
        event_free(connection->event);
        redis_stream_free(connection->stream);
        free(connection);
}

int redis_connection_ask(
        struct connection *connection, struct question *question)
{
        struct lookup *lookup = question->lookup;
        int r = redis_command_write(&connection->query->command, lookup->key,
                lookup->arena, &connection->stream->channel.out);

        if (r < 0)
                return r;
        redis_query_trace(connection->query, connection->host->name, lookup);
        if (connection->count == 0)
                connection->heard = events_now();
        *slot_at(connection, connection->count++) = (struct slot){
                .question = question, .deadline = question->deadline};
        question->connection = connection;
        if (question->deadline < connection->wakes)
                wake_at(connection, question->deadline);
        return 0;
}

/* Returns 0, or -ENOTCONN with the reason. */
static int fail(struct connection *connection, int error, const char *what,
        struct reason *ret_reason)
{
        if (error == -ECONNRESET)
                reason_set(ret_reason, "%s: the server closed the connection",
                        connection->host->name);
        else
                reason_set_errno(ret_reason, error, "%s: %s",
                        connection->host->name, what);
        ret_reason->code = -ENOTCONN;
        return -ENOTCONN;
}

int redis_connection_flush(
        struct connection *connection, struct reason *ret_reason)
{
        int r = redis_stream_send(connection->stream);
        unsigned wanted = EVENT_READ;

        if (r == -EAGAIN)
                wanted |= EVENT_WRITE;
        else if (r < 0)
                return fail(connection, r, "send", ret_reason);
        if (wanted == connection->watched)
                return 0;
        connection->watched = wanted;
        r = event_watch(
                connection->event, connection->stream->channel.fd, wanted);
        return r < 0 ? fail(connection, r, "wait", ret_reason) : 0;
}

/* Takes the first command off, and gives its question the answer. */
static bool take_reply(
        struct connection *connection, const struct redis_reply *reply)
{
        struct question *question = slot_at(connection, 0)->question;
        enum redis_verdict verdict;

        connection->first = (connection->first + 1) % CONNECTION_DEPTH;
        connection->count--;
        connection->is_used = true;
        if (question == NULL)
                return true;
        verdict = redis_query_answer(connection->query, connection->host->name,
                reply, question->lookup);
        question->connection = NULL;
        return connection->owner->answered(connection, question, verdict);
}

/* What nobody has asked for may be anything. */
static int refuse(struct connection *connection, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: a reply that nobody has asked for",
                connection->host->name);
        ret_reason->code = -EBADMSG;
        return -EBADMSG;
}

/* One that is too large is of the first lookup, and fails no others. */
static void lose(struct connection *connection, const struct reason *reason)
{
        struct reason copy;

        reason_set(&copy, "%s: %s", connection->host->name, reason->text);
        copy.code = reason->code;
        connection->owner->lost(connection, &copy);
}

/* Hands over the answers that are there. */
static void take_replies(struct connection *connection)
{
        const struct redis_reply *reply;
        struct reason reason;
        int r;

        connection->heard = events_now();
        while ((r = redis_stream_next(connection->stream, &reply, &reason)) >
                0) {
                if (connection->count == 0) {
                        refuse(connection, &reason);
                        connection->owner->lost(connection, &reason);
                        return;
                }
                if (!take_reply(connection, reply))
                        return;
        }
        if (r < 0) {
                lose(connection, &reason);
                return;
        }
        if (connection->count == 0)
                set_idle(connection);
        connection->owner->rested(connection);
}

static void on_ready(void *ctx, unsigned what)
{
        struct connection *connection = ctx;
        struct reason reason;
        bool is_idle = connection->count == 0;
        int r = 0;

        if ((what & EVENT_WRITE) != 0)
                r = redis_connection_flush(connection, &reason);
        if (r == 0 && (what & EVENT_READ) != 0) {
                r = redis_stream_receive(connection->stream);
                if (r < 0 && r != -EAGAIN)
                        r = fail(connection, r, "receive", &reason);
        }
        if (r == -EAGAIN)
                return;
        if (r < 0 && is_idle)
                connection->owner->unused(connection);
        else if (r < 0)
                connection->owner->lost(connection, &reason);
        else
                take_replies(connection);
}

void redis_connection_forget(
        struct connection *connection, struct question *question)
{
        for (size_t i = 0; i < connection->count; i++) {
                struct slot *slot = slot_at(connection, i);

                if (slot->question == question)
                        slot->question = NULL;
        }
}

struct question *redis_connection_take_back(struct connection *connection)
{
        while (connection->count > 0) {
                struct question *question =
                        slot_at(connection, --connection->count)->question;

                if (question == NULL)
                        continue;
                question->connection = NULL;
                return question;
        }
        return NULL;
}

/* Lets those go whose time is over: their replies have nobody any more. */
static bool expire(struct connection *connection, uint64_t now)
{
        bool any = false;

        for (size_t i = 0; i < connection->count; i++) {
                struct slot *slot = slot_at(connection, i);
                struct question *question = slot->question;

                if (slot->deadline > now)
                        continue;
                any = true;
                slot->deadline = UINT64_MAX;
                slot->question = NULL;
                if (question == NULL)
                        continue;
                question->connection = NULL;
                connection->owner->missed(connection, question);
        }
        return any;
}

static void set_timer(struct connection *connection)
{
        uint64_t first = UINT64_MAX;

        for (size_t i = 0; i < connection->count; i++)
                if (slot_at(connection, i)->deadline < first)
                        first = slot_at(connection, i)->deadline;
        if (connection->count == 0)
                first = connection->heard + connection->idle_interval;
        else if (first == UINT64_MAX) /* nobody waits for what comes */
                first = events_now() + CONNECTION_STALL;
        wake_at(connection, first);
}

static bool is_silent(const struct connection *connection, uint64_t now)
{
        return now - connection->heard >= CONNECTION_STALL;
}

static bool waits_for_none(struct connection *connection)
{
        for (size_t i = 0; i < connection->count; i++)
                if (slot_at(connection, i)->deadline != UINT64_MAX)
                        return false;
        return connection->count > 0;
}

static void on_due(void *ctx)
{
        struct connection *connection = ctx;
        uint64_t now = events_now();
        bool is_dead = is_silent(connection, now) && waits_for_none(connection);

        connection->wakes = UINT64_MAX;
        if (connection->count == 0 &&
                now >= connection->heard + connection->idle_interval) {
                connection->owner->unused(connection);
                return;
        }
        if (expire(connection, now) && is_silent(connection, now))
                is_dead = true;
        if (is_dead)
                connection->owner->late(connection);
        else
                set_timer(connection);
}
