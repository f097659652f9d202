/* SPDX-License-Identifier: MIT */
/*
 * Whether an HTTP server does what it is asked to, who is told when that
 * changes, and its rest while it cannot be reached. For one thread at a time.
 */
#ifndef TABLES_HTTP_HEALTH_H
#define TABLES_HTTP_HEALTH_H

#include "tables/table.h"

/* How long a server that cannot be reached rests, in milliseconds. */
#define HTTP_REST 1000

struct http_health {
        const struct table_watcher *watcher; /* NULL: nobody is told */
        char *map;
        const char *server;
        bool has_failed;
        uint64_t answered_at; /* the last time; 0: never */
        uint64_t rests_until;
        struct reason reason; /* why it rests */
};

/* Borrows the server's name until the end. Returns 0 or -ENOMEM. */
int http_health_init(struct http_health *health, const struct table_env *env,
        const char *server);
void http_health_fini(struct http_health *health);

/* Something was found, or is not there. */
void http_health_answered(struct http_health *health);

/*
 * A lookup has failed. That may be for its key alone: the server is only said
 * to fail when nothing else was answered for HTTP_REST.
 */
void http_health_failed(
        struct http_health *health, const struct reason *reason);

/* Nobody could reach it. */
void http_health_rest(struct http_health *health, const struct reason *reason);

bool http_health_rests(const struct http_health *health);

#endif
