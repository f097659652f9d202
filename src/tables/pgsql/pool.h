/* SPDX-License-Identifier: MIT */
/*
 * The connections of one table to its servers of PostgreSQL. Lookups that come
 * while all of them are busy are asked together by the next one that is not.
 *
 * A lookup whose connection is lost is asked once more, on a new one. One that
 * is slow holds up nobody but itself: those behind it are asked elsewhere. At
 * its deadline its connection is closed, and the server told to stop.
 */
#ifndef TABLES_PGSQL_POOL_H
#define TABLES_PGSQL_POOL_H

#include "tables/pgsql/config.h"

struct pgsql_pool;

/*
 * Borrows the configuration. env: its events, watcher and queue. Any thread.
 * Returns NULL when there is no memory.
 */
struct pgsql_pool *pgsql_pool_new(
        const struct table_env *env, struct pgsql_config *config);

/*
 * start and cancel of a table, for keys that are asked for. A lookup without
 * finish is asked on another connection, which is closed with the first of the
 * others.
 */
enum progress pgsql_pool_start(struct pgsql_pool *pool, struct lookup *lookup);
void pgsql_pool_cancel(struct pgsql_pool *pool, struct lookup *lookup);

/* No lookup is under way. The events' thread. NULL does nothing. */
void pgsql_pool_close(struct pgsql_pool *pool);

#endif
