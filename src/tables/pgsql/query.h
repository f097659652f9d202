/* SPDX-License-Identifier: MIT */
/* A query of PostgreSQL: how it is sent, and what is read from its results. */
#ifndef TABLES_PGSQL_QUERY_H
#define TABLES_PGSQL_QUERY_H

#include "tables/support/db_common.h"
#include "tables/support/sql.h"

struct pg_conn;   /* libpq's PGconn */
struct pg_result; /* libpq's PGresult */

struct pgsql_query {
        struct sql_query sql;
        struct db_common *common;
        /*
         * Nothing but reads: several may be asked in one transaction, and none
         * of them notices.
         */
        bool is_read;
        /*
         * The server knows no types for the parameters, but does understand the
         * text; then it is asked by that. It is found out by asking.
         */
        bool needs_text;
        /*
         * A pooler in between gives each transaction to another server, where
         * there are no statements by our names. It is found out likewise.
         */
        bool needs_no_name;
};

enum pgsql_form {
        PGSQL_TEXT,       /* the key escaped: one result or more */
        PGSQL_PARAMETERS, /* parsed for this key alone */
        PGSQL_PREPARED    /* pgsql_prepare was sent on this connection */
};

/* Returns how a query is asked if it is asked alone. */
enum pgsql_form pgsql_form(const struct pgsql_query *query);

/*
 * Sends the statement, under a name. What has the name "" is forgotten with the
 * next of that name. Returns 0, or -ENOTCONN.
 */
int pgsql_prepare(const struct pgsql_query *query, struct pg_conn *conn,
        const char *name);

/*
 * Sends the query for a lookup's key, which has no NUL byte. name: of what was
 * prepared. Returns 0; -ENOTCONN: the connection is of no more use; -EINVAL:
 * the lookup has failed, and nothing was sent.
 */
int pgsql_send(const struct pgsql_query *query, struct pg_conn *conn,
        enum pgsql_form form, const char *name, struct lookup *lookup);

enum pgsql_verdict {
        PGSQL_ANSWERED,
        PGSQL_ALONE, /* failed for another one's sake: ask it alone */
        PGSQL_AS_TEXT,
        PGSQL_UNPREPARED, /* the server doesn't know the name */
        PGSQL_LOST,       /* the connection; ask it on another one */
        PGSQL_ENDED       /* answered, but the connection is of no more use */
};

/*
 * Sets a lookup's answer by the last result of its query; NULL: there was none.
 * All else is a failure, with the reason. Asking once more is for the caller to
 * decide.
 */
enum pgsql_verdict pgsql_answer(struct pgsql_query *query, enum pgsql_form form,
        const struct pg_result *result, struct lookup *lookup);

#endif
