/* SPDX-License-Identifier: MIT */
#include "tables/redis/pool.h"
#include "tables/redis/connection.h"
#include "tables/redis/dialer.h"
#include "tables/redis/wait.h"
#include "tables/support/connection_list.h"
#include "tables/support/dialing.h"
#include "tables/support/pool.h"
#include <errno.h>
#include <stdlib.h>

/* Of a lookup that has lost its connection; others take any. */
#define NEEDS_NEW 1

struct redis_pool {
        struct pool base; /* first */
        struct redis_login *login;
        const struct redis_query *query;
        uint64_t idle_interval;
        struct dialing dialing;
        struct redis_dialer *dialer;
        struct redis_waiter waiter;
        struct connection_list connections;
};

static void dispatch(struct pool *base);
static void on_dialed(
        void *ctx, struct redis_stream *stream, const struct reason *reason);

static int dial(void *ctx, const struct host *host, struct reason *ret_reason)
{
        struct redis_pool *pool = ctx;

        return redis_dialer_start(pool->dialer, host, ret_reason);
}

static void on_rest_over(void *ctx)
{
        struct redis_pool *pool = ctx;

        dispatch(&pool->base);
}

struct redis_pool *redis_pool_new(const struct table_env *env,
        struct redis_login *login, const struct redis_query *query, size_t size,
        uint64_t idle_interval)
{
        struct redis_pool *pool = calloc(1, sizeof(*pool));

        if (pool == NULL)
                return NULL;
        pool_init(&pool->base, env, dispatch);
        pool->login = login;
        pool->query = query;
        pool->idle_interval = idle_interval;
        dialing_init(&pool->dialing, env->events, &login->hosts, dial,
                on_rest_over, pool);
        pool->dialer = redis_dialer_new(env, login, on_dialed, pool);
        if (pool->dialer != NULL &&
                connection_list_init(&pool->connections, size) == 0)
                return pool;
        redis_pool_close(pool);
        return NULL;
}

static void drop(struct connection *connection)
{
        struct redis_pool *pool = connection->ctx;

        connection_list_remove(&pool->connections, connection);
        redis_connection_free(connection);
}

static void fail(struct redis_pool *pool, struct question *question,
        const struct reason *reason)
{
        lookup_failed(question->lookup, "%s", reason->text);
        questions_tell(&pool->base.questions, question);
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
        questions_put_back(&pool->base.questions, question);
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
                        questions_put_back(&pool->base.questions, question);
        }
        drop(connection);
        pool_dispatch_later(&pool->base);
}

static void on_unused(struct connection *connection)
{
        drop(connection);
}

static void on_rested(struct connection *connection)
{
        struct redis_pool *pool = connection->ctx;

        if (pool->base.questions.count > 0)
                pool_dispatch_later(&pool->base);
}

static void on_missed(struct connection *connection, struct question *question)
{
        struct redis_pool *pool = connection->ctx;

        lookup_failed(question->lookup, "%s: no answer in time",
                connection->host->name);
        questions_tell(&pool->base.questions, question);
}

/*
 * The server hangs. Another host is better then; if there is none, nothing is
 * won by a rest.
 */
static void on_late(struct connection *connection)
{
        struct redis_pool *pool = connection->ctx;
        struct hosts *hosts = &pool->login->hosts;
        struct question *question;
        struct reason reason;

        while ((question = redis_connection_take_back(connection)) != NULL)
                questions_put_back(&pool->base.questions, question);
        reason_set_errno(&reason, -ETIMEDOUT, "no answer in time");
        if (hosts->count > 1)
                hosts_down(hosts, connection->host, events_now(), &reason);
        drop(connection);
        pool_dispatch_later(&pool->base);
}

static bool on_answered(struct connection *connection,
        struct question *question, enum redis_verdict verdict)
{
        struct redis_pool *pool = connection->ctx;
        struct reason reason;

        if (verdict == REDIS_ANSWERED)
                return pool_tell(&pool->base, question->lookup);
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
static struct connection *find_best(const struct connection_list *list)
{
        struct connection *best = NULL;

        for (size_t i = 0; i < list->count; i++)
                if (best == NULL || list->all[i]->count < best->count)
                        best = list->all[i];
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
                      hosts_rest_until(&pool->login->hosts, events_now()) > 0;
        struct question *question;
        struct reason reason;

        if (connection->count == 0 &&
                !redis_stream_is_quiet(connection->stream)) {
                drop(connection);
                pool_dispatch_later(&pool->base);
                return;
        }
        while (connection->count < CONNECTION_DEPTH) {
                question = questions_take(
                        &pool->base.questions, is_any ? NEEDS_NEW : 0);
                if (question == NULL)
                        break;
                if (redis_connection_ask(connection, question) < 0)
                        fail(pool, question, &no_memory);
        }
        if (redis_connection_flush(connection, &reason) < 0)
                on_lost(connection, &reason);
}

/* Says why nobody can be asked; NULL: somebody can, or it may be so soon. */
static const struct reason *obstacle(const struct redis_pool *pool)
{
        return pool->connections.count > 0 ? NULL
                                           : dialing_obstacle(&pool->dialing);
}

/* Has those who wait asked, and one more connection made if all are busy. */
static void dispatch(struct pool *base)
{
        struct redis_pool *pool = (struct redis_pool *)base;
        struct connection *best = find_best(&pool->connections);
        bool are_busy = best != NULL && best->count > 0;
        const struct reason *reason;

        if (best != NULL && best->count < CONNECTION_DEPTH &&
                base->questions.count > 0)
                give(pool, best);
        if (base->questions.count == 0 && !are_busy)
                return;
        if (!connection_list_is_full(&pool->connections))
                dialing_want(&pool->dialing);
        reason = obstacle(pool);
        if (reason != NULL)
                questions_fail(&base->questions, reason);
}

static void on_dialed(
        void *ctx, struct redis_stream *stream, const struct reason *reason)
{
        struct redis_pool *pool = ctx;
        struct host *host =
                dialing_end(&pool->dialing, stream == NULL ? reason : NULL);
        struct connection *connection = NULL;

        if (stream != NULL) {
                hosts_up(&pool->login->hosts, host);
                connection = redis_connection_new(pool->base.events, &owner,
                        pool, pool->query, host, stream, pool->idle_interval);
        }
        if (connection != NULL) {
                connection_list_add(&pool->connections, connection);
                give(pool, connection); /* what no other may be asked */
        }
        dispatch(&pool->base);
}

enum progress redis_pool_start(struct redis_pool *pool, struct lookup *lookup)
{
        if (lookup->finish == NULL)
                return redis_wait(&pool->waiter, pool->login, pool->query,
                        lookup, pool_deadline(lookup));
        redis_waiter_close(&pool->waiter); /* it was but for a trial */
        if (dialing_open(&pool->dialing) < 0)
                return lookup_failed(lookup, "out of memory");
        return pool_ask(&pool->base, lookup, obstacle(pool));
}

void redis_pool_cancel(struct redis_pool *pool, struct lookup *lookup)
{
        struct question *question = pool_cancel(&pool->base, lookup);

        if (question != NULL)
                redis_connection_forget(question->connection, question);
}

void redis_pool_close(struct redis_pool *pool)
{
        struct connection_list *list;

        if (pool == NULL)
                return;
        list = &pool->connections;
        while (list->count > 0)
                drop(list->all[list->count - 1]);
        connection_list_fini(list);
        redis_waiter_close(&pool->waiter);
        redis_dialer_close(pool->dialer);
        dialing_close(&pool->dialing);
        pool_fini(&pool->base);
        free(pool);
}
