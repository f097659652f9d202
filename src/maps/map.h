/* SPDX-License-Identifier: MIT */
/*
 * A map: a table and the rules around it, as a lookup function of the library.
 *
 * It answers from its content. Opening content may take long and happens on any
 * thread; adopting it happens on the server's thread, between two lookups.
 */
#ifndef MAPS_MAP_H
#define MAPS_MAP_H

#include "maps/content.h"
#include "maps/tally.h"
#include <socketmap/request.h>

struct map;

/*
 * Opens a map and its content, with one reference. Copies the options, and has
 * a reference to the directory, which may be NULL. env: its report, events and
 * watcher count; the latter two are borrowed as long as the map lives. May
 * block; any thread.
 *
 * A table that cannot be opened now, or where the canary is not found, takes
 * no other map down: the map answers TEMP with the reason, and env->report is
 * warned. Returns NULL with the reason when the specification is
 * wrong, or when there is no memory.
 */
struct map *map_open(const struct table_env *env,
        const struct map_options *options, struct directory *directory,
        struct reason *ret_reason);

/*
 * Likewise, in the place of `former` (may be NULL): if the table cannot be
 * opened, and former has something of the same table, it goes on with that.
 * Waits some seconds for files that somebody may still be writing.
 */
struct map *map_reopen(const struct table_env *env,
        const struct map_options *options, struct directory *directory,
        struct map *former, struct reason *ret_reason);

/* Any thread. The last map_unref closes the map; NULL does nothing. */
struct map *map_ref(struct map *map);
void map_unref(struct map *map);

/*
 * The lookup function, for SOCKETMAP_INLINE: it never blocks; ctx is the struct
 * map.
 */
void map_lookup(struct socketmap_request *request, void *ctx);

/*
 * Ends the lookups that are under way, as the end of the events does: the
 * server answers TEMP. The server's thread only.
 */
void map_cancel(struct map *map);

/* The map's own copy of its options, constant. */
const struct map_options *map_get_options(const struct map *map);

/*
 * Says whether another map of these options, opened now, would answer the same:
 * effective options, the maps it is made of and files are unchanged. Looks at
 * the files; any thread. A map that answers TEMP is the same as none.
 */
bool map_is_same(struct map *map, const struct map_options *options,
        const struct directory *directory);

/*
 * Opens its content once more, as map_open did. May block; any thread. Returns
 * as content_open does.
 */
struct content *map_open_content(const struct map *map, struct report *report);

/*
 * Replaces the content of a map: the server's thread only. Takes the caller's
 * reference, and returns the one to the former content, to be ended by
 * content_unref on any thread: freeing a big table takes a while. Lookups under
 * way finish on the former content.
 */
struct content *map_adopt(struct map *map, struct content *content);

/* Counts content that was not adopted. The server's thread only. */
void map_count_failure(struct map *map);

/* Returns the content in use, with a reference. Any thread. */
struct content *map_get_content(struct map *map);

/* Borrows the observer until another one is set. NULL: none. */
void map_set_observer(struct map *map, const struct map_observer *observer);

/* What it has counted so far. Any thread. */
void map_get_counts(const struct map *map, struct map_counts *ret_counts);

/*
 * Goes on counting where a former map of that name is, which is replaced; and
 * counts the lookups, too, that are still under way there. Once for each. The
 * server's thread only.
 */
void map_inherit_counts(struct map *map, struct map *former);

#endif
