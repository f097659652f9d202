/* SPDX-License-Identifier: MIT */
/*
 * What a map answers from: an open table, or the reason why there is none.
 * Constant once it is open, shared by references, ended on any thread.
 */
#ifndef MAPS_CONTENT_H
#define MAPS_CONTENT_H

#include "tables/table.h"
#include <stdatomic.h>

struct content {
        atomic_uint references;
        struct table *table;  /* NULL: it could not be opened */
        struct reason reason; /* why not */
};

/*
 * Opens a table, written as `postconf -hx` prints it. A list of several tables
 * is refused, and with it an unbraced text with blanks or commas, which Postfix
 * takes for a list. canary: a key that has to be found; NULL: none.
 *
 * May block. Returns content with one reference, failed or not; NULL when there
 * is no memory.
 */
struct content *content_open(
        const struct table_env *env, const char *spec, const char *canary);

struct content *content_ref(struct content *content);

/* The last one closes the table, which may take a while. NULL does nothing. */
void content_unref(struct content *content);

/*
 * Says whether the files are still those that were read; never when one of them
 * may have been written behind our back. Failed content has none: false.
 */
bool content_is_current(const struct content *content);

#endif
