/* SPDX-License-Identifier: MIT */
#ifndef TABLES_PGSQL_WAIT_H
#define TABLES_PGSQL_WAIT_H

#include "tables/pgsql/login.h"
#include "tables/pgsql/pipeline.h"

/* A connection for those who wait, kept from one lookup to the next. */
struct pgsql_waiter {
        struct pipeline pipeline; /* without a connection: none is open */
};

/*
 * Answers a lookup, waiting for it; for one thread at a time. Returns
 * LOOKUP_DONE.
 */
enum progress pgsql_wait(struct pgsql_waiter *waiter, struct pgsql_login *login,
        struct pgsql_query *query, struct lookup *lookup, uint64_t deadline);

/* Closes the connection. */
void pgsql_waiter_close(struct pgsql_waiter *waiter);

#endif
