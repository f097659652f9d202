/* SPDX-License-Identifier: MIT */
#include "daemon/maps.h"

#include "config/config.h"
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

/* Opens a map, or reports what is wrong with it. */
static int open_map(struct maps *maps, const struct config_map *options,
        struct report *report)
{
        const struct map_options map_options = {
                .name = options->name,
                .table = options->table,
                .auto_reload = options->auto_reload,
                .shrink_limit = (unsigned)options->shrink_limit,
                .canary = options->canary,
                .secret = options->secret,
        };
        struct table_env env = {.report = report};
        struct reason reason;
        struct map *map = map_open(&env, &map_options, &reason);

        if (map == NULL) {
                report_at(report, SEVERITY_ERROR, &options->table_place,
                        "table: %s", reason.text);
                return reason.code;
        }
        maps->entries[maps->count++] = (struct maps_entry){map, options};
        return 0;
}

struct maps *maps_open(const struct config *config, const struct maps *former,
        struct report *report, int *ret_code)
{
        struct maps *maps = calloc(1, sizeof(*maps));
        const struct config_map *map;
        int code = 0, r;

        (void)former;
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
                r = open_map(maps, map, report);
                if (code == 0)
                        code = r;
        }
        if (code == 0)
                return maps;
        maps_close(maps);
        *ret_code = code;
        return NULL;
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
