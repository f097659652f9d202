/* SPDX-License-Identifier: MIT */
/*
 * pgsql:FILE.cf - what a query gives that a server of PostgreSQL is asked, as
 * pgsql_table(5) says.
 */
#include "base/utf8.h"
#include "tables/pgsql/config.h"
#include "tables/pgsql/pool.h"
#include "tables/support/path.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_pgsql;

struct pgsql {
        struct table table;
        struct pgsql_config *config;
        struct pgsql_pool *pool;
};

static int check_pgsql(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("pgsql", argument, ret_reason);
}

static void close_pgsql(struct table *table)
{
        struct pgsql *pgsql = (struct pgsql *)table;

        pgsql_pool_close(pgsql->pool);
        pgsql_config_close(pgsql->config);
        free(pgsql);
}

static struct table *open_pgsql(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct pgsql *pgsql = NULL;
        struct pgsql_config *config;

        if (check_pgsql(argument, ret_reason) < 0)
                return NULL;
        config = pgsql_config_open(env, argument, ret_reason);
        if (config == NULL)
                return NULL;
        pgsql = calloc(1, sizeof(*pgsql));
        if (pgsql != NULL)
                pgsql->pool = pgsql_pool_new(env, config);
        if (pgsql == NULL || pgsql->pool == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", argument);
                pgsql_config_close(config);
                free(pgsql);
                return NULL;
        }
        pgsql->config = config;
        pgsql->table = (struct table){
                .type = &table_type_pgsql,
                .files = config->files,
                .file_count = config->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &pgsql->table;
}

/* Says why no text of PostgreSQL is this key, or NULL. */
static const char *obstacle_of(struct span key)
{
        /* A parameter would end there, and be another key. */
        if (memchr(key.data, '\0', key.size) != NULL)
                return "a NUL byte, which is in no text of PostgreSQL";
        if (!utf8_is_valid(key))
                return "no UTF-8, which Postfix doesn't ask for";
        return NULL;
}

static enum progress start(struct table *table, struct lookup *lookup)
{
        struct pgsql *pgsql = (struct pgsql *)table;
        const char *obstacle = obstacle_of(lookup->key);
        int r;

        if (obstacle != NULL) {
                lookup_trace(lookup, "%s: not asked", obstacle);
                return lookup_absent(lookup);
        }
        r = db_common_allows(pgsql->config->query.common, lookup, lookup->key);
        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        return pgsql_pool_start(pgsql->pool, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        pgsql_pool_cancel(((struct pgsql *)table)->pool, lookup);
}

const struct table_type table_type_pgsql = {
        .name = "pgsql",
        .summary = "what a query gives that PostgreSQL is asked",
        .argument = "FILE.cf",
        .manual =
                "The columns of all rows that a query of a PostgreSQL\n"
                "database gives, joined by commas.\n"
                "Columns without a value, or with an empty one, are skipped;\n"
                "a key is not found when there are no others.\n"
                ".Ar FILE.cf\n"
                "is that of\n"
                ".Xr pgsql_table 5 .\n"
                ".Pp\n"
                "A string in the query that has a part of the key, such as\n"
                ".Li '%u@%d' ,\n"
                "becomes one parameter of a statement.\n"
                "Where that cannot be done, the key is escaped by the\n"
                "server's rules, which is warned of; a key that could mean\n"
                "something there, as in names in double quotes and outside of\n"
                "quotes, is answered TEMP.\n"
                "A key with a NUL byte is in no text of PostgreSQL, and not\n"
                "found.\n"
                "Of several statements the last one counts.\n"
                ".Pp\n"
                "The\n"
                ".Cm hosts\n"
                "are tried in random order, those on unix sockets first and\n"
                "URIs last.\n"
                "A host that fails rests for\n"
                ".Cm retry_interval\n"
                "seconds, unless all of them have failed: then lookups are\n"
                "TEMP, and each host is tried once a second.\n"
                "The log tells when a host begins to fail, and when it works\n"
                "again.\n"
                ".Pp\n"
                "Lookups are asked over up to\n"
                ".Cm connections\n"
                "connections.\n"
                "Those that come while all of them are busy are asked\n"
                "together, in a transaction of their own if the query only\n"
                "reads: a SELECT that calls none but common functions.\n"
                "A pooler such as PgBouncer may stand in between, in any\n"
                "mode.\n"
                "At its deadline a query is cancelled.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = pgsql:/etc/postfix/aliases.cf\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map aliases]\n"
                "table = pgsql:/etc/postfix/aliases.cf\n"
                "search = virtual\n"
                ".Ed\n",
        .options = pgsql_config_options,
        .check = check_pgsql,
        .open = open_pgsql,
        .start = start,
        .cancel = cancel,
        .close = close_pgsql,
};
