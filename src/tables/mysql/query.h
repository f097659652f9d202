/* SPDX-License-Identifier: MIT */
/* A query of MySQL: how it is asked, and what is read from its results. */
#ifndef TABLES_MYSQL_QUERY_H
#define TABLES_MYSQL_QUERY_H

#include "tables/mysql/session.h"
#include "tables/support/db_common.h"
#include "tables/support/sql.h"
#include <stdatomic.h>

/* For any thread. */
struct mysql_query {
        struct sql_query sql;
        struct db_common *common;
        bool requires_result; /* without a result set it fails */
        bool has_own_quotes;  /* which an sql_mode may read otherwise */
        /*
         * The statement can't be prepared, or values would look otherwise than
         * in text; then it is asked by its text. It is found out by asking.
         */
        atomic_bool needs_text;
};

/* Finishes a query whose text is read. */
void mysql_query_init(struct mysql_query *query);

enum mysql_verdict {
        MYSQL_ANSWERED,
        MYSQL_AS_TEXT, /* failed: ask it by its text */
        MYSQL_LOST,    /* the connection; ask it on another one */
        MYSQL_LATE
};

/*
 * Asks for a lookup's key until the deadline (events_now) at most. All but
 * MYSQL_ANSWERED is a failure, too, with the reason behind the host's name.
 */
enum mysql_verdict mysql_query_ask(struct mysql_query *query,
        struct mysql_session *session, bool is_text, struct lookup *lookup,
        uint64_t deadline);

#endif
