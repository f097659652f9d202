/* SPDX-License-Identifier: MIT */
#include "tables/sqlite/config.h"
#include "tables/support/sql_config.h"
#include <errno.h>
#include <stdlib.h>

struct options {
        struct sql_config sql; /* first */
        const char *dbpath;
};

const struct cf_option sqlite_config_options[] = {
        {"dbpath", CF_TEXT, offsetof(struct options, dbpath), 1, SIZE_MAX,
                .summary = "the database's file"},
        SQL_CONFIG_OPTIONS,
        SQL_CONFIG_PARTS,
        {.name = NULL},
};

static int read_options(
        struct cf *cf, struct options *ret_values, struct reason *ret_reason)
{
        int r = cf_load(cf, ret_values, ret_reason);

        if (r < 0)
                return r;
        if (ret_values->dbpath == NULL)
                return cf_refuse(cf, -EBADMSG, "dbpath is missing", ret_reason);
        if (ret_values->dbpath[0] != '/')
                return cf_refuse(cf, -EBADMSG,
                        "dbpath: write the absolute path of the database",
                        ret_reason);
        return sql_config_query(cf, &ret_values->sql, ret_reason);
}

static int read_query(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct sqlite_config *config,
        struct reason *ret_reason)
{
        struct sqlite_source *source = &config->source;
        int r = sql_config_read(env, cf, &values->sql, SQL_SQLITE,
                &config->arena, &source->query, &source->common, ret_reason);

        source->path = values->dbpath;
        if (r == 0 && source->query.is_several)
                cf_warn(cf, "query: only the first of the statements counts");
        return r;
}

struct sqlite_config *sqlite_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct sqlite_config *config = calloc(1, sizeof(*config));
        struct cf cf = {.file = file,
                .options = sqlite_config_options,
                .report = env->report,
                .is_of_postfix = true};
        struct options values;
        struct file_state state;
        int r;

        if (config == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        arena_init(&config->arena, NULL, 0, SIZE_MAX);
        cf.arena = &config->arena;
        r = file_state_get(file, &state);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        if (r == 0)
                r = read_options(&cf, &values, ret_reason);
        if (r == 0)
                r = read_query(env, &cf, &values, config, ret_reason);
        /* The database changes all the time, and tells so itself. */
        if (r == 0)
                r = sql_config_files(file, &state, config->source.common,
                        &config->arena, &config->files, &config->file_count,
                        ret_reason);
        if (r == 0)
                return config;
        sqlite_config_close(config);
        return NULL;
}

void sqlite_config_close(struct sqlite_config *config)
{
        if (config == NULL)
                return;
        db_common_close(config->source.common);
        arena_fini(&config->arena);
        free(config);
}
