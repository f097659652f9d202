/* SPDX-License-Identifier: MIT */
/* What a table says of its programs, and what they say: not too much of it. */
#ifndef TABLES_EXEC_LOG_H
#define TABLES_EXEC_LOG_H

#include "tables/table.h"
#include <stdint.h>
#include <sys/types.h>

/* So many lines are said in so many milliseconds; of the others, their number.
 * The last words of most programs are shorter. */
#define EXEC_LOG_LINES 50
#define EXEC_LOG_TIME 10000

struct exec_log {
        const struct table_watcher *watcher; /* NULL: nobody listens */
        const char *map;                     /* NULL: none */
        const char *file;                    /* the table's */
        uint64_t until;                      /* that time ends */
        unsigned lines;                      /* said in it */
        unsigned left_out;
};

__attribute__((format(printf, 3, 4))) void exec_log_say(
        struct exec_log *log, pid_t pid, const char *format, ...);

/* Says what was left out, at the end. */
void exec_log_fini(struct exec_log *log);

#endif
