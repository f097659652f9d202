/* SPDX-License-Identifier: MIT */
/* What the FILE.cf of a table of SQLite says, checked and parsed. */
#ifndef TABLES_SQLITE_CONFIG_H
#define TABLES_SQLITE_CONFIG_H

#include "base/cf.h"
#include "tables/sqlite/connection.h"

extern const struct cf_option sqlite_config_options[];

/* Constant once it is open: for any thread. */
struct sqlite_config {
        struct sqlite_source source;
        const struct table_file *files;
        size_t file_count;
        struct arena arena;
};

/*
 * Reads a file; the database is left alone. Returns NULL with the reason:
 * -EBADMSG for what is wrong in the file.
 */
struct sqlite_config *sqlite_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason);

/* NULL does nothing. */
void sqlite_config_close(struct sqlite_config *config);

#endif
