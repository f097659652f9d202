/* SPDX-License-Identifier: MIT */
/* Taking a changed configuration while clients are served. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

struct daemon;

/*
 * Reads the configuration again, on another thread, and puts it into force; any
 * error in it: all stays as it was, and the log says why. Asked while it reads,
 * it begins once more afterwards.
 */
void reload_begin(struct daemon *daemon);

/* When the daemon ends: waits until nothing is read any more. */
void reload_wait(struct daemon *daemon);

#endif
