/* SPDX-License-Identifier: MIT */
/* Asking Redis for those who wait. */
#ifndef TABLES_REDIS_WAIT_H
#define TABLES_REDIS_WAIT_H

#include "tables/redis/login.h"
#include "tables/redis/query.h"

/* A connection that is kept from one lookup to the next. */
struct redis_waiter {
        struct redis_stream *stream; /* NULL: none is open */
        struct host *host;           /* its host */
};

/*
 * Answers a lookup, waiting for it; for one thread at a time. Returns
 * LOOKUP_DONE.
 */
enum progress redis_wait(struct redis_waiter *waiter, struct redis_login *login,
        const struct redis_query *query, struct lookup *lookup,
        uint64_t deadline);

/* Closes the connection. */
void redis_waiter_close(struct redis_waiter *waiter);

#endif
