/* SPDX-License-Identifier: MIT */
#include "cli/doctor_tables.h"

#include "cli/doctor.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "base/braces.h"
#include "config/config.h"
#include "config/values.h"
#include "tables/table.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const any_types[] = {"static", "fail", NULL};
static const char *const pattern_types[] = {
        "regexp", "pcre", "cidr", "randmap", "tcp", "socketmap", NULL};

/* These are what the first of their members is. */
static const char *const composed_types[] = {"unionmap", "pipemap", NULL};

/* Types of Postfix whose source is a text file beside the table. */
static const char *const built_types[] = {
        "hash", "btree", "cdb", "lmdb", "dbm", "sdbm", NULL};

/* Returns what stands behind "TYPE:"; empty if there is no colon. */
static struct span split_type(struct span table, struct span *ret_type)
{
        const char *colon = memchr(table.data, ':', table.size);
        size_t size = colon != NULL ? (size_t)(colon - table.data) : 0;

        *ret_type = (struct span){table.data, size};
        if (colon == NULL)
                return (struct span){table.data + table.size, 0};
        return (struct span){colon + 1, table.size - size - 1};
}

static struct span without_proxy(struct span table)
{
        struct span type, rest = split_type(table, &type);

        return span_equal(type, SPAN_LITERAL("proxy")) ? rest : table;
}

static enum table_keys keys_of_list(
        const struct doctor *doctor, struct span list, unsigned depth);

static enum table_keys keys_of_map(
        const struct doctor *doctor, struct span name, unsigned depth)
{
        const struct config_map *map;

        for (map = doctor->config->maps; map != NULL; map = map->next)
                if (span_equal(name, span_of(map->name)))
                        break;
        /* What makes keys of its own is asked for whole ones. */
        if (map == NULL || map->search != ORDER_EXACT)
                return TABLE_KEYS_WHOLE;
        return keys_of_list(doctor, span_of(map->table), depth + 1);
}

static enum table_keys keys_of_first(
        const struct doctor *doctor, struct span members, unsigned depth)
{
        struct span inside, first;
        struct reason ignored;

        if (braces_strip(members, &inside, &ignored) < 0 ||
                !word_next(&inside, &first))
                return TABLE_KEYS_ALL;
        return keys_of_list(doctor, first, depth + 1);
}

static enum table_keys keys_of(
        const struct doctor *doctor, struct span table, unsigned depth)
{
        struct span type, argument;

        argument = split_type(without_proxy(table), &type);
        if (value_find_word(type, any_types) >= 0)
                return TABLE_KEYS_ANY;
        if (value_find_word(type, pattern_types) >= 0)
                return TABLE_KEYS_WHOLE;
        if (span_equal(type, SPAN_LITERAL("map")))
                return keys_of_map(doctor, argument, depth);
        if (value_find_word(type, composed_types) >= 0)
                return keys_of_first(doctor, argument, depth);
        return TABLE_KEYS_ALL;
}

static enum table_keys keys_of_list(
        const struct doctor *doctor, struct span list, unsigned depth)
{
        enum table_keys most = TABLE_KEYS_ANY, keys;
        struct span table;

        if (depth > TABLE_DEPTH_MAX)
                return TABLE_KEYS_ALL;
        while (word_next(&list, &table)) {
                keys = keys_of(doctor, table, depth);
                if (keys > most)
                        most = keys;
        }
        return most;
}

enum table_keys tables_keys(const struct doctor *doctor, const char *list)
{
        return keys_of_list(doctor, span_of(list), 0);
}

static bool is_served(
        struct doctor *doctor, const char *table, struct reason *ret_reason)
{
        struct value_input input = {
                .text = table, .directory = "/", .arena = &doctor->arena};
        const char *value;

        return value_table.parse(&input, &value, ret_reason) == 0;
}

static bool names_table(const char *list, struct span table)
{
        struct span rest = span_of(list), word;

        while (word_next(&rest, &word))
                if (span_equal(without_proxy(word), table))
                        return true;
        return false;
}

/* postalias(1) reads another kind of text than postmap(1). */
static bool is_alias_file(const struct doctor *doctor, struct span table)
{
        return names_table(
                       postconf_get(doctor->postconf, "alias_maps"), table) ||
               names_table(
                       postconf_get(doctor->postconf, "alias_database"), table);
}

/*
 * Returns the text file that it was built of, as a table; NULL if that is none
 * of ours. The reason is that the table is not served, or a better one.
 */
static const char *find_source(
        struct doctor *doctor, struct span table, struct reason *ret_reason)
{
        struct span type, file = split_type(table, &type);
        const char *source, *path;
        struct reason ignored;

        if (value_find_word(type, built_types) < 0)
                return NULL;
        path = text_copy(&doctor->arena, file);
        source = text_format(&doctor->arena, "texthash:%s", path);
        if (!is_served(doctor, source, &ignored))
                return NULL;
        if (is_alias_file(doctor, table))
                reason_set(ret_reason,
                        "%s: postalias(1) has made it of a text that is no "
                        "texthash:",
                        path);
        else if (access(path, F_OK) < 0)
                reason_set_errno(ret_reason, -errno, "%s", path);
        else
                return source;
        return NULL;
}

/* Of tls_server_sni_maps, postmap -F has stored the files that texts name. */
static bool holds_files(const struct use *use, const char *table)
{
        return use->parameter != NULL &&
               strcmp(use->parameter->name, "tls_server_sni_maps") == 0 &&
               (text_after(table, "texthash:") != NULL ||
                       text_after(table, "inline:") != NULL);
}

static const char *convert_ours(
        const struct config_map *map, struct reason *ret_reason)
{
        if (map->query == NULL && map->domain == NULL &&
                map->result_format == NULL && map->expansion_limit == 0)
                return map->table;
        reason_set(ret_reason,
                "map %s has a query, domain, result_format or expansion_limit "
                "of its own",
                map->name);
        return NULL;
}

const char *tables_convert(
        struct doctor *doctor, const struct use *use, struct reason *ret_reason)
{
        struct span plain = without_proxy(span_of(use->table));
        const char *table = text_copy(&doctor->arena, plain);

        if (use->ours != NULL)
                return convert_ours(use->ours, ret_reason);
        if (!is_served(doctor, table, ret_reason))
                table = find_source(doctor, plain, ret_reason);
        if (table == NULL || !holds_files(use, table))
                return table;
        reason_set(ret_reason, "%s: its values are the names of files",
                use->table);
        return NULL;
}

bool tables_are_secret(const struct config_map *map)
{
        return map->secret && value_table_shows_data(map->table);
}
