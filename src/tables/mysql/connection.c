/* SPDX-License-Identifier: MIT */
#include "tables/mysql/connection.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>

/* For a lookup that has no deadline, in milliseconds. */
#define ASK_TIME 10000

struct mysql_connection {
        struct mysql_source *source;
        struct mysql_session session;
        struct host *host; /* that the session is with */
};

struct mysql_connection *mysql_connection_new(
        struct mysql_source *source, struct reason *ret_reason)
{
        struct mysql_connection *connection = calloc(1, sizeof(*connection));

        if (connection == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return NULL;
        }
        connection->source = source;
        return connection;
}

static void end_session(struct mysql_connection *connection)
{
        if (connection->session.mysql != NULL)
                shared_hosts_disconnected(&connection->source->hosts);
        mysql_session_end(&connection->session);
}

void mysql_connection_free(struct mysql_connection *connection)
{
        if (connection == NULL)
                return;
        end_session(connection);
        free(connection);
}

/*
 * Connects to any host. Returns 0; or -1, and the lookup has failed or is for
 * another thread.
 */
static int connect_to_any(struct mysql_connection *connection,
        struct lookup *lookup, uint64_t deadline)
{
        struct mysql_source *source = connection->source;

        for (;;) {
                uint64_t until = deadline, begin;
                struct reason reason;
                struct host *host =
                        shared_hosts_choose(&source->hosts, &until, lookup);

                if (host == NULL)
                        return -1;
                lookup_trace(lookup, "mysql: connects to %s", host->name);
                begin = events_now();
                if (mysql_login_connect(&source->login, host, until,
                            &connection->session.mysql, &reason) == 0) {
                        shared_hosts_connected(&source->hosts, host);
                        connection->session.host = host->name;
                        connection->host = host;
                        return 0;
                }
                shared_hosts_failed(&source->hosts, host, begin, &reason);
        }
}

/*
 * Another host is better than one that is slow, hangs or throws connections
 * away; if there is none, nothing is won by a rest.
 */
static void give_rest(
        struct mysql_connection *connection, enum mysql_verdict verdict)
{
        struct mysql_source *source = connection->source;
        struct reason reason = {.code = -ENOTCONN};

        if (source->hosts.hosts.count == 1)
                return;
        reason_set(&reason, verdict == MYSQL_LATE ? "no answer in time"
                                                  : "the connection was lost");
        shared_hosts_failed(
                &source->hosts, connection->host, events_now(), &reason);
}

/* Asks once. Returns as mysql_query_ask does. */
static enum mysql_verdict ask(struct mysql_connection *connection, bool is_text,
        struct lookup *lookup, uint64_t deadline)
{
        struct mysql_session *session = &connection->session;
        bool is_new = session->mysql == NULL;
        enum mysql_verdict verdict;

        if (is_new && connect_to_any(connection, lookup, deadline) < 0)
                return MYSQL_ANSWERED;
        lookup_trace(lookup, "mysql: asks %s", session->host);
        verdict = mysql_query_ask(
                &connection->source->query, session, is_text, lookup, deadline);
        if (verdict == MYSQL_LATE || (verdict == MYSQL_LOST && is_new))
                give_rest(connection, verdict);
        if (session->is_broken)
                end_session(connection);
        return verdict;
}

void mysql_connection_ask(
        struct mysql_connection *connection, struct lookup *lookup)
{
        uint64_t deadline = lookup->deadline;
        bool is_text = false, is_second = false;

        if (deadline == UINT64_MAX)
                deadline = events_now() + ASK_TIME;
        for (;;) {
                switch (ask(connection, is_text, lookup, deadline)) {
                case MYSQL_AS_TEXT:
                        is_text = true;
                        break;
                case MYSQL_LOST:
                        if (is_second)
                                return;
                        is_second = true;
                        break;
                case MYSQL_ANSWERED:
                case MYSQL_LATE:
                default:
                        return;
                }
        }
}
