/* SPDX-License-Identifier: MIT */
#include "daemon/maps.h"

#include "config/config.h"
#include "config/map_options.h"
#include "daemon/log.h"
#include "daemon/upkeep.h"
#include "maps/directory.h"
#include "maps/map.h"

#include <errno.h>
#include <socketmap/server.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct config_map *options)
{
        return strcmp(options->name, "*") == 0 ? NULL : options->name;
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

/* What it takes to open the maps of a configuration. */
struct opener {
        struct table_env env;
        const struct maps *former; /* may be NULL */
        struct directory *directory;
};

/*
 * Takes over a map that would be the same, or opens one. Returns NULL after
 * reporting what is wrong with it.
 */
static struct map *get_map(const struct opener *opener,
        const struct config_map *config, struct reason *ret_reason)
{
        const struct map_options options = map_options_of(config);
        struct map *map = find_map(opener->former, config->name);

        if (map != NULL && map_is_same(map, &options, opener->directory))
                return map_ref(map);
        map = map_reopen(
                &opener->env, &options, opener->directory, map, ret_reason);
        if (map == NULL)
                report_at(opener->env.report, SEVERITY_ERROR,
                        &config->table_place, "table: %s", ret_reason->text);
        return map;
}

static int add_entry(const struct opener *opener,
        const struct config_map *config, struct maps *maps)
{
        struct reason reason = {.code = -EINVAL};
        struct map *map = get_map(opener, config, &reason);

        if (map == NULL)
                return reason.code;
        maps->entries[maps->count++] = (struct maps_entry){map, config};
        return 0;
}

/* Opens all of them, even when some are wrong: each is told. */
static int add_entries(const struct opener *opener, const struct config *config,
        struct maps *maps)
{
        int code = 0;

        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next) {
                int r = add_entry(opener, map, maps);

                if (code == 0)
                        code = r;
        }
        return code;
}

static void log_change(const char *map, const char *server, const char *reason)
{
        if (reason != NULL)
                log_say(CONFIG_AREA_TABLE, CONFIG_LOG_WARNING, "map %s: %s: %s",
                        map, server, reason);
        else
                log_say(CONFIG_AREA_TABLE, CONFIG_LOG_INFO,
                        "map %s: %s works again", map, server);
}

static void log_text(const char *map, const char *text)
{
        log_say(CONFIG_AREA_TABLE, CONFIG_LOG_WARNING, "map %s: %s", map, text);
}

static const struct table_watcher watcher = {
        .changed = log_change,
        .said = log_text,
};

struct maps *maps_open(const struct config *config, const struct maps *former,
        struct events *events, struct report *report, int *ret_code)
{
        struct opener opener = {
                .env = {.report = report,
                        .events = events,
                        .watcher = &watcher},
                .former = former,
                .directory = map_directory_of(config),
        };
        struct maps *maps = calloc(1, sizeof(*maps));
        int code = -ENOMEM;

        if (maps != NULL)
                maps->entries = calloc(
                        config_count_maps(config), sizeof(*maps->entries));
        if (maps == NULL || maps->entries == NULL || opener.directory == NULL)
                report_at(report, SEVERITY_ERROR, NULL, "maps: %s",
                        strerror(ENOMEM));
        else
                code = add_entries(&opener, config, maps);
        directory_unref(opener.directory);
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
                struct map *before =
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
        return socketmap_maps_add(set, name_of(entry->options), map_lookup,
                map_ref(entry->map), unref_map, SOCKETMAP_INLINE);
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
