/* SPDX-License-Identifier: MIT */
#include "tables/support/pgsql_pipeline.h"
#include "base/events.h"
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>

void pipeline_init(struct pipeline *pipeline, struct pgsql_query *query,
        const char *host, PGconn *conn)
{
        uint64_t name[2];

        *pipeline =
                (struct pipeline){.conn = conn, .query = query, .host = host};
        if (getrandom(name, sizeof(name), GRND_NONBLOCK) == sizeof(name))
                snprintf(pipeline->name, sizeof(pipeline->name),
                        "%016" PRIx64 "%016" PRIx64, name[0], name[1]);
}

/* Returns the name of the statement, "" where it must not have one. */
static const char *name_of(const struct pipeline *pipeline)
{
        return pipeline->query->needs_no_name ? "" : pipeline->name;
}

static void drop_result(struct pipeline *pipeline)
{
        PQclear(pipeline->result);
        pipeline->result = NULL;
}

void pipeline_fini(struct pipeline *pipeline)
{
        drop_result(pipeline);
        PQfinish(pipeline->conn);
        pipeline->conn = NULL;
}

bool pipeline_is_busy(const struct pipeline *pipeline)
{
        return pipeline->next < pipeline->count || pipeline->syncs > 0;
}

size_t pipeline_count(const struct pipeline *pipeline)
{
        size_t count = 0;

        for (size_t i = pipeline->next; i < pipeline->count; i++)
                if (pipeline->slots[i].question != NULL)
                        count++;
        return count;
}

static int give_up(int code, const char *what, struct reason *ret_reason)
{
        reason_set(ret_reason, "%.*s", (int)strcspn(what, "\n"), what);
        ret_reason->code = code;
        return code;
}

static int give_up_broken(
        const struct pipeline *pipeline, struct reason *ret_reason)
{
        return give_up(-ENOTCONN, PQerrorMessage(pipeline->conn), ret_reason);
}

/* The mode is between us and libpq: nothing is sent. */
static int set_mode(struct pipeline *pipeline, bool is_pipeline)
{
        bool is_on = PQpipelineStatus(pipeline->conn) != PQ_PIPELINE_OFF;
        int r = 1;

        if (is_pipeline && !is_on)
                r = PQenterPipelineMode(pipeline->conn);
        else if (!is_pipeline && is_on)
                r = PQexitPipelineMode(pipeline->conn);
        return r == 1 ? 0 : -ENOTCONN;
}

static int end_transaction(struct pipeline *pipeline)
{
        if (PQpipelineSync(pipeline->conn) != 1)
                return -ENOTCONN;
        pipeline->syncs++;
        return 0;
}

/* Those that only read can share a transaction. */
static bool shares(const struct pipeline *pipeline)
{
        return pipeline->form == PGSQL_PREPARED && pipeline->query->is_read;
}

static int ask_one(struct pipeline *pipeline, struct question **question)
{
        struct pipeline_slot *slot = &pipeline->slots[pipeline->count];
        int r = pgsql_send(pipeline->query, pipeline->conn, pipeline->form,
                name_of(pipeline), (*question)->lookup);

        if (r == -EINVAL)
                return 0; /* it has failed: that is the caller's */
        if (r < 0)
                return r;
        slot->question = *question;
        slot->deadline = (*question)->deadline;
        pipeline->count++;
        *question = NULL;
        if (pipeline->form != PGSQL_TEXT && !shares(pipeline))
                r = end_transaction(pipeline);
        return r;
}

/*
 * Without a name the statement has to come with the questions, in their
 * transaction: that pays for several only.
 */
static enum pgsql_form choose_form(const struct pipeline *pipeline,
        struct question *const *questions, size_t count)
{
        const struct pgsql_query *query = pipeline->query;

        if (questions[0]->is_text || pgsql_form(query) == PGSQL_TEXT)
                return PGSQL_TEXT;
        if (questions[0]->is_alone)
                return PGSQL_PARAMETERS;
        if (*name_of(pipeline) != '\0' || (count > 1 && query->is_read))
                return PGSQL_PREPARED;
        return PGSQL_PARAMETERS;
}

static int prepare(struct pipeline *pipeline)
{
        const char *name = name_of(pipeline);
        int r;

        if (pipeline->form != PGSQL_PREPARED ||
                (*name != '\0' && pipeline->is_prepared))
                return 0;
        r = pgsql_prepare(pipeline->query, pipeline->conn, name);
        if (r == 0 && *name != '\0')
                r = end_transaction(pipeline);
        pipeline->is_preparing = true;
        return r;
}

int pipeline_ask(
        struct pipeline *pipeline, struct question **questions, size_t count)
{
        int r;

        pipeline->next = 0;
        pipeline->count = 0;
        pipeline->received = 0;
        pipeline->form = choose_form(pipeline, questions, count);
        r = set_mode(pipeline, pipeline->form != PGSQL_TEXT);
        if (r == 0)
                r = prepare(pipeline);
        for (size_t i = 0; i < count && r == 0; i++)
                r = ask_one(pipeline, &questions[i]);
        if (r == 0 && shares(pipeline))
                r = end_transaction(pipeline);
        return r;
}

int pipeline_send(struct pipeline *pipeline, struct reason *ret_reason)
{
        int r = PQflush(pipeline->conn);

        if (r < 0)
                return give_up_broken(pipeline, ret_reason);
        return r > 0 ? EVENT_READ | EVENT_WRITE : EVENT_READ;
}

int pipeline_receive(struct pipeline *pipeline, struct reason *ret_reason)
{
        PGconn *conn = pipeline->conn;
        int size = 0;

        if (ioctl(PQsocket(conn), FIONREAD, &size) == 0 && size > 0)
                pipeline->received += (size_t)size;
        if (pipeline->received > PIPELINE_RESULT_MAX)
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

/* Takes what has been read. Returns as pipeline_next. */
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
int pipeline_next(struct pipeline *pipeline, struct question **ret_question,
        enum pgsql_verdict *ret_verdict, struct reason *ret_reason)
{
        int r = take_read(pipeline, ret_question, ret_verdict, ret_reason);

        while (r == 0 && pipeline->may_have_more &&
                pipeline_is_busy(pipeline)) {
                r = pipeline_receive(pipeline, ret_reason);
                if (r == 0)
                        r = take_read(pipeline, ret_question, ret_verdict,
                                ret_reason);
        }
        return r;
}

bool pipeline_asks_anew(struct question *question, enum pgsql_verdict verdict)
{
        if (verdict == PGSQL_ALONE && !question->is_alone) {
                question->is_alone = true;
                return true;
        }
        if (verdict == PGSQL_AS_TEXT && !question->is_text) {
                question->is_text = true;
                return true;
        }
        return false;
}

/* A transaction may be left open that has failed: nothing comes of it. */
int pipeline_settle(struct pipeline *pipeline, struct reason *ret_reason)
{
        PGnotify *notice;

        while ((notice = PQnotifies(pipeline->conn)) != NULL)
                PQfreemem(notice);
        if (PQtransactionStatus(pipeline->conn) == PQTRANS_INERROR)
                return give_up(
                        -ENOTCONN, "a transaction has failed", ret_reason);
        return 0;
}

void pipeline_forget(struct pipeline *pipeline, struct question *question)
{
        for (size_t i = pipeline->next; i < pipeline->count; i++)
                if (pipeline->slots[i].question == question)
                        pipeline->slots[i].question = NULL;
}

struct question *pipeline_take_back(struct pipeline *pipeline, size_t keep)
{
        for (size_t i = pipeline->count; i > pipeline->next + keep; i--) {
                struct question *question = pipeline->slots[i - 1].question;

                pipeline->slots[i - 1].question = NULL;
                if (question != NULL)
                        return question;
        }
        return NULL;
}
