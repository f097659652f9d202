/* SPDX-License-Identifier: MIT */
/* What a table of Redis asks for a key, and what the reply means. */
#ifndef TABLES_REDIS_QUERY_H
#define TABLES_REDIS_QUERY_H

#include "tables/redis/command.h"
#include "tables/redis/stream.h"
#include "tables/support/db_common.h"

struct redis_query {
        struct db_common *common;
        struct redis_command command;
};

enum redis_verdict {
        REDIS_ANSWERED,
        REDIS_LOST /* failed: this server will not do now, another one may */
};

/* Tells a lookup's trace what is asked of whom. */
void redis_query_trace(const struct redis_query *query, const char *host,
        struct lookup *lookup);

/*
 * Answers a lookup by a reply: nil is not found, one value is the value, a list
 * is the rows of a result, an error a failure.
 */
enum redis_verdict redis_query_answer(const struct redis_query *query,
        const char *host, const struct redis_reply *reply,
        struct lookup *lookup);

#endif
