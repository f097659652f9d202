/* SPDX-License-Identifier: MIT */
/* What the scripts of one table print, on its way to the log: not too much. */
#ifndef TABLES_SUPPORT_LUA_PRINT_H
#define TABLES_SUPPORT_LUA_PRINT_H

#include <pthread.h>
#include <stdint.h>

struct lua_print {
        pthread_mutex_t mutex;
        const char *name;  /* of whoever prints; borrowed */
        uint64_t second;   /* the one that is counted */
        unsigned lines;    /* in it */
        unsigned left_out; /* since the last line */
};

void lua_print_init(struct lua_print *print, const char *name);
void lua_print_fini(struct lua_print *print);

/* Says a line, or counts it when there were too many within a second. Any
 * thread. */
void lua_print_line(struct lua_print *print, const char *line);

#endif
