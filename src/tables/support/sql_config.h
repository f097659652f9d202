/* SPDX-License-Identifier: MIT */
/* What the FILE.cf of every SQL database says, and what is made of it. */
#ifndef TABLES_SUPPORT_SQL_CONFIG_H
#define TABLES_SUPPORT_SQL_CONFIG_H

#include "base/cf.h"
#include "tables/support/db_common.h"
#include "tables/support/sql.h"
#include <stddef.h>

struct sql_config {
        const char *query, *result_format, *domain;
        uint64_t expansion_limit;
        /* What query is made of where there is none. */
        const char *select_field, *table, *where_field, *additional_conditions;
};

/*
 * The options for these, of a type that has its sql_config at the beginning of
 * all its values; and those that a query is made of.
 */
#define SQL_CONFIG_OPTIONS                                                    \
        SQL_CONFIG_TEXT("query", query, 1, NULL,                              \
                "the statement; %s and the like stand for the key"),          \
                SQL_CONFIG_TEXT("result_format", result_format, 1, "%s",      \
                        "what to make of each value"),                        \
                SQL_CONFIG_TEXT("domain", domain, 0, NULL,                    \
                        "only addresses in these domains are looked up"),     \
        {                                                                     \
                "expansion_limit", CF_NUMBER,                                 \
                        offsetof(struct sql_config, expansion_limit), 0,      \
                        INT32_MAX, "0",                                       \
                        "how many values a key may have; 0 is for any number" \
        }

#define SQL_CONFIG_PARTS                                             \
        SQL_CONFIG_TEXT("select_field", select_field, 1, NULL,       \
                "without a query: the column of the values"),        \
                SQL_CONFIG_TEXT("table", table, 1, NULL,             \
                        "without a query: the table"),               \
                SQL_CONFIG_TEXT("where_field", where_field, 1, NULL, \
                        "without a query: the column of the keys"),  \
                SQL_CONFIG_TEXT("additional_conditions",             \
                        additional_conditions, 0, "",                \
                        "without a query: what to append to it")

#define SQL_CONFIG_TEXT(name, member, least, fallback, summary)            \
        {                                                                  \
                name, CF_TEXT, offsetof(struct sql_config, member), least, \
                        SIZE_MAX, fallback, summary                        \
        }

/*
 * Makes the query of its parts, in the file's arena, where there is none.
 * Returns 0, or a negative errno with the reason.
 */
int sql_config_query(const struct cf *cf, struct sql_config *config,
        struct reason *ret_reason);

/*
 * Reads the query; a statement without parameters is warned of. What it keeps
 * is in the arena, and *ret_common. Returns 0, or a negative errno with the
 * reason; *ret_common may be set all the same.
 */
int sql_config_read(const struct table_env *env, const struct cf *cf,
        const struct sql_config *config, enum sql_dialect dialect,
        struct arena *arena, struct sql_query *ret_query,
        struct db_common **ret_common, struct reason *ret_reason);

/*
 * Lists the files of a table, in the arena: its own, and those of the list of
 * domains. Returns 0, or -ENOMEM with the reason.
 */
int sql_config_files(const char *file, const struct file_state *state,
        const struct db_common *common, struct arena *arena,
        const struct table_file **ret_files, size_t *ret_count,
        struct reason *ret_reason);

#endif
