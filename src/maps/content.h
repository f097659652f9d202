/* SPDX-License-Identifier: MIT */
/*
 * What a map answers from: an open table, or the reason why there is none.
 * Constant once it is open, shared by references, ended on any thread.
 */
#ifndef MAPS_CONTENT_H
#define MAPS_CONTENT_H

#include "base/events.h"
#include "maps/directory.h"
#include <stdatomic.h>

struct content {
        atomic_uint references;
        struct table *table;  /* NULL: it could not be opened */
        struct reason reason; /* why not */
        bool takes_empty;     /* an empty value is an answer */

        struct events
                *events; /* on whose thread a table that pends is closed */
        struct post closing;
};

/*
 * Opens the tables of a map with the rules around them, and looks for its
 * canary. env: its report, events and watcher count. directory: of the maps
 * that it may be made of; may be NULL.
 *
 * May block. Returns content with one reference, failed or not; NULL when there
 * is no memory.
 */
struct content *content_open(const struct table_env *env,
        const struct map_options *options, const struct directory *directory);

struct content *content_ref(struct content *content);

/* The last one closes the table, which may take a while. NULL does nothing. */
void content_unref(struct content *content);

/*
 * Says whether the files are still those that were read; never when one of them
 * may have been written behind our back. Failed content has none: false.
 */
bool content_is_current(const struct content *content);

/* Says whether a file was read that somebody may still have been writing. */
bool content_is_hot(const struct content *content);

#endif
