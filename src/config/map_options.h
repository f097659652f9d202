/* SPDX-License-Identifier: MIT */
/* From the configuration of a map to what the map is told. */
#ifndef CONFIG_MAP_OPTIONS_H
#define CONFIG_MAP_OPTIONS_H

#include "config/types.h"
#include "maps/options.h"

/* The texts stay the configuration's. */
struct map_options map_options_of(const struct config_map *map);

/*
 * Returns the directory of all maps, with one reference, or NULL when there is
 * no memory.
 */
struct directory *map_directory_of(const struct config *config);

#endif
