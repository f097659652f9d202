/* SPDX-License-Identifier: MIT */
/*
 * Statements of SQL with %s in them, made into statements with parameters:
 * no part of a key is ever read as SQL. What stands in one string literal
 * becomes one parameter.
 *
 * That cannot be done for all. What has a %s in a name, in code, or in a
 * literal that is more than a string, has to be made a text each time, with the
 * key's parts escaped; where that is not safe for a key, it is refused.
 */
#ifndef TABLES_SUPPORT_SQL_H
#define TABLES_SUPPORT_SQL_H

#include "tables/support/sql_token.h"
#include "tables/support/template.h"

/* Constant once it is parsed: for any thread. */
struct sql_query {
        /*
         * The statement with parameters, "?" or in PostgreSQL "$1"; NUL behind
         * it. NULL when it cannot be done.
         */
        const char *text;
        struct template *parameters; /* their values, one after another */
        size_t parameter_count;
        const char *obstacle; /* why text is NULL, for a person; or NULL */
        bool is_several;      /* statements follow behind the first ';' */

        /* What sql_escape makes the text of. */
        struct sql_chunk {
                struct sql_token token;
                struct template template; /* what it says */
        } * chunks;
        size_t chunk_count;
        struct template_needs needs;
};

/*
 * Reads a query. With several statements only the first one counts in SQLite;
 * it is an obstacle in the others. Returns 0; -EINVAL with the reason when it
 * is no template; -ENOMEM with the reason.
 */
int sql_parse(struct span query, enum sql_dialect dialect, struct arena *arena,
        struct sql_query *ret_query, struct reason *ret_reason);

/*
 * Makes a text of a query that has no parameters. escape: the connection's own
 * function, for a part that goes into a string. Returns 1; 0 when the key does
 * not meet what the query needs; -EINVAL with the reason when a part of the key
 * has a byte that could mean something where it would stand; or what escape
 * returned, or -ENOMEM, with the reason. The text has a NUL behind it.
 */
int sql_escape(const struct sql_query *query, struct span key,
        template_quote *escape, void *ctx, struct arena *arena,
        struct span *ret_text, struct reason *ret_reason);

/*
 * Doubles each ' of a part: what Postfix does for SQLite, and what a standard
 * string needs.
 */
int sql_double_quotes(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted);

#endif
