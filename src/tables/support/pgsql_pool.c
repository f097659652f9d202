/* SPDX-License-Identifier: MIT */
#include "tables/support/pgsql_pool.h"
#include "base/events.h"
#include "tables/support/pgsql_connection.h"
#include "tables/support/pgsql_dialer.h"
#include "tables/support/pgsql_wait.h"
#include <errno.h>
#include <stdlib.h>

struct pool {
        struct post turn; /* first: the end of the loop's turn */
        bool is_turn_due;
        struct pgsql_login *login;
        struct hosts *hosts; /* its hosts */
        struct pgsql_query *query;
        struct events *events;
        uint64_t idle_interval;
        struct questions questions;
        struct event *event; /* for the end of the hosts' rest */
        struct pgsql_dialer *dialer;
        struct host *dialed; /* NULL: none is */
        struct pgsql_waiter waiter;
        bool *is_closed; /* tells whoever calls the askers */
        size_t count, size;
        struct connection *connections[];
};

static const struct connection_owner owner;

static void dispatch(struct pool *pool);
static void on_turn(struct post *post);
static void on_dialed(
        void *ctx, struct pg_conn *conn, const struct reason *reason);

struct pool *pool_new(const struct table_env *env, struct pgsql_login *login,
        struct pgsql_query *query, size_t size, uint64_t idle_interval)
{
        struct pool *pool =
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
        pool->dialer = pgsql_dialer_new(env, login, on_dialed, pool);
        if (pool->dialer != NULL)
                return pool;
        free(pool);
        return NULL;
}

/* At the end of the turn lookups that came together are there together. */
static void dispatch_later(struct pool *pool)
{
        if (!pool->is_turn_due)
                events_defer(pool->events, &pool->turn);
        pool->is_turn_due = true;
}

static void on_turn(struct post *post)
{
        struct pool *pool = (struct pool *)post;

        pool->is_turn_due = false;
        dispatch(pool);
}

/* The order stays: the first ones are used most, the last ones get idle. */
static void drop(struct connection *connection)
{
        struct pool *pool = connection->ctx;
        size_t i = 0;

        while (pool->connections[i] != connection)
                i++;
        pool->count--;
        for (; i < pool->count; i++)
                pool->connections[i] = pool->connections[i + 1];
        connection_free(connection);
}

static void put_back(struct pool *pool, struct question *question)
{
        question->lookup->answer = ANSWER_NONE;
        questions_put_back(&pool->questions, question);
}

/* What is left of a connection is asked once more, but not twice. */
static void put_back_lost(struct pool *pool, struct question *question,
        const struct reason *reason)
{
        if (!question->is_second) {
                question->is_second = true;
                put_back(pool, question);
                return;
        }
        lookup_failed(question->lookup, "%s", reason->text);
        questions_tell(&pool->questions, question);
}

static void on_lost(struct connection *connection, const struct reason *reason)
{
        struct pool *pool = connection->ctx;
        struct reason copy = *reason; /* it may be a lookup's */
        struct question *question;

        while ((question = pipeline_take_back(&connection->pipeline, 0)) !=
                NULL)
                put_back_lost(pool, question, &copy);
        drop(connection);
        dispatch_later(pool);
}

static void on_unused(struct connection *connection)
{
        drop(connection);
}

static void on_rested(struct connection *connection)
{
        struct pool *pool = connection->ctx;

        if (pool->questions.count > 0)
                dispatch_later(pool);
}

/* Those behind the slow one: each by itself, as it may be slow as well. */
static void on_stalled(struct connection *connection)
{
        struct pool *pool = connection->ctx;
        struct question *question;

        while ((question = pipeline_take_back(&connection->pipeline, 1)) !=
                NULL) {
                question->is_alone = true;
                put_back(pool, question);
        }
        dispatch_later(pool);
}

/*
 * The server is slow or hangs. Another host is better then; if there is none,
 * nothing is won by a rest.
 */
static void on_late(struct connection *connection)
{
        struct pool *pool = connection->ctx;
        struct host *host = connection->host;
        uint64_t now = events_now();
        struct question *question;
        struct reason reason;

        reason_set_errno(&reason, -ETIMEDOUT, "no answer in time");
        while ((question = pipeline_take_back(&connection->pipeline, 0)) !=
                NULL) {
                if (question->deadline > now) {
                        question->is_alone = true;
                        put_back(pool, question);
                        continue;
                }
                lookup_failed(
                        question->lookup, "%s: no answer in time", host->name);
                questions_tell(&pool->questions, question);
        }
        if (pool->hosts->count > 1)
                hosts_down(pool->hosts, host, now, &reason);
        pgsql_dialer_cancel(pool->dialer, connection->pipeline.conn);
        drop(connection);
        dispatch_later(pool);
}

/* Whether a question is better asked in another way than failed. */
static bool is_asked_anew(struct question *question, enum pgsql_verdict verdict)
{
        if (verdict == PGSQL_ALONE && !question->is_alone) {
                question->is_alone = true;
                return true;
        }
        if (verdict == PGSQL_AS_TEXT && !question->is_text) {
                question->is_text = true;
                return true;
        }
        return false;
}

/* Tells the asker, who may close the pool. Returns false then. */
static bool tell(struct pool *pool, struct lookup *lookup)
{
        bool is_closed = false;

        pool->is_closed = &is_closed;
        lookup->state = NULL;
        lookup->finish(lookup);
        if (!is_closed)
                pool->is_closed = NULL;
        return !is_closed;
}

static bool on_answered(struct connection *connection,
        struct question *question, enum pgsql_verdict verdict)
{
        struct pool *pool = connection->ctx;
        struct reason reason = question->lookup->reason;

        if (is_asked_anew(question, verdict)) {
                question->connection = NULL;
                put_back(pool, question);
                dispatch_later(pool);
                return true;
        }
        if (verdict != PGSQL_ENDED)
                return tell(pool, question->lookup);
        questions_tell(&pool->questions, question);
        on_lost(connection, &reason);
        return false;
}

static const struct connection_owner owner = {
        .answered = on_answered,
        .rested = on_rested,
        .unused = on_unused,
        .stalled = on_stalled,
        .late = on_late,
        .lost = on_lost,
};

static bool needs_own_turn(
        const struct pool *pool, const struct question *question)
{
        return question->is_alone || question->is_text ||
               pgsql_form(pool->query) == PGSQL_TEXT;
}

/*
 * Takes as many of those that wait as can be asked together, `most` at most.
 * A new connection is for those that have lost theirs; when there can be none
 * now, any other will do.
 */
static size_t take_together(struct pool *pool, bool is_used, size_t most,
        struct question **ret_list)
{
        bool is_any =
                !is_used || hosts_rest_until(pool->hosts, events_now()) > 0;
        size_t count = 0;

        while (count < most) {
                struct question *question =
                        questions_take(&pool->questions, is_any);

                if (question == NULL)
                        break;
                if (count > 0 && needs_own_turn(pool, question)) {
                        questions_put_back(&pool->questions, question);
                        break;
                }
                ret_list[count++] = question;
                if (needs_own_turn(pool, question))
                        break;
        }
        return count;
}

/* What goes wrong is told later. */
static void ask(
        struct connection *connection, struct question **list, size_t count)
{
        struct pool *pool = connection->ctx;
        struct question *asked[PIPELINE_MAX];
        struct reason reason;
        int r;

        memcpy(asked, list, count * sizeof(asked[0]));
        r = connection_ask(connection, asked, count, &reason);
        for (size_t i = 0; i < count; i++) {
                if (asked[i] == NULL)
                        list[i]->connection = connection;
                else if (asked[i]->lookup->answer == ANSWER_FAILED)
                        questions_tell(&pool->questions, asked[i]);
                else
                        put_back_lost(pool, asked[i], &reason);
        }
        if (r < 0)
                on_lost(connection, &reason);
}

static size_t count_idle(const struct pool *pool)
{
        size_t count = 0;

        for (size_t i = 0; i < pool->count; i++)
                if (!pipeline_is_busy(&pool->connections[i]->pipeline))
                        count++;
        return count;
}

/* Gives questions to the idle connections, a fair share to each. */
static void give(struct pool *pool)
{
        size_t idle = count_idle(pool), i = 0;

        while (i < pool->count && pool->questions.count > 0 && idle > 0) {
                struct connection *connection = pool->connections[i];
                struct question *list[PIPELINE_MAX];
                size_t share = (pool->questions.count + idle - 1) / idle;
                size_t before = pool->count;

                if (pipeline_is_busy(&connection->pipeline)) {
                        i++;
                        continue;
                }
                share = take_together(pool, connection->is_used,
                        share < PIPELINE_MAX ? share : PIPELINE_MAX, list);
                idle--;
                if (share > 0)
                        ask(connection, list, share);
                if (pool->count == before)
                        i++;
        }
}

/* Has another connection made, unless none can be made now. */
static void dial(struct pool *pool)
{
        uint64_t now = events_now();
        struct reason reason;

        if (pool->dialed != NULL || pool->count == pool->size)
                return;
        pool->dialed = hosts_choose(pool->hosts, now);
        if (pool->dialed == NULL) {
                reason = pool->hosts->reason;
                event_at(pool->event, hosts_rest_until(pool->hosts, now));
        } else if (pgsql_dialer_start(pool->dialer, pool->dialed, &reason) <
                   0) {
                pool->dialed = NULL;
        }
        if (pool->dialed == NULL && pool->count == 0)
                questions_fail(&pool->questions, &reason);
}

/* Has those who wait asked, as far as there are connections. */
static void dispatch(struct pool *pool)
{
        give(pool);
        if (pool->questions.count > 0)
                dial(pool);
}

static void on_dialed(
        void *ctx, struct pg_conn *conn, const struct reason *reason)
{
        struct pool *pool = ctx;
        struct host *host = pool->dialed;
        struct connection *connection;

        pool->dialed = NULL;
        if (conn == NULL) {
                hosts_down(pool->hosts, host, events_now(), reason);
                dispatch(pool);
                return;
        }
        hosts_up(pool->hosts, host);
        connection = connection_new(pool->events, &owner, pool, pool->query,
                host, conn, pool->idle_interval);
        if (connection != NULL)
                pool->connections[pool->count++] = connection;
        dispatch(pool);
}

static void on_rest_over(void *ctx)
{
        dispatch(ctx);
}

/* Events begin with the first lookup, on the thread that they belong to. */
static int open_events(struct pool *pool)
{
        if (pool->event == NULL)
                pool->event = event_new(pool->events, NULL, on_rest_over, pool);
        if (pool->event == NULL)
                return -ENOMEM;
        pgsql_waiter_close(&pool->waiter); /* it was but for a trial */
        return questions_open(&pool->questions, pool->events);
}

static bool is_resting(const struct pool *pool)
{
        return pool->count == 0 && pool->dialed == NULL &&
               hosts_rest_until(pool->hosts, events_now()) > 0;
}

enum progress pool_start(struct pool *pool, struct lookup *lookup)
{
        uint64_t deadline = events_now() + POOL_TIME;

        if (lookup->deadline < deadline)
                deadline = lookup->deadline;
        if (lookup->finish == NULL)
                return pgsql_wait(&pool->waiter, pool->login, pool->query,
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

void pool_cancel(struct pool *pool, struct lookup *lookup)
{
        struct question *question = lookup->state;

        lookup->state = NULL;
        if (question->connection == NULL)
                questions_forget(&pool->questions, question);
        else
                connection_forget(question->connection, question);
}

void pool_close(struct pool *pool)
{
        if (pool == NULL)
                return;
        if (pool->is_closed != NULL)
                *pool->is_closed = true;
        if (pool->is_turn_due)
                events_undefer(pool->events, &pool->turn);
        while (pool->count > 0)
                drop(pool->connections[pool->count - 1]);
        pgsql_waiter_close(&pool->waiter);
        pgsql_dialer_close(pool->dialer);
        questions_close(&pool->questions);
        event_free(pool->event);
        pgsql_login_unref(pool->login);
        free(pool);
}
