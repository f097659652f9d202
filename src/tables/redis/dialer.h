/* SPDX-License-Identifier: MIT */
/*
 * Connects to Redis without waiting: to a host, or to the master that a
 * sentinel names, until it has been greeted and can be asked.
 */
#ifndef TABLES_REDIS_DIALER_H
#define TABLES_REDIS_DIALER_H

#include "tables/redis/login.h"
#include "tables/table.h"

struct redis_dialer;

/*
 * Borrows the login. `done` is told of a greeted connection, which it takes; or
 * of NULL and the reason. Any thread. Returns NULL when there is no memory.
 */
struct redis_dialer *redis_dialer_new(const struct table_env *env,
        const struct redis_login *login,
        void (*done)(void *ctx, struct redis_stream *stream,
                const struct reason *reason),
        void *ctx);

/*
 * Begins to connect, once at a time. Returns 0: done is called later, never
 * inside of this; or a negative errno with the reason. This and what follows:
 * the events' thread.
 */
int redis_dialer_start(struct redis_dialer *dialer, const struct host *host,
        struct reason *ret_reason);

/* Ends what has begun: done is not called. NULL does nothing. */
void redis_dialer_close(struct redis_dialer *dialer);

#endif
