/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/config.h"
#include "tables/support/sql_config.h"
#include "tables/support/sql_read.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

const struct cf_option pgsql_config_options[] = {
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

/* Makes a query of the options of old. Returns 0 or a negative errno. */
static int make_query(
        const struct cf *cf, struct options *values, struct reason *ret_reason)
{
        char *text;
        int size;

        if (values->sql.query != NULL || values->select_function == NULL)
                return sql_config_query(cf, &values->sql, ret_reason);
        size = asprintf(&text, "SELECT %s('%%s')", values->select_function);
        if (size < 0)
                return cf_refuse_memory(cf->file, ret_reason);
        values->sql.query =
                arena_copy(cf->arena, (struct span){text, (size_t)size});
        free(text);
        return values->sql.query != NULL
                       ? 0
                       : cf_refuse_memory(cf->file, ret_reason);
}

static int read_hosts(const struct cf *cf, const struct options *values,
        struct pgsql_login *login, struct reason *ret_reason)
{
        struct reason why;
        bool needs_database = false;
        int r = hosts_parse(span_of(values->hosts),
                values->retry_interval * 1000, &login->arena, &login->hosts,
                &why);

        if (r < 0)
                return cf_refuse(cf, r, why.text, ret_reason);
        for (size_t i = 0; i < login->hosts.count; i++) {
                needs_database |= login->hosts.list[i].kind != HOST_URI;
                r = pgsql_login_check(&login->hosts.list[i], &why);
                if (r < 0)
                        return cf_refuse(cf, r, why.text, ret_reason);
        }
        if (needs_database && values->dbname == NULL)
                return cf_refuse(cf, -EBADMSG, "dbname is missing", ret_reason);
        return 0;
}

/* The values live as long as the login. */
static int read_login(const struct table_env *env, struct cf *cf,
        struct options *values, struct pgsql_login *login,
        struct reason *ret_reason)
{
        int r;

        cf->arena = &login->arena;
        r = cf_load(cf, values, ret_reason);

        if (r < 0)
                return r;
        login->user = values->user;
        login->password = values->password;
        login->dbname = values->dbname;
        login->encoding = values->encoding;
        r = read_hosts(cf, values, login, ret_reason);
        if (r < 0)
                return r;
        if (hosts_belong(&login->hosts, env, "pgsql", &login->arena) < 0)
                return cf_refuse_memory(cf->file, ret_reason);
        return make_query(cf, values, ret_reason);
}

static int read_query(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct pgsql_config *config,
        struct reason *ret_reason)
{
        struct pgsql_query *query = &config->query;
        int r = sql_config_read(env, cf, &values->sql, SQL_POSTGRESQL,
                &config->arena, &query->sql, &query->common, ret_reason);

        if (r == 0)
                query->is_read = sql_is_read(&query->sql);
        return r;
}

/* Reads all that the file says. The server is not asked before the first
 * lookup. */
static int read_all(const struct table_env *env, const char *file,
        struct pgsql_config *config, struct options *values,
        struct reason *ret_reason)
{
        struct cf cf = {.file = file,
                .options = pgsql_config_options,
                .report = env->report,
                .is_of_postfix = true};
        struct file_state state;
        int r = file_state_get(file, &state);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", file);
                return r;
        }
        r = read_login(env, &cf, values, config->login, ret_reason);
        if (r == 0)
                r = read_query(env, &cf, values, config, ret_reason);
        if (r == 0)
                r = sql_config_files(file, &state, config->query.common,
                        &config->arena, &config->files, &config->file_count,
                        ret_reason);
        return r;
}

struct pgsql_config *pgsql_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct pgsql_config *config = calloc(1, sizeof(*config));
        struct options values;

        cf_refuse_memory(file, ret_reason);
        if (config == NULL)
                return NULL;
        arena_init(&config->arena, NULL, 0, SIZE_MAX);
        config->login = pgsql_login_new();
        if (config->login == NULL ||
                read_all(env, file, config, &values, ret_reason) < 0) {
                pgsql_config_close(config);
                return NULL;
        }
        config->connections = values.connections;
        config->idle_interval = values.idle_interval * 1000;
        return config;
}

void pgsql_config_close(struct pgsql_config *config)
{
        if (config == NULL)
                return;
        pgsql_login_unref(config->login);
        db_common_close(config->query.common);
        arena_fini(&config->arena);
        free(config);
}
