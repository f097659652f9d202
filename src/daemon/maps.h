/* SPDX-License-Identifier: MIT */
/* The maps of one configuration, and what the server sees of them. */
#ifndef DAEMON_MAPS_H
#define DAEMON_MAPS_H

#include "base/report.h"
#include <stddef.h>

struct config;
struct config_list;
struct config_map;
struct events;
struct map;
struct socketmap_maps;
struct upkeep;

struct maps_entry {
        struct map *map; /* a reference */
        const struct config_map *options;
};

struct maps {
        struct maps_entry *entries; /* as in the file */
        size_t count;
};

/*
 * Opens the maps of a configuration, which has to outlive them; takes over
 * those of `former` (may be NULL) that would be the same, and what they have
 * from a table that cannot be opened now. Borrows the events as long as they
 * live. What is wrong is reported. May block;
 * any thread. Returns NULL, with the reason's code, when a table is wrong by
 * itself or there is no memory.
 */
struct maps *maps_open(const struct config *config, const struct maps *former,
        struct events *events, struct report *report, int *ret_code);

/* NULL does nothing. */
void maps_close(struct maps *maps);

/*
 * Goes on counting where the former maps of the same names are. On the server's
 * thread, just after the swap.
 */
void maps_inherit_counts(const struct maps *maps, const struct maps *former);

/* Has these maps kept up to date, and no other. Returns 0 or -ENOMEM. */
int maps_keep(const struct maps *maps, struct upkeep *upkeep);

/*
 * Makes a set for a server or a listener, which the caller frees: of the named
 * maps only, or (NULL) of all. Returns NULL when there is no memory.
 */
struct socketmap_maps *maps_select(
        const struct maps *maps, const struct config_list *names);

#endif
