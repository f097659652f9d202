/* SPDX-License-Identifier: MIT */
#include "daemon/maps.h"

#include "config/config.h"
#include "maps/map.h"

#include <errno.h>
#include <socketmap/server.h>
#include <string.h>

static void free_map(void *ctx)
{
        map_unref(ctx);
}

/* Adds a map to the set, or reports what is wrong with it. */
static int add_map(struct socketmap_maps *maps, struct report *report,
        const struct config_map *config)
{
        struct table_env env = {.report = report};
        struct map_options options = {
                .name = config->name,
                .table = config->table,
                .auto_reload = config->auto_reload,
                .shrink_limit = (unsigned)config->shrink_limit,
                .canary = config->canary,
                .secret = config->secret,
        };
        struct reason reason;
        struct map *map = map_open(&env, &options, &reason);

        if (map == NULL) {
                report_at(report, SEVERITY_ERROR, &config->table_place,
                        "table: %s", reason.text);
                return reason.code;
        }
        return socketmap_maps_add(
                maps, config->name, map_lookup, map, free_map, map_flags(map));
}

struct socketmap_maps *maps_open(
        const struct config *config, struct report *report, int *ret_code)
{
        struct socketmap_maps *maps = socketmap_maps_new();
        size_t errors = report->errors;
        int r = maps == NULL ? -ENOMEM : 0;

        for (const struct config_map *map = config->maps; map != NULL && r == 0;
                map = map->next)
                r = add_map(maps, report, map);
        if (r == 0)
                return maps;
        if (report->errors == errors)
                report_at(
                        report, SEVERITY_ERROR, NULL, "maps: %s", strerror(-r));
        socketmap_maps_free(maps);
        *ret_code = r;
        return NULL;
}
