/* SPDX-License-Identifier: MIT */
#include "daemon/maps.h"

#include "config/config.h"
#include "daemon/upkeep.h"
#include "maps/map.h"

#include <errno.h>
#include <socketmap/server.h>
#include <stdlib.h>
#include <string.h>

static size_t count_maps(const struct config *config)
{
        size_t count = 0;

        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next)
                count++;
        return count;
}

static const char *name_of(const struct config_map *options)
{
        return strcmp(options->name, "*") == 0 ? NULL : options->name;
}

static struct map_options options_of(const struct config_map *options)
{
        return (struct map_options){
                .name = options->name,
                .table = options->table,
                .auto_reload = options->auto_reload,
                .shrink_limit = (unsigned)options->shrink_limit,
                .canary = options->canary,
                .secret = options->secret,
        };
}

/* Returns the map of that name, borrowed, or NULL. */
static struct map *find_map(const struct maps *maps, const char *name)
{
        for (size_t i = 0; maps != NULL && i < maps->count; i++) {
                struct map *map = maps->entries[i].map;

                if (strcmp(map_get_options(map)->name, name) == 0)
                        return map;
        }
        return NULL;
}

/*
 * Takes over a map that would be the same, or opens one. Returns NULL after
 * reporting what is wrong with it.
 */
static struct map *get_map(const struct config_map *config,
        const struct maps *former, struct report *report,
        struct reason *ret_reason)
{
        const struct map_options options = options_of(config);
        struct table_env env = {.report = report};
        struct map *map = find_map(former, config->name);

        if (map != NULL && map_is_same(map, &options))
                return map_ref(map);
        map = map_reopen(&env, &options, map, ret_reason);
        if (map == NULL)
                report_at(report, SEVERITY_ERROR, &config->table_place,
                        "table: %s", ret_reason->text);
        return map;
}

static int add_entry(struct maps *maps, const struct config_map *config,
        const struct maps *former, struct report *report)
{
        struct reason reason = {.code = -EINVAL};
        struct map *map = get_map(config, former, report, &reason);

        if (map == NULL)
                return reason.code;
        maps->entries[maps->count++] = (struct maps_entry){map, config};
        return 0;
}

struct maps *maps_open(const struct config *config, const struct maps *former,
        struct report *report, int *ret_code)
{
        struct maps *maps = calloc(1, sizeof(*maps));
        const struct config_map *map;
        int code = 0, r;

        if (maps != NULL)
                maps->entries =
                        calloc(count_maps(config), sizeof(*maps->entries));
        if (maps == NULL || maps->entries == NULL) {
                report_at(report, SEVERITY_ERROR, NULL, "maps: %s",
                        strerror(ENOMEM));
                maps_close(maps);
                *ret_code = -ENOMEM;
                return NULL;
        }
        for (map = config->maps; map != NULL; map = map->next) {
                r = add_entry(maps, map, former, report);
                if (code == 0)
                        code = r;
        }
        if (code == 0)
                return maps;
        maps_close(maps);
        *ret_code = code;
        return NULL;
}

void maps_inherit_counts(const struct maps *maps, const struct maps *former)
{
        for (size_t i = 0; i < maps->count; i++) {
                struct map *map = maps->entries[i].map;
                const struct map *before =
                        find_map(former, map_get_options(map)->name);

                if (before != NULL && before != map)
                        map_inherit_counts(map, before);
        }
}

int maps_keep(const struct maps *maps, struct upkeep *upkeep)
{
        struct map **all = calloc(maps->count, sizeof(struct map *));
        int r;

        if (all == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < maps->count; i++)
                all[i] = maps->entries[i].map;
        r = upkeep_set(upkeep, all, maps->count);
        free(all);
        return r;
}

void maps_close(struct maps *maps)
{
        if (maps == NULL)
                return;
        for (size_t i = 0; i < maps->count; i++)
                map_unref(maps->entries[i].map);
        free(maps->entries);
        free(maps);
}

static void unref_map(void *ctx)
{
        map_unref(ctx);
}

static int add_map(struct socketmap_maps *set, const struct maps_entry *entry)
{
        const char *name = name_of(entry->options);
        int r = socketmap_maps_add(set, name, map_lookup, map_ref(entry->map),
                unref_map, map_flags(entry->map));

        if (r == 0)
                r = socketmap_maps_set_option(set, name, SOCKETMAP_MAP_WORKERS,
                        entry->options->workers);
        if (r == 0)
                r = socketmap_maps_set_option(
                        set, name, SOCKETMAP_MAP_QUEUE, entry->options->queue);
        return r;
}

static int is_named(
        const struct config_list *names, const struct config_map *options)
{
        for (size_t i = 0; i < names->count; i++)
                if (strcmp(names->items[i], options->name) == 0)
                        return 1;
        return 0;
}

struct socketmap_maps *maps_select(
        const struct maps *maps, const struct config_list *names)
{
        struct socketmap_maps *set = socketmap_maps_new();
        int r = set == NULL ? -ENOMEM : 0;

        for (size_t i = 0; i < maps->count && r == 0; i++)
                if (names == NULL || is_named(names, maps->entries[i].options))
                        r = add_map(set, &maps->entries[i]);
        if (r == 0)
                return set;
        socketmap_maps_free(set);
        return NULL;
}
