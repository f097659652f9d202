/* SPDX-License-Identifier: MIT */
/*
 * The connections of one table to its servers of Redis. All that is asked in a
 * turn of the loop is sent together at its end, by the connection that has the
 * fewest replies to come.
 *
 * A lookup whose connection is lost is asked once more, on a new one. Its
 * deadline ends it; the connection stays, unless the server says nothing at
 * all.
 */
#ifndef TABLES_REDIS_POOL_H
#define TABLES_REDIS_POOL_H

#include "tables/redis/login.h"
#include "tables/redis/query.h"

struct redis_pool;

/*
 * Borrows the login and the query. size: how many connections there may be,
 * from 1. idle_interval: how long one stays open unused, in milliseconds. env:
 * its events, queue. Any thread. Returns NULL when there is no memory.
 */
struct redis_pool *redis_pool_new(const struct table_env *env,
        struct redis_login *login, const struct redis_query *query, size_t size,
        uint64_t idle_interval);

/*
 * start and cancel of a table, for keys that are asked for. A lookup without
 * finish is asked by itself.
 */
enum progress redis_pool_start(struct redis_pool *pool, struct lookup *lookup);
void redis_pool_cancel(struct redis_pool *pool, struct lookup *lookup);

/* No lookup is under way. The events' thread. NULL does nothing. */
void redis_pool_close(struct redis_pool *pool);

#endif
