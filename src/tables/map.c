/* SPDX-License-Identifier: MIT */
/*
 * map:NAME - another map of the configuration, with its search order and its
 * rules. Whoever opens the table knows the maps.
 */
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_map;

struct map_table {
        struct table table;
        struct table *other;
};

static int check_map(const char *argument, struct reason *ret_reason)
{
        if (strpbrk(argument, " \t\r\n,{}[]") == NULL)
                return 0;
        reason_set(ret_reason, "map: expected the name of a map, not \"%s\"",
                argument);
        return -EINVAL;
}

/* The other map folds its keys itself: this one stands before it. */
static void stand_for(struct map_table *map)
{
        map->table = *map->other;
        map->table.type = &table_type_map;
        map->table.folds = false;
}

static struct table *open_map(const struct table_env *env, const char *argument,
        struct reason *ret_reason)
{
        struct map_table *map;

        if (check_map(argument, ret_reason) < 0)
                return NULL;
        if (env->open_map == NULL) {
                reason_set(
                        ret_reason, "map:%s: there are no maps here", argument);
                return NULL;
        }
        map = malloc(sizeof(*map));
        if (map == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "map:%s", argument);
                return NULL;
        }
        map->other = env->open_map(env, argument, ret_reason);
        if (map->other == NULL) {
                free(map);
                return NULL;
        }
        stand_for(map);
        return &map->table;
}

static enum progress start_map(struct table *table, struct lookup *lookup)
{
        return table_start(((struct map_table *)table)->other, lookup);
}

static void cancel_map(struct table *table, struct lookup *lookup)
{
        table_cancel(((struct map_table *)table)->other, lookup);
}

static void close_map(struct table *table)
{
        struct map_table *map = (struct map_table *)table;

        table_close(map->other);
        free(map);
}

static const char manual[] =
        "Another map of the same configuration, with its search order and all\n"
        "its other rules: to make maps of maps.\n"
        "A map cannot be made of itself.\n"
        ".Pp\n"
        "Postfix has no such type.\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = unionmap:{texthash:/etc/postfix/virtual,\n"
        "    static:archive@example.org}\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map people]\n"
        "table = texthash:/etc/postfix/virtual\n"
        "search = virtual\n"
        "\n"
        "[map archived]\n"
        "table = unionmap:{map:people, static:archive@example.org}\n"
        ".Ed\n";

const struct table_type table_type_map = {
        .name = "map",
        .summary = "another map of this configuration",
        .argument = "NAME",
        .leaves_keys = true,
        .manual = manual,
        .check = check_map,
        .open = open_map,
        .start = start_map,
        .cancel = cancel_map,
        .close = close_map,
};
