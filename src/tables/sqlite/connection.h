/* SPDX-License-Identifier: MIT */
/*
 * A connection to a database of SQLite, for reading, with one query. For one
 * thread. Nothing else in the process may open the database's file: closing
 * that would end SQLite's locks.
 */
#ifndef TABLES_SQLITE_CONNECTION_H
#define TABLES_SQLITE_CONNECTION_H

#include "tables/support/db_common.h"
#include "tables/support/sql.h"

/* What all connections of a table have in common: borrowed by them. */
struct sqlite_source {
        const char *path;
        struct sql_query query;
        struct db_common *common;
};

struct sqlite_connection;

/* Not connected yet. Returns NULL when there is no memory. */
struct sqlite_connection *sqlite_connection_new(
        const struct sqlite_source *source);

/* NULL does nothing. */
void sqlite_connection_free(struct sqlite_connection *connection);

/*
 * Connects, and prepares the query if it has parameters, to tell what is wrong
 * before there is a lookup. Waits a little where somebody writes. Returns 0, or
 * a negative errno with the reason: -EROFS for a query that writes.
 */
int sqlite_connect(
        struct sqlite_connection *connection, struct reason *ret_reason);

/*
 * Answers a lookup, its key being one that there is a query for. Blocks, until
 * its deadline at most; one that is past its deadline fails where it would have
 * to wait for a lock, or take over 2,000 steps of SQLite's. Connects when it is
 * not connected, the file was replaced or written to, or the lookup before
 * failed.
 */
void sqlite_ask(struct sqlite_connection *connection, struct lookup *lookup);

/*
 * Lets go of the transaction that lookups one after the other share: others may
 * write, and the next lookup sees what they have written.
 */
void sqlite_rest(struct sqlite_connection *connection);

#endif
