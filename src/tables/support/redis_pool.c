/* SPDX-License-Identifier: MIT */
#include "tables/support/redis_pool.h"
#include "base/events.h"
#include "tables/support/redis_connection.h"
#include "tables/support/redis_dialer.h"
#include "tables/support/redis_wait.h"
#include <errno.h>
#include <stdlib.h>

/* Of a lookup that has lost its connection; others take any. */
#define NEEDS_NEW 1

struct redis_pool {
        struct post turn; /* first: the end of the loop's turn */
        bool is_turn_due;
        struct redis_login *login;
        struct hosts *hosts; /* its hosts */
        const struct redis_query *query;
        struct events *events;
        uint64_t idle_interval;
        struct questions questions;
        struct event *event; /* for the end of the hosts' rest */
        struct redis_dialer *dialer;
        struct host *dialed; /* NULL: none is */
        struct redis_waiter waiter;
        bool *is_closed; /* tells whoever calls the askers */
        size_t count, size;
        struct connection *connections[];
};

static void dispatch(struct redis_pool *pool);
static void on_turn(struct post *post);
static void on_dialed(
        void *ctx, struct redis_stream *stream, const struct reason *reason);

struct redis_pool *redis_pool_new(const struct table_env *env,
        struct redis_login *login, const struct redis_query *query, size_t size,
        uint64_t idle_interval)
{
        struct redis_pool *pool =
                calloc(1, sizeof(*pool) + size * sizeof(pool->connections[0]));

        if (pool == NULL)
                return NULL;
        pool->turn.run = on_turn;
        pool->login = login;
        pool->hosts = &login->hosts;
        pool->query = query;
        pool->events = env->events;
        pool->idle_interval = idle_interval;
        pool->size = size;
        questions_init(&pool->questions, env->queue > 0 ? env->queue : 1);
        pool->dialer = redis_dialer_new(env, login, on_dialed, pool);
        if (pool->dialer != NULL)
                return pool;
        free(pool);
        return NULL;
}

/* At the end of the turn lookups that came together are there together. */
static void dispatch_later(struct redis_pool *pool)
{
        if (!pool->is_turn_due)
                events_defer(pool->events, &pool->turn);
        pool->is_turn_due = true;
}

static void on_turn(struct post *post)
{
        struct redis_pool *pool = (struct redis_pool *)post;

        pool->is_turn_due = false;
        dispatch(pool);
}

/* The order stays: the first ones are used most, the last ones get idle. */
static void drop(struct connection *connection)
{
        struct redis_pool *pool = connection->ctx;
        size_t i = 0;

        while (pool->connections[i] != connection)
                i++;
        pool->count--;
        for (; i < pool->count; i++)
                pool->connections[i] = pool->connections[i + 1];
        redis_connection_free(connection);
}

static void put_back(struct redis_pool *pool, struct question *question)
{
        question->lookup->answer = ANSWER_NONE;
        questions_put_back(&pool->questions, question);
}

static void fail(struct redis_pool *pool, struct question *question,
        const struct reason *reason)
{
        lookup_failed(question->lookup, "%s", reason->text);
        questions_tell(&pool->questions, question);
}

/* What is left of a connection is asked once more, but not twice. */
static void put_back_lost(struct redis_pool *pool, struct question *question,
        const struct reason *reason)
{
        if (question->is_lost) {
                fail(pool, question, reason);
                return;
        }
        question->is_lost = true;
        question->least = NEEDS_NEW;
        put_back(pool, question);
}

/* A reply that is too large is of the first lookup, and no other's fault. */
static void on_lost(struct connection *connection, const struct reason *reason)
{
        struct redis_pool *pool = connection->ctx;
        struct reason copy = *reason; /* it may be a lookup's */
        bool is_first_at_fault = copy.code == -EMSGSIZE;
        struct question *question;

        while ((question = redis_connection_take_back(connection)) != NULL) {
                if (!is_first_at_fault)
                        put_back_lost(pool, question, &copy);
                else if (connection->count == 0)
                        fail(pool, question, &copy);
                else
                        put_back(pool, question);
        }
        drop(connection);
        dispatch_later(pool);
}

static void on_unused(struct connection *connection)
{
        drop(connection);
}

static void on_rested(struct connection *connection)
{
        struct redis_pool *pool = connection->ctx;

        if (pool->questions.count > 0)
                dispatch_later(pool);
}

static void on_missed(struct connection *connection, struct question *question)
{
        struct redis_pool *pool = connection->ctx;

        lookup_failed(question->lookup, "%s: no answer in time",
                connection->host->name);
        questions_tell(&pool->questions, question);
}

/*
 * The server hangs. Another host is better then; if there is none, nothing is
 * won by a rest.
 */
static void on_late(struct connection *connection)
{
        struct redis_pool *pool = connection->ctx;
        struct question *question;
        struct reason reason;

        while ((question = redis_connection_take_back(connection)) != NULL)
                put_back(pool, question);
        reason_set_errno(&reason, -ETIMEDOUT, "no answer in time");
        if (pool->hosts->count > 1)
                hosts_down(
                        pool->hosts, connection->host, events_now(), &reason);
        drop(connection);
        dispatch_later(pool);
}

/* Tells the asker, who may close the pool. Returns false then. */
static bool tell(struct redis_pool *pool, struct lookup *lookup)
{
        bool is_closed = false;

        /* cppcheck-suppress autoVariables; it is taken back below */
        pool->is_closed = &is_closed;
        lookup->state = NULL;
        lookup->finish(lookup);
        if (!is_closed)
                pool->is_closed = NULL;
        return !is_closed;
}

static bool on_answered(struct connection *connection,
        struct question *question, enum redis_verdict verdict)
{
        struct redis_pool *pool = connection->ctx;
        struct reason reason;

        if (verdict == REDIS_ANSWERED)
                return tell(pool, question->lookup);
        reason = question->lookup->reason;
        put_back_lost(pool, question, &reason);
        on_lost(connection, &reason);
        return false;
}

static const struct connection_owner owner = {
        .answered = on_answered,
        .rested = on_rested,
        .unused = on_unused,
        .late = on_late,
        .missed = on_missed,
        .lost = on_lost,
};

/* Returns the connection with the fewest replies to come, or NULL. */
static struct connection *find_best(const struct redis_pool *pool)
{
        struct connection *best = NULL;

        for (size_t i = 0; i < pool->count; i++)
                if (best == NULL || pool->connections[i]->count < best->count)
                        best = pool->connections[i];
        return best;
}

/*
 * Asks a connection all that it has room for; what goes wrong is told later.
 * What came unasked would be taken for an answer. A new connection is for those
 * that have lost theirs; when there can be none now, any other will do.
 */
static void give(struct redis_pool *pool, struct connection *connection)
{
        const struct reason no_memory = {-ENOMEM, "out of memory"};
        bool is_any = !connection->is_used ||
                      hosts_rest_until(pool->hosts, events_now()) > 0;
        struct question *question;
        struct reason reason;

        if (connection->count == 0 &&
                !redis_stream_is_quiet(connection->stream)) {
                drop(connection);
                dispatch_later(pool);
                return;
        }
        while (connection->count < CONNECTION_DEPTH) {
                question = questions_take(
                        &pool->questions, is_any ? NEEDS_NEW : 0);
                if (question == NULL)
                        break;
                if (redis_connection_ask(connection, question) < 0)
                        fail(pool, question, &no_memory);
        }
        if (redis_connection_flush(connection, &reason) < 0)
                on_lost(connection, &reason);
}

/* Has another connection made, unless none can be made now. */
static void dial(struct redis_pool *pool)
{
        uint64_t now = events_now();
        struct reason reason;

        if (pool->dialed != NULL || pool->count == pool->size)
                return;
        pool->dialed = hosts_choose(pool->hosts, now);
        if (pool->dialed == NULL) {
                reason = pool->hosts->reason;
                event_at(pool->event, hosts_rest_until(pool->hosts, now));
        } else if (redis_dialer_start(pool->dialer, pool->dialed, &reason) <
                   0) {
                hosts_down(pool->hosts, pool->dialed, now, &reason);
                pool->dialed = NULL;
                reason = pool->hosts->reason;
                dispatch_later(pool); /* there may be other hosts */
                return;
        }
        if (pool->dialed == NULL && pool->count == 0)
                questions_fail(&pool->questions, &reason);
}

/* Has those who wait asked, and one more connection made if all are busy. */
static void dispatch(struct redis_pool *pool)
{
        struct connection *best = find_best(pool);
        bool are_busy = best != NULL && best->count > 0;

        if (best != NULL && best->count < CONNECTION_DEPTH &&
                pool->questions.count > 0)
                give(pool, best);
        if (pool->questions.count > 0 || are_busy)
                dial(pool);
}

static void on_dialed(
        void *ctx, struct redis_stream *stream, const struct reason *reason)
{
        struct redis_pool *pool = ctx;
        struct host *host = pool->dialed;
        struct connection *connection;

        pool->dialed = NULL;
        if (stream == NULL) {
                hosts_down(pool->hosts, host, events_now(), reason);
                dispatch(pool);
                return;
        }
        hosts_up(pool->hosts, host);
        connection = redis_connection_new(pool->events, &owner, pool,
                pool->query, host, stream, pool->idle_interval);
        if (connection != NULL) {
                pool->connections[pool->count++] = connection;
                give(pool, connection); /* what no other may be asked */
        }
        dispatch(pool);
}

static void on_rest_over(void *ctx)
{
        dispatch(ctx);
}

/* Events begin with the first lookup, on the thread that they belong to. */
static int open_events(struct redis_pool *pool)
{
        if (pool->event == NULL)
                pool->event = event_new(pool->events, NULL, on_rest_over, pool);
        if (pool->event == NULL)
                return -ENOMEM;
        redis_waiter_close(&pool->waiter); /* it was but for a trial */
        return questions_open(&pool->questions, pool->events);
}

static bool is_resting(const struct redis_pool *pool)
{
        return pool->count == 0 && pool->dialed == NULL &&
               hosts_rest_until(pool->hosts, events_now()) > 0;
}

enum progress redis_pool_start(struct redis_pool *pool, struct lookup *lookup)
{
        uint64_t deadline = events_now() + REDIS_TIME;

        if (lookup->deadline < deadline)
                deadline = lookup->deadline;
        if (lookup->finish == NULL)
                return redis_wait(&pool->waiter, pool->login, pool->query,
                        lookup, deadline);
        if (open_events(pool) < 0)
                return lookup_failed(lookup, "out of memory");
        if (is_resting(pool))
                return lookup_failed(lookup, "%s", pool->hosts->reason.text);
        if (questions_add(&pool->questions, lookup, deadline) == NULL)
                return LOOKUP_DONE;
        dispatch_later(pool);
        return LOOKUP_PENDING;
}

void redis_pool_cancel(struct redis_pool *pool, struct lookup *lookup)
{
        struct question *question = lookup->state;

        lookup->state = NULL;
        if (question->connection == NULL)
                questions_forget(&pool->questions, question);
        else
                redis_connection_forget(question->connection, question);
}

void redis_pool_close(struct redis_pool *pool)
{
        if (pool == NULL)
                return;
        if (pool->is_closed != NULL)
                *pool->is_closed = true;
        if (pool->is_turn_due)
                events_undefer(pool->events, &pool->turn);
        while (pool->count > 0)
                drop(pool->connections[pool->count - 1]);
        redis_waiter_close(&pool->waiter);
        redis_dialer_close(pool->dialer);
        questions_close(&pool->questions);
        event_free(pool->event);
        free(pool);
}
