/* SPDX-License-Identifier: MIT */
/*
 * The file of an indexed table: postmap(1) reads NAME and writes NAME.SUFFIX.
 */
#ifndef TABLES_SUPPORT_INDEXED_H
#define TABLES_SUPPORT_INDEXED_H

#include "tables/table.h"

struct indexed {
        char *path;
        struct table_file file;
        int fd;
};

/*
 * Opens the indexed file of NAME for reading, and lets the table name it as
 * the file that it was read from. Warns when the source is newer, as Postfix
 * does. Returns 0, or a negative errno with the reason; indexed_close is for
 * either.
 */
int indexed_open(struct indexed *indexed, struct table *table,
        const struct table_env *env, const char *name, const char *suffix,
        struct reason *ret_reason);

/* Closes the descriptor, with all locks, when nothing will be read any more. */
void indexed_close_file(struct indexed *indexed);

/* Closes the descriptor and frees the path. */
void indexed_close(struct indexed *indexed);

#endif
