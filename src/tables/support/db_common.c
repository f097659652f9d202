/* SPDX-License-Identifier: MIT */
#include "tables/support/db_common.h"
#include "tables/support/domain_list.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_FIRST ((size_t)256) /* bytes of a result, to begin with */

struct db_common {
        struct arena arena;
        struct template query;
        struct template result;
        struct template_needs needs; /* of both */
        struct domain_list *domains; /* NULL: all */
        uint64_t limit;
};

static const char *name_of(const char *name, const char *usual)
{
        return name != NULL ? name : usual;
}

static int parse(struct db_common *common, const char *name, const char *text,
        enum template_use use, struct template *ret_template,
        struct reason *ret_reason)
{
        struct reason why;
        int r = template_parse(
                span_of(text), use, &common->arena, ret_template, &why);

        if (r < 0) {
                reason_set(ret_reason, "%s: %s", name, why.text);
                ret_reason->code = r;
                return r;
        }
        template_needs_add(&common->needs, &ret_template->needs);
        return 0;
}

static int open_domains(const struct table_env *env, struct db_common *common,
        const char *text, struct reason *ret_reason)
{
        struct reason why;

        if (text == NULL || *text == '\0')
                return 0;
        common->domains = domain_list_open(env, text, &why);
        if (common->domains != NULL)
                return 0;
        reason_set(ret_reason, "domain: %s", why.text);
        ret_reason->code = why.code;
        return why.code;
}

struct db_common *db_common_open(const struct table_env *env,
        const struct db_common_options *options, struct reason *ret_reason)
{
        struct db_common *common = calloc(1, sizeof(*common));
        const char *query = options->query, *format = options->result_format;

        if (common == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "query");
                return NULL;
        }
        arena_init(&common->arena, NULL, 0, SIZE_MAX);
        common->limit = options->expansion_limit;
        if (parse(common, name_of(options->query_name, "query"),
                    query != NULL ? query : "%s", TEMPLATE_QUERY,
                    &common->query, ret_reason) < 0)
                goto fail;
        if (parse(common, name_of(options->result_name, "result_format"),
                    format != NULL ? format : "%s", TEMPLATE_RESULT,
                    &common->result, ret_reason) < 0)
                goto fail;
        if (open_domains(env, common, options->domain, ret_reason) < 0)
                goto fail;
        return common;

fail:
        db_common_close(common);
        return NULL;
}

void db_common_close(struct db_common *common)
{
        if (common == NULL)
                return;
        domain_list_close(common->domains);
        arena_fini(&common->arena);
        free(common);
}

const struct table_file *db_common_files(
        const struct db_common *common, size_t *ret_count)
{
        *ret_count = 0;
        if (common->domains == NULL)
                return NULL;
        return domain_list_files(common->domains, ret_count);
}

const struct template *db_common_template(const struct db_common *common)
{
        return &common->query;
}

/* Keys without a domain, and those that are nothing but one, are in none. */
static int is_in_domain(
        const struct db_common *common, struct lookup *lookup, struct span key)
{
        const char *at = key.size > 0 ? memrchr(key.data, '@', key.size) : NULL;
        size_t before;
        int r;

        if (at == NULL || at == key.data) {
                lookup_trace(lookup, "domain: no address: not asked");
                return 0;
        }
        before = (size_t)(at - key.data) + 1;
        r = domain_list_match(common->domains, lookup,
                (struct span){at + 1, key.size - before});
        if (r == 0)
                lookup_trace(lookup, "domain: not one of these: not asked");
        return r;
}

int db_common_allows(
        const struct db_common *common, struct lookup *lookup, struct span key)
{
        if (common->domains != NULL) {
                int r = is_in_domain(common, lookup, key);

                if (r <= 0)
                        return r;
        }
        if (template_needs_met(&common->needs, key))
                return 1;
        lookup_trace(lookup, "the key lacks what query or result_format need "
                             "of it: not asked");
        return 0;
}

int db_common_query(
        const struct db_common *common, struct lookup *lookup, struct span *key)
{
        struct span query;
        int r = db_common_allows(common, lookup, *key);

        if (r <= 0)
                return r;
        r = template_expand_key(
                &common->query, *key, NULL, NULL, lookup->arena, &query);
        if (r < 0)
                lookup_failed(lookup, "query: %s", strerror(-r));
        else
                *key = query;
        return r;
}

int db_common_result(const struct db_common *common, struct lookup *lookup,
        struct span key, struct span value)
{
        struct span result = value;
        int r = 1;

        /* Nothing is made of nothing: it is for the asker to tell. */
        if (value.size > 0)
                r = template_expand_result(
                        &common->result, value, key, lookup->arena, &result);
        if (r < 0)
                return r;
        if (r > 0)
                lookup_found(lookup, result);
        else
                lookup_absent(lookup);
        return 0;
}

void db_rows_init(struct db_rows *rows, const struct db_common *common,
        struct lookup *lookup)
{
        *rows = (struct db_rows){.common = common, .lookup = lookup};
}

/* Makes room for `size` more bytes. Returns 0 or -ENOMEM. */
static int make_room(struct db_rows *rows, size_t size)
{
        size_t capacity = rows->capacity > 0 ? rows->capacity : ROWS_FIRST;
        char *text;

        if (size <= rows->capacity - rows->size)
                return 0;
        if (size > SIZE_MAX / 4 - rows->size)
                return -ENOMEM;
        while (capacity - rows->size < size)
                capacity *= 2;
        text = arena_bytes(rows->lookup->arena, capacity);
        if (text == NULL)
                return -ENOMEM;
        if (rows->size > 0)
                memcpy(text, rows->text, rows->size);
        rows->text = text;
        rows->capacity = capacity;
        return 0;
}

static int append(struct db_rows *rows, struct span result)
{
        int r = make_room(rows, result.size + 1);

        if (r < 0)
                return r;
        if (rows->size > 0)
                rows->text[rows->size++] = ',';
        memcpy(rows->text + rows->size, result.data, result.size);
        rows->size += result.size;
        return 0;
}

int db_rows_add(struct db_rows *rows, struct span value)
{
        struct lookup *lookup = rows->lookup;
        uint64_t limit = rows->common->limit;
        struct span result;
        int r = template_expand_result(&rows->common->result, value,
                lookup->key, lookup->arena, &result);

        if (r == 0) {
                lookup_trace(lookup, "a row is skipped: it is empty, or not "
                                     "what result_format needs");
                return 0;
        }
        if (r > 0 && limit > 0 && ++rows->count > limit) {
                lookup_failed(lookup,
                        "more than %" PRIu64 " values: expansion_limit", limit);
                return -E2BIG;
        }
        if (r > 0)
                r = append(rows, result);
        if (r < 0)
                lookup_failed(lookup, "out of memory for the values");
        return r;
}

enum progress db_rows_answer(struct db_rows *rows)
{
        if (rows->size == 0)
                return lookup_absent(rows->lookup);
        return lookup_found(
                rows->lookup, (struct span){rows->text, rows->size});
}
