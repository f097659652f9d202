/* SPDX-License-Identifier: MIT */
/*
 * A file of LMDB, open for reading. LMDB forbids to open a file twice in a
 * process for the sake of its lock file; there is none here (MDB_NOLOCK), so
 * each table has an environment of its own.
 */
#ifndef TABLES_LMDB_FILE_H
#define TABLES_LMDB_FILE_H

#include "tables/support/indexed.h"
#include <lmdb.h>

/* Errors are LMDB's own, which are negative, and negative errnos. */
struct lmdb_file {
        struct indexed indexed;
        MDB_env *env;
        MDB_txn *txn; /* for reading; reset between lookups */
        MDB_dbi dbi;
        size_t entries;
};

/*
 * Opens NAME.lmdb for a table, from zeroed memory. Returns 0, or a negative
 * errno with the reason; lmdb_file_close is for either.
 */
int lmdb_file_open(struct lmdb_file *file, struct table *table,
        const struct table_env *env, const char *name,
        struct reason *ret_reason);

/* Also after reading was broken off: LMDB allocates nothing while it reads. */
void lmdb_file_close(struct lmdb_file *file);

/*
 * Begins to read the newest snapshot, of a file that may have grown. Inside of
 * mapped_read. Returns 0 or an error; mdb_txn_reset ends it.
 */
int lmdb_file_begin(struct lmdb_file *file);

/* What LMDB returns, as an error of ours, and that as a text. */
int lmdb_file_error(int returned);
const char *lmdb_file_text(int error);

#endif
