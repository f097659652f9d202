/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/query.h"
#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>

/* The protocol counts parameters with 16 bits. */
#define PARAMETERS_MAX 65535

enum pgsql_form pgsql_form(const struct pgsql_query *query)
{
        return query->needs_text || query->sql.text == NULL ||
                               query->sql.parameter_count > PARAMETERS_MAX
                       ? PGSQL_TEXT
                       : PGSQL_PARAMETERS;
}

int pgsql_prepare(
        const struct pgsql_query *query, PGconn *conn, const char *name)
{
        return PQsendPrepare(conn, name, query->sql.text, 0, NULL) == 1
                       ? 0
                       : -ENOTCONN;
}

static int fail(struct lookup *lookup, const char *what)
{
        lookup_failed(lookup, "%s", what);
        return -EINVAL;
}

/* libpq's escaping knows the server's settings and the encoding. */
static int escape(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        PGconn *conn = ctx;
        int error;
        char *text;

        if (part.size > (SIZE_MAX - 1) / 2)
                return -ENOMEM;
        text = arena_bytes(arena, 2 * part.size + 1);
        if (text == NULL)
                return -ENOMEM;
        ret_quoted->size =
                PQescapeStringConn(conn, text, part.data, part.size, &error);
        ret_quoted->data = text;
        return error == 0 ? 0 : -EILSEQ;
}

static int send_text(
        const struct pgsql_query *query, PGconn *conn, struct lookup *lookup)
{
        struct reason reason;
        struct span text;
        int r = sql_escape(&query->sql, lookup->key, escape, conn,
                lookup->arena, &text, &reason);

        if (r <= 0)
                return fail(
                        lookup, r < 0 ? reason.text : "no query for this key");
        lookup_trace(lookup, "query: %s", text.data);
        return PQsendQuery(conn, text.data) == 1 ? 0 : -ENOTCONN;
}

static int expand(const struct pgsql_query *query, struct lookup *lookup,
        const char ***ret_values)
{
        size_t count = query->sql.parameter_count;
        const char **values =
                arena_alloc(lookup->arena, (count + 1) * sizeof(*values));

        if (values == NULL)
                return fail(lookup, "out of memory for the query");
        if (query->sql.text != NULL)
                lookup_trace(lookup, "query: %s", query->sql.text);
        for (size_t i = 0; i < count; i++) {
                struct span text;

                if (template_expand_key(&query->sql.parameters[i], lookup->key,
                            NULL, NULL, lookup->arena, &text) <= 0)
                        return fail(lookup, "out of memory for the query");
                lookup_trace(lookup, "parameter %zu: '%s'", i + 1, text.data);
                values[i] = text.data;
        }
        *ret_values = values;
        return 0;
}

int pgsql_send(const struct pgsql_query *query, PGconn *conn,
        enum pgsql_form form, const char *name, struct lookup *lookup)
{
        const char **values;
        int count = (int)query->sql.parameter_count, r;

        if (form == PGSQL_TEXT)
                return send_text(query, conn, lookup);
        if (expand(query, lookup, &values) < 0)
                return -EINVAL;
        if (form == PGSQL_PREPARED)
                r = PQsendQueryPrepared(
                        conn, name, count, values, NULL, NULL, 0);
        else
                r = PQsendQueryParams(conn, query->sql.text, count, NULL,
                        values, NULL, NULL, 0);
        return r == 1 ? 0 : -ENOTCONN;
}

/* All columns of all rows. A failure is in the lookup already. */
static void read_rows(const struct pgsql_query *query, const PGresult *result,
        struct lookup *lookup)
{
        int rows = PQntuples(result), columns = PQnfields(result);
        struct db_rows values;

        db_rows_init(&values, query->common, lookup);
        for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++) {
                        struct span value = {NULL, 0};

                        if (!PQgetisnull(result, row, column)) {
                                value.data = PQgetvalue(result, row, column);
                                value.size = (size_t)PQgetlength(
                                        result, row, column);
                        }
                        if (db_rows_add(&values, value) < 0)
                                return;
                }
        db_rows_answer(&values);
}

static bool is_class(const char *state, const char *class)
{
        return strncmp(state, class, strlen(class)) == 0;
}

/* What an error is, by its SQLSTATE. */
static enum pgsql_verdict judge(const struct pgsql_query *query,
        enum pgsql_form form, const char *state)
{
        /* libpq itself says so; the server ends; the connection is broken. */
        if (state == NULL || is_class(state, "57P") || is_class(state, "08"))
                return PGSQL_LOST;
        if (form == PGSQL_PREPARED && is_class(state, "26000"))
                return PGSQL_UNPREPARED;
        /* The table has got other columns: a new connection parses anew. */
        if (form == PGSQL_PREPARED && is_class(state, "0A000"))
                return PGSQL_LOST;
        /* What is wrong with the statement may be so for parameters only. */
        if (is_class(state, "42") && form != PGSQL_TEXT &&
                query->sql.parameter_count > 0)
                return PGSQL_AS_TEXT;
        /* A deadlock, or a standby that had to go on. */
        if (is_class(state, "40"))
                return PGSQL_ALONE;
        return PGSQL_ANSWERED;
}

static enum pgsql_verdict read_error(const struct pgsql_query *query,
        enum pgsql_form form, const PGresult *result, struct lookup *lookup)
{
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

        if (text == NULL)
                text = PQresultErrorMessage(result);
        lookup_failed(lookup, "%.*s", (int)strcspn(text, "\n"), text);
        return judge(query, form, state);
}

enum pgsql_verdict pgsql_answer(struct pgsql_query *query, enum pgsql_form form,
        const PGresult *result, struct lookup *lookup)
{
        switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
                read_rows(query, result, lookup);
                break;
        case PGRES_COMMAND_OK: /* it has no rows, as in Postfix */
                lookup_absent(lookup);
                break;
        case PGRES_PIPELINE_ABORTED:
                lookup_failed(lookup, "the query was not run");
                return PGSQL_ALONE;
        case PGRES_FATAL_ERROR:
                return read_error(query, form, result, lookup);
        case PGRES_EMPTY_QUERY:
                lookup_failed(lookup, "the query is empty");
                return PGSQL_ANSWERED;
        case PGRES_COPY_OUT:
        case PGRES_COPY_IN:
        case PGRES_COPY_BOTH:
        case PGRES_BAD_RESPONSE:
        case PGRES_NONFATAL_ERROR:
        case PGRES_SINGLE_TUPLE:
        case PGRES_PIPELINE_SYNC:
        default:
                lookup_failed(lookup, "unexpected result: %s",
                        PQresStatus(PQresultStatus(result)));
                return PGSQL_ENDED;
        }
        if (form == PGSQL_TEXT && query->sql.text != NULL)
                query->needs_text = true;
        return PGSQL_ANSWERED;
}
