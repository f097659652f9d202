/* SPDX-License-Identifier: MIT */
/* What the FILE.cf of a pgsql table says, checked and taken to pieces. */
#ifndef TABLES_PGSQL_CONFIG_H
#define TABLES_PGSQL_CONFIG_H

#include "base/cf.h"
#include "tables/pgsql/login.h"
#include "tables/pgsql/query.h"

struct pgsql_config {
        struct pgsql_login *login; /* a reference */
        struct pgsql_query query;
        size_t connections;
        uint64_t idle_interval; /* milliseconds */
        const struct table_file *files;
        size_t file_count;
        struct arena arena;
};

extern const struct cf_option pgsql_config_options[];

/*
 * Reads a file. No server is asked. Returns NULL with the reason: -EBADMSG for
 * what is wrong in the file.
 */
struct pgsql_config *pgsql_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason);

/* NULL does nothing. */
void pgsql_config_close(struct pgsql_config *config);

#endif
