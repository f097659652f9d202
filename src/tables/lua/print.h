/* SPDX-License-Identifier: MIT */
/* What the scripts of one table print, on its way to the log: not too much. */
#ifndef TABLES_LUA_PRINT_H
#define TABLES_LUA_PRINT_H

#include "tables/table.h"
#include <pthread.h>

struct lua_print {
        const struct table_watcher *watcher; /* NULL: nobody reads it */
        const char *name;                    /* of the map */
        pthread_mutex_t mutex;
        uint64_t second;   /* the one that is counted */
        unsigned lines;    /* in it */
        unsigned left_out; /* since the last line */
};

/* Borrows the watcher and the name. */
void lua_print_init(struct lua_print *print,
        const struct table_watcher *watcher, const char *name);
void lua_print_fini(struct lua_print *print);

/*
 * Tells a line, cut at 1,000 bytes; or counts it, when there were too many
 * within a second. Any thread.
 */
void lua_print_line(struct lua_print *print, const char *line);

#endif
