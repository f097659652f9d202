/* SPDX-License-Identifier: MIT */
/* Locks, so that two daemons never fight over a path. */
#ifndef DAEMON_LOCK_H
#define DAEMON_LOCK_H

#include "base/report.h"

struct lock {
        char *path; /* of the lock file; NULL: not locked */
        int fd;     /* keeps the lock, also across a handover */
};

/*
 * Locks the path of a unix socket by PATH.lock, with our process id in it.
 * Returns 0 or, with the reason, a negative errno: -EADDRINUSE when another
 * daemon has it.
 */
int lock_open(struct lock *lock, const char *path, struct reason *ret_reason);

/* Goes on with another process's lock on PATH. Takes fd, also on failure. */
int lock_adopt(struct lock *lock, const char *path, int fd);

/* Gives the lock up and removes the file. A zeroed lock: nothing. */
void lock_close(struct lock *lock);

/* Forgets the lock: another process has it. */
void lock_leave(struct lock *lock);

#endif
