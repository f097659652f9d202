/* SPDX-License-Identifier: MIT */
#include "tables/support/sqlite_config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
        const char *dbpath;
        const char *query, *result_format, *domain;
        uint64_t expansion_limit;
        /* What query is made of where there is none. */
        const char *select_field, *table, *where_field, *additional_conditions;
};

#define TEXT(member) .type = CF_TEXT, .offset = offsetof(struct options, member)
#define SIZE(from) .least = (from), .most = SIZE_MAX

const struct cf_option sqlite_config_options[] = {
        {"dbpath", TEXT(dbpath), SIZE(1), .summary = "the database's file"},
        {"query", TEXT(query), SIZE(1),
                .summary = "the statement; %s and the like stand for the key"},
        {"result_format", TEXT(result_format), SIZE(1), .fallback = "%s",
                .summary = "what to make of each value"},
        {"domain", TEXT(domain), SIZE(0),
                .summary = "only addresses in these domains are looked up"},
        {"expansion_limit", CF_NUMBER,
                offsetof(struct options, expansion_limit), 0, INT32_MAX, "0",
                "how many values a key may have; 0 is for any number"},
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
        if (values->select_field == NULL || values->table == NULL ||
                values->where_field == NULL)
                return refuse(file, -EBADMSG, "query is missing", ret_reason);
        size = asprintf(&text, "SELECT %s FROM %s WHERE %s='%%s' %s",
                values->select_field, values->table, values->where_field,
                values->additional_conditions);
        if (size < 0)
                return refuse_memory(file, ret_reason);
        values->query = arena_copy(arena, (struct span){text, (size_t)size});
        free(text);
        return values->query != NULL ? 0 : refuse_memory(file, ret_reason);
}

static int read_options(const struct table_env *env, const char *file,
        struct arena *arena, struct options *ret_values,
        struct reason *ret_reason)
{
        int r = cf_read(file, sqlite_config_options, arena, env->report,
                ret_values, ret_reason);

        if (r < 0)
                return r;
        if (ret_values->dbpath == NULL)
                return refuse(file, -EBADMSG, "dbpath is missing", ret_reason);
        if (ret_values->dbpath[0] != '/')
                return refuse(file, -EBADMSG,
                        "dbpath: write the absolute path of the database",
                        ret_reason);
        return make_query(file, ret_values, arena, ret_reason);
}

static void warn(const struct table_env *env, const char *file,
        const struct sql_query *query)
{
        struct place place = {.file = file};

        if (query->obstacle != NULL)
                report_at(env->report, SEVERITY_WARNING, &place,
                        "query: %s: its text is made anew for each key",
                        query->obstacle);
        if (query->is_several)
                report_at(env->report, SEVERITY_WARNING, &place,
                        "query: only the first of the statements counts");
}

static int read_query(const struct table_env *env, const char *file,
        const struct options *values, struct sqlite_config *config,
        struct reason *ret_reason)
{
        const struct db_common_options common = {
                .query = values->query,
                .result_format = values->result_format,
                .domain = values->domain,
                .expansion_limit = values->expansion_limit,
        };
        struct sqlite_source *source = &config->source;
        struct reason why;
        int r;

        source->path = values->dbpath;
        source->common = db_common_open(env, &common, &why);
        if (source->common == NULL)
                return refuse(file, why.code, why.text, ret_reason);
        r = sql_parse(span_of(values->query), SQL_SQLITE, &config->arena,
                &source->query, &why);
        if (r < 0)
                return refuse(file, r, why.text, ret_reason);
        warn(env, file, &source->query);
        return 0;
}

/*
 * The file with the options, and those of the list of domains. The database
 * is not among them: it changes all the time, and tells so itself.
 */
static int note_files(const char *file, const struct file_state *state,
        struct sqlite_config *config, struct reason *ret_reason)
{
        size_t count;
        const struct table_file *more =
                db_common_files(config->source.common, &count);
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

struct sqlite_config *sqlite_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct sqlite_config *config = calloc(1, sizeof(*config));
        struct options values;
        struct file_state state;
        int r;

        if (config == NULL) {
                refuse_memory(file, ret_reason);
                return NULL;
        }
        arena_init(&config->arena, NULL, 0, SIZE_MAX);
        r = file_state_get(file, &state);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        if (r == 0)
                r = read_options(
                        env, file, &config->arena, &values, ret_reason);
        if (r == 0)
                r = read_query(env, file, &values, config, ret_reason);
        if (r == 0)
                r = note_files(file, &state, config, ret_reason);
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
