/* SPDX-License-Identifier: MIT */
/* Opening tables in tests, and asking them. */
#ifndef CONTRACT_ASKING_H
#define CONTRACT_ASKING_H

#include "tables/table.h"

/* What the last opening reported, a line each; errors begin with "error: ". */
extern char findings[16384];

/* What every map:NAME answers from; NULL: there are no maps. */
extern char *other_map;

/* Of the tables opened from now on; NULL: none. */
extern const struct table_watcher *table_watcher;

/* Opens a table; findings begins anew. */
struct table *open_table(const char *spec, struct reason *ret_reason);

/*
 * Asks a table that answers at once. A value stays until the table closes or
 * another question is asked.
 */
enum answer ask(struct table *table, struct span key, struct span *ret_value);

/*
 * Returns the value of a key: "ABSENT" or "FAILED: why" when there is none. It
 * lives until the next call.
 */
const char *value_of(struct table *table, const char *key);

/* The same of a table opened for this one question; the findings stay. */
const char *answer_of(const char *spec, const char *key);

/* Writes a file and returns its path in `directory`; the caller frees it. */
char *write_file(const char *directory, const char *name, struct span content);

/* Makes a temporary directory of this process, removed by remove_directory. */
const char *make_directory(void);
void remove_directory(void);

/* Returns "prefix" "text", for the caller to free. */
char *join(const char *prefix, const char *text);

/* Returns a key as tables ask for it, its ASCII letters in lower case,
 * likewise.
 */
char *fold_key(const char *key);

#endif
