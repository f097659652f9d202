/* SPDX-License-Identifier: MIT */
#include "tables/support/sql_config.h"
#include "tables/support/cf_files.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int sql_config_query(const struct cf *cf, struct sql_config *config,
        struct reason *ret_reason)
{
        char *text;
        int size;

        if (config->query != NULL)
                return 0;
        if (config->select_field == NULL || config->table == NULL ||
                config->where_field == NULL)
                return cf_refuse(cf, -EBADMSG, "query is missing", ret_reason);
        size = asprintf(&text, "SELECT %s FROM %s WHERE %s = '%%s' %s",
                config->select_field, config->table, config->where_field,
                config->additional_conditions);
        if (size < 0)
                return cf_refuse_memory(cf->file, ret_reason);
        config->query =
                arena_copy(cf->arena, (struct span){text, (size_t)size});
        free(text);
        return config->query != NULL ? 0
                                     : cf_refuse_memory(cf->file, ret_reason);
}

int sql_config_read(const struct table_env *env, const struct cf *cf,
        const struct sql_config *config, enum sql_dialect dialect,
        struct arena *arena, struct sql_query *ret_query,
        struct db_common **ret_common, struct reason *ret_reason)
{
        const struct db_common_options options = {
                .query = config->query,
                .result_format = config->result_format,
                .domain = config->domain,
                .expansion_limit = config->expansion_limit,
        };
        struct reason why;
        int r;

        *ret_common = db_common_open(env, &options, &why);
        if (*ret_common == NULL)
                return cf_refuse(cf, why.code, why.text, ret_reason);
        r = sql_parse(span_of(config->query), dialect, arena, ret_query, &why);
        if (r < 0)
                return cf_refuse(cf, r, why.text, ret_reason);
        if (ret_query->obstacle != NULL) {
                reason_set(&why,
                        "query: %s: its text is made anew for each key",
                        ret_query->obstacle);
                cf_warn(cf, why.text);
        }
        return 0;
}

int sql_config_files(const char *file, const struct file_state *state,
        const struct db_common *common, struct arena *arena,
        const struct table_file **ret_files, size_t *ret_count,
        struct reason *ret_reason)
{
        size_t count;
        const struct table_file *more = db_common_files(common, &count);

        return cf_files_note(file, state, more, count, arena, ret_files,
                       ret_count) == 0
                       ? 0
                       : cf_refuse_memory(file, ret_reason);
}
