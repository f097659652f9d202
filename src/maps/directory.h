/* SPDX-License-Identifier: MIT */
/*
 * The maps of a configuration that others may be made of, by "map:NAME":
 * constant, shared by references, on any thread.
 */
#ifndef MAPS_DIRECTORY_H
#define MAPS_DIRECTORY_H

#include "maps/options.h"

struct directory;

/*
 * Copies the options of the named maps among these. Only what a "map:NAME" in
 * some map's `table` or `domain` names is kept. Returns it with one reference;
 * NULL when there is no memory.
 */
struct directory *directory_new(const struct map_options *maps, size_t count);

/* NULL does nothing. */
struct directory *directory_ref(struct directory *directory);
void directory_unref(struct directory *directory);

/* Returns a map's options, as long as the directory lives, or NULL. */
const struct map_options *directory_find(
        const struct directory *directory, const char *name);

/* Whether both have the same. */
bool directory_is_same(const struct directory *a, const struct directory *b);

/* Whether a map names another one. */
bool directory_is_needed(const struct map_options *map);

#endif
