/* SPDX-License-Identifier: MIT */
/* What the daemon does when it is told to by a signal. */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

struct daemon;

/*
 * Handles signals on the daemon's loop, whose owner closes the handles at the
 * end. Returns 0 or a negative errno.
 */
int signals_start(struct daemon *daemon);

#endif
