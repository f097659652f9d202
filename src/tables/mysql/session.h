/* SPDX-License-Identifier: MIT */
/* A connection to a server of MySQL, and what is known of it. */
#ifndef TABLES_MYSQL_SESSION_H
#define TABLES_MYSQL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct st_mysql;      /* libmariadb's MYSQL */
struct st_mysql_stmt; /* libmariadb's MYSQL_STMT */

/* For one thread. */
struct mysql_session {
        struct st_mysql *mysql;          /* NULL: there is none */
        struct st_mysql_stmt *statement; /* NULL: not prepared yet */
        const char *host;                /* for persons */
        bool is_broken;                  /* of no more use */
        bool is_mode_known;
        bool is_mode_other; /* than the usual one, for strings */
        uint64_t limit;     /* seconds that a statement may take there */
};

/*
 * Has the server end statements that nobody waits for any more, some time after
 * the deadline (events_now); and finds out what its sql_mode makes of quotes
 * and backslashes, if it matters. Most often it is all done. Returns 0; or -1,
 * and libmariadb says why.
 */
int mysql_session_settle(
        struct mysql_session *session, bool needs_mode, uint64_t deadline);

/* Frees the connection, without waiting for anybody. */
void mysql_session_end(struct mysql_session *session);

#endif
