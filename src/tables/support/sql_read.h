/* SPDX-License-Identifier: MIT */
#ifndef TABLES_SUPPORT_SQL_READ_H
#define TABLES_SUPPORT_SQL_READ_H

#include "tables/support/sql.h"

/*
 * Whether a query of PostgreSQL does nothing but read: it is a SELECT or VALUES
 * that takes no locks and calls only functions known here, none of which has
 * effects. Says no where it can't be sure.
 */
bool sql_is_read(const struct sql_query *query);

#endif
