/* SPDX-License-Identifier: MIT */
/* Files of Berkeley DB: locked against Postfix, checked, and read through. */
#ifndef TABLES_BDB_FILE_H
#define TABLES_BDB_FILE_H

#include "base/report.h"
#include "base/span.h"

/*
 * Locks an open file for reading, as those who write it lock it for that:
 * Postfix by flock(2), others by fcntl(2). Waits some seconds. The lock goes
 * with the descriptor. Returns 0 or a negative errno: -EBUSY.
 */
int bdb_lock(int fd);

/*
 * Finds out whether a file can be read at all, by another process: a corrupt
 * one may crash the library or keep it busy for ever. kind: "hash" or "btree".
 * Blocks for as long as reading all of it takes. Returns 0, or a negative
 * errno with the reason.
 */
int bdb_probe(const char *path, const char *kind, struct reason *ret_reason);

/*
 * Calls `each` for every key, with the first of its values, until it returns a
 * negative errno. Only for files that were probed. Returns 0, or a negative
 * errno with the reason.
 */
int bdb_read(const char *path, const char *kind,
        int (*each)(void *ctx, struct span key, struct span value), void *ctx,
        struct reason *ret_reason);

#endif
