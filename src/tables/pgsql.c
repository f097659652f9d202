/* SPDX-License-Identifier: MIT */
/*
 * pgsql:FILE.cf - what a query gives that a server of PostgreSQL is asked, as
 * pgsql_table(5) says.
 */
#include "tables/support/path.h"
#include "tables/support/pgsql_pool.h"
#include "tables/support/sql_config.h"
#include "tables/support/sql_read.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct table_type table_type_pgsql;

struct options {
        struct sql_config sql; /* first */
        const char *hosts, *user, *password, *dbname, *encoding;
        uint64_t connections, idle_interval, retry_interval;
        const char *select_function; /* a query of old */
};

#define TEXT(member) .type = CF_TEXT, .offset = offsetof(struct options, member)
#define SIZE(from) .least = (from), .most = SIZE_MAX
#define NUMBER(member) CF_NUMBER, offsetof(struct options, member)
#define DAY 86400

static const struct cf_option options[] = {
        {"hosts", TEXT(hosts), SIZE(1), .fallback = "inet:localhost",
                .summary = "the servers, any of which will do"},
        {"user", TEXT(user), SIZE(0), .summary = "who logs in"},
        {"password", CF_SECRET, offsetof(struct options, password), SIZE(0),
                .summary = "the password of the user"},
        {"dbname", TEXT(dbname), SIZE(1), .summary = "the database's name"},
        {"encoding", TEXT(encoding), SIZE(1), .fallback = "UTF8",
                .summary = "the encoding of keys and values"},
        SQL_CONFIG_OPTIONS,
        {"connections", NUMBER(connections), 1, 100, "4",
                "how many connections there may be"},
        {"idle_interval", NUMBER(idle_interval), 1, DAY, "60",
                "seconds after which an unused connection is closed"},
        {"retry_interval", NUMBER(retry_interval), 1, DAY, "60",
                "seconds for which a host that fails is left alone, if there "
                "are others"},
        {"select_function", TEXT(select_function), SIZE(1),
                .summary = "without a query: a function of the key"},
        SQL_CONFIG_PARTS,
        {.name = NULL},
};

struct pgsql {
        struct table table;
        struct pgsql_query query;
        struct table_file *files;
        size_t file_count;
        struct pool *pool;
        struct arena arena;
};

static int refuse_memory(const char *file, struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "%s", file);
        return -ENOMEM;
}

/* Makes a query of the options of old. Returns 0 or a negative errno. */
static int make_query(const char *file, struct options *values,
        struct arena *arena, struct reason *ret_reason)
{
        char *text;
        int size;

        if (values->sql.query != NULL || values->select_function == NULL)
                return sql_config_query(file, &values->sql, arena, ret_reason);
        size = asprintf(&text, "SELECT %s('%%s')", values->select_function);
        if (size < 0)
                return refuse_memory(file, ret_reason);
        values->sql.query =
                arena_copy(arena, (struct span){text, (size_t)size});
        free(text);
        return values->sql.query != NULL ? 0 : refuse_memory(file, ret_reason);
}

static int read_hosts(const char *file, const struct options *values,
        struct pgsql_login *login, struct reason *ret_reason)
{
        struct reason why;
        bool needs_database = false;
        int r = hosts_parse(span_of(values->hosts),
                values->retry_interval * 1000, &login->arena, &login->hosts,
                &why);

        if (r < 0)
                return sql_config_refuse(file, r, why.text, ret_reason);
        for (size_t i = 0; i < login->hosts.count; i++) {
                needs_database |= login->hosts.list[i].kind != HOST_URI;
                r = pgsql_login_check(&login->hosts.list[i], &why);
                if (r < 0)
                        return sql_config_refuse(file, r, why.text, ret_reason);
        }
        if (needs_database && values->dbname == NULL)
                return sql_config_refuse(
                        file, -EBADMSG, "dbname is missing", ret_reason);
        return 0;
}

/* The values live as long as the login. */
static int read_login(const struct table_env *env, const char *file,
        struct options *values, struct pgsql_login *login,
        struct reason *ret_reason)
{
        int r = cf_read(
                file, options, &login->arena, env->report, values, ret_reason);

        if (r < 0)
                return r;
        login->user = values->user;
        login->password = values->password;
        login->dbname = values->dbname;
        login->encoding = values->encoding;
        r = read_hosts(file, values, login, ret_reason);
        if (r < 0)
                return r;
        return make_query(file, values, &login->arena, ret_reason);
}

static int read_query(const struct table_env *env, const char *file,
        const struct options *values, struct pgsql *pgsql,
        struct reason *ret_reason)
{
        struct pgsql_query *query = &pgsql->query;
        int r = sql_config_read(env, file, &values->sql, SQL_POSTGRESQL,
                &pgsql->arena, &query->sql, &query->common, ret_reason);

        if (r == 0)
                query->is_read = sql_is_read(&query->sql);
        return r;
}

static int check_pgsql(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("pgsql", argument, ret_reason);
}

static void close_pgsql(struct table *table)
{
        struct pgsql *pgsql = (struct pgsql *)table;

        pool_close(pgsql->pool);
        db_common_close(pgsql->query.common);
        arena_fini(&pgsql->arena);
        free(pgsql);
}

/* Reads all that the file says. The server is not asked before the first
 * lookup. */
static int read_all(const struct table_env *env, const char *file,
        struct pgsql *pgsql, struct pgsql_login *login, struct options *values,
        struct reason *ret_reason)
{
        struct file_state state;
        int r = file_state_get(file, &state);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", file);
                return r;
        }
        r = read_login(env, file, values, login, ret_reason);
        if (r == 0)
                r = read_query(env, file, values, pgsql, ret_reason);
        if (r == 0)
                r = sql_config_files(file, &state, pgsql->query.common,
                        &pgsql->arena, &pgsql->files, &pgsql->file_count,
                        ret_reason);
        return r;
}

static struct pgsql *make_pgsql(void)
{
        struct pgsql *pgsql = calloc(1, sizeof(*pgsql));

        if (pgsql != NULL)
                arena_init(&pgsql->arena, NULL, 0, SIZE_MAX);
        return pgsql;
}

static struct table *open_pgsql(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct pgsql *pgsql = NULL;
        struct pgsql_login *login = NULL;
        struct options values;

        if (check_pgsql(argument, ret_reason) < 0)
                return NULL;
        refuse_memory(argument, ret_reason);
        pgsql = make_pgsql();
        login = pgsql_login_new();
        if (pgsql == NULL || login == NULL)
                goto fail;
        if (read_all(env, argument, pgsql, login, &values, ret_reason) < 0)
                goto fail;
        pgsql->pool = pool_new(env, login, &pgsql->query, values.connections,
                values.idle_interval * 1000);
        if (pgsql->pool == NULL) {
                refuse_memory(argument, ret_reason);
                goto fail;
        }
        pgsql->table = (struct table){
                .type = &table_type_pgsql,
                .files = pgsql->files,
                .file_count = pgsql->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &pgsql->table;

fail:
        pgsql_login_unref(login);
        if (pgsql != NULL)
                close_pgsql(&pgsql->table);
        return NULL;
}

static enum progress start(struct table *table, struct lookup *lookup)
{
        struct pgsql *pgsql = (struct pgsql *)table;
        int r = db_common_allows(pgsql->query.common, lookup, lookup->key);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        /* A parameter would end there, and be another key. */
        if (memchr(lookup->key.data, '\0', lookup->key.size) != NULL) {
                lookup_trace(lookup, "a NUL byte, which is in no text of "
                                     "PostgreSQL: not asked");
                return lookup_absent(lookup);
        }
        return pool_start(pgsql->pool, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        pool_cancel(((struct pgsql *)table)->pool, lookup);
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
        .options = options,
        .check = check_pgsql,
        .open = open_pgsql,
        .start = start,
        .cancel = cancel,
        .close = close_pgsql,
};
