/* SPDX-License-Identifier: MIT */
#include "config/map_options.h"

#include "config/config.h"
#include "maps/directory.h"

#include <stdlib.h>

struct map_options map_options_of(const struct config_map *map)
{
        return (struct map_options){
                .name = map->name,
                .table = map->table,
                .auto_reload = map->auto_reload,
                .shrink_limit = (unsigned)map->shrink_limit,
                .canary = map->canary,
                .secret = map->secret,
                .threads = (unsigned)map->workers,
                .queue = (unsigned)map->queue,
                .search = map->search,
                .recipient_delimiter = map->recipient_delimiter,
                .owner_request_special = map->owner_request_special,
                .propagate_unmatched_extensions =
                        map->propagate_unmatched_extensions,
                .parents = (enum order_parents)map->parents,
                .mydomains = map->mydomains,
                .fold = (enum fold)map->fold,
                .query = map->query,
                .domain = map->domain,
                .result_format = map->result_format,
                .expansion_limit = map->expansion_limit,
                .empty_value = map->empty_value != 0,
        };
}

struct directory *map_directory_of(const struct config *config)
{
        struct map_options *all =
                calloc(config_count_maps(config), sizeof(*all));
        struct directory *directory;
        size_t count = 0;

        if (all == NULL)
                return NULL;
        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next)
                all[count++] = map_options_of(map);
        directory = directory_new(all, count);
        free(all);
        return directory;
}
