/* SPDX-License-Identifier: MIT */
/*
 * The tables of a map with the rules around them, as one table: for each key of
 * the search order every table in turn, the first value wins, an error ends it.
 */
#ifndef MAPS_SEARCH_H
#define MAPS_SEARCH_H

#include "maps/options.h"

/*
 * Opens the tables that options->table lists. One table without any rules is
 * returned as it is. env: with the fold, threads and maps of this map. Returns
 * NULL with the reason, as table_open does.
 */
struct table *search_open(const struct table_env *env,
        const struct map_options *options, struct reason *ret_reason);

#endif
