/* SPDX-License-Identifier: MIT */
/* The results of a query of MySQL, of which only one may have rows. */
#ifndef TABLES_MYSQL_ROWS_H
#define TABLES_MYSQL_ROWS_H

#include "tables/support/db_common.h"
#include <mysql.h>

/* What has been read. */
struct mysql_rows {
        struct db_rows values;
        struct lookup *lookup;
        bool has_result;
        unsigned skipped; /* rows, once the lookup has failed */
};

void mysql_rows_init(struct mysql_rows *rows, const struct db_common *common,
        struct lookup *lookup);

/* Begins a result set. Returns false for a second one: the lookup has failed.
 */
bool mysql_rows_begin(struct mysql_rows *rows);

/* Adds a column; NULL counts as none. */
void mysql_rows_add(struct mysql_rows *rows, struct span value);

/*
 * Says, behind a row, whether to read another one. If not, it is late, or the
 * lookup has failed, and there are many more.
 */
bool mysql_rows_goes_on(struct mysql_rows *rows, uint64_t deadline);

/* Gives the lookup its answer, unless it has failed. */
void mysql_rows_answer(struct mysql_rows *rows, bool requires_result);

/* Where the columns of a row of a prepared statement go. */
struct mysql_cells {
        MYSQL_BIND *binds;
        unsigned count;
};

/*
 * Makes room for the columns of the statement that was just executed, in the
 * arena. Returns 0; -ENOTSUP when one of them would look otherwise in a result
 * of a text; or another negative errno.
 */
int mysql_cells_bind(
        struct mysql_cells *cells, MYSQL_STMT *statement, struct arena *arena);

/* Adds the columns of the row that was fetched. */
void mysql_cells_add(struct mysql_cells *cells, MYSQL_STMT *statement,
        struct mysql_rows *rows);

#endif
