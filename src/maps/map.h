/* SPDX-License-Identifier: MIT */
/*
 * A map: a table and the rules around it, as a lookup function of the library.
 */
#ifndef MAPS_MAP_H
#define MAPS_MAP_H

#include "tables/table.h"
#include <socketmap/request.h>

struct map;

/*
 * Opens a map on one table, written as `postconf -hx` prints it. A list of
 * several tables is refused, and with it an unbraced text with blanks or
 * commas, which Postfix takes for a list.
 *
 * A table that cannot be opened now takes no other map down: the map answers
 * TEMP with the reason, and env->report is warned. name: for that warning.
 * Returns NULL with the reason when the specification is wrong, or when there
 * is no memory.
 */
struct map *map_open(const struct table_env *env, const char *name,
        const char *table_spec, struct reason *ret_reason);

/* NULL does nothing. No lookup may be under way. */
void map_close(struct map *map);

/* How to register it: SOCKETMAP_INLINE or 0. */
unsigned map_flags(const struct map *map);

/* The lookup function; ctx is the struct map. */
void map_lookup(struct socketmap_request *request, void *ctx);

#endif
