/* SPDX-License-Identifier: MIT */
#include "tables/sqlite/connection.h"
#include "base/events.h"
#include "base/file_state.h"
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>

/* Waiting for somebody who writes, where there is no deadline. */
#define BUSY_MS 2000

/* Steps of SQLite's machine between two looks at the time. */
#define PROGRESS_STEPS 1000

struct sqlite_connection {
        const struct sqlite_source *source;
        sqlite3 *db;             /* NULL: to be opened again */
        sqlite3_stmt *statement; /* NULL: the query has no parameters */
        sqlite3_stmt *begin, *commit;
        struct file_state state; /* of the file, from before it was opened */
        bool is_in_transaction;  /* which more than one lookup may share */
        uint64_t deadline;       /* of the lookup under way */
        unsigned overdue;        /* how often it was seen to be past that */
};

/*
 * Ends what takes too long. The first look comes at any step: SQLite counts on
 * where it stopped in the lookup before.
 */
static int look_at_time(void *ctx)
{
        struct sqlite_connection *connection = ctx;

        return events_now() >= connection->deadline &&
               ++connection->overdue > 1;
}

static void wait_until(struct sqlite_connection *connection, uint64_t deadline)
{
        uint64_t now = events_now(), left = BUSY_MS;

        if (deadline != UINT64_MAX)
                left = deadline > now ? deadline - now : 0;
        connection->deadline = deadline;
        connection->overdue = 0;
        sqlite3_busy_timeout(
                connection->db, left < INT_MAX ? (int)left : INT_MAX);
}

static void close_db(struct sqlite_connection *connection)
{
        sqlite3_finalize(connection->statement);
        sqlite3_finalize(connection->begin);
        sqlite3_finalize(connection->commit);
        connection->begin = NULL;
        connection->commit = NULL;
        sqlite3_close_v2(connection->db);
        connection->statement = NULL;
        connection->db = NULL;
        connection->is_in_transaction = false;
}

/* Whether the error is in the query, not in the database. */
static bool is_query_error(int code)
{
        return (code & 0xff) == SQLITE_ERROR ||
               (code & 0xff) == SQLITE_READONLY || (code & 0xff) == SQLITE_AUTH;
}

/* What went wrong, with what is meant where SQLite's words don't say it. */
static void set_reason(
        const struct sqlite_connection *connection, struct reason *ret_reason)
{
        int code = sqlite3_extended_errcode(connection->db);
        const char *hint = "";

        if ((code & 0xff) == SQLITE_CANTOPEN)
                hint = "; a database in WAL mode needs a directory that can be "
                       "written, too";
        reason_set(ret_reason, "%s: %s%s", connection->source->path,
                sqlite3_errmsg(connection->db), hint);
        ret_reason->code = is_query_error(code) ? -EBADMSG : -EIO;
}

/*
 * The file may be anybody's work: its schema calls nothing that has effects,
 * its cells are looked at before they are used, and it is not mapped, as it may
 * be truncated at any time.
 */
static int secure(sqlite3 *db)
{
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
        return sqlite3_exec(db,
                "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", NULL, NULL,
                NULL);
}

/* Returns 0, or -1: the database says why. */
static int prepare(struct sqlite_connection *connection, const char *text,
        bool is_kept, sqlite3_stmt **ret_statement)
{
        unsigned flags = is_kept ? SQLITE_PREPARE_PERSISTENT : 0;

        return sqlite3_prepare_v3(connection->db, text, -1, flags,
                       ret_statement, NULL) == SQLITE_OK
                       ? 0
                       : -1;
}

/* Ends a connection that has just failed, with the database's reason. */
static int give_up(
        struct sqlite_connection *connection, struct reason *ret_reason)
{
        set_reason(connection, ret_reason);
        close_db(connection);
        return ret_reason->code;
}

static int prepare_all(
        struct sqlite_connection *connection, struct reason *ret_reason)
{
        const char *text = connection->source->query.text;

        if (prepare(connection, "BEGIN", true, &connection->begin) < 0 ||
                prepare(connection, "COMMIT", true, &connection->commit) < 0)
                return give_up(connection, ret_reason);
        if (text == NULL)
                return 0;
        if (prepare(connection, text, true, &connection->statement) < 0)
                return give_up(connection, ret_reason);
        if (sqlite3_stmt_readonly(connection->statement))
                return 0;
        reason_set(ret_reason, "query: it would write to the database");
        ret_reason->code = -EROFS;
        close_db(connection);
        return -EROFS;
}

/*
 * Opens the file and prepares the query, with the busy timeout as long as there
 * is. Returns 0, or a negative errno with the reason.
 */
static int open_db(struct sqlite_connection *connection, uint64_t deadline,
        struct reason *ret_reason)
{
        const struct sqlite_source *source = connection->source;
        const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
        int r = file_state_get(source->path, &connection->state);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", source->path);
                return r;
        }
        if (sqlite3_open_v2(source->path, &connection->db, flags, NULL) !=
                SQLITE_OK)
                goto fail;
        sqlite3_extended_result_codes(connection->db, 1);
        wait_until(connection, deadline);
        sqlite3_progress_handler(
                connection->db, PROGRESS_STEPS, look_at_time, connection);
        if (secure(connection->db) != SQLITE_OK)
                goto fail;
        return prepare_all(connection, ret_reason);

fail:
        return give_up(connection, ret_reason);
}

struct sqlite_connection *sqlite_connection_new(
        const struct sqlite_source *source)
{
        struct sqlite_connection *connection = calloc(1, sizeof(*connection));

        if (connection != NULL)
                connection->source = source;
        return connection;
}

void sqlite_connection_free(struct sqlite_connection *connection)
{
        if (connection == NULL)
                return;
        close_db(connection);
        free(connection);
}

int sqlite_connect(
        struct sqlite_connection *connection, struct reason *ret_reason)
{
        return open_db(connection, UINT64_MAX, ret_reason);
}

/*
 * Whether it is another file, or was written to: SQLite sees what SQLite has
 * written, but of a file that was copied over this one it may take what it has
 * in its cache, if both were changed as often. A file that is missing for a
 * moment is no reason to forget what it said.
 */
static bool is_other(const struct sqlite_connection *connection)
{
        struct file_state now;

        return file_state_get(connection->source->path, &now) == 0 &&
               !file_state_is_same(&connection->state, &now);
}

/* Runs a statement of few steps, without rows. Returns 0 or -1. */
static int run(struct sqlite_connection *connection, sqlite3_stmt *statement)
{
        uint64_t deadline = connection->deadline;
        int r;

        connection->deadline = UINT64_MAX;
        r = sqlite3_step(statement);
        sqlite3_reset(statement);
        connection->deadline = deadline;
        return r == SQLITE_DONE ? 0 : -1;
}

/*
 * Begins a transaction, unless one is under way, in which locks and caches are
 * good for many lookups. Returns 0; or -1, and the lookup has failed.
 */
static int renew(struct sqlite_connection *connection, struct lookup *lookup)
{
        struct reason reason;

        if (connection->db != NULL)
                wait_until(connection, lookup->deadline);
        if (connection->is_in_transaction)
                return 0;
        if (connection->db != NULL && is_other(connection))
                close_db(connection);
        if (connection->db == NULL &&
                open_db(connection, lookup->deadline, &reason) < 0) {
                lookup_failed(lookup, "%s", reason.text);
                return -1;
        }
        connection->is_in_transaction = run(connection, connection->begin) == 0;
        return 0; /* without one it is slower */
}

void sqlite_rest(struct sqlite_connection *connection)
{
        if (!connection->is_in_transaction)
                return;
        connection->is_in_transaction = false;
        if (run(connection, connection->commit) < 0)
                close_db(connection);
}

/* The lookup fails; who looks next begins with a new connection. */
static void fail(struct sqlite_connection *connection, struct lookup *lookup)
{
        struct reason reason;
        int code = sqlite3_errcode(connection->db);
        bool is_late = code == SQLITE_INTERRUPT;

        set_reason(connection, &reason);
        lookup_failed(lookup, "%s%s", reason.text,
                is_late ? ": the query takes too long" : "");
}

/* Returns 0; or -1, and the lookup has failed. */
static int bind(struct sqlite_connection *connection, struct lookup *lookup)
{
        const struct sql_query *query = &connection->source->query;

        for (size_t i = 0; i < query->parameter_count; i++) {
                struct span text;

                if (template_expand_key(&query->parameters[i], lookup->key,
                            NULL, NULL, lookup->arena, &text) <= 0) {
                        lookup_failed(lookup, "out of memory for the query");
                        return -1;
                }
                lookup_trace(lookup, "parameter %zu: '%s'", i + 1, text.data);
                if (sqlite3_bind_text64(connection->statement, (int)i + 1,
                            text.data, text.size, SQLITE_STATIC,
                            SQLITE_UTF8) != SQLITE_OK) {
                        fail(connection, lookup);
                        return -1;
                }
        }
        return 0;
}

/* Makes the text for this key, and prepares it. Returns as bind does. */
static int prepare_text(struct sqlite_connection *connection,
        struct lookup *lookup, sqlite3_stmt **ret_statement)
{
        struct reason reason;
        struct span text;
        int r = sql_escape(&connection->source->query, lookup->key,
                sql_double_quotes, NULL, lookup->arena, &text, &reason);

        if (r <= 0) {
                lookup_failed(lookup, "%s",
                        r < 0 ? reason.text : "no query for this key");
                return -1;
        }
        lookup_trace(lookup, "query: %s", text.data);
        if (prepare(connection, text.data, false, ret_statement) == 0)
                return 0;
        fail(connection, lookup);
        return -1;
}

/* Takes the first column of all rows. */
static void read_rows(struct sqlite_connection *connection,
        sqlite3_stmt *statement, struct lookup *lookup)
{
        struct db_rows rows;
        int r;

        db_rows_init(&rows, connection->source->common, lookup);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                const void *text = sqlite3_column_text(statement, 0);
                int size = sqlite3_column_bytes(statement, 0);

                if (text == NULL &&
                        sqlite3_errcode(connection->db) == SQLITE_NOMEM)
                        break;
                if (db_rows_add(&rows, (struct span){text, (size_t)size}) < 0)
                        return;
        }
        if (r == SQLITE_DONE)
                db_rows_answer(&rows);
        else
                fail(connection, lookup);
}

void sqlite_ask(struct sqlite_connection *connection, struct lookup *lookup)
{
        sqlite3_stmt *statement = NULL;

        if (renew(connection, lookup) < 0)
                return;
        if (connection->statement != NULL) {
                if (bind(connection, lookup) == 0)
                        read_rows(connection, connection->statement, lookup);
                sqlite3_reset(connection->statement);
                sqlite3_clear_bindings(connection->statement);
        } else if (prepare_text(connection, lookup, &statement) == 0) {
                read_rows(connection, statement, lookup);
        }
        sqlite3_finalize(statement);
        if (lookup->answer == ANSWER_FAILED)
                close_db(connection);
}
