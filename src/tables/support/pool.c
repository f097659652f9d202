/* SPDX-License-Identifier: MIT */
#include "tables/support/pool.h"

static void on_turn(struct post *post)
{
        struct pool *pool = (struct pool *)post;

        pool->is_turn_due = false;
        pool->dispatch(pool);
}

void pool_init(struct pool *pool, const struct table_env *env,
        void (*dispatch)(struct pool *pool))
{
        *pool = (struct pool){
                .turn.run = on_turn,
                .events = env->events,
                .dispatch = dispatch,
        };
        questions_init(&pool->questions, env->queue > 0 ? env->queue : 1);
}

void pool_fini(struct pool *pool)
{
        if (pool->is_closed != NULL)
                *pool->is_closed = true;
        if (pool->is_turn_due)
                events_undefer(pool->events, &pool->turn);
        questions_close(&pool->questions);
}

void pool_dispatch_later(struct pool *pool)
{
        if (!pool->is_turn_due)
                events_defer(pool->events, &pool->turn);
        pool->is_turn_due = true;
}

uint64_t pool_deadline(const struct lookup *lookup)
{
        uint64_t last = events_now() + POOL_TIME;

        return lookup->deadline < last ? lookup->deadline : last;
}

enum progress pool_ask(
        struct pool *pool, struct lookup *lookup, const struct reason *obstacle)
{
        if (questions_open(&pool->questions, pool->events) < 0)
                return lookup_failed(lookup, "out of memory");
        if (obstacle != NULL)
                return lookup_failed(lookup, "%s", obstacle->text);
        if (questions_add(&pool->questions, lookup, pool_deadline(lookup)) ==
                NULL)
                return LOOKUP_DONE;
        pool_dispatch_later(pool);
        return LOOKUP_PENDING;
}

struct question *pool_cancel(struct pool *pool, struct lookup *lookup)
{
        struct question *question = lookup->state;

        lookup->state = NULL;
        if (question->connection != NULL)
                return question;
        questions_forget(&pool->questions, question);
        return NULL;
}

bool pool_tell(struct pool *pool, struct lookup *lookup)
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
