/* SPDX-License-Identifier: MIT */
#include "tables/support/pgsql_pool.h"
#include "base/events.h"
#include "tables/support/pgsql_connections.h"
#include "tables/support/pgsql_wait.h"
#include <errno.h>
#include <stdlib.h>

struct pool {
        struct post turn; /* first: the end of the loop's turn */
        bool is_turn_due;
        struct pgsql_config *config;
        struct events *events;
        struct questions questions;
        struct connections *connections;
        struct pgsql_waiter waiter;
        bool is_telling; /* an asker: it may close the pool */
        bool is_closed;  /* meanwhile */
};

static const struct connection_owner owner;

static void dispatch(void *ctx);

static void on_turn(struct post *post)
{
        struct pool *pool = (struct pool *)post;

        pool->is_turn_due = false;
        dispatch(pool);
}

struct pool *pool_new(const struct table_env *env, struct pgsql_config *config)
{
        struct pool *pool = calloc(1, sizeof(*pool));

        if (pool == NULL)
                return NULL;
        pool->turn.run = on_turn;
        pool->config = config;
        pool->events = env->events;
        questions_init(&pool->questions, env->queue > 0 ? env->queue : 1);
        pool->connections =
                connections_new(env, config, &owner, dispatch, pool);
        if (pool->connections != NULL)
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

static void put_back(struct pool *pool, struct question *question)
{
        question->lookup->answer = ANSWER_NONE;
        questions_put_back(&pool->questions, question);
}

/* It's over for one; its asker is told later. */
static void fail(struct pool *pool, struct question *question,
        const struct connection *connection, const char *why)
{
        lookup_failed(question->lookup, "%s: %s", connection->host->name, why);
        questions_tell(&pool->questions, question);
}

/*
 * Whoever was the only one on a connection that is lost may be why: it is asked
 * once more, but not twice. Of several nobody knows: each is asked by itself.
 */
static void put_back_lost(struct connection *connection,
        struct question *question, bool is_only, const struct reason *reason)
{
        struct pool *pool = connection->ctx;

        if (is_only && question->is_lost) {
                fail(pool, question, connection, reason->text);
                return;
        }
        question->is_lost |= is_only;
        question->is_alone = true;
        question->least = pool->connections->made + 1;
        put_back(pool, question);
}

static void on_lost(struct connection *connection, const struct reason *reason)
{
        struct pool *pool = connection->ctx;
        struct question *question;
        bool is_only = pipeline_count(&connection->pipeline) == 1;

        while ((question = pipeline_take_back(&connection->pipeline, 0)) !=
                NULL)
                put_back_lost(connection, question, is_only, reason);
        connections_lose(pool->connections, connection, reason);
        dispatch_later(pool);
}

/* The first one's result is: that is nobody else's fault. */
static void on_too_large(
        struct connection *connection, const struct reason *reason)
{
        struct pool *pool = connection->ctx;
        struct question *question;

        while ((question = pipeline_take_back(&connection->pipeline, 1)) !=
                NULL)
                put_back(pool, question);
        question = pipeline_take_back(&connection->pipeline, 0);
        if (question != NULL)
                fail(pool, question, connection, reason->text);
        connections_stop(pool->connections, connection, false);
        dispatch_later(pool);
}

static void on_unused(struct connection *connection)
{
        struct pool *pool = connection->ctx;

        connections_drop(pool->connections, connection);
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

/* The server is slow or hangs. */
static void on_late(struct connection *connection)
{
        struct pool *pool = connection->ctx;
        uint64_t now = events_now();
        struct question *question;
        bool is_late = false;

        while ((question = pipeline_take_back(&connection->pipeline, 0)) !=
                NULL) {
                if (question->deadline > now) {
                        question->is_alone = true;
                        put_back(pool, question);
                        continue;
                }
                is_late = true;
                fail(pool, question, connection, "no answer in time");
        }
        connections_stop(pool->connections, connection, is_late);
        dispatch_later(pool);
}

/* Tells the asker, who may close the pool. Returns false then. */
static bool tell(struct pool *pool, struct lookup *lookup)
{
        lookup->state = NULL;
        pool->is_telling = true;
        lookup->finish(lookup);
        pool->is_telling = false;
        if (!pool->is_closed)
                return true;
        free(pool);
        return false;
}

static bool on_answered(struct connection *connection,
        struct question *question, enum pgsql_verdict verdict)
{
        struct pool *pool = connection->ctx;
        struct reason reason;

        connections_works(pool->connections, connection);
        if (pipeline_asks_anew(question, verdict)) {
                put_back(pool, question);
                dispatch_later(pool);
                return true;
        }
        if (verdict != PGSQL_ENDED)
                return tell(pool, question->lookup);
        questions_tell(&pool->questions, question);
        reason_set(&reason, "an unexpected result");
        on_lost(connection, &reason);
        return false;
}

static const struct connection_owner owner = {
        .answered = on_answered,
        .rested = on_rested,
        .unused = on_unused,
        .stalled = on_stalled,
        .late = on_late,
        .too_large = on_too_large,
        .lost = on_lost,
};

static bool needs_own_turn(
        const struct pool *pool, const struct question *question)
{
        return question->is_alone || question->is_text ||
               pgsql_form(&pool->config->query) == PGSQL_TEXT;
}

/*
 * Takes as many of those that wait as can be asked together, `most` at most.
 * Those that have lost a connection wait for one made later; when there can be
 * none now, any other will do.
 */
static size_t take_together(
        struct pool *pool, uint64_t number, size_t most, struct question **list)
{
        size_t count = 0;

        if (!connections_may_grow(pool->connections))
                number = UINT64_MAX;
        while (count < most) {
                struct question *question =
                        questions_take(&pool->questions, number);

                if (question == NULL)
                        break;
                if (count > 0 && needs_own_turn(pool, question)) {
                        questions_put_back(&pool->questions, question);
                        break;
                }
                list[count++] = question;
                if (needs_own_turn(pool, question))
                        break;
        }
        return count;
}

/* What goes wrong is told later. Returns false when the connection is lost. */
static bool ask(
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
                        put_back_lost(
                                connection, asked[i], count == 1, &reason);
        }
        if (r < 0)
                on_lost(connection, &reason);
        return r == 0;
}

/*
 * Gives questions to a connection until it is busy: one that cannot be asked at
 * all keeps it from nothing. Returns false when it is lost.
 */
static bool give_to(
        struct pool *pool, struct connection *connection, size_t share)
{
        struct question *list[PIPELINE_MAX];
        size_t most = share < PIPELINE_MAX ? share : PIPELINE_MAX, count;

        while (!pipeline_is_busy(&connection->pipeline)) {
                count = take_together(pool, connection->number, most, list);
                if (count == 0)
                        break;
                if (!ask(connection, list, count))
                        return false;
        }
        return true;
}

static size_t count_idle(const struct connections *connections)
{
        size_t count = 0;

        for (size_t i = 0; i < connections->count; i++)
                if (!pipeline_is_busy(&connections->list[i]->pipeline))
                        count++;
        return count;
}

/* Gives questions to the idle connections, a fair share to each. */
static void give(struct pool *pool)
{
        struct connections *connections = pool->connections;
        size_t idle = count_idle(connections), i = 0;

        while (idle > 0 && i < connections->count &&
                pool->questions.count > 0) {
                struct connection *connection = connections->list[i];
                size_t share = (pool->questions.count + idle - 1) / idle;
                bool is_busy = pipeline_is_busy(&connection->pipeline);

                if (is_busy || give_to(pool, connection, share))
                        i++;
                if (!is_busy)
                        idle--;
        }
}

/* Has those who wait asked, as far as there are connections. */
static void dispatch(void *ctx)
{
        struct pool *pool = ctx;
        const struct reason *obstacle;

        give(pool);
        if (pool->questions.count == 0)
                return;
        connections_want(pool->connections);
        obstacle = connections_obstacle(pool->connections);
        if (obstacle != NULL)
                questions_fail(&pool->questions, obstacle);
}

/* Events begin with the first lookup, on the thread that they belong to. */
static int open_events(struct pool *pool)
{
        pgsql_waiter_close(&pool->waiter); /* it was but for a trial */
        if (connections_open(pool->connections) < 0)
                return -ENOMEM;
        return questions_open(&pool->questions, pool->events);
}

enum progress pool_start(struct pool *pool, struct lookup *lookup)
{
        uint64_t deadline = events_now() + POOL_TIME;
        const struct reason *obstacle;

        if (lookup->deadline < deadline)
                deadline = lookup->deadline;
        if (lookup->finish == NULL)
                return pgsql_wait(&pool->waiter, pool->config->login,
                        &pool->config->query, lookup, deadline);
        if (open_events(pool) < 0)
                return lookup_failed(lookup, "out of memory");
        obstacle = connections_obstacle(pool->connections);
        if (obstacle != NULL)
                return lookup_failed(lookup, "%s", obstacle->text);
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
        if (pool->is_turn_due)
                events_undefer(pool->events, &pool->turn);
        pgsql_waiter_close(&pool->waiter);
        connections_close(pool->connections);
        questions_close(&pool->questions);
        pool->is_closed = true;
        if (!pool->is_telling)
                free(pool);
}
