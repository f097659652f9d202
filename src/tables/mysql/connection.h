/* SPDX-License-Identifier: MIT */
/*
 * A connection to one of the servers of a mysql: table, whichever works, with
 * its query. For one thread.
 */
#ifndef TABLES_MYSQL_CONNECTION_H
#define TABLES_MYSQL_CONNECTION_H

#include "tables/mysql/login.h"
#include "tables/mysql/query.h"
#include "tables/support/shared_hosts.h"

/* What all connections of a table have in common: borrowed by them. */
struct mysql_source {
        struct mysql_login login;
        struct mysql_query query;
        struct shared_hosts hosts;
};

struct mysql_connection;

/* Connects to nobody yet. Returns NULL with the reason. */
struct mysql_connection *mysql_connection_new(
        struct mysql_source *source, struct reason *ret_reason);

/* NULL does nothing. */
void mysql_connection_free(struct mysql_connection *connection);

/*
 * Answers a lookup, its key being one that there is a query for. Blocks, until
 * its deadline at most, and longer only for a name service. Connects where that
 * is needed; what is lost on a connection is asked once more on another one.
 * Left without an answer it is for a thread that is connected.
 */
void mysql_connection_ask(
        struct mysql_connection *connection, struct lookup *lookup);

#endif
