/* SPDX-License-Identifier: MIT */
/* Connections to servers of PostgreSQL. */
#ifndef TABLES_PGSQL_LOGIN_H
#define TABLES_PGSQL_LOGIN_H

#include "tables/support/hosts.h"
#include <stdatomic.h>

struct pg_conn; /* libpq's PGconn */

/* Where to connect to, and as whom. For any thread, but for the hosts' state.
 */
struct pgsql_login {
        struct hosts hosts;
        /* Not for URIs, which say it themselves; NULL: what libpq assumes. */
        const char *user, *password, *dbname;
        const char *encoding;
        struct arena arena; /* of all that */
        atomic_uint references;
};

/* Returns one with one reference, or NULL when there is no memory. */
struct pgsql_login *pgsql_login_new(void);

/* Any thread; unref of NULL does nothing. */
struct pgsql_login *pgsql_login_ref(struct pgsql_login *login);
void pgsql_login_unref(struct pgsql_login *login);

/*
 * Says whether libpq can read a URI. Returns 0, or -EINVAL with the reason,
 * which shows nothing secret; or -ENOMEM.
 */
int pgsql_login_check(const struct host *host, struct reason *ret_reason);

/*
 * Connects, with all that it takes: it may block for the name service, and else
 * until the deadline (events_now). *ret_conn does not block. Any thread.
 * Returns 0, or a negative errno with the reason, without the host's name.
 */
int pgsql_connect(const struct pgsql_login *login, const struct host *host,
        uint64_t deadline, struct pg_conn **ret_conn,
        struct reason *ret_reason);

/* Writes the first line of what libpq says of a connection. */
void pgsql_reason(struct pg_conn *conn, struct reason *ret_reason);

#endif
