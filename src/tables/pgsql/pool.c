/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/pool.h"
#include "tables/pgsql/connections.h"
#include "tables/pgsql/wait.h"
#include "tables/support/pool.h"
#include <errno.h>
#include <stdlib.h>

struct pgsql_pool {
        struct pool base; /* first */
        struct pgsql_config *config;
        struct connections *connections;
        struct pgsql_waiter waiter;
};

static const struct connection_owner owner;

static void dispatch(struct pool *base);

static void on_changed(void *ctx)
{
        struct pgsql_pool *pool = ctx;

        dispatch(&pool->base);
}

struct pgsql_pool *pgsql_pool_new(
        const struct table_env *env, struct pgsql_config *config)
{
        struct pgsql_pool *pool = calloc(1, sizeof(*pool));

        if (pool == NULL)
                return NULL;
        pool_init(&pool->base, env, dispatch);
        pool->config = config;
        pool->connections =
                connections_new(env, config, &owner, on_changed, pool);
        if (pool->connections != NULL)
                return pool;
        free(pool);
        return NULL;
}

/* It's over for one; its asker is told later. */
static void fail(struct pgsql_pool *pool, struct question *question,
        const struct connection *connection, const char *why)
{
        lookup_failed(question->lookup, "%s: %s", connection->host->name, why);
        questions_tell(&pool->base.questions, question);
}

/*
 * Whoever was the only one on a connection that is lost may be why: it is asked
 * once more, but not twice. Of several nobody knows: each is asked by itself.
 */
static void put_back_lost(struct connection *connection,
        struct question *question, bool is_only, const struct reason *reason)
{
        struct pgsql_pool *pool = connection->ctx;

        if (is_only && question->is_lost) {
                fail(pool, question, connection, reason->text);
                return;
        }
        question->is_lost |= is_only;
        question->is_alone = true;
        question->least = pool->connections->list.made + 1;
        questions_put_back(&pool->base.questions, question);
}

static void on_lost(struct connection *connection, const struct reason *reason)
{
        struct pgsql_pool *pool = connection->ctx;
        struct question *question;
        bool is_only = pipeline_count(&connection->pipeline) == 1;

        while ((question = pipeline_take_back(&connection->pipeline, 0)) !=
                NULL)
                put_back_lost(connection, question, is_only, reason);
        connections_lose(pool->connections, connection, reason);
        pool_dispatch_later(&pool->base);
}

/* The first one's result is: that is nobody else's fault. */
static void on_too_large(
        struct connection *connection, const struct reason *reason)
{
        struct pgsql_pool *pool = connection->ctx;
        struct question *question;

        while ((question = pipeline_take_back(&connection->pipeline, 1)) !=
                NULL)
                questions_put_back(&pool->base.questions, question);
        question = pipeline_take_back(&connection->pipeline, 0);
        if (question != NULL)
                fail(pool, question, connection, reason->text);
        connections_stop(pool->connections, connection, false);
        pool_dispatch_later(&pool->base);
}

static void on_unused(struct connection *connection)
{
        struct pgsql_pool *pool = connection->ctx;

        connections_drop(pool->connections, connection);
}

static void on_rested(struct connection *connection)
{
        struct pgsql_pool *pool = connection->ctx;

        if (pool->base.questions.count > 0)
                pool_dispatch_later(&pool->base);
}

/* Those behind the slow one: each by itself, as it may be slow as well. */
static void on_stalled(struct connection *connection)
{
        struct pgsql_pool *pool = connection->ctx;
        struct question *question;

        while ((question = pipeline_take_back(&connection->pipeline, 1)) !=
                NULL) {
                question->is_alone = true;
                questions_put_back(&pool->base.questions, question);
        }
        pool_dispatch_later(&pool->base);
}

/* The server is slow or hangs. */
static void on_late(struct connection *connection)
{
        struct pgsql_pool *pool = connection->ctx;
        uint64_t now = events_now();
        struct question *question;
        bool is_late = false;

        while ((question = pipeline_take_back(&connection->pipeline, 0)) !=
                NULL) {
                if (question->deadline > now) {
                        question->is_alone = true;
                        questions_put_back(&pool->base.questions, question);
                        continue;
                }
                is_late = true;
                fail(pool, question, connection, "no answer in time");
        }
        connections_stop(pool->connections, connection, is_late);
        pool_dispatch_later(&pool->base);
}

static bool on_answered(struct connection *connection,
        struct question *question, enum pgsql_verdict verdict)
{
        struct pgsql_pool *pool = connection->ctx;
        struct reason reason;

        connections_works(pool->connections, connection);
        if (pipeline_asks_anew(question, verdict)) {
                questions_put_back(&pool->base.questions, question);
                pool_dispatch_later(&pool->base);
                return true;
        }
        if (verdict != PGSQL_ENDED)
                return pool_tell(&pool->base, question->lookup);
        questions_tell(&pool->base.questions, question);
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
        const struct pgsql_pool *pool, const struct question *question)
{
        return question->is_alone || question->is_text ||
               pgsql_form(&pool->config->query) == PGSQL_TEXT;
}

/*
 * Takes as many of those that wait as can be asked together, `most` at most.
 * Those that have lost a connection wait for one made later; when there can be
 * none now, any other will do.
 */
static size_t take_together(struct pgsql_pool *pool, uint64_t number,
        size_t most, struct question **list)
{
        size_t count = 0;

        if (!connections_may_grow(pool->connections))
                number = UINT64_MAX;
        while (count < most) {
                struct question *question =
                        questions_take(&pool->base.questions, number);

                if (question == NULL)
                        break;
                if (count > 0 && needs_own_turn(pool, question)) {
                        questions_put_back(&pool->base.questions, question);
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
        struct pgsql_pool *pool = connection->ctx;
        struct question *asked[PIPELINE_MAX];
        struct reason reason;
        int r;

        memcpy(asked, list, count * sizeof(asked[0]));
        r = connection_ask(connection, asked, count, &reason);
        for (size_t i = 0; i < count; i++) {
                if (asked[i] == NULL)
                        list[i]->connection = connection;
                else if (asked[i]->lookup->answer == ANSWER_FAILED)
                        questions_tell(&pool->base.questions, asked[i]);
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
        struct pgsql_pool *pool, struct connection *connection, size_t share)
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

static size_t count_idle(const struct connection_list *list)
{
        size_t count = 0;

        for (size_t i = 0; i < list->count; i++)
                if (!pipeline_is_busy(&list->all[i]->pipeline))
                        count++;
        return count;
}

/* Gives questions to the idle connections, a fair share to each. */
static void give(struct pgsql_pool *pool)
{
        const struct connection_list *list = &pool->connections->list;
        const struct questions *questions = &pool->base.questions;
        size_t idle = count_idle(list), i = 0;

        while (idle > 0 && i < list->count && questions->count > 0) {
                struct connection *connection = list->all[i];
                size_t share = (questions->count + idle - 1) / idle;
                bool is_busy = pipeline_is_busy(&connection->pipeline);

                if (is_busy || give_to(pool, connection, share))
                        i++;
                if (!is_busy)
                        idle--;
        }
}

/* Has those who wait asked, as far as there are connections. */
static void dispatch(struct pool *base)
{
        struct pgsql_pool *pool = (struct pgsql_pool *)base;
        const struct reason *obstacle;

        give(pool);
        if (base->questions.count == 0)
                return;
        connections_want(pool->connections);
        obstacle = connections_obstacle(pool->connections);
        if (obstacle != NULL)
                questions_fail(&base->questions, obstacle);
}

enum progress pgsql_pool_start(struct pgsql_pool *pool, struct lookup *lookup)
{
        if (lookup->finish == NULL)
                return pgsql_wait(&pool->waiter, pool->config->login,
                        &pool->config->query, lookup, pool_deadline(lookup));
        pgsql_waiter_close(&pool->waiter); /* it was but for a trial */
        if (connections_open(pool->connections) < 0)
                return lookup_failed(lookup, "out of memory");
        return pool_ask(
                &pool->base, lookup, connections_obstacle(pool->connections));
}

void pgsql_pool_cancel(struct pgsql_pool *pool, struct lookup *lookup)
{
        struct question *question = pool_cancel(&pool->base, lookup);

        if (question != NULL)
                connection_forget(question->connection, question);
}

void pgsql_pool_close(struct pgsql_pool *pool)
{
        if (pool == NULL)
                return;
        pgsql_waiter_close(&pool->waiter);
        connections_close(pool->connections);
        pool_fini(&pool->base);
        free(pool);
}
