/* SPDX-License-Identifier: MIT */
/*
 * Asks an HTTP server without waiting, for several lookups at once; more wait
 * for their turn. What takes too long is given up, and its connection closed.
 *
 * A server that cannot be reached is tried once a second; meanwhile lookups
 * fail with the reason.
 */
#ifndef TABLES_SUPPORT_HTTP_CLIENT_H
#define TABLES_SUPPORT_HTTP_CLIENT_H

#include "tables/support/http_config.h"

/* How long a server that cannot be reached rests, in milliseconds. */
#define HTTP_REST 1000

struct http_client;

/*
 * Borrows the config until the end. env: its events, queue. Any thread.
 * Returns NULL when there is no memory.
 */
struct http_client *http_client_new(
        const struct table_env *env, const struct http_config *config);

/* start and cancel of a table, for lookups that have a finish. */
enum progress http_client_start(
        struct http_client *client, struct lookup *lookup);
void http_client_cancel(struct http_client *client, struct lookup *lookup);

/* No lookup is under way. The events' thread. NULL does nothing. */
void http_client_close(struct http_client *client);

#endif
