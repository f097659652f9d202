/* SPDX-License-Identifier: MIT */
#include "tables/support/pgsql_config.h"
#include "tables/support/sql_read.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
        const char *hosts, *user, *password, *dbname, *encoding;
        const char *query, *result_format, *domain;
        uint64_t expansion_limit;
        uint64_t connections, idle_interval, retry_interval;
        /* What query is made of where there is none. */
        const char *select_function;
        const char *select_field, *table, *where_field, *additional_conditions;
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
        {"query", TEXT(query), SIZE(1),
                .summary = "the statement; %s and the like stand for the key"},
        {"result_format", TEXT(result_format), SIZE(1), .fallback = "%s",
                .summary = "what to make of each value"},
        {"domain", TEXT(domain), SIZE(0),
                .summary = "only addresses in these domains are looked up"},
        {"expansion_limit", NUMBER(expansion_limit), 0, INT32_MAX, "0",
                "how many values a key may have; 0 is for any number"},
        {"connections", NUMBER(connections), 1, 100, "4",
                "how many connections there may be"},
        {"idle_interval", NUMBER(idle_interval), 1, DAY, "60",
                "seconds after which an unused connection is closed"},
        {"retry_interval", NUMBER(retry_interval), 1, DAY, "60",
                "seconds for which a host that fails is left alone, if there "
                "are others"},
        {"select_function", TEXT(select_function), SIZE(1),
                .summary = "without a query: a function of the key"},
        {"select_field", TEXT(select_field), SIZE(1),
                .summary = "without a query: the column of the values"},
        {"table", TEXT(table), SIZE(1),
                .summary = "without a query: the table"},
        {"where_field", TEXT(where_field), SIZE(1),
                .summary = "without a query: the column of the keys"},
        {"additional_conditions", TEXT(additional_conditions), SIZE(0),
                .fallback = "",
                .summary = "without a query: what to append to it"},
        {.name = NULL},
};

/* What is wrong in the file is not wrong in the table's argument. */
static int refuse(
        const char *file, int code, const char *text, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: %s", file, text);
        ret_reason->code = code == -EINVAL ? -EBADMSG : code;
        return ret_reason->code;
}

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

        if (values->query != NULL)
                return 0;
        if (values->select_function != NULL)
                size = asprintf(
                        &text, "SELECT %s('%%s')", values->select_function);
        else if (values->select_field == NULL || values->table == NULL ||
                 values->where_field == NULL)
                return refuse(file, -EBADMSG, "query is missing", ret_reason);
        else
                size = asprintf(&text, "SELECT %s FROM %s WHERE %s = '%%s' %s",
                        values->select_field, values->table,
                        values->where_field, values->additional_conditions);
        if (size < 0)
                return refuse_memory(file, ret_reason);
        values->query = arena_copy(arena, (struct span){text, (size_t)size});
        free(text);
        return values->query != NULL ? 0 : refuse_memory(file, ret_reason);
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
                return refuse(file, r, why.text, ret_reason);
        for (size_t i = 0; i < login->hosts.count; i++) {
                needs_database |= login->hosts.list[i].kind != HOST_URI;
                r = pgsql_login_check(&login->hosts.list[i], &why);
                if (r < 0)
                        return refuse(file, r, why.text, ret_reason);
        }
        if (needs_database && values->dbname == NULL)
                return refuse(file, -EBADMSG, "dbname is missing", ret_reason);
        return 0;
}

/* The values live as long as the login. */
static int read_login(const struct table_env *env, const char *file,
        struct options *values, struct pgsql_login *login,
        struct reason *ret_reason)
{
        int r = cf_read(file, pgsql_config_options, &login->arena, env->report,
                values, ret_reason);

        if (r < 0)
                return r;
        login->user = values->user;
        login->password = values->password;
        login->dbname = values->dbname;
        login->encoding = values->encoding;
        r = read_hosts(file, values, login, ret_reason);
        if (r < 0)
                return r;
        login->hosts.map = arena_copy(
                &login->arena, span_of(env->map != NULL ? env->map : "pgsql"));
        if (login->hosts.map == NULL)
                return refuse_memory(file, ret_reason);
        return make_query(file, values, &login->arena, ret_reason);
}

static int read_query(const struct table_env *env, const char *file,
        const struct options *values, struct pgsql_config *config,
        struct reason *ret_reason)
{
        const struct db_common_options common = {
                .query = values->query,
                .result_format = values->result_format,
                .domain = values->domain,
                .expansion_limit = values->expansion_limit,
        };
        struct place place = {.file = file};
        struct pgsql_query *query = &config->query;
        struct reason why;
        int r;

        query->common = db_common_open(env, &common, &why);
        if (query->common == NULL)
                return refuse(file, why.code, why.text, ret_reason);
        r = sql_parse(span_of(values->query), SQL_POSTGRESQL, &config->arena,
                &query->sql, &why);
        if (r < 0)
                return refuse(file, r, why.text, ret_reason);
        query->is_read = sql_is_read(&query->sql);
        if (query->sql.obstacle != NULL)
                report_at(env->report, SEVERITY_WARNING, &place,
                        "query: %s: its text is made anew for each key",
                        query->sql.obstacle);
        return 0;
}

/* The file with the options, and those of the list of domains. */
static int note_files(const char *file, const struct file_state *state,
        struct pgsql_config *config, struct reason *ret_reason)
{
        size_t count;
        const struct table_file *more =
                db_common_files(config->query.common, &count);
        struct table_file *files =
                arena_alloc(&config->arena, (count + 1) * sizeof(*files));

        if (files == NULL)
                return refuse_memory(file, ret_reason);
        files[0].state = *state;
        files[0].name = arena_copy(&config->arena, span_of(file));
        if (files[0].name == NULL)
                return refuse_memory(file, ret_reason);
        if (count > 0)
                memcpy(files + 1, more, count * sizeof(*files));
        config->files = files;
        config->file_count = count + 1;
        return 0;
}

/* Reads all that the file says. The server is not asked before the first
 * lookup. */
static int read_all(const struct table_env *env, const char *file,
        struct pgsql_config *config, struct options *values,
        struct reason *ret_reason)
{
        struct file_state state;
        int r = file_state_get(file, &state);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", file);
                return r;
        }
        r = read_login(env, file, values, config->login, ret_reason);
        if (r == 0)
                r = read_query(env, file, values, config, ret_reason);
        if (r == 0)
                r = note_files(file, &state, config, ret_reason);
        return r;
}

struct pgsql_config *pgsql_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct pgsql_config *config = calloc(1, sizeof(*config));
        struct options values;

        refuse_memory(file, ret_reason);
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
