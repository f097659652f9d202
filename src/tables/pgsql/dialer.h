/* SPDX-License-Identifier: MIT */
/*
 * Connects to PostgreSQL on threads: names have to be found, passwords hashed,
 * keys exchanged. Likewise asks the server to cancel queries, which libpq does
 * by a connection of its own, and waits.
 */
#ifndef TABLES_PGSQL_DIALER_H
#define TABLES_PGSQL_DIALER_H

#include "tables/pgsql/login.h"
#include "tables/table.h"

/* How long connecting may take, in milliseconds. */
#define DIALER_TIME 3000

struct pgsql_dialer;

/*
 * `done` is told of an open connection, which it takes; or of NULL and the
 * reason. Refers to the login. Returns NULL when there is no memory. Any
 * thread.
 */
struct pgsql_dialer *pgsql_dialer_new(const struct table_env *env,
        struct pgsql_login *login,
        void (*done)(
                void *ctx, struct pg_conn *conn, const struct reason *reason),
        void *ctx);

/*
 * Begins to connect, once at a time. Returns 0: done is called later, never
 * inside of this; or a negative errno with the reason. This and what follows:
 * on the events' thread.
 */
int pgsql_dialer_start(struct pgsql_dialer *dialer, const struct host *host,
        struct reason *ret_reason);

/*
 * Has the server told that nobody waits for what it does for a connection,
 * which may be closed at once: for one query after the other, of as many as may
 * be under way. It's done if it can be done.
 */
void pgsql_dialer_cancel(
        struct pgsql_dialer *dialer, struct pg_conn *conn, size_t queries);

/* Ends what has begun: done is not called. NULL does nothing. */
void pgsql_dialer_close(struct pgsql_dialer *dialer);

#endif
