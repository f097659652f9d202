/* SPDX-License-Identifier: MIT */
/*
 * What all tables that are asked by a query have in common: which keys they are
 * asked for, and what becomes of the rows that come back. It is Postfix's
 * db_common, for its network tables and for the options of a map.
 */
#ifndef TABLES_SUPPORT_DB_COMMON_H
#define TABLES_SUPPORT_DB_COMMON_H

#include "tables/support/template.h"
#include "tables/table.h"

struct db_common;

/* The options, by the names that they have in Postfix. */
struct db_common_options {
        const char *query;         /* NULL: the key itself */
        const char *result_format; /* NULL: "%s" */
        /* What a file calls these two; NULL: as here. */
        const char *query_name, *result_name;
        /*
         * Domains, "/file" and "type:table", separated by commas or blanks,
         * "!" for not these: only addresses there are asked for. NULL or
         * empty: all keys are.
         */
        const char *domain;
        uint64_t expansion_limit; /* most values in a result; 0: no limit */
};

/*
 * Reads the options; borrows nothing of them. Opens the tables in the list of
 * domains, which has to be done where a table may be opened. Returns NULL with
 * the reason, that names the option: its code is -EINVAL when that is wrong by
 * itself, otherwise something in the list of domains could not be read now.
 */
struct db_common *db_common_open(const struct table_env *env,
        const struct db_common_options *options, struct reason *ret_reason);

/* NULL does nothing. */
void db_common_close(struct db_common *common);

/*
 * The files that the list of domains was read from, for table->files; they live
 * as long as `common`.
 */
const struct table_file *db_common_files(
        const struct db_common *common, size_t *ret_count);

/* What the query is, parsed. */
const struct template *db_common_template(const struct db_common *common);

/*
 * Says whether there is a query for a key: by its domain, and by what the query
 * and the result_format need of it. Returns 1; 0: the key is not found; or a
 * negative errno, and the lookup has failed with the reason. Asks tables: for
 * the thread that asks the table, never for workers. key: that of the lookup,
 * or another.
 */
int db_common_allows(
        const struct db_common *common, struct lookup *lookup, struct span key);

/*
 * The same, and *key becomes the query, nothing in it quoted: bytes of the
 * lookup's arena.
 */
int db_common_query(const struct db_common *common, struct lookup *lookup,
        struct span *key);

/*
 * Gives a lookup its answer, from the one value that was found by a key. An
 * empty value stays one. Returns 0, the answer set; or -ENOMEM.
 */
int db_common_result(const struct db_common *common, struct lookup *lookup,
        struct span key, struct span value);

/* The rows of one result, joined by commas as they come. For any thread. */
struct db_rows {
        const struct db_common *common;
        struct lookup *lookup;
        char *text; /* in the lookup's arena */
        size_t size, capacity;
        uint64_t count;
};

/* Begins a result; the rows were found by the lookup's key. */
void db_rows_init(struct db_rows *rows, const struct db_common *common,
        struct lookup *lookup);

/*
 * Adds a value, copied; one that is empty or lacks what the result_format needs
 * is skipped, as is NULL (data is NULL). Returns 0; or a negative errno, and
 * the lookup has failed: -E2BIG when these are more than expansion_limit,
 * -ENOMEM.
 */
int db_rows_add(struct db_rows *rows, struct span value);

/* Gives the lookup its answer: absent when there are no rows. */
enum progress db_rows_answer(struct db_rows *rows);

#endif
