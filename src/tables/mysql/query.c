/* SPDX-License-Identifier: MIT */
#include "tables/mysql/query.h"
#include "base/events.h"
#include "tables/mysql/rows.h"
#include "tables/mysql/timed.h"
#include <errmsg.h>
#include <errno.h>

/* The protocol counts parameters with 16 bits. */
#define PARAMETERS_MAX 65535

/* What a question needs while it is asked. */
struct asking {
        struct mysql_session *session;
        struct mysql_query *query;
        struct lookup *lookup;
        uint64_t deadline;
};

/* Whether a "..." or a '\' in it means something else to some servers. */
static bool has_own_quotes(const struct sql_query *sql)
{
        for (size_t i = 0; i < sql->chunk_count; i++) {
                const struct sql_chunk *chunk = &sql->chunks[i];
                struct span text = chunk->token.text;

                if (chunk->token.kind != SQL_STRING)
                        continue;
                if (text.data[0] == '"' && chunk->template.is_dynamic)
                        return true;
                if (memchr(text.data, '\\', text.size) != NULL)
                        return true;
        }
        return false;
}

void mysql_query_init(struct mysql_query *query)
{
        query->has_own_quotes = has_own_quotes(&query->sql);
        atomic_init(&query->needs_text,
                query->sql.text == NULL ||
                        query->sql.parameter_count > PARAMETERS_MAX);
}

/* Whether an error is the connection's, or the server's that ends. */
static bool is_lost(unsigned code, const char *state)
{
        if (timed_is_own_error(code))
                return true;
        switch (code) {
        case 1053: /* the server shuts down */
        case 1243: /* it doesn't know the statement */
        case 1615: /* the statement has to be prepared again */
        case 1927: /* the connection was killed */
                return true;
        default:
                return strncmp(state, "08", 2) == 0;
        }
}

/* The lookup has failed: says so, and what that means. */
static enum mysql_verdict fail(struct asking *asking, unsigned code,
        const char *state, const char *text)
{
        struct mysql_session *session = asking->session;
        bool is_late = events_now() >= asking->deadline;
        bool is_gone = is_late || is_lost(code, state);

        lookup_failed(asking->lookup, "%s: %s", session->host,
                is_late ? "no answer in time" : text);
        session->is_broken |= is_gone;
        if (is_late)
                return MYSQL_LATE;
        return is_gone ? MYSQL_LOST : MYSQL_ANSWERED;
}

static enum mysql_verdict fail_by_text(struct asking *asking)
{
        MYSQL *mysql = asking->session->mysql;

        return fail(asking, mysql_errno(mysql), mysql_sqlstate(mysql),
                mysql_error(mysql));
}

static enum mysql_verdict fail_by_statement(
        struct asking *asking, MYSQL_STMT *statement)
{
        return fail(asking, mysql_stmt_errno(statement),
                mysql_stmt_sqlstate(statement), mysql_stmt_error(statement));
}

/* It can't be helped by asking again. */
static enum mysql_verdict refuse(struct asking *asking, const char *why)
{
        lookup_failed(asking->lookup, "%s: %s", asking->session->host, why);
        return MYSQL_ANSWERED;
}

/* What is left unread is left to the server: the lookup has failed, or does. */
static enum mysql_verdict end_early(struct asking *asking)
{
        asking->session->is_broken = true;
        timed_stop(asking->session->mysql);
        if (asking->lookup->answer == ANSWER_FAILED)
                return MYSQL_ANSWERED;
        return fail(asking, CR_SERVER_LOST, "", "no answer in time");
}

/* The functions that read return false when there is a verdict already. */
static bool read_text_rows(struct asking *asking, struct mysql_rows *rows,
        MYSQL_RES *result, enum mysql_verdict *ret_verdict)
{
        MYSQL *mysql = asking->session->mysql;
        unsigned columns = mysql_num_fields(result);
        MYSQL_ROW row;

        while ((row = timed_fetch_row(mysql, result, asking->deadline)) !=
                NULL) {
                const unsigned long *sizes = mysql_fetch_lengths(result);

                for (unsigned i = 0; i < columns; i++)
                        mysql_rows_add(rows, (struct span){row[i], sizes[i]});
                if (mysql_rows_goes_on(rows, asking->deadline))
                        continue;
                *ret_verdict = end_early(asking);
                return false;
        }
        if (mysql_errno(mysql) == 0)
                return true;
        *ret_verdict = fail_by_text(asking);
        asking->session->is_broken = true;
        return false;
}

/* Reads one of the results of a text. */
static bool read_text_result(struct asking *asking, struct mysql_rows *rows,
        enum mysql_verdict *ret_verdict)
{
        MYSQL *mysql = asking->session->mysql;
        MYSQL_RES *result = mysql_use_result(mysql);
        bool goes_on = true;

        if (result == NULL && mysql_field_count(mysql) > 0) {
                *ret_verdict = fail_by_text(asking);
                asking->session->is_broken = true;
                return false;
        }
        if (result == NULL)
                return true;
        if (mysql_rows_begin(rows)) {
                goes_on = read_text_rows(asking, rows, result, ret_verdict);
        } else {
                *ret_verdict = end_early(asking);
                goes_on = false;
        }
        mysql_free_result(result);
        return goes_on;
}

static enum mysql_verdict read_text(struct asking *asking)
{
        enum mysql_verdict verdict = MYSQL_ANSWERED;
        struct mysql_rows rows;
        int r;

        mysql_rows_init(&rows, asking->query->common, asking->lookup);
        do {
                if (!read_text_result(asking, &rows, &verdict))
                        return verdict;
                r = timed_next_result(asking->session->mysql, asking->deadline);
        } while (r == 0);
        if (r > 0)
                return fail_by_text(asking);
        mysql_rows_answer(&rows, asking->query->requires_result);
        return MYSQL_ANSWERED;
}

/* The library's escaping knows the encoding and the server's settings. */
static int escape(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        char *text;

        if (part.size > (SIZE_MAX - 1) / 2)
                return -ENOMEM;
        text = arena_bytes(arena, 2 * part.size + 1);
        if (text == NULL)
                return -ENOMEM;
        ret_quoted->size = mysql_real_escape_string(
                ctx, text, part.data, (unsigned long)part.size);
        ret_quoted->data = text;
        return ret_quoted->size == (unsigned long)-1 ? -EILSEQ : 0;
}

static enum mysql_verdict ask_text(struct asking *asking)
{
        struct mysql_query *query = asking->query;
        struct lookup *lookup = asking->lookup;
        MYSQL *mysql = asking->session->mysql;
        enum mysql_verdict verdict;
        struct reason reason;
        struct span text;
        int r = sql_escape(&query->sql, lookup->key, escape, mysql,
                lookup->arena, &text, &reason);

        if (r <= 0)
                return refuse(
                        asking, r < 0 ? reason.text : "no query for this key");
        lookup_trace(lookup, "query: %s", text.data);
        if (timed_query(mysql, text, asking->deadline) != 0)
                return fail_by_text(asking);
        verdict = read_text(asking);
        if (lookup->answer != ANSWER_FAILED)
                atomic_store(&query->needs_text, true);
        return verdict;
}

static bool read_prepared_rows(struct asking *asking, struct mysql_rows *rows,
        struct mysql_cells *cells, enum mysql_verdict *ret_verdict)
{
        MYSQL_STMT *statement = asking->session->statement;
        int r;

        while ((r = timed_fetch(asking->session->mysql, statement,
                        asking->deadline)) == 0 ||
                r == MYSQL_DATA_TRUNCATED) {
                mysql_cells_add(cells, statement, rows);
                if (mysql_rows_goes_on(rows, asking->deadline))
                        continue;
                *ret_verdict = end_early(asking);
                return false;
        }
        if (r == MYSQL_NO_DATA)
                return true;
        *ret_verdict = fail_by_statement(asking, statement);
        asking->session->is_broken = true;
        return false;
}

/* Reads one of the results of a statement. */
static bool read_prepared_result(struct asking *asking, struct mysql_rows *rows,
        enum mysql_verdict *ret_verdict)
{
        MYSQL_STMT *statement = asking->session->statement;
        struct lookup *lookup = asking->lookup;
        struct mysql_cells cells;
        int r;

        if (mysql_stmt_field_count(statement) == 0)
                return true;
        if (!mysql_rows_begin(rows)) {
                *ret_verdict = end_early(asking);
                return false;
        }
        r = mysql_cells_bind(&cells, statement, lookup->arena);
        if (r == 0)
                return read_prepared_rows(asking, rows, &cells, ret_verdict);
        lookup_failed(lookup, "out of memory for the values");
        *ret_verdict = end_early(asking);
        if (r == -ENOTSUP)
                *ret_verdict = MYSQL_AS_TEXT;
        return false;
}

static enum mysql_verdict read_prepared(struct asking *asking)
{
        MYSQL_STMT *statement = asking->session->statement;
        enum mysql_verdict verdict = MYSQL_ANSWERED;
        struct mysql_rows rows;
        int r;

        mysql_rows_init(&rows, asking->query->common, asking->lookup);
        do {
                if (!read_prepared_result(asking, &rows, &verdict))
                        return verdict;
                r = timed_next_of_statement(
                        asking->session->mysql, statement, asking->deadline);
        } while (r == 0);
        if (r > 0)
                return fail_by_statement(asking, statement);
        mysql_rows_answer(&rows, asking->query->requires_result);
        return MYSQL_ANSWERED;
}

/* Returns MYSQL_ANSWERED without an answer when it is prepared. */
static enum mysql_verdict prepare(struct asking *asking)
{
        const struct sql_query *sql = &asking->query->sql;
        struct mysql_session *session = asking->session;
        MYSQL_STMT *statement;
        enum mysql_verdict verdict;

        if (session->statement != NULL)
                return MYSQL_ANSWERED;
        statement = mysql_stmt_init(session->mysql);
        if (statement == NULL)
                return fail_by_text(asking);
        if (timed_prepare(session->mysql, statement, span_of(sql->text),
                    asking->deadline) == 0 &&
                mysql_stmt_param_count(statement) == sql->parameter_count) {
                session->statement = statement;
                return MYSQL_ANSWERED;
        }
        verdict = fail_by_statement(asking, statement);
        if (session->is_broken)
                timed_stop(session->mysql);
        mysql_stmt_close(statement);
        return verdict == MYSQL_ANSWERED ? MYSQL_AS_TEXT : verdict;
}

/* Returns 0; or -EINVAL, and the lookup has failed. */
static int bind(struct asking *asking)
{
        const struct sql_query *sql = &asking->query->sql;
        struct lookup *lookup = asking->lookup;
        size_t size = sql->parameter_count * sizeof(MYSQL_BIND);
        MYSQL_BIND *binds = arena_alloc(lookup->arena, size + 1);

        lookup_trace(lookup, "query: %s", sql->text);
        if (binds == NULL)
                goto fail;
        memset(binds, 0, size);
        for (size_t i = 0; i < sql->parameter_count; i++) {
                struct span text;

                if (template_expand_key(&sql->parameters[i], lookup->key, NULL,
                            NULL, lookup->arena, &text) <= 0)
                        goto fail;
                lookup_trace(lookup, "parameter %zu: '%s'", i + 1, text.data);
                binds[i].buffer_type = MYSQL_TYPE_STRING;
                binds[i].buffer = (void *)text.data;
                binds[i].buffer_length = (unsigned long)text.size;
        }
        if (sql->parameter_count == 0 ||
                mysql_stmt_bind_param(asking->session->statement, binds) == 0)
                return 0;

fail:
        lookup_failed(lookup, "out of memory for the query");
        return -EINVAL;
}

static enum mysql_verdict ask_prepared(struct asking *asking)
{
        struct mysql_session *session = asking->session;
        enum mysql_verdict verdict = prepare(asking);

        if (session->statement == NULL)
                return verdict;
        if (bind(asking) < 0)
                return MYSQL_ANSWERED;
        if (timed_execute(
                    session->mysql, session->statement, asking->deadline) != 0)
                return fail_by_statement(asking, session->statement);
        return read_prepared(asking);
}

enum mysql_verdict mysql_query_ask(struct mysql_query *query,
        struct mysql_session *session, bool is_text, struct lookup *lookup,
        uint64_t deadline)
{
        struct asking asking = {session, query, lookup, deadline};

        lookup->answer = ANSWER_NONE;
        if (mysql_session_settle(session, query->has_own_quotes, deadline) < 0)
                return fail_by_text(&asking);
        if (query->has_own_quotes && session->is_mode_other)
                return refuse(&asking,
                        "its sql_mode gives the quotes or backslashes in the "
                        "query another meaning");
        if (is_text || atomic_load(&query->needs_text))
                return ask_text(&asking);
        return ask_prepared(&asking);
}
