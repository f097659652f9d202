/* SPDX-License-Identifier: MIT */
/*
 * Asks an HTTP server without waiting, for several lookups at once; more wait
 * for their turn. What takes too long is given up, and its connection closed.
 *
 * A server that cannot be reached is tried once a second; meanwhile lookups
 * fail with the reason.
 */
#ifndef TABLES_HTTP_CLIENT_H
#define TABLES_HTTP_CLIENT_H

#include "tables/http/config.h"
#include "tables/support/aside.h"

struct http_client;

/*
 * Owns the config from now on. env: its queue, its watcher and map. Returns
 * NULL when there is no memory; then the config is still the caller's.
 */
struct http_client *http_client_new(
        const struct table_env *env, struct http_config *config);

extern const struct aside_type http_client_type;

#endif
