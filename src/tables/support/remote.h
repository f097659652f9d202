/* SPDX-License-Identifier: MIT */
/*
 * Asks a server without waiting, over a few connections that stay open, each
 * with one request at a time: more are made while lookups wait, up to a limit.
 *
 * A connection on which anything comes unasked is closed, and so is one whose
 * lookup was cancelled or out of time: no reply can become another key's. A
 * lookup whose connection was lost before the reply was whole is asked once
 * more, on a new one.
 *
 * A server that cannot be reached is tried again at once, but not in every
 * instant: meanwhile lookups fail with the reason.
 *
 * The server may also be at the other end of sockets that somebody opens, such
 * as those of processes.
 */
#ifndef TABLES_SUPPORT_REMOTE_H
#define TABLES_SUPPORT_REMOTE_H

#include "tables/support/supply.h"

/* How many connections a table may have. */
#define REMOTE_CONNECTIONS_MAX 8

struct remote;

/*
 * Borrows the server until the end, and who opens connections to it; NULL: they
 * are made to its address. env: its events, queue. Any thread. Returns NULL
 * when there is no memory.
 */
struct remote *remote_new(const struct table_env *env,
        const struct server *server, struct opener *opener);

/* start and cancel of a table. A lookup without finish is asked by itself, at
 * the server's address. */
enum progress remote_start(struct remote *remote, struct lookup *lookup);
void remote_cancel(struct remote *remote, struct lookup *lookup);

/* Whether the server could not be reached, and rests. */
bool remote_rests(const struct remote *remote);

/* No lookup is under way. The events' thread. NULL does nothing. */
void remote_close(struct remote *remote);

#endif
