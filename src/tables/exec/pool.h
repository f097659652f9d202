/* SPDX-License-Identifier: MIT */
/*
 * The programs of a table, each at one of its connections: started when more
 * are needed, watched, killed and let go of.
 */
#ifndef TABLES_EXEC_POOL_H
#define TABLES_EXEC_POOL_H

#include "tables/exec/command.h"
#include "tables/exec/log.h"
#include "tables/support/remote.h"

struct exec_pool;

/*
 * At most that many at once, and as many starts within a second. Borrows all
 * of it; the log until it is closed. Any thread. Returns NULL when there is no
 * memory.
 */
struct exec_pool *exec_pool_new(struct events *events,
        const struct exec_command *command, struct exec_log *log, size_t most);

/* Its connections, for a remote that is closed before. */
struct opener *exec_pool_opener(struct exec_pool *pool);

/*
 * All are killed already; what is left of them goes on by the events. The
 * events' thread. NULL does nothing.
 */
void exec_pool_close(struct exec_pool *pool);

#endif
