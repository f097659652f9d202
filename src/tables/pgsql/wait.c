/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/wait.h"
#include "base/events.h"
#include "tables/pgsql/results.h"
#include "tables/support/exchange.h"
#include <errno.h>
#include <libpq-fe.h>

#define TRIES 3

/* Connects to any host. Returns 0, or a negative errno: the lookup has failed.
 */
static int connect_to_any(const struct pgsql_login *login, struct hosts *hosts,
        struct lookup *lookup, uint64_t deadline, struct host **ret_host,
        struct pg_conn **ret_conn)
{
        for (;;) {
                uint64_t now = events_now();
                struct reason reason;
                struct host *host =
                        hosts_choose_until(hosts, now, deadline, &reason);

                if (host == NULL) {
                        lookup_failed(lookup, "%s", reason.text);
                        return -ENOTCONN;
                }
                lookup_trace(lookup, "pgsql: connects to %s", host->name);
                if (pgsql_connect(login, host, deadline, ret_conn, &reason) ==
                        0) {
                        hosts_up(hosts, host);
                        *ret_host = host;
                        return 0;
                }
                hosts_down(hosts, host, events_now(), &reason);
        }
}

/* Waits for more to come. Returns 0, or a negative errno with the reason. */
static int wait_for_more(
        struct pipeline *pipeline, uint64_t deadline, struct reason *ret_reason)
{
        int r = pipeline_send(pipeline, ret_reason);

        if (r < 0)
                return r;
        r = exchange_wait_for(PQsocket(pipeline->conn), (unsigned)r, deadline);
        if (r == 0)
                return results_receive(pipeline, ret_reason);
        reason_set_errno(ret_reason, r, "wait");
        return r;
}

/* Asks once. Returns what it came to; the connection is at rest, or of no more
 * use. */
static enum pgsql_verdict ask(
        struct pipeline *pipeline, struct question *question)
{
        struct question *list[1] = {question}, *answered;
        enum pgsql_verdict verdict = PGSQL_LOST;
        bool is_answered = false;
        struct reason reason;
        int r = pipeline_ask(pipeline, list, 1);

        if (r < 0) {
                lookup_failed(question->lookup,
                        "%s: the question cannot be sent", pipeline->host);
                return PGSQL_LOST;
        }
        if (list[0] != NULL)
                return PGSQL_ANSWERED; /* it has failed */
        while (r >= 0 && pipeline_is_busy(pipeline)) {
                r = results_next(pipeline, &answered, &verdict, &reason);
                is_answered |= r > 0;
                if (r == 0 && pipeline_is_busy(pipeline))
                        r = wait_for_more(
                                pipeline, question->deadline, &reason);
        }
        if (r >= 0)
                r = results_settle(pipeline, &reason);
        if (is_answered)
                return r < 0 && verdict == PGSQL_ANSWERED ? PGSQL_ENDED
                                                          : verdict;
        lookup_failed(question->lookup, "%s: %s", pipeline->host, reason.text);
        return r == -ETIMEDOUT || r == -EFBIG ? PGSQL_ENDED : PGSQL_LOST;
}

void pgsql_waiter_close(struct pgsql_waiter *waiter)
{
        if (waiter->pipeline.conn != NULL)
                pipeline_fini(&waiter->pipeline);
}

/* Has a connection open. Returns 0; or -1, and the lookup has failed. */
static int open_waiter(struct pgsql_waiter *waiter, struct pgsql_login *login,
        struct pgsql_query *query, struct lookup *lookup, uint64_t deadline)
{
        struct pg_conn *conn;
        struct host *host;

        if (waiter->pipeline.conn == NULL) {
                if (connect_to_any(login, &login->hosts, lookup, deadline,
                            &host, &conn) < 0)
                        return -1;
                pipeline_init(&waiter->pipeline, query, host->name, conn);
        }
        lookup_trace(lookup, "pgsql: asks %s", waiter->pipeline.host);
        return 0;
}

enum progress pgsql_wait(struct pgsql_waiter *waiter, struct pgsql_login *login,
        struct pgsql_query *query, struct lookup *lookup, uint64_t deadline)
{
        struct question question = {
                .lookup = lookup, .deadline = deadline, .is_alone = true};
        enum pgsql_verdict verdict;

        /* Once more on another connection, or in another form; or both. */
        for (int tries = 0; tries < TRIES; tries++) {
                if (open_waiter(waiter, login, query, lookup, deadline) < 0)
                        break;
                verdict = ask(&waiter->pipeline, &question);
                if (verdict == PGSQL_LOST || verdict == PGSQL_ENDED)
                        pgsql_waiter_close(waiter);
                if (verdict != PGSQL_LOST &&
                        !pipeline_asks_anew(&question, verdict))
                        break;
        }
        return LOOKUP_DONE;
}
