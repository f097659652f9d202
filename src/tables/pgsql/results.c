/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/results.h"
#include "tables/pgsql/login.h"
#include <errno.h>
#include <libpq-fe.h>
#include <sys/ioctl.h>

static void drop_result(struct pipeline *pipeline)
{
        PQclear(pipeline->result);
        pipeline->result = NULL;
}

static int give_up(int code, const char *what, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s", what);
        ret_reason->code = code;
        return code;
}

static int give_up_broken(
        const struct pipeline *pipeline, struct reason *ret_reason)
{
        pgsql_reason(pipeline->conn, ret_reason);
        return ret_reason->code;
}

int results_receive(struct pipeline *pipeline, struct reason *ret_reason)
{
        PGconn *conn = pipeline->conn;
        int size = 0;

        if (ioctl(PQsocket(conn), FIONREAD, &size) == 0 && size > 0)
                pipeline->received += (size_t)size;
        if (pipeline->received > RESULTS_MAX)
                return give_up(-EFBIG, "the result is too large", ret_reason);
        if (PQconsumeInput(conn) != 1)
                return give_up_broken(pipeline, ret_reason);
        pipeline->may_have_more =
                size > 0 && (PQsslInUse(conn) || PQgssEncInUse(conn));
        /* What comes unasked may be the change of a setting: it is read now. */
        if (!pipeline_is_busy(pipeline) && PQisBusy(conn))
                return give_up(-ENOTCONN, "an answer to nothing", ret_reason);
        return 0;
}

/* The server has refused the statement, or it is another server. */
static enum pgsql_verdict ask_without_name(struct pipeline *pipeline)
{
        if (pipeline->is_prepared)
                pipeline->query->needs_no_name = true;
        return PGSQL_ALONE;
}

static void name_host(const struct pipeline *pipeline, struct lookup *lookup)
{
        struct reason reason = lookup->reason;

        lookup_failed(lookup, "%s: %s", pipeline->host, reason.text);
}

/* The results of the next slot are all there. */
static int answer(struct pipeline *pipeline, struct question **ret_question,
        enum pgsql_verdict *ret_verdict, struct reason *ret_reason)
{
        struct question *question = pipeline->slots[pipeline->next].question;
        enum pgsql_verdict verdict;

        if (question != NULL) {
                verdict = pgsql_answer(pipeline->query, pipeline->form,
                        pipeline->result, question->lookup);
                if (verdict == PGSQL_LOST) {
                        *ret_reason = question->lookup->reason;
                        ret_reason->code = -ENOTCONN;
                        return -ENOTCONN;
                }
                if (verdict == PGSQL_UNPREPARED)
                        verdict = ask_without_name(pipeline);
                if (question->lookup->answer == ANSWER_FAILED)
                        name_host(pipeline, question->lookup);
                *ret_question = question;
                *ret_verdict = verdict;
        }
        drop_result(pipeline);
        pipeline->next++;
        pipeline->received = 0;
        return question != NULL ? 1 : 0;
}

/* No more results come for what was sent next. */
static int end_query(struct pipeline *pipeline, struct question **ret_question,
        enum pgsql_verdict *ret_verdict, struct reason *ret_reason)
{
        if (pipeline->is_preparing) {
                /* Each question finds what is wrong with it, asked alone. */
                pipeline->is_preparing = false;
                pipeline->is_prepared =
                        PQresultStatus(pipeline->result) == PGRES_COMMAND_OK;
                drop_result(pipeline);
                return 0;
        }
        if (pipeline->next < pipeline->count)
                return answer(pipeline, ret_question, ret_verdict, ret_reason);
        return give_up(-ENOTCONN, "the server is out of step", ret_reason);
}

/*
 * Returns whether the result ends its query, though libpq says nothing more. An
 * error is the last of a query, whatever libpq makes of a connection that ends.
 */
static bool take_result(struct pipeline *pipeline, PGresult *result)
{
        ExecStatusType status = PQresultStatus(result);

        if (status == PGRES_PIPELINE_SYNC) {
                PQclear(result);
                if (pipeline->syncs > 0)
                        pipeline->syncs--;
                return false;
        }
        if (pipeline->result != NULL &&
                PQresultStatus(pipeline->result) == PGRES_FATAL_ERROR) {
                PQclear(result);
                return false;
        }
        drop_result(pipeline);
        pipeline->result = result;
        return status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
               status == PGRES_COPY_BOTH;
}

/* Takes what has been read. Returns as results_next. */
static int take_read(struct pipeline *pipeline, struct question **ret_question,
        enum pgsql_verdict *ret_verdict, struct reason *ret_reason)
{
        PGconn *conn = pipeline->conn;
        int r = 0;

        while (r == 0 && pipeline_is_busy(pipeline) &&
                PQstatus(conn) != CONNECTION_BAD && !PQisBusy(conn)) {
                PGresult *result = PQgetResult(conn);

                if (result == NULL || take_result(pipeline, result))
                        r = end_query(pipeline, ret_question, ret_verdict,
                                ret_reason);
        }
        /* Its socket may be closed already. */
        if (r == 0 && PQstatus(conn) == CONNECTION_BAD)
                r = give_up_broken(pipeline, ret_reason);
        return r;
}

/*
 * Of a record that is encrypted libpq may read a part, and the rest of it makes
 * no socket ready: it has all when it finds the socket empty.
 */
int results_next(struct pipeline *pipeline, struct question **ret_question,
        enum pgsql_verdict *ret_verdict, struct reason *ret_reason)
{
        int r = take_read(pipeline, ret_question, ret_verdict, ret_reason);

        while (r == 0 && pipeline->may_have_more &&
                pipeline_is_busy(pipeline)) {
                r = results_receive(pipeline, ret_reason);
                if (r == 0)
                        r = take_read(pipeline, ret_question, ret_verdict,
                                ret_reason);
        }
        return r;
}

/* A transaction may be left open that has failed: nothing comes of it. */
int results_settle(struct pipeline *pipeline, struct reason *ret_reason)
{
        PGnotify *notice;

        while ((notice = PQnotifies(pipeline->conn)) != NULL)
                PQfreemem(notice);
        if (PQtransactionStatus(pipeline->conn) == PQTRANS_INERROR)
                return give_up(
                        -ENOTCONN, "a transaction has failed", ret_reason);
        return 0;
}
