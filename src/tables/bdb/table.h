/* SPDX-License-Identifier: MIT */
/*
 * Tables of Berkeley DB, read into memory. Postfix rewrites such a file in
 * place, piece by piece: there is nothing to go on reading while it does, nor
 * afterwards, when the library's cache is of the former file.
 */
#ifndef TABLES_BDB_TABLE_H
#define TABLES_BDB_TABLE_H

#include "tables/table.h"

/* The members of a table type: FILE.db has to be of the kind its name says. */
struct table *bdb_open(const struct table_env *env,
        const struct table_type *type, const char *name,
        struct reason *ret_reason);
enum progress bdb_start(struct table *table, struct lookup *lookup);
void bdb_close(struct table *table);

#endif
