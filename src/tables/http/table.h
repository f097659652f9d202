/* SPDX-License-Identifier: MIT */
/* Tables that ask an HTTP server. */
#ifndef TABLES_HTTP_TABLE_H
#define TABLES_HTTP_TABLE_H

#include "tables/http/config.h"

/*
 * The members of a table type. must_be_tls: the URL in the file has to be one
 * of https. No server is asked before the first lookup.
 */
struct table *http_open(const struct table_env *env,
        const struct table_type *type, const char *file, bool must_be_tls,
        struct reason *ret_reason);
enum progress http_start(struct table *table, struct lookup *lookup);
void http_cancel(struct table *table, struct lookup *lookup);
void http_close(struct table *table);

#endif
