/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/pipeline.h"
#include "base/events.h"
#include "tables/pgsql/login.h"
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
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

void pipeline_fini(struct pipeline *pipeline)
{
        PQclear(pipeline->result);
        pipeline->result = NULL;
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

        if (r < 0) {
                pgsql_reason(pipeline->conn, ret_reason);
                return ret_reason->code;
        }
        return r > 0 ? EVENT_READ | EVENT_WRITE : EVENT_READ;
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
