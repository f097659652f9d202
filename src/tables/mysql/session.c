/* SPDX-License-Identifier: MIT */
#include "tables/mysql/session.h"
#include "base/events.h"
#include "tables/mysql/timed.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* MariaDB counts in seconds, MySQL in milliseconds, of what only reads. */
static int set_limit(
        struct mysql_session *session, uint64_t limit, uint64_t deadline)
{
        char text[100];
        int size = mariadb_connection(session->mysql)
                           ? snprintf(text, sizeof(text),
                                     "SET SESSION max_statement_time = "
                                     "%" PRIu64,
                                     limit)
                           : snprintf(text, sizeof(text),
                                     "SET SESSION max_execution_time = "
                                     "%" PRIu64 "000",
                                     limit);

        session->limit = limit;
        if (timed_query(session->mysql, (struct span){text, (size_t)size},
                    deadline) == 0)
                return 0;
        /* Servers that don't know it do without. */
        session->limit = UINT64_MAX;
        return timed_is_own_error(mysql_errno(session->mysql)) ? -1 : 0;
}

static int find_mode(struct mysql_session *session, uint64_t deadline)
{
        MYSQL *mysql = session->mysql;
        MYSQL_RES *result;
        MYSQL_ROW row;

        if (timed_query(mysql, SPAN_LITERAL("SELECT @@SESSION.sql_mode"),
                    deadline) != 0)
                return -1;
        result = mysql_use_result(mysql);
        if (result == NULL)
                return -1;
        while ((row = timed_fetch_row(mysql, result, deadline)) != NULL)
                session->is_mode_other =
                        row[0] != NULL &&
                        (strstr(row[0], "ANSI_QUOTES") != NULL ||
                                strstr(row[0], "NO_BACKSLASH_ESCAPES") != NULL);
        session->is_mode_known = mysql_errno(mysql) == 0;
        mysql_free_result(result);
        return session->is_mode_known ? 0 : -1;
}

int mysql_session_settle(
        struct mysql_session *session, bool needs_mode, uint64_t deadline)
{
        uint64_t now = events_now();
        uint64_t left = deadline > now ? deadline - now : 0;
        /* Not to be set anew for each lookup that is a little faster here. */
        uint64_t limit = left / 1000 + 2;

        if (limit > session->limit && set_limit(session, limit, deadline) < 0)
                return -1;
        if (needs_mode && !session->is_mode_known)
                return find_mode(session, deadline);
        return 0;
}

void mysql_session_end(struct mysql_session *session)
{
        /* In this order: a statement without a connection tells nobody. */
        timed_free(session->mysql, session->is_broken);
        if (session->statement != NULL)
                mysql_stmt_close(session->statement);
        *session = (struct mysql_session){.mysql = NULL};
}
